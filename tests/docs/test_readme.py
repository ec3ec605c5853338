"""The README's code runs, and its links lead to pages that can be read where they are."""

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
# Syntax of MyST that a viewer of plain Markdown shows as it is. `{doctest}` is shown as code.
MYST_ONLY = re.compile(r"^(?:`{3,}|:{3,})\{(?!doctest\})|\{[\w:]+\}`", re.MULTILINE)

if not README.exists():
    pytest.skip("the installed package is tested without the README", allow_module_level=True)
TEXT = README.read_text(encoding="utf-8")
LINKS = re.findall(r"\]\((?!https?:)([^)#]+)|src=\"([^\"]+)", TEXT)
TARGETS = [README.parent / (link or image) for link, image in LINKS]


def test_the_code_prints_what_its_comments_say(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^print\(.*\)  # (.*)$", code, re.M)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_links_lead_to_what_can_be_read_there(target):
    assert target.exists()
    if target.suffix == ".md":
        assert not MYST_ONLY.findall(target.read_text(encoding="utf-8"))


def test_syntax_of_myst_is_found():
    assert MYST_ONLY.search("```{toctree}\n")
    assert MYST_ONLY.search("{py:class}`~a.B`")
    assert not MYST_ONLY.search("```{doctest}\n>>> 1\n")
