"""Requests of studies, and the results of a requested run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from flowsim.calibration.population_evidence import PopulationEvidence
from flowsim.calibration.priors import Prior
from flowsim.chain.stages import RouteChain
from flowsim.policy.policy import Policy, compose
from flowsim.results.coordinates import describe
from flowsim.simulation.assumed import SetNumbers
from flowsim.simulation.simulate import Plan, Progress, simulate
from flowsim.world.world import World
from flowsim.world_tables.provenance import Number
from flowsim.world_tables.readings import Reading


@dataclass(frozen=True, kw_only=True)
class CalibrationRequest:
    """Data, priors and worlds of a calibration."""

    reported: Path
    """Table of reported seizures."""

    areas: Mapping[str, str]
    """Oblast of each area with a fitted share of inland seizures."""

    priors: Mapping[str, Prior]
    """Priors of the parameters except the flow."""

    in_year: Callable[[int, str], World]
    """Function from a year and a name (empty for this world's) to the world with the controls of that year."""

    workers: int
    """Worker processes."""

    populations: PopulationEvidence | None = None
    """Reports for worlds whose heroin has two populations."""


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Worlds of the draws of a posterior, as changes of the world of a run."""

    changes: tuple[SetNumbers, ...]
    """Change of each draw."""

    chain: tuple[int, ...]
    """Chain of each draw; empty for the posterior median, a single change."""

    draw: tuple[int, ...]
    """Draw within the chain."""

    level_log_sd: tuple[float, ...] = ()
    """Log-sd of the level of the flow in each draw; empty if the model has no level [1]."""

    level_rho: tuple[float, ...] = ()
    """Autocorrelation of the level of two years in a row, in each draw [1]."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Everything needed by a study, checked."""

    world: World
    """World to study."""

    policies: tuple[Policy, ...]
    """Policies to apply together, in order."""

    engine: str
    """Engine to use."""

    plan: Plan
    """Simulation plan."""

    workers_typed: bool = True
    """Whether the number of workers was typed; otherwise short work is done in one process."""

    out: Path
    """Folder for output."""

    overwrite: bool = False
    """Whether results of another configuration and other files in the folder may be written over."""

    confirm: bool = False
    """Whether the study is asked for however long it takes."""

    details: bool = False
    """Whether all rows of a run are printed."""

    attributes: Mapping[str, str]
    """Title, version, commit, seed, configuration and reading, to be written into the file."""

    command: str
    """The command as typed."""

    compared: tuple[str, ...] | None = None
    """Names of the policies to compare; None for all compatible ones."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """The study's own options, `study.*`."""

    readings: tuple[Reading, ...] = ()
    """Readings of the ambiguous sources, only the ones about this world."""

    numbers: Callable[[], Sequence[Number]] = tuple
    """Function to list every number of the world with its kind and its source."""

    worlds: Worlds | None = None
    """Worlds of the posterior draws; None if the assumed numbers are used as they stand."""

    draws: int | None = None
    """Number of posterior draws; None for the posterior median."""

    crossed: bool = False
    """Whether each draw has all replications; otherwise each replication has one draw."""

    note: str = ""
    """Remark on the numbers used, empty if there is none."""

    posterior: xr.Dataset | None = None
    """Posterior in use; None if the assumed numbers are used as they stand."""

    calibration: CalibrationRequest | None = None
    """Data and priors to fit, for calibration studies."""

    composition: Callable[[], Mapping[str, Any]] = dict
    """Function to describe the composition as text, for other processes to rebuild the request from."""

    chain: RouteChain | None = None
    """Chain of countries of which the world is a stage in detail; None for a world alone."""

    catalogue: Callable[[], Sequence[Policy]] = tuple
    """Function to list all available policies, baseline first, then by name."""


def simulated(request: Request, *, progress: Progress | None) -> xr.Dataset:
    """Results of one policy in the worlds of the requested draws, or in the requested world.

    Without `draws`, replication r has draw r of the posterior, with the coordinates `chain` and `draw`; with it,
    each draw has all replications, with common random numbers, and the coordinates `chain` and `draw_in_chain`.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.
    """
    return simulated_alone(request, [compose(request.policies)], progress=progress)


def simulated_alone(request: Request, policies: Sequence[Policy], *, progress: Progress | None) -> xr.Dataset:
    """Results of policies, each alone, in the worlds of the requested draws, or in the requested world.

    Parameters
    ----------
    request
        Worlds, engine and plan, as in `simulated`.
    policies
        Policies, simulated with common random numbers.
    progress
        Called as the work goes on.
    """
    found = describe(_simulated(request, policies, progress=progress))
    found.attrs.update(request.attributes, command=request.command)
    return found


def _simulated(request: Request, policies: Sequence[Policy], *, progress: Progress | None) -> xr.Dataset:
    """Results of policies, without attributes."""
    asked: dict[str, Any] = {"policies": policies, "engine": request.engine, "plan": request.plan}
    worlds = request.worlds
    if worlds is None:
        return simulate(request.world, progress=progress, **asked)
    if not request.crossed:
        results = simulate(request.world, progress=progress, worlds=worlds.changes, **asked)
        if not worlds.draw:
            return results
        return results.assign_coords(chain=("replication", list(worlds.chain)), draw=("replication", list(worlds.draw)))
    parts = []
    for k, change in enumerate(worlds.changes):
        parts.append(simulate(request.world, worlds=[change], **asked).drop_dims("seizure", errors="ignore"))
        if progress is not None:
            progress("draws of the posterior", k + 1, len(worlds.changes))
    joined = xr.concat(parts, dim="draw", data_vars="all", coords="minimal", compat="override", join="exact")
    ordered = joined.transpose("policy", "draw", ...).assign_coords(draw=list(range(len(parts))))
    if not worlds.draw:
        return ordered
    return ordered.assign_coords(chain=("draw", list(worlds.chain)), draw_in_chain=("draw", list(worlds.draw)))
