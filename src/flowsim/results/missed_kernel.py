"""Consignments missed at checkpoints, summed by reason in compiled code; those with an alarm are only listed."""

from __future__ import annotations

import math
from typing import Any

import numpy.typing as npt

from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import Floats
from flowsim.jit import kernel

Codes = npt.NDArray[Any]
"""Integers of one byte or more."""


@kernel
def without_alarm(
    first: Ints,
    counted: Bools,
    taken_at: Ints,
    cell: Ints,
    mass: Floats,
    departure: Floats,
    decision: Codes,
    alarm: Codes,
    reason: Ints,
    referred: int,
    sums: Floats,
    alarmed: Ints,
    who: Ints,
) -> int:
    """Sum the mass missed at checkpoints without an alarm; return the number of visits with one.

    Parameters
    ----------
    first
        First visit of each vehicle, dims (vehicle + 1,).
    counted
        Whether a vehicle counts, dims (vehicle,).
    taken_at
        Visit of the seizure, -1 if none, dims (vehicle,).
    cell
        Row of `sums` for each vehicle, dims (vehicle,).
    mass
        Its mass, dims (vehicle,) [kg].
    departure, decision, alarm
        As in `Outcome`, dims (visit,).
    reason
        Column of `sums` for each decision, dims (decision,).
    referred
        Code of a referral, the only decision with a possible alarm.
    sums
        Filled, dims (cell, reason) [kg].
    alarmed, who
        Filled with the visits with an alarm, and their vehicles.
    """
    found = 0
    for v in range(len(counted)):
        if not counted[v]:
            continue
        for k in range(first[v], first[v + 1]):
            if math.isnan(departure[k]) or k == taken_at[v]:
                continue
            if decision[k] == referred and alarm[k] > 0:
                alarmed[found], who[found] = k, v
                found += 1
            else:
                sums[cell[v], reason[decision[k]]] += mass[v]
    return found
