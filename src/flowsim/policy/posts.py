"""Changes of posts: opened after the pattern of another, closed, handed over, or given a search post beside them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.policy.selection import EXISTING, Chosen, scaled_share, with_groups, with_posts
from flowsim.world.checkpoint import AGENCIES, Checkpoint, LaneGroup, stands
from flowsim.world.devices import Device
from flowsim.world.world import World

MISSING = ("refuse", "skip")
"""What is done where a post is missing."""

OWN_CLASS = {"South Kazakhstan": "south", "Almaty city": "almaty"}
"""Classes of effort of the oblasts that have one of their own; all others are `inside`."""


@dataclass(frozen=True, kw_only=True)
class AddPosts:
    """Open internal posts at places, each with the lanes, bays and devices of a post that stands."""

    places: tuple[str, ...]
    """Places where they stand; a post is named after its place, with `-rail-post` behind it on a railway."""

    like: str
    """Checkpoint after whose pattern they are made, which gives the mode too."""

    devices: tuple[str, ...] = ()
    """Names of their devices; empty for those of the pattern."""

    transfer: float = 1.0
    """Whether alarms there are followed up as at the posts of old (1) or all of them (0), see `Device.transfer` [1]."""

    referral: float = 1.0
    """Factor on the share of honest vehicles that the pattern refers [1]."""

    start: str = ""
    """First day in force, ISO date; in a year in which they do not stand none is opened."""

    existing: str = "refuse"
    """Whether a place where an internal post or station team stands is refused, or the one there kept."""

    def __post_init__(self) -> None:
        checks.require(bool(self.places), thing="AddPosts.places", rule="name a place", value=self.places)
        checks.unique(self.places, thing="AddPosts.places")
        checks.probability(self, "transfer")
        checks.non_negative(self, "referral")
        checks.one_of(self, "existing", EXISTING)

    def apply(self, world: World) -> World:
        """World with the posts besides those it had.

        Raises
        ------
        ValueError
            If the world lacks a place, the pattern or a device, or a post stands there already.
        """
        added = [self._post(world, place) for place in self.places if self._is_free(world, place)]
        if not stands(self.start, "", year=world.year):
            return world
        return replace(world, checkpoints=(*world.checkpoints, *added))

    def _is_free(self, world: World, place: str) -> bool:
        checks.known(place, [one.name for one in world.network.places], thing="place of a post")
        there = [post.name for post in world.checkpoints if post.place == place and not post.border]
        rule = "be at a place without one, or say existing: keep"
        holds = not there or self.existing == "keep"
        checks.require(holds, thing=f"a new post at {place}", rule=rule, value=", ".join(there))
        return not there

    def _post(self, world: World, place: str) -> Checkpoint:
        checks.known(self.like, [post.name for post in world.checkpoints], thing="pattern of a post")
        pattern = next(post for post in world.checkpoints if post.name == self.like)
        spot = world.network.place(place)
        names = self.devices or tuple(device.name for device in pattern.devices)
        tools = tuple(replace(world.device(name), transfer=self.transfer) for name in names)
        post = replace(
            pattern,
            name=place if pattern.mode == "road" else f"{place}-{pattern.mode}-post",
            place=place,
            label=f"{spot.label}, new post",
            effort_class=OWN_CLASS.get(spot.oblast, "inside"),
            devices=tools,
            start=self.start,
            kind="assumed",
            source=f"judgement: a policy, after the pattern of {self.like}",
        )
        return with_groups(post, lambda group: replace(group, referral=scaled_share(group.referral, self.referral)))


@dataclass(frozen=True, kw_only=True)
class AddUnservedPost:
    """Open one post of which no source says where, on a trunk line that no control inside serves.

    Candidates are the places inside the country that at least two routes of the mode pass and where no internal post
    or station team stands, those with most of the loads first.
    """

    like: str
    """As in `AddPosts`."""

    pick: float = 0.0
    """Position among the candidates, from 0 for the one with most of the loads to 1 for that with least [1]."""

    devices: tuple[str, ...] = ()
    """As in `AddPosts`."""

    transfer: float = 1.0
    """As in `AddPosts` [1]."""

    referral: float = 1.0
    """As in `AddPosts` [1]."""

    start: str = ""
    """As in `AddPosts`."""

    def __post_init__(self) -> None:
        checks.probability(self, "pick")

    def apply(self, world: World) -> World:
        """World with the post besides those it had.

        Raises
        ------
        ValueError
            If no place is left, or as for `AddPosts`.
        """
        places = self.candidates(world)
        rule = "find a place that two routes pass and no control inside serves"
        checks.require(bool(places), thing="AddUnservedPost", rule=rule, value=f"none in world {world.name}")
        place = places[min(len(places) - 1, math.floor(self.pick * len(places)))]
        fields = {name: getattr(self, name) for name in ("like", "devices", "transfer", "referral", "start")}
        return AddPosts(places=(place,), **fields).apply(world)

    def candidates(self, world: World) -> tuple[str, ...]:
        """Places where the post may stand, those with most of the loads first."""
        checks.known(self.like, [post.name for post in world.checkpoints], thing="pattern of a post")
        mode = next(post.mode for post in world.checkpoints if post.name == self.like)
        shares = {s.origin: s.share for s in world.traffic.streams if s.mode == mode and s.drug == "heroin"}
        served = {post.place for post in world.checkpoints}
        loads: Counter[str] = Counter()
        routes: Counter[str] = Counter()
        for route in (r for r in world.network.routes if r.mode == mode and r.origin in shares):
            for place in set(route.path) - served:
                loads[place] += shares[route.origin] * route.weight  # type: ignore[assignment]
                routes[place] += 1
        trunk = [place for place in loads if routes[place] > 1]
        return tuple(sorted(trunk, key=lambda place: (-loads[place], place)))


@dataclass(frozen=True, kw_only=True)
class ClosePosts(Chosen):
    """Close checkpoints."""

    missing: str = "refuse"
    """Whether a checkpoint that is not there is refused, or left out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.one_of(self, "missing", MISSING)
        given = (self.checkpoints, self.borders, self.types, self.modes, self.agencies)
        checks.require(any(given), thing="ClosePosts", rule="say which checkpoints", value=None)

    def apply(self, world: World) -> World:
        """World without these checkpoints.

        Raises
        ------
        ValueError
            If one is missing, unless such are left out.
        """
        own = self
        if self.missing == "skip":
            there = tuple(name for name in self.checkpoints if name in {post.name for post in world.checkpoints})
            if self.checkpoints and not there:
                return world
            own = replace(self, checkpoints=there)
        closed = {post.name for post in own.posts(world)}
        return replace(world, checkpoints=tuple(post for post in world.checkpoints if post.name not in closed))


