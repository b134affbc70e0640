"""Plan of a sweep before its first job: each combination of options composed once, and the template."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from flowsim.sweeps.grid import Axis, Grid, coordinates, value
from flowsim.sweeps.overrides import LATER, short_names
from flowsim.sweeps.settled import settled, settled_grid
from flowsim.sweeps.template import Template, union

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig

    from flowsim.sweeps.runner import Simulate, SweepOutcome
    from flowsim.sweeps.store import Store
    from flowsim.sweeps.template import Shape

SHAPING = ("world", "study", "engine", "policy", "reading", "calibration")
"""Groups of keys in which a plain value may change labels."""

AT_ENDS = ("inspection.intelligence.",)
"""Groups of keys in which labels depend on whether a number is 0, so that the lowest and the highest are composed."""


class Prepared(Protocol):
    """Properties of a composition, known before its first job."""

    @property
    def shape(self) -> Shape:
        """Contents of its results."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """Attributes of its results, such as their version, commit and seed."""

    @property
    def files(self) -> Mapping[str, str]:
        """Digest of each file behind its results."""


class Task(Protocol):
    """The command's functions for Hydra, as far as a sweep needs them."""

    def check(self, config: DictConfig) -> None:
        """Refuse a configuration that would run other code."""

    def check_keys(self, texts: Sequence[str]) -> None:
        """Refuse arguments with unknown keys."""

    def prepare(self, config: DictConfig, *, typed: Sequence[str]) -> Prepared:
        """Properties of a composition, known before its first job."""

    def notes(self, keys: Sequence[str], *, short: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """Meaning and units of the coordinates of swept keys."""

    def simulate(self, store: Store, *, workers: int) -> Simulate:
        """Results of a job; importable by other processes."""

    def explain(self, store: Store) -> Callable[[Exception, int], str]:
        """Message for an error of a job."""

    def folder(self, out: Path, *, overwrite: bool) -> AbstractContextManager[None]:
        """Make the folder, refuse one with other things, and end workers on Ctrl-C."""

    def tell(self, outcome: SweepOutcome, *, store: Store) -> None:
        """Report the outcome of the sweep."""


@dataclass(frozen=True)
class Composer:
    """Composes configurations, once for each combination of options."""

    loader: ConfigLoader
    """Hydra's view of the configuration folders."""

    master: DictConfig
    """Configuration of the sweep itself."""

    fixed: tuple[str, ...]
    """Arguments common to all jobs."""

    def is_group(self, key: str) -> bool:
        """Whether the values of a key are names of files."""
        return bool(self.loader.get_group_options(key.lstrip("+").partition("@")[0]))

    @property
    def folders(self) -> list[str]:
        """Configuration folders, the first with precedence."""
        sources = self.master.hydra.runtime.config_sources
        return [str(source.path) for source in sources if source.schema == "file"]

    def compose(self, chosen: Sequence[str]) -> DictConfig:
        """Configuration with these options, given as arguments."""
        return self.loader.load_sweep_config(self.master, [*self.fixed, *chosen])


@dataclass(frozen=True)
class SweepPlan:
    """The sweep before its first job."""

    template: Template
    """Contents of its store."""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything fixed between two calls of the sweep, but its jobs."""
        found: Mapping[str, Any] = self.template.plan["identity"]
        return found


def plan_of(grid: Grid, *, composer: Composer, task: Task) -> SweepPlan:
    """Compose the options of a sweep, and find the contents of its results.

    Parameters
    ----------
    grid
        The jobs.
    composer
        Composes configurations.
    task
        The command's functions.

    Raises
    ------
    ValueError
        If no composition can be run, one would run other code, or they do not fit into one store.
    """
    grid = settled_grid(grid)
    keys = [key for axis in grid.axes for key in axis.keys]
    task.check_keys([f"{key}={text}" for axis in grid.axes for key, text in zip(axis.keys, axis.texts[0], strict=True)])
    composed = tuple(key for key in keys if composer.is_group(key))
    configs: dict[tuple[str, ...], DictConfig] = {}
    for choice in grid.choices(composed):
        configs[choice] = composer.compose([f"{key}={text}" for key, text in zip(composed, choice, strict=True)])
        task.check(configs[choice])
    own = [key for key in keys if key not in composed]
    compositions = {choice: _entry(config, swept=own) for choice, config in configs.items()}
    found: list[Prepared] = []
    files: dict[str, str] = {}
    errors: list[Exception] = []
    for number in _representatives(grid, keys=keys, composed=composed):
        choice = grid.choice(number, composed)
        shaped = _shaped(configs[choice], grid, number, composed=composed)
        try:
            found.append(task.prepare(shaped, typed=grid.typed(number)))
        except Exception as error:  # its jobs will say so; others may be sound
            errors.append(error)
        else:
            files |= found[-1].files
    if not found:
        raise errors[0]
    shape = union([prepared.shape for prepared in found])
    short = short_names(keys, taken=[*shape.labels, *shape.along, *shape.variables])
    grid = _renamed(grid, short=short)
    attributes = _attributes([prepared.attributes for prepared in found], grid=grid)
    kept = {" ".join(choice): entry["kept"] for choice, entry in compositions.items()}
    plan = _stored(grid, composed=composed, compositions=compositions, folders=composer.folders) | {
        "identity": identity_of(version=attributes["version"], compositions=kept, files=files),
        "command": attributes["command"],
    }
    template = Template(
        grid=grid,
        shape=shape,
        coordinates=coordinates(grid, short=short),
        notes=task.notes(keys, short=short),
        attributes=attributes,
        plan=plan,
    )
    return SweepPlan(template)


def identity_of(*, version: str, compositions: Mapping[str, str], files: Mapping[str, str]) -> dict[str, Any]:
    """Everything fixed between two calls of a sweep, but its jobs.

    Parameters
    ----------
    version
        Version of flowsim.
    compositions
        Configuration of each combination of options, without what may differ between calls.
    files
        Digest of each file behind the results.
    """
    return {"version": version, "compositions": dict(compositions), "files": dict(files)}


def _stored(
    grid: Grid, *, composed: Sequence[str], compositions: Mapping[tuple[str, ...], Any], folders: Sequence[str]
) -> dict[str, Any]:
    """Setting of a process for jobs: the grid, and the compositions as text."""
    return {
        "axes": [{"name": axis.name, "keys": axis.keys, "texts": axis.texts} for axis in grid.axes],
        "fixed": list(grid.fixed),
        "composed": list(composed),
        "compositions": {
            json.dumps(choice): {name: entry[name] for name in ("configuration", "choices")}
            for choice, entry in compositions.items()
        },
        "folders": list(folders),
    }


def _entry(config: DictConfig, *, swept: Sequence[str]) -> dict[str, Any]:
    """A composition as text: all of it, the part fixed between calls, and its options."""
    from omegaconf import OmegaConf

    own = settled(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]), swept=swept)
    whole: Any = OmegaConf.to_container(own)
    return {
        "configuration": OmegaConf.to_yaml(OmegaConf.create(whole)),
        "kept": OmegaConf.to_yaml(OmegaConf.create({key: part for key, part in whole.items() if key not in LATER})),
        "choices": {str(key): str(name) for key, name in config.hydra.runtime.choices.items()},
    }


def _renamed(grid: Grid, *, short: Mapping[str, str]) -> Grid:
    axes = [
        axis if axis.is_rows else Axis(name=short[axis.keys[0]], keys=axis.keys, texts=axis.texts) for axis in grid.axes
    ]
    return Grid(axes=tuple(axes), fixed=grid.fixed)


def _representatives(grid: Grid, *, keys: Sequence[str], composed: Sequence[str]) -> list[int]:
    """Jobs that together have every label, as far as the keys tell."""
    shaping = [key for key in keys if key in composed or key.partition(".")[0] in SHAPING]
    found = dict.fromkeys(grid.choices(shaping).values())
    for axis, place in _columns(grid):
        key = axis.keys[place]
        own = axis.labels(place)
        if key.startswith(AT_ENDS) and all(isinstance(label, int | float) for label in own):
            ends = {own.index(min(own)), own.index(max(own))}  # type: ignore[arg-type]
            where = grid.axes.index(axis)
            found |= dict.fromkeys(
                grid.number([end if i == where else 0 for i in range(len(grid.axes))]) for end in ends
            )
    return list(found)


def _columns(grid: Grid) -> Iterator[tuple[Axis, int]]:
    return ((axis, place) for axis in grid.axes for place in range(len(axis.keys)))


def _shaped(config: DictConfig, grid: Grid, number: int, *, composed: Sequence[str]) -> DictConfig:
    """Configuration of a job as far as it makes labels; other values may be out of range in this job alone."""
    from omegaconf import OmegaConf

    shaped = config.copy()
    for key, text in grid.values(number).items():
        if key not in composed and (key.partition(".")[0] in SHAPING or key.startswith(AT_ENDS)):
            OmegaConf.update(shaped, key, value(text), merge=True)
    return shaped


def _attributes(found: Sequence[Mapping[str, str]], *, grid: Grid) -> dict[str, str]:
    """Attributes of the store: those of all jobs; where they differ, each once."""
    joined = {}
    for name, first in found[0].items():
        several = list(dict.fromkeys(attributes[name] for attributes in found))
        joined[name] = first if len(several) == 1 or name == "configuration" else ", ".join(several)
    for axis, place in _columns(grid):
        if axis.keys[place] == "seed":
            joined["seed"] = ", ".join(dict.fromkeys(str(label) for label in axis.labels(place)))
    return joined
