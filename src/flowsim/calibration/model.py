"""Reporting model: from parameters to the events behind each printed number, and their likelihood."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.calibration import kernel
from flowsim.calibration.areas import SHARE, Areas
from flowsim.calibration.components import CASE_COMPONENTS, COMPONENTS, Cell, Cells, totals
from flowsim.calibration.data import Reported, remainder
from flowsim.calibration.priors import Priors, values
from flowsim.world.populations import ConsignmentSizes
from flowsim.world.traffic import HEROIN

Floats = npt.NDArray[np.float64]

BINS, SHARE_BINS = 64, 512
"""Points of the mass grid below a printed total, and for a share [1]."""

NODES = 8
"""Gauss-Hermite points of a year's factor [1]."""

RING_SIZES, RINGS = 8, 120
"""Number of ring sizes, means over quantile groups of so many rings [1]."""

REACH = 6.0
"""Mass grid of a share, relative to the larger of the expected sums at the prior median [1]."""

SIZES = ("load_median", "load_log_sd", "load_tail", "load_tail_exponent", "load_selection")
"""Parameters of the sizes of consignments."""


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A sum of cells as a linear function of the components."""

    kg: Mapping[str, float]
    """Mass relative to the year of reference [1], by component, and for `inside` by area after a colon."""

    cases: Mapping[str, float]
    """Cases of each component of cases in these cells, relative to the reference [1]."""


@dataclass(frozen=True, kw_only=True)
class Setting(Areas):
    """Setting of a calibration: areas of a country, and the components of its years."""

    reference: Cells
    """Expected mass by cell in the calibrated world [kg/year]."""

    years: Mapping[int, Cells]
    """Expected mass by cell under the controls of each year, at the flow of the reference [kg/year]."""

    sizes: ConsignmentSizes
    """Sizes of consignments of the world; only the start of the tail and the maximum are used."""

    size_exponent: float
    """Exponent of the Pareto distribution of ring sizes [1]."""

    @property
    def present(self) -> tuple[str, ...]:
        """Components of the world."""
        return tuple(name for name in COMPONENTS if self._totals[name] > 0)

    @cached_property
    def _totals(self) -> Mapping[str, float]:
        return totals(self.reference)


@dataclass(frozen=True, kw_only=True)
class Model:
    """Reported numbers, priors and the world between them."""

    setting: Setting
    """Areas and years."""

    priors: Priors
    """Priors of the parameters, in order."""

    rows: tuple[Reported, ...]
    """Fitted rows."""

    sums: tuple[Sum, ...]
    """Sums of cells behind the rows."""

    of_row: tuple[tuple[int, int], ...]
    """Index of the sum of each row, and for a share that of the rest of its whole."""

    cells: tuple[tuple[frozenset[Cell], ...], ...]
    """Cells of each row, and for a share those of the rest of its whole."""

    printed: tuple[float, ...]
    """Number of each row less the subtracted rows [unit]; NaN if only bounds on consignments are known."""

    _ring: tuple[Floats, Floats] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ring", ring_sizes(self.setting.size_exponent))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.priors)

    def events(self, drawn: Mapping[str, Floats]) -> dict[str, Floats]:
        """Events behind each sum in a year with a factor of 1.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).

        Returns
        -------
        dict
            Consignments found singly `routine`, `cases`, consignments per case `loads` [1] and mass in small portions
            `fixed` [kg], dims (set, sum); and `sizes` of consignments, dims (set, column).
        """
        sizes = self.sizes(drawn)
        mean, mean_case = mean_masses(sizes)
        kg = self.setting.kilograms(drawn)
        by_case = [kg[name] for name in CASE_COMPONENTS if name in kg]
        case_kg = np.sum(by_case, axis=0) / drawn["cases"] if by_case else np.ones_like(mean)
        columns: dict[str, list[Floats]] = {name: [] for name in ("routine", "cases", "consignments", "fixed")}
        for some in self.sums:
            routine = sum((kg[name] * c for name, c in some.kg.items() if ":" in name or name in FOUND), 0.0 * mean)
            ripe = sum((kg[name] / case_kg * c for name, c in some.cases.items()), 0.0 * mean)
            taken = sum((kg[name] * some.kg[name] for name in some.cases), 0.0 * mean)
            columns["routine"].append(routine / mean)
            columns["cases"].append(ripe)
            columns["consignments"].append(np.divide(taken, ripe * mean_case, out=np.zeros_like(mean), where=ripe > 0))
            columns["fixed"].append(kg["market"] * some.kg["market"] if "market" in some.kg else 0.0 * mean)
        return {name: np.stack(found, axis=-1) for name, found in columns.items()} | {"sizes": sizes}

    def sizes(self, drawn: Mapping[str, Floats]) -> Floats:
        """Parameters of detected consignments, dims (set, column)."""
        ends = (self.setting.sizes.tail_start, self.setting.sizes.maximum)
        median, sd, tail, exponent, selection = (np.asarray(drawn[name]) for name in SIZES)
        start, top = (np.full_like(median, end) for end in ends)
        return np.stack([median, sd, start, tail, exponent, top, selection], axis=-1)

    def log_likelihood(self, scores: Floats, *, printed: Sequence[float] | None = None, nodes: int = NODES) -> Floats:
        """Log-likelihood of all fitted rows, dims (set,).

        Parameters
        ----------
        scores
            Standard normal scores of the parameters, dims (set, parameter).
        printed
            Substitutes for the printed numbers [unit].
        nodes
            Gauss-Hermite points of a year's factor [1].
        """
        drawn = values(self.priors, np.atleast_2d(scores))
        behind = self.events(drawn)
        rows, grid = self.tables(self.printed if printed is None else printed)
        node, weight = np.polynomial.hermite.hermgauss(nodes)
        sizes, *amounts = (
            np.ascontiguousarray(behind[name]) for name in ("sizes", "routine", "cases", "consignments", "fixed")
        )
        points: tuple[Any, ...] = (*amounts, drawn["year_log_sd"], *self._ring, rows, grid, node, weight)
        found = kernel.of_rows(sizes, *points)
        return np.asarray(found, dtype=np.float64)

    def tables(self, printed: Sequence[float]) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Rows and their mass grids for the compiled likelihood, dims (row, column) each.

        Parameters
        ----------
        printed
            Number of each row [unit].
        """
        years = sorted({row.year for row in self.rows})
        reach = [self._reach[first] for first, _ in self.of_row]
        return row_tables(self.rows, printed, of_row=self.of_row, years=years, reach=reach, bins=BINS)

    @cached_property
    def _reach(self) -> tuple[float, ...]:
        """Largest mass on the grid of a share with each sum as a part [kg]."""
        middle = values(self.priors, np.zeros((1, len(self.priors))))
        kg = self.setting.kilograms(middle)
        expected = [sum(float(kg[name][0]) * c for name, c in some.kg.items()) for some in self.sums]
        partner = dict(self.of_row)
        return tuple(
            REACH * max(mass, expected[partner.get(k, k)], self.setting.sizes.tail_start)
            for k, mass in enumerate(expected)
        )


