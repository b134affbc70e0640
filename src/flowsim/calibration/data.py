"""Table of reported seizures by year, place, agency and channel, fitted or held out."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.csv_tables import Row
from flowsim.evidence import reported
from flowsim.world.traffic import DRUGS, HEROIN, OPIUM

USES = ("fit", "hold-out", "flow")
"""Use of a row: fitted, held out to test the fit, or a flow that entered in a year."""

UNITS = {"kg": "a total", "1": "a share", "t": "a flow"}
"""Units of the printed numbers, and their meaning."""

COLUMNS = (
    *("key", "use", "unit", "drug", "place", "agency", "channel", "start", "end", "value", "rounding"),
    *("at_least", "at_most", "minus", "of", "world", "evidence", "source"),
)
"""Columns of the table, `note` besides."""

REPORTED = "reported:"
"""Prefix of a cell with the key of a reported figure."""

FIGURE_UNITS = {"kg": ("kg",), "t": ("t", "t/year"), "1": ("fraction",)}
"""Units of the reported figures allowed for a row of each unit."""


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One row of the table: a printed total or share, bounds on its largest consignment, or the flow of a year."""

    key: str
    """Identifier."""

    use: str
    """One of `USES`."""

    unit: str
    """One of `UNITS`."""

    drug: str
    """One of `DRUGS`."""

    places: tuple[str, ...]
    """Oblasts of the row; empty for the whole country."""

    agencies: tuple[str, ...]
    """Agencies of the row; empty for all."""

    channels: tuple[str, ...]
    """Channels of the row; empty for all."""

    start: date
    """First day."""

    end: date
    """Last day."""

    value: float | None
    """The number [unit], None if only bounds on single consignments are known."""

    rounding: float
    """Rounding step of the number [unit]."""

    at_least: float | None
    """Known lower bound on the mass of the largest consignment or case [kg]; of a flow its lower end [t]."""

    at_most: float | None
    """Known upper bound on the mass of every consignment or case [kg]; of a flow its upper end [t]."""

    minus: tuple[str, ...]
    """Keys of rows to subtract, cells and number, so that the remainder is independent of them."""

    of: str
    """Of a share: key of the row of the whole."""

    world: str
    """Of a flow: name of the world with the controls of the year; empty for the calibrated world."""

    evidence: tuple[str, ...]
    """Evidence behind the number; no two fitted rows share any."""

    source: str
    """Source and locator."""

    where: str
    """Place in the table, for messages."""

    @property
    def year(self) -> int:
        """Calendar year of the first day."""
        return self.start.year

    @property
    def exposure(self) -> float:
        """Length of the period in years of its calendar [year]."""
        ends = date(self.end.year, 12, 31)
        days = (ends - date(self.end.year, 1, 1)).days + 1
        return ((self.end - self.start).days + 1) / days

    @property
    def is_annual_total(self) -> bool:
        """Whether the row is the number of a whole country and calendar year [kg], and no more."""
        parts = (self.places, self.agencies, self.channels, self.minus, self.of)
        bounds = (self.at_least, self.at_most)
        whole = self.unit == "kg" and self.value is not None and bounds == (None, None)
        return whole and not any(parts) and span(self) == (0.0, 1.0)

    def covers(self, *, oblast: str, agency: str, channel: str) -> bool:
        """Whether seizures of a place, agency and channel belong to the row."""
        return (
            (not self.places or oblast in self.places)
            and (not self.agencies or agency in self.agencies)
            and (not self.channels or channel in self.channels)
        )


def load(path: Path) -> Mapping[str, Reported]:
    """Rows of a table of reported seizures by key, validated as a whole.

    Parameters
    ----------
    path
        CSV file with the columns `COLUMNS`.

    Raises
    ------
    ValueError
        If the table is malformed, or a row is impossible or contradicts another; all faults are listed at once, with
        the line and the key of the row.
    """
    mistakes: list[str] = []
    found: dict[str, Reported] = {}
    for row in csv_tables.read(path, columns=COLUMNS):
        try:
            read = _row(row)
        except ValueError as error:
            mistakes.append(str(error))
            continue
        if read.key in found:
            use = " both fitted and held out" if {read.use, found[read.key].use} == {"fit", "hold-out"} else " twice"
            mistakes.append(f"{read.where} must not stand{use}, got the key {read.key!r} of {found[read.key].where}")
        found.setdefault(read.key, read)
    mistakes += [] if mistakes else list(_together(found))
    checks.refuse(mistakes, thing=f"table {path.name} in {path.parent}")
    return MappingProxyType(found)


