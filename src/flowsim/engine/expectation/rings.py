"""Rings in closed form: clustering of a year's consignments, and their exposure to cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from flowsim.world.traffic import Law

Floats = npt.NDArray[np.float64]

CONSTANT = Law(family="constant", cv=0.0)
"""Law of constant times."""

STEP = 0.05
"""Step of the logarithm of the transform variable in `sum_of_squares` [1]."""

REACH = 8.0
"""Standard deviations over which a lognormal time is integrated on either side [1]."""


@cache
def laplace(law: Law, rate: float) -> float:
    """Probability of no event within a random time at a rate of `rate` events per mean time [1].

    Parameters
    ----------
    law
        Family and spread of the time.
    rate
        Events in a time of the mean length [1].
    """
    if rate == 0.0:
        return 1.0
    if law.family == "exponential":
        return 1.0 / (1.0 + rate)
    if law.family == "constant" or law.cv == 0.0:
        return math.exp(-rate)
    sd = math.sqrt(math.log1p(law.cv**2))
    score = np.linspace(-REACH, REACH, 129)
    weight = np.exp(-(score**2) / 2)
    return float(weight @ np.exp(-rate * np.exp(sd * score - sd**2 / 2)) / weight.sum())


@cache
def sum_of_squares(rings: int, exponent: float) -> float:
    """Mean of the sum of squared shares of rings in all consignments, for Pareto sizes [1].

    With sizes x of a minimum of 1 and 1 / S ** 2 written as the integral of s exp(-s S),

        E sum w^2 = R int_0^inf s E[x^2 exp(-s x)] E[exp(-s x)]^(R - 1) ds.

    The integral is taken over v = -ln s in even steps. With 1 - E[exp(-s x)] = H(v) and s^2 E[x^2 exp(-s x)] = D(v),

        H(v + h) = exp(-a h) H(v) + int_0^h a exp(-a y) (1 - exp(-exp(y - v - h))) dy,

    and the same for D with z^2 exp(-z), z = exp(y - v - h), in place of the bracket.

    Parameters
    ----------
    rings
        Number of rings R [1].
    exponent
        Exponent a of the sizes [1].
    """
    if rings == 1:
        return 1.0
    last = (math.log(rings) + 25.0) / min(exponent, 2.0) + 5.0
    v = np.arange(-5.0, last, STEP)
    point, weight = np.polynomial.legendre.leggauss(10)
    y = STEP * (1.0 + point) / 2.0
    density = STEP / 2.0 * weight * exponent * np.exp(-exponent * y)
    z = np.exp(y[None, :] - v[:, None])
    missing, square = -np.expm1(-z) @ density, (z**2 * np.exp(-z)) @ density
    decay = math.exp(-exponent * STEP)
    h, d = np.ones_like(v), np.zeros_like(v)
    for k in range(1, len(v)):
        h[k] = decay * h[k - 1] + missing[k]
        d[k] = decay * d[k - 1] + square[k]
    return min(1.0, rings * STEP * float(d @ np.maximum(1.0 - h, 0.0) ** (rings - 1)))


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Sources of variance between years: flow and effort, and the rings, with common protection, cases and end."""

    year: Floats
    """Probability of each quadrature point of a year's effort, dims (year,) [1]."""

    flow_square: float
    """Mean square of the factor on a year's flow [1]."""

    kinds: Floats
    """Share of the rings of each kind, by the agencies that protect them, dims (kind,) [1]."""

    together: float
    """Mean of the sum of squared shares of rings in all consignments; 0 if rings have nothing in common [1]."""

    bursts: float
    """Mean over time of the square of the entries, relative to the square of the mean, by case against a ring [1]."""

    stopping: float
    """Relative variance of the part of its consignments that a ring sends before it is dismantled [1]."""

    def variance(self, moments: Floats, by_case: Floats, of_rings: Floats) -> Floats:
        """Variance over the years of the mass taken, by the law of total variance.

        Given the year, a ring with a share w of all consignments has w times the mean of its kind. A case against it
        takes w K at once, if K is the mean mass of all consignments on the way and in store. Cases against a ring come
        at a rate h, so h K over the year is the mass by_case, and the variance from consignments taken together is the
        sum over rings of w^2 by_case^2 / (cases against a ring in a year).

        Parameters
        ----------
        moments
            Masses taken to the powers 0, 1 and 2, dims (power, ..., kind, year) [kg ** power].
        by_case
            Mass taken by cases, dims (..., kind, year) [kg].
        of_rings
            Mass taken from consignments of rings, dims (..., kind, year) [kg].

        Returns
        -------
        ndarray
            Dims (...) [kg2].
        """
        mean, square = (np.einsum("...kt,k->...t", moment, self.kinds) for moment in moments[1:])
        apart = np.einsum("...kt,k->...t", moments[1] ** 2, self.kinds) - mean**2
        taken = np.einsum("...kt,k->...t", by_case**2, self.kinds)
        sent = np.einsum("...kt,k->...t", of_rings, self.kinds)
        shared = self.together * (np.maximum(apart, 0.0) + self.bursts * taken + self.stopping * sent**2)
        between = self.flow_square * ((mean**2 + shared) @ self.year) - (mean @ self.year) ** 2
        variance: Floats = square @ self.year + np.maximum(between, 0.0)
        return variance
