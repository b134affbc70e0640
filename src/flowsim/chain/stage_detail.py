"""The stage of a chain that has a world of its own, post by post: the same flow and rate there, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowsim import checks
from flowsim.engine.expectation.engine import expect
from flowsim.simulation.assumed import SetNumbers
from flowsim.units import KG_PER_TONNE
from flowsim.world.traffic import DRUGS
from flowsim.world.world import World

TOLERANCE = 1e-3
"""Largest relative difference between the mass seized in the detailed world and in its stage [1]."""

MOST_STEPS = 12
"""Most evaluations of the closed form."""

PRACTICE = ("inspection:effort.", "inspection:intelligence.cases_", "parameters:market", "patrols:factor")
"""Numbers of a world that one factor scales: all that is found, as far as nothing else limits it."""


@dataclass(frozen=True, kw_only=True)
class Detailed:
    """Masses of a detailed world that receives what its stage receives and seizes the share that its stage seizes."""

    inflow: float
    """Heroin received [kg/year]."""

    seized: float
    """Heroin seized [kg/year]."""

    retained: float
    """Heroin that stays in the country [kg/year]."""

    left: float
    """Heroin that leaves it [kg/year]."""

    factor: float
    """Factor on the detection of the world as calibrated [1]."""


def detailed(world: World, change: SetNumbers, *, inflow: float, rate: float) -> Detailed:
    """Closed form of a detailed world with the inflow and the rate of its stage.

    All detection is multiplied by one factor, found by secants; what is seized is nearly linear in it.

    Parameters
    ----------
    world
        The detailed world.
    change
        Its calibrated numbers.
    inflow
        Heroin received [kg/year].
    rate
        Share of it that is seized [1].

    Raises
    ------
    ValueError
        If no factor reaches the rate within `TOLERANCE`.
    """
    target = rate * inflow
    checks.require(0 < rate < 1, thing="the rate of a stage", rule="lie between 0 and 1", value=rate)
    known: list[tuple[float, Detailed]] = [(0.0, _at(world, change, inflow=inflow, factor=0.0))]
    factor = 1.0
    for _ in range(MOST_STEPS):
        found = _at(world, change, inflow=inflow, factor=factor)
        if abs(found.seized / target - 1) <= TOLERANCE:
            return found
        known.append((factor, found))
        factor = _next(known, target)
    rule = f"be reached within a part of {TOLERANCE:g} by one factor on the detection of {world.name}"
    raise ValueError(
        f"the rate of a stage must {rule}, got {rate:g}, where {known[-1][1].seized / inflow:g} was reached"
    )


def _at(world: World, change: SetNumbers, *, inflow: float, factor: float) -> Detailed:
    changed = [
        (name, value * factor if name.startswith(PRACTICE) else value)
        for name, value in change.values
        if name != "parameters:inflow"
    ]
    own = SetNumbers(values=(*changed, ("parameters:inflow", inflow / KG_PER_TONNE))).apply(world)
    found, at = expect(own), DRUGS.index("heroin")
    return Detailed(
        inflow=inflow,
        seized=float(found.seized[at].sum()),
        retained=float(found.retained[at]),
        left=float(found.leaked[at].sum()),
        factor=factor,
    )


def _next(known: Sequence[tuple[float, Detailed]], target: float) -> float:
    """Factor at which the line through the last two masses reaches the target, at least 0."""
    (first, before), (second, after) = known[-2:]
    slope = (after.seized - before.seized) / (second - first)
    return max(0.0, second + (target - after.seized) / slope) if slope > 0 else 2 * second
