"""Years of consignments in many worlds: what is remembered from one to the next changes no bit of any of them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from random_worlds import random_world

import flowsim as fs
from flowsim.api import load_policy
from flowsim.calibration.posterior import world_change
from flowsim.config.build import every_policy
from flowsim.draws import itineraries
from flowsim.results.tally import Masses
from flowsim.simulation.engines import SIMULATING, Years
from flowsim.simulation.replay import repeated
from flowsim.simulation.simulate import SimulatedTraffic
from flowsim.world.corruption import NO_CORRUPTION
from flowsim.world.detection import Effort

SEED, HORIZON = 5, 8760.0
SPAN = (0, 1008.0, 1176.0)
FIELDS = [field.name for field in fields(Masses)]


def traffic_of(world, engine="compiled"):
    return [SIMULATING[engine].traffic(Years(world=world, seed=SEED, horizon=HORIZON), SPAN)]


def alone(world, traffic, years, *, horizon=HORIZON, engine="compiled"):
    plain = Years(world=world, seed=SEED, horizon=horizon)
    own = SIMULATING[engine]
    return own.alone(plain, list(years), own.queues([span for _, span in traffic]))


def assert_same(one, other, what):
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=f"{what}: {name}")


@pytest.fixture(scope="module")
def bases():
    """Kazakhstan with heroin alone under two draws of the posterior, and with other assumed numbers."""
    world = fs.load_world("kazakhstan_2010")
    world = replace(world, traffic=world.traffic.of_heroin())
    posterior = fs.load_posterior()
    return [world_change(posterior, chain=chain, draw=7).apply(world) for chain in (0, 3)] + [world]


SOME = ("baseline", "caricc", "tir_inspection")
"""Policies that change cases and procedures, which are tried each time."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "policies",
    [
        pytest.param(lambda: [policy for policy in every_policy() if policy.name in SOME], id="some"),
        pytest.param(every_policy, id="every", marks=pytest.mark.slow),
    ],
)
def test_policies_give_the_bits_of_plain_simulations_under_every_draw(bases, policies):
    years = range(2, 4)
    again = repeated("compiled", bases, seed=SEED, horizon=HORIZON, years=years)
    known = SimulatedTraffic()
    seized = {}
    for policy in policies():
        first = policy.apply(bases[0])
        traffic = known.of(first)
        if not traffic:
            traffic = traffic_of(first)
            known.keep(first, traffic)
        for draw, base in enumerate(bases):
            world = policy.apply(base)
            found = again.masses(draw, world, traffic)
            assert_same(found, alone(world, traffic, years), f"{policy.name}, draw {draw}")
            seized[policy.name, draw] = found.seized.sum()
    assert len({round(value, 6) for value in seized.values()}) > len(seized) / 2


def variants(world):
    """A small world under other rules; the last two with other consignments and with other lanes."""
    detection = world.detection
    yield world
    yield replace(world, detection=replace(detection, sensitivity=3.0))
    yield replace(world, detection=replace(detection, targeting=detection.targeting + 1.0))
    yield replace(world, bypasses=(), campaigns=())
    yield replace(world, detection=replace(detection, effort=Effort(crossing=0.2, inside=0.9, south=0.1, almaty=1.0)))
    cases = replace(detection.intelligence, cases_knb=3.0 * detection.intelligence.cases_knb)
    yield replace(world, detection=replace(detection, intelligence=cases))
    yield replace(world, detection=replace(detection, intelligence=replace(cases, dismantled=1.0)))
    yield replace(world, detection=replace(detection, intelligence=replace(cases, cases_knb=0.0)))
    yield replace(world, detection=replace(detection, corruption=NO_CORRUPTION))
    yield world
    yield replace(world, traffic=replace(world.traffic, inflow=1.7 * world.traffic.inflow))
    posts = tuple(
        replace(post, groups=tuple(replace(group, service_time=1.5 * group.service_time) for group in post.groups))
        for post in world.checkpoints
    )
    yield replace(world, checkpoints=posts)


@pytest.mark.parametrize("number", [*range(8), *(pytest.param(k, marks=pytest.mark.slow) for k in range(8, 40))])
def test_random_worlds_are_remembered_to_the_bit(number):
    world = random_world(np.random.default_rng([number, 11]))
    world = replace(world, traffic=replace(world.traffic, inflow=20.0 * world.traffic.inflow))
    traffic, years, horizon = traffic_of(world), range(3), 2000.0
    again = repeated("compiled", [world, next(variants(world))], seed=SEED, horizon=horizon, years=years)
    for k, variant in enumerate(variants(world)):
        plain = alone(variant, traffic, years, horizon=horizon)
        for base in (1, 0):
            assert_same(again.masses(base, variant, traffic), plain, f"variant {k}")
    assert plain.entered.sum() > 0


def test_ways_that_are_no_longer_kept_change_nothing(bases):
    """Ways are kept of so many worlds; those of the first are held as long as they are needed."""
    policy = load_policy("narcotics_boundaries")
    again = repeated("compiled", bases[:1], seed=SEED, horizon=HORIZON, years=range(1))
    traffic = traffic_of(bases[0])
    again.masses(0, bases[0], traffic)
    itineraries._kept.cache_clear()
    world = policy.apply(bases[0])
    traffic = traffic_of(world)
    assert_same(again.masses(0, world, traffic), alone(world, traffic, range(1)), "new ways")


def test_the_reference_engine_simulates_each_world_anew():
    world = random_world(np.random.default_rng([3, 11]))
    traffic = traffic_of(world, "reference")
    again = repeated("reference", [world], seed=SEED, horizon=500.0, years=range(1))
    assert_same(
        again.masses(0, world, traffic),
        alone(world, traffic, range(1), horizon=500.0, engine="reference"),
        "reference engine",
    )


def test_vehicles_come_again_at_the_times_that_are_remembered(bases):
    """What is kept serves: hardly a queue is looked up twice when the same years are simulated again."""
    again = repeated("compiled", bases[:1], seed=SEED, horizon=HORIZON, years=range(1))
    traffic = traffic_of(bases[0])
    again.masses(0, bases[0], traffic)
    (among,) = again.known
    before = among.memory.table.copy()
    again.masses(0, bases[0], traffic)
    np.testing.assert_array_equal(before, among.memory.table)
    assert np.mean(before["waiting"] > 0) > 0.5
