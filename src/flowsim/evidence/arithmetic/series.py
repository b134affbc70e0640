"""Arithmetic of the contradictions about the opiate series of 1996 to 2006."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator

from flowsim.evidence.figures import READINGS, SERIES, opiates
from flowsim.evidence.recomputation import Check, Facts, agree, amount, at_most, numbers

SPLIT_ROUNDING = 0.15
"""Largest difference of a sum of two masses from their total, all printed to 0.1 kg [kg]."""

MEAN_ROUNDING = 0.1
"""Largest difference of a mean printed to 0.1 from the mean of values printed to 0.1 [kg/year]."""

WHOLE_ROUNDING = 1.05
"""Largest difference of a sum of two whole masses from a total printed to 0.1 kg [kg]."""

TEXT_ROUNDING = 0.55
"""Largest difference of a mass printed to 1 kg from one printed to 0.1 kg [kg]."""

WHOLE_PERCENT = 0.5
"""Half a unit of the last digit of "88 percent", a truncated number: 88.56 would round to 89 [percent/year]."""

CUT_OFF = "the text cuts its whole percents off and does not round them"
"""Bound of the checks of the truncated percentage."""

QUIET = (1996, 1997, 1998, 1999, 2000)
"""Years described as fairly consistent except for the outlier of 1997."""

KEYS_2005 = ("cb05-knb-heroin-2005", "cb05-knb-opium-2005", "cb05-heroin-130")
"""Reports of the KNB and the Committee for 2005."""

RISING = (2002, 2003, 2004, 2005, 2006)
"""Years with a printed mean and mean increase."""

BOTH_DRUGS = (1997, 1999, 2000, 2001, *RISING)
"""Years in which the annual totals of UNODC have both heroin and opium; those of 1998 lack some."""

SAME_YEAR = 0.003
"""Largest relative difference of an opiate total from heroin and opium in another table of the same year (assumed)."""

ONE_YEAR = f"two tables of one year differ by {100 * SAME_YEAR:g} % at most"
"""Bound of the checks against the annual totals."""


def year_order(facts: Facts) -> tuple[Check, ...]:
    """I-01: checks of the years of the opiate series, in the order printed and reversed.

    Ten of each order are against the texts, eleven against the annual totals, one a year.
    """
    found: list[Check] = []
    for reading in READINGS:
        series = opiates(reading, figures=facts)
        found += order_checks(series, facts, reading=reading)
        found += total_checks(series, facts, reading=reading)
    corrected, printed = opiates("corrected", figures=facts), opiates("printed", figures=facts)
    knb = amount(facts, "cb05-knb-heroin-2004") + amount(facts, "cb05-knb-opium-2004")
    computed = {
        "sum of the eleven years": math.fsum(corrected.values()),
        "heroin and opium of 2006": amount(facts, "fd16-heroin-2006") + amount(facts, "fd16-opium-2006"),
        "part of heroin in 2001": heroin_part_2001(facts),
        "mean 1996-2000 without 1997, printed": mean_without_1997(printed),
        "mean 1996-2000 without 1997, corrected": mean_without_1997(corrected),
        "mean 2002-2006, printed": mean_2002_06(printed),
        "mean 2002-2006, corrected": mean_2002_06(corrected),
        "mean yearly change 2002-2006, printed": growth_2002_06(printed),
        "mean yearly change 2002-2006, corrected": growth_2002_06(corrected),
        "stated over corrected change": amount(facts, "fd16-opiates-growth-2002-06") / growth_2002_06(corrected),
        "KNB part of 2004, printed": knb / printed[2004],
        "KNB part of 2004, corrected": knb / corrected[2004],
        "least of 2005": least_2005(facts),
        "largest difference from the annual totals": max(
            100 * abs(corrected[year] / both_drugs(facts, year) - 1) for year in BOTH_DRUGS
        ),
        "annual total of 1996, opium alone": amount(facts, "unodc-opium-1996"),
        **{f"annual total of {year}": both_drugs(facts, year) for year in range(1997, 2007)},
    }
    return (*found, *numbers("I-01", computed))


def order_checks(series: dict[int, float], facts: Facts, *, reading: str) -> list[Check]:
    """Ten checks of one order of the years [kg]."""
    heroin, opium = amount(facts, "fd16-heroin-2006"), amount(facts, "fd16-opium-2006")
    low = amount(facts, "sr04-heroin-2001") + amount(facts, "sr04-opium-2001")
    knb_2004 = amount(facts, "cb05-knb-heroin-2004") + amount(facts, "cb05-knb-opium-2004")

    def same(name: str, expected: float, computed: float, tolerance: float) -> Check:
        return agree(name, reading=reading, expected=expected, computed=computed, tolerance=tolerance, unit="kg")

    def floor(name: str, least: float, year: int) -> Check:
        return at_most(name, reading=reading, value=least, limit=series[year], unit="kg")

    return [
        floor("2006 is at least its own heroin", heroin, 2006),
        same("2006 is heroin and opium of 2006", heroin + opium, series[2006], SPLIT_ROUNDING),
        same("2001 is heroin and opium of 2001", low, series[2001], WHOLE_ROUNDING),
        same("2001 is the low of the text", amount(facts, "fd16-opiates-2001-text"), series[2001], TEXT_ROUNDING),
        same(
            "mean 1996-2000 without 1997",
            amount(facts, "fd16-opiates-mean-1996-2000"),
            mean_without_1997(series),
            MEAN_ROUNDING,
        ),
        same("mean 2002-2006", amount(facts, "fd16-opiates-mean-2002-06"), mean_2002_06(series), MEAN_ROUNDING),
        agree(
            "mean yearly change 2002-2006",
            reading=reading,
            expected=amount(facts, "fd16-opiates-growth-2002-06"),
            computed=growth_2002_06(series),
            tolerance=WHOLE_PERCENT,
            cut=True,
            unit="percent/year",
            bound=CUT_OFF,
        ),
        agree("1997 is the outlier", reading=reading, expected=1997, computed=outlier(series), unit="year"),
        floor("2004 is at least what the KNB seized", knb_2004, 2004),
        floor("2005 is at least what two agencies seized", least_2005(facts), 2005),
    ]


def total_checks(series: dict[int, float], facts: Facts, *, reading: str) -> list[Check]:
    """Eleven checks of one order of the years against the annual totals of heroin and opium [kg].

    Heroin has no report of 1996, and 1998 lacks some 25 kg: in these years the totals are a lower bound.
    """
    floors = {1996: amount(facts, "unodc-opium-1996"), 1998: both_drugs(facts, 1998)}
    found = [
        at_most(f"{year} is at least its annual totals", reading=reading, value=least, limit=series[year], unit="kg")
        for year, least in floors.items()
    ]
    for year in BOTH_DRUGS:
        total = both_drugs(facts, year)
        found.append(
            agree(
                f"{year} is heroin and opium of the annual totals",
                reading=reading,
                expected=total,
                computed=series[year],
                tolerance=SAME_YEAR * total,
                unit="kg",
                bound=ONE_YEAR,
            )
        )
    return found


def both_drugs(facts: Facts, year: int) -> float:
    """Heroin and opium of Kazakhstan in a year, from the annual totals [kg]."""
    return amount(facts, f"unodc-heroin-{year}") + amount(facts, f"unodc-opium-{year}")


def mean_without_1997(series: dict[int, float]) -> float:
    """Mean of the quiet years without 1997 [kg/year]."""
    return statistics.fmean(series[year] for year in QUIET if year != 1997)


def mean_2002_06(series: dict[int, float]) -> float:
    """Mean of 2002 to 2006 [kg/year]."""
    return statistics.fmean(series[year] for year in RISING)


def growth_2002_06(series: dict[int, float]) -> float:
    """Mean of the yearly changes into 2002 to 2006 [percent/year]."""
    return statistics.fmean(100 * (series[year] / series[year - 1] - 1) for year in RISING)


def outlier(series: dict[int, float]) -> int:
    """Year whose omission minimises the coefficient of variation of the quiet years."""

    def spread_without(year: int) -> float:
        rest = [series[other] for other in QUIET if other != year]
        return statistics.stdev(rest) / statistics.fmean(rest)

    return min(QUIET, key=spread_without)


def heroin_part_2001(facts: Facts) -> float:
    """Share of heroin in the opiates of 2001 [1]."""
    heroin = amount(facts, "sr04-heroin-2001")
    return heroin / (heroin + amount(facts, "sr04-opium-2001"))


def least_2005(facts: Facts) -> float:
    """Opiates reported by two agencies in 2005: KNB heroin and opium, and the Committee's heroin [kg]."""
    return math.fsum(amount(facts, key) for key in KEYS_2005)


