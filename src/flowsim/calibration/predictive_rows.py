"""Rows of a posterior predictive check: reported numbers and bounds against predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowsim.calibration.data import Reported, remainder

Floats = npt.NDArray[np.float64]

COLUMNS = ("what", "held_out", "reported", "q05", "median", "q95", "probability", "inside")
"""Columns of the table: q05, median and q95 of the prediction; predictive p-value of the reported number."""


def check_rows(
    rows: Mapping[str, Reported],
    *,
    masses: Callable[[Reported], Floats],
    largest: Callable[[Reported], Floats],
) -> pd.DataFrame:
    """Check of each row of a table of reported seizures against predictions.

    Parameters
    ----------
    rows
        Rows by key.
    masses
        Predicted masses or shares of a row, dims (history,) [unit of the row].
    largest
        Predicted mass of its largest consignment or case, dims (history,) [kg].

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; for bounds on consignments, `probability` is the probability of the bound.
    """
    table = []
    for row in rows.values():
        if row.use == "flow":
            continue
        held, value = row.use == "hold-out", remainder(row, rows)
        if value is not None:
            table.append(point_row(row.key, masses(row), value, held=held))
        for bound, sign in ((row.at_least, ">="), (row.at_most, "<=")):
            if bound is not None:
                most = largest(row)
                happened = most >= bound if sign == ">=" else most <= bound
                table.append(chance_row(f"{row.key}: largest {sign} {bound:g} kg", happened, most, bound, held=held))
    return pd.DataFrame(table, columns=list(COLUMNS))


def point_row(what: str, predicted: Floats, value: float, *, held: bool) -> tuple[object, ...]:
    """Row of a number, with its two-sided posterior predictive p-value.

    Parameters
    ----------
    what
        Description.
    predicted
        Predictions, dims (history,) [unit].
    value
        Reported number [unit].
    held
        Whether it is held out.
    """
    low, middle, high = np.quantile(predicted, [0.05, 0.5, 0.95]).tolist()
    share = min((predicted <= value).mean(), (predicted >= value).mean())
    return what, held, value, low, middle, high, min(1.0, 2.0 * float(share)), low <= value <= high


def chance_row(
    what: str, happened: npt.NDArray[np.bool_], predicted: Floats, value: float, *, held: bool
) -> tuple[object, ...]:
    """Row of a bound, with its posterior predictive probability.

    Parameters
    ----------
    what
        Description.
    happened
        Whether the bound holds, dims (history,).
    predicted
        Predictions of the largest consignment or case, dims (history,) [kg].
    value
        The bound [kg].
    held
        Whether it is held out.
    """
    low, middle, high = np.quantile(predicted, [0.05, 0.5, 0.95]).tolist()
    chance = float(happened.mean())
    return what, held, value, low, middle, high, chance, chance >= 0.05
