"""Reports for a calibration with two populations: a table of totals, entries of a country, and single seizures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.world.traffic import HEROIN, Stream, Traffic

Floats = npt.NDArray[np.float64]

MODES = ("road", "rail")
"""Modes of the groups of an entry."""

ENTRY, RAIL = "entry_", "rail_"
"""Prefixes of the names of the parameters of an entry: its share of the flow, and the share of rail in it."""

REST = "rest"
"""Group of the streams of no entry; its share of the flow is that of the world."""


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Two entries of a country, as the countries of origin of their streams."""

    origins: Mapping[str, tuple[str, ...]]
    """Origins of the streams of each entry, in order."""

    def __post_init__(self) -> None:
        checks.require(len(self.origins) == 2, thing="entries", rule="be two", value=", ".join(self.origins))
        checks.unique((name for names in self.origins.values() for name in names), thing="origins of the entries")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries."""
        return tuple(self.origins)

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups: each entry by road and by rail, and the rest."""
        return (*(f"{name}:{mode}" for name in self.origins for mode in MODES), REST)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters: the share of the first entry in both, and the share of rail in each."""
        return (f"{ENTRY}{self.names[0]}", *(f"{RAIL}{name}" for name in self.names))

    def group(self, stream: Stream) -> str:
        """Group of a stream."""
        entry = next((name for name, origins in self.origins.items() if stream.origin in origins), "")
        return f"{entry}:{stream.mode}" if entry and stream.mode in MODES else REST

    def of_world(self, traffic: Traffic) -> Floats:
        """Share of each group in the flow of heroin of a world, dims (group,) [1]."""
        streams = [stream for stream in traffic.streams if stream.drug == HEROIN]
        return np.array([math.fsum(s.share for s in streams if self.group(s) == name) for name in self.groups])

    def shares(self, drawn: Mapping[str, Floats], *, rest: float) -> Floats:
        """Share of each group in the flow, dims (..., group) [1].

        Parameters
        ----------
        drawn
            Values of the parameters, dims (...).
        rest
            Share of the streams of no entry [1].
        """
        first, *rails = (np.asarray(drawn[name]) for name in self.parameters)
        both = (first, 1.0 - first)
        parts = [of * part for of, rail in zip(both, rails, strict=True) for part in (1.0 - rail, rail)]
        return np.stack([*((1.0 - rest) * part for part in parts), np.full_like(first, rest)], axis=-1)

    def of_streams(self, drawn: Mapping[str, float], *, traffic: Traffic) -> dict[str, float]:
        """Shares of the streams of the entries by name as in `SetNumbers` [1]; a group keeps its proportions.

        Parameters
        ----------
        drawn
            Values of the parameters.
        traffic
            Traffic of the world.
        """
        whole = self.of_world(traffic)
        one = {name: np.array(drawn[name]) for name in self.parameters}
        factor = dict(zip(self.groups, self.shares(one, rest=float(whole[-1])) / np.maximum(whole, 1e-12), strict=True))
        return {
            f"streams:{s.name.replace(':', '/')}": s.share * float(factor[self.group(s)])
            for s in traffic.streams
            if s.drug == HEROIN and self.group(s) != REST
        }


@dataclass(frozen=True, kw_only=True)
class SinglesRequest:
    """Single seizures to fit."""

    country: str
    """Country as the table of single seizures spells it."""

    counted: tuple[int, ...]
    """Years whose number of seizures is fitted."""

    sized: tuple[int, ...]
    """Years whose sizes, kinds, entries, modes and oblasts are fitted, those above among them."""

    held_out: tuple[int, ...] = ()
    """Years that are predicted and not fitted."""

    def __post_init__(self) -> None:
        for year in self.counted:
            checks.known(str(year), [str(one) for one in self.sized], thing="a counted year of single seizures")
        for year in self.held_out:
            rule = "not be fitted too"
            checks.require(year not in self.sized, thing="a held-out year of single seizures", rule=rule, value=year)


@dataclass(frozen=True, kw_only=True)
class PopulationEvidence:
    """Reports for a calibration with two populations."""

    reported: Path
    """Table of reported seizures."""

    entries: Entries
    """Entries with their share of the flow as a parameter."""

    singles: SinglesRequest
    """Single seizures."""
