"""Which assumed numbers change a conclusion, and which policies never do: on comparisons whose truth is known."""

import math

import pytest
from comparisons import Truth, comparison

from flowsim.comparison.assumptions import sensitivities
from flowsim.comparison.conclusions import REPORTS, deciding, never, sentences, visible
from flowsim.comparison.power import years_needed
from flowsim.comparison.table2 import summary

TRUTHS = {
    "turns": Truth(effect=150.0, slopes={"lever": 400.0, "idle": 0.0}),
    "always": Truth(effect=900.0, slopes={"lever": 100.0}),
    "small": Truth(effect=5.0, slopes={"lever": 20.0}),
    "flips": Truth(slopes={"lever": 1800.0}),
}


@pytest.fixture(scope="module")
def results():
    return comparison(TRUTHS, year_sd=150.0)


@pytest.fixture(scope="module")
def rests(results):
    return sensitivities(results)


def test_the_least_visible_change_needs_just_as_many_years(results):
    """With independent years, whose standard deviation is 150 kg."""
    least = visible(results)
    assert years_needed(least, before=150.0**2, after=150.0**2) == pytest.approx(REPORTS, abs=1)
    assert math.isnan(visible(results.isel(replication=[0])))


def test_a_number_changes_the_conclusion_where_reports_would_show_the_effect_at_one_end_only(results, rests):
    """The effect of `turns` goes from -50 to 350 kg and 230 or so show; that of `always` shows at both ends."""
    found = deciding(results, rests).set_index(["policy", "parameter"])
    assert set(found.index) == {("turns", "turns.lever"), ("flips", "flips.lever")}
    lowest, highest = found.loc[("turns", "turns.lever")]
    assert lowest == pytest.approx(150 - 400 / 3, abs=20)
    assert highest == pytest.approx(150 + 400 / 3, abs=20)
    assert lowest < visible(results) <= highest


def test_a_policy_never_changes_it_whose_interval_stays_below_what_shows(results, rests):
    table = summary(results, rests=rests)
    assert never(results, table) == ["small"]


def test_the_sentences_name_them(results, rests):
    table = summary(results, rests=rests)
    changing, small = sentences(results, table, rests)
    assert changing.endswith(": lever (of turns, flips).")
    assert small.endswith(": small.")
    assert not list(sentences(results.isel(replication=[0]), table, rests))
