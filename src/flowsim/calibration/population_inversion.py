"""Inversion of the closed form for two populations: efforts, concealment, rings, patrols and retail arrests."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from flowsim.calibration.components import INDEX, simple
from flowsim.calibration.inversion import TOLERANCE, YEAR_PARTS, Solved, Wanted, wanted
from flowsim.calibration.population_model import PopulationModel
from flowsim.engine.expectation.engine import expect
from flowsim.results.registry import CHANNELS
from flowsim.simulation.assumed import SetNumbers
from flowsim.world.checkpoint import AGENCIES, EFFORT_CLASSES, agency_key
from flowsim.world.traffic import HEROIN
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

MOST_STEPS = 16
"""Most steps of the solver [1]."""

NEAR = 3e-3
"""Largest difference between the share of the hidden population in the finds and the drawn one [1]."""

FARTHEST = 8.0
"""Largest shift of the mean concealment either way [standard deviations]."""

LARGEST_MOVE = 2.0
"""Largest change of the concealment in one step [standard deviations]."""

SLOPE = -1.5
"""Change of the logarithm of the ratio of the populations in the finds per standard deviation, before two are known."""

LEAST_EFFORT = 1e-6
"""Smallest effort that is tried [1]."""

WIDE = 0.3
"""Logarithm of the factor on the ratio of the populations above which an effort is known roughly [1]."""

BEYOND = {True: 2.0, False: 1.2}
"""Proportional effort from which on a draw is refused without a run at effort 1, while `WIDE` and after [1].

Finds grow less than in proportion to effort, so that the effort needed is larger still.
"""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Masses of heroin that a world takes in a mean year [kg/year]."""

    found: Mapping[str, Floats]
    """Found at checkpoints by class of effort, dims (population,)."""

    tipped: Mapping[str, float]
    """Part of `found` on tips."""

    case: float
    """Taken by cases."""

    patrol: float
    """Seized by patrols."""

    market: float
    """Taken from retail sellers."""


def numbers_of(model: PopulationModel, drawn: Mapping[str, float], *, world: World) -> dict[str, float]:
    """Numbers of a world that follow directly from a draw, by name as in `SetNumbers`.

    Parameters
    ----------
    model
        Model of the draw.
    drawn
        Values of its parameters.
    world
        Calibrated world.
    """
    first, second = model.setting.populations
    own = f"populations:{HEROIN}/"
    return {
        "parameters:inflow": drawn["inflow"],
        **{f"{own}{name}.load_median": drawn[f"{name}_median"] for name in (first, second)},
        **{f"{own}{name}.load_log_sd": drawn[f"{name}_log_sd"] for name in (first, second)},
        f"{own}{second}.mass_share": drawn["mass_share"],
        f"{own}{first}.rings": drawn["ring_share"],
        **model.setting.splits.numbers(drawn, world=world),
        **dict(zip(YEAR_PARTS, (drawn["level_log_sd"], drawn["year_log_sd"]), strict=True)),
    }


