"""Style of maps: colours that survive grey-scale, lines, markers, keys, and labels without overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.textpath import TextPath

Floats = npt.NDArray[np.float64]

FAMILY = "DejaVu Sans"
"""Font bundled with matplotlib."""

SMALL, NORMAL, LARGE = 7.0, 8.0, 12.0
"""Sizes of text [pt]."""

INK, QUIET = "#1a1a1a", "#5c5c5c"
"""Colours of text and markers, and of minor elements."""

WATER, LAND, EMPHASISED = "#b5d0e2", "#ebebe7", "#fffdf6"
"""Colours of the ground."""

MODE_COLOURS = {"road": "#17466f", "rail": "#e08a00", "track": "#7a5c3a", "sea": "#4a8fb5", "air": "#8a8a8a"}
"""Colour of each mode; road is dark and rail is light in grey-scale too."""

SEIZED = "#a3195b"
"""Colour of seizures."""

MARKERS = {"crossing": "D", "internal": "o", "station": "s", "port": "^"}
"""Marker of each type of checkpoint."""

MARKER = 4.6
"""Size of a marker [pt]."""

HAIR = 0.6
"""Width of the line on any leg of a route, regardless of its flow [pt]."""

LEADER = 9.0
"""Distance beyond which a line joins a label to its place [pt]."""

NAMES = {"crossing": "crossing", "internal": "internal post", "station": "rail station", "port": "port"}
"""Types of checkpoint in print."""

DASHES = (0, (3.5, 1.8))
"""Dashes of the approach to the border."""

Look = dict[str, Any]
"""Properties of an artist."""

MARGIN = 1.5
"""Room around a label [pt]."""

Box = tuple[float, float, float, float]
"""Left, bottom, right and top of a rectangle [pt]."""

SIDES = (
    *((1, 0), (-1, 0), (1, 0.6), (1, -0.6), (-1, 0.6), (-1, -0.6)),
    *((0.5, 1), (0.5, -1), (-0.5, 1), (-0.5, -1), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)),
)
"""Candidate directions of a label around its point, in order of preference."""


def size_of(text: str, *, size: float, weight: str = "normal") -> tuple[float, float]:
    """Width and height of a text on the page [pt].

    Parameters
    ----------
    text
        Text, of one line or more.
    size
        Size of the font [pt].
    weight
        Weight of the font.
    """
    font = FontProperties(family=FAMILY, weight=weight)
    lines = text.split("\n")
    width = max(float(np.asarray(TextPath((0, 0), line, size=size, prop=font).vertices)[:, 0].max()) for line in lines)
    return width + 1, size * (1.0 + 1.25 * (len(lines) - 1))


def write(
    axes: Axes,
    text: str,
    *,
    at: tuple[float, float],
    size: float = SMALL,
    weight: str = "normal",
    colour: str = INK,
    style: str = "normal",
    side: str = "center",
    halo: str | None = None,
    gid: str = "",
) -> Text:
    """Write a text on axes in points of the page, vertically centred.

    Parameters
    ----------
    axes
        Axes in points of the page.
    text
        Text.
    at
        Position of the anchor [pt].
    size, weight, colour, style
        Look of the font; size in [pt].
    side
        Side of the anchor on the text: left, center or right.
    halo
        Colour of the outline of the letters, if any.
    gid
        Name by which the artist can be found again.
    """
    effects = [withStroke(linewidth=2.2, foreground=halo)] if halo else []
    return axes.text(
        *at,
        text,
        fontsize=size,
        fontweight=weight,
        fontstyle=style,
        family=FAMILY,
        color=colour,
        ha=side,
        va="center_baseline" if "\n" not in text else "center",
        linespacing=1.15,
        path_effects=effects,
        gid=gid,
        zorder=20,
    )


def band(axes: Axes, ends: Floats, *, mode: str, width: float, gid: str) -> Floats:
    """Draw a flow as a line with a light edge; return points under its ink, dims (point, 2) [pt].

    Parameters
    ----------
    axes
        Where to draw.
    ends
        Both ends, dims (end, 2) [pt].
    mode
        Mode of the leg, for the colour; rail has sleepers.
    width
        Width of the line [pt]; a hairline shows below it however small it is.
    gid
        Name by which the line can be found again.
    """
    order = 4.0 if mode == "road" else 4.5
    look: Look = dict(color=MODE_COLOURS[mode], zorder=order, solid_capstyle="round")
    white = look | dict(color="white", zorder=order - 1)
    axes.add_artist(Line2D(*ends.T, linewidth=max(width, HAIR) + 1.0, gid="casing", **white))
    axes.add_artist(Line2D(*ends.T, linewidth=HAIR, gid="hairline", **look))
    axes.add_artist(Line2D(*ends.T, linewidth=width, gid=gid, **look))
    if mode == "rail" and width > 1.2:
        dashes: Look = dict(color="white", linestyle=(0, (2.2, 2.2)), dash_capstyle="butt", zorder=order)
        axes.add_artist(Line2D(*ends.T, linewidth=width * 0.4, gid="sleepers", **dashes))
    along = ends[1] - ends[0]
    length = max(float(np.hypot(*along)), 1e-9)
    steps = np.linspace(0, 1, 2 + int(length / 2))[:, None, None]
    across = np.linspace(-width / 2, width / 2, 1 + int(width / 2) if width > 2 else 1)[None, :, None]
    normal = np.array([-along[1], along[0]]) / length
    covered: Floats = (ends[0] + steps * along + across * normal).reshape(-1, 2)
    return covered


def arrow(axes: Axes, tail: Floats, *, along: Floats, mode: str, width: float, gid: str) -> tuple[Box, Floats]:
    """Draw an arrow as wide as a flow; return the rectangle of its head and points on its shaft [pt].

    Parameters
    ----------
    axes
        Where to draw.
    tail
        Where it starts [pt].
    along
        Direction, of length 1.
    mode
        Mode of the flow, for the colour.
    width
        Width of the shaft [pt].
    gid
        Name by which the arrow can be found again.
    """
    side = np.array([-along[1], along[0]])
    half = max(width, HAIR) / 2
    head = 2.6 + half
    neck, tip = tail + along * 11, tail + along * (12 + head)
    corners = [tail + side * half, neck + side * half, neck + side * head, tip]
    corners += [neck - side * head, neck - side * half, tail - side * half]
    halo: Look = dict(facecolor="white", edgecolor="white", linewidth=1.0, zorder=3.2)
    axes.add_artist(Polygon(np.array(corners), **halo))
    axes.add_artist(Polygon(np.array(corners), facecolor=MODE_COLOURS[mode], zorder=4.8, gid=gid))
    low, high = np.min(corners[2:5], axis=0).tolist(), np.max(corners[2:5], axis=0).tolist()
    return (low[0], low[1], high[0], high[1]), tail + np.linspace(0, 1, 8)[:, None] * (tip - tail)


def markers(axes: Axes, point: Floats, *, types: set[str], large: bool, gid: str) -> list[Box]:
    """Draw the markers of a place side by side, or a dot if it has none; return their rectangles [pt].

    Parameters
    ----------
    axes
        Where to draw.
    point
        Position of the place [pt].
    types
        Types of checkpoint there.
    large
        Whether the dot of a place without checkpoints is a black one.
    gid
        Name by which the markers can be found again.
    """
    boxes: list[Box] = []
    x, y = point.tolist()
    shown = [kind for kind in MARKERS if kind in types]
    for column, kind in enumerate(shown):
        middle = x + (column - (len(shown) - 1) / 2) * (MARKER + 0.9)
        look: Look = dict(markersize=MARKER, markeredgewidth=0.9, markerfacecolor="white", markeredgecolor=INK)
        axes.add_artist(Line2D([middle], [y], marker=MARKERS[kind], zorder=10, gid=f"{kind}:{gid}", **look))
        half = MARKER / 2 + 0.6
        boxes.append((middle - half, y - half, middle + half, y + half))
    if not shown:
        dot: Look = (
            dict(markersize=2.4, markerfacecolor=INK) if large else dict(markersize=1.6, markerfacecolor="white")
        )
        axes.add_artist(
            Line2D(
                [x],
                [y],
                marker="o",
                markeredgewidth=0.6,
                markeredgecolor=INK,
                zorder=10,
                gid=f"place:{gid}",
                **dot,
            )
        )
        boxes.append((x - 1.5, y - 1.5, x + 1.5, y + 1.5))
    return boxes


def key_types(axes: Axes, types: set[str], *, left: float, top: float) -> None:
    """Draw the key to the markers of types of checkpoint, from its upper left corner [pt]."""
    write(axes, "Checkpoints", at=(left, top), weight="bold", side="left")
    for row, kind in enumerate(kind for kind in MARKERS if kind in types):
        y = top - 14 - 12 * row
        markers(axes, np.array([left + 5, y]), types={kind}, large=False, gid="key")
        write(axes, NAMES[kind], at=(left + 13, y), side="left")


def key_flows(axes: Axes, modes: set[str], *, per_tonne: float, widest: float, left: float, top: float) -> None:
    """Draw the key to widths and colours of flows.

    Parameters
    ----------
    axes
        Where to draw.
    modes
        Modes with a flow.
    per_tonne
        Width of a line for each tonne a year [pt].
    widest
        Width of the widest line [pt].
    left, top
        Upper left corner [pt].
    """
    write(axes, "Flow of heroin", at=(left, top), weight="bold", side="left")
    y, across = top - 14, [left, left + 22]
    largest = rounded(widest / per_tonne)
    for flow in (largest, rounded(largest / 4), rounded(largest / 10)):
        axes.add_artist(Line2D(across, [y, y], linewidth=flow * per_tonne, color=QUIET, solid_capstyle="butt"))
        write(axes, f"{flow:g} t a year", at=(left + 27, y), side="left")
        y -= 12
    for mode in (mode for mode in MODE_COLOURS if mode in modes):
        band(axes, np.array([[left + 1.6, y], [left + 20.4, y]]), mode=mode, width=3.2, gid=f"key:{mode}")
        write(axes, mode, at=(left + 27, y), side="left")
        y -= 12
    axes.add_artist(Line2D(across, [y, y], linewidth=0.9, color=QUIET, linestyle=DASHES))
    write(axes, "approach, not simulated", at=(left + 27, y), side="left")


def key_circles(axes: Axes, *, largest: float, per_root: float, left: float, top: float) -> None:
    """Draw the key to the circles of mass.

    Parameters
    ----------
    axes
        Where to draw.
    largest
        Radius of the largest circle [pt].
    per_root
        Radius for each square root of a kilogram a year [pt].
    left, top
        Upper left corner [pt].
    """
    write(axes, "Seized, in a year", at=(left, top), weight="bold", side="left")
    peak = rounded((largest / per_root) ** 2)
    base = top - 12 - 2 * largest
    for mass in (peak, rounded(peak / 5)):
        radius = per_root * mass**0.5
        circle(axes, np.array([left + largest, base + radius]), radius=radius, gid="key")
        y = base + 2 * radius
        axes.add_artist(Line2D([left + largest, left + 2 * largest + 5], [y, y], linewidth=0.5, color=QUIET))
        write(axes, f"{mass:g} kg", at=(left + 2 * largest + 7, y), side="left")


def circle(axes: Axes, point: Floats, *, radius: float, gid: str) -> None:
    """Draw the circle of a mass seized, with a given radius and position [pt]."""
    x, y = point.tolist()
    look: Look = dict(facecolor=(*to_rgb(SEIZED), 0.16), edgecolor=SEIZED, linewidth=1.2, zorder=5)
    axes.add_artist(Circle((x, y), radius, gid=gid, **look))


def key_scale(axes: Axes, scale: float, *, left: float, bottom: float) -> None:
    """Draw a scale bar [m/pt], true at the standard parallels, and a north arrow."""
    length = rounded(64 * scale / 1000)
    right = left + length * 1000 / scale
    axes.add_artist(
        Line2D([left, left, right, right], [bottom + 3, bottom, bottom, bottom + 3], color=INK, linewidth=0.9)
    )
    write(axes, f"{length:g} km", at=((left + right) / 2, bottom + 8))
    north = np.array([(68, 15), (64.5, -2), (68, 1.5), (71.5, -2)]) + np.array([left, bottom])
    axes.add_artist(Polygon(north, facecolor=INK))
    write(axes, "N", at=(left + 68, bottom + 20), weight="bold")


def rounded(value: float) -> float:
    """Largest of 1, 2 or 5 times a power of ten not above a positive value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)))


