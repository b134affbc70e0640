"""Launchers: run the jobs of a sweep in this process, or in several of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from flowsim.simulation.processes import KILLED, WorkerDied, watch_parent

LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""Request to glibc for large pages where the kernel gives them on request; other C libraries take no notice."""


@dataclass(frozen=True)
class Done:
    """Report of a job; its results are in the store."""

    number: int
    """Number of the job."""

    seconds: float
    """Time taken [s]."""

    memory: int
    """Peak memory of its process [byte]."""

    stop: str = ""
    """Reason to stop the sweep; empty if there is none."""


Work = Callable[[int], Done]
"""Does a job by its number."""


class Launcher(Protocol):
    """Runs jobs."""

    @property
    def workers(self) -> int:
        """Number of jobs at once."""
        ...

    def run(self, work: Work, numbers: Iterable[int]) -> Iterator[Done]:
        """Do jobs and yield each when it is done, in any order; workers take numbers as they become free.

        Raises
        ------
        WorkerDied
            If a process was killed; its jobs are begun and not done.
        """
        ...

    def close(self) -> None:
        """End all processes."""
        ...


@dataclass(frozen=True)
class InProcess:
    """Runs one job after another in this process."""

    workers: int = 1
    """Number of jobs at once."""

    def run(self, work: Work, numbers: Iterable[int]) -> Iterator[Done]:
        """Do jobs one after another."""
        return map(work, numbers)

    def close(self) -> None:
        """End nothing."""


@dataclass(frozen=True)
class Processes:
    """Runs jobs in processes of this machine by joblib, with the next job for each process that becomes free."""

    workers: int = 2
    """Number of jobs at once."""

    def run(self, work: Work, numbers: Iterable[int]) -> Iterator[Done]:
        """Do jobs in any order.

        Raises
        ------
        WorkerDied
            If a process was killed.
        """
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        pool = Parallel(
            n_jobs=self.workers,
            backend="loky",
            batch_size=1,
            max_nbytes=None,
            pre_dispatch=2 * self.workers,
            return_as="generator_unordered",
            initializer=watch_parent,
            initargs=(os.getpid(),),
        )
        finished = False
        try:
            with _born_deaf(), given_large_pages():
                _begin_tracker()
                results = pool(delayed(work)(number) for number in numbers)
            yield from results
            finished = True
        except BrokenProcessPool:
            raise WorkerDied(KILLED) from None
        finally:
            if not finished:
                _end_processes(kill=True)

    def close(self) -> None:
        """End all processes."""
        _end_processes(kill=False)


def _end_processes(*, kill: bool) -> None:
    from joblib.externals.loky import reusable_executor

    executor = reusable_executor._executor
    if executor is not None:
        executor.terminate(kill_workers=kill)


def _begin_tracker() -> None:
    """Begin joblib's cleaning process, silent about folders that joblib names and never makes.

    Joblib itself forgets them when Python exits, which it does not after Ctrl-C.
    """
    from joblib.externals.loky.backend.resource_tracker import ensure_running

    sys.warnoptions.append("ignore:resource_tracker")
    try:
        ensure_running()
    finally:
        sys.warnoptions.pop()


@contextlib.contextmanager
def _born_deaf() -> Iterator[None]:
    """Let new processes ignore Ctrl-C, for the parent alone to answer."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def given_large_pages() -> Iterator[None]:
    """Let new processes ask for large pages where glibc can, which makes new arrays cost less time."""
    name = "GLIBC_TUNABLES"
    before = os.environ.get(name)
    os.environ[name] = LARGE_PAGES if before is None else before
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]


def memory() -> int:
    """Peak memory of this process [byte]; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    used: Any = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(used if sys.platform == "darwin" else 1024 * used)
