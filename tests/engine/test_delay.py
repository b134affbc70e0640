"""Delay of honest vehicles that are followed to the end of their stay: overloaded posts against closed forms."""

from __future__ import annotations

import heapq
import math
import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from small_worlds import CONSTANT, EXPONENTIAL, FLAT, device, lanes, post, road_world, with_traffic

from flowsim.draws.honest import draw_honest, honest_roster
from flowsim.draws.roster import joined
from flowsim.draws.visits import draw_availability
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.reference import background
from flowsim.engine.reference import engine as reference
from flowsim.results.honest_visits import VISITS, mean_delay
from flowsim.results.measures import pooled_delay
from flowsim.results.tally import tally_consignments
from flowsim.simulation.engines import FOLLOWED, SIMULATING, TrafficSpan, Years
from flowsim.simulation.simulate import Plan, simulate
from flowsim.studies.run import unfinished
from flowsim.units import HOURS_PER_WEEK, HOURS_PER_YEAR

WEEK = HOURS_PER_WEEK
WARM_UP = 168.0
SPAN = (0, 0.0, 168.0)

overloaded = pytest.mark.filterwarnings("ignore::flowsim.simulation.resources.OverloadWarning")


@pytest.fixture(params=list(SIMULATING))
def name(request):
    """Name of an engine that simulates."""
    return request.param


def at_the_gate(found):
    """Results at the checkpoint `gate`."""
    return found.isel(policy=0).sel(checkpoint="gate")


def years_of(world, **fields):
    return Years(world=world, **{"seed": 1, "horizon": HOURS_PER_YEAR} | fields)


def even(world):
    """World whose honest vehicles arrive at equal intervals."""
    return with_traffic(world, flows=tuple(replace(flow, timetable=True) for flow in world.traffic.flows))


MEAN = 0.8
"""Time at the lane [h], with which a whole number of vehicles arrives in a day."""


def d_d_1(load, *, mean=MEAN, warm_up=WARM_UP, **fields):
    """One lane where vehicles arrive and are looked at in constant intervals, in no company of consignments."""
    gate = post("gate", place="p0", law=CONSTANT, service_time=mean, **fields)
    return even(road_world(gate, per_day=24.0 * load / mean, places=1, inflow=0.0, warm_up=warm_up))


def waits(load, *, start, end):
    """Waits of those who arrive in a span at one lane that was empty: t (load - 1), t hours after the first."""
    after = np.arange((end + WARM_UP) * load / MEAN) * MEAN / load
    came = after + 0.5 * MEAN / load - WARM_UP
    return (after * max(load - 1.0, 0.0))[(came >= start) & (came < end)]


@pytest.mark.parametrize("load", [0.8, 1.2, 2.4, 4.8])
def test_delay_at_one_lane_with_constant_intervals_is_the_time_since_the_start_times_the_excess(name, load):
    posts, _ = SIMULATING[name].traffic(years_of(d_d_1(load)), SPAN)
    exact = MEAN + waits(load, start=0.0, end=WEEK)
    assert posts.vehicles[0] == len(exact) == len(posts.delays[0])
    np.testing.assert_allclose(np.sort(posts.delays[0]), exact, rtol=1e-9)
    assert posts.unfinished[0] == 0


@pytest.mark.slow
@overloaded
@pytest.mark.parametrize("load", [0.8, 1.2, 2.4, 4.8])
def test_results_of_weeks_and_of_a_year_together_have_that_delay_its_95_percent_point_and_the_queue(name, load):
    """The queue is that of the span: load - 1 vehicles more for each service time since the start."""
    world = d_d_1(load)
    exact = MEAN + waits(load, start=0.0, end=WEEK)
    queue = max(load - 1.0, 0.0) / MEAN * (WARM_UP + WEEK / 2)
    for plan in (Plan(replications=1, traffic_years=0.02), Plan(replications=1, traffic_years=1, horizon=WEEK)):
        start = plan.spans()[0][1]
        found = at_the_gate(simulate(world, engine=name, plan=plan))
        assert float(found.delay) == pytest.approx(exact.mean(), rel=1e-9), start
        assert float(found.delay_p95) == pytest.approx(np.quantile(exact, 0.95), rel=1e-9)
        assert float(found.queue_length) == pytest.approx(queue, abs=load)
        assert float(found.unfinished) == 0


