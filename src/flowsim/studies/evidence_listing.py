"""The evidence as lines for the terminal: figures, numbers from outside, derived numbers and contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from flowsim.evidence import Contradiction
from flowsim.evidence.contradictions import SEVERITIES, WEIGHTS
from flowsim.evidence.figures import SERIES_CONTRADICTION
from flowsim.evidence.ledger import tally
from flowsim.studies.layout import columns, paragraph

FIGURE_WIDTHS = (33, 22, 12, 12, 13, 23)
"""Columns of the figures: key, quantity, place, period, value and unit, source with reading [characters]."""

OUTSIDE_WIDTHS = (33, 24, 12, 16, 31)
"""Columns of the numbers from outside: key, quantity, place, value and unit, source and use [characters]."""

DERIVED_WIDTHS = (33, 27, 24, 33)
"""Columns of the derived numbers: key, quantity, value and unit, formula and inputs [characters]."""

Texts = dict[str, str]
"""Cells of a row by column."""


def figures(table: pd.DataFrame) -> Iterator[str]:
    """Lines of the reported figures, from `evidence.ledger.ledger`."""
    cells = [("key", "quantity", "place", "period", "value [unit]", "source; reading")]
    for row in _texts(table):
        drug = f", {row['drug']}" if row["drug"] not in ("", "n/a") and row["drug"] not in row["quantity"] else ""
        reading = f"; {row['reading']}" if row["reading"] else ""
        source = f"{row['source']}, {row['locator']}{reading}"
        cells.append((row["key"], row["quantity"] + drug, row["place"], row["period"], _value(row), source))
    yield from columns(cells, widths=FIGURE_WIDTHS)


def outside(table: pd.DataFrame) -> Iterator[str]:
    """Lines of the numbers from outside the sources, from `evidence.ledger.outside`."""
    cells = [("key", "quantity", "place", "value [unit]", "source; year and trust; use")]
    for row in _texts(table):
        source = "; ".join(text for text in (row["source"], row["locator"], row["note"]) if text)
        cells.append((row["key"], row["quantity"], row["place"], _value(row), source))
    yield from columns(cells, widths=OUTSIDE_WIDTHS)


def derived(table: pd.DataFrame) -> Iterator[str]:
    """Lines of the derived numbers, from `evidence.ledger.derived`."""
    cells = [("key", "quantity", "value [unit]", "formula; from")]
    for row in _texts(table):
        cells.append((row["key"], row["quantity"], _value(row), f"{row['formula']}; from {row['inputs']}"))
    yield from columns(cells, widths=DERIVED_WIDTHS)


def contradictions(rows: Sequence[Contradiction], *, series: str) -> Iterator[str]:
    """Lines of contradictions, the gravest first: weight of the arithmetic, readings with checks, claims and verdict.

    Parameters
    ----------
    rows
        Contradictions.
    series
        Reading of the opiate series in use.
    """
    for row in sorted(rows, key=lambda row: (SEVERITIES.index(row.severity), row.id)):
        yield from paragraph(row.title, head=f"{row.id}  {row.severity}  ")
        yield from paragraph(WEIGHTS[row.weight()], indent=4)
        bounds = row.bounds()
        if bounds:
            head = "assumed, in a check that is not needed: " if row.weight() == "decides" else "rests on: "
            yield from paragraph("; ".join(bounds), head=head, indent=4)
        counts = tally(row)
        for reading in row.readings:
            held, asked = counts.get(reading, (0, 0))
            checks = f": {held} of {asked} checks hold" if asked else ""
            taken = ", taken" if reading == row.takes else ""
            used = "; in use" if row.id == SERIES_CONTRADICTION and reading == series else ""
            yield f"    reading {reading}{checks}{taken}{used}"
        for name in ("claims", "arithmetic", "verdict", "use"):
            yield from paragraph(str(getattr(row, name)), head=f"{name}: ", indent=4)


def _texts(table: pd.DataFrame) -> Iterator[Texts]:
    for row in table.to_dict("records"):
        yield {str(name): str(value) for name, value in row.items()}


def _value(row: Texts) -> str:
    return f"{row['number']} [{row['unit']}]"
