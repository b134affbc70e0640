"""Terminal and folder of a run: printed lines, progress bars, output folder, link to the latest, Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from flowsim.results.folders import FOLDER, LATEST


def say(text: str, *, end: str = "\n") -> None:
    """Print a text; if the reader of the output is gone, such as `head`, drop all further output."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        drop_output()


def drop_output() -> None:
    """Discard all further output, and output not yet read."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def folder(out: Path, *, fresh: bool = False) -> Iterator[Path]:
    """Make the folder for the results, and remove it again if the run fails with nothing written.

    Parameters
    ----------
    out
        The folder.
    fresh
        Whether it must be new: where another run has just taken it, its name gets a number.

    Raises
    ------
    ValueError
        If it cannot be made.
    """
    made: list[Path] = []
    try:
        made = [part for part in (out, *out.parents) if not part.exists()]
        out.parent.mkdir(parents=True, exist_ok=True)
        reserved = _reserved(out) if fresh else out
        reserved.mkdir(exist_ok=True)
        made = [reserved, *made]
    except OSError as error:
        remove_empty(made)
        reason = error.strerror or type(error).__name__
        raise ValueError(f"out must name a folder that can be written ({reason}), got {str(out)!r}") from None
    try:
        yield reserved
    except BaseException:
        remove_empty(made)
        raise


def _reserved(out: Path) -> Path:
    """Make a folder of this name, or of the next number that is free."""
    name = out
    for number in count(2):
        with contextlib.suppress(FileExistsError):
            name.mkdir()
            break
        name = out.with_name(f"{out.name}_{number}")
    return name


def remove_empty(folders: Sequence[Path]) -> None:
    """Remove empty folders, one after another."""
    for each in folders:
        with contextlib.suppress(OSError):
            each.rmdir()


FIRST, EVERY = 10.0, 30.0
"""Time to the first progress line of a study without a terminal, and the time between two [s]."""


@contextlib.contextmanager
def progress(study: str = "", *, begin: Callable[[], None] = lambda: None) -> Iterator[Any]:
    """Progress bars on a terminal, elsewhere a line on standard error now and then.

    Parameters
    ----------
    study
        Name of the study.
    begin
        Called before the first step, after all refusals; a step without a name serves only to call it.
    """
    with _progress(study) as tell:
        left = [begin]

        def told(step: str, done: int, total: int) -> None:
            while left:
                left.pop()()
            if step:
                tell(step, done, total)

        yield told


@contextlib.contextmanager
def _progress(study: str) -> Iterator[Any]:
    """Callback for the progress of each step."""
    if not sys.stderr.isatty():
        with Log(study).telling() as tell:
            yield tell
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=False) as bars:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done)

        yield tell


class Log:
    """Says on standard error how far a study is: first after ten seconds, then every half minute.

    Parameters
    ----------
    study
        Name of the study.
    first, every
        Time to the first line and between two [s].
    """

    def __init__(self, study: str, *, first: float = FIRST, every: float = EVERY) -> None:
        self._study, self._first, self._every = study, first, every
        self._state = ""
        self._over = threading.Event()

    @contextlib.contextmanager
    def telling(self) -> Iterator[Any]:
        """Yield a callback for the progress of each step; nothing is written before its first call."""
        thread = threading.Thread(target=self._say, name="progress", daemon=True)

        def tell(step: str, done: int, total: int) -> None:
            self._state = f"{step}, {done} of {total}"
            if thread.ident is None:
                thread.start()

        try:
            yield tell
        finally:
            self._over.set()
            if thread.ident is not None:
                thread.join()

    def _say(self) -> None:
        begun, wait = time.monotonic(), self._first
        while not self._over.wait(wait):
            print(f"{self._study}: {time.monotonic() - begun:.0f} s, {self._state}", file=sys.stderr, flush=True)
            wait = self._every


@contextlib.contextmanager
def plain_warnings() -> Iterator[None]:
    """Print warnings as lines of their own, without the place in the code."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: print(f"warning: {message}", file=sys.stderr, flush=True)
        yield


KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""Signal to end a process at once, as joblib's processes ignore others."""


@contextlib.contextmanager
def stopping_workers() -> Iterator[None]:
    """Let Ctrl-C end the worker processes too, instead of letting them finish their tasks."""

    def stop(signum: int, frame: object) -> NoReturn:
        from multiprocessing import active_children

        threading.excepthook = lambda _: None  # the thread feeding them may raise; the program ends anyway
        for child in active_children():
            with contextlib.suppress(ProcessLookupError):
                if child.pid:
                    os.kill(child.pid, KILL)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def link_latest(out: Path, *, study: str) -> None:
    """Point results/latest and results/<study>/latest to a folder below results/.

    If links are not possible, there is none.

    Parameters
    ----------
    out
        Folder with results.
    study
        Study behind them.
    """
    results, target = FOLDER.resolve(), out.resolve()
    if results not in target.parents:
        return
    _link(results, target)
    own = results / study
    if target != own:
        with contextlib.suppress(OSError):
            own.mkdir(exist_ok=True)
            _link(own, target)


def _link(folder: Path, target: Path) -> None:
    """Point `latest` in a folder to another one, replacing an earlier link."""
    with contextlib.suppress(OSError):
        link = folder / f".{LATEST}-{os.getpid()}"
        link.symlink_to(os.path.relpath(target, folder), target_is_directory=True)
        try:
            os.replace(link, folder / LATEST)
        except OSError:
            link.unlink()
