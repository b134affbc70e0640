"""Prevalence: loaded vehicles per vehicle in closed form, as simulated, and as the pages have it."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from omegaconf import OmegaConf
from paths import ROOT

import flowsim as fs
from flowsim.config.builder import request_of
from flowsim.config.compose import compose_config
from flowsim.draws.consignments import consignments_per_year
from flowsim.engine.expectation.engine import expect
from flowsim.studies.prevalence import prevalence
from flowsim.world.traffic import DRUGS, HEROIN


def asked(*typed):
    """Request of `study=check`."""
    composed = compose_config(("study=check", *typed))
    given = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    return request_of(given, hydra=composed.hydra, command="", typed=typed, stamped=False)


def test_every_consignment_comes_to_the_only_checkpoint_of_its_route():
    """By hand: consignments of a year over their number and all honest vehicles of a year."""
    world = fs.load_world("single_checkpoint")
    (row,) = prevalence(asked("world=single_checkpoint"))
    coming = sum(consignments_per_year(world, stream) for stream in world.traffic.population_streams)
    honest = 365 * sum(flow.per_day for flow in world.traffic.flows)
    assert row.loaded.tolist() == pytest.approx([coming], rel=1e-4)
    assert row.heroin.tolist() == row.loaded.tolist()
    assert row.honest == pytest.approx(honest)
    assert row.share[0] == pytest.approx(coming / (coming + honest), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_routes", "hub", "ways_round", "one_ring", "trains", "two_drugs"])
def test_loaded_vehicles_are_those_of_simulation(name):
    """Six standard errors of the mean of sixty years at each checkpoint; 1e-8 for each of some twenty."""
    world = fs.load_world(name)
    results = fs.simulate(world, replications=60, traffic_years=0.02, seed=11)
    found = results["loaded_vehicles"].isel(policy=0)
    expected = expect(world).loaded
    for drug in world.traffic.drugs:
        for c, post in enumerate(world.checkpoints):
            years = found.sel(drug=drug, checkpoint=post.name).values
            error = max(years.std(ddof=1), 1.0) / math.sqrt(len(years))
            assert abs(years.mean() - expected[DRUGS.index(drug), c]) < 6 * error, (drug, post.name)


def test_both_engines_count_the_same_loaded_vehicles_and_the_share_is_theirs():
    world = fs.load_world("ways_round")
    one, other = (
        fs.simulate(world, engine=engine, replications=2, traffic_years=0.02, horizon=4380.0)
        for engine in ("compiled", "reference")
    )
    np.testing.assert_array_equal(one["loaded_vehicles"].values, other["loaded_vehicles"].values)
    loaded = 2 * one["loaded_vehicles"].sum("drug")  # half a year is simulated
    share = (loaded / (loaded + one["vehicles"])).transpose(*one["prevalence"].dims)
    np.testing.assert_allclose(one["prevalence"].values, share.values)
    assert one["prevalence"].attrs["units"] == "1"
    assert float(one["prevalence"].max()) > 0


@pytest.mark.slow
def test_twice_the_inflow_doubles_the_loaded_vehicles_and_draws_give_an_interval():
    once, twice = (prevalence(asked("world=two_routes", f"inflow={inflow}")) for inflow in (1, 2))
    for before, after in zip(once, twice, strict=True):
        assert after.loaded[0] == pytest.approx(2 * before.loaded[0])
        assert after.honest == before.honest
    ulken = {row.checkpoint: row for row in prevalence(asked())}["ulken"]
    low, middle, high = ulken.loaded
    assert low < middle < high
    assert high / low > 1.2


@pytest.mark.slow
def test_check_prints_the_prevalence_and_the_pages_say_the_same(command):
    code, out, _ = command("study=check")
    assert code == 0
    interval = r"(\d+)  (\d+) to (\d+)"
    found = re.search(rf"^ulken +([\d,]+) +([\d,]+) +{interval} +{interval}$", out, re.MULTILINE)
    loaded, every, *numbers = found.groups()
    all_drugs, heroin = numbers[:3], numbers[3:]
    for page in ("README.md", "docs/model.md"):
        text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
        assert f"one in {all_drugs[0]} ({all_drugs[1]} to {all_drugs[2]}) at Ulken" in text, page
        assert f"one in {heroin[0]} ({heroin[1]} to {heroin[2]}) with heroin" in text, page
    assert f"{loaded} of {every} vehicles" in " ".join((ROOT / "docs/model.md").read_text(encoding="utf-8").split())
    assert "none to none" not in out
    out = command("study=check", "calibration=point")[1]
    assert "posterior median, without an interval" in " ".join(out.split())
    middle = re.search(r"^ulken +[\d,]+ +[\d,]+ +(\d+) +(\d+)$", out, re.MULTILINE)
    for found, (_, low, high) in zip(middle.groups(), (all_drugs, heroin), strict=True):
        assert int(low) <= int(found) <= int(high)
    code, out, _ = command("study=check", "world=single_checkpoint")
    assert "by the closed form; assumed numbers, without an interval" in " ".join(out.split())


@pytest.mark.slow
def test_draws_with_ways_of_their_own_have_the_closed_form_each():
    """Against the closed form of each draw, by hand."""
    request = asked()
    changes = request.worlds.changes[:3]
    request = replace(request, worlds=replace(request.worlds, changes=changes))
    by_hand, with_heroin = [], []
    for change in changes:
        world = change.apply(request.world)
        quiet = replace(world, traffic=replace(world.traffic, year_log_sd=0.0))
        loaded = expect(quiet).loaded
        by_hand.append(loaded.sum(axis=0))
        with_heroin.append(loaded[DRUGS.index(HEROIN)])
    wanted, heroin = (np.quantile(drawn, [0.05, 0.5, 0.95], axis=0) for drawn in (by_hand, with_heroin))
    for c, row in enumerate(prevalence(request)):
        assert row.loaded == pytest.approx(wanted[:, c])
        assert row.heroin == pytest.approx(heroin[:, c])
    assert (wanted[2] > 1.1 * wanted[0]).any()
