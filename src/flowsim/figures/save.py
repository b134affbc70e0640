"""Saving of figures: where to, in which formats, and how fine."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim.results import disk

if TYPE_CHECKING:
    from flowsim.figures.axes import Drawn

FORMATS = ("png", "pdf")
"""Formats in which a study leaves each figure."""

_UNDATED = {"pdf": {"CreationDate": None}}
"""Entries left out by format, so that the same figure is the same bytes at any time."""

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
        made = io.BytesIO()
        figure.savefig(made, format=suffix, dpi=PRINT, metadata=_UNDATED.get(suffix))
        disk.write(folder / f"{name}.{suffix}", made.getvalue())
