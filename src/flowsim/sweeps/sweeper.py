"""The sweeper: from what was typed to a grid of jobs, composed once per combination of options, in one store."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from flowsim import checks
from flowsim.sweeps.grid import Axis, Grid, coordinates, names

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

    from flowsim.sweeps.launchers import Launcher
    from flowsim.sweeps.runner import Outcome, Simulate
    from flowsim.sweeps.store import Store
    from flowsim.sweeps.template import Shape, Template

LENGTHS = {"replications": "replication", "draws": "draw"}
"""Keys that change the length of a dim."""

SHAPING = ("world", "study", "engine", "policy", "reading", "calibration", "adaptation")
"""Keys below which a plain value may change labels."""

AT_ENDS = ("inspection.intelligence.",)
"""Keys below which labels depend on whether a number is 0, so that the lowest and the highest are looked at."""

LATER = ("out", "workers")
"""Keys that may differ between two calls of one sweep."""

MOST_LINES = 20
"""Most lines of a difference that are shown."""


class Task(Protocol):
    """What the command gives Hydra to call, as far as a sweep needs it."""

    def check(self, config: DictConfig) -> None:
        """Refuse a configuration from which other code would be run."""

    def check_keys(self, texts: Sequence[str]) -> None:
        """Refuse arguments whose keys do not exist."""

    def prepare(self, config: DictConfig, *, typed: Sequence[str]) -> Prepared:
        """What must be known of a composition before its first job."""

    def notes(self, keys: Sequence[str], *, short: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        """Meaning and units of the coordinates of swept keys."""

    def simulate(self, store: Store, *, workers: int) -> Simulate:
        """Gives the results of a job; other processes can import it."""

    def explain(self, store: Store) -> Callable[[Exception, int], str]:
        """Gives the message for an error of a job."""

    def folder(self, out: Path) -> AbstractContextManager[None]:
        """Make the folder, and end workers on Ctrl-C."""

    def tell(self, outcome: Outcome, *, store: Store) -> None:
        """Say how the sweep went."""


class Prepared(Protocol):
    """What must be known of a composition before its first job."""

    @property
    def shape(self) -> Shape:
        """What its results hold."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """Where they come from."""

    @property
    def tables(self) -> Mapping[str, str]:
        """Digest of each folder of tables."""


@dataclass(frozen=True)
class Settings:
    """Options of the sweeper."""

    table: str | None = None
    """CSV file whose columns are keys and whose rows are jobs."""

    design: str | None = None
    """Name of a design over the keys that have an interval."""

    samples: int = 64
    """Size of the design."""

    seed: int = 1
    """Seed of the design."""


@dataclass(frozen=True)
class Composer:
    """Composes configurations, once for each combination of options."""

    loader: ConfigLoader
    """Hydra's view of the configuration folders."""

    master: DictConfig
    """Configuration of the sweep itself."""

    fixed: tuple[str, ...]
    """Arguments that all jobs share."""

    def is_group(self, key: str) -> bool:
        """Whether the values of a key are names of files."""
        return bool(self.loader.get_group_options(key.lstrip("+").partition("@")[0]))

    def compose(self, chosen: Sequence[str]) -> DictConfig:
        """Configuration with these options, given as arguments."""
        return self.loader.load_sweep_config(self.master, [*self.fixed, *chosen])


def grid_of(overrides: Sequence[Override], *, settings: Settings) -> Grid:
    """Jobs that were asked for.

    Parameters
    ----------
    overrides
        What was typed.
    settings
        Options of the sweeper.

    Raises
    ------
    ValueError
        If a key cannot be swept, or an interval is given without a design.
    """
    from hydra.core.override_parser.types import IntervalSweep

    from flowsim.sweeps import designs

    fixed: dict[str, str] = {}
    swept: dict[str, tuple[tuple[str, ...], ...]] = {}
    ranges: dict[str, designs.Range] = {}
    for override in overrides:
        key = override.get_key_element()
        for given in (fixed, swept, ranges):
            given.pop(key, None)  # the last one counts, as in Hydra
        if not override.is_sweep_override():
            fixed[key] = f"{key}={override.get_value_element_as_str()}"
        elif override.is_discrete_sweep():
            swept[key] = tuple((text,) for text in override.sweep_string_iterator())
        else:
            sweep = override.value()
            assert isinstance(sweep, IntervalSweep)
            assert sweep.start is not None
            assert sweep.end is not None
            ranges[key] = designs.Range(low=float(sweep.start), high=float(sweep.end), log="log" in sweep.tags)
    checks.require(
        not (ranges and settings.design is None),
        thing="an interval",
        rule=f"have a design, as hydra/sweeper={designs.KINDS[0]}",
        value=", ".join(ranges),
    )
    rows: list[Axis] = []
    if settings.table is not None:
        rows.append(designs.from_table(Path(settings.table)))
    if settings.design is not None:
        rows.append(designs.sampled(settings.design, ranges, samples=settings.samples, seed=settings.seed))
    keys = [*swept, *(key for axis in rows for key in axis.keys)]
    _check_swept(keys)
    short = short_names(keys, taken=[])
    axes = [Axis(name=short[key], keys=(key,), texts=texts) for key, texts in swept.items()]
    axes.sort(key=lambda axis: axis.name != "policy")
    rest = {key: text for key, text in fixed.items() if key not in keys}
    return Grid(axes=(*axes, *rows), fixed=tuple(rest.values()))


