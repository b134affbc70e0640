"""Shapes of the map on the page, in its own units, from boundaries and positions on the ground."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from flowsim.figures import basemap
from flowsim.figures.basemap import Frame
from flowsim.figures.style import Floats

WIDTH, HEIGHT = 1000.0, 600.0
"""Width and height of the map [unit of the drawing]."""

CLOSE = 0.8
"""Distance below which a point of a boundary is left out [unit of the drawing]."""

BEYOND = 20.0
"""Distance beyond the edge at which boundaries are cut [unit of the drawing]."""


class GroundShape(NamedTuple):
    """An area of the ground."""

    name: str
    """Name, empty if it has none."""

    kind: str
    """Class for its look: country, home or region."""

    d: str
    """Outline, as the attribute `d` of a path."""


def frame_of(degrees: Floats) -> Frame:
    """Frame of the map around some places.

    Parameters
    ----------
    degrees
        Longitudes and latitudes, dims (point, 2) [degrees].
    """
    return basemap.fit(degrees, width=WIDTH, height=HEIGHT, reserved=())


def at(frame: Frame, degrees: Floats) -> Floats:
    """Positions in the drawing, from its upper left corner, dims (point, 2) [unit of the drawing]."""
    return frame.points(degrees) * [1.0, -1.0] + [0.0, frame.height]


def ground(frame: Frame, *, home: str) -> list[GroundShape]:
    """Countries and regions; none if the home country is not a real one.

    Parameters
    ----------
    frame
        Extent on the ground.
    home
        Country with emphasis and regions.
    """
    countries = basemap.read("countries")
    if home not in [area.name for area in countries]:
        return []
    others = [area for area in countries if area.name != home]
    shapes = [(area, "country") for area in others]
    shapes += [(area, "home") for area in countries if area.name == home]
    shapes += [(area, "region") for area in basemap.read("oblasts")]
    found = []
    for area, kind in shapes:
        outline = basemap.outline(area, frame, holes=kind == "country")
        if outline is not None:
            rings = [np.asarray(ring) for ring in outline.to_polygons(closed_only=False)]
            found.append(GroundShape(area.name, kind, _drawn(rings, frame)))
    return found


def _drawn(rings: Sequence[Floats], frame: Frame) -> str:
    """Outline as text, with fewer points."""
    return "".join(f"M{'L'.join(_pair(*point) for point in ring)}Z" for ring in _thin(rings, frame) if len(ring) > 2)


def _thin(rings: Sequence[Floats], frame: Frame) -> Iterator[list[tuple[float, float]]]:
    """Rings cut a little beyond the edge, each point at some distance from the one before."""
    low, high = (-BEYOND, -BEYOND), (frame.width + BEYOND, frame.height + BEYOND)
    for polygon in rings:
        points = np.clip(polygon, low, high) * [1.0, -1.0] + [0.0, frame.height]
        ring: list[tuple[float, float]] = []
        for x, y in points.tolist():
            if not ring or abs(x - ring[-1][0]) + abs(y - ring[-1][1]) >= CLOSE:
                ring.append((x, y))
        yield ring


def line(points: Iterable[Iterable[float]]) -> str:
    """A line as the attribute `points`."""
    return " ".join(_pair(*point) for point in points)


def _pair(x: float, y: float) -> str:
    return f"{x:.1f},{y:.1f}"
