"""Populations of consignments in the tables of a world."""

from __future__ import annotations

from collections.abc import Mapping

from flowsim.checks import FINITE, NON_NEGATIVE, POSITIVE, PROBABILITY, Rule
from flowsim.csv_tables import Row
from flowsim.world.populations import ConsignmentSizes, Population
from flowsim.world.traffic import DRUGS
from flowsim.world_tables import forms
from flowsim.world_tables.columns import Column, Table
from flowsim.world_tables.findings import Findings, check_interval

SIZES: Mapping[str, str] = {
    "median": "load_median",
    "log_sd": "load_log_sd",
    "tail_start": "load_tail_start",
    "tail_share": "load_tail_share",
    "tail_exponent": "load_tail_exponent",
    "maximum": "load_maximum",
    "selection": "load_size_selection",
}
"""Column behind each field of `ConsignmentSizes`."""

UNCERTAIN = ("mass_share", "load_median", "load_log_sd", "concealment", "rings", "tips")
"""Columns whose numbers have an interval."""


def _uncertain(name: str, unit: str, rule: Rule, meaning: str) -> tuple[Column, Column, Column]:
    return (
        forms.number(name, unit, rule, meaning),
        forms.number(f"{name}_low", unit, rule, "lower end of its interval"),
        forms.number(f"{name}_high", unit, rule, "upper end of its interval"),
    )


TABLES: Mapping[str, Table] = {
    "populations": Table(
        meaning="a population of the consignments of a drug; a drug without rows has one, of the drug's own sizes",
        key=("drug", "population"),
        may_be_empty=True,
        may_be_absent=True,
        columns=(
            forms.word("drug", DRUGS, "heroin, or a drug of drugs.csv"),
            forms.name("population", "its name"),
            *_uncertain(
                "mass_share", "1", PROBABILITY, "share of the mass of each stream; the populations of a drug sum to 1"
            ),
            *_uncertain("load_median", "kg", POSITIVE, "median of the body of detected consignments"),
            *_uncertain("load_log_sd", "1", POSITIVE, "standard deviation of its logarithm"),
            forms.number("load_tail_start", "kg", POSITIVE, "mass above which the tail of large consignments begins"),
            forms.number("load_tail_share", "1", PROBABILITY, "share of detected consignments in the tail"),
            forms.number("load_tail_exponent", "1", POSITIVE, "exponent of the tail"),
            forms.number("load_maximum", "kg", POSITIVE, "largest consignment"),
            forms.number(
                "load_size_selection",
                "1",
                NON_NEGATIVE,
                "exponent by which detection falls with mass; 0: as many enter of each mass as the numbers say",
            ),
            *_uncertain("concealment", "1", FINITE, "mean of the concealment q, in its standard deviations"),
            *_uncertain("rings", "1", PROBABILITY, "share that belongs to rings: struck by cases, and protected"),
            *_uncertain("tips", "1", NON_NEGATIVE, "factor on the probability of a tip; the product is at most 1"),
        ),
    ),
}
"""Table of populations."""


def check(found: Findings) -> None:
    """Find errors of populations across cells.

    Parameters
    ----------
    found
        Findings of the tables so far; errors found are added.
    """
    for column in UNCERTAIN:
        check_interval(found, "populations", column)
    if not found.whole("streams", "drug"):
        return
    sent = list(dict.fromkeys(row.cells["drug"] for row in found.rows["streams"]))
    for row in found.rows["populations"]:
        drug = row.cells["drug"]
        if found.clean(row, "drug") and drug not in sent:
            found.add(row, f"must have rows in streams.csv, got none for {drug!r}", column="drug")


def population(row: Row) -> Population:
    """Population of a row of `populations.csv`."""
    return Population(
        name=row.text("population"),
        drug=row.text("drug"),
        mass_share=row.number("mass_share"),
        low=row.number("mass_share_low"),
        high=row.number("mass_share_high"),
        sizes=ConsignmentSizes(**{field: row.number(column) for field, column in SIZES.items()}),
        concealment=row.number("concealment"),
        rings=row.number("rings"),
        tips=row.number("tips"),
        **forms.origin(row),
    )
