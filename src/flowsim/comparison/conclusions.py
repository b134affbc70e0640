"""Detectability of effects in reports: decisive assumptions, and undetectable policies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from flowsim.comparison import paired, power
from flowsim.comparison.confidence import DRAWS, SETS
from flowsim.comparison.paired import BASELINE

REPORTS = 10
"""Years of reports on each side for the smallest detectable effect [year]."""

PARTS = 3
"""Number of equal parts of the sets, ordered by an assumed number; the first and the last are compared [1]."""

COLUMNS = ("policy", "parameter", "lowest", "highest")
"""Columns of the table of decisive assumed numbers."""


def visible(results: xr.Dataset) -> float:
    """Smallest change of the annual mass detectable in `REPORTS` years of reports on each side [kg/year].

    Parameters
    ----------
    results
        Results of the comparison.

    Returns
    -------
    float
        As for `power.visible`; NaN if a single year was simulated.
    """
    yearly = results["seized_mass"].sel(policy=BASELINE).sum(["channel", "agency"]).transpose("draw", "replication")
    if yearly.sizes["replication"] < 2:
        return float("nan")
    return power.visible(REPORTS, variance=power.year_variance(yearly))


def deciding(results: xr.Dataset, rests: pd.DataFrame) -> pd.DataFrame:
    """Assumed numbers deciding the detectability of their policy's effect: detectable at one end, not at the other.

    Parameters
    ----------
    results
        Results of the comparison.
    rests
        As from `assumptions.sensitivities`; numbers without significant influence are skipped.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: mean effects in the third of the sets with the lowest and with the highest values
        [kg/year]. One of them reaches `visible`, the other does not or has the opposite sign.
    """
    least = visible(results)
    effect = paired.per_set(paired.changes(paired.levels(results))["seized"])
    rows = []
    for row in rests[rests["shown"].astype(bool)].to_dict("records"):
        kept = paired.feasible_pair(results, row["policy"])
        own = effect.sel(policy=row["policy"]).values[kept]
        order = np.argsort(results["parameter_value"].sel(parameter=row["parameter"]).values[kept])
        third = max(1, len(order) // PARTS)
        ends = float(own[order[:third]].mean()), float(own[order[-third:]].mean())
        seen = [end if abs(end) >= least else 0.0 for end in ends]
        if np.sign(seen[0]) != np.sign(seen[1]):
            rows.append((row["policy"], row["parameter"], *ends))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def never(results: xr.Dataset, table: pd.DataFrame) -> list[str]:
    """Undetectable policies: reports would not show the effect, with a probability of at least 90 %.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2; policies without an interval, for lack of draws, are never among them.
    """
    least = visible(results)
    small = np.maximum(table["seized_q05"].abs(), table["seized_q95"].abs()) < least
    return [str(name) for name in table["policy"][small]]


def sentences(results: xr.Dataset, table: pd.DataFrame, rests: pd.DataFrame) -> Iterator[str]:
    """Sentences on decisive assumptions and undetectable policies.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2.
    rests
        As from `assumptions.sensitivities`.
    """
    if not np.isfinite(visible(results)):
        return
    if results.sizes["draw"] < DRAWS or results.sizes["set"] < SETS:
        yield (
            f"Decisive assumptions and undetectable policies: too few draws to say ({DRAWS} draws in {SETS} sets "
            "needed)."
        )
        return
    found = deciding(results, rests)
    words: dict[str, list[str]] = {}
    for policy, name in zip(found["policy"], found["parameter"], strict=True):
        words.setdefault(str(name).rpartition(".")[2], []).append(str(policy))
    listed = "; ".join(f"{number} (of {', '.join(policies)})" for number, policies in words.items()) or "none"
    yield (
        f"Decisive assumptions: {REPORTS} years of reports on each side would show the effect with the lowest or the "
        f"highest third of the number's values, not with the other or with the opposite sign: {listed}."
    )
    small = never(results, table)
    yield (
        f"Undetectable: with at least 90 % probability, {REPORTS} years of reports on each side would not show the "
        f"effect: {', '.join(small) or 'none'}."
    )
