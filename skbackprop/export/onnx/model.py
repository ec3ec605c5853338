"""Conversion of a graph to a model of the onnx package."""

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
    """Return the version of the standard operators."""
    oldest, newest = OPSETS[""], onnx.defs.onnx_opset_version()
    if wanted is None:
        return oldest
    if wanted not in range(oldest, newest + 1):
        raise ValueError(
            f"target_opset must be an int from {oldest} to {newest}, the newest one that the "
            f"installed onnx {onnx.__version__} supports; got {wanted!r}."
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
            name=node.outputs[0],  # onnxruntime 1.19 confuses unnamed nodes when it fuses them
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
    """Convert a fitted estimator to an ONNX model.

    onnxruntime and other runtimes can then predict without Python and without this package.

    Parameters
    ----------
    estimator : estimator
        A fitted BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor,
        TableEncoder or SmoothClipScaler, or a Pipeline with one of them. Pipelines are converted
        by skl2onnx.

    target_opset : int or None, default=None
        Version of the standard operators, from 13 to the newest one that onnx supports. None is
        13, which most runtimes support; for a pipeline, the newest one of skl2onnx.

    Returns
    -------
    model : onnx.ModelProto
        The model. ``onnx.save(model, path)`` writes it to a file.

    Raises
    ------
    ValueError
        If ONNX cannot express the predictions; the message says why. The reason is Python code of
        your own: an activation made by :func:`~skbackprop.activations.from_functions`, a loss with
        its own link or ``predict``, or a subclass of a component.

    TypeError
        If the estimator is not of this package.

    ImportError
        If the package onnx is missing, or skl2onnx for a Pipeline.

    See Also
    --------
    register_converters : Use ``skl2onnx.to_onnx`` with estimators of this package.

    Notes
    -----
    **Inputs.** After a fit on an array there is one input, ``X``, of type float and shape
    (n_samples, n_features). After a fit on a data frame there is one input per column, with the
    name of the column and shape (n_samples, 1). For BackpropClassifier, BackpropRegressor and
    SmoothClipScaler all inputs are float. For the others the type depends on the column in
    ``fit``:

    - int64 for integers and booleans without missing values;
    - float for other numbers; NaN is a missing value;
    - string for strings; the empty string is a missing value, unless it is a category itself.
      Intervals, tuples and mixed types are strings too, as written in ``get_feature_names_out``.

    Columns whose names are not strings, and columns of an array of objects, are called ``x0``,
    ``x1``, and so on.

    **Outputs** have the names that skl2onnx uses. If an input has the same name, a number is
    appended.

    - Classifiers: ``label``, of shape (n_samples,) and of type int64 for integers and booleans,
      otherwise string or double; ``probabilities``, a tensor of shape (n_samples, n_classes),
      without ZipMap. For multilabel targets both have the shape (n_samples, n_labels). For several
      label columns the names are ``label_0``, ``probabilities_0``, ``label_1``, and so on.
    - Regressors: ``variable``, of shape (n_samples, n_outputs) or (n_samples, n_levels), with both
      axes for several quantiles of several outputs. A TabularRegressor, and any regressor with
      ``loss='gaussian_nll'``, has the output ``std`` too, the result of
      ``predict(X, return_std=True)``.
    - Transformers: ``variable``.

    **Precision.** Numbers of tables are imputed and scaled in float64. Networks are computed in
    float32; their outputs differ from the predictions in Python by about 1e-6 of the scale of the
    outputs. Inputs of type float have 7 digits: seconds since 1970 are rounded to two minutes, and
    integers above 2**24 to even numbers. Use integer columns, which become int64 inputs, or
    subtract an offset before the fit. Infinite inputs raise no error.

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
            f"to_onnx converts estimators of skbackprop and pipelines with them, got "
            f"{type(estimator).__name__}. Try skl2onnx.to_onnx."
        )
    estimator = one_fit_of(estimator)
    inputs = inputs_of(estimator)
    graph = Graph(taken=[tensor.name for tensor in inputs])
    outputs = graph.name_outputs(written(graph, estimator, inputs))
    return _model(onnx, graph, inputs, outputs, opset)
