"""The ledger of figures and the contradictions, behind table 1: whole as CSV, with fewer columns as a page."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from flowsim.config.request import Request
from flowsim.evidence import in_years
from flowsim.evidence.contradictions import WEIGHTS
from flowsim.evidence.ledger import contradiction_table, derived, ledger, outside
from flowsim.simulation.simulate import Progress
from flowsim.studies.figure import Made, PaperFigure
from flowsim.studies.table1_page import page
from flowsim.world_tables.readings import series_of


def make(request: Request, progress: Progress | None) -> Made:
    """Table 1 with its source tables, and the counts of contradictions."""
    series = series_of(request.readings)
    figures, found = ledger(figures=in_years(series)), contradiction_table()
    tables = {"evidence": figures, "outside": outside(), "derived": derived(), "contradictions": found}
    counts = _counts(found)
    text = page(tables, series=series)
    return Made(said=_summary(tables, counts), page=text, tables=tables | {"counts": counts})


def _counts(contradictions: pd.DataFrame) -> pd.DataFrame:
    """Contradictions by severity and weight of arithmetic, with counts of their numbers, all and sensitive ones."""
    grouped = contradictions.astype({"numbers": int, "reasoning": int}).groupby("severity", sort=False)
    rows = []
    for severity, group in grouped:
        weights = {weight: int((group["weight"] == weight).sum()) for weight in WEIGHTS}
        noticed = {name: int(group[name].sum()) for name in ("numbers", "reasoning")}
        rows.append({"severity": severity, "contradictions": len(group), **weights, **noticed})
    return pd.DataFrame(rows)


def _summary(tables: Mapping[str, pd.DataFrame], counts: pd.DataFrame) -> str:
    total = counts.drop(columns="severity").sum()
    grave = ", ".join(f"{row['contradictions']} {row['severity']}" for row in counts.to_dict("records"))
    return "\n".join(
        (
            f"{len(tables['evidence'])} reported figures, {len(tables['outside'])} numbers from outside, "
            f"{len(tables['derived'])} derived from these",
            f"{total['contradictions']} contradictions ({grave})",
            *(f"{total[weight]:>4}  {text}" for weight, text in WEIGHTS.items()),
            f"of {total['numbers']} printed numbers that go in, the reasoning notices a change of 1 % in "
            f"{total['reasoning']};",
            "in the others only the record of what was computed notices it",
        )
    )


FIGURE = PaperFigure(name="table1_evidence", make=make, keys=("reading",))
"""Declaration of the table."""
