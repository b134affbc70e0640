"""Error messages for a command or a configuration, naming the thing, the rule and the value as typed."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NoReturn, get_args

from hydra.core.config_loader import ConfigLoader
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import (
    BooleanNode,
    DictConfig,
    FloatNode,
    IntegerNode,
    ListConfig,
    OmegaConf,
    StringNode,
)
from omegaconf.errors import OmegaConfBaseException

from flowsim import checks
from flowsim.config import allowed_classes, hints, hydra_node, options

_KINDS = {
    FloatNode: "a number",
    IntegerNode: "a whole number",
    BooleanNode: "true or false",
    StringNode: "text",
}
_OF_REFERENCE = re.compile(r"^ValueError raised while resolving interpolation: ?")
_FILE = re.compile(r"In '(?P<file>[^']+)': ?(?P<rest>.*)")
_COMPOSING = (
    (r"Key (?P<value>'[^']*') not in '\w+'", "be a key that `flowsim --cfg job` shows"),
    (r"Value (?P<value>'.*') of type '\w+' (could not be converted to|is not a) (?P<kind>\w+)", "be {kind}"),
    (r"Merge error: \w+ is not a subclass of (?P<key>\w+)\. value: (?P<value>.*?)(; |$)", "be given part by part"),
    (r"(?P<key>)Could not load (?P<value>'[^']*')", "name files that exist"),
)
"""Hydra's message about a file, as a pattern, and the broken rule."""

_CONVERTED = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false", "bool": "true or false"}
_GOT = re.compile(r"^(?P<key>[\w.]+) must (?P<rule>.*), got (?P<value>.*?)(?P<hint>; (did you mean|to|it is) .*)?$")

_TOO_MANY_DIGITS = "Exceeds the limit"
"""Python's message for an integer of thousands of digits."""

_LONG = re.compile(rf"[^\s,;]{{{checks.MOST_SHOWN},}}")
"""A word too long to repeat."""


def parse(texts: Sequence[str], *, folders: Sequence[Path] = ()) -> list[Override]:
    """Parse overrides as Hydra does.

    Parameters
    ----------
    texts
        Arguments as typed.
    folders
        Folders of configuration, for suggestions.

    Raises
    ------
    ValueError
        If one of them is not of the form key=value, or holds a number of too many digits.
    """
    parser = OverridesParser.create()
    found = []
    for place, text in enumerate(texts):
        _check_digits(text)
        try:
            found.append(parser.parse_override(text))
        except HydraException:
            quoting, hint = " with quotes around a value that has brackets or spaces", ""
            if "=" not in text:
                quoting, hint = "", hints.of_word(text, texts[place + 1 :], folders=folders)
            raise ValueError(f"an argument must read key=value{quoting}, got {text}{hint}") from None
    return found


def quoted(text: str) -> str:
    """Quote the value of an argument if Hydra accepts it only then, as in `out=été`.

    Parameters
    ----------
    text
        Argument of the form key=value.

    Raises
    ------
    ValueError
        If it holds a number of too many digits.
    """
    _check_digits(text)
    key, equals, value = text.partition("=")
    if not equals or _takes(text) or re.search(r"[\[\]{}(),'\"$\\]", value):
        return text
    return f"{key}='{value}'" if _takes(f"{key}='{value}'") else text


def _check_digits(text: str) -> None:
    key, equals, _ = text.partition("=")
    checks.digits(text, thing=checks.cut(key) if equals else "an argument")


def _takes(text: str) -> bool:
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True


def top_keys_of(texts: Sequence[str]) -> dict[str, str]:
    """Arguments by their top-level key, in order.

    Parameters
    ----------
    texts
        Arguments of the form key=value.
    """
    return {re.split(r"[./@=]", text.lstrip("+~"))[0]: text for text in texts}


def as_list(text: str, *, keys: Sequence[str]) -> str:
    """Bracket the value of an argument if its key takes a list and several values are given.

    Parameters
    ----------
    text
        Argument of the form key=value.
    keys
        Keys with a list as value.
    """
    key, _, value = text.partition("=")
    bare = "," in value and not value.startswith(("[", "'", '"'))
    return f"{key}=[{value}]" if key in keys and bare else text


def _text(override: Override) -> str:
    """Text of an override as it was typed."""
    return override.input_line or ""


def check_single(overrides: Sequence[Override]) -> None:
    """Refuse several values for a key in a single run.

    Raises
    ------
    ValueError
        If an override is a sweep.
    """
    for override in overrides:
        if override.is_sweep_override():
            key, _, value = _text(override).partition("=")
            hint = hints.of_several(key, value)
            raise ValueError(f"{key} must have one value unless the flag -m is given, got {value}{hint}")


