"""Derived numbers: arithmetic on the figures, and the figures behind each."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables, units
from flowsim.evidence.arithmetic.flow import retained, users
from flowsim.evidence.figures import opiates, optional
from flowsim.evidence.folder import FOLDER
from flowsim.evidence.recomputation import Facts, amount

WHOLE_PERCENT = 0.005
"""Half a unit of the last digit of a share printed in whole percent [1]."""


@dataclass(frozen=True)
class Ends:
    """A number with its ends, each possibly missing."""

    value: float | None
    """Central number."""

    low: float | None = None
    """Lower end."""

    high: float | None = None
    """Upper end."""


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A derived number on record."""

    key: str
    """Identifier."""

    quantity: str
    """Description."""

    span: Ends
    """The number [unit]."""

    unit: str
    """Unit."""

    formula: str
    """The arithmetic in printed numbers."""

    inputs: tuple[str, ...]
    """Keys of the figures in the computation."""

    note: str
    """Caveats for its use."""


def load_derived(folder: Path | None = None) -> Mapping[str, Derived]:
    """Derived numbers by key, as on record.

    Raises
    ------
    ValueError
        If a row is broken or a key stands twice.
    """
    columns = ("key", "quantity", "value", "low", "high", "unit", "formula", "inputs")
    rows = csv_tables.read((folder or FOLDER) / "derived.csv", columns=columns)
    checks.unique((row.cells["key"] for row in rows), thing="derived.csv")
    return MappingProxyType(
        {
            row.text("key"): Derived(
                key=row.text("key"),
                quantity=row.text("quantity"),
                span=Ends(optional(row, "value"), optional(row, "low"), optional(row, "high")),
                unit=row.text("unit"),
                formula=row.cells["formula"],
                inputs=row.words("inputs"),
                note=row.cells.get("note", ""),
            )
            for row in rows
        }
    )


def derive(key: str, facts: Facts) -> Ends:
    """Derived number by key, recomputed from figures.

    Raises
    ------
    ValueError
        If there is no such key.
    """
    checks.known(key, sorted(FORMULAS), thing="derived number")
    return FORMULAS[key](facts)


def _per_flow(facts: Facts, kilograms: float) -> Ends:
    flow = facts["fd16-heroin-flow-2010"]
    return Ends(*(kilograms / units.kilograms(tonnes) for tonnes in (flow.amount, flow.most, flow.least)))


def _scaled(span: Ends, factor: float) -> Ends:
    return Ends(*(None if end is None else end * factor for end in (span.value, span.low, span.high)))


def _ratio(*keys: str, over: tuple[str, ...]) -> Callable[[Facts], Ends]:
    def formula(facts: Facts) -> Ends:
        whole = math.fsum(amount(facts, key) for key in over)
        return Ends(math.fsum(amount(facts, key) for key in keys) / whole)

    return formula


def _share_of_flow(*keys: str) -> Callable[[Facts], Ends]:
    return lambda facts: _per_flow(facts, statistics.fmean(amount(facts, key) for key in keys))


def _kept(facts: Facts) -> Ends:
    stays = 1 - amount(facts, "cb05-retained-share") / 100
    return _scaled(_per_flow(facts, amount(facts, "fd16-heroin-2010")), stays)


def _equivalent(facts: Facts) -> Ends:
    flow, ratio = amount(facts, "cb05-flow-1400t"), facts["opium-per-heroin"]
    return Ends(flow / ratio.amount, flow / ratio.most, flow / ratio.least)


def _over_flow(facts: Facts) -> Ends:
    return _per_flow(facts, units.kilograms(amount(facts, "cb05-flow-1400t")))


def _grams_2010(facts: Facts) -> Ends:
    flow = facts["fd16-heroin-flow-2010"]
    return Ends(*(retained(facts, tonnes) / users(facts) for tonnes in (flow.amount, flow.least, flow.most)))


def _grams_1400(facts: Facts, persons: float) -> Ends:
    return Ends(retained(facts, amount(facts, "cb05-flow-1400t")) / persons)


def _regional_2006(facts: Facts) -> Ends:
    kilograms = amount(facts, "fd16-heroin-2006") + amount(facts, "fd16-opium-2006")
    share = amount(facts, "fd16-regional-share-2006") / 100
    return Ends(*(kilograms / part for part in (share, share + WHOLE_PERCENT, share - WHOLE_PERCENT)))


