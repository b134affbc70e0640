"""Reader of a chain from its tables: priors of its parameters, regional facts, and reports left out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from flowsim import checks, csv_tables
from flowsim.calibration.priors import Prior
from flowsim.chain.stages import ChainFact, RouteChain, named
from flowsim.csv_tables import Row
from flowsim.evidence.annual_totals import annual_series

FAMILIES: Mapping[str, str] = {
    "flow": "lognormal",
    "flow_spread": "lognormal",
    "persistence": "logit_normal",
    "rate": "logit_normal",
    "spread": "lognormal",
    "consumed": "logit_normal",
    "split": "logit_normal",
    "completeness": "logit_normal",
    "on_route": "logit_normal",
}
"""Family of the prior of each quantity in `parameters.csv`."""

TITLES: Mapping[str, str] = {
    "flow": "heroin bound for the chain in the base year",
    "flow_spread": "log-sd of the flow from one year to the next",
    "persistence": "correlation of a rate's logit with that of the year before",
    "rate": "share seized in a middling year",
    "spread": "sd of the logit of the rate over years",
    "consumed": "share consumed of what is not seized",
    "split": "share of what earlier branches leave",
    "completeness": "part of the seizures that the annual total holds",
    "on_route": "part of the seizures that was bound for this chain",
}
"""Meaning of each quantity."""

COLUMNS = ("quantity", "stage", "to", "low", "high", "unit", "kind", "source")
"""Columns of `parameters.csv`."""

DRUG = "heroin"
"""Drug of the chains."""


def load_chain(
    folder: Path, *, name: str, title: str, detail: str, detail_stage: str, base_year: int, years: Sequence[int]
) -> RouteChain:
    """Chain of a folder of tables, with the annual totals of its stages.

    Parameters
    ----------
    folder
        Folder with `parameters.csv`, `facts.csv` and `left_out.csv`.
    name, title
        Name and title.
    detail, detail_stage
        World that is the detail of a stage, and that stage.
    base_year
        Year of the prior of the flow.
    years
        All calendar years of the chain.

    Raises
    ------
    ValueError
        If a table or a row is refused; the message names table and line.
    """
    rows = csv_tables.read(folder / "parameters.csv", columns=COLUMNS)
    stages = tuple(row.text("stage") for row in rows if row.text("quantity") == "rate")
    branches: dict[str, tuple[str, ...]] = {}
    priors: dict[str, Prior] = {}
    for row in rows:
        quantity, stage, to = row.text("quantity"), row.text("stage", default=""), row.text("to", default="")
        checks.known(quantity, tuple(FAMILIES), thing=row.where("quantity"))
        if stage:
            checks.known(stage, stages, thing=row.where("stage"))
        key = named(quantity, stage, to)
        checks.require(key not in priors, thing=row.where(), rule="be the only row of its parameter", value=key)
        if quantity == "split":
            branches[stage] = (*branches.get(stage, ()), to)
        if not row.text("low", default="") and quantity == "split":
            continue
        priors[key] = _prior(row, quantity)
    for quantity in ("flow", "flow_spread", "persistence"):
        checks.known(quantity, tuple(priors), thing="a parameter of every chain")
    _check_splits(branches, priors)
    return RouteChain(
        name=name,
        title=title,
        detail=detail,
        detail_stage=detail_stage,
        base_year=base_year,
        stages=stages,
        years=tuple(years),
        branches=branches,
        priors=priors,
        reported=_reported(folder, stages=stages, years=years),
        facts=tuple(_fact(row) for row in csv_tables.read(folder / "facts.csv", columns=_FACT_COLUMNS)),
    )


def _prior(row: Row, quantity: str) -> Prior:
    checks.known(row.text("kind"), ("assumed",), thing=row.where("kind"))
    try:
        return Prior(
            title=TITLES[quantity],
            family=FAMILIES[quantity],
            low=row.number("low"),
            high=row.number("high"),
            unit=row.text("unit"),
            source=row.text("source"),
        )
    except ValueError as error:
        place = "" if str(error).startswith(row.table) else f"{row.where()}: "
        raise ValueError(f"{place}{error}") from None


def _check_splits(branches: Mapping[str, Sequence[str]], priors: Mapping[str, Prior]) -> None:
    """Refuse a stage whose branches are not shares followed by one that takes the rest."""
    for stage, ends in branches.items():
        given = [named("split", stage, to) in priors for to in ends]
        rule = "have an interval for each but the last, which takes the rest"
        holds = all(given[:-1]) and not given[-1]
        checks.require(holds, thing=f"parameters.csv: splits of {stage}", rule=rule, value=list(ends))


_FACT_COLUMNS = ("key", "quantity", "stage", "of", "year", "value", "low", "high", "use", "kind", "source")


def _fact(row: Row) -> ChainFact:
    try:
        return ChainFact(
            key=row.text("key"),
            quantity=row.text("quantity"),
            stage=row.text("stage"),
            of=row.text("of", default=""),
            year=row.whole("year"),
            value=row.number("value"),
            low=row.number("low"),
            high=math.inf if row.text("high") == "inf" else row.number("high"),
            use=row.text("use"),
            kind=row.text("kind"),
            source=row.text("source"),
        )
    except ValueError as error:
        place = "" if str(error).startswith(row.table) else f"{row.where()}: "
        raise ValueError(f"{place}{error}") from None


def _reported(folder: Path, *, stages: Sequence[str], years: Sequence[int]) -> dict[str, dict[int, float]]:
    """Annual totals in the years of the chain, without those left out [kg]."""
    rows = csv_tables.read(folder / "left_out.csv", columns=("country", "year", "reason", "source"), may_be_empty=True)
    left_out = {(row.text("country"), row.whole("year")) for row in rows}
    found = {stage: annual_series(stage, DRUG) for stage in stages}
    for row in rows:
        known = found.get(row.text("country"), {})
        rule = "be a country and year of the chain with an annual total"
        given = f"{row.text('country')} {row.text('year')}"
        checks.require(row.whole("year") in known, thing=row.where(), rule=rule, value=given)
    return {
        stage: {year: kg for year, kg in series.items() if year in years and (stage, year) not in left_out}
        for stage, series in found.items()
    }
