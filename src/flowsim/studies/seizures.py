"""The study `seizures`: count the single seizures in a file of UNODC by place, mode, departure and size class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from flowsim import checks
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.evidence.second_reports import second_reports
from flowsim.evidence.seizure_reports import Reports, SeizureReport, read_reports
from flowsim.evidence.single_seizures import counted, written
from flowsim.results import disk
from flowsim.simulation.simulate import Progress

TABLE = "seizures.csv"
"""File of the table, in the output folder."""

STUDY = Study(writes=True, keys=("file", "out"))
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Count the seizures in a file of UNODC, print them by year, and write the table of counts.

    Parameters
    ----------
    request
        Request of the study, with the options `file`, `country` and `by_region`.
    progress
        Not used.

    Returns
    -------
    str
        Seizures by drug and year, to be printed.

    Raises
    ------
    ValueError
        If no file is named, an option is invalid, or the file has a mistake; then nothing is written.
    """
    path = _file(request.options.get("file"))
    found = read_reports(path, country=_country(request.options.get("country")))
    second = second_reports(found.reports, by_region=_countries(request.options.get("by_region")))
    kept = [report for index, report in enumerate(found.reports) if index not in second]
    counts = counted([(report.words, report.kg) for report in kept], source=path.name)
    disk.write(request.out / TABLE, written(counts))
    lines = [*_head(path, found), "", *_years(found.reports, second), "", f"{len(counts):,} rows of counts: {TABLE}"]
    return "\n".join(lines)


def _file(value: object) -> Path:
    rule = "name UNODC's file of individual drug seizures, saved as CSV, as file=IDS.csv"
    checks.require(isinstance(value, str) and Path(value).is_file(), thing="file", rule=rule, value=value)
    return Path(str(value))


def _country(value: object) -> str | None:
    holds = value is None or (isinstance(value, str) and bool(value))
    rule = "name a country, or be null for every one in the file"
    checks.require(holds, thing="study.country", rule=rule, value=value)
    return None if value is None else str(value)


def _countries(value: Any) -> tuple[str, ...]:
    several = isinstance(value, Sequence) and not isinstance(value, str)
    holds = several and all(isinstance(name, str) and name for name in value)
    checks.require(holds, thing="study.by_region", rule="be a list of countries, as [Russia] or []", value=value)
    return tuple(value)


def _head(path: Path, found: Reports) -> Iterator[str]:
    countries = sorted({report.country for report in found.reports})
    where = countries[0] if len(countries) == 1 else f"{len(countries)} countries"
    yield f"{path.name}: {found.rows:,} rows in the layout '{found.layout}'"
    yield f"{len(found.reports):,} reports of heroin and opium of {where}; second reports are left out below"


def _years(reports: Sequence[SeizureReport], second: frozenset[int]) -> Iterator[str]:
    """Lines of the printed table: for each drug and year number, mass, quantiles of mass, share of second reports."""
    heads = ("seizures", "mass [kg]", "median [kg]", "90th [kg]", "largest [kg]", "second reports")
    yield f"{'drug':8}{'year':>6}" + "".join(f"{head:>{len(head) + 3}}" for head in heads)
    for drug, year in sorted({(report.drug, report.day.year) for report in reports}):
        own = [index for index, report in enumerate(reports) if (report.drug, report.day.year) == (drug, year)]
        masses = np.array([reports[index].kg for index in own if index not in second])
        share = 1 - len(masses) / len(own)
        middle, high = np.quantile(masses, [0.5, 0.9])
        cells = (f"{len(masses):,}", f"{masses.sum():,.1f}", f"{middle:.3g}", f"{high:.3g}", f"{masses.max():.3g}")
        texts = (*cells, f"{100 * share:.0f} %")
        yield f"{drug:8}{year:>6}" + "".join(
            f"{text:>{len(head) + 3}}" for text, head in zip(texts, heads, strict=True)
        )
