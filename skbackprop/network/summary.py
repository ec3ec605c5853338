"""Descriptions of a fitted network, in one line and as a table."""


def layer_descriptions(fitted, out_activation):
    """Return a name for each layer; for the last one, the name of the inverse link."""
    last = out_activation if isinstance(out_activation, str) else ", ".join(out_activation)
    return [*(layer.description for layer in fitted.network.layers[:-1]), last]


def _layers(fitted, out_activation):
    """Yield name, units, description, shape of the first array, and number of parameters."""
    descriptions = layer_descriptions(fitted, out_activation)
    last = len(fitted.layers) - 1
    for i, (layer, arrays, does) in enumerate(
        zip(fitted.network.layers, fitted.layers, descriptions, strict=True)
    ):
        name = "output" if i == last else f"hidden {i + 1}"
        shape = " x ".join(map(str, arrays[0].shape)) if arrays else ""
        yield name, layer.fan_out, does, shape, sum(array.size for array in arrays)


def network_in_a_line(fitted, out_activation):
    """Describe a network: ``64 -> 100 relu -> 10 softmax, 7,510 parameters``.

    ``out_activation`` is the name of the inverse link; for several heads, a list of names.
    """
    layers = list(_layers(fitted, out_activation))
    chain = [str(fitted.layer_units[0])]
    chain += [f"{n_units} {does}" for _, n_units, does, _, _ in layers]
    n_parameters = sum(layer[-1] for layer in layers)
    return f"{' -> '.join(chain)}, {n_parameters:,} parameters"


def network_table(fitted, out_activation):
    """Describe a network in a table with a row for each layer; return its lines."""
    table = [
        ("layer", "units", "activation", "weights", "parameters"),
        ("input", f"{fitted.layer_units[0]:,}", "", "", ""),
    ]
    for name, n_units, does, shape, n_parameters in _layers(fitted, out_activation):
        table.append((name, f"{n_units:,}", does, shape, f"{n_parameters:,}"))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            f"{cell:{alignment}{width}}"
            for cell, alignment, width in zip(row, "<><>>", widths, strict=True)
        ).rstrip()
        for row in table
    ]
