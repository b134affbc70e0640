"""Setting of a calibration with two populations: areas, entries, the cells of each year, and sums of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration.areas import SHARE, Areas
from flowsim.calibration.components import CASE_COMPONENTS, COMPONENTS, Cell
from flowsim.calibration.data import Reported, span
from flowsim.calibration.population_evidence import Entries
from flowsim.calibration.splits import Splits

Floats = npt.NDArray[np.float64]
GroupCells = Mapping[Cell, Floats]

SIZES = ("median", "log_sd")
"""Parameters of the sizes of a population and of retail finds, after its name."""

RETAIL = "retail"
"""Prefix of the parameters of the sizes of retail finds."""

FURTHER = (
    *("found_share", "mass_share", "ring_share", "level_log_sd", "level_rho", "year_log_sd"),
    *("completeness", "case_dwelling", "unnamed", "reporter", "inflow"),
)
"""Parameters besides those of components, areas, sizes and entries."""


@dataclass(frozen=True, kw_only=True)
class PopulationSetting(Areas):
    """Setting of a calibration with two populations: areas and entries of a country, and the cells of its years."""

    splits: Splits
    """Division of the flow of the calibrated world over entries, modes and sectors of exits."""

    populations: tuple[str, str]
    """Names of the populations: the one found in proportion to effort, and the one hidden better."""

    reference: GroupCells
    """Expected mass by cell in the calibrated world, dims (group,) each, if all came by that group [kg/year]."""

    years: Mapping[int, GroupCells]
    """The same under the controls of each year, at the flow of the reference."""

    of_year: Mapping[int, Floats]
    """Share of each group in the flow of the world of each year, dims (group,) [1]."""

    maximum: float
    """Largest consignment [kg]."""

    size_exponent: float
    """Exponent of the Pareto distribution of ring sizes [1]."""

    oblasts: tuple[str, ...]
    """Oblasts of the compositions of single seizures."""

    @property
    def entries(self) -> Entries:
        """Entries and sectors of exits."""
        return self.splits.entries

    @property
    def shares(self) -> Floats:
        """Share of each group in the flow of the calibrated world, dims (group,) [1]."""
        return self.splits.shares

    @property
    def present(self) -> tuple[str, ...]:
        """Components of the world."""
        there = {cell.component for cell, mass in self.reference.items() if mass @ self.shares > 0}
        return tuple(name for name in COMPONENTS if name in there)

    def cells(self, year: int) -> GroupCells:
        """Cells under the controls of a year; of the reference if it is none of the years."""
        return self.years.get(year, self.reference)

    def weights(self, drawn: Mapping[str, Floats], *, year: int | None = None) -> Floats:
        """Share of each group in the flow of a year, dims (..., group) [1]; of the reference by default.

        A year whose world has other shares has the odds of the parameters changed as those of the worlds.
        """
        here = self.splits.drawn(drawn)
        if year is None or year not in self.of_year:
            return here
        changed = here * self.of_year[year] / np.where(self.shares > 0, self.shares, 1.0)
        return np.asarray(changed / changed.sum(axis=-1, keepdims=True))


class Window(NamedTuple):
    """Seizures of some cells in a part of a year; of several windows, the first less the others count."""

    cells: frozenset[Cell]
    """The cells."""

    start: float
    """Start as part of the year [1]."""

    end: float
    """End as part of the year [1]."""


@dataclass(frozen=True, kw_only=True)
class GroupSum:
    """A sum of cells, by part and group of streams; all dims (group,) [kg/year]."""

    year: int
    """Calendar year."""

    base: Mapping[str, Floats]
    """Mass of each part in the reference."""

    held: Mapping[str, Floats]
    """Mass of each part in the cells of the sum, times the part of the year that counts."""

    whole: Mapping[str, Floats]
    """Mass of each component of cases in all cells of the year, times the part of the year that counts."""


@dataclass(frozen=True, kw_only=True)
class YearParts:
    """All cells of a year by part; dims (group,) unless said [kg/year]."""

    base: Mapping[str, Floats]
    """Mass of each part in the reference."""

    parts: Mapping[str, Floats]
    """Mass of each part in the year."""

    oblasts: Mapping[str, Floats]
    """The same by oblast, dims (oblast, group)."""


def parts_of_year(setting: PopulationSetting, year: int) -> YearParts:
    """All cells of a year by part.

    Parameters
    ----------
    setting
        Setting.
    year
        Calendar year.
    """
    cells, groups = setting.cells(year), len(setting.shares)
    base, parts = by_part(setting.reference, setting), by_part(cells, setting)
    oblasts = {name: np.zeros((len(setting.oblasts), groups)) for name in parts}
    for cell, mass in cells.items():
        oblasts[setting.part(cell.component, cell.oblast)][setting.oblasts.index(cell.oblast)] += mass
    known = {name: mass for name, mass in parts.items() if name in base}
    return YearParts(base=base, parts=known, oblasts=oblasts)


def by_part(
    cells: GroupCells, setting: PopulationSetting, exposure: Mapping[Cell, float] | None = None
) -> dict[str, Floats]:
    """Mass of cells by part, times the part of the year that counts, dims (group,) each [kg/year].

    Parameters
    ----------
    cells
        Mass by cell, dims (group,) each [kg/year].
    setting
        Setting.
    exposure
        Part of the year that counts in each cell [1]; the whole year by default.
    """
    found: dict[str, Floats] = {}
    for cell, mass in cells.items():
        times = 1.0 if exposure is None else exposure.get(cell, 0.0)
        if times > 0.0:
            name = setting.part(cell.component, cell.oblast)
            found[name] = found.get(name, np.zeros(len(mass))) + times * mass
    return found


def exposure(row: Reported, *, rows: Mapping[str, Reported], setting: PopulationSetting) -> dict[Cell, float]:
    """Cells of a row and the part of the year that counts in each, less those of the subtracted rows [1].

    Parameters
    ----------
    row
        The row.
    rows
        All rows of the table.
    setting
        Areas, entries and years.

    Raises
    ------
    ValueError
        If no route of the world can produce the row, or it subtracts what it does not contain.
    """
    every = setting.cells(row.year)

    def covered(one: Reported) -> set[Cell]:
        return {cell for cell in every if one.covers(oblast=cell.oblast, agency=cell.agency, channel=cell.channel)}

    found = dict.fromkeys(covered(row), row.exposure)
    for key in row.minus:
        other = rows[key]
        part = covered(other)
        inside = other.year == row.year and other.start >= row.start and other.end <= row.end
        same = inside and (other.drug, other.unit) == (row.drug, row.unit)
        rule = "take off parts of its own, of the same drug and unit and within its period"
        checks.require(part <= found.keys() and same, thing=f"{row.where}: minus", rule=rule, value=key)
        for cell in part:
            found[cell] -= other.exposure
    left = {cell: times for cell, times in found.items() if times > 1e-9}
    what = [*row.places, *row.agencies, *row.channels]
    rule = "be something that a route of the world can produce"
    checks.require(bool(left), thing=row.where, rule=rule, value=", ".join(what) or row.key)
    return left


def windows(row: Reported, *, rows: Mapping[str, Reported], setting: PopulationSetting) -> tuple[Window, ...]:
    """Seizures that count for a row: those of its cells and period, less those of the subtracted rows.

    Parameters
    ----------
    row, rows, setting
        As for `exposure`.
    """
    every = setting.cells(row.year)
    return tuple(
        Window(
            frozenset(c for c in every if one.covers(oblast=c.oblast, agency=c.agency, channel=c.channel)), *span(one)
        )
        for one in (row, *(rows[key] for key in row.minus))
    )


def sum_of(row: Reported, chosen: Mapping[Cell, float], *, setting: PopulationSetting) -> GroupSum:
    """Sum of cells behind a row.

    Parameters
    ----------
    row
        The row.
    chosen
        Cells and the part of the year that counts in each [1].
    setting
        Setting.
    """
    cells = setting.cells(row.year)
    base = by_part(setting.reference, setting)
    held = {name: mass for name, mass in by_part(cells, setting, chosen).items() if name in base}
    times = max(chosen.values())
    whole = by_part(cells, setting)
    cases = {name: times * whole[name] for name in held if name in CASE_COMPONENTS}
    return GroupSum(year=row.year, base=base, held=held, whole=cases)


def needed(setting: PopulationSetting) -> tuple[str, ...]:
    """Names of the parameters of a setting."""
    components = setting.present
    cases = ("cases",) if any(name in components for name in CASE_COMPONENTS) else ()
    shares = tuple(f"{SHARE}{area}" for area in setting.areas) if "inside" in components else ()
    sizes = tuple(f"{name}_{of}" for name in (*setting.populations, RETAIL) for of in SIZES)
    return (*components, *cases, *shares, *sizes, *setting.entries.parameters, *FURTHER)
