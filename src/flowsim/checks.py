"""Wording of every refusal of a bad value: it names the thing, the rule and the value."""

from __future__ import annotations

import difflib
import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule for numbers, with its wording."""

    text: str
    """Wording of the rule after "must", as in "lie in [0, 1]"."""

    holds: Callable[[float], bool]
    """Test of a number; false for NaN."""


PROBABILITY = Rule("lie in [0, 1]", lambda value: 0.0 <= value <= 1.0)
"""Rule of probabilities and shares."""


def is_finite(value: float) -> bool:
    """Whether a number is finite, and no whole number too large for a float."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


POSITIVE = Rule("be a finite number above 0", lambda value: is_finite(value) and value > 0)
"""Rule of times, distances, speeds and masses."""

NON_NEGATIVE = Rule("be a finite number of at least 0", lambda value: is_finite(value) and value >= 0)
"""Rule of numbers at least zero."""

FINITE = Rule("be a finite number", is_finite)
"""Rule of numbers of any sign."""


def between(low: float, high: float) -> Rule:
    """Rule of numbers within bounds, both included."""
    return Rule(f"lie in [{low:g}, {high:g}]", lambda value: low <= value <= high)


class Refused(ValueError):
    """Several refusals in one message: their number, then one line each."""


def refuse_all(mistakes: Sequence[str], *, thing: str) -> None:
    """Refuse a thing for all its mistakes at once.

    Parameters
    ----------
    mistakes
        Messages in the order of the list; if there are none, nothing happens.
    thing
        Name of the thing with the mistakes.

    Raises
    ------
    Refused
        If there is a mistake.
    """
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise Refused("\n".join([f"{thing}: {count}", *(f"  {text}" for text in mistakes)]))


def refuse(mistakes: Sequence[str], *, thing: str) -> None:
    """Refuse a thing for all its mistakes at once; one alone takes one line.

    Parameters
    ----------
    mistakes
        Messages in the order of the list; if there are none, nothing happens.
    thing
        Name of the thing with the mistakes.

    Raises
    ------
    ValueError
        If there is a mistake.
    """
    if len(mistakes) == 1:
        raise ValueError(mistakes[0])
    refuse_all(mistakes, thing=thing)


SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""Form of the names of places, checkpoints and all else named by a world's tables."""

SLUG_RULE = "hold lower-case letters, digits and single hyphens"
"""Rule of a name of this form."""

WORLD_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
"""Form of the name of a world, which is also that of its file."""

WORLD_NAME_RULE = "begin with a lower-case letter and hold lower-case letters, digits and single - and _"
"""Rule of a name of this form."""


MOST_SHOWN = 300
"""Longest value repeated by a refusal [characters]."""

MOST_DIGITS = 309
"""Most digits of a number as typed or read, those of the largest float."""

MOST_LISTED = 40
"""Longest list of allowed words in a refusal; a longer one is cut to the nearest."""

NEAREST = 10
"""Number of these."""

_TOO_MANY = re.compile(rf"[\d_]{{{MOST_DIGITS + 1},}}")


def shown(value: object) -> str:
    """A value as repeated by a refusal: a long one by its beginning and its length."""
    if isinstance(value, int) and value.bit_length() > math.log2(10) * MOST_SHOWN:
        return f"a number of about {math.ceil(value.bit_length() / math.log2(10))} digits"
    return cut(repr(value))


def cut(text: str) -> str:
    """A text, or the beginning of a long one and how long it is."""
    return text if len(text) <= MOST_SHOWN else f"{text[:60]}... ({len(text)} characters)"


def digits(text: str, *, thing: str) -> None:
    """Refuse a text with a number of more digits than the largest float.

    Raises
    ------
    ValueError
        If there is one.
    """
    found = _TOO_MANY.search(text)
    if found:
        raise ValueError(f"{thing} must have at most {MOST_DIGITS} digits in a number, got {cut(found[0])}")


def _thing(owner: object, name: str) -> str:
    label = getattr(owner, "name", "")
    kind = owner if isinstance(owner, str) else type(owner).__name__
    return f"{kind} '{label}': {name}" if isinstance(label, str) and label else f"{kind}.{name}"


def require(holds: bool, *, thing: str, rule: str, value: object) -> None:
    """Refuse a value against a rule.

    Raises
    ------
    ValueError
        If the rule does not hold; the message reads "thing must rule, got value".
    """
    if not holds:
        raise ValueError(f"{thing} must {rule}, got {shown(value)}")


