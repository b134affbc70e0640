"""Synthetic reports: years simulated consignment by consignment from the reporting model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from flowsim.calibration import kernel
from flowsim.calibration.components import CASE_COMPONENTS, Cell
from flowsim.calibration.data import Reported, span
from flowsim.calibration.model import Model, Setting, mean_masses, ring_sizes

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Year:
    """Seizures of one simulated year."""

    cells: tuple[Cell, ...]
    """Cells of the year."""

    cell: Ints
    """Cell of each consignment, dims (consignment,)."""

    mass: Floats
    """Mass of each consignment, dims (consignment,) [kg]."""

    time: Floats
    """Time of seizure as part of the year, dims (consignment,) [1]."""

    case: Ints
    """Index of its case, -1 if found singly, dims (consignment,)."""

    market: Floats
    """Mass of retail arrests over the year, dims (cell,) [kg]."""

    def total(self, chosen: frozenset[Cell], *, start: float = 0.0, end: float = 1.0) -> float:
        """Mass seized in some cells between two times [kg].

        Parameters
        ----------
        chosen
            Cells.
        start, end
            Times as parts of the year [1].
        """
        here = self._mask(chosen)
        taken = here[self.cell] & (self.time >= start) & (self.time < end)
        return float(self.mass[taken].sum() + (end - start) * self.market[here].sum())

    def largest(self, chosen: frozenset[Cell], *, start: float = 0.0, end: float = 1.0) -> float:
        """Mass of the largest consignment or case in some cells between two times, 0 if there is none [kg].

        Parameters
        ----------
        chosen, start, end
            As for `total`.
        """
        taken = self._mask(chosen)[self.cell] & (self.time >= start) & (self.time < end)
        alone = self.mass[taken & (self.case < 0)]
        by_case = taken & (self.case >= 0)
        together = np.bincount(self.case[by_case], weights=self.mass[by_case])
        return float(max(alone.max(initial=0.0), together.max(initial=0.0)))

    def _mask(self, chosen: frozenset[Cell]) -> npt.NDArray[np.bool_]:
        return np.array([cell in chosen for cell in self.cells], dtype=bool)


def simulate_year(
    model: Model, drawn: Mapping[str, float], *, year: int, rng: np.random.Generator, factor: float | None = None
) -> Year:
    """Simulate the seizures of a year.

    Parameters
    ----------
    model
        Model.
    drawn
        Values of its parameters.
    year
        Calendar year of the controls; the reference's controls if the model lacks the year.
    rng
        Random numbers.
    factor
        The year's factor on all events; drawn if not given [1].
    """
    setting = model.setting
    one = {name: np.array([value]) for name, value in drawn.items()}
    sizes, kg = model.sizes(one), model.setting.kilograms(one)
    mean, mean_case = (float(found[0]) for found in mean_masses(sizes))
    log_sd = drawn["year_log_sd"]
    factor = float(np.exp(log_sd * rng.standard_normal() - log_sd**2 / 2)) if factor is None else factor
    cells = setting.years.get(year, setting.reference)
    names = tuple(cells)
    by_case = [float(kg[name][0]) for name in CASE_COMPONENTS if name in kg]
    case_kg = sum(by_case) / drawn["cases"] if by_case else 1.0
    where: list[Ints] = []
    times: list[Floats] = []
    owners: list[Ints] = []
    masses: list[Floats] = []
    market, cases = np.zeros(len(names)), 0
    for part, amount in kg.items():
        chances, level = _of_part(part, setting=setting, cells=cells)
        expected = factor * level * float(amount[0])
        if expected <= 0.0:
            continue
        if part == "market":
            market += expected * chances
        elif part in CASE_COMPONENTS:
            count = rng.poisson(expected / case_kg)
            ring, share = ring_sizes(setting.size_exponent)
            consignments = rng.poisson(case_kg / mean_case * rng.choice(ring, size=count, p=share))
            owners.append(np.repeat(np.arange(cases, cases + count), consignments))
            times.append(np.repeat(rng.uniform(size=count), consignments))
            cases += count
            masses.append(draw_masses(kernel.entering(sizes[0]), rng=rng, count=int(consignments.sum())))
            where.append(rng.choice(len(names), size=int(consignments.sum()), p=chances))
        else:
            count = rng.poisson(expected / mean)
            owners.append(np.full(count, -1, dtype=np.int64))
            times.append(rng.uniform(size=count))
            masses.append(draw_masses(sizes[0], rng=rng, count=count))
            where.append(rng.choice(len(names), size=count, p=chances))
    return Year(
        cells=names,
        cell=np.concatenate([np.zeros(0, dtype=np.int64), *where]),
        mass=np.concatenate([np.zeros(0), *masses]),
        time=np.concatenate([np.zeros(0), *times]),
        case=np.concatenate([np.zeros(0, dtype=np.int64), *owners]),
        market=market,
    )


def _of_part(part: str, *, setting: Setting, cells: Mapping[Cell, float]) -> tuple[Floats, float]:
    """Chances of the cells of a part of a component, dims (cell,), and its level relative to the reference [1]."""
    component, _, area = part.partition(":")

    def belongs(cell: Cell) -> bool:
        return cell.component == component and (component != "inside" or setting.area(cell.oblast) == area)

    masses = np.array([mass if belongs(cell) else 0.0 for cell, mass in cells.items()])
    base = sum(mass for cell, mass in setting.reference.items() if belongs(cell))
    total = float(masses.sum())
    return masses / (total or 1.0), total / base if base > 0 else 0.0


def draw_masses(sizes: Floats, *, rng: np.random.Generator, count: int) -> Floats:
    """Masses of consignments, dims (consignment,) [kg].

    Parameters
    ----------
    sizes
        Parameters of the consignments, dims (column,), as in `kernel`.
    rng
        Random numbers.
    count
        Number of consignments.
    """
    chance, tail = rng.uniform(size=count), rng.uniform(size=count) < sizes[kernel.TAIL]
    centre, sd, start = np.log(sizes[kernel.MEDIAN]), sizes[kernel.LOG_SD], sizes[kernel.START]
    body = np.exp(centre + sd * ndtri(chance * ndtr((np.log(start) - centre) / sd)))
    alpha = sizes[kernel.EXPONENT]
    cut = (start / sizes[kernel.TOP]) ** alpha
    above = start * (1.0 - chance * (1.0 - cut)) ** (-1.0 / alpha)
    return np.asarray(np.where(tail, above, body), dtype=np.float64)


def simulate_reports(model: Model, drawn: Mapping[str, float], *, rng: np.random.Generator) -> Model:
    """Model with the numbers of its rows simulated in place of the printed ones.

    A lower bound on the largest consignment or case becomes an upper bound if the simulated one does not reach it.

    Parameters
    ----------
    model
        Model.
    drawn
        Values of its parameters.
    rng
        Random numbers.
    """
    rows: list[Reported] = list(model.rows)
    printed = list(model.printed)
    for year in sorted({row.year for row in rows}):
        found = simulate_year(model, drawn, year=year, rng=rng)
        for k, row in enumerate(model.rows):
            if row.year == year:
                printed[k], rows[k] = _printed(found, row, sums=model.cells[k], value=model.printed[k])
    return replace(model, rows=tuple(rows), printed=tuple(printed))


def _printed(found: Year, row: Reported, *, sums: Sequence[frozenset[Cell]], value: float) -> tuple[float, Reported]:
    start, end = span(row)
    masses = [found.total(cells, start=start, end=end) for cells in sums]
    largest = found.largest(sums[0], start=start, end=end)
    return as_printed(row, mass=masses[0], whole=sum(masses), largest=largest, value=value)


def as_printed(row: Reported, *, mass: float, whole: float, largest: float, value: float) -> tuple[float, Reported]:
    """Number of a row as it would be printed, and the row with the bound that holds.

    Parameters
    ----------
    row
        The row.
    mass, whole
        Its simulated mass, and that of the whole of a share [kg].
    largest
        Largest simulated consignment or case in it [kg].
    value
        Number of the row, NaN if only bounds are known [unit].
    """
    bound = row.at_least or row.at_most
    if bound:
        reached = largest >= bound
        row = replace(row, at_least=bound if reached else None, at_most=None if reached else bound)
    if np.isnan(value):
        return value, row
    if row.unit == "1":
        mass = mass / whole if whole > 0 else 0.0
    return round(mass / row.rounding) * row.rounding, row
