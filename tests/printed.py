"""Runs what a page prints, in its order: commands, Python, and the files that it has its reader write."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from flowsim import cli

_PIECE = re.compile(
    r"^```(?P<language>[\w{}-]*) ?(?P<name>\S*)\n(?P<block>.*?)^```$|(?<!`)`(?P<span>flowsim [^`]+)`(?!`)",
    re.MULTILINE | re.DOTALL,
)
_CONTINUED = re.compile(r"\\\n\s*")
_PROGRAM = re.compile(r"^(\.venv/bin/)?flowsim( |$)")


@dataclass(frozen=True)
class Piece:
    """A piece of a page that its reader is to type or to save."""

    kind: str
    """Command, python, sed, or text for what the last command must have said; the ending of a file otherwise."""

    text: str
    """What is printed."""

    name: str = ""
    """File that it is saved in, or applied to."""


@dataclass
class Ran:
    """What came of a page."""

    codes: list[int] = field(default_factory=list)
    """Exit codes of its commands."""

    done: list[str] = field(default_factory=list)
    """Its commands, each once unless commands may fail."""

    said: str = ""
    """What the last commands of a row printed, or the last block of Python."""


def pieces(page: str) -> Iterator[Piece]:
    """Pieces of a page in its order."""
    for found in _PIECE.finditer(page):
        if found["span"]:
            yield Piece("command", " ".join(found["span"].split()))
            continue
        language, block = found["language"], found["block"]
        if language in ("", "sh"):
            lines = _CONTINUED.sub("", block).splitlines()
            yield from (Piece("command", line) for line in lines if _PROGRAM.match(line))
        elif language in ("python", "text") or (found["name"] and "{" not in language):
            yield Piece(language, block, found["name"])


def arguments(command: str) -> list[str]:
    """Arguments of a command, without the comment behind it."""
    return shlex.split(command, comments=True)[1:]


def shown(command: str) -> str:
    """A command without its comment."""
    return command.partition("  #")[0].partition(" # ")[0].strip().removeprefix(".venv/bin/")


def commands(page: str) -> list[str]:
    """Commands of a page, without their comments."""
    return [shown(piece.text) for piece in pieces(page) if piece.kind == "command"]


def run(
    page: str,
    *,
    quick: Mapping[str, str] | None = None,
    covered: Collection[str] = (),
    fails: bool = False,
) -> Ran:
    """Do all that a page prints, in the working folder.

    Parameters
    ----------
    page
        Text of the page.
    quick
        What is added to a slow command, or put in the place of a part of a Python block (`old -> new`).
    covered
        Commands that need not be run, as another page runs them.
    fails
        Whether a command may fail, as where a page shows a refusal.
    """
    names: dict[str, Any] = {}
    ran, before = Ran(), ""
    for piece in pieces(page):
        out, err = StringIO(), StringIO()
        ran.said, before = ran.said if before == piece.kind or piece.kind == "text" else "", piece.kind
        if piece.kind == "command":
            if shown(piece.text) in covered or (shown(piece.text) in ran.done and not fails):
                continue
            ran.done.append(shown(piece.text))
            typed = arguments(piece.text) + shlex.split((quick or {}).get(shown(piece.text), ""))
            with redirect_stdout(out), redirect_stderr(err):
                ran.codes.append(cli.answer(typed))
            assert fails or ran.codes[-1] == 0, f"{piece.text}\n{err.getvalue()}"
        elif piece.kind == "python":
            text = piece.text
            for old, new in (entry.split(" -> ") for entry in (quick or {}).get("python", "").splitlines()):
                text = text.replace(old, new)
            with redirect_stdout(out):
                exec(compile(text, "<page>", "exec"), names)
        elif piece.kind == "sed":
            _edit(Path(piece.name), piece.text)
        elif piece.kind == "text":
            _follows(piece.text, ran.said)
            continue
        else:
            path = Path(piece.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(piece.text, encoding="utf-8")
            continue
        ran.said += out.getvalue() + err.getvalue()
    return ran


def _follows(text: str, said: str) -> None:
    """Fail unless all lines of a text stand in what was said, in their order."""
    position = 0
    for line in text.splitlines():
        position = said.index(line.strip(), position)


def _edit(path: Path, script: str) -> None:
    """Apply substitutions of the form s|pattern|replacement|, one per line."""
    text = path.read_text(encoding="utf-8")
    for command in script.splitlines():
        _, pattern, replacement, _ = command.split("|")
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count == 1, command
    path.write_text(text, encoding="utf-8")