def short_names(keys: Sequence[str], *, taken: Sequence[str]) -> dict[str, str]:
    """Name of each swept key in the store."""
    found = names([key for key in keys if key != "policy"], taken=[*taken, "row", "policy"])
    return found | ({"policy": "policy"} if "policy" in keys else {})


def _check_swept(keys: Sequence[str]) -> None:
    """Refuse keys that cannot be swept into one store."""
    for key in keys:
        if key in LENGTHS:
            rule = f"have one value in one store, as it changes the length of the dim {LENGTHS[key]}"
            raise ValueError(
                f"{key} must {rule}; sweep it with hydra/sweeper=basic, in folders of their own, got several"
            )
        checks.require(key not in LATER, thing=key, rule="have one value in a sweep", value="several")
        own = key.split(".")[0].split("/")[0]
        checks.require(own != "hydra", thing=key, rule="not be swept", value="several values")


@dataclass(frozen=True)
class Plan:
    """All that is known of a sweep before its first job."""

    template: Template
    """What its store holds."""

    identity: str
    """What makes it this sweep and no other, as text that can be compared."""


def plan_of(grid: Grid, *, composer: Composer, task: Task) -> Plan:
    """Compose the options of a sweep, and learn what its results will hold.

    Parameters
    ----------
    grid
        The jobs.
    composer
        Composes configurations.
    task
        What the command gives.

    Raises
    ------
    ValueError
        If no composition can be run, one would run other code, or they do not fit into one store.
    """
    from flowsim.sweeps.template import Template, union

    keys = [key for axis in grid.axes for key in axis.keys]
    task.check_keys([f"{key}={text}" for axis in grid.axes for key, text in zip(axis.keys, axis.texts[0], strict=True)])
    composed = tuple(key for key in keys if composer.is_group(key))
    compositions: dict[str, Any] = {}
    configs: dict[tuple[str, ...], DictConfig] = {}
    for choice in grid.choices(composed):
        config = composer.compose([f"{key}={text}" for key, text in zip(composed, choice, strict=True)])
        task.check(config)
        configs[choice] = config
    shapes: list[Shape] = []
    attributes: list[Mapping[str, str]] = []
    errors: list[Exception] = []
    for number in _representatives(grid, keys=keys, composed=composed):
        choice = grid.choice(number, composed)
        config = configs[choice]
        entry = compositions.setdefault(json.dumps(choice), _entry(config))
        try:
            prepared = task.prepare(_shaped(config, grid, number, composed=composed), typed=grid.typed(number))
        except Exception as error:  # its jobs will say so; others may be sound
            errors.append(error)
            continue
        shapes.append(prepared.shape)
        attributes.append(prepared.attributes)
        entry["tables"] |= prepared.tables
    if not shapes:
        raise errors[0]
    shape = union(shapes)
    taken = [*shape.labels, *shape.along, *shape.variables]
    short = short_names(keys, taken=taken)
    grid = _renamed(grid, short=short)
    identity = _identity(grid, compositions=compositions, version=attributes[0]["version"])
    folders = [source.path for source in composer.master.hydra.runtime.config_sources if source.schema == "file"]
    plan = {
        "axes": [{"name": axis.name, "keys": axis.keys, "texts": axis.texts} for axis in grid.axes],
        "fixed": list(grid.fixed),
        "composed": list(composed),
        "compositions": {
            choice: {name: entry[name] for name in ("configuration", "choices")}
            for choice, entry in compositions.items()
        },
        "folders": folders,
        "identity": identity,
        "command": attributes[0]["command"],
    }
    template = Template(
        grid=grid,
        shape=shape,
        coordinates=coordinates(grid, short=short),
        notes=task.notes(keys, short=short),
        attributes=_attributes(attributes, grid=grid),
        plan=plan,
    )
    return Plan(template, identity)


