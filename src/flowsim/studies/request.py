"""What a study is asked for, and the results of a run that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from flowsim.policy import Policy, compose
from flowsim.provenance import Number
from flowsim.readings import Reading
from flowsim.simulate import Plan, Progress, simulate
from flowsim.world import World


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

    options: Mapping[str, Any] = field(default_factory=dict)
    """The study's own options, `study.*`."""

    readings: tuple[Reading, ...] = ()
    """How what the sources leave open is taken, by those readings that are about the world."""

    numbers: Callable[[], Sequence[Number]] = tuple
    """Gives every number of the world with its kind and its source."""

    catalogue: Callable[[], Sequence[Policy]] = tuple
    """Gives every policy that can be chosen, in the order of their names, baseline first."""


def simulated(request: Request, *, progress: Progress | None) -> xr.Dataset:
    """Simulate a world under one policy.

    Parameters
    ----------
    request
        What is asked for.
    progress
        Called as the work goes on.
    """
    policy = compose(request.policies)
    found = simulate(request.world, policies=[policy], engine=request.engine, plan=request.plan, progress=progress)
    found.attrs.update(request.attributes, command=request.command)
    return found
