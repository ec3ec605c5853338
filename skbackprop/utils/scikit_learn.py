"""What is taken from scikit-learn's less public corners.

The only file that imports private names of scikit-learn: where they are used, each with a way out,
so that a release without them breaks no import and no fit.
"""

# What a fit with callbacks sets, and deletes at its end: where it is found, it is torn down.
ATTRIBUTES_OF_CALLBACKS = {"_callback_fit_ctx", "_skl_callbacks_to_teardown"}


class InvalidParameterError(ValueError, TypeError):
    """A hyper-parameter is not what it may be."""


def invalid_parameter_error():
    """The class that scikit-learn's estimators raise, which callers may catch, or our own."""
    try:
        from sklearn.utils._param_validation import InvalidParameterError as TheirError
    except ImportError:
        return InvalidParameterError
    return TheirError


def _visual_block_class():
    """What scikit-learn draws estimators by; None where it is no longer there."""
    try:
        from sklearn.utils._repr_html.estimator import _VisualBlock
    except ImportError:
        return None
    return _VisualBlock


def why_no_visual_block(estimator):
    """Why scikit-learn draws an estimator in its own way; None where it need not."""
    if _visual_block_class() is None:
        return "Captions are not available with this version of scikit-learn."
    return None


def visual_block(estimator, caption):
    """What scikit-learn's diagrams draw for an estimator, with a caption below its name."""
    return _visual_block_class()(
        "single",
        estimator,
        names=type(estimator).__name__,
        name_details=str(estimator),
        name_caption=caption,
    )


def accepted_parameters(estimator_class, parameters):
    """Those of some hyper-parameters which an MLP of scikit-learn has and accepts.

    The ranges are the same, but it knows fewer schedules of the learning rate.
    """
    names = parameters.keys() & estimator_class().get_params(deep=False).keys()
    if parameters["learning_rate"] not in ("constant", "invscaling", "adaptive"):
        names -= {"learning_rate"}
    return {name: parameters[name] for name in names}


def mlp_optimizer(mlp, moments, n_steps):
    """The optimizer by which an MLP of scikit-learn goes on from given moments after some steps.

    The moments, each a list of arrays for all coefs, then all intercepts, are the velocities of
    'sgd', or the two moments of 'adam'. None where scikit-learn's optimizers are no longer what
    they were.
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
