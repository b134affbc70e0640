"""Tables as spreadsheets save them: the same rows are read, or they are refused in one line."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from amounts import amount
from hypothesis import given, settings
from hypothesis import strategies as st
from together import together

from flowsim import csv_tables
from flowsim.sweeps import designs

COLUMNS = ("place", "value", "words", "label", "source")
SLUGS = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
TEXTS = st.text(alphabet="aé№ ,;\"'#.:1\t", max_size=8).map(str.strip)
NUMBERS = st.one_of(st.integers(-2000, 2000).map(str), st.decimals(-2000, 2000, places=3).map(lambda n: f"{n:f}"))
ROWS = st.lists(
    st.tuples(SLUGS, NUMBERS, st.lists(SLUGS, max_size=3).map(";".join), TEXTS, TEXTS.filter(bool)).map(list),
    min_size=1,
    max_size=5,
)


@dataclass(frozen=True)
class Dialect:
    """What a spreadsheet, or who types by hand, does to a table."""

    encoding: str
    ends: str
    separator: str
    quoting: int
    empty: int
    blank: bool
    comments: bool
    case: str
    decimal: str

    def text(self, rows: list[list[str]]) -> bytes:
        """The table as it is saved."""
        file = io.StringIO(newline="")
        writer = csv.writer(file, delimiter=self.separator, quoting=self.quoting, lineterminator=self.ends)
        every = [[getattr(name, self.case)() for name in COLUMNS]]
        every += [[row[0], row[1].replace(".", self.decimal), *row[2:]] for row in rows]
        if self.comments:
            every = [["# what it is; where", " it comes from"], [], *every]
        if self.blank:
            every.insert(len(every) - 1, [""] * len(COLUMNS))
        for row in every:
            writer.writerow(row + [""] * self.empty)
        return file.getvalue().encode(self.encoding)


DIALECTS = st.builds(
    Dialect,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    separator=st.sampled_from([",", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    empty=st.integers(0, 3),
    blank=st.booleans(),
    comments=st.booleans(),
    case=st.sampled_from(["lower", "capitalize", "upper"]),
    decimal=st.sampled_from([".", ","]),
)


def scanned(data: bytes, columns: tuple[str, ...] | None = COLUMNS) -> csv_tables.Scan:
    """What is read of the bytes of a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "mine.csv")
        path.write_bytes(data)
        return csv_tables.scan(path, columns=columns)


@settings(max_examples=amount(120, quick=20), derandomize=True, deadline=None)
@given(rows=ROWS, dialect=DIALECTS)
def test_a_table_is_the_same_in_every_dialect(rows, dialect):
    found = scanned(dialect.text(rows))
    assert not found.mistakes
    texts = [[cell for name, cell in row.cells.items() if name != "value"] for row in found.rows]
    assert texts == [[row[0], *row[2:]] for row in rows]
    for row, clean in zip(found.rows, rows, strict=True):
        if dialect.decimal == "," and "," in row.cells["value"]:
            # it may stand between thousands, or there are points or no separator but commas in the table
            with pytest.raises(
                ValueError, match=r"^mine\.csv line \d+, column 'value' must be .* with a decimal point, got .*"
            ):
                row.number("value")
        else:
            assert row.number("value") == float(clean[1])


@settings(max_examples=amount(120, quick=20), derandomize=True, deadline=None)
@given(
    data=st.one_of(st.binary(max_size=60), st.text(alphabet='placevu,;\t"\n\r\x00#é1.', max_size=60).map(str.encode))
)
def test_any_bytes_are_rows_or_mistakes_of_one_line(data):
    for columns in (("place", "value"), None):
        found = scanned(b"place,value\n" + data, columns)
        assert all("\n" not in mistake.text and " must " in mistake.text for mistake in found.mistakes)
        found = scanned(data, columns)
        assert all("\n" not in mistake.text and " must " in mistake.text for mistake in found.mistakes)


