"""The opiate series of 1996 to 2006 as printed and as corrected, and the checks that decide between the two."""

from __future__ import annotations

import pandas as pd

from flowsim.evidence.checking import Facts, amount
from flowsim.evidence.checks_series import least_2005, order_checks
from flowsim.evidence.figures import READINGS, opiates
from flowsim.evidence.outside import load_facts


def series_table(facts: Facts | None = None) -> pd.DataFrame:
    """Opiates seized in each year under both readings [kg]: columns year, printed, corrected.

    Parameters
    ----------
    facts
        Figures to take the values from; the package's own by default.
    """
    known = load_facts() if facts is None else facts
    printed, corrected = opiates("printed", figures=known), opiates("corrected", figures=known)
    rows = {"year": list(corrected), "printed": [printed[year] for year in corrected]}
    return pd.DataFrame(rows | {"corrected": list(corrected.values())})


def check_table(facts: Facts | None = None) -> pd.DataFrame:
    """Checks of contradiction I-01 with what the texts state and what each reading gives.

    Parameters
    ----------
    facts
        Figures to recompute the arithmetic from; the package's own by default.

    Returns
    -------
    DataFrame
        Columns check, rule (equal or at least), stated, unit, tolerance, and for each reading its number and
        whether the check holds, as printed, printed_holds, corrected, corrected_holds.
    """
    known = load_facts() if facts is None else facts
    floors = {
        "2006 is at least its own heroin": (amount(known, "fd16-heroin-2006"), 2006),
        "2004 is at least what the KNB seized": (
            amount(known, "cb05-knb-heroin-2004") + amount(known, "cb05-knb-opium-2004"),
            2004,
        ),
        "2005 is at least what two agencies seized": (least_2005(known), 2005),
    }
    rows: dict[str, dict[str, object]] = {}
    for reading in READINGS:
        series = opiates(reading, figures=known)
        for check in order_checks(series, known, reading=reading):
            stated, year = floors.get(check.name, (check.expected, None))
            row = rows.setdefault(
                check.name,
                {
                    "check": check.name,
                    "rule": "equal" if year is None else "at least",
                    "stated": stated,
                    "unit": check.unit,
                    "tolerance": check.tolerance,
                },
            )
            row[reading] = check.computed if year is None else series[year]
            row[f"{reading}_holds"] = check.holds
    columns = ["check", "rule", "stated", "unit", "tolerance", "printed", "printed_holds", "corrected"]
    return pd.DataFrame(list(rows.values()), columns=[*columns, "corrected_holds"])
