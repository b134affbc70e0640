"""Columns of text for the terminal, none wider than a page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

WIDTH = 120
"""Longest printed line [characters]."""


def columns(rows: Sequence[Sequence[str]], *, widths: Sequence[int]) -> Iterator[str]:
    """Lines of a table, with cells wrapped to the widths of their columns.

    Parameters
    ----------
    rows
        Cells of each row.
    widths
        Widths of the columns, separated by a space [characters].
    """
    for row in rows:
        cells = [
            textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(row, widths, strict=True)
        ]
        for line in range(max(len(cell) for cell in cells)):
            parts = [cell[line] if line < len(cell) else "" for cell in cells]
            padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
            yield " ".join(padded).rstrip()


def paragraph(text: str, *, head: str = "", indent: int = 0) -> Iterator[str]:
    """Lines of a text with a head and a hanging indent.

    Parameters
    ----------
    text
        Text after the head.
    head
        First words of the first line.
    indent
        Room before all lines; the second and later ones have two more [characters].
    """
    start = " " * indent + head
    yield from textwrap.wrap(start + text, WIDTH, subsequent_indent=" " * (indent + 2), break_on_hyphens=False)
