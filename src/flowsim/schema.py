"""From frozen dataclasses to the typed forms that Hydra composes into, and back, without writing a field twice."""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, is_dataclass, make_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from omegaconf import Container, DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from flowsim import checks, refusals

Built = TypeVar("Built")


@cache
def schema(cls: type) -> type:
    """Mutable, typed twin of a frozen dataclass, which Hydra composes files and overrides into.

    OmegaConf makes what comes from a frozen dataclass read-only, and refuses to merge into it.
    """
    hints = get_type_hints(cls)
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
    return field.default if field.default_factory is MISSING else field


def build(cls: type[Built], node: Any, *, key: str) -> Built:
    """Object of a frozen dataclass from a part of the configuration.

    Parameters
    ----------
    cls
        The dataclass.
    node
        Mapping with its fields; nested dataclasses and tuples are built too.
    key
        Where the mapping stands in the configuration, for the messages.

    Raises
    ------
    ValueError
        If a field is unknown, missing, of another type or out of its range; the message begins with its key.
    """
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cast("Any", cls))]
    checks.require(isinstance(node, DictConfig), thing=key, rule=f"have the keys {', '.join(names)}", value=node)
    for name in node:
        checks.known(str(name), names, thing=f"the key of {key}")
    try:
        typed = cast("DictConfig", OmegaConf.merge(OmegaConf.structured(schema(cast("type", cls))), node))
    except OmegaConfBaseException as error:
        raise ValueError(refusals.mistyped(error, key=key, node=node, hints=hints)) from None
    for name in names:
        checks.require(not OmegaConf.is_missing(typed, name), thing=f"{key}.{name}", rule="be given", value=None)
    given = {name: _value(hints[name], typed[name], key=f"{key}.{name}") for name in names}
    try:
        return cls(**given)
    except ValueError as error:
        raise ValueError(refusals.at_key(str(error), kind=cls.__name__, key=key)) from None


def _value(hint: Any, value: Any, *, key: str) -> Any:
    if is_dataclass(hint):
        return build(cast("type", hint), value, key=key)
    if isinstance(value, ListConfig):
        part = get_args(hint)[0]
        return tuple(_value(part, item, key=f"{key}.{index}") for index, item in enumerate(value))
    return OmegaConf.to_container(value, resolve=True) if isinstance(value, Container) else value
