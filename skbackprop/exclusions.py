"""Parameters that exclude each other: where one of them would silently do nothing."""

__all__ = ["check_exclusions"]


def _needs_steps(settings):
    """Names and values of the parameters, in use, that only steps on minibatches obey.

    scikit-learn's own ('adaptive', ``momentum``, ...) are not among them: there, solver='lbfgs'
    ignores them, and code that switches solvers relies on it.
    """
    rate = settings.learning_rate
    if callable(rate) or rate in ("cosine", "one_cycle"):
        yield "learning_rate", rate
    if settings.warmup_fraction:
        yield "warmup_fraction", settings.warmup_fraction
    if settings.weight_decay:
        yield "weight_decay", settings.weight_decay
    if settings.average is not False:
        yield "average", settings.average


def check_exclusions(settings):
    """Refuse parameters that exclude each other.

    Parameters
    ----------
    settings : BaseBackprop
        Only its hyper-parameters are read.

    Raises
    ------
    ValueError
        With the names of both.
    """
    if settings.solver == "lbfgs":
        for name, value in _needs_steps(settings):
            raise ValueError(
                f"{name}={value!r} and solver='lbfgs' exclude each other: lbfgs makes no steps "
                "with a learning rate. Use solver='sgd' or 'adam'"
                + (", or alpha, the L2 penalty." if name == "weight_decay" else ".")
            )
    if settings.learning_rate == "one_cycle" and settings.warmup_fraction:
        raise ValueError(
            f"learning_rate='one_cycle' and warmup_fraction={settings.warmup_fraction!r} exclude "
            "each other: one_cycle begins with a rise of its own. Use learning_rate='cosine' for "
            "a warm-up of another length."
        )
