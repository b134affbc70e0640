"""Hydra's structured configurations from frozen dataclasses, and back, with each field declared once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import MISSING, is_dataclass, make_dataclass
from functools import cache, partial
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from omegaconf import Container, DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from flowsim import checks
from flowsim.config import diagnose

Built = TypeVar("Built")


@cache
def _hints_of(cls: Any) -> dict[str, Any]:
    """Types of the fields of a dataclass, which are evaluated once."""
    return get_type_hints(cls)


@cache
def schema(cls: type) -> type:
    """Mutable, typed twin of a frozen dataclass, for Hydra to merge files and overrides into.

    OmegaConf makes the configuration of a frozen dataclass read-only, and refuses to merge into it.
    """
    hints = _hints_of(cls)
    fields = [(field.name, _twin(hints[field.name]), _default(field)) for field in dataclasses.fields(cls)]
    return make_dataclass(cls.__name__, fields, kw_only=True)


def _twin(hint: Any) -> Any:
    if is_dataclass(hint):
        return schema(cast("type", hint))
    args = tuple(part if part is Ellipsis else _twin(part) for part in get_args(hint))
    if not args:
        return hint
    origin: Any = get_origin(hint)
    return Union[args] if origin in (Union, UnionType) else origin[args]  # noqa: UP007


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is MISSING and field.default_factory is MISSING:
        return "???"
    if is_dataclass(field.default):
        return dataclasses.field(default_factory=partial(_copy, field.default))
    return field.default if field.default_factory is MISSING else field


def _copy(given: Any) -> Any:
    """Copy of an object as an instance of the twin of its dataclass."""
    if not is_dataclass(given):
        return given
    kind: type = type(given)
    return schema(kind)(**{field.name: _copy(getattr(given, field.name)) for field in dataclasses.fields(given)})


def build(cls: type[Built], node: Any, *, key: str) -> Built:
    """Object of a frozen dataclass from a part of the configuration.

    Parameters
    ----------
    cls
        The dataclass.
    node
        Mapping with its fields; nested dataclasses and tuples are built too.
    key
        Place of the mapping in the configuration, for the messages.

    Raises
    ------
    ValueError
        If fields are unknown or missing (all of them in one message), or if one is of the wrong type or out of its
        range; a message begins with the key.
    """
    hints = _hints_of(cast("Any", cls))
    names = [field.name for field in dataclasses.fields(cast("Any", cls))]
    checks.require(isinstance(node, DictConfig), thing=key, rule=f"have the keys {', '.join(names)}", value=node)
    node = _resolved(node)
    checks.refuse(list(_gaps(cast("type", cls), node, key=key)), thing=key)
    try:
        typed = cast("DictConfig", OmegaConf.merge(OmegaConf.structured(schema(cast("type", cls))), node))
    except OmegaConfBaseException as error:
        raise ValueError(diagnose.mistyped(error, key=key, node=node, hints=hints)) from None
    given = {name: _value(hints[name], typed[name], key=f"{key}.{name}") for name in names}
    try:
        return cls(**given)
    except ValueError as error:
        raise type(error)(diagnose.at_key(str(error), kind=cls.__name__, key=key)) from None


def _resolved(node: DictConfig) -> DictConfig:
    """Resolve the references of a mapping while it is in place, as their values depend on the place."""
    try:
        return OmegaConf.create(OmegaConf.to_container(node, resolve=True))  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise ValueError(diagnose.plain(error)) from None


def _gaps(cls: type, node: DictConfig, *, key: str) -> Iterator[str]:
    """Messages for the missing and the unknown keys of a mapping."""
    hints, fields = _hints_of(cls), dataclasses.fields(cls)
    for name in node:
        try:
            checks.known(str(name), [field.name for field in fields], thing=f"the key of {key}")
        except ValueError as error:
            yield str(error)
    for field in fields:
        if field.default is not MISSING or field.default_factory is not MISSING:
            continue
        given = MISSING if OmegaConf.is_missing(node, field.name) else node.get(field.name, MISSING)
        if given is MISSING:
            yield f"{key}.{field.name} must be given, got None"
        elif is_dataclass(hints[field.name]) and isinstance(given, DictConfig):
            yield from _gaps(hints[field.name], given, key=f"{key}.{field.name}")


def _value(hint: Any, value: Any, *, key: str) -> Any:
    if is_dataclass(hint):
        return build(cast("type", hint), value, key=key)
    if isinstance(value, ListConfig):
        part = get_args(hint)[0]
        return tuple(_value(part, item, key=f"{key}.{index}") for index, item in enumerate(value))
    return OmegaConf.to_container(value, resolve=True) if isinstance(value, Container) else value
