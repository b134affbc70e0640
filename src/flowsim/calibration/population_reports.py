"""Synthetic reports of two populations: years simulated seizure by seizure, and reports of single seizures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.calibration.abroad import CLOSENESS, Abroad
from flowsim.calibration.components import CASE_COMPONENTS, Cell
from flowsim.calibration.data import Reported
from flowsim.calibration.model import FOUND, ring_sizes
from flowsim.calibration.opium import LEVELS
from flowsim.calibration.population_events import Rates
from flowsim.calibration.population_kernel import RETAIL, SMALL, WHOLESALE
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_setting import Window
from flowsim.calibration.population_years import factors_of, simulate_levels
from flowsim.calibration.singles import GROUPS, KINDS, LEAST, Singles, composition, group_chances, mixed
from flowsim.calibration.synthetic_reports import Year, as_printed, draw_masses
from flowsim.world.traffic import HEROIN, OPIUM

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PopulationYear(Year):
    """Seizures of one simulated year, with their kinds of place and groups of streams."""

    kind: Ints
    """Kind of place, as positions in `singles.KINDS`, dims (consignment,)."""

    group: Ints
    """Group of streams, -1 of retail finds, dims (consignment,)."""

    opium: float = 0.0
    """Opium seized besides [kg]."""

    def reported(self) -> npt.NDArray[np.bool_]:
        """Whether each seizure is large enough to be reported one by one, dims (consignment,)."""
        return self.mass >= LEAST


@dataclass(frozen=True, kw_only=True)
class Draw:
    """A draw of the parameters of a model, prepared for many years."""

    model: PopulationModel
    """Model."""

    drawn: Mapping[str, float]
    """Values of the parameters."""

    one: Mapping[str, Floats]
    """The same, dims (set,), with a single set."""

    kg: Mapping[str, float]
    """Mass seized in a mean year, by part of a component [kg/year]."""

    sizes: Floats
    """Parameters of sizes, dims (3, column)."""

    rates: Rates
    """Numbers per kilogram, of a single set."""

    weights: Floats
    """Share of each group of streams in the flow of the reference, dims (group,) [1]."""

    base: Mapping[str, Floats]
    """Mass of each part in the reference, dims (group,) each [kg/year]."""


def prepare(model: PopulationModel, drawn: Mapping[str, float]) -> Draw:
    """Prepare a draw of the parameters of a model.

    Parameters
    ----------
    model
        Model.
    drawn
        Values of the parameters.
    """
    one = {name: np.array([value]) for name, value in drawn.items()}
    return Draw(
        model=model,
        drawn=drawn,
        one=one,
        kg={name: float(mass[0]) for name, mass in model.setting.kilograms(one).items()},
        sizes=model.sizes(one)[0],
        rates=model.rates(one),
        weights=model.setting.weights(one)[0],
        base=model.mass_by_part(model.setting.reference),
    )


def simulate_year(draw: Draw, *, year: int, rng: np.random.Generator, factor: float) -> PopulationYear:
    """Simulate the seizures of a year.

    Parameters
    ----------
    draw
        A draw of the parameters.
    year
        Calendar year of the controls; the reference's controls if the model lacks the year.
    rng
        Random numbers.
    factor
        The year's factor on all events [1].
    """
    setting = draw.model.setting
    here = draw.weights
    then = setting.weights(draw.one, year=year)[0]
    base, cells = draw.base, setting.cells(year)
    names = tuple(cells)
    batches: list[_Batch] = []
    for part, mass in draw.kg.items():
        own = np.array(
            [k for k, cell in enumerate(names) if setting.part(cell.component, cell.oblast) == part], dtype=np.int64
        )
        if not len(own) or part not in base:
            continue
        weight = np.stack([cells[names[k]] * then for k in own]) / (here @ base[part])
        expected = factor * mass * float(weight.sum())
        if expected > 0.0:
            some = _by_cases if part in CASE_COMPONENTS else _found_singly
            batch = some(draw, part, expected=expected, rng=rng)
            place = rng.choice(weight.size, size=len(batch.mass), p=(weight / weight.sum()).ravel())
            group = place % weight.shape[1] if part != "market" else np.full(len(place), -1)
            batches.append(batch._replace(cell=own[place // weight.shape[1]], group=group))
    return _year(names, batches)


class _Batch(NamedTuple):
    """Seizures of one part; dims (consignment,)."""

    mass: Floats
    """Masses [kg]."""

    time: Floats
    """Times as parts of the year [1]."""

    case: Ints
    """Index of the case within the batch, -1 if found singly."""

    kind: Ints
    """Kinds of place, as positions in `singles.KINDS`."""

    cell: Ints
    """Positions of their cells."""

    group: Ints
    """Groups of streams."""


NONE: Ints = np.zeros(0, dtype=np.int64)


def _by_cases(draw: Draw, part: str, *, expected: float, rng: np.random.Generator) -> _Batch:
    """Consignments taken by the cases of an agency, of a mean mass [kg]."""
    case_kg = sum(mass for name, mass in draw.kg.items() if name in CASE_COMPONENTS) / draw.drawn["cases"]
    sizes, rates = draw.sizes, draw.rates.case
    count = rng.poisson(expected / case_kg)
    ring, share = ring_sizes(draw.model.setting.size_exponent)
    mean = rng.choice(ring, size=count, p=share) * case_kg
    numbers = [rng.poisson(mean * float(rate[0])) for rate in rates]
    case = np.concatenate([np.repeat(np.arange(count), number) for number in numbers])
    stored = rng.uniform(size=len(case)) < draw.drawn["case_dwelling"]
    return _Batch(
        mass=np.concatenate([draw_masses(sizes[k], rng=rng, count=int(n.sum())) for k, n in enumerate(numbers)]),
        time=rng.uniform(size=max(count, 1))[case],
        case=case,
        kind=np.where(stored, KINDS.index("dwelling"), KINDS.index("road")),
        cell=NONE,
        group=NONE,
    )


def _found_singly(draw: Draw, part: str, *, expected: float, rng: np.random.Generator) -> _Batch:
    """Consignments found at checkpoints or by patrols, or retail finds, of a mean mass [kg]."""
    sizes, rates = draw.sizes, draw.rates
    if part == "market":
        each = {RETAIL: float(rates.retail[0])}
    else:
        pair = rates.patrol if part == "patrol" else rates.found
        each = {k: float(rate[0]) for k, rate in zip((SMALL, WHOLESALE), pair, strict=True)}
    masses = [draw_masses(sizes[k], rng=rng, count=rng.poisson(expected * rate)) for k, rate in each.items()]
    mass = np.concatenate(masses)
    where = "dwelling" if part == "market" else "border" if part in FOUND else "road"
    return _Batch(
        mass=mass,
        time=rng.uniform(size=len(mass)),
        case=np.full(len(mass), -1, dtype=np.int64),
        kind=np.full(len(mass), KINDS.index(where), dtype=np.int64),
        cell=NONE,
        group=NONE,
    )


def _year(names: tuple[Cell, ...], batches: Sequence[_Batch]) -> PopulationYear:
    """Year of several batches, with cases numbered through."""
    cases, numbered = 0, []
    for batch in batches:
        numbered.append(np.where(batch.case >= 0, batch.case + cases, -1))
        cases += int(batch.case.max(initial=-1)) + 1
    return PopulationYear(
        cells=names,
        market=np.zeros(len(names)),
        mass=np.concatenate([np.zeros(0), *(batch.mass for batch in batches)]),
        time=np.concatenate([np.zeros(0), *(batch.time for batch in batches)]),
        case=np.concatenate([NONE, *numbered]),
        cell=np.concatenate([NONE, *(batch.cell for batch in batches)]),
        kind=np.concatenate([NONE, *(batch.kind for batch in batches)]),
        group=np.concatenate([NONE, *(batch.group for batch in batches)]),
    )


def simulate_reports(
    model: PopulationModel, drawn: Mapping[str, float], *, rng: np.random.Generator
) -> PopulationModel:
    """Model with the numbers of its rows and its single seizures simulated in place of the reported ones.

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
    every = range(model.years[0], model.years[-1] + 1)
    scores = {drug: simulate_levels(drawn[LEVELS[drug][1]], years=every, rng=rng) for drug in model.drugs}
    by_drug = factors_of(drawn, scores, rng=rng, harvests=model.harvests)
    factors, draw = by_drug[HEROIN], prepare(model, drawn)
    for year in sorted({row.year for row in rows}):
        found = simulate_year(draw, year=year, rng=rng, factor=factors[year])
        for k, row in enumerate(model.rows):
            if row.year == year:
                printed[k], rows[k] = _printed(found, row, parts=model.windows[k], value=model.printed[k])
    seen = tuple(simulate_singles(model, drawn, one, factor=factors[one.year], rng=rng) for one in model.singles)
    beyond = tuple(simulate_abroad(model, drawn, one, rng=rng) for one in model.abroad)
    told = replace(model, rows=tuple(rows), printed=tuple(printed), singles=seen, abroad=beyond)
    if model.opium is None:
        return told
    totals = [
        round(model.opium.simulate(drawn, factor=by_drug[OPIUM][row.year], rng=rng) / row.rounding) * row.rounding
        for row in model.opium.rows
    ]
    return replace(told, opium=replace(model.opium, printed=tuple(totals)))


