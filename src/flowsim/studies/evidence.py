"""The study `evidence`: figures of the sources, their contradictions, and the provenance of a world's numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from flowsim import checks
from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.evidence import in_years, load_contradictions, load_figures, load_independent, load_sources
from flowsim.evidence.ledger import derived, ledger, outside
from flowsim.simulation.simulate import Progress
from flowsim.studies import evidence_listing
from flowsim.studies.layout import WIDTH, paragraph
from flowsim.world_tables.provenance import Number
from flowsim.world_tables.readings import series_of

STUDY = Study(writes=False, keys=WORLD)
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Print the ledger, the contradictions and the provenance of a world, all or filtered by words.

    Parameters
    ----------
    request
        Request of the study; its option `words` is a word, several separated by commas, or None.
    progress
        Not used.

    Raises
    ------
    ValueError
        If the option `words` is invalid.
    """
    words = words_of(request.options.get("words"))
    series = series_of(request.readings)
    figures, others, follows = ledger(words, figures=in_years(series)), outside(words), derived(words)
    found = [row for row in load_contradictions().values() if _matches((*vars(row).values(), *row.bounds()), words)]
    numbers = request.numbers()
    kept = [number for number in numbers if _matches(vars(number).values(), words)]
    lines = [
        *_overview(
            request,
            words,
            shown=(len(figures), len(others), len(follows), len(found)),
            numbers=numbers,
            kept=kept,
        ),
        *_head(f"Figures of the sources: {len(figures)}"),
        *evidence_listing.figures(figures),
        *_head(f"Numbers from outside the sources, which are never reported figures: {len(others)}"),
        *evidence_listing.outside(others),
        *_head(f"Numbers derived from these: {len(follows)}"),
        *evidence_listing.derived(follows),
        *_head(f"Contradictions: {len(found)}"),
        *evidence_listing.contradictions(found, series=series),
        *_head(f"Numbers of the world {(request.chain or request.world).name}: {len(kept)}"),
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
    shown: tuple[int, int, int, int],
    numbers: Sequence[Number],
    kept: Sequence[Number],
) -> Iterator[str]:
    every = (len(load_figures()), len(load_contradictions()), len(numbers))
    works = load_sources().values()
    documents, quoted = sum(work.is_document for work in works), sum(bool(work.nested_in) for work in works)
    tables, references = sum(work.is_table for work in works), len({row.source for row in load_independent().values()})
    yield f"{every[0]} reported figures of {documents} documents (which quote {quoted} other works) and {tables} tables"
    own = len(load_independent())
    yield f"{len(outside())} numbers from outside: {own} of {references} references, the others coordinates"
    yield f"{len(derived())} derived numbers, {every[1]} contradictions"
    world = request.chain or request.world
    yield f"{every[2]:,} numbers of the world {world.name} ({world.title})"
    for reading in request.readings:
        yield from paragraph(f"{reading.title}; changes {reading.changes}", head=f"reading {reading.name}: ")
    if not request.readings:
        yield "reading: none, as no reading is about this world"
    yield f"the opiate series of 1996 to 2006 stands in its {series_of(request.readings)} years"
    if words:
        counted = "{} figures, {} from outside, {} derived, {} contradictions".format(*shown)
        counted += f", {len(kept):,} numbers of the world"
        yield f"with {' and '.join(words)}: {counted}"
    yield ""
    counts = Counter((number.table, number.kind) for number in kept)
    yield f"{'numbers of the world':24}" + "".join(f"{kind:>12}" for kind in checks.KINDS)
    for table in dict.fromkeys(number.table for number in kept):
        yield f"  {table:22}" + "".join(f"{counts[table, kind]:12,}" for kind in checks.KINDS)
    total = Counter(number.kind for number in kept)
    yield f"{'all':24}" + "".join(f"{total[kind]:12,}" for kind in checks.KINDS)


def _numbers(numbers: Sequence[Number]) -> Iterator[str]:
    """Numbers by table, and within it by source, each source printed once."""
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
    name = "" if number.name in ("value", number.key.rpartition(".")[2]) else f"{number.name} "
    if isinstance(number.value, str):
        return f"{name}{number.value}"
    interval = "" if number.low is None or number.high is None else f" [{number.low:.6g}, {number.high:.6g}]"
    return f"{name}{number.value:.6g}{interval}" + (f" {number.unit}" if number.unit != "1" else "")
