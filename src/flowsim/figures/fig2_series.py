"""Figure 2: opiates seized in Kazakhstan from 1996 to 2006, in the years as printed and as corrected."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from flowsim.figures.axes import sheet
from flowsim.figures.style import INK, LARGE, NORMAL, QUIET, SMALL

PAGE = (7.5, 6.7)
"""Width and height of the figure [in]."""

BAR, FAILING = "#c9ccd0", "#b2182b"
"""Colours of the bars and of failed checks; failures are filled or dotted too, for print in grey."""

TOP = 1500.0
"""Upper end of the axis [kg]."""

Check = dict[Hashable, Any]
"""Row of the table of checks."""

FULL = (1996, 2001, 2006)
"""Years written in full below the bars."""

PANELS = {"printed": "Years as printed", "corrected": "Years as corrected"}
"""Titles of the panels, by reading."""

DOTTED, DASHED = (0, (1, 1)), (0, (4, 2))
"""Line styles of a stated mean contradicted by the bars, and of the mean of the bars."""

TOTALS = {
    "2006 is heroin and opium of 2006": 2006,
    "2001 is heroin and opium of 2001": 2001,
}
"""Checks of a total stated for a year."""

FLOORS = {
    "2004 is at least what the KNB seized": 2004,
    "2005 is at least what two agencies seized": 2005,
}
"""Checks of a lower bound on a year; the one of 2006 is drawn as its total."""

MEANS = {
    "mean 1996-2000 without 1997": ((1996, 1996), (1998, 2000)),
    "mean 2002-2006": ((2002, 2006),),
}
"""Checks of a mean, with the first and last year of each run of years in it."""

STATED, PRINTED, CORRECTED = 0.605, 0.74, 0.905
"""Right ends of the columns of numbers in the table, parts of its width."""

WHITE = [withStroke(linewidth=2.2, foreground="white")]
"""Rim of the numbers at the lines, legible over bars."""


def opiate_series(series: pd.DataFrame, *, checks: pd.DataFrame) -> Figure:
    """Draw the series under both readings, the numbers stated in the texts, and a table of the checks.

    Parameters
    ----------
    series
        Columns year, printed and corrected [kg], as of `evidence.series.series_table`.
    checks
        Columns of `evidence.series.check_table`.

    Returns
    -------
    Figure
        Two panels of bars with marks at the stated numbers, and the table below.
    """
    with sheet(PAGE, hatch=0.6) as figure:
        stated = {str(row["check"]): row for row in checks.to_dict("records")}
        for column, reading in enumerate(PANELS):
            axes = figure.add_axes((0.075 + 0.475 * column, 0.505, 0.44, 0.4))
            axes.set_gid(f"series:{reading}")
            _panel(axes, series, stated, reading=reading, labelled=column == 0)
        _key(figure)
        table = figure.add_axes((0.075, 0.018, 0.915, 0.345))
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
    for name in MEANS:
        _mean(axes, stated[name], reading=reading)
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


def _mean(axes: Axes, check: Check, *, reading: str) -> None:
    """A stated mean as a line, and the mean of the bars beside it if the two differ."""
    name, holds = str(check["check"]), bool(check[f"{reading}_holds"])
    look: dict[str, Any] = {"color": _colour(holds), "linewidth": 1.7, "linestyle": "-" if holds else DOTTED}
    _line(axes, name, check["stated"], label="text", gid=f"mean:{name}", **look)
    if not holds:
        look = {"color": INK, "linewidth": 0.9, "linestyle": DASHED}
        _line(axes, name, check[reading], label="bars", gid=f"bars:{name}", **look)


def _line(axes: Axes, name: str, value: float, *, label: str, gid: str, color: str, **look: Any) -> None:
    """A line over the years of a mean, broken at a year left out, with its number above the last run."""
    runs = MEANS[name]
    for first, last in runs:
        axes.plot([first - 0.42, last + 0.42], [value] * 2, color=color, zorder=3, gid=gid, **look)
    text = axes.text(runs[-1][0] - 0.38, value + 14, f"{label} {value:,.1f}", ha="left", va="bottom")
    text.set(size=SMALL - 0.4, color=color, zorder=5, path_effects=WHITE, gid=f"number:{gid}")


def _mark(axes: Axes, year: int, value: float, *, floor: bool, holds: bool) -> None:
    """Mark of a year's stated number: a diamond for a total, a triangle for a lower bound, filled if it fails."""
    mark, size = ("^", 5.2) if floor else ("D", 4.8)
    face, gid = "white" if holds else FAILING, f"{'floor' if floor else 'total'}:{year}"
    look: dict[str, Any] = {"color": _colour(holds), "markerfacecolor": face, "linestyle": ""}
    axes.plot(year, value, marker=mark, markersize=size, zorder=4, gid=gid, **look)
    if not holds:
        text = axes.text(year - 0.3, value, f"sum {value:,.1f}", ha="right", va="center", size=SMALL - 0.4)
        text.set(color=FAILING, zorder=5, path_effects=WHITE, gid=f"number:{gid}")