def row_tables(
    rows: Sequence[Reported],
    printed: Sequence[float],
    *,
    of_row: Sequence[tuple[int, int]],
    years: Sequence[int],
    reach: Sequence[float],
    bins: int,
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Rows and their mass grids for the compiled likelihood, dims (row, column) each.

    Parameters
    ----------
    rows
        Rows.
    printed
        Number of each row [unit].
    of_row
        Indices of the sums of each row.
    years
        Years of the likelihood, ascending.
    reach
        End of the mass grid of each row, if it is a share [kg].
    bins
        Points of the mass grid below a printed total [1].
    """
    numbers, grid = [], []
    for row, value, (first, second), end in zip(rows, printed, of_row, reach, strict=True):
        low, high = value - row.rounding / 2, value + row.rounding / 2
        bounds = (row.at_least or 0.0, math.inf if row.at_most is None else row.at_most)
        if row.unit == "1":
            kind, count, step = kernel.SHARE, SHARE_BINS, end / SHARE_BINS
        elif math.isnan(value):
            kind, low, high = kernel.LARGEST, 0.0, math.inf
            step, count = max(bound for bound in bounds if bound < math.inf) / (bins - 0.5), bins + 1
        else:
            kind, step = kernel.TOTAL, _step(max(high, 1.0), bounds, bins=bins)
            count = int(high / step + 0.5) + 2
        numbers.append((low, high, *bounds))
        grid.append((years.index(row.year), kind, first, second, count, round(step * 1e6)))
    shape = (len(rows), -1)
    return np.array(numbers, dtype=np.float64).reshape(shape), np.array(grid, dtype=np.int64).reshape(shape)


def _step(high: float, bounds: tuple[float, float], *, bins: int) -> float:
    """Grid step up to a total, with any bound on consignments halfway between two points [kg]."""
    step = high / bins
    bound = next((bound for bound in bounds if 0.0 < bound < math.inf), None)
    return step if bound is None else bound / (max(1, round(bound / step)) - 0.5)


FOUND = ("crossing", "patrol")
"""Components of consignments found singly, besides the parts of `inside`."""


def mean_masses(sizes: Floats) -> tuple[Floats, Floats]:
    """Mean mass of a detected and of an entering consignment, dims (set,) each [kg].

    Parameters
    ----------
    sizes
        Parameters of detected consignments, dims (set, column).
    """
    pairs = [
        (kernel.limited_mean(row, row[kernel.TOP]), kernel.limited_mean(kernel.entering(row), row[kernel.TOP]))
        for row in sizes
    ]
    detected, entering = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return detected, entering


def ring_sizes(exponent: float) -> tuple[Floats, Floats]:
    """Sizes of rings relative to their mean, and the share of each, dims (size,) each [1].

    They are means over groups of the quantiles of a Pareto distribution; the largest rings are groups of their own.

    Parameters
    ----------
    exponent
        Exponent of the distribution [1].
    """
    quantile = (np.arange(RINGS) + 0.5) / RINGS
    size = (1.0 - quantile) ** (-1.0 / exponent)
    edges = RINGS - np.round(np.geomspace(RINGS, 1, RING_SIZES)).astype(np.int64)
    groups = np.split(size / size.mean(), edges[1:])
    return np.array([group.mean() for group in groups]), np.array([len(group) / RINGS for group in groups])


def build(rows: Mapping[str, Reported], *, setting: Setting, priors: Priors) -> Model:
    """Model of the fitted rows of a table of reported seizures.

    Parameters
    ----------
    rows
        Rows of the table by key.
    setting
        Areas and years.
    priors
        Priors of the parameters; priors of components absent from the world are left out.

    Raises
    ------
    ValueError
        If a prior is missing or unknown, a fitted row is of another drug than heroin, or no route of the world can
        produce a row.
    """
    fitted = [row for row in rows.values() if row.use == "fit"]
    for row in fitted:
        rule = f"be {HEROIN}, the one drug that is fitted with one population"
        checks.require(row.drug == HEROIN, thing=f"{row.where}: drug", rule=rule, value=row.drug)
    used = needed(setting)
    for name in used:
        checks.known(name, list(priors), thing="a parameter with a prior")
    return _model(fitted, rows=rows, setting=setting, priors={name: priors[name] for name in used})


def needed(setting: Setting) -> tuple[str, ...]:
    """Names of the parameters of a setting."""
    components = setting.present
    cases = ("cases",) if any(name in components for name in CASE_COMPONENTS) else ()
    shares = tuple(f"{SHARE}{area}" for area in setting.areas) if "inside" in components else ()
    return (*components, *cases, *shares, *SIZES, "year_log_sd", "inflow")


def with_rows(model: Model, chosen: Sequence[Reported], *, rows: Mapping[str, Reported]) -> Model:
    """Model of the same setting and priors with other rows.

    Parameters
    ----------
    model
        The model.
    chosen
        New rows.
    rows
        All rows of the table.
    """
    return _model(chosen, rows=rows, setting=model.setting, priors=model.priors)


def _model(chosen: Sequence[Reported], *, rows: Mapping[str, Reported], setting: Setting, priors: Priors) -> Model:
    sums: list[Sum] = []
    of_row, printed, cells = [], [], []
    for row in chosen:
        first = cells_behind(row, rows=rows, setting=setting)
        both = [first]
        index = [len(sums)]
        sums.append(_sum(row, first, setting=setting))
        if row.unit == "1":
            whole = cells_behind(rows[row.of], rows=rows, setting=setting)
            rule = "be about a part of its whole and not all of it"
            checks.require(first < whole, thing=f"{row.where}: of", rule=rule, value=row.of)
            index.append(len(sums))
            sums.append(_sum(row, whole - first, setting=setting))
            both.append(whole - first)
        left = remainder(row, rows)
        of_row.append((index[0], index[-1]))
        printed.append(math.nan if left is None else left)
        cells.append(tuple(both))
    return Model(
        setting=setting,
        priors=priors,
        rows=tuple(chosen),
        sums=tuple(sums),
        of_row=tuple(of_row),
        cells=tuple(cells),
        printed=tuple(printed),
    )


def cells_behind(row: Reported, *, rows: Mapping[str, Reported], setting: Setting) -> frozenset[Cell]:
    """Cells of a row, less those of the subtracted rows.

    Parameters
    ----------
    row
        The row.
    rows
        All rows of the table.
    setting
        Areas and years.

    Raises
    ------
    ValueError
        If no route of the world can produce the row, or it subtracts cells it does not contain.
    """
    every = set(setting.years[row.year]) if row.year in setting.years else set(setting.reference)
    chosen = {cell for cell in every if row.covers(oblast=cell.oblast, agency=cell.agency, channel=cell.channel)}
    for key in row.minus:
        other = rows[key]
        part = {cell for cell in every if other.covers(oblast=cell.oblast, agency=cell.agency, channel=cell.channel)}
        same = (other.start, other.end, other.drug, other.unit) == (row.start, row.end, row.drug, row.unit)
        rule = "take off parts of its own, of the same drug, unit and period"
        checks.require(part <= chosen and same, thing=f"{row.where}: minus", rule=rule, value=key)
        chosen -= part
    what = [*row.places, *row.agencies, *row.channels]
    rule = "be something that a route of the world can produce"
    checks.require(bool(chosen), thing=row.where, rule=rule, value=", ".join(what) or row.key)
    return frozenset(chosen)


def _sum(row: Reported, chosen: frozenset[Cell], *, setting: Setting) -> Sum:
    """Sum of cells over the period of a row."""
    base: dict[str, float] = {}
    held: dict[str, float] = {}
    whole: dict[str, float] = {}
    here = setting.years.get(row.year, setting.reference)
    for cell, mass in setting.reference.items():
        name = setting.part(cell.component, cell.oblast)
        base[name] = base.get(name, 0.0) + mass
    for cell, mass in here.items():
        name = setting.part(cell.component, cell.oblast)
        whole[name] = whole.get(name, 0.0) + mass
        if cell in chosen:
            held[name] = held.get(name, 0.0) + mass
    kg = {name: row.exposure * mass / base[name] for name, mass in held.items() if base.get(name, 0.0) > 0}
    cases = {name: row.exposure * whole[name] / base[name] for name in kg if name in CASE_COMPONENTS}
    return Sum(kg=kg, cases=cases)
