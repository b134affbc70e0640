"""The study `figure`: draw a figure or write a table, with the data beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pandas as pd

from flowsim import checks
from flowsim.config.request import Request
from flowsim.evidence import in_years
from flowsim.evidence.contradictions import WEIGHTS
from flowsim.evidence.ledger import contradiction_table, derived, ledger, outside
from flowsim.evidence.series import check_table, series_table
from flowsim.figures.fig2_series import number_text, opiate_series, stated_text
from flowsim.simulation.simulate import Progress
from flowsim.studies import fig3_fig4, fig12
from flowsim.studies.table1_page import page
from flowsim.world_tables.readings import series_of


def run(request: Request, *, progress: Progress | None) -> str:
    """Draw the figure, or write the table, named by the option `figure`.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on, for figures with simulations.

    Returns
    -------
    str
        Summary of the figure or table, to be printed.

    Raises
    ------
    ValueError
        If no figure is named or there is no such figure.
    """
    given = request.options.get("figure")
    rule = f"name what to draw, as study.figure={next(iter(FIGURES))}: one of {', '.join(FIGURES)}"
    checks.require(given is not None, thing="study.figure", rule=rule, value=given)
    name = str(given)
    checks.known(name, tuple(FIGURES), thing="study.figure")
    return FIGURES[name](request, progress)


def _waterfall(request: Request, progress: Progress | None) -> str:
    """Figure 12 with its two tables."""
    return fig12.draw_figure(request, progress=progress)


def _fit(request: Request, progress: Progress | None) -> str:
    """Figure 3 with its tables."""
    return fig3_fig4.draw_fit(request, progress=progress)


def _identified(request: Request, progress: Progress | None) -> str:
    """Figure 4 with its table."""
    return fig3_fig4.draw_identified(request, progress=progress)


def _series(request: Request, progress: Progress | None) -> str:
    """Figure 2 with its two tables."""
    out = request.out
    series, found = series_table(), check_table()
    series.to_csv(out / "series.csv", index=False)
    found.to_csv(out / "checks.csv", index=False)
    figure = opiate_series(series, checks=found)
    for suffix in ("png", "pdf"):
        figure.savefig(out / f"fig2_series.{suffix}", dpi=300)
    lines = ["Opiates seized in Kazakhstan, 1996 to 2006: the order of the years", ""]
    lines += [f"{'check':43}{'the texts give':>38}{'as printed':>15}{'as corrected':>20}", "-" * 116]
    for row in found.to_dict("records"):
        text = f"{row['check']:43}{stated_text(row):>38}"
        for name in ("printed", "corrected"):
            number = number_text(row[name], unit=str(row["unit"]))
            text += f"{number:>13} {'passes' if row[f'{name}_holds'] else 'FAILS':6}"
        lines.append(text.rstrip())
    held = [int(found[f"{name}_holds"].sum()) for name in ("printed", "corrected")]
    lines += ["", f"as printed {held[0]} of {len(found)} checks hold, as corrected {held[1]}"]
    return "\n".join(lines)


def _evidence(request: Request, progress: Progress | None) -> str:
    """Table 1: the ledger and the contradictions, whole as CSV and with fewer columns as a page to print."""
    out = request.out
    series = series_of(request.readings)
    figures, found = ledger(figures=in_years(series)), contradiction_table()
    tables = {"evidence": figures, "outside": outside(), "derived": derived(), "contradictions": found}
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv", index=False)
    counts = _counts(found)
    counts.to_csv(out / "counts.csv", index=False)
    (out / "table1_evidence.md").write_text(page(tables, series=series), encoding="utf-8")
    return _summary(tables, counts)


def _counts(contradictions: pd.DataFrame) -> pd.DataFrame:
    """Contradictions of each severity by weight of arithmetic, with counts of numbers, all and sensitive ones."""
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


FIGURES: Mapping[str, Callable[[Request, Progress | None], str]] = MappingProxyType(
    {"series": _series, "evidence": _evidence, "waterfall": _waterfall, "fit": _fit, "identified": _identified}
)
"""Figures and tables by name."""