def keeps(owner: object, name: str, rule: Rule) -> None:
    """Refuse a field against a rule.

    Raises
    ------
    ValueError
        If the rule does not hold.
    """
    value = getattr(owner, name)
    require(rule.holds(value), thing=_thing(owner, name), rule=rule.text, value=value)


def probability(owner: object, name: str) -> None:
    """Refuse a field unless it is a probability in [0, 1]; NaN is none.

    Raises
    ------
    ValueError
        If the field lies outside [0, 1].
    """
    keeps(owner, name, PROBABILITY)


def positive(owner: object, name: str) -> None:
    """Refuse a field unless it is a finite number above zero.

    Raises
    ------
    ValueError
        If the field is zero, negative, infinite or NaN.
    """
    keeps(owner, name, POSITIVE)


def non_negative(owner: object, name: str) -> None:
    """Refuse a field unless it is a finite number of at least zero.

    Raises
    ------
    ValueError
        If the field is negative, infinite or NaN.
    """
    keeps(owner, name, NON_NEGATIVE)


def finite(owner: object, name: str) -> None:
    """Refuse an infinite or NaN field.

    Raises
    ------
    ValueError
        If the field is not finite.
    """
    keeps(owner, name, FINITE)


def one_of(owner: object, name: str, allowed: Sequence[str]) -> None:
    """Refuse a text field outside the allowed words.

    Raises
    ------
    ValueError
        If the field is another word; the message lists the words and the nearest of them.
    """
    value = getattr(owner, name)
    known(value, allowed, thing=_thing(owner, name))


def nearest(value: str, allowed: Iterable[str]) -> str:
    """The hint `; did you mean ...?` with the closest of the allowed words, or nothing if none is close."""
    close = difflib.get_close_matches(value[:MOST_SHOWN], list(allowed), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def known(value: str, allowed: Sequence[str], *, thing: str, hint: str = "") -> None:
    """Refuse an unknown name.

    Parameters
    ----------
    value
        Given name.
    allowed
        Known names.
    thing
        Kind of thing that is named, as in "a flag".
    hint
        End of the message; by default the nearest of the names.

    Raises
    ------
    ValueError
        If the name is not among those allowed, which the message lists, or the nearest of very many.
    """
    if value not in allowed:
        end = hint or nearest(str(value), allowed)
        raise ValueError(f"{thing} must be one of {listed(str(value), allowed)}, got {shown(value)}{end}")


def listed(value: str, allowed: Sequence[str]) -> str:
    """Allowed words in their order, or, of very many, the nearest and the number of the others."""
    if len(allowed) <= MOST_LISTED:
        return ", ".join(allowed)
    near = difflib.get_close_matches(value[:MOST_SHOWN], allowed, n=NEAREST, cutoff=0.0)
    return f"{', '.join(near)} and {len(allowed) - len(near)} more"


def unique(values: Iterable[Hashable], *, thing: str) -> None:
    """Refuse a collection with repeated names.

    Raises
    ------
    ValueError
        If a value is repeated.
    """
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"{thing} must have different names, got {twice[0]!r} more than once")


def shares(values: Iterable[float], *, thing: str) -> None:
    """Refuse negative shares, and shares with a sum other than one within 1e-6.

    Raises
    ------
    ValueError
        If a share is negative or NaN, or the sum differs from 1.
    """
    parts = list(values)
    holds = all(part >= 0 for part in parts) and abs(math.fsum(parts) - 1.0) <= 1e-6
    require(holds, thing=thing, rule="be shares of at least 0 that sum to 1", value=math.fsum(parts))


KINDS = ("reported", "calibrated", "assumed")
"""The three kinds of number, kept apart everywhere."""


JUDGEMENT = "judgement"
"""First word of a source that is a reason, not a document."""


def sourced(owner: object) -> None:
    """Refuse an object without a kind (reported, calibrated, assumed) or without a source that fits it.

    Raises
    ------
    ValueError
        If the kind is unknown, the source is empty, or a reported number rests on a judgement.
    """
    one_of(owner, "kind", KINDS)
    kind, source = getattr(owner, "kind", ""), getattr(owner, "source", "").strip()
    thing = _thing(owner, "source")
    require(bool(source), thing=thing, rule="name a source or a reason", value=source)
    judged = source.casefold().startswith(JUDGEMENT)
    rule = f"name a document where kind is {KINDS[0]}, and not a judgement, which is assumed"
    require(kind != KINDS[0] or not judged, thing=thing, rule=rule, value=source)
