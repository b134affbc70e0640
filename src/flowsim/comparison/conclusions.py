"""Conclusions: which assumed numbers decide whether reports could show an effect, and which policies never have one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from flowsim.comparison import paired, power
from flowsim.comparison.confidence import DRAWS, SETS
from flowsim.comparison.paired import BASELINE

REPORTS = 10
"""Years of reports on each side for which the least visible effect is given [year]."""

PARTS = 3
"""One over the part of the sets at either end of an assumed number whose effects are compared [1]."""

COLUMNS = ("policy", "parameter", "lowest", "highest")
"""Columns of the table of deciding numbers."""


def visible(results: xr.Dataset) -> float:
    """Least change of the annual mass that `REPORTS` years of reports on each side would show [kg/year].

    Parameters
    ----------
    results
        Results of the comparison.

    Returns
    -------
    float
        As of `noise.visible`; NaN if a single year was simulated.
    """
    yearly = results["seized_mass"].sel(policy=BASELINE).sum(["channel", "agency"]).transpose("draw", "replication")
    if yearly.sizes["replication"] < 2:
        return float("nan")
    return power.visible(REPORTS, variance=power.year_variance(yearly))


def deciding(results: xr.Dataset, rests: pd.DataFrame) -> pd.DataFrame:
    """Assumed numbers at one end of which reports would show the effect of their policy, and at the other not.

    Parameters
    ----------
    results
        Results of the comparison.
    rests
        As of `assumptions.sensitivities`; numbers without influence are passed over.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: mean effects in the third of the sets with the lowest and with the highest values
        [kg/year]. One of them reaches `visible`, the other does not or has another sign.
    """
    least = visible(results)
    effect = paired.per_set(paired.changes(paired.levels(results))["seized"])
    rows = []
    for row in rests[rests["shown"].astype(bool)].to_dict("records"):
        own = effect.sel(policy=row["policy"]).values
        order = np.argsort(results["parameter_value"].sel(parameter=row["parameter"]).values)
        third = max(1, len(order) // PARTS)
        ends = float(own[order[:third]].mean()), float(own[order[-third:]].mean())
        seen = [end if abs(end) >= least else 0.0 for end in ends]
        if np.sign(seen[0]) != np.sign(seen[1]):
            rows.append((row["policy"], row["parameter"], *ends))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def never(results: xr.Dataset, table: pd.DataFrame) -> list[str]:
    """Policies whose effect reports would show in none of nine tenths of the draws, whatever is assumed.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2; policies without interval, as draws are too few, are never among them.
    """
    least = visible(results)
    small = np.maximum(table["seized_q05"].abs(), table["seized_q95"].abs()) < least
    return [str(name) for name in table["policy"][small]]


def sentences(results: xr.Dataset, table: pd.DataFrame, rests: pd.DataFrame) -> Iterator[str]:
    """Which mechanisms change a conclusion and which never do.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2.
    rests
        As of `assumptions.sensitivities`.
    """
    if not np.isfinite(visible(results)):
        return
    if results.sizes["draw"] < DRAWS or results.sizes["set"] < SETS:
        yield (
            "Which assumed numbers change a conclusion, and which policies never do: too few draws to say, as that "
            f"takes {DRAWS} draws in {SETS} sets."
        )
        return
    found = deciding(results, rests)
    words: dict[str, list[str]] = {}
    for policy, name in zip(found["policy"], found["parameter"], strict=True):
        words.setdefault(str(name).rpartition(".")[2], []).append(str(policy))
    listed = "; ".join(f"{number} (of {', '.join(policies)})" for number, policies in words.items()) or "none"
    yield (
        "Assumed numbers that change a conclusion, as reports would show the effect of their policy with a third of "
        f"their values and not with another third: {listed}."
    )
    small = never(results, table)
    yield (
        "Policies that never change it, as in nine tenths of the draws no such reports would show what they do to "
        f"seizures, whatever is assumed: {', '.join(small) or 'none'}."
    )
