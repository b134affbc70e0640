"""Generated breaks of the configuration of a run, each with what its refusal must say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict

from flowsim.config import diagnose, options
from flowsim.config.build import build_plan, build_policies, build_world, engine_of
from flowsim.config.compose import check_experiment, compose_config, folders_of, naming_files
from flowsim.config.world_folders import build_readings
from flowsim.policy.policy import Policy
from flowsim.world.checkpoint import AGENCIES, agency_key

KEYS = tuple(agency_key(agency) for agency in AGENCIES)
"""Agencies as the names of fields end."""

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
    "seals.opened": ("-0.1", "1.1"),
    "seals.notice_plain": ("-0.1", "1.1"),
    "seals.notice_electronic": ("-0.1", "1.1"),
    "seals.false_notice": ("-0.1", "1.1"),
    "intelligence.rings": ("0", "-1", "2.5", "true", "100001"),
    "intelligence.size_exponent": ("0", "101"),
    "intelligence.cases_knb": ("-1",),
    "intelligence.cases_committee": ("-1",),
    "intelligence.dismantled": ("-0.1", "1.1"),
    **{f"intelligence.tip_{agency}": ("-0.1", "1.1") for agency in KEYS},
    **{f"corruption.bribe_{agency}": ("-0.1", "1.1") for agency in KEYS},
    **{f"corruption.protected_{agency}": ("-0.1", "1.1") for agency in KEYS},
    "corruption.released": ("-0.1", "1.1"),
}
"""Numbers of `inspection` with values outside their range."""

WHOLE = ("intelligence.rings",)
"""Those that are whole numbers, so that another one has not the type of its key."""

WORDS = {
    "seals.type": ("electronc", "wax", "1", "true", "''"),
    "seals.green_lane": ("maybe", "2.5", "null", "[true]"),
    "seals.inspection": ("maybe", "2.5", "null", "[true]"),
}
"""Words of `inspection`, and what is true or false, with values that are refused."""

PLAN = {
    "seed": ("-1", "1.5", "abc", "null", "nan", "inf", "true", "9223372036854775808"),
    "replications": ("0", "-3", "2.5", "abc", "null", "nan", "inf", "true", "1000001"),
    "traffic_years": ("0", "-1", "1.5", "101", "abc", "null", "nan", "inf", "true"),
    "horizon": ("0", "-1", "8761", "abc", "null", "nan", "inf", "true"),
    "inflow": ("-1", "10.5", "abc", "nan", "inf", "-inf", "true"),
    "draws": ("0", "-2", "10001", "1.0", "abc", "nan", "true"),
    "workers": ("0", "-1", "1.5", "abc", "nan", "inf", "true", "1025"),
    "experiment": ("fig99",),
}
"""Keys of the plan of a run with values that are refused."""

WORLD = {
    "name": ("null", "''", "5", "[a]", "my world", "Mine"),
    "title": ("null", "' '", "5", "[a]"),
    "year": ("null", "soon", "2010.5", "1899", "2101", "-1", "nan", "inf", "true"),
    "tables": ("null", "''", "nowhere", "5", "[a]"),
}
"""Keys of a world's file with values that are refused."""


FILES = {
    "world": "name: mine\ntitle: Mine\nyear: 2010\ntables: single_checkpoint\n",
    "policy": "# @package policy.mine\ntitle: Mine\nsources: [a document]\nin_force: true\nchanges: []\n",
    "inspection": "defaults: [certain, _self_]\ntitle: Mine\ntargeting: 0.5\n",
    "reading": "# @package reading.mine\ntitle: Mine\nkind: controls\nsources: [a document]\nchanges: nothing\n",
    "experiment": "# @package _global_\nseed: 2\ninflow: 0.5\n",
}
"""A file of one's own in each group, with nothing wrong."""


@dataclass(frozen=True)
class Damage:
    """A kind of damage to a file."""

    name: str
    """What is done."""

    change: Callable[[str], bytes | None]
    """Text of the file to its bytes, or to nothing where a folder is put in its place."""

    says: str
    """Pattern of rule and value."""

    line: Callable[[str], int | None] = lambda text: text.count("\n") + 1
    """Line that the refusal names; by default the one behind the last."""


def _added(line: str) -> Callable[[str], bytes]:
    return lambda text: (text + line + "\n").encode()


def _head(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))


