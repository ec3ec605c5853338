"""Pages of the user guide are short enough to be read at once."""

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "docs" / "user_guide"
MAX_WORDS = 900
CODE = re.compile(r"^ *(`{3,}).*?^ *\1 *$", re.DOTALL | re.MULTILINE)


def count_words(text):
    """Number of words outside blocks of code and contents lists."""
    return len(CODE.sub("", text).split())


@pytest.mark.parametrize("name", sorted(path.name for path in PAGES.glob("*.md")))
def test_page_is_short(name):
    assert count_words((PAGES / name).read_text(encoding="utf-8")) < MAX_WORDS


def test_words_of_text_count_and_code_does_not():
    text = "Use `fit`:\n\n```python\nmodel.fit(X, y)\n```\n\n| a | b |\n"
    assert count_words(text) == 7