@dataclass(frozen=True, kw_only=True)
class HandOver(Chosen):
    """Hand crossings over to another agency, which looks at fewer vehicles and for less long."""

    to: str = "Border Guards"
    """Agency that works them from then on."""

    referral: float = 1.0
    """Factor on the share of honest vehicles that are referred [1]."""

    service: float = 1.0
    """Factor on the time of the first look [1]."""

    without: tuple[str, ...] = ()
    """Devices that leave with the agency that had them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.known(self.to, AGENCIES, thing="HandOver.to")
        checks.non_negative(self, "referral")
        checks.positive(self, "service")

    def apply(self, world: World) -> World:
        """World in which another agency works these checkpoints.

        Raises
        ------
        ValueError
            If there are none.
        """
        return with_posts(world, self.posts(world), self._changed)

    def _changed(self, post: Checkpoint) -> Checkpoint:
        def looked(group: LaneGroup) -> LaneGroup:
            referral = scaled_share(group.referral, self.referral)
            return replace(group, referral=referral, service_time=group.service_time * self.service)

        tools = tuple(device for device in post.devices if device.name not in self.without)
        return with_groups(replace(post, agency=self.to, devices=tools), looked)


@dataclass(frozen=True, kw_only=True)
class AddSearchPosts(Chosen):
    """Give the busiest crossings a post beside them that does nothing but search, one each.

    It adds a bay, has more vehicles referred, and its crew searches each of them besides what is done there already.
    """

    units: float
    """Posts to give; rounded, and at most one each [1]."""

    search: str
    """Device that stands for the search of its crew, as `manual`."""

    referral: float = 1.0
    """Factor on the share of honest vehicles that are referred [1]."""

    transfer: float = 1.0
    """Whether alarms of its crew are followed up as those of old (1) or all of them (0), see `Device.transfer` [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.non_negative(self, "units")
        checks.non_negative(self, "referral")
        checks.probability(self, "transfer")

    def apply(self, world: World) -> World:
        """World with these search posts.

        Raises
        ------
        ValueError
            If there are fewer crossings than posts, or no such device.
        """
        posts, count = self.posts(world), round(self.units)
        rule = f"be at most the {len(posts)} checkpoints that it is about"
        checks.require(count <= len(posts), thing="AddSearchPosts.units", rule=rule, value=self.units)
        load = honest_vehicles(world)
        busiest = sorted(posts, key=lambda post: (-load[post.name], post.name))[:count]
        tool = replace(world.device(self.search), name="search-post", label="Search post", transfer=self.transfer)
        return with_posts(world, busiest, lambda post: self._changed(post, tool))

    def _changed(self, post: Checkpoint, tool: Device) -> Checkpoint:
        wider = replace(post, bays=post.bays + 1, devices=(*post.devices, tool))
        return with_groups(wider, lambda group: replace(group, referral=scaled_share(group.referral, self.referral)))


def honest_vehicles(world: World) -> Counter[str]:
    """Honest vehicles a day at each checkpoint, by its name [1/day].

    Parameters
    ----------
    world
        World whose traffic it is.
    """
    found: Counter[str] = Counter()
    for flow in world.traffic.flows:
        for stop in world.stops_of_flow(flow):
            found[world.checkpoints[stop.checkpoint].name] += flow.per_day  # type: ignore[assignment]
    return found
