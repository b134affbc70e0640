"""The evidence as tables for reading: every figure, and every contradiction with its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from flowsim.evidence.checking import LEDGER, Facts
from flowsim.evidence.contradictions import load_contradictions
from flowsim.evidence.figures import Figure, load_figures
from flowsim.evidence.outside import load_facts

COLUMNS = (
    *("key", "quantity", "drug", "place", "agency", "mode", "period", "number", "unit", "form", "reading"),
    *("source", "locator", "note"),
)
"""Columns of the ledger."""


def ledger(words: Sequence[str] = (), *, figures: Mapping[str, Figure] | None = None) -> pd.DataFrame:
    """Reported figures as text, by key.

    Parameters
    ----------
    words
        Only rows in which each of these words occurs somewhere, in capitals or not.
    figures
        Figures to list; the package's own reported figures by default.
    """
    shown = [_row(figure) for figure in (load_figures() if figures is None else figures).values()]
    wanted = [word.casefold() for word in words]
    kept = [row for row in shown if all(word in " ".join(row).casefold() for word in wanted)]
    return pd.DataFrame(sorted(kept), columns=list(COLUMNS), dtype=object)


def contradiction_table(facts: Facts | None = None) -> pd.DataFrame:
    """Contradictions with what their arithmetic supports and how many of its checks hold, the gravest first.

    Parameters
    ----------
    facts
        Figures to recompute the arithmetic from; the package's own by default.
    """
    known = load_facts() if facts is None else facts
    order = {"high": 0, "medium": 1, "low": 2}
    rows = []
    for row in sorted(load_contradictions().values(), key=lambda row: (order[row.severity], row.id)):
        found = [check for check in row.checks(known) if check.reading != LEDGER]
        rows.append(
            {
                "id": row.id,
                "severity": row.severity,
                "title": row.title,
                "readings": "; ".join(row.readings),
                "supports": row.supported(known) if found else "",
                "checks": f"{sum(check.holds for check in found)} of {len(found)} hold" if found else "",
                "verdict": row.verdict,
                "use": row.use,
            }
        )
    return pd.DataFrame(rows, dtype=object)


def _row(figure: Figure) -> list[str]:
    texts = [figure.quantity, figure.drug, figure.place, figure.agency, figure.mode, _period(figure)]
    more = [figure.form, figure.reading, figure.source, figure.locator, figure.note]
    return [figure.key, *texts, _number(figure), figure.unit, *more]


def _number(figure: Figure) -> str:
    """The number as printed: "more than" and "less than" stand as signs."""
    ends = [None if end is None else f"{end:.10g}" for end in (figure.low, figure.value, figure.high)]
    low, value, high = ends
    if value is None:
        return f"{low} to {high}" if low and high else f"> {low}" if low else f"< {high}"
    if low and high:
        return f"{value} [{low}, {high}]" if (low, high) != (value, value) else value
    return f"> {value}" if low == value else f"< {value}" if high == value else value


def _period(figure: Figure) -> str:
    start, end = figure.period_start, figure.period_end
    if start is None or end is None:
        return ""
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31):
        return str(start.year) if start.year == end.year else f"{start.year} to {end.year}"
    return str(start) if start == end else f"{start} to {end}"
