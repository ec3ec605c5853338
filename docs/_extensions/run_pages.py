"""Run the code of the pages when a build reads them, and draw their figures.

The ``{doctest}`` blocks of a page run from top to bottom and share their variables. Where the code
fails, prints something that the page does not show, or warns, Sphinx gives a warning, so that a
build with ``-W`` fails. ``{drawn}`` stands for the figure that the code above it has drawn; its
content is the alternative text. The ``doctest`` builder runs the code itself.
Files are looked for from the root of the repository.
"""

import doctest
import warnings
from contextlib import chdir
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util import logging

logger = logging.getLogger(__name__)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
ROOT = Path(__file__).resolve().parents[2]
FIGURES = "_build/figures"


class DrawnFigure(nodes.General, nodes.Element):
    """Marks where a figure goes, until the code above it has run."""


class Drawn(Directive):
    """``{drawn}`` in a page."""

    has_content = True

    def run(self):
        """Return the mark."""
        return [DrawnFigure(alt=" ".join(self.content))]


def run_page(app, doctree):
    """Run the code of one page in order, and put its figures where they are marked."""
    page = app.env.docname
    runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
    variables = {"__name__": page}
    for number, node in enumerate(list(doctree.findall(nodes.Element))):
        if isinstance(node, DrawnFigure):
            node.replace_self(figure(app, node["alt"], f"{page.replace('/', '-')}-{number}.svg"))
        elif node.get("testnodetype") == "doctest" and app.builder.name != "doctest":
            run_block(runner, node, variables, page)


def run_block(runner, node, variables, page):
    """Run one block; what its variables are afterwards, the next block sees."""
    code = node.get("test") or node.astext()
    test = doctest.DocTestParser().get_doctest(code, variables, page, page, node.line)
    failures = []
    with warnings.catch_warnings(), chdir(ROOT):
        warnings.simplefilter("error")
        runner.run(test, out=failures.append, clear_globs=False)
    variables.update(test.globs)
    if failures:
        logger.warning("the code of this page fails:\n%s", "".join(failures), location=node)


def figure(app, alt, name):
    """Return the current figure as an image, and close it."""
    if app.builder.name == "doctest":
        return nodes.comment()
    from matplotlib import pyplot as plt

    folder = Path(app.srcdir) / FIGURES
    folder.mkdir(parents=True, exist_ok=True)
    plt.gcf().savefig(folder / name, bbox_inches="tight", metadata={"Date": None})
    plt.close("all")
    return nodes.image(uri=f"/{FIGURES}/{name}", alt=alt)


def setup(app):
    """Register the directive; pages are run before Sphinx looks for their images."""
    app.add_directive("drawn", Drawn)
    app.connect("doctree-read", run_page, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
