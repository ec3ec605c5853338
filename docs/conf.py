"""How Sphinx builds the documentation; nothing here needs a network.

``python -m sphinx -W --keep-going docs docs/_build/html``
"""

import os
import sys
import warnings
import zlib
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_extensions"))
os.environ.setdefault("MPLBACKEND", "Agg")

import skbackprop

project = "skbackprop"
author = "skbackprop developers"
project_copyright = "skbackprop developers"
version = release = skbackprop.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "rooms",
    "run_pages",
]

source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "inventories", "auto_examples/**/*.ipynb", "auto_examples/**/*.py"]
templates_path = ["_templates"]
nitpicky = True

# ---- Markdown, doctests

myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
# Examples in docstrings are run by pytest; here, those of the pages.
doctest_test_doctest_blocks = ""

# ---- API

autosummary_generate = True
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# ---- Links to other projects


def inventory(name):
    """Compile a readable list of another project's pages to what intersphinx reads.

    The lists have only what these pages point to, so that a build downloads nothing.
    """
    lines = (DOCS / "inventories" / f"{name}.txt").read_text(encoding="utf-8")
    compiled = DOCS / "_build" / "inventories" / f"{name}.inv"
    compiled.parent.mkdir(parents=True, exist_ok=True)
    header = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: \n"
    header += "# The remainder of this file is compressed using zlib.\n"
    compiled.write_bytes(header.encode() + zlib.compress(lines.encode()))
    return str(compiled)


intersphinx_mapping = {
    name: (address, inventory(name))
    for name, address in {
        "scikit-learn": "https://scikit-learn.org/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "numpy": "https://numpy.org/doc/stable/",
        "python": "https://docs.python.org/3/",
    }.items()
}

# ---- Gallery

warnings.filterwarnings("ignore", category=UserWarning, message=".*non-interactive.*")

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"benchmarks",
    "subsection_order": "gallery_order.section_position",
    "within_subsection_order": "gallery_order.ExampleOrder",
    "doc_module": ("skbackprop",),
    "reference_url": {"skbackprop": None},
    "backreferences_dir": "api/backreferences",
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,  # that page loads scripts from other hosts
    "min_reported_time": float("inf"),  # the time of the machine that builds says little
    "matplotlib_animations": False,
    "show_signature": False,
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
}

# ---- Looks

html_theme = "pydata_sphinx_theme"
html_title = "skbackprop"
html_static_path = ["_static"]
html_css_files = ["skbackprop.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_theme_options = {
    "show_toc_level": 2,
    "navigation_depth": 2,
    "header_links_before_dropdown": 5,
    "navbar_persistent": ["search-button"],
    "logo": {"text": "skbackprop"},
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
}
html_sidebars = {
    page: [] for page in ("index", "getting_started", "coming_from_mlpclassifier", "changelog")
}
