"""What a study is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from flowsim.calibration.priors import Prior
from flowsim.intervals import SetNumbers
from flowsim.policy import Policy
from flowsim.provenance import Number
from flowsim.readings import Reading
from flowsim.simulate import Plan
from flowsim.world import World


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
    """Chain of each draw; empty for the middle of the posterior, which is one change."""

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

    options: Mapping[str, Any] = field(default_factory=dict)
    """The study's own options, `study.*`."""

    readings: tuple[Reading, ...] = ()
    """How what the sources leave open is taken, by those readings that are about the world."""

    numbers: Callable[[], Sequence[Number]] = tuple
    """Gives every number of the world with its kind and its source."""

    worlds: Worlds | None = None
    """Worlds of the draws of the posterior that is used; nothing if the assumed numbers are used as they stand."""

    crossed: bool = False
    """Whether each draw has all replications; otherwise each replication has one draw."""

    note: str = ""
    """What is to be said of the numbers used, empty if nothing."""

    posterior: xr.Dataset | None = None
    """Posterior that is used; nothing if the assumed numbers are used as they stand."""

    calibration: CalibrationRequest | None = None
    """What was reported, for studies of calibration."""
