"""Worlds of draws of two populations: the closed form takes what was drawn, and cells of groups make the whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from flowsim.api import load_world
from flowsim.calibration import population_inversion, splits
from flowsim.calibration.components import simple
from flowsim.calibration.entries import cells_by_group
from flowsim.calibration.inversion import TOLERANCE, YEAR_PARTS
from flowsim.calibration.population_evidence import Entries
from flowsim.calibration.population_inversion import NEAR
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_setting import PopulationSetting
from flowsim.calibration.population_setup import populations_of
from flowsim.config.calibration_files import build_calibration
from flowsim.config.compose import compose_config
from flowsim.engine.expectation.engine import expect
from flowsim.simulation.assumed import SetNumbers

DRAWN = {
    **{"crossing": 90.0, "patrol": 15.0, "inside": 80.0, "knb": 110.0, "committee": 60.0, "market": 25.0},
    **{"cases": 28.0, "share_south": 0.2, "share_almaty": 0.2, "share_west": 0.07, "small_median": 0.9},
    **{"small_log_sd": 1.5, "wholesale_median": 38.0, "wholesale_log_sd": 0.8, "retail_median": 0.2},
    **{"retail_log_sd": 1.6, "entry_kyrgyzstan": 0.7, "rail_kyrgyzstan": 0.1, "rail_uzbekistan": 0.6},
    **{"exit_urals": 0.7, "exit_altai": 1.2, "abroad": 8.0},
    **{"found_share": 0.25, "mass_share": 0.92, "ring_share": 0.3, "level_log_sd": 0.7, "level_rho": 0.6},
    **{"year_log_sd": 0.3, "completeness": 0.9, "case_dwelling": 0.4, "unnamed": 2.0, "reporter": 30.0, "inflow": 72.5},
}


@pytest.fixture(scope="module")
def world():
    return load_world("kazakhstan_2010")


@pytest.fixture(scope="module")
def model(world):
    """Model without reports: the inversion asks only for areas, entries and populations."""
    calibration = build_calibration(compose_config([]))
    entries = calibration.populations.entries
    division = splits.of_world(world, entries)
    cells = cells_by_group(world, division)
    setting = PopulationSetting(
        areas=dict(calibration.areas),
        splits=division,
        populations=populations_of(world),
        reference=cells,
        years={},
        of_year={},
        maximum=1000.0,
        size_exponent=1.2,
        oblasts=tuple(sorted({cell.oblast for cell in cells})),
    )
    return PopulationModel(setting=setting, priors={}, rows=(), sums=(), of_row=(), windows=(), printed=())


@pytest.mark.slow
def test_the_cells_of_the_groups_make_those_of_the_world(world, model):
    """By the shares of the groups, to one part in a thousand: hubs pool what they store of all streams."""
    whole = sum(float(mass @ model.setting.shares) for mass in model.setting.reference.values())
    assert whole == pytest.approx(float(expect(simple(world)).seized[0].sum()), rel=1e-3)


@pytest.mark.slow
def test_the_world_of_a_draw_takes_what_was_drawn(world, model):
    """Masses to one part in a thousand, the share of wholesale in the finds to three."""
    solved = population_inversion.solve(model, DRAWN, world=world, nuisance={})
    assert solved.refused == ""
    assert solved.residual < TOLERANCE
    changed = SetNumbers(values=tuple(solved.numbers.items())).apply(world)
    got = population_inversion.taken(simple(changed), names=model.setting.populations)
    found = np.sum(list(got.found.values()), axis=0)
    assert found.sum() == pytest.approx(DRAWN["crossing"] + DRAWN["inside"], rel=2 * TOLERANCE)
    assert found[1] / found.sum() == pytest.approx(DRAWN["found_share"], abs=NEAR)
    assert got.case == pytest.approx(DRAWN["knb"] + DRAWN["committee"], rel=2 * TOLERANCE)
    assert (got.patrol, got.market) == pytest.approx((DRAWN["patrol"], DRAWN["market"]), rel=2 * TOLERANCE)
    both = expect(simple(changed))
    assert float(both.seized[0].sum()) == pytest.approx(sum(DRAWN[n] for n in list(DRAWN)[:6]), rel=2 * TOLERANCE)
    streams = {stream.name: stream.share for stream in changed.traffic.streams if stream.drug == "heroin"}
    east = streams["heroin:kyrgyzstan:road"] + streams["heroin:kyrgyzstan:rail"]
    west = sum(share for name, share in streams.items() if "uzbekistan" in name or "tajikistan" in name)
    assert east / (east + west) == pytest.approx(DRAWN["entry_kyrgyzstan"])
    assert math.fsum(streams.values()) == pytest.approx(1.0)


@pytest.mark.slow
def test_an_effort_just_below_one_is_found_and_one_above_refused(world, model):
    """The masses of a world at effort 0.97 in one class are given back; 6 % more would need an effort above 1."""
    solved = population_inversion.solve(model, DRAWN, world=world, nuisance={})
    numbers = {**solved.numbers, "inspection:effort.south": 0.97}
    changed = SetNumbers(values=tuple((k, v) for k, v in numbers.items() if k not in YEAR_PARTS)).apply(world)
    got = population_inversion.taken(simple(changed), names=model.setting.populations)
    found = {name: float(mass.sum()) for name, mass in got.found.items()}
    inside = sum(mass for name, mass in found.items() if name != "crossing")
    first, second = np.sum(list(got.found.values()), axis=0)
    cases = got.case / (DRAWN["knb"] + DRAWN["committee"])
    drawn = {
        **DRAWN,
        **{"crossing": found["crossing"], "inside": inside, "share_south": found["south"] / inside},
        **{"share_almaty": found["almaty"] / (inside - found["south"]), "found_share": second / (first + second)},
        **{"knb": cases * DRAWN["knb"], "committee": cases * DRAWN["committee"]},
        **{"patrol": got.patrol, "market": got.market},
    }
    west = found.get("west", 0.0) / (inside - found["south"] - found["almaty"])
    again = population_inversion.solve(model, {**drawn, "share_west": max(west, 1e-6)}, world=world, nuisance={})
    assert again.refused == ""
    assert again.numbers["inspection:effort.south"] == pytest.approx(0.97, rel=0.02)
    more = {**drawn, "share_west": max(west, 1e-6), "inside": inside + 0.06 * found["south"]}
    more["share_south"] = 1.06 * found["south"] / more["inside"]
    refused = population_inversion.solve(model, more, world=world, nuisance={})
    assert refused.refused == "effort of south above 1"


@pytest.mark.slow
def test_a_draw_that_no_effort_gives_is_refused(world, model):
    many = {**DRAWN, "inside": 4000.0, "mass_share": 0.98}
    assert "above 1" in population_inversion.solve(model, many, world=world, nuisance={}).refused


def test_a_world_with_one_population_has_none_to_tell_apart_and_entries_need_both_modes(world):
    assert populations_of(load_world("kazakhstan_2010", overrides=["reading=one_population"])) is None
    assert populations_of(world) == ("small", "wholesale")
    entries = Entries(origins={"turkmenistan": ("turkmenistan",), "uzbekistan": ("uzbekistan",)})
    with pytest.raises(
        ValueError, match="entry turkmenistan must have streams of heroin by road and by rail, got 'none by rail'"
    ):
        splits.of_world(world, entries)