def served(arrival, service, *, servers):
    """Departures from servers with one queue (Kiefer and Wolfowitz 1955)."""
    free = [-math.inf] * servers
    left = []
    for came, lasts in zip(arrival.tolist(), service.tolist(), strict=True):
        left.append(max(came, free[0]) + lasts)
        heapq.heapreplace(free, left[-1])
    return np.array(left)


@pytest.mark.slow
@overloaded
@pytest.mark.parametrize(
    ("name", "per_day", "servers", "hours"),
    [
        ("compiled", 576, 1, 353),
        ("compiled", 1152, 1, 958),
        ("compiled", 576, 2, 50),
        ("reference", 576, 1, 353),
        ("reference", 576, 2, 50),
    ],
    indirect=["name"],
)
def test_delay_of_overloaded_posts_is_that_of_all_who_came_and_not_half_a_week(name, per_day, servers, hours):
    """Random arrivals and times of six minutes at 240, 480 and 120 % of what the lanes can do, in two weeks.

    Work that arrives by t has the variance 2 rate mean^2 t, its mean over the second week that of 168 + 56 hours; a
    right program fails here with probability 1e-4 (|z| < 3.9).
    """
    gate = post("gate", place="p0", law=EXPONENTIAL, service_time=0.1, lanes=servers)
    world = road_world(gate, per_day=per_day, places=1, inflow=0.0, warm_up=WARM_UP)
    plan = Plan(replications=1, traffic_years=0.04)
    stays = []
    for year, start, end in plan.spans():
        fleet = draw_honest(world, seed=1, year=year, start=start - WARM_UP, end=end)
        order = np.argsort(fleet.entry, kind="stable")
        came, service = fleet.entry[order], fleet.service[order]
        stays.append((served(came, service, servers=servers) - came)[came >= start])
    found = at_the_gate(simulate(world, engine=name, plan=plan))
    delay = float(found.delay)
    assert delay == pytest.approx(np.concatenate(stays).mean(), rel=1e-9)
    spread = math.sqrt(2 * per_day / 24 * 0.1**2 * 224 / len(stays)) / servers
    assert abs(delay - hours) < 3.9 * spread
    assert float(found.delay_p95) == pytest.approx(np.quantile(np.concatenate(stays), 0.95), rel=1e-9)


def test_visits_that_last_longer_than_a_hundred_spans_are_a_share_and_no_delay_is_given(name):
    """Two vehicles an hour that take a hundred each: of those of a day half have left after a hundred days."""
    world = d_d_1(200.0, mean=100.0, warm_up=0.0)
    posts, _ = SIMULATING[name].traffic(years_of(world), (0, 0.0, 24.0))
    assert (posts.vehicles[0], posts.unfinished[0]) == (48, 24)
    assert FOLLOWED == 100
    assert np.isnan(posts.delays[0]).sum() == 24
    mean, error = mean_delay(posts.by_hour)
    assert np.isnan(mean[0, 12:]).all()
    assert np.isfinite(mean[0, :12]).all()
    assert np.isnan(error).all()


@overloaded
def test_a_post_whose_visits_are_not_over_has_a_share_and_no_delay_and_others_keep_theirs(name):
    """Loaded to two hundred times what its lane can do; the post behind it is not reached in the span."""
    gate = post("gate", place="p0", law=CONSTANT, service_time=200.0)
    world = even(road_world(gate, post("first", place="p1"), per_day=24.0, places=2, inflow=0.0))
    world = with_traffic(world, flows=(*world.traffic.flows, replace(world.traffic.flows[0], name="g", path=("p1",))))
    found = simulate(world, engine=name, plan=Plan(replications=1, traffic_years=0.02)).isel(policy=0)
    gate, first = found.sel(checkpoint="gate"), found.sel(checkpoint="first")
    assert float(gate.unfinished) == pytest.approx(0.5, abs=1 / 168)
    assert float(first.unfinished) == 0.0
    assert float(first.vehicles) == pytest.approx(24 * 365, rel=0.01)
    assert float(first.delay) > 0.0
    for variable in ("delay", "delay_p95", "delay_mcse"):
        assert np.isnan(gate[variable]), variable
    assert math.isnan(float(pooled_delay(found)))
    assert float(gate.queue_length) == pytest.approx(168 / 2, abs=1)
    (said,) = unfinished(found.expand_dims("policy"))
    assert re.match(r"Visits not over after 100 times the simulated time: (49|50)\.\d % at gate\. No delay is", said)