def _row(row: Row) -> Reported:
    """One row; an error names its key."""
    where = f"{row.where()} ('{row.cells['key']}')"
    unit, use = row.text("unit"), row.text("use")
    checks.known(use, USES, thing=f"{where}: use")
    checks.known(unit, tuple(UNITS), thing=f"{where}: unit")
    numbers = {name: _number(row, name, unit=unit, where=where) for name in ("value", "at_least", "at_most")}
    value = numbers["value"]
    step = row.number("rounding", default=_printed_step(row.cells["value"], value))
    start, end = (_day(row, name, where=where) for name in ("start", "end"))
    checks.require(start <= end, thing=f"{where}: end", rule=f"not lie before start ({start})", value=str(end))
    read = Reported(
        key=row.text("key"),
        use=use,
        unit=unit,
        drug=row.text("drug"),
        places=row.words("place"),
        agencies=row.words("agency"),
        channels=row.words("channel"),
        start=start,
        end=end,
        value=value,
        rounding=step,
        at_least=numbers["at_least"],
        at_most=numbers["at_most"],
        minus=row.words("minus"),
        of=row.text("of", default=""),
        world=row.text("world", default=""),
        evidence=row.words("evidence") or _figures_of(row),
        source=row.text("source"),
        where=where,
    )
    _check(read)
    return read


def _check(row: Reported) -> None:
    """Refuse an impossible row."""
    checks.known(row.drug, DRUGS, thing=f"{row.where}: drug")
    rule = f"be {HEROIN}, or {OPIUM} of the whole country and year in kg, the totals that are fitted"
    holds = row.drug == HEROIN or (row.drug == OPIUM and row.is_annual_total)
    checks.require(row.use == "hold-out" or holds, thing=f"{row.where}: drug", rule=rule, value=row.drug)
    rule = "be t for a flow and only then"
    checks.require((row.use == "flow") == (row.unit == "t"), thing=f"{row.where}: unit", rule=rule, value=row.unit)
    for name in ("value", "at_least", "at_most"):
        number = getattr(row, name)
        checks.require(number is None or number >= 0, thing=f"{row.where}: {name}", rule="be at least 0", value=number)
    checks.require(row.rounding > 0, thing=f"{row.where}: rounding", rule="be above 0", value=row.rounding)
    known = [number for number in (row.value, row.at_least, row.at_most) if number is not None]
    rule = "have a value or bounds on its largest consignment"
    checks.require(bool(known), thing=row.where, rule=rule, value="neither")
    if row.unit == "1":
        holds = row.value is not None and row.value <= 1
        checks.require(holds, thing=f"{row.where}: value", rule="be a share of at most 1", value=row.value)
        checks.require(bool(row.of), thing=f"{row.where}: of", rule="name the row that is the whole", value=row.of)
        checks.require(
            len(known) == 1, thing=row.where, rule="have no bounds on consignments if it is a share", value=known
        )
    elif row.unit == "kg" and row.at_least is not None and row.value is not None:
        rule = f"be at most the total ({row.value:g} kg)"
        checks.require(row.at_least <= row.value, thing=f"{row.where}: at_least", rule=rule, value=row.at_least)
    if row.at_least is not None and row.at_most is not None:
        rule = f"be above at_least ({row.at_least:g})"
        checks.require(row.at_most > row.at_least, thing=f"{row.where}: at_most", rule=rule, value=row.at_most)
    one_year = row.start.year == row.end.year
    checks.require(
        one_year or row.use == "hold-out", thing=f"{row.where}: end", rule="lie in the year of start", value=row.end
    )


