"""Arithmetic of the contradictions about the flow and the share of it seized."""

from __future__ import annotations

from flowsim import units
from flowsim.evidence.recomputation import Check, Facts, agree, amount, at_most, numbers

GRAMS_PER_TONNE = 1e6
"""Grams in a tonne [g/t]."""

NEAR = 2.0
"""Factor within which two estimates of one flow count as compatible (assumed)."""

TO_TONNES = 0.5
"""Half a tonne: the zeros of 1,400 and 4,200 t are taken as significant, the stricter choice [t/year]."""

COMPATIBLE = f"two estimates of a flow differ by a factor of {NEAR:g} at most"
"""Bound of the checks between two flows."""

HALF = 50.0
"""Rare events make up less than half of the mass (assumed) [percent]."""


def share_of_flow(facts: Facts, kilograms: float) -> float:
    """Share of a mass in the heroin flow of 2010 [percent]."""
    return 100 * kilograms / units.kilograms(amount(facts, "fd16-heroin-flow-2010"))


def users(facts: Facts) -> float:
    """All drug users: the registered times the unofficial multiplier [persons]."""
    return amount(facts, "ir07-registered-2007") * amount(facts, "ir07-user-multiplier")


def retained(facts: Facts, flow: float) -> float:
    """Heroin of a flow retained in the country [g/year]."""
    return flow * GRAMS_PER_TONNE * amount(facts, "cb05-retained-share") / 100


def most_used(facts: Facts) -> str:
    """Bound of the checks of consumption."""
    return f"a user takes {facts['heroin-use-per-user'].most:g} g of heroin a year at most"


def heroin_or_opium(facts: Facts) -> tuple[Check, ...]:
    """I-02: 1,400 and 4,200 t are opium misprinted as heroin."""
    flow, output = amount(facts, "cb05-flow-1400t"), amount(facts, "cb05-afghan-4200t")
    flow_2010 = amount(facts, "fd16-heroin-flow-2010")
    as_heroin = flow / amount(facts, "opium-per-heroin")
    grams = retained(facts, flow) / amount(facts, "cb05-addicts-2005")
    opium_2004 = amount(facts, "afghan-opium-2004")
    third = amount(facts, "cb05-afghan-share") * output
    use = facts["heroin-use-per-user"].most
    name, user = "flow over that of 2010", "g/person/year"

    def near(reading: str, flow: float) -> Check:
        return at_most(name, reading=reading, value=flow / flow_2010, limit=NEAR, unit="factor", bound=COMPATIBLE)

    def same(name: str, expected: float, computed: float) -> Check:
        return agree(name, reading="opium", expected=expected, computed=computed, tolerance=TO_TONNES, unit="t/year")

    return (
        near("heroin", flow),
        at_most("heroin kept per addict", reading="heroin", value=grams, limit=use, unit=user, bound=most_used(facts)),
        near("opium", as_heroin),
        same("Afghan opium of 2004", opium_2004, output),
        same("a third of the output", flow, third),
        *numbers(
            "I-02",
            {
                "a third of the output": third,
                "output over Afghan opium of 2004": output / opium_2004,
                "flow over that of 2010": flow / flow_2010,
                "flow over its lower end": flow / facts["fd16-heroin-flow-2010"].least,
                "heroin in the opium": as_heroin,
                "heroin in the opium, most": flow / facts["opium-per-heroin"].least,
                "heroin kept per addict": grams,
            },
        ),
    )


def below_one_percent(facts: Facts) -> tuple[Check, ...]:
    """I-06: less than one percent is seized on average, but not in every year."""
    limit = amount(facts, "fd16-seized-share-average")
    flow = facts["fd16-heroin-flow-2010"]
    of_2009, of_2010 = amount(facts, "fd16-heroin-2009"), amount(facts, "fd16-heroin-2010")
    mean = share_of_flow(facts, (of_2009 + of_2010) / 2)
    percent = "percent"

    bound = f"the flow of each year is the middle of that of 2010, {flow.amount:g} t"

    def below(name: str, reading: str, share: float) -> Check:
        return at_most(name, reading=reading, value=share, limit=limit, unit=percent, bound=bound)

    return (
        below("2009", "every year", share_of_flow(facts, of_2009)),
        below("2010", "on average", share_of_flow(facts, of_2010)),
        below("mean of 2009 and 2010", "on average", mean),
        *numbers(
            "I-06",
            {
                "2010": share_of_flow(facts, of_2010),
                "2010, least": 100 * of_2010 / units.kilograms(flow.most),
                "2010, most": 100 * of_2010 / units.kilograms(flow.least),
                "2009": share_of_flow(facts, of_2009),
                "mean of 2009 and 2010": mean,
                "mean over the stated limit": mean / limit,
                "2010 over the stated limit": share_of_flow(facts, of_2010)
                / amount(facts, "fd16-seized-share-2010-trilling"),
                "record load of 2008": share_of_flow(facts, amount(facts, "fd16-max-seizure-2008")),
            },
        ),
    )


def retained_tenth(facts: Facts) -> tuple[Check, ...]:
    """I-17: a retained tenth is plausible with the flow of 2010 and absurd with 1,400 t."""
    most = facts["heroin-use-per-user"].most
    large = retained(facts, amount(facts, "cb05-flow-1400t")) / users(facts)
    small = retained(facts, amount(facts, "fd16-heroin-flow-2010")) / users(facts)
    unit = "g/person/year"

    def used(reading: str, grams: float) -> Check:
        name = "heroin per user beyond what is used"
        return at_most(name, reading=reading, value=grams, limit=most, unit=unit, bound=most_used(facts))

    return (
        used("a tenth of 1,400 t", large),
        used("a tenth of 70-75 t", small),
        *numbers("I-17", {"per user of 1,400 t": large, "per user of 70-75 t": small}),
    )


def at_crossings(facts: Facts) -> tuple[Check, ...]:
    """I-31: large consignments rarely, but not never, pass official crossings."""
    record = share_of_flow(facts, amount(facts, "fd16-max-seizure-2008"))
    customs = 100 * amount(facts, "fd16-customs-heroin-2010") / amount(facts, "fd16-heroin-2010b")
    percent, name = "percent", "Customs part of heroin"
    bound = f"what happens rarely makes less than {HALF:g} % of the mass"
    return (
        agree(name, reading="never", expected=0, computed=customs, unit=percent),
        at_most(f"{name} beyond half", reading="rarely", value=customs, limit=HALF, unit=percent, bound=bound),
        *numbers("I-31", {"record load in a year's flow": record, "Customs part of heroin": customs}),
    )


def equipment(facts: Facts) -> tuple[Check, ...]:
    """I-40: the best equipped of five countries makes less than a fifth of the seizures."""
    part = amount(facts, "fd16-regional-share-2006")
    fifth = 100 / amount(facts, "fd16-agreeing-republics")
    share = share_of_flow(facts, amount(facts, "fd16-heroin-2010"))

    def bounded(name: str, reading: str, value: float, limit: float) -> Check:
        bound = "equipment alone would bring an equal part of the five republics' seizures"
        return at_most(name, reading=reading, value=value, limit=limit, unit="percent", bound=bound)

    return (
        bounded("part below an equal one", "equipment alone", fifth, part),
        bounded("part beyond an equal one", "effort too", part, fifth),
        *numbers(
            "I-40",
            {
                "part over an equal one": part / fifth,
                "2010 over the stated limit": share / amount(facts, "fd16-seized-share-2010-trilling"),
            },
        ),
    )
