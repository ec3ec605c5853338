"""Write formulas as MathML, which browsers show without a script and without a network."""

import re

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)
# LaTeX that the translation reads in another way: \frac12 without braces, \_ in a name.
MISREAD = re.compile(r"frac\s*\d|\\_")


def mathml(node, as_block):
    """The formula; where it cannot be translated, a warning and its source."""
    if MISREAD.search(node.astext()):
        logger.warning("write \\frac{1}{2} and \\text{a-b}: %s", node.astext(), location=node)
    try:
        return tex2mathml(node.astext(), as_block=as_block)
    except Exception as error:  # whatever a parser may raise
        logger.warning("formula not understood: %s (%s)", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"


def visit_math(self, node):
    """A formula in a line of text."""
    self.body.append(mathml(node, as_block=False))
    raise SkipNode


def visit_math_block(self, node):
    """A formula of its own, with its number and an anchor where it has a label."""
    identifier = f' id="{node["ids"][0]}"' if node["ids"] else ""
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    self.body.append(f'<div class="math-block"{identifier}>{number}')
    self.body.append(mathml(node, as_block=True))
    self.body.append("</div>\n")
    raise SkipNode


def setup(app):
    """Register the renderer and choose it."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
