"""Digests of all files behind results: the package's sources and evidence, the tables of a world, its posterior."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr

PACKAGE = Path(__file__).parents[1]
"""Folder of the package."""

_BEHIND = ("*.py", "data/evidence/*")
"""Files of the package behind results, besides the tables of worlds and posteriors."""


def digest(file: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def of_package() -> dict[str, str]:
    """Digest of each source of the package, and of its evidence."""
    return dict(_of_package())


@lru_cache(maxsize=1)
def _of_package() -> Mapping[str, str]:
    files = sorted({file for pattern in _BEHIND for file in PACKAGE.rglob(pattern) if file.is_file()})
    return {f"source {file.relative_to(PACKAGE).as_posix()}": digest(file) for file in files}


def of_tables(folders: Sequence[Path]) -> dict[str, str]:
    """Digest of each table of a world.

    Parameters
    ----------
    folders
        Folders of tables, those of overlays among them.
    """
    files = [file for folder in folders for file in sorted(folder.glob("*.csv"))]
    return {f"table {file.parent.parent.name}/{file.parent.name}/{file.name}": digest(file) for file in files}


def of_posterior(posterior: xr.Dataset | None) -> dict[str, str]:
    """Digest of the file of a posterior; empty if there is none.

    Parameters
    ----------
    posterior
        The posterior, as read from its file.
    """
    source = None if posterior is None else posterior.encoding.get("source")
    return {} if source is None else {f"posterior {Path(source).name}": digest(Path(source))}
