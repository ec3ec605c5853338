"""What makes numbers of a table, as ONNX operators.

Numbers are filled and scaled in float64, as in the package, and given to the networks in float32.
"""

import numpy as np

from ...data import CodedTable

# No level of a category.
_UNSEEN = object()

_INTEGERS = np.iinfo(np.int64)


# ---- numbers


def numbers(graph, encoder, columns):
    """Numeric features without missing values, then what was missing: float64; None without.

    Time spans are inputs of seconds.
    """
    numeric = np.flatnonzero(~encoder.categorical_features_)
    if len(numeric) == 0:
        return None
    for j in np.flatnonzero(encoder.datetime_features_):
        raise ValueError(
            f"to_onnx cannot express column {columns.name(j)!r}: it holds dates, and ONNX has no "
            "type of them. Fit on numbers that you make of it, such as the year and the hour."
        )
    values = columns.numbers(numeric.tolist(), "double")
    if np.isnan(encoder.medians_).any():  # of sparse data, which have none missing
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
    """Some columns of numbers in float64, scaled and limited.

    ``z / sqrt(1 + (z / c)^2)`` is computed of ``z / c``, limited so that no square overflows.
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
    """Columns of the categories in float32: a list of what those of each feature have.

    ``off`` and ``on`` are the values of each column, ``kept`` the positions of those that are
    wanted.
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
    """Position of the column that is on, of shape (n_samples, 1); -1 for none.

    ``of_cells``, a method of ``levels``, says which numbers are meant instead.
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
    """Positions by number, of those levels that are numbers of a kind."""
    found = {}
    for text, position in known.items():
        number = _number(text, kind)
        if number is None:
            continue
        if number in found:
            raise ValueError(
                f"Column {name!r} has categories that an input of {kind} does not tell apart, "
                f"such as {text!r}: fit on strings, or on integers of which none is missing."
            )
        found[number] = position
    return found


def _number(text, kind):
    """The number that has this text; None where none has."""
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
    """What a TableEncoder makes of a table, in float32."""
    n_indicators = sum(len(levels.names) for levels in encoder._levels)
    off, on = np.zeros(n_indicators), np.ones(n_indicators)
    found = indicators(graph, encoder, columns, off, on, np.arange(n_indicators))
    values = numbers(graph, encoder, columns)
    if values is not None:
        found.insert(0, graph.cast(values, "float"))
    return graph.side_by_side(found)


def network_inputs(graph, estimator, columns):
    """What the networks of a table estimator see, in float32."""
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
    """Scaled means of the categories of many levels, in float32: a list of those of each."""
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
    """The two values of each column of a category, as the scaler makes them."""
    n_others = len(scaler.scale_) - n_numbers
    table = CodedTable(
        np.zeros((1, n_numbers)),
        np.zeros((1, 0), np.int8),
        np.zeros(n_others),
        np.ones(n_others),
    )
    table = scaler._transform_coded(table)
    return table.off, table.on
