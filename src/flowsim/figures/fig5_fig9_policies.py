"""Figures 5 and 9: effects of policies by source of uncertainty, and against delay and cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from flowsim.comparison.numbers import years_text
from flowsim.figures.axes import (
    COLOURS,
    HATCHES,
    REPORTED,
    caption,
    frame,
    key,
    label_points,
    labelled,
    marker,
    rows_of,
    sheet,
    symmetric,
)
from flowsim.figures.style import INK, QUIET, SMALL, Floats

PARTS = {"calibrated": "calibrated", "assumed": "assumed levers", "yearly": "from year to year"}
"""Parts of a variance in print."""

THRESHOLD = 10.0
"""Start of the logarithmic part of axes of effects [kg/year]."""


def policies(table: pd.DataFrame, *, title: str, sentence: str, reported: float) -> Figure:
    """Figure 5: effect of each policy with its interval, decomposition of its variance, and years to detect.

    Parameters
    ----------
    table
        Table 2 of a comparison: columns policy, kind, seized, seized_q05, seized_q95 [kg/year], share_calibrated,
        share_assumed, share_yearly [1], years.
    title
        Title of the figure.
    sentence
        Caption below the figure.
    reported
        Reported total of the world's year, drawn for scale [kg].
    """
    rows = rows_of(table)
    height = 2.12 + 0.185 * len(rows)
    with sheet((7.5, height), hatch=0.5) as figure:
        bottom, tall = 1.28 / height, 1 - 1.98 / height
        left = figure.add_axes((0.3, bottom, 0.385, tall), gid="effects")
        right = figure.add_axes((0.715, bottom, 0.17, tall), gid="variance")
        _effects(left, rows, reported=reported)
        _variances(right, rows)
        _keys(figure, height=height)
        caption(figure, title=title, sentence=sentence)
    return figure


def _effects(axes: Axes, rows: list[dict[str, Any]], *, reported: float) -> None:
    names = ("seized", "seized_q05", "seized_q95")
    values = [float(row[name]) for row in rows for name in names]
    symmetric(axes, [*values, reported, 0.0], along="x", threshold=THRESHOLD)
    axes.axvline(0.0, color=QUIET, linewidth=0.7)
    axes.axvline(reported, color=REPORTED, linewidth=0.9, linestyle=(0, (4, 2)), gid="reported")
    for k, row in enumerate(rows):
        middle, low, high = (float(row[name]) for name in names)
        colour = COLOURS[str(row["kind"])]
        axes.plot([low, high], [k, k], color=colour, linewidth=2.0, solid_capstyle="butt", gid=f"bar:{row['policy']}")
        axes.plot(middle, k, zorder=4, gid=f"point:{row['policy']}", **marker(str(row["kind"])))
    axes.set_yticks(range(len(rows)), [labelled(row) for row in rows], size=SMALL)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(f"change of the mass seized [kg/year], linear within ±{THRESHOLD:g}", size=SMALL)
    frame(axes, grid="x")
    axes.tick_params(axis="y", length=0)


def _variances(axes: Axes, rows: list[dict[str, Any]]) -> None:
    """Bars of the parts of the variance of a year's effect, with the years to detect beside them."""
    for k, row in enumerate(rows):
        start = 0.0
        for part in PARTS:
            share = float(row[f"share_{part}"])
            if np.isfinite(share) and share > 0:
                look: dict[str, Any] = {
                    "facecolor": COLOURS[part],
                    "edgecolor": "white",
                    "linewidth": 0.3,
                    "hatch": HATCHES[part],
                }
                (bar,) = axes.barh(k, share, left=start, height=0.66, **look)
                bar.set_gid(f"{part}:{row['policy']}")
                start += share
        at = axes.get_yaxis_transform()
        axes.text(1.42, k, years_text(float(row["years"])), transform=at, size=SMALL, ha="right", va="center")
    axes.text(1.42, -1.0, "years to\ndetect", transform=axes.get_yaxis_transform(), size=SMALL, ha="right", color=QUIET)
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", "50", "100 %"])
    axes.set_xlabel("variance of a year's effect", size=SMALL)
    frame(axes, grid="x")
    axes.spines["left"].set_visible(False)


def _keys(figure: Figure, *, height: float) -> None:
    key(figure, reported="┆ reported for 2010")
    handles = [
        Patch(facecolor=COLOURS[part], edgecolor="white", hatch=HATCHES[part], label=text, linewidth=0.3)
        for part, text in PARTS.items()
    ]
    where: dict[str, Any] = {"loc": "center right", "bbox_to_anchor": (0.995, 0.79 / height), "ncols": 3}
    legend = figure.legend(handles=handles, frameon=False, fontsize=SMALL, **where)
    legend.set_gid("key")


