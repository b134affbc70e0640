"""Figures 5, 7, 9 and 11: what is drawn is what was computed, and nothing lies over anything else."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from amounts import rest_slow
from comparisons import Truth, comparison, only

from flowsim.comparison.analysis import analyse
from flowsim.comparison.assumptions import points
from flowsim.figures import comparison_figures
from flowsim.figures.fig5_fig9_policies import frontier, policies, trade
from flowsim.figures.fig7_fig11_levers import levers, noise
from flowsim.figures.save import save

pytestmark = pytest.mark.slow

TRUTHS = {
    "caricc": Truth(effect=70.0, slopes={"cases": 150.0}, cost=1.5e6, own_years=70.0, calibrated=5.0),
    "customs_union": Truth(effect=-25.0, slopes={"kept": 90.0}, hours=-2.5e5, own_years=30.0),
    "customs_union_joint_south": Truth(effect=40.0, slopes={"kept": 30.0, "quality": 80.0}, hours=-5e4, own_years=9.0),
    "dog_teams": Truth(effect=20.0, slopes={"works": 30.0}, hours=2500.0, cost=math.nan, own_years=25.0),
    "evidence_destruction": Truth(),
    "narcotics_boundaries": Truth(effect=800.0, slopes={"referral": -1200.0}, hours=9e4, cost=8e6, own_years=90.0),
    "narcotics_boundaries_removed": Truth(effect=-12.0, calibrated=4.0, own_years=14.0),
}
GIVEN = {"title": "A title", "sentence": "What it shows and what it rests on. " * 8}


@pytest.fixture(scope="module")
def results():
    return comparison(TRUTHS, year_sd=150.0)


@pytest.fixture(scope="module")
def found(results):
    return analyse(results)


@pytest.fixture(scope="module")
def figures(results, found):
    """All figures by number."""
    yearly = results["seized_mass"].sel(policy="baseline").sum(["channel", "agency"]).values
    pair = points(results, ["customs_union", "customs_union_joint_south"])
    made = {
        5: policies(found.table, reported=323.0, **GIVEN),
        7: levers(pair, found.assumptions, **GIVEN),
        9: trade(found.table, **GIVEN),
        11: noise(found.table, yearly, reported={2010: 323.0, 2009: 730.0}, **GIVEN),
    }
    for figure in made.values():
        figure.canvas.draw()
    return made


def axes_of(figure, gid):
    return next(axes for axes in figure.axes if axes.get_gid() == gid)


def artists(axes):
    return {str(artist.get_gid()): artist for artist in axes.get_children() if artist.get_gid()}


def texts_of(figure):
    """All texts that are written, with what they cover on the page."""
    shown = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        shown += [axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, sorted(axes.get_ylim()))):
            # Ticks beyond the ends of an axis exist but are not drawn.
            shown += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [(text.get_text(), text.get_window_extent()) for text in shown if text.get_text() and text.get_visible()]


def overlaps(figure):
    """Pairs of texts of which one lies over the other."""
    found = []
    for (one, first), (other, second) in itertools.combinations(texts_of(figure), 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        # Boxes of letters are a little higher than what is inked.
        if wide >= 1 and high >= 3:
            found.append((one, other))
    return found


@pytest.mark.parametrize("number", rest_slow([7, 9, 11, 5], quick=3))
def test_texts_lie_on_the_page_and_not_over_each_other(figures, number):
    figure = figures[number]
    for text, box in texts_of(figure):
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert inside, text
    assert not overlaps(figure)


def test_effects_stand_at_their_numbers_and_bars_sum_to_all(figures, found):
    effects, variance = artists(axes_of(figures[5], "effects")), artists(axes_of(figures[5], "variance"))
    for row in found.table.to_dict("records"):
        name = row["policy"]
        assert effects[f"point:{name}"].get_xdata()[0] == row["seized"]
        assert list(effects[f"bar:{name}"].get_xdata()) == [row["seized_q05"], row["seized_q95"]]
        widths = [bar.get_width() for gid, bar in variance.items() if gid.partition(":")[2] == name]
        assert sum(widths) == pytest.approx(0.0 if name == "evidence_destruction" else 1.0)


def test_what_is_assumed_is_hollow_and_what_is_calibrated_filled(figures):
    effects = artists(axes_of(figures[5], "effects"))
    assert effects["point:caricc"].get_markerfacecolor() == "white"
    assert effects["point:narcotics_boundaries_removed"].get_markerfacecolor() != "white"


def test_the_frontier_holds_the_policies_that_no_other_betters():
    table = pd.DataFrame(
        {
            "policy": ["cheap", "dear", "worse", "saves", "unknown"],
            "seized": [10.0, 50.0, 5.0, -20.0, 900.0],
            "hours": [1.0, 9.0, 2.0, -5.0, math.nan],
        }
    )
    assert frontier(table, by="hours") == ["saves", "baseline", "cheap", "dear"]
    assert frontier(table.assign(hours=[0.0, 9.0, 2.0, 5.0, 0.0]), by="hours") == ["unknown"]


def test_a_policy_of_unknown_cost_is_marked_and_not_drawn_against_it(figures):
    drawn = artists(axes_of(figures[9], "spent"))
    assert "point:dog_teams" not in drawn
    assert "point:dog_teams" in artists(axes_of(figures[9], "hours"))
    assert any(text.get_text().endswith("dog_teams*") for text in figures[9].texts)


def test_levers_are_drawn_over_the_values_of_each_set(figures, results):
    kept = artists(axes_of(figures[7], "parameter:kept"))
    values = results["parameter_value"].sel(parameter="customs_union.kept").values
    assert np.array_equal(kept["sets:customs_union"].get_xdata(), values)
    assert kept["even:customs_union"].get_xdata()[0] == pytest.approx(0.5 + 25 / 90, abs=0.1)
    assert "sets:customs_union" not in artists(axes_of(figures[7], "parameter:quality"))


def test_the_floor_shows_the_years_and_what_was_reported(figures, found):
    years, totals = artists(axes_of(figures[11], "years")), artists(axes_of(figures[11], "totals"))
    table = found.table.set_index("policy")
    assert years["point:caricc"].get_ydata()[0] == table.loc["caricc", "years"]
    assert "point:evidence_destruction" not in years
    assert totals["reported:2009"].get_xdata()[0] == 730.0
    assert totals["reported:2010"].get_xdata()[0] == 323.0


def test_plates_say_what_is_assumed_and_leave_out_what_was_not_compared(results, found, tmp_path):
    made = comparison_figures.figures(results, found, title="A world")
    assert list(made) == ["fig5_policies", "fig7_customs_line", "fig9_trade_offs", "fig11_noise_floor"]
    for figure in made.values():
        figure.canvas.draw()
        caption = figure.texts[-1].get_text().replace("\n", " ")
        assert "assumed" in caption
        assert all(box.x1 <= figure.bbox.x1 and box.y0 >= 0 for _, box in texts_of(figure))
        assert not overlaps(figure)
    for name, figure in made.items():
        save(figure, tmp_path, name)
    assert len(list(tmp_path.iterdir())) == 8
    few = only(results, ["evidence_destruction"])
    assert "fig7_customs_line" not in comparison_figures.figures(few, analyse(few), title="A world")
