"""The page of dependencies: every package with its versions and its licence."""

from __future__ import annotations

import runpy

import pytest
from paths import ROOT

MADE = runpy.run_path(str(ROOT / "docs" / "dependencies.py"), run_name="dependencies")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in MADE["PAGE"].read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| package", "| ---"))
]


def test_every_declared_dependency_stands_there_with_its_versions():
    lowest, taken = MADE["declared"](), MADE["locked"]()
    assert {name: low for name, low, *_ in ROWS if low} == lowest
    assert all(", ".join(taken[name]) == version for name, _, version, _ in ROWS)


def test_every_package_has_a_free_licence():
    for name, *_, licence in ROWS:
        assert any(word in licence for word in ("MIT", "BSD", "Apache", "Python", "PSF", "MPL", "HPND", "ISC")), name


def test_the_page_is_that_of_the_environment():
    if any(MADE["installed"](name).version not in MADE["locked"]()[name] for name in MADE["needed"]()):
        pytest.skip("the environment is another than that of requirements.lock")
    assert MADE["PAGE"].read_text(encoding="utf-8") == MADE["page"](), "make pages writes it anew"
