"""Table 1 as a page to print: few columns, a section for each document, the contradictions with their claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from flowsim.evidence import load_sources
from flowsim.evidence.contradictions import WEIGHTS

Cells = dict[str, str]
"""Cells of a row by column."""


def page(tables: Mapping[str, pd.DataFrame], *, series: str) -> str:
    """Table 1 in Markdown.

    Parameters
    ----------
    tables
        The tables evidence, outside, derived and contradictions, from `evidence.ledger`.
    series
        Years of the opiate series, one of `evidence.figures.READINGS`.

    Returns
    -------
    str
        Text of the page.
    """
    lines = [
        "# Table 1: reported figures and their contradictions",
        "",
        f"Opiate series in its {series} years. All columns are in the CSV files beside this page. L is the line in",
        "the document; > and < stand for more than and less than, >= and <= for at least and at most.",
        "",
        *_figures(tables["evidence"]),
        f"## Numbers from outside the documents: {len(tables['outside'])}",
        "",
        "They ground assumptions and are never reported figures.",
        "",
        *_table(("number", "where, when", "is", "source"), map(_outside, _rows(tables["outside"]))),
        f"## Derived numbers: {len(tables['derived'])}",
        "",
        *_table(("number", "is", "by"), map(_derived, _rows(tables["derived"]))),
        f"## Contradictions: {len(tables['contradictions'])}",
        "",
        *(f"* {name}: {text}." for name, text in WEIGHTS.items()),
        "",
        *_table(
            ("", "what the documents say", "arithmetic", "taken"), map(_contradiction, _rows(tables["contradictions"]))
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _figures(table: pd.DataFrame) -> Iterator[str]:
    """The figures by document and table."""
    works = load_sources()
    documents, tables = (
        [work for work in works.values() if getattr(work, kind)] for kind in ("is_document", "is_table")
    )
    yield f"## Reported figures: {len(table)} of {len(documents)} documents and {len(tables)} tables"
    yield ""
    for document in documents:
        parts = {key for key, work in works.items() if document.key in (key, work.nested_in)}
        rows = sorted((row for row in _rows(table) if row["source"] in parts), key=_line_number)
        yield f"### {document.title}"
        yield ""
        yield f"{document.author}, {document.year}. {len(rows)} figures, in the order of the text."
        yield ""
        yield from _table(("number", "where, when", "is", "line"), (_figure(row, document.key) for row in rows))
    for work in tables:
        rows = [row for row in _rows(table) if row["source"] == work.key]
        yield f"### {work.title}"
        yield ""
        yield f"{work.author}, {work.year}. {len(rows)} figures, those of Kazakhstan."
        yield ""
        yield from _table(("number", "where, when", "is", "note"), ((*_what(row), row["note"]) for row in rows))


def _rows(table: pd.DataFrame) -> Iterator[Cells]:
    for row in table.to_dict("records"):
        yield {str(name): str(value) for name, value in row.items()}


def _line(row: Cells) -> str:
    return row["locator"].rpartition(", ")[2]


def _line_number(row: Cells) -> int:
    return int(_line(row).removeprefix("L"))


def _figure(row: Cells, document: str) -> tuple[str, ...]:
    work = "" if row["source"] == document else f" ({row['source']})"
    reading = f"; {row['reading']}" if row["reading"] else ""
    return (*_what(row), f"{_line(row)}{work}{reading}")


def _outside(row: Cells) -> tuple[str, ...]:
    return (*_what(row), f"{row['source']}, {row['locator']}")


def _what(row: Cells) -> tuple[str, str, str]:
    drug = "" if row["drug"] in ("", "n/a") or row["drug"] in row["quantity"] else f", {row['drug']}"
    agency = f" ({row['agency']})" if row["agency"] else ""
    return (
        f"{row['number']} {row['unit']}",
        ", ".join(text for text in (row["place"], row["period"]) if text),
        f"{row['quantity']}{drug}{agency}<br>`{row['key']}`",
    )


def _derived(row: Cells) -> tuple[str, ...]:
    return f"{row['number']} {row['unit']}", f"{row['quantity']}<br>`{row['key']}`", row["formula"]


def _contradiction(row: Cells) -> tuple[str, ...]:
    head = "Assumed, in a check that is not needed" if row["weight"] == "decides" else "Rests on"
    bounds = f"<br>{head}: {row['bounds']}." if row["bounds"] else ""
    checks = f"<br>Checks that hold: {row['checks']}." if row["checks"] else ""
    taken = f"**{row['takes']}**. " if row["takes"] else ""
    return (
        f"{row['id']}<br>{row['severity']}",
        f"**{row['title']}**<br>{row['claims']}",
        f"*{row['weight']}*<br>{row['arithmetic']}{bounds}{checks}",
        f"{taken}{row['verdict']}<br>Use: {row['use']}",
    )


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """A table in Markdown; a bar within a cell is escaped."""
    for cells in (heads, ("---",) * len(heads), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
