"""The opiate series of 1996 to 2006 as printed and as corrected, and the checks between the two."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from flowsim.evidence.arithmetic.series import KEYS_2005, order_checks
from flowsim.evidence.figures import READINGS, opiates
from flowsim.evidence.recomputation import Facts, amount
from flowsim.evidence.sources import load_facts

TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "2006 is at least its own heroin": ("fd16-heroin-2006",),
        "2006 is heroin and opium of 2006": ("fd16-heroin-2006", "fd16-opium-2006"),
        "2001 is heroin and opium of 2001": ("sr04-heroin-2001", "sr04-opium-2001"),
        "2004 is at least what the KNB seized": ("cb05-knb-heroin-2004", "cb05-knb-opium-2004"),
        "2005 is at least what two agencies seized": KEYS_2005,
    }
)
"""Figures summed for a check; the other checks compare with a number printed in a text."""

FLOORS: Mapping[str, int] = MappingProxyType(
    {name: int(name[:4]) for name in TERMS if "at least" in name},
)
"""Checks of a year against the sum of its terms as a lower bound, with the year."""


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
    """Checks of contradiction I-01, with the stated numbers and the result under each reading.

    Parameters
    ----------
    facts
        Figures to recompute the arithmetic from; the package's own by default.

    Returns
    -------
    DataFrame
        Columns check, rule (equal or at least), terms (the printed numbers in the sum, empty if the text prints the sum
        itself), stated, unit, accepted_from, accepted_to (excluded if the digits of the text are truncated), and for
        each reading its number and whether the check holds, as printed, printed_holds, corrected, corrected_holds.
        Numbers are rounded to six decimals.
    """
    known = load_facts() if facts is None else facts
    rows: dict[str, dict[str, object]] = {}
    for reading in READINGS:
        series = opiates(reading, figures=known)
        for check in order_checks(series, known, reading=reading):
            terms = [amount(known, key) for key in TERMS.get(check.name, ())]
            year = FLOORS.get(check.name)
            stated = check.expected if year is None else math.fsum(terms)
            least, most = check.accepted if year is None else (stated, None)
            row = rows.setdefault(
                check.name,
                {
                    "check": check.name,
                    "rule": "equal" if year is None else "at least",
                    "terms": " + ".join(f"{term:g}" for term in terms) if len(terms) > 1 else "",
                    "stated": stated,
                    "unit": check.unit,
                    "accepted_from": least,
                    "accepted_to": most,
                },
            )
            row[reading] = check.computed if year is None else series[year]
            row[f"{reading}_holds"] = check.holds
    columns = [f"{reading}{part}" for reading in reversed(READINGS) for part in ("", "_holds")]
    first = ["check", "rule", "terms", "stated", "unit", "accepted_from", "accepted_to"]
    return pd.DataFrame(list(rows.values()), columns=[*first, *columns]).round(6)
