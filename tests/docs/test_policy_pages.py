"""Pages of the policies: made from the files and the reference results, one for each."""

import runpy

import pandas as pd
import pytest
from paths import ROOT

from flowsim.comparison import policy_pages
from flowsim.config.build import every_policy

PAGE = runpy.run_path(str(ROOT / "docs" / "policies.py"), run_name="policies")
RESULTS = ROOT / "results" / "reference" / "policies"


@pytest.mark.slow
def test_each_policy_has_a_page_with_its_changes_sources_effect_and_main_assumption(tmp_path):
    policies = every_policy()
    (tmp_path / "old.md").write_text("a policy that is gone")
    written = policy_pages.write(policies, results=RESULTS, folder=tmp_path)
    assert {path.stem for path in written} == {p.name for p in policies} - {"baseline"}
    assert set(tmp_path.iterdir()) == set(written)
    table = pd.read_csv(RESULTS / "table2.csv").set_index("policy")
    for policy in policies[1:]:
        text = (tmp_path / f"{policy.name}.md").read_text(encoding="utf-8")
        assert text.startswith(f"# {policy.name}\n\n{policy.title}.")
        assert all(source in text for source in policy.sources)
        assert all(parameter.source.replace("|", "/") in text for parameter in policy.parameters)
        assert "heroin seized [kg]" in text
        adds = table.loc[policy.name, "adds"]
        assert (f"In the world in which it was compared it {adds}." in text) == isinstance(adds, str)
        rests = table.loc[policy.name, "rests_on"]
        if isinstance(rests, str):
            assert f"It rests most on: {rests.removeprefix(f'{policy.name}.')}" in text


def test_a_policy_that_was_not_compared_says_so(tmp_path):
    (tmp_path / "in").mkdir()
    table = pd.read_csv(RESULTS / "table2.csv")
    table[table["policy"] != "caricc"].to_csv(tmp_path / "in" / "table2.csv", index=False)
    policy_pages.write(every_policy(), results=tmp_path / "in", folder=tmp_path / "out")
    assert "It was not compared." in (tmp_path / "out" / "caricc.md").read_text(encoding="utf-8")


def test_pages_without_results_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"table2\.csv"):
        policy_pages.write(every_policy(), results=tmp_path, folder=tmp_path / "out")


@pytest.mark.slow
def test_the_tables_of_the_guide_are_those_of_the_files():
    assert PAGE["PAGE"].read_text(encoding="utf-8") == PAGE["page"](), "run `make pages`"
