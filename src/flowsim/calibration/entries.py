"""Cells of seizures from each group of streams, by country of entry, mode and sector of exits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.calibration.components import CASE_COMPONENTS, INDEX, Cell, case_share, simple, tipped_share
from flowsim.calibration.splits import Splits
from flowsim.engine.expectation.engine import expect
from flowsim.results.sites import sites
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]


def cells_by_group(world: World, splits: Splits) -> dict[Cell, Floats]:
    """Mass of each cell if all heroin came by one group of streams, dims (group,) [kg/year].

    Parameters
    ----------
    world
        World of the year.
    splits
        Its division over groups.
    """
    found: dict[Cell, Floats] = {}
    for k in np.flatnonzero(splits.shares > 0).tolist():
        for cell, mass in _cells(splits.alone(world, k)).items():
            found.setdefault(cell, np.zeros(len(splits.shares)))[k] = mass
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
