"""Provenance attributes of a file of results: version, commit, seed and configuration."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf


def provenance(*, title: str, seed: int, configuration: Mapping[str, Any] | DictConfig) -> dict[str, str]:
    """Provenance attributes of results: title, version, commit, seed and configuration.

    Parameters
    ----------
    title
        Title of the simulated world.
    seed
        Seed of all random numbers.
    configuration
        Configuration of the run; references in it are resolved.
    """
    return {
        "title": title,
        "version": metadata.version("flowsim"),
        "commit": commit(),
        "seed": str(seed),
        "configuration": resolved(configuration),
    }


def resolved(configuration: Mapping[str, Any] | DictConfig) -> str:
    """Configuration as results keep it: one YAML text, its references resolved.

    Parameters
    ----------
    configuration
        Configuration of a run.
    """
    found = OmegaConf.create({key: part for key, part in configuration.items() if key not in CONSENT})
    OmegaConf.resolve(found)
    return OmegaConf.to_yaml(found)


CONSENT = ("overwrite", "confirm", "details")
"""Keys that say what a command may do or prints, and nothing of its results."""

CHECKOUT = Path(__file__).parents[3]
"""Folder of flowsim's checkout, if it runs from one."""

RUNS = ("src/", "conf/")
"""Folders of files with an effect on results, tracked by git or not."""


def commit(root: Path = CHECKOUT) -> str:
    """Commit of a checkout, or "unknown".

    It ends in "-dirty" if tracked files differ from the commit, or if untracked files lie in the folders of `RUNS`.

    Parameters
    ----------
    root
        Folder of the checkout.
    """
    if not (root / ".git").exists():
        return "unknown"
    try:
        name = _git(root, "describe", "--always", "--tags").strip()
        changed = _git(root, "status", "--porcelain", "--untracked-files=all").splitlines()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    is_dirty = any(not line.startswith("??") or line[3:].strip('"').startswith(RUNS) for line in changed)
    return f"{name}-dirty" if is_dirty else name


def _git(root: Path, *words: str) -> str:
    """Output of git."""
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
