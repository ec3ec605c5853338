"""The tables of the page "Speed measurements", from what speed.py and memory.py have measured.

    python examples/benchmarks/speed.py --json speed.json --plot docs/_static/speed.png
    python examples/benchmarks/memory.py --json memory.json
    python examples/benchmarks/speed_report.py speed.json memory.json
    python examples/benchmarks/speed_report.py speed.json memory.json \\
        --page docs/developer/speed_measurements.md --figure ../_static/speed.png

The third command prints the tables. The fourth writes them into the page, between its two marks.
"""

import argparse
import json
import re
from pathlib import Path
from statistics import geometric_mean

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

TITLES = {
    "minibatch": "Fits by adam on minibatches",
    "lbfgs": "Fits by L-BFGS on all rows",
    "sparse": "Fits on sparse data",
    "wide": "Regression with many outputs",
    "predict": "`predict_proba`",
    "row": "One row",
    "search": "`GridSearchCV`",
    "tables": "`TabularClassifier`",
    "import": "Import",
}
SIDES = {
    "sklearn": "scikit-learn",
    "torch": "PyTorch",
    "products": "products alone",
    "skbackprop": "NumPy",
    "compiled": "compiled",
}
TYPES = ("float64", "float32")
MAX_COLUMNS = 6
RIVALS, OURS = ("sklearn", "torch"), ("skbackprop", "compiled")


def table(head, rows):
    """Lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def milliseconds(seconds):
    value = 1000 * seconds
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def sides_of(rows):
    """The sides that all rows of a part have."""
    return [side for side in SIDES if all(side in times for times in rows.values())]


def pairs_of(rows):
    """Rival and own side, for each ratio that there is."""
    sides = sides_of(rows)
    return [(rival, own) for rival in RIVALS for own in OURS if {rival, own} <= set(sides)]


def speed_tables(rows):
    """Times and ratios of one part: one table, or two where one would be too wide for the page."""
    sides, pairs = sides_of(rows), pairs_of(rows)
    head = ["", *(f"{SIDES[side]}, ms" for side in sides)]
    head += [f"{SIDES[rival]} / {SIDES[own]}" for rival, own in pairs]
    cells = []
    for name, times in rows.items():
        ratios = [f"{times[rival] / times[own]:.2f}" for rival, own in pairs]
        cells.append([name, *(milliseconds(times[side]) for side in sides), *ratios])
    return lay_out(head, cells, 1 + len(sides))


def lay_out(head, cells, n_before_ratios):
    """Lines of the tables; float64 and float32 share a row, and wide tables are split in two."""
    head, cells = one_row_for_both_types(head, cells)
    if len(head) <= MAX_COLUMNS:
        return table(head, cells)
    times = table(head[:n_before_ratios], [row[:n_before_ratios] for row in cells])
    ratios = [[row[0], *row[n_before_ratios:]] for row in cells]
    return [*times, "", *table([head[0], *head[n_before_ratios:]], ratios)]


def one_row_for_both_types(head, cells):
    """Join "name, float64" and "name, float32" to one row, with "a / b" in each cell."""
    suffixes = tuple(f", {dtype}" for dtype in TYPES)
    by_name = {}
    for name, *values in cells:
        if not name.endswith(suffixes):
            return head, cells
        by_name.setdefault(name.rsplit(", ", 1)[0], []).append(values)
    joined = [[name, *map(" / ".join, zip(*rows))] for name, rows in by_name.items()]
    return [" / ".join(TYPES), *head[1:]], joined


def summary(rows):
    """Means of the ratios, and the mean that is possible at all."""
    sentences = []
    for rival, own in pairs_of(rows):
        ratios = [times[rival] / times[own] for times in rows.values()]
        mean, least = geometric_mean(ratios), min(ratios)
        sentences.append(f"{SIDES[rival]} / {SIDES[own]} {mean:.2f} (smallest {least:.2f})")
    if {"skbackprop", "compiled"} <= set(sides_of(rows)):
        gain = geometric_mean(times["skbackprop"] / times["compiled"] for times in rows.values())
        sentences.append(f"NumPy / compiled {gain:.2f}")
    text = f"Geometric means of the ratios: {'; '.join(sentences)}."
    if "products" in sides_of(rows):
        bounds = [times["sklearn"] / times["products"] for times in rows.values()]
        text += (
            f" The bound, scikit-learn / products alone, is {geometric_mean(bounds):.2f} "
            f"(smallest {min(bounds):.2f})."
        )
    return text


def conditions(where):
    """Where and with what, in a sentence."""
    versions = [("Python", "python"), ("NumPy", "numpy"), ("SciPy", "scipy")]
    versions += [("scikit-learn", "sklearn"), ("numba", "numba"), ("PyTorch", "torch")]
    shown = ", ".join(f"{name} {where[key]}" for name, key in versions if key in where)
    return f"Measured on {where['date']}: {where['machine']}, {where['cores']} cores; {shown}."


def memory_tables(figures):
    """Peaks, then pickles."""
    peaks = {name: by for name, by in figures.items() if not name.startswith("pickle")}
    pickles = {name: by for name, by in figures.items() if name.startswith("pickle")}
    head = ["", "scikit-learn", "skbackprop"]
    lines = [
        "Peak of the memory allocated by a fit or a prediction, without the data, in MB:",
        "",
    ]
    lines += table(head, [[n, *(f"{by[s]:,.0f}" for s in by)] for n, by in peaks.items()])
    lines += ["", "Size of a pickle after a plain fit, relative to the size of the weights:", ""]
    lines += table(head, [[n, *(f"{by[s]:.1f}" for s in by)] for n, by in pickles.items()])
    return lines


def report(speed, memory, figure=None):
    """All tables, and the figure where there is one, as lines."""
    lines = [conditions(speed["conditions"]), ""]
    if figure:
        lines += [
            f"```{{image}} {figure}",
            ":alt: Times of scikit-learn over times of skbackprop, by shape",
            ":width: 640",
            "```",
            "",
        ]
    for part, rows in speed["seconds"].items():
        lines += [f"### {TITLES[part]}", "", *speed_tables(rows), "", summary(rows), ""]
    if memory:
        lines += ["### Memory in use", "", *memory_tables(memory["figures"]), ""]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speed", help="what speed.py --json has written")
    parser.add_argument("memory", nargs="?", help="what memory.py --json has written")
    parser.add_argument("--figure", help="the path, from the page, of what speed.py --plot saved")
    parser.add_argument("--page", type=Path, help="the page to put the tables into")
    arguments = parser.parse_args()
    speed = json.loads(Path(arguments.speed).read_text())
    memory = json.loads(Path(arguments.memory).read_text()) if arguments.memory else None
    text = "\n".join(report(speed, memory, arguments.figure))
    if arguments.page is None:
        print(text)
        return
    page = arguments.page.read_text()
    pattern = re.compile(f"{BEGIN}\n.*{END}", re.DOTALL)
    if not pattern.search(page):
        parser.error(f"{arguments.page} has no marks {BEGIN} and {END}")
    arguments.page.write_text(pattern.sub(lambda _: f"{BEGIN}\n\n{text}\n{END}", page))


if __name__ == "__main__":
    main()
