"""All that is made of a comparison's results: four tables, their files, and the text that is printed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import xarray as xr

from flowsim.comparison import report
from flowsim.comparison.assumptions import sensitivities
from flowsim.comparison.effects import PRICES, Prices, effects
from flowsim.comparison.ranking import differences
from flowsim.comparison.table2 import summary
from flowsim.comparison.transfer import by_transfer
from flowsim.comparison.transfer import lines as transfer_lines


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """Tables of a comparison."""

    effects: pd.DataFrame
    """Every change of every policy, as of `effects.effects`."""

    table: pd.DataFrame
    """Table 2, as of `summary.summary`."""

    differences: pd.DataFrame
    """Pairs of policies, as of `pairwise.differences`."""

    assumptions: pd.DataFrame
    """What effects rest on, as of `assumptions.sensitivities`."""

    transfer: pd.DataFrame
    """Effects of added assets, as of `transfer.by_transfer`."""

    lines: tuple[str, ...]
    """Table 2 and what follows from it, to be printed."""

    def save(self, folder: Path) -> None:
        """Write the tables, as `effects.csv`, `table2.csv` and so on, and `table2.txt` into a folder."""
        tables = {"effects": self.effects, "table2": self.table, "differences": self.differences}
        for name, table in (tables | {"assumptions": self.assumptions, "transfer": self.transfer}).items():
            table.to_csv(folder / f"{name}.csv", index=False)
        (folder / "table2.txt").write_text("\n".join(self.lines) + "\n", encoding="utf-8")


def analyse(results: xr.Dataset, *, prior: xr.Dataset | None = None, prices: Prices = PRICES) -> Analysis:
    """Tables and text of a comparison.

    Parameters
    ----------
    results
        Results of the comparison.
    prior
        The same with draws from the prior in place of the posterior.
    prices
        For the risk tax.

    Raises
    ------
    ValueError
        As of `pairs.check`.
    """
    long, rests = effects(results, prices=prices), sensitivities(results)
    table = summary(results, prior=prior, prices=prices, table=long, rests=rests)
    pairs = differences(results, prior=prior)
    added = by_transfer(results)
    lines = [*report.report(results, table, pairs, rests, prices=prices)]
    lines += ["", *report.assumptions(rests)] if len(rests) else []
    lines += ["", *transfer_lines(added)] if len(added) else []
    return Analysis(effects=long, table=table, differences=pairs, assumptions=rests, transfer=added, lines=tuple(lines))
