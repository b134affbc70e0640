"""Honest visits and their duration, summed by checkpoint, hour, class and direction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.draws.fleet import HONEST, Bools, Ints
from flowsim.draws.philox import Floats
from flowsim.engine.compiled.visited import Travelled
from flowsim.engine.outcome import REFERRED, Outcome
from flowsim.jit import embedded, kernel
from flowsim.world.checkpoint import WAYS
from flowsim.world.traffic import VEHICLE_CLASSES
from flowsim.world.world import World, way_across

VISITS, HOURS = range(2)
"""Columns of the sums by span: number of visits [1] and their total duration [h]."""


@dataclass(frozen=True, kw_only=True)
class Posts:
    """Honest traffic at each checkpoint over simulated spans."""

    hours: float
    """Length of the spans [h]."""

    vehicles: Floats
    """Visits that began within a span, dims (checkpoint,) [1]."""

    referrals: Floats
    """Referrals among them, dims (checkpoint,) [1]."""

    false_alarms: Floats
    """Alarms on them, dims (checkpoint,) [1]."""

    unfinished: Floats
    """Visits among them not over when the simulation ended, dims (checkpoint,) [1]."""

    waiting: Floats
    """Time spent waiting within the spans, regardless of arrival, dims (checkpoint,) [h]."""

    delays: tuple[Floats, ...]
    """Duration of each visit, NaN if it was not over, one array per checkpoint [h]."""

    by_hour: Floats
    """Number and total duration of visits, by hour of the day of arrival, dims (span, 2, checkpoint, hour)."""

    by_class: Floats
    """The same by class of vehicle and direction, dims (span, 2, checkpoint, vehicle class, direction)."""


SUMS = ("vehicles", "referrals", "false_alarms", "unfinished", "waiting")
"""Fields of `Posts` that add up over spans."""


def directions(world: World) -> Ints:
    """Direction of each flow at its stops, as an index in `WAYS`; dims (flow, stop).

    Parameters
    ----------
    world
        World with its flows.
    """
    flows = world.traffic.flows
    stops = [world.stops_of_flow(flow) for flow in flows]
    table = np.full((len(flows), max(map(len, stops), default=0)), -1, dtype=np.int64)
    for number, (flow, own) in enumerate(zip(flows, stops, strict=True)):
        for k, stop in enumerate(own):
            border = world.checkpoints[stop.checkpoint].border
            where: dict[str, Any] = {"position": stop.place, "length": len(flow.path), "direction": flow.direction}
            table[number, k] = WAYS.index(way_across(border, **where))
    return table


def tally_posts(world: World, fleet: Travelled, outcome: Outcome, *, flow: Ints, start: float, end: float) -> Posts:
    """Sum the visits of honest vehicles that arrived at a checkpoint within a span.

    Each visit counts whole, so the simulation continues after the span until every vehicle that arrived within it has
    left. Visits cut off by an earlier end are counted, with a duration of NaN.

    Parameters
    ----------
    world, fleet, outcome
        World, its fleet and the simulated outcome.
    flow
        Index of the flow of each honest vehicle, dims (vehicle,).
    start, end
        Span of arrivals [h].
    """
    count = len(world.checkpoints)
    sums = {name: np.zeros(count) for name in SUMS}
    by_hour = np.zeros((2, count, int(units.HOURS_PER_DAY)))
    by_class = np.zeros((2, count, len(VEHICLE_CLASSES), len(WAYS)))
    honest = fleet.drug == HONEST
    first_of = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(_count(fleet.first, honest, fleet.checkpoint, outcome.arrival, start, end, count), out=first_of[1:])
    delay = np.empty(first_of[-1])
    _add_up(
        fleet.first,
        honest,
        fleet.vehicle_class,
        flow,
        directions(world),
        fleet.checkpoint,
        fleet.service,
        outcome.arrival,
        outcome.start,
        outcome.exam_start,
        outcome.departure,
        outcome.decision,
        outcome.alarm,
        float(start),
        float(end),
        first_of[:-1].copy(),
        delay,
        by_hour,
        by_class,
        sums["vehicles"],
        sums["referrals"],
        sums["false_alarms"],
        sums["unfinished"],
        sums["waiting"],
    )
    delays = tuple(np.split(delay, first_of[1:-1])) if count else ()
    return Posts(hours=end - start, **sums, delays=delays, by_hour=by_hour[None], by_class=by_class[None])


@kernel
def _count(first: Ints, honest: Bools, checkpoint: Ints, arrival: Floats, start: float, end: float, count: int) -> Ints:
    """Honest visits beginning within a span, dims (checkpoint,) [1]."""
    found = np.zeros(count, np.int64)
    for v in range(len(honest)):
        if honest[v]:
            for k in range(first[v], first[v + 1]):
                found[checkpoint[k]] += start <= arrival[k] < end
    return found


@kernel
def _add_up(
    first: Ints,
    honest: Bools,
    vehicle_class: Ints,
    flow: Ints,
    directions: Ints,
    checkpoint: Ints,
    service: Floats,
    arrival: Floats,
    begin: Floats,
    exam: Floats,
    departure: Floats,
    decision: npt.NDArray[Any],
    alarm: npt.NDArray[Any],
    start: float,
    end: float,
    place: Ints,
    delay: Floats,
    by_hour: Floats,
    by_class: Floats,
    vehicles: Floats,
    referrals: Floats,
    false_alarms: Floats,
    unfinished: Floats,
    waiting: Floats,
) -> None:
    """Sum the honest visits; `place` is the next free index of each checkpoint in `delay`.

    A vehicle with neither service nor departure still waits, so NaN stands for a time after the span.
    """
    day = units.HOURS_PER_DAY
    for v in range(len(honest)):
        if not honest[v]:
            continue
        for k in range(first[v], first[v + 1]):
            came, left, c = arrival[k], departure[k], checkpoint[k]
            if math.isnan(came):
                break
            is_referred = decision[k] == REFERRED
            served = left if math.isnan(begin[k]) else begin[k]
            waiting[c] += _within(came, served, start, end)
            if is_referred:
                waiting[c] += _within(begin[k] + service[k], exam[k], start, end)
            if came < start or came >= end:
                continue
            spent = left - came
            hour = min(int(came - math.floor(came / day) * day), by_hour.shape[2] - 1)
            way = directions[flow[v], k - first[v]]
            vehicles[c] += 1
            referrals[c] += is_referred
            false_alarms[c] += alarm[k] > 0
            unfinished[c] += math.isnan(left)
            by_hour[VISITS, c, hour] += 1
            by_hour[HOURS, c, hour] += spent
            by_class[VISITS, c, vehicle_class[v], way] += 1
            by_class[HOURS, c, vehicle_class[v], way] += spent
            delay[place[c]] = spent
            place[c] += 1


@embedded
def _within(since: float, until: float, start: float, end: float) -> float:
    """Part of a wait within a span [h]; NaN marks a wait that outlasts the span."""
    last = end if math.isnan(until) else min(until, end)
    return max(0.0, last - max(since, start))


def pool_posts(parts: Sequence[Posts]) -> Posts:
    """Merge the visits of several spans.

    Parameters
    ----------
    parts
        Posts of each span, at least one.
    """
    sums = {name: np.sum([getattr(part, name) for part in parts], axis=0) for name in SUMS}
    delays = tuple(np.concatenate(columns) for columns in zip(*(part.delays for part in parts), strict=True))
    spans: dict[str, Floats] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in ("by_hour", "by_class")
    }
    return Posts(hours=sum(part.hours for part in parts), **sums, delays=delays, **spans)


def mean_delay(spans: Floats) -> tuple[Floats, Floats]:
    """Mean duration of a visit, and its Monte Carlo standard error over spans of traffic.

    The mean is a ratio of sums over spans, with the standard error of a ratio of means (Cochran 1977, equation 2.46,
    without correction for a finite population). Spans are taken as independent, so seasonal differences contribute to
    it.

    Parameters
    ----------
    spans
        Number and total duration of visits, dims (span, 2, ...).

    Returns
    -------
    tuple of ndarray
        Mean and standard error, each with dims (...) [h]; NaN without a visit or with an unfinished one; the standard
        error is NaN for a single span.
    """
    visits, hours, count = spans[:, VISITS], spans[:, HOURS], len(spans)
    total = visits.sum(0)
    mean = np.divide(hours.sum(0), total, out=np.full(total.shape, np.nan), where=total > 0)
    if count == 1:
        return mean, np.full(total.shape, np.nan)
    spread = (hours - mean * visits).std(axis=0, ddof=1)
    return mean, np.divide(spread * math.sqrt(count), total, out=np.full(total.shape, np.nan), where=total > 0)


def per_year(posts: Posts) -> float:
    """Factor from counts in a span to counts in a year [1].

    Parameters
    ----------
    posts
        Counts of the spans.
    """
    return units.HOURS_PER_YEAR / posts.hours
