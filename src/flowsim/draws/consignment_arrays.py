"""Arrays for the loops over consignments, read and filled in machine code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import Floats


class Tables(NamedTuple):
    """Tables and numbers of a population for drawing its consignments."""

    season: Floats
    """Part of a year's consignments that have entered, and part of the year passed by then, dims (2, knot) [1]."""

    masses: Floats
    """Quantiles of the mass by class of vehicle, dims (class, side, octave, knot) [kg]."""

    normal: Floats
    """Quantiles of the standard normal distribution."""

    logarithms: Floats
    """Logarithms at the knots."""

    concealment: float
    """Mean of the concealment quality [1]."""

    rings: float
    """Share of the consignments that belong to rings [1]."""


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
    """Time at which a ring stops sending, dims (replication * ring,) [h]."""


class Sent(NamedTuple):
    """Consignments of a stream in the order of their numbers, including those that do not enter."""

    replication: Ints
    """Position of the replication, dims (consignment,)."""

    number: Ints
    """Number in the stream, dims (consignment,)."""

    entry: Floats
    """Time of entry, dims (consignment,) [h]."""

    ring: Ints
    """Ring that sends it, dims (consignment,)."""

    way: Ints
    """Way that it takes, -1 if it does not enter, dims (consignment,)."""

    mass: Floats
    """Mass, dims (consignment,) [kg]."""

    concealment: Floats
    """Uniform number of its concealment, dims (consignment,) [1]."""


class Columns(NamedTuple):
    """Fields of a roster, as described there, dims (vehicle,)."""

    entry: Floats
    vehicle_class: Ints
    replication: Ints
    drug: Ints
    population: Ints
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
    """Storage of consignments at a hub."""

    part: float
    """Largest mass of a part [kg]."""

    store: float
    """Mean time in store [h]."""

    certain: float
    """Share of that time that is certain [1]."""

    concealment: float
    """Mean of the concealment quality of the parts [1]."""

    law: Floats
    """Quantiles of the rest of the time in store relative to its mean."""


def no_consignments(size: int) -> Sent:
    """Consignments before any decision.

    Parameters
    ----------
    size
        Their number.
    """
    whole = (np.empty(size, dtype=np.int64) for _ in range(4))
    replication, number, ring, way = whole
    return Sent(replication, number, np.empty(size), ring, way, np.empty(size), np.empty(size))
