"""The teaching worlds: each shows one mechanism alone, against what can be worked out by hand.

Shares are held to exact binomial intervals with an error probability of 1e-4 each; seeds are fixed.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, norm

import flowsim as fs
from flowsim.draws.consignments import draw_consignments
from flowsim.draws.honest import draw_honest
from flowsim.engine import reference
from flowsim.engine.expectation import expect
from flowsim.engine.outcome import BYPASSED, REFERRED, SEALED, SEIZED
from flowsim.traffic import VEHICLE_CLASSES

YEAR = 8760.0


def loads(name):
    """Consignments of five years, alone on the road, and what happens to them."""
    world = fs.load_world(name)
    fleet = draw_consignments(world, seed=3, replications=range(5), horizon=YEAR)
    return fleet, reference.run(world, fleet).outcome


def honest(name, *, hours):
    """Honest traffic from the first of January, and what happens to it."""
    world = fs.load_world(name)
    fleet = draw_honest(world, seed=3, year=0, start=0.0, end=hours)
    return fleet, reference.run(world, fleet).outcome


def assert_share(chosen, probability):
    low, high = binom.interval(1 - 1e-4, len(chosen), probability)
    assert low <= chosen.sum() <= high, (chosen.mean(), probability)


def test_seals_that_nobody_noticed_pass():
    fleet, outcome = loads("sealed_trucks")
    tir = fleet.vehicle_class == VEHICLE_CLASSES.index("tir")
    assert_share(outcome.decision[tir] == SEALED, 1 - (0.4 * 0.5 + 0.6 * 0.02))
    assert not (outcome.decision[~tir] == SEALED).any()


def test_of_two_trains_at_once_the_team_reaches_one():
    fleet, outcome = honest("trains", hours=480.0)
    rail = np.isin(fleet.vehicle_class, [VEHICLE_CLASSES.index(name) for name in ("train", "passenger")])
    arrival, start, departure = (getattr(outcome, name)[rail] for name in ("arrival", "start", "departure"))
    assert len(arrival) == 480
    times, which = np.unique(arrival, return_inverse=True)
    assert (np.bincount(which, weights=~np.isnan(start)) == 1).all()
    assert len(times) == 240
    assert departure == pytest.approx(arrival + 3.0)


def test_loads_go_round_by_their_mass():
    fleet, outcome = loads("ways_round")
    light = fleet.mass <= 8
    assert_share(outcome.decision[light] == BYPASSED, 0.3 + 0.2)
    assert_share(outcome.decision[~light] == BYPASSED, 0.3)
    assert_share(outcome.fate[outcome.decision == BYPASSED] == SEIZED, 0.1)


def test_no_train_goes_round():
    world = fs.load_world("trains")
    ways = fs.load_world("ways_round").bypasses
    fleet = draw_consignments(replace(world, bypasses=ways), seed=3, replications=[0], horizon=YEAR)
    outcome = reference.run(replace(world, bypasses=ways), fleet).outcome
    assert fleet.size > 50
    assert not (outcome.decision == BYPASSED).any()
    assert not expect(replace(world, bypasses=ways)).patrolled.any()


def test_a_dear_search_is_made_of_few():
    _, outcome = loads("liability")
    assert_share(outcome.decision == REFERRED, norm.sf(norm.isf(0.1) + math.log(5) - 1))
    _, cleared = honest("liability", hours=YEAR / 10)
    assert_share(cleared.decision == REFERRED, norm.sf(norm.isf(0.1) + math.log(5)))


def test_nobody_is_looked_at_before_eight():
    _, outcome = honest("opening_hours", hours=720.0)
    assert (outcome.start % 24 >= 8).all()
    assert (outcome.arrival % 24 < 8).any()


def test_half_of_the_alarms_of_a_campaign_of_leave_are_followed_up():
    fleet, outcome = loads("opening_hours")
    alarm = outcome.alarm == 1
    days = outcome.exam_end[alarm] / 24
    on_leave = (days >= 181) & (days < 243)
    seized = outcome.fate[fleet.vehicle_of_visit[alarm]] == SEIZED
    assert seized[~on_leave].all()
    assert_share(seized[on_leave], 0.5)


@pytest.mark.parametrize("name", ["sealed_trucks", "trains", "ways_round", "liability", "opening_hours"])
def test_a_teaching_world_runs_and_says_what_it_teaches(name):
    assert "for teaching" in fs.load_world(name).title
    results = fs.simulate(fs.load_world(name), replications=1, seed=1)
    assert float(results.entered_mass.sum()) > 0
