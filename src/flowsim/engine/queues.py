"""Recorded queues: what a vehicle would have met that arrived at a checkpoint in a span of simulated traffic."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from flowsim import units
from flowsim.draws.fleet import Fleet
from flowsim.engine.outcome import REFERRED, Floats, Outcome
from flowsim.world import World


@dataclass(frozen=True)
class Queue:
    """What stood in one queue, by time."""

    arrivals: list[float]
    """Arrivals in order [h]."""

    starts: list[float]
    """Starts of service in order [h]."""

    free: list[float]
    """Time from which a lane is free for a newcomer once those who arrived before are served [h]."""

    def waiting(self, time: float) -> int:
        """Number waiting at a time, not counting those in service [1]."""
        return bisect_left(self.arrivals, time) - bisect_left(self.starts, time)

    def wait(self, time: float) -> float:
        """Time that a newcomer waits [h]."""
        before = bisect_left(self.arrivals, time)
        return max(0.0, self.free[before - 1] - time) if before else 0.0


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
        """Span that stands for a time, and the same hour of the same weekday in it [h].

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
    """Record the queues of simulated honest traffic.

    Parameters
    ----------
    world
        World that was simulated.
    fleet
        Vehicles that were simulated.
    outcome
        What happened to them.
    start, end
        Span that is recorded, after the warm-up [h].
    """
    groups, bays = {}, {}
    looked = outcome.start + fleet.service
    examined = outcome.decision == REFERRED
    for c, checkpoint in enumerate(world.checkpoints):
        here = fleet.checkpoint == c
        for g, group in enumerate(checkpoint.groups):
            chosen = here & (fleet.group == g) & ~np.isnan(outcome.arrival)
            times = outcome.arrival[chosen], outcome.start[chosen], looked[chosen]
            groups[c, g] = _queue(*times, servers=group.lanes, end=end)
        chosen = here & examined
        times = looked[chosen], outcome.exam_start[chosen], outcome.exam_end[chosen]
        bays[c] = _queue(*times, servers=checkpoint.bays, end=end)
    return Span(start, end, groups, bays)


def _queue(arrival: Floats, start: Floats, finish: Floats, *, servers: int, end: float) -> Queue:
    """Queue of one group: whoever had not been served by the end counts as served at the end."""
    start, finish = np.where(np.isnan(start), end, start), np.where(np.isnan(finish), end, finish)
    order = np.lexsort((start, arrival))
    last = [-np.inf] * servers
    free = []
    for time in finish[order].tolist():
        heapq.heappushpop(last, time)
        free.append(last[0])
    return Queue(arrival[order].tolist(), np.sort(start).tolist(), free)
