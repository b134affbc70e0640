"""Boundaries of countries and oblasts, and the projected frame of a map."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from pyproj import Proj
from scipy.ndimage import distance_transform_edt

from flowsim.figures.style import (
    EMPHASISED,
    LAND,
    MARGIN,
    NORMAL,
    QUIET,
    SMALL,
    WATER,
    Box,
    Floats,
    Labels,
    size_of,
    write,
)

CLEAR = (40.0, 30.0)
"""Margin of the frame beside the places, and above and below them [pt]."""

NEAR, CROWD = 14.0, 8
"""Distance within which places count as crowded [pt], and number of them that warrants an enlargement [1]."""

SMALLEST = 100e3
"""Least span of a frame [m]."""

CUT = ((36.0, 28.0), (98.0, 62.0))
"""South-west and north-east corner of the boundary files [degrees]."""

OBLAST_NAMES = {
    "Aqmola": "Akmola",
    "Aqtöbe": "Aktobe",
    "Mangghystau": "Mangystau",
    "Qaraghandy": "Karaganda",
    "Qostanay": "Kostanay",
    "Qyzylorda": "Kyzylorda",
}
"""Spelling of this project for names in the file of oblasts."""


@dataclass(frozen=True)
class Area:
    """A country or an oblast."""

    name: str
    """Name in English, empty if it has none."""

    rings: tuple[Floats, ...]
    """Rings of longitude and latitude, dims (point, 2) [degrees], the holes clockwise."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle of the projected plane, measured in points of the page from its lower left corner."""

    projection: Proj
    """Map projection."""

    left: float
    """Easting of the left edge [m]."""

    bottom: float
    """Northing of the lower edge [m]."""

    scale: float
    """Metres on the ground of one point on the page [m]."""

    width: float
    """Width on the page [pt]."""

    height: float
    """Height on the page [pt]."""

    def points(self, degrees: npt.ArrayLike) -> Floats:
        """Positions on the page [pt] of longitudes and latitudes [degrees], both with dims (point, 2)."""
        flat = metres(self.projection, degrees)
        points: Floats = (flat - np.array([self.left, self.bottom])) / self.scale
        return points

    def holds(self, point: Floats) -> bool:
        """Whether a position on the page [pt], dims (2,), lies inside."""
        return bool(np.all((point >= 0) & (point <= [self.width, self.height])))

    def enlarged(self, window: Box, *, zoom: float) -> Frame:
        """Frame of a part of this one [pt], drawn larger by a factor."""
        left, bottom, right, top = window
        return Frame(
            projection=self.projection,
            left=self.left + left * self.scale,
            bottom=self.bottom + bottom * self.scale,
            scale=self.scale / zoom,
            width=(right - left) * zoom,
            height=(top - bottom) * zoom,
        )


def axes_on(figure: Figure, box: Box, frame: Frame, *, gid: str) -> Axes:
    """Axes measured in points of the page, without ticks.

    Parameters
    ----------
    figure
        Figure to draw on.
    box
        Left, bottom, width and height on the page [pt].
    frame
        Extent on the ground.
    gid
        Name by which they can be found again.
    """
    width, height = figure.get_size_inches() * 72
    axes = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    axes.set(xlim=(0, frame.width), ylim=(0, frame.height), xticks=[], yticks=[], gid=gid)
    for spine in axes.spines.values():
        spine.set(linewidth=0.8, color=QUIET, zorder=30)
    return axes


def metres(projection: Proj, degrees: npt.ArrayLike) -> Floats:
    """Easting and northing [m] of longitudes and latitudes [degrees], both with dims (point, 2)."""
    flat = np.asarray(degrees, dtype=np.float64).reshape(-1, 2)
    return np.column_stack(projection(flat[:, 0], flat[:, 1]))


