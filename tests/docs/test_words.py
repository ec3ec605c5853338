"""Pages, docstrings, messages and comments use the terms of the field, not words of our own."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What must not come back, and what to write instead.
PRIVATE = {
    r"\b(?:told|tells?|telling) of\b": "reported, shown, passed to",
    r"\bas (?:it|they) comes?\b": "directly, without preparation",
    r"\brows? aside\b|% aside\b": "validation rows, held-out rows",
    r"\b(?:without|with|and|or|of|has|have|no) holes\b": "missing values",
    r"\bwhat is (?:given|published|told)\b": "the argument, the fitted attributes",
    r"\b(?:is|are) published\b(?! (?:on|to|by))|\bpublishes the\b": "is set, is kept",
    r"\b(?:slow|fast|learned|as|slow and fast) waves\b": "periodic features",
    r"\bput right\b": "fixed",
    r"\blest\b": "so that ... does not",
    r"\bgets? a sign\b": "you get a warning",
    r"\bis no (?:result|prediction)\b": "is useless",
    r"\bplans? for all\b": "always run for",
    r"\bis seen by\b": "is determined by",
    r"\b(?:let|lets) pass\b": "ignored",
    r"\bthere to be taken\b": "available",
    r"\ba network done by hand\b": "written out step by step",
}
PATTERN = re.compile("|".join(f"(?:{words})" for words in PRIVATE), re.IGNORECASE)


def texts():
    """Files that people read: pages, the package and the examples."""
    yield from ROOT.glob("README.md")
    for folder, kind in (("docs", "md"), ("skbackprop", "py"), ("examples", "py")):
        for path in sorted((ROOT / folder).rglob(f"*.{kind}")):
            if not {"_build", "auto_examples", "generated"}.intersection(path.parts):
                yield path


def private_words(text):
    """Private words of a text, whose lines may end within them."""
    return PATTERN.findall(re.sub(r"\s+(?:[#>*]+ )?", " ", text))


PATHS = [path.relative_to(ROOT).as_posix() for path in texts()]


@pytest.mark.parametrize("name", PATHS)
def test_no_private_words(name):
    assert private_words((ROOT / name).read_text(encoding="utf-8")) == []


def test_private_words_are_found():
    assert private_words("callbacks are told\n    # of an epoch") == ["told of"]
    assert private_words("A table as it comes, without holes.") == ["as it comes", "without holes"]
    assert private_words("The callback is called, and missing values are imputed.") == []
