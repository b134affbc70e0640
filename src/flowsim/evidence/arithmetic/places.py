"""Arithmetic of the contradictions about places: borders, directions, distances and routes."""

from __future__ import annotations

from flowsim.evidence.geography import Point, bearing, between, distance
from flowsim.evidence.recomputation import Check, Facts, agree, amount, at_most, numbers

TO_HUNDREDS = 50.0
"""Half a unit of the last digit of a length printed in hundreds [km]."""

TO_TENS = 5.0
"""Half a unit of the last digit of a length printed in tens [km]."""

OCTANT = 22.5
"""Half the eighth of the compass covered by a word such as northwest [degrees]."""

COMPASS = {"northeast": 45.0, "northwest": 315.0}
"""Bearing of the words for directions [degrees]."""

ON_THE_WAY = 1.3
"""Largest detour factor for a place to count as on the way (assumed) [factor]."""

AT_THE_BORDER = 20.0
"""A border point lies within this of the border (assumed; coordinates are good to 10 km) [km]."""

DETOUR = f"a place on the way lengthens it by a factor of {ON_THE_WAY:g} at most"
NEARBY = f"a border point lies within {AT_THE_BORDER:g} km of the border"
COMPASS_WORD = "a word such as northwest stands for an eighth of the compass"
"""Assumption in the checks of places."""


def point(facts: Facts, place: str) -> Point:
    """Coordinates of a place [degrees]."""
    return amount(facts, f"{place}-latitude"), amount(facts, f"{place}-longitude")


def apart(facts: Facts, start: str, end: str) -> float:
    """Great-circle distance of two places [km]."""
    return distance(point(facts, start), point(facts, end))


def borders(facts: Facts) -> tuple[Check, ...]:
    """I-07: the unnamed 3,600 km are the three southern borders together."""
    long = amount(facts, "fd16-long-border-3600")
    turkmen, kyrgyz = amount(facts, "fd16-tm-border-length"), amount(facts, "border-kg")
    south = kyrgyz + amount(facts, "border-uz") + turkmen
    russian, rounded = amount(facts, "fd16-ru-border-6850"), amount(facts, "fd16-ru-border-6800")
    outside = amount(facts, "border-ru")
    three = "three southern borders"

    def is_long(reading: str, length: float) -> Check:
        return agree("length", reading=reading, expected=long, computed=length, tolerance=TO_HUNDREDS, unit="km")

    def is_russian(length: float, tolerance: float) -> Check:
        name = f"{length:,.0f} km are the Russian border"
        return agree(name, reading=three, expected=length, computed=outside, tolerance=tolerance, unit="km")

    return (
        is_long(three, south),
        is_russian(russian, TO_TENS),
        is_russian(rounded, TO_HUNDREDS),
        is_long("Kyrgyz border", kyrgyz),
        is_long("Russian border", russian),
        *numbers(
            "I-07",
            {
                "southern borders": south,
                "southern borders over the printed length": south / long,
                "two lengths of the Russian border": russian - rounded,
                "outside length of the Russian border less printed": outside - russian,
            },
        ),
    )


def ulken(facts: Facts) -> tuple[Check, ...]:
    """I-08: Ulken lies northwest of Almaty, not northeast."""
    turn = bearing(point(facts, "almaty"), point(facts, "ulken"))
    straight = apart(facts, "almaty", "ulken")

    def lies(reading: str) -> Check:
        away = between(turn, COMPASS[reading])
        name, unit = "beyond the octant", "degrees"
        return at_most(name, reading=reading, value=away, limit=OCTANT, unit=unit, bound=COMPASS_WORD)

    return (
        lies("northeast"),
        lies("northwest"),
        *numbers(
            "I-08",
            {
                "bearing": turn,
                "great circle": straight,
                "printed over straight": amount(facts, "cb05-ulken-distance") / straight,
            },
        ),
    )


