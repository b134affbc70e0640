"""Background traffic as arrays: the queues that a vehicle meets in a span of simulated traffic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.engine.compiled.arrays import Run
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints, Records
from flowsim.engine.compiled.rules import on_duty_from
from flowsim.engine.outcome import BYPASSED, CLOSED, REFERRED
from flowsim.jit import bare, kernel
from flowsim.units import HOURS_PER_WEEK
from flowsim.world.world import World

QUEUE = np.dtype([("first", "i8"), ("count", "i8"), ("first_free", "i8"), ("clocks", "i8"), ("first_edge", "i8")])
"""A queue of a span: arrivals, starts, and after each arrival one clock, or one for each lane with shifts."""

EDGES = 2
"""Edges in an hour, at which earlier arrivals are counted [1/h]."""

WEEK = float(HOURS_PER_WEEK)


class Recorded(NamedTuple):
    """Queues of the spans of a year of background traffic, one after another."""

    spans: Floats
    """Start and end of each span, dims (span, 2) [h]."""

    queues: Records
    """Queues of the stations and, after them, for the bays of the checkpoints, dims (span, station + checkpoint)."""

    arrivals: Floats
    """Arrivals in order, queue after queue, dims (arrival,) [h]."""

    starts: Floats
    """Starts of service in order, queue after queue, dims (arrival,) [h]."""

    free: Floats
    """Time at which a lane is free for a newcomer after each arrival, dims (clock,) [h]."""

    edges: npt.NDArray[np.int32]
    """Arrivals before each half hour of the span, queue after queue, to begin a search, dims (edge,) [1]."""


class Queue(NamedTuple):
    """Arrivals, starts and free times of one queue, in order of time."""

    arrivals: Floats
    """Arrivals in order, dims (arrival,) [h]."""

    starts: Floats
    """Starts of service in order, dims (arrival,) [h]."""

    free: Floats
    """Time at which a lane is free for a newcomer after each arrival, dims (clock,) [h]."""

    clocks: int
    """Clocks after each arrival: one, or with shifts one for each lane [1]."""


@dataclass(frozen=True)
class Span:
    """Queues of one span."""

    start: float
    """Start of the span, after the warm-up [h]."""

    end: float
    """End of the span [h]."""

    queues: tuple[Queue, ...]
    """Queues of the stations and, after them, for the bays of the checkpoints."""


def pooled(spans: Sequence[Span]) -> Recorded:
    """Pool the queues of several spans in one set of arrays.

    Parameters
    ----------
    spans
        Spans in order of time.
    """
    queues = [queue for span in spans for queue in span.queues]
    counts, sizes = [len(queue.arrivals) for queue in queues], [len(queue.free) for queue in queues]
    table = np.zeros(len(queues), QUEUE)
    table["count"], table["clocks"] = counts, [queue.clocks for queue in queues]
    table["first"], table["first_free"] = np.cumsum([0, *counts])[:-1], np.cumsum([0, *sizes])[:-1]
    names = ("arrivals", "starts", "free")
    none = np.empty(0)  # a world may lack every checkpoint
    arrivals, starts, free = (np.concatenate([none, *(getattr(queue, name) for queue in queues)]) for name in names)
    ends = np.array([(span.start, span.end) for span in spans])
    early = [_before_edges(queue, span) for span in spans for queue in span.queues]
    table["first_edge"] = np.cumsum([0, *(len(own) for own in early)])[:-1]
    before_edges = np.concatenate([np.empty(0, np.int32), *early])
    return Recorded(ends, table.reshape(len(spans), -1), arrivals, starts, free, before_edges)


def _before_edges(queue: Queue, span: Span) -> npt.NDArray[np.int32]:
    """Arrivals before each edge from the start of a span to its end [1]."""
    times = span.start + np.arange(math.ceil((span.end - span.start) * EDGES) + 2) / EDGES
    return np.searchsorted(queue.arrivals, times).astype(np.int32)


def record(
    world: World, visits: Records, *, checkpoint: Ints, station: Ints, looked: Floats, start: float, end: float
) -> Span:
    """Record the queues of simulated honest traffic, for use as background traffic.

    Parameters
    ----------
    world
        Simulated world.
    visits
        Their outcome, dims (visit,).
    checkpoint, station
        Checkpoint and station of each visit, dims (visit,).
    looked
        End of the primary inspection, NaN if there was none, dims (visit,) [h].
    start, end
        Recorded span, after the warm-up [h].
    """
    decision, arrival = visits["decision"], visits["arrival"]
    queued = np.flatnonzero(~np.isnan(arrival) & (decision != CLOSED) & (decision != BYPASSED))
    begun, ended = visits["start"][queued], looked[queued]
    # A vehicle that left uninspected, on a train, waits until its departure and never takes a lane.
    lost = np.isnan(begun) & ~np.isnan(visits["departure"][queued])
    begun, ended = np.where(lost, visits["departure"][queued], begun), np.where(lost, -np.inf, ended)
    lane = visits["lane"][queued].astype(np.int64)
    groups = [group for post in world.checkpoints for group in post.groups]
    queues = []
    for group, chosen in zip(groups, _split(station[queued], len(groups)), strict=True):
        here = queued[chosen]
        times = arrival[here], begun[chosen], ended[chosen]
        if group.shifts:
            queues.append(_with_shifts(*times, lane[chosen], lanes=group.lanes, end=end))
        else:
            queues.append(_queue(*times, servers=group.lanes, end=end))
    examined = np.flatnonzero(decision == REFERRED)
    for post, chosen in zip(world.checkpoints, _split(checkpoint[examined], len(world.checkpoints)), strict=True):
        here = examined[chosen]
        times = looked[here], visits["exam_start"][here], visits["exam_end"][here]
        queues.append(_queue(*times, servers=post.bays, end=end))
    return Span(start, end, tuple(queues))


def _split(where: Ints, count: int) -> list[Ints]:
    """Positions of the visits of each place, in order."""
    order = in_order(where, count)
    return np.split(order, np.searchsorted(where[order], np.arange(count + 1)))[1:-1]


def in_order(where: Ints, count: int) -> Ints:
    """Stable order by number; small numbers as 16-bit integers, for which numpy has the faster radix sort.

    Parameters
    ----------
    where
        Numbers below `count`, at least 0.
    count
        Largest number and one more [1].
    """
    small = where.astype(np.int16) if count < np.iinfo(np.int16).max else where
    order: Ints = np.argsort(small, kind="stable")
    return order


def _queue(arrival: Floats, start: Floats, finish: Floats, *, servers: int, end: float) -> Queue:
    """Queue of one group: waiting at the end counts as served then; leaving unserved has finish -infinity."""
    start, finish = np.where(np.isnan(start), end, start), np.where(np.isnan(finish), end, finish)
    # Those who arrive at one time stand in the order in which they are served.
    order = np.lexsort((start, arrival))
    return Queue(arrival[order], np.sort(start), _free(finish[order], np.full(servers, -np.inf)), 1)


def _with_shifts(arrival: Floats, start: Floats, finish: Floats, lane: Ints, *, lanes: int, end: float) -> Queue:
    """Queue of a group with shifts: the time at which each lane is free, after each arrival."""
    order = np.lexsort((start, arrival))
    finish = np.where(np.isnan(finish), end, finish)
    free = _free_lanes(finish[order], lane[order], np.full(lanes, -np.inf), float(end))
    return Queue(arrival[order], np.sort(np.where(np.isnan(start), end, start)), free, lanes)


@kernel
def _free(finish: Floats, busy: Floats) -> Floats:
    """Earliest time at which a server is free after each arrival."""
    # A loop: each step needs the clocks that the one before left (Kiefer and Wolfowitz 1955).
    free = np.empty(len(finish))
    for i in range(len(finish)):
        first = np.argmin(busy)
        # The maximum, as whoever left unserved has finish -infinity and occupies no server.
        busy[first] = max(busy[first], finish[i])
        free[i] = busy.min()
    return free


@kernel
def _free_lanes(finish: Floats, lane: Ints, busy: Floats, end: float) -> Floats:
    """Time at which each lane is free after each arrival, lane by lane; one still waiting at the end takes all."""
    free = np.empty(len(finish) * len(busy))
    for i in range(len(finish)):
        # Who never got a lane has none to occupy, unless still waiting: then all lanes are taken until the end.
        if lane[i] >= 0:
            busy[lane[i]] = finish[i]
        elif finish[i] > -math.inf:
            busy[:] = np.maximum(busy, end)
        free[i * len(busy) : (i + 1) * len(busy)] = busy
    return free


@bare
def span_at(recorded: Recorded, time: float) -> tuple[int, float]:
    """Span that represents a time, and the same hour of the same weekday in it [h]."""
    spans = recorded.spans
    nearest, least = 0, math.inf
    for number in range(len(spans)):
        if spans[number, 0] <= time < spans[number, 1]:
            return number, time
        distance = abs((spans[number, 0] + spans[number, 1]) / 2 - time)
        # Strictly less: of two spans equally near, the earlier.
        if distance < least:
            nearest, least = number, distance
    start, end = spans[nearest, 0], spans[nearest, 1]
    local = time - math.floor((time - start) / WEEK) * WEEK
    # Kept inside against rounding, and where a span is shorter than a week.
    return nearest, min(max(local, start), end)


@bare
def arrived_before(recorded: Recorded, span: int, queue: int, time: float) -> int:
    """Number of arrivals in a queue before a time of the span [1]."""
    row, times = recorded.queues[span, queue], recorded.arrivals
    edge = row.first_edge + math.floor((time - recorded.spans[span, 0]) * EDGES)
    low, high = recorded.edges[edge], recorded.edges[edge + 1]
    while low > 0 and times[row.first + low - 1] >= time:  # where the edge was rounded
        low -= 1
    while high < row.count and times[row.first + high] < time:
        high += 1
    return bisect(times, row.first, low, high, time)


@bare
def started_before(recorded: Recorded, first: int, arrived: int, time: float) -> int:
    """Number of arrivals with a start of service before a time [1]."""
    # Steps that double: few wait, so that the boundary is near the last arrival.
    low, high, step = arrived, arrived, 1
    while low > 0 and recorded.starts[first + low - 1] >= time:
        high = low - 1
        low = max(0, low - step)
        step *= 2
    return bisect(recorded.starts, first, low, high, time)


@bare
def bisect(times: Floats, first: int, low: int, high: int, time: float) -> int:
    """Position at which a time belongs between two positions of ordered times, before its equals [1]."""
    while low < high:
        middle = (low + high) // 2
        if times[first + middle] < time:
            low = middle + 1
        else:
            high = middle
    return low


@bare
def met(run: Run, recorded: Recorded, span: int, queue: int, time: float) -> tuple[int, float]:
    """Vehicles waiting before a newcomer to a queue, without those in service [1], and its wait [h]."""
    row = recorded.queues[span, queue]
    arrived = arrived_before(recorded, span, queue, time)
    if arrived == 0:
        # An empty queue has no clock; the first lane is the first on duty.
        wait = 0.0
        if queue < len(run.stations) and run.stations[queue].shifts > 0:
            wait = on_duty_from(run, queue, 0, time) - time
        return 0, wait
    waiting = arrived - started_before(recorded, row.first, arrived, time)
    # Without shifts the earliest clock is enough; with them the lane that is free first may be off duty.
    if queue >= len(run.stations) or run.stations[queue].shifts == 0:
        return waiting, max(0.0, recorded.free[row.first_free + arrived - 1] - time)
    best = math.inf
    for lane in range(run.stations[queue].lanes):
        free = recorded.free[row.first_free + row.clocks * (arrived - 1) + lane]
        best = min(best, on_duty_from(run, queue, lane, max(time, free)))
    return waiting, best - time
