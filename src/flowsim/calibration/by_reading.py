"""Sensitivity of the posterior to readings of the sources: posteriors of one world side by side."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

QUANTITIES = (
    "interdiction_rate",
    "seized",
    "crossing",
    "inside",
    "knb",
    "committee",
    "inflow",
    "world_effort_crossing",
    "world_effort_inside",
    "world_intelligence_rings",
)
"""Compared variables of a posterior."""

SHOWN = {"interdiction_rate": ("rate [%]", 100.0), "seized": ("seized [kg]", 1.0)} | {
    "crossing": ("crossings [kg]", 1.0),
    "inside": ("inside [kg]", 1.0),
    "knb": ("KNB [kg]", 1.0),
    "committee": ("Committee [kg]", 1.0),
    "world_effort_crossing": ("effort cross. [%]", 100.0),
    "world_effort_inside": ("effort inside [%]", 100.0),
}
"""Column heads of the printed table, and unit factors."""


def by_reading(posteriors: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Intervals of the same quantities under several readings.

    Parameters
    ----------
    posteriors
        Posterior under each reading, the reference first.

    Returns
    -------
    DataFrame
        A row for each reading and each of `QUANTITIES` in the posterior. Columns reading, quantity, unit; q05, median,
        q95 (median and 90 % credible interval); ratio, the median relative to the first reading's [1]; refused, the
        share of draws without a feasible world [1].
    """
    rows: list[dict[str, object]] = []
    first: dict[str, float] = {}
    for reading, dataset in posteriors.items():
        for name in QUANTITIES:
            if name not in dataset:
                continue
            low, middle, high = np.quantile(dataset[name], [0.05, 0.5, 0.95]).tolist()
            first.setdefault(name, middle)
            rows.append(
                {
                    "reading": reading,
                    "quantity": name,
                    "unit": dataset[name].attrs["units"],
                    "q05": low,
                    "median": middle,
                    "q95": high,
                    "ratio": middle / first[name] if first[name] else np.nan,
                    "refused": float(dataset.attrs["refused"]) / float(dataset.attrs["drawn"]),
                }
            )
    return pd.DataFrame(rows)


def cells(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Table of medians and 90 % credible intervals as text: a head, then a row for each reading.

    Parameters
    ----------
    table
        As of `by_reading`.
    """
    yield "reading", *(head for head, _ in SHOWN.values()), "refused"
    for reading, rows in table.groupby("reading", sort=False):
        own = {row["quantity"]: row for row in rows.to_dict("records")}
        shown = (_cell(own[name], factor) if name in own else "" for name, (_, factor) in SHOWN.items())
        yield str(reading), *shown, f"{100 * float(rows['refused'].iloc[0]):.0f} %"


def _cell(row: Mapping[Hashable, Any], factor: float) -> str:
    middle, low, high = (_short(factor * float(row[name])) for name in ("median", "q05", "q95"))
    return f"{middle} ({low} to {high})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