def _regional_2010(facts: Facts) -> Ends:
    kilograms, upstream = amount(facts, "fd16-heroin-2010"), amount(facts, "fd16-upstream-share")
    # "Almost 90" is taken as 86 to 90, central 88.
    return Ends(*(100 * kilograms / (100 - upstream + less) for less in (2, 4, 0)))


def _customs_opium(facts: Facts) -> Ends:
    opium, total = facts["fd16-customs-opium-2010"], amount(facts, "fd16-opium-2010b")
    return Ends(*(mass / total for mass in (opium.amount, opium.least, opium.most)))


def _customs_1995(facts: Facts) -> Ends:
    kilograms = units.kilograms(amount(facts, "in96-narcotics-seized-1995"))
    customs = amount(facts, "in96-customs-seized-1995")
    return Ends((customs / 7) / (kilograms / 9), customs / kilograms)


def _knb_heroin(facts: Facts) -> Ends:
    knb, committee = amount(facts, "cb05-knb-heroin-2005"), amount(facts, "cb05-heroin-130")
    part, monthly = knb / (knb + committee), (knb / 11.25) / (knb / 11.25 + committee / 9)
    return Ends(part, monthly, part)


def _knb_opiates_2005(facts: Facts) -> Ends:
    knb = amount(facts, "cb05-knb-heroin-2005") + amount(facts, "cb05-knb-opium-2005")
    part = knb / amount(facts, "fd16-opiates-series-2005")
    return Ends(part, part, 1.0)


def _south_kept(facts: Facts) -> float:
    return 1 - (amount(facts, "fd16-change-opium-south") / 100 + WHOLE_PERCENT)


def _south_2005(facts: Facts) -> Ends:
    floor = amount(facts, "cb05-south-q1-2005-opium")
    return Ends(floor, floor, amount(facts, "fd16-opium-2006-east") / _south_kept(facts))


def _south_2006(facts: Facts) -> Ends:
    least = amount(facts, "cb05-south-q1-2005-opium") * _south_kept(facts)
    return Ends(None, least, amount(facts, "fd16-opium-2006-east"))


def _before_rise(now: str, rise: str) -> Callable[[Facts], Ends]:
    return lambda facts: Ends(None, None, amount(facts, now) / (1 + amount(facts, rise) / 100))


def _east_cap(facts: Facts) -> Ends:
    most_2005 = amount(facts, "fd16-opiates-series-2005") - amount(facts, "cb05-knb-opium-2005")
    return Ends(None, None, (1 - amount(facts, "fd16-change-heroin-east") / 100) * most_2005)


def _least_count(total: str) -> Callable[[Facts], Ends]:
    return lambda facts: Ends(math.ceil(amount(facts, total) / amount(facts, "fd16-max-seizure-2009-10")))


def _times(factor: float, *keys: str, over: str, floor: bool = False) -> Callable[[Facts], Ends]:
    def formula(facts: Facts) -> Ends:
        part = factor * math.prod(amount(facts, key) for key in keys) / amount(facts, over)
        return Ends(part, part if floor else None)

    return formula


def _rest(year: int, least: str, other_least: str) -> Callable[[Facts], Ends]:
    def formula(facts: Facts) -> Ends:
        total = amount(facts, f"fd16-opiates-series-{year}")
        return Ends(None, amount(facts, least), total - amount(facts, other_least))

    return formula


def _series(statistic: Callable[[list[float]], float]) -> Callable[[Facts], Ends]:
    return lambda facts: Ends(statistic(list(opiates("corrected", figures=facts).values())))


def _mean_log_change(values: list[float]) -> float:
    return statistics.fmean(abs(math.log(after / before)) for before, after in pairwise(values))


def _officers(facts: Facts) -> Ends:
    total = math.fsum(amount(facts, f"cb05-poppy-{agency}-officers") for agency in ("moi", "customs", "knb"))
    return Ends(total, total)


def _southern_borders(facts: Facts) -> Ends:
    return Ends(math.fsum(amount(facts, key) for key in ("border-kg", "border-uz", "fd16-tm-border-length")))


_HEROIN, _OPIUM = "fd16-heroin-2006", "fd16-opium-2006"
_HEROIN_TOP = tuple(f"{_HEROIN}-{place}" for place in ("south", "west", "almaty-city"))
_OPIUM_TOP = tuple(f"{_OPIUM}-{place}" for place in ("almaty-city", "pavlodar", "east"))

