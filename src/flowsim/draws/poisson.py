"""Poisson counts by inversion: the same number gives a count that grows with the mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.draws.counter import Floats
from flowsim.draws.fleet import Ints


def quantile(uniform: Floats, *, mean: npt.ArrayLike) -> Ints:
    """Poisson counts of uniform numbers.

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
    from flowsim.draws import loops

    means = np.broadcast_to(np.asarray(mean, dtype=np.float64), uniform.shape)
    return loops.poisson_counts(uniform.flatten(), means.flatten()).reshape(uniform.shape)
