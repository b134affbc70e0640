"""Waits at one checkpoint against the closed forms of queueing theory.

Each comparison is a two-sided z test on the means of 73 batches of five days, whose waits are nearly independent; it
fails by chance with probability below 1e-4 (|z| < 3.9), and the seeds are fixed.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from engines import ENGINES, SLOWER
from small_worlds import CONSTANT, EXPONENTIAL, device, post, road_world

from flowsim.draws.honest import draw_honest
from flowsim.world.traffic import Law

RATE = 10.0
"""Arrivals [1/h]."""

MEAN = 0.08
"""Service time at one lane [h]; the lane works 80 % of the time."""


@pytest.fixture(scope="module", params=SLOWER)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def simulated(engine):
    """Fleet and outcome of a year of honest traffic."""

    def run(world, *, seed=1):
        fleet = draw_honest(world, seed=seed, year=0, start=0.0, end=8760.0)
        return fleet, engine.run(world, fleet).outcome

    return run


def batch_means(times, values, batches=73):
    """Means of equal spans of time, the first left out as warm-up."""
    edges = np.linspace(0, 8760, batches + 1)
    which = np.searchsorted(edges, times, side="right")
    return np.array([values[which == b].mean() for b in range(2, batches + 1)])


def assert_mean(times, values, expected):
    """The mean agrees with theory within 3.9 standard errors, and the standard error is small enough to matter."""
    means = batch_means(times, values)
    error = means.std(ddof=1) / math.sqrt(len(means))
    assert error < 0.1 * expected
    assert abs(means.mean() - expected) < 3.9 * error


def erlang_c(servers, load):
    """Probability of waiting in M/M/c with an offered load in erlangs (Erlang 1917)."""
    terms = [load**k / math.factorial(k) for k in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


def test_wait_at_one_exponential_lane_is_that_of_m_m_1(simulated):
    world = road_world(post("a", place="p0"), per_day=24 * RATE, places=1)
    _, outcome = simulated(world)
    rho = RATE * MEAN
    assert_mean(outcome.arrival, outcome.start - outcome.arrival, rho * MEAN / (1 - rho))
    assert_mean(outcome.arrival, (outcome.start == outcome.arrival).astype(float), 1 - rho)
    longer = (outcome.start - outcome.arrival > 0.5).astype(float)
    assert_mean(outcome.arrival, longer, rho * math.exp(-(1 / MEAN - RATE) * 0.5))


@pytest.mark.parametrize("servers", [2, 5])
def test_wait_at_several_lanes_is_that_of_erlang_c(simulated, servers):
    mean = 0.85 * servers / RATE
    world = road_world(post("a", place="p0", lanes=servers, service_time=mean), per_day=24 * RATE, places=1)
    _, outcome = simulated(world, seed=servers)
    wait = erlang_c(servers, RATE * mean) / (servers / mean - RATE)
    assert_mean(outcome.arrival, outcome.start - outcome.arrival, wait)


@pytest.mark.parametrize(("law", "cv"), [(CONSTANT, 0.0), (Law(family="lognormal", cv=0.7), 0.7), (EXPONENTIAL, 1.0)])
def test_wait_at_one_lane_is_that_of_pollaczek_and_khinchine(simulated, law, cv):
    world = road_world(post("a", place="p0", law=law), per_day=24 * RATE, places=1)
    _, outcome = simulated(world, seed=3)
    rho = RATE * MEAN
    assert_mean(outcome.arrival, outcome.start - outcome.arrival, rho * MEAN * (1 + cv**2) / (2 * (1 - rho)))


def test_second_lane_in_tandem_waits_like_the_first_alone_by_burkes_theorem(simulated):
    world = road_world(post("a", place="p0"), post("b", place="p1", service_time=0.07), per_day=24 * RATE, places=2)
    fleet, outcome = simulated(world, seed=4)
    second = fleet.checkpoint == 1
    rho = RATE * 0.07
    wait = (outcome.start - outcome.arrival)[second]
    assert_mean(outcome.arrival[second], wait, rho * 0.07 / (1 - rho))


def test_bays_behind_a_lane_receive_a_thinned_poisson_stream_and_wait_like_m_m_1(simulated):
    inspection = {"referral": 0.25, "bays": 1, "service_time": 0.05}
    hand = device("hand", specificity=1.0, service_time=0.3, law=EXPONENTIAL)
    world = road_world(post("a", place="p0", devices=(hand,), **inspection), per_day=24 * RATE, places=1)
    world = replace(world, detection=replace(world.detection, handling_time=1e-9))
    fleet, outcome = simulated(world, seed=5)
    referred = ~np.isnan(outcome.exam_start)
    looked = (outcome.start + fleet.service)[referred]
    rho = 0.25 * RATE * 0.3
    assert_mean(looked, outcome.exam_start[referred] - looked, rho * 0.3 / (1 - rho))
    assert_mean(outcome.arrival, referred.astype(float), 0.25)