def cannot_be_border_points(facts: Facts) -> tuple[Check, ...]:
    """I-28: Arys lies inland and Beyneu on the Uzbek side of the country, not the Turkmen."""
    arys = apart(facts, "arys", "saryagash")
    uzbek, turkmen = apart(facts, "beyneu", "uzbek-corner"), apart(facts, "beyneu", "turkmen-north")
    name = "Arys beyond a border point"
    return (
        at_most(name, reading="border points", value=arys, limit=AT_THE_BORDER, unit="km", bound=NEARBY),
        at_most("Beyneu nearer to Uzbekistan", reading="border points", value=turkmen, limit=uzbek, unit="km"),
        at_most("Beyneu nearer to Turkmenistan", reading="inland, Uzbek", value=uzbek, limit=turkmen, unit="km"),
        *numbers("I-28", {"Arys to Saryagash": arys, "Beyneu to Uzbekistan": uzbek, "Beyneu to Turkmenistan": turkmen}),
    )


def turkmen_route(facts: Facts) -> tuple[Check, ...]:
    """I-29: three statements on Turkmenistan, a tenth of the southern border; preferring the latest is a judgement."""
    latest, first = amount(facts, "published-fad-unodc2012"), amount(facts, "published-silkroad2004")
    return numbers(
        "I-29",
        {
            "part of the southern borders": amount(facts, "fd16-tm-border-length")
            / amount(facts, "fd16-long-border-3600"),
            "years since the first statement": latest - first,
            "years since the second statement": latest - amount(facts, "published-fad-unodc2008"),
        },
    )


def georgievka(facts: Facts) -> tuple[Check, ...]:
    """I-37: the Georgievka between Ayagoz and Oskemen is Kalbatau, not Kordai."""
    straight = apart(facts, "ayagoz", "oskemen")

    def detour(place: str) -> float:
        return (apart(facts, "ayagoz", place) + apart(facts, place, "oskemen")) / straight

    def on_the_way(reading: str, place: str) -> Check:
        name, length = "detour", detour(place)
        return at_most(name, reading=reading, value=length, limit=ON_THE_WAY, unit="factor", bound=DETOUR)

    return (
        on_the_way("Kordai", "kordai"),
        on_the_way("Kalbatau", "kalbatau"),
        *numbers("I-37", {"detour by Kordai": detour("kordai"), "detour by Kalbatau": detour("kalbatau")}),
    )


def chelyabinsk(facts: Facts) -> tuple[Check, ...]:
    """I-38: no listed route ends near Chelyabinsk, the place of a find; Kostanay is nearer than all ends."""
    ends = {
        end: apart(facts, end, "chelyabinsk") for end in ("petropavl", "pavlodar", "oskemen", "oral", "ganyushkino")
    }
    kostanay, nearest = apart(facts, "kostanay", "chelyabinsk"), min(ends.values())
    found = amount(facts, "cb05-chelyabinsk-heroin")
    kept = 1000 * amount(facts, "fd16-heroin-flow-2010")
    return (
        at_most("listed exit beyond Kostanay", reading="listed exits", value=nearest, limit=kostanay, unit="km"),
        at_most("Kostanay beyond a listed exit", reading="Kostanay", value=kostanay, limit=nearest, unit="km"),
        *numbers(
            "I-38",
            {
                "Kostanay to Chelyabinsk": kostanay,
                **{f"{end} to Chelyabinsk": length for end, length in ends.items()},
                "load in a year's flow": 100 * found / kept,
            },
        ),
    )


def inflow_country(facts: Facts) -> tuple[Check, ...]:
    """I-49: routes lead in from Kyrgyzstan and from Uzbekistan; their split is not reported."""
    record = 100 * amount(facts, "fd16-max-seizure-2008") / (1000 * amount(facts, "fd16-heroin-flow-2010"))
    kyrgyz, uzbek = amount(facts, "fd16-kg-routes"), amount(facts, "fd16-uz-routes")
    part = kyrgyz / (kyrgyz + uzbek)
    return numbers("I-49", {"record load in a year's flow": record, "Kyrgyz part of routes": part})


def tashkent(facts: Facts) -> tuple[Check, ...]:
    """I-50: the road from Shymkent to Tashkent cannot be shorter than the great circle."""
    straight, printed = apart(facts, "shymkent", "tashkent"), amount(facts, "fd16-shymkent-tashkent-km")
    name = "great circle beyond the distance"
    return (
        at_most(name, reading="100 km", value=straight, limit=printed + TO_TENS, unit="km"),
        at_most("printed beyond the great circle", reading="115 km or more", value=printed, limit=straight, unit="km"),
        *numbers("I-50", {"great circle": straight, "great circle over printed": straight / printed}),
    )
