"""Task that Hydra calls with a composed configuration, once for a run and once for each job of a sweep."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from flowsim.config import allowed_classes, diagnose, hydra_node, jobs, options, own_files
from flowsim.config.builder import request_of
from flowsim.config.compose import folders_of, naming_files
from flowsim.config.error_line import NO_MEMORY, lacks_memory, message
from flowsim.config.study import find
from flowsim.results.folders import SWEEP
from flowsim.simulation.processes import Unfinished
from flowsim.studies import reserved, terminal
from flowsim.sweeps.hydra_plugins import JOB
from flowsim.sweeps.progress import amount, on_stderr, span

if TYPE_CHECKING:
    import xarray as xr

    from flowsim.config.request import Request
    from flowsim.studies.estimates import Estimate
    from flowsim.sweeps.runner import SweepOutcome
    from flowsim.sweeps.store import Store

MOST_FAILURES = 10
"""Largest number of reasons of failure printed at the end of a sweep."""


class Task:
    """Callable task of the command, for Hydra.

    Parameters
    ----------
    command
        The command as typed.
    typed
        Its arguments of the form key=value.
    debug
        Whether errors are raised in full, instead of one line.
    hint
        How to show the place of a mistake of the program.
    """

    def __init__(self, *, command: str, typed: Sequence[str], debug: bool, hint: str) -> None:
        self.command, self.typed, self.debug, self.hint = command, tuple(typed), debug, hint
        self.failures: list[str] = []
        self._folders: set[Path] = set()
        self._swept = ""

    def __call__(self, config: DictConfig) -> None:
        """Run a study, or a job handed over by a launcher of Hydra."""
        node = HydraConfig.get()
        if JOB in node.job.env_set:
            self._job(config, number=int(node.job.env_set[JOB]))
            return
        typed: list[str] = OmegaConf.to_container(node.overrides.task, resolve=False)  # type: ignore[assignment]
        several = node.mode == RunMode.MULTIRUN
        try:
            self._folders.update([Path(node.sweep.dir)] if several else [])
            own_files.check_mixed(node, folders=folders_of(node))
            with naming_files(node, typed=typed), terminal.plain_warnings():
                request = request_of(config, hydra=node, command=self.command, typed=typed)
            if several:
                request = replace(request, out=request.out / str(node.job.num))
            raw = OmegaConf.to_container(config, resolve=False)
            timed = isinstance(raw, dict) and "${now:" in str(raw["out"])
            run(request, study=config.study.name, fresh=timed and not several)
        except Exception as error:
            if self.debug:
                raise
            text = message(error, typed, hint=self.hint)
            self.failures.append(f"{shlex.join(typed)}: {text}" if several else text)

    def _job(self, config: DictConfig, *, number: int) -> None:
        """Do a job of a sweep in a process made by a launcher of Hydra."""
        from flowsim.sweeps import runner, store

        own = store.Store(Path(str(config.out)) / SWEEP)
        done = runner.attempt(own, number, simulate=self.simulate(own, workers=1), explain=self.explain(own))
        if done.stop:
            raise store.Unwritable(done.stop)

    def clean(self) -> None:
        """Remove the remains of Hydra's own sweeper; each of its jobs keeps its configuration."""
        for folder in self._folders:
            (folder / "multirun.yaml").unlink(missing_ok=True)
            terminal.remove_empty([folder, *folder.parents][:-1])

    def check(self, config: DictConfig) -> None:
        """Refuse a configuration that would run other code, or with files of several owners."""
        allowed_classes.check(config)
        hydra_node.check(config, typed=self.typed)
        own_files.check_mixed(config.hydra, folders=folders_of(config.hydra))

    def check_keys(self, texts: Sequence[str]) -> None:
        """Refuse arguments with unknown keys."""
        diagnose.check_keys(diagnose.parse(texts), keys=[key.name for key in options.top_keys()])

    def prepare(self, config: DictConfig, *, typed: Sequence[str]) -> jobs.Prepared:
        """What a sweep must know of a composition before its first job."""
        self._swept = str(config.study.get("name"))
        own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        with naming_files(config.hydra, typed=typed):
            return jobs.prepare(own, hydra=config.hydra, command=self.command, typed=typed)

    def notes(self, keys: Sequence[str], *, short: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """Meaning and units of the coordinates of swept keys."""
        return jobs.notes(keys, short=short)

    def simulate(self, store: Store, *, workers: int) -> Callable[[int], xr.Dataset]:
        """Results of a job; importable by other processes."""
        return partial(jobs.results_of, store, workers=workers)

    def explain(self, store: Store) -> Callable[[Exception, int], str]:
        """Message for an error of a job."""
        return partial(jobs.explain, store=store, hint=self.hint)

    @contextlib.contextmanager
    def folder(self, out: Path, *, overwrite: bool) -> Iterator[None]:
        """Make the folder of a sweep, and end its workers on Ctrl-C."""
        with terminal.folder(out), terminal.stopping_workers(), terminal.plain_warnings():
            reserved.check_sweep(out, overwrite=overwrite)
            with _ending(out):
                yield

    def tell(self, outcome: SweepOutcome, *, store: Store) -> None:
        """Report the outcome of a sweep, and keep the reasons of failed jobs."""
        from flowsim.sweeps.status import finishing, reasons

        out = store.path.parent
        terminal.link_latest(out, study=self._swept)
        found = list(reasons(outcome, store=store))
        self.failures += found[:MOST_FAILURES]
        if len(found) > MOST_FAILURES:
            self.failures.append(f"{len(found) - MOST_FAILURES} other reasons; study=sweep_status out={out} lists them")
        if outcome.failed or outcome.left:
            short = outcome.size - outcome.done
            self.failures.append(f"{short} of {outcome.size} jobs failed; to repeat them: {finishing(store)}")
        before = outcome.size - outcome.did
        kept = f", {before} of them earlier" if before else ""
        terminal.say(f"{outcome.done} of {outcome.size} jobs done{kept} ({store.grid.describe()})")
        terminal.say(f"\nresults: {out}")


def run(request: Request, *, study: str, fresh: bool) -> None:
    """Run a study and print its findings and the place of its results.

    Parameters
    ----------
    request
        Request of the command.
    study
        Name of the study.
    fresh
        Whether the folder for its results must be new.
    """
    module = import_module(f"flowsim.studies.{study}")
    if not find(study).writes:
        terminal.say(module.run(request, progress=None))
        return
    from flowsim.studies import estimates  # after the checks, because xarray takes a second to import

    request = estimates.with_useful_workers(study, request)
    found = estimates.estimate(study, request)
    estimates.require(found, study=study, confirm=request.confirm)
    begin = partial(announce, found, study=study)
    with (
        terminal.folder(request.out, fresh=fresh) as out,
        reserved.reserved(
            out,
            study=study,
            configuration=request.attributes["configuration"],
            overwrite=request.overwrite,
        ),
        terminal.progress(study, begin=begin) as progress,
        terminal.stopping_workers(),
        terminal.plain_warnings(),
    ):
        request = replace(request, out=out)
        with _ending(out):
            text = module.run(request, progress=progress)
    terminal.link_latest(request.out, study=study)
    terminal.say(f"{text}\n\nresults: {request.out}")


@contextlib.contextmanager
def _ending(out: Path) -> Iterator[None]:
    """Where a study ends before its time, say in the same sentence what is kept and how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(out)) from None
    except (Unfinished, MemoryError, RuntimeError, OSError) as error:
        if isinstance(error, Unfinished) or lacks_memory(error):
            cause = NO_MEMORY if lacks_memory(error) else str(error)
            raise Unfinished(f"{cause}; {_kept(out)}") from error
        raise


def _kept(out: Path) -> str:
    """What is kept of a study that ends before its time."""
    if (out / SWEEP).is_dir():
        return f"what is done is kept, and the same command with out={out} resumes it"
    return "nothing is kept, and the same command begins anew"


def announce(found: Estimate, *, study: str) -> None:
    """Print the cost of a long study before it begins, on standard error.

    Parameters
    ----------
    found
        Its cost.
    study
        Name of the study.
    """
    from flowsim.studies import estimates

    if found.seconds >= estimates.WORTH_SAYING:
        cores = "1 core" if found.workers == 1 else f"{found.workers} cores"
        on_stderr(f"{study}: about {span(found.seconds)} on {cores}, {amount(found.memory)} of memory")
