"""Built pages load nothing from another host. Run after a build, with the folder of the pages:

SKBACKPROP_PAGES=docs/_build/html python -m pytest tests/docs/test_built_pages.py
"""

import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

PAGES = os.environ.get("SKBACKPROP_PAGES")
# What a browser loads at once; a link (`<a href>`) is only followed by the reader.
LOADING = {"src", "srcset", "poster", "data", "background", "action", "manifest"}
OTHER_HOST = re.compile(r"(?:https?:)?//[\w.-]+\.\w+")
IN_CSS = re.compile(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')\s]+")
IN_SCRIPT = re.compile(
    r"(?:import|fetch|importScripts|Worker|\.src\s*=|\.open)\s*\(?\s*[\"'`](?:https?:)?//[^\"'`]+"
)


class Loaded(HTMLParser):
    """Collects what a page loads from other hosts."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self._inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        for name, value in attrs:
            loads = name in LOADING or (tag == "link" and name == "href") or name == "style"
            if not loads or value is None or is_canonical(tag, attrs):
                continue
            if name == "style":
                self.found += IN_CSS.findall(value)
            elif OTHER_HOST.match(value.strip()):
                self.found.append(value)

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        patterns = {"style": IN_CSS, "script": IN_SCRIPT}
        if self._inside in patterns:
            self.found += patterns[self._inside].findall(data)


def is_canonical(tag, attrs):
    """Whether a tag only names another address, as that of the same page elsewhere."""
    return tag == "link" and dict(attrs).get("rel") in {"canonical", "next", "prev", "license"}


def loaded(path):
    """What a file of the build loads from other hosts."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        return IN_CSS.findall(text)
    if path.suffix == ".js":
        return IN_SCRIPT.findall(text)
    return Loaded(text).found


@pytest.mark.skipif(not PAGES, reason="SKBACKPROP_PAGES does not name a folder of built pages")
def test_no_page_loads_from_another_host():
    files = [
        path for kind in ("html", "css", "js", "svg") for path in Path(PAGES).rglob(f"*.{kind}")
    ]
    assert {"index.html", "search.html", "getting_started.html"} <= {path.name for path in files}
    assert {path: found for path in files if (found := loaded(path))} == {}


@pytest.mark.parametrize(
    ("text", "n_found"),
    [
        ('<script src="https://cdn.example.org/a.js"></script>', 1),
        ('<link rel="stylesheet" href="//cdn.example.org/a.css">', 1),
        ('<img src="a.png" srcset="https://example.org/b.png 2x">', 1),
        ("<style>@import 'https://example.org/c.css'; p {background: url(//x.org/a)}</style>", 2),
        ('<p style="background: url(https://example.org/d.png)">', 1),
        ('<script>import("https://example.org/e.js"); fetch("//x.org/f")</script>', 2),
        ('<a href="https://example.org">to follow</a><img src="_static/a.png">', 0),
        ('<link rel="canonical" href="https://example.org/page.html">', 0),
    ],
)
def test_what_is_loaded_is_found(text, n_found):
    assert len(Loaded(text).found) == n_found
