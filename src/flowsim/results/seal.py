"""Seal of a store: checksums of its labels and metadata, verified on opening."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

SEAL = "plan/seal"
"""Place of the seal in a store: a line for each file, then one for the lines."""

IDENTITY = "identity"
"""Name of the line that holds the digest of what the sweep is, for the case that its plan is damaged."""

AGAIN = "the same command in the same folder makes it again"
"""What mends a store."""

_LARGEST = 10**6
"""Most bytes of a seal; that of a store of all variables takes ten thousand [byte]."""


def digest(data: bytes) -> str:
    """Checksum of the contents of a file."""
    return hashlib.sha256(data).hexdigest()[:32]


def lines_of(digests: Mapping[str, str]) -> bytes:
    """Contents of a seal.

    Parameters
    ----------
    digests
        Checksum of each file by its name in the store, and that of the identity.
    """
    text = "".join(f"{own}  {name}\n" for name, own in sorted(digests.items())).encode()
    return text + f"{digest(text)}  {SEAL}\n".encode()


def read(path: Path) -> dict[str, str]:
    """Checksums in the seal of a store.

    Parameters
    ----------
    path
        The store.

    Raises
    ------
    ValueError
        If there is none, or it is damaged.
    """
    try:
        with (path / SEAL).open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise ValueError(_damaged(path, SEAL, f"none ({error.strerror})")) from None
    head, _, last = data.rstrip(b"\n").rpartition(b"\n")
    text = head + b"\n"
    if last != f"{digest(text)}  {SEAL}".encode() or data != text + last + b"\n":
        raise ValueError(_damaged(path, SEAL, "other bytes"))
    pairs = (line.partition("  ") for line in text.decode("utf-8", "replace").splitlines())
    return {name: own for own, _, name in pairs}


def broken(path: Path, digests: Mapping[str, str]) -> Iterator[str]:
    """Names of the files of a store that are gone or differ from their checksum.

    Parameters
    ----------
    path
        The store.
    digests
        Its checksums.
    """
    for name, own in digests.items():
        if name == IDENTITY:
            continue
        try:
            whole = digest((path / name).read_bytes()) == own
        except OSError:
            whole = False
        if not whole:
            yield name


def check(path: Path) -> dict[str, str]:
    """Checksums of a store whose labels and metadata are as they were written.

    Parameters
    ----------
    path
        The store.

    Raises
    ------
    ValueError
        If a file is gone or was changed; the message names it.
    """
    digests = read(path)
    for name in broken(path, digests):
        raise ValueError(_damaged(path, name, "none" if not (path / name).exists() else "other bytes"))
    return digests


def require(digests: Mapping[str, str], names: Iterable[str], *, path: Path) -> None:
    """Refuse a store with files under no checksum.

    Parameters
    ----------
    digests
        Its checksums.
    names
        Files that must be among the sealed ones.
    path
        The store.

    Raises
    ------
    ValueError
        If a file is not sealed; the message names it.
    """
    for name in names:
        if name not in digests:
            raise ValueError(_damaged(path, name, "a file under no checksum"))


def _damaged(path: Path, name: str, got: str) -> str:
    return f"{path}: {name} must hold what flowsim wrote, got {got}; {AGAIN}"
