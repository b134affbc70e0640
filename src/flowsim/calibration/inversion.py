"""Inversion of the closed form: efforts, rings, patrols and retail arrests that reproduce the masses of a draw."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from flowsim import checks
from flowsim.calibration.areas import Areas
from flowsim.calibration.brackets import Bracket, is_exhausted
from flowsim.calibration.components import INDEX, simple, without
from flowsim.calibration.model import Model
from flowsim.engine.expectation.engine import Expectation, expect
from flowsim.results.registry import CHANNELS
from flowsim.simulation.assumed import SetNumbers
from flowsim.simulation.processes import mapping
from flowsim.simulation.simulate import Progress
from flowsim.world.checkpoint import AGENCIES, EFFORT_CLASSES, agency_key
from flowsim.world.world import World

TOLERANCE = 1e-3
"""Largest relative difference between a mass of the solved world and the drawn one [1]."""

MOST_STEPS = 8
"""Most steps of the secant method alone [1]."""

MOST_BRACKETED = 40
"""Most steps of the solver for efforts, with those in a bracket [1]."""

YEAR_PARTS = ("parameters:year_flow_log_sd", "inspection:year_log_sd")
"""Numbers of the world that share the spread of a year's factor."""

CROSSING = "crossing"
"""Class of effort of all controls at crossings."""


@dataclass(frozen=True, kw_only=True)
class Solved:
    """A world that reproduces a draw, as numbers to set in the calibrated world."""

    numbers: Mapping[str, float]
    """Values by name, as in `SetNumbers` [unit of each]."""

    residual: float
    """Largest relative difference between a mass of the world and the drawn one [1]."""

    refused: str
    """Reason for refusing the draw, empty if it is accepted."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Target masses of a world in a mean year."""

    found: Mapping[str, float]
    """Mass found at checkpoints in the routine and on tips, by class of effort [kg/year]."""

    patrol: float
    """Mass seized by patrols [kg/year]; 0 where there are none."""

    market: float
    """Mass of retail arrests [kg/year]; 0 where there are none."""

    cases: Mapping[str, float]
    """Cases by agency [1/year]."""

    case_kg: float
    """Mass taken by cases [kg/year]."""


def numbers_of(model: Model, drawn: Mapping[str, float], *, world: World) -> dict[str, float]:
    """Numbers of a world that follow directly from a draw, by name as in `SetNumbers`.

    Parameters
    ----------
    model
        Model of the draw.
    drawn
        Values of its parameters.
    world
        Calibrated world, with its division of the spread of years over flow and effort.
    """
    flow, effort = world.traffic.year_log_sd, world.detection.year_log_sd
    whole = math.hypot(flow, effort) or 1.0
    parts = (flow / whole, effort / whole) if flow or effort else (0.0, 1.0)
    return {
        "parameters:inflow": drawn["inflow"],
        "parameters:load_median": drawn["load_median"],
        "parameters:load_log_sd": drawn["load_log_sd"],
        "parameters:load_tail": drawn["load_tail"],
        "parameters:load_tail_exponent": drawn["load_tail_exponent"],
        "parameters:load_size_selection": drawn["load_selection"],
        **{name: drawn["year_log_sd"] * part for name, part in zip(YEAR_PARTS, parts, strict=True)},
    }


def wanted(setting: Areas, drawn: Mapping[str, float], *, world: World) -> Wanted:
    """Target masses of a world under the controls of the reference.

    Parameters
    ----------
    setting
        Setting of the calibration.
    drawn
        Values of its parameters.
    world
        Calibrated world.

    Raises
    ------
    ValueError
        If an area's checkpoints have efforts of several classes.
    """
    one = {name: np.array([value]) for name, value in drawn.items()}
    kg = {name: float(mass[0]) for name, mass in setting.kilograms(one).items()}
    classes = class_of_area(setting, world=world)
    found: dict[str, float] = {CROSSING: kg[CROSSING]} if CROSSING in kg else {}
    for area, effort_class in classes.items():
        found[effort_class] = found.get(effort_class, 0.0) + kg[f"inside:{area}"]
    by_case = {"KNB": kg.get("knb", 0.0), "Committee": kg.get("committee", 0.0)}
    total = sum(by_case.values())
    cases = {agency: drawn["cases"] * mass / total for agency, mass in by_case.items()} if total > 0 else {}
    return Wanted(found=found, patrol=kg.get("patrol", 0.0), market=kg.get("market", 0.0), cases=cases, case_kg=total)


