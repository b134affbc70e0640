"""Short hashes of names as addresses of random numbers, and the refusal of colliding names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable


def long_hash(name: str) -> int:
    """Hash a name to 32 bits; the empty name gives 0."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little") if name else 0


def short_hash(name: str) -> int:
    """Hash a name to 16 bits; the empty name gives 0."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=2).digest(), "little") if name else 0


def collision(names: Iterable[str], *, by: Callable[[str], int]) -> tuple[str, str] | None:
    """First pair of different names with the same hash, or None."""
    seen: dict[int, str] = {}
    for name in names:
        other = seen.setdefault(by(name), name)
        if other != name:
            return other, name
    return None


def distinct(names: Iterable[str], *, by: Callable[[str], int], thing: str) -> None:
    """Refuse names with colliding hashes.

    Raises
    ------
    ValueError
        If two different names have the same hash.
    """
    pair = collision(names, by=by)
    if pair is not None:
        rule = f"differ in the hash that addresses their random numbers; rename '{pair[1]}'"
        raise ValueError(f"{thing} must {rule}, got {pair[0]!r} and {pair[1]!r}")
