"""Cells of seizures from each group of streams, by country of entry and mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration.components import CASE_COMPONENTS, INDEX, Cell, case_share, simple, tipped_share
from flowsim.calibration.population_evidence import REST, Entries
from flowsim.engine.expectation.engine import expect
from flowsim.results.sites import sites
from flowsim.world.traffic import HEROIN, Stream
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]


def cells_by_group(world: World, entries: Entries) -> dict[Cell, Floats]:
    """Mass of each cell if all heroin came by one group of streams, dims (group,) [kg/year].

    Parameters
    ----------
    world
        World of the year.
    entries
        Entries and their groups.

    Raises
    ------
    ValueError
        If an entry has no stream by a mode.
    """
    found: dict[Cell, Floats] = {}
    shares = entries.of_world(world.traffic)
    for k, (name, share) in enumerate(zip(entries.groups, shares, strict=True)):
        rule = "have streams of heroin by road and by rail"
        checks.require(share > 0 or name == REST, thing=f"entry {name.partition(':')[0]}", rule=rule, value=name)
        if share > 0:
            chosen = (s for s in world.traffic.streams if s.drug == HEROIN and entries.group(s) == name)
            for cell, mass in _cells(_alone(world, chosen, whole=float(share))).items():
                found.setdefault(cell, np.zeros(len(shares)))[k] = mass
    return found


def _cells(world: World) -> dict[Cell, float]:
    """Expected mass of heroin seized in a year by cell, from one run of the closed form [kg/year]."""
    whole, found = expect(simple(world)), dict[Cell, float]()

    def add(cell: Cell, mass: float) -> None:
        found[cell] = found.get(cell, 0.0) + mass

    for k, site in enumerate(sites(world)):
        if k >= whole.seized.shape[1]:
            break
        by_case = float(whole.by_case[INDEX, k])
        rest = float(whole.seized[INDEX, k]) - by_case
        if k < len(world.checkpoints):
            post = world.checkpoints[k]
            patrolled = float(whole.patrolled[INDEX, k])
            tipped = (rest - patrolled) * tipped_share(whole, agency=post.agency)
            component = "crossing" if post.effort_class == "crossing" else "inside"
            add(Cell("patrol", site.oblast, "Border Guards", "patrol"), patrolled)
            add(Cell(component, site.oblast, post.agency, "routine"), rest - patrolled - tipped)
            add(Cell(component, site.oblast, post.agency, "tip"), tipped)
        else:
            add(Cell("market", site.oblast, "Committee", "market"), rest)
        for component, agency in CASE_COMPONENTS.items():
            share = case_share(world.detection.intelligence, agency)
            add(Cell(component, site.oblast, agency, "case"), share * by_case)
    return {cell: mass for cell, mass in found.items() if mass > 1e-9 * float(whole.entered[INDEX])}


def _alone(world: World, streams: Iterable[Stream], *, whole: float) -> World:
    """World in which all heroin comes by some streams."""
    alone: Sequence[Stream] = [replace(s, share=s.share / whole, low=0.0, high=1.0) for s in streams]
    traffic = world.traffic.of_heroin()
    return replace(world, traffic=replace(traffic, streams=tuple(alone)))