def projection_of(degrees: Floats) -> Proj:
    """Projection with little distortion about some places: conformal conic, or plain at the equator.

    The standard parallels lie a sixth of the span of latitudes inside its ends.

    Parameters
    ----------
    degrees
        Longitudes and latitudes of the places, dims (point, 2) [degrees].
    """
    (west, south), (east, north) = degrees.min(axis=0), degrees.max(axis=0)
    middle, sixth = (south + north) / 2, (north - south) / 6
    centre = f"+lon_0={round((west + east) / 2)} +ellps=WGS84"
    if abs(middle) < 10:
        return Proj(f"+proj=eqc +lat_ts={middle} {centre}")
    return Proj(f"+proj=lcc +lat_1={round(south + sixth)} +lat_2={round(north - sixth)} +lat_0={middle} {centre}")


def fit(degrees: Floats, *, width: float, height: float, reserved: Sequence[Box], least: float = 0.0) -> Frame:
    """Smallest frame around all places with a margin, and none in the reserved rectangles.

    Parameters
    ----------
    degrees
        Longitudes and latitudes of the places, dims (point, 2) [degrees].
    width, height
        Size on the page [pt].
    reserved
        Rectangles at the lower edge under keys [pt].
    least
        Smallest scale of the frame [m/pt].
    """
    projection = projection_of(degrees)
    flat = metres(projection, degrees)
    low, high = flat.min(axis=0), flat.max(axis=0)
    span = np.maximum(high - low, SMALLEST)
    middle = (low + high) / 2
    scale = max(least, span[0] / (width - 2 * CLEAR[0]), span[1] / (height - 2 * CLEAR[1]))
    while True:
        top = middle[1] + span[1] / 2 + CLEAR[1] * scale
        # Spare height goes below the places, to the keys.
        frame = Frame(
            projection=projection,
            left=float(middle[0] - scale * width / 2),
            bottom=float(top - scale * height),
            scale=float(scale),
            width=width,
            height=height,
        )
        if not any(_covers(box, frame.points(degrees)) for box in reserved):
            return frame
        scale *= 1.02


def layout(degrees: Floats, *, size: Sequence[float], key: Box, corner: Box, zoom: float) -> tuple[Frame, Box | None]:
    """Frame of the places, and its part to enlarge, clear of the enlargement itself.

    Parameters
    ----------
    degrees
        Longitudes and latitudes of the places, dims (point, 2) [degrees].
    size
        Width and height on the page [pt].
    key
        Rectangle under the key [pt].
    corner
        Rectangle under the enlargement, if there is one [pt].
    zoom
        Factor of the enlargement [1].
    """
    width, height = size
    part = np.array([corner[2] - corner[0], corner[3] - corner[1]]) / zoom
    plain = fit(degrees, width=width, height=height, reserved=[key])
    if window(plain.points(degrees), size=part) is None:
        return plain, None
    least = 0.0
    while True:
        frame = fit(degrees, width=width, height=height, reserved=[key, corner], least=least)
        chosen = window(frame.points(degrees), size=part)
        if chosen is None or chosen[1] > corner[3] + 8:
            return frame, chosen
        least = frame.scale * 1.01


def _covers(box: Box, points: Floats) -> bool:
    left, bottom, right, top = box
    x, y = points.T
    return bool(np.any((x > left) & (x < right) & (y > bottom) & (y < top)))


def read(name: str) -> tuple[Area, ...]:
    """Areas of one of the package's boundary files.

    Parameters
    ----------
    name
        "countries" or "oblasts".
    """
    text = (files("flowsim") / "data" / "geo" / f"{name}.geojson").read_text(encoding="utf-8")
    areas = []
    for feature in json.loads(text)["features"]:
        geometry = feature["geometry"]
        shapes = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        label = feature["properties"]["name"] or ""
        rings = tuple(_wound(ring, hole=place > 0) for shape in shapes for place, ring in enumerate(shape))
        areas.append(Area(OBLAST_NAMES.get(label, label), rings))
    return tuple(areas)