def _key(figure: Figure) -> None:
    mark: dict[str, Any] = {"color": INK, "markerfacecolor": "white", "linestyle": ""}
    failing: dict[str, Any] = {"color": FAILING, "markerfacecolor": FAILING, "linestyle": ""}
    entries: list[Artist] = [
        Patch(facecolor=BAR, edgecolor=QUIET, linewidth=0.5, label="value of the list"),
        Line2D([], [], color=INK, linewidth=1.7, label="mean in a text (over the years below the line)"),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=DASHED, label="mean of the bars, where it differs"),
        Line2D([], [], marker="D", markersize=4.8, **mark, label="total: our sum of heroin and opium in a text"),
        Line2D([], [], marker="^", markersize=5.2, **mark, label="least amount: our sum of what agencies report"),
    ]
    contradicted = (
        Line2D([], [], color=FAILING, linewidth=1.7, linestyle=DOTTED),
        Line2D([], [], marker="D", markersize=4.8, **failing),
    )
    legend = figure.legend(
        handles=[*entries, contradicted],
        labels=[*(str(entry.get_label()) for entry in entries), "contradicted by the bars (red, dotted or filled)"],
        handler_map={tuple: HandlerTuple(ndivide=None)},
        loc="upper center",
        bbox_to_anchor=(0.53, 0.468),
        ncols=2,
        frameon=False,
    )
    legend.set_gid("key")
    for text in legend.get_texts():
        text.set_fontsize(SMALL - 0.2)


def _table(axes: Axes, checks: pd.DataFrame) -> None:
    """Table of checks, one a line: subject, stated number, and result under each order of the years."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(len(checks) + 0.6, -1.0)
    heads = (("check", 0.0, "left"), ("the texts give", STATED, "right"), ("as printed", PRINTED, "right"))
    for text, x, side in (*heads, ("as corrected", CORRECTED, "right")):
        axes.text(x, -0.35, text, ha=side, va="center", size=SMALL, color=QUIET)
    axes.plot([0, 1], [0.05, 0.05], color=QUIET, linewidth=0.6)
    for line, row in enumerate(checks.to_dict("records")):
        y = line + 0.6
        axes.text(0.0, y, str(row["check"]), va="center", size=SMALL, color=INK)
        axes.text(STATED, y, stated_text(row), ha="right", va="center", size=SMALL)
        for reading, x in (("printed", PRINTED), ("corrected", CORRECTED)):
            holds = bool(row[f"{reading}_holds"])
            look: dict[str, Any] = {
                "va": "center",
                "size": SMALL,
                "color": _colour(holds),
                "weight": "normal" if holds else "bold",
            }
            axes.text(x, y, number_text(row[reading], unit=str(row["unit"])), ha="right", **look)
            axes.text(x + 0.012, y, "passes" if holds else "fails ×", ha="left", **look)


def stated_text(row: Check) -> str:
    """Stated number of a check, with our sum of its terms, as text for tables.

    Parameters
    ----------
    row
        Row of the table of checks, as of `evidence.series.check_table`.
    """
    unit = {"percent/year": "%, cut off", "year": ""}.get(str(row["unit"]), "kg")
    digits = 0 if unit != "kg" else 1
    least = "at least " if row["rule"] == "at least" else ""
    terms = f"{row['terms']} = " if row["terms"] else ""
    return f"{least}{terms}{row['stated']:,.{digits}f} {unit}".rstrip() if unit else f"{row['stated']:.0f}"


def number_text(value: float, *, unit: str) -> str:
    """Result of a reading for a check, as text for tables.

    Parameters
    ----------
    value
        The number [unit].
    unit
        Unit; a year has no digits, and a percentage one more than a mass, as it is truncated in the text.
    """
    if unit == "year":
        return f"{value:.0f}"
    return f"{value:,.{2 if unit == 'percent/year' else 1}f}"
