"""Folders of results behind a page, and what each holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.comparison.dataset import EFFECTS
from flowsim.results import files
from flowsim.results.folders import FOLDER, RUN, described, newest

TABLE2 = "table2.csv"
"""Table of a comparison, a row for each policy."""

FIGURES = "fig*.png"
"""Pattern of the files of figures."""


@dataclass(frozen=True, kw_only=True)
class ResultsFolder:
    """A folder of results."""

    folder: Path
    """The folder."""

    dataset: xr.Dataset | None
    """Results of a run, or effects of a comparison; None for a figure alone."""

    is_comparison: bool
    """Whether they are of a comparison."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """Provenance of the results, by name; empty for a figure alone."""
        return {} if self.dataset is None else {str(name): str(value) for name, value in self.dataset.attrs.items()}

    @property
    def figures(self) -> Sequence[Path]:
        """Files of its figures."""
        return sorted(self.folder.glob(FIGURES))

    def table(self, name: str) -> pd.DataFrame | None:
        """A table of the folder; None if it is not there."""
        file = self.folder / name
        return pd.read_csv(file) if file.is_file() else None


def chosen(given: object) -> list[ResultsFolder]:
    """Results named by the key `of`, by default the newest.

    Parameters
    ----------
    given
        A folder of results, a folder with several of these, a list of them, or None.

    Raises
    ------
    ValueError
        If a folder does not exist or holds no results, if results are of several worlds, or if there are several runs
        or comparisons.
    """
    rule = "be a folder with results or a list of them, as of=results/latest or of=[a,b]"
    several: Any = [given] if isinstance(given, str) else given
    if several is None:
        several = [str(_newest(rule))]
    known = isinstance(several, Sequence) and bool(several) and all(isinstance(name, str) and name for name in several)
    checks.require(known, thing="of", rule=rule, value=given)
    folders = [folder for name in dict.fromkeys(several) for folder in _within(Path(str(name)))]
    found = [_opened(folder, rule=rule) for folder in folders]
    titles = list(dict.fromkeys(one.attributes["title"] for one in found if one.attributes))
    checks.require(len(titles) <= 1, thing="of", rule="name results of one world", value=" and ".join(titles))
    for kind, is_comparison in (("run", False), ("comparison", True)):
        own = [str(one.folder) for one in found if one.dataset is not None and one.is_comparison == is_comparison]
        checks.require(len(own) <= 1, thing="of", rule=f"name at most one {kind}", value=" and ".join(own))
    return found


def _within(folder: Path) -> list[Path]:
    """A folder of results itself, or those within one that has none of its own."""
    if _kind(folder):
        return [folder]
    return [own for own in sorted(folder.glob("*")) if _kind(own)] or [folder]


def _newest(rule: str) -> Path:
    try:
        return newest()
    except FileNotFoundError:
        raise ValueError(
            f"of must {rule}, got none, and there are no results below {FOLDER}; flowsim makes a run"
        ) from None


def _kind(folder: Path) -> str:
    """File by which a folder is known as one of a run, a comparison or a figure; "" if it holds nothing of these."""
    names = [name for name in (RUN, EFFECTS) if (folder / name).is_file()]
    return next(iter([*names, *(path.name for path in folder.glob(FIGURES))]), "")


def _opened(folder: Path, *, rule: str) -> ResultsFolder:
    checks.require(folder.is_dir(), thing="of", rule=rule, value=str(folder))
    kind = _kind(folder)
    if not kind:
        raise ValueError(f"folder {folder} must hold {RUN}, {EFFECTS} or a figure, got {described(folder)}")
    if kind == EFFECTS:
        if not (folder / TABLE2).is_file():
            raise ValueError(f"folder {folder} must hold {TABLE2} beside {EFFECTS}, got {described(folder)}")
        return ResultsFolder(folder=folder, dataset=files.read(folder / EFFECTS, name=EFFECTS), is_comparison=True)
    dataset = files.open_results(folder) if kind == RUN else None
    return ResultsFolder(folder=folder, dataset=dataset, is_comparison=False)