def simulate_abroad(
    model: PopulationModel, drawn: Mapping[str, float], one: Abroad, *, rng: np.random.Generator
) -> Abroad:
    """Simulate the sectors of as many single seizures beyond the exits as were reported.

    Parameters
    ----------
    model
        Model.
    drawn
        Values of its parameters.
    one
        Single seizures as reported.
    rng
        Random numbers.
    """
    leaving = model.leaving({name: np.array([value]) for name, value in drawn.items()}, year=one.year)[0]
    shares = rng.dirichlet(drawn[CLOSENESS] * leaving)
    return replace(one, sectors=rng.multinomial(int(one.sectors.sum()), shares).astype(np.float64))


def _printed(
    found: PopulationYear, row: Reported, *, parts: Sequence[Sequence[Window]], value: float
) -> tuple[float, Reported]:
    masses = [counted(found, part) for part in parts]
    sums = [float(mass.sum()) for mass in masses]
    return as_printed(row, mass=sums[0], whole=sums[-1], largest=largest(found, masses[0]), value=value)


def counted(found: PopulationYear, parts: Sequence[Window]) -> Floats:
    """Mass of each seizure that counts, 0 of the others, dims (consignment,) [kg].

    Parameters
    ----------
    found
        Simulated year.
    parts
        What counts, and what is subtracted.
    """
    masks = []
    for part in parts:
        here = np.array([cell in part.cells for cell in found.cells], dtype=bool)
        masks.append(here[found.cell] & (found.time >= part.start) & (found.time < part.end))
    left = masks[0]
    for mask in masks[1:]:
        left = left & ~mask
    return np.asarray(np.where(left, found.mass, 0.0))


