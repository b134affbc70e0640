"""Compiled likelihood of printed totals: a mass grid, Panjer's recursion, and Gauss-Hermite over years."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOTAL, LARGEST, SHARE = range(3)
"""Kind of a printed number: a total with or without bounds on single consignments, such bounds alone, or a share of two
sums."""

MEDIAN, LOG_SD, START, TAIL, EXPONENT, TOP, SELECTION = range(7)
"""Columns of the parameters of consignment sizes."""

STEEP = 600.0
"""Mean number of events above which the recursion starts from a scaled value [1]."""


@njit(cache=True)
def normal(score: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * math.erfc(-score / math.sqrt(2.0))


@njit(cache=True)
def entering(sizes: Floats) -> Floats:
    """Sizes of entering consignments from those of detected ones: each mass m has m ** selection times the weight.

    Parameters
    ----------
    sizes
        Parameters of detected consignments, dims (column,).

    Returns
    -------
    ndarray
        The same parameters of entering consignments, with a selection of 0.
    """
    power, sd, start = sizes[SELECTION], sizes[LOG_SD], sizes[START]
    changed = sizes.copy()
    if power == 0.0:
        return changed
    score = math.log(start / sizes[MEDIAN]) / sd
    body = math.exp(power * math.log(sizes[MEDIAN]) + (power * sd) ** 2 / 2)
    body *= normal(score - power * sd) / normal(score)
    old, new = sizes[EXPONENT], sizes[EXPONENT] - power
    if abs(new) < 1e-6:
        new = 1e-6
    ratio = start / sizes[TOP]
    tail = old / new * start**power * (1.0 - ratio**new) / (1.0 - ratio**old)
    changed[MEDIAN] = sizes[MEDIAN] * math.exp(power * sd**2)
    changed[EXPONENT] = new
    changed[TAIL] = sizes[TAIL] * tail / ((1.0 - sizes[TAIL]) * body + sizes[TAIL] * tail)
    changed[SELECTION] = 0.0
    return changed


@njit(cache=True)
def limited_mean(sizes: Floats, mass: float) -> float:
    """Limited expected value of consignment sizes (lognormal body, truncated Pareto tail) at a mass [kg].

    Parameters
    ----------
    sizes
        Parameters of the consignments, dims (column,).
    mass
        Mass [kg].
    """
    if mass <= 0.0:
        return 0.0
    sd, start, alpha = sizes[LOG_SD], sizes[START], sizes[EXPONENT]
    if abs(alpha - 1.0) < 1e-6:
        alpha += 1e-5
    centre = math.log(sizes[MEDIAN])
    inside = normal((math.log(start) - centre) / sd)
    low = min(mass, start)
    score = (math.log(low) - centre) / sd
    body = math.exp(centre + sd**2 / 2) * normal(score - sd) / inside
    body += mass * (1.0 - normal(score) / inside) if mass < start else 0.0
    if mass <= start:
        return float((1.0 - sizes[TAIL]) * body + sizes[TAIL] * mass)
    top = sizes[TOP]
    high, cut = min(mass, top), (start / top) ** alpha
    tail = alpha * start**alpha * (high ** (1.0 - alpha) - start ** (1.0 - alpha)) / ((1.0 - alpha) * (1.0 - cut))
    tail += mass * ((start / high) ** alpha - cut) / (1.0 - cut) if mass < top else 0.0
    return float((1.0 - sizes[TAIL]) * body + sizes[TAIL] * tail)


@njit(cache=True)
def on_grid(sizes: Floats, step: float, bins: int) -> Floats:
    """Probabilities of consignments on a mass grid, mean-preserving by local moments [Gerber1982]_.

    The probability of a mass between two grid points is divided over both so that the mean is kept.

    Parameters
    ----------
    sizes
        Parameters of the consignments, dims (column,).
    step
        Grid step [kg].
    bins
        Number of points, from a mass of 0 on.

    Returns
    -------
    ndarray
        Dims (bin,) [1]; the probability beyond the grid is left out.

    References
    ----------
    .. [Gerber1982] H. U. Gerber, "On the numerical evaluation of the distribution of aggregate claims and its
       stop-loss premiums", Insurance: Mathematics and Economics 1 (1982) 13-18, doi:10.1016/0167-6687(82)90016-6.
    """
    chances = np.empty(bins)
    before, here = 0.0, 0.0
    for k in range(bins):
        after = limited_mean(sizes, (k + 1) * step)
        chances[k] = 1.0 - after / step if k == 0 else max(0.0, (2.0 * here - before - after) / step)
        before, here = here, after
    return chances


@njit(cache=True, fastmath={"reassoc", "contract"})
def forward(first: Floats, second: Floats) -> float:
    """Dot product of two rows, with the order of summation left to the compiler."""
    found = 0.0
    for k in range(len(first)):
        found += first[k] * second[k]
    return found


@njit(cache=True)
def panjer(event: Floats, rates: Floats, below: int) -> tuple[Floats, Floats]:
    """Probabilities of compound Poisson totals, by Panjer's recursion [Panjer1981]_.

        f(0) = exp(-L (1 - e(0))),     f(s) = L / s sum_j j e(j) f(s - j)

    Parameters
    ----------
    event
        Probabilities of the mass of one event on a grid, dims (bin,) [1].
    rates
        Mean numbers of events L, dims (rate,) [1].
    below
        Only totals of events below this bin count: the probability of a larger event is left out.

    Returns
    -------
    tuple of ndarray
        Probabilities relative to exp(-offset), dims (rate, bin) [1]; and the offset, dims (rate,) [1].

    References
    ----------
    .. [Panjer1981] H. H. Panjer, "Recursive evaluation of a family of compound distributions", ASTIN Bulletin 12
       (1981) 22-26, doi:10.1017/S0515036100006796.
    """
    bins, count = len(event), len(rates)
    totals, offset = np.zeros((count, bins)), np.zeros(count)
    # Reversed, so that both factors of the sum are read forwards and vectorise.
    moment = np.zeros(bins)
    for j in range(1, min(bins, below)):
        moment[bins - 1 - j] = j * event[j]
    for q in range(count):
        offset[q] = max(0.0, rates[q] * (1.0 - event[0]) - STEEP)
        totals[q, 0] = math.exp(offset[q] - rates[q] * (1.0 - event[0]))
        for s in range(1, bins):
            totals[q, s] = rates[q] / s * forward(totals[q, :s], moment[bins - 1 - s : bins - 1])
    return totals, offset


@njit(cache=True)
def events(
    sizes: Floats,
    routine: float,
    cases: float,
    consignments: float,
    ring: Floats,
    share: Floats,
    step: float,
    bins: int,
) -> Floats:
    """Probabilities on a grid of the mass of one event: a consignment found, or all consignments taken by a case.

    A case takes a Poisson number of entering consignments with a mean proportional to the size of its ring.

    Parameters
    ----------
    sizes
        Parameters of detected consignments, dims (column,).
    routine
        Mean number of consignments found singly [1].
    cases
        Mean number of cases [1].
    consignments
        Mean number of consignments per case [1].
    ring, share
        Sizes of rings relative to their mean and the share of the rings of each, dims (ring,) [1].
    step, bins
        Grid, as in `on_grid`.

    Returns
    -------
    ndarray
        Dims (bin,) [1].
    """
    total = routine + cases
    mixed = np.zeros(bins)
    if routine > 0.0:
        mixed += routine / total * on_grid(sizes, step, bins)
    if cases > 0.0:
        taken, offset = panjer(on_grid(entering(sizes), step, bins), ring * consignments, bins)
        for k in range(len(ring)):
            mixed += cases / total * share[k] * math.exp(-offset[k]) * taken[k]
    return mixed


@njit(cache=True)
def below(totals: Floats, mass: float, step: float) -> float:
    """Probability of a total below a mass, with each bin spread evenly over one step.

    Parameters
    ----------
    totals
        Probabilities of totals on a grid, dims (bin,) [1].
    mass
        Mass [kg].
    step
        Grid step [kg].
    """
    place = mass / step + 0.5
    if place <= 0.0:
        return 0.0
    whole = min(int(place), len(totals))
    found = totals[:whole].sum()
    return float(found + (place - whole) * totals[whole]) if whole < len(totals) else float(found)


@njit(cache=True)
def of_total(event: Floats, rate: Floats, fixed: Floats, row: Floats, step: float) -> Floats:
    """Log-probability of a printed total, dims (rate,).

    Parameters
    ----------
    event
        Probabilities of the mass of one event, dims (bin,) [1].
    rate
        Mean number of events, dims (rate,) [1].
    fixed
        Mass in many small portions besides, dims (rate,) [kg].
    row
        Ends of the printed total [kg], and the lower and upper bounds on the largest event [kg].
    step
        Grid step [kg].
    """
    bins = len(event)
    ceiling = bins if not row[3] < math.inf else max(1, min(bins, round(row[3] / step + 0.5)))
    totals, offset = panjer(event, rate, ceiling)
    found = np.empty(len(rate))
    for q in range(len(rate)):
        found[q] = below(totals[q], row[1] - fixed[q], step) - below(totals[q], row[0] - fixed[q], step)
    if row[2] > 0.0:
        floor = min(ceiling, max(1, round(row[2] / step + 0.5)))
        without, _ = panjer(event, rate, floor)
        for q in range(len(rate)):
            found[q] -= below(without[q], row[1] - fixed[q], step) - below(without[q], row[0] - fixed[q], step)
    return np.log(np.maximum(found, 0.0)) - offset


@njit(cache=True)
def of_largest(event: Floats, rate: Floats, row: Floats, step: float) -> Floats:
    """Log-probability of bounds on the largest event, dims (rate,).

    Parameters
    ----------
    event, rate, row, step
        As in `of_total`.
    """
    found = np.ones(len(rate))
    small = np.cumsum(event)
    if row[3] < math.inf:
        found = np.exp(-rate * (1.0 - small[round(row[3] / step + 0.5) - 1]))
    if row[2] > 0.0:
        found -= np.exp(-rate * (1.0 - small[round(row[2] / step + 0.5) - 1]))
    return np.log(np.maximum(found, 0.0))


@njit(cache=True)
def of_share(first: Floats, second: Floats, rates: Floats, fixed: Floats, row: Floats, step: float) -> Floats:
    """Log-probability of a printed share of two independent sums, dims (rate,).

    Parameters
    ----------
    first, second
        Probabilities of the mass of one event of the part and of the rest, dims (bin,) [1].
    rates
        Mean numbers of events of both, dims (part, rate) [1].
    fixed
        Masses in many small portions of both, dims (part, rate) [kg].
    row
        Ends of the printed share [1].
    step
        Grid step [kg].
    """
    part, start = panjer(first, rates[0], len(first))
    rest, start_rest = panjer(second, rates[1], len(second))
    low, high = max(row[0], 0.0), min(row[1], 1.0)
    found = np.zeros(rates.shape[1])
    for q in range(rates.shape[1]):
        for s in range(len(first)):
            mass = s * step + fixed[0, q]
            if mass <= 0.0:
                found[q] += part[q, 0] * (1.0 - rest[q, 0]) if low == 0.0 else 0.0
                continue
            most = mass * (1.0 - low) / low - fixed[1, q] if low > 0.0 else 2.0 * rest.shape[1] * step
            least = mass * (1.0 - high) / high - fixed[1, q] if high < 1.0 else -step
            found[q] += part[q, s] * (below(rest[q], most, step) - below(rest[q], least, step))
    return np.log(np.maximum(found, 0.0)) - start - start_rest


@njit(cache=True)
def about(
    sizes: Floats, routine: Floats, taken: Floats, fixed: Floats, log_sd: float, rows: Floats, grid: Ints
) -> tuple[float, float]:
    """Centre of the score of a year's factor given its totals, and the half-width of its range [1].

    Parameters
    ----------
    sizes
        Parameters of detected consignments, dims (column,).
    routine, taken, fixed
        Consignments found singly, consignments taken by cases [1], and mass in small portions [kg], dims (sum,).
    log_sd
        Standard deviation of the logarithm of a year's factor [1].
    rows, grid
        Rows of the year, as in `of_rows`.
    """
    mean, mean_case = limited_mean(sizes, sizes[TOP]), limited_mean(entering(sizes), sizes[TOP])
    expected, printed = 0.0, 0.0
    for r in range(len(grid)):
        if grid[r, 1] == TOTAL:
            a = grid[r, 2]
            expected += routine[a] * mean + taken[a] * mean_case + fixed[a]
            printed += 0.5 * (max(rows[r, 0], 0.0) + rows[r, 1])
    if expected == 0.0 or log_sd == 0.0:
        return 0.0, 1.0
    # Variance of a total relative to its squared mean, without the tail, which would make it seem too wide.
    noise = 1.5 * mean * math.exp(sizes[LOG_SD] ** 2) / expected
    known = log_sd**2 / max(noise, 1e-4)
    found = math.log(max(printed, 0.05 * expected) / expected) / log_sd + log_sd / 2
    return found * known / (1.0 + known), min(1.0, 1.3 / math.sqrt(1.0 + known))


@njit(cache=True)
def of_rows(
    sizes: Floats,
    routine: Floats,
    cases: Floats,
    consignments: Floats,
    fixed: Floats,
    log_sd: Floats,
    ring: Floats,
    share: Floats,
    rows: Floats,
    grid: Ints,
    node: Floats,
    weight: Floats,
) -> Floats:
    """Log-likelihood of all printed numbers, for several sets of parameters.

    Rows of one year share the year's factor on all events, lognormal with mean 1. It is integrated out by adaptive
    Gauss-Hermite quadrature, centred by the year's totals [LiuPierce1994]_.

    Parameters
    ----------
    sizes
        Parameters of detected consignments, dims (set, column).
    routine, cases, consignments, fixed
        Consignments found singly, cases, consignments per case [1], and mass in small portions [kg], dims (set, sum).
    log_sd
        Standard deviation of the logarithm of a year's factor, dims (set,) [1].
    ring, share
        Sizes of rings, as in `events`.
    rows
        Printed numbers: ends of the total or share, and bounds on the largest event, dims (row, 4) [kg or 1].
    grid
        Year, kind, first and second sum, number of bins, and the step in parts of a gram, dims (row, 6).
    node, weight
        Gauss-Hermite points for exp(-x^2) and their weights, dims (node,).

    Returns
    -------
    ndarray
        Dims (set,).

    References
    ----------
    .. [LiuPierce1994] Q. Liu and D. A. Pierce, "A note on Gauss-Hermite quadrature", Biometrika 81 (1994) 624-629,
       doi:10.1093/biomet/81.3.624.
    """
    result = np.zeros(len(sizes))
    years = grid[:, 0].max() + 1 if len(grid) else 0
    for k in range(len(sizes)):
        for year in range(years):
            own = grid[:, 0] == year
            taken = cases[k] * consignments[k]
            centre, spread = about(sizes[k], routine[k], taken, fixed[k], log_sd[k], rows[own], grid[own])
            score = centre + math.sqrt(2.0) * spread * node
            factor = np.exp(log_sd[k] * score - log_sd[k] ** 2 / 2)
            log_chance = np.log(weight) + node**2 - score**2 / 2 + math.log(spread) - 0.5 * math.log(math.pi)
            for r in range(len(grid)):
                if grid[r, 0] != year:
                    continue
                a, b, bins, step = grid[r, 2], grid[r, 3], grid[r, 4], grid[r, 5] * 1e-6
                event = events(sizes[k], routine[k, a], cases[k, a], consignments[k, a], ring, share, step, bins)
                rate = factor * (routine[k, a] + cases[k, a])
                if grid[r, 1] == TOTAL:
                    log_chance += of_total(event, rate, factor * fixed[k, a], rows[r], step)
                elif grid[r, 1] == LARGEST:
                    log_chance += of_largest(event, rate, rows[r], step)
                else:
                    rest = events(sizes[k], routine[k, b], cases[k, b], consignments[k, b], ring, share, step, bins)
                    rates, small = np.empty((2, len(node))), np.empty((2, len(node)))
                    rates[0], rates[1] = rate, factor * (routine[k, b] + cases[k, b])
                    small[0], small[1] = factor * fixed[k, a], factor * fixed[k, b]
                    log_chance += of_share(event, rest, rates, small, rows[r], step)
            highest = log_chance.max()
            if highest == -math.inf:
                result[k] = -math.inf
                break
            result[k] += highest + math.log(np.exp(log_chance - highest).sum())
    return result
