"""Texts of tables and of YAML files as nobody would write them: pieces of sound ones, moved, cut, and mixed."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hypothesis import strategies as st
from omegaconf.errors import OmegaConfBaseException

from flowsim import csv_tables
from flowsim.config import yaml_files

LONGEST = 1.0
"""Longest time in which a text must be read or refused [CPU s]."""

CELLS = (
    *("", '"', '""', ",", ";", "\t", "\n", "\r\n", "\r", "\0", "\ufeff", "1e999", "-0", "nan", "#", "=1+1", "\u0661"),
    *("\u00e9", "\ud7ff"),
)
WORDS = (
    *(
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!python/object:os.system ",
        "!!binary ",
        "? ",
        "| ",
    ),
    *("---\n", "...\n", "%YAML 1.1\n", "\t", "\n", "  ", "'", '"', "${", "}", "${oc.env:HOME}", "0x1f", "1_000", "0o7"),
    *(
        "~",
        "| ",
        "> ",
        "2001-01-01",
        "12:30:45",
        ".inf",
        ".nan",
        "# @package x\n",
        "defaults:\n",
        "_target_: os.system\n",
    ),
    *("\0", "\ufeff", "\u00e9", "_target_: os.system\n"),
)

COLUMNS = ("place", "kind", "km", "source")
TABLE = 'place,kind,km,source\nalmaty,city,10.5,judgement: a\nosh,border,3,"b, c"\n'
FILE = (
    "# @package policy.a\nname: a\ntitle: A policy\nchanges:\n  - {kind: close_checkpoint, name: gate}\n"
    "list: [1, 2.5, x]\n"
)


def texts(sound: str, pieces: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Texts made of parts of a sound one and of pieces."""
    part = st.tuples(st.integers(0, len(sound)), st.integers(0, 40)).map(lambda own: sound[own[0] : own[0] + own[1]])
    repeated = st.tuples(st.sampled_from(pieces), st.sampled_from((1, 2, 50, 3000))).map(lambda own: own[0] * own[1])
    other = st.text(st.characters(codec="utf-8"), max_size=8)
    return st.lists(st.one_of(st.just(sound), part, repeated, other), max_size=12).map("".join)


CSV, YAML = texts(TABLE, CELLS), texts(FILE, WORDS)


def within_a_second(read: Callable[[], object], *, name: str) -> None:
    """Read a text, or refuse it by a sentence with the file, the rule and the value; nothing else may happen."""
    begun = time.process_time()
    try:
        read()
    except (ValueError, OmegaConfBaseException) as error:
        said = str(error) or "nothing was said"
    else:
        said = ""
    assert time.process_time() - begun < LONGEST
    if said:
        check_sentence(said, name=name)


def check_sentence(said: str, *, name: str) -> None:
    """A refusal names the file, a rule and a value."""
    assert name in said, said
    assert " must " in said, said
    assert ", got " in said, said


def typed_rows(file: Path) -> None:
    """Read a table with texts and a number as the tables of a world are read; each mistake has its line and column."""
    found = csv_tables.scan(file, columns=COLUMNS)
    for mistake in found.mistakes:
        check_sentence(mistake.text, name=file.name)
    for row in found.rows:
        for column, read in (("place", row.text), ("km", row.number)):
            if said := refusal(partial(read, column)):
                check_sentence(said, name=row.where(column))


def refusal(read: Callable[[], object]) -> str:
    """What is said where a value is refused, else nothing."""
    try:
        read()
    except ValueError as error:
        return str(error) or "nothing was said"
    return ""


def check_table(folder: Path, text: bytes) -> None:
    """Read a table of any bytes; nothing is left behind."""
    file = folder / "rows.csv"
    file.write_bytes(text)
    within_a_second(lambda: typed_rows(file), name=file.name)
    within_a_second(lambda: csv_tables.scan(file, columns=None), name=file.name)
    assert [path.name for path in folder.iterdir()] == ["rows.csv"]
    file.unlink()


def check_file(folder: Path, text: bytes) -> None:
    """Read a YAML file of any bytes; nothing is left behind."""
    file = folder / "a.yaml"
    file.write_bytes(text)
    within_a_second(lambda: yaml_files.read(file), name=file.name)
    assert [path.name for path in folder.iterdir()] == ["a.yaml"]
    file.unlink()
