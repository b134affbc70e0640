"""Background traffic: the queues that a vehicle meets in a span of simulated traffic."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from flowsim import units
from flowsim.draws.fleet import Fleet
from flowsim.engine.outcome import BYPASSED, CLOSED, REFERRED, Floats, Ints, Outcome
from flowsim.world import shifts
from flowsim.world.checkpoint import LaneGroup
from flowsim.world.world import World


@dataclass(frozen=True)
class Queue:
    """Arrivals, starts and free times of one queue, in order of time."""

    arrivals: list[float]
    """Arrivals in order [h]."""

    starts: list[float]
    """Starts of service in order [h]."""

    free: list[float]
    """Time at which a lane is free for a newcomer after each arrival [h]."""

    group: LaneGroup | None = None
    """Lanes with shifts; `free` then holds the time of each lane for each arrival in turn."""

    def waiting(self, time: float) -> int:
        """Number waiting at a time, not counting those in service [1]."""
        return bisect_left(self.arrivals, time) - bisect_left(self.starts, time)

    def wait(self, time: float) -> float:
        """Wait of a newcomer [h]."""
        before = bisect_left(self.arrivals, time)
        if self.group is not None:
            lanes = self.group.lanes
            free = self.free[lanes * (before - 1) : lanes * before] if before else [-math.inf] * lanes
            return min(next_on_duty(self.group, lane, time=max(time, free[lane])) for lane in range(lanes)) - time
        return max(0.0, self.free[before - 1] - time) if before else 0.0


def next_on_duty(group: LaneGroup, lane: int, *, time: float) -> float:
    """First time from a time on with a lane on duty [h]."""
    for _ in range(len(group.shifts) + 1):
        if lane < shifts.on_duty(group.shifts, group.lanes, time=time):
            return time
        time = shifts.next_change(group.shifts, time=time)
    return math.inf


@dataclass(frozen=True)
class Span:
    """Queues of one span of simulated traffic."""

    start: float
    """Start of the span, after the warm-up [h]."""

    end: float
    """End of the span [h]."""

    groups: dict[tuple[int, int], Queue]
    """Queue of each lane group, by checkpoint and group."""

    bays: dict[int, Queue]
    """Queue for the bays of each checkpoint."""


@dataclass(frozen=True)
class Queues:
    """Queues of all spans of a year of traffic."""

    spans: tuple[Span, ...]
    """Spans in order of time."""

    def at(self, time: float) -> tuple[Span, float]:
        """Span that represents a time, and the same hour of the same weekday in it [h].

        Parameters
        ----------
        time
            Time from the first of January [h].
        """
        for span in self.spans:
            if span.start <= time < span.end:
                return span, time
        span = min(self.spans, key=lambda s: abs((s.start + s.end) / 2 - time))
        weeks = np.floor((time - span.start) / units.HOURS_PER_WEEK)
        local = time - float(weeks) * units.HOURS_PER_WEEK
        return span, min(max(local, span.start), span.end)


def record(world: World, fleet: Fleet, outcome: Outcome, *, start: float, end: float) -> Span:
    """Record the queues of simulated honest traffic, for use as background traffic.

    Parameters
    ----------
    world
        Simulated world.
    fleet
        Simulated vehicles.
    outcome
        Their outcome.
    start, end
        Recorded span, after the warm-up [h].
    """
    groups, bays = {}, {}
    looked = outcome.start + fleet.service
    examined = outcome.decision == REFERRED
    queued = ~np.isnan(outcome.arrival) & (outcome.decision != CLOSED) & (outcome.decision != BYPASSED)
    lost = np.isnan(outcome.start) & ~np.isnan(outcome.departure)
    begun = np.where(lost, outcome.departure, outcome.start)
    ended = np.where(lost, -np.inf, looked)
    for c, checkpoint in enumerate(world.checkpoints):
        here = fleet.checkpoint == c
        for g, group in enumerate(checkpoint.groups):
            chosen = here & (fleet.group == g) & queued
            times = outcome.arrival[chosen], begun[chosen], ended[chosen]
            if group.shifts:
                groups[c, g] = _queue_with_shifts(*times, outcome.lane[chosen], group=group, end=end)
            else:
                groups[c, g] = _queue(*times, servers=group.lanes, end=end)
        chosen = here & examined
        times = looked[chosen], outcome.exam_start[chosen], outcome.exam_end[chosen]
        bays[c] = _queue(*times, servers=checkpoint.bays, end=end)
    return Span(start, end, groups, bays)


def _queue(arrival: Floats, start: Floats, finish: Floats, *, servers: int, end: float) -> Queue:
    """Queue of one group: waiting at the end counts as served then; leaving unserved has finish -infinity."""
    start, finish = np.where(np.isnan(start), end, start), np.where(np.isnan(finish), end, finish)
    order = np.lexsort((start, arrival))
    last = [-np.inf] * servers
    free = []
    for time in finish[order].tolist():
        heapq.heappushpop(last, time)
        free.append(last[0])
    return Queue(arrival[order].tolist(), np.sort(start).tolist(), free)


def _queue_with_shifts(
    arrival: Floats, start: Floats, finish: Floats, lane: Ints, *, group: LaneGroup, end: float
) -> Queue:
    """Queue of a group with shifts: the time at which each lane is free, after each arrival."""
    order = np.lexsort((start, arrival))
    finish = np.where(np.isnan(finish), end, finish)
    last = [-math.inf] * group.lanes
    free: list[float] = []
    for server, time in zip(lane[order].tolist(), finish[order].tolist(), strict=True):
        if server >= 0:
            last[server] = time
        elif time > -math.inf:
            last = [max(busy, end) for busy in last]
        free += last
    begun = np.sort(np.where(np.isnan(start), end, start)).tolist()
    return Queue(arrival[order].tolist(), begun, free, group)
