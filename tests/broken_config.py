"""Generated breaks of the configuration of a run, each with what its refusal must say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from flowsim import config, options, refusals

NUMBERS = {
    "targeting": (),
    "sensitivity": ("0", "-1"),
    "effort.crossing": ("-0.1", "1.1"),
    "effort.inside": ("-0.1", "1.1"),
    "effort.south": ("-0.1", "1.1"),
    "effort.almaty": ("-0.1", "1.1"),
    "year_log_sd": ("-0.1",),
    "handling_time": ("0", "-1"),
    "search_time": ("0", "-1"),
    "search_cv": ("-1",),
    "compensation": ("-1",),
    "search_cost": ("-1",),
    "cost_ratio": ("0", "-1"),
}
"""Numbers of `inspection` with values outside their range."""

PLAN = {
    "seed": ("-1", "1.5", "abc", "null", "nan", "inf", "true", "9223372036854775808"),
    "replications": ("0", "-3", "2.5", "abc", "null", "nan", "inf", "true", "1000001"),
    "traffic_years": ("0", "-1", "1.5", "21", "abc", "null", "nan", "inf", "true"),
    "horizon": ("0", "-1", "8761", "abc", "null", "nan", "inf", "true"),
    "inflow": ("-1", "10.5", "abc", "nan", "inf", "-inf", "true"),
    "draws": ("0", "5", "1.0", "abc", "nan", "true"),
    "workers": ("0", "-1", "1.5", "abc", "nan", "inf", "true", "1025"),
    "experiment": ("fig99",),
}
"""Keys of the plan of a run with values that are refused."""

WORLD = {
    "name": ("null", "''", "5", "[a]"),
    "title": ("null", "' '", "5", "[a]"),
    "year": ("null", "soon", "2010.5", "1899", "2101", "-1", "nan", "inf", "true"),
    "tables": ("null", "''", "nowhere", "5", "[a]"),
}
"""Keys of a world's file with values that are refused."""


@dataclass(frozen=True)
class Setting:
    """A setting that is refused."""

    name: str
    """What is typed."""

    overrides: Sequence[str]
    """Arguments."""

    says: str
    """Pattern of the refusal."""

    composed: bool = True
    """Whether Hydra has to compose it to find the mistake."""


def every() -> list[Setting]:
    """All breaks of settings."""
    return [*_numbers(), *_origins(), *_plain("", PLAN), *_plain("world.", WORLD), *_names()]


def build(case: Setting, composed: DictConfig | None = None) -> None:
    """Build all that a run needs from the teaching world and a setting.

    Composing takes time; where a setting has the type of its key, it is put into what was composed before.
    """
    if composed is None or case.composed:
        composed = config.compose(["world=single_checkpoint", *case.overrides])
    else:
        composed = composed.copy()
        for override in refusals.parse(case.overrides):
            OmegaConf.update(composed, override.key_or_group, override.value())
    config.check_experiment(composed)
    config.build_plan(composed)
    config.engine_of(composed)
    config.build_policies(composed)
    config.build_readings(composed)
    config.build_world(composed, folders=())


def _setting(key: str, value: str, rule: str = ".*", *, composed: bool = True) -> Setting:
    text = f"{key}={value}"
    shown = re.escape(value.strip("'"))
    return Setting(text, [text], rf"{re.escape(key)} must {rule}, got .*{shown}.*", composed)


def _numbers() -> Iterator[Setting]:
    for name, outside in NUMBERS.items():
        for value in ("many", "null"):
            yield _setting(f"inspection.{name}", value)
        for value in ("nan", "inf", "-inf", *outside):
            yield _setting(f"inspection.{name}", value, composed=False)
        part, last = f"inspection.{name}".rsplit(".", 1)
        key = f"{part}.{last}x"
        near = rf"the key of {re.escape(key)}=1 must be one of .*, got '{last}x'; did you mean '{last}'\?"
        yield Setting(f"{key}=1", [f"{key}=1"], near)


def _origins() -> Iterator[Setting]:
    for name in NUMBERS:
        key = f"inspection.sources.{name}"
        for field, value in (("kind", "guessed"), ("kind", "null"), ("source", "' '"), ("source", "null")):
            yield _setting(f"{key}.{field}", value, composed=False)
        for field, value in (("low", "nan"), ("low", "inf"), ("low", "many"), ("high", "-9e9"), ("high", "nan")):
            yield _setting(f"{key}.{field}", value, composed=False)


def _plain(prefix: str, broken: dict[str, tuple[str, ...]]) -> Iterator[Setting]:
    for name, values in broken.items():
        for value in values:
            yield _setting(f"{prefix}{name}", value, composed=False)


def _names() -> Iterator[Setting]:
    """Options and keys that do not exist."""
    for key in options.top_keys():
        if key.is_group:
            yield _setting(key.name, "no-such-option", rule="be one of .*")
            yield _setting(key.name, "null", rule="be one of .*")
        text = f"{key.name}x=1"
        yield Setting(text, [text], rf"the key of {text} must be one of .*, got '{key.name}x'.*")
    yield Setting("+world.more=1", ["+world.more=1"], r"world\.more must be set without a plus, got \+world\.more=1")
