"""Quadrature points and weights for masses, concealments and years in the closed form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal
from scipy.special import ndtr

from flowsim import checks
from flowsim.world.populations import ConsignmentSizes

Floats = npt.NDArray[np.float64]

REACH = 6.0
"""Standard deviations over which a normal variable is integrated on either side; 2e-9 lies beyond [1]."""

PANEL = 10
"""Gauss-Legendre points in one panel of the masses [1]."""

PART = 5
"""Gauss-Legendre points between two masses at which the number of parts of a consignment changes [1]."""

YEARS = 8
"""Gauss points of a year's effort between two values at which a class of checkpoint reaches effort 1 [1]."""


def masses(
    sizes: ConsignmentSizes,
    capacities: Sequence[float],
    *,
    maxima: Sequence[float],
    slope: float,
    splits: Sequence[float] = (),
) -> tuple[Floats, dict[float, Floats]]:
    """Masses of entering consignments, and the probability of each in a vehicle of each capacity.

    Panels end at the start of the tail, at each capacity and at the largest mass carried on each bypass. A
    sensitivity with slope b has poles pi / b off the real axis of ln(mass), so panels of 6 / b lose nothing.

    Parameters
    ----------
    sizes
        Distribution of detected consignments.
    capacities
        Largest masses that the vehicles can hide [kg].
    maxima
        Largest masses carried on bypasses [kg].
    slope
        Largest slope of a sensitivity over ln(mass) [1].
    splits
        Masses at which a consignment is split into one part more [kg].

    Returns
    -------
    tuple
        Masses, dims (mass,) [kg]; and by capacity their probabilities, dims (mass,) [1].

    Raises
    ------
    ValueError
        If a vehicle can hold no consignment.
    """
    sd, start = sizes.log_sd, math.log(sizes.tail_start)
    centre = math.log(sizes.median) + sizes.selection * sd**2
    tops = {math.log(min(capacity, sizes.maximum)) for capacity in capacities}
    low = min(centre, *tops) - REACH * sd
    edges = tops | {math.log(maximum) for maximum in maxima}
    # The square of the mass, which the variance needs, is centred 2 sd ** 2 above the mass itself.
    high = min(centre + (REACH + 2 * sd) * sd, start)
    smooth = 6.0 / slope if slope > 0 else math.inf
    breaks = [math.log(split) for split in splits]
    nodes, weights = panels(between(edges, low, high), width=min(2.5 * sd, smooth), breaks=breaks)
    score, edge = (nodes - math.log(sizes.median)) / sd, (start - math.log(sizes.median)) / sd
    body = (1 - sizes.tail_share) / (ndtr(edge) * sd * math.sqrt(2 * math.pi))
    density = body * np.exp(sizes.selection * nodes - score**2 / 2)
    alpha, end = sizes.tail_exponent, math.log(sizes.maximum)
    above, above_weights = panels(between(edges, start, end), width=min(2.0, smooth), breaks=breaks)
    tail = sizes.tail_share * alpha / (1 - math.exp(-alpha * (end - start)))
    tail_density = tail * np.exp(sizes.selection * above - alpha * (above - start))
    logs = np.concatenate([nodes, above])
    chances = np.concatenate([density * weights, tail_density * above_weights])
    held = {capacity: np.where(logs < math.log(capacity), chances, 0.0) for capacity in capacities}
    for capacity, part in held.items():
        rule = f"be above tail_start ({sizes.tail_start} kg) where all consignments lie in the tail"
        checks.require(part.sum() > 0, thing="ClassShare.capacity", rule=rule, value=capacity)
    used = np.sum(list(held.values()), axis=0) > 0
    return np.exp(logs[used]), {capacity: part[used] / part.sum() for capacity, part in held.items()}


def between(edges: Iterable[float], low: float, high: float) -> list[float]:
    """Ends of an interval with the edges inside it."""
    return [low, *sorted({edge for edge in edges if low < edge < high}), high]


