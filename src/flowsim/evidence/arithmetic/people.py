"""Arithmetic of the contradictions about drug users."""

from __future__ import annotations

from flowsim.evidence.arithmetic.flow import users
from flowsim.evidence.recomputation import Check, Facts, agree, amount, at_most, numbers

PER = 100_000
"""Number of persons in the denominator of a rate."""

TO_MILLIONS = 0.5
"""Half a unit of the last digit of "15 million" [million persons]."""

TO_TENTHS = 0.05
"""Half a unit of the last digit of "6.7 percent" [percent]."""


def rates_and_counts(facts: Facts) -> tuple[Check, ...]:
    """I-14: rates fall while counts rise, so they come from different registers."""
    before, after = amount(facts, "ir07-rate-2005"), amount(facts, "ir07-rate-2006")
    count, earlier = amount(facts, "ir07-registered-2007"), amount(facts, "cb05-addicts-2005")
    population = amount(facts, "ir07-population")
    stated, fall = amount(facts, "ir07-registered-drop"), 100 * (1 - after / before)
    persons = {year: count / rate / 10 for year, count, rate in ((2005, earlier, before), (2006, count, after))}
    implied = [
        agree(
            f"population for count and rate of {year}",
            reading="one register",
            expected=population,
            computed=number,
            tolerance=TO_MILLIONS,
            unit="million persons",
        )
        for year, number in persons.items()
    ]
    return (
        *implied,
        agree(
            "fall of the rate",
            reading="two registers",
            expected=stated,
            computed=fall,
            tolerance=TO_TENTHS,
            unit="percent",
        ),
        *numbers(
            "I-14",
            {
                "fall of the rate": fall,
                "stated over computed fall": stated / fall,
                "rise of the count": 100 * (count / earlier - 1),
                "rate of the count": PER * count / (population * 1e6),
                "persons for count and rate of 2006": persons[2006],
                "persons for count and rate of 2005": persons[2005],
            },
        ),
    )


def total_users(facts: Facts) -> tuple[Check, ...]:
    """I-16: the three percent of injectors exceed four times the registered; the choice is a judgement."""
    injecting = amount(facts, "sr04-population") * amount(facts, "sr04-injecting-share") / 100
    all_users = users(facts)
    addicts_1995 = amount(facts, "in96-registered-addicts-1995") * amount(facts, "in96-addict-multiplier")
    return numbers(
        "I-16",
        {
            "injecting users": injecting,
            "all users": all_users,
            "injecting over all users": injecting / all_users,
            "addicts of 1995": addicts_1995,
        },
    )


def cannabis(facts: Facts) -> tuple[Check, ...]:
    """I-32: dense growth against all wild growth, and the potential against the actual cut."""
    chu, taldykorgan = amount(facts, "in96-cannabis-area-chu"), amount(facts, "in96-cannabis-area-taldykorgan")
    dense, broad = chu + taldykorgan, amount(facts, "cb05-cannabis-area") * 1e6
    potential, harvest = amount(facts, "in96-cannabis-yield"), amount(facts, "sr04-cannabis-harvest-1998")
    return (
        agree("broad over dense area", reading="one area", expected=1, computed=broad / dense, unit="factor"),
        at_most("dense beyond broad area", reading="dense and broad", value=dense, limit=broad, unit="ha"),
        at_most("harvest beyond potential", reading="dense and broad", value=harvest, limit=potential, unit="t"),
        *numbers(
            "I-32",
            {
                "dense area": dense,
                "broad over dense area": broad / dense,
                "yield of the dense area": 1000 * potential / dense,
                "yield of the broad area": 1000 * potential / broad,
                "harvest over potential": harvest / potential,
            },
        ),
    )