def _wound(ring: Sequence[Sequence[float]], *, hole: bool) -> Floats:
    points = np.array(ring, dtype=np.float64)[:, :2]
    # Land cut off by the files continues beyond the cut.
    points += 6.0 * (points >= CUT[1]) - 6.0 * (points <= CUT[0])
    return points[::-1] if _anticlockwise(points) == hole else points


def _anticlockwise(ring: Floats) -> bool:
    x, y = ring.T
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) > 0


def outline(area: Area, frame: Frame, *, holes: bool) -> Outline | None:
    """Outline of an area on the page, with or without its holes, or None if it lies outside the frame."""
    parts = []
    for ring in area.rings:
        points = frame.points(ring)
        near = np.all(points.max(axis=0) >= 0) and np.all(points.min(axis=0) <= [frame.width, frame.height])
        if near and np.all(np.isfinite(points)) and (holes or _anticlockwise(ring)):
            parts.append(Outline(points, closed=True))
    return Outline.make_compound_path(*parts) if parts else None


def ground(axes: Axes, frame: Frame, *, home: str) -> list[tuple[str, bool, Outline]]:
    """Draw water, countries and oblasts; a fictional country has a plain ground.

    Parameters
    ----------
    axes
        Axes that measure the page in points.
    frame
        Extent on the ground.
    home
        Country with emphasis and oblasts.

    Returns
    -------
    list of tuple
        Name, whether it is a country, and outline on the page of each area to label.
    """
    countries = read("countries")
    axes.set_facecolor(WATER if home in [area.name for area in countries] else EMPHASISED)
    named: list[tuple[str, bool, Outline]] = []
    if home not in [area.name for area in countries]:
        return named
    for area in countries:
        own = area.name == home
        # Baikonur, a hole in Kazakhstan, is land open to vehicles like any other.
        shape = outline(area, frame, holes=not own)
        if shape is not None:
            fill, edge, order = (EMPHASISED, "#6e6e6e", 1.2) if own else (LAND, "#bcbcb6", 1.0)
            axes.add_artist(PathPatch(shape, facecolor=fill, edgecolor=edge, linewidth=0.9, zorder=order))
            if area.name and not own:
                named.append((area.name, True, shape))
    for area in read("oblasts") if home == "Kazakhstan" else ():
        shape = outline(area, frame, holes=False)
        if shape is not None:
            axes.add_artist(PathPatch(shape, fill=False, edgecolor="#bdb59b", linewidth=0.6, zorder=1.3))
            named.append((area.name, False, shape))
    return named


def window(points: Floats, *, size: Floats) -> Box | None:
    """Most crowded part of the map, or None if no enlargement is worthwhile.

    Parameters
    ----------
    points
        Positions of the places, dims (point, 2) [pt].
    size
        Width and height of the part [pt].
    """
    apart = np.hypot(*(points[:, None] - points[None]).T)
    crowd = points[np.sum(apart < NEAR, axis=0) > 2]
    if len(crowd) < CROWD:
        return None
    lows = np.array([(x, y) for x in crowd[:, 0] for y in crowd[:, 1]]) - 6
    inside = ((crowd >= lows[:, None]) & (crowd <= lows[:, None] + size - 12)).all(axis=2)
    best = crowd[inside[inside.sum(axis=1).argmax()]]
    middle = (best.min(axis=0) + best.max(axis=0)) / 2
    left, bottom = (middle - size / 2).tolist()
    return left, bottom, left + float(size[0]), bottom + float(size[1])


def unit(vector: Floats) -> Floats:
    """Unit vector in the same direction; a zero vector stays zero."""
    length = float(np.hypot(*vector))
    return vector / length if length > 0 else np.zeros(2)