def _together(rows: Mapping[str, Reported]) -> Iterator[str]:
    """Messages for rows in contradiction with others, or without the rows they refer to."""
    flows = {row.year for row in rows.values() if row.use == "flow"}
    rests: dict[str, Reported] = {}
    cells: dict[tuple[object, ...], Reported] = {}
    for row in rows.values():
        for key in (*row.minus, *filter(None, [row.of])):
            if key not in rows or rows[key].use == "flow":
                known = [name for name, other in rows.items() if other.use != "flow" and name != row.key]
                yield f"{row.where} must name rows of the table, got {key!r}{checks.nearest(key, known)}"
        if row.use == "flow":
            continue
        if row.use == "fit" and row.year not in flows:
            yield f"{row.where} must lie in a year with a row of use flow ({_listed(flows)}), got {row.year}"
        for piece in row.evidence:
            other = rests.setdefault(piece, row)
            if other is not row and "fit" in (row.use, other.use):
                yield f"{row.where} must not rest on what {other.where} rests on ({_pair(row, other)}), got {piece!r}"
        of = (row.drug, row.places, row.agencies, row.channels, row.start, row.end, row.minus, row.of, row.unit)
        what = (*of, row.value is None and (row.at_least is None, row.at_most is None))
        other = cells.setdefault(what, row)
        if other is not row and "fit" in (row.use, other.use):
            yield f"{row.where} must not be about the same as {other.where} ({_pair(row, other)}), got {row.key!r}"
    if not any(row.use == "fit" for row in rows.values()):
        yield "the table must have a row of use fit, got none"


def _pair(row: Reported, other: Reported) -> str:
    return "two targets of the same evidence" if row.use == other.use else "one is fitted, the other held out"


def _listed(years: set[int]) -> str:
    return ", ".join(map(str, sorted(years))) or "there is none"


def remainder(row: Reported, rows: Mapping[str, Reported]) -> float | None:
    """Number of a row less the numbers of the subtracted rows [unit].

    Parameters
    ----------
    row
        The row.
    rows
        All rows of the table.

    Raises
    ------
    ValueError
        If the remainder is negative, or a subtracted row has no number.
    """
    if row.value is None:
        return None
    parts = []
    for key in row.minus:
        part = rows[key].value
        checks.require(part is not None, thing=f"{row.where}: minus", rule="name rows with a value", value=key)
        parts.append(part or 0.0)
    left = row.value - math.fsum(parts)
    checks.require(left >= 0, thing=f"{row.where}: minus", rule=f"leave at least 0 of {row.value:g}", value=left)
    return left


def _number(row: Row, column: str, *, unit: str, where: str) -> float | None:
    text = row.cells[column]
    if not text:
        return None
    if not text.startswith(REPORTED):
        return row.number(column)
    from flowsim.evidence import figure

    key = text.removeprefix(REPORTED)
    found = figure(key.partition(".")[0])
    rule = f"refer to a figure in {' or '.join(FIGURE_UNITS[unit])}"
    holds = found.unit in FIGURE_UNITS[unit]
    checks.require(holds, thing=f"{where}: {column}", rule=rule, value=f"{text} in {found.unit}")
    return reported(key)


def _figures_of(row: Row) -> tuple[str, ...]:
    """Keys of reported figures in a row, without the suffix for an end of a range."""
    cells = (row.cells[name] for name in ("value", "at_least", "at_most"))
    return tuple(text.removeprefix(REPORTED).partition(".")[0] for text in cells if text.startswith(REPORTED))


def _printed_step(text: str, value: float | None) -> float:
    """Step of the last printed digit; for a reported figure, of its shortest form [unit]."""
    if value is None:
        return 1.0
    shown = f"{value:.10g}" if text.startswith(REPORTED) else text
    return 10.0 ** -len(shown.partition(".")[2]) if "." in shown else 1.0


def _day(row: Row, column: str, *, where: str) -> date:
    text = row.text(column)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{where}: {column} must be a day as YYYY-MM-DD, got {text!r}") from None


def years_of(rows: Sequence[Reported]) -> tuple[int, ...]:
    """Calendar years of the rows, in ascending order."""
    return tuple(sorted({year for row in rows for year in range(row.start.year, row.end.year + 1)}))


def span(row: Reported) -> tuple[float, float]:
    """Start and end of the period of a row as parts of its first year [1]."""
    first = date(row.year, 1, 1)
    days = (date(row.year + 1, 1, 1) - first).days
    return (row.start - first).days / days, ((row.end - first).days + 1) / days