def class_of_area(setting: Areas, *, world: World) -> dict[str, str]:
    """Class of effort of the checkpoints inside each area; the empty name is the rest of the country.

    Parameters
    ----------
    setting
        Areas of the country.
    world
        Calibrated world.

    Raises
    ------
    ValueError
        If an area's checkpoints have efforts of several classes, or a class spans a whole area and a part of another.
    """
    found: dict[str, set[str]] = {}
    for post in world.checkpoints:
        if post.effort_class != CROSSING:
            area = setting.area(world.place_of(post).oblast)
            found.setdefault(area, set()).add(post.effort_class)
    for area, classes in found.items():
        rule = "have checkpoints of one class of effort"
        where = f"area '{area}'" if area else "the rest of the country"
        checks.require(len(classes) == 1, thing=where, rule=rule, value=", ".join(sorted(classes)))
    present = {part.partition(":")[2] for part in setting.parts("inside")}
    return {area: next(iter(classes)) for area, classes in found.items() if area in present}


def solve(model: Model, drawn: Mapping[str, float], *, world: World, nuisance: Mapping[str, float]) -> Solved:
    """World whose closed form reproduces the masses of a draw.

    Seizures are nearly linear in each unknown: in the effort of a class, in the inverse of the number of rings, in the
    chance of a patrol and in the share of retail arrests. So efforts are solved by the secant method and the others by
    proportion, until all masses differ by less than `TOLERANCE`. Where a step leaves [0, 1], or too many are taken,
    each effort is sought in a bracket; a draw is refused if with an effort of 0 or 1 the mass still lies beyond.

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
    numbers = {**nuisance, **numbers_of(model, drawn, world=world)}
    numbers.update({f"inspection:intelligence.cases_{agency_key(a)}": rate for a, rate in aim.cases.items()})
    quick = simple(world)
    base = _quick(quick, numbers)
    passive = expect(without(base, effort=True))
    refused = _set_passive(numbers, passive, aim=aim, world=base)
    efforts = {name: max(1e-4, min(1.0, world.detection.effort.of(name))) for name in aim.found}
    before: dict[str, tuple[float, float]] = {}
    brackets: dict[str, Bracket] = {}
    residual = math.inf
    for step in range(1, MOST_BRACKETED + 1):
        if refused:
            break
        numbers.update({f"inspection:effort.{name}": value for name, value in efforts.items()})
        changed = _quick(quick, numbers)
        found, tipped, parts = _compared(expect(changed), passive, aim=aim, world=changed)
        off = {name: found[name] / mass for name, mass in aim.found.items()}
        residual = max(abs(ratio - 1.0) for ratio in (*off.values(), *parts.values()))
        if residual < TOLERANCE:
            break
        proposed = {}
        for name, mass in aim.found.items():
            gained = _gain(efforts[name], found[name], tipped[name], before=before.get(name))
            before[name] = efforts[name], found[name]
            away = math.copysign(math.inf, mass - found[name])
            proposed[name] = efforts[name] + ((mass - found[name]) / gained if gained > 0 else away)
        if not brackets and (step == MOST_STEPS or not all(0.0 < value <= 1.0 for value in proposed.values())):
            brackets = {name: Bracket() for name in aim.found}
        if brackets:
            refused = _out_of_reach(efforts, {**off, **parts})
            proposed = {
                name: bracket.following(efforts[name], short=off[name] < 1.0, proposed=proposed[name])
                if abs(off[name] - 1.0) >= TOLERANCE
                else min(1.0, max(0.0, proposed[name]))
                for name, bracket in brackets.items()
            }
        efforts = proposed
        _scale(numbers, parts)
    if not refused and residual >= TOLERANCE:
        refused = "no effort gives the masses"
    unused = {f"inspection:effort.{name}": 0.0 for name in EFFORT_CLASSES if name not in aim.found}
    return Solved(numbers={**unused, **numbers}, residual=residual, refused=refused)


def _quick(world: World, numbers: Mapping[str, float]) -> World:
    """World with other numbers, except those of the spread of years."""
    return SetNumbers(values=tuple((k, value) for k, value in numbers.items() if k not in YEAR_PARTS)).apply(world)


def _set_passive(numbers: dict[str, float], passive: Expectation, *, aim: Wanted, world: World) -> str:
    """Set rings, patrols and the market; return the reason for refusing the draw, if any."""
    by_channel = passive.by_channel[INDEX].sum(axis=1)
    case, patrol, market = (float(by_channel[CHANNELS.index(name)]) for name in ("case", "patrol", "market"))
    if aim.case_kg > 0:
        rings = round(world.detection.intelligence.rings * case / aim.case_kg)
        if rings < 1:
            return "fewer than one ring"
        numbers["inspection:intelligence.rings"] = float(rings)
        # Rings are whole; the number of cases offsets the rounding.
        rounding = aim.case_kg / case * rings / world.detection.intelligence.rings
        for agency in aim.cases:
            numbers[f"inspection:intelligence.cases_{agency_key(agency)}"] *= rounding
    if aim.patrol > 0 and patrol > 0:
        numbers["patrols:factor"] = aim.patrol / patrol
    if aim.market > 0 and market > 0:
        numbers["parameters:market"] = min(1.0, world.traffic.market * aim.market / market)
    return ""


def _out_of_reach(efforts: Mapping[str, float], off: Mapping[str, float]) -> str:
    """Reason for refusing a draw where some efforts are at an end and all other masses are those of the draw."""
    wrong = {name: ratio < 1.0 for name, ratio in off.items() if abs(ratio - 1.0) >= TOLERANCE}
    if not all(name in efforts and is_exhausted(efforts[name], short=short) for name, short in wrong.items()):
        return ""
    return next((f"effort of {name} {'above 1' if short else 'below 0'}" for name, short in wrong.items()), "")


def _gain(effort: float, found: float, tipped: float, *, before: tuple[float, float] | None) -> float:
    """Mass gained by a class per unit of effort: secant to the previous step, else routine finds over effort [kg]."""
    if before is None or before[0] == effort:
        return max(found - tipped, 0.0) / effort if effort > 0 else 0.0
    return (found - before[1]) / (effort - before[0])


def _compared(
    got: Expectation, passive: Expectation, *, aim: Wanted, world: World
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Mass found by class of effort, its part on tips [kg], and ratios of the other masses to the drawn ones [1]."""
    by_channel = got.by_channel[INDEX]
    sums = dict(zip(CHANNELS, by_channel.sum(axis=1).tolist(), strict=True))
    case_before = float(passive.by_channel[INDEX, CHANNELS.index("case")].sum())
    scale = sums["case"] / case_before if case_before > 0 else 0.0
    found, tipped = dict.fromkeys(aim.found, 0.0), dict.fromkeys(aim.found, 0.0)
    for k, post in enumerate(world.checkpoints):
        if post.effort_class not in found:
            continue
        taken = scale * float(passive.seized[INDEX, k] - passive.patrolled[INDEX, k])
        mass = float(got.seized[INDEX, k] - got.patrolled[INDEX, k]) - taken
        agency = AGENCIES.index(post.agency)
        routine, tip = (float(by_channel[CHANNELS.index(name), agency]) for name in ("routine", "tip"))
        found[post.effort_class] += mass
        tipped[post.effort_class] += mass * tip / (routine + tip) if tip > 0 else 0.0
    drawn = {"case": aim.case_kg, "patrol": aim.patrol, "market": aim.market}
    return found, tipped, {name: sums[name] / mass for name, mass in drawn.items() if mass > 0 and sums[name] > 0}


