"""Hydra's own node: a file of one's own may set its mode, sweeper and launcher, and nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.config.loader import Loader
from flowsim.config.options import conf_dir
from flowsim.config.own_files import own_folders

BUILT = ("sweeper", "launcher")
"""Parts of the node that are built from a class, with options of its own."""

FREE = ("mode", "runtime", "overrides", *BUILT)
"""Parts of the node that may differ: a file's own, and what Hydra writes there."""

WRITTEN = ("override_dirname", "config_name", "id", "num")
"""Values of a job that Hydra writes itself."""

RULE = "be left as it is by a file of --config-dir, which may set hydra.mode, hydra.sweeper and hydra.launcher"


def check(config: DictConfig, *, typed: Sequence[str]) -> None:
    """Refuse a composition in which a file of one's own sets more of Hydra's node than it may.

    What Hydra does before the first line of the application (environment, logs, folders, callbacks) follows from this
    node, so it must be the one of flowsim with what was typed. Sweeper and launcher are those that have a name, with
    their own options.

    Parameters
    ----------
    config
        Composed configuration.
    typed
        Arguments of the command.

    Raises
    ------
    ValueError
        If a value differs; the message has its key and the value.
    """
    sources = config.hydra.runtime.config_sources
    if not own_folders([Path(source.path) for source in sources if source.schema == "file"]):
        return
    loader = Loader(config_search_path=create_config_search_path(str(conf_dir())))
    packaged = loader.load_configuration("config", _of_hydra(typed, loader=loader), RunMode.RUN).hydra
    given, base = (OmegaConf.to_container(node, resolve=False) for node in (config.hydra, packaged))
    assert isinstance(given, dict)
    assert isinstance(base, dict)
    for node in (given, base):
        node["job"] = {key: value for key, value in node["job"].items() if key not in WRITTEN}
    for key in dict.fromkeys((*base, *given)):
        if key not in FREE:
            _check_same(given.get(key), base.get(key), place=f"hydra.{key}")
    for part in BUILT:
        if given[part] != base[part]:
            _check_built(given[part], part=part, base=base[part], known=_known(part, loader=loader))


def _of_hydra(typed: Sequence[str], *, loader: Loader) -> list[str]:
    """Arguments about Hydra itself that can be composed without files of one's own."""
    found = []
    for override in OverridesParser.create().parse_overrides(list(typed)):
        if override.is_hydra_override() and not override.is_sweep_override():
            options = loader.get_group_options(override.key_or_group)
            if not options or override.value() in options:
                found.append(str(override.input_line))
    return found


def _check_same(given: Any, base: Any, *, place: str) -> None:
    """Refuse the first value that differs, with its key."""
    if isinstance(given, dict) and isinstance(base, dict):
        for key in dict.fromkeys((*base, *given)):
            _check_same(given.get(key), base.get(key), place=f"{place}.{key}")
    elif given != base:
        raise ValueError(f"{place} must {RULE}, got {given!r}")


def _known(part: str, *, loader: Loader) -> dict[str, frozenset[str]]:
    """Options of each sweeper or launcher with a name, by its class."""
    found = {}
    for name in loader.get_group_options(f"hydra/{part}"):
        loaded = loader.repository.load_config(f"hydra/{part}/{name}")
        if loaded is not None and "_target_" in loaded.config:
            found[str(loaded.config["_target_"])] = frozenset(str(key) for key in loaded.config)
    return found


def _check_built(
    given: Mapping[str, Any], *, part: str, base: Mapping[str, Any], known: Mapping[str, frozenset[str]]
) -> None:
    """Refuse a sweeper or launcher without a name, an option that it does not have, or a sweep over Hydra itself."""
    target = str(given.get("_target_"))
    if target != base.get("_target_"):
        thing = f"hydra.{part}._target_"
        checks.require(target in known, thing=thing, rule=f"be one of {', '.join(sorted(known))}", value=target)
    for key in given:
        if key not in base and key not in known.get(target, frozenset()):
            raise ValueError(f"hydra.{part} must have no option {key}, as {target} has none of this name")
    for key in given.get("params") or {}:
        named = str(key).lstrip("+~").partition("@")[0]
        if named.split(".")[0].split("/")[0] == "hydra" and given.get("params") != base.get("params"):
            raise ValueError(f"hydra.sweeper.params must name keys outside of hydra, got {key!r}")
