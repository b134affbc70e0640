"""The study `figure`: draw a figure or write a table of the evidence, with the data beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from flowsim import checks
from flowsim.evidence import in_years
from flowsim.evidence.ledger import contradiction_table, ledger
from flowsim.evidence.series import check_table, series_table
from flowsim.figures.series import opiate_series
from flowsim.readings import series_of
from flowsim.simulate import Progress
from flowsim.studies.request import Request


def run(request: Request, *, progress: Progress | None) -> str:
    """Draw the figure, or write the table, that the option `figure` names.

    Parameters
    ----------
    request
        What is asked for.
    progress
        Not used.

    Returns
    -------
    str
        What was drawn and what it shows, to be printed.

    Raises
    ------
    ValueError
        If there is no such figure.
    """
    name = str(request.options.get("figure"))
    checks.known(name, tuple(FIGURES), thing="study.figure")
    return FIGURES[name](request, request.out)


def _series(request: Request, out: Path) -> str:
    """Figure 2 with its two tables."""
    series, found = series_table(), check_table()
    series.to_csv(out / "series.csv", index=False)
    found.to_csv(out / "checks.csv", index=False)
    figure = opiate_series(series, checks=found)
    for suffix in ("png", "pdf"):
        figure.savefig(out / f"fig2_series.{suffix}", dpi=300)
    lines = ["Opiates seized in Kazakhstan, 1996 to 2006: the order of the years", ""]
    lines += [f"{'check':44}{'stated':>14}{'as printed':>20}{'as corrected':>20}", "-" * 98]
    for row in found.to_dict("records"):
        unit = {"percent/year": "%", "year": ""}.get(str(row["unit"]), "kg")
        digits = 0 if row["unit"] == "year" else 1
        least = ">= " if row["rule"] == "at least" else ""
        text = f"{row['check']:44}{least + _written(row['stated'], digits):>11} {unit:2}"
        for name in ("printed", "corrected"):
            text += f"{_written(row[name], digits):>13} {'passes' if row[f'{name}_holds'] else 'FAILS':6}"
        lines.append(text.rstrip())
    held = [int(found[f"{name}_holds"].sum()) for name in ("printed", "corrected")]
    lines += ["", f"as printed {held[0]} of {len(found)} checks hold, as corrected {held[1]}"]
    return "\n".join(lines)


def _written(number: float, digits: int) -> str:
    return f"{number:,.{digits}f}" if digits else f"{number:.0f}"


def _evidence(request: Request, out: Path) -> str:
    """Table 1: the ledger and the contradictions, as CSV and as pages to read."""
    series = series_of(request.readings)
    tables = {"evidence": ledger(figures=in_years(series)), "contradictions": contradiction_table()}
    for name, table in tables.items():
        table.to_csv(out / f"{name}.csv", index=False)
    page = [f"# Table 1: reported figures and their contradictions\n\nOpiate series in its {series} years.\n"]
    for name, table in tables.items():
        page += [f"## {name.capitalize()}: {len(table)}\n", _markdown(table)]
    (out / "table1_evidence.md").write_text("\n".join(page), encoding="utf-8")
    counts = _counts(tables["contradictions"])
    counts.to_csv(out / "counts.csv", index=False)
    parts = ", ".join(f"{row['contradictions']} {row['severity']}" for row in counts.to_dict("records"))
    return (
        f"{len(tables['evidence'])} reported figures; {counts['contradictions'].sum()} contradictions ({parts}), "
        f"of which arithmetic decides {counts['decided'].sum()}"
    )


def _counts(contradictions: pd.DataFrame) -> pd.DataFrame:
    """Contradictions of each severity, and how many of them the printed numbers decide."""
    decided = contradictions.assign(decided=contradictions["supports"] != "")
    grouped = decided.groupby("severity", sort=False)["decided"].agg(["size", "sum"])
    return grouped.set_axis(["contradictions", "decided"], axis=1).reset_index()


def _markdown(table: pd.DataFrame) -> str:
    """A table in Markdown; a bar within a cell is escaped."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


FIGURES: Mapping[str, Callable[[Request, Path], str]] = MappingProxyType({"series": _series, "evidence": _evidence})
"""What can be drawn or written."""