def _scale(numbers: dict[str, float], parts: Mapping[str, float]) -> None:
    """Divide the numbers of cases, patrols and the market by their ratios of obtained to drawn mass."""
    for name, ratio in parts.items():
        keys = {"patrol": ("patrols:factor",), "market": ("parameters:market",)}.get(
            name, tuple(key for key in numbers if key.startswith("inspection:intelligence.cases_"))
        )
        for key in keys:
            numbers[key] /= ratio


Pair = tuple[Mapping[str, float], Mapping[str, float]]
"""Values of the parameters of a draw, and its draw of the nuisance parameters."""


def solve_all(
    solver: Callable[[Pair], Solved],
    draws: Sequence[Mapping[str, float]],
    *,
    nuisance: Sequence[Mapping[str, float]],
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Solved]:
    """Worlds of several draws.

    Parameters
    ----------
    solver
        World of one draw.
    draws
        Values of the parameters of each.
    nuisance
        Draws of the nuisance parameters, one for each.
    workers
        Number of worker processes, without effect on the result.
    progress
        Callback of progress.
    """
    tell = progress or (lambda step, done, total: None)
    step, total = "worlds of the draws", len(draws)
    pairs = list(zip(draws, nuisance, strict=True))
    found: list[Solved] = []
    tell(step, 0, total)
    with mapping(workers, chunk=8) as jobs:
        for solved in jobs(solver, pairs):
            found.append(solved)
            tell(step, len(found), total)
    return found
