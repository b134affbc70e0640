"""Saving of figures: where to, in which formats, and how fine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowsim.figures.axes import Drawn

FORMATS = ("png", "pdf")
"""Formats in which a study leaves each figure."""

PRINT, SCREEN = 300, 150
"""Resolutions of what is printed and of what the documentation shows [dots per inch]."""


def save(figure: Drawn, folder: Path, name: str) -> None:
    """Write a figure of a study into a folder, in each format.

    Parameters
    ----------
    figure
        Figure.
    folder
        Folder, which exists.
    name
        Name of the files, without ending.
    """
    for suffix in FORMATS:
        figure.savefig(folder / f"{name}.{suffix}", dpi=PRINT)