def panels(edges: Sequence[float], *, width: float, breaks: Sequence[float] = ()) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and weights, dims (point,), on panels of at most a width between edges.

    A panel with breaks inside is divided there, with fewer points in each of its shorter pieces.
    """
    ends = [edges[0]]
    for left, right in pairwise(edges):
        ends += np.linspace(left, right, max(1, math.ceil((right - left) / width)) + 1)[1:].tolist()
    points, weights = [], []
    for left, right in pairwise(ends):
        pieces = between(breaks, left, right)
        point, weight = np.polynomial.legendre.leggauss(PANEL if len(pieces) == 2 else PART)
        half = np.diff(pieces)[:, None] / 2
        points.append((np.array(pieces[:-1])[:, None] + half * (1 + point)).ravel())
        weights.append((half * weight).ravel())
    return np.concatenate(points), np.concatenate(weights)


def concealments(blur: float) -> tuple[Floats, Floats]:
    """Concealment qualities [1] and their probabilities, dims (quality,), for a largest effect `blur` on a logit [1].

    Even steps converge faster than Gauss-Hermite points on a logistic function, whose poles lie pi / blur off
    the real axis [Trefethen2014]_.

    References
    ----------
    .. [Trefethen2014] L. N. Trefethen and J. A. C. Weideman, "The exponentially convergent trapezoidal rule",
       SIAM Review 56 (2014) 385-458, doi:10.1137/130932132.
    """
    if blur == 0.0:
        return np.zeros(1), np.ones(1)
    half = math.ceil(REACH / min(0.75, 0.9 / blur))
    point = np.linspace(-REACH, REACH, 2 * half + 1)
    weight = np.exp(-(point**2) / 2)
    return point, weight / weight.sum()


def years(log_sd: float, efforts: Iterable[float]) -> tuple[Floats, Floats]:
    """Factors on a year's effort and their probabilities, in panels up to each value at which an effort reaches 1.

    Parameters
    ----------
    log_sd
        Standard deviation of the logarithm of the factor [1].
    efforts
        Efforts of a mean year that the factor multiplies [1].

    Returns
    -------
    tuple of ndarray
        Factors and probabilities, dims (year,) [1].
    """
    if log_sd == 0.0:
        return np.ones(1), np.ones(1)
    # Rounding keeps panels from vanishing; a cap beyond 5.5 changes less than one year in ten million.
    caps = {round((log_sd / 2 - math.log(effort) / log_sd), 4) for effort in efforts if effort > 0}
    ends = between([cap for cap in caps if abs(cap) < REACH - 0.5], -REACH, REACH)
    points, weights = [], []
    for left, right in pairwise(ends):
        fine, share = panels([left, right], width=2.0)
        point, weight = _condensed(fine, share * np.exp(-(fine**2) / 2))
        points.append(point)
        weights.append(weight)
    year = np.exp(log_sd * np.concatenate(points) - log_sd**2 / 2)
    return year, np.concatenate(weights) / np.sum(weights)


def _condensed(point: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Gauss rule of `YEARS` points for the measure of a finer one, by Stieltjes' procedure [Gautschi2004]_.

    References
    ----------
    .. [Gautschi2004] W. Gautschi, "Orthogonal Polynomials: Computation and Approximation", Oxford University
       Press 2004, section 2.2.
    """
    diagonal, beside = np.zeros(YEARS), np.zeros(YEARS)
    before, now = np.zeros_like(point), np.full_like(point, 1 / math.sqrt(weight.sum()))
    for k in range(YEARS):
        diagonal[k] = weight @ (point * now**2)
        ahead = (point - diagonal[k]) * now - beside[k - 1] * before
        beside[k] = math.sqrt(weight @ ahead**2)
        before, now = now, ahead / beside[k]
    values, vectors = eigh_tridiagonal(diagonal, beside[:-1])
    return np.asarray(values, dtype=np.float64), np.asarray(weight.sum() * vectors[0] ** 2, dtype=np.float64)
