"""Sites of seizures: the checkpoints, then the places reached only by cases and retail arrests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from flowsim.draws.fleet import Ints
from flowsim.engine.compiled.visited import Travelled
from flowsim.engine.outcome import Outcome
from flowsim.world.network import Place
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class Site:
    """A checkpoint, or a place of seizures without one."""

    name: str
    """Name of the checkpoint, or `at-` and the name of the place."""

    oblast: str
    """First-level division of the country."""

    mode: str
    """Mode of the vehicles controlled there."""

    kind: str
    """Type of the checkpoint, or `place`."""

    agency: str
    """Agency of the checkpoint; empty for a place."""

    label: str
    """Name in print."""

    latitude: float
    """Latitude [degrees north]."""

    longitude: float
    """Longitude [degrees east]."""

    is_checkpoint: bool
    """Whether vehicles are controlled there."""


def places(world: World) -> tuple[Place, ...]:
    """Places of seizures without a checkpoint: hubs, cities and the last places of routes.

    There are none in a world without cases, hubs and a market.
    """
    traffic = world.traffic
    hubs = [hub.place for hub in world.hubs if hub.share > 0]
    if not (world.detection.intelligence.has_cases or hubs or traffic.market > 0):
        return ()
    cities = (place for place, weight in traffic.city_weights if weight > 0)
    names = {*hubs, *cities, *(route.path[-1] for route in world.network.routes)}
    return tuple(place for place in world.network.places if place.name in names)


def site_name(place: Place) -> str:
    """Name of the site of a place."""
    return f"at-{place.name}"


def sites(world: World) -> tuple[Site, ...]:
    """Checkpoints of a world in order, then the places of seizures without one."""
    posts = (
        Site(
            name=post.name,
            mode=post.mode,
            kind=post.type,
            agency=post.agency,
            label=post.label,
            is_checkpoint=True,
            **_position(world.place_of(post)),
        )
        for post in world.checkpoints
    )
    others = (
        Site(
            name=site_name(place),
            mode="road",
            kind="place",
            agency="",
            label=place.label,
            is_checkpoint=False,
            **_position(place),
        )
        for place in places(world)
    )
    return (*posts, *others)


def _position(place: Place) -> dict[str, Any]:
    return {"oblast": place.oblast, "latitude": place.latitude, "longitude": place.longitude}


ALONG: Mapping[str, str] = {
    "oblast": "oblast",
    "mode": "mode",
    "kind": "kind",
    "is_checkpoint": "is_checkpoint",
    "checkpoint_agency": "agency",
    "checkpoint_label": "label",
    "latitude": "latitude",
    "longitude": "longitude",
}
"""Field of a site behind each coordinate along `checkpoint`."""


def along(where: Sequence[Site]) -> dict[str, tuple[str, list[Any]]]:
    """Coordinates along `checkpoint` of some sites.

    Parameters
    ----------
    where
        Sites in the order of their labels.
    """
    return {name: ("checkpoint", [getattr(site, field) for site in where]) for name, field in ALONG.items()}


def site_of_place(world: World) -> Ints:
    """Index of the site of each place of the network, -1 if none, dims (place,)."""
    index = np.full(len(world.network.places), -1, dtype=np.int64)
    for k, place in enumerate(places(world)):
        index[world.network.index(place.name)] = len(world.checkpoints) + k
    return index


def last_visit(fleet: Travelled, outcome: Outcome) -> Ints:
    """Last visit reached by each vehicle, -1 if none, dims (vehicle,)."""
    reached = np.zeros(len(outcome.arrival) + 1, dtype=np.int64)
    np.cumsum(~np.isnan(outcome.arrival), out=reached[1:])
    begin, end = fleet.first[:-1], fleet.first[1:]
    count = reached[end] - reached[begin]  # a vehicle visits its checkpoints in order
    last: Ints = np.where(count > 0, begin + count - 1, -1)
    return last


def final_visit(fleet: Travelled, outcome: Outcome) -> Ints:
    """Visit at which each vehicle's journey ended, -1 if it continued, dims (vehicle,)."""
    last = last_visit(fleet, outcome)
    ended = (last >= 0) & (outcome.departure[last] == outcome.end) if len(outcome.departure) else last >= 0
    final: Ints = np.where(ended, last, -1)
    return final
