"""Texts of the page in English and Russian, with numbers written as each language writes them."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

LANGUAGES = ("en", "ru")
"""Languages of the page, the first without a script."""


class Text(NamedTuple):
    """The same text in each language."""

    en: str
    """In English."""

    ru: str
    """In Russian."""


def text(key: str, **values: str | Text) -> Text:
    """A text of the page, with names and numbers put in.

    Parameters
    ----------
    key
        Section and name, as `answer.seized`.
    **values
        Text for each word in braces; numbers as English writes them.

    Raises
    ------
    KeyError
        If there is no such text, or one of its words in braces is not given.
    """
    section, _, name = key.partition(".")
    found = _texts()[section][name]
    words = {word: value if isinstance(value, Text) else plain(value) for word, value in values.items()}
    return Text(
        _kept_together(found["en"].format(**{word: value.en for word, value in words.items()})),
        _kept_together(found["ru"].format(**{word: value.ru for word, value in words.items()})),
    )


def _kept_together(line: str) -> str:
    """Text in which no line ends between a number and its unit."""
    return re.sub(r"(?<=\d) (?=(?:%|kg|кг|t|т|мин|minutes|million|млн|USD)\b|%)", "\N{NO-BREAK SPACE}", line)


def plain(value: str) -> Text:
    """A text of numbers and proper names, the same in each language but for the signs within numbers."""
    signed = re.sub(r"(?<![\w)])-(?=\d)", "\N{MINUS SIGN}", value)
    return Text(signed, in_russian(signed))


def named(name: str) -> Text:
    """A name or word of results, in Russian as far as that is known."""
    return Text(name, _names().get(name, name))


def in_russian(value: str) -> str:
    """Numbers within a text with a decimal comma, and spaces between thousands.

    Examples
    --------
    >>> in_russian("1,234.5 to 6.0").replace(chr(160), "_")
    '1_234,5 to 6,0'
    """
    spaced = re.sub(r"(?<=\d),(?=\d{3})", "\N{NO-BREAK SPACE}", value)
    return re.sub(r"(?<=\d)\.(?=\d)", ",", spaced)


def listed(items: list[Text]) -> Text:
    """Texts joined by commas."""
    return Text(*(", ".join(part) for part in zip(*items, strict=True))) if items else Text("", "")


@cache
def _texts() -> dict[str, dict[str, dict[str, str]]]:
    """Texts by section, name and language."""
    found: dict[str, dict[str, dict[str, str]]] = _read("texts")
    return found


@cache
def _names() -> dict[str, str]:
    """Names in Russian."""
    found: dict[str, str] = _read("names")
    return found


def _read(name: str) -> dict:  # type: ignore[type-arg]
    content = (files("flowsim.report") / "page" / f"{name}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(content))
