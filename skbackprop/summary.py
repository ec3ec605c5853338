"""What a fitted network looks like, in a line and in a table."""

from sklearn.utils.validation import check_is_fitted

from .drafts import of_one_fit
from .validation import visual_block

__all__ = ["Summarised", "activation_names", "one_line", "output_name"]


def activation_names(estimator):
    """What the user calls the activation of each hidden layer: its name, or its ``repr``."""
    given = estimator.activation
    n_hidden = len(estimator.coefs_) - 1
    of_layers = given if isinstance(given, (list, tuple)) else [given] * n_hidden
    return [each if isinstance(each, str) else repr(each) for each in of_layers]


def output_name(estimator):
    """What makes predictions of the outputs; one for each column of labels where they differ."""
    names = estimator.out_activation_
    return names if isinstance(names, str) else ", ".join(names)


def _layers(estimator):
    """Name, number of units, activation, shape of the weights and parameters of each layer."""
    coefs, intercepts = estimator.coefs_, estimator.intercepts_
    names = [f"hidden {i}" for i in range(1, len(coefs))] + ["output"]
    activations = [*activation_names(estimator), output_name(estimator)]
    for name, activation, coef, intercept in zip(
        names, activations, coefs, intercepts, strict=True
    ):
        yield name, coef.shape[1], activation, coef.shape, coef.size + intercept.size


def one_line(estimator):
    """The network in a line: ``64 -> 100 relu -> 10 softmax, 7,510 parameters``.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator.

    Returns
    -------
    line : str
    """
    layers = list(_layers(estimator))
    chain = [str(estimator.n_features_in_)]
    chain += [f"{n_units} {activation}" for _, n_units, activation, _, _ in layers]
    n_parameters = sum(layer[-1] for layer in layers)
    return f"{' -> '.join(chain)}, {n_parameters:,} parameters"


def _table(estimator):
    """Rows of strings, the first one being the head."""
    yield "layer", "units", "activation", "weights", "parameters"
    yield "input", f"{estimator.n_features_in_:,}", "", "", ""
    for name, n_units, activation, (fan_in, fan_out), n_parameters in _layers(estimator):
        yield name, f"{n_units:,}", activation, f"{fan_in} x {fan_out}", f"{n_parameters:,}"


class Summarised:
    """``summary`` and the representation in notebooks."""

    @of_one_fit
    def summary(self):
        """Describe the fitted network.

        Returns
        -------
        text : str
            The network in one line, then a table with a row for each layer.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skbackprop import BackpropClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> net = BackpropClassifier(random_state=0, learning_rate_init=0.01).fit(X, y)
        >>> print(net.summary())
        64 -> 100 relu -> 10 softmax, 7,510 parameters
        <BLANKLINE>
        layer     units  activation   weights  parameters
        input        64
        hidden 1    100  relu        64 x 100       6,500
        output       10  softmax     100 x 10       1,010
        """
        check_is_fitted(self)
        table = list(_table(self))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        alignments = "<><>>"
        lines = [
            "  ".join(
                f"{cell:{alignment}{width}}"
                for cell, alignment, width in zip(row, alignments, widths, strict=True)
            ).rstrip()
            for row in table
        ]
        return "\n".join([one_line(self), "", *lines])

    @of_one_fit
    def _sk_visual_block_(self):
        """What scikit-learn draws in notebooks: the usual block, the network in its caption."""
        return visual_block(self, one_line(self) if hasattr(self, "coefs_") else None)
