"""Arithmetic of the contradictions about seized masses: by agency, place, quarter and case."""

from __future__ import annotations

from flowsim.evidence.recomputation import Check, Facts, agree, amount, at_most, numbers

LAST_DIGIT = 0.1
"""Least difference between two unequal masses printed to 0.1 kg [kg]."""

OBLASTS_AND_CITIES = 16
"""Fourteen oblasts and two cities of their own rank in 2006 (public geography)."""

HALF_PERCENT = 0.5
"""Half a unit of the last digit of a whole percentage."""

HALF = 50.0
"""A spread over the country leaves less than half of the mass in three places (assumed) [percent]."""

TO_TENS = 5.0
"""Half a unit of the last digit of "almost 90 per cent" (assumed to be rounded to tens) [percent]."""

ONE_KILOGRAM = 1.0
"""Largest difference between two masses of one consignment, both printed to 1 kg [kg]."""


def two_agencies(facts: Facts) -> tuple[Check, ...]:
    """I-03: the 130 kg of heroin in 2005 are the Committee's alone."""
    committee, repeat = amount(facts, "cb05-heroin-130"), amount(facts, "cb05-heroin-130-b")
    knb, opium = amount(facts, "cb05-knb-heroin-2005"), amount(facts, "cb05-knb-opium-2005")
    national = amount(facts, "fd16-opiates-series-2005")
    documented = committee + knb + opium
    name, bound = "KNB heroin beyond the total", "the KNB seized no more than the excess in the months after September"
    return (
        at_most(name, reading="national", value=knb, limit=committee, unit="kg", bound=bound),
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
        name, bound = "lacks to differ from the heroin cell", "of two equal cells one was copied"
        return at_most(name, reading=reading, value=LAST_DIGIT, limit=abs(mass - heroin), unit="kg", bound=bound)

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
    trap = opium + heroin
    return (
        at_most("Trap beyond the opiates of 2005", reading="Kazakh, 2005", value=trap, limit=national, unit="kg"),
        at_most("opium beyond the KNB's", reading="Kazakh, 2005", value=opium, limit=knb_opium, unit="kg"),
        at_most("opiates of 2005 beyond Trap", reading="wider", value=national, limit=trap, unit="kg"),
        *numbers(
            "I-05",
            {
                "opium over the KNB's": opium / knb_opium,
                "heroin over the KNB's": heroin / knb_heroin,
                "Trap over 2005": trap / national,
                "KNB over 2005": knb / national,
            },
        ),
    )


def opium_fall(facts: Facts) -> tuple[Check, ...]:
    """I-11: the fall of 95 percent compares nine months with twelve, and still disagrees with the numbers."""
    stated = amount(facts, "fd16-opium-2011-drop")
    year, nine_months = amount(facts, "fd16-opium-2010"), amount(facts, "fd16-opium-2011-q3")
    raw, alike = 100 * (1 - nine_months / year), 100 * (1 - nine_months / (0.75 * year))
    like, bound = "like with like", "nine months of 2010 are three quarters of the year"
    name = "like with like beyond the stated fall"
    return (
        agree("fall", reading="printed", expected=stated, computed=raw, tolerance=HALF_PERCENT, unit="percent"),
        at_most(name, reading=like, value=alike, limit=stated, unit="percent", bound=bound),
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

    def beyond(drug: str, part: float) -> Check:
        name, bound = f"{drug} of three places beyond half", f"three places of a spread have less than {HALF:g} %"
        return at_most(name, reading="spread", value=part, limit=HALF, unit=percent, bound=bound)

    def above_even(drug: str, part: float) -> Check:
        name, bound = f"even part beyond {drug}", f"{OBLASTS_AND_CITIES} places would have equal parts"
        return at_most(name, reading="concentrated", value=even, limit=part, unit=percent, bound=bound)

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


def ton_consignments(facts: Facts) -> tuple[Check, ...]:
    """I-34: of four consignments of more than a ton the text describes two."""
    consignments, mass = amount(facts, "cb05-marijuana-loads"), amount(facts, "cb05-marijuana-load-mass")
    first, second = amount(facts, "cb05-chu-seizure-1"), amount(facts, "cb05-chu-seizure-2")
    least, described = consignments * mass, first + second
    return (
        agree("loads described", reading="all described", expected=least, computed=described, unit="t"),
        at_most("described beyond the loads", reading="two of four", value=described, limit=least, unit="t"),
        *numbers("I-34", {"least mass": least, "described": described, "first described": first}),
    )


def largest_case(facts: Facts) -> tuple[Check, ...]:
    """I-35: the ring's 66 kg exceed the 64 kg of April; the mass of the largest case is not printed."""
    return numbers("I-35", {"difference": amount(facts, "cb05-ring-heroin") - amount(facts, "cb05-heroin-64")})


def shares_by_year(facts: Facts) -> tuple[Check, ...]:
    """I-42: 13 percent of opiates and "almost 90" percent upstream of heroin agree."""
    inside, upstream = amount(facts, "fd16-regional-share-2006"), amount(facts, "fd16-upstream-share")
    gap = abs((100 - inside) - upstream)

    def within(name: str, reading: str, value: float, limit: float) -> Check:
        bound = '"almost 90" is rounded to tens, and both shares are of one year and drug'
        return at_most(name, reading=reading, value=value, limit=limit, unit="percent", bound=bound)

    return (
        within("gap beyond a rounding to tens", "consistent", gap, TO_TENS),
        within("rounding to tens beyond the gap", "in conflict", TO_TENS, gap),
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
    rest = abs(quarter_opium + quarter_heroin - opium - heroin)

    def same(drug: str, quarter: float, case: float) -> Check:
        name = f"{drug} of the quarter is that of the case"
        return agree(name, reading="one case", expected=quarter, computed=case, tolerance=ONE_KILOGRAM, unit="kg")

    name = "rounding beyond the rest of the quarter"
    return (
        same("opium", quarter_opium, opium),
        same("heroin", quarter_heroin, heroin),
        at_most(name, reading="many cases", value=2 * ONE_KILOGRAM, limit=rest, unit="kg"),
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
    """I-47: the store holds as much as most of nine months; its period is not printed."""
    part = 100 * amount(facts, "cb05-evidence-store") / amount(facts, "cb05-narcotics-19t-b")
    return numbers("I-47", {"stored part of nine months": part})


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


def printed_twice(facts: Facts) -> tuple[Check, ...]:
    """I-51: heroin of 2011 and of 2012 is one number; the single seizures of either year sum to nearly as much."""
    earlier, later = amount(facts, "unodc-heroin-2011"), amount(facts, "unodc-heroin-2012")
    computed = {"2012 beyond 2011": later - earlier}
    for year in (2011, 2012, 2014):
        single, total = amount(facts, f"unodc-ids-heroin-{year}-mass"), amount(facts, f"unodc-heroin-{year}")
        computed[f"single seizures in the total of {year}"] = 100 * single / total
    return numbers("I-51", computed)
