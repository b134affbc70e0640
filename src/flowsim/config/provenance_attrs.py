"""What a file of results says of its origin: version, commit, seed and configuration."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf


def provenance(*, title: str, seed: int, configuration: Mapping[str, Any] | DictConfig) -> dict[str, str]:
    """Attributes of the results: what was run, by which version, from which configuration.

    Parameters
    ----------
    title
        What was simulated.
    seed
        Seed of all random numbers.
    configuration
        What was asked for; references in it are resolved.
    """
    resolved = OmegaConf.create(dict(configuration))
    OmegaConf.resolve(resolved)
    return {
        "title": title,
        "version": metadata.version("flowsim"),
        "commit": commit(),
        "seed": str(seed),
        "configuration": OmegaConf.to_yaml(resolved),
    }


CHECKOUT = Path(__file__).parents[3]
"""Folder of the checkout that flowsim runs from, if it runs from one."""

RUNS = ("src/", "conf/")
"""Folders on whose files results depend, whether git knows of these or not."""


def commit(root: Path = CHECKOUT) -> str:
    """Commit of a checkout, or "unknown".

    It ends in "-dirty" if files differ from the commit, or if there are others than its own among those that run.

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
    """What git prints."""
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