def orders(facts: Facts) -> Iterator[dict[int, float]]:
    """Orders of the eleven values that pass all ten checks.

    The checks of 2006, 2001 and the two means depend only on the sets of values in those years, so the sets are chosen
    first and only passing sets are ordered: all 11! orders are covered by a few thousand trials.
    """
    values = sorted(opiates("corrected", figures=facts).values())
    for last, low in itertools.permutations(values, 2):
        if not _passes({2006: last, 2001: low}, facts, names=("2006 ", "2001 ")):
            continue
        rest = [value for value in values if value not in (last, low)]
        for quiet in itertools.combinations(rest, 4):
            for rising in itertools.combinations([value for value in rest if value not in quiet], 4):
                (peak,) = set(rest) - set(quiet) - set(rising)
                fixed = {2006: last, 2001: low, 1997: peak}
                trial = _filled(fixed, quiet, rising)
                if _passes(trial, facts, names=("mean 1996", "mean 2002-2006")):
                    yield from _ordered(fixed, quiet, rising, facts)


def _ordered(
    fixed: dict[int, float], quiet: tuple[float, ...], rising: tuple[float, ...], facts: Facts
) -> Iterator[dict[int, float]]:
    for later in itertools.permutations(rising):
        for earlier in itertools.permutations(quiet):
            series = _filled(fixed, earlier, later)
            if all(check.holds for check in order_checks(series, facts, reading="")):
                yield series


