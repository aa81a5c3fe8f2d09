"""How Sphinx makes a site of the pages in this folder and of the docstrings."""

import sys
from pathlib import Path

import voxpipe

sys.path.insert(0, str(Path(__file__).parent / "_site"))

project = "voxpipe"
release = voxpipe.__version__
html_title = f"voxpipe {release}"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "myst_parser",
    "doors",  # these three: in _site
    "docstrings",
    "links",
]
root_doc = "index"
exclude_patterns = ["_site", "README.md"]
myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as they are written, names of constants too
default_role = "py:obj"
maximum_signature_line_length = 60  # characters; longer ones get a line an argument
napoleon_attr_annotations = True
napoleon_numpy_docstring = False
toc_object_entries_show_parents = "hide"

pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_theme = "furo"  # brings all that a page needs, and fetches nothing
html_static_path = ["_site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
