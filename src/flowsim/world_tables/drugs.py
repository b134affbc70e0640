"""Drugs beside heroin in the tables of a world: their numbers, and their streams."""

from __future__ import annotations

from collections.abc import Mapping

from flowsim import checks, units
from flowsim.csv_tables import Row
from flowsim.world.traffic import DRUGS, HEROIN, Drug, Profile
from flowsim.world_tables.findings import Findings
from flowsim.world_tables.parameters import SIZES, sizes_of


def check(found: Findings) -> None:
    """Find errors of further drugs across cells.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    sent = {row.cells["drug"] for row in found.rows["streams"]} if found.whole("streams", "drug") else set(DRUGS)
    known = {row.cells["drug"] for row in found.rows["drugs"]}
    for row in found.rows["streams"] if found.whole("drugs", "drug") else ():
        drug = row.cells["drug"]
        if found.clean(row, "drug") and drug != HEROIN and drug not in known:
            found.add(row, f"must be {HEROIN} or name a row of drugs.csv, got {drug!r}", column="drug")
    cycles = {row.cells["profile"]: row.cells["cycle"] for row in found.rows["profiles"]}
    for row in found.rows["drugs"]:
        drug, season = row.cells["drug"], row.cells["season"]
        if found.clean(row, "drug") and drug not in sent:
            found.add(row, f"must have rows in streams.csv, got none for {drug!r}", column="drug")
        cycle = cycles.get(season, "seasonal")
        if cycle != "seasonal" and found.clean(row, "season"):
            found.add(row, f"must be a seasonal profile, got {season!r}, which is {cycle}", column="season")


def drug(row: Row, *, profiles: Mapping[str, Profile]) -> Drug:
    """Drug of a row of `drugs.csv`.

    Parameters
    ----------
    row
        The row.
    profiles
        Profiles by name.

    Raises
    ------
    ValueError
        If a cell is not of its form, or the numbers do not go together.
    """
    inflow, low, high = (row.number(name) for name in ("inflow", "inflow_low", "inflow_high"))
    checks.require(low <= inflow <= high, thing="inflow", rule=f"lie in its interval [{low:g}, {high:g}]", value=inflow)
    values = {name: row.number(name) for name in (*SIZES.values(), "detected_loads_per_year")}
    rate, loads = values["load_tail_rate"], values["detected_loads_per_year"]
    rule = f"be at most detected_loads_per_year ({loads:g})"
    checks.require(rate <= loads, thing="load_tail_rate", rule=rule, value=rate)
    return Drug(
        name=row.text("drug"),
        inflow=units.kilograms(inflow),
        inflow_low=units.kilograms(low),
        inflow_high=units.kilograms(high),
        sizes=sizes_of(values),
        season=profiles[row.text("season")] if row.cells["season"] else None,
        kind=row.text("kind"),
        source=row.text("source"),
    )
