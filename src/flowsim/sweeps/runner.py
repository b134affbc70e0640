"""The job runner: does what is missing in a store, whatever happened before, and says what failed and why."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from flowsim.results.store import DONE, FAILED, MISSING, RUNNING
from flowsim.sweeps import lock
from flowsim.sweeps.launchers import Done, Launcher, Work, WorkerDied, memory
from flowsim.sweeps.progress import Say, Watch, amount, on_stderr, span
from flowsim.sweeps.store import Store, Unwritable

if TYPE_CHECKING:
    import xarray as xr

LONG = 20
"""Fewest jobs of a sweep whose first job runs alone, for an estimate of time, memory and disk."""

SHORT, FEW = 10.0, 4
"""Time within which more jobs than the first run alone [s], and most of them."""

KILLED = "its process was killed again and again; perhaps it needs more memory than there is"
"""Why a job failed whose process did not live to say so."""

Simulate = Callable[[int], "xr.Dataset"]
"""Results of a job by its number."""

Explain = Callable[[Exception, int], str]
"""Message for an error of a job."""


@dataclass(frozen=True)
class Outcome:
    """How a sweep went."""

    size: int
    """Jobs of the sweep."""

    done: int
    """Jobs whose results are in the store."""

    failed: dict[int, str] = field(default_factory=dict)
    """Jobs that failed, and why."""

    did: int = 0
    """Jobs that this call did."""

    @property
    def left(self) -> int:
        """Jobs that are neither done nor have failed."""
        return self.size - self.done - len(self.failed)


def attempt(store: Store, number: int, *, simulate: Simulate, explain: Explain) -> Done:
    """Do a job, and note in the store that it is done or why it failed.

    Parameters
    ----------
    store
        The store.
    number
        Number of the job.
    simulate
        Gives its results.
    explain
        Gives the message for an error.
    """
    begun = time.perf_counter()
    stop = ""
    try:
        with lock.of_job(store.path.parent):
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
    """Jobs that are not done, and those whose files are damaged with the names of the parts."""
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
) -> Outcome:
    """Do the jobs of a store that are missing, failed, were killed, or are damaged.

    The folder must be locked for this call (`lock.of_call`).

    Parameters
    ----------
    store
        The store.
    simulate
        Gives the results of a job; other processes must be able to import it.
    explain
        Gives the message for an error of a job.
    launcher
        Where jobs run.
    say
        Told a line now and then.
    estimate
        Whether the first job of a long sweep runs alone, to say what all of them will take.

    Returns
    -------
    Outcome
        How many jobs are done, and why others failed.

    Raises
    ------
    Unwritable
        If the disk is full or may not be written.
    """
    todo, damaged = pending(store)
    for number, parts in damaged.items():
        say(f"sweep: {store.grid.own(number)} is done again, as {', '.join(parts)} of it is damaged or gone")
    flags, total = store.flags(), len(todo)
    for number in todo:
        if flags[number] != MISSING:
            store.forget(number)
    work = partial(attempt, store, simulate=simulate, explain=explain)
    try:
        with Watch(store, pending=todo, say=say):
            if estimate and len(todo) >= LONG:
                _estimate(store, _first(store, todo, work=work, launcher=launcher), todo, launcher, say=say)
            _all(store, todo, work=work, launcher=launcher)
    finally:
        launcher.close()
    return outcome(store, did=total)


def outcome(store: Store, *, did: int = 0) -> Outcome:
    """How a sweep stands.

    Parameters
    ----------
    store
        Its store.
    did
        Jobs that this call did.
    """
    flags = store.flags()
    failed = {int(n): store.error(int(n)) for n in np.flatnonzero(flags == FAILED)}
    return Outcome(store.grid.size, int((flags == DONE).sum()), failed, did)


def _all(store: Store, todo: Sequence[int], *, work: Work, launcher: Launcher) -> None:
    """Do jobs; if a process is killed, those it may have been at are done one at a time, and the others after."""
    left = list(todo)
    deaths = 0
    while left:
        try:
            for done in launcher.run(work, left):
                _check(done, store)
            return
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


def _alone(store: Store, number: int, *, work: Work, launcher: Launcher) -> Done:
    """Do one job with nothing beside it, so that it is known which one kills its process."""
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
    """Stop where going on makes no sense."""
    if done.stop:
        raise Unwritable(done.stop)


def _estimate(store: Store, first: Done, todo: Sequence[int], launcher: Launcher, *, say: Say) -> None:
    """Say what a long sweep will take, from its first job.

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
    say(f"sweep: {each}; {amount(first.memory)} of memory each; {amount(need)} of disk, {amount(free)} are free")
    if need > free:
        raise Unwritable(f"{folder} needs room for about {amount(need)}, of which {amount(free)} are free")