def solve(model: PopulationModel, drawn: Mapping[str, float], *, world: World, nuisance: Mapping[str, float]) -> Solved:
    """World whose closed form reproduces the masses of a draw, and the share of the hidden population in its finds.

    Finds of the population hidden less are nearly proportional to the effort of a class, whatever the concealment of
    the other; the logarithm of the ratio of both is nearly linear in that concealment. Each step moves all efforts to
    their share of the wanted finds and the concealment to the wanted ratio, with the slopes of the last two steps.
    Cases, patrols and retail arrests are scaled, until all masses differ by less than `TOLERANCE`. An effort above 1 is
    refused after a run at effort 1 that finds too little, or where it is far above.

    Parameters
    ----------
    model
        Model of the draw.
    drawn
        Values of its parameters.
    world
        Calibrated world.
    nuisance
        Draws of the nuisance parameters, by name as in `SetNumbers`.
    """
    aim = wanted(model.setting, drawn, world=world)
    names, share = model.setting.populations, drawn["found_share"]
    numbers = {**nuisance, **numbers_of(model, drawn, world=world)}
    numbers |= {f"inspection:intelligence.cases_{agency_key(a)}": rate for a, rate in aim.cases.items()}
    hidden = f"populations:{HEROIN}/{names[1]}.concealment"
    numbers[hidden] = next(one.concealment for one in world.traffic.populations_of(HEROIN) if one.name == names[1])
    efforts = {name: max(1e-4, min(1.0, world.detection.effort.of(name))) for name in aim.found}
    rings = world.detection.intelligence.rings
    tried: dict[str, tuple[float, float]] = {}
    before: tuple[float, float] | None = None
    refused, residual, slope, quick = "", math.inf, SLOPE, simple(world)
    for step in range(MOST_STEPS):
        numbers |= {f"inspection:effort.{name}": value for name, value in efforts.items()}
        got = taken(_set(quick, numbers), names=names)
        if step == 0 and aim.case_kg > 0:
            whole = round(rings * got.case / aim.case_kg)
            if whole < 1:
                refused = "fewer than one ring"
                break
            numbers["inspection:intelligence.rings"] = float(whole)
            _scale(numbers, "inspection:intelligence.cases_", aim.case_kg / got.case * whole / rings)
        first, second = np.sum(list(got.found.values()), axis=0)
        off = [sum(got.found[name]) / mass for name, mass in aim.found.items()]
        off += [have / mass for have, mass in _pairs(got, aim) if mass > 0 and have > 0]
        residual = max(abs(ratio - 1.0) for ratio in off)
        if step and residual < TOLERANCE and abs(second / (first + second) - share) < NEAR:
            break
        missing = _missing(got, aim, share=share)
        if before is not None and abs(numbers[hidden] - before[0]) > 1e-3:
            slope = min(-0.05, (before[1] - missing) / (numbers[hidden] - before[0]))
        before = numbers[hidden], missing
        refused = _move_efforts(efforts, got, aim=aim, missing=missing, tried=tried)
        numbers[hidden] += max(-LARGEST_MOVE, min(LARGEST_MOVE, missing / slope))
        if abs(numbers[hidden]) > FARTHEST:
            refused = refused or "no concealment gives the share of the hidden population"
        if refused:
            break
        if step:
            _scale_others(numbers, got, aim=aim, world=world)
    else:
        refused = "no effort gives the masses"
    unused = {f"inspection:effort.{name}": 0.0 for name in EFFORT_CLASSES if name not in aim.found}
    return Solved(numbers={**unused, **numbers}, residual=residual, refused=refused)


def taken(world: World, *, names: tuple[str, str]) -> Taken:
    """Masses of heroin that a world takes in a mean year, with each population in a run of its own.

    Parameters
    ----------
    world
        World, as of `components.simple`.
    names
        Names of the populations.
    """
    classes = {post.effort_class for post in world.checkpoints}
    found = {name: np.zeros(2) for name in classes}
    tipped = dict.fromkeys(classes, 0.0)
    sums = dict.fromkeys(CHANNELS, 0.0)
    for k, name in enumerate(names):
        got = expect(_alone(world, name))
        by_channel = got.by_channel[INDEX]
        for channel, mass in zip(CHANNELS, by_channel.sum(axis=1).tolist(), strict=True):
            sums[channel] += mass
        for c, post in enumerate(world.checkpoints):
            mass = float(got.seized[INDEX, c] - got.patrolled[INDEX, c] - got.by_case[INDEX, c])
            found[post.effort_class][k] += mass
            routine, tip = (
                float(by_channel[CHANNELS.index(one), AGENCIES.index(post.agency)]) for one in ("routine", "tip")
            )
            tipped[post.effort_class] += mass * tip / (routine + tip) if tip > 0 else 0.0
    return Taken(found=found, tipped=tipped, case=sums["case"], patrol=sums["patrol"], market=sums["market"])


