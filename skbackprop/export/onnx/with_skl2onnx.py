"""Converters for skl2onnx, for pipelines with estimators of this package."""

from __future__ import annotations

import numpy as np
from sklearn.base import is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from ...utils import input_feature_names
from .estimators import ESTIMATORS, inputs_of, is_ours, written
from .graph import ELEMENT_TYPES, OPSETS, Graph, Tensor


def _imported_skl2onnx():
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError('Pipelines need skl2onnx: pip install "skbackprop[onnx]".') from error
    return skl2onnx


def register_converters() -> None:
    """Register the estimators of this package with skl2onnx.

    Call it once before ``skl2onnx.to_onnx`` if you convert a pipeline or another estimator that
    contains an estimator of this package. Further calls have no effect. Importing the package does
    not register them, because skl2onnx is optional and slow to import. :func:`to_onnx` registers
    them for pipelines.

    Raises
    ------
    ImportError
        If the package skl2onnx is missing.

    See Also
    --------
    to_onnx : Convert an estimator or a pipeline; describes the outputs.

    Notes
    -----
    The outputs are those of :func:`to_onnx`. There is no ZipMap; the option ``zipmap`` has no
    effect. A classifier or regressor must be the last step of a pipeline: if another step follows,
    scikit-learn passes hidden features to it, but skl2onnx passes predictions. skl2onnx merges
    the columns that a ColumnTransformer passes to one step, so they must have the same type.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.export import register_converters
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((5,), solver="lbfgs", alpha=1, random_state=0)
    >>> pipeline = make_pipeline(StandardScaler(), net).fit(X, y)
    >>> register_converters()  # doctest: +SKIP
    >>> import skl2onnx  # doctest: +SKIP
    >>> model = skl2onnx.to_onnx(pipeline, X[:1].astype("float32"))  # doctest: +SKIP
    >>> [output.name for output in model.graph.output]  # doctest: +SKIP
    ['label', 'probabilities']
    """
    skl2onnx = _imported_skl2onnx()
    for kind in ESTIMATORS:
        skl2onnx.update_registered_converter(
            kind,
            f"Skbackprop{kind.__name__}",
            _set_types,
            _convert,
            parser=_declare,
            options={"zipmap": [True, False, "columns"]},  # skl2onnx sets it; it has no effect
        )


# ---- functions that skl2onnx calls


def _outputs(estimator):
    """Return the outputs of an estimator, which do not depend on its inputs."""
    inputs = inputs_of(estimator)
    return written(Graph(), estimator, inputs)


def _variable_type(tensor):
    from skl2onnx.common import data_types

    name = {"string": "String", "int64": "Int64", "double": "Double", "float": "Float"}
    kind = getattr(data_types, f"{name[tensor.kind]}TensorType")
    return kind([None, *tensor.shape])


def _declare(scope, estimator, inputs, custom_parsers=None):
    """Declare an operator for an estimator, with a variable for each output."""
    from skl2onnx import get_model_alias

    operator = scope.declare_local_operator(get_model_alias(type(estimator)), estimator)
    operator.inputs = inputs
    for name, tensor in _outputs(estimator).items():
        operator.outputs.append(scope.declare_local_variable(name, _variable_type(tensor)))
    return operator.outputs


def _set_types(operator):
    """Set the types of the outputs; a meta-estimator may have declared other types."""
    declared = _outputs(operator.raw_operator).values()
    for variable, tensor in zip(operator.outputs, declared, strict=False):
        variable.type = _variable_type(tensor)


def _convert(scope, operator, container):
    """Copy the graph of an estimator into that of the pipeline, with unused names."""
    graph = Graph()
    inputs = [_as_tensor(variable) for variable in operator.inputs]
    outputs = written(graph, operator.raw_operator, inputs)
    names = {tensor.name: tensor.name for tensor in inputs}
    for name, array in graph.constants.items():
        names[name] = scope.get_unique_variable_name(name)
        _add_constant(container, names[name], array)
    for node in graph.nodes:
        names |= {name: scope.get_unique_variable_name(name) for name in node.outputs}
        container.add_node(
            node.op_type,
            [names[name] for name in node.inputs],
            [names[name] for name in node.outputs],
            op_domain=node.domain,
            op_version=OPSETS[node.domain],
            name=scope.get_unique_operator_name(node.op_type),
            **node.attributes,
        )
    for variable, tensor in zip(operator.outputs, outputs.values(), strict=False):
        container.add_node(
            "Identity",
            [names[tensor.name]],
            [variable.onnx_name],
            op_version=OPSETS[""],
            name=scope.get_unique_operator_name("Identity"),
        )


