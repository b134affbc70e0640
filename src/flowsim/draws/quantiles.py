"""Tabulated quantile functions, so that every variate comes from a table, a comparison and + - * / alone.

numpy's vectorised log, exp and pow differ from the C library's in the last bit of some values; two engines that must
agree to the last bit therefore never call them. A table has 64 knots in every octave of the distance from the nearer
end of (0, 1), down to 2**-33, and is interpolated linearly in between: relative errors of a quantile stay near 1e-5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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


_DISTANCES = np.minimum(
    (1 + np.arange(KNOTS + 1) / KNOTS) * np.ldexp(1.0, -np.arange(1, OCTAVES + 1))[:, None], 0.5
).ravel()
"""Distances of the knots from the nearer end of (0, 1), octave after octave, dims (OCTAVES (KNOTS + 1),) [1]."""


class Quantiles:
    """Quantile function of one distribution, tabulated."""

    def __init__(self, quantile: Callable[[Floats, bool], Sequence[float]]) -> None:
        """Tabulate a quantile function.

        Parameters
        ----------
        quantile
            Function of distances from the nearer end of (0, 1) and of whether it is the upper end. It calls the C
            library number by number, as numpy's own functions may round otherwise.
        """
        values = [*quantile(_DISTANCES, False), *quantile(_DISTANCES, True)]
        # All numbers written and read at once, which takes half the time of one by one.
        text = f"%.{DIGITS}g " * len(values) % tuple(values)
        self._table = np.fromstring(text, sep=" ").reshape(2, OCTAVES, KNOTS + 1)

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
def _scores() -> Floats:
    """Quantiles of the standard normal distribution at the knots of the lower half, dims (knot,) [1]."""
    return np.asarray(ndtri(_DISTANCES), dtype=np.float64)


@cache
def normal() -> Quantiles:
    """Quantiles of the standard normal distribution [1]."""
    return Quantiles(lambda _, upper: (-_scores() if upper else _scores()).tolist())


@cache
def logistic() -> Quantiles:
    """Quantiles of the standard logistic distribution, the logit [1]."""

    def quantile(distances: Floats, upper: bool) -> list[float]:
        sign = 1 if upper else -1
        return [sign * math.log((1 - distance) / distance) for distance in distances.tolist()]

    return Quantiles(quantile)


@cache
def duration(law: Law) -> Quantiles:
    """Quantiles of a random time with mean 1 [1].

    Parameters
    ----------
    law
        Family and coefficient of variation.
    """
    if law.family == "exponential":
        return Quantiles(_exponential)
    if law.family == "lognormal":
        sd = math.sqrt(math.log1p(law.cv**2))
        return Quantiles(_lognormal(-sd * sd / 2, sd))
    return Quantiles(lambda distances, _: [1.0] * len(distances))


def _exponential(distances: Floats, upper: bool) -> list[float]:
    return [-math.log(own) if upper else -math.log1p(-own) for own in distances.tolist()]


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

    def quantile(distances: Floats, upper: bool) -> list[float]:
        return [own ** (-1 / exponent) for own in (distances if upper else 1 - distances).tolist()]

    return Quantiles(quantile)


def _lognormal(mean: float, sd: float) -> Callable[[Floats, bool], list[float]]:
    def quantile(_: Floats, upper: bool) -> list[float]:
        return [math.exp(own) for own in (mean + sd * (-_scores() if upper else _scores())).tolist()]

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

    def quantile(distances: Floats, upper: bool) -> list[float]:
        shares = cut * (1 - distances if upper else distances)
        in_body, masses = shares < body, np.empty(len(shares))
        exponents = (location + sd * ndtri(shares[in_body] / body * body_edge)).tolist()
        masses[in_body] = np.minimum([math.exp(own) for own in exponents], start)
        if not in_body.all():
            inside = (np.minimum((shares[~in_body] - body) / tail, 1.0) * tail_span).tolist()
            beyond = [start * (1 - own) ** (-1 / exponent) for own in inside]
            masses[~in_body] = np.minimum(beyond, min(sizes.maximum, capacity))
        return masses.tolist()

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
