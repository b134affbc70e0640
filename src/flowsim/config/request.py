"""What a study is asked for, and the results of a run that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from flowsim.calibration.priors import Prior
from flowsim.policy.policy import Policy, compose
from flowsim.results.coordinates import describe
from flowsim.simulation.assumed import SetNumbers
from flowsim.simulation.simulate import Plan, Progress, simulate
from flowsim.world.world import World
from flowsim.world_tables.provenance import Number
from flowsim.world_tables.readings import Reading


@dataclass(frozen=True, kw_only=True)
class CalibrationRequest:
    """What a calibration is asked to fit."""

    reported: Path
    """Table of reported seizures."""

    areas: Mapping[str, str]
    """Oblast of each area whose share of what is found inside is a parameter."""

    priors: Mapping[str, Prior]
    """Priors of the parameters but the flow."""

    in_year: Callable[[int, str], World]
    """Gives the world with the controls of a year, from its own name or that of another world."""

    workers: int
    """Processes that share the work."""


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Worlds of the draws of a posterior, as changes of the world of a run."""

    changes: tuple[SetNumbers, ...]
    """Change of each draw."""

    chain: tuple[int, ...]
    """Chain of each draw; empty for the posterior median, which is one change."""

    draw: tuple[int, ...]
    """Draw within the chain."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a study is asked for."""

    world: World
    """World to study."""

    policies: tuple[Policy, ...]
    """Policies that apply together, in order."""

    engine: str
    """Engine to use."""

    plan: Plan
    """How much is simulated."""

    out: Path
    """Folder for what is written."""

    attributes: Mapping[str, str]
    """Title, version, commit, seed, configuration and reading, which go into the file."""

    command: str
    """The command as typed."""

    compared: tuple[str, ...] | None = None
    """Names of the policies that a study compares; nothing for every one that fits."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """The study's own options, `study.*`."""

    readings: tuple[Reading, ...] = ()
    """How what the sources leave open is taken, by those readings that are about the world."""

    numbers: Callable[[], Sequence[Number]] = tuple
    """Gives every number of the world with its kind and its source."""

    worlds: Worlds | None = None
    """Worlds of the draws of the posterior that is used; nothing if the assumed numbers are used as they stand."""

    draws: int | None = None
    """How many draws of the posterior are asked for; nothing for its median."""

    crossed: bool = False
    """Whether each draw has all replications; otherwise each replication has one draw."""

    note: str = ""
    """What is to be said of the numbers used, empty if nothing."""

    posterior: xr.Dataset | None = None
    """Posterior that is used; nothing if the assumed numbers are used as they stand."""

    calibration: CalibrationRequest | None = None
    """What was reported, for studies of calibration."""

    composition: Callable[[], Mapping[str, Any]] = dict
    """Gives what other processes can build the same request from."""

    catalogue: Callable[[], Sequence[Policy]] = tuple
    """Gives every policy that can be chosen, in the order of their names, baseline first."""


def simulated(request: Request, *, progress: Progress | None) -> xr.Dataset:
    """Results of one policy in the worlds of the draws that a request has, or in its world.

    Without `draws`, replication r has draw r of the posterior, with the coordinates `chain` and `draw`; with it,
    each draw has all replications, on the same vehicles, and the coordinates `chain` and `draw_in_chain`.

    Parameters
    ----------
    request
        What is asked for.
    progress
        Called as the work goes on.
    """
    return simulated_alone(request, [compose(request.policies)], progress=progress)


def simulated_alone(request: Request, policies: Sequence[Policy], *, progress: Progress | None) -> xr.Dataset:
    """Results of policies, each alone, in the worlds of the draws that a request has, or in its world.

    Parameters
    ----------
    request
        Worlds, engine and plan, as in `simulated`.
    policies
        Policies, which share all random numbers.
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
