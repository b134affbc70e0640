"""Evidence as tables for reading: figures, outside numbers, derived numbers, and contradictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from flowsim.evidence.contradictions import SEVERITIES, Contradiction, load_contradictions
from flowsim.evidence.derived import load_derived
from flowsim.evidence.figures import Figure, load_figures
from flowsim.evidence.recomputation import Facts
from flowsim.evidence.sensitivity import noticed
from flowsim.evidence.sources import load_coordinates, load_facts, load_independent

COLUMNS = (
    *("key", "quantity", "drug", "place", "agency", "mode", "period", "number", "unit", "form", "reading"),
    *("source", "locator", "note"),
)
"""Columns of the ledger."""

DERIVED = ("key", "quantity", "number", "unit", "formula", "inputs", "note")
"""Columns of the table of derived numbers."""


def ledger(words: Sequence[str] = (), *, figures: Mapping[str, Figure] | None = None) -> pd.DataFrame:
    """Reported figures as text, by key.

    Parameters
    ----------
    words
        Keep only rows with all of these words, regardless of case.
    figures
        Figures to list; the package's own reported figures by default.
    """
    rows = [_row(figure) for figure in (load_figures() if figures is None else figures).values()]
    return _table(rows, COLUMNS, words=words)


def outside(words: Sequence[str] = ()) -> pd.DataFrame:
    """Numbers from outside the sources as text, by key: independent numbers and coordinates; columns of the ledger.

    Parameters
    ----------
    words
        Keep only rows with all of these words, regardless of case.
    """
    return ledger(words, figures={**load_independent(), **load_coordinates()})


def derived(words: Sequence[str] = ()) -> pd.DataFrame:
    """Derived numbers as text, by key, with the columns `DERIVED`.

    Parameters
    ----------
    words
        Keep only rows with all of these words, regardless of case.
    """
    rows = []
    for row in load_derived().values():
        number = written(row.span.low, row.span.value, row.span.high, closed=True)
        rows.append([row.key, row.quantity, number, row.unit, row.formula, "; ".join(row.inputs), row.note])
    return _table(rows, DERIVED, words=words)


def contradiction_table(facts: Facts | None = None) -> pd.DataFrame:
    """Contradictions in descending severity, with claims, the reading adopted and the strength of the arithmetic.

    Parameters
    ----------
    facts
        Figures to recompute the arithmetic from; the package's own by default.

    Returns
    -------
    DataFrame
        Columns id, severity, title, claims, readings, takes, weight (as in `contradictions.WEIGHTS`), bounds
        (assumptions and outside numbers), checks (number satisfied for each reading), numbers (number of printed
        numbers used), reasoning (number of these to which the reasoning is sensitive at a change of one percent; the
        record detects the others), arithmetic, verdict, use and reason.
    """
    known = load_facts() if facts is None else facts
    rows = []
    for row in sorted(load_contradictions().values(), key=lambda row: (SEVERITIES.index(row.severity), row.id)):
        moved = noticed(row, known)
        rows.append(
            {
                "id": row.id,
                "severity": row.severity,
                "title": row.title,
                "claims": row.claims,
                "readings": "; ".join(row.readings),
                "takes": row.takes,
                "weight": row.weight(known),
                "bounds": "; ".join(row.bounds(known)),
                "checks": "; ".join(f"{name}: {held} of {asked}" for name, (held, asked) in tally(row, known).items()),
                "numbers": str(len(moved)),
                "reasoning": str(sum(number.reasoning for number in moved)),
                "arithmetic": row.arithmetic,
                "verdict": row.verdict,
                "use": row.use,
                "reason": row.reason,
            }
        )
    return pd.DataFrame(rows, dtype=object)


def tally(row: Contradiction, facts: Facts | None = None) -> dict[str, tuple[int, int]]:
    """Number of satisfied checks for each reading of a contradiction, and their total.

    Parameters
    ----------
    row
        Contradiction.
    facts
        Figures to recompute the arithmetic from; the package's own by default.
    """
    found = row.reasoning(facts)
    return {
        reading: (sum(check.holds for check in found if check.reading == reading), asked)
        for reading, asked in Counter(check.reading for check in found).items()
    }


def written(low: float | None, value: float | None, high: float | None, *, closed: bool = False) -> str:
    """A number as printed, with signs for "more than", "less than", "at least" and "at most".

    Parameters
    ----------
    low, value, high
        The number and its ends, each possibly missing [any unit].
    closed
        Whether a single end belongs to the range.
    """
    ends = [None if end is None else f"{end:.10g}" for end in (low, value, high)]
    below, middle, above = ends
    more, less = (">=", "<=") if closed else (">", "<")
    if middle is None:
        return f"{below} to {above}" if below and above else f"{more} {below}" if below else f"{less} {above}"
    if below and above:
        return f"{middle} [{below}, {above}]" if (below, above) != (middle, middle) else middle
    if below:
        return f"{more} {middle}" if below == middle else f"{middle}, from {below}"
    if above:
        return f"{less} {middle}" if above == middle else f"{middle}, up to {above}"
    return middle


def _table(rows: Iterable[list[str]], names: Sequence[str], *, words: Sequence[str]) -> pd.DataFrame:
    wanted = [word.casefold() for word in words]
    kept = [row for row in rows if all(word in " ".join(row).casefold() for word in wanted)]
    return pd.DataFrame(sorted(kept), columns=list(names), dtype=object)


def _row(figure: Figure) -> list[str]:
    texts = [figure.quantity, figure.drug, figure.place, figure.agency, figure.mode, _period(figure)]
    number = written(figure.low, figure.value, figure.high, closed=figure.closed)
    more = [figure.form, figure.reading, figure.source, figure.locator, figure.note]
    return [figure.key, *texts, number, figure.unit, *more]


def _period(figure: Figure) -> str:
    start, end = figure.period_start, figure.period_end
    if start is None or end is None:
        return ""
    if (start.month, start.day, end.month, end.day) == (1, 1, 12, 31):
        return str(start.year) if start.year == end.year else f"{start.year} to {end.year}"
    return str(start) if start == end else f"{start} to {end}"
