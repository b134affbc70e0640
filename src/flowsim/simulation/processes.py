"""Work shared out over processes, which leave Ctrl-C to their parent and end with it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache, partial
from multiprocessing import get_context
from typing import Any

WATCHING = 0.5
"""Time between two checks of a process that its parent lives [s]."""

KILLED = "a worker process was killed, perhaps because it needs more memory than there is"
"""Reason of an end of work."""


class Unfinished(RuntimeError):
    """End of work before it is done, for a cause outside of the program."""


class WorkerDied(Unfinished):
    """Death of a process at work: killed, or out of memory."""


@contextmanager
def mapping(workers: int, *, chunk: int = 1) -> Iterator[Callable[..., Iterator[Any]]]:
    """Map over processes, or in this one if there is one worker.

    Parameters
    ----------
    workers
        How many processes.
    chunk
        Items handed to a process at a time.

    Raises
    ------
    WorkerDied
        If a process was killed.
    """
    if workers == 1:
        yield map
        return
    context, own = get_context("spawn"), os.getpid()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(own,)) as pool:
        try:
            yield partial(_mapped, pool, chunk)
        except BrokenProcessPool:
            raise WorkerDied(KILLED) from None


def _mapped(pool: ProcessPoolExecutor, chunk: int, work: Callable[..., Any], *items: Any) -> Iterator[Any]:
    """Map over a pool whose processes, which begin here, are born deaf to Ctrl-C until they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        return pool.map(work, *items, chunksize=chunk)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.map(work, *items, chunksize=chunk)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: int) -> None:
    """Let the parent alone answer Ctrl-C, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch_parent(parent)


@lru_cache(maxsize=1)
def watch_parent(parent: int) -> None:
    """End this process soon after its parent, even where that was killed; called again, it does nothing.

    Parameters
    ----------
    parent
        Number of the parent's process.
    """

    def watch() -> None:
        while True:
            end_if_orphaned()
            time.sleep(WATCHING)

    if hasattr(os, "fork"):
        _watched.append(parent)
        threading.Thread(target=watch, name="parent", daemon=True).start()


_watched: list[int] = []
"""Number of the parent's process, once it is watched."""


def end_if_orphaned() -> None:
    """End this process at once if its parent is watched and gone."""
    if _watched and os.getppid() != _watched[0]:
        os._exit(1)
