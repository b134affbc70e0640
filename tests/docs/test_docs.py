"""The documentation: what it says of the code is true."""

import re
import runpy

import pytest
from paths import ROOT
from together import together

from flowsim.results import coordinates, registry

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_tables_of_results_are_the_registries():
    made = runpy.run_path(str(ROOT / "docs" / "results.py"), run_name="results")
    page = made["PAGE"].read_text(encoding="utf-8")
    assert page == made["page"](page), "make pages writes it anew"
    assert registry.markdown() in page
    assert coordinates.markdown() in page
    with pytest.raises(ValueError, match=r"results.md must have the line <!-- variables, .*, got none"):
        made["page"]("")


@together("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@together("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_is_named_exists(page):
    text = re.sub(r"^File `.*`, new:$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for name in re.findall(r"`(tests|conf|src|docs|verification|benchmarks)/([\w/.-]+)`", text):
        assert (ROOT / name[0] / name[1]).exists(), name
