"""Figure 2: opiates seized in Kazakhstan from 1996 to 2006, in the years as printed and as corrected."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from flowsim.figures.style import FAMILY, INK, LARGE, NORMAL, QUIET, SMALL

PAGE = (7.5, 6.4)
"""Width and height of the figure [in]."""

BAR, FAILING = "#c9ccd0", "#b2182b"
"""Colours of the bars and of what a reading fails; failures have another marker too, for print in grey."""

TOP = 1500.0
"""Upper end of the axis [kg]."""

Check = dict[Hashable, Any]
"""Row of the table of checks."""

FULL = (1996, 2001, 2006)
"""Years that are written in full below the bars."""

PANELS = {"printed": "Years as printed", "corrected": "Years as corrected"}
"""Titles of the panels, by reading."""

CROSS = 62.0
"""Height of a cross above what it refers to [kg]."""

TOTALS = {
    "2006 is heroin and opium of 2006": 2006,
    "2001 is heroin and opium of 2001": 2001,
}
"""Checks of a total that the text states for a year."""

FLOORS = {
    "2004 is at least what the KNB seized": 2004,
    "2005 is at least what two agencies seized": 2005,
}
"""Checks of a least amount in a year; that of 2006 is drawn as its total."""

MEANS = {
    "mean 1996-2000 without 1997": (1996, 2000),
    "mean 2002-2006": (2002, 2006),
}
"""Checks of a mean, with its first and last year."""


def opiate_series(series: pd.DataFrame, *, checks: pd.DataFrame) -> Figure:
    """Draw the series under both readings, what the texts state, and a table of the checks.

    Parameters
    ----------
    series
        Columns year, printed and corrected [kg], as of `evidence.series.series_table`.
    checks
        Columns of `evidence.series.check_table`.

    Returns
    -------
    Figure
        Two panels of bars with marks at what the texts state, and the table below.
    """
    with matplotlib.rc_context({"font.family": FAMILY, "font.size": NORMAL, "hatch.linewidth": 0.6}):
        figure = Figure(figsize=PAGE)
        FigureCanvasAgg(figure)
        stated = {str(row["check"]): row for row in checks.to_dict("records")}
        for column, reading in enumerate(PANELS):
            axes = figure.add_axes((0.075 + 0.475 * column, 0.475, 0.44, 0.42))
            axes.set_gid(f"series:{reading}")
            _panel(axes, series, stated, reading=reading, labelled=column == 0)
        _key(figure)
        table = figure.add_axes((0.075, 0.02, 0.915, 0.33))
        table.set_gid("checks")
        _table(table, checks)
        title = "Opiates seized in Kazakhstan, 1996 to 2006: one list of values, two orders of the years"
        figure.text(0.012, 0.966, title, size=LARGE - 1.5, weight="bold", color=INK, va="center")
    return figure


def _panel(axes: Axes, series: pd.DataFrame, stated: dict[str, Check], *, reading: str, labelled: bool) -> None:
    values = dict(zip(series["year"].astype(int), series[reading].astype(float), strict=True))
    holds = {name: bool(row[f"{reading}_holds"]) for name, row in stated.items()}
    axes.bar(list(values), list(values.values()), width=0.8, color=BAR, edgecolor=QUIET, linewidth=0.5, zorder=1)
    for year, value in values.items():
        axes.text(year, 18, f"{math.floor(value + 0.5)}", ha="center", va="bottom", size=SMALL - 0.9, color=INK)
    for name, (first, last) in MEANS.items():
        _mean(axes, stated[name], first, last, reading=reading)
    for name, year in (TOTALS | FLOORS).items():
        _mark(axes, year, float(stated[name]["stated"]), floor=name in FLOORS, holds=holds[name])
    axes.set_title(
        f"{PANELS[reading]}: {sum(holds.values())} of {len(holds)} checks hold", size=NORMAL + 0.5, loc="left"
    )
    axes.set_ylim(0, TOP)
    axes.set_xlim(1995.4, 2006.6)
    axes.set_xticks(list(values), [str(year) if year in FULL else f"{year % 100:02d}" for year in values])
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL, labelleft=labelled)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    if labelled:
        axes.set_ylabel("opiates seized [kg]", size=SMALL + 0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_linewidth(0.6)


def _colour(holds: bool) -> str:
    return INK if holds else FAILING


def _mean(axes: Axes, check: Check, first: int, last: int, *, reading: str) -> None:
    """A mean that the text states as a line, and the mean of the bars beside it where the two differ."""
    name, holds = check["check"], bool(check[f"{reading}_holds"])
    ends = [first - 0.42, last + 0.42]
    axes.plot(ends, [check["stated"]] * 2, color=_colour(holds), linewidth=1.6, zorder=3, gid=f"mean:{name}")
    if not holds:
        _cross(axes, last + 0.15, check["stated"] + CROSS)
        axes.plot(
            ends, [check[reading]] * 2, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3, gid=f"bars:{name}"
        )


def _mark(axes: Axes, year: int, value: float, *, floor: bool, holds: bool) -> None:
    """What the text states for a year: a diamond for a total, a triangle for a least amount, a cross if it fails."""
    mark, size = ("^", 5.2) if floor else ("D", 4.8)
    face, gid = "white" if holds else FAILING, f"{'floor' if floor else 'total'}:{year}"
    look: dict[str, Any] = {"color": _colour(holds), "markerfacecolor": face, "linestyle": ""}
    axes.plot(year, value, marker=mark, markersize=size, zorder=4, gid=gid, **look)
    if not holds:
        _cross(axes, year, value + CROSS)


def _cross(axes: Axes, year: float, value: float) -> None:
    axes.plot(year, value, marker="x", markersize=6, markeredgewidth=1.6, color=FAILING, linestyle="", zorder=4)


def _key(figure: Figure) -> None:
    open_mark: dict[str, Any] = {"color": INK, "markerfacecolor": "white", "linestyle": ""}
    entries = [
        Patch(facecolor=BAR, edgecolor=QUIET, linewidth=0.5, label="value of the list"),
        Line2D([], [], marker="D", markersize=4.8, **open_mark, label="total in a text"),
        Line2D([], [], marker="^", markersize=5.2, **open_mark, label="least amount in a text"),
        Line2D([], [], color=INK, linewidth=1.6, label="mean in a text"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), label="mean of the bars"),
        Line2D(
            [],
            [],
            marker="x",
            markersize=6,
            markeredgewidth=1.6,
            color=FAILING,
            linestyle="",
            label="contradicted by the bars",
        ),
    ]
    legend = figure.legend(handles=entries, loc="upper center", bbox_to_anchor=(0.53, 0.435), ncols=3, frameon=False)
    legend.set_gid("key")
    for text in legend.get_texts():
        text.set_fontsize(SMALL - 0.5)


def _table(axes: Axes, checks: pd.DataFrame) -> None:
    """The checks, one a line: what is compared, what the texts state, what each order of the years gives."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(checks) + 0.6, -1.0)
    heads = (("check", 0.0, "left"), ("text states", 0.56, "right"), ("as printed", 0.715, "right"))
    for text, x, side in (*heads, ("as corrected", 0.895, "right")):
        axes.text(x, -0.35, text, ha=side, va="center", size=SMALL, color=QUIET)
    axes.plot([0, 1], [0.05, 0.05], color=QUIET, linewidth=0.6)
    for line, row in enumerate(checks.to_dict("records")):
        y = line + 0.6
        unit = {"percent/year": "%", "year": ""}.get(str(row["unit"]), "kg")
        least = "at least " if row["rule"] == "at least" else ""
        axes.text(0.0, y, str(row["check"]), va="center", size=SMALL, color=INK)
        axes.text(0.56, y, f"{least}{_number(row['stated'])} {unit}".rstrip(), ha="right", va="center", size=SMALL)
        for reading, x in (("printed", 0.715), ("corrected", 0.895)):
            holds = bool(row[f"{reading}_holds"])
            look: dict[str, Any] = {
                "va": "center",
                "size": SMALL,
                "color": _colour(holds),
                "weight": "normal" if holds else "bold",
            }
            axes.text(x, y, _number(row[reading]), ha="right", **look)
            axes.text(x + 0.012, y, "passes" if holds else "fails ×", ha="left", **look)


def _number(value: object) -> str:
    number = float(str(value))
    if number in range(1990, 2011):
        return f"{number:.0f}"
    return f"{number:,.1f}"
