"""Progress of a sweep by the status flags in its store: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from flowsim.results.store import DONE, FAILED, RUNNING, flag_files
from flowsim.sweeps.store import Store

FIRST, LONGEST = 10.0, 600.0
"""Time to the first line, after which it doubles, and the longest time between two [s]."""

ON_TERMINAL = 0.5
"""Time between two readings of the store for a bar [s]."""

Say = Callable[[str], None]


def on_stderr(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr, flush=True)


def span(seconds: float) -> str:
    """A time in words, as `4 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 36 * 3600 else f"{seconds / 86400:.1f} days"


def amount(size: float) -> str:
    """A number of bytes in words, as `12 MB`."""
    power = 1 if size < 1e6 else 2 if size < 1e9 else 3
    size /= 1000**power
    unit = ("kB", "MB", "GB")[power - 1]
    return f"{size:.1f} {unit}" if size < 10 else f"{size:.0f} {unit}"


class Watch:
    """Reads the status flags of a store from time to time and reports progress.

    Parameters
    ----------
    store
        The store.
    pending
        Numbers of the jobs to do.
    say
        Receives a line now and then, where there is no terminal.
    """

    def __init__(self, store: Store, *, pending: Sequence[int], say: Say = on_stderr) -> None:
        self._store, self._say = store, say
        self._pending = {store.grid.index(number) for number in pending}
        self._known: dict[tuple[int, ...], int] = {}
        self._begun = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="sweep-watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def counts(self) -> tuple[int, int, int]:
        """Numbers of jobs done, failed and running, by the store now."""
        running = 0
        for index, flag in flag_files(self._store.path, known=self._known):
            if index in self._pending:
                running += flag == RUNNING
                self._known[index] = flag
        flags = list(self._known.values())
        return flags.count(DONE), flags.count(FAILED), running

    def line(self) -> str:
        """Progress, speed and time left."""
        done, failed, _ = self.counts()
        parts = [f"{done} of {len(self._pending)} jobs done", *([f"{failed} failed"] if failed else [])]
        return ", ".join([*parts, *self._pace(done + failed)])

    def _pace(self, finished: int) -> list[str]:
        """Speed and time left, once known."""
        if not finished:
            return []
        rate = finished / max(1e-9, time.monotonic() - self._begun)
        speed = f"{rate:.1f} a second" if rate > 1 else f"{rate * 60:.1f} a minute"
        return [speed, f"{span((len(self._pending) - finished) / rate)} left"]

    def _look(self) -> None:
        if sys.stderr.isatty() and self._say is on_stderr:
            self._draw()
            return
        wait = FIRST
        while not self._over.wait(wait):
            self._say(f"sweep: {self.line()}")
            wait = min(2 * wait, LONGEST)

    def _draw(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("sweep"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
        with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
            task = bars.add_task("", total=len(self._pending))
            while not self._over.wait(ON_TERMINAL):
                done, failed, _ = self.counts()
                words = [*([f"{failed} failed"] if failed else []), *self._pace(done + failed)]
                bars.update(task, completed=done + failed, description=", ".join(words))
