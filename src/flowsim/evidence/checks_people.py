"""Arithmetic of the contradictions about drug users."""

from __future__ import annotations

from flowsim.evidence.checking import Check, Facts, agree, amount, at_most, numbers
from flowsim.evidence.checks_flow import users

PER = 100_000
"""Persons to which a rate refers."""

ONE_REGISTER = 5.0
"""Two numbers from one register may differ by this for reasons of date (assumed) [percent]."""


def rates_and_counts(facts: Facts) -> tuple[Check, ...]:
    """I-14: rates fall while counts rise, so they come from different registers."""
    before, after = amount(facts, "ir07-rate-2005"), amount(facts, "ir07-rate-2006")
    count, earlier = amount(facts, "ir07-registered-2007"), amount(facts, "cb05-addicts-2005")
    population = amount(facts, "ir07-population") * 1e6
    fall = 100 * (1 - after / before)
    rise = 100 * (count / earlier - 1)
    implied = PER * count / population
    gap = 100 * (1 - implied / after)
    percent = "percent"
    return (
        at_most("rate beyond the count's", reading="one register", value=gap, limit=ONE_REGISTER, unit=percent),
        at_most("count that rises while the rate falls", reading="one register", value=rise, limit=0, unit=percent),
        at_most("what one register allows", reading="two registers", value=ONE_REGISTER, limit=gap, unit=percent),
        *numbers(
            "I-14",
            {
                "fall of the rate": fall,
                "stated over computed fall": amount(facts, "ir07-registered-drop") / fall,
                "rise of the count": rise,
                "rate of the count": implied,
                "persons for count and rate of 2006": count / after / 10,
                "persons for count and rate of 2005": earlier / before / 10,
            },
        ),
    )


def total_users(facts: Facts) -> tuple[Check, ...]:
    """I-16: three percent who inject would be more than all users together."""
    injecting = amount(facts, "sr04-population") * amount(facts, "sr04-injecting-share") / 100
    registered, all_users = amount(facts, "ir07-registered-2007"), users(facts)
    addicts_1995 = amount(facts, "in96-registered-addicts-1995") * amount(facts, "in96-addict-multiplier")
    persons = "persons"
    name = "injecting users beyond all users"
    four = "four times the registered"
    return (
        at_most(name, reading="3 % inject", value=injecting, limit=all_users, unit=persons),
        at_most("registered users beyond all users", reading=four, value=registered, limit=all_users, unit=persons),
        at_most("addicts of 1995 beyond all users", reading=four, value=addicts_1995, limit=all_users, unit=persons),
        *numbers(
            "I-16",
            {
                "injecting users": injecting,
                "all users": all_users,
                "injecting over all users": injecting / all_users,
                "addicts of 1995": addicts_1995,
            },
        ),
    )


def cannabis(facts: Facts) -> tuple[Check, ...]:
    """I-32: dense growth against all wild growth, and what could be cut against what was."""
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
