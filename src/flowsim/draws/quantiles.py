"""Tabulated quantile functions, so that every variate comes from a table, a comparison and + - * / alone.

numpy's vectorised log, exp and pow differ from the C library's in the last bit of some values; two engines that must
agree to the last bit therefore never call them. A table has 64 knots in every octave of the distance from the nearer
end of (0, 1), down to 2**-33, and is interpolated linearly in between: relative errors of a quantile stay near 1e-5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from flowsim.draws.constants import KNOTS, LOGARITHMS, OCTAVES
from flowsim.draws.philox import Floats
from flowsim.world.populations import ConsignmentSizes
from flowsim.world.traffic import Law

DIGITS = 12
"""Significant digits kept in a table, fewer than those in which C libraries agree."""


class Quantiles:
    """Quantile function of one distribution, tabulated."""

    def __init__(self, quantile: Callable[[float, bool], float]) -> None:
        """Tabulate a quantile function.

        Parameters
        ----------
        quantile
            Function of the distance from the nearer end of (0, 1) and of whether it is the upper end.
        """
        values = [
            [
                [quantile(min((1 + knot / KNOTS) * 2.0 ** -(octave + 1), 0.5), upper) for knot in range(KNOTS + 1)]
                for octave in range(OCTAVES)
            ]
            for upper in (False, True)
        ]
        self._table = np.array([[[float(f"{x:.{DIGITS}g}") for x in row] for row in side] for side in values])

    def __call__(self, uniform: npt.ArrayLike) -> Floats:
        """Variates of uniform numbers, dims as given."""
        from flowsim.draws import availability_kernel

        u = np.asarray(uniform, dtype=np.float64)
        return availability_kernel.quantiles(self._table, u.flatten()).reshape(u.shape)

    @property
    def table(self) -> Floats:
        """Values at the knots, dims (2, OCTAVES, KNOTS + 1), the first for the lower and the upper half."""
        return self._table

    @cached_property
    def mean(self) -> float:
        """Mean of the variates, exact for the interpolated table [units of the variate]."""
        inner = (self._table[:, 1:, :-1] + self._table[:, 1:, 1:]).sum(axis=(0, 2)) / 2
        widths = np.ldexp(1.0, -np.arange(2, OCTAVES + 1)) / KNOTS
        ends = self._table[:, -1, 0].sum() * 2.0**-OCTAVES
        return float(inner @ widths + ends)


@cache
def normal() -> Quantiles:
    """Quantiles of the standard normal distribution [1]."""
    return Quantiles(lambda distance, upper: -float(ndtri(distance)) if upper else float(ndtri(distance)))


@cache
def logistic() -> Quantiles:
    """Quantiles of the standard logistic distribution, the logit [1]."""
    return Quantiles(lambda distance, upper: (1 if upper else -1) * math.log((1 - distance) / distance))


@cache
def duration(law: Law) -> Quantiles:
    """Quantiles of a random time with mean 1 [1].

    Parameters
    ----------
    law
        Family and coefficient of variation.
    """
    if law.family == "exponential":
        return Quantiles(lambda distance, upper: -math.log(distance) if upper else -math.log1p(-distance))
    if law.family == "lognormal":
        sd = math.sqrt(math.log1p(law.cv**2))
        return Quantiles(_lognormal(-sd * sd / 2, sd))
    return Quantiles(lambda distance, upper: 1.0)


@cache
def year_factor(log_sd: float) -> Quantiles:
    """Quantiles of a lognormal factor with mean 1 [1].

    Parameters
    ----------
    log_sd
        Standard deviation of its logarithm [1].
    """
    return Quantiles(_lognormal(-log_sd * log_sd / 2, log_sd))


@cache
def pareto(exponent: float) -> Quantiles:
    """Quantiles of the Pareto distribution with a minimum of 1 [1].

    Parameters
    ----------
    exponent
        Exponent of its tail [1].
    """
    return Quantiles(lambda distance, upper: (distance if upper else 1 - distance) ** (-1 / exponent))


def _lognormal(mean: float, sd: float) -> Callable[[float, bool], float]:
    def quantile(distance: float, upper: bool) -> float:
        score = float(ndtri(distance))
        return math.exp(mean + sd * (-score if upper else score))

    return quantile


@cache
def mass(sizes: ConsignmentSizes, capacity: float) -> Quantiles:
    """Quantiles of the mass of an entering consignment [kg].

    The density of detected consignments, a lognormal body up to `tail_start` and a Pareto tail from there to `maximum`,
    is weighted by mass ** selection: the body stays lognormal with a median larger by exp(selection log_sd ** 2) and
    the tail stays Pareto with its exponent reduced by `selection`. Masses above the capacity are cut off.

    Parameters
    ----------
    sizes
        Distribution of detected consignments.
    capacity
        Largest mass that the vehicle can hide [kg].
    """
    body, tail = entered_parts(sizes)
    sd, exponent, start = sizes.log_sd, sizes.tail_exponent - sizes.selection, sizes.tail_start
    location = math.log(sizes.median) + sizes.selection * sd**2
    body_edge = float(ndtr((math.log(start) - location) / sd))
    tail_span = 1 - (start / sizes.maximum) ** exponent
    if capacity <= start:
        cut = body * float(ndtr((math.log(capacity) - location) / sd)) / body_edge
    else:
        cut = body + tail * (1 - (start / min(capacity, sizes.maximum)) ** exponent) / tail_span

    def quantile(distance: float, upper: bool) -> float:
        share = cut * (1 - distance if upper else distance)
        if share < body:
            return min(math.exp(location + sd * float(ndtri(share / body * body_edge))), start)
        inside = min((share - body) / tail, 1.0) * tail_span
        beyond: float = start * (1 - inside) ** (-1 / exponent)
        return min(beyond, sizes.maximum, capacity)

    return Quantiles(quantile)


def entered_parts(sizes: ConsignmentSizes) -> tuple[float, float]:
    """Shares of entering consignments in the body and in the tail [1].

    Parameters
    ----------
    sizes
        Distribution of detected consignments.
    """
    power, sd, start = sizes.selection, sizes.log_sd, sizes.tail_start
    median, alpha = math.log(sizes.median), sizes.tail_exponent
    edge = (math.log(start) - median) / sd
    body_moment = math.exp(power * median + (power * sd) ** 2 / 2) * float(ndtr(edge - power * sd) / ndtr(edge))
    normaliser = alpha * start**alpha / (1 - (start / sizes.maximum) ** alpha)
    tail_moment = normaliser * (start ** (power - alpha) - sizes.maximum ** (power - alpha)) / (alpha - power)
    body = (1 - sizes.tail_share) * body_moment
    tail = sizes.tail_share * tail_moment
    return body / (body + tail), tail / (body + tail)


@cache
def logarithms() -> Floats:
    """Natural logarithms at the knots between 1/2 and 1, dims (LOGARITHMS + 1,) [1]."""
    knots = [float(f"{math.log(0.5 + i / (2 * LOGARITHMS)):.{DIGITS}g}") for i in range(LOGARITHMS + 1)]
    return np.array(knots)


def logarithm(values: npt.ArrayLike) -> Floats:
    """Natural logarithms by table, with an absolute error below 2e-7 [1].

    Parameters
    ----------
    values
        Positive numbers.
    """
    from flowsim.draws import availability_kernel

    numbers = np.asarray(values, dtype=np.float64)
    return availability_kernel.logarithms(logarithms(), numbers.flatten()).reshape(numbers.shape)
