"""Designs: rows of values for several keys at once, from a table or sampled over ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowsim import checks, csv_tables
from flowsim.sweeps.grid import ROW, Axis

KINDS = ("sobol", "latin_hypercube", "morris")
"""Sampled designs."""

LEVELS = 4
"""Levels of a Morris design."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Range of a key for sampling."""

    low: float
    """Lower end."""

    high: float
    """Upper end."""

    log: bool = False
    """Whether the logarithm of the value is uniform, and not the value."""

    def __post_init__(self) -> None:
        holds = math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high
        checks.require(holds, thing="interval", rule="have a finite low end below its high end", value=self._shown)
        checks.require(not self.log or self.low > 0, thing="interval", rule="lie above 0", value=self._shown)

    @property
    def _shown(self) -> tuple[float, float]:
        return self.low, self.high


def from_table(path: Path) -> Axis:
    """Rows of a table, with keys as columns and values as typed in its cells.

    Parameters
    ----------
    path
        CSV file.

    Raises
    ------
    ValueError
        If there is no such file, a row is longer or shorter than the first, or a cell is empty.
    """
    found = csv_tables.scan(path, columns=None)
    for mistake in found.mistakes:
        rule = f"be a CSV table with keys as columns ({mistake.text})"
        checks.require(mistake.line > 0, thing="hydra.sweeper.table", rule=rule, value=str(path))
        raise ValueError(mistake.text)
    keys = tuple(found.rows[0].cells)
    for row in found.rows:
        given = all(row.cells.values())
        rule = f"give {', '.join(keys)}"
        checks.require(given, thing=f"{path} line {row.line}", rule=rule, value=list(row.cells.values()))
    return Axis(name=ROW, keys=keys, texts=tuple(tuple(row.cells.values()) for row in found.rows))


def sampled(kind: str, ranges: Mapping[str, Range], *, samples: int, seed: int) -> Axis:
    """Rows of a design over ranges, in SALib's order.

    Parameters
    ----------
    kind
        `sobol`: Saltelli's scheme for first-order and total indices, samples x (keys + 2) rows; `latin_hypercube`:
        as many rows as samples; `morris`: trajectories, samples x (keys + 1) rows.
    ranges
        Range of each key.
    samples
        Size of the design.
    seed
        Seed of the design.

    Raises
    ------
    ValueError
        If the design is unknown, there is no range, or the size does not suit it.
    """
    checks.known(kind, KINDS, thing="hydra.sweeper.design")
    checks.require(bool(ranges), thing="a design", rule="have a range, as inflow=interval(60,90)", value="none")
    whole = type(samples) is int and samples > 0
    checks.require(whole, thing="hydra.sweeper.samples", rule="be a whole number above 0", value=samples)
    whole = type(seed) is int and seed >= 0
    checks.require(whole, thing="hydra.sweeper.seed", rule="be a whole number from 0", value=seed)
    if kind == "sobol":
        power = samples & (samples - 1) == 0
        checks.require(power, thing="hydra.sweeper.samples", rule="be a power of 2 for sobol", value=samples)
    unit = _unit(kind, keys=list(ranges), samples=samples, seed=seed)
    rows = [tuple(repr(_scaled(float(x), own)) for x, own in zip(row, ranges.values(), strict=True)) for row in unit]
    return Axis(name=ROW, keys=tuple(ranges), texts=tuple(rows))


def _unit(kind: str, *, keys: Sequence[str], samples: int, seed: int) -> Any:
    """Design in the unit cube, dims (row, key)."""
    problem = {"num_vars": len(keys), "names": list(keys), "bounds": [[0.0, 1.0]] * len(keys)}
    if kind == "sobol":
        from SALib.sample import sobol

        return sobol.sample(problem, samples, calc_second_order=False, seed=seed)
    if kind == "morris":
        from SALib.sample import morris

        return morris.sample(problem, samples, num_levels=LEVELS, seed=seed)
    from SALib.sample import latin

    return latin.sample(problem, samples, seed=seed)


def _scaled(position: float, given: Range) -> float:
    """Value at a position in [0, 1] of a range; the ends are met exactly."""
    if position in (0.0, 1.0):
        return given.high if position else given.low
    if given.log:
        return math.exp(math.log(given.low) + position * (math.log(given.high) - math.log(given.low)))
    return given.low + position * (given.high - given.low)
