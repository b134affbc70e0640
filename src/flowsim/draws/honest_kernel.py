"""Loops in machine code over the honest vehicles of all flows: number and times of entry on each day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.draws.availability_kernel import poisson_count
from flowsim.draws.philox import ENTRY, PERIOD, last_word
from flowsim.draws.variates import Floats, interpolated, low, philox, uniform
from flowsim.jit import kernel
from flowsim.units import HOURS_PER_DAY

Ints = npt.NDArray[np.int64]

VEHICLES_PER_DAY = 2**13
"""Numbers set aside for the vehicles of a flow on one day, above any count of a flow of 6000 a day."""

_PERIOD, _ENTRY = last_word(PERIOD), last_word(ENTRY)


@kernel
def counts_of_days(keys: Ints, means: Floats, days: Ints, year: int) -> Ints:
    """Number of vehicles of each flow on each day, dims (flow, day).

    Parameters
    ----------
    keys
        Words of the keys of their streams, dims (flow, 2).
    means
        Means of the numbers, dims (flow, day).
    days
        Days of the year, dims (day,).
    year
        Year of traffic.
    """
    counts = np.empty(means.shape, np.int64)
    for flow in range(len(means)):
        for d in range(len(days)):
            words = philox(low(days[d]), low(year), 0, _PERIOD, keys[flow, 0], keys[flow, 1])
            counts[flow, d] = poisson_count(uniform(words[0]), means[flow, d])
    return counts


@kernel
def arrive(
    keys: Ints,
    counts: Ints,
    days: Ints,
    hours: Floats,
    timetable: Ints,
    per_day: Floats,
    year: int,
    start: float,
    end: float,
    entry: Floats,
    number: Ints,
) -> Ints:
    """Write times of entry and numbers of the vehicles of a span, flow by flow; the number of each flow.

    Parameters
    ----------
    keys, days, year
        As in `counts_of_days`.
    counts
        Vehicles of each flow on each day, dims (flow, day).
    hours
        Part of a day's vehicles of each flow that has entered by each hour, dims (flow, hour) [1].
    timetable, per_day
        First vehicle by timetable, and the one after the last, dims (flow, 2); vehicles of a day.
    start, end
        Span of entry times [h].
    entry, number
        Filled in, dims (vehicle,).
    """
    inside = np.zeros(len(counts), np.int64)
    clock = np.arange(hours.shape[1]).astype(np.float64)
    v = 0
    for flow in range(len(counts)):
        before = v
        for d in range(len(days)):
            for within in range(counts[flow, d]):
                # Numbers are set aside by day, so that a vehicle has the same in every span that holds it.
                own = days[d] * VEHICLES_PER_DAY + within
                words = philox(low(own), low(year), 0, _ENTRY, keys[flow, 0], keys[flow, 1])
                time = days[d] * HOURS_PER_DAY + interpolated(hours[flow], clock, uniform(words[0]))
                if start <= time < end:
                    entry[v], number[v] = time, own
                    v += 1
        # Those by timetable have no draw: they enter at even intervals.
        for own in range(timetable[flow, 0], timetable[flow, 1]):
            time = (own + 0.5) / per_day[flow] * HOURS_PER_DAY
            if start <= time < end:
                entry[v], number[v] = time, own
                v += 1
        inside[flow] = v - before
    return inside
