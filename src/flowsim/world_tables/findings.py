"""Findings: the mistakes of the tables of a world, and which tables, rows and cells they spoil for further checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowsim.csv_tables import Mistake, Row

Rows = Mapping[str, tuple[Row, ...]]
"""Rows of each table of a world."""


class Findings:
    """The mistakes found so far, and which tables, rows and cells they spoil for further checks."""

    def __init__(self, rows: Rows, *, partial: Sequence[str]) -> None:
        """Begin with no mistakes.

        Parameters
        ----------
        rows
            Rows of each table.
        partial
            Tables that lack rows because their file is broken.
        """
        self.rows = rows
        self.mistakes: list[Mistake] = []
        self.partial = set(partial)
        self._cells: set[tuple[str, int, str]] = set()
        self._rows: set[tuple[str, int]] = set()

    def add(self, row: Row, text: str, *, column: str = "") -> None:
        """Note a mistake of a row or of one of its cells."""
        self.mistakes.append(row.mistake(text, column=column))
        self._cells.add((row.table, row.line, column))
        self._rows.add((row.table, row.line))

    def note(self, row: Row, error: ValueError, *, column: str) -> None:
        """Note a mistake whose message names the cell already."""
        self.mistakes.append(Mistake(row.table, row.line, str(error)))
        self._cells.add((row.table, row.line, column))
        self._rows.add((row.table, row.line))

    def spoil(self, row: Row) -> None:
        """Take all cells of a row for broken, because of a mistake that is named elsewhere."""
        self._cells |= {(row.table, row.line, column) for column in row.cells}
        self._rows.add((row.table, row.line))

    @property
    def sound(self) -> bool:
        """Whether nothing at all is wrong."""
        return not (self.mistakes or self.partial or self._rows)

    def clean(self, row: Row, *columns: str) -> bool:
        """Whether a row, or each of some of its cells, is free of mistakes."""
        if not columns:
            return (row.table, row.line) not in self._rows
        return not any((row.table, row.line, column) in self._cells for column in columns)

    def whole(self, table: str, *columns: str) -> bool:
        """Whether a table has all its rows, and these columns have no mistakes."""
        if table in self.partial:
            return False
        return all(self.clean(row, column) for row in self.rows[table] for column in columns)


def check_interval(found: Findings, table: str, column: str) -> None:
    """Find the numbers of a column that lie outside the interval that the columns _low and _high give.

    Parameters
    ----------
    found
        Findings of the tables so far, to which it adds.
    table, column
        Where the numbers stand.
    """
    for row in found.rows[table]:
        if not found.clean(row, column, f"{column}_low", f"{column}_high"):
            continue
        low, high = row.number(f"{column}_low"), row.number(f"{column}_high")
        if not low <= row.number(column) <= high:
            rule = f"lie in its interval [{low:g}, {high:g}]"
            found.add(row, f"must {rule}, got {row.cells[column]!r}", column=column)


def routes_through(found: Findings, place: str) -> list[Row]:
    """Routes by road that pass a place and go on, if their modes and paths have no mistake."""
    return [
        row
        for row in found.rows["routes"]
        if found.clean(row, "mode", "path") and row.cells["mode"] == "road" and place in row.words("path")[:-1]
    ]