FORMULAS: Mapping[str, Callable[[Facts], Ends]] = MappingProxyType(
    {
        "share-heroin-2010": _share_of_flow("fd16-heroin-2010"),
        "share-heroin-2010-inflow": _kept,
        "share-heroin-2009": _share_of_flow("fd16-heroin-2009"),
        "share-heroin-2006": _share_of_flow(_HEROIN),
        "share-heroin-2009-10": _share_of_flow("fd16-heroin-2009", "fd16-heroin-2010"),
        "share-2008-record-alone": _share_of_flow("fd16-max-seizure-2008"),
        "flow-heroin-equivalent-2005": _equivalent,
        "ratio-1400-to-2010": _over_flow,
        "g-per-registered-1400": lambda facts: _grams_1400(facts, amount(facts, "cb05-addicts-2005")),
        "g-per-user-1400": lambda facts: _grams_1400(facts, users(facts)),
        "g-per-user-2010": _grams_2010,
        "regional-opiates-2006": _regional_2006,
        "regional-heroin-2010": _regional_2010,
        "customs-share-heroin-2010": _ratio("fd16-customs-heroin-2010", over=("fd16-heroin-2010b",)),
        "customs-share-opium-2010": _customs_opium,
        "customs-share-1995": _customs_1995,
        "knb-share-heroin-2005": _knb_heroin,
        "knb-share-opiates-2005": _knb_opiates_2005,
        "knb-share-opiates-2004": _ratio(
            "cb05-knb-heroin-2004", "cb05-knb-opium-2004", over=("fd16-opiates-series-2004",)
        ),
        "south-opium-2005": _south_2005,
        "south-opium-2006": _south_2006,
        "west-heroin-2005": _before_rise("fd16-heroin-2006-west", "fd16-change-heroin-west"),
        "pavlodar-opium-2005": _before_rise("fd16-opium-2006-pavlodar", "fd16-change-opium-pavlodar"),
        "east-heroin-2006-cap": _east_cap,
        "min-seizures-2009": _least_count("fd16-heroin-2009"),
        "min-seizures-2010": _least_count("fd16-heroin-2010"),
        "mean-case-all-drugs": _times(1000, "sr04-seizures-18t-undated", over="sr04-cases-undated"),
        "top2-cannabis-1995": _times(0.001, "in96-record-cargo-mass", over="in96-narcotics-seized-1995"),
        "top4-cannabis-2005": _times(
            1, "cb05-marijuana-loads", "cb05-marijuana-load-mass", over="cb05-narcotics-19t", floor=True
        ),
        "one-case-heroin-2005": _times(1, "cb05-heroin-64", over="cb05-heroin-130", floor=True),
        "truckloads-uz": _ratio("fd16-uz-fruit-export-2010", over=("fd16-truck-load",)),
        "southern-borders": _southern_borders,
        "opiates-cv": _series(lambda values: statistics.stdev(values) / statistics.fmean(values)),
        "opiates-maxmin": _series(lambda values: max(values) / min(values)),
        "opiates-mean-abs-log-change": _series(_mean_log_change),
        "heroin-part-2001": _ratio("sr04-heroin-2001", over=("sr04-heroin-2001", "sr04-opium-2001")),
        "heroin-part-2006": _ratio(_HEROIN, over=(_HEROIN, _OPIUM)),
        "heroin-part-2010": _ratio("fd16-heroin-2010", over=("fd16-heroin-2010", "fd16-opium-2010")),
        "heroin-2004": _rest(2004, "cb05-knb-heroin-2004", "cb05-knb-opium-2004"),
        "opium-2004": _rest(2004, "cb05-knb-opium-2004", "cb05-knb-heroin-2004"),
        "heroin-2005": _rest(2005, "cb05-knb-heroin-2005", "cb05-knb-opium-2005"),
        "opium-2005": _rest(2005, "cb05-knb-opium-2005", "cb05-knb-heroin-2005"),
        "usd-per-post": _ratio("cb05-nb-budget", over=("cb05-nb-total-posts",)),
        "poppy-officers": _officers,
        **{f"raw-share-{key[5:]}": _ratio(key, over=(_HEROIN,)) for key in _HEROIN_TOP},
        "raw-share-heroin-2006-top3": _ratio(*_HEROIN_TOP, over=(_HEROIN,)),
        **{f"raw-share-{key[5:]}": _ratio(key, over=(_OPIUM,)) for key in _OPIUM_TOP},
        "raw-share-opium-2006-top3": _ratio(*_OPIUM_TOP, over=(_OPIUM,)),
        "raw-opiates-2006-almaty-city": _ratio(_HEROIN_TOP[2], _OPIUM_TOP[0], over=(_HEROIN, _OPIUM)),
    }
)
"""Formula of each derived number."""
