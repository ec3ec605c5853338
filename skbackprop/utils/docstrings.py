"""Complete signatures and docstrings from a base class, so that each parameter has one owner.

The docstring of the base class describes the shared parameters and attributes, and its
``__init__`` states their defaults. A decorated class adds its own.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import TypeVar

_HEADING = re.compile(r"^([A-Z][A-Za-z ]+)\n-{3,}\n", re.MULTILINE)
# Order of the sections required by numpydoc.
_ORDER = ["Parameters", "Attributes", "See Also", "Notes", "References", "Examples"]

_Class = TypeVar("_Class", bound=type)


def with_shared_parameters(cls: _Class) -> _Class:
    """Complete the signature and the docstring of a class from those of its base class.

    ``__init__`` of the class, if it has one, takes its own parameters by name and passes the
    others to ``super().__init__``. Own parameters and attributes come first. A parameter that both
    classes have keeps the position of the base class and takes the description of the class.
    Parameters are documented in the order of the signature and with its defaults. Notes and
    references follow those of the base class.

    If the class has ``_parameter_groups``, a dict of names by purpose, an overview of the groups
    follows the summary.
    """
    if "__init__" in vars(cls):
        cls.__init__.__signature__ = _whole_signature(cls)
    if cls.__doc__ is not None:  # None under python -OO
        cls.__doc__ = _whole_docstring(cls)
    return cls


def _merged(shared, own):
    """Merge entries by name: new ones first, the others at the place of those they override."""
    new = {name: entry for name, entry in own.items() if name not in shared}
    return new | shared | own


# ---- signatures


def _whole_signature(cls):
    """Return the signature with ``**shared`` replaced by the parameters it stands for."""
    shared, own = (_named(init) for init in (super(cls, cls).__init__, cls.__init__))
    parameters = _merged(shared, own).values()
    return inspect.Signature(sorted(parameters, key=lambda p: (p.kind, p.name != "self")))


def _named(function):
    """Return the parameters of a function without ``*args`` and ``**kwargs``."""
    parameters = inspect.signature(function).parameters
    unnamed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: p for name, p in parameters.items() if p.kind not in unnamed}


# ---- docstrings


def _whole_docstring(cls):
    own = _sections(cls.__doc__)
    bases = (_sections(base.__doc__ or "") for base in cls.__mro__[1:])
    shared = next((sections for sections in bases if "Parameters" in sections), {})
    entries = {
        heading: _merged(_entries(shared.get(heading)), _entries(own.get(heading)))
        for heading in ("Parameters", "Attributes")
    }
    entries["Parameters"] = {
        name: _with_default(entries["Parameters"][name], parameter)
        for name, parameter in _named(cls.__init__).items()
        if name in entries["Parameters"]
    }
    own |= {heading: "\n\n".join(listed.values()) for heading, listed in entries.items()}
    for heading in ("Notes", "References"):
        own[heading] = "\n\n".join(part[heading] for part in (shared, own) if heading in part)
    parts = [own.pop(""), *_overview(cls)]
    for heading in sorted(filter(own.get, own), key=_ORDER.index):
        parts.append(f"{heading}\n{'-' * len(heading)}\n{own[heading]}")
    return "\n\n".join(parts) + "\n"


def _overview(cls):
    """Return the overview of the parameters by purpose, as a list of one text or none."""
    known = _named(cls.__init__)
    lines = []
    for purpose, names in getattr(cls, "_parameter_groups", {}).items():
        if listed := ", ".join(f"``{name}``" for name in names if name in known):
            lines.append(textwrap.fill(f"- {purpose}: {listed}", 95, subsequent_indent="  "))
    return ["\n".join(["Parameters by purpose:", "", *lines])] if lines else []


def _sections(docstring):
    """Split a docstring into a dict of sections by heading; the summary has the key ''."""
    first, *others = _HEADING.split(inspect.cleandoc(docstring))
    sections = {"": first} | dict(zip(others[::2], others[1::2], strict=True))
    return {heading: text.strip() for heading, text in sections.items()}


def _entries(section):
    """Split a section of parameters or attributes into a dict of entries by name."""
    entries = re.split(r"\n+(?=\S)", section or "")
    return {re.split(" : |\n", entry)[0]: entry for entry in entries if entry}


def _with_default(entry, parameter):
    head, line, description = entry.partition("\n")
    head = head.partition(", default=")[0]  # the base class may have another default
    if parameter.default is not parameter.empty:
        head += f", default={parameter.default!r}"
    return head + line + description
