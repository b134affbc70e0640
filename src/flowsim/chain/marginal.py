"""What a kilogram stopped in one stage takes from seizures, consumption and arrival after it."""

from __future__ import annotations

import numpy as np

from flowsim.chain.stages import Floats, Onward

FATES = ("seized later", "consumed on the way", "off route", "arrives")
"""What would have become of a kilogram that was stopped."""


def fates(rates: Floats, shares: Onward) -> tuple[Floats, Floats]:
    """Expected fate of a kilogram in each stage, had it not been stopped there.

    One kilogram less leaves a stage, so that much less is seized, consumed or arrives later, if the others' rates stay.
    The four fates sum to one: a kilogram stopped takes from the arrival one less the share that would have been
    stopped or consumed on the way.

    Parameters
    ----------
    rates
        Share seized, dims (..., stage, year) [1].
    shares
        Shares of what is not seized.

    Returns
    -------
    tuple of ndarray
        Fates, dims (..., stage, year, fate), and the part that would have been seized in each later stage, dims
        (..., stage, year, later) [1].
    """
    count = rates.shape[-2]
    after = np.zeros((*rates.shape, len(FATES)))
    later = np.zeros((*rates.shape, count))
    for at in range(count - 1, -1, -1):
        used = shares.consumed[..., at, None]
        after[..., at, :, 1] = used
        if at == count - 1:
            after[..., at, :, 3] = 1 - used
        after[..., at, :, 2] = (1 - used) * shares.split[..., at, -1, None]
        for to in range(at + 1, count):
            part = (1 - used) * shares.split[..., at, to, None]
            rate = rates[..., to, :]
            missed = part * (1 - rate)
            after[..., at, :, 0] += part * rate
            later[..., at, :, to] += part * rate
            after[..., at, :, :] += missed[..., None] * after[..., to, :, :]
            later[..., at, :, :] += missed[..., None] * later[..., to, :, :]
    return after, later
