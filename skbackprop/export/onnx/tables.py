"""Encoding of tables as ONNX operators.

Numbers are imputed and scaled in float64, as in the package, and passed to networks in float32.
"""

import numpy as np

from ...data import CodedTable

# A value that is not a level of any category.
_UNSEEN = object()

_INTEGERS = np.iinfo(np.int64)


# ---- numbers


def numbers(graph, encoder, columns):
    """Write imputed numeric features, then missing indicators, in float64.

    Returns None without numeric features. Inputs for time spans are in seconds.
    """
    numeric = np.flatnonzero(~encoder.categorical_features_)
    if len(numeric) == 0:
        return None
    for j in np.flatnonzero(encoder.datetime_features_):
        raise ValueError(
            f"to_onnx cannot express column {columns.name(j)!r}: it contains dates, but ONNX has "
            "no type for them. Convert dates to numbers before the fit, such as year and hour."
        )
    values = columns.numbers(numeric.tolist(), "double")
    if np.isnan(encoder.medians_).any():  # sparse data, which have no missing values
        return values
    if all(columns.kind(j) == "int64" for j in numeric):
        missing = graph.add("Less", values, values)
    else:
        missing = graph.add("IsNaN", values)
    filled = graph.add("Where", missing, graph.constant(encoder.medians_, np.float64), values)
    had_missing = np.flatnonzero(encoder._had_missing)
    if len(had_missing) == 0:
        return filled
    return graph.side_by_side([filled, graph.cast(graph.take(missing, had_missing), "double")])


def scaled(graph, scaler, values, kept):
    """Write some columns of numbers in float64, scaled and smoothly clipped.

    ``z / sqrt(1 + (z / c)^2)`` is computed from ``z / c``, which is limited so that squares do not
    overflow.
    """
    center, scale = scaler.center_[kept], scaler.scale_[kept]
    constant = np.isnan(scale)
    clip = float(np.clip(scaler.clip, np.finfo(np.float64).tiny, 1e30))
    centered = graph.add("Sub", values, graph.constant(center, np.float64))
    divisor = np.where(constant, 1, scale).astype(np.float64)
    z = graph.add("Div", graph.add("Div", centered, graph.constant(divisor)), _f64(graph, clip))
    z = graph.add("Min", graph.add("Max", z, _f64(graph, -1e15)), _f64(graph, 1e15))
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", z, z), _f64(graph, 1)))
    factor = np.where(constant, 0, clip)
    return graph.add("Div", graph.add("Mul", z, graph.constant(factor)), root)


def _f64(graph, number):
    return graph.constant(number, np.float64)


# ---- categories


def indicators(graph, encoder, columns, off, on, kept):
    """Write the indicator columns of categories in float32; return a list, one per feature.

    ``off`` and ``on`` are the two values of each column, and ``kept`` the positions of the columns
    to write.
    """
    found, start = [], 0
    categorical = np.flatnonzero(encoder.categorical_features_)
    for j, levels in zip(categorical, encoder._levels, strict=True):
        stop = start + len(levels.names)
        own = kept[(kept >= start) & (kept < stop)]
        start = stop
        if len(own):
            code = _code(graph, columns, j, levels)
            is_on = graph.add("Equal", code, graph.constant(own[np.newaxis], np.int64))
            values = [graph.constant(each[own][np.newaxis], np.float32) for each in (on, off)]
            found.append(graph.add("Where", is_on, *values))
    return found


def _code(graph, columns, j, levels, of_cells=None):
    """Write the position of the indicator that is on, of shape (n_samples, 1); -1 for none.

    If ``of_cells``, a method of ``levels``, is given, its numbers are used instead of positions.
    """
    of_cells = of_cells or levels.positions
    every = np.arange(len(levels.texts) + 2)
    texts = levels.texts
    *positions, unseen, missing = of_cells([*texts, _UNSEEN], every).tolist()
    known = dict(zip(texts, positions, strict=True))
    kind, column = columns.kind(j), columns.one(j)
    if kind == "bool":
        kind, column = "int64", graph.cast(column, "int64")
    if kind == "string":
        return _looked_up(graph, column, "strings", {"": missing} | known, unseen)
    numbers = _as_numbers(columns.name(j), known, kind)
    if kind == "int64":
        return _looked_up(graph, column, "int64s", numbers, unseen)
    column = column if kind == "float" else graph.cast(column, "float")
    code = _looked_up(graph, column, "floats", numbers, unseen)
    no_level = graph.constant([[missing]], np.int64)
    return graph.add("Where", graph.add("IsNaN", column), no_level, code)


