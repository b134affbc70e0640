"""Loops in machine code over arrays of random numbers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowsim.draws import variates as compiled
from flowsim.draws.variates import Floats, Word, low, philox, uniform
from flowsim.jit import embedded, kernel

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

REACH = 12.0
"""Standard deviations from the mean within which Poisson counts may lie; a 32-bit uniform number reaches 6.5."""


@kernel
def uniforms(counters: Ints, c2: Word, key0: Word, key1: Word) -> Floats:
    """Four uniform numbers for each counter, dims (counter, 4) [1].

    Parameters
    ----------
    counters
        First, second and last words of the counters, of which the lowest 32 bits count, dims (3, counter).
    c2
        Third word, common to all.
    key0, key1
        Words of the key.
    """
    drawn = np.empty((counters.shape[1], 4))
    for i in range(len(drawn)):
        words = philox(low(counters[0, i]), low(counters[1, i]), c2, low(counters[2, i]), key0, key1)
        for k in range(4):
            drawn[i, k] = uniform(words[k])
    return drawn


@kernel
def below(
    chance: float, first_day: int, years: Ints, words: tuple[int, int], key: tuple[int, int], found: Bools
) -> None:
    """Find the days of some years on which the uniform number of a device lies below a chance.

    Parameters
    ----------
    chance
        Chance [1].
    first_day
        First day.
    years
        Replications, dims (replication,).
    words, key
        Last two words of the counter, and words of the key.
    found
        Filled in, dims (replication, day).
    """
    for row in range(found.shape[0]):
        for day in range(found.shape[1]):
            counted = philox(low(first_day + day), low(years[row]), words[0], words[1], key[0], key[1])
            found[row, day] = uniform(counted[0]) < chance


@kernel
def quantiles(table: Floats, u: Floats) -> Floats:
    """Variates of uniform numbers, dims (number,).

    Parameters
    ----------
    table
        `Quantiles.table`.
    u
        Uniform numbers in (0, 1), dims (number,).
    """
    # A loop over single numbers, so that arrays and kernels draw by one function and agree to the last bit.
    variates = np.empty(len(u))
    for i in range(len(u)):
        variates[i] = compiled.quantile(table, u[i])
    return variates


@kernel
def logarithms(table: Floats, values: Floats) -> Floats:
    """Natural logarithms of positive numbers, dims (number,) [1].

    Parameters
    ----------
    table
        Logarithms at the knots.
    values
        Numbers, dims (number,).
    """
    found = np.empty(len(values))
    for i in range(len(values)):
        found[i] = compiled.logarithm(table, values[i])
    return found


@embedded
def poisson_count(u: float, mean: float) -> int:
    """Poisson count by inversion, from products and sums alone.

    Parameters
    ----------
    u
        Uniform number in (0, 1).
    mean
        Mean of the count [1].
    """
    # Relative to the mode: the probability of the count 0 would vanish for a large mean.
    mode, reach = int(mean), REACH * math.sqrt(mean) + REACH
    low = max(0, int(mean - reach))
    upto = np.empty(int(mean + reach) + 2 - low)
    upto[mode - low] = relative = 1.0
    for count in range(mode + 1, low + len(upto)):
        relative *= mean / count
        upto[count - low] = relative
    relative = 1.0
    for count in range(mode, low, -1):
        relative *= count / mean
        upto[count - 1 - low] = relative
    # Summed from the lowest count up, so that the sums grow and the search below them holds.
    for k in range(1, len(upto)):
        upto[k] += upto[k - 1]
    first, last = 0, len(upto)
    # Relative to the whole sum: terms beyond the reach are missing, and no exponential is needed.
    while first < last:
        middle = (first + last) // 2
        if upto[middle] / upto[-1] <= u:
            first = middle + 1
        else:
            last = middle
    return low + first


@kernel
def poisson_counts(u: Floats, means: Floats) -> Ints:
    """Poisson counts of uniform numbers, dims (number,) [1].

    Parameters
    ----------
    u
        Uniform numbers in (0, 1), dims (number,).
    means
        Means of the counts, dims (number,) [1].
    """
    counts = np.empty(len(u), dtype=np.int64)
    for i in range(len(u)):
        counts[i] = poisson_count(u[i], means[i])
    return counts
