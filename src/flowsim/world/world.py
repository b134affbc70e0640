"""World: network, traffic and controls of a country in one year, validated as a whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from flowsim import cards, checks
from flowsim.units import KG_PER_TONNE
from flowsim.world import hashes
from flowsim.world.bypass import Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import WAYS, Checkpoint
from flowsim.world.dependence import Read, Reader, read
from flowsim.world.detection import Detection
from flowsim.world.devices import Device
from flowsim.world.hubs import MOST_PARTS, Hub
from flowsim.world.network import Network, Place, Route
from flowsim.world.traffic import VEHICLE_CLASSES, Flow, Traffic, mode_of


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One checkpoint on the path of a vehicle."""

    checkpoint: int
    """Index of the checkpoint in the world."""

    group: int
    """Index of the lane group within the checkpoint."""

    place: int
    """Position of its place on the path."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """A published daily count of vehicles, for comparison with the modelled traffic."""

    name: str
    """Identifier."""

    checkpoints: tuple[str, ...]
    """Checkpoints of the count, taken together."""

    classes: tuple[str, ...]
    """Classes of vehicle in the count."""

    direction: str
    """Direction of the count: in, out or both."""

    value: float
    """Count as published [1/day]."""

    low: float
    """Lower end of the interval of the count, back-cast to the year of the world [1/day]."""

    high: float
    """Upper end of the same interval [1/day]."""

    year: str
    """Year or years of the count."""

    source: str
    """Source of the count."""

    def __post_init__(self) -> None:
        checks.one_of(self, "direction", WAYS)
        for vehicle_class in self.classes:
            checks.known(vehicle_class, VEHICLE_CLASSES, thing=f"Count '{self.name}': classes")
        for name in ("value", "low", "high"):
            checks.non_negative(self, name)
        rule = f"be at least low ({self.low:g})"
        checks.require(self.low <= self.high, thing=f"Count '{self.name}': high", rule=rule, value=self.high)


class Stops:
    """Checkpoints along paths; each path is searched once."""

    def __init__(self, checkpoints: tuple[Checkpoint, ...]) -> None:
        """Start without paths.

        Parameters
        ----------
        checkpoints
            Checkpoints in force.
        """
        self._at: dict[tuple[str, str], list[tuple[int, Checkpoint]]] = defaultdict(list)
        for index, checkpoint in enumerate(checkpoints):
            self._at[checkpoint.place, checkpoint.mode].append((index, checkpoint))
        self._known: dict[tuple[tuple[str, ...], str, str, str], tuple[Stop, ...]] = {}

    def along(self, path: Sequence[str], *, vehicle_class: str, direction: str, mode: str) -> tuple[Stop, ...]:
        """Checkpoints along a path, in order; the parameters are those of `World.stops`."""
        key = (tuple(path), vehicle_class, direction, mode)
        if key not in self._known:
            self._known[key] = tuple(self._found(*key))
        return self._known[key]

    def _found(self, path: tuple[str, ...], vehicle_class: str, direction: str, mode: str) -> Iterator[Stop]:
        for position, name in enumerate(path):
            for index, checkpoint in self._at.get((name, mode), ()):
                way = way_across(checkpoint.border, position=position, length=len(path), direction=direction)
                group = checkpoint.group_of(vehicle_class, direction=way)
                if group is None:
                    thing = f"Checkpoint '{checkpoint.name}'"
                    rule = f"have lanes for class {vehicle_class} in direction {way}"
                    raise ValueError(f"{thing} must {rule}, got {[g.classes for g in checkpoint.groups]}")
                yield Stop(checkpoint=index, group=group, place=position)


@lru_cache(maxsize=64)
def _kept(standing: Read[tuple[Checkpoint, ...]]) -> Stops:
    return Stops(standing.whole)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Files and typed values behind a world; empty for a world made in Python."""

    choice: str = ""
    """Option of the group `world`."""

    folder: str = ""
    """User's configuration folder, searched before the package's; empty if there is none."""

    typed: tuple[str, ...] = ()
    """Overrides as typed, such as `inspection.effort.south=0.2`."""

    numbers: tuple[str, ...] = ()
    """Numbers set by them, as in `assumed.SetNumbers`; no draw of a posterior replaces these."""

    reading: str = ""
    """Label of its readings."""

    tables: str = ""
    """Digest of its tables, overlays included."""


