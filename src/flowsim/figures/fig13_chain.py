"""Figure 13: share seized in each stage of a chain by year, and what a kilogram stopped takes from later stages."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from flowsim.chain.marginal import FATES
from flowsim.chain.stages import RouteChain
from flowsim.figures.axes import caption, frame, rows_of, sheet
from flowsim.figures.style import INK, MODE_COLOURS, NORMAL, QUIET, SMALL
from flowsim.units import KG_PER_TONNE

PAGE = (7.5, 6.6)
"""Width and height of the figure [in]."""

BAND, LINE = "#c9ccd0", MODE_COLOURS["road"]
"""Colours of the credible intervals and of the medians."""

SHADES = (MODE_COLOURS["road"], MODE_COLOURS["rail"], "#e3e3e3", "#9aa0a6")
"""Colours of the fates of a kilogram, in their order."""

HATCHES = ("", "////", "", "....")
"""Hatching of the fates, for print in grey."""

LIMITS = (0.005, 100.0)
"""Ends of the axes of rates [%]."""

COLUMNS = 4
"""Panels beside each other."""


def chain_figure(rates: pd.DataFrame, marginal: pd.DataFrame, *, chain: RouteChain) -> Figure:
    """Draw the rates of all stages, the flow into the detailed stage, and the fates of a kilogram stopped.

    Parameters
    ----------
    rates
        Columns of `chain.stage_results.rate_table`.
    marginal
        Columns of `chain.stage_results.marginal_table`.
    chain
        The chain.

    Returns
    -------
    Figure
        A panel of each stage, one of the flow, and bars below.
    """
    with sheet(PAGE, hatch=0.5) as figure:
        for number, stage in enumerate((*chain.stages, "")):
            row, column = divmod(number, COLUMNS)
            axes = figure.add_axes((0.075 + 0.237 * column, 0.695 - 0.265 * row, 0.19, 0.19))
            if stage:
                axes.set_gid(f"rate:{stage}")
                _rate(axes, rates[rates["stage"] == stage], stage=stage, labelled=column == 0)
            else:
                axes.set_gid("inflow")
                _inflow(axes, rates[rates["stage"] == chain.detail_stage], stage=chain.detail_stage)
        bars = figure.add_axes((0.15, 0.145, 0.81, 0.185))
        bars.set_gid("fates")
        _fates(bars, marginal, chain=chain)
        sentence = (
            "Medians and 90 % credible intervals; shares are in per cent of what a stage receives, logarithmic. The "
            "flow of the base year is assumed within a factor of 1.5, which moves all shares together; splits and "
            "consumption are mostly assumed. Hollow: no report. Bars: medians, other stages' rates unchanged."
        )
        title = f"{chain.title.split(',')[0]}: share seized, and the fate of a kilogram stopped"
        caption(figure, title=title, sentence=sentence)
    return figure


def _band(axes: Axes, table: pd.DataFrame, name: str, *, scale: float, title: str) -> None:
    low, middle, high = (table[f"{name}_{end}"] * scale for end in ("q05", "median", "q95"))
    axes.fill_between(table["year"], low, high, color=BAND, linewidth=0, zorder=1)
    axes.plot(table["year"], middle, color=LINE, linewidth=1.1, zorder=3)
    lacking = table["reported_kg"].isna()
    axes.plot(
        table["year"][lacking], middle[lacking], "o", markersize=2.6, color=LINE, markerfacecolor="white", zorder=4
    )
    axes.set_title(title, size=NORMAL, loc="left", color=INK, pad=3)
    axes.set_xlim(float(table["year"].min()), float(table["year"].max()))
    first, last = int(table["year"].min()), int(table["year"].max())
    axes.set_xticks([first, (first + last) // 2, last])
    frame(axes, grid="y")


def _rate(axes: Axes, table: pd.DataFrame, *, stage: str, labelled: bool) -> None:
    _band(axes, table, "rate", scale=100.0, title=stage)
    axes.set_yscale("log")
    axes.set_ylim(*LIMITS)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if labelled:
        axes.set_ylabel("seized [%]", size=SMALL)


def _inflow(axes: Axes, table: pd.DataFrame, *, stage: str) -> None:
    _band(axes, table, "inflow", scale=1 / KG_PER_TONNE, title=f"into {stage} [t]")
    axes.set_ylim(0, None)


def _fates(axes: Axes, table: pd.DataFrame, *, chain: RouteChain) -> None:
    shown = list(chain.stages[:-1])
    medians = {(row["stage"], row["fate"]): float(row["median"]) for row in rows_of(table)}
    whole = [sum(medians[stage, fate] for fate in FATES) for stage in shown]
    left = [0.0] * len(shown)
    for fate, colour, hatch in zip(FATES, SHADES, HATCHES, strict=True):
        parts = [medians[stage, fate] / total for stage, total in zip(shown, whole, strict=True)]
        look: dict[str, Any] = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.3}
        axes.barh(shown, parts, left=left, label=fate, height=0.72, zorder=2, **look)
        left = [before + part for before, part in zip(left, parts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title(
        f"A kilogram stopped in {chain.base_year}: what else would have become of it", size=NORMAL, loc="left"
    )
    axes.legend(
        loc="upper right", bbox_to_anchor=(1.0, -0.12), ncols=4, frameon=False, fontsize=SMALL, handlelength=1.4
    )
    axes.tick_params(labelcolor=INK)
    axes.spines["left"].set_color(QUIET)
    frame(axes, grid="x")
