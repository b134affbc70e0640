"""How far a measured mean may lie from what is expected, and how that is worked out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Given = TypeVar("Given")
Got = TypeVar("Got")

WORKERS = 2
"""Processes that long runs are shared by; no result depends on it."""


def spread(work: Callable[[Given], Got], items: Iterable[Given]) -> list[Got]:
    """Results of a function over items, worked out by several processes, in the order of the items."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, items))


def limit(error: float, *, degrees: float = math.inf) -> float:
    """Standard errors that a two-sided test with an error probability allows [1].

    Parameters
    ----------
    error
        Probability that the test fails where nothing is wrong [1].
    degrees
        Degrees of freedom of the standard error; Student's t takes the place of the normal law [1].
    """
    return float(stats.t.isf(error / 2, degrees)) if math.isfinite(degrees) else float(stats.norm.isf(error / 2))


def score(batches: npt.ArrayLike, expected: float) -> tuple[float, float, float]:
    """Mean of independent batches, its standard error, and the error probability of so large a distance.

    Parameters
    ----------
    batches
        Values of independent batches of equal size.
    expected
        What theory says of the mean.
    """
    values = np.asarray(batches, dtype=np.float64)
    mean, error = float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))
    return mean, error, float(2 * stats.t.sf(abs(mean - expected) / error, len(values) - 1))


def batched(times: Floats, values: Floats, *, start: float, end: float, span: float, how: Any = np.mean) -> Floats:
    """Values of batches that are equal spans of time.

    Parameters
    ----------
    times, values
        Observations with dims (observation,); the times decide on the batch.
    start, end
        Span that counts, after the warm-up [h].
    span
        Length of a batch, long against the time in which the system forgets [h].
    how
        What makes one value of the observations of a batch.
    """
    edges = np.arange(start, end + span / 2, span)
    which = np.searchsorted(edges, times, side="right")
    return np.array([how(values[which == batch]) for batch in range(1, len(edges))])
