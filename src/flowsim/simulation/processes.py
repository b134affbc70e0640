"""Work shared out over processes, which leave Ctrl-C to their parent."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from typing import Any


@contextmanager
def mapping(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Map over processes, or in this one if there is one worker.

    Parameters
    ----------
    workers
        How many processes.
    """
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_stopping) as pool:
        yield partial(_mapped, pool)


def _mapped(pool: ProcessPoolExecutor, work: Callable[..., Any], *items: Any) -> Iterator[Any]:
    """Map over a pool whose processes, which begin here, are born deaf to Ctrl-C until they can ignore it."""
    if not hasattr(signal, "pthread_sigmask"):
        return pool.map(work, *items)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.map(work, *items)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave_stopping() -> None:
    """Let the parent alone answer Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