def check_keys(
    overrides: Sequence[Override], *, keys: Sequence[str], named: Callable[[str], Sequence[str]] | None = None
) -> None:
    """Refuse overrides of unknown keys, and additions or removals of keys.

    Parameters
    ----------
    overrides
        Arguments as typed.
    keys
        Top-level keys.
    named
        Function from a name to candidate keys below the top.

    Raises
    ------
    ValueError
        If a key is unknown, added or removed; the message gives the nearest existing key.
    """
    for override in overrides:
        key, text = override.key_or_group, _text(override)
        top = re.split(r"[./]", key)[0]
        if top == "hydra":
            continue
        if top not in keys:
            near = hints.of_key(key, text.partition("=")[2], keys=named or (lambda _: ()))
            checks.known(top, keys, thing=f"the key of {text}", hint=near)
        if override.is_delete():
            raise ValueError(f"{key} must keep its place in the configuration, got {text}")
        if override.is_add() and override.package is None:
            raise ValueError(f"{key} must be set without a plus, got {text}")


def diagnose(overrides: Sequence[Override], *, loader: ConfigLoader, config_name: str) -> None:
    """Refuse the first override impossible to compose; return if each composes alone.

    Parameters
    ----------
    overrides
        Overrides as typed, with known keys.
    loader
        Hydra's view of the configuration folders.
    config_name
        Name of the primary file.

    Raises
    ------
    ValueError
        If an option, a key or the type of a value does not exist.
    """
    groups = {o.key_or_group for o in overrides if _is_group(o, loader)}
    for override in overrides:
        if override.key_or_group in groups and override.package is None:
            _check_option(override, loader)
    chosen = [_text(o) for o in overrides if o.key_or_group in groups and not o.is_sweep_override()]
    try:
        tree = loader.load_configuration(config_name, chosen, RunMode.RUN)
    except HydraException:
        return
    for override in overrides:
        if override.key_or_group not in groups and not override.key_or_group.startswith("hydra"):
            _check_value(override, tree)


def swept(overrides: Sequence[Override], *, loader: ConfigLoader) -> Iterator[str]:
    """Files chosen by the jobs of a sweep, by group and name, such as `world/mine`.

    Parameters
    ----------
    overrides
        Overrides as typed, with known options.
    loader
        Hydra's view of the configuration folders.
    """
    for override in overrides:
        if override.is_sweep_override() and _is_group(override, loader):
            for value in _values(override):
                names = value if isinstance(value, list) else [value]
                yield from (f"{override.key_or_group}/{name}" for name in names if not isinstance(name, Glob))


