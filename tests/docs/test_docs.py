"""The documentation: what it says of the code is true."""

import re

from paths import ROOT
from together import together

from flowsim.results import coordinates, registry

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_table_of_results_is_the_registry():
    assert registry.markdown() in (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert coordinates.markdown() in (ROOT / "docs" / "results.md").read_text(encoding="utf-8")


@together("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@together("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_is_named_exists(page):
    for name in re.findall(
        r"`(tests|conf|src|docs|verification|benchmarks)/([\w/.-]+)`", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / name[0] / name[1]).exists(), name