def largest(found: PopulationYear, mass: Floats) -> float:
    """Largest consignment or case among the masses that count [kg].

    Parameters
    ----------
    found
        Simulated year.
    mass
        Masses that count, dims (consignment,) [kg].
    """
    by_case = found.case >= 0
    sums = np.bincount(found.case[by_case], weights=mass[by_case]) if by_case.any() else np.zeros(1)
    return float(max(mass[~by_case].max(initial=0.0), sums.max(initial=0.0)))


def simulate_singles(
    model: PopulationModel, drawn: Mapping[str, float], one: Singles, *, factor: float, rng: np.random.Generator
) -> Singles:
    """Simulate the single seizures of a year as they are reported, with as many of an unknown kind of place.

    Parameters
    ----------
    model
        Model.
    drawn
        Values of its parameters.
    one
        Single seizures as reported.
    factor
        The year's factor on all events [1].
    rng
        Random numbers.
    """
    expected = model.expected({name: np.array([value]) for name, value in drawn.items()}, year=one.year)
    number = int(one.number)
    if one.counted:
        number = rng.poisson(drawn["completeness"] * factor * float(expected.classes.sum()))
    known, transit = one.compositions["kinds"].sum(), one.classes[GROUPS.index("transit")].sum()
    shares = np.array([known, transit, one.number - known - transit]) / one.number
    first, *others = rng.multinomial(number, shares).tolist()

    def composed(name: str, count: int) -> Floats:
        share = mixed(composition(expected, name, unknown=one.unknown))[0]
        return rng.multinomial(count, rng.dirichlet(drawn["reporter"] * share)).astype(np.float64)

    counts = [*composed("kinds", first).tolist(), *others]
    classes = [
        rng.multinomial(int(count), chance[0] / chance[0].sum())
        for count, chance in zip(counts, group_chances(expected, unknown=one.unknown), strict=True)
    ]
    whole = {name: round(number * float(seen.sum()) / one.number) for name, seen in one.compositions.items()}
    compositions = {name: composed(name, count) for name, count in whole.items() if name != "kinds"}
    compositions = {"kinds": np.array(counts[: len(KINDS)]), **compositions}
    return replace(one, classes=np.array(classes, dtype=np.float64), compositions=compositions)
