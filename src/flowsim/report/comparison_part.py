"""What a page says of a comparison: sentences, and the rows of the decision table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import xarray as xr

from flowsim.comparison.confidence import SURE
from flowsim.comparison.numbers import short, years_text
from flowsim.comparison.paired import BASELINE, interval
from flowsim.policy.agencies import ScaleInflow
from flowsim.policy.policy import Policy
from flowsim.report.cells import TableCell, Tile
from flowsim.report.formats import ends, kg
from flowsim.report.wording import Text, listed, plain, text

COLUMNS = ("seized", "stated", "feasible", "hours", "cost", "years")
"""Columns of numbers of the decision table."""

BAR = 160.0
"""Width of the bar of an interval [unit of the drawing]."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A row of the decision table."""

    policy: str
    """Name of the policy."""

    title: str
    """Its title; empty if it is not known."""

    is_assumed: bool
    """Whether it rests on the size of a lever that no source gives."""

    is_feasible: bool
    """Whether every post can do its work in all sets."""

    cells: Mapping[str, TableCell]
    """Numbers by column."""

    rests: Text
    """What it rests on most."""

    bar: tuple[float, float, float] | None
    """Low end, median and high end on the bar; None without an interval [unit of the drawing]."""


@dataclass(frozen=True, kw_only=True)
class DecisionTable:
    """The decision table."""

    rows: Sequence[Decision]
    """Policies by name."""

    columns: Sequence[str]
    """Columns of numbers with at least one of them."""

    zero: float
    """No change on the bar [unit of the drawing]."""

    low: Text
    """Lowest change on the bar, in print [kg/year]."""

    high: Text
    """Highest change on the bar, in print [kg/year]."""

    width: float = BAR
    """Width of the bar [unit of the drawing]."""


def of_controls(table: pd.DataFrame, catalogue: Mapping[str, Policy]) -> pd.DataFrame:
    """Rows of policies that change controls, without those that change how much enters.

    Parameters
    ----------
    table
        Table 2.
    catalogue
        Policies by name.
    """
    kept = [
        not any(_changes_flow(catalogue[part]) for part in name.split("+") if part in catalogue)
        for name in table["policy"]
    ]
    return table[kept]


def _changes_flow(policy: Policy) -> bool:
    return any(isinstance(change, ScaleInflow) for change in policy.changes)


def sentences(effects: xr.Dataset, table: pd.DataFrame, *, reported: Text) -> Iterator[Text]:
    """Answer of a comparison in sentences.

    Parameters
    ----------
    effects
        Levels and changes, as from `comparison.dataset.labelled`.
    table
        Table 2.
    reported
        Annual totals reported for the world; empty if there are none.
    """
    yield _baseline(effects, reported)
    known = [row for row in _records(table) if math.isfinite(row["seized_q05"])]
    if not known:
        yield text("compared.too_few")
        return
    yield _range(known)
    more, less = (sum(row[name] >= SURE for row in known) for name in ("p", "p_less"))
    yield text("compared.sure", more=f"{more}", less=f"{less}", open=f"{len(known) - more - less}")
    dated = [row for row in known if math.isfinite(row["years"])]
    if dated:
        soonest = min(dated, key=lambda row: float(row["years"]))
        yield text("compared.detect", years=years_text(float(soonest["years"])), policy=str(soonest["policy"]))
    timed = [row for row in known if math.isfinite(row["hours_q05"])]
    if timed:
        yield _hours(timed)
    tight = [row for row in _records(table) if row["feasible"] < 1]
    if tight:
        yield text("compared.feasible", listed=listed([plain(str(row["policy"])) for row in tight]))


def tiles(effects: xr.Dataset, table: pd.DataFrame) -> Iterator[Tile]:
    """Main numbers of a comparison; only the first with too few draws for intervals.

    Parameters
    ----------
    effects, table
        As of `sentences`.
    """
    middle, low, high = interval(effects["seized_mass"].sel(policy=BASELINE))
    between = plain("") if math.isnan(low) else ends(kg(low), kg(high))
    yield Tile(number=text("tile.kg", number=kg(middle)), span=between, says=text("tile.baseline"))
    rows = [row for row in _records(table) if math.isfinite(row["seized_q05"])]
    if not rows:
        return
    sure = sum(max(row["p"], row["p_less"]) >= SURE for row in rows)
    shares = text("tile.of", part=f"{sure}", whole=f"{len(rows)}")
    yield Tile(number=shares, span=plain(""), says=text("tile.sure"))
    dated = [float(row["years"]) for row in rows if math.isfinite(row["years"])]
    if dated:
        number = text("tile.year", number=years_text(min(dated)))
        yield Tile(number=number, span=plain(""), says=text("tile.years"))


