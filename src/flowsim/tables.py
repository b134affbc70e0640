"""Reading of CSV tables with typed cells, in which every mistake is named by table, row, column and rule."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowsim import checks


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    table: str
    """File name of the table."""

    line: int
    """Line of the file, the header being line 1."""

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
            raise ValueError(f"{self._where(column)} must not be empty")
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
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{self._where(column)} must be a finite number, got {value!r}")
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
            raise ValueError(f"{self._where(column)} must be a whole number, got {self.cells[column]!r}")
        return int(number)

    def words(self, column: str) -> tuple[str, ...]:
        """Words of a cell that are separated by semicolons; empty for an empty cell."""
        return tuple(word.strip() for word in self.cells[column].split(";") if word.strip())

    def _where(self, column: str) -> str:
        return f"{self.table} line {self.line}, column '{column}'"


def read(path: Path, *, columns: Sequence[str], may_be_empty: bool = False) -> tuple[Row, ...]:
    """Read a UTF-8 CSV table with a header.

    Parameters
    ----------
    path
        File of the table.
    columns
        Columns that the table must have; `note` is allowed besides.
    may_be_empty
        Whether a table without rows is accepted.

    Returns
    -------
    tuple of Row
        Rows in file order.

    Raises
    ------
    ValueError
        If the file is missing, not UTF-8, empty, lacks a column, has an unknown one or a row of another length.
    """
    if not path.is_file():
        raise ValueError(f"table {path.name} must exist in {path.parent}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"table {path.name} must be UTF-8, got byte {error.start} of another encoding") from None
    lines = list(csv.reader(text.splitlines()))
    header = lines[0] if lines else []
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(f"table {path.name} must have a column '{missing[0]}', got {', '.join(header) or 'nothing'}")
    for column in header:
        checks.known(column, [*columns, "note"], thing=f"table {path.name}: column")
    rows = []
    for line, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(header):
            raise ValueError(f"{path.name} line {line} must have {len(header)} cells, got {len(cells)}")
        rows.append(Row(path.name, line, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    if not rows and not may_be_empty:
        raise ValueError(f"table {path.name} must have at least one row, got none")
    return tuple(rows)
