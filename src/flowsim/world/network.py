"""Places, the legs between them, and the routes of consignments along the legs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from flowsim import checks
from flowsim.evidence import geography
from flowsim.world import hashes

MODES = ("road", "rail", "track", "sea", "air")
"""Modes of transport on a leg."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A city, crossing, junction, port or village."""

    name: str
    """Identifier, lower case with hyphens."""

    label: str
    """Name in print."""

    country: str
    """Country of the place."""

    oblast: str
    """First-level division of Kazakhstan as of 2010; empty outside Kazakhstan."""

    latitude: float
    """Latitude [degrees north]."""

    longitude: float
    """Longitude [degrees east]."""

    uncertainty: float
    """Uncertainty of the position [km]."""

    kind: str
    """Whether the position is reported or assumed."""

    source: str
    """Source of the position."""

    def __post_init__(self) -> None:
        for name, bound in (("latitude", 90.0), ("longitude", 180.0)):
            value = getattr(self, name)
            rule = f"lie in [-{bound:g}, {bound:g}]"
            checks.require(-bound <= value <= bound, thing=f"Place '{self.name}': {name}", rule=rule, value=value)
        checks.non_negative(self, "uncertainty")
        checks.sourced(self)


@dataclass(frozen=True, kw_only=True)
class Leg:
    """A segment of road, railway, track or sea between two places, usable both ways."""

    start: str
    """Name of one end."""

    end: str
    """Name of the other end."""

    mode: str
    """One of `MODES`."""

    distance: float
    """Length of the leg [km]."""

    distance_low: float
    """Lower end of the interval of the length [km]."""

    distance_high: float
    """Upper end of the interval of the length [km]."""

    speed: float
    """Mean speed of a truck, train or ship without stops [km/h]."""

    kind: str
    """Whether the length is reported or assumed."""

    source: str
    """Source of the length."""

    def __post_init__(self) -> None:
        checks.one_of(self, "mode", MODES)
        for name in ("distance", "distance_low", "distance_high", "speed"):
            checks.positive(self, name)
        differ = self.start != self.end
        checks.require(differ, thing=f"Leg of mode {self.mode}: end", rule="differ from its start", value=self.end)
        thing = f"Leg {self.start} to {self.end}: distance"
        rule = f"lie in its interval [{self.distance_low}, {self.distance_high}]"
        holds = self.distance_low <= self.distance <= self.distance_high
        checks.require(holds, thing=thing, rule=rule, value=self.distance)
        rule = "take a finite time above 0 at its speed"
        checks.require(
            checks.POSITIVE.holds(self.time),
            thing=f"Leg {self.start} to {self.end}: distance",
            rule=rule,
            value=self.distance,
        )
        checks.sourced(self)

    @property
    def label(self) -> str:
        """Name of the leg, the same in both directions."""
        return f"{self.mode}:{min(self.start, self.end)}:{max(self.start, self.end)}"

    @property
    def time(self) -> float:
        """Mean travel time at the leg's speed [h]."""
        return self.distance / self.speed


@dataclass(frozen=True, kw_only=True)
class Route:
    """A path through the country, from a crossing or a place inside to its last place."""

    name: str
    """Identifier."""

    label: str
    """Name in print."""

    origin: str
    """Country of origin of the stream of consignments, or its region of origin inside."""

    mode: str
    """One of `MODES`."""

    approach: tuple[str, ...]
    """Places outside Kazakhstan before the entry, none for a route from inside; drawn on the map, not simulated."""

    path: tuple[str, ...]
    """Places from the entry, or from the first place inside, to the last place before leaving, both included."""

    exit: str
    """Name of the exit in counts of leakage."""

    weight: float
    """Share of the consignments of its origin and mode [1]."""

    evidence: tuple[str, ...]
    """Rows of the route evidence behind it."""

    kind: str
    """Whether the weight is reported or assumed."""

    source: str
    """Source of the route and its weight."""

    def __post_init__(self) -> None:
        checks.one_of(self, "mode", MODES)
        checks.probability(self, "weight")
        rule = "name at least one place"
        checks.require(len(self.path) > 0, thing=f"Route '{self.name}': path", rule=rule, value=self.path)
        checks.sourced(self)


@dataclass(frozen=True, kw_only=True)
class Travel:
    """Variation of travel times about the mean of a leg."""

    minimum: float
    """Certain share of the mean travel time, the minimum on every leg [1]."""

    cv: float
    """Coefficient of variation of the remaining, lognormal part [1]."""

    car_speed: float
    """Speed of a car relative to a truck [1]."""

    within_place: float
    """Time between two checkpoints of the same place [h]."""

    def __post_init__(self) -> None:
        checks.probability(self, "minimum")
        checks.positive(self, "minimum")
        checks.non_negative(self, "cv")
        checks.positive(self, "car_speed")
        checks.positive(self, "within_place")


@dataclass(frozen=True, kw_only=True)
class Network:
    """All places, legs and routes of a world."""

    places: tuple[Place, ...]
    """Places; their names are unique."""

    legs: tuple[Leg, ...]
    """Legs; one per pair of places and mode."""

    routes: tuple[Route, ...]
    """Routes of consignments."""

    travel: Travel
    """Variation of travel times."""

    _by_name: dict[str, Place] = field(init=False, repr=False, compare=False)
    _index: dict[str, int] = field(init=False, repr=False, compare=False)
    _by_ends: dict[tuple[str, str, str], Leg] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        checks.unique((place.name for place in self.places), thing="places")
        checks.unique((leg.label for leg in self.legs), thing="legs")
        hashes.distinct((leg.label for leg in self.legs), by=hashes.long_hash, thing="labels of legs")
        checks.unique((route.name for route in self.routes), thing="routes")
        object.__setattr__(self, "_by_name", {place.name: place for place in self.places})
        object.__setattr__(self, "_index", {place.name: k for k, place in enumerate(self.places)})
        ends: dict[tuple[str, str, str], Leg] = {}
        for leg in self.legs:
            for end in (leg.start, leg.end):
                checks.known(end, list(self._by_name), thing=f"Leg {leg.label}: end")
            ends[leg.start, leg.end, leg.mode] = leg
            ends[leg.end, leg.start, leg.mode] = leg
        object.__setattr__(self, "_by_ends", ends)
        for route in self.routes:
            self.legs_of(route.path, mode=route.mode, owner=f"Route '{route.name}'")
            for name in route.approach:
                checks.known(name, list(self._by_name), thing=f"Route '{route.name}': approach")

    def place(self, name: str) -> Place:
        """Place by name.

        Raises
        ------
        ValueError
            If there is no such place.
        """
        checks.known(name, list(self._by_name), thing="place")
        return self._by_name[name]

    def index(self, name: str) -> int:
        """Index of a place."""
        return self._index[name]

    def legs_of(self, path: Sequence[str], *, mode: str, owner: str) -> tuple[Leg, ...]:
        """Legs along a path of places.

        Raises
        ------
        ValueError
            If a place or a leg of the path does not exist; the message names the path's owner.
        """
        for name in path:
            if name not in self._by_name:
                checks.known(name, list(self._by_name), thing=f"{owner}: place")
        legs = []
        for start, end in pairwise(path):
            leg = self._by_ends.get((start, end, mode))
            if leg is None:
                raise ValueError(f"{owner}: path must follow legs of mode {mode}, got none from {start} to {end}")
            legs.append(leg)
        return tuple(legs)


def great_circle(start: Place, end: Place) -> float:
    """Great-circle distance [km]."""
    return geography.distance((start.latitude, start.longitude), (end.latitude, end.longitude))
