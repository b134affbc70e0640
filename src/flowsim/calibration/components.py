"""Components of seizures by oblast, agency and channel, decomposed by the closed form of a world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from flowsim.engine.expectation.engine import Expectation, expect
from flowsim.results.sites import sites
from flowsim.world.checkpoint import AGENCIES, agency_key
from flowsim.world.detection import Effort
from flowsim.world.intelligence import CASE_AGENCIES, Intelligence
from flowsim.world.traffic import DRUGS, HEROIN
from flowsim.world.world import World

COMPONENTS = ("crossing", "patrol", "inside", "knb", "committee", "market")
"""Components of a year's seizures [kg]: found in the routine or on a tip at crossings, on their bypasses, at
checkpoints inside, by cases of the KNB and of the Committee, and from retail sellers."""

CASE_COMPONENTS: Mapping[str, str] = dict(zip(("knb", "committee"), CASE_AGENCIES, strict=True))
"""Agency of each component of cases."""

INDEX = DRUGS.index(HEROIN)
"""Position of heroin in the results of the closed form."""

NO_EFFORT = Effort(crossing=0.0, inside=0.0, south=0.0, almaty=0.0)
"""Effort without any follow-up of alarms."""


class Cell(NamedTuple):
    """One cell of a year's seizures."""

    component: str
    """One of `COMPONENTS`."""

    oblast: str
    """Oblast of the place."""

    agency: str
    """Agency that seizes."""

    channel: str
    """Channel, as in the results."""


Cells = Mapping[Cell, float]
"""Expected mass by cell [kg/year]."""


def simple(world: World) -> World:
    """World with the same means but heroin only, no honest traffic and no differences between years, for speed."""
    traffic = replace(world.traffic.of_heroin(), flows=(), year_log_sd=0.0)
    return replace(world, counts=(), traffic=traffic, detection=replace(world.detection, year_log_sd=0.0))


def without(world: World, *, effort: bool = False, cases: bool = False, market: bool = False) -> World:
    """World without some of its components.

    Parameters
    ----------
    world
        World to change.
    effort
        Leave out finds at checkpoints, tips included.
    cases
        Leave out cases.
    market
        Leave out arrests in the retail trade.
    """
    detection, traffic = world.detection, world.traffic
    intelligence: Intelligence = detection.intelligence
    if effort:
        tips: dict[str, Any] = {f"tip_{agency_key(agency)}": 0.0 for agency in AGENCIES}
        intelligence = replace(intelligence, **tips)
        detection = replace(detection, effort=NO_EFFORT)
    if cases:
        intelligence = replace(intelligence, cases_knb=0.0, cases_committee=0.0)
    if market:
        traffic = replace(traffic, market=0.0)
    return replace(world, traffic=traffic, detection=replace(detection, intelligence=intelligence))


def cells_of(world: World) -> dict[Cell, float]:
    """Expected mass of heroin seized in a year by cell [kg/year]; cells without seizures are left out.

    The closed form is run three times: for the whole world, with cases and patrols alone, and with patrols and the
    market alone. Finds at a checkpoint are the excess of the first over the other two.

    Parameters
    ----------
    world
        World of the year.
    """
    quick = simple(world)
    whole = expect(quick)
    cases = expect(without(quick, effort=True, market=True))
    market = expect(without(quick, effort=True, cases=True))
    found: defaultdict[Cell, float] = defaultdict(float)
    for k, site in enumerate(sites(world)):
        oblast, by_case = site.oblast, _at(cases, k)
        if k >= len(world.checkpoints):
            found[Cell("market", oblast, "Committee", "market")] += _at(market, k)
        else:
            post = world.checkpoints[k]
            by_case -= float(cases.patrolled[INDEX, k])
            component = "crossing" if post.effort_class == "crossing" else "inside"
            patrolled = float(whole.patrolled[INDEX, k])
            rest = _at(whole, k) - patrolled - by_case
            found[Cell("patrol", oblast, "Border Guards", "patrol")] += patrolled
            tipped = rest * tipped_share(whole, agency=post.agency)
            found[Cell(component, oblast, post.agency, "routine")] += rest - tipped
            found[Cell(component, oblast, post.agency, "tip")] += tipped
        for case, agency in CASE_COMPONENTS.items():
            share = case_share(world.detection.intelligence, agency)
            found[Cell(case, oblast, agency, "case")] += share * by_case
    return {cell: mass for cell, mass in found.items() if mass > 1e-9 * whole.entered[INDEX]}


def totals(found: Cells) -> dict[str, float]:
    """Mass by component [kg/year].

    Parameters
    ----------
    found
        Mass by cell.
    """
    return {name: sum(mass for cell, mass in found.items() if cell.component == name) for name in COMPONENTS}


def _at(found: Expectation, site: int) -> float:
    """Mass of heroin seized at a site; a world without cases, hubs and a market has fewer sites [kg/year]."""
    return float(found.seized[INDEX, site]) if site < found.seized.shape[1] else 0.0


def case_share(intelligence: Intelligence, agency: str) -> float:
    """Share of an agency in all cases [1]."""
    every = sum(intelligence.cases(name) for name in CASE_AGENCIES)
    return intelligence.cases(agency) / every if every > 0 else 0.0


def tipped_share(whole: Expectation, *, agency: str) -> float:
    """Share of an agency's finds at its checkpoints made on tips [1]."""
    routine, tip = (float(whole.by_channel[INDEX, k, AGENCIES.index(agency)]) for k in (0, 2))
    return tip / (routine + tip) if tip > 0 else 0.0
