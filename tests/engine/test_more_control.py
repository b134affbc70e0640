"""Under common random numbers more control lets no more through, where nobody queues and no route is changed.

Consignments meet nobody here, so no vehicle is waved through, and no clock matters. What holds for single ones then
holds for their mass. Devices and effort besides are in `verification/test_ledger.py`.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from amounts import amount
from engines import ENGINES, SLOWER, nobody
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_worlds import HORIZON, MANY
from small_worlds import device, post, road_world, with_rings, with_traffic, worlds

from flowsim.draws.consignments import draw_consignments
from flowsim.engine.expectation.engine import expect
from flowsim.engine.outcome import SEIZED
from flowsim.policy.agencies import ScaleCorruption
from flowsim.policy.devices import PlaceDevices, ScaleSearch
from flowsim.policy.policy import BASELINE, Policy
from flowsim.policy.procedures import ScaleReferral
from flowsim.simulation.simulate import Plan, simulate

some = settings(max_examples=amount(50, quick=8), deadline=None, database=None, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**31)
SCANNER = device("xray", intercept=0.3, slope=0.5, concealment=1.0)


@pytest.fixture(scope="module", params=SLOWER)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


def corrupt(world, *, bribe, protected):
    """World whose devices never fail, whose trains wait and whose lanes are on duty all day, with corrupt agencies."""

    def all_day(gate):
        groups = tuple(replace(group, stop=math.inf, shifts=()) for group in gate.groups)
        return replace(gate, groups=groups, devices=tuple(replace(tool, availability=1.0) for tool in gate.devices))

    posts = tuple(all_day(gate) for gate in world.checkpoints)
    steady = replace(world, checkpoints=posts, campaigns=(), devices=(SCANNER,))
    rings = with_rings(steady, rings=3, bribe=bribe, protected=protected)
    return with_traffic(rings, inflow=MANY * world.traffic.inflow)


def through(engine, world, *, seed):
    """Whether each consignment gets through, and its mass [kg]."""
    fleet = draw_consignments(world, seed=seed, replications=[0], horizon=HORIZON)
    return engine.run(world, fleet, queues=nobody(world)).outcome.fate != SEIZED, fleet.mass


def lets_no_more_through(engine, world, change, *, seed):
    after = change.apply(world)
    (before, mass), (now, same) = (through(engine, w, seed=seed) for w in (world, after))
    assert np.array_equal(mass, same)
    assert not (now & ~before).any()
    assert mass[now].sum() <= mass[before].sum()
    if world.traffic.inflow > 1:
        assert expect(after).seized.sum() >= expect(world).seized.sum() * (1 - 1e-12)


given_worlds = given(
    world=worlds(rings=False), bribe=st.floats(0, 1), protected=st.floats(0, 1), seed=SEEDS, strength=st.floats(0, 1)
)


@some
@given_worlds
def test_one_more_scanner_lets_no_more_through(engine, world, bribe, protected, seed, strength):
    world = corrupt(world, bribe=bribe, protected=protected)
    where = world.checkpoints[seed % len(world.checkpoints)].name
    change = PlaceDevices(device="xray", checkpoints=(where,), count=1.0, works=strength)
    lets_no_more_through(engine, world, change, seed=seed)


@some
@given_worlds
def test_more_sensitivity_lets_no_more_through(engine, world, bribe, protected, seed, strength):
    tools = post("more", place="p1", devices=(SCANNER,), referral=0.5)
    world = corrupt(replace(world, checkpoints=(*world.checkpoints, tools)), bribe=bribe, protected=protected)
    lets_no_more_through(engine, world, ScaleSearch(device="xray", odds=1.0 + 9.0 * strength), seed=seed)
    sharper = replace(world.detection, sensitivity=world.detection.sensitivity * (1.0 + 9.0 * strength))
    before, _ = through(engine, world, seed=seed)
    after, _ = through(engine, replace(world, detection=sharper), seed=seed)
    assert not (after & ~before).any()


@some
@given_worlds
def test_less_corruption_lets_no_more_through(engine, world, bribe, protected, seed, strength):
    world = corrupt(world, bribe=max(bribe, 0.01), protected=protected)
    lets_no_more_through(engine, world, ScaleCorruption(bribes=strength), seed=seed)
    lets_no_more_through(engine, world, ScaleCorruption(bribes=strength, protection=strength), seed=seed)


@some
@given_worlds
def test_more_referrals_let_no_more_through(engine, world, bribe, protected, seed, strength):
    world = corrupt(world, bribe=bribe, protected=protected)
    lets_no_more_through(engine, world, ScaleReferral(factor=1.0 + strength), seed=seed)


def test_where_vehicles_are_waved_through_one_more_scanner_stops_more_on_average_and_not_in_every_year():
    """The mean lies six standard errors above 0: without an effect one seed in a billion would show that."""
    busy = {"referral": 0.3, "wave_through": 1, "service_time": 0.12, "bays": 4}
    dogs = (device("dog", service_time=0.3),)
    posts = (post("a", place="p0", devices=dogs, **busy), post("b", place="p1", devices=dogs, **busy))
    world = replace(road_world(*posts, per_day=100.0, inflow=400.0, places=3), devices=(SCANNER,))
    change = PlaceDevices(device="xray", checkpoints=("a",), count=1.0, works=1.0)
    policy = Policy(name="scanner", title="One more scanner", changes=(change,))

    def effects(engine, years):
        plan = Plan(replications=years, traffic_years=0.08, horizon=2000.0, seed=3)
        found = simulate(world, policies=[BASELINE, policy], engine=engine, plan=plan).seized_mass.sel(drug="heroin")
        totals = found.sum(["channel", "agency"])
        return (totals.sel(policy="scanner") - totals.sel(policy="baseline")).values

    effect = effects("compiled", 400)
    assert effect.mean() > 6 * effect.std(ddof=1) / math.sqrt(len(effect))
    assert 0.01 < (effect < 0).mean() < 0.1
    np.testing.assert_array_equal(effects("reference", 10), effect[:10])
