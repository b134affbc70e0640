"""Arrays that the loops over loads read and fill."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import Floats


class Tables(NamedTuple):
    """Tables by which the numbers of loads are drawn."""

    season: Floats
    """Part of a year's loads that have entered, and part of the year that has passed by then, dims (2, knot) [1]."""

    masses: Floats
    """Quantiles of the mass by class of vehicle, dims (class, side, octave, knot) [kg]."""

    normal: Floats
    """Quantiles of the standard normal distribution."""

    logarithms: Floats
    """Logarithms at the knots."""


class RingTable(NamedTuple):
    """Rings of all replications, and the cases against them."""

    sizes: Floats
    """Sums of the sizes of the rings of a replication, dims (replication, ring); none where rings do not matter."""

    protected: Ints
    """As in `Rings`, dims (replication, ring); one ring that none protects where rings do not matter."""

    first: Ints
    """First case against each ring and, last, the number of cases, dims (replication * ring + 1,)."""

    time: Floats
    """Time of each case, in order within a ring, and infinity for none, dims (case + 1,) [h]."""

    agency: Ints
    """Agency of each case, and -1 for none, dims (case + 1,)."""

    dismantled: Floats
    """Time from which a ring sends nothing, dims (replication * ring,) [h]."""


class Sent(NamedTuple):
    """Loads of a stream in the order of their numbers, those included that do not enter."""

    replication: Ints
    """Position of the replication, dims (load,)."""

    number: Ints
    """Number in the stream, dims (load,)."""

    entry: Floats
    """Time of entry, dims (load,) [h]."""

    ring: Ints
    """Ring that sends it, dims (load,)."""

    way: Ints
    """Way that it takes, -1 if it does not enter, dims (load,)."""

    mass: Floats
    """Mass, dims (load,) [kg]."""

    concealment: Floats
    """Uniform number of its concealment, dims (load,) [1]."""


class Columns(NamedTuple):
    """Fields of a roster, each as it is described there, dims (vehicle,)."""

    entry: Floats
    vehicle_class: Ints
    replication: Ints
    drug: Ints
    route: Ints
    retained: Bools
    opened: Bools
    mass: Floats
    log_mass: Floats
    concealment: Floats
    finish: Ints
    parent: Ints
    part: Ints
    store: Floats
    ring: Ints
    case_time: Floats
    case_agency: Ints
    protected: Ints
    way: Ints
    number: Ints
    year: Ints


class Storing(NamedTuple):
    """How a hub stores loads."""

    part: float
    """Largest mass of a part [kg]."""

    store: float
    """Mean time in store [h]."""

    certain: float
    """Share of that time that is certain [1]."""

    concealment: float
    """What repacking adds to the concealment quality [1]."""

    law: Floats
    """Quantiles of the rest of the time in store relative to its mean."""


def no_loads(size: int) -> Sent:
    """Loads that are still to be decided on.

    Parameters
    ----------
    size
        Their number.
    """
    whole = (np.empty(size, dtype=np.int64) for _ in range(4))
    replication, number, ring, way = whole
    return Sent(replication, number, np.empty(size), ring, way, np.empty(size), np.empty(size))