def _looked_up(graph, column, keys, positions, unseen):
    positions = positions or {0: unseen}
    attributes = {
        f"keys_{keys}": [*positions],
        "values_int64s": [*positions.values()],
        "default_int64": unseen,
    }
    return graph.add("LabelEncoder", column, domain="ai.onnx.ml", **attributes)


def _as_numbers(name, known, kind):
    """Return the positions of the levels that are numbers of a type, by number."""
    found = {}
    for text, position in known.items():
        number = _number(text, kind)
        if number is None:
            continue
        if number in found:
            raise ValueError(
                f"Column {name!r} has categories that an input of type {kind} cannot distinguish, "
                f"such as {text!r}. Fit on strings, or on integers without missing values."
            )
        found[number] = position
    return found


def _number(text, kind):
    """Return the number that is written as ``text``, or None if it is not a number."""
    text = {"True": "1", "False": "0"}.get(text, text)
    try:
        number = int(text) if kind == "int64" else float(text)
    except ValueError:
        return None
    if kind == "int64":
        return number if _INTEGERS.min <= number <= _INTEGERS.max else None
    with np.errstate(over="ignore"):
        return None if np.isnan(number) else float(np.float32(number))


# ---- all columns


def encoded(graph, encoder, columns):
    """Write the result of a TableEncoder in float32."""
    n_indicators = sum(len(levels.names) for levels in encoder._levels)
    off, on = np.zeros(n_indicators), np.ones(n_indicators)
    found = indicators(graph, encoder, columns, off, on, np.arange(n_indicators))
    values = numbers(graph, encoder, columns)
    if values is not None:
        found.insert(0, graph.cast(values, "float"))
    return graph.side_by_side(found)


def network_inputs(graph, estimator, columns):
    """Write the inputs of the networks of a table estimator in float32."""
    encoder, scaler = estimator.encoder_, estimator.scaler_
    if scaler is None:
        return encoded(graph, encoder, columns)
    kept = np.flatnonzero(estimator._preprocessing.varies)
    n_numbers = encoder._n_numbers
    of_numbers, of_others = kept[kept < n_numbers], kept[kept >= n_numbers] - n_numbers
    off, on = _scaled_indicators(scaler, n_numbers)
    found = [*_means(graph, estimator, columns)]
    found += indicators(graph, encoder, columns, off, on, of_others)
    if len(of_numbers):
        values = numbers(graph, encoder, columns)
        if len(of_numbers) < n_numbers:
            values = graph.take(values, of_numbers)
        found.insert(0, graph.cast(scaled(graph, scaler, values, of_numbers), "float"))
    return graph.side_by_side(found)


def _means(graph, estimator, columns):
    """Yield the scaled target means of each category with many levels, in float32."""
    encoder, means = estimator.encoder_, estimator._preprocessing.means
    categorical = np.flatnonzero(encoder.categorical_features_)
    for c, of_levels, varies in means:
        if varies.any():
            levels = encoder._levels[c]
            code = _code(graph, columns, categorical[c], levels, levels.numbers)
            row = graph.add("Squeeze", code, graph.constant([1], np.int64))
            table = graph.constant(of_levels[:, varies], np.float32)
            yield graph.add("Gather", table, row, axis=0)  # -1 is the last row


def _scaled_indicators(scaler, n_numbers):
    """Return the two values of each indicator column after scaling."""
    n_others = len(scaler.scale_) - n_numbers
    table = CodedTable(
        np.zeros((1, n_numbers)),
        np.zeros((1, 0), np.int8),
        np.zeros(n_others),
        np.ones(n_others),
    )
    table = scaler._transform_coded(table)
    return table.off, table.on
