"""Poisson counts by inversion, from products and sums alone."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowsim.draws.counter import Floats
from flowsim.draws.fleet import Ints

REACH = 12.0
"""Standard deviations from the mean that the table covers; a 32-bit uniform number reaches 6.5."""


def quantile(uniform: Floats, *, mean: npt.ArrayLike) -> Ints:
    """Poisson counts of uniform numbers: the same number gives a count that grows with the mean.

    Parameters
    ----------
    uniform
        Uniform numbers in (0, 1).
    mean
        Means, broadcast against `uniform` [1].

    Returns
    -------
    ndarray
        Counts, dims of `uniform`.
    """
    means = np.broadcast_to(np.asarray(mean, dtype=np.float64), uniform.shape)
    counts = np.zeros(uniform.shape, dtype=np.int64)
    for value in np.unique(means):
        chosen = means == value
        low, cumulated = _distribution(float(value))
        counts[chosen] = low + np.searchsorted(cumulated, uniform[chosen], side="right")
    return counts


def _distribution(mean: float) -> tuple[int, Floats]:
    mode = int(mean)
    reach = REACH * math.sqrt(mean) + REACH
    low, high = max(0, int(mean - reach)), int(mean + reach) + 1
    upward = np.cumprod(mean / np.arange(mode + 1, high + 1))
    downward = np.cumprod(np.arange(mode, low, -1) / mean) if mode > low else np.zeros(0)
    relative = np.concatenate([downward[::-1], [1.0], upward])
    cumulated = np.cumsum(relative)
    return low, cumulated / cumulated[-1]