@dataclass(frozen=True, kw_only=True)
class World:
    """Description of a country in a year, the input of the engines."""

    name: str
    """Identifier."""

    title: str
    """Description in one line."""

    year: int
    """Calendar year, with its weekdays and the controls in force."""

    network: Network
    """Places, legs and routes."""

    traffic: Traffic
    """Honest vehicles and consignments."""

    checkpoints: tuple[Checkpoint, ...]
    """Checkpoints in force."""

    detection: Detection
    """Detection parameters common to all checkpoints."""

    counts: tuple[Count, ...] = ()
    """Published counts for comparison with the traffic."""

    bypasses: tuple[Bypass, ...] = ()
    """Bypasses of the crossings, by section of the border."""

    campaigns: tuple[Campaign, ...] = ()
    """Campaigns of agencies within the year."""

    hubs: tuple[Hub, ...] = ()
    """Hubs: stores where consignments by road are split."""

    devices: tuple[Device, ...] = ()
    """Known devices, in use or not; a policy may place them."""

    warm_up: float = 48.0
    """Time simulated and discarded before a span of traffic, to fill the queues [h]."""

    identity: Identity = field(default=Identity(), compare=False)
    """Files and typed values behind the world."""

    def __post_init__(self) -> None:
        checks.unique((checkpoint.name for checkpoint in self.checkpoints), thing="checkpoints")
        posts = (checkpoint.name for checkpoint in self.checkpoints)
        hashes.distinct(posts, by=hashes.long_hash, thing="names of checkpoints")
        checks.non_negative(self, "warm_up")
        for border in {way.border for way in self.bypasses}:
            total = sum(way.share for way in self.ways_round(border))
            rule = "have shares that sum to at most 1"
            checks.require(total <= 1 + 1e-9, thing=f"bypasses of the border with {border}", rule=rule, value=total)
        names = [place.name for place in self.network.places]
        for checkpoint in self.checkpoints:
            checks.known(checkpoint.place, names, thing=f"Checkpoint '{checkpoint.name}': place")
        for city, _ in self.traffic.city_weights:
            checks.known(city, names, thing="cities: place")
        for flow in self.traffic.flows:
            self.network.legs_of(flow.path, mode=flow.mode, owner=f"Flow '{flow.name}'")
            self.stops_of_flow(flow)
        for stream in self.traffic.streams:
            weights = [route.weight for route in self.routes_of(stream.origin, mode=stream.mode)]
            checks.shares(weights, thing=f"weights of the routes of stream '{stream.name}'")
            classes = self.traffic.classes_of(stream.mode)
            rule = f"have class shares for mode {stream.mode}"
            checks.require(bool(classes), thing=f"Stream '{stream.name}'", rule=rule, value=classes)
            for route in self.routes_of(stream.origin, mode=stream.mode):
                for share in classes:
                    self.stops(route.path, vehicle_class=share.vehicle_class, direction="through", mode=route.mode)
        self._check_hubs()

    def __repr__(self) -> str:
        return cards.card(f"World {self.name}", [*self._facts()])

    def _repr_html_(self) -> str:
        return cards.html_card(f"World {self.name}", [*self._facts()])

    def _facts(self) -> Iterator[tuple[str, str]]:
        """Main facts for a card, see `cards.card`."""
        traffic, network = self.traffic, self.network
        yield "title", self.title
        yield "year", str(self.year)
        if self.identity.reading not in ("", "none"):
            yield "reading", self.identity.reading
        if self.identity.typed:
            yield "typed", ", ".join(cards.few(self.identity.typed))
        yield "network", f"places {len(network.places)}, legs {len(network.legs)}, routes {len(network.routes)}"
        yield "checkpoints", f"{len(self.checkpoints)} in force"
        kinds = Counter((post.type, post.agency) for post in self.checkpoints)
        for kind in dict.fromkeys(post.type for post in self.checkpoints):
            yield "", f"{kind}: " + ", ".join(f"{n} of {agency}" for (one, agency), n in kinds.items() if one == kind)
        ends = [f"{mass / KG_PER_TONNE:.4g}" for mass in (traffic.inflow, traffic.inflow_low, traffic.inflow_high)]
        yield "flow", f"{ends[0]} t of heroin a year (between {ends[1]} and {ends[2]})"
        yield "drugs", ", ".join(cards.few(traffic.drugs))
        daily = sum(flow.per_day for flow in traffic.flows)
        yield "traffic", f"{daily:,.0f} honest vehicles a day"
        parts = {"hubs": self.hubs, "campaigns": self.campaigns, "bypasses of crossings": self.bypasses}
        told = [f"{name} {len(own)}" for name, own in parts.items() if own]
        if told:
            yield "besides", ", ".join(told)

    def _check_hubs(self) -> None:
        checks.unique((hub.place for hub in self.hubs), thing="hubs")
        for hub in self.hubs:
            checks.known(hub.place, [place.name for place in self.network.places], thing="hubs: place")
            origins = {route.origin for route, _ in self.routes_through(hub.place)}
            sending = [s for s in self.traffic.streams if s.mode == "road" and s.origin in origins]
            trades = (own for stream in sending for own in self.traffic.populations_of(stream.drug))
            most = max((own.sizes.maximum for own in trades), default=0.0)
            rule = f"split the largest consignment ({most:g} kg) into at most {MOST_PARTS} parts"
            checks.require(most / hub.part <= MOST_PARTS, thing=f"Hub '{hub.place}': part", rule=rule, value=hub.part)
            used = {stream.origin for stream in sending}
            for route in (route for route, _ in self.routes_through(hub.place) if route.origin in used):
                for vehicle_class, _ in hub.classes:
                    self.stops(route.path, vehicle_class=vehicle_class, direction="through", mode=route.mode)

    @cached_property
    def paths(self) -> Stops:
        """Stops along paths, the same for all worlds with checkpoints at the same places and with the same lanes."""
        return _kept(read(self.checkpoints, Reader.STOPS))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "paths"}

    def routes_through(self, place: str) -> tuple[tuple[Route, int], ...]:
        """Routes by road through a place and beyond, with the position of the place on their path."""
        passing = (route for route in self.network.routes if route.mode == "road" and place in route.path[:-1])
        return tuple((route, route.path.index(place)) for route in passing)

    def bribe_at(self, checkpoint: Checkpoint) -> float:
        """Probability of an alarm on a consignment being bought off at a checkpoint [1]."""
        own = checkpoint.bribe
        return self.detection.corruption.bribe(checkpoint.agency) if own is None else own

    def efforts(self) -> tuple[float, ...]:
        """Share of alarms on consignments followed up by each checkpoint [1]."""
        return tuple(self.detection.effort.of(post.effort_class) for post in self.checkpoints)

    def device(self, name: str) -> Device:
        """Device by name.

        Raises
        ------
        ValueError
            If there is none.
        """
        known = {device.name: device for post in self.checkpoints for device in post.devices}
        known |= {device.name: device for device in self.devices}
        checks.known(name, tuple(known), thing="device")
        return known[name]

    def routes_of(self, origin: str, *, mode: str) -> tuple[Route, ...]:
        """Routes of an origin and mode."""
        return tuple(r for r in self.network.routes if r.origin == origin and r.mode == mode)

    def ways_round(self, border: str, *, mode: str = "road") -> tuple[Bypass, ...]:
        """Bypasses of the crossings of a section of the border; none inside the country, and none for a train."""
        return tuple(way for way in self.bypasses if border and way.border == border and mode == "road")

    def place_of(self, checkpoint: Checkpoint) -> Place:
        """Place of a checkpoint."""
        return self.network.place(checkpoint.place)

    def stops_of_flow(self, flow: Flow) -> tuple[Stop, ...]:
        """Checkpoints on the path of a flow of honest traffic."""
        return self.stops(flow.path, vehicle_class=flow.vehicle_class, direction=flow.direction, mode=flow.mode)

    def stops(
        self, path: Sequence[str], *, vehicle_class: str, direction: str, mode: str | None = None
    ) -> tuple[Stop, ...]:
        """Checkpoints on the path of a vehicle, in order.

        Parameters
        ----------
        path
            Names of the places.
        vehicle_class
            Class of the vehicle, for the choice of lanes.
        direction
            "in" if it enters the country at the first place, "out" if it leaves at the last, "through" for either.
        mode
            Mode of the legs; by default the class's own.

        Raises
        ------
        ValueError
            If a checkpoint on the path has no lanes for the class and direction.
        """
        way = {"vehicle_class": vehicle_class, "direction": direction, "mode": mode or mode_of(vehicle_class)}
        return self.paths.along(path, **way)


def way_across(border: str, *, position: int, length: int, direction: str) -> str:
    """Direction of a vehicle at a checkpoint on its path: in, out, or both for neither.

    A path that begins at a crossing enters the country there; one that begins at any other place begins inside.

    Parameters
    ----------
    border
        Neighbour beyond the checkpoint; empty inside the country.
    position, length
        Position of its place on the path, and the number of places there.
    direction
        One of `traffic.DIRECTIONS`.
    """
    if not border:
        return "both"
    if position == 0 and direction in ("in", "through"):
        return "in"
    if position == length - 1 and direction in ("out", "through"):
        return "out"
    return "both"
