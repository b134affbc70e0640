"""References of a configuration, resolved before jobs run elsewhere: jobs know neither the time nor Hydra."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flowsim.sweeps.grid import Axis, Grid, value

if TYPE_CHECKING:
    from omegaconf import Container, DictConfig

SOURCE = re.compile(r"\$\{reported:[^{}]*\}")
"""Reference to a reported figure, kept as the source of a number; jobs can resolve it."""

_CALL = re.compile(r"\$\{(?!oc\.)[\w.]+:[^${}]*\}")
"""Resolvers of the command's process alone, such as the time; jobs know the resolvers of `oc`."""

_WORD = re.compile(r"[\w./-]+")
"""Text that may stand without quotation marks, unless it is a number or another word of YAML."""


def settled(config: DictConfig, *, swept: Sequence[str] = ()) -> DictConfig:
    """A configuration without references, except to reported figures and to keys set by jobs.

    A reference that leads nowhere stays, to be refused by whoever follows it.

    Parameters
    ----------
    config
        Composed configuration.
    swept
        Keys set by jobs.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    references = [(place, text) for place, text in _references(config, "") if not SOURCE.fullmatch(text)]
    if not references:
        return config
    found, opened = copy.deepcopy(config), copy.deepcopy(config)
    for tree in (found, opened):
        OmegaConf.set_readonly(tree, False)
    for key in swept:
        OmegaConf.update(opened, key, "???", merge=False)
    for place, text in references:
        own = None
        try:
            own = _followed(config, place)
            fixed = _followed(opened, place) == own
        except OmegaConfBaseException:  # it needs what jobs set
            fixed = False
        OmegaConf.update(found, place, _escaped(own) if fixed else _CALL.sub(_called, text), merge=False)
    return found


def settled_grid(grid: Grid) -> Grid:
    """Jobs without references in their values, except to other keys and to reported figures.

    Parameters
    ----------
    grid
        The jobs as typed.
    """
    axes = tuple(
        Axis(
            name=axis.name,
            keys=axis.keys,
            texts=tuple(tuple(_settled_text(text) for text in row) for row in axis.texts),
        )
        for axis in grid.axes
    )
    return Grid(axes=axes, fixed=grid.fixed)


def _settled_text(text: str) -> str:
    """Text of a value, with the same reading by Hydra."""
    if "$" not in text or "${" not in str(typed := value(text)) or SOURCE.fullmatch(str(typed)):
        return text
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        own = OmegaConf.create({"own": typed}).own
    except OmegaConfBaseException:  # it needs another key, or leads nowhere, as its job will say
        return _quoted(_CALL.sub(_called, typed)) if isinstance(typed, str) else text
    if isinstance(own, str) and not (_WORD.fullmatch(own) and value(own) == own):
        return _quoted(own)
    return str(own) if isinstance(own, str | int | float) else text


def _quoted(text: str) -> str:
    escaped = text.replace("'", "\\'")
    return f"'{escaped}'"


def _references(node: Container, place: str) -> Iterator[tuple[str, str]]:
    """Place and text of each reference in a configuration."""
    from omegaconf import Container, ListConfig, OmegaConf

    keys: Any = range(len(node)) if isinstance(node, ListConfig) else list(node)
    for key in keys:
        own = f"{place}.{key}".lstrip(".")
        child: Any = node._get_node(key)
        if OmegaConf.is_interpolation(node, key):
            yield own, str(child._value())
        elif isinstance(child, Container) and not (child._is_none() or child._is_missing()):
            yield from _references(child, own)


def _followed(config: DictConfig, place: str) -> Any:
    """Value at a place, with its references resolved."""
    from omegaconf import Container, OmegaConf

    found = OmegaConf.select(config, place, throw_on_missing=True)
    return OmegaConf.to_container(found, resolve=True) if isinstance(found, Container) else found


def _escaped(found: Any) -> Any:
    """A value without references, even if it reads like one."""
    return found.replace("${", "\\${") if isinstance(found, str) else found


def _called(call: re.Match[str]) -> str:
    from omegaconf import OmegaConf

    return str(OmegaConf.create({"own": call[0]}).own)
