"""Text of a table as spreadsheets write it: encodings, separators, empty columns, decimal commas."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
"""Possible separators of cells, the first where several would do, with their names."""

TEXTS = ("source", "note", "label", "title", "locator")
"""Columns of free text, in which a comma between digits is none of a number."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_COMMENT = re.compile(r'"?#')
_SEPARATOR = re.compile(r'"?sep=(?P<separator>[,;\t])"?')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_POINT = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def decoded(path: Path) -> str:
    """Text of a file in UTF-8, or in UTF-16 with a byte order mark.

    Parameters
    ----------
    path
        File of a table.

    Raises
    ------
    ValueError
        If there is no such file, it cannot be read, or it is in another encoding.
    """
    if not path.is_file():
        raise ValueError(f"{path.name} must be a file in {path.parent}, got none")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path.name} must be a file that can be read, got {error.strerror}") from None
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not data.startswith(codecs.BOM_UTF32_LE)
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        if wide:
            rule = "be UTF-8, or UTF-16 to its end"
            raise ValueError(f"{path.name} must {rule}, got half a character at byte {error.start + 1}") from None
        skipped = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0  # the decoder counts from behind it
        at = error.start + skipped
        line = data.count(b"\n", 0, at) + 1
        raise ValueError(
            f"{path.name} line {line} must be UTF-8, got byte 0x{data[at]:02x} of another encoding "
            f"(byte {at + 1} of the file); a spreadsheet saves it as 'CSV UTF-8'"
        ) from None


def line_count(text: str) -> int:
    """Number of the last line of a text, one without a line end counted too [1]."""
    return 1 + len(_LINE_END.findall(text))


def lines(text: str, *, columns: Collection[str] | None) -> tuple[str, Iterator[tuple[int, str]]]:
    """Separator of a table, and its numbered lines, without comments and empty rows.

    Parameters
    ----------
    text
        Text of the file.
    columns
        Possible columns of the header; None for any.
    """
    every = list(enumerate(_LINE_END.split(text), start=1))
    kept = [(number, line) for number, line in every if line.strip(' \t,;"\xa0') and not _COMMENT.match(line)]
    told = _SEPARATOR.fullmatch(kept[0][1].strip(" ,")) if kept else None
    if told is not None:
        return told["separator"], iter(kept[1:])
    return _separator(kept[0][1] if kept else "", columns=columns), iter(kept)


def _separator(header: str, *, columns: Collection[str] | None) -> str:
    """Separator that gives the header the most of its columns."""

    def count(separator: str) -> int:
        try:
            found = cells(header, separator=separator)
        except ValueError:
            return 0
        return sum(bool(cell) if columns is None else cell.lower() in columns for cell in found)

    return max(SEPARATORS, key=count)


def cells(line: str, *, separator: str) -> list[str]:
    """Cells of one line; a quotation mark left open would swallow the lines after it.

    Parameters
    ----------
    line
        The line.
    separator
        Separator of the cells.

    Raises
    ------
    ValueError
        If a quotation mark is not closed, or a cell holds a control character.
    """
    try:
        found = [cell.strip() for cell in next(csv.reader([line], strict=True, delimiter=separator))]
    except csv.Error:
        rule = "close each quotation mark on the same line"
        follows = f"follow it with a {SEPARATORS[separator]}"
        raise ValueError(f"must {rule} and {follows}, got {line[:60]!r}") from None
    odd = next((cell for cell in found if _CONTROL.search(cell)), None)
    if odd is not None:
        raise ValueError(f"must hold no control characters, got {odd[:60]!r}")
    return found


def named(header: Sequence[str], *, columns: Collection[str] | None) -> list[str]:
    """Names of the columns as the table has them, without empty ones at the end and whatever their case.

    Parameters
    ----------
    header
        Cells of the header.
    columns
        Possible names; None for any.
    """
    count = max((k for k, cell in enumerate(header, start=1) if cell), default=0)
    known = columns or ()
    return [cell if cell in known or cell.lower() not in known else cell.lower() for cell in header[:count]]


def with_points(rows: Sequence[list[str]], *, header: Sequence[str], separator: str) -> Sequence[list[str]]:
    """Rows with decimal points in place of decimal commas, if the table has these.

    It has, if its cells are not separated by commas, a number has a comma that cannot stand between thousands, and none
    has a point. Otherwise commas are left as they are, and a number with one is refused where it is read.

    Parameters
    ----------
    rows
        Cells of each row.
    header
        Names of the columns.
    separator
        Separator of the cells.
    """
    numbers = [k for k, name in enumerate(header) if name not in TEXTS]
    found = [row[k] for row in rows for k in numbers]
    certain = any(_COMMA.fullmatch(cell) and not _THOUSANDS.fullmatch(cell) for cell in found)
    if separator == "," or not certain or any(_POINT.fullmatch(cell) for cell in found):
        return rows
    return [
        [cell.replace(",", ".") if k in numbers and _COMMA.fullmatch(cell) else cell for k, cell in enumerate(row)]
        for row in rows
    ]
