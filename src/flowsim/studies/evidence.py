"""The study `evidence`: what the sources say, where they contradict each other, where a world's numbers come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from flowsim import checks
from flowsim.evidence import Contradiction, in_years, load_contradictions, load_figures, load_sources
from flowsim.evidence.checking import LEDGER
from flowsim.evidence.contradictions import SEVERITIES
from flowsim.evidence.ledger import ledger
from flowsim.provenance import Number
from flowsim.readings import series_of
from flowsim.simulate import Progress
from flowsim.studies.columns import WIDTH, columns, paragraph
from flowsim.studies.request import Request

LEDGER_WIDTHS = (33, 22, 12, 12, 13, 23)
"""Columns of the figures: key, quantity, place, period, value and unit, source with reading [characters]."""

SERIES_CONTRADICTION = "I-01"
"""Contradiction about the years of the opiate series."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Print the ledger, the contradictions and the provenance of a world, all or what matches some words.

    Parameters
    ----------
    request
        What is asked for; its option `words` is a word, several separated by commas, or nothing.
    progress
        Not used.

    Raises
    ------
    ValueError
        If the words are no words.
    """
    words = words_of(request.options.get("words"))
    series = series_of(request.readings)
    figures = ledger(words, figures=in_years(series))
    found = [row for row in load_contradictions().values() if _matches(vars(row).values(), words)]
    numbers = request.numbers()
    kept = [number for number in numbers if _matches(vars(number).values(), words)]
    lines = [
        *_overview(request, words, figures=len(figures), found=len(found), numbers=numbers, kept=kept),
        *_head(f"Figures of the sources: {len(figures)}"),
        *_ledger(figures),
        *_head(f"Contradictions: {len(found)}"),
        *_contradictions(found, series=series),
        *_head(f"Numbers of the world {request.world.name}: {len(kept)}"),
        *_numbers(kept),
    ]
    return "\n".join(lines)


def words_of(value: object) -> tuple[str, ...]:
    """Words of the option `words`.

    Raises
    ------
    ValueError
        If it is neither a word nor a list of words.
    """
    if value is None:
        return ()
    parts = value if isinstance(value, Sequence) and not isinstance(value, str) else str(value).split(",")
    found = tuple(str(part).strip() for part in parts if isinstance(part, str | int | float))
    rule = "be a word or several, separated by commas"
    checks.require(len(found) == len(parts) and all(found), thing="study.words", rule=rule, value=value)
    return found


def _matches(values: Iterable[object], words: Sequence[str]) -> bool:
    text = " ".join(map(str, values)).casefold()
    return all(word.casefold() in text for word in words)


def _head(text: str) -> tuple[str, ...]:
    return ("", text, "-" * WIDTH)


def _overview(
    request: Request,
    words: Sequence[str],
    *,
    figures: int,
    found: int,
    numbers: Sequence[Number],
    kept: Sequence[Number],
) -> Iterator[str]:
    every = (len(load_figures()), len(load_contradictions()), len(numbers))
    yield f"{every[0]} reported figures of {len(load_sources())} sources, {every[1]} contradictions"
    yield f"{every[2]:,} numbers of the world {request.world.name} ({request.world.title})"
    for reading in request.readings:
        yield from paragraph(f"{reading.title}; changes {reading.changes}", head=f"reading {reading.name}: ")
    yield f"the opiate series of 1996 to 2006 stands in its {series_of(request.readings)} years"
    if words:
        counted = f"{figures} figures, {found} contradictions, {len(kept):,} numbers of the world"
        yield f"with {' and '.join(words)}: {counted}"
    yield ""
    counts = Counter((number.table, number.kind) for number in kept)
    yield f"{'numbers of the world':24}" + "".join(f"{kind:>12}" for kind in checks.KINDS)
    for table in dict.fromkeys(number.table for number in kept):
        yield f"  {table:22}" + "".join(f"{counts[table, kind]:12,}" for kind in checks.KINDS)
    total = Counter(number.kind for number in kept)
    yield f"{'all':24}" + "".join(f"{total[kind]:12,}" for kind in checks.KINDS)


def _ledger(table: pd.DataFrame) -> Iterator[str]:
    heads = ("key", "quantity", "place", "period", "value [unit]", "source; reading")
    cells = [heads]
    for row in table.to_dict("records"):
        text = {str(name): str(value) for name, value in row.items()}
        drug = f", {text['drug']}" if text["drug"] not in ("", "n/a") and text["drug"] not in text["quantity"] else ""
        reading = f"; {text['reading']}" if text["reading"] else ""
        cells.append(
            (
                text["key"],
                text["quantity"] + drug,
                text["place"],
                text["period"],
                f"{text['number']} [{text['unit']}]",
                f"{text['source']}, {text['locator']}{reading}",
            )
        )
    yield from columns(cells, widths=LEDGER_WIDTHS)


def _contradictions(rows: Sequence[Contradiction], *, series: str) -> Iterator[str]:
    for row in sorted(rows, key=lambda row: (SEVERITIES.index(row.severity), row.id)):
        yield from paragraph(row.title, head=f"{row.id}  {row.severity}  ")
        for reading, (held, asked) in tally(row).items():
            mark = ", which the arithmetic supports" if reading == row.supports else ""
            used = "; in use" if row.id == SERIES_CONTRADICTION and reading == series else ""
            yield f"    reading {reading}: {held} of {asked} checks hold{mark}{used}"
        for name in ("claims", "arithmetic", "verdict", "use"):
            yield from paragraph(str(getattr(row, name)), head=f"{name}: ", indent=4)


def tally(row: Contradiction) -> dict[str, tuple[int, int]]:
    """How many checks of each reading of a contradiction hold, and how many there are."""
    found = [check for check in row.checks() if check.reading != LEDGER]
    return {
        reading: (sum(check.holds for check in found if check.reading == reading), asked)
        for reading, asked in Counter(check.reading for check in found).items()
    }


def _numbers(numbers: Sequence[Number]) -> Iterator[str]:
    """Numbers by table, and within it by source, so that each source is printed once."""
    groups: dict[tuple[str, str, str], dict[str, list[Number]]] = {}
    for number in numbers:
        own = groups.setdefault((number.table, number.kind, number.source), {})
        own.setdefault(number.key, []).append(number)
    table = ""
    for (name, kind, source), rows in groups.items():
        if name != table:
            yield name
        table = name
        yield from paragraph(source, head=f"{kind}: ", indent=2)
        for key, row in rows.items():
            yield from paragraph("; ".join(map(_written, row)), head=f"{key}: ", indent=4)


def _written(number: Number) -> str:
    if isinstance(number.value, str):
        return f"{number.name} {number.value}"
    interval = "" if number.low is None or number.high is None else f" [{number.low:.6g}, {number.high:.6g}]"
    name = "" if number.name in ("value", number.key.rpartition(".")[2]) else f"{number.name} "
    return f"{name}{number.value:.6g}{interval}" + (f" {number.unit}" if number.unit != "1" else "")
