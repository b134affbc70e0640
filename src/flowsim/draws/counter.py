"""Counter-based random numbers: the generator Philox4x32-10, addressed by names instead of by order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowsim.names import long_hash, short_hash

UInts = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
"""Round multipliers of Philox4x32 [Salmon2011]_."""

WEYL = (0x9E3779B9, 0xBB67AE85)
"""Increments of the key per round of Philox4x32 [Salmon2011]_."""

ROUNDS = 10
"""Rounds of Philox4x32-10."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

SERVICE, TRAVEL, DEVICE, ENTRY, ROUTE, PERIOD, ROUND = range(7)
"""Purposes, in the top byte of the counter's last word, each a block of four numbers."""


@dataclass(frozen=True)
class Stream:
    """An independent stream of random numbers with a name of its own."""

    seed: int
    """Seed of the run [1]."""

    name: str
    """Name of the stream."""

    @property
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
        last = (np.asarray(seen, dtype=np.uint64) << np.uint64(16)) | np.uint64((purpose << 24) | short_hash(item))
        words = philox4x32(
            np.asarray(vehicle, dtype=np.int64).astype(np.uint64) & _LOW,
            np.asarray(replication, dtype=np.int64).astype(np.uint64) & _LOW,
            np.uint64(long_hash(place)),
            last,
            key=self.key,
        )
        return (words.astype(np.float64) + 0.5) * 2.0**-32


def philox4x32(
    c0: npt.ArrayLike, c1: npt.ArrayLike, c2: npt.ArrayLike, c3: npt.ArrayLike, *, key: tuple[int, int]
) -> UInts:
    """Encrypt counters with Philox4x32-10 [Salmon2011]_.

    Parameters
    ----------
    c0, c1, c2, c3
        Words of the counters, each below 2**32, broadcast against one another.
    key
        The two 32-bit words of the key.

    Returns
    -------
    ndarray
        Four random 32-bit words for each counter, dims (..., 4).

    References
    ----------
    .. [Salmon2011] J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as
       1, 2, 3", SC'11, doi:10.1145/2063384.2063405.
    """
    x0, x1, x2, x3 = (
        np.array(word) for word in np.broadcast_arrays(*(np.asarray(c, np.uint64) for c in (c0, c1, c2, c3)))
    )
    key0, key1 = key
    for _ in range(ROUNDS):
        product0 = x0 * np.uint64(MULTIPLIERS[0])
        product1 = x2 * np.uint64(MULTIPLIERS[1])
        x0 = (product1 >> _HALF) ^ x1 ^ np.uint64(key0)
        x2 = (product0 >> _HALF) ^ x3 ^ np.uint64(key1)
        x1 = product1 & _LOW
        x3 = product0 & _LOW
        key0 = (key0 + WEYL[0]) & 0xFFFFFFFF
        key1 = (key1 + WEYL[1]) & 0xFFFFFFFF
    return np.stack([x0, x1, x2, x3], axis=-1)
