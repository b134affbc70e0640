"""Arithmetic of the contradictions about seized masses: by agency, place, quarter and case."""

from __future__ import annotations

from flowsim.evidence.checking import Check, Facts, agree, amount, at_most, numbers

LAST_DIGIT = 0.1
"""Two masses printed to 0.1 kg differ by at least this if they differ [kg]."""

OBLASTS_AND_CITIES = 16
"""Fourteen oblasts and two cities of their own rank in 2006 (public geography)."""

HALF_PERCENT = 0.5
"""Half a unit of the last digit of a whole percentage."""


def two_agencies(facts: Facts) -> tuple[Check, ...]:
    """I-03: the 130 kg of heroin in 2005 are the Committee's alone."""
    committee, repeat = amount(facts, "cb05-heroin-130"), amount(facts, "cb05-heroin-130-b")
    knb, opium = amount(facts, "cb05-knb-heroin-2005"), amount(facts, "cb05-knb-opium-2005")
    national = amount(facts, "fd16-opiates-series-2005")
    documented = committee + knb + opium
    return (
        at_most("KNB heroin beyond the total", reading="national", value=knb, limit=committee, unit="kg"),
        at_most("documented beyond 2005", reading="Committee", value=documented, limit=national, unit="kg"),
        agree("both places give one mass", reading="Committee", expected=committee, computed=repeat, unit="kg"),
        *numbers(
            "I-03",
            {
                "heroin of both agencies": committee + knb,
                "documented": documented,
                "documented part of 2005": 100 * documented / national,
                "most heroin of 2005": national - opium,
            },
        ),
    )


def customs_opium(facts: Facts) -> tuple[Check, ...]:
    """I-04: of two numbers for opium seized by Customs the second repeats the heroin cell."""
    opium = facts["fd16-customs-opium-2010"]
    heroin = amount(facts, "fd16-customs-heroin-2010")
    total = amount(facts, "fd16-opium-2010b")

    def differs(reading: str, mass: float) -> Check:
        name = "lacks to differ from the heroin cell"
        return at_most(name, reading=reading, value=LAST_DIGIT, limit=abs(mass - heroin), unit="kg")

    return (
        differs("39.8 kg", opium.most),
        differs("0.42 kg", opium.amount),
        *numbers(
            "I-04",
            {
                "Customs part of opium, 0.42 kg": 100 * opium.amount / total,
                "Customs part of opium, 39.8 kg": 100 * opium.most / total,
                "Customs part of heroin": 100 * heroin / amount(facts, "fd16-heroin-2010b"),
            },
        ),
    )


def operation_trap(facts: Facts) -> tuple[Check, ...]:
    """I-05: the masses of operation Trap exceed what the KNB and the country seized in the year."""
    opium, heroin = amount(facts, "cb05-trap-opium"), amount(facts, "cb05-trap-heroin")
    knb_opium, knb_heroin = amount(facts, "cb05-knb-opium-2005"), amount(facts, "cb05-knb-heroin-2005")
    national = amount(facts, "fd16-opiates-series-2005")
    knb = knb_opium + knb_heroin
    name = "opiates beyond the total of 2005"
    return (
        at_most(name, reading="Kazakh, 2005", value=opium + heroin, limit=national, unit="kg"),
        at_most("opium beyond the KNB's", reading="Kazakh, 2005", value=opium, limit=knb_opium, unit="kg"),
        at_most(name, reading="wider", value=knb, limit=national, unit="kg"),
        *numbers(
            "I-05",
            {
                "opium over the KNB's": opium / knb_opium,
                "heroin over the KNB's": heroin / knb_heroin,
                "Trap over 2005": (opium + heroin) / national,
                "KNB over 2005": knb / national,
            },
        ),
    )


def opium_fall(facts: Facts) -> tuple[Check, ...]:
    """I-11: the fall of 95 percent compares nine months with twelve and does not come out even so."""
    stated = amount(facts, "fd16-opium-2011-drop")
    year, nine_months = amount(facts, "fd16-opium-2010"), amount(facts, "fd16-opium-2011-q3")
    raw, alike = 100 * (1 - nine_months / year), 100 * (1 - nine_months / (0.75 * year))
    name, unit = "fall", "percent"
    return (
        agree(name, reading="printed", expected=stated, computed=raw, tolerance=HALF_PERCENT, unit=unit),
        at_most(
            "like with like beyond the stated fall", reading="like with like", value=alike, limit=stated, unit=unit
        ),
        *numbers(
            "I-11",
            {
                "fall on twelve months": raw,
                "fall on nine months": alike,
                "base of a fall as stated": nine_months / (1 - stated / 100),
            },
        ),
    )


def concentration(facts: Facts) -> tuple[Check, ...]:
    """I-13: within a year three of sixteen places hold most of the seizures."""
    heroin = [amount(facts, f"fd16-heroin-2006-{place}") for place in ("south", "west", "almaty-city")]
    opium = [amount(facts, f"fd16-opium-2006-{place}") for place in ("almaty-city", "pavlodar", "east")]
    heroin_part = 100 * sum(heroin) / amount(facts, "fd16-heroin-2006")
    opium_part = 100 * sum(opium) / amount(facts, "fd16-opium-2006")
    even = 100 * 3 / OBLASTS_AND_CITIES
    percent = "percent"

    def beyond(name: str, part: float) -> Check:
        return at_most(f"{name} of three places beyond half", reading="spread", value=part, limit=50, unit=percent)

    def above_even(name: str, part: float) -> Check:
        return at_most(f"even part beyond {name}", reading="concentrated", value=even, limit=part, unit=percent)

    return (
        beyond("heroin", heroin_part),
        beyond("opium", opium_part),
        above_even("heroin", heroin_part),
        above_even("opium", opium_part),
        *numbers(
            "I-13",
            {
                "heroin of three places": heroin_part,
                "opium of three places": opium_part,
                "what East kept of its heroin": 100 - amount(facts, "fd16-change-heroin-east"),
            },
        ),
    )


