"""Calibration targets and hold-outs, with the arithmetic behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.evidence.derived import derive
from flowsim.evidence.figures import optional
from flowsim.evidence.folder import FOLDER
from flowsim.evidence.recomputation import Facts, amount

USES = ("calibration", "hold-out")
"""Use of a target, exactly one."""

YEARS_OF_RECORD = 16
"""Years 1996 to 2011, with one known consignment of 500 kg or more."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A number for the model to reproduce."""

    key: str
    """Identifier."""

    quantity: str
    """Description."""

    value: float | None
    """The number [unit], None if only an end is known."""

    low: float | None
    """Lower end [unit]."""

    high: float | None
    """Upper end [unit]."""

    unit: str
    """Unit."""

    weight: float
    """Weight in [0, 1] relative to the best targets."""

    use: str
    """One of `USES`."""

    treatment: str
    """Role in the likelihood: point, bound, range, input and so on."""

    inputs: tuple[str, ...]
    """Keys of the figures behind it."""

    source: str
    """Keys of the works behind them."""

    cells: Mapping[str, str]
    """All columns of the row as text, with place, period, basis of the interval and caveats."""

    def __post_init__(self) -> None:
        """Refuse an unknown use, a weight outside [0, 1], or reversed ends."""
        checks.known(self.use, USES, thing=f"Target '{self.key}': use")
        thing = f"Target '{self.key}'"
        checks.require(0 <= self.weight <= 1, thing=f"{thing}: weight", rule="lie in [0, 1]", value=self.weight)
        given = [number for number in (self.low, self.value, self.high) if number is not None]
        checks.require(
            bool(given) and given == sorted(given), thing=thing, rule="have low <= value <= high", value=given
        )

    def recomputed(self, facts: Facts) -> float | None:
        """Value recomputed from figures [unit], None without a stated value."""
        formula = FORMULAS.get(self.key)
        return formula(facts) if formula else None


def load_targets(folder: Path | None = None) -> Mapping[str, Target]:
    """Targets by key.

    Raises
    ------
    ValueError
        If a row is broken or a key stands twice.
    """
    columns = (
        *("key", "dimension", "quantity", "drug", "place", "agency", "mode", "period_start", "period_end", "value"),
        *("low", "high", "unit", "weight", "use", "treatment", "basis", "formula", "inputs", "source"),
    )
    rows = csv_tables.read((folder or FOLDER) / "targets.csv", columns=columns)
    checks.unique((row.cells["key"] for row in rows), thing="targets.csv")
    return MappingProxyType(
        {
            row.text("key"): Target(
                key=row.text("key"),
                quantity=row.text("quantity"),
                value=optional(row, "value"),
                low=optional(row, "low"),
                high=optional(row, "high"),
                unit=row.text("unit"),
                weight=row.number("weight"),
                use=row.text("use"),
                treatment=row.text("treatment"),
                inputs=row.words("inputs"),
                source=row.text("source"),
                cells=MappingProxyType(dict(row.cells)),
            )
            for row in rows
        }
    )


def _derived(key: str) -> Callable[[Facts], float | None]:
    return lambda facts: derive(key, facts).value


def _figure(key: str, factor: float = 1.0) -> Callable[[Facts], float]:
    return lambda facts: factor * amount(facts, key)


def _outside(drug: str, spike: str, *, part: str, others: tuple[str, ...] = ()) -> Callable[[Facts], float]:
    """Share of a place, or of the rest if it has no name, in the national total without the spike."""
    total = f"fd16-{drug}-2006"

    def formula(facts: Facts) -> float:
        base = amount(facts, total) - amount(facts, f"{total}-{spike}")
        if part:
            return amount(facts, f"{total}-{part}") / base
        return (base - math.fsum(amount(facts, f"{total}-{other}") for other in others)) / base

    return formula


def _quarters(facts: Facts) -> float:
    return amount(facts, "cb05-south-q1-2005-opium") / amount(facts, "cb05-south-q1-2004-opium")


def _ring(facts: Facts) -> float:
    return amount(facts, "cb05-ring-shymkent-opium") / amount(facts, "cb05-south-q1-2005-opium")


FORMULAS: Mapping[str, Callable[[Facts], float | None]] = MappingProxyType(
    {
        "cal-national-heroin-2010": _derived("share-heroin-2010"),
        "cal-national-heroin-flow-2010": _figure("fd16-heroin-flow-2010"),
        "cal-regional-opiates-2006": _figure("fd16-regional-share-2006", 0.01),
        "cal-oblast-heroin-2006-south": _outside("heroin", "west", part="south"),
        "cal-oblast-heroin-2006-almaty-city": _outside("heroin", "west", part="almaty-city"),
        "cal-oblast-heroin-2006-rest": _outside("heroin", "west", part="", others=("south", "almaty-city")),
        "cal-oblast-opium-2006-almaty-city": _outside("opium", "pavlodar", part="almaty-city"),
        "cal-oblast-opium-2006-east": _outside("opium", "pavlodar", part="east"),
        "cal-oblast-opium-2006-rest": _outside("opium", "pavlodar", part="", others=("almaty-city", "east")),
        "cal-agency-customs-heroin-2010": _derived("customs-share-heroin-2010"),
        "cal-agency-knb-heroin-2005": _derived("knb-share-heroin-2005"),
        "cal-border-share-heroin": _derived("customs-share-heroin-2010"),
        "cal-drug-heroin-part-2010": _derived("heroin-part-2010"),
        "cal-drug-heroin-part-2006": _derived("heroin-part-2006"),
        "cal-mode-land": _figure("fd16-land-mode-share", 0.01),
        "cal-size-case-2005": _derived("one-case-heroin-2005"),
        "cal-size-typical": lambda facts: max(amount(facts, "cb05-heroin-64"), amount(facts, "cb05-ring-heroin")),
        "cal-domestic-retention": _figure("cb05-retained-share", 0.01),
        "val-national-heroin-2009": _derived("share-heroin-2009"),
        "val-opiates-variability": _derived("opiates-cv"),
        "val-opiates-maxmin": _derived("opiates-maxmin"),
        "val-record-2008": lambda facts: 1 / YEARS_OF_RECORD,
        "val-west-heroin-2006": _derived("raw-share-heroin-2006-west"),
        "val-pavlodar-opium-2006": _derived("raw-share-opium-2006-pavlodar"),
        "val-south-ring-q1-2005": _ring,
        "val-south-q1-ratio": _quarters,
        "val-knb-opiates-2004": _derived("knb-share-opiates-2004"),
        "val-customs-1995": _derived("customs-share-1995"),
        "val-max-2011": _figure("fd16-max-seizure-2011"),
        "val-downstream-2005": _figure("cb05-chelyabinsk-heroin"),
        "val-opium-2011": _figure("fd16-opium-2011-q3"),
        "val-consumption": _derived("g-per-user-2010"),
    }
)
"""Formula of each target with a value; an interval rests on the judgement in its `basis`."""
