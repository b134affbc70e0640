"""Parts that figures share: a sheet to draw on, kinds of number, axes, captions, and labels beside points."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator

from flowsim.figures.style import FAMILY, INK, LARGE, LEADER, MODE_COLOURS, NORMAL, QUIET, SMALL, Labels, size_of

COLOURS = {"calibrated": MODE_COLOURS["road"], "assumed": MODE_COLOURS["rail"], "yearly": "#c9ccd0"}
"""Colour of each part of a variance, dark to light."""

HATCHES = {"calibrated": "", "assumed": "////", "yearly": ""}
"""Hatching of each part; assumed parts are hatched, for print in grey."""

KINDS = {"calibrated": "rests on calibrated numbers only", "assumed": "size of the lever is assumed"}
"""Kinds of policy in print."""

REPORTED = "#a3195b"
"""Colour of reported numbers."""

Drawn: TypeAlias = Figure
"""Type of a figure, for importers that save and do not draw."""


@contextlib.contextmanager
def sheet(size: tuple[float, float], *, text: float = NORMAL, hatch: float = 1.0) -> Iterator[Drawn]:
    """An empty figure, in whose look everything is drawn.

    Parameters
    ----------
    size
        Width and height [inch].
    text
        Size of the text that names no other [pt].
    hatch
        Width of the lines of a hatching [pt].
    """
    with matplotlib.rc_context({"font.family": FAMILY, "font.size": text, "hatch.linewidth": hatch}):
        figure = Figure(figsize=size)
        FigureCanvasAgg(figure)
        yield figure


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table by column."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def labelled(row: dict[str, Any]) -> str:
    """Name of a policy with its net number of posts in the world, as in `narcotics_boundaries (+8 posts)`."""
    posts = int(row.get("posts", 0))
    return f"{row['policy']} ({posts:+d} post{'' if abs(posts) == 1 else 's'})" if posts else str(row["policy"])


def marker(kind: str) -> dict[str, Any]:
    """Marker of a policy: filled if all its numbers are calibrated, hollow if some are assumed."""
    colour = COLOURS[kind]
    face = colour if kind == "calibrated" else "white"
    return {"marker": "o", "markersize": 4.4, "color": colour, "markerfacecolor": face, "linestyle": ""}


def key(figure: Figure, *, reported: str) -> None:
    """Line below the title with the meaning of filled and hollow points and of the colour of reports."""
    y = 1 - 0.44 / float(figure.get_size_inches()[1])
    for x, kind in ((0.012, "calibrated"), (0.3, "assumed")):
        sign = "●" if kind == "calibrated" else "○"
        figure.text(x, y, f"{sign} {KINDS[kind]}", size=SMALL, color=COLOURS[kind], va="center", gid=f"key:{kind}")
    figure.text(0.56, y, reported, size=SMALL, color=REPORTED, va="center", gid="key:reported")


def frame(axes: Axes, *, grid: str = "both") -> None:
    """Few spines, small ticks and a light grid along an axis: x, y or both."""
    axes.grid(axis=grid, color="#e3e3e3", linewidth=0.5, zorder=0)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_linewidth(0.6)


def caption(figure: Figure, *, title: str, sentence: str) -> None:
    """Title above and caption below, outside the panels within the margins of `figure`."""
    height = float(figure.get_size_inches()[1])
    figure.text(0.012, 1 - 0.19 / height, title, size=LARGE - 1.5, weight="bold", color=INK, va="center")
    text = "\n".join(textwrap.wrap(sentence, 128))
    figure.text(0.012, 0.07 / height, text, size=SMALL + 0.3, color=INK, va="bottom", linespacing=1.4)


def symmetric(axes: Axes, values: Any, *, along: str, threshold: float) -> None:
    """Axis linear about 0 and logarithmic beyond a threshold, with ticks at powers of ten in range.

    Parameters
    ----------
    axes
        Axes to set.
    values
        All values along the axis.
    along
        x or y.
    threshold
        Start of the logarithmic part, a power of ten.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    ends = [_beyond(value, threshold) for value in (low, high)]
    both: dict[str, Any] = {"linthresh": threshold, "linscale": 0.7}
    getattr(axes, f"set_{along}scale")("symlog", **both)
    getattr(axes, f"set_{along}lim")(ends[0] if low < 0 else -threshold / 4, ends[1] if high > 0 else threshold / 4)
    reach = int(np.ceil(np.log10(max(abs(end) for end in ends) / threshold))) if any(ends) else 1
    powers = [threshold * 10.0**k for k in range(max(1, reach) + 1)]
    step = 1 if len(powers) <= 5 else 2
    ticks = [*(-power for power in powers[::step]), 0.0, *powers[::step]]
    inside = [tick for tick in ticks if min(ends[0], 0) <= tick <= max(ends[1], 0)]
    getattr(axes, f"set_{along}ticks")(inside, [f"{tick:+,g}" if tick else "0" for tick in inside])
    getattr(axes, f"{along}axis").set_minor_locator(NullLocator())


def _beyond(value: float, threshold: float) -> float:
    """End of an axis, somewhat further from 0 than a value."""
    if value == 0:
        return 0.0
    return value * 1.6 if abs(value) > threshold else float(np.sign(value)) * min(2 * threshold, abs(value) * 3)


def label_points(axes: Axes, points: Mapping[str, tuple[float, float]], *, gid: str = "label") -> None:
    """Label points without overlap, with a line from each distant label to its point.

    Parameters
    ----------
    axes
        Axes with final limits and scales.
    points
        Positions by label, in the coordinates of the axes.
    gid
        Prefix of the names of the labels.
    """
    box = axes.get_window_extent()
    scale = 72 / axes.figure.dpi
    where = {name: (axes.transData.transform(at) - (box.x0, box.y0)) * scale for name, at in points.items()}
    labels = Labels(width=box.width * scale, height=box.height * scale)
    labels.taken += [(x - 2.4, y - 2.4, x + 2.4, y + 2.4) for x, y in where.values()]
    back = axes.transData.inverted()
    for name, at in where.items():
        extent = size_of(name, size=SMALL - 0.6)
        found = labels.find(extent, at=(float(at[0]), float(at[1])), gaps=(4, 8, 13, 19, 26, 34, 44), tolerance=1e9)
        if found is None:
            continue
        middle = np.array([(found[0] + found[2]) / 2, (found[1] + found[3]) / 2])
        place = back.transform(middle / scale + (box.x0, box.y0))
        look: dict[str, Any] = {"size": SMALL - 0.6, "ha": "center", "va": "center", "color": INK, "zorder": 6}
        text = axes.text(place[0], place[1], name, gid=f"{gid}:{name}", **look)
        text.set_path_effects([withStroke(linewidth=1.8, foreground="white")])
        toward = np.abs(at - middle)
        # The line ends at the edge of the label, which is wider than high.
        inside = float(np.min(np.array(extent) / 2 / np.maximum(toward, 1e-9)))
        if float(np.hypot(*toward)) * (1 - inside) > LEADER:
            end = middle + (at - middle) * inside
            line = np.array([back.transform(spot / scale + (box.x0, box.y0)) for spot in (at, end)])
            axes.add_artist(Line2D(*line.T, color=QUIET, linewidth=0.4, zorder=2))
