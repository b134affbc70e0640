"""Figures 7 and 11: effects over the assumed parameters, and years of reports to detect them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from flowsim.figures.axes import COLOURS, REPORTED, caption, frame, key, label_points, marker, rows_of, sheet
from flowsim.figures.style import INK, QUIET, SMALL

LOOKS = (("o", COLOURS["assumed"]), ("s", COLOURS["calibrated"]), ("^", REPORTED))
"""Marker and colour of the policies of figure 7, in their order."""

SIGNS = {"o": "●", "s": "■", "^": "▲"}
"""Markers in print."""

COLUMNS = 3
"""Number of columns of panels in figure 7."""

NAMED = 10
"""Number of policies named in figure 11: those detected first."""

MOST_YEARS = 1e6
"""Upper end of the axis of years [year]."""


def levers(points: pd.DataFrame, rests: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Figure 7: effects of policies against each of their assumed parameters.

    Parameters
    ----------
    points
        Columns policy, parameter (without the policy's name), value, mean, least, most [kg/year]: a row per set.
    rests
        Columns policy, parameter (with the policy's name), slope, break_even, most, as of `sensitivities`.
    title
        Title of the figure.
    sentence
        Caption below the figure.
    """
    names, chosen = (list(dict.fromkeys(points[column])) for column in ("parameter", "policy"))
    lines = -(-len(names) // COLUMNS)
    height = 1.42 + 1.75 * lines
    with sheet((7.5, height)) as figure:
        ends = min(0.0, points["least"].min()), max(0.0, points["most"].max())
        room = 0.06 * (ends[1] - ends[0]) or 1.0
        for k, name in enumerate(names):
            line, column = divmod(k, COLUMNS)
            bottom = (1.08 + 1.75 * (lines - 1 - line)) / height
            axes = figure.add_axes((0.08 + 0.315 * column, bottom, 0.265, 1.3 / height), gid=f"parameter:{name}")
            _lever(axes, points[points["parameter"] == name], rests, policies=chosen, name=name)
            axes.set_ylim(ends[0] - room, ends[1] + room)
            if column == 0:
                axes.set_ylabel("change of mass seized [kg/year]", size=SMALL + 0.3)
        for k, policy in enumerate(chosen):
            sign, colour = LOOKS[k % len(LOOKS)]
            text = f"{SIGNS[sign]} {policy}"
            figure.text(0.012 + 0.3 * k, 1 - 0.44 / height, text, size=SMALL, color=colour, va="center")
        text = "wide line: rests on it most   × effect gone"
        figure.text(0.99, 1 - 0.44 / height, text, size=SMALL, color=QUIET, va="center", ha="right")
        caption(figure, title=title, sentence=sentence)
    return figure


def _lever(axes: Axes, points: pd.DataFrame, rests: pd.DataFrame, *, policies: list[str], name: str) -> None:
    """One panel: set means with the range of their draws, the regression, and the break-even point."""
    axes.axhline(0.0, color=QUIET, linewidth=0.7)
    for k, policy in enumerate(policies):
        mine = points[points["policy"] == policy]
        if not len(mine):
            continue
        sign, colour = LOOKS[k % len(LOOKS)]
        at = mine["value"].to_numpy(dtype=float)
        for row in rows_of(mine):
            axes.plot([row["value"]] * 2, [row["least"], row["most"]], color=colour, linewidth=0.5, alpha=0.5)
        look = {"marker": sign, "markersize": 2.6, "linestyle": "", "color": colour}
        axes.plot(at, mine["mean"], gid=f"sets:{policy}", **look)  # type: ignore[arg-type]
        own = rests["parameter"].map(lambda text: str(text).partition(".")[2])  # .str would fail on an empty column
        found = rests[(rests["policy"] == policy) & (own == name)]
        if len(found):
            slope, crossing = (float(found[column].iloc[0]) for column in ("slope", "break_even"))
            ends = np.array([at.min(), at.max()])
            width = 1.8 if bool(found["most"].iloc[0]) else 0.8
            axes.plot(ends, float(mine["mean"].mean()) + slope * (ends - at.mean()), color=colour, linewidth=width)
            if np.isfinite(crossing):
                axes.plot(crossing, 0.0, marker="x", markersize=6, color=INK, zorder=6, gid=f"even:{policy}")
    axes.set_xlabel(name, size=SMALL + 0.3, labelpad=2)
    frame(axes)


def noise(
    table: pd.DataFrame,
    years: npt.NDArray[np.float64],
    *,
    reported: dict[int, float],
    title: str,
    sentence: str,
    reports: int = 10,
) -> Figure:
    """Figure 11: years to detect each effect, and year-to-year variation of the total.

    Parameters
    ----------
    table
        Table 2 of a comparison: columns policy, kind, seized, years, years_q05, years_q95.
    years
        Totals of single years under the baseline, of all draws and years, any dims [kg].
    reported
        Reported totals, by year [kg].
    title
        Title of the figure.
    sentence
        Caption below the figure.
    reports
        Years of reports at which a line is drawn [year].
    """
    with sheet((7.5, 4.7)) as figure:
        left = figure.add_axes((0.09, 0.235, 0.51, 0.63), gid="years")
        right = figure.add_axes((0.675, 0.235, 0.305, 0.63), gid="totals")
        _needed(left, table, reports=reports)
        _totals(right, np.asarray(years).ravel(), reported=reported)
        key(figure, reported="◆ reported")
        caption(figure, title=title, sentence=sentence)
    return figure


def _needed(axes: Axes, table: pd.DataFrame, *, reports: int) -> None:
    """Years to detect against the size of the median effect; values off the axis are drawn at its upper end."""
    seen = table[(table["seized"] != 0) & np.isfinite(table["years"])]
    hidden = len(table) - len(seen)
    size = np.abs(seen["seized"].to_numpy(dtype=float))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1.5, MOST_YEARS)
    axes.set_xlim(max(0.05, size.min() / 2) if len(size) else 1.0, size.max() * 3 if len(size) else 1000.0)
    axes.axhline(reports, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.text(0.01, reports * 1.12, f"{reports} years before and as many after", transform=axes.get_yaxis_transform(),
              size=SMALL, color=QUIET)  # fmt: skip
    spots = {}
    nearest = sorted(float(value) for value in seen["years"])[:NAMED]
    for row in rows_of(seen):
        x, y = abs(float(row["seized"])), min(float(row["years"]), MOST_YEARS)
        low, high = (min(max(float(row[f"years_{end}"]), 1.5), MOST_YEARS) for end in ("q05", "q95"))
        axes.plot([x, x], [low, high], color=COLOURS[str(row["kind"])], linewidth=0.7, alpha=0.6)
        axes.plot(x, y, zorder=5, gid=f"point:{row['policy']}", **marker(str(row["kind"])))
        if y in nearest:
            spots[str(row["policy"])] = (x, y)
    if hidden:
        text = f"{hidden} without any effect on what is seized" if hidden > 1 else "one without any effect"
        axes.text(0.01, 0.02, text, transform=axes.transAxes, size=SMALL, color=QUIET)
    axes.set_xlabel("size of the median change of the mass seized [kg/year]", size=SMALL + 0.5)
    axes.set_ylabel("years to detect", size=SMALL + 0.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value / 1e3:,.0f}k" if value >= 1e4 else f"{value:,g}")
    frame(axes)
    label_points(axes, spots)


def _totals(axes: Axes, years: npt.NDArray[np.float64], *, reported: dict[int, float]) -> None:
    """Distribution of a year's total, with the reported totals."""
    top = max(float(np.quantile(years, 0.995)), 1.15 * max(reported.values(), default=0.0))
    edges = np.linspace(0.0, top, 41)
    heights, _ = np.histogram(years, edges)
    shares = 100.0 * heights / max(1, len(years))
    axes.bar(edges[:-1], shares, width=np.diff(edges), align="edge", color=COLOURS["yearly"], edgecolor="white", lw=0.3)
    peak = float(shares.max()) or 1.0
    axes.set_ylim(0, 1.55 * peak)
    axes.set_xlim(0, top)
    for k, (year, mass) in enumerate(sorted(reported.items(), key=lambda item: item[1])):
        y = peak * (1.12 + 0.26 * k)
        axes.plot([mass, mass], [0, y], color=REPORTED, linewidth=0.9, gid=f"reported:{year}")
        axes.plot(mass, y, marker="D", markersize=4.2, color=REPORTED)
        above = 100.0 * float((years >= mass).mean())
        text = f"{mass:g} kg in {year},\n{above:.0f} % of years\nare above"
        side, gap = ("right", -1) if mass > 0.45 * top else ("left", 1)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        x = mass + gap * 0.025 * top
        axes.text(x, y, text, size=SMALL - 0.4, color=REPORTED, va="center", ha=side, bbox=box)
    axes.set_xlabel("seized in one year, baseline [kg]", size=SMALL + 0.5)
    axes.set_ylabel("of simulated years, all draws [%]", size=SMALL + 0.5)
    frame(axes, grid="y")
