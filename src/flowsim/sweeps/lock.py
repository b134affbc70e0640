"""Locks on the folder of a sweep, released by the system at any end of their process."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

CALL, JOBS, RUN = ".sweep.lock", ".sweep.jobs.lock", ".run.lock"
"""Files locked by a call of the sweep, by each job while it writes, and by any other study."""

PATIENCE = 20.0
"""Wait for jobs of an earlier call, which end when they see that it was killed [s]."""


@contextlib.contextmanager
def of_call(folder: Path) -> Iterator[None]:
    """Reserve a folder for one call of a sweep, without jobs left by earlier calls.

    Parameters
    ----------
    folder
        Folder of the sweep.

    Raises
    ------
    ValueError
        If another call works in the folder, or jobs of one that was killed do not end.
    """
    with contextlib.ExitStack() as stack:
        try:
            alone = stack.enter_context(_held(folder / CALL, shared=False, patience=0.0))
            if alone:
                with _held(folder / JOBS, shared=False, patience=PATIENCE) as free:
                    pass
        except OSError as error:
            reason = error.strerror or type(error).__name__
            rule = f"name a folder that can be written ({reason})"
            raise ValueError(f"out must {rule}, got {str(folder)!r}") from None
        if not alone:
            raise ValueError(f"out must be a folder in which no other sweep is at work, got {str(folder)!r}")
        if not free:
            rule = "be a folder in which no job of an earlier call is left"
            raise ValueError(f"out must {rule}; wait until they end, got {str(folder)!r}")
        try:
            yield
        finally:
            with contextlib.suppress(OSError), _held(folder / JOBS, shared=False, patience=0.0):
                pass  # removes the file


@contextlib.contextmanager
def of_run(folder: Path) -> Iterator[None]:
    """Reserve a folder for one study.

    Parameters
    ----------
    folder
        Folder of its results.

    Raises
    ------
    ValueError
        If another call works in the folder, or it cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            alone = stack.enter_context(_held(folder / RUN, shared=False, patience=0.0))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            rule = f"name a folder that can be written ({reason})"
            raise ValueError(f"out must {rule}, got {str(folder)!r}") from None
        if not alone:
            raise ValueError(f"out must be a folder in which no other command is at work, got {str(folder)!r}")
        yield


def is_held(folder: Path) -> bool:
    """Whether a call of a sweep is at work in a folder."""
    try:
        import fcntl

        with (folder / CALL).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        pass
    return False


@contextlib.contextmanager
def of_job(folder: Path) -> Iterator[None]:
    """Show that a job of a sweep is at work in its folder."""
    with _held(folder / JOBS, shared=True, patience=PATIENCE):
        yield


@contextlib.contextmanager
def _held(file: Path, *, shared: bool, patience: float) -> Iterator[bool]:
    """Hold a lock and remove its file in the end; whether it could be had.

    Where files cannot be locked, as on some network drives, nothing is locked.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield True
        return
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    end = time.monotonic() + patience
    while True:
        handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() > end:
                yield False
                return
            time.sleep(0.1)
            continue
        except OSError:
            break
        if _is_current(handle, file):
            break
        os.close(handle)
    try:
        yield True
    finally:
        if not shared:
            with contextlib.suppress(OSError):
                file.unlink()
        os.close(handle)


def _is_current(handle: int, file: Path) -> bool:
    """Whether a file is still the one opened, and not removed by its last holder."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(file))
    except FileNotFoundError:
        return False