def _alone(world: World, name: str) -> World:
    """World with one population of heroin alone."""
    (own,) = (one for one in world.traffic.populations_of(HEROIN) if one.name == name)
    alone = replace(own, mass_share=1.0, low=0.0, high=1.0)
    return replace(
        world, traffic=replace(world.traffic, populations=(alone,), inflow=own.mass_share * world.traffic.inflow)
    )


def _set(world: World, numbers: Mapping[str, float]) -> World:
    """World with other numbers, except those of the spread of years."""
    return SetNumbers(values=tuple((k, value) for k, value in numbers.items() if k not in YEAR_PARTS)).apply(world)


def _pairs(got: Taken, aim: Wanted) -> tuple[tuple[float, float], ...]:
    """Masses obtained and wanted from cases, patrols and the market."""
    return (got.case, aim.case_kg), (got.patrol, aim.patrol), (got.market, aim.market)


def _missing(got: Taken, aim: Wanted, *, share: float) -> float:
    """Logarithm of the factor on the ratio of the hidden population to the other that gives its share of the finds."""
    ratios = np.array([max(second, 1e-12) / max(first, 1e-12) for first, second in (got.found[n] for n in aim.found)])
    masses = np.array(list(aim.found.values()))

    def excess(log: float) -> float:
        scaled = ratios * math.exp(log)
        return float((masses * scaled / (1.0 + scaled)).sum() / masses.sum()) - share

    return float(brentq(excess, -60.0, 60.0))


def _scale_others(numbers: dict[str, float], got: Taken, *, aim: Wanted, world: World) -> None:
    """Scale cases, patrols and retail arrests to the wanted masses."""
    if got.case > 0 and aim.case_kg > 0:
        _scale(numbers, "inspection:intelligence.cases_", aim.case_kg / got.case)
    if got.patrol > 0 and aim.patrol > 0:
        numbers["patrols:factor"] = numbers.get("patrols:factor", 1.0) * aim.patrol / got.patrol
    if got.market > 0 and aim.market > 0:
        now = numbers.get("parameters:market", world.traffic.market)
        numbers["parameters:market"] = min(1.0, now * aim.market / got.market)


def _scale(numbers: dict[str, float], prefix: str, factor: float) -> None:
    for name in numbers:
        if name.startswith(prefix):
            numbers[name] *= factor


def _move_efforts(
    efforts: dict[str, float], got: Taken, *, aim: Wanted, missing: float, tried: dict[str, tuple[float, float]]
) -> str:
    """Move each effort to its part of the wanted finds; return the reason for refusing the draw, if any.

    Parameters
    ----------
    efforts
        Efforts by class [1], changed in place.
    got, aim
        Masses that these efforts take, and the wanted ones.
    missing
        As from `_missing`.
    tried
        Efforts of the step before, and what they found of the population hidden less [kg/year]; changed in place.
    """
    wide = abs(missing) > WIDE
    for name, mass in aim.found.items():
        first, second = got.found[name].tolist()
        by_tip = got.tipped[name] * first / (first + second) if first > 0 else 0.0
        found, effort = first - by_tip, efforts[name]
        if not found > 0:
            return f"effort of {name} above 1"
        factor = (mass / (1.0 + second / first * math.exp(missing)) - by_tip) / found
        if factor <= 0.0:
            if effort == LEAST_EFFORT and not wide:
                return f"effort of {name} below 0"
            efforts[name] = LEAST_EFFORT
            continue
        if effort * factor > BEYOND[wide] or (effort == 1.0 and factor > 1.0 + TOLERANCE and not wide):
            return f"effort of {name} above 1"
        growth = 1.0
        if name in tried and abs(math.log(effort / tried[name][0])) > 1e-3:
            growth = math.log(found / tried[name][1]) / math.log(effort / tried[name][0])
        tried[name] = effort, found
        efforts[name] = min(1.0, max(LEAST_EFFORT, effort * factor ** (1.0 / max(0.3, min(1.5, growth)))))
    return ""