def _as_tensor(variable):
    """Return an input that skl2onnx has declared."""
    kind = type(variable.type).__name__.removesuffix("TensorType").lower()
    kind = {"boolean": "bool"}.get(kind, kind)
    if kind not in ELEMENT_TYPES:
        raise TypeError(f"to_onnx cannot express an input of the type {variable.type}.")
    return Tensor(variable.onnx_name, kind, tuple(variable.type.shape[1:]) or (None,))


def _add_constant(container, name, array):
    kinds = {"f": "float", "d": "double", "q": "int64", "l": "int64", "O": "string"}
    values = array.ravel().tolist()
    if array.dtype == object:
        values = [text.encode() for text in values]
    container.add_initializer(
        name, ELEMENT_TYPES[kinds[array.dtype.char]], list(array.shape), values
    )


# ---- pipelines


def pipeline_to_onnx(pipeline, target_opset):
    """Convert a fitted pipeline by skl2onnx."""
    skl2onnx = _imported_skl2onnx()
    _check_steps(pipeline)
    register_converters()
    last = pipeline.steps[-1][1]
    return skl2onnx.to_onnx(
        pipeline,
        initial_types=[(tensor.name, _variable_type(tensor)) for tensor in _inputs(pipeline)],
        target_opset=target_opset,
        options={id(last): {"zipmap": False}} if is_classifier(last) else None,
    )


def _check_steps(pipeline):
    """Raise ValueError for networks as transformers, for which skl2onnx uses predictions."""
    for name, step in pipeline.steps[:-1]:
        if is_ours(step) and hasattr(step, "predict"):
            raise ValueError(
                f"to_onnx cannot express the step {name!r}: another step, which uses its hidden "
                f"features, follows. {type(step).__name__} must be the last step."
            )


def _inputs(pipeline):
    """Return the inputs of a pipeline: columns of a frame, or an array."""
    kinds = _kinds(pipeline)
    if not hasattr(pipeline, "feature_names_in_") and len(set(kinds)) == 1:
        return [Tensor("X", kinds[0], (len(kinds),))]
    columns = zip(input_feature_names(pipeline, None), kinds, strict=True)
    return [Tensor(name, kind, (1,)) for name, kind in columns if kind is not None]


def _kinds(step):
    """Return the element type of each feature of a fitted step; None for unused features."""
    if isinstance(step, Pipeline):
        return _kinds(next(step for _, step in step.steps if step not in ("passthrough", None)))
    if isinstance(step, ColumnTransformer):
        return _kinds_of_columns(step)
    if is_ours(step):
        return [tensor.kind for tensor in inputs_of(step) for _ in range(*tensor.shape)]
    if hasattr(step, "categories_"):
        of_types = {"O": "string", "U": "string", "i": "int64", "u": "int64"}
        return [of_types.get(levels.dtype.kind, "float") for levels in step.categories_]
    return ["float"] * step.n_features_in_


def _kinds_of_columns(transformer):
    kinds = np.full(transformer.n_features_in_, None)
    names = input_feature_names(transformer, None).tolist()
    for name, step, columns in transformer.transformers_:
        own = _positions(columns, names)
        if not isinstance(step, str):
            kinds[own] = _merged(name, _kinds(step))
        elif step != "drop" or not _are_names(columns):  # skl2onnx counts positions
            kinds[own] = "float"
    return kinds.tolist()


def _positions(columns, names):
    """Return the columns of a ColumnTransformer as positions."""
    if _are_names(columns):
        return [names.index(column) for column in np.atleast_1d(columns)]
    return np.arange(len(names))[columns if isinstance(columns, slice) else np.atleast_1d(columns)]


def _are_names(columns):
    return not isinstance(columns, slice) and np.asarray(columns).dtype.kind in "UO"


def _merged(name, kinds):
    """Return the types of the columns of one step of a ColumnTransformer after merging."""
    if "string" in kinds and len(set(kinds)) > 1:
        raise ValueError(
            f"to_onnx cannot express the step {name!r} of a ColumnTransformer: it has columns of "
            "strings and of numbers, and skl2onnx merges the columns of a step. Use two steps, or "
            "one TableEncoder for the whole table."
        )
    return kinds if len(set(kinds)) == 1 else ["float"] * len(kinds)
