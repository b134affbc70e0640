"""Parts common to the tables of all families: columns by their form, and the origin of a row."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from flowsim import checks
from flowsim.checks import Rule
from flowsim.csv_tables import Row
from flowsim.world_tables.columns import Column, Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Made = TypeVar("Made", bound="DataclassInstance")


def text(name: str, meaning: str, *, optional: bool = False) -> Column:
    """Column of free text."""
    return Column(name=name, form="text", meaning=meaning, optional=optional)


def name(name: str, meaning: str, *, table: str = "") -> Column:
    """Column of a name, of a row of another table if that is given."""
    return Column(name=name, form="name", meaning=meaning, table=table)


def names(name: str, meaning: str, *, table: str = "", optional: bool = False) -> Column:
    """Column of names, of rows of another table if that is given."""
    return Column(name=name, form="names", meaning=meaning, table=table, optional=optional)


def word(name: str, words: tuple[str, ...], meaning: str) -> Column:
    """Column of one of some words."""
    return Column(name=name, form="word", meaning=meaning, words=words)


def words(name: str, words: tuple[str, ...], meaning: str) -> Column:
    """Column of some of some words."""
    return Column(name=name, form="words", meaning=meaning, words=words)


def number(name: str, unit: str, rule: Rule, meaning: str, *, optional: bool = False) -> Column:
    """Column of a number in a unit and a range."""
    return Column(name=name, form="number", meaning=meaning, unit=unit, rule=rule, optional=optional)


def lacking(name: str, unit: str, rule: Rule, meaning: str) -> Column:
    """Optional column, empty in most rows; a file may omit it."""
    return replace(number(name, unit, rule, meaning, optional=True), may_be_absent=True)


def whole(name: str, rule: Rule, meaning: str) -> Column:
    """Column of a whole number in a range."""
    return Column(name=name, form="whole", meaning=meaning, unit="1", rule=rule)


def interval(unit: str, rule: Rule, *, optional: bool = False) -> tuple[Column, Column]:
    """Columns of the ends of an interval, `low` and `high`."""
    return (
        number("low", unit, rule, "lower end of its interval", optional=optional),
        number("high", unit, rule, "upper end of its interval", optional=optional),
    )


SOURCED = (
    word("kind", checks.KINDS, "whether the numbers of the row are reported, calibrated or assumed"),
    text("source", "where they come from: a document and a place in it, or a judgement and its reason"),
)
"""Last columns of every table; a column `note` may follow."""


def origin(row: Row) -> dict[str, Any]:
    """Fields of an object for the columns of `SOURCED`."""
    return {"kind": row.text("kind"), "source": row.text("source")}


def made(kind: type[Made], row: Row, table: Table, **others: Any) -> Made:
    """Object of a row: each field has the value of its column; a number that is not given has its default.

    Parameters
    ----------
    kind
        Class of the object, a dataclass.
    row
        The row.
    table
        Its table.
    others
        Fields that are not in the row itself, or not as they are there.

    Raises
    ------
    ValueError
        If a cell is not of its form, or a value is refused by the class.
    """
    columns = {column.name: column for column in (*table.columns, *SOURCED)}
    own = ((each.name, columns.get(table.fields.get(each.name, each.name))) for each in fields(kind))
    read = {name: column.read(row) for name, column in own if column is not None and name not in others}
    return kind(**{name: value for name, value in read.items() if value is not None}, **others)
