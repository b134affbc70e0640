"""Figures 5, 7, 9 and 11 of a comparison, with captions on uncertainty and assumptions."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import xarray as xr

from flowsim.comparison import paired
from flowsim.comparison.analysis import Analysis
from flowsim.comparison.assumptions import points
from flowsim.comparison.paired import BASELINE
from flowsim.evidence import reported
from flowsim.figures import fig5_fig9_policies, fig7_fig11_levers
from flowsim.figures.axes import Drawn

LINE = ("customs_union", "customs_union_joint_south")
"""Policies of figure 7."""

REPORTED = {2009: "fd16-heroin-2009", 2010: "fd16-heroin-2010"}
"""Keys of the reported totals, by year."""

RESTS = (
    "Hollow points and hatched bars rest on the size of a lever, which no source gives: they hold as far as its "
    "assumed interval does."
)
"""Sentence of every caption on assumptions."""


def figures(results: xr.Dataset, analysis: Analysis, *, title: str, line: Sequence[str] = LINE) -> dict[str, Drawn]:
    """Figures of a comparison by file name; figures of uncompared policies are left out.

    Parameters
    ----------
    results
        Results of the comparison.
    analysis
        Tables of the comparison.
    title
        Title of the world.
    line
        Policies of figure 7.

    Returns
    -------
    dict
        Figures named fig5_policies, fig7_customs_line, fig9_trade_offs and fig11_noise_floor.
    """
    known = {year: reported(key) for year, key in REPORTED.items()}
    sizes = results.sizes
    draws = _of(sizes["draw"], sizes["set"])
    yearly = paired.levels(results)["yearly"].sel(policy=BASELINE).values
    made = {
        "fig5_policies": effects(analysis.table, draws=sizes["draw"], sets=sizes["set"], title=title),
        "fig9_trade_offs": fig5_fig9_policies.trade(
            analysis.table,
            title=f"What is seized against honest hours and cost: {title}",
            sentence=(
                f"Changes against the baseline; points are medians, lines 90 % intervals over {draws}. The red line "
                "joins those whose median no other betters, nor doing nothing; it has no interval and is no ranking. "
                + RESTS
            ),
        ),
        "fig11_noise_floor": fig7_fig11_levers.noise(
            analysis.table,
            yearly,
            reported=known,
            title=f"Years of reports to detect an effect: {title}",
            sentence=(
                "Left: years (k: thousands) before a policy and as many after that show the effect with 80 % power at "
                "5 %: medians and 90 % intervals over draws. Right: totals of single years, nothing having changed. "
                + RESTS
            ),
        ),
    }
    chosen = [name for name in line if name in results["policy"].values]
    found = points(results, chosen)
    if len(found):
        made["fig7_customs_line"] = fig7_fig11_levers.levers(
            found,
            analysis.assumptions,
            title=f"Customs line removed, over what is assumed: {title}",
            sentence=(
                "Each point is the mean of the draws that share a set of assumed numbers, its line their range. All "
                "numbers vary at once, so that a straight line is the slope with the others held. Sets in which a "
                "post cannot do its work are left out. All of these sizes are judgements."
            ),
        )
    return dict(sorted(made.items(), key=lambda item: int(item[0].partition("_")[0].removeprefix("fig"))))


def effects(table: pd.DataFrame, *, draws: int, sets: int, title: str) -> Drawn:
    """Figure 5 of a comparison, from its table 2 alone.

    Parameters
    ----------
    table
        Table 2, as `Analysis.table` or from its file.
    draws, sets
        Draws of the posterior, and sets of values of the levers [1].
    title
        Title of the world.
    """
    return fig5_fig9_policies.policies(
        table,
        title=f"What each policy would change: {title}",
        sentence=(
            "Change of the mass seized in a year, common random numbers; points are medians, bars 90 % "
            f"intervals over {_of(draws, sets)}. Years to detect (k: thousands): of reports before and as many after, "
            "for 80 % power at 5 %. " + RESTS
        ),
        reported=reported(REPORTED[2010]),
    )


def _of(draws: int, sets: int) -> str:
    return f"{draws} draws of the posterior and {sets} sets of assumed numbers"
