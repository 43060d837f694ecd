from asynction._version import __version__

project = "asynction"
author = "asynction contributors"
copyright = "asynction contributors"
release = version = __version__

# Nothing here fetches from the network: the manual builds offline.
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"

html_theme = "furo"
html_title = f"asynction {release}"