def overlap(first: Box, second: Box) -> bool:
    """Whether two rectangles overlap."""
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


@dataclass(kw_only=True)
class Labels:
    """Sequential placement of labels; a label without room is left out."""

    width: float
    """Width of the page [pt]."""

    height: float
    """Height of the page [pt]."""

    taken: list[Box] = field(default_factory=list)
    """Rectangles closed to labels."""

    inked: Floats = field(default_factory=lambda: np.empty((0, 2)))
    """Points on lines and markers that labels should avoid, dims (point, 2) [pt]."""

    def ink(self, points: Floats) -> None:
        """Mark points that labels should avoid, dims (point, 2) [pt]."""
        self.inked = np.concatenate([self.inked, points])

    def find(
        self, extent: tuple[float, float], *, at: tuple[float, float], gaps: Iterable[float], tolerance: float
    ) -> Box | None:
        """Reserve the free rectangle nearest to a point with the least ink under it.

        Parameters
        ----------
        extent
            Width and height of the label [pt].
        at
            Point of the label [pt].
        gaps
            Candidate distances from the point [pt].
        tolerance
            Largest ink under the label [points of ink].

        Returns
        -------
        tuple or None
            The rectangle [pt], margin included, or None if there is no room.
        """
        half = np.array(extent) / 2 + MARGIN
        best: tuple[float, Box] | None = None
        for reach, gap in enumerate(gaps):
            for rank, side in enumerate(SIDES):
                middle = np.array(at) + np.array(side) * (half + gap - MARGIN)
                box: Box = (*(middle - half).tolist(), *(middle + half).tolist())
                if not self.free(box):
                    continue
                covered = self.covered(box)
                cost = covered + 0.12 * rank + 2.5 * reach
                if covered <= tolerance and (best is None or cost < best[0]):
                    best = (cost, box)
        if best is None:
            return None
        self.taken.append(best[1])
        return best[1]

    def free(self, box: Box) -> bool:
        """Whether a rectangle lies on the page, clear of reserved ones."""
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= self.width and box[3] <= self.height
        return inside and not any(overlap(box, other) for other in self.taken)

    def covered(self, box: Box) -> int:
        """Number of ink points in a rectangle."""
        x, y = self.inked.T
        return int(np.sum((x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])))
