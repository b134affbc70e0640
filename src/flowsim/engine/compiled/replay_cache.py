"""What loads met on their ways under recorded queues, kept for when they come there again at the same time."""

from __future__ import annotations

import numpy as np

from flowsim.engine.compiled import visit_variates
from flowsim.engine.compiled.arrays import Run
from flowsim.engine.compiled.background import Recorded, met, span_at
from flowsim.engine.compiled.checkpoint_arrays import Records
from flowsim.jit import bare

MET = np.dtype(
    [
        ("travel", "f8"),
        ("service", "f8"),
        ("score", "f8"),
        ("time", "f8"),
        ("wait", "f8"),
        ("other_time", "f8"),
        ("other_wait", "f8"),
        ("looked", "f8"),
        ("wait_for_bay", "f8"),
        ("waiting", "i4"),
        ("other_waiting", "i4"),
    ],
    align=True,
)
"""One stop of a vehicle: the travel to it, the time of its first look there, its risk score without what is added for a
load, for two times of arrival how long it waits then and one more than how many wait before it, and for one time at
which the first look ended how long it waits for a bay. What is not known is 0.

Two times, because many a load is examined, or goes round a checkpoint, under some rules and not under others.
"""

NO_MEMORY = np.zeros(0, MET)
"""Memory of vehicles of which nothing is kept."""

NOT_KEPT = -1
"""Row of the memory for a stop that is not kept."""


def nothing_met(stops: int) -> Records:
    """Memory in which nothing is known yet.

    Parameters
    ----------
    stops
        Number of stops, one more for each vehicle than it has checkpoints on its way.
    """
    return np.zeros(stops, MET)


@bare
def travel(run: Run, memory: Records, row: int, v: int, k: int) -> float:
    """Travel time to the next stop of a vehicle, or to its end [h]."""
    if row < 0:
        return visit_variates.travel(run, v, k)
    if memory[row].travel == 0.0:
        memory[row].travel = visit_variates.travel(run, v, k)
    hours: float = memory[row].travel
    return hours


@bare
def first_look(run: Run, memory: Records, row: int, v: int, k: int, post: int, station: int) -> tuple[float, float]:
    """Time of the first look [h], and the risk score [1]."""
    if row < 0:
        return visit_variates.first_look(run, v, k, post, station)
    if memory[row].service == 0.0:
        memory[row].service, memory[row].score = visit_variates.unshifted_look(run, v, post, station)
    return memory[row].service, memory[row].score + visit_variates.shift(run, v)


@bare
def queue(run: Run, recorded: Recorded, memory: Records, row: int, station: int, time: float) -> tuple[int, float]:
    """How many wait before a vehicle that comes to a station at a time [1], and how long it waits itself [h]."""
    if row >= 0:
        stop = memory[row]
        if stop.waiting > 0 and stop.time == time:
            return stop.waiting - 1, stop.wait
        if stop.other_waiting > 0 and stop.other_time == time:
            return stop.other_waiting - 1, stop.other_wait
    span, local = span_at(recorded, time)
    waiting, wait = met(run, recorded, span, station, local)
    if row >= 0:
        if memory[row].waiting == 0:
            memory[row].time, memory[row].waiting, memory[row].wait = time, waiting + 1, wait
        else:
            memory[row].other_time, memory[row].other_waiting, memory[row].other_wait = time, waiting + 1, wait
    return waiting, wait


@bare
def bay(run: Run, recorded: Recorded, memory: Records, row: int, post: int, looked: float) -> float:
    """How long a vehicle waits for a bay of a checkpoint that was looked at until a time [h]."""
    if row >= 0 and looked > 0.0 and memory[row].looked == looked:
        wait: float = memory[row].wait_for_bay
        return wait
    span, local = span_at(recorded, looked)
    found = met(run, recorded, span, len(run.stations) + post, local)[1]
    if row >= 0:
        memory[row].looked, memory[row].wait_for_bay = looked, found
    return found
