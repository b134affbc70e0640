"""Setting and model of a calibration with two populations, from a world, its years and the evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration import abroad, harvests, population_build, singles, splits
from flowsim.calibration.abroad import Abroad
from flowsim.calibration.components import Cell
from flowsim.calibration.data import Reported
from flowsim.calibration.entries import cells_by_group
from flowsim.calibration.harvests import Harvests
from flowsim.calibration.population_evidence import AbroadRequest, PopulationEvidence, SinglesRequest
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_setting import PopulationSetting
from flowsim.calibration.priors import Priors
from flowsim.calibration.singles import Singles
from flowsim.evidence.single_seizures import load_seizure_counts
from flowsim.world.traffic import HEROIN
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

InYear = Callable[[int, str], World]
"""World with the controls of a year, from the year and the name of a world; empty for the calibrated one."""


def populations_of(world: World) -> tuple[str, str] | None:
    """Names of the two populations of heroin of a world; None if it has a single one.

    Raises
    ------
    ValueError
        If there are more than two, or those with the same mean concealment.
    """
    own = world.traffic.populations_of(HEROIN)
    if len(own) == 1:
        return None
    names = ", ".join(one.name for one in own)
    checks.require(len(own) == 2, thing="populations of heroin to calibrate", rule="be one or two", value=names)
    first, second = sorted(own, key=lambda one: one.concealment)
    rule = "differ in concealment, by which their detection differs"
    checks.require(second.concealment > first.concealment, thing="the populations of heroin", rule=rule, value=names)
    return first.name, second.name


def setting_of(
    world: World,
    evidence: PopulationEvidence,
    *,
    rows: Mapping[str, Reported],
    areas: Mapping[str, str],
    in_year: InYear,
) -> PopulationSetting:
    """Setting of a calibration with two populations.

    Parameters
    ----------
    world
        World to calibrate.
    evidence
        Reports.
    rows
        Rows of the table of reported seizures.
    areas
        Oblast of each area with a share of the finds inside as a parameter.
    in_year
        World with the controls of a year.
    """
    names = populations_of(world)
    rule = "have two populations of heroin"
    checks.require(names is not None, thing="the world of the calibration", rule=rule, value=world.name)
    assert names is not None
    of_rows = {row.year: row.world for row in rows.values() if row.use == "flow"}
    asked = evidence.singles
    used = {row.year for row in rows.values() if row.use != "flow"} | {*asked.sized, *asked.held_out}
    used |= {*evidence.abroad.fitted, *evidence.abroad.held_out} if evidence.abroad else set()
    worlds = {year: in_year(year, of_rows.get(year, "")) for year in sorted(used)}
    division = splits.of_world(world, evidence.entries)
    reference = cells_by_group(world, division)
    known: list[tuple[World, dict[Cell, Floats]]] = [(world, reference)]
    years: dict[int, dict[Cell, Floats]] = {}
    for year, then in worlds.items():
        same = next((cells for other, cells in known if _alike(other, then)), None)
        if same is None:
            level = world.traffic.inflow / then.traffic.inflow
            of_then = splits.of_world(then, evidence.entries)
            same = {cell: mass * level for cell, mass in cells_by_group(then, of_then).items()}
            known.append((then, same))
        years[year] = same
    everywhere = {cell.oblast for cells in (reference, *years.values()) for cell in cells}
    return PopulationSetting(
        areas=dict(areas),
        splits=division,
        populations=names,
        reference=reference,
        years=years,
        of_year={year: splits.of_world(then, evidence.entries).shares for year, then in worlds.items()},
        maximum=max(one.sizes.maximum for one in world.traffic.populations_of(HEROIN)),
        size_exponent=world.detection.intelligence.size_exponent,
        oblasts=tuple(sorted(everywhere)),
    )


def _alike(one: World, other: World) -> bool:
    """Whether two worlds differ in their year and honest traffic at most."""
    same = ("checkpoints", "network", "bypasses", "hubs", "detection", "campaigns")
    traffic = ("streams", "class_shares", "populations", "inflow", "retained_share", "city_weights", "market")
    return all(getattr(one, name) == getattr(other, name) for name in same) and all(
        getattr(one.traffic, name) == getattr(other.traffic, name) for name in traffic
    )


def single_seizures(setting: PopulationSetting, request: SinglesRequest, years: Sequence[int]) -> tuple[Singles, ...]:
    """Single seizures of some years from the package's table.

    Parameters
    ----------
    setting
        Setting with entries and oblasts.
    request
        Country and years.
    years
        Years to read.
    """
    counts = load_seizure_counts()
    return tuple(
        singles.of_year(counts, request=request, year=year, entries=setting.entries, oblasts=setting.oblasts)
        for year in years
    )


def beyond_exits(request: AbroadRequest, years: Sequence[int]) -> tuple[Abroad, ...]:
    """Single seizures beyond the exits in some years, from the package's table.

    Parameters
    ----------
    request
        Country and regions.
    years
        Years to read.
    """
    counts = load_seizure_counts()
    return tuple(abroad.of_year(counts, request=request, year=year) for year in years)


def model_of(
    world: World,
    evidence: PopulationEvidence,
    *,
    rows: Mapping[str, Reported],
    areas: Mapping[str, str],
    priors: Priors,
    in_year: InYear,
) -> PopulationModel:
    """Model of the fitted rows and single seizures for a world.

    Parameters
    ----------
    world, evidence, rows, areas, in_year
        As for `setting_of`.
    priors
        Priors of the parameters.
    """
    setting = setting_of(world, evidence, rows=rows, areas=areas, in_year=in_year)
    seen = single_seizures(setting, evidence.singles, evidence.singles.sized)
    beyond = beyond_exits(evidence.abroad, evidence.abroad.fitted) if evidence.abroad else ()
    areas_of = harvests.load(evidence.harvests) if evidence.harvests else None
    behind = Harvests(areas=areas_of, reference=world.year) if areas_of else None
    return population_build.build(rows, setting=setting, priors=priors, seen=seen, beyond=beyond, harvests=behind)
