"""The study `figure`: draw a figure of the paper or write one of its tables, with the data beside it."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim import checks, studies
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.figures.save import save
from flowsim.results import disk
from flowsim.simulation.simulate import Progress
from flowsim.studies.estimates import Amounts

if TYPE_CHECKING:
    import pandas as pd

    from flowsim.figures.axes import Drawn

PREFIX = "figure_"
"""Prefix of the modules of figures; the rest of their names is the name of the figure."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A figure or a table of the paper with its data and text."""

    said: str
    """Summary of the figure or table, to be printed."""

    drawn: Drawn | None = None
    """The figure; None for a table."""

    page: str = ""
    """The table as a page to print, as Markdown; empty for a figure."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Its data, by the names of their files."""


@dataclass(frozen=True, kw_only=True)
class PaperFigure:
    """Declaration of a figure or table, in the constant `FIGURE` of its module `figure_NAME`."""

    name: str
    """Name of its files, of its experiment and of its page below `experiments/`, as `fig2_series`."""

    make: Callable[[Request, Progress | None], Made]
    """Function to make it; matplotlib is imported there, as this takes a second."""

    keys: Sequence[str] = ()
    """Top-level keys of the configuration with an effect on it, besides `out`."""

    work: Callable[[Request], Amounts] = lambda request: Amounts()
    """Function to give its amounts of work."""


@cache
def names() -> tuple[str, ...]:
    """Names of all figures, in alphabetical order."""
    modules = (module.name for module in pkgutil.iter_modules(studies.__path__))
    return tuple(sorted(name.removeprefix(PREFIX) for name in modules if name.startswith(PREFIX)))


def figure_of(name: str) -> PaperFigure:
    """Declaration of a figure.

    Parameters
    ----------
    name
        Name of the figure, as in `study.figure=series`.

    Raises
    ------
    ValueError
        If there is no such figure.
    """
    checks.known(name, names(), thing="study.figure")
    found: PaperFigure = import_module(f"flowsim.studies.{PREFIX}{name}").FIGURE
    return found


STUDY = Study(
    writes=True,
    keys=("out",),
    variant="figure",
    keys_of=lambda name: ("out", *figure_of(name).keys),
    renamed={"draws": "draws"},
    calibrates=True,
    posterior=True,
    draws=40,
)
"""Declaration of the study."""


def work(request: Request) -> Amounts:
    """Work of the figure."""
    name = request.options.get("figure")
    return Amounts() if name is None else figure_of(str(name)).work(request)


def run(request: Request, *, progress: Progress | None) -> str:
    """Draw the figure, or write the table, named by the option `figure`.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on, for figures with simulations.

    Returns
    -------
    str
        Summary of the figure or table, to be printed.

    Raises
    ------
    ValueError
        If no figure is named or there is no such figure.
    """
    given = request.options.get("figure")
    rule = f"name what to draw, as study.figure=series: one of {', '.join(names())}"
    checks.require(given is not None, thing="study.figure", rule=rule, value=given)
    figure = figure_of(str(given))
    made = figure.make(request, progress)
    write(made, request.out, name=figure.name)
    return made.said


def write(made: Made, folder: Path, *, name: str) -> None:
    """Write a figure with its data into a folder.

    Parameters
    ----------
    made
        Figure or table with its data.
    folder
        An existing folder.
    name
        Name of the files of the figure itself.
    """
    for part, table in made.tables.items():
        disk.write(folder / f"{part}.csv", table.to_csv(index=False))
    if made.page:
        disk.write(folder / f"{name}.md", made.page)
    if made.drawn is not None:
        save(made.drawn, folder, name)
