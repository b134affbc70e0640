"""The fleet: every vehicle of a run with all its random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim.draws.philox import Floats

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

HONEST = -1
"""Drug and route of an honest vehicle."""

NO_POPULATION = -1
"""Population of an honest vehicle, and of a consignment of a drug without populations."""


@dataclass(frozen=True, kw_only=True)
class Vehicles:
    """Vehicles with all numbers drawn once for each.

    A consignment that is put in store at a hub is a vehicle as far as the hub; each part in which it leaves is
    another, whose parent it is.
    """

    entry: Floats
    """Time of entry, dims (vehicle,) [h]; NaN for a part, which leaves its hub during the run."""

    vehicle_class: Ints
    """Index in `traffic.VEHICLE_CLASSES`, dims (vehicle,)."""

    replication: Ints
    """Replication, or year of traffic, dims (vehicle,)."""

    drug: Ints
    """Index in `traffic.DRUGS`, or `HONEST`, dims (vehicle,)."""

    population: Ints
    """Index in `Traffic.populations`, or `NO_POPULATION`, dims (vehicle,)."""

    route: Ints
    """Index of the route, or `HONEST`, dims (vehicle,)."""

    retained: Bools
    """Whether the consignment ends in a city of the country, dims (vehicle,)."""

    opened: Bools
    """Whether the seal was opened and closed again, dims (vehicle,)."""

    mass: Floats
    """Mass carried, dims (vehicle,) [kg]."""

    log_mass: Floats
    """Natural logarithm of the mass in kg, dims (vehicle,) [1]."""

    concealment: Floats
    """Concealment quality, N(0, 1) over consignments, shared by all devices, dims (vehicle,) [1]."""

    finish: Ints
    """Last place of the path, as an index in `Network.places`, dims (vehicle,)."""

    parent: Ints
    """Vehicle that brought a part to its hub, -1 if the vehicle is no part, dims (vehicle,)."""

    part: Ints
    """Number of a part among those of its consignment, from 1 on; 0 for all else; dims (vehicle,)."""

    store: Floats
    """Time of a part in store before it leaves, dims (vehicle,) [h]."""

    ring: Ints
    """Ring of the consignment, -1 if it belongs to none or rings make no difference, dims (vehicle,)."""

    case_time: Floats
    """Time of the first case against the ring after the consignment entered, dims (vehicle,) [h]."""

    case_agency: Ints
    """Index of the agency of that case in `AGENCIES`, -1 if there is none, dims (vehicle,)."""

    protected: Ints
    """Agencies that protect the ring, bit k standing for agency k of `AGENCIES`, dims (vehicle,)."""

    available: Bools
    """Working order of each device, dims (replication, checkpoint, device, day)."""

    first_day: int
    """First day of the year in the last dimension of `available`."""

    year_effort: Floats
    """Factor on the effort of each year, dims (replication,) [1]."""

    @property
    def size(self) -> int:
        """Number of vehicles [1]."""
        return len(self.entry)

    @property
    def loaded(self) -> Bools:
        """Whether each vehicle carries a consignment, dims (vehicle,)."""
        loaded: Bools = self.drug != HONEST
        return loaded

    @property
    def ident(self) -> Ints:
        """Rank among simultaneous events, dims (vehicle,): steps of 64, and parts after their consignment."""
        number = 64 * np.cumsum(self.parent < 0, dtype=np.int64)
        ident: Ints = np.where(self.parent < 0, number, number[self.parent] + self.part)
        return ident

    @property
    def split(self) -> Bools:
        """Whether each vehicle brings its consignment to a hub, from where parts continue, dims (vehicle,)."""
        split = np.zeros(self.size, dtype=np.bool_)
        split[self.parent[self.parent >= 0]] = True
        return split


@dataclass(frozen=True, kw_only=True)
class Fleet(Vehicles):
    """Vehicles with their visits to checkpoints, all drawn.

    The visits of vehicle v are the rows first[v] to first[v + 1] of the arrays with one value per visit.
    """

    tail: Floats
    """Travel time from the last checkpoint to the end of the path, dims (vehicle,) [h]."""

    first: Ints
    """First visit of each vehicle and, last, the number of visits, dims (vehicle + 1,)."""

    checkpoint: Ints
    """Index of the checkpoint, dims (visit,)."""

    group: Ints
    """Index of the lane group within the checkpoint, dims (visit,)."""

    travel: Floats
    """Travel time from the checkpoint before, or from the start of the path, dims (visit,) [h]."""

    way_round: Floats
    """Uniform number for whether and how a consignment bypasses the crossing, dims (visit,) [1]."""

    patrol: Floats
    """Uniform number for the chance of a patrol on the bypass, dims (visit,) [1]."""

    detour: Floats
    """Time of the bypass relative to its mean, dims (visit,) [1]."""

    notice: Floats
    """Uniform number for the chance that a seal check notices, dims (visit,) [1]."""

    wagon: Floats
    """Uniform number for the share of wagons inspected, dims (visit,) [1]."""

    service: Floats
    """Time of the primary inspection, dims (visit,) [h]."""

    score: Floats
    """Risk score, dims (visit,) [1]."""

    search: Floats
    """Time of the manual search if there is an alarm, dims (visit,) [h]."""

    effort: Floats
    """Uniform number for the comparison with the effort, dims (visit,) [1]."""

    tipped: Bools
    """Whether the agency has a tip on the consignment, valid at its first checkpoint on the way, dims (visit,)."""

    bribe: Floats
    """Uniform number for the chance that an alarm is bought off, dims (visit,) [1]."""

    device_draw: Floats
    """Number for the alarm: logistic with a consignment, uniform if honest; dims (visit, device) [1]."""

    device_time: Floats
    """Time of the device, dims (visit, device) [h]."""

    @property
    def vehicle_of_visit(self) -> Ints:
        """Vehicle of each visit, dims (visit,)."""
        return np.repeat(np.arange(self.size, dtype=np.int64), np.diff(self.first))


PER_VEHICLE_ONCE = (
    "entry",
    "vehicle_class",
    "replication",
    "drug",
    "population",
    "route",
    "retained",
    "opened",
    "mass",
    "log_mass",
    "concealment",
    "finish",
    "parent",
    "part",
    "store",
    "ring",
    "case_time",
    "case_agency",
    "protected",
)
"""Fields of vehicles with numbers drawn once for each."""

PER_VEHICLE = (*PER_VEHICLE_ONCE, "tail")
"""Fields of a fleet with one value per vehicle."""

SHARED = ("available", "first_day", "year_effort")
"""Fields shared by all vehicles."""

PER_VISIT = (
    "checkpoint",
    "group",
    "travel",
    "way_round",
    "patrol",
    "detour",
    "notice",
    "wagon",
    "service",
    "score",
    "search",
    "effort",
    "tipped",
    "bribe",
    "device_draw",
    "device_time",
)
"""Fields of a fleet with one value or row per visit."""


def join(one: Fleet, other: Fleet) -> Fleet:
    """Fleet of the vehicles of one fleet followed by those of another with the same replications.

    Parameters
    ----------
    one, other
        Fleets drawn with the same replications and the same span of days.

    Raises
    ------
    ValueError
        If the two fleets do not share their devices' days.
    """
    if one.first_day != other.first_day or not np.array_equal(one.available, other.available):
        raise ValueError("fleets to be joined must share the days on which devices work, got different ones")
    merged: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in PER_VEHICLE + PER_VISIT
    }
    merged["parent"][one.size :] = np.where(other.parent < 0, -1, other.parent + one.size)
    first = np.concatenate([one.first, one.first[-1] + other.first[1:]])
    shared: dict[str, Any] = {name: getattr(one, name) for name in SHARED}
    return Fleet(**merged, first=first, **shared)
