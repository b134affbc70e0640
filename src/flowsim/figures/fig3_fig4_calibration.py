"""Figures 3 and 4: reported numbers against their posterior predictions, and identification by the reports."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binom

from flowsim.figures.axes import sheet
from flowsim.figures.style import INK, LARGE, MODE_COLOURS, QUIET, SEIZED, SMALL
from flowsim.results.intervals import ends

FITTED, HELD_OUT = MODE_COLOURS["sea"], SEIZED
"""Colours of fitted and held-out rows."""

IDENTIFIED = {"yes": SEIZED, "partly": MODE_COLOURS["rail"], "no": "#b9bdc3"}
"""Colours of parameters by identification, dark to light."""


LIMITS = (0.05, 0.1)
"""Probability below which a bound or an event counts as missed; and a number, by its two-sided probability [1]."""


NAME = 49
"""Characters of a line of the name of a parameter, for which the page has room [1]."""

ROW = 0.25
"""Height of a row of masses or shares [inch]."""

LINE, LINES = 0.16, 3
"""Height of a line of a caption [inch], and lines that the page has room for without growing [1]."""


def fit(table: pd.DataFrame, shares: pd.DataFrame, others: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Posterior predictive check: reported masses and shares against predictions, all else by probability.

    Parameters
    ----------
    table
        Rows of reported masses: columns what, held_out, reported, q05, median, q95 [kg], and inside.
    shares
        Rows of shares, the same columns [1].
    others
        Rows of everything else that was reported: columns what, held_out, probability [1] and inside.
    title
        Title of the figure.
    sentence
        Caption below the figure.

    Returns
    -------
    Figure
        Three panels: masses on a logarithmic axis, shares, and probabilities. Missed rows are in bold.
    """
    masses, parts = (ROW * len(rows) + 0.2 for rows in (table, shares))
    above, below = max(masses, parts), 0.175 * len(others)
    more = LINE * max(0, len(_wrapped(sentence)) - LINES)
    height = 0.7 + above + 0.5 + below + (1.3 if len(others) else 0.6) + more
    with sheet((7.5, height)) as figure:
        left, right = (
            figure.add_axes((x, 1 - (0.7 + own) / height, 0.29, own / height))
            for x, own in ((0.21, masses), (0.68, parts))
        )
        left.set_gid("masses")
        right.set_gid("shares")
        _predicted(left, table, scale=1.0, axis="mass in its period [kg], logarithmic")
        left.set_xscale("log")
        _predicted(right, shares, scale=100.0, axis="share of the year's heroin [%]")
        if len(others):
            under = figure.add_axes((0.49, (1.0 + more) / height, 0.48, below / height))
            under.set_gid("probabilities")
            _probabilities(under, others)
        _text(figure, title=title, sentence=sentence, at=(1 - 0.2 / height, (0.25 + more / 2) / height))
        y = 1 - 0.55 / height
        for x, colour, text in ((0.21, FITTED, "fitted"), (0.30, HELD_OUT, "held out")):
            figure.text(x, y, f"■ {text}", size=SMALL, color=colour)
        figure.text(
            0.42, y, "bars: 90 % prediction interval   | median   ◆ reported   bold: missed", size=SMALL, color=QUIET
        )
    return figure


def _predicted(axes: Axes, table: pd.DataFrame, *, scale: float, axis: str) -> None:
    """One bar per row from q05 to q95, the median, and the reported number."""
    rows = table.to_dict("records")
    for k, row in enumerate(rows):
        colour = HELD_OUT if row["held_out"] else FITTED
        low, middle, high = (max(scale * float(row[name]), 1e-3) for name in ("q05", "median", "q95"))
        axes.plot([low, high], [k, k], color=colour, linewidth=5, alpha=0.35, solid_capstyle="butt", gid=f"bar:{k}")
        axes.plot([middle, middle], [k - 0.28, k + 0.28], color=colour, linewidth=1.6)
        axes.plot(
            scale * float(row["reported"]), k, marker="D", markersize=4.6, color=INK, gid=f"reported:{k}", zorder=5
        )
    _names(axes, rows, width=28)
    axes.set_xlabel(axis, size=SMALL + 0.5)
    _frame(axes)


def _probabilities(axes: Axes, table: pd.DataFrame) -> None:
    """One point per row on a logarithmic axis: predictive p-value of the reported number."""
    rows = table.to_dict("records")
    least = 10.0 ** np.floor(np.log10(min([*LIMITS, *(float(row["probability"]) or 1e-4 for row in rows)])))
    for limit in LIMITS:
        axes.axvspan(least, limit, color=HELD_OUT, alpha=0.08, linewidth=0, zorder=0)
    for k, row in enumerate(rows):
        colour, chance = HELD_OUT if row["held_out"] else FITTED, max(least, float(row["probability"]))
        axes.plot([chance, 1.0], [k, k], color=colour, linewidth=0.8, alpha=0.35)
        axes.plot(chance, k, marker="o", markersize=4.6, color=colour, gid=f"probability:{k}", zorder=5)
    axes.set_xscale("log")
    axes.set_xlim(least, 1.15)
    _names(axes, rows, width=80)
    bound, number = (f"{100 * limit:g} %" for limit in LIMITS)
    text = f"probability of it (missed below {bound}), or of a number as far out on either side (below {number})"
    axes.set_xlabel(text, size=SMALL + 0.5, x=1.0, ha="right")
    _frame(axes)


