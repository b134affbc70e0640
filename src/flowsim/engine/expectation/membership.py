"""Membership in closed form: what the consignments of a population meet in rings, and outside of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from flowsim.engine.expectation.route_tree import ConsignmentRoutes
from flowsim.world.checkpoint import AGENCIES, agency_key
from flowsim.world.intelligence import CASE_AGENCIES
from flowsim.world.populations import Population


class Members(NamedTuple):
    """Consignments of a population that are all in rings, or all outside."""

    ways: ConsignmentRoutes
    """Their routes, in the world as they meet it."""

    population: Population
    """The population."""

    share: float
    """Share of the mass of the drug [1]."""

    in_rings: bool
    """Whether they belong to rings."""


def members(ways: ConsignmentRoutes, population: Population) -> Iterator[Members]:
    """Consignments of a population in rings, and those outside, each if there are any.

    Parameters
    ----------
    ways
        Routes of the world.
    population
        The population.
    """
    detection = ways.world.detection
    matters = detection.intelligence.has_cases or detection.corruption.protects
    inside = population.rings if matters else 1.0
    for part, in_rings in ((inside, True), (1.0 - inside, False)):
        if part > 0 and population.mass_share > 0:
            met = _met(ways, population, in_rings=in_rings)
            yield Members(met, population, population.mass_share * part, in_rings)


def _met(ways: ConsignmentRoutes, population: Population, *, in_rings: bool) -> ConsignmentRoutes:
    """Routes in the world as they meet it: with the tips of the population; outside rings no cases or protection."""
    if in_rings and population.tips == 1.0:
        return ways
    detection = ways.world.detection
    intelligence, corruption = detection.intelligence, detection.corruption
    changed: dict[str, Any] = {
        f"tip_{agency_key(agency)}": population.tip(intelligence.tip(agency)) for agency in AGENCIES
    }
    if not in_rings:
        changed |= {f"cases_{agency_key(agency)}": 0.0 for agency in CASE_AGENCIES}
        free: dict[str, Any] = {f"protected_{agency_key(agency)}": 0.0 for agency in AGENCIES}
        corruption = replace(corruption, **free)
    detection = replace(detection, intelligence=replace(intelligence, **changed), corruption=corruption)
    return ConsignmentRoutes(replace(ways.world, detection=detection), sites=ways.sites)
