"""Counter-based random numbers: the generator Philox4x32-10, addressed by names instead of by order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from flowsim.world.hashes import long_hash, short_hash

Floats = npt.NDArray[np.float64]

SERVICE, TRAVEL, DEVICE, ENTRY, ROUTE, PERIOD, ROUND = range(7)
"""Purposes, in the top byte of the counter's last word, each a block of four numbers."""


@dataclass(frozen=True)
class RandomStream:
    """An independent stream of random numbers with a name of its own."""

    seed: int
    """Seed of the run [1]."""

    name: str
    """Name of the stream."""

    @cached_property
    def key(self) -> tuple[int, int]:
        """The two 32-bit words of the Philox key, a hash of seed and name."""
        digest = hashlib.blake2b(f"{self.seed}/{self.name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")

    def uniforms(
        self,
        vehicle: npt.ArrayLike,
        *,
        replication: npt.ArrayLike,
        purpose: int,
        place: str = "",
        seen: npt.ArrayLike = 0,
        item: str = "",
    ) -> Floats:
        """Draw four uniform numbers for each vehicle.

        Parameters
        ----------
        vehicle
            Number of the vehicle in the stream, or of the day for what happens once a day; below 2**32.
        replication
            Replication, or year of traffic; below 2**32.
        purpose
            One of the purposes of this module.
        place
            Checkpoint or leg that the numbers belong to; empty for what happens once.
        seen
            How many times the vehicle has been there before; below 256.
        item
            Device, where there are several at a place.

        Returns
        -------
        ndarray
            Dims (..., 4), multiples of 2**-32 plus 2**-33, strictly within (0, 1) [1].
        """
        from flowsim.draws import availability_kernel  # compiling takes half a second to import

        last = (np.asarray(seen, dtype=np.int64) << 16) | last_word(purpose, item)
        shape = np.broadcast(vehicle, replication, last).shape
        counters = np.empty((3, *shape), dtype=np.int64)
        counters[0], counters[1], counters[2] = vehicle, replication, last
        drawn = availability_kernel.uniforms(counters.reshape(3, -1), long_hash(place), *self.key)
        return drawn.reshape(*shape, 4)


def last_word(purpose: int, item: str = "") -> int:
    """Last word of a counter, to which the times seen before are added in the third byte.

    Parameters
    ----------
    purpose
        One of the purposes of this module.
    item
        Device, where there are several at a place.
    """
    return (purpose << 24) | short_hash(item)
