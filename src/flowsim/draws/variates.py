"""Random numbers in machine code: a word, a uniform number, a quantile or a choice at a time."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from flowsim.draws.constants import KNOTS, LOGARITHMS, MULTIPLIERS, OCTAVES, ROUNDS, WEYL
from flowsim.jit import inlined

Floats = npt.NDArray[np.float64]

Word: TypeAlias = np.uint64 | int
"""A 32-bit word, kept in 64 bits."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIER0, _MULTIPLIER1 = np.uint64(MULTIPLIERS[0]), np.uint64(MULTIPLIERS[1])
_WEYL0, _WEYL1 = np.uint64(WEYL[0]), np.uint64(WEYL[1])
_UNIT = 2.0**-32

# A double holds 52 bits of fraction below 11 of exponent; the leading bits of the fraction number the knots.
_FRACTION = np.int64(52)
_WHOLE = np.int64((1 << 52) - 1)
_OF_HALF = np.int64(1022)
_LAST_OCTAVE = np.int64(OCTAVES - 1)
_BELOW_KNOT = np.int64(53 - KNOTS.bit_length())
_LAST_KNOT = np.int64(KNOTS - 1)
_WITHIN_KNOT = np.int64((1 << (53 - KNOTS.bit_length())) - 1)
_PART_OF_KNOT = 2.0 ** (KNOTS.bit_length() - 53)
_BELOW_LOG = np.int64(53 - LOGARITHMS.bit_length())
_WITHIN_LOG = np.int64((1 << (53 - LOGARITHMS.bit_length())) - 1)
_PART_OF_LOG = 2.0 ** (LOGARITHMS.bit_length() - 53)
_LOG_2 = math.log(2.0)


@inlined
def philox(c0: Word, c1: Word, c2: Word, c3: Word, key0: Word, key1: Word) -> tuple[Word, Word, Word, Word]:
    """Encrypt a counter with Philox4x32-10 [Salmon2011]_.

    Parameters
    ----------
    c0, c1, c2, c3
        Words of the counter, whole numbers below 2**32.
    key0, key1
        Words of the key, whole numbers below 2**32.

    Returns
    -------
    tuple
        Four random words below 2**32.

    References
    ----------
    .. [Salmon2011] J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as
       1, 2, 3", SC'11, doi:10.1145/2063384.2063405.
    """
    # In 64 bits, as the product of two words needs all of them.
    x0, x1, x2, x3 = np.uint64(c0), np.uint64(c1), np.uint64(c2), np.uint64(c3)
    k0, k1 = np.uint64(key0), np.uint64(key1)
    for _ in range(ROUNDS):
        product0 = x0 * _MULTIPLIER0
        product1 = x2 * _MULTIPLIER1
        x0 = (product1 >> _HALF) ^ x1 ^ k0
        x2 = (product0 >> _HALF) ^ x3 ^ k1
        x1 = product1 & _LOW
        x3 = product0 & _LOW
        k0 = (k0 + _WEYL0) & _LOW
        k1 = (k1 + _WEYL1) & _LOW
    return x0, x1, x2, x3


@inlined
def low(number: int) -> Word:
    """Lowest 32 bits of a whole number.

    Parameters
    ----------
    number
        Number, which may be negative.
    """
    return np.uint64(number) & _LOW


@inlined
def uniform(word: Word) -> float:
    """Uniform number of a word, strictly within (0, 1) [1].

    Parameters
    ----------
    word
        Whole number below 2**32.
    """
    # From a signed number the processor converts in one step.
    return (np.int64(word) + 0.5) * _UNIT


@inlined
def quantile(table: Floats, u: float) -> float:
    """Variate of a uniform number.

    Parameters
    ----------
    table
        `Quantiles.table`, dims (2, OCTAVES, KNOTS + 1).
    u
        Uniform number in (0, 1).
    """
    # From the nearer end: so the distance is exact in both tails.
    side = 1 if u >= 0.5 else 0
    distance = 1.0 - u if u >= 0.5 else u
    # The bits of the number are the position in the table: no logarithm and no search.
    bits = np.float64(distance).view(np.int64)
    octave = min(_OF_HALF - (bits >> _FRACTION), _LAST_OCTAVE)
    knot = (bits >> _BELOW_KNOT) & _LAST_KNOT
    left: float = table[side, octave, knot]
    variate: float = left + (bits & _WITHIN_KNOT) * _PART_OF_KNOT * (table[side, octave, knot + 1] - left)
    return variate


@inlined
def logarithm(table: Floats, value: float) -> float:
    """Natural logarithm of a positive number, with an absolute error below 2e-7 [1].

    Parameters
    ----------
    table
        `quantiles.logarithms()`, dims (LOGARITHMS + 1,).
    value
        Number, not below the least normal one.
    """
    bits = np.float64(value).view(np.int64)
    knot = (bits & _WHOLE) >> _BELOW_LOG
    left: float = table[knot]
    within: float = left + (bits & _WITHIN_LOG) * _PART_OF_LOG * (table[knot + 1] - left)
    return ((bits >> _FRACTION) - _OF_HALF) * _LOG_2 + within


@inlined
def chosen(cumulated: Floats, first: int, last: int, u: float) -> int:
    """Position of the alternative for a uniform number.

    Parameters
    ----------
    cumulated
        Sums of the weights up to each alternative, in any unit.
    first, last
        First alternative open to choice, and the one after the last.
    u
        Uniform number in (0, 1).
    """
    value = u * cumulated[last - 1]
    k = first
    # To compare with all is faster than to search, which takes branches that the processor cannot foresee.
    for other in range(first, last - 1):
        k += cumulated[other] <= value
    return k


@inlined
def interpolated(knots: Floats, values: Floats, at: float) -> float:
    """Linear interpolation between knots, as `numpy.interp`.

    Parameters
    ----------
    knots, values
        Points in order, and the values there, dims (knot,).
    at
        Number not below the first knot and below the last.
    """
    # A walk from the first knot: there are few, one a month or an hour.
    k = 0
    while k < len(knots) - 2 and knots[k + 1] <= at:
        k += 1
    # The operations of `numpy.interp` in its order, for the same bits.
    slope = (values[k + 1] - values[k]) / (knots[k + 1] - knots[k])
    value: float = slope * (at - knots[k]) + values[k]
    return value
