"""Levels of years: an AR(1) process of the logarithm of the flow, and a factor of each year's practice."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from flowsim.calibration.kernel import normal
from flowsim.jit import kernel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REACH, NODES = 3.6, 21
"""Standard deviations over which the logarithm of a year's factor is integrated on either side, and its points [1]."""

STEP = 2.0 * REACH / (NODES - 1)
"""Distance of two points [standard deviations]."""

SCORES = np.linspace(-REACH, REACH, NODES)
"""Points, dims (node,) [standard deviations]."""

HERMITE = np.polynomial.hermite.hermgauss(7)
"""Points and weights of the factor of a year's practice."""

FLOOR = -1e4
"""Logarithm in place of that of a chance of 0."""


@kernel
def spread_of(level: float, year: float) -> float:
    """Standard deviation of the logarithm of a year's factor [1].

    Parameters
    ----------
    level, year
        Standard deviations of the level and of a year's practice [1].
    """
    return max(1e-6, math.hypot(level, year))


@kernel
def factors(level: float, year: float, scores: Floats) -> Floats:
    """Factors at the points, lognormal with mean 1, dims (node,) [1]."""
    sd = spread_of(level, year)
    found: Floats = np.exp(sd * scores - sd**2 / 2)
    return found


@kernel
def stationary(scores: Floats) -> Floats:
    """Probability of each point of a standard normal level, dims (node,) [1]."""
    half, found = 0.5 * (scores[1] - scores[0]), np.empty(len(scores))
    for k in range(len(scores)):
        found[k] = normal(scores[k] + half) - normal(scores[k] - half)
    share: Floats = found / found.sum()
    return share


@kernel
def transition(rho: float, scores: Floats) -> Floats:
    """Probability of each point a year after another, dims (after, before) [1].

    Each point stands for the interval about it [Tauchen1986]_. That rounds a move and adds the twelfth of the squared
    distance of the points to its variance [Sheppard1898]_, which is taken off beforehand; off short moves a fifth at
    most, as rounding adds less to them.

    Parameters
    ----------
    rho
        Autocorrelation of two years in a row [1].
    scores
        Points, dims (node,).

    References
    ----------
    .. [Tauchen1986] G. Tauchen, "Finite state Markov-chain approximations to univariate and vector autoregressions",
       Economics Letters 20 (1986) 177-181, doi:10.1016/0165-1765(86)90168-0.
    .. [Sheppard1898] W. F. Sheppard, "On the calculation of the most probable values of frequency-constants, for data
       arranged according to equidistant division of a scale", Proceedings of the London Mathematical Society 29 (1898)
       353-380, doi:10.1112/plms/s1-29.1.353.
    """
    count, half = len(scores), 0.5 * (scores[1] - scores[0])
    variance = max(1.0 - rho**2, 1e-6)
    sd = math.sqrt(max(variance - half**2 / 3.0, 0.8 * variance))
    found = np.empty((count, count))
    for before in range(count):
        for after in range(count):
            far = scores[after] - rho * scores[before]
            found[after, before] = normal((far + half) / sd) - normal((far - half) / sd)
        found[:, before] /= max(found[:, before].sum(), 1e-300)
    return found


