"""Figure 12: waterfall from all heroin at checkpoints, by reason of passage, down to the seizures there."""

from __future__ import annotations

import textwrap
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from flowsim.figures.axes import sheet
from flowsim.figures.style import INK, LARGE, MODE_COLOURS, QUIET, SEIZED, SMALL
from flowsim.results.intervals import ends
from flowsim.results.measures import CASES, MARKET, SHARES, STOPPED

PAGE = (7.5, 5.4)
"""Width and height of the figure [in]."""

GROUPS = {
    "not examined": ("not selected", "waved through", "under seal", "not reached", "bypassed", "closed"),
    "examined, no alarm": ("missed by the device",),
    "alarm, and let go": ("not followed up", "protected", "bought off"),
    "seized": (STOPPED, CASES, MARKET),
}
"""Groups of reasons by kind of failure."""

COLOURS = dict(
    zip(GROUPS, ("#b9bdc3", MODE_COLOURS["sea"], MODE_COLOURS["rail"], SEIZED), strict=True)
)  # light, middle, darker, dark: told apart in grey too
"""Colour of each group."""

ALL = "all heroin at checkpoints"
"""Label of the first bar."""

FLOOR = 1e-3
"""Lower end of the logarithmic axis [%]."""

ROWS = 0.8
"""Thickness of a bar, as part of a line [1]."""


def waterfall(table: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Draw the waterfall, and beside it each part with its interval on a logarithmic axis.

    Parameters
    ----------
    table
        Columns `SHARES`: the parts of the mass at checkpoints in order, the last of which is `STOPPED`, then what is
        taken elsewhere in the same unit.
    title
        Title of the figure.
    sentence
        Caption on the scope and limits of the figure.

    Returns
    -------
    Figure
        Two panels with common lines, and the numbers beside them.
    """
    with sheet(PAGE) as figure:
        rows = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
        left, right = figure.add_axes((0.2, 0.235, 0.3, 0.69)), figure.add_axes((0.545, 0.235, 0.24, 0.69))
        left.set_gid("waterfall")
        right.set_gid("intervals")
        lines = _lines([str(row["what"]) for row in rows])
        _bars(left, rows, lines=lines)
        _intervals(right, rows, lines=lines)
        _key(figure)
        figure.text(0.012, 0.958, title, size=LARGE - 1.5, weight="bold", color=INK, va="center")
        text = "\n".join(textwrap.wrap(sentence, 128))
        figure.text(0.012, 0.055, text, size=SMALL + 0.3, color=INK, va="center", linespacing=1.4)
    return figure


def _lines(names: list[str]) -> dict[str, float]:
    """Height of the line of each part; seizures elsewhere are set apart."""
    return {name: 1.0 + k + (0.8 if name in (CASES, MARKET) else 0.0) for k, name in enumerate(names)}


def _colour(name: str) -> str:
    return next(COLOURS[group] for group, members in GROUPS.items() if name in members)


def _bars(axes: Axes, rows: list[dict[str, Any]], *, lines: dict[str, float]) -> None:
    """Bars, each from the end of the one before; seizures elsewhere start at zero."""
    look: dict[str, Any] = {"height": ROWS, "edgecolor": INK, "linewidth": 0.4}
    axes.barh(0, 100.0, color="white", gid=f"bar:{ALL}", **look)
    rest = 100.0
    for row in rows:
        name, share = str(row["what"]), 100 * float(row["share"])
        apart = name in (CASES, MARKET)
        start = 0.0 if apart else rest - share
        (bar,) = axes.barh(lines[name], share, left=start, color=_colour(name), visible=share > 0, **look)
        bar.set_gid(f"bar:{name}")
        if not apart:
            edge = lines[name] + (0.0 if name == STOPPED else 1.0)
            axes.plot([start, start], [lines[name], edge], color=QUIET, linewidth=0.5, zorder=0)
            rest = start
    axes.set_yticks([0.0, *lines.values()], [ALL, *lines])
    axes.set_xlim(-0.3, 100.3)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("mass x visits to checkpoints [%]", size=SMALL + 0.5)
    _frame(axes, lines)


def _intervals(axes: Axes, rows: list[dict[str, Any]], *, lines: dict[str, float]) -> None:
    """Point and whisker of each part, and both as numbers; values below the axis are cut off."""
    axes.set_xscale("log")
    axes.set_xlim(FLOOR, 100)
    for row in rows:
        name = str(row["what"])
        share, low, high = (100 * float(row[column]) for column in SHARES[1:])
        look: dict[str, Any] = {"color": _colour(name) if name not in GROUPS["not examined"] else QUIET}
        if high > FLOOR:
            line = axes.plot([max(low, FLOOR), high], [lines[name]] * 2, linewidth=2.2, **look)[0]
            line.set(gid=f"whisker:{name}", solid_capstyle="butt")
        if share > FLOOR:
            axes.plot(share, lines[name], marker="o", markersize=4.2, markeredgecolor=INK, gid=f"point:{name}", **look)
        interval = f"  ({ends(low, high, number_text)})" if high > 0 else ""
        text = f"{number_text(share)}{interval}"
        axes.text(1.03, lines[name], text, transform=axes.get_yaxis_transform(), va="center", size=SMALL, color=INK)
    head = "[%]  (90 % of draws)"
    axes.text(1.03, 0.0, head, transform=axes.get_yaxis_transform(), va="center", size=SMALL, color=QUIET)
    axes.set_yticks([])
    decades = [FLOOR * 10**k for k in range(6)]
    axes.set_xticks(decades, [f"{value:g}" for value in decades])
    axes.set_xlabel("the same, logarithmic [%]", size=SMALL + 0.5)
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    _frame(axes, lines)


def _frame(axes: Axes, lines: dict[str, float]) -> None:
    """Common frame of both panels: lines from above, few spines, and a rule before the seizures elsewhere."""
    axes.set_ylim(max(lines.values()) + 0.7, -0.7)
    axes.axhline(lines[STOPPED] + 0.9, color=QUIET, linewidth=0.6, linestyle=(0, (3, 2)))
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_linewidth(0.6)


def _key(figure: Figure) -> None:
    entries = [Patch(facecolor=COLOURS[group], edgecolor=INK, linewidth=0.4, label=group) for group in GROUPS]
    where: dict[str, Any] = {"loc": "center", "bbox_to_anchor": (0.5, 0.125), "ncols": len(GROUPS), "frameon": False}
    legend = figure.legend(handles=entries, fontsize=SMALL, **where)
    legend.set_gid("key")


def number_text(value: float) -> str:
    """A percentage with two significant digits, for print beside the panels.

    Parameters
    ----------
    value
        The number [%].
    """
    if value >= 9.95 or value == 0:
        return f"{value:.0f}"
    return f"{value:#.2g}" if value >= FLOOR else f"<{FLOOR:g}"