DAMAGES = (
    Damage("a tab", _added("\todd: 1"), r"be indented with spaces and not with tabs, got '\\todd: 1'"),
    Damage("a bracket that is open", _added("odd: [x"), r"close its bracket, .*, got 'odd: \[x'"),
    Damage("a brace that is open", _added("odd: {x: 1\neven: 2"), r"close its bracket, .*, got 'odd: \{x: 1'"),
    Damage("a quotation mark that is open", _added("odd: 'x\n\nmore"), r"close its quotation mark, got \"odd: 'x\""),
    Damage("a colon in a text", _added("odd: Mid: land"), r"have quotation marks around .*, got 'odd: Mid: land'"),
    Damage(
        "a line that is indented",
        _added("odd: 1\n  even: 2"),
        "have .* at one indentation, got '  even: 2'",
        lambda text: text.count("\n") + 2,
    ),
    Damage(
        "a key twice", _added("odd: 1\nodd: 2"), "have each key once, got 'odd: 2'", lambda text: text.count("\n") + 2
    ),
    Damage(
        "Latin-1", lambda text: text.encode() + b"odd: \xe9t\xe9\n", r"be UTF-8, got byte 0xe9 of another encoding .*"
    ),
    Damage(
        "UTF-16", lambda text: text.encode("utf-16"), "be UTF-8, got byte 0xff of another encoding .*", lambda text: 1
    ),
    Damage("a control character", _added("odd: a\x00b"), r"hold no control characters, got '\\x00'"),
    Damage(
        "a list",
        lambda text: (_head(text) + "- a\n- b\n").encode(),
        "hold keys with values at its top, got a list",
        lambda text: None,
    ),
    Damage(
        "a text",
        lambda text: (_head(text) + "all is well\n").encode(),
        "hold keys with values at its top, got the text 'all is well'",
        lambda text: None,
    ),
    Damage("a folder", lambda text: None, "be a file, got a folder", lambda text: None),
    Damage(
        "a figure that does not exist",
        _added("odd: ${reported:fd16-heroin-2019}"),
        "name a reported figure .*, got 'fd16-heroin-2019'; did you mean 'fd16-heroin-.*'\\?",
    ),
    Damage("a reference that is open", _added("odd: '${reported:'"), r"close its reference, .*, got '\$\{reported:'"),
    Damage("a set", _added("odd: !!set {a, b}"), "hold text, numbers, lists and mappings, got .*", lambda text: None),
    Damage("a value that holds itself", _added("odd: &x [*x]"), "be nested less deeply, got .*", lambda text: None),
    Damage("a tag", _added("odd: !!python/name:os.system x"), r"be YAML \(.*\), got 'odd: .*'"),
)
"""Kinds of damage that any file can take."""


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
    return [*_numbers(), *_words(), *_origins(), *_plain("", PLAN), *_plain("world.", WORLD), *_names()]


def whole() -> DictConfig:
    """Configuration of the teaching world, without Hydra's part, which no run is built from."""
    composed = compose_config(["world=single_checkpoint"])
    with open_dict(composed):
        del composed["hydra"]
    return composed


def build(case: Setting, composed: DictConfig) -> None:
    """Build all that a run needs from the teaching world and a setting.

    Composing takes time; where a setting has the type of its key, it is put into what was composed before. One of
    `inspection` can break nothing but the world.
    """
    if case.composed:
        composed = compose_config(["world=single_checkpoint", *case.overrides])
    else:
        composed = composed.copy()
        for override in diagnose.parse(case.overrides):
            OmegaConf.update(composed, override.key_or_group, override.value())
    if not case.overrides[0].startswith("inspection."):
        check_experiment(composed)
        build_plan(composed)
        engine_of(composed)
        build_policies(composed)
        build_readings(composed)
    build_world(composed, folders=())


def damaged() -> Iterator[tuple[str, Damage]]:
    """Each kind of damage to each kind of file."""
    return ((group, damage) for group in FILES for damage in DAMAGES)


def put(folder: Path, *, group: str, data: bytes | None) -> Path:
    """Write a file of a group, or a folder of its name."""
    file = folder / group / "mine.yaml"
    file.parent.mkdir(parents=True)
    if data is None:
        file.mkdir()
    else:
        file.write_bytes(data)
    return file


def build_file(folder: Path, *, group: str) -> tuple[Policy, ...]:
    """Build all that a run needs from the teaching world and a file of one's own; return its policies."""
    worlds = [] if group == "world" else ["world=single_checkpoint"]
    composed = compose_config([*worlds, f"{group}=mine"], config_dir=folder)
    with naming_files(composed.hydra):
        check_experiment(composed)
        build_plan(composed)
        policies = build_policies(composed)
        build_world(composed, folders=folders_of(composed.hydra))
    return policies


def _setting(key: str, value: str, rule: str = ".*", *, composed: bool = True) -> Setting:
    text = f"{key}={value}"
    shown = re.escape(value.strip("'"))
    return Setting(text, [text], rf"{re.escape(key)} must {rule}, got .*{shown}.*", composed)


def _numbers() -> Iterator[Setting]:
    for name, outside in NUMBERS.items():
        for value in ("many", "null"):
            yield _setting(f"inspection.{name}", value)
        for value in ("nan", "inf", "-inf", *outside):
            yield _setting(f"inspection.{name}", value, composed=name in WHOLE)
        part, last = f"inspection.{name}".rsplit(".", 1)
        key = f"{part}.{last}x"
        near = rf"the key of {re.escape(key)}=1 must be one of .*, got '{last}x'; did you mean '{last}'\?"
        yield Setting(f"{key}=1", [f"{key}=1"], near)


def _words() -> Iterator[Setting]:
    for name, values in WORDS.items():
        rule = "be one of plain, electronic" if name == "seals.type" else "be (true or false|given)"
        for value in values:
            yield _setting(f"inspection.{name}", value, rule)
    for value in ("plain", "null"):
        yield _setting("inspection.seals", value, "(be given part by part|have the keys .*)")


def _origins() -> Iterator[Setting]:
    for name in (*NUMBERS, *WORDS):
        key = f"inspection.sources.{name}"
        for field, value in (("kind", "guessed"), ("kind", "null"), ("source", "' '"), ("source", "null")):
            yield _setting(f"{key}.{field}", value, composed=False)
    for name in NUMBERS:
        key = f"inspection.sources.{name}"
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
