"""Reading of CSV tables with typed cells, in which every mistake is named by table, row, column and rule."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowsim import checks

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n|\n|\r")
_HINT = "a cell that holds a comma needs quotation marks, and a number takes a decimal point"


@dataclass(frozen=True)
class Mistake:
    """What is wrong in a table, and where."""

    table: str
    """File name of the table."""

    line: int
    """Line of the file, the header being line 1."""

    text: str
    """Message, which names the table, the line, the column, the rule and the value."""


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    table: str
    """File name of the table."""

    line: int
    """Line of the file, comments and the header counted too."""

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
        """Words of a cell that are separated by semicolons; empty for an empty cell."""
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
    """What a file of a table holds, and what is wrong with it."""

    rows: tuple[Row, ...]
    """Rows that have a cell for each column, in file order."""

    mistakes: tuple[Mistake, ...]
    """Mistakes of the file: its encoding, its header, rows of another length."""


def read(
    path: Path, *, columns: Sequence[str], absent: Collection[str] = (), may_be_empty: bool = False
) -> tuple[Row, ...]:
    """Read a UTF-8 CSV table with a header.

    Parameters
    ----------
    path
        File of the table.
    columns
        Columns of the table; `note` is allowed besides.
    absent
        Those of them that the file may lack; its rows then have no such cell.
    may_be_empty
        Whether a table without rows is accepted.

    Returns
    -------
    tuple of Row
        Rows in file order.

    Raises
    ------
    ValueError
        If the file is missing, not UTF-8, empty, lacks a column, has an unknown one or a row of another length; all
        that is wrong is said at once.
    """
    found = scan(path, columns=columns, absent=absent, may_be_empty=may_be_empty)
    checks.refuse_all([mistake.text for mistake in found.mistakes], thing=f"table {path.name} in {path.parent}")
    return found.rows


def scan(
    path: Path,
    *,
    columns: Sequence[str],
    absent: Collection[str] = (),
    may_be_empty: bool = False,
    may_be_absent: bool = False,
) -> Scan:
    """Read a table as `read` does, and return its mistakes instead of refusing them.

    Lines that begin with # are comments, and empty lines are passed over; both count as lines of the file. A file
    that may be absent and is has no rows.
    """
    if may_be_absent and not path.exists():
        return Scan((), ())
    try:
        text = _decoded(path)
    except ValueError as error:
        return Scan((), (Mistake(path.name, 0, str(error)),))
    lines = list(_lines(text))
    header, problems = _header(path.name, lines, columns=columns, absent=absent)
    if problems:
        return Scan((), problems)
    rows, mistakes = [], []
    cut = not text.endswith(("\n", "\r"))
    for number, line in lines[1:]:
        try:
            cells = _cells(line)
            if len(cells) != len(header):
                middle = " (the file ends in mid-line)" if cut and number == lines[-1][0] else ""
                hint = f"; {_HINT}" if len(cells) > len(header) else middle
                raise ValueError(f"must have {len(header)} cells, got {len(cells)}{hint}")
        except ValueError as error:
            mistakes.append(Mistake(path.name, number, f"{path.name} line {number} {error}"))
        else:
            rows.append(Row(path.name, number, dict(zip(header, cells, strict=True))))
    last = 1 + len(_LINE_END.findall(text))
    if cut and not any(mistake.line == last for mistake in mistakes):
        rule = "end with a line end, without which the file may have been cut in mid-line"
        mistakes.append(Mistake(path.name, last, f"{path.name} line {last} must {rule}, got {text[-20:]!r} as its end"))
    if not rows and not mistakes and not may_be_empty:
        mistakes.append(Mistake(path.name, 0, f"{path.name} must have at least one row, got none"))
    return Scan(tuple(rows), tuple(mistakes))


def _decoded(path: Path) -> str:
    if not path.is_file():
        raise ValueError(f"{path.name} must be a file in {path.parent}, got none")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path.name} must be a file that can be read, got {error.strerror}") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        skipped = 3 if data.startswith(b"\xef\xbb\xbf") else 0  # the decoder counts from after the mark
        at = error.start + skipped
        line = data.count(b"\n", 0, at) + 1
        raise ValueError(
            f"{path.name} line {line} must be UTF-8, got byte 0x{data[at]:02x} of another encoding "
            f"(byte {at + 1} of the file)"
        ) from None


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are neither empty nor comments, with their numbers."""
    for number, line in enumerate(_LINE_END.split(text), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _cells(line: str) -> list[str]:
    """Cells of one line; a quotation mark that is not closed on it would swallow the lines that follow."""
    try:
        cells = [cell.strip() for cell in next(csv.reader([line], strict=True))]
    except csv.Error:
        rule = "close each quotation mark on the same line"
        raise ValueError(f"must {rule} and follow it with a comma, got {line[:60]!r}") from None
    odd = next((cell for cell in cells if _CONTROL.search(cell)), None)
    if odd is not None:
        raise ValueError(f"must hold no control characters, got {odd[:60]!r}")
    return cells


def _header(
    table: str, lines: Sequence[tuple[int, str]], *, columns: Sequence[str], absent: Collection[str]
) -> tuple[list[str], tuple[Mistake, ...]]:
    """Names of the columns, and what is wrong with them."""
    if not lines:
        return [], (Mistake(table, 0, f"{table} must have a header with its columns, got an empty file"),)
    number, line = lines[0]
    try:
        header = _cells(line)
    except ValueError as error:
        return [], (Mistake(table, number, f"{table} line {number} {error}"),)
    problems = []
    hint = "; columns are separated by commas" if len(header) == 1 and ";" in line else ""
    shown = ", ".join(header)
    for column, count in Counter(header).items():
        if count > 1:
            problems.append(f"must have each column once, got '{column}' {count} times")
        if column not in (*columns, "note"):
            near = checks.nearest(column, [name for name in columns if name not in header])
            problems.append(f"must have no other columns than {', '.join(columns)}, note, got {column!r}{near}{hint}")
    missing = [column for column in columns if column not in header and column not in absent]
    problems += [f"must have a column '{column}', got {shown}" for column in missing]
    return header, tuple(Mistake(table, number, f"{table} line {number} {text}") for text in problems)
