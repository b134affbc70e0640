"""Analysis of a comparison's results: four tables, their files, and the printed report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from flowsim.comparison import report
from flowsim.comparison.assumptions import sensitivities
from flowsim.comparison.conclusions import visible
from flowsim.comparison.effects import PRICES, Prices, effects
from flowsim.comparison.power import detection
from flowsim.comparison.ranking import differences
from flowsim.comparison.table2 import summary
from flowsim.results import disk


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Tables of a comparison."""

    effects: pd.DataFrame
    """Effects of all policies, from `effects.effects`."""

    table: pd.DataFrame
    """Table 2, from `table2.summary`."""

    differences: pd.DataFrame
    """Pairs of policies, from `ranking.differences`."""

    assumptions: pd.DataFrame
    """Sensitivity of effects to assumptions, from `assumptions.sensitivities`."""

    lines: tuple[str, ...]
    """Printed report: table 2 and the statements derived from it."""

    def save(self, folder: Path) -> None:
        """Write the tables, as `effects.csv`, `table2.csv` and so on, and `table2.txt` into a folder."""
        tables = {"effects": self.effects, "table2": self.table, "differences": self.differences}
        for name, table in (tables | {"assumptions": self.assumptions}).items():
            disk.write(folder / f"{name}.csv", table.to_csv(index=False))
        disk.write(folder / "table2.txt", "\n".join(self.lines) + "\n")


def analyse(
    results: xr.Dataset,
    *,
    prior: xr.Dataset | None = None,
    stated: xr.Dataset | None = None,
    prices: Prices = PRICES,
) -> Analysis:
    """Tables and text of a comparison.

    Parameters
    ----------
    results
        Results of the comparison.
    prior
        The same with draws from the prior instead of the posterior.
    stated
        The same, under fewer draws, with the stated values of the levers.
    prices
        Price ratio for the risk tax.

    Raises
    ------
    ValueError
        As for `paired.check`.
    """
    long, rests = effects(results, prices=prices), sensitivities(results)
    seen = detection(results) if results.sizes["replication"] > 1 else None
    table = summary(results, prior=prior, stated=stated, prices=prices, table=long, rests=rests, seen=seen)
    pairs = differences(results, prior=prior)
    lines = [*report.report(results, table, pairs, rests, least=visible(results, seen))]
    lines += ["", *report.assumptions(rests)] if len(rests) else []
    return Analysis(effects=long, table=table, differences=pairs, assumptions=rests, lines=tuple(lines))
