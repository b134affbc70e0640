"""Outcome of every vehicle at every checkpoint, and the state for continuing a run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws.fleet import Fleet

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNDER_WAY, PASSED, RETAINED, SEIZED, SPLIT = range(5)
"""Fates of a vehicle: under way or not yet entered, left by its exit, ended in a city, stopped with its consignment,
or stored at a hub, from where its parts continue as vehicles of their own."""

NOT_SELECTED, REFERRED, WAVED, SEALED, UNREACHED, BYPASSED, CLOSED = range(7)
"""Decisions at a visit: not selected, referred to secondary inspection, selected but waved through, passed under seal,
not reached (a train that left, a wagon not inspected), bypassed, or passed at an internal checkpoint while closed."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Outcome by a time; NaN or -1 for events that have not happened."""

    arrival: Floats
    """Arrival at the checkpoint, dims (visit,) [h]."""

    start: Floats
    """Start of the primary inspection, dims (visit,) [h]."""

    lane: Ints
    """Number of the lane, dims (visit,)."""

    crowded: Ints
    """1 if more were waiting on arrival than the wave-through threshold, dims (visit,)."""

    decision: Ints
    """One of `NOT_SELECTED` to `CLOSED`, dims (visit,)."""

    exam_start: Floats
    """Start of the secondary inspection, dims (visit,) [h]."""

    exam_end: Floats
    """End of the secondary inspection with its search, dims (visit,) [h]."""

    bay: Ints
    """Number of the bay, dims (visit,)."""

    alarm: Ints
    """1 if a device raised an alarm, else 0, dims (visit,)."""

    departure: Floats
    """Time of leaving the checkpoint, by seizure too, dims (visit,) [h]."""

    fate: Ints
    """One of `UNDER_WAY` to `SPLIT`, dims (vehicle,)."""

    end: Floats
    """Time of that fate, dims (vehicle,) [h]."""

    def equals(self, other: Outcome) -> bool:
        """Equality of two outcomes to the last bit."""
        pairs = ((getattr(self, field.name), getattr(other, field.name)) for field in fields(self))
        return all(np.array_equal(mine, theirs, equal_nan=True) for mine, theirs in pairs)


@dataclass(frozen=True, kw_only=True)
class State:
    """State of a run at a time; pending events and queues follow from its outcome."""

    time: float
    """Events before this time have happened [h]."""

    outcome: Outcome
    """Outcome by then."""


def nothing_yet(fleet: Fleet) -> Outcome:
    """Outcome of a fleet before any vehicle has entered."""
    visits, vehicles = len(fleet.checkpoint), fleet.size
    outcome: dict[str, Any] = {}
    for field in fields(Outcome):
        count = vehicles if field.name in ("fate", "end") else visits
        fill: float = np.nan if field.type == "Floats" else -1
        outcome[field.name] = np.full(count, fill, dtype=np.float64 if field.type == "Floats" else np.int64)
    outcome["fate"] = np.full(vehicles, UNDER_WAY, dtype=np.int64)
    return Outcome(**outcome)
