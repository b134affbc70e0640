"""Overlays: folders of rows laid over the tables of a world, for another year or another reading."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from flowsim import checks, csv_tables
from flowsim.csv_tables import Row
from flowsim.evidence.figures import Figure, figure, reported
from flowsim.world_tables.table_columns import TABLES

DROPPED = ("table", "key", "kind", "source")
"""Columns of `dropped.csv`: rows of the table with this beginning of their key are left out."""

SCALED = ("table", "key", "column", "factor", "kind", "source")
"""Columns of `scaled.csv`: numbers of the column are multiplied in rows with this beginning of their key."""

REPORTED, BASE = "reported:", "base:"
"""Prefixes of a cell with the key of a reported figure, or with a column of the row it replaces.

Text to append may follow the column, after a semicolon.
"""

DIVISORS = {("percent", "1"): 100.0, ("fraction", "1"): 1.0, ("million USD", "USD"): 1e-6}
"""Divisor for the conversion of a reported figure from its unit to the unit of a parameter."""

Rows = Mapping[str, tuple[Row, ...]]
"""Rows of the tables of a world by name of the table."""


def key_of(row: Row, *, table: str) -> tuple[str, ...]:
    """What tells a row of a table from the others."""
    return tuple(row.cells[column] for column in TABLES[table].key)


def lay(
    rows: Rows,
    *,
    folders: Sequence[Path],
    columns: Mapping[str, Sequence[str]],
    absent: Mapping[str, Collection[str]] | None = None,
    figures: Mapping[str, Figure] | None = None,
) -> dict[str, tuple[Row, ...]]:
    """Tables with overlays applied in order, and reported figures filled in.

    Within an overlay, `dropped.csv` comes first, then `scaled.csv`, then the tables. A row of a table replaces the
    row with the same key, or is added at the end; a column missing from the overlay keeps its cell.

    Parameters
    ----------
    rows
        Tables of a world.
    folders
        Overlays, in order.
    columns
        Columns of each table, `kind` and `source` among them.
    absent
        Columns of each table optional even in an added row; their cells are then empty. By default none.
    figures
        Figures for cells such as `reported:KEY` and `reported:KEY.low`; the package's own by default.

    Raises
    ------
    ValueError
        If a cell refers to no figure or to one in another unit, or if an overlay has an unknown file or column,
        drops or scales rows that do not exist, or adds an incomplete row.
    """
    laid = _resolved(rows, figures=figures)
    for folder in folders:
        own = {file.stem: file for file in sorted(folder.glob("*.csv"))}
        checks.require(bool(own), thing=f"overlay {folder.name}", rule="have a table", value=str(folder))
        for name in own:
            checks.known(name, [*columns, "dropped", "scaled"], thing=f"overlay {folder.name}: table")
        for row in _read(own, "dropped", folder=folder, columns=DROPPED):
            _drop(laid, row)
        for row in _read(own, "scaled", folder=folder, columns=SCALED):
            _scale(laid, row, columns=columns)
        for name in columns:
            found = _read(own, name, folder=folder, columns=columns[name])
            _replace(laid, name, found, columns=columns[name], absent=(absent or {}).get(name, ()))
        laid = _resolved(laid, figures=figures)
    return laid


def _read(files: Mapping[str, Path], name: str, *, folder: Path, columns: Sequence[str]) -> tuple[Row, ...]:
    """Rows of a table of an overlay; columns other than key, kind and source are optional."""
    if name not in files:
        return ()
    needed = (*(TABLES[name].key if name in TABLES else columns), "kind", "source")
    found = csv_tables.read(files[name], columns=columns, absent=[column for column in columns if column not in needed])
    return tuple(replace(row, table=f"{folder.name}/{row.table}") for row in found)


def _chosen(rows: Sequence[Row], key: str, *, table: str) -> list[int]:
    """Positions of the rows with this beginning of their key, written with slashes; all if it is empty."""
    parts = tuple(key.split("/")) if key else ()
    return [index for index, row in enumerate(rows) if key_of(row, table=table)[: len(parts)] == parts]


def _found(laid: Rows, row: Row) -> tuple[str, list[int]]:
    where, table = f"{row.table} line {row.line}", row.text("table")
    checks.known(table, list(TABLES), thing=f"{where}: table")
    key = row.text("key", default="")
    chosen = _chosen(laid[table], key, table=table)
    checks.require(bool(chosen), thing=f"{where}: key", rule=f"begin the key of a row of {table}.csv", value=key)
    return table, chosen


def _drop(laid: dict[str, tuple[Row, ...]], row: Row) -> None:
    table, chosen = _found(laid, row)
    laid[table] = tuple(kept for index, kept in enumerate(laid[table]) if index not in chosen)


def _scale(laid: dict[str, tuple[Row, ...]], row: Row, *, columns: Mapping[str, Sequence[str]]) -> None:
    table, chosen = _found(laid, row)
    column, factor = row.text("column"), row.number("factor")
    checks.known(column, columns[table], thing=f"{row.table} line {row.line}: column")
    reason = f"; {row.text('source')}"
    scaled = list(laid[table])
    for index in chosen:
        before = scaled[index]
        if before.cells[column]:
            cells = before.cells | {column: repr(before.number(column) * factor), "kind": row.text("kind")}
            cells["source"] = before.cells["source"].removesuffix(reason) + reason
            scaled[index] = replace(before, cells=cells)
    laid[table] = tuple(scaled)


def _replace(
    laid: dict[str, tuple[Row, ...]],
    table: str,
    own: Sequence[Row],
    *,
    columns: Sequence[str],
    absent: Collection[str],
) -> None:
    if not own:
        return
    keys = [key_of(row, table=table) for row in own]
    checks.unique(("/".join(key) for key in keys), thing=own[0].table)
    base = {key_of(row, table=table): row for row in laid[table]}
    for key, row in zip(keys, own, strict=True):
        before = base.get(key)
        lacking = [column for column in columns if column not in row.cells and before is None]
        missing = [column for column in lacking if column not in absent]
        thing = f"{row.table} line {row.line}, which is no row of {table}.csv and"
        checks.require(not missing, thing=thing, rule="have all its columns", value=f"none of {', '.join(missing)}")
        base[key] = replace(row, cells=dict.fromkeys(lacking, "") | _cells(row, before))
    laid[table] = tuple(base.values())


def _cells(row: Row, before: Row | None) -> dict[str, str]:
    cells = dict(row.cells)
    for column, text in row.cells.items():
        if text.startswith(BASE):
            other, *more = text.removeprefix(BASE).split(";", 1)
            known = list(before.cells) if before else []
            checks.known(other, known, thing=f"{row.table} line {row.line}, column '{column}': column of the base")
            cells[column] = ";".join([before.cells[other] if before else "", *more])
    return (before.cells if before else {}) | cells


def _resolved(rows: Rows, *, figures: Mapping[str, Figure] | None) -> dict[str, tuple[Row, ...]]:
    return {name: tuple(_with_figures(row, figures=figures) for row in found) for name, found in rows.items()}


def _with_figures(row: Row, *, figures: Mapping[str, Figure] | None) -> Row:
    cells = {
        column: _number(row, column, figures=figures) for column, text in row.cells.items() if text.startswith(REPORTED)
    }
    return replace(row, cells=row.cells | cells) if cells else row


def _number(row: Row, column: str, *, figures: Mapping[str, Figure] | None) -> str:
    where, key = f"{row.table} line {row.line}, column '{column}'", row.cells[column].removeprefix(REPORTED)
    return repr(converted(key, unit=row.cells.get("unit"), thing=where, figures=figures))


def converted(key: str, *, unit: str | None, thing: str, figures: Mapping[str, Figure] | None = None) -> float:
    """Reported figure converted to a given unit; a percentage becomes a share.

    Parameters
    ----------
    key
        Identifier of the figure; with `.low` or `.high` behind it an end of its range.
    unit
        Unit of the result; None for the unit of the figure.
    thing
        Destination of the number, for the message.
    figures
        Figures to look it up in; the package's own by default.

    Raises
    ------
    ValueError
        If there is no such figure or end, or if it is in another unit; the message names both units.
    """
    try:
        number, own = reported(key, figures=figures), figure(key.partition(".")[0], figures=figures).unit
    except ValueError as error:
        raise ValueError(f"{thing}: {error}") from None
    divisor = 1.0 if unit in (None, own) else DIVISORS.get((own, str(unit)))
    if divisor is None:
        wanted = "1 or percent" if unit == "1" else unit
        raise ValueError(f"{thing} must name a figure in {wanted}, got {key!r}, which is in {own}")
    return number / divisor
