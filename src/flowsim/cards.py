"""Cards: a short text or HTML table of the main facts of an object."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

WIDTH = 100
"""Longest line of a card [characters]."""

MOST = 8
"""Most items of a list on a card [1]."""

Facts = Sequence[tuple[str, str]]
"""Label and text of each fact."""


def card(head: str, facts: Facts) -> str:
    """Card as text: a head and a line for each fact, truncated at the width of the page.

    Parameters
    ----------
    head
        Kind and name of the object.
    facts
        Facts in order; a label repeated in the next row is written once.

    Examples
    --------
    >>> print(card("World a", [("places", "2"), ("post", "one"), ("post", "another")]))
    <World a>
      places  2
      post    one
              another
    """
    wide = max((len(name) for name, _ in facts), default=0)
    lines = [f"<{_cut(head, WIDTH - 2)}>"]
    for (name, text), before in zip(facts, [("", ""), *facts], strict=False):
        shown = "" if name == before[0] else name
        lines.append(f"  {shown:{wide}}  {_cut(text, WIDTH - wide - 4)}".rstrip())
    return "\n".join(lines)


def html_card(head: str, facts: Facts) -> str:
    """Card as a table in HTML, with all text escaped.

    Parameters
    ----------
    head, facts
        As of `card`.
    """
    rows = (
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(_cut(text, WIDTH))}</td></tr>"
        for name, text in facts
    )
    return f"<table><caption>{html.escape(_cut(head, WIDTH))}</caption>{''.join(rows)}</table>"


def few(items: Sequence[str], *, most: int = MOST) -> list[str]:
    """The first of some items, with the number of the remaining ones.

    Parameters
    ----------
    items
        All of them.
    most
        Most entries shown, the note on the rest included [1].
    """
    if len(items) <= most:
        return list(items)
    return [*items[: most - 1], f"and {len(items) - most + 1} more"]


def _cut(text: str, width: int) -> str:
    plain = " ".join(text.split())
    return textwrap.shorten(plain, width, placeholder=" ...") if " " in plain[:width] else plain[:width]