def beside(
    at: Mapping[str, Floats], *, widths: Mapping[tuple[str, str, str], float], paths: Sequence[Sequence[str]]
) -> dict[str, Floats]:
    """Positions for railways and the like, offset at places with roads as well.

    Parameters
    ----------
    at
        Position of each place [pt].
    widths
        Width of the line of each leg [pt], by mode and ends.
    paths
        Paths of the routes by other modes than road.
    """
    widest = {(mode, end): 0.0 for mode, *ends in widths for end in ends}
    across: dict[str, Floats] = {}
    side = _steady_side(at, widths=widths, paths=paths)
    for (mode, start, end), width in widths.items():
        along = unit(at[end] - at[start])
        normal = np.array([-along[1], along[0]])
        for place in (start, end):
            widest[mode, place] = max(widest[mode, place], width)
            if mode != "road":
                across[place] = across.get(place, np.zeros(2)) + np.sign(normal @ side) * width * normal
    moved = dict(at)
    for place, direction in across.items():
        if ("road", place) in widest:
            rail = max(width for (mode, where), width in widest.items() if where == place and mode != "road")
            moved[place] = at[place] + unit(direction) * (widest["road", place] / 2 + rail / 2 + 0.5)
    return moved


def _steady_side(
    at: Mapping[str, Floats], *, widths: Mapping[tuple[str, str, str], float], paths: Sequence[Sequence[str]]
) -> Floats:
    """Direction of the offset of railways with the least flow changing sides on its way."""
    angles = np.radians(np.arange(0, 360, 5))
    candidates = np.column_stack([np.cos(angles), np.sin(angles)])
    rail = {frozenset(ends): width for (mode, *ends), width in widths.items() if mode != "road"}
    changed = np.zeros(len(candidates))
    for path in paths:
        if len(path) > 2:
            along = np.diff(np.array([at[name] for name in path]), axis=0)
            left = np.column_stack([-along[:, 1], along[:, 0]]) @ candidates.T > 0
            width = np.array([rail[frozenset(ends)] for ends in pairwise(path)])
            changed += np.minimum(width[1:], width[:-1]) @ (left[1:] != left[:-1])
    best: Floats = candidates[np.argmin(changed)]
    return best


def name_areas(axes: Axes, areas: Sequence[tuple[str, bool, Outline]], *, labels: Labels) -> None:
    """Write the names of countries, then of oblasts, in the roomiest free part of each.

    Parameters
    ----------
    axes
        Where to write.
    areas
        Areas from `ground`.
    labels
        Labels placed so far.
    """
    for name, is_country, shape in areas:
        text, size = (name.upper(), NORMAL) if is_country else (name, SMALL)
        at = _roomiest(labels, shape, extent=size_of(text, size=size))
        if at is not None:
            write(
                axes,
                text,
                at=at,
                size=size,
                colour="#6f6f6a" if is_country else "#857a55",
                gid=f"area:{name}",
            )


def _roomiest(labels: Labels, shape: Outline, *, extent: tuple[float, float]) -> tuple[float, float] | None:
    """Reserve room for the name of an area at the point farthest from all edges; None if it fits nowhere."""
    step = 4.0
    corners = np.clip(np.asarray(shape.vertices), 0, (labels.width, labels.height))
    low, high = corners.min(axis=0), corners.max(axis=0)
    if np.any(high - low < step):
        return None
    x, y = (np.arange(low[axis] + step / 2, high[axis], step) for axis in (0, 1))
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    inside = shape.contains_points(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    cells = np.floor((labels.inked - low) / step).astype(int)
    cells = cells[np.all((cells >= 0) & (cells < [len(x), len(y)]), axis=1)]
    inside[cells[:, 1], cells[:, 0]] = False
    for left, bottom, right, top in labels.taken:
        inside[np.ix_((y > bottom) & (y < top), (x > left) & (x < right))] = False
    half = np.array(extent) / 2 + MARGIN
    # Distances are in half-sizes of the label: it fits at any point with a distance above one.
    depth = distance_transform_edt(np.pad(inside, 1), sampling=(step / half[1], step / half[0]))
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    if depth[row, column] < 1.0:
        return None
    middle = (float(x[column - 1]), float(y[row - 1]))
    box: Box = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    if not labels.free(box):
        return None
    labels.taken.append(box)
    return middle