def _names(axes: Axes, rows: list[dict[Any, Any]], *, width: int) -> None:
    """Names of rows on the vertical axis, in bold if the reported number is missed."""
    names = ["\n".join(textwrap.wrap(str(row["what"]), width)) for row in rows]
    axes.set_yticks(range(len(rows)), names, size=SMALL - 0.5)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_fontweight("normal" if row["inside"] else "bold")
    axes.set_ylim(len(rows) - 0.4, -0.6)


def identified(table: pd.DataFrame, *, title: str, sentence: str) -> Figure:
    """Prior and posterior interval of each parameter in units of the prior, and its contraction.

    Parameters
    ----------
    table
        Rows of the parameters: columns title, unit, prior_q05, prior_median, prior_q95, q05, median, q95,
        contraction [1], identified.
    title
        Title of the figure.
    sentence
        Caption below the figure.

    Returns
    -------
    Figure
        Intervals on one axis from q05 to q95 of each prior, and bars of the contraction beside them.
    """
    rows = table.to_dict("records")
    height = 5.4 * max(1.0, len(rows) / 17)
    bottom, top = 0.19 * 5.4 / height, 1 - 0.08 * 5.4 / height
    with sheet((7.5, height)) as figure:
        left, right = (figure.add_axes((x, bottom, width, top - bottom)) for x, width in ((0.33, 0.33), (0.84, 0.13)))
        left.set_gid("intervals")
        right.set_gid("contraction")
        for k, row in enumerate(rows):
            colour = IDENTIFIED[str(row["identified"])]
            left.plot([0, 1], [k, k], color="#d9dbde", linewidth=7, solid_capstyle="butt", gid=f"prior:{k}")
            low, middle, high = (_within(row, float(row[name])) for name in ("q05", "median", "q95"))
            left.plot([low, high], [k, k], color=colour, linewidth=2.6, solid_capstyle="butt", gid=f"posterior:{k}")
            left.plot(middle, k, marker="o", markersize=4.4, color=colour, markeredgecolor=INK, markeredgewidth=0.5)
            after = ends(row["q05"], row["q95"])
            left.text(1.12, k, after, transform=left.get_yaxis_transform(), size=SMALL, va="center", color=INK)
            right.barh(k, max(0.0, float(row["contraction"])), color=colour, height=0.6, gid=f"contraction:{k}")
        names = ["\n".join(textwrap.wrap(f"{row['title']} [{row['unit']}]", NAME)) for row in rows]
        left.set_yticks(range(len(rows)), names, size=SMALL)
        right.set_yticks([])
        left.set_xticks([0, 0.5, 1], ["5 %", "50 %", "95 %"])
        left.set_xlabel("prior (grey) with the 90 % credible interval of the posterior", size=SMALL + 0.5)
        right.set_xlim(0, 1)
        right.set_xlabel("contraction [1]", size=SMALL + 0.5)
        for axes in (left, right):
            axes.set_ylim(len(rows) - 0.4, -0.6)
            _frame(axes)
        _text(figure, title=title, sentence=sentence, at=(1 - 0.189 / height, 0.243 / height))
        for k, (name, colour) in enumerate(IDENTIFIED.items()):
            figure.text(0.33 + 0.17 * k, 1 - 0.3942 / height, f"■ identified: {name}", size=SMALL, color=colour)
    return figure


def ranks_of_trials(ranks: pd.DataFrame, *, draws: int, bins: int, smallest: float) -> Figure:
    """Rank histograms of simulation-based calibration, with a caption on their origin.

    Parameters
    ----------
    ranks, draws, bins
        As of `rank_histograms`.
    smallest
        Smallest chi-square p-value over all parameters [1].
    """
    count = bins * ranks.shape[1]
    sentence = (
        "Truths from the prior; reports simulated by consignment, all rows; chains started from the prior. Grey: where "
        f"98 % of bins lie if ranks are uniform; red bins lie outside, as some {0.02 * count:.0f} of {count} do by "
        f"chance. The smallest of {ranks.shape[1]} chi-square probabilities is {smallest:.2f}."
    )
    return rank_histograms(ranks, draws=draws, bins=bins, sentence=sentence)


def rank_histograms(ranks: pd.DataFrame, *, draws: int, bins: int, sentence: str) -> Figure:
    """Rank histograms of simulation-based calibration, uniform under a correct implementation.

    Parameters
    ----------
    ranks
        A row per trial, a column per parameter, values from 0 to `draws`.
    draws
        Posterior draws per trial.
    bins
        Bins of each histogram [1], which divide `draws + 1`.
    sentence
        Caption below the figure.

    Returns
    -------
    Figure
        A panel per parameter: trials in each bin, with the 98 % band of a uniform bin.
    """
    low, high = (float(binom.ppf(point, len(ranks), 1.0 / bins)) for point in (0.01, 0.99))
    edges = np.linspace(-0.5, draws + 0.5, bins + 1)
    columns, rows = 5, -(-ranks.shape[1] // 5)
    with sheet((7.5, 1.35 * rows + 1.1), text=SMALL) as figure:
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
    """Position of a value between q05 and q95 of the prior, with the prior median at half way."""
    points = np.array([float(row[name]) for name in ("prior_q05", "prior_median", "prior_q95")])
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


def _wrapped(sentence: str) -> list[str]:
    """Lines of a caption."""
    return textwrap.wrap(sentence, 128)


def _text(figure: Figure, *, title: str, sentence: str, at: tuple[float, float] = (0.965, 0.045)) -> None:
    """Title and sentence at heights of the figure [1]."""
    figure.text(0.012, at[0], title, size=LARGE - 1.5, weight="bold", color=INK, va="center")
    figure.text(0.012, at[1], "\n".join(_wrapped(sentence)), size=SMALL + 0.3, color=INK, va="center", linespacing=1.4)