def check_jobs(config: DictConfig, *, typed: Sequence[str], loader: ConfigLoader, config_name: str) -> None:
    """Check the build targets of each job of a Hydra sweeper; options of a job set its log and launcher.

    Raises
    ------
    ValueError
        If a job would build anything but a class of flowsim or of Hydra's plugins.
    """
    params = config.hydra.sweeper.get("params") or {}
    texts = [*(f"{key}={text}" for key, text in params.items()), *typed]
    values: dict[str, list[str]] = {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(texts):
        key = override.get_key_element()
        discrete = override.is_sweep_override() and override.is_discrete_sweep()
        given = override.sweep_string_iterator() if discrete else [override.get_value_element_as_str()]
        values[key] = [f"{key}={text}" for text in given]
    for chosen in product(*values.values()):
        try:
            job = loader.load_configuration(config_name, list(chosen), RunMode.RUN)
        except HydraException:  # this job does not begin
            continue
        allowed_classes.check(job)
        hydra_node.check(job, typed=[*typed, *chosen])


def _is_group(override: Override, loader: ConfigLoader) -> bool:
    return bool(loader.get_group_options(override.key_or_group, ObjectType.CONFIG))


def _values(override: Override) -> list[Any]:
    """Values of an override, several in a sweep."""
    if override.is_sweep_override():
        return list(override.sweep_iterator()) if override.is_discrete_sweep() else []
    return [override.value()]


def _check_option(override: Override, loader: ConfigLoader) -> None:
    existing = loader.get_group_options(override.key_or_group, ObjectType.CONFIG)
    for value in _values(override):
        for name in value if isinstance(value, list) else [value]:
            if not isinstance(name, Glob):
                shown = "null" if name is None else str(name)
                if shown not in existing:
                    _refuse_option(override.key_or_group, shown, existing, loader)


def _refuse_option(group: str, name: str, existing: Sequence[str], loader: ConfigLoader) -> NoReturn:
    """Refuse an unknown option of a group, with a suggestion."""
    conf = options.conf_dir()
    given = (Path(source.path) for source in loader.get_sources() if source.scheme() == "file")
    own = next((folder for folder in given if folder.resolve() != conf.resolve()), None)
    found = options.options(group, folders=[*filter(None, [own]), conf])
    titles = {option: found.get(option, "") for option in existing}
    hint = hints.of_option(group, name, titles=titles, config_dir=own)
    checks.known(name, existing, thing=group, hint=hint)
    raise AssertionError(name)


def _check_value(override: Override, tree: DictConfig) -> None:
    node: Any = tree
    path = override.key_or_group.split(".")
    for part in path[:-1]:
        node = _child(node, part, override)
    _child(node, path[-1], override)
    for value in _values(override):
        try:
            OmegaConf.update(tree, override.key_or_group, value)
        except OmegaConfBaseException:
            leaf = node._get_node(path[-1])
            rule = next((text for kind, text in _KINDS.items() if isinstance(leaf, kind)), "given part by part")
            raise ValueError(f"{override.key_or_group} must be {rule}, got {value!r}") from None


def _child(node: Any, part: str, override: Override) -> Any:
    thing = f"the key of {_text(override)}"
    if isinstance(node, ListConfig):
        checks.known(part, [str(index) for index in range(len(node))], thing=thing)
        return node._get_node(int(part))
    if not isinstance(node, DictConfig):
        raise ValueError(f"{thing} must end before '{part}', got {override.key_or_group}")
    keys = [str(key) for key in node]
    other = hints.of_subkey(override.key_or_group, folders=[options.conf_dir()]) if part not in keys else ""
    checks.known(part, keys, thing=thing, hint=other)
    return node._get_node(part)


def plain(error: BaseException) -> str:
    """Plain one-line meaning of a Hydra or OmegaConf error, without internal names.

    Several refusals in one message keep a line each.
    """
    if isinstance(error, checks.Refused):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    if isinstance(error, ValueError) and str(error).startswith(_TOO_MANY_DIGITS):
        return f"a number must have at most {checks.MOST_DIGITS} digits, got one of more than 4300"
    texts = [str(error)]
    if isinstance(error.__cause__, OmegaConfBaseException) and str(error.__cause__) not in texts[0]:
        texts.append(str(error.__cause__))
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    if _OF_REFERENCE.search(lines[0] if lines else ""):
        return _OF_REFERENCE.sub("", lines[0])  # it names its place itself
    skipped = (
        "object_type=",
        "reference_type=",
        "See https",
        "Set the environment",
        "provider=",
        "Config search",
    )
    kept = [line for line in lines if not line.startswith(skipped)]
    kept = [re.sub(r"\w+Error raised while (composing config|resolving interpolation):", "", line) for line in kept]
    if match := _FILE.match(kept[0] if kept else ""):
        return (
            f"{match['file']}.yaml: {_in_file([line.strip() for line in [match['rest'], *kept[1:]] if line.strip()])}"
        )
    return "; ".join(line.strip().replace("full_key: ", "at ") for line in kept) or type(error).__name__


def _of_system(error: OSError) -> str:
    """Message for a refusal by the operating system, as thing, rule and value."""
    rule = {
        errno.ENAMETOOLONG: "have parts of at most 255 bytes and at most 4095 bytes in all",
        errno.ENOENT: "exist",
        errno.ENOSPC: "be on a disk with room left",
    }.get(error.errno or 0, "be a file or a folder that can be read or written")
    said = (error.strerror or type(error).__name__).lower()
    return f"a path must {rule} ({said}), got {checks.shown(str(error.filename or 'none'))}"


def _in_file(lines: Sequence[str]) -> str:
    """Hydra's message about a file it cannot compose, as key, rule and value."""
    said = "; ".join(lines)
    for pattern, rule in _COMPOSING:
        if match := re.search(pattern, said):
            key = re.search(r"full_key: (\S+)", said)
            place = match.groupdict().get("key", key.group(1) if key else "a value").lower() or "defaults"
            kind = _CONVERTED.get(match.groupdict().get("kind", ""), "of another type")
            return f"{place} must {rule.format(kind=kind)}, got {match['value']}"
    return said.replace("full_key: ", "at ")


def mistyped(error: OmegaConfBaseException, *, key: str, node: DictConfig, hints: Mapping[str, Any]) -> str:
    """Message for a field of the wrong type.

    Parameters
    ----------
    error
        Error of OmegaConf.
    key
        Where the mapping stands in the configuration.
    node
        The given mapping.
    hints
        Types of the fields by name.
    """
    at = str(error.full_key or "")
    names = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    hint = hints.get(at)
    kinds = [part for part in get_args(hint) or (hint,) if part is not type(None)]
    rule = names.get(kinds[0]) if len(kinds) == 1 else None
    if rule is None:
        return f"{key}: {plain(error)}"
    return f"{key}.{at} must be {rule}, got {node.get(at)!r}"


def as_typed(message: str, texts: Sequence[str]) -> str:
    """Message with the refused value as typed, `1e99` and not `1e+99`.

    Parameters
    ----------
    message
        Refusal of the form "key must rule, got value".
    texts
        Arguments as typed.
    """
    message = _LONG.sub(lambda word: checks.cut(word[0]), message)
    match = _GOT.match(message)
    typed = dict(text.split("=", 1) for text in texts if "=" in text)
    given = typed.get(match["key"]) if match else None
    if match is None or given is None or "," in given or "$" in given:
        return message
    return f"{match['key']} must {match['rule']}, got {checks.cut(given) or 'nothing'}{match['hint'] or ''}"


def at_key(message: str, *, kind: str, key: str) -> str:
    """Replace the class in a constructor's message by its configuration key.

    Parameters
    ----------
    message
        Message of the constructor, as "Effort.south must lie in [0, 1], got 2.0".
    kind
        Name of the class.
    key
        Where it stands in the configuration, as "inspection.effort".
    """
    named = re.sub(rf"^( *){re.escape(kind)}\.", rf"\g<1>{key}.", message, flags=re.MULTILINE)
    return f"{key}: {message}" if named == message else named
