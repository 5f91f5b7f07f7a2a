"""Sphinx configuration of the documentation site; `make docs` builds it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from airflow_provider_harvest import __version__  # noqa: E402
from docs import generate  # noqa: E402

project = "airflow-provider-harvest"
author = "airflow-provider-harvest contributors"
project_copyright = author
release = version = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode", "myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["generated/commands.md", "generated/file-format.md"]  # parts of other pages
nitpicky = False  # Airflow's own classes are not on this site

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
#: Links to files of the repository, such as ../example_dags/x.py, download that file.
myst_all_links_external = False

default_role = "py:obj"
autodoc_class_signature = "separated"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give type, unit and default in words
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path: list[str] = []
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False

# The pages that are made from the command line and from the JSON Schema are written before Sphinx reads the folder.
generate.write_all()
