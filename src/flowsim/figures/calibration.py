"""Figures 3 and 4: what was reported against what the posterior predicts, and what the reports identify."""

from __future__ import annotations

import textwrap
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.stats import binom

from flowsim.figures.style import FAMILY, INK, LARGE, MODE_COLOURS, NORMAL, QUIET, SEIZED, SMALL

FITTED, HELD_OUT = MODE_COLOURS["sea"], SEIZED
"""Colours of rows that are fitted and of those held out."""

IDENTIFIED = {"yes": SEIZED, "partly": MODE_COLOURS["rail"], "no": "#b9bdc3"}
"""Colours of parameters by whether the reports identify them, dark to light."""


def fit(table: pd.DataFrame, shares: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Reported masses, and shares by oblast and agency, against what is predicted of them.

    Parameters
    ----------
    table
        Rows of reported masses: columns what, held_out, reported, low, median, high [kg].
    shares
        Rows of shares, the same columns [1], and `engine`: the share of the simulated seizures, or missing.
    title
        Title of the figure.
    sentence
        What it shows, below it.

    Returns
    -------
    Figure
        Two panels, masses on a logarithmic axis and shares.
    """
    with matplotlib.rc_context({"font.family": FAMILY, "font.size": NORMAL}):
        figure = Figure(figsize=(7.5, 5.6))
        FigureCanvasAgg(figure)
        left, right = figure.add_axes((0.21, 0.17, 0.29, 0.74)), figure.add_axes((0.68, 0.17, 0.29, 0.74))
        left.set_gid("masses")
        right.set_gid("shares")
        _predicted(left, table, scale=1.0, axis="mass in its period [kg], logarithmic")
        left.set_xscale("log")
        _predicted(right, shares, scale=100.0, axis="share of the year's heroin [%]")
        _text(figure, title=title, sentence=sentence)
        for x, colour, text in ((0.21, FITTED, "fitted"), (0.30, HELD_OUT, "held out")):
            figure.text(x, 0.925, f"■ {text}", size=SMALL, color=colour)
        figure.text(0.42, 0.925, "bars: 5-95 % predicted   | median   ◆ reported", size=SMALL, color=QUIET)
    return figure


def _predicted(axes: Axes, table: pd.DataFrame, *, scale: float, axis: str) -> None:
    """One bar per row from the 5 % to the 95 % point, the median, and what was reported."""
    rows = table.to_dict("records")
    for k, row in enumerate(rows):
        colour = HELD_OUT if row["held_out"] else FITTED
        low, middle, high = (max(scale * float(row[name]), 1e-3) for name in ("low", "median", "high"))
        axes.plot([low, high], [k, k], color=colour, linewidth=5, alpha=0.35, solid_capstyle="butt", gid=f"bar:{k}")
        axes.plot([middle, middle], [k - 0.28, k + 0.28], color=colour, linewidth=1.6)
        if np.isfinite(float(row.get("engine", np.nan))):
            axes.plot(scale * float(row["engine"]), k, marker="o", markersize=3.6, color="white", markeredgecolor=INK)
        axes.plot(
            scale * float(row["reported"]), k, marker="D", markersize=4.6, color=INK, gid=f"reported:{k}", zorder=5
        )
    names = ["\n".join(textwrap.wrap(str(row["what"]), 28)) for row in rows]
    axes.set_yticks(range(len(rows)), names, size=SMALL - 0.5)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(axis, size=SMALL + 0.5)
    _frame(axes)


def identified(table: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Prior and posterior interval of each parameter in units of the prior, and how much it contracts.

    Parameters
    ----------
    table
        Rows of the parameters: columns title, unit, prior_low, prior_median, prior_high, low, median, high,
        contraction [1], identified.
    title
        Title of the figure.
    sentence
        What it shows, below it.

    Returns
    -------
    Figure
        Intervals on one axis from the 5 % to the 95 % point of each prior, and bars of the contraction beside them.
    """
    with matplotlib.rc_context({"font.family": FAMILY, "font.size": NORMAL}):
        figure = Figure(figsize=(7.5, 5.4))
        FigureCanvasAgg(figure)
        left, right = figure.add_axes((0.33, 0.19, 0.33, 0.73)), figure.add_axes((0.84, 0.19, 0.13, 0.73))
        left.set_gid("intervals")
        right.set_gid("contraction")
        rows = table.to_dict("records")
        for k, row in enumerate(rows):
            colour = IDENTIFIED[str(row["identified"])]
            left.plot([0, 1], [k, k], color="#d9dbde", linewidth=7, solid_capstyle="butt", gid=f"prior:{k}")
            low, middle, high = (_within(row, float(row[name])) for name in ("low", "median", "high"))
            left.plot([low, high], [k, k], color=colour, linewidth=2.6, solid_capstyle="butt", gid=f"posterior:{k}")
            left.plot(middle, k, marker="o", markersize=4.4, color=colour, markeredgecolor=INK, markeredgewidth=0.5)
            after = f"{row['low']:.3g} to {row['high']:.3g}"
            left.text(1.12, k, after, transform=left.get_yaxis_transform(), size=SMALL, va="center", color=INK)
            right.barh(k, max(0.0, float(row["contraction"])), color=colour, height=0.6, gid=f"contraction:{k}")
        names = [f"{row['title']} [{row['unit']}]" for row in rows]
        left.set_yticks(range(len(rows)), names, size=SMALL)
        right.set_yticks([])
        left.set_xticks([0, 0.5, 1], ["5 %", "50 %", "95 %"])
        left.set_xlabel("points of the prior (grey); posterior 5-95 % on it", size=SMALL + 0.5)
        right.set_xlim(0, 1)
        right.set_xlabel("contraction [1]", size=SMALL + 0.5)
        for axes in (left, right):
            axes.set_ylim(len(rows) - 0.4, -0.6)
            _frame(axes)
        _text(figure, title=title, sentence=sentence)
        for k, (name, colour) in enumerate(IDENTIFIED.items()):
            figure.text(0.33 + 0.17 * k, 0.935, f"■ identified: {name}", size=SMALL, color=colour)
    return figure


def ranks_of_trials(ranks: pd.DataFrame, *, draws: int, bins: int, smallest: float) -> Figure:
    """Ranks of known truths with a caption that says how they came about.

    Parameters
    ----------
    ranks, draws, bins
        As of `rank_histograms`.
    smallest
        Smallest chi-square probability of all parameters [1].
    """
    count = bins * ranks.shape[1]
    sentence = (
        "Truths from the prior; reports simulated load by load, all rows; chains started from the prior. Grey: where "
        f"98 % of bins lie if ranks are uniform; red bins lie outside, as some {0.02 * count:.0f} of {count} do by "
        f"chance. The smallest of {ranks.shape[1]} chi-square probabilities is {smallest:.2f}."
    )
    return rank_histograms(ranks, draws=draws, bins=bins, sentence=sentence)


def rank_histograms(ranks: pd.DataFrame, *, draws: int, bins: int, sentence: str) -> Figure:
    """Ranks of known truths among draws of their posteriors, which are uniform if the calibration is right.

    Parameters
    ----------
    ranks
        A row per trial, a column per parameter, values from 0 to `draws`.
    draws
        Draws that each truth is ranked among.
    bins
        Bins of each histogram [1], which divide `draws + 1`.
    sentence
        What the figure shows, below it.

    Returns
    -------
    Figure
        A panel per parameter: trials in each bin, with the band in which 98 % of uniform bins lie.
    """
    low, high = (float(binom.ppf(point, len(ranks), 1.0 / bins)) for point in (0.01, 0.99))
    edges = np.linspace(-0.5, draws + 0.5, bins + 1)
    columns, rows = 5, -(-ranks.shape[1] // 5)
    with matplotlib.rc_context({"font.family": FAMILY, "font.size": SMALL}):
        figure = Figure(figsize=(7.5, 1.35 * rows + 1.1))
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True)
        figure.subplots_adjust(left=0.06, right=0.99, top=0.9, bottom=0.19, hspace=0.45, wspace=0.12)
        for axes, name in zip(grid.flat, ranks.columns, strict=False):
            counts = np.histogram(ranks[name], bins=edges)[0]
            outside = (counts < low) | (counts > high)
            colours = [SEIZED if out else FITTED for out in outside]
            axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=colours, edgecolor="white")
            axes.axhspan(low, high, color="#b9bdc3", alpha=0.45, zorder=3, linewidth=0)
            axes.set_title(str(name), size=SMALL, pad=2)
            _frame(axes)
        for axes in grid.flat[ranks.shape[1] :]:
            axes.set_axis_off()
        _text(figure, title=f"Ranks of {len(ranks)} truths among {draws} draws", sentence=sentence)
    return figure


def _within(row: dict[Any, Any], value: float) -> float:
    """Place of a value between the 5 % and 95 % points of the prior, on the scale on which the median is half way."""
    points = np.array([float(row[name]) for name in ("prior_low", "prior_median", "prior_high")])
    slope = np.diff(points)
    if value <= points[1]:
        return float(0.5 - 0.5 * (points[1] - value) / slope[0])
    return float(0.5 + 0.5 * (value - points[1]) / slope[1])


def _frame(axes: Axes) -> None:
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.5, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(length=2.5, width=0.6, labelsize=SMALL)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _text(figure: Figure, *, title: str, sentence: str) -> None:
    figure.text(0.012, 0.965, title, size=LARGE - 1.5, weight="bold", color=INK, va="center")
    text = "\n".join(textwrap.wrap(sentence, 128))
    figure.text(0.012, 0.045, text, size=SMALL + 0.3, color=INK, va="center", linespacing=1.4)
