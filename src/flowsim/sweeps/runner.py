"""Job runner: do the jobs missing in a store, after any interruption, and report failures with reasons."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from flowsim.results.disk import writing
from flowsim.results.store import DONE, FAILED, MISSING, RUNNING
from flowsim.simulation.processes import WorkerDied, end_if_orphaned
from flowsim.sweeps import lock
from flowsim.sweeps.launchers import Done, Launcher, Work, memory
from flowsim.sweeps.progress import Say, Watch, amount, on_stderr, span
from flowsim.sweeps.store import Store, Unwritable, tidy

if TYPE_CHECKING:
    import xarray as xr

LONG = 20
"""Fewest jobs of a sweep with its first job alone, for an estimate of time, memory and disk."""

SHORT, FEW = 10.0, 4
"""Time within which more jobs than the first run alone [s], and the largest number of them."""

KILLED = "its process was killed again and again; perhaps it needs more memory than there is"
"""Reason of failure of a job with a killed process."""

Simulate = Callable[[int], "xr.Dataset"]
"""Results of a job by its number."""

Explain = Callable[[Exception, int], str]
"""Message for an error of a job."""


@dataclass(frozen=True)
class SweepOutcome:
    """Outcome of a sweep."""

    size: int
    """Jobs of the sweep."""

    done: int
    """Jobs with results in the store."""

    failed: dict[int, str] = field(default_factory=dict)
    """Failed jobs, with reasons."""

    did: int = 0
    """Jobs done by this call."""

    @property
    def left(self) -> int:
        """Jobs neither done nor failed."""
        return self.size - self.done - len(self.failed)


def attempt(store: Store, number: int, *, simulate: Simulate, explain: Explain) -> Done:
    """Do a job, and record in the store its end or the reason of its failure.

    Parameters
    ----------
    store
        The store.
    number
        Number of the job.
    simulate
        Results of a job by its number.
    explain
        Message for an error.
    """
    begun = time.perf_counter()
    stop = ""
    try:
        with lock.of_job(store.path.parent):
            # A call that is killed leaves its next jobs with the workers: none may begin while another call is at work,
            # which waits for the lock, and gets it only after the first call is gone.
            end_if_orphaned()
            store.begin(number)
            try:
                store.write(number, simulate(number))
            except Unwritable:
                raise
            except Exception as error:
                store.fail(number, explain(error, number))
    except OSError as error:
        stop = error.strerror or str(error)
    return Done(number, time.perf_counter() - begun, memory(), stop)


def pending(store: Store) -> tuple[list[int], dict[int, list[str]]]:
    """Jobs not done, and jobs with damaged files, with the names of the parts."""
    flags = store.flags()
    damaged = {int(n): store.damaged(int(n)) for n in np.flatnonzero(flags == DONE)}
    damaged = {number: parts for number, parts in damaged.items() if parts}
    return sorted([*np.flatnonzero(flags != DONE).tolist(), *damaged]), damaged


def run(
    store: Store,
    *,
    simulate: Simulate,
    explain: Explain,
    launcher: Launcher,
    say: Say = on_stderr,
    estimate: bool = True,
) -> SweepOutcome:
    """Do the jobs of a store that are missing, failed, killed, or damaged.

    The folder must be locked for this call (`lock.of_call`).

    Parameters
    ----------
    store
        The store.
    simulate
        Results of a job; other processes must be able to import it.
    explain
        Message for an error of a job.
    launcher
        Launcher of the jobs.
    say
        Receives a line now and then.
    estimate
        Whether the first job of a long sweep runs alone, for an estimate of the others.

    Returns
    -------
    Outcome
        Number of jobs done, and reasons why others failed.

    Raises
    ------
    Unwritable
        If the disk is full or may not be written.
    """
    todo, damaged = pending(store)
    for number, parts in damaged.items():
        say(f"sweep: {store.grid.own(number)} runs again: {', '.join(parts)} damaged or missing")
    flags, total = store.flags(), len(todo)
    for number in todo:
        if flags[number] != MISSING:
            store.forget(number)
    work = partial(attempt, store, simulate=simulate, explain=explain)
    try:
        with Watch(store, pending=todo, say=say):
            if estimate and len(todo) >= LONG:
                _estimate(store, _first(store, todo, work=work, launcher=launcher), todo, launcher, say=say)
            died = _all(store, todo, work=work, launcher=launcher)
    finally:
        launcher.close()
    if died:
        with writing(store.path):
            tidy(store)
    return outcome(store, did=total)


def outcome(store: Store, *, did: int = 0) -> SweepOutcome:
    """State of a sweep.

    Parameters
    ----------
    store
        Its store.
    did
        Jobs done by this call.
    """
    flags = store.flags()
    failed = {int(n): store.error(int(n)) for n in np.flatnonzero(flags == FAILED)}
    return SweepOutcome(store.grid.size, int((flags == DONE).sum()), failed, did)


def _all(store: Store, todo: Sequence[int], *, work: Work, launcher: Launcher) -> int:
    """Do jobs; if a process is killed, its possible jobs are done one at a time, and the others after.

    Returns how many times that happened.
    """
    left = list(todo)
    deaths = 0
    while left:
        try:
            for done in launcher.run(work, left):
                _check(done, store)
            return deaths
        except WorkerDied:
            deaths += 1
            flags = store.flags()
            suspects = [number for number in left if flags[number] == RUNNING]
            if deaths > 3 and not suspects:
                raise
            for number in suspects:
                _alone(store, number, work=work, launcher=launcher)
            flags = store.flags()
            left = [number for number in left if flags[number] not in (DONE, FAILED)]
    return deaths


def _alone(store: Store, number: int, *, work: Work, launcher: Launcher) -> Done:
    """Do one job with nothing beside it, to tell whether it kills its process."""
    done = Done(number, 0.0, 0)
    for _ in range(2):
        try:
            for done in launcher.run(work, [number]):
                _check(done, store)
            return done
        except WorkerDied:
            continue
    store.fail(number, KILLED)
    return done


def _first(store: Store, todo: list[int], *, work: Work, launcher: Launcher) -> Done:
    """Do the first job alone, and if it was short a few more, as processes begin with their first one; the fastest."""
    done = [_alone(store, todo.pop(0), work=work, launcher=launcher)]
    while len(done) < FEW and sum(each.seconds for each in done) < SHORT:
        done.append(_alone(store, todo.pop(0), work=work, launcher=launcher))
    return min(done, key=lambda each: each.seconds)


def _check(done: Done, store: Store) -> None:
    """Stop where continuing makes no sense."""
    if done.stop:
        raise Unwritable(done.stop)


def _estimate(store: Store, first: Done, todo: Sequence[int], launcher: Launcher, *, say: Say) -> None:
    """Estimate the cost of a long sweep from its first job.

    Raises
    ------
    Unwritable
        If there is not enough room on the disk.
    """
    if not first.seconds:  # its process was killed
        return
    folder = store.path.parent
    need, free = store.size_of(first.number) * len(todo), shutil.disk_usage(folder).free
    hours = span(first.seconds * len(todo) / launcher.workers)
    each = f"about {hours} for {len(todo)} jobs, {launcher.workers} at once"
    say(f"sweep: {each}; {amount(first.memory)} of memory each; {amount(need)} of disk, {amount(free)} is free")
    if need > free:
        raise Unwritable(f"{folder} needs about {amount(need)} of disk space, but {amount(free)} is free")
