"""Files on disk: written whole, flushed and renamed, so that neither a full disk nor a crash leaves half of one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

_LEFT = re.compile(r"\..+-[a-z0-9_]{8}\.partial")
"""Name of a file that is being written."""


class Unwritable(OSError):
    """A file or store closed to writing, as on a full disk, so that continuing makes no sense."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name a file or a store in the system's message when it cannot be written.

    Parameters
    ----------
    path
        What is written.

    Raises
    ------
    Unwritable
        In place of any error of the system.
    """
    try:
        yield
    except Unwritable:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Unwritable(f"{path} cannot be written ({reason})") from None


def write(path: Path, data: bytes | str) -> Path:
    """Write a file beside its place, flush it, and rename it; what was there stays if that fails.

    Parameters
    ----------
    path
        File; its folder is made if necessary.
    data
        Its contents; a text in UTF-8.

    Raises
    ------
    Unwritable
        If the disk is full, or the folder may not be written.
    """
    whole = data.encode() if isinstance(data, str) else data
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(whole)
                file.flush()
                os.fsync(handle)
            os.chmod(name, 0o644)
            os.replace(name, path)
            flush(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    return path


def remove_left(folder: Path) -> None:
    """Remove the files that a killed process was writing; nobody else may be writing in the folder.

    Parameters
    ----------
    folder
        The folder.
    """
    for path in folder.iterdir():
        if _LEFT.fullmatch(path.name) and path.is_file():
            with writing(path):
                path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_all(folder: Path, *, parts: Iterator[Path]) -> None:
    """Have the system write all that was written in a folder to the disk.

    Where the system can, the disk is flushed at once: for the many small files of a job a tenth of the time.

    Parameters
    ----------
    folder
        The folder.
    parts
        Files and folders in it that may have changed, for systems that flush these alone.
    """
    at_once = _at_once()
    if at_once is None:
        for part in parts:
            flush(part)
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        if at_once(handle):
            reason = ctypes.get_errno()
            raise OSError(reason, os.strerror(reason))
    finally:
        os.close(handle)


@lru_cache(maxsize=1)
def _at_once() -> Any:
    """Flush of the disk with an open file, a function of the C library; None where there is none."""
    try:
        return ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError, TypeError):
        return None
