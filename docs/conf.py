"""Settings of the documentation: Markdown pages by MyST, the Python interface from the docstrings."""

from importlib import metadata
from pathlib import Path

from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

project = "flowsim"
author = "The flowsim authors"
release = metadata.version("flowsim")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = f"flowsim {release}"
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
myst_heading_anchors = 3

# Tables stand in the pages as CSV, which Pygments does not know.
lexers["csv"] = TextLexer()


def setup(app):
    """Write the pages of the policies, which are made from their files and the reference results."""
    from flowsim.comparison import policy_pages
    from flowsim.config.build import every_policy

    root = Path(__file__).parents[1]
    policy_pages.write(
        every_policy(), results=root / "results" / "reference" / "policies", folder=root / "docs" / "policy"
    )