def numbers(text: str) -> list[float]:
    """Numbers of a table with one column of them."""
    return [row.number("value") for row in scanned(text.encode(), ("place", "value")).rows]


def test_decimal_commas_are_read_where_one_number_shows_that_they_are_none_of_thousands():
    assert numbers("place;value\na;1,234\nb;0,5\n") == [1.234, 0.5]
    assert numbers("place;value\na;-1,25\nb;7\nc;,5\n") == [-1.25, 7, 0.5]
    assert numbers('place\tvalue\na\t"2,5e3"\n') == [2500]


@pytest.mark.parametrize(
    "text",
    [
        "place;value\na;1,234\n",  # 1.234 or 1234
        "place;value\na;0.5\nb;0,5\n",  # both in one table
        "place;value\na;1.234,5\n",
        'place,value\na,"0,5"\n',  # no spreadsheet writes both for one country
    ],
)
def test_other_commas_in_numbers_are_refused(text):
    with pytest.raises(ValueError, match=r"must be a finite number with a decimal point, got '[\d.,]+'"):
        numbers(text)


@together(
    "data, says",
    [
        (
            b"place;value\na;b;c\n",
            "line 2 must have 2 cells, got 3; a cell that holds a semicolon needs quotation marks",
        ),
        (b"place,value,,\na,1,,x\n", "line 2 must have no cells below a column without a name, got 'x'; .*"),
        (b"place,value,,\na,b,1,,\n", "line 2 must have 2 cells, got 5; .*"),
        (b"place,value,,\na,1,\n", "line 2 must have 2 cells, got 3; .*"),
        (b"place,,value\na,,1\n", "line 1 must have a name for each column, got none before 'value'"),
        (b"Place,place,value\na,b,1\n", "line 1 must have each column once, got 'place' 2 times"),
        (
            b"place,value\n\xd1\xf3\xeb,1\n",
            "line 2 must be UTF-8, got byte 0xd1 .*; a spreadsheet saves it as 'CSV UTF-8'",
        ),
        ("place,value\na,1\n".encode("utf-16-le"), "line 1 must hold no control characters, got .*"),
        ("place,value\na,1\n".encode("utf-16")[:-1], "must be UTF-8, or UTF-16 to its end, got half a character .*"),
        ("place,value\na,1\n".encode("utf-32"), "line 1 must be UTF-8, got byte 0xff .*"),
        (b'place;value\n"a"b;1\n', "line 2 must close each quotation mark .* and follow it with a semicolon, got .*"),
        (b'place,value\n"a\nb",1\n', "line 2 must close each quotation mark on the same line .*"),
    ],
)
def test_what_may_mean_several_things_is_refused_in_one_line(data, says):
    texts = [mistake.text for mistake in scanned(data, ("place", "value")).mistakes]
    assert re.fullmatch(rf"mine\.csv {says}", texts[0]), texts


@pytest.mark.parametrize(
    "data",
    [
        b"inflow,seed\n60,1\n90,2\n",
        b"\xef\xbb\xbfinflow;seed;;\r\n60;1;;\r\n;;;\r\n90;2;;\r\n",
        "inflow\tseed\r\n60\t1\r\n90\t2\r\n".encode("utf-16"),
        b"sep=;\r\n# rows\r\ninflow;seed\r\n60;1\r\n90;2",
    ],
)
def test_the_table_of_a_sweep_is_read_as_those_of_a_world(tmp_path, data):
    path = tmp_path / "rows.csv"
    path.write_bytes(data)
    axis = designs.from_table(path)
    assert (axis.keys, axis.texts) == (("inflow", "seed"), (("60", "1"), ("90", "2")))


def test_a_decimal_comma_in_the_table_of_a_sweep_is_a_point(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("inflow;policy\n0,5;baseline\n2;baseline\n", encoding="utf-8")
    first, _ = designs.from_table(path).texts
    assert first == ("0.5", "baseline")
    assert math.isclose(float(first[0]), 0.5)
