"""Folders of results: where they lie, which is the newest, and what one holds that cannot be opened as a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from flowsim import checks

FOLDER = Path("results")
"""Folder below which results lie unless `out=` names another."""

LATEST = "latest"
"""Link to the last results, of any study in `FOLDER` and of one study in the folder of its name."""

RUN, SWEEP, POSTERIOR = "run.nc", "sweep.zarr", "posterior.nc"
"""What a run, a sweep and a calibration write."""

_OPENED_BY = {
    POSTERIOR: "fs.load_posterior opens it",
    ".csv": "pandas.read_csv opens its tables",
    ".png": "its figures are pictures",
}
"""What opens a file, by its name or its ending."""

_MOST = 8
"""Most files that are named."""


LONGEST_PART, LONGEST_PATH = 255, 4095
"""Most bytes of a part of a path, and of a path in all, that file systems take."""

ROOM = 200
"""Bytes that the names of what is written into a folder of results need."""


def require_folder_name(name: str) -> None:
    """Refuse what cannot be the name of a folder for results.

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
    """Time at which each run and each sweep below a folder was last written to [s], and its folder."""
    for place, folders, files in os.walk(folder):
        own = Path(place)
        if RUN in files:
            yield (own / RUN).stat().st_mtime, own
        if SWEEP in folders:
            folders.remove(SWEEP)
            parts = [own / SWEEP, own / SWEEP / "status"]  # a job that is done changes its status
            yield max(part.stat().st_mtime for part in parts if part.is_dir()), own


def described(folder: Path) -> str:
    """What a folder without a run holds, which study wrote it, and what opens it, for a message.

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
    """Study whose last results lie in a folder, or that a folder is named after."""
    own = folder.resolve()
    for link in sorted(FOLDER.glob(f"*/{LATEST}")):
        if link.resolve() == own:
            yield link.parent.name
            return
    if own.parent.parent == FOLDER.resolve() and (own.parent / LATEST).is_symlink():
        yield own.parent.name
