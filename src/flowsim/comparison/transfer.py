"""Effects of policies with added assets by `transfer`, the follow-up of alarms on the new assets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd
import xarray as xr

from flowsim.comparison import paired
from flowsim.comparison.numbers import span
from flowsim.comparison.paired import BASELINE

COLUMNS = ("policy", "low", "high", "sets", "seized", "seized_q05", "seized_q95")
"""Columns of the table."""

PARTS = 3
"""Parts of the interval of `transfer` [1]."""

SUFFIX = ".transfer"
"""End of the name of the parameter."""


def by_transfer(results: xr.Dataset) -> pd.DataFrame:
    """Effect of each policy with a `transfer`, by third of its drawn interval.

    Parameters
    ----------
    results
        Results of the comparison.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: ends of the part [1], sets in it [1], change of the mass seized, mean and 90 % credible
        interval over the draws of these sets, NaN if they are too few [kg/year]. A part without sets is left out.
    """
    seized = paired.changes(paired.levels(results))["seized"]
    names = [str(name) for name in results["parameter"].values]
    rows = []
    for policy in (str(name) for name in results["policy"].values if name != BASELINE):
        own = [name for name in paired.parameters_of(policy, names) if name.endswith(SUFFIX)]
        if len(own) != 1:
            continue
        value = results["parameter_value"].sel(parameter=own[0], drop=True)
        edges = np.linspace(float(value.min()), float(value.max()), PARTS + 1)
        for low, high in pairwise(edges):
            inside = (value >= low) & ((value < high) | (high == edges[-1]))
            sets = results["set"].values[inside.values]
            if len(sets) and high > low:
                chosen = seized.sel(policy=policy).isel(draw=np.isin(seized["set_of_draw"].values, sets))
                rows.append((policy, low, high, len(sets), *paired.interval(chosen)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def lines(table: pd.DataFrame) -> Iterator[str]:
    """Lines of the table, a policy each.

    Parameters
    ----------
    table
        As from `by_transfer`.
    """
    if not len(table):
        return
    yield "Added assets by transfer: 0 if all their alarms are followed up, 1 if as few as for old assets; no"
    yield "source gives it. Change of the mass seized [kg], mean (90 % credible interval)"
    yield ""
    heads = ("lowest third", "middle third", "highest third")
    yield f"{'policy':30}" + "".join(f" {head:>22}" for head in heads)
    yield "-" * 99
    for policy, rows in table.groupby("policy", sort=False):
        records = ({str(key): value for key, value in row.items()} for row in rows.to_dict("records"))
        cells = [span(row, "seized", always=True) for row in records]
        yield f"{policy!s:30}" + "".join(f" {cell:>22}" for cell in cells)
