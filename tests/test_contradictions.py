"""Where the sources contradict each other: the arithmetic again, from the printed numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import pytest

from flowsim.evidence import Figure, contradiction, load_contradictions, load_facts, opiates
from flowsim.evidence.checking import LEDGER, half_digit, recorded
from flowsim.evidence.checks_series import order_checks, orders
from flowsim.evidence.contradictions import ARITHMETIC

FACTS = load_facts()
ALL = load_contradictions()
ONE_COULD_TRIP_OVER = ("I-10", "I-11", "I-12", "I-22", "I-24", "I-34", "I-35", "I-42", "I-47", "I-50")
SUPPORTED = {
    "I-01": "corrected",
    "I-02": "opium",
    "I-03": "Committee",
    "I-04": "0.42 kg",
    "I-05": "wider",
    "I-06": "on average",
    "I-07": "three southern borders",
    "I-08": "northwest",
    "I-09": "nine",
    "I-10": "mean of yearly changes",
    "I-11": "like with like",
    "I-12": "rounding",
    "I-13": "concentrated",
    "I-14": "two registers",
    "I-16": "four times the registered",
    "I-17": "a tenth of 70-75 t",
    "I-19": "stray digit",
    "I-22": "operation",
    "I-24": "exports",
    "I-25": "two flows",
    "I-28": "inland, Uzbek",
    "I-29": "none known (2012)",
    "I-30": "three members",
    "I-31": "rarely",
    "I-32": "dense and broad",
    "I-34": "two of four",
    "I-35": "66 kg or more",
    "I-36": "report of 2012",
    "I-37": "Kalbatau",
    "I-38": "Kostanay",
    "I-40": "effort too",
    "I-42": "consistent",
    "I-45": "one case",
    "I-47": "kept",
    "I-48": "detection gap",
    "I-49": "both",
    "I-50": "115 km or more",
}
NOT_BY_VALUE = ("I-19", "I-36")
"""Contradictions of labels and of dates, which no mass or length decides."""

THRESHOLDS = ("heroin-use-per-user",)
"""Outside bounds that only say what is plausible; no printed number."""


class Reader(Mapping[str, Figure]):
    """Figures that remember which of them were read."""

    def __init__(self, facts: Mapping[str, Figure]) -> None:
        self.facts = facts
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> Figure:
        self.read.add(key)
        return self.facts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.facts)

    def __len__(self) -> int:
        return len(self.facts)


def holds(identifier: str, facts: Mapping[str, Figure]) -> list[bool]:
    return [check.holds for check in contradiction(identifier).checks(facts)]


def changed(key: str, *, number: float, factor: float) -> Mapping[str, Figure]:
    """Figures with one printed number of one of them changed, wherever in the row it stands."""
    row = FACTS[key]
    ends = {name: getattr(row, name) for name in ("low", "value", "high")}
    moved = {name: end * factor if end == number else end for name, end in ends.items()}
    if row.value is not None and moved["high"] is not None and moved["high"] < moved["value"]:
        moved["high"] = moved["value"]
    if row.value is not None and moved["low"] is not None and moved["low"] > moved["value"]:
        moved["low"] = moved["value"]
    return {**FACTS, key: replace(row, **moved)}


def printed_numbers() -> list[tuple[str, str, float]]:
    return [
        (row.id, key, number)
        for row in ALL.values()
        for key in row.inputs
        for number in sorted({FACTS[key].low, FACTS[key].value, FACTS[key].high} - {None})
        if row.id in ARITHMETIC and row.id not in NOT_BY_VALUE and key not in THRESHOLDS
    ]


def test_every_contradiction_that_matters_is_recomputed():
    grave = {row.id for row in ALL.values() if row.severity in ("high", "medium")}
    assert grave | set(ONE_COULD_TRIP_OVER) <= set(ARITHMETIC)
    assert set(SUPPORTED) == set(ARITHMETIC)
    assert len(ALL) == 50


@pytest.mark.parametrize("identifier", SUPPORTED)
def test_the_printed_numbers_support_one_reading(identifier):
    row = contradiction(identifier)
    assert row.supported() == SUPPORTED[identifier] == row.supports


@pytest.mark.parametrize("identifier", SUPPORTED)
def test_every_other_reading_fails_a_check(identifier):
    row = contradiction(identifier)
    found = row.checks()
    assert {check.reading for check in found} - {LEDGER} == set(row.readings)
    failing = {check.reading for check in found if not check.holds}
    assert failing == set(row.readings) - {row.supports}


@pytest.mark.parametrize("identifier", SUPPORTED)
def test_the_inputs_listed_are_those_read(identifier):
    facts = Reader(FACTS)
    contradiction(identifier).checks(facts)
    assert facts.read == set(contradiction(identifier).inputs)


@pytest.mark.parametrize(("identifier", "key", "number"), printed_numbers())
def test_one_percent_on_a_printed_number_is_noticed(identifier, key, number):
    before = holds(identifier, FACTS)
    for factor in (0.99, 1.01):
        assert holds(identifier, changed(key, number=number, factor=factor)) != before


def test_a_stray_digit_put_back_is_noticed():
    key = "cb05-serious-investigators"
    locator = FACTS[key].locator.replace("para 6 (printed 16)", "para 16")
    assert locator != FACTS[key].locator
    facts = {**FACTS, key: replace(FACTS[key], locator=locator)}
    assert contradiction("I-19").supported(facts) == "none"


def test_a_text_on_2008_would_support_the_tag():
    row = FACTS["fd16-ru-border-6850"]
    start = row.period_start.replace(year=2008)
    facts = {**FACTS, row.key: replace(row, period_start=start)}
    assert contradiction("I-36").supported(facts) == "report of 2008 or report of 2012"


def test_support_is_computed_not_looked_up():
    swapped = dict(FACTS)
    for year in range(1996, 2007):
        key = f"fd16-opiates-series-{year}"
        swapped[key] = replace(FACTS[key], value=FACTS[f"fd16-opiates-series-{2002 - year + 2000}"].value)
    assert contradiction("I-01").supported(swapped) == "printed"


def test_the_order_as_printed_fails_six_of_ten_checks():
    found = order_checks(opiates("printed"), FACTS, reading="printed")
    assert len(found) == 10
    assert [check.name for check in found if not check.holds] == [
        "2006 is at least its own heroin",
        "2006 is heroin and opium of 2006",
        "mean 1996-2000 without 1997",
        "mean 2002-2006",
        "mean yearly change 2002-2006",
        "1997 is the outlier",
    ]


def test_of_all_orders_of_the_years_only_24_pass():
    passing = list(orders(FACTS))
    assert len(passing) == 24
    assert opiates("corrected") in passing
    assert opiates("printed") not in passing
    certain = (1997, 2001, 2002, 2003, 2004, 2005, 2006)
    assert {tuple(series[year] for year in certain) for series in passing} == {
        tuple(opiates("corrected")[year] for year in certain)
    }


def test_the_enumeration_leaves_out_no_order_that_passes():
    # The checks that choose the sets do not see the order within them, so no order is lost there; beyond that the
    # checks themselves try every exchange of two years of a passing order.
    passing = list(orders(FACTS))
    for series in passing:
        for first, second in combinations(series, 2):
            swapped = {**series, first: series[second], second: series[first]}
            passes = all(check.holds for check in order_checks(swapped, FACTS, reading=""))
            assert passes == (swapped in passing)


def test_records_are_precise_enough_to_notice_one_percent():
    for (identifier, _), (text, _) in recorded().items():
        assert identifier in NOT_BY_VALUE or half_digit(text) < 0.005 * abs(float(text))


def test_an_unknown_contradiction_is_refused():
    with pytest.raises(ValueError, match="contradiction must be one of"):
        contradiction("I-99")
