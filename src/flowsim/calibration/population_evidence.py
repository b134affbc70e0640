"""Reports for a calibration with two populations: a table of totals, entries and exits, and single seizures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flowsim import checks

Floats = npt.NDArray[np.float64]

MODES = ("road", "rail")
"""Modes of the groups of an entry."""

ENTRY, RAIL, EXIT = "entry_", "rail_", "exit_"
"""Prefixes of parameters: share of an entry in the flow, share of rail in it, odds of a sector of exits."""

OTHER = ""
"""Sector of exits that belong to no other."""


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Two entries of a country, as the countries of origin of their streams, and sectors of its exits."""

    origins: Mapping[str, tuple[str, ...]]
    """Origins of the streams of each entry, in order."""

    sectors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Exits of routes by sector, in order; none if exits keep the weights of the world."""

    def __post_init__(self) -> None:
        checks.require(len(self.origins) == 2, thing="entries", rule="be two", value=", ".join(self.origins))
        checks.unique((name for names in self.origins.values() for name in names), thing="origins of the entries")
        checks.unique((name for names in self.sectors.values() for name in names), thing="exits of the sectors")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the entries."""
        return tuple(self.origins)

    @property
    def all_sectors(self) -> tuple[str, ...]:
        """Names of the sectors and `OTHER`."""
        return (*self.sectors, OTHER)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters: share of the first entry in both, of rail in each, odds of all sectors but one."""
        odds = tuple(f"{EXIT}{name}" for name in list(self.sectors)[1:])
        return (f"{ENTRY}{self.names[0]}", *(f"{RAIL}{name}" for name in self.names), *odds)

    def entry(self, origin: str) -> str:
        """Entry of an origin, empty if it has none."""
        return next((name for name, origins in self.origins.items() if origin in origins), "")

    def sector(self, exit_name: str) -> str:
        """Sector of an exit."""
        return next((name for name, exits in self.sectors.items() if exit_name in exits), OTHER)

    def ways(self, values: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Share of each entry and mode in the flow by both entries, dims (...) each [1]: by road, by rail.

        Parameters
        ----------
        values
            Values of the parameters, dims (...).
        """
        first = np.asarray(values[f"{ENTRY}{self.names[0]}"])
        rails = (np.asarray(values[f"{RAIL}{name}"]) for name in self.names)
        both = zip((first, 1.0 - first), rails, strict=True)
        return tuple(of * part for of, rail in both for part in (1.0 - rail, rail))

    def odds(self, values: Mapping[str, Floats]) -> Floats:
        """Odds of each sector against the first, relative to those of the world, dims (..., sector) [1].

        Parameters
        ----------
        values
            Values of the parameters, dims (...).
        """
        one = np.ones_like(np.asarray(values[self.parameters[0]]))
        given = [np.asarray(values[name]) for name in self.parameters if name.startswith(EXIT)]
        return np.stack([one, *given, one] if self.sectors else [one], axis=-1)


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
class AbroadRequest:
    """Single seizures of a country beyond the exits, by sector."""

    country: str
    """Country as the table of single seizures spells it."""

    regions: Mapping[str, tuple[str, ...]]
    """Regions of that country behind each sector."""

    fitted: tuple[int, ...]
    """Years that are fitted."""

    held_out: tuple[int, ...] = ()
    """Years that are predicted and not fitted."""

    def __post_init__(self) -> None:
        checks.unique((name for names in self.regions.values() for name in names), thing="regions beyond the exits")
        for year in self.held_out:
            rule = "not be fitted too"
            checks.require(year not in self.fitted, thing="a held-out year beyond the exits", rule=rule, value=year)


@dataclass(frozen=True, kw_only=True)
class PopulationEvidence:
    """Reports for a calibration with two populations."""

    reported: Path
    """Table of reported seizures."""

    entries: Entries
    """Entries with their share of the flow as a parameter."""

    singles: SinglesRequest
    """Single seizures."""

    abroad: AbroadRequest | None = None
    """Single seizures beyond the exits; None if there are no sectors."""

    harvests: Path | None = None
    """Table of areas under poppy; None if the flow has no covariate."""

    def __post_init__(self) -> None:
        known, given = tuple(self.entries.sectors), tuple(self.abroad.regions) if self.abroad else ()
        rule = f"be those of the exits ({', '.join(known) or 'none'})"
        checks.require(
            known == given, thing="the sectors of the regions abroad", rule=rule, value=", ".join(given) or "none"
        )