def crowded(**fields):
    """A crossing with too few bays, and an internal post, whose devices work on every other day."""
    tool = device("x", availability=0.5, service_time=1.5)
    given = {"devices": (tool,), "referral": 0.4, "lanes": 1}
    return road_world(
        post("border", place="p1", border="KG", type="crossing", **given),
        post("inside", place="p3", stop=2.0, **given),
        per_day=240.0,
        inflow=20_000.0,
        warm_up=24.0,
        **fields,
    )


def test_what_happens_after_the_span_is_what_a_run_without_end_gives(name):
    """Devices work on further days as they would if these had been drawn from the beginning."""
    world, end = crowded(), 72.0
    posts, _ = SIMULATING[name].traffic(years_of(world), (0, 0.0, end))
    own: dict[str, Any] = {"seed": 1, "replications": [0], "first_day": -1, "days": 60}
    fleet = draw_honest(world, seed=1, year=0, start=-24.0, end=end)
    fleet = replace(fleet, available=draw_availability(world, **own))
    assert 0.3 < fleet.available.mean() < 0.7
    outcome = reference.run(world, fleet).outcome
    counted = (outcome.arrival >= 0.0) & (outcome.arrival < end)
    late = counted & (outcome.departure > end + 24.0)
    assert late.sum() > 20
    for c in range(2):
        here = counted & (fleet.checkpoint == c)
        np.testing.assert_array_equal(posts.delays[c], (outcome.departure - outcome.arrival)[here])
        assert posts.false_alarms[c] == (outcome.alarm[here] > 0).sum()