def ton_loads(facts: Facts) -> tuple[Check, ...]:
    """I-34: of four loads of more than a ton the text describes two."""
    loads, mass = amount(facts, "cb05-marijuana-loads"), amount(facts, "cb05-marijuana-load-mass")
    first, second = amount(facts, "cb05-chu-seizure-1"), amount(facts, "cb05-chu-seizure-2")
    least, described = loads * mass, first + second
    return (
        agree("loads described", reading="all described", expected=least, computed=described, unit="t"),
        at_most("described beyond the loads", reading="two of four", value=described, limit=least, unit="t"),
        *numbers("I-34", {"least mass": least, "described": described, "first described": first}),
    )


def largest_case(facts: Facts) -> tuple[Check, ...]:
    """I-35: the largest heroin case known of 2005 is the ring's 66 kg, not the 64 kg of April."""
    group, ring = amount(facts, "cb05-heroin-64"), amount(facts, "cb05-ring-heroin")
    return (
        at_most("ring beyond the largest", reading="64 kg", value=ring, limit=group, unit="kg"),
        at_most("group beyond the largest", reading="66 kg or more", value=group, limit=ring, unit="kg"),
        *numbers("I-35", {"difference": ring - group}),
    )


def shares_by_year(facts: Facts) -> tuple[Check, ...]:
    """I-42: 13 percent of opiates and "almost 90" percent upstream of heroin agree."""
    inside, upstream = amount(facts, "fd16-regional-share-2006"), amount(facts, "fd16-upstream-share")
    gap = abs((100 - inside) - upstream)
    percent = "percent"
    return (
        at_most("gap beyond a rounding to tens", reading="consistent", value=gap, limit=5, unit=percent),
        at_most("rounding to tens beyond the gap", reading="in conflict", value=5, limit=gap, unit=percent),
        *numbers("I-42", {"upstream of 2006": 100 - inside, "inside of 2010": 100 - upstream}),
    )


def one_case(facts: Facts) -> tuple[Check, ...]:
    """I-45: one ring in Shymkent is the whole first quarter of 2005 in the south."""
    opium, heroin = amount(facts, "cb05-ring-shymkent-opium"), amount(facts, "cb05-ring-shymkent-heroin")
    quarter_opium, quarter_heroin = (
        amount(facts, "cb05-south-q1-2005-opium"),
        amount(facts, "cb05-south-q1-2005-heroin"),
    )
    fall = amount(facts, "fd16-change-opium-south") + HALF_PERCENT
    ceiling = amount(facts, "fd16-opium-2006-east") / (1 - fall / 100)
    rest = quarter_opium + quarter_heroin - opium - heroin
    name = "opium of the quarter beyond what 2006 allows"
    return (
        agree("rest of the quarter", reading="one case", expected=0, computed=rest, tolerance=1.0, unit="kg"),
        at_most(name, reading="one case", value=quarter_opium, limit=ceiling, unit="kg"),
        at_most("the case beyond half", reading="many cases", value=opium, limit=quarter_opium / 2, unit="kg"),
        *numbers(
            "I-45",
            {
                "opium of the ring elsewhere": amount(facts, "cb05-ring-opium") - opium,
                "heroin of the ring elsewhere": amount(facts, "cb05-ring-heroin") - heroin,
                "ring in the opium of the quarter": 100 * opium / quarter_opium,
                "ring in the heroin of the quarter": 100 * heroin / quarter_heroin,
                "most opium of 2005": ceiling,
                "least opium of 2006": quarter_opium * (1 - fall / 100),
            },
        ),
    )


def evidence_store(facts: Facts) -> tuple[Check, ...]:
    """I-47: the store holds most of what nine months brought in, so little is destroyed."""
    part = 100 * amount(facts, "cb05-evidence-store") / amount(facts, "cb05-narcotics-19t-b")
    percent = "percent"
    return (
        at_most("stored part beyond half", reading="destroyed after use", value=part, limit=50, unit=percent),
        at_most("half beyond the stored part", reading="kept", value=50, limit=part, unit=percent),
        *numbers("I-47", {"stored part of nine months": part}),
    )


def zhambyl(facts: Facts) -> tuple[Check, ...]:
    """I-48: a province on the main corridor seized less than its neighbour in every case."""
    south = amount(facts, "fd16-heroin-2006-south")
    heroin, opium = amount(facts, "fd16-heroin-2006-almaty-city"), amount(facts, "fd16-opium-2006-east")
    name = "heroin of South Kazakhstan beyond Zhambyl's ceiling"
    return (
        at_most(name, reading="as its neighbour", value=south, limit=heroin, unit="kg"),
        at_most("ceiling beyond the neighbour", reading="detection gap", value=heroin, limit=south, unit="kg"),
        *numbers(
            "I-48",
            {
                "ceiling over the neighbour": heroin / south,
                "ceiling of heroin": 100 * heroin / amount(facts, "fd16-heroin-2006"),
                "ceiling of opium": 100 * opium / amount(facts, "fd16-opium-2006"),
            },
        ),
    )
