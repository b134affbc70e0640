"""CSV tables with typed cells; every mistake names the table, row, column and rule."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowsim import checks, csv_dialects

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Mistake:
    """A mistake in a table, with its place."""

    table: str
    """File name of the table."""

    line: int
    """Line of the file, the header being line 1."""

    text: str
    """Message with the table, the line, the column, the rule and the value."""


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    table: str
    """File name of the table."""

    line: int
    """Line of the file, with comments and the header counted."""

    cells: dict[str, str]
    """Text of each column."""

    def text(self, column: str, *, default: str | None = None) -> str:
        """Text of a cell.

        Raises
        ------
        ValueError
            If the cell is empty and there is no default.
        """
        value = self.cells[column]
        if value:
            return value
        if default is None:
            raise ValueError(f"{self.where(column)} must not be empty, got nothing")
        return default

    def number(self, column: str, *, default: float | None = None) -> float:
        """Finite number in a cell.

        Raises
        ------
        ValueError
            If the cell is no finite number, or is empty and there is no default.
        """
        value = self.cells[column]
        if not value and default is not None:
            return default
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
        if not math.isfinite(number):
            point = " with a decimal point" if "," in value else ""
            raise ValueError(f"{self.where(column)} must be a finite number{point}, got {value!r}")
        return number

    def whole(self, column: str) -> int:
        """Whole number in a cell.

        Raises
        ------
        ValueError
            If the cell is not a whole number.
        """
        number = self.number(column)
        if number != int(number):
            raise ValueError(f"{self.where(column)} must be a whole number, got {self.cells[column]!r}")
        return int(number)

    def words(self, column: str) -> tuple[str, ...]:
        """Words of a cell, separated by semicolons; empty for an empty cell."""
        return tuple(word.strip() for word in self.cells[column].split(";") if word.strip())

    def where(self, column: str = "") -> str:
        """Place of the row, or of one of its cells, for a message."""
        return f"{self.table} line {self.line}" + (f", column '{column}'" if column else "")

    def mistake(self, text: str, *, column: str = "") -> Mistake:
        """A mistake of the row, or of one of its cells.

        Parameters
        ----------
        text
            Rule and value, as in "must lie in [0, 1], got '2'".
        column
            Column of the cell.
        """
        return Mistake(self.table, self.line, f"{self.where(column)} {text}")


@dataclass(frozen=True)
class Scan:
    """Rows of a file, and its mistakes."""

    rows: tuple[Row, ...]
    """Rows with a cell for each column, in file order."""

    mistakes: tuple[Mistake, ...]
    """Mistakes of the file: its encoding, its header, rows of another length."""


def read(
    path: Path, *, columns: Sequence[str] | None, absent: Collection[str] = (), may_be_empty: bool = False
) -> tuple[Row, ...]:
    """Read a CSV table with a header.

    Parameters
    ----------
    path
        File of the table.
    columns
        Columns of the table; `note` is allowed besides. None for any columns.
    absent
        Columns that the file may lack; its rows then have no such cell.
    may_be_empty
        Whether a table without rows is accepted.

    Returns
    -------
    tuple of Row
        Rows in file order.

    Raises
    ------
    ValueError
        If the file is missing, in another encoding, empty, lacks a column, has an unknown one or a row of another
        length; all mistakes are listed at once.
    """
    found = scan(path, columns=columns, absent=absent, may_be_empty=may_be_empty)
    checks.refuse_all([mistake.text for mistake in found.mistakes], thing=f"table {path.name} in {path.parent}")
    return found.rows


def scan(
    path: Path,
    *,
    columns: Sequence[str] | None,
    absent: Collection[str] = (),
    may_be_empty: bool = False,
    may_be_absent: bool = False,
) -> Scan:
    """Read a table as `read` does, and return its mistakes instead of refusing them.

    Lines that begin with # are comments, and empty lines are passed over; both count as lines of the file. A file
    that may be absent and is has no rows. What spreadsheets write is read where it can mean one thing only: a byte
    order mark, UTF-16 with one, any line ends, semicolons or tabs between cells, empty columns at the end, capitals in
    the header, and decimal commas.
    """
    if may_be_absent and not path.exists():
        return Scan((), ())
    try:
        text = csv_dialects.decoded(path)
    except ValueError as error:
        return Scan((), (Mistake(path.name, 0, str(error)),))
    allowed = None if columns is None else (*columns, "note")
    separator, found = csv_dialects.lines(text, columns=allowed)
    lines = list(found)
    header, width, problems = _header(path.name, lines, columns=columns, absent=absent, separator=separator)
    if problems:
        return Scan((), problems)
    kept, mistakes = [], []
    last = csv_dialects.line_count(text)
    cut = not text.endswith(("\n", "\r"))
    for number, line in lines[1:]:
        try:
            kept.append((number, _row(line, header, width=width, separator=separator, cut=cut and number == last)))
        except ValueError as error:
            mistakes.append(Mistake(path.name, number, f"{path.name} line {number} {error}"))
    if cut and columns is not None and not any(mistake.line == last for mistake in mistakes):
        rule = "end with a line end, without which the file may have been cut in mid-line"
        mistakes.append(Mistake(path.name, last, f"{path.name} line {last} must {rule}, got {text[-20:]!r} as its end"))
    if not kept and not mistakes and not may_be_empty:
        mistakes.append(Mistake(path.name, 0, f"{path.name} must have at least one row, got none"))
    cells = csv_dialects.with_points([row for _, row in kept], header=header, separator=separator)
    rows = (
        Row(path.name, number, dict(zip(header, row, strict=True)))
        for (number, _), row in zip(kept, cells, strict=True)
    )
    return Scan(tuple(rows), tuple(mistakes))


def _row(line: str, header: Sequence[str], *, width: int, separator: str, cut: bool) -> list[str]:
    """Cells of a row in the named columns of the header.

    A row has all the cells of the header, or those that have a name: were another number of empty ones dropped, a comma
    too many within the row would go unnoticed.
    """
    cells, count = csv_dialects.cells(line, separator=separator), len(header)
    held = f"a cell that holds a {csv_dialects.SEPARATORS[separator]} needs quotation marks"
    held += ", and a number takes a decimal point" if separator == "," else ""
    if len(cells) not in (count, width):
        middle = " (the file ends in mid-line)" if cut else ""
        hint = f"; {held}" if len(cells) > count else middle
        raise ValueError(f"must have {count} cells, got {len(cells)}{hint}")
    extra = next((cell for cell in cells[count:] if cell), None)
    if extra is not None:
        raise ValueError(f"must have no cells below a column without a name, got {extra!r}; {held}")
    return cells[:count]


def _header(
    table: str,
    lines: Sequence[tuple[int, str]],
    *,
    columns: Sequence[str] | None,
    absent: Collection[str],
    separator: str,
) -> tuple[list[str], int, tuple[Mistake, ...]]:
    """Names of the columns, number of the header's cells with empty ones at its end, and its mistakes."""
    if not lines:
        return [], 0, (Mistake(table, 0, f"{table} must have a header with its columns, got an empty file"),)
    number, line = lines[0]
    try:
        cells = csv_dialects.cells(line, separator=separator)
    except ValueError as error:
        return [], 0, (Mistake(table, number, f"{table} line {number} {error}"),)
    known = None if columns is None else (*columns, "note")
    header, problems = csv_dialects.named(cells, columns=known), []
    shown = ", ".join(header)
    for column, count in Counter(header).items():
        if count > 1 and column:
            problems.append(f"must have each column once, got '{column}' {count} times")
        if not column:
            problems.append(f"must have a name for each column, got none before {header[header.index('') + 1]!r}")
        elif known is not None and column not in known:
            near = checks.nearest(column, [name for name in columns or () if name not in header])
            problems.append(f"must have no other columns than {', '.join(known)}, got {column!r}{near}")
    missing = [column for column in columns or () if column not in header and column not in absent]
    problems += [f"must have a column '{column}', got {shown}" for column in missing]
    return header, len(cells), tuple(Mistake(table, number, f"{table} line {number} {text}") for text in problems)