def test_consignments_meet_queues_and_a_horizon_as_they_are_at_the_end_of_the_span():
    """What is followed after it changes neither the queues on record nor the ledger."""
    world = crowded()
    met = SIMULATING["compiled"].traffic(years_of(world), (0, 0.0, 72.0))[1]
    roster = honest_roster(world, seed=1, year=0, start=-24.0, end=72.0)
    short = compiled.Simulation(world, roster)
    short.among_one_another(until=72.0)
    plain = short.record(short.trail(), start=0.0, end=72.0)
    for one, other in zip(met.queues, plain.queues, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    fleet = draw_honest(world, seed=1, year=0, start=-24.0, end=72.0)
    outcome = reference.run(world, fleet, until=72.0).outcome
    theirs = SIMULATING["reference"].traffic(years_of(world), (0, 0.0, 72.0))[1]
    assert theirs == background.record(world, fleet, outcome, start=0.0, end=72.0)


def test_the_ledger_of_a_year_together_is_that_at_the_horizon(name):
    from flowsim.draws.consignments import consignment_roster

    world, horizon = crowded(), 96.0
    years = years_of(world, horizon=horizon)
    consignments, posts = SIMULATING[name].together(years, 0)
    everyone = joined(
        honest_roster(world, seed=1, year=0, start=-24.0, end=horizon),
        consignment_roster(world, seed=1, replications=[0], horizon=horizon, first_day=years.first_day),
    )
    simulation = compiled.Simulation(world, everyone)
    simulation.among_one_another(until=horizon)
    plain = tally_consignments(world, simulation.trail(), simulation.outcome, replications=1, horizon=horizon)
    for field in fields(plain):
        one, other = getattr(consignments, field.name), getattr(plain, field.name)
        if isinstance(one, dict):
            assert all(np.array_equal(one[key], other[key]) for key in other)
        else:
            assert np.array_equal(one, other), field.name
    assert consignments.underway.sum() > 0
    assert posts.unfinished.sum() == 0


def test_the_queue_is_the_mean_number_of_those_who_wait_within_the_span(name):
    """Counted at 20,000 times; lanes and bays, whether they came before the span or in it."""
    world, end = crowded(), 72.0
    posts, _ = SIMULATING[name].traffic(years_of(world), (0, 0.0, end))
    fleet = draw_honest(world, seed=1, year=0, start=-24.0, end=end)
    outcome = reference.run(world, fleet, until=end).outcome
    times = (np.arange(20_000) + 0.5) * end / 20_000

    def standing(since, until):
        """Number that wait, mean over the times."""
        known = ~np.isnan(since)
        gone = np.where(np.isnan(until), math.inf, until)[known]
        return ((np.sort(since[known]).searchsorted(times)) - np.sort(gone).searchsorted(times)).mean()

    for c in range(2):
        here = fleet.checkpoint == c
        begun = np.where(np.isnan(outcome.start), outcome.departure, outcome.start)
        looked = np.where(outcome.decision == 1, outcome.start + fleet.service, np.nan)
        count = standing(outcome.arrival[here], begun[here])
        count += standing(looked[here], np.where(outcome.decision == 1, outcome.exam_start, np.nan)[here])
        if c == 0:  # trains that leave from before a bay count as waiting for lanes alone
            assert posts.waiting[c] / end == pytest.approx(count, rel=0.002)
            assert count > 3


def test_queue_and_delay_obey_littles_law_where_every_queue_ends_with_the_day(name):
    """Nobody stands at midnight, so that the law holds to the last vehicle (Little 1961)."""
    day = replace(FLAT["daily"], weights=tuple(4.0 if 6 <= hour < 12 else 0.0 for hour in range(24)))
    gate = post("gate", place="p0", law=CONSTANT, service_time=0.2)
    world = road_world(gate, per_day=48.0, places=1, inflow=0.0, warm_up=24.0)
    world = with_traffic(world, flows=(replace(world.traffic.flows[0], daily=day),))
    found = at_the_gate(simulate(world, engine=name, plan=Plan(replications=1, traffic_years=0.04)))
    rate = float(found.vehicles) / HOURS_PER_YEAR
    assert float(found.queue_length) == pytest.approx(rate * (float(found.delay) - 0.2), rel=1e-9)
    assert float(found.queue_length) > 0.5


RUSH = (8.0, 16.0)
"""Hours of the day in which half as many again arrive as one lane can do; else half as many."""


def rushed():
    """Arrivals of four days at one lane that takes six minutes: 15 an hour in the rush, else 5."""
    slots = np.arange(0.0, 24.0)
    own = [hour + (np.arange(n) + 0.5) / n for hour in slots for n in [15 if RUSH[0] <= hour < RUSH[1] else 5]]
    return np.concatenate([24.0 * day + np.concatenate(own) for day in range(4)])


def test_delay_by_hour_at_one_lane_with_a_rush_follows_the_fluid_line(monkeypatch, name):
    """From 8 to 16 h the wait grows by half an hour an hour, then falls by half an hour, to midnight."""
    world = even(road_world(post("gate", place="p0", law=CONSTANT, service_time=0.1), places=1, inflow=0.0))

    def at_those_times(*args, **given):
        entry = rushed()
        roster = honest_roster(with_traffic(world, flows=(replace(flow, per_day=len(entry) / 4),)), **given)
        assert roster.size == len(entry)
        return replace(roster, entry=entry)

    flow = world.traffic.flows[0]
    monkeypatch.setattr("flowsim.simulation.engines.honest_roster", at_those_times)
    posts, _ = SIMULATING[name].traffic(years_of(world), (0, 0.0, 96.0))
    mean, _ = mean_delay(posts.by_hour)
    middle = np.arange(24.0) + 0.5
    fluid = np.select([middle < 8, middle < 16], [0.0, 0.5 * (middle - 8)], 0.5 * (24.0 - middle))
    np.testing.assert_allclose(mean[0], 0.1 + fluid, atol=0.06)
    np.testing.assert_array_equal(posts.by_hour[0, VISITS, 0], [4 * (15 if 8 <= h < 16 else 5) for h in range(24)])


@pytest.fixture(scope="module")
def two_ways():
    """A crossing with lanes in and out, and a post inside, met by cars and trucks in both directions."""
    groups = tuple(
        lanes(direction=way, service_time=0.1, referral=0.2, lanes=1 + (way == "out")) for way in ("in", "out")
    )
    border = post("border", place="p0", border="KG", type="crossing", groups=groups, devices=(device(),), bays=2)
    world = road_world(border, post("inside", place="p2", lanes=2), places=4, per_day=60.0, inflow=0.0, warm_up=48.0)
    flow = world.traffic.flows[0]
    flows = [replace(flow, name="in", direction="in"), replace(flow, name="cars", vehicle_class="car", direction="in")]
    flows += [replace(flow, name="out", direction="out", path=flow.path[::-1], per_day=120.0)]
    return with_traffic(world, flows=tuple(flows))


@pytest.mark.slow
def test_delay_by_class_direction_and_hour_and_their_errors_are_those_of_brute_force(name, two_ways):
    plan = Plan(replications=1, traffic_years=3 / 52, seed=4)
    found = simulate(two_ways, engine=name, plan=plan).isel(policy=0)
    rows = []
    for number, (year, start, end) in enumerate(plan.spans()):
        roster = honest_roster(two_ways, seed=4, year=year, start=start - 48.0, end=end)
        fleet = draw_honest(two_ways, seed=4, year=year, start=start - 48.0, end=end)
        outcome = reference.run(two_ways, fleet).outcome
        for k in np.flatnonzero((outcome.arrival >= start) & (outcome.arrival < end)):
            flow = two_ways.traffic.flows[roster.way[fleet.vehicle_of_visit[k]]]
            place = ("border", "inside")[fleet.checkpoint[k]]
            way = "both" if place == "inside" else flow.direction
            hour = int(outcome.arrival[k] % 24)
            rows.append((number, place, hour, flow.vehicle_class, way, outcome.departure[k] - outcome.arrival[k]))

    def expected(chosen):
        weeks = [[row[-1] for row in rows if row[0] == week and chosen(row)] for week in range(3)]
        visits, hours = np.array([len(week) for week in weeks]), np.array([sum(week) for week in weeks])
        mean = hours.sum() / visits.sum()
        return (
            visits.sum() * 52.142857142857146 / 3,
            mean,
            np.std(hours - mean * visits, ddof=1) / 3**0.5 / visits.mean(),
        )

    def got(names, **where):
        return [float(found[variable].sel(where)) for variable in names]

    by_class = ("vehicles_by_class", "delay_by_class", "delay_by_class_mcse")
    cells = [("border", "car", "in"), ("border", "truck", "in"), ("border", "truck", "out"), ("inside", "car", "both")]
    for cell in cells:
        values = got(by_class, **dict(zip(("checkpoint", "vehicle_class", "direction"), cell, strict=True)))
        assert values == pytest.approx(expected(lambda row, cell=cell: (row[1], *row[3:5]) == cell), rel=1e-9)
    assert got(by_class, checkpoint="border", vehicle_class="tir", direction="in") == pytest.approx(
        [0.0, math.nan, math.nan], nan_ok=True
    )
    for hour in (0, 7, 23):
        values = got(("vehicles_by_hour", "delay_by_hour", "delay_by_hour_mcse"), checkpoint="border", hour=hour)
        assert values == pytest.approx(expected(lambda row, hour=hour: row[1:3] == ("border", hour)), rel=1e-9)
    values = got(("vehicles", "delay", "delay_mcse"), checkpoint="border")
    assert values == pytest.approx(expected(lambda row: row[1] == "border"), rel=1e-9)


def test_parts_by_hour_and_by_class_add_up_to_the_whole(name, two_ways):
    found = simulate(two_ways, engine=name, plan=Plan(replications=1, traffic_years=0.04)).isel(policy=0)
    hours = found.delay * found.vehicles
    for part, dims in (("hour", ["hour"]), ("class", ["vehicle_class", "direction"])):
        vehicles, delay = found[f"vehicles_by_{part}"], found[f"delay_by_{part}"]
        np.testing.assert_allclose(vehicles.sum(dims), found.vehicles)
        np.testing.assert_allclose((vehicles * delay).sum(dims), hours)


def test_one_week_alone_gives_no_error(two_ways):
    found = simulate(two_ways, plan=Plan(replications=1, traffic_years=0.02))
    for variable in ("delay_mcse", "delay_by_hour_mcse", "delay_by_class_mcse"):
        assert np.isnan(found[variable]).all()
    assert found.delay.notnull().all()


@pytest.mark.slow
def test_the_error_over_weeks_is_as_large_as_means_of_runs_differ():
    """One lane loaded to 70 %, 60 runs of eight weeks in one season that are independent of one another.

    The mean squared error over the variance of the means, over which it is taken, has about 60 x 7 and 59 degrees of
    freedom: F lies between 0.52 and 2.17 with a probability of 0.999.
    """
    gate = post("gate", place="p0", service_time=0.7)
    world = road_world(gate, per_day=24.0, places=1, inflow=0.0, warm_up=24.0)
    means, squares = [], []
    for run in range(60):
        spans = [SIMULATING["compiled"].traffic(years_of(world, seed=run), (week, 0.0, WEEK))[0] for week in range(8)]
        mean, error = mean_delay(np.concatenate([span.by_hour for span in spans]).sum(-1))
        means.append(mean[0])
        squares.append(error[0] ** 2)
    assert 0.52 < np.mean(squares) / np.var(means, ddof=1) < 2.17


def test_times_of_the_follow_up_grow_and_end():
    years = years_of(d_d_1(0.8))
    ends = list(TrafficSpan(0, 0.0, WEEK).ends(years))
    assert ends == sorted(ends)
    assert ends[0] == WEEK + 12.0
    assert ends[-1] == WEEK + FOLLOWED * (WEEK + WARM_UP)
