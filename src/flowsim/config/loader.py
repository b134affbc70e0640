"""Hydra's composition of options, done once for the same files and choices instead of for every question about them."""

from __future__ import annotations

import copy
import os
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hydra._internal.hydra
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobRuntime
from hydra.plugins.config_source import ConfigSource
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict

from flowsim.config.options import conf_dir

MOST_KEPT = 32
"""Most compositions that are kept; each takes about a megabyte."""

UNNAMED = "\0"
"""Name of a kept composition's job, which no file can give."""

_kept: dict[Hashable, DictConfig] = {}


class Loader(ConfigLoaderImpl):
    """Hydra's loader, which composes the chosen options of flowsim once and sets the values in a copy.

    A command is composed three times, by `compose_config` and twice by Hydra, and a sweep once for each job; nearly all
    of that time goes into the options, which are the same, and of which a copy is made. Files of one's own are read
    each time. Hydra's mode decides only whether defaults may be missing, and there are none of those.
    """

    def _load_configuration_impl(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        self.ensure_main_config_source_available()
        parsed, repo = self._parse_overrides_and_create_caching_repo(config_name, overrides)
        chosen: list[Override] = []
        values: list[Override] = []
        for override in parsed:
            (chosen if repo.group_exists(override.key_or_group) else values).append(override)
        if not _may_be_kept(chosen, values=values, sources=repo.get_sources()):
            return super()._load_configuration_impl(
                config_name, overrides, run_mode, from_shell, validate_sweep_overrides
            )
        if validate_sweep_overrides:
            self.validate_sweep_overrides_legal(overrides=parsed, run_mode=run_mode, from_shell=from_shell)
        chosen.sort(key=lambda override: not override.is_hydra_override())  # the order of Hydra itself in a sweep
        texts = [str(override.input_line) for override in chosen]
        key = (config_name, tuple(texts), stamp(conf_dir()))
        if key not in _kept:
            while len(_kept) >= MOST_KEPT:
                del _kept[next(iter(_kept))]
            with _named(UNNAMED):
                _kept[key] = super()._load_configuration_impl(config_name, texts, RunMode.RUN, from_shell, False)
        config = copy.deepcopy(_kept[key])
        if config.hydra.job.name == UNNAMED:
            config.hydra.job.name = JobRuntime.instance().get("name")
        self._apply_overrides_to_config([value for value in values if not value.is_sweep_override()], config)
        _set_runtime(config, parsed)
        return config


hydra._internal.hydra.ConfigLoaderImpl = Loader  # type: ignore[attr-defined]


def _may_be_kept(chosen: Sequence[Override], *, values: Sequence[Override], sources: Sequence[ConfigSource]) -> bool:
    """Whether what is composed depends on nothing but flowsim's files and the options that are chosen by name."""
    # Another program of Hydra in this process has configuration of its own, in files or in a package.
    if {Path(source.path) for source in sources if source.scheme() == "file"} != {conf_dir()}:
        return False
    if any(override.key_or_group == "hydra.searchpath" for override in values):
        return False
    if any(override.is_sweep_override() for override in chosen):
        return False
    texts = [str(override.input_line) for override in chosen]
    if any("${" in text or "???" in text for text in texts):
        return False
    return all(isinstance(override.value(), str | list) for override in chosen)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Give the job another name while its options are composed."""
    runtime = JobRuntime.instance()
    before = runtime.get("name")
    runtime.set("name", name)
    try:
        yield
    finally:
        runtime.set("name", before)


def stamp(folder: Path) -> Hashable:
    """Names, sizes and times of the files below a folder, which differ when one of them is changed.

    Parameters
    ----------
    folder
        Folder of configuration.
    """
    found = []
    for entry in os.scandir(folder):
        if entry.is_dir():
            found.append((entry.name, stamp(Path(entry.path))))
        else:
            found.append((entry.name, (entry.stat().st_mtime_ns, entry.stat().st_size)))
    return tuple(sorted(found))


def _set_runtime(config: DictConfig, parsed: Sequence[Override]) -> None:
    """Write into Hydra's part what it writes there after the values are set."""
    node: Any = config.hydra
    node.overrides.hydra = [override.input_line for override in parsed if override.is_hydra_override()]
    node.overrides.task = [override.input_line for override in parsed if not override.is_hydra_override()]
    with open_dict(node):
        for name in node.job.env_copy:
            node.job.env_set[name] = os.environ[name]
    node.runtime.cwd = os.getcwd()
    form = node.job.config.override_dirname
    node.job.override_dirname = get_overrides_dirname(
        overrides=[override for override in parsed if not override.is_hydra_override()],
        kv_sep=form.kv_sep,
        item_sep=form.item_sep,
        exclude_keys=form.exclude_keys,
    )
