"""Levels of two drugs, each an AR(1) process of its own, under a practice of the year that both have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flowsim.calibration.levels import FLOOR, HERMITE, NODES, SCORES, by_practice, stationary, transition
from flowsim.jit import kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

Pair = tuple[float, float]
"""A number of the first drug and of the second."""


@kernel
def given_levels(
    first: Floats, second: Floats, level: Floats, year: float, scores: Floats, node: Floats, weight: Floats
) -> Floats:
    """Chance of a year's reports of both drugs given both levels, relative to the largest of each.

    Given practice, the reports of the two drugs are independent.

    Parameters
    ----------
    first, second
        Log-chance of the reports of each drug at each point of its whole factor, dims (node,).
    level
        Standard deviation of the level of each drug, dims (2,) [1].
    year
        Standard deviation of practice [1].
    scores, node, weight
        As in `levels.given_level`.

    Returns
    -------
    ndarray
        Relative to the largest value of each row, dims (node of the first, node of the second) [1].
    """
    one = np.exp(by_practice(first, level[0], year, scores, node)) * (weight / math.sqrt(math.pi))
    other = np.exp(by_practice(second, level[1], year, scores, node))
    found: Floats = one @ np.ascontiguousarray(other.T)
    return found


@kernel
def log_chance(
    first: Floats,
    second: Floats,
    gaps: Ints,
    level: Floats,
    year: Floats,
    rho: Floats,
    scores: Floats,
    node: Floats,
    weight: Floats,
) -> Floats:
    """Log-chance of the reports of both drugs in all years, for several sets of parameters, dims (set,).

    The state is the pair of levels. As they move independently, a move is a product with a matrix from either side.

    Parameters
    ----------
    first, second
        Log-chance of each year's reports of each drug at each point of its whole factor, dims (set, year, node); 0 of a
        drug without a report of the year.
    gaps
        Years since the year before, dims (year,); the first is not used.
    level, rho
        Standard deviation of the level of each drug and its autocorrelation, dims (set, 2) [1].
    year
        Standard deviation of practice, dims (set,) [1].
    scores, node, weight
        As in `levels.given_level`.
    """
    found, start = np.zeros(len(first)), stationary(scores)
    for k in range(len(first)):
        chance = np.outer(start, start)
        moving = transition(rho[k, 0], scores)
        across = np.ascontiguousarray(transition(rho[k, 1], scores).T)
        for t in range(first.shape[1]):
            if t:
                for _ in range(gaps[t]):
                    chance = moving @ chance @ across
            highest = (first[k, t].max(), second[k, t].max())
            chance = chance * given_levels(first[k, t], second[k, t], level[k], year[k], scores, node, weight)
            whole = chance.sum()
            if not whole > 0.0 or min(highest) <= FLOOR:
                found[k] = -math.inf
                break
            found[k] += highest[0] + highest[1] + math.log(whole)
            chance /= whole
    return found


def smoothed(
    first: Floats, second: Floats, years: Sequence[int], *, every: Sequence[int], level: Pair, year: float, rho: Pair
) -> tuple[Floats, Floats, Floats, Floats]:
    """Levels of both drugs in all years given the reports of both, for one set of parameters.

    Parameters
    ----------
    first, second
        Log-chance of the reports of each drug at each point of its whole factor, dims (year, node).
    years
        The years of the reports, ascending.
    every
        Years of the result, consecutive, these among them.
    level, rho
        Standard deviation of the level of each drug, and its autocorrelation [1].
    year
        Standard deviation of practice [1].

    Returns
    -------
    tuple of ndarray
        As from `levels.smoothed`, dims (year, node of the first, node of the second) each, and the last (year,) [1].
    """
    seen, highest = np.ones((len(every), NODES, NODES)), np.zeros(len(every))
    place = {one: k for k, one in enumerate(every)}
    for row, other, one in zip(first, second, years, strict=True):
        found = given_levels(row, other, np.array(level), year, SCORES, *HERMITE)
        highest[place[one]] = row.max() + other.max() + math.log(found.max())
        seen[place[one]] = found / found.max()
    moving, across = (transition(one, SCORES) for one in rho)
    before, after = np.empty_like(seen), np.ones_like(seen)
    now = np.outer(stationary(SCORES), stationary(SCORES))
    for k in range(len(every)):
        before[k] = now
        given = now * seen[k]
        now = moving @ (given / given.sum()) @ across.T
    for k in range(len(every) - 2, -1, -1):
        later = moving.T @ (seen[k + 1] * after[k + 1]) @ across
        after[k] = later / later.max()
    return seen, before, after, highest


def draw_levels(seen: Floats, before: Floats, *, rho: Pair, rng: np.random.Generator) -> Ints:
    """Draw paths of both levels given all reports, from the last year back, as positions of points.

    Parameters
    ----------
    seen, before
        As from `smoothed`.
    rho
        Autocorrelation of the level of each drug [1].
    rng
        Random numbers.

    Returns
    -------
    ndarray
        Dims (drug, year).
    """
    moving, across = (transition(one, SCORES) for one in rho)
    path = np.zeros((2, len(seen)), dtype=np.int64)
    for k in range(len(seen) - 1, -1, -1):
        chance = seen[k] * before[k]
        if k < len(seen) - 1:
            chance = chance * np.outer(moving[path[0, k + 1]], across[path[1, k + 1]])
        drawn = rng.choice(chance.size, p=chance.ravel() / chance.sum())
        path[:, k] = np.unravel_index(drawn, chance.shape)
    return path
