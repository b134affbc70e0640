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


def visible(results: xr.Dataset, seen: power.Detectable | None) -> float:
    """Smallest change of the annual mass detectable in `REPORTS` years of reports on each side [kg/year].

    Parameters
    ----------
    results
        Results of the comparison.
    seen
        What reports would show; None with a single year.

    Returns
    -------
    float
        Median over draws; NaN with a single year.
    """
    if seen is None:
        return float("nan")
    means, least = paired.levels(results)["seized"].sel(policy=BASELINE).values, seen.visible(REPORTS)
    return float(np.median(np.multiply(means, least, out=np.zeros_like(least), where=means > 0)))


def deciding(results: xr.Dataset, rests: pd.DataFrame, *, least: float) -> pd.DataFrame:
    """Assumed numbers deciding the detectability of their policy's effect: detectable at one end, not at the other.

    Parameters
    ----------
    results
        Results of the comparison.
    rests
        As from `assumptions.sensitivities`; numbers without significant influence are skipped.
    least
        Smallest detectable change, as from `visible` [kg/year].

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: mean effects in the third of the sets with the lowest and with the highest values
        [kg/year]. One of them reaches `least`, the other does not or has the opposite sign.
    """
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


def never(table: pd.DataFrame, *, least: float) -> list[str]:
    """Undetectable policies: reports would not show the effect, with a probability of at least 90 %.

    Parameters
    ----------
    table
        Table 2; policies without an interval, for lack of draws, are never among them.
    least
        Smallest detectable change, as from `visible` [kg/year].
    """
    small = np.maximum(table["seized_q05"].abs(), table["seized_q95"].abs()) < least
    return [str(name) for name in table["policy"][small]]


def sentences(results: xr.Dataset, table: pd.DataFrame, rests: pd.DataFrame, *, least: float) -> Iterator[str]:
    """Sentences on decisive assumptions and undetectable policies.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2.
    rests
        As from `assumptions.sensitivities`.
    least
        Smallest detectable change, as from `visible` [kg/year].
    """
    if not np.isfinite(least):
        return
    if results.sizes["draw"] < DRAWS or results.sizes["set"] < SETS:
        yield (
            f"Decisive assumptions and undetectable policies: too few draws to say ({DRAWS} draws in {SETS} sets "
            "needed)."
        )
        return
    found = deciding(results, rests, least=least)
    words: dict[str, list[str]] = {}
    for policy, name in zip(found["policy"], found["parameter"], strict=True):
        words.setdefault(str(name).rpartition(".")[2], []).append(str(policy))
    listed = "; ".join(f"{number} (of {', '.join(policies)})" for number, policies in words.items()) or "none"
    yield (
        f"Decisive assumptions: {REPORTS} years of reports on each side would show the effect with the lowest or the "
        f"highest third of the number's values, not with the other or with the opposite sign: {listed}."
    )
    small = never(table, least=least)
    yield (
        f"Undetectable: with at least 90 % probability, {REPORTS} years of reports on each side would not show the "
        f"effect: {', '.join(small) or 'none'}."
    )
