"""Build targets allowed in a configuration: classes of flowsim and of Hydra's plugins, and nothing else."""

from __future__ import annotations

import importlib
import importlib.util
import re
from collections.abc import Iterator
from typing import Any

from omegaconf import Container, DictConfig, ListConfig, Node, OmegaConf
from omegaconf.errors import OmegaConfBaseException

OWN = ("flowsim", "hydra._internal.core_plugins", "hydra_plugins")
"""Packages of classes allowed as build targets."""


def check(config: DictConfig) -> None:
    """Refuse a configuration with build targets other than classes of flowsim or of Hydra's plugins.

    Hydra builds callbacks, launchers, sweepers and log handlers before the first line of the application, so
    the configuration is read before Hydra starts.

    Raises
    ------
    ValueError
        If a `_target_`, or a class of a log handler, is anything else.
    """
    for place, key, value in _leaves(config, ""):
        is_log = place.startswith(("hydra.job_logging", "hydra.hydra_logging"))
        if key == "_target_" and not _is_own(value):
            raise ValueError(f"{place}._target_ must be a class of flowsim or of Hydra's plugins, got {value!r}")
        if is_log and (key == "()" or (key == "class" and not _is_handler(value))):
            raise ValueError(f"{place}.{key} must be a class of logging, got {value!r}")


def _leaves(node: Container, place: str) -> Iterator[tuple[str, str, object]]:
    keys = range(len(node)) if isinstance(node, ListConfig) else list(node.keys())  # type: ignore[attr-defined]
    for key in keys:
        value: Any = node._get_node(key)  # as it stands: to resolve each value takes four times as long
        if value._is_interpolation():
            try:
                value = node[key]
            except OmegaConfBaseException:
                continue
            if isinstance(value, dict | list):  # what a resolver such as oc.decode returns
                value = OmegaConf.create(value)
        if isinstance(value, Container):
            if not (value._is_none() or value._is_missing()):
                yield from _leaves(value, f"{place}.{key}".lstrip("."))
        else:
            yield place, str(key), value._value() if isinstance(value, Node) else value


def _is_own(target: object) -> bool:
    """Whether a target is a class, named by its defining module, in one of the packages of `OWN`."""
    module, _, name = str(target).rpartition(".")
    if not any(module == package or module.startswith(f"{package}.") for package in OWN):
        return False
    try:
        if importlib.util.find_spec(module) is None:
            return False
    except ImportError:
        return False
    found = getattr(importlib.import_module(module), name, None)
    return isinstance(found, type) and found.__module__ == module


def _is_handler(target: object) -> bool:
    return re.fullmatch(r"(logging|logging\.handlers|colorlog)\.[A-Z]\w*", str(target)) is not None
