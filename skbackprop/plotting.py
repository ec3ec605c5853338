"""Plots of loss curves, networks and weights, with the interface of scikit-learn's displays.

Use ``Display.from_estimator(estimator)``, then ``plot(ax=...)`` and the attribute ``ax_``.
matplotlib is imported when something is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .network import layer_descriptions, network_in_a_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection, PathCollection
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from sklearn.base import BaseEstimator

    from .utils.typing import Array, FloatArray

__all__ = ["LossCurveDisplay", "NetworkDisplay", "WeightsDisplay"]

_TRAINING, _VALIDATION, _SCORE = "C0", "C1", "C2"


def _set_axes(display, ax, **options):
    """Set the axes of a display, by default those of a new figure."""
    import matplotlib.pyplot as plt

    display.ax_ = plt.subplots(layout="constrained", **options)[1] if ax is None else ax
    display.figure_ = display.ax_.figure


class LossCurveDisplay:
    """Plot of the loss curves of one or several fits.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    curves : dict of str to dict
        For each name of a fit, a dict with the list ``training_loss``, the lists
        ``validation_loss`` and ``validation_score`` (or None), and the int ``best_iter`` (or
        None).

    unit : str, default="epoch"
        Unit of the horizontal axis.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the losses.

    score_ax_ : matplotlib Axes or None
        Axes of the scores, which share the horizontal axis; None without scores.

    figure_ : matplotlib Figure
        Figure of the axes.

    lines_ : dict of str to list of matplotlib Line2D
        The curves of each fit, and the line that marks its best epoch.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.plotting import LossCurveDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> net = BackpropClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> LossCurveDisplay.from_estimator(net)
    <...LossCurveDisplay object at ...>
    >>> plt.show()
    """

    ax_: Axes
    score_ax_: Axes | None
    figure_: Figure
    lines_: dict[str, list[Line2D]]

    def __init__(self, curves: dict[str, dict[str, Any]], *, unit: str = "epoch") -> None:
        self.curves = curves
        self.unit = unit

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *estimators: BaseEstimator,
        names: Sequence[str] | None = None,
        ax: Axes | None = None,
        scores: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves of fitted estimators.

        Parameters
        ----------
        estimator, *estimators : estimators
            Fitted estimators of this package, or pipelines that end with one.

        names : list of str, default=None
            Names for the legend. The default is the class names, numbered if there are several
            estimators.

        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        scores : bool, default=True
            Whether to draw the validation scores too, on a second vertical axis.

        **kwargs : dict
            Keyword arguments for :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay
            The display.
        """
        fitted = [_last_step(each) for each in (estimator, *estimators)]
        for each in fitted:
            check_is_fitted(each)
        if names is None:
            names = [type(each).__name__ for each in fitted]
            if len(names) > 1:
                names = [f"{name} {i}" for i, name in enumerate(names, start=1)]
        if len(set(names)) != len(fitted):
            raise ValueError(f"names must be {len(fitted)} different names, got {names}.")
        units = {getattr(each, "_unit", "epoch") for each in fitted}  # of ``FittedEstimator``
        display = cls(
            {name: _curves(each) for name, each in zip(names, fitted, strict=True)},
            unit=" or ".join(sorted(units)),
        )
        return display.plot(ax=ax, scores=scores, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        scores: bool = True,
        log_scale: bool = False,
        **kwargs: Any,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        scores : bool, default=True
            Whether to draw the validation scores too, on a second vertical axis.

        log_scale : bool, default=False
            Whether to use a logarithmic axis for the losses.

        **kwargs : dict
            Keyword arguments for matplotlib's ``plot``, used for every curve.

        Returns
        -------
        self : LossCurveDisplay
            The display.
        """
        _set_axes(self, ax)
        with_scores = scores and any(c["validation_score"] for c in self.curves.values())
        self.score_ax_ = self.ax_.twinx() if with_scores else None
        self.lines_ = {}
        for i, (name, curves) in enumerate(self.curves.items()):
            self.lines_[name] = self._plot_fit(i, name, curves, kwargs)
        self.ax_.set(xlabel=self.unit.capitalize(), ylabel="Loss")
        if log_scale:
            self.ax_.set_yscale("log")
        if self.score_ax_ is not None:
            self.score_ax_.set_ylabel("Validation score")
        self._legend()
        return self

    def _plot_fit(self, i, name, curves, options):
        """Draw the curves of one fit. If there are several fits, each has one colour."""
        alone = len(self.curves) == 1
        prefix = "" if alone else f"{name}, "
        kinds = [
            (self.ax_, "training_loss", "training loss", "-", _TRAINING),
            (self.ax_, "validation_loss", "validation loss", "--", _VALIDATION),
            (self.score_ax_, "validation_score", "validation score", ":", _SCORE),
        ]
        lines = []
        for ax, key, label, style, colour in kinds:
            if ax is None or not curves[key]:
                continue
            look = {"linestyle": style, "color": colour if alone else f"C{i}"}
            epochs = np.arange(1, len(curves[key]) + 1)
            lines += ax.plot(epochs, curves[key], label=prefix + label, **(look | options))
        if curves["best_iter"] is not None:
            best = curves["best_iter"]
            label = f"{prefix}best {self.unit} ({best})"
            colour = "0.4" if alone else f"C{i}"
            lines.append(self.ax_.axvline(best, color=colour, linewidth=0.8, label=label))
        return lines

    def _legend(self):
        """Draw one legend for both vertical axes, above the plot if there are several fits."""
        handles = [line for lines in self.lines_.values() for line in lines]
        if self.score_ax_ is not None:
            self.ax_.set_zorder(self.score_ax_.get_zorder() + 1)  # the legend is above all curves
            self.ax_.patch.set_visible(False)
        # With two axes, scores end above the middle on the right, and losses below it.
        place = {"loc": "best" if self.score_ax_ is None else "center right"}
        if len(self.curves) > 1:
            place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "frameon": False}
        self.ax_.legend(handles=handles, ncols=len(self.curves), fontsize="small", **place)


def _last_step(estimator):
    """Return the last step of a pipeline, or the estimator itself."""
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def _curves(estimator):
    """Return the curves of a fitted estimator."""
    scores = getattr(estimator, "validation_scores_", None)
    best_iter = None
    if scores and estimator.best_loss_ is None:  # early stopping has chosen the epoch
        # Warm starts extend the curves, but best_iter_ counts from the start of the last fit.
        best_iter = len(scores) - estimator.n_iter_ + estimator.best_iter_
    return {
        "training_loss": estimator.loss_curve_,
        "validation_loss": estimator.validation_loss_curve_,
        "validation_score": scores,
        "best_iter": best_iter,
    }


class NetworkDisplay:
    """Plot of the units and weights of a small network.

    Create it with :meth:`from_estimator`. Each line is a weight. Its width and opacity show its
    size relative to the layer, and its colour shows its sign.

    Parameters
    ----------
    coefs : list of ndarrays of shape (fan_in, fan_out)
        Weights of each layer.

    input_names, output_names : list of str
        Names of the features and of the outputs.

    layer_names : list of str
        Captions above the layers, including input and output.

    title : str, default=None
        Title of the plot.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the plot.

    figure_ : matplotlib Figure
        Figure of the axes.

    edges_ : list of matplotlib LineCollection
        The weights, layer by layer.

    units_ : list of matplotlib PathCollection
        The units, layer by layer.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.plotting import NetworkDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X - X.mean(axis=0)
    >>> net = BackpropClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> NetworkDisplay.from_estimator(net)
    <...NetworkDisplay object at ...>
    >>> plt.show()
    """

    ax_: Axes
    figure_: Figure
    edges_: list[LineCollection]
    units_: list[PathCollection]

    def __init__(
        self,
        coefs: Sequence[FloatArray],
        *,
        input_names: Sequence[str],
        output_names: Sequence[str],
        layer_names: Sequence[str],
        title: str | None = None,
    ) -> None:
        self.coefs = coefs
        self.input_names = input_names
        self.output_names = output_names
        self.layer_names = layer_names
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw a fitted network.

        Parameters
        ----------
        estimator : BackpropClassifier or BackpropRegressor
            A fitted estimator, or a pipeline that ends with one.

        feature_names : list of str, default=None
            Names of the features. The default is ``feature_names_in_`` if it exists, otherwise
            x0, x1, ...

        output_names : list of str, default=None
            Names of the outputs. The default is the classes, or y0, y1, ... for a regressor.

        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        **kwargs : dict
            Keyword arguments for :meth:`plot`.

        Returns
        -------
        display : NetworkDisplay
            The display.
        """
        estimator = _last_step(estimator)
        network, target = estimator._fitted()
        own_names = target.score_names
        given = own_names if output_names is None else output_names
        display = cls(
            list(network.coefs),
            input_names=_input_names(estimator, feature_names),
            output_names=_checked_names(given, len(own_names), "output_names"),
            layer_names=["input", *layer_descriptions(network, target.out_activation)],
            title=network_in_a_line(network, target.out_activation),
        )
        return display.plot(ax=ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        cmap: str | Colormap = "RdBu",
        max_width: float = 3.0,
        max_units: int = 40,
    ) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        cmap : str or matplotlib Colormap, default="RdBu"
            Colours of the weights, from the most negative to the most positive.

        max_width : float, default=3.0
            Line width of the largest weight of a layer, in points.

        max_units : int, default=40
            Largest number of units of a layer that can be drawn.

        Returns
        -------
        self : NetworkDisplay
            The display.

        Raises
        ------
        ValueError
            If a layer has more than ``max_units`` units.
        """
        sizes = [self.coefs[0].shape[0], *(coef.shape[1] for coef in self.coefs)]
        if max(sizes) > max_units:
            raise ValueError(
                f"A layer has {max(sizes)} units, which is more than max_units={max_units}."
            )
        figsize = (2.2 * len(sizes) + 1.5, max(3.0, 0.35 * max(sizes) + 1.0))
        _set_axes(self, ax, figsize=figsize)
        # Each layer is a column that is spread over the whole height.
        positions = [
            np.column_stack([np.full(n, float(column)), 1 - (np.arange(n) + 0.5) / n])
            for column, n in enumerate(sizes)
        ]
        self.edges_ = [
            self._draw_edges(coef, below, above, cmap, max_width)
            for coef, below, above in zip(self.coefs, positions[:-1], positions[1:], strict=True)
        ]
        self.units_ = [
            self.ax_.scatter(
                *xy.T, s=min(160, 2500 / len(xy)), c="white", edgecolors="0.2", zorder=2
            )
            for xy in positions
        ]
        self._write_names(positions)
        self.ax_.set_axis_off()
        if self.title:
            self.ax_.set_title(self.title, fontsize="medium")
        return self

    def _draw_edges(self, coef, below, above, cmap, max_width):
        from matplotlib.collections import LineCollection

        largest = float(np.abs(coef).max()) or 1.0
        i, j = np.indices(coef.shape).reshape(2, -1)
        strength = np.abs(coef).ravel() / largest
        order = np.argsort(strength)  # draw large weights last, on top
        edges = LineCollection(
            np.stack([below[i], above[j]], axis=1)[order],
            array=coef.ravel()[order],
            cmap=cmap,
            clim=(-largest, largest),
            linewidths=(max_width * strength)[order],
            alpha=(0.2 + 0.8 * strength)[order],
            zorder=1,
        )
        self.ax_.add_collection(edges)
        return edges

    def _write_names(self, positions):
        """Write features on the left, outputs on the right, and captions of the layers on top."""
        text = self.ax_.text
        for (x, y), name in zip(positions[0], self.input_names, strict=True):
            text(x - 0.12, y, name, ha="right", va="center", fontsize="small")
        for (x, y), name in zip(positions[-1], self.output_names, strict=True):
            text(x + 0.12, y, name, ha="left", va="center", fontsize="small")
        for xy, name in zip(positions, self.layer_names, strict=True):
            text(xy[0, 0], 1.02, name, ha="center", va="bottom", fontsize="small", color="0.35")
        self.ax_.set(xlim=(-0.3, len(positions) - 0.7), ylim=(0, 1.08))


def _input_names(estimator, given):
    if given is None:
        given = getattr(estimator, "feature_names_in_", None)
    if given is None:
        given = [f"x{i}" for i in range(estimator.n_features_in_)]
    return _checked_names(given, estimator.n_features_in_, "feature_names")


def _checked_names(names, n_names, what):
    if len(names) != n_names:
        raise ValueError(f"{what} has {len(names)} names, but {n_names} are needed.")
    return [str(name) for name in names]


class WeightsDisplay:
    """Plot of the weights of the first layer as images, for features that are pixels.

    Create it with :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_units, height, width)
        Weights of each unit.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Axes of the images, one per unit.

    ax_ : matplotlib Axes
        Axes that contain the images.

    figure_ : matplotlib Figure
        Figure of the axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_digits
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.plotting import WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> net = BackpropClassifier((16,), alpha=1, random_state=0, tol=1e-3).fit(X / 16, y)
    >>> WeightsDisplay.from_estimator(net)
    <...WeightsDisplay object at ...>
    >>> plt.show()
    """

    axes_: Array
    ax_: Axes
    figure_: Figure

    def __init__(self, images: FloatArray) -> None:
        self.images = images

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        shape: tuple[int, int] | None = None,
        ax: Axes | None = None,
        **kwargs: Any,
    ) -> Self:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : BackpropClassifier or BackpropRegressor
            A fitted estimator, or a pipeline that ends with one.

        shape : tuple (height, width), default=None
            Shape of the images; by default they are square.

        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        **kwargs : dict
            Keyword arguments for :meth:`plot`.

        Returns
        -------
        display : WeightsDisplay
            The display.

        Raises
        ------
        ValueError
            If the number of features differs from the number of pixels.
        """
        network, _ = _last_step(estimator)._fitted()
        n_features = network.layer_units[0]
        if shape is None:
            shape = (round(n_features**0.5),) * 2
        if np.prod(shape) != n_features:
            raise ValueError(
                f"shape must have as many pixels as there are features, {n_features}; got "
                f"{tuple(shape)}."
            )
        return cls(network.coefs[0].T.reshape(-1, *shape)).plot(ax=ax, **kwargs)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        cmap: str | Colormap = "RdBu",
        max_images: int = 64,
        n_columns: int | None = None,
    ) -> Self:
        """Draw the images.

        All images have the same colour scale, which is symmetric around zero.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; by default those of a new figure.

        cmap : str or matplotlib Colormap, default="RdBu"
            Colours of the weights.

        max_images : int, default=64
            Largest number of images; the first units are drawn.

        n_columns : int, default=None
            Number of images in a row. The default makes the plot about square.

        Returns
        -------
        self : WeightsDisplay
            The display.
        """
        images = self.images[:max_images]
        n_columns = int(np.ceil(len(images) ** 0.5)) if n_columns is None else n_columns
        n_rows = -(-len(images) // n_columns)
        height, width = images.shape[1:]
        figsize = (0.9 * n_columns + 1.0, 0.9 * n_rows * height / width + 0.3)
        _set_axes(self, ax, figsize=figsize)
        self.ax_.set_axis_off()
        limit = float(np.abs(images).max()) or 1.0
        self.axes_ = np.empty(len(images), dtype=object)
        for i, image in enumerate(images):
            row, column = divmod(i, n_columns)
            box = [column / n_columns, 1 - (row + 1) / n_rows, 0.92 / n_columns, 0.92 / n_rows]
            self.axes_[i] = self.ax_.inset_axes(box, xticks=[], yticks=[])
            shown = self.axes_[i].imshow(image, cmap=cmap, vmin=-limit, vmax=limit)
        self.figure_.colorbar(shown, ax=self.ax_, label="weight")
        return self
