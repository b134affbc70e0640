"""The compiled engine: the same bits as the reference engine, in small worlds at random and in whole results."""

from collections import Counter
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
import xarray as xr
from amounts import amount, rest_slow
from random_worlds import HORIZON, NAMED, average, exercised, random_world, rosters
from small_worlds import post, road_world
from trials import TRIALS, case

import flowsim as fs
from flowsim.draws.roster import drawn
from flowsim.engine.compiled import engine as compiled
from flowsim.policy.policy import BASELINE
from flowsim.policy.switch_off import switched_off
from flowsim.results.honest_visits import Posts
from flowsim.results.tally import ConsignmentTally
from flowsim.simulation.engines import SIMULATING, Years
from flowsim.simulation.simulate import Plan, simulate

WORLDS = {"whole": 100, "short_slabs": 60, "from_a_roster": 60, "cut": 60, "among_recorded_queues": 60}
"""Random worlds of each trial and kind."""

known = cache(case)

unfinished = pytest.mark.filterwarnings("ignore::flowsim.simulation.resources.OverloadWarning")
"""For worlds that are busier than they can be in the long run."""


@pytest.mark.slow
@pytest.mark.parametrize("lattice", [False, True], ids=["continuous", "lattice"])
@pytest.mark.parametrize("trial", TRIALS)
def test_random_worlds_come_out_as_in_the_reference_engine(trial, lattice):
    different = {n: TRIALS[trial](known(n, lattice=lattice)) for n in range(WORLDS[trial])}
    assert not {number: names for number, names in different.items() if names}


@pytest.mark.slow
def test_random_worlds_exercise_every_rule():
    """A twentieth of the vehicles or more meet each of the rules that are named; all counts are printed."""
    cases = [known(number, lattice=lattice) for number in range(60) for lattice in (False, True)]
    seen = sum((exercised(c.world, c.everyone.fleet, c.outcome) for c in cases), Counter())
    print(dict(seen), average(seen))
    assert min(average(seen)[name] for name in NAMED) > 0.05
    assert min(seen.values()) >= len(cases)


def test_no_vehicle_comes_to_a_further_checkpoint_sooner_than_the_shortest_travel():
    """Parts that leave a hub where their route begins too; world 391 has some that are fast."""
    for number in (*range(amount(60, quick=6)), 391):
        one = known(number, lattice=False)
        fleet = one.everyone.fleet
        further = np.ones(len(fleet.travel), dtype=bool)
        further[fleet.first[:-1][(fleet.parent < 0) & (np.diff(fleet.first) > 0)]] = False
        shortest = compiled.Simulation(one.world, one.everyone.undrawn).shortest_travel
        assert fleet.travel[further].min(initial=np.inf) >= shortest, number


def test_a_slab_longer_than_the_shortest_travel_is_refused():
    one = known(0, lattice=False)
    shortest = compiled.Simulation(one.world, one.everyone.fleet).shortest_travel
    with pytest.raises(
        ValueError, match=r"slab must be at most the shortest travel between two checkpoints, .* h, got"
    ):
        compiled.run(one.world, one.everyone.fleet, slab=1.01 * shortest)


def test_a_clock_that_cannot_resolve_the_shortest_travel_is_refused():
    world = road_world(post("a", place="p0"), post("b", place="p0"))
    world = replace(world, network=replace(world.network, travel=replace(world.network.travel, within_place=1e-18)))
    honest, _ = rosters(world, seed=1)
    with pytest.raises(
        ValueError, match=r"the shortest travel .* must be long enough to move a clock of hours, got 1e-18"
    ):
        compiled.run(world, honest)


def test_nobody_is_simulated_at_once():
    world = road_world(post("a", place="p0"), per_day=0.0)
    honest, _ = rosters(world, seed=1)
    assert honest.size == 0
    for vehicles in (honest, drawn(world, honest)):
        assert compiled.run(world, vehicles).outcome.fate.size == 0


def same(one, other):
    """Whether two tallies or queues have the same numbers to the last bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(same(mine, theirs) for mine, theirs in zip(one, other, strict=True))
    if isinstance(one, ConsignmentTally | Posts):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    return np.array_equal(one, other)


def by_both(step, years, *given, queues=None):
    """What both engines make of a span of traffic or of years of consignments."""
    engines = [SIMULATING[name] for name in ("reference", "compiled")]
    more = [()] * 2 if queues is None else [(part,) for part in queues]
    return [getattr(engine, step)(years, *given, *own) for engine, own in zip(engines, more, strict=True)]


@pytest.mark.parametrize(
    ("name", "days", "horizon", "together"),
    [
        ("two_routes", 7, 8760.0, 200.0),
        ("hub", 3, 8760.0, 400.0),
        pytest.param("kazakhstan_2010", 1, 1500.0, 12.0, marks=pytest.mark.slow),
    ],
)
def test_years_are_tallied_alike(name, days, horizon, together):
    world = fs.load_world(name)
    world = replace(world, warm_up=min(world.warm_up, 24.0))
    years = Years(world=world, seed=7, horizon=horizon)
    (posts, queues), (mine, arrays) = by_both("traffic", years, (0, 4368.0, 4368.0 + 24 * days))
    assert posts.vehicles.sum() > 200
    assert same(posts, mine)
    recorded = [SIMULATING[name].queues([span]) for name, span in (("reference", queues), ("compiled", arrays))]
    alone = by_both("alone", years, [0, 3], queues=recorded)
    assert alone[0].seized.sum() > 0
    assert same(*alone)
    (consignments, met), (others, others_met) = by_both("together", replace(years, horizon=together), 2)
    assert consignments.entered.sum() > 0
    assert same(consignments, others)
    assert same(met, others_met)


def random_results(number, **plan):
    """Datasets of both engines in a random world under two policies."""
    world = replace(random_world(np.random.default_rng([number, False])), warm_up=2 * HORIZON)
    policies = [BASELINE, switched_off("shifts")]
    run = [simulate(world, policies=policies, engine=name, plan=Plan(seed=number, **plan)) for name in SIMULATING]
    return world, policies, run


@unfinished
@pytest.mark.parametrize("number", rest_slow(range(5)))
def test_results_of_random_worlds_are_identical(number):
    for plan in ({"replications": 4, "horizon": 2000.0}, {"replications": 2, "traffic_years": 2, "horizon": 100.0}):
        _, _, (one, other) = random_results(number, **plan)
        xr.testing.assert_identical(one, other)
        assert float(one.entered_mass.sum()) > 0


def test_results_of_a_world_without_checkpoints_are_identical():
    world = replace(fs.load_world("two_routes"), checkpoints=())
    plan = Plan(replications=3, seed=1, traffic_years=0.01)
    one, other = (simulate(world, engine=name, plan=plan) for name in SIMULATING)
    xr.testing.assert_identical(one, other)
    assert float(one.seized_mass.sum()) == 0 < float(one.entered_mass.sum())


@pytest.mark.slow
@unfinished
def test_results_do_not_depend_on_workers():
    plan = {"replications": 2, "traffic_years": 2, "horizon": 200.0}
    world, policies, (one, other) = random_results(11, **plan)
    xr.testing.assert_identical(one, other)
    shared = simulate(world, policies=policies, plan=Plan(seed=11, workers=2, **plan))
    xr.testing.assert_identical(one, shared)
