"""The study of mechanisms: what switching one off changes, by brute force; and what the command prints and writes."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from small_worlds import (
    MADE_UP,
    day_shifts,
    device,
    hub,
    post,
    road_world,
    ways_round,
    with_rings,
    with_seals,
    with_traffic,
)
from together import together

from flowsim.draws.honest import draw_honest
from flowsim.engine.expectation.engine import expect
from flowsim.engine.reference import engine as reference
from flowsim.policy.policy import BASELINE
from flowsim.policy.switch_off import NEUTRAL, SwitchOff, active, switched_off
from flowsim.results import files
from flowsim.simulation.simulate import Plan, simulate
from flowsim.studies.mechanisms import COLUMNS, differences
from flowsim.world.campaigns import Campaign
from flowsim.world.corruption import NO_CORRUPTION
from flowsim.world.intelligence import NO_INTELLIGENCE
from flowsim.world.seals import Seals

NAMES = tuple(NEUTRAL)
UNNOTICED = ("bypass", "campaigns", "cases", "tips", "hubs", "bribes", "protection", "market")
PLAN = Plan(replications=4, traffic_years=3 / 52, seed=3)
SEALS = Seals(
    green_lane=True,
    inspection=False,
    type="plain",
    opened=0.5,
    notice_plain=0.2,
    notice_electronic=0.8,
    false_notice=0.05,
)


def busy(**fields):
    """A world with every mechanism at work: a crossing, and an internal post with departures."""
    devices = (device("x"),)
    given = {"devices": devices, "referral": 0.4, "lanes": 2, "shifts": day_shifts(2, 8)}
    inside = given | {"stop": 0.5, "wagons": 0.6, "bribe": 0.5}
    posts = (
        post("border", place="p1", border="KG", type="crossing", **given),
        post("inside", place="p3", **inside),
        post("second", place="p4", devices=devices, referral=0.4, lanes=2),
    )
    campaign = Campaign(name="c", start="03-01", end="09-01", agencies=("Customs",), factor=0.3, **MADE_UP)
    rest = {"bypasses": ways_round(share=0.3, patrol=0.0), "campaigns": (campaign,)} | fields
    rest = {"hubs": (hub("p2", classes=(("tir", 1.0),)),)} | rest
    world = road_world(*posts, per_day=60.0, inflow=3000.0, classes=("tir",), **rest)
    world = with_seals(world, SEALS)
    world = with_rings(world, rings=3, cases=40.0, tip=0.1, bribe=0.3, protected=0.3)
    world = with_traffic(world, retained_share=0.2, city_weights=(("p5", 1.0),), market=0.3)
    return replace(world, detection=replace(world.detection, cost_ratio=0.5))


@pytest.fixture(scope="module")
def found():
    """Differences in that world, and the results behind them."""
    table, results = differences(busy(), plan=PLAN)
    return table.set_index("mechanism"), results


@together("name", NAMES)
def test_switching_a_mechanism_off_twice_is_switching_it_off_once(name):
    once = NEUTRAL[name](busy())
    assert once != busy()
    assert NEUTRAL[name](once) == once == switched_off(name).apply(busy())
    assert set(active(once)) == set(NAMES) - {name}


def test_without_any_mechanism_the_world_is_the_plain_one():
    world = busy()
    for name in NAMES:
        world = NEUTRAL[name](world)
    assert active(world) == ()
    assert active(busy()) == NAMES
    assert world.bypasses == world.campaigns == world.hubs == ()
    assert world.traffic.market == 0.0
    assert world.detection.corruption == NO_CORRUPTION
    assert replace(world.detection.intelligence, rings=1) == NO_INTELLIGENCE
    assert {world.bribe_at(post) for post in world.checkpoints} == {0.0}
    assert world.detection.cost_ratio == 1.0
    assert not world.detection.seals.green_lane
    assert {(g.shifts, g.stop, g.wagons) for p in world.checkpoints for g in p.groups} == {((), math.inf, 1.0)}


def test_a_mechanism_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"SwitchOff\.mechanism must be one of .*, got 'seal'; did you mean 'seals'"):
        SwitchOff(mechanism="seal")


@pytest.mark.slow
@together("name", NAMES, sample=4)
def test_the_differences_are_those_of_two_simulations(found, name):
    table, _ = found
    with_it, without = simulate(busy(), plan=PLAN), simulate(NEUTRAL[name](busy()), plan=PLAN)
    years = [ds.seized_mass.sel(drug="heroin").sum(["channel", "agency"]).values[0] for ds in (with_it, without)]
    row = table.loc[name]
    assert row["seized"] == pytest.approx(np.mean(years[0] - years[1]), rel=1e-12)
    assert row["mcse"] == pytest.approx(np.std(years[0] - years[1], ddof=1) / 2.0, rel=1e-12)
    assert row["relative"] == pytest.approx(years[0].sum() / years[1].sum() - 1.0, rel=1e-9)
    delays = [float((ds.delay * ds.vehicles).sum() / ds.vehicles.sum()) for ds in (with_it, without)]
    assert row["delay"] == pytest.approx(delays[0] - delays[1], abs=1e-12)
    expected = [expect(world).seized[0].sum() for world in (busy(), NEUTRAL[name](busy()))]
    assert row["expected"] == pytest.approx(expected[0] - expected[1], rel=1e-12)
    assert not row["neutral"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["seals", "shifts"])
def test_the_error_of_the_delay_is_that_over_weeks(found, name):
    parts = []
    for world in (busy(), NEUTRAL[name](busy())):
        hours, visits = np.array([spent(world, span) for span in PLAN.spans()]).T
        parts.append((hours - hours.sum() / visits.sum() * visits) / visits.mean())
    error = np.std(parts[0] - parts[1], ddof=1) / math.sqrt(3)
    assert found[0].loc[name, "delay_mcse"] == pytest.approx(error, rel=1e-9)
    assert error > 0


def spent(world, span):
    """Time at checkpoints and visits of the honest vehicles of one week."""
    _, start, end = span
    fleet = draw_honest(world, seed=PLAN.seed, year=0, start=start - world.warm_up, end=end)
    outcome = reference.run(world, fleet).outcome
    counted = (outcome.arrival >= start) & (outcome.arrival < end)
    return (outcome.departure - outcome.arrival)[counted].sum(), counted.sum()


@pytest.mark.slow
@together("name", NAMES, sample=4)
def test_traffic_that_is_the_same_is_simulated_once_and_the_results_stay_the_same(found, name):
    steps = set()
    policies = [BASELINE, switched_off(name)]
    both = simulate(busy(), policies=policies, plan=PLAN, progress=lambda step, done, total: steps.add(step))
    alone = simulate(busy(), policies=[switched_off(name)], plan=PLAN)
    for variable in alone.data_vars:
        if "seizure" not in alone[variable].dims:
            here = {"checkpoint": alone.checkpoint.values} if "checkpoint" in alone[variable].dims else {}
            for results in (both, found[1]):
                own = results[variable].sel(policy=[f"no {name}"], **here)
                xr.testing.assert_identical(own, alone[variable])
    again = f"no {name}: honest traffic" in steps
    assert again == (name not in UNNOTICED)


def test_what_honest_vehicles_take_no_notice_of_changes_no_delay(found):
    table, _ = found
    for name in UNNOTICED:
        assert table.loc[name, "delay"] == table.loc[name, "delay_mcse"] == 0.0
    assert table.loc["shifts", "delay"] != 0.0


def test_the_closed_form_knows_the_sign_of_what_weakens_a_control(found):
    """Ways round without patrols and campaigns with a factor below 1 let more through; a lower cost finds more."""
    expected = found[0]["expected"]
    assert expected["bypass"] < 0
    assert expected["campaigns"] < 0
    assert expected["liability"] > 0
    assert expected["departures"] < 0


def test_a_hub_that_stores_nothing_and_a_checkpoint_that_nobody_pays_are_neutral():
    idle = busy(hubs=(hub("p2", share=0.0),))
    assert "hubs" not in active(idle)
    honest = NEUTRAL["bribes"](busy())
    assert honest.checkpoints[1].bribe == 0.0
    assert honest.checkpoints[2].bribe is None
    assert "bribes" not in active(honest)


@pytest.mark.slow
@together("name", NAMES, sample=5)
def test_a_neutral_mechanism_changes_exactly_nothing_and_is_not_simulated(name):
    plan = Plan(replications=2, horizon=500.0)
    table, results = differences(NEUTRAL[name](busy()), plan=plan)
    row = table.set_index("mechanism").loc[name]
    assert row.pop("neutral")
    assert (row == 0.0).all()
    assert f"no {name}" not in results["policy"].values
    assert len(results["policy"]) == len(NAMES)


@pytest.mark.slow
def test_years_simulated_with_their_own_traffic_are_compared_too():
    plan = Plan(replications=2, traffic_years=2, horizon=300.0)
    table, _ = differences(busy(), plan=plan)
    row = table.set_index("mechanism").loc["shifts"]
    one, two = (simulate(world, plan=plan) for world in (busy(), NEUTRAL["shifts"](busy())))
    pairs = (one.seized_mass - two.seized_mass).sum(["drug", "channel", "agency"]).values
    assert row["seized"] == pytest.approx(pairs.mean(), abs=1e-9)
    assert row["delay_mcse"] > 0


@pytest.mark.slow
def test_one_week_and_one_year_have_no_errors():
    table, _ = differences(busy(), plan=Plan(replications=1, traffic_years=0.02, horizon=500.0))
    assert table["mcse"].isna().all()
    assert table["delay_mcse"].isna().all()


QUICK = ("study=mechanisms", "world=single_checkpoint", "horizon=600", "workers=1", "out=mine", "traffic_years=0.02")


@pytest.mark.slow
def test_the_command_prints_and_writes_the_table(command):
    code, out, err = command(*QUICK, "replications=3", "inspection.cost_ratio=0.8")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].startswith("One route with one checkpoint, for teaching: policy baseline, effect of each mechanism")
    assert lines[2].startswith("3 years of consignments, 1 week of honest traffic, seed 1; common random numbers")
    (row,) = (line for line in lines if line.startswith("liability "))
    table = pd.read_csv("mine/mechanisms.csv")
    assert tuple(table.columns) == COLUMNS
    assert list(table["mechanism"]) == list(NAMES)
    saved = table.set_index("mechanism").loc["liability"]
    shown = [float(text) for text in re.findall(r"[+-]?\d+\.\d+", row.replace("+-", " ").replace(",", ""))]
    values = [saved[name] for name in ("seized", "mcse", "relative", "expected", "delay")]
    values[2] *= 100
    assert shown == pytest.approx(values, abs=0.06)
    assert "change nothing: seals, departures, bypass, shifts, campaigns, cases," in out
    assert "The delay has no standard error, as 1 week of honest traffic is simulated" in out
    assert "Seizures are those of consignments of the first 600 h of a year." in out
    assert max(map(len, lines)) <= 120
    assert [line.rstrip() for line in lines] == lines
    results = files.open_results(Path("mine") / files.RUN)
    assert list(results["policy"].values) == ["baseline", "no liability"]
    assert "study=mechanisms" in results.attrs["command"]


@pytest.mark.slow
def test_the_command_says_that_all_is_neutral(command):
    code, out, _ = command(*QUICK, "replications=1")
    assert code == 0
    assert "change nothing: seals, departures, bypass, liability, shifts, campaigns," in out
    assert "closed form" not in out


@pytest.mark.slow
def test_a_difference_within_two_errors_is_named(command):
    quick = (*QUICK[:2], "horizon=200", *QUICK[3:])
    out = command(*quick, "replications=2", "inspection.seals.green_lane=true")[1]
    assert "Seizures within two standard errors of no change: seals." in out


@pytest.mark.parametrize(
    ("argument", "wording"),
    [
        ("engine=expectation", "engine must be one that simulates in this study, .*, got expectation"),
        ("policies=[baseline]", r"policies= has no effect in study=mechanisms; a key must be one of world, policy, .*"),
        ("study.mechanism=seals", "the key of study.mechanism=seals must be one of name, title, got 'mechanism'"),
        (
            "inspection.seals.type=electronc",
            "inspection.seals.type must .*, got electronc; did you mean 'electronic'.*",
        ),
    ],
)
def test_a_key_without_effect_is_refused_and_nothing_is_left(command, argument, wording):
    code, out, err = command(*QUICK[:2], "out=mine", argument)
    assert (code, out) == (1, "")
    assert re.fullmatch(f"flowsim: {wording}\n", err)
    assert not list(Path.cwd().iterdir())
