"""Arithmetic of the contradictions about plans, dates, labels and shares in the texts."""

from __future__ import annotations

import re
from itertools import pairwise

from flowsim.evidence.recomputation import Check, Facts, agree, amount, at_most, numbers

CABLE = re.compile(r"para (?P<paragraph>\d+)(?: \(printed (?P<printed>\d+)\))?.*, L(?P<line>\d+)")
"""Pattern of a locator of the cable."""


def posts(facts: Facts) -> tuple[Check, ...]:
    """I-09: nine posts are planned; only eight are accounted for."""
    road, rail = amount(facts, "cb05-nb-highway-posts"), amount(facts, "cb05-nb-rail-posts")
    total, model = amount(facts, "cb05-nb-total-posts"), amount(facts, "cb05-model-posts")
    listed = 1 + model + amount(facts, "cb05-remaining-posts")
    paid = amount(facts, "cb05-nb-inl-posts")
    crossroads = amount(facts, "cb05-nb-highway-intersections")
    unit = "posts"
    return (
        agree("road and rail posts", reading="nine", expected=total, computed=road + rail, unit=unit),
        agree("road posts, one a crossroads", reading="nine", expected=road, computed=crossroads, unit=unit),
        agree("posts paid by INL", reading="nine", expected=paid, computed=1 + model, unit=unit),
        agree("posts listed one by one", reading="eight", expected=road + rail, computed=listed, unit=unit),
        *numbers(
            "I-09",
            {
                "road and rail posts": road + rail,
                "posts listed one by one": listed,
                "money per post": amount(facts, "cb05-nb-budget") / total,
            },
        ),
    )


def paragraphs(facts: Facts) -> tuple[Check, ...]:
    """I-19: without a stray first digit the cable's paragraph labels neither fall back nor skip lines."""
    rows = [facts[key] for key in facts if key.startswith("cb05-")]
    places = [CABLE.fullmatch(row.locator) for row in rows]
    found = [place for place in places if place]
    corrected = sorted({(int(place["line"]), int(place["paragraph"])) for place in found})
    printed = sorted({(int(place["line"]), int(place["printed"] or place["paragraph"])) for place in found})

    def falls(labels: list[tuple[int, int]]) -> int:
        return sum(later[1] < earlier[1] for earlier, later in pairwise(labels))

    def leaps(labels: list[tuple[int, int]]) -> int:
        # No label can grow by more than the lines between, as each paragraph has a line of its own.
        return sum(later[1] - earlier[1] > later[0] - earlier[0] for earlier, later in pairwise(labels))

    unread = len(places) - len(found)
    name = "labels that fall back or leap"
    return (
        agree(name, reading="as printed", expected=0, computed=falls(printed) + leaps(printed), unit="labels"),
        agree(name, reading="stray digit", expected=0, computed=falls(corrected) + leaps(corrected), unit="labels"),
        agree("locators without a label", reading="stray digit", expected=0, computed=unread, unit="rows"),
        *numbers("I-19", {"paragraphs cited": len({label for _, label in corrected})}),
    )


def poppy_area(facts: Facts) -> tuple[Check, ...]:
    """I-22: one area with two periods; the operation ended after the nine months."""
    first, second = facts["cb05-eradicated-m2"], facts["cb05-poppy-eradicated-m2"]
    late = (second.period_end - first.period_end).days if first.period_end and second.period_end else 0
    wild = amount(facts, "cb05-cannabis-area") * 1e6
    name = "days of the operation after the period"
    return (
        at_most(name, reading="nine months", value=late, limit=0, unit="days"),
        agree("one area", reading="operation", expected=first.amount, computed=second.amount, unit="m2"),
        *numbers(
            "I-22",
            {"area": second.amount / 1e4, "area over wild cannabis, per million": 1e6 * first.amount / 1e4 / wild},
        ),
    )


def tajik_produce(facts: Facts) -> tuple[Check, ...]:
    """I-24: that no country can export 96 percent of its produce and feed itself is a judgement."""
    return numbers("I-24", {"left of the share": 100 - amount(facts, "fd16-tj-fruit-share")})


def road_or_rail(facts: Facts) -> tuple[Check, ...]:
    """I-25: road and rail cannot both carry most of one flow, by the meaning of the words; no split is printed."""
    return numbers("I-25", {"neither road nor rail": 100 - amount(facts, "fd16-land-mode-share")})


def customs_union(facts: Facts) -> tuple[Check, ...]:
    """I-30: the claim of four members is older than the statement of three; preferring the latest is a judgement."""
    older, latest = amount(facts, "published-silkroad2004"), amount(facts, "published-fad-unodc2012")
    claimed = amount(facts, "sr04-customs-union-countries")
    return numbers("I-30", {"members claimed": claimed, "years between": latest - older})


def source_tag(facts: Facts) -> tuple[Check, ...]:
    """I-36: a text on the border in 2011 cannot stem from a report of 2008."""
    start = facts["fd16-ru-border-6850"].period_start
    described = start.year if start else 0
    tagged, assigned = amount(facts, "published-fad-unodc2008"), amount(facts, "published-fad-unodc2012")
    name = "year described after the report"
    return (
        at_most(name, reading="report of 2008", value=described, limit=tagged, unit="years"),
        at_most(name, reading="report of 2012", value=described, limit=assigned, unit="years"),
        *numbers(
            "I-36",
            {"years after the tagged report": described - tagged, "years before the other": assigned - described},
        ),
    )
