"""Which assumed numbers change a conclusion, and which policies never do: on comparisons whose truth is known."""

import math

import numpy as np
import pytest
from comparisons import Truth, comparison

from flowsim.comparison.assumptions import sensitivities
from flowsim.comparison.conclusions import REPORTS, deciding, never, sentences, visible
from flowsim.comparison.power import detection
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


@pytest.fixture(scope="module")
def least(results):
    return visible(results, detection(results))


def test_the_least_visible_change_needs_just_as_many_years(results):
    """With independent years, whose standard deviation is 150 of 400 kg."""
    seen = detection(results)
    mean = float(results["seized_mass"].sel(policy="baseline").sum(["channel", "agency"]).mean())
    assert np.median(seen.needed(1 + visible(results, seen) / mean)) == pytest.approx(REPORTS, abs=1)
    assert math.isnan(visible(results, None))


def test_a_number_changes_the_conclusion_where_reports_would_show_the_effect_at_one_end_only(results, rests, least):
    """The effect of `turns` goes from -50 to 350 kg and 230 or so show; that of `always` shows at both ends."""
    found = deciding(results, rests, least=least).set_index(["policy", "parameter"])
    assert set(found.index) == {("turns", "turns.lever"), ("flips", "flips.lever")}
    lowest, highest = found.loc[("turns", "turns.lever")]
    assert lowest == pytest.approx(150 - 400 / 3, abs=20)
    assert highest == pytest.approx(150 + 400 / 3, abs=20)
    assert lowest < least <= highest


@pytest.mark.slow
def test_a_policy_never_changes_it_whose_interval_stays_below_what_shows(results, rests, least):
    table = summary(results, rests=rests)
    assert never(table, least=least) == ["small"]


@pytest.mark.slow
def test_the_sentences_name_them(results, rests, least):
    table = summary(results, rests=rests)
    changing, small = sentences(results, table, rests, least=least)
    assert changing.endswith(": lever (of turns, flips).")
    assert small.endswith(": small.")
    assert not list(sentences(results, table, rests, least=math.nan))
