"""Reporting model of two populations: from parameters to printed totals and single seizures, and their likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from flowsim.calibration import abroad, joint_levels, levels, population_kernel, singles
from flowsim.calibration.abroad import CLOSENESS, Abroad
from flowsim.calibration.components import CASE_COMPONENTS
from flowsim.calibration.data import Reported
from flowsim.calibration.harvests import ELASTICITY, Harvests
from flowsim.calibration.model import FOUND, REACH, ring_sizes, row_tables
from flowsim.calibration.opium import LEVELS, OpiumTotals
from flowsim.calibration.population_events import Events, Rates, mean_masses
from flowsim.calibration.population_setting import (
    RETAIL,
    SIZES,
    GroupCells,
    GroupSum,
    PopulationSetting,
    Window,
    YearParts,
    by_part,
    parts_of_year,
)
from flowsim.calibration.priors import Priors, values
from flowsim.calibration.singles import KINDS, ExpectedSingles, Singles, class_chances
from flowsim.world.traffic import HEROIN, OPIUM

Floats = npt.NDArray[np.float64]

BINS = 48
"""Points of the mass grid below a printed total [1]."""


@dataclass(frozen=True, kw_only=True)
class PopulationModel:
    """Reported numbers, priors and the world between them, for two populations of consignments."""

    setting: PopulationSetting
    """Areas, entries and years."""

    priors: Priors
    """Priors of the parameters, in order."""

    rows: tuple[Reported, ...]
    """Fitted rows of heroin."""

    sums: tuple[GroupSum, ...]
    """Sums of cells behind the rows, and then one of each year of single seizures."""

    of_row: tuple[tuple[int, int], ...]
    """Index of the sum of each row, and for a share that of the rest of its whole."""

    windows: tuple[tuple[tuple[Window, ...], ...], ...]
    """Seizures that count for each row, and for a share those of its whole."""

    printed: tuple[float, ...]
    """Number of each row less the subtracted rows [unit]; NaN if only bounds on consignments are known."""

    singles: tuple[Singles, ...] = ()
    """Fitted single seizures, by year."""

    opium: OpiumTotals | None = None
    """Fitted totals of opium; None if there are none."""

    harvests: Harvests | None = None
    """Harvests behind the flow of a year; None if the flow has no covariate."""

    abroad: tuple[Abroad, ...] = ()
    """Fitted single seizures beyond the exits, by year."""

    _ring: tuple[Floats, Floats] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ring", ring_sizes(self.setting.size_exponent))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return tuple(self.priors)

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Years with reports, ascending."""
        beside = self.opium.years if self.opium else frozenset()
        return tuple(sorted({row.year for row in self.rows} | {one.year for one in self.singles} | beside))

    @property
    def drugs(self) -> tuple[str, ...]:
        """Drugs with a series of totals, heroin first."""
        return (HEROIN, OPIUM) if self.opium else (HEROIN,)

    def sizes(self, drawn: Mapping[str, Floats]) -> Floats:
        """Parameters of the sizes of both populations and of retail finds, dims (set, 3, column), as in `kernel`."""
        rows = []
        for name in (*self.setting.populations, RETAIL):
            median, sd = (np.asarray(drawn[f"{name}_{of}"]) for of in SIZES)
            start, nothing = np.full_like(median, self.setting.maximum), np.zeros_like(median)
            rows.append(np.stack([median, sd, start, nothing, nothing + 1.0, start + 1.0, nothing], axis=-1))
        return np.stack(rows, axis=1)

    def rates(self, drawn: Mapping[str, Floats]) -> Rates:
        """Numbers of consignments and retail finds per kilogram.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        """
        means = mean_masses(self.sizes(drawn))
        small, wholesale, retail = means.T
        of_rings = drawn["mass_share"] + (1.0 - drawn["mass_share"]) * drawn["ring_share"]
        in_cases = drawn["mass_share"] / of_rings

        def split(share: Floats) -> tuple[Floats, Floats]:
            return (1.0 - share) / small, share / wholesale

        return Rates(
            found=split(np.asarray(drawn["found_share"])),
            patrol=split(np.asarray(drawn["mass_share"])),
            case=split(np.asarray(in_cases)),
            retail=1.0 / retail,
        )

    def of_harvest(self, drawn: Mapping[str, Floats], *, year: int) -> Floats:
        """Factor of the harvest on the flow of a year, dims (set,) [1]; 1 without covariate.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        year
            Calendar year.
        """
        if self.harvests is None:
            return np.ones_like(np.asarray(drawn["inflow"], dtype=np.float64))
        return np.asarray(np.exp(np.asarray(drawn[ELASTICITY]) * self.harvests.relative(year)))

    def events(self, drawn: Mapping[str, Floats]) -> Events:
        """Events behind each sum in a year with a factor of 1, at the harvest of its year.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        """
        kg, rates, here = self.setting.kilograms(drawn), self.rates(drawn), self.setting.weights(drawn)
        by_case = [kg[name] for name in CASE_COMPONENTS if name in kg]
        nothing = np.zeros(len(here))
        case_kg = np.sum(by_case, axis=0) / drawn["cases"] if by_case else nothing + 1.0
        columns: dict[str, list[Floats]] = {name: [] for name in ("counts", "cases", "taken", "mean")}
        for some in self.sums:
            then = self.setting.weights(drawn, year=some.year)
            mass = {name: kg[name] * (then @ part) / (here @ some.base[name]) for name, part in some.held.items()}
            single = sum((m for name, m in mass.items() if name == "crossing" or ":" in name), nothing)
            patrol, retail = mass.get("patrol", nothing), mass.get("market", nothing)
            ripe = sum(
                (kg[name] / case_kg * (then @ part) / (here @ some.base[name]) for name, part in some.whole.items()),
                nothing,
            )
            taken = sum((m for name, m in mass.items() if name in CASE_COMPONENTS), nothing)
            each = np.divide(taken, ripe, out=np.zeros_like(taken), where=ripe > 0)
            pairs = [single * a + patrol * b for a, b in zip(rates.found, rates.patrol, strict=True)]
            harvest = self.of_harvest(drawn, year=some.year)
            columns["counts"].append(harvest[:, None] * np.stack([*pairs, retail * rates.retail], axis=-1))
            columns["cases"].append(harvest * ripe)
            columns["taken"].append(np.stack([each * a for a in rates.case], axis=-1))
            columns["mean"].append(harvest * sum(mass.values(), nothing))
        return Events(**{name: np.stack(found, axis=1) for name, found in columns.items()})

    def expected(self, drawn: Mapping[str, Floats], *, year: int) -> ExpectedSingles:
        """Single seizures to be expected in a year with a factor of 1, at the harvest of the reference.

        Each consignment that a case takes is one seizure.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        year
            Calendar year.
        """
        kg, rates = self.setting.kilograms(drawn), self.rates(drawn)
        here, then = self.setting.weights(drawn), self.setting.weights(drawn, year=year)
        some = self._year(year)
        nothing = np.zeros((len(here), 2))
        kinds = {name: nothing.copy() for name in KINDS}
        by_group, by_oblast = np.zeros_like(here), np.zeros((len(here), len(self.setting.oblasts)))
        retail = np.zeros(len(here))
        inside = 1.0 - np.asarray(drawn["case_dwelling"])
        for name, part in some.parts.items():
            scale = kg[name] / (here @ some.base[name])
            mass = scale * (then @ part)
            if name == "market":
                retail = retail + mass * rates.retail
                number = rates.retail
            else:
                pair = rates.patrol if name == "patrol" else rates.case if name in CASE_COMPONENTS else rates.found
                both = np.stack(pair, axis=-1)
                number = both.sum(axis=1)
                if name in CASE_COMPONENTS:
                    kinds["road"] += (inside * mass)[:, None] * both
                    kinds["dwelling"] += ((1.0 - inside) * mass)[:, None] * both
                else:
                    kinds["border" if name in FOUND else "road"] += mass[:, None] * both
                by_group += (scale * number)[:, None] * then * part
            by_oblast += (scale * number)[:, None] * (then @ some.oblasts[name].T)
        chances = self._chances(drawn)
        classes = np.stack(
            [np.einsum("sp,spc->sc", kinds[name], np.stack(chances[:2], axis=1)) for name in KINDS], axis=1
        )
        classes[:, KINDS.index("dwelling")] += retail[:, None] * chances[2]
        of_entry, of_mode, _ = self.setting.splits.places
        entries, modes = (
            np.stack([by_group[:, :-1][:, where == k].sum(axis=1) for k in range(2)], axis=1)
            for where in (of_entry, of_mode)
        )
        compositions = {"kinds": classes.sum(axis=2), "entries": entries, "modes": modes, "oblasts": by_oblast}
        return ExpectedSingles(classes=classes, compositions=compositions, unnamed=np.asarray(drawn["unnamed"]))

    def _chances(self, drawn: Mapping[str, Floats]) -> list[Floats]:
        """Probability of each size class of both populations and of retail finds, dims (set, class) each [1]."""
        return [
            class_chances(
                np.asarray(drawn[f"{name}_median"]), np.asarray(drawn[f"{name}_log_sd"]), maximum=self.setting.maximum
            )
            for name in (*self.setting.populations, RETAIL)
        ]

    def by_year(self, drawn: Mapping[str, Floats], *, printed: Sequence[float] | None = None) -> Floats:
        """Log-chance of the heroin of each year, totals and numbers, at each point of its factor.

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        printed
            Substitutes for the printed numbers [unit].

        Returns
        -------
        ndarray
            Dims (set, year, node).
        """
        behind = self.events(drawn)
        rows, grid = self.tables(self.printed if printed is None else printed)
        level, year = (np.ascontiguousarray(drawn[name]) for name in ("level_log_sd", "year_log_sd"))
        sums = (self.sizes(drawn), behind.counts, behind.cases, behind.taken, behind.mean)
        points: tuple[Any, ...] = (*map(np.ascontiguousarray, sums), level, year, *self._ring, rows, grid)
        points = (*points, levels.SCORES, len(self.years))
        found: Floats = population_kernel.of_rows(*points)
        sd = np.maximum(np.hypot(level, year), 1e-6)[:, None]
        for one in self.singles:
            if one.counted:
                number = self.expected(drawn, year=one.year).classes.sum(axis=(1, 2)) * drawn["completeness"]
                number = number * self.of_harvest(drawn, year=one.year)
                rate = number[:, None] * np.exp(sd * levels.SCORES - sd**2 / 2)
                found[:, self.years.index(one.year)] += one.number * np.log(rate) - rate - gammaln(one.number + 1.0)
        return found

    def of_opium(self, drawn: Mapping[str, Floats]) -> Floats:
        """Log-chance of the total of opium of each year at each point of its factor, dims (set, year, node)."""
        assert self.opium is not None
        harvest = np.stack([self.of_harvest(drawn, year=row.year) for row in self.opium.rows], axis=1)
        return self.opium.by_year(drawn, years=self.years, harvest=harvest)

    def of_singles(self, drawn: Mapping[str, Floats]) -> Floats:
        """Log-chance of sizes and compositions of the single seizures of each year, dims (set, year)."""
        reporter = np.asarray(drawn["reporter"])
        each = [singles.log_chance(one, self.expected(drawn, year=one.year), reporter=reporter) for one in self.singles]
        return np.stack(each, axis=1) if each else np.zeros((len(reporter), 0))

    def leaving(self, drawn: Mapping[str, Floats], *, year: int) -> Floats:
        """Share of each sector of exits in the flow of a year, dims (set, sector) [1].

        Parameters
        ----------
        drawn
            Values of the parameters, dims (set,).
        year
            Calendar year.
        """
        return self.setting.splits.of_sectors(self.setting.weights(drawn, year=year))

    def of_abroad(self, drawn: Mapping[str, Floats]) -> Floats:
        """Log-chance of the sectors of the single seizures beyond the exits, dims (set,)."""
        found = np.zeros(len(np.asarray(drawn["inflow"])))
        for one in self.abroad:
            found += abroad.log_chance(one, self.leaving(drawn, year=one.year), closeness=np.asarray(drawn[CLOSENESS]))
        return found

    def log_likelihood(self, scores: Floats, *, printed: Sequence[float] | None = None) -> Floats:
        """Log-likelihood of all that is fitted, dims (set,).

        Parameters
        ----------
        scores
            Standard normal scores of the parameters, dims (set, parameter).
        printed
            Substitutes for the printed numbers [unit].
        """
        drawn = values(self.priors, np.atleast_2d(scores))
        gaps = np.diff(np.array(self.years), prepend=self.years[0])
        points = (levels.SCORES, *levels.HERMITE)
        rows, year = self.by_year(drawn, printed=printed), np.ascontiguousarray(drawn["year_log_sd"])
        level, rho = (np.stack([drawn[LEVELS[drug][of]] for drug in self.drugs], axis=1) for of in (0, 1))
        if self.opium is None:
            of_years = levels.log_chance(rows, gaps, level[:, 0].copy(), year, rho[:, 0].copy(), *points)
        else:
            of_years = joint_levels.log_chance(rows, self.of_opium(drawn), gaps, level, year, rho, *points)
        found = of_years + self.of_singles(drawn).sum(axis=1) + self.of_abroad(drawn)
        return np.asarray(found, dtype=np.float64)

    def tables(self, printed: Sequence[float]) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Rows and their mass grids for the compiled likelihood, dims (row, column) each.

        Parameters
        ----------
        printed
            Number of each row [unit].
        """
        reach = [self._reach[first] for first, _ in self.of_row]
        return row_tables(self.rows, printed, of_row=self.of_row, years=self.years, reach=reach, bins=BINS)

    @cached_property
    def _reach(self) -> tuple[float, ...]:
        """Largest mass on the grid of a share with each sum as a part [kg]."""
        expected = self.events(values(self.priors, np.zeros((1, len(self.priors))))).mean[0].tolist()
        partner = dict(self.of_row)
        return tuple(REACH * max(mass, expected[partner.get(k, k)], 55.0) for k, mass in enumerate(expected))

    def mass_by_part(self, cells: GroupCells) -> dict[str, Floats]:
        """Mass of cells by part, dims (group,) each [kg/year]."""
        return by_part(cells, self.setting)

    def _year(self, year: int) -> YearParts:
        if year not in self._known:
            self._known[year] = parts_of_year(self.setting, year)
        return self._known[year]

    @cached_property
    def _known(self) -> dict[int, YearParts]:
        return {}
