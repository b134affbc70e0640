"""Changes of posts: opened on the pattern of another, closed, handed over, or given a search post."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.policy.checkpoint_selection import EXISTING, AtCheckpoints, scaled_share, with_groups, with_posts
from flowsim.world.checkpoint import AGENCIES, Checkpoint, LaneGroup, stands
from flowsim.world.devices import Device
from flowsim.world.world import World

MISSING = ("refuse", "skip")
"""Treatment of a missing post."""

OWN_CLASS = {"South Kazakhstan": "south", "Almaty city": "almaty"}
"""Classes of effort of the oblasts with one of their own; all others are `inside`."""


@dataclass(frozen=True, kw_only=True)
class AddPosts:
    """Open internal posts at places, with the lanes, bays and devices of an existing post."""

    places: tuple[str, ...]
    """Places of the posts; a post is named after its place, with the suffix `-rail-post` on a railway."""

    like: str
    """Checkpoint copied as the pattern, mode included."""

    devices: tuple[str, ...] = ()
    """Names of their devices; empty for the pattern's devices."""

    referral: float = 1.0
    """Factor on the pattern's share of honest vehicles referred [1]."""

    start: str = ""
    """First day in force, ISO date; none is opened in an earlier year."""

    existing: str = "refuse"
    """Treatment of a place with an internal post or station team: refused, or left with the present one."""

    def __post_init__(self) -> None:
        checks.require(bool(self.places), thing="AddPosts.places", rule="name a place", value=self.places)
        checks.unique(self.places, thing="AddPosts.places")
        checks.non_negative(self, "referral")
        checks.one_of(self, "existing", EXISTING)

    def apply(self, world: World) -> World:
        """World with the posts added.

        Raises
        ------
        ValueError
            If the world lacks a place, the pattern or a device, or already has a post there.
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
        tools = tuple(world.device(name) for name in names)
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
    """Open one post of unknown place, on a trunk line without any control inside.

    Candidates are the places inside the country on at least two routes of the mode and without an internal post or
    station team, in descending order of consignments.
    """

    like: str
    """As in `AddPosts`."""

    pick: float = 0.0
    """Position among the candidates, from 0 for most consignments to 1 for least [1]."""

    devices: tuple[str, ...] = ()
    """As in `AddPosts`."""

    referral: float = 1.0
    """As in `AddPosts` [1]."""

    start: str = ""
    """As in `AddPosts`."""

    def __post_init__(self) -> None:
        checks.probability(self, "pick")

    def apply(self, world: World) -> World:
        """World with the post added.

        Raises
        ------
        ValueError
            If no place is left, or as for `AddPosts`.
        """
        places = self.candidates(world)
        rule = "find a place that two routes pass and no control inside serves"
        checks.require(bool(places), thing="AddUnservedPost", rule=rule, value=f"none in world {world.name}")
        place = places[min(len(places) - 1, math.floor(self.pick * len(places)))]
        fields = {name: getattr(self, name) for name in ("like", "devices", "referral", "start")}
        return AddPosts(places=(place,), **fields).apply(world)

    def candidates(self, world: World) -> tuple[str, ...]:
        """Candidate places of the post, in descending order of consignments."""
        checks.known(self.like, [post.name for post in world.checkpoints], thing="pattern of a post")
        mode = next(post.mode for post in world.checkpoints if post.name == self.like)
        shares = {s.origin: s.share for s in world.traffic.streams if s.mode == mode and s.drug == "heroin"}
        served = {post.place for post in world.checkpoints}
        mass: Counter[str] = Counter()
        routes: Counter[str] = Counter()
        for route in (r for r in world.network.routes if r.mode == mode and r.origin in shares):
            for place in set(route.path) - served:
                mass[place] += shares[route.origin] * route.weight  # type: ignore[assignment]
                routes[place] += 1
        trunk = [place for place in mass if routes[place] > 1]
        return tuple(sorted(trunk, key=lambda place: (-mass[place], place)))


@dataclass(frozen=True, kw_only=True)
class ClosePosts(AtCheckpoints):
    """Close checkpoints."""

    missing: str = "refuse"
    """Treatment of an absent checkpoint: refused, or left out."""

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
            If one is missing, unless missing ones are left out.
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
class HandOver(AtCheckpoints):
    """Hand crossings over to another agency, with fewer referrals and shorter primary inspection."""

    to: str = "Border Guards"
    """New agency."""

    referral: float = 1.0
    """Factor on the share of honest vehicles referred [1]."""

    service: float = 1.0
    """Factor on the time of primary inspection [1]."""

    without: tuple[str, ...] = ()
    """Devices withdrawn with the former agency."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.known(self.to, AGENCIES, thing="HandOver.to")
        checks.non_negative(self, "referral")
        checks.positive(self, "service")

    def apply(self, world: World) -> World:
        """World with these checkpoints under the new agency.

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
class AddSearchPosts(AtCheckpoints):
    """Give each of the busiest crossings a post dedicated to searches.

    It adds a bay, raises the share of vehicles referred, and its crew searches each of them in addition to the present
    inspection.
    """

    units: float
    """Number of search posts; rounded, and at most one per crossing [1]."""

    search: str
    """Device for the search by its crew, such as `manual`."""

    referral: float = 1.0
    """Factor on the share of honest vehicles referred [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.non_negative(self, "units")
        checks.non_negative(self, "referral")

    def apply(self, world: World) -> World:
        """World with the search posts.

        Raises
        ------
        ValueError
            If there are fewer crossings than posts, or no such device.
        """
        posts, count = self.posts(world), round(self.units)
        rule = f"be at most the {len(posts)} checkpoints that it is about"
        checks.require(count <= len(posts), thing="AddSearchPosts.units", rule=rule, value=self.units)
        vehicles = honest_vehicles(world)
        busiest = sorted(posts, key=lambda post: (-vehicles[post.name], post.name))[:count]
        tool = replace(world.device(self.search), name="search-post", label="Search post")
        return with_posts(world, busiest, lambda post: self._changed(post, tool))

    def _changed(self, post: Checkpoint, tool: Device) -> Checkpoint:
        wider = replace(post, bays=post.bays + 1, devices=(*post.devices, tool))
        return with_groups(wider, lambda group: replace(group, referral=scaled_share(group.referral, self.referral)))


def honest_vehicles(world: World) -> Counter[str]:
    """Honest vehicles a day at each checkpoint, by name [1/day].

    Parameters
    ----------
    world
        World with its traffic.
    """
    found: Counter[str] = Counter()
    for flow in world.traffic.flows:
        for stop in world.stops_of_flow(flow):
            found[world.checkpoints[stop.checkpoint].name] += flow.per_day  # type: ignore[assignment]
    return found
