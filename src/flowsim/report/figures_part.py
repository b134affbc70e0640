"""Figures and tables of a page: pictures small enough for a page, data to take away, and tables of the fit."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from flowsim.report.formats import ends
from flowsim.report.origins import ResultsFolder
from flowsim.report.wording import Text, named, plain, text

WIDEST = 1600
"""Largest width of a picture on the page [pixel]."""

COLOURS = 128
"""Number of colours of a picture on the page [1]."""

MOST_DATA = 500_000
"""Largest table that goes into the page [byte]."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A figure."""

    name: str
    """Name of its file, without ending."""

    caption: Text
    """What it shows."""

    source: str
    """The picture, as an address that holds it."""

    width: int
    """Width [pixel]."""

    height: int
    """Height [pixel]."""


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A table to take away."""

    name: str
    """Name of its file."""

    source: str
    """The table, as an address that holds it."""


@dataclass(frozen=True, kw_only=True)
class FolderFigures:
    """Figures of a folder, and the data behind them."""

    folder: str
    """The folder."""

    pictures: Sequence[Picture]
    """The figures."""

    data: Sequence[DataFile]
    """The tables."""


def figures(results: ResultsFolder, *, without: Sequence[str] = ()) -> FolderFigures:
    """Figures of a folder, with its tables as data.

    Parameters
    ----------
    results
        The folder.
    without
        Names of figures that stand elsewhere on the page.
    """
    files = [file for file in results.figures if file.stem not in without]
    tables = [file for file in sorted(results.folder.glob("*.csv")) if file.stat().st_size <= MOST_DATA]
    return FolderFigures(
        folder=results.folder.name or str(results.folder),
        pictures=[_picture(file) for file in files],
        data=[DataFile(name=file.name, source=_address(file.read_bytes(), "text/csv")) for file in tables],
    )


def _picture(file: Path) -> Picture:
    """A figure with fewer pixels and colours."""
    with Image.open(file) as image:
        whole = image.convert("RGB")
    if whole.width > WIDEST:
        whole = whole.resize((WIDEST, round(whole.height * WIDEST / whole.width)), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    whole.quantize(COLOURS).save(made, format="PNG", optimize=True)
    try:
        caption = text(f"figures.{file.stem}")
    except KeyError:
        caption = plain(file.stem)
    source = _address(made.getvalue(), "image/png")
    return Picture(name=file.stem, caption=caption, source=source, width=whole.width, height=whole.height)


def _address(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


@dataclass(frozen=True, kw_only=True)
class FitTable:
    """Reports beside what the posterior predicts for them."""

    rows: Sequence[Mapping[str, Any]]
    """Report, and texts of the number reported, the median, the interval, and whether it is inside."""

    summary: Text
    """How many are inside."""


def fit(table: pd.DataFrame) -> FitTable:
    """Reports beside their predictions.

    Parameters
    ----------
    table
        Table of `experiment=fig3_fit`, with columns what, reported, q05, median, q95, inside.
    """
    rows = [
        {
            "what": str(row["what"]),
            "reported": plain(_shown(row["reported"])),
            "median": plain(_shown(row["median"])),
            "interval": ends(_shown(row["q05"]), _shown(row["q95"])),
            "inside": bool(row["inside"]),
        }
        for row in table.to_dict("records")
    ]
    inside = int(table["inside"].astype(bool).sum())
    return FitTable(rows=rows, summary=text("fit.summary", inside=f"{inside}", count=f"{len(rows)}"))


def identified(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of the table of identified numbers: title, unit, prior, posterior, contraction, kind.

    Parameters
    ----------
    table
        Table of `experiment=fig4_identified`.
    """
    return [
        {
            "title": str(row["title"]),
            "unit": "" if row["unit"] == "1" else str(row["unit"]),
            "prior": ends(_shown(row["prior_q05"]), _shown(row["prior_q95"])),
            "posterior": ends(_shown(row["q05"]), _shown(row["q95"])),
            "contraction": plain(f"{max(0.0, row['contraction']):.2f}"),
            "sort": float(row["contraction"]),
            "kind": named(str(row["kind"])),
        }
        for row in table.to_dict("records")
    ]


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == 0 else f"{value:.3g}"