def _entry(config: DictConfig) -> dict[str, Any]:
    """A composition as text: all of it, that which may not differ between two calls, and its options."""
    from omegaconf import OmegaConf

    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    whole: Any = OmegaConf.to_container(own)
    return {
        "configuration": OmegaConf.to_yaml(OmegaConf.create(whole)),
        "kept": OmegaConf.to_yaml(OmegaConf.create({key: part for key, part in whole.items() if key not in LATER})),
        "choices": {str(key): str(name) for key, name in config.hydra.runtime.choices.items()},
        "tables": {},
    }


def _renamed(grid: Grid, *, short: Mapping[str, str]) -> Grid:
    axes = [
        axis if axis.is_rows else Axis(name=short[axis.keys[0]], keys=axis.keys, texts=axis.texts) for axis in grid.axes
    ]
    return Grid(axes=tuple(axes), fixed=grid.fixed)


def _representatives(grid: Grid, *, keys: Sequence[str], composed: Sequence[str]) -> list[int]:
    """Jobs among which every label occurs, as far as that can be known from the keys."""
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

    from flowsim.sweeps.grid import value

    shaped = config.copy()
    for key, text in grid.values(number).items():
        if key not in composed and (key.partition(".")[0] in SHAPING or key.startswith(AT_ENDS)):
            OmegaConf.update(shaped, key, value(text), merge=True)
    return shaped


def _identity(grid: Grid, *, compositions: Mapping[str, Any], version: str) -> str:
    """Text of all that may not differ between two calls of one sweep."""
    import yaml  # type: ignore[import-untyped]

    swept = {axis.name: [" ".join(row) for row in axis.texts] for axis in grid.axes}
    lines = [f"version: {version}", *(f"{name}: {', '.join(texts)}" for name, texts in swept.items())]
    for choice, entry in compositions.items():
        chosen = " ".join(json.loads(choice))
        head = f"{chosen}: " if chosen else ""
        lines += [f"{head}{line}" for line in entry["kept"].splitlines()]
        lines += [f"{head}tables {line}" for line in yaml.safe_dump(entry["tables"]).splitlines()]
    return "\n".join(lines)


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


def difference(old: str, new: str) -> str:
    """Lines in which two sweeps differ, at most `MOST_LINES`."""
    lines = [line.rstrip() for line in difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")]
    lines = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
    shown = [f"  {line[0]} {line[1:]}"[:200] for line in lines[:MOST_LINES]]
    return "\n".join([*shown, *([f"  and {len(lines) - MOST_LINES} lines more"] if len(lines) > MOST_LINES else [])])


def run(plan: Plan, *, out: Path, task: Task, launcher: Callable[[Store], Launcher], workers: int) -> None:
    """Make the store of a sweep or go on with it, do its jobs, and say how it went.

    Parameters
    ----------
    plan
        What is known of the sweep.
    out
        Folder of the sweep.
    task
        What the command gives.
    launcher
        Where jobs run, for a store.
    workers
        Processes that share the work of one job.

    Raises
    ------
    ValueError
        If the folder holds another sweep, or another call works in it.
    Unwritable
        If the disk is full or may not be written.
    """
    from flowsim.sweeps import lock, runner

    with task.folder(out), lock.of_call(out):
        store = ready(plan, out)
        outcome = runner.run(
            store,
            simulate=task.simulate(store, workers=workers),
            explain=task.explain(store),
            launcher=launcher(store),
        )
    task.tell(outcome, store=store)


def ready(plan: Plan, out: Path) -> Store:
    """The store in a folder, made if there is none.

    Parameters
    ----------
    plan
        What is known of the sweep.
    out
        Folder of the sweep.

    Raises
    ------
    ValueError
        If the folder holds another sweep; the message shows in what it differs.
    """
    from flowsim.results.store import SWEEP
    from flowsim.sweeps.store import Store, make, mend

    path = out / SWEEP
    if not path.exists():
        return make(plan.template, out)
    store = Store(path)
    before = str(store.plan.get("identity", ""))
    if before != plan.identity:
        rule = f"be a new folder or that of the same sweep, got {str(out)!r}, whose sweep differs (- there, + typed):"
        raise checks.Refused(f"out must {rule}\n{difference(before, plan.identity)}")
    mend(plan.template, store)
    return store
