"""Sweeper and launchers as called by Hydra; it finds their classes in `hydra_plugins.flowsim`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowsim import checks

if TYPE_CHECKING:
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

    from flowsim.sweeps.launchers import Done, Launcher, Work
    from flowsim.sweeps.store import Store

JOB = "FLOWSIM_JOB"
"""Name under which a launcher of Hydra passes a job its number."""


class SweepsIntoStore:
    """Does all combinations of swept values, rows of a table, or a design, into one store.

    Parameters
    ----------
    params
        Arguments by key, with less weight than the command line.
    table, design, samples, seed
        As in `Settings`.
    """

    def __init__(
        self,
        *,
        params: Mapping[str, Any] | None = None,
        table: str | None = None,
        design: str | None = None,
        samples: int = 64,
        seed: int = 1,
    ) -> None:
        from flowsim.sweeps.overrides import Settings

        self._params = dict(params or {})
        self._settings = Settings(table=table, design=design, samples=samples, seed=seed)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take Hydra's settings before it sweeps."""
        from hydra.core.hydra_config import HydraConfig
        from hydra.core.plugins import Plugins

        HydraConfig.instance().set_config(config)  # for references to it, as Hydra does before a run of its own
        self._context, self._config = hydra_context, config
        self._task: Any = task_function
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Do the jobs of a command.

        Raises
        ------
        ValueError
            If the sweep as a whole is refused.
        """
        from hydra.core.override_parser.overrides_parser import OverridesParser

        from flowsim.sweeps import overrides, resume
        from flowsim.sweeps import plan as planning

        loader = self._context.config_loader
        parser = OverridesParser.create(config_loader=loader)
        texts = [*(f"{key}={text}" for key, text in self._params.items()), *arguments]
        grid = overrides.grid_of(parser.parse_overrides(texts), settings=self._settings)
        out = Path(str(self._config.out))
        grid = resume.continued(grid, out)
        composer = planning.Composer(loader, self._config, grid.fixed)
        plan = planning.plan_of(grid, composer=composer, task=self._task)
        given = self._config.workers
        make = getattr(self._launcher, "launcher", None)
        resume.run(
            plan,
            out=out,
            task=self._task,
            overwrite=bool(self._config.overwrite),
            launcher=(lambda store: make(given)) if make else partial(_Foreign, self._launcher),
            workers=given if given is not None and isinstance(self._launcher, LaunchesHere) else 1,
        )


class LaunchesHere:
    """Runs jobs one after another in this process."""

    def launcher(self, workers: int | None) -> Launcher:
        """Launcher for the job runner."""
        from flowsim.sweeps.launchers import InProcess

        return InProcess()


class LaunchesProcesses:
    """Runs jobs in processes of this machine."""

    def launcher(self, workers: int | None) -> Launcher:
        """Launcher for the job runner, by default with a process for each core."""
        from flowsim.simulation.resources import cores
        from flowsim.sweeps.launchers import InProcess, Processes

        count = cores() if workers is None else workers
        whole = type(count) is int and 1 <= count <= 1024
        checks.require(whole, thing="workers", rule="be a whole number from 1 to 1024", value=count)
        return InProcess() if count == 1 else Processes(workers=count)


class _Foreign:
    """Runs jobs by a launcher of Hydra or of another plugin, with each job composed once more.

    Parameters
    ----------
    launcher
        Launcher made by Hydra.
    store
        The store.
    """

    workers = 1

    def __init__(self, launcher: Any, store: Store) -> None:
        self._launcher, self._grid = launcher, store.grid
        self._out = (
            "out='" + str(store.path.parent).replace("'", "\\'") + "'"
        )  # its job cannot tell when the sweep began

    def run(self, work: Work, numbers: Iterable[int]) -> Iterator[Done]:
        """Do jobs; each finds its store and its number in its configuration."""
        jobs: list[Sequence[str]] = [
            [*self._grid.typed(number), self._out, f"+hydra.job.env_set.{JOB}='{number}'"] for number in numbers
        ]
        if jobs:
            self._launcher.launch(jobs, initial_job_idx=0)
        return iter(())

    def close(self) -> None:
        """End nothing."""
