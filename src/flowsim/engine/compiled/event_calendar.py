"""Calendar of pending events: lists of vehicles by interval of time, each vehicle with at most one event."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowsim.engine.compiled.checkpoint_arrays import Floats, Records
from flowsim.jit import bare

Heads = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int32]

NONE = -1
"""End of a list."""

START, PER_HOUR, INTERVALS = range(3)
"""Positions in `dates`: start of the first interval [h], intervals per hour [1/h], and their number [1]."""

VISITS_PER_INTERVAL = 2
"""Visits per interval [1]."""

LEAST_INTERVALS, MOST_INTERVALS = 64, 2**22
"""Fewest and most intervals [1]."""

SHORT = 24
"""Largest number of events sorted by insertion [1]."""


def calendar(*, visits: int) -> tuple[Heads, Floats]:
    """Calendar without an interval, so that every event waits in the list of later ones.

    Returns
    -------
    tuple
        First vehicle in the list of each interval, the last in use for events later than all intervals; and the dates,
        dims (3,).
    """
    most = min(max(visits // VISITS_PER_INTERVAL, LEAST_INTERVALS), MOST_INTERVALS)
    return np.full(most + 1, NONE, np.int32), np.zeros(3)


@bare
def enter(heads: Heads, dates: Floats, vehicles: Records, v: int, event: int, time: float) -> None:
    """Enter the event of a vehicle at a time [h]."""
    vehicles[v].when = time
    vehicles[v].event = event
    # The position grows with the time, so events of a later interval are never earlier.
    position = min((time - dates[START]) * dates[PER_HOUR], dates[INTERVALS])
    interval = np.int64(position)
    vehicles[v].next = heads[interval]
    heads[interval] = v


@bare
def turn_over(heads: Heads, dates: Floats, vehicles: Records, least: float) -> int:
    """Spread the waiting events over new intervals, together no shorter than `least` [h]; number of intervals."""
    later = np.int64(dates[INTERVALS])
    waiting = heads[later]
    if waiting == NONE:
        return 0
    heads[later] = NONE
    # Walked twice: the number and span of the events, which set the width of an interval, are not known before.
    first, last, count, v = math.inf, -math.inf, 0, waiting
    while v != NONE:
        first, last, count = min(first, vehicles[v].when), max(last, vehicles[v].when), count + 1
        v = vehicles[v].next
    intervals = min(max(count, LEAST_INTERVALS), len(heads) - 1)
    # Never shorter than `least`, which also keeps the division finite when all events are at one time.
    dates[START], dates[PER_HOUR], dates[INTERVALS] = first, intervals / max(last - first, least), intervals
    v = waiting
    while v != NONE:
        following = vehicles[v].next
        enter(heads, dates, vehicles, v, vehicles[v].event, vehicles[v].when)
        v = following
    return intervals


@bare
def is_before(vehicles: Records, one: int, other: int) -> bool:
    """Order of the pending events of two vehicles at the same kind of server."""
    # Equal times are ordered by number, as in the reference engine.
    if vehicles[one].when == vehicles[other].when:
        return vehicles[one].ident < vehicles[other].ident
    return vehicles[one].when < vehicles[other].when


@bare
def sort(vehicles: Records, who: Positions, spare: Positions, count: int) -> None:
    """Sort the first vehicles of `who` by time and number of their events; `spare` is as long."""
    # Written out, as a bare kernel makes no arrays: short runs by insertion, then merged through `spare`.
    for begin in range(0, count, SHORT):
        for i in range(begin + 1, min(begin + SHORT, count)):
            v, j = who[i], i - 1
            while j >= begin and is_before(vehicles, v, who[j]):
                who[j + 1] = who[j]
                j -= 1
            who[j + 1] = v
    run = SHORT
    while run < count:
        for begin in range(0, count, 2 * run):
            middle, end = min(begin + run, count), min(begin + 2 * run, count)
            i, j = begin, middle
            for k in range(begin, end):
                if j == end or (i < middle and not is_before(vehicles, who[j], who[i])):
                    spare[k] = who[i]
                    i += 1
                else:
                    spare[k] = who[j]
                    j += 1
        for k in range(count):
            who[k] = spare[k]
        run *= 2