def _records(table: pd.DataFrame) -> list[Row]:
    found = table.assign(p_less=1.0 - table["p"])
    return [{str(name): value for name, value in row.items()} for row in found.to_dict("records")]


def _baseline(effects: xr.Dataset, reported: Text) -> Text:
    middle, low, high = interval(effects["seized_mass"].sel(policy=BASELINE))
    words: dict[str, str | Text] = {"kg": kg(middle)}
    if math.isnan(low):
        return text("compared.baseline_alone", **words)
    words |= {"low": kg(low), "high": kg(high)}
    if not reported.en:
        return text("compared.baseline", **words)
    return text("compared.baseline_reported", **words, listed=reported)


def _range(rows: Sequence[Row]) -> Text:
    words: dict[str, str | Text] = {"count": f"{len(rows)}"}
    for name, row in (("least", min(rows, key=_seized)), ("most", max(rows, key=_seized))):
        words |= {name: short(row["seized"]), f"{name}_policy": str(row["policy"])}
        words[f"{name}_span"] = ends(short(row["seized_q05"]), short(row["seized_q95"]))
    return text("compared.range", **words)


def _seized(row: Row) -> float:
    return float(row["seized"])


def _hours(rows: Sequence[Row]) -> Text:
    words: dict[str, str | Text] = {}
    for name, row in (("least", min(rows, key=_time)), ("most", max(rows, key=_time))):
        low, middle, high = (row[column] / 1e3 for column in ("hours_q05", "hours", "hours_q95"))
        words |= {name: short(middle), f"{name}_policy": str(row["policy"])}
        words[f"{name}_span"] = ends(short(low), short(high))
    return text("compared.hours", **words)


def _time(row: Row) -> float:
    return float(row["hours"])


def decisions(table: pd.DataFrame, catalogue: Mapping[str, Policy]) -> DecisionTable:
    """Decision table of a comparison.

    Parameters
    ----------
    table
        Table 2.
    catalogue
        Policies by name, for their titles.
    """
    rows = _records(table)
    every = [row[name] for row in rows for name in ("seized", "seized_q05", "seized_q95") if math.isfinite(row[name])]
    low, high = min([0.0, *every]), max([0.0, *every])
    reach = (high - low) or 1.0

    def on_bar(value: float) -> float:
        return float(round(BAR * (value - low) / reach, 1))

    found = []
    for row in rows:
        name = str(row["policy"])
        drawn = [row[column] for column in ("seized_q05", "seized", "seized_q95")]
        found.append(
            Decision(
                policy=name,
                title=_title(name, catalogue),
                is_assumed=row["kind"] == "assumed",
                is_feasible=row["feasible"] == 1.0,
                cells=_cells(row),
                rests=_rests(row),
                bar=(on_bar(drawn[0]), on_bar(drawn[1]), on_bar(drawn[2])) if all(map(math.isfinite, drawn)) else None,
            )
        )
    columns = [name for name in COLUMNS if any(row.cells[name].shown.en for row in found)]
    return DecisionTable(rows=found, columns=columns, zero=on_bar(0.0), low=plain(short(low)), high=plain(short(high)))


def _title(name: str, catalogue: Mapping[str, Policy]) -> str:
    return "; ".join(catalogue[part].title for part in name.split("+") if part in catalogue)


def _cells(row: Row) -> dict[str, TableCell]:
    """Numbers by column."""
    years = float(row["years"])
    return {
        "seized": _interval(row, "seized"),
        "stated": TableCell(value=row["stated"], shown=plain(_short(row["stated"]))),
        "feasible": TableCell(value=row["feasible"], shown=plain(f"{100 * row['feasible']:.0f}")),
        "hours": _interval(row, "hours", 1e-3),
        "cost": _interval(row, "policy_cost", 1e-6, missing="decision.unknown"),
        "years": TableCell(value=years, shown=plain("" if math.isnan(years) else years_text(years))),
    }


def _short(value: float) -> str:
    return short(value) if math.isfinite(value) else ""


def _interval(row: Row, name: str, scale: float = 1.0, *, missing: str = "compared.na") -> TableCell:
    low, middle, high = (scale * float(row[column]) for column in (f"{name}_q05", name, f"{name}_q95"))
    if not math.isfinite(middle):
        return TableCell(value=math.nan, shown=text(missing))
    if low == high == middle:
        return TableCell(value=middle, shown=plain(short(middle)))
    span = ends(short(low), short(high)) if math.isfinite(low) else text("compared.na")
    return TableCell(value=middle, shown=plain(short(middle)), span=span)


def _rests(row: Row) -> Text:
    if isinstance(row["rests_on"], str) and row["rests_on"]:
        return plain(row["rests_on"].partition(".")[2] or row["rests_on"])
    return text("decision.rests_calibrated" if row["kind"] == "calibrated" else "decision.rests_none")
