"""The files of `conf/calibration/`: origin of the uncertain numbers, reported data and priors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.calibration.population_evidence import PopulationEvidence
from flowsim.calibration.priors import Prior
from flowsim.config import own_files, population_files
from flowsim.config.schema import build

NUMBERS = ("prior", "point", "posterior")
"""What a run uses: the assumed numbers, a posterior median, or its draws."""

PACKAGED = Path(__file__).parents[1] / "data" / "calibration"
"""Folder of the package's own tables of reported seizures and posteriors."""


@dataclass(frozen=True, kw_only=True)
class CalibrationFile:
    """A file of `conf/calibration/`."""

    name: str
    """Identifier."""

    title: str
    """What it is, in one line."""

    numbers: str
    """One of `NUMBERS`."""

    reported: str
    """Name of the table of reported seizures, without its ending."""

    posterior: str = ""
    """Name of the file of the posterior, without its ending, or its path; empty if there is none."""

    areas: dict[str, str] = field(default_factory=dict)
    """Oblast of each area with a fitted share of inland seizures."""

    populations: dict[str, Any] = field(default_factory=dict)
    """Reports for worlds whose heroin has two populations: keys of `population_files`; empty if none."""

    parameters: dict[str, Any] = field(default_factory=dict)
    """Fields of the prior of each parameter."""

    def __post_init__(self) -> None:
        checks.one_of(self, "numbers", NUMBERS)
        checks.unique(self.areas.values(), thing="CalibrationFile.areas")


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Contents of a file of `conf/calibration/`, with paths resolved."""

    name: str
    """Identifier."""

    numbers: str
    """One of `NUMBERS`."""

    reported: Path
    """Table of reported seizures."""

    posterior: str
    """Name or path of the posterior; empty if there is none."""

    folders: tuple[Path, ...]
    """Folders to search for files, in order."""

    areas: Mapping[str, str]
    """Oblast of each area with a fitted share of inland seizures."""

    priors: Mapping[str, Prior]
    """Prior of each parameter except the flow; the world gives the prior of the flow."""

    populations: PopulationEvidence | None = None
    """Reports for worlds whose heroin has two populations."""


def build_calibration(config: DictConfig, *, folders: Sequence[Path] = ()) -> Calibration:
    """Build the calibration of a configuration.

    Parameters
    ----------
    config
        Composed configuration.
    folders
        Configuration folders, searched for tables beside the file; those of the package follow.

    Raises
    ------
    ValueError
        If the file is refused, its table is not found, or flowsim's own file names a table or posterior that exists
        twice.
    """
    read, priors = _read(OmegaConf.to_yaml(config.calibration, resolve=True))
    option = f"calibration/{read.name}"
    mine = [folder / "calibration" for folder in own_files.own_folders(folders)]

    def check(name: str, *, key: str) -> None:
        own = [folder / name for folder in mine if (folder / name).is_file()]
        packaged = PACKAGED / name if (PACKAGED / name).is_file() else None
        own_files.either(own, packaged, key=key, option=option, folders=folders)

    check(f"{read.reported}.csv", key="calibration.reported")
    for file in sorted(PACKAGED.glob("*.nc")) if read.posterior else ():
        if file.stem.partition("-")[0] == read.posterior:
            check(file.name, key="calibration.posterior")
    tried = (*mine, PACKAGED)
    rule = f"name a table {read.reported}.csv beside the calibration's file or in {PACKAGED}"
    table = find(f"{read.reported}.csv", folders=tried)
    if table is None:
        raise ValueError(f"calibration.reported must {rule}, got {read.reported!r}")
    return Calibration(
        name=read.name,
        numbers=read.numbers,
        reported=table,
        posterior=read.posterior,
        folders=tried,
        areas=MappingProxyType(dict(read.areas)),
        priors=MappingProxyType(priors),
        populations=_populations(read, tried) if read.populations else None,
    )


def _populations(read: CalibrationFile, folders: Sequence[Path]) -> PopulationEvidence:
    """Reports for worlds whose heroin has two populations."""
    node = read.populations
    table = _table(node, "reported", folders)
    return population_files.read(
        node, table=table, harvests=_table(node, "harvests", folders) if node.get("harvests") else None
    )


def _table(node: Mapping[str, Any], key: str, folders: Sequence[Path]) -> Path:
    """Table that a key of the reports for two populations names."""
    name = node.get(key)
    table = find(f"{name}.csv", folders=folders)
    if table is None:
        rule = f"name a table beside the calibration's file or in {PACKAGED}"
        raise ValueError(f"calibration.populations.{key} must {rule}, got {name!r}")
    return table


@lru_cache(maxsize=4)
def _read(text: str) -> tuple[CalibrationFile, dict[str, Prior]]:
    """File and priors of a configuration node, cached for the jobs of a sweep."""
    node = OmegaConf.create(text)
    read = build(CalibrationFile, node, key="calibration")
    of_parameter = {
        name: build(Prior, node.parameters[name], key=f"calibration.parameters.{name}") for name in read.parameters
    }
    return read, of_parameter


def find(name: str, *, folders: Sequence[Path]) -> Path | None:
    """First file of a name in some folders; None if there is none.

    Parameters
    ----------
    name
        Name of the file, or its path.
    folders
        Folders in order.
    """
    return next((folder / name for folder in folders if (folder / name).is_file()), None)
