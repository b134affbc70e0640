"""Honest traffic: Poisson arrivals of each flow, day by day, in its daily, weekly and seasonal rhythm."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from flowsim import units
from flowsim.draws.fleet import HONEST, NO_POPULATION, Fleet, Ints
from flowsim.draws.itineraries import ways_of
from flowsim.draws.philox import Floats, RandomStream
from flowsim.draws.roster import Roster, blank, drawn
from flowsim.draws.visits import draw_availability, draw_years
from flowsim.world.traffic import VEHICLE_CLASSES, Flow
from flowsim.world.world import World

NOTHING: Mapping[str, float] = {
    "replication": 0,
    "drug": HONEST,
    "population": NO_POPULATION,
    "route": HONEST,
    "retained": False,
    "opened": False,
    "mass": 0.0,
    "log_mass": 0.0,
    "concealment": 0.0,
    "parent": -1,
    "part": 0,
    "store": 0.0,
    "ring": -1,
    "case_time": math.inf,
    "case_agency": -1,
    "protected": 0,
}
"""Fields of an honest vehicle."""

NEAR = 0.25
"""Interval of entry within which vehicles stand in the order of their flows [h]."""


def draw_honest(world: World, *, seed: int, year: int, start: float, end: float) -> Fleet:
    """Draw the honest vehicles of a span of entry times, with all their visits.

    Parameters
    ----------
    world, seed, year, start, end
        As in `honest_roster`.
    """
    return drawn(world, honest_roster(world, seed=seed, year=year, start=start, end=end))


def honest_roster(world: World, *, seed: int, year: int, start: float, end: float) -> Roster:
    """Draw the honest vehicles of a span of entry times.

    Parameters
    ----------
    world
        World of the vehicles.
    seed
        Seed of the run.
    year
        Year of traffic, the replication of its random numbers.
    start, end
        Span of entry times from the first of January [h]; a negative time lies in the year before.
    """
    known, flows = ways_of(world), world.traffic.flows
    first_day = math.floor(start / units.HOURS_PER_DAY)
    days = np.arange(first_day, math.ceil(end / units.HOURS_PER_DAY))
    entry, number, counts = _arrivals(world, flows, seed=seed, year=year, days=days, span=(start, end))
    # Vehicles that are near in time stand near in memory, which saves the engines much waiting for it.
    order = np.argsort(((entry - start) / NEAR).astype(np.uint16), kind="stable")
    way = np.repeat(np.arange(len(flows)), counts)[order]
    classes = np.array([VEHICLE_CLASSES.index(flow.vehicle_class) for flow in flows], dtype=np.int64)
    finish = np.array([world.network.index(flow.path[-1]) for flow in flows], dtype=np.int64)
    kinds = blank(0)
    same = {**NOTHING, "year": year}
    columns = {name: np.broadcast_to(np.array(value, kinds[name].dtype), len(way)) for name, value in same.items()}
    columns |= {"entry": entry[order], "number": number[order], "way": way}
    columns |= {"vehicle_class": classes[way], "finish": finish[way]}
    span: dict[str, Any] = {"seed": seed, "replications": [year]}
    return Roster(
        **columns,
        available=draw_availability(world, **span, first_day=first_day, days=len(days) + 1),
        first_day=first_day,
        year_effort=draw_years(world, **span)[1],
        seed=seed,
        ways=tuple(known.of_flow(flow) for flow in flows),
    )


def daily_means(world: World, flow: Flow, *, days: Ints) -> Floats:
    """Mean number of vehicles of a flow on each day, dims (day,) [1].

    Parameters
    ----------
    world
        World of the calendar.
    flow
        Honest traffic.
    days
        Days of the year, 0 being the first of January, dims (day,).
    """
    weekday, month = _calendar(world, days)
    weekly, seasonal = np.array(flow.weekly.weights)[weekday], np.array(flow.seasonal.weights)[month]
    means: Floats = flow.per_day * weekly * seasonal
    return means


def _calendar(world: World, days: Ints) -> tuple[Ints, Ints]:
    """Weekday and month of each day, from 0 on, dims (day,)."""
    dates = [date(world.year, 1, 1) + timedelta(days=int(day)) for day in days]
    weekday, month = [day.weekday() for day in dates], [day.month - 1 for day in dates]
    return np.array(weekday, dtype=np.int64), np.array(month, dtype=np.int64)


def _arrivals(
    world: World, flows: Sequence[Flow], *, seed: int, year: int, days: Ints, span: tuple[float, float]
) -> tuple[Floats, Ints, Ints]:
    """Time of entry and number of each vehicle, dims (vehicle,), and number of vehicles of each flow, dims (flow,)."""
    from flowsim.draws import honest_kernel

    weekday, month = _calendar(world, days)
    weekly = np.array([flow.weekly.weights for flow in flows]).reshape(-1, 7)[:, weekday]
    seasonal = np.array([flow.seasonal.weights for flow in flows]).reshape(-1, 12)[:, month]
    per_day = np.array([flow.per_day for flow in flows], dtype=np.float64)
    keys = np.array([RandomStream(seed, f"honest:{flow.name}").key for flow in flows], dtype=np.int64).reshape(-1, 2)
    counts = honest_kernel.counts_of_days(keys, per_day[:, None] * weekly * seasonal, days, year)
    even = np.array([flow.timetable for flow in flows], dtype=np.bool_)
    first_day = math.floor(span[0] / units.HOURS_PER_DAY)
    ends = (np.ceil(day * per_day - 0.5).astype(np.int64) for day in (first_day, first_day + len(days)))
    timetable = np.stack([np.where(even, number, 0) for number in ends], axis=-1)
    counts[even] = 0
    hours = np.array([[0.0, *flow.daily.weights] for flow in flows]).reshape(-1, 25).cumsum(axis=1)
    entry = np.empty(int(counts.sum() + np.diff(timetable).sum()))
    number = np.empty(len(entry), dtype=np.int64)
    when = (float(span[0]), float(span[1]))
    inside = honest_kernel.arrive(
        keys, counts, days, hours / hours[:, -1:], timetable, per_day, year, *when, entry, number
    )
    return entry[: inside.sum()], number[: inside.sum()], inside
