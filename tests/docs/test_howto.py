"""The how-to on a country of one's own: its blocks, run in order in an empty folder, do what the page says."""

import printed
import pytest
from paths import ROOT

PAGE = ROOT / "docs" / "own-country.md"


@pytest.mark.slow
def test_the_page_builds_checks_and_runs_a_country(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    kinds = {"command", "yaml", "csv", "python", "text", "sed"}
    assert {piece.kind for piece in printed.pieces(page)} == kinds
    assert printed.commands(page)[0] == "flowsim study=new_world out=mine"
    assert printed.run(page, fails=True).codes == [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0]
