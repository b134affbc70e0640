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


def commit() -> str:
    """Commit of the checkout that flowsim runs from, marked if files differ from it, or "unknown"."""
    root = Path(__file__).parents[3]
    if not (root / ".git").exists():
        return "unknown"
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--tags"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip() or "unknown"
