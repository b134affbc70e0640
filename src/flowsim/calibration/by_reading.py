"""What a posterior would say under another reading of the sources: posteriors of one world side by side."""

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
"""Variables of a posterior that are compared."""

SHOWN = {"interdiction_rate": ("rate [%]", 100.0), "seized": ("seized [kg]", 1.0)} | {
    "crossing": ("crossings [kg]", 1.0),
    "inside": ("inside [kg]", 1.0),
    "knb": ("KNB [kg]", 1.0),
    "committee": ("Committee [kg]", 1.0),
    "world_effort_crossing": ("effort cross. [%]", 100.0),
    "world_effort_inside": ("effort inside [%]", 100.0),
}
"""Heads of the columns of the text, and factors on their numbers."""


def by_reading(posteriors: Mapping[str, xr.Dataset]) -> pd.DataFrame:
    """Intervals of the same quantities under several readings.

    Parameters
    ----------
    posteriors
        Posterior under each reading, the one that the others are compared with first.

    Returns
    -------
    DataFrame
        A row for each reading and variable of `QUANTITIES` that the posterior has. Columns reading, quantity, unit;
        q05, median, q95 (5 %, 50 % and 95 % points); ratio, the median over that under the first reading [1];
        refused, the share of draws whose world cannot produce them [1].
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
    """Cells of a table with a head and a row for each reading: medians and 90 % credible intervals.

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
