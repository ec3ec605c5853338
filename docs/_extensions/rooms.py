"""A picture of the package's rooms and of who imports whom, drawn from the source itself."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive

PACKAGE = Path(__file__).resolve().parents[2] / "skbackprop"
WIDTH, ROW, HEIGHT, GAP, MIN_GAP, LETTER = 900, 80, 30, 60, 14, 8.6
STYLE = (
    ".rooms rect{fill:var(--pst-color-surface,#eee);stroke:var(--pst-color-border,#999)}"
    ".rooms text{fill:var(--pst-color-text-base,#222);font:14px monospace;text-anchor:middle}"
    ".rooms path{fill:none;stroke:var(--pst-color-primary,#368);stroke-opacity:.45}"
)


def imports():
    """The rooms that each room imports; the files of a folder are one room."""
    rooms = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        room = parts[0]
        if room == "__init__":
            continue
        found = rooms.setdefault(room, set())
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == len(parts):
                found.update([node.module.split(".")[0]] if node.module else names(node))
    return {room: found & set(rooms) - {room} for room, found in rooms.items()}


def names(node):
    """What ``from . import a, b`` names."""
    return [alias.name for alias in node.names]


def reduce(graph):
    """Leave out what follows: a line to a room that is also reached through another."""
    below = {}
    for room in TopologicalSorter(graph).static_order():
        below[room] = set(graph[room]).union(*(below[other] for other in graph[room]))
    return {
        room: {a for a in found if not any(a in below[b] for b in found)}
        for room, found in graph.items()
    }


def levels(graph):
    """Rows of the picture: a room stands just below the lowest one that imports it."""
    importers = {room: {a for a, found in graph.items() if room in found} for room in graph}
    level = {}
    for room in TopologicalSorter(importers).static_order():
        level[room] = 1 + max((level[other] for other in importers[room]), default=-1)
    rows = [[] for _ in range(max(level.values()) + 1)]
    for room in sorted(level):
        rows[level[room]].append(room)
    return [part for row in rows for part in parts(row)], importers


def parts(row):
    """A row, in as many as its boxes need."""
    n_parts = -(-sum(box_width(room) + MIN_GAP for room in row) // WIDTH)
    return [row[i :: int(n_parts)] for i in range(int(n_parts))]


def box_width(room):
    """Width of the box of a room."""
    return LETTER * len(room) + 22


def places(rows, importers):
    """Centre and width of the box of each room; a room stands near those that import it."""
    boxes = {}
    for i, row in enumerate(rows):
        row.sort(key=lambda room: mean_place(importers[room], boxes))
        widths = [box_width(room) for room in row]
        gap = min(GAP, (WIDTH - sum(widths)) / (len(row) + 1))
        x = (WIDTH - sum(widths) - gap * (len(row) - 1)) / 2
        for room, width in zip(row, widths, strict=True):
            boxes[room] = (x + width / 2, HEIGHT / 2 + 2 + i * ROW, width)
            x += width + gap
    return boxes


def mean_place(rooms, boxes):
    """Mean of where the boxes of some rooms are, from left to right."""
    return sum(boxes[room][0] for room in rooms) / max(1, len(rooms))


def svg():
    """The picture."""
    graph = imports()
    rows, importers = levels(graph)
    boxes = places(rows, importers)
    height = (len(rows) - 1) * ROW + HEIGHT + 4
    parts = [
        f'<svg class="rooms" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Rooms of the package and their imports"><style>{STYLE}</style>'
    ]
    for room, found in reduce(graph).items():
        x, y, _ = boxes[room]
        for other in sorted(found):
            u, v, _ = boxes[other]
            start, end = y + HEIGHT / 2, v - HEIGHT / 2
            bend = (end - start) / 2
            parts.append(
                f'<path d="M{x:.0f} {start:.0f}C{x:.0f} {start + bend:.0f} '
                f'{u:.0f} {end - bend:.0f} {u:.0f} {end:.0f}"/>'
            )
    for room, (x, y, width) in boxes.items():
        parts.append(
            f'<rect x="{x - width / 2:.0f}" y="{y - HEIGHT / 2:.0f}" width="{width:.0f}" '
            f'height="{HEIGHT}" rx="6"/><text x="{x:.0f}" y="{y + 5:.0f}">{room}</text>'
        )
    return "".join([*parts, "</svg>"])


class Rooms(Directive):
    """``{rooms}`` in a page."""

    def run(self):
        """The picture, as it is; drawn at every build, as the source may have changed."""
        self.state.document.settings.env.note_reread()
        return [nodes.raw("", svg(), format="html")]


def setup(app):
    """Register the directive."""
    app.add_directive("rooms", Rooms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
