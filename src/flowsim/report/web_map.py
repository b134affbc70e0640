"""Map of the page: ground, legs with their flow, exits, and places with what is seized there."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flowsim.figures import basemap
from flowsim.figures.fig1_network import Flows, flows_of
from flowsim.figures.style import Box, Floats, overlap
from flowsim.report import drawing
from flowsim.report.formats import kg, span
from flowsim.report.wording import Text, named, text
from flowsim.world.network import Place
from flowsim.world.world import World

WIDEST, LARGEST = 14.0, 24.0
"""Width of the line of the largest flow, and radius of the circle of the largest mass [unit of the drawing]."""

LABELS = 20
"""Largest number of places with their names on the map [1]."""

LETTER, LINE = 7.0, 18.0
"""Width of a letter and height of a line [unit of the drawing]."""

BESIDE = (7.0, -6.0)
"""Position of the start of a name from its place [unit of the drawing]."""


@dataclass(frozen=True, kw_only=True)
class DrawnLeg:
    """A leg with its flow."""

    mode: str
    """Mode."""

    points: str
    """Its ends."""

    width: float
    """Width of its line [unit of the drawing]."""

    said: Text
    """Its numbers."""


@dataclass(frozen=True, kw_only=True)
class DrawnExit:
    """An exit with what leaves there."""

    points: str
    """Its arrow."""

    said: Text
    """Its numbers."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A place."""

    key: str
    """Key of the place."""

    label: str
    """Name in print."""

    x: float
    """Position from the left [unit of the drawing]."""

    y: float
    """Position from the top [unit of the drawing]."""

    radius: float
    """Radius of the circle of what is seized, 0 for nothing [unit of the drawing]."""

    types: tuple[str, ...]
    """Types of its checkpoints; empty if there is none."""

    said: str
    """Name and mass, for whoever hears the page."""

    name_at: tuple[float, float] | None
    """Start of its name on the map; None if it does not stand there [unit of the drawing]."""


@dataclass(frozen=True, kw_only=True)
class Map:
    """The map."""

    width: float
    """Width [unit of the drawing]."""

    height: float
    """Height [unit of the drawing]."""

    ground: list[drawing.GroundShape]
    """Areas; empty for a country that is not a real one."""

    legs: list[DrawnLeg]
    """Legs, the widest first."""

    exits: list[DrawnExit]
    """Exits."""

    spots: list[Spot]
    """Places, the largest circles first."""


def map_of(world: World, posts: pd.DataFrame, leaked: pd.DataFrame) -> Map:
    """Map of a world with its results.

    Parameters
    ----------
    world
        World under the policy of the results.
    posts
        Table of `run_part.posts`.
    leaked
        Mean mass that leaves by exit, with columns exit, mean, q05, q95 [kg/year].
    """
    flows = flows_of(world)
    names = _used(world, flows)
    places = {place.name: place for place in world.network.places if place.name in names}
    degrees = np.array([(place.longitude, place.latitude) for place in places.values()])
    frame = drawing.frame_of(degrees)
    at = dict(zip(places, drawing.at(frame, degrees), strict=True))
    home = Counter(world.place_of(post).country for post in world.checkpoints).most_common(1)[0][0]
    return Map(
        width=frame.width,
        height=frame.height,
        ground=drawing.ground(frame, home=home),
        legs=_legs(world, flows, at, places),
        exits=_exits(world, flows, at, leaked),
        spots=_spots(world, at, places, posts),
    )


def _used(world: World, flows: Flows) -> set[str]:
    """Places on the map: those with a checkpoint, a leg with flow, or a route."""
    names = {name for route in world.network.routes for name in route.path}
    names |= {end for _, *ends in flows.legs for end in ends}
    return names | {post.place for post in world.checkpoints}


def _legs(world: World, flows: Flows, at: dict[str, Floats], places: dict[str, Place]) -> list[DrawnLeg]:
    peak = max(flows.legs.values(), default=0.0) or 1.0
    widths = {key: WIDEST * flow / peak for key, flow in flows.legs.items()}
    paths = [route.path for route in world.network.routes if route.mode != "road"]
    beside = basemap.beside(at, widths=widths, paths=[path for path in paths if set(path) <= set(at)])
    found = []
    for (mode, start, end), flow in sorted(flows.legs.items(), key=lambda item: -item[1]):
        where = at if mode == "road" else beside
        ends = [places[name].label or name for name in (start, end)]
        said = text("map.flow", mode=named(mode), start=ends[0], end=ends[1], flow=_tonnes(flow))
        width = max(1.0, widths[mode, start, end])
        found.append(
            DrawnLeg(mode=mode, points=drawing.line([where[start], where[end]]), width=round(width, 1), said=said)
        )
    return found


def _exits(world: World, flows: Flows, at: dict[str, Floats], leaked: pd.DataFrame) -> list[DrawnExit]:
    """An arrow for each exit, at its busiest place."""
    centre = np.mean([at[post.place] for post in world.checkpoints], axis=0)
    labels = {place.name: place.label for place in world.network.places}
    found = []
    for row in leaked.to_dict("records"):
        name = str(row["exit"])
        lasts = {route.path[-1] for route in world.network.routes if route.exit == name}
        if not lasts:
            continue
        last = max(
            sorted(lasts), key=lambda place: sum(flow for (_, own), flow in flows.leaving.items() if own == place)
        )
        along = basemap.unit(at[last] - centre)
        across = np.array([-along[1], along[0]])
        tip, back = at[last] + 28 * along, at[last] + 13 * along
        said = text("map.exit", name=labels.get(name) or name, kg=kg(row["mean"]), span=span(row["q05"], row["q95"]))
        found.append(DrawnExit(points=drawing.line([tip, back + 7 * across, back - 7 * across]), said=said))
    return found


def _spots(world: World, at: dict[str, Floats], places: dict[str, Place], posts: pd.DataFrame) -> list[Spot]:
    mass = posts.groupby("place")["seized"].sum().to_dict()
    types: dict[str, list[str]] = {name: [] for name in places}
    for post in world.checkpoints:
        types[post.place].append(post.type)
    peak = math.sqrt(max(mass.values(), default=0.0) or 1.0)
    order = sorted(places, key=lambda name: (-mass.get(name, 0.0), name))
    shown = _named(order, at, {name: place.label or name for name, place in places.items()})
    found = []
    for name in order:
        kilograms: Any = mass.get(name, 0.0)
        label = places[name].label or name
        x, y = at[name].tolist()
        found.append(
            Spot(
                key=name,
                label=label,
                x=round(x, 1),
                y=round(y, 1),
                radius=round(LARGEST * math.sqrt(kilograms) / peak, 1),
                types=tuple(dict.fromkeys(types[name])),
                said=f"{label}: {kg(kilograms)} kg",
                name_at=shown.get(name),
            )
        )
    return found


def _named(order: list[str], at: dict[str, Floats], labels: dict[str, str]) -> dict[str, tuple[float, float]]:
    """Start of the names of places with the largest masses, of those that cover no other name."""
    shown: dict[str, tuple[float, float]] = {}
    taken: list[Box] = []
    for name in order:
        x, y = (at[name] + BESIDE).tolist()
        box = (x, y - LINE, x + LETTER * len(labels[name]), y)
        inside = box[2] <= drawing.WIDTH and box[1] >= 0
        if len(shown) < LABELS and inside and not any(overlap(box, other) for other in taken):
            shown[name] = (round(x, 1), round(y, 1))
            taken.append(box)
    return shown


def _tonnes(value: float) -> str:
    return f"{value:.3g}"
