"""Cache of travel times, waits and scores, shared by scenarios under the same background traffic."""

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
"""One stop of a vehicle: travel to it, time of its primary inspection, risk score without the shift of a
consignment; for two times of arrival the wait, and one more than the number waiting before; and for one end of the
primary inspection the wait for a bay. 0 marks the unknown.

Two times, because many consignments are inspected, or bypass a checkpoint, under some rules and not under others.
"""

NO_MEMORY = np.zeros(0, MET)
"""Empty cache, for vehicles that are not cached."""

NOT_KEPT = -1
"""Row of a stop that is not cached."""


def nothing_met(stops: int) -> Records:
    """Empty cache of so many stops.

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
    """Time of the primary inspection [h], and the risk score [1]."""
    if row < 0:
        return visit_variates.first_look(run, v, k, post, station)
    if memory[row].service == 0.0:
        memory[row].service, memory[row].score = visit_variates.unshifted_look(run, v, post, station)
    # The shift is added here: targeting differs between rules, the score below it does not.
    return memory[row].service, memory[row].score + visit_variates.shift(run, v)


@bare
def queue(run: Run, recorded: Recorded, memory: Records, row: int, station: int, time: float) -> tuple[int, float]:
    """Vehicles waiting before a newcomer to a station at a time [1], and its own wait [h]."""
    if row >= 0:
        stop = memory[row]
        if stop.waiting > 0 and stop.time == time:
            return stop.waiting - 1, stop.wait
        if stop.other_waiting > 0 and stop.other_time == time:
            return stop.other_waiting - 1, stop.other_wait
    # Counts are kept one higher, so that 0 marks a row without an entry.
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
    """Wait for a bay of a checkpoint after the primary inspection [h]."""
    # A row without an entry has the time 0, which must not pass for a match.
    if row >= 0 and looked > 0.0 and memory[row].looked == looked:
        wait: float = memory[row].wait_for_bay
        return wait
    span, local = span_at(recorded, looked)
    found = met(run, recorded, span, len(run.stations) + post, local)[1]
    if row >= 0:
        memory[row].looked, memory[row].wait_for_bay = looked, found
    return found
