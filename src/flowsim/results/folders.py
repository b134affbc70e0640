"""Folders of results: location, newest run, and description of a folder without a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flowsim import checks

FOLDER = Path("results")
"""Folder of all results unless `out=` names another."""

LATEST = "latest"
"""Link to the last results, of any study in `FOLDER` and of one study in the folder of its name."""

RUN, SWEEP, POSTERIOR = "run.nc", "sweep.zarr", "posterior.nc"
"""File or store written by a run, a sweep and a calibration."""

_OPENED_BY = {
    POSTERIOR: "fs.load_posterior opens it",
    ".csv": "pandas.read_csv opens its tables",
    ".png": "its figures are pictures",
}
"""Way to open a file, by its name or its ending."""

_MOST = 8
"""Maximum number of files named in a message."""


LONGEST_PART, LONGEST_PATH = 255, 4095
"""Maximum length of a part of a path, and of a path, on common file systems [byte]."""

ROOM = 200
"""Length reserved for the names of files in a folder of results [byte]."""


def require_folder_name(name: str) -> None:
    """Refuse an invalid name of a folder for results.

    Raises
    ------
    ValueError
        If it is empty, holds a NUL, or is longer than file systems take.
    """
    checks.require(bool(name.strip()), thing="out", rule="name a folder", value=name)
    checks.require("\0" not in name, thing="out", rule="hold no NUL", value=name)
    longest = max((len(os.fsencode(part)) for part in Path(name).parts), default=0)
    rule = f"have parts of at most {LONGEST_PART} bytes"
    checks.require(longest <= LONGEST_PART, thing="out", rule=rule, value=name)
    whole, most = len(os.fsencode(os.path.abspath(name))), LONGEST_PATH - ROOM
    checks.require(whole <= most, thing="out", rule=f"be at most {most} bytes long with all above it", value=name)


def newest(folder: Path = FOLDER) -> Path:
    """Folder of the newest run or sweep below a folder.

    Parameters
    ----------
    folder
        Where to look, by default in `results/`.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    found = max(_written(folder), default=None)
    if found is None:
        raise FileNotFoundError(f"there must be a run or a sweep below {str(folder)!r}, got none; `flowsim` makes one")
    return found[1]


def _written(folder: Path) -> Iterator[tuple[float, Path]]:
    """Time of the last change of each run and each sweep below a folder [s], and its folder."""
    for place, folders, files in os.walk(folder):
        own = Path(place)
        if RUN in files:
            yield (own / RUN).stat().st_mtime, own
        if SWEEP in folders:
            folders.remove(SWEEP)
            parts = [own / SWEEP, own / SWEEP / "status"]  # a finished job changes its status
            yield max(part.stat().st_mtime for part in parts if part.is_dir()), own


def described(folder: Path) -> str:
    """Description of a folder without a run, for a message: contents, study, and how to open it.

    Parameters
    ----------
    folder
        Folder that exists.
    """
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if not names:
        return "an empty folder"
    shown = ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")
    by = "".join(f" of study={study}" for study in _studies(folder))
    how = [text for end, text in _OPENED_BY.items() if any(name.endswith(end) for name in names)]
    return f"a folder with {shown}{by}{''.join(f'; {text}' for text in how)}"


def _studies(folder: Path) -> Iterator[str]:
    """Study with its last results in a folder, or with the folder named after it."""
    own = folder.resolve()
    for link in sorted(FOLDER.glob(f"*/{LATEST}")):
        if link.resolve() == own:
            yield link.parent.name
            return
    if own.parent.parent == FOLDER.resolve() and (own.parent / LATEST).is_symlink():
        yield own.parent.name
