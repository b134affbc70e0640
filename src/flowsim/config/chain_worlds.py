"""Worlds that are chains of countries: the request of a study about one, with the detailed world of its stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.config import diagnose, provenance_attrs, relevant_keys
from flowsim.config.compose import compose_config
from flowsim.config.study import find
from flowsim.config.world_folders import DATA

if TYPE_CHECKING:
    from flowsim.chain.stages import RouteChain
    from flowsim.config.request import Request

KEY = "chain"
"""Key of a world's file that names the tables of a chain."""

KEYS = ("name", "title", "year", "years", KEY, "detail", "detail_stage")
"""Keys of the file of such a world, all of which must be given."""

STUDIES = ("chain", "check", "evidence", "figure")
"""Studies that a chain can be asked for."""

FIGURE = "chain"
"""The figure of a chain."""

CHANGED = ("world", "seed", "workers", "out")
"""Keys with an effect on a chain."""


def is_chain(config: DictConfig) -> bool:
    """Whether the world of a configuration is a chain of countries."""
    return config.world.get(KEY) is not None


def check_posts(config: DictConfig) -> None:
    """Refuse a chain of countries where a world with posts is needed.

    Parameters
    ----------
    config
        Composed configuration.

    Raises
    ------
    ValueError
        If its world is a chain.
    """
    if is_chain(config):
        name = config.world.get("name")
        raise ValueError(f"world must be one with posts here, where {_detail(config)}, got {name!r}, a chain")


def _detail(config: DictConfig) -> str:
    """Where the posts of a chain are: the detailed world of a stage, for a message."""
    return f"world={config.world.get('detail')} is its stage {config.world.get('detail_stage')} post by post"


def check_asked(config: DictConfig) -> None:
    """Refuse a study that a chain cannot be asked for, or the study of a chain with another world.

    Parameters
    ----------
    config
        Composed configuration.

    Raises
    ------
    ValueError
        If study and world do not fit.
    """
    study, world = str(config.study.get("name")), str(config.world.get("name"))
    figure = str(config.study.get("figure")) if study == "figure" else FIGURE
    if is_chain(config):
        rule = f"be one of {', '.join(STUDIES)} with world={world}, a chain of countries ({_detail(config)})"
        checks.require(study in STUDIES, thing="study", rule=rule, value=study)
        checks.require(figure == FIGURE, thing="study.figure", rule=f"be {FIGURE} with world={world}", value=figure)
    elif study == "chain" or (study == "figure" and figure == FIGURE):
        # Not in the words of a key of the world: its file is not at fault.
        raise ValueError(f"study={study} must have a chain of countries, as world=northern_route, got world={world}")


def build_chain(config: DictConfig) -> RouteChain:
    """Chain of a configuration.

    Raises
    ------
    ValueError
        If its file lacks a key or has an unknown one, or a table is refused.
    """
    from flowsim.chain.stage_tables import load_chain
    from flowsim.chain.stages import consecutive

    node = config.world
    for name in node:
        checks.known(str(name), KEYS, thing="the key of world")
    for name in KEYS:
        checks.require(node.get(name) is not None, thing=f"world.{name}", rule="be given", value=None)
    known = tuple(sorted(folder.name for folder in (DATA / "chains").iterdir()))
    checks.known(str(node[KEY]), known, thing=f"world.{KEY}")
    years: Any = OmegaConf.to_container(node.years)
    return load_chain(
        DATA / "chains" / str(node[KEY]),
        name=str(node.name),
        title=str(node.title),
        detail=str(node.detail),
        detail_stage=str(node.detail_stage),
        base_year=node.year,
        years=consecutive(years),
    )


def request_of_chain(
    given: DictConfig, *, command: str, typed: Sequence[str], detailed: Callable[..., Request], stamped: bool
) -> Request:
    """Request of a study about a chain; its world is the detailed world of a stage.

    Parameters
    ----------
    given
        Composed configuration.
    command
        The command as typed.
    typed
        Its arguments.
    detailed
        Builder of the request of the detailed world, as `builder.request_of`.
    stamped
        Whether results carry provenance attributes.

    Raises
    ------
    ValueError
        If any part of the configuration is refused.
    """
    study = str(given.study.get("name"))
    keys = diagnose.top_keys_of(typed)
    having = CHANGED if find(study).writes else CHANGED[:1]
    relevant_keys.check(keys, having=having, where=f"study={study} world={given.world.name}")
    chain = build_chain(given)
    composed = compose_config([f"world={chain.detail}"])
    own = given.copy()
    own.world, own.inspection = composed.world, composed.inspection
    kept = [word for word in typed if not {"world", "experiment"} & set(diagnose.top_keys_of([word]))]
    found = detailed(own, hydra=composed.hydra, command=command, typed=kept, stamped=stamped, of_chain=True)
    attributes = dict(found.attributes)
    if stamped:
        attributes |= provenance_attrs.provenance(title=chain.title, seed=found.plan.seed, configuration=given)
    from flowsim.chain.stage_numbers import numbers_of_chain

    return replace(found, chain=chain, attributes=attributes, numbers=partial(numbers_of_chain, chain))
