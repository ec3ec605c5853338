"""The way to ONNX: a graph as a model that the onnx package knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline

from ...utils import one_fit_of
from .estimators import inputs_of, is_ours, written
from .graph import ELEMENT_TYPES, OPSETS, Graph
from .with_skl2onnx import pipeline_to_onnx

if TYPE_CHECKING:
    from typing import Any

    from onnx import ModelProto


def _imported_onnx():
    try:
        import onnx
        import onnx.checker
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise ImportError('to_onnx needs onnx: pip install "skbackprop[onnx]".') from error
    return onnx


def _opset(onnx, wanted):
    """The version of the standard operators."""
    oldest, newest = OPSETS[""], onnx.defs.onnx_opset_version()
    if wanted is None:
        return oldest
    if wanted not in range(oldest, newest + 1):
        raise ValueError(
            f"target_opset must be an int from {oldest} to {newest}, the newest one that the "
            f"installed onnx {onnx.__version__} knows; got {wanted!r}."
        )
    return int(wanted)


def _graph_proto(onnx, graph, inputs, outputs):
    def value_info(tensor):
        return onnx.helper.make_tensor_value_info(
            tensor.name, ELEMENT_TYPES[tensor.kind], ["n_samples", *tensor.shape]
        )

    nodes = [
        onnx.helper.make_node(
            node.op_type,
            node.inputs,
            node.outputs,
            name=node.outputs[0],  # onnxruntime 1.19 fuses some, and takes unnamed ones for one
            domain=node.domain,
            **node.attributes,
        )
        for node in graph.nodes
    ]
    constants = [
        onnx.numpy_helper.from_array(array, name) for name, array in graph.constants.items()
    ]
    ends = [*map(value_info, inputs)], [*map(value_info, outputs)]
    return onnx.helper.make_graph(nodes, "skbackprop", *ends, constants)


def _model(onnx, graph, inputs, outputs, opset):
    versions = {domain: OPSETS[domain] for domain in {node.domain for node in graph.nodes}}
    opsets = [
        onnx.helper.make_opsetid(domain, version)
        for domain, version in sorted((versions | {"": opset}).items())
    ]
    model = onnx.helper.make_model(
        _graph_proto(onnx, graph, inputs, outputs),
        opset_imports=opsets,
        ir_version=onnx.helper.find_min_ir_version_for(opsets),
        producer_name="skbackprop",
    )
    onnx.checker.check_model(model)
    return model


def to_onnx(estimator: Any, *, target_opset: int | None = None) -> ModelProto:
    """Write a fitted estimator as an ONNX model.

    onnxruntime, and other runtimes, then predict without Python or this package.

    Parameters
    ----------
    estimator : estimator
        A fitted BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor,
        TableEncoder or SmoothClipScaler; or a Pipeline that holds one, which skl2onnx converts.

    target_opset : int or None, default=None
        Version of the standard operators, from 13 to the newest one that onnx knows. None is 13,
        which most runtimes read; for a pipeline, the newest one of skl2onnx.

    Returns
    -------
    model : onnx.ModelProto
        The model. ``onnx.save(model, path)`` writes it to a file.

    Raises
    ------
    ValueError
        Where a prediction cannot be expressed; the message names what cannot. These are functions
        of your own: an activation by :func:`~skbackprop.activations.from_functions`, a loss with a
        link or a ``predict`` of its own, or a subclass of a component.

    TypeError
        For other estimators.

    ImportError
        Without the package onnx; for a Pipeline, without skl2onnx.

    See Also
    --------
    register_converters : For ``skl2onnx.to_onnx``.

    Notes
    -----
    **Inputs.** After a fit on an array there is one input, ``X``, of float and of shape
    (n_samples, n_features). After a fit on a data frame there is an input for each column, with
    its name and of shape (n_samples, 1). BackpropClassifier, BackpropRegressor and
    SmoothClipScaler take all columns as float. For the others the type is that of the column in
    ``fit``: int64 for integers and booleans of which none was missing; float for other numbers,
    where NaN is missing; string for strings, where the empty string is missing, and for intervals,
    tuples and mixed types, as their text in ``get_feature_names_out``. (An empty string that is a
    category itself means this category.) Columns whose names are no strings, and those of an array
    of objects, are called ``x0``, ``x1``, and so on.

    **Outputs** have the names that skl2onnx uses. Classifiers: ``label``, of shape (n_samples,),
    of int64 for integers and booleans, else string or double; ``probabilities``, of shape
    (n_samples, n_classes), as a tensor (there is no ZipMap). For several labels, both are of shape
    (n_samples, n_labels). For label columns they are ``label_0``, ``probabilities_0``, ``label_1``
    and so on. Regressors: ``variable``, of shape (n_samples, n_outputs) or (n_samples, n_levels),
    with both axes for several quantiles of several outputs; and ``std``, what
    ``predict(X, return_std=True)`` gives, for a TabularRegressor and for ``loss='gaussian_nll'``.
    Transformers: ``variable``. An output that has the name of a column gets a number.

    **Precision.** Numbers of tables are filled in and scaled in float64; networks are computed in
    float32, and differ from the predictions here by about 1e-6 of the scale of the outputs. Inputs
    of float keep 7 digits: seconds since 1970 are rounded to two minutes, and integers from 2**24
    on to even ones. Use integer columns, which become int64 inputs, or subtract an offset before
    the fit. Infinite inputs are not refused.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import TabularClassifier
    >>> from skbackprop.export import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> net = TabularClassifier(n_members=2, min_steps=100, random_state=0).fit(X, y)
    >>> import onnxruntime  # doctest: +SKIP
    >>> model = to_onnx(net)  # doctest: +SKIP
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())  # doctest: +SKIP
    >>> label, probabilities = session.run(None, {"X": X.astype("float32")})  # doctest: +SKIP
    >>> bool(abs(probabilities - net.predict_proba(X)).max() < 1e-5)  # doctest: +SKIP
    True
    """
    onnx = _imported_onnx()
    opset = _opset(onnx, target_opset)
    if isinstance(estimator, Pipeline):
        return pipeline_to_onnx(estimator, target_opset)
    if not is_ours(estimator):
        raise TypeError(
            f"to_onnx is for estimators of skbackprop and pipelines with them, not for "
            f"{type(estimator).__name__}; skl2onnx.to_onnx may convert it."
        )
    estimator = one_fit_of(estimator)
    inputs = inputs_of(estimator)
    graph = Graph(taken=[tensor.name for tensor in inputs])
    outputs = graph.name_outputs(written(graph, estimator, inputs))
    return _model(onnx, graph, inputs, outputs, opset)
