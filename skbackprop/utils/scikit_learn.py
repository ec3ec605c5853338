"""Private names of scikit-learn.

No other file imports such names. Each import has a fallback and is done where the name is used, so
that a release without the name breaks neither the import of this package nor a fit.
"""

# Attributes that scikit-learn sets during a fit with callbacks. If a copy keeps them, scikit-learn
# ends the callbacks of the original fit.
ATTRIBUTES_OF_CALLBACKS = {"_callback_fit_ctx", "_skl_callbacks_to_teardown"}


class InvalidParameterError(ValueError, TypeError):
    """Signal an invalid value of a hyper-parameter."""


def invalid_parameter_error():
    """Return the exception class of scikit-learn, which callers may catch, or our own."""
    try:
        from sklearn.utils._param_validation import InvalidParameterError as TheirError
    except ImportError:
        return InvalidParameterError
    return TheirError


def _visual_block_class():
    """Return the class for scikit-learn's diagrams, or None if it does not exist."""
    try:
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError:
        return None
    return _VisualBlock


def why_no_visual_block(estimator):
    """Return why diagrams have no caption, or None if they have one."""
    if _visual_block_class() is None:
        return "Captions are not available with this version of scikit-learn."
    return None


def visual_block(estimator, caption):
    """Return the block for an estimator in scikit-learn's diagrams, with a caption."""
    return _visual_block_class()(
        "single",
        estimator,
        names=type(estimator).__name__,
        name_details=str(estimator),
        name_caption=caption,
    )


def accepted_parameters(estimator_class, parameters):
    """Select the hyper-parameters that an MLP of scikit-learn has and accepts.

    The ranges are the same, but scikit-learn has fewer learning rate schedules.
    """
    names = parameters.keys() & estimator_class().get_params(deep=False).keys()
    if parameters["learning_rate"] not in ("constant", "invscaling", "adaptive"):
        names -= {"learning_rate"}
    return {name: parameters[name] for name in names}


def mlp_optimizer(mlp, moments, n_steps):
    """Return the optimizer with which an MLP of scikit-learn continues from given moments.

    The moments are the velocities of 'sgd' or the two moments of 'adam', each a list of arrays for
    all coefs, then all intercepts. Returns None if scikit-learn no longer has these optimizers.
    """
    try:
        from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
    except ImportError:
        return None
    parameters = [*mlp.coefs_, *mlp.intercepts_]
    rate = mlp.learning_rate_init
    if mlp.solver == "adam":
        optimizer = AdamOptimizer(parameters, rate, mlp.beta_1, mlp.beta_2, mlp.epsilon)
        optimizer.ms, optimizer.vs = moments
        optimizer.t = n_steps
        return optimizer
    optimizer = SGDOptimizer(
        parameters, rate, mlp.learning_rate, mlp.momentum, mlp.nesterovs_momentum, mlp.power_t
    )
    optimizer.velocities = moments[0]
    return optimizer
