"""Poisson counts by inversion: for one uniform number the count grows with the mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowsim.draws.fleet import Ints
from flowsim.draws.philox import Floats


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
    from flowsim.draws import availability_kernel

    means = np.broadcast_to(np.asarray(mean, dtype=np.float64), uniform.shape)
    return availability_kernel.poisson_counts(uniform.flatten(), means.flatten()).reshape(uniform.shape)