def frontier(table: pd.DataFrame, *, by: str) -> list[str]:
    """Pareto frontier of policies: no other seizes at least as much at no more delay or cost.

    Parameters
    ----------
    table
        Table 2 of a comparison.
    by
        Column of the delay or cost, possibly unknown.

    Returns
    -------
    list of str
        Names in ascending order of delay or cost; "baseline" stands for no policy.
    """
    known = table[table[by].notna()]
    points = [("baseline", 0.0, 0.0), *zip(known["policy"], known[by], known["seized"], strict=True)]
    kept = [
        (name, x, y)
        for name, x, y in points
        if not any(a <= x and b >= y and (a < x or b > y) for other, a, b in points if other != name)
    ]
    return [str(name) for name, _, _ in sorted(kept, key=lambda point: (point[1], point[2]))]


def trade(table: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Figure 9: mass seized against honest hours and against cost, with the Pareto frontier.

    Parameters
    ----------
    table
        Table 2 of a comparison: besides the columns of figure 5, hours, policy_cost and compensation with their
        intervals [h/year, USD/year].
    title
        Title of the figure.
    sentence
        Caption below the figure.
    """
    costs = table.assign(**{f"spent{end}": table[f"policy_cost{end}"] + table["compensation"] for end in ENDS})
    shown = costs.assign(number=[str(k + 1) for k in range(len(costs))])
    lines = len(shown) + 1
    height = max(4.6, 1.75 + 0.128 * lines)
    with sheet((7.5, height)) as figure:
        bottom, tall = 0.95 / height, 1 - 1.6 / height
        for left, by, scale, axis in (
            (0.085, "hours", 1e-3, "honest hours [1000 h a year]"),
            (0.432, "spent", 1e-6, "policy and fruitless searches [mio. USD a year]"),
        ):
            axes = figure.add_axes((left, bottom, 0.272, tall), gid=by)
            _traded(axes, shown, by=by, scale=scale, axis=axis)
        _numbers(figure, rows_of(shown), height=height)
        key(figure, reported="— bettered by no other, nor by doing nothing")
        caption(figure, title=title, sentence=sentence)
    return figure


ENDS = ("", "_q05", "_q95")
"""Mean and interval of a column."""


def _traded(axes: Axes, table: pd.DataFrame, *, by: str, scale: float, axis: str) -> None:
    known = table[table[by].notna()]
    across, up = ([known[f"{name}{end}"].to_numpy(dtype=float) for end in ENDS] for name in (by, "seized"))
    smallest = 10.0 ** np.floor(np.log10(max(1e-12, _scale(across[0]) * scale)))
    symmetric(axes, np.concatenate(across) * scale, along="x", threshold=smallest)
    symmetric(axes, np.concatenate(up), along="y", threshold=THRESHOLD)
    axes.axhline(0.0, color=QUIET, linewidth=0.6)
    axes.axvline(0.0, color=QUIET, linewidth=0.6)
    for row in rows_of(known):
        x, y = float(row[by]) * scale, float(row["seized"])
        colour = COLOURS[str(row["kind"])]
        axes.plot([scale * row[f"{by}_q05"], scale * row[f"{by}_q95"]], [y, y], color=colour, linewidth=0.6, alpha=0.6)
        axes.plot([x, x], [row["seized_q05"], row["seized_q95"]], color=colour, linewidth=0.6, alpha=0.6)
        axes.plot(x, y, zorder=5, gid=f"point:{row['policy']}", **marker(str(row["kind"])))
    axes.plot(0, 0, marker="+", markersize=6, color=INK, zorder=5, gid="point:baseline")
    best = frontier(table, by=by)
    spots = {"baseline": (0.0, 0.0)} | {str(row["policy"]): (scale * row[by], row["seized"]) for row in rows_of(known)}
    line = np.array([spots[name] for name in best])
    axes.plot(*line.T, color=REPORTED, linewidth=0.9, drawstyle="steps-post", zorder=3, gid="frontier")
    axes.set_xlabel(axis, size=SMALL)
    if by == "hours":
        axes.set_ylabel("change of the mass seized [kg/year]", size=SMALL, labelpad=1)
    frame(axes)
    numbers = {str(row["number"]): (scale * float(row[by]), float(row["seized"])) for row in rows_of(known)}
    label_points(axes, numbers)


def _scale(values: Floats) -> float:
    """Linear threshold of a symmetric axis: 20 % quantile of the absolute values other than 0."""
    sizes = np.abs(values[values != 0])
    return float(np.quantile(sizes, 0.2)) if len(sizes) else 1.0


def _numbers(figure: Figure, rows: list[dict[str, Any]], *, height: float) -> None:
    """Names of the policies by their numbers, to the right of the panels."""
    for k, row in enumerate(rows):
        unknown = not np.isfinite(float(row["spent"]))
        text = f"{row['number']:>2} {labelled(row)}" + ("*" if unknown else "")
        y = 1 - (0.62 + 0.128 * k) / height
        figure.text(0.735, y, text, size=SMALL - 0.6, color=INK, va="center", gid=f"name:{row['policy']}")
    y = 1 - (0.62 + 0.128 * (len(rows) + 0.4)) / height
    figure.text(0.735, y, "+ baseline   * cost unknown", size=SMALL - 0.6, color=QUIET, va="center")
