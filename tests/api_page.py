"""What the API reference lists: the public names of the package."""

import re
from importlib import import_module
from pathlib import Path

API_PAGE = Path(__file__).resolve().parents[1] / "docs" / "api" / "index.md"


def listed_names():
    """Names that the page lists, by module."""
    names = {}
    for line in API_PAGE.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = found[1]
        elif found := re.match(r" {3}(\w+)$", line):
            names.setdefault(module, []).append(found[1])
    return names


def public_objects():
    """Dotted name and object of each listed name."""
    for module, names in listed_names().items():
        for name in names:
            yield f"{module}.{name}", getattr(import_module(module), name)
