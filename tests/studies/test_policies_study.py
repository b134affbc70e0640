"""The study `policies`: what it lists and what it shows of the world before and after."""

import pytest

from flowsim.cli import answer
from flowsim.config import options
from flowsim.config.build import every_policy
from flowsim.config.options import conf_dir

POLICIES = [name for name in sorted(options.options("policy", folders=[conf_dir()])) if name != "baseline"]


def said(capsys, *typed):
    assert answer(["study=policies", *typed]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    return text


@pytest.mark.slow
def test_all_policies_are_listed_with_what_they_are(capsys):
    text = said(capsys)
    for policy in every_policy():
        assert f"\n{policy.name} ({'in force' if policy.in_force else 'not in force'})\n" in text
        assert " ".join(policy.title.split()) in " ".join(text.split())
    assert "sources: cable2005 L51; cable2005 L101" in text
    assert "a bare multiplier" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [name if k % 5 == 0 else pytest.param(name, marks=pytest.mark.slow) for k, name in enumerate(POLICIES)],
)
def test_the_world_before_and_after_fits_a_terminal(name, capsys):
    text = said(capsys, f"policy={name}")
    assert "before and after: 0 differences" not in text
    assert "Changes, in order" in text


@pytest.mark.slow
def test_two_policies_are_shown_together(capsys):
    text = said(capsys, "policy=[caricc,dog_teams]")
    assert text.startswith("caricc+dog_teams (not in force)")
    assert "intelligence: cases_knb: 16 -> 20" in text
    assert "device dog: none -> dog" in text


def test_numbers_that_are_typed_are_shown(capsys):
    text = said(capsys, "policy=caricc", "policy.caricc.parameters.cases.value=1.5")
    assert "cases_knb: 16 -> 24" in text


def test_what_has_no_effect_is_refused(capsys):
    assert answer(["study=policies", "engine=reference"]) == 1
    assert "engine= has no effect in study=policies" in capsys.readouterr().err


@pytest.mark.slow
def test_a_policy_of_ones_own_is_listed(tmp_path, capsys):
    (tmp_path / "policy").mkdir()
    lines = ("# @package policy.mine", "title: mine", "sources: [made up]", "in_force: false", "changes: []", "")
    (tmp_path / "policy" / "mine.yaml").write_text("\n".join(lines), encoding="utf-8")
    assert "\nmine (not in force)\n" in said(capsys, f"--config-dir={tmp_path}")
