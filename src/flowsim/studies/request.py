"""What a study is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowsim.calibration.priors import Prior
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

    calibration: CalibrationRequest | None = None
    """What was reported, for studies of calibration."""
