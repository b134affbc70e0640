"""Fruitless searches: alarms on honest vehicles and their cost by agency, in closed form, for the study `check`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flowsim import units
from flowsim.evidence import figure
from flowsim.studies.layout import paragraph
from flowsim.world import utilisation
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.honest_work import false_alarm
from flowsim.world.world import World

COUNTRY, REQUESTS = "Kazakhstan", {"Committee": "cb05-budget-request"}
"""Country with printed budgets, and the key of what an agency asked for."""


@dataclass(frozen=True, kw_only=True)
class Fruitless:
    """Secondary inspections of honest vehicles by one agency, in a mean year."""

    agency: str
    """The agency."""

    referrals: float
    """Honest vehicles in secondary inspection [1/year]."""

    alarms: float
    """False alarms, each followed by a search [1/year]."""

    search: float
    """Cost of these searches to the agency [USD/year]."""

    compensation: float
    """Compensation of the carriers [USD/year]."""

    @property
    def cost(self) -> float:
        """Both together [USD/year]."""
        return self.search + self.compensation


def fruitless(world: World) -> tuple[Fruitless, ...]:
    """Fruitless searches of the agencies with a checkpoint.

    Every vehicle comes, and waves are not let through: the numbers are upper bounds where queues grow long, or where
    trains leave before their inspection.

    Parameters
    ----------
    world
        World with its honest traffic.
    """
    sums = {agency: [0.0, 0.0] for agency in AGENCIES}
    inspected = {
        each.checkpoint: each.per_day * units.DAYS_PER_YEAR
        for each in utilisation.utilisations(world)
        if each.part == "bays"
    }
    for post in world.checkpoints:
        sums[post.agency][0] += inspected[post.name]
        sums[post.agency][1] += inspected[post.name] * false_alarm(post)
    present = {post.agency for post in world.checkpoints}
    detection = world.detection
    return tuple(
        Fruitless(
            agency=agency,
            referrals=referrals,
            alarms=alarms,
            search=alarms * detection.search_cost,
            compensation=alarms * detection.compensation,
        )
        for agency, (referrals, alarms) in sums.items()
        if agency in present
    )


def text(world: World) -> Iterator[str]:
    """Lines on fruitless searches, beside what agencies asked for where that is printed.

    Parameters
    ----------
    world
        World with its honest traffic.
    """
    found = fruitless(world)
    yield from ("", "Fruitless searches of honest vehicles, upper bounds by the closed form; costs are assumed", "")
    yield f"{'agency':24} {'inspected':>12} {'alarms':>10} {'search':>12} {'compensation':>14}"
    yield f"{'':24} {'[1/year]':>12} {'[1/year]':>10} {'[1000 USD]':>12} {'[1000 USD]':>14}"
    for each in found:
        money = f"{each.search / 1e3:12,.0f} {each.compensation / 1e3:14,.0f}"
        yield f"{each.agency:24} {each.referrals:12,.0f} {each.alarms:10,.0f} {money}"
    for each in found:
        if each.agency in REQUESTS and any(place.country == COUNTRY for place in world.network.places):
            yield from paragraph(_beside(each))


def _beside(found: Fruitless) -> str:
    """What an agency asked for beside what its fruitless searches cost."""
    asked = figure(REQUESTS[found.agency])
    assert asked.period_start is not None
    assert asked.period_end is not None
    years = asked.period_end.year - asked.period_start.year + 1
    part = found.cost / (asked.amount * 1e6 / years)
    return (
        f"Printed beside it: the {found.agency} asked for {asked.amount:g} {asked.unit} for all its work of "
        f"{asked.period_start.year} to {asked.period_end.year} ({asked.source}, {asked.locator}); its fruitless "
        f"searches would take {100 * part:.0f} % of a year's part."
    )