def _filled(fixed: dict[int, float], quiet: tuple[float, ...], rising: tuple[float, ...]) -> dict[int, float]:
    return fixed | dict(zip((1996, 1998, 1999, 2000), quiet, strict=True)) | dict(zip(RISING, rising, strict=False))


def _passes(series: dict[int, float], facts: Facts, *, names: tuple[str, ...]) -> bool:
    # Unplaced years get a neutral value: only the checks of the given names are evaluated.
    whole = dict.fromkeys((*QUIET, 2001, *RISING), 1.0) | series
    asked = [check for check in order_checks(whole, facts, reading="") if check.name.startswith(names)]
    return all(check.holds for check in asked if not check.name.startswith("mean yearly"))


def growth(facts: Facts) -> tuple[Check, ...]:
    """I-10: 88 % a year is the mean of yearly changes, neither compound growth nor a steady rise."""
    series = {year: amount(facts, f"{SERIES}{year}") for year in (2001, *RISING)}
    stated = amount(facts, "fd16-opiates-growth-2002-06")
    compound = 100 * ((series[2006] / series[2001]) ** (1 / 5) - 1)
    falls = sum(series[year] < series[year - 1] for year in RISING)
    unit = "percent/year"

    def near(reading: str, computed: float) -> Check:
        return agree(
            reading,
            reading=reading,
            expected=stated,
            computed=computed,
            tolerance=WHOLE_PERCENT,
            unit=unit,
            cut=True,
            bound=CUT_OFF,
        )

    return (
        near("mean of yearly changes", growth_2002_06(series)),
        near("compound growth", compound),
        agree("years that fall", reading="steady rise", expected=0, computed=falls, unit="years"),
        *numbers(
            "I-10",
            {
                "mean of yearly changes": growth_2002_06(series),
                "compound growth": compound,
                "stated over mean": stated / growth_2002_06(series),
            },
        ),
    )


def rounding(facts: Facts) -> tuple[Check, ...]:
    """I-12: 1,191.4 kg and 554.7 + 636.8 kg agree within rounding."""
    parts = amount(facts, "fd16-heroin-2006") + amount(facts, "fd16-opium-2006")
    total = amount(facts, "fd16-opiates-series-2006")
    gap = abs(parts - total)
    name = "heroin and opium are the total"
    return (
        agree(name, reading="rounding", expected=total, computed=parts, tolerance=SPLIT_ROUNDING, unit="kg"),
        at_most("rounding beyond the difference", reading="error", value=SPLIT_ROUNDING, limit=gap, unit="kg"),
        *numbers("I-12", {"heroin and opium of 2006": parts, "total of 2006": total}),
    )