@kernel
def between_points(row: Floats, place: float, highest: float) -> float:
    """Value between the points of a row of log-chances at a place, by a cubic where they are smooth.

    Parameters
    ----------
    row
        Values at the points, dims (node,).
    place
        Place, in points from the first.
    highest
        Largest value of the row: far below it, straight lines keep a cliff from being overshot.
    """
    last = len(row) - 1
    place = min(max(place, 0.0), float(last))
    k = min(int(place), last - 1)
    t = place - k
    straight = float((1.0 - t) * row[k] + t * row[k + 1])
    if k == 0 or k + 2 > last or min(row[k - 1], row[k], row[k + 1], row[k + 2]) < highest - 60.0:
        return straight
    a, b, c, d = row[k - 1], row[k], row[k + 1], row[k + 2]
    return float(
        -t * (t - 1.0) * (t - 2.0) / 6.0 * a
        + (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0 * b
        - (t + 1.0) * t * (t - 2.0) / 2.0 * c
        + (t + 1.0) * t * (t - 1.0) / 6.0 * d
    )


@kernel
def by_practice(row: Floats, level: float, year: float, scores: Floats, node: Floats) -> Floats:
    """Log-chance of a year's reports given its level and practice, from that given its whole factor.

    Parameters
    ----------
    row
        Log-chance at each point of the whole factor, dims (node,).
    level, year
        Standard deviations of the level and of a year's practice [1].
    scores
        Points, dims (node,).
    node
        Gauss-Hermite points of practice.

    Returns
    -------
    ndarray
        Relative to the largest value of the row, dims (node, practice).
    """
    whole, step, highest = spread_of(level, year), scores[1] - scores[0], row.max()
    found = np.empty((len(scores), len(node)))
    for k in range(len(scores)):
        for q in range(len(node)):
            score = (level * scores[k] + math.sqrt(2.0) * year * node[q]) / whole
            found[k, q] = min(between_points(row, (score - scores[0]) / step, highest) - highest, 50.0)
    return found


@kernel
def given_level(row: Floats, level: float, year: float, scores: Floats, node: Floats, weight: Floats) -> Floats:
    """Log-chance of a year's reports given its level, from that given its whole factor, dims (node,).

    Parameters
    ----------
    row, level, year, scores, node
        As in `by_practice`.
    weight
        Gauss-Hermite weights of practice.
    """
    highest, both = row.max(), by_practice(row, level, year, scores, node)
    found = np.empty(len(scores))
    for k in range(len(scores)):
        total = 0.0
        for q in range(len(node)):
            total += weight[q] / math.sqrt(math.pi) * math.exp(both[k, q])
        found[k] = highest + math.log(max(total, 1e-300))
    return found


@kernel
def log_chance(
    rows: Floats, gaps: Ints, level: Floats, year: Floats, rho: Floats, scores: Floats, node: Floats, weight: Floats
) -> Floats:
    """Log-chance of the reports of all years, for several sets of parameters, dims (set,).

    Parameters
    ----------
    rows
        Log-chance of each year's reports at each point of its whole factor, dims (set, year, node).
    gaps
        Years since the year before, dims (year,); the first is not used.
    level, year, rho
        Standard deviations of the level and of practice, and autocorrelation of the level, dims (set,) [1].
    scores, node, weight
        As in `given_level`.
    """
    found = np.zeros(len(rows))
    for k in range(len(rows)):
        chance, moving = stationary(scores), transition(rho[k], scores)
        for t in range(rows.shape[1]):
            if t:
                for _ in range(gaps[t]):
                    chance = moving @ chance
            seen = given_level(rows[k, t], level[k], year[k], scores, node, weight)
            highest = seen.max()
            chance = chance * np.exp(seen - highest)
            whole = chance.sum()
            if not whole > 0.0 or highest <= FLOOR:
                found[k] = -math.inf
                break
            found[k] += highest + math.log(whole)
            chance /= whole
    return found


def smoothed(
    rows: Floats, years: Sequence[int], *, every: Sequence[int], level: float, year: float, rho: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Levels of all years given the reports, for one set of parameters.

    Parameters
    ----------
    rows
        Log-chance of the reports of some years at each point of the whole factor, dims (year, node).
    years
        These years, ascending.
    every
        Years of the result, consecutive, these among them.
    level, year, rho
        Standard deviations of the level and of practice, and autocorrelation of the level [1].

    Returns
    -------
    tuple of ndarray
        Chance of the reports of the year at each level relative to its largest, dims (year, node); chance of each level
        given the reports of earlier years, dims (year, node); relative chance of the reports of later years, dims
        (year, node); and logarithm of the largest chance of the reports of the year, dims (year,) [1].
    """
    node, weight = HERMITE
    seen, highest = np.ones((len(every), NODES)), np.zeros(len(every))
    place = {one: k for k, one in enumerate(every)}
    for row, one in zip(rows, years, strict=True):
        log = given_level(np.ascontiguousarray(row), level, year, SCORES, node, weight)
        highest[place[one]] = log.max()
        seen[place[one]] = np.exp(log - log.max())
    moving = transition(rho, SCORES)
    before, after = np.empty_like(seen), np.ones_like(seen)
    now = stationary(SCORES)
    for k in range(len(every)):
        before[k] = now
        now = moving @ (now * seen[k] / (now @ seen[k]))
    for k in range(len(every) - 2, -1, -1):
        later = moving.T @ (seen[k + 1] * after[k + 1])
        after[k] = later / later.max()
    return seen, before, after, highest


def draw_levels(seen: Floats, before: Floats, *, rho: float, rng: np.random.Generator) -> Ints:
    """Draw a path of levels given all reports, from the last year back, dims (year,), as positions of points.

    Parameters
    ----------
    seen, before
        As from `smoothed`.
    rho
        Autocorrelation of the level [1].
    rng
        Random numbers.
    """
    moving = transition(rho, SCORES)
    path = np.zeros(len(seen), dtype=np.int64)
    for k in range(len(seen) - 1, -1, -1):
        chance = seen[k] * before[k]
        if k < len(seen) - 1:
            chance = chance * moving[path[k + 1]]
        path[k] = rng.choice(NODES, p=chance / chance.sum())
    return path
