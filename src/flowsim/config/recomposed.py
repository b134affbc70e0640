"""The request behind results, composed again from the command that they keep."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from flowsim.config import diagnose
from flowsim.config.builder import request_of
from flowsim.config.compose import compose_config
from flowsim.config.provenance_attrs import resolved
from flowsim.config.request import Request

FOLDER_FLAGS = ("--config-dir", "-cd")
"""Flags whose value is a folder of the user's own options."""

WITHOUT_EFFECT = ("out", "workers")
"""Keys that may differ between the configuration of results and that of their command now."""


def request_behind(attributes: Mapping[str, str]) -> Request | None:
    """Request of the command that made results, for their world and policies.

    Parameters
    ----------
    attributes
        Provenance of the results, with `command` and `configuration`.

    Returns
    -------
    Request or None
        None if the results were not made by the command, or if it is refused or composes another configuration here.
    """
    try:
        words = shlex.split(attributes.get("command", ""))
        if words[:1] != ["flowsim"]:
            return None
        typed, folder = _parted(words[1:])
        typed = [diagnose.quoted(word) for word in typed]
        composed = compose_config(typed, config_dir=folder)
        given = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
        if _lasting(resolved(given)) != _lasting(attributes.get("configuration", "")):
            return None
        return request_of(given, hydra=composed.hydra, command=attributes["command"], typed=typed)
    except ValueError:
        return None


def _parted(words: Sequence[str]) -> tuple[list[str], Path | None]:
    """Arguments of the form key=value, and the folder of the user's own options."""
    typed, folder, ahead = [], None, ""
    for word in words:
        flag, equals, value = word.partition("=")
        if ahead:
            folder, ahead = Path(word), ""
        elif word in FOLDER_FLAGS:
            ahead = word
        elif flag in FOLDER_FLAGS and equals:
            folder = Path(value)
        else:
            typed.append(word)
    return typed, folder


def _lasting(configuration: str) -> dict[str, Any]:
    """Configuration without the keys that have no effect on numbers, or no value, as a later version may have more."""
    found: Any = OmegaConf.to_container(OmegaConf.create(configuration)) or {}
    return {str(key): value for key, value in found.items() if key not in WITHOUT_EFFECT and value is not None}
