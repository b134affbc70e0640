"""Generated breaks of a world's tables and of its configuration, each with what its refusal must say."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import flowsim
from flowsim.world import hashes
from flowsim.world_tables.columns import Column
from flowsim.world_tables.forms import SOURCED
from flowsim.world_tables.parameters import PARAMETERS
from flowsim.world_tables.table_columns import TABLES

SOURCE = Path(flowsim.__file__).parent / "data" / "worlds" / "single_checkpoint"

ADDED = {
    "streams": ("opium,abroad,road,1,1,1,assumed,judgement: teaching example",),
    "drugs": ("opium,2,1,4,3,1.3,55,0.2,1.1,500,0.2,20,flat-year,assumed,judgement: teaching example",),
    "populations": (
        "opium,small,0.4,0.3,0.5,3,2,4,1.2,1,1.4,55,0.01,1.1,500,0.2,0,-1,1,0.5,0,1,1,0.5,1,assumed,judgement: test",
        "opium,large,0.6,0.5,0.7,60,9,99,0.6,0.4,0.8,99,0,1.5,400,0,1,0,2,1,0.8,1,1.5,1,2,assumed,judgement: test",
    ),
    "lanes": ("gate,in,train;passenger,1,30,constant,,0.2,2,60,0.5,assumed,judgement: teaching example",),
    "shifts": (
        "gate,in,car;truck,0,6,0,assumed,judgement: teaching example",
        "gate,in,car;truck,6,22.5,1,assumed,judgement: teaching example",
        "gate,in,car;truck,22.5,24,0,assumed,judgement: teaching example",
    ),
    "bypass": (
        "UZ,foot,0.1,0,0.2,20,20,0.05,assumed,judgement: teaching example",
        "UZ,vehicle,0.2,0.1,0.3,500,6,0.1,assumed,judgement: teaching example",
    ),
    "campaigns": ("poppy,05-20,10-20,Customs;KNB,1.5,1,2,2008-01-01,,assumed,judgement: teaching example",),
    "hubs": ("gate,0.5,0.2,0.8,48,24,96,0.5,50,0.1,assumed,judgement: teaching example",),
    "hub_classes": (
        "gate,car,0.25,assumed,judgement: teaching example",
        "gate,truck,0.75,assumed,judgement: teaching example",
    ),
    "parameters": ("market,0.1,0,0.2,1,assumed,judgement: teaching example,",),
    "counts": ("at-gate,gate,car,in,120,100,140,2010,assumed,judgement: teaching example,",),
    "route_evidence": ("told,abroad,gate;town,road,assumed,judgement: teaching example,",),
    "routes_excluded": ("hearsay,judgement: nobody saw it,assumed,judgement: teaching example",),
}
"""Rows that the tables of the teaching world lack, so that every column of every table has a cell to break."""

MISSED = {
    "drugs": r"  streams\.csv line 3, column 'drug' must be heroin or name a row of drugs\.csv, got 'opium'",
    "hubs": r"  hub_classes\.csv line 2, column 'place' must name a row of hubs\.csv, got 'gate'",
    "hub_classes": r"  hubs\.csv line 2, column 'place' must have rows in hub_classes\.csv, got none for 'gate'",
}
"""Tables that a world may lack unless another refers to them, and what is then said."""

Tables = dict[str, list[list[str]]]
"""Cells of each table, the header first."""

TOO_FAR = ("-1000000", "-1", "-0.5", "0", "0.5", "1.5", "2", "1001", "99999999")
"""Numbers of which some lie outside any range that a column has."""


@dataclass(frozen=True)
class Break:
    """A way to break a table."""

    name: str
    """What is broken, and how."""

    change: Callable[[Path], None]
    """Change of the files in a folder of tables."""

    says: str
    """Pattern of a line of the refusal."""


def whole_tables() -> Tables:
    """Tables of the teaching world with a row in each, and with the columns that it lacks."""
    tables = {}
    for name in TABLES:
        path = SOURCE / f"{name}.csv"
        header = ",".join(column.name for column in (*TABLES[name].columns, *SOURCED))
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else [header]
        rows = [line.split(",") for line in lines]
        for column in [column.name for column in TABLES[name].columns if column.name not in rows[0]]:
            at = rows[0].index("kind")
            for row in rows:
                row.insert(at, column if row is rows[0] else "")
        tables[name] = rows + [line.split(",") for line in ADDED.get(name, ())]
    tables["routes"][1][tables["routes"][0].index("evidence")] = "told"
    second = list(tables["route_evidence"][1])
    second[0] = "hearsay"
    tables["route_evidence"].append(second)
    return tables


WHOLE = whole_tables()


def write(folder: Path, tables: Tables) -> None:
    """Write tables into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        text = "\n".join(",".join(row) for row in rows) + "\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def cell_of(table: str, column: str, line: int = 2) -> str:
    """Text of a cell of the whole tables."""
    return WHOLE[table][line - 1][WHOLE[table][0].index(column)]


def rewrite(table: str, change: Callable[[list[list[str]]], None]) -> Callable[[Path], None]:
    """Change of the rows of one table."""

    def apply(folder: Path) -> None:
        rows = [list(row) for row in WHOLE[table]]
        change(rows)
        write(folder, {table: rows})

    return apply


def put(table: str, cells: dict[str, str], *, line: int = 2) -> Callable[[Path], None]:
    """Change of some cells of one row."""

    def change(rows: list[list[str]]) -> None:
        for column, value in cells.items():
            rows[line - 1][rows[0].index(column)] = value

    return rewrite(table, change)


def content(table: str, make: Callable[[str], bytes]) -> Callable[[Path], None]:
    """Change of the content of one file."""

    def apply(folder: Path) -> None:
        path = folder / f"{table}.csv"
        path.write_bytes(make(path.read_text(encoding="utf-8")))

    return apply


def together(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    """Several changes of different tables."""

    def apply(folder: Path) -> None:
        for change in changes:
            change(folder)

    return apply


def at(table: str, column: str, value: str, *, line: int = 2, rule: str = ".*") -> str:
    """Pattern of a refusal that names table, line, column, rule and value."""
    shown = re.escape(value.strip('"'))
    return rf"  {table}\.csv line {line}, column '{column}' must {rule}, got '?{shown}.*"


def every() -> list[Break]:
    """All breaks of tables."""
    return [*cells(), *files(), *parameters(), *worlds()]


def cells() -> Iterator[Break]:
    """Every column of every table, wrong in each way that its form allows."""
    for table, spec in TABLES.items():
        for column in (*spec.columns, *SOURCED):
            for how, value in bad_values(column):
                shown = value or "nothing"
                name = f"{table}.{column.name}: {how} ({value})"
                yield Break(name, put(table, {column.name: value}), at(table, column.name, shown))


def bad_values(column: Column) -> Iterator[tuple[str, str]]:
    """Values that a column must refuse, with what is wrong with each."""
    if not column.optional:
        yield "empty", ""
    if column.form in ("number", "whole"):
        yield from (("text", "many"), ("NaN", "nan"), ("infinity", "inf"), ("minus infinity", "-inf"))
        yield from (("decimal comma", '"1,5"'), ("underscore", "1_000"), ("too large", "1e999"), ("hex", "0x10"))
        if column.rule is not None:
            outside = [value for value in TOO_FAR if not column.rule.holds(float(value))]
            yield from (("out of range", value) for value in outside[:3])
        if column.form == "whole":
            yield "fraction", "1.25"
    elif column.form in ("name", "names"):
        yield from (("capitals and spaces", "Not A Name"), ("underscore", "not_a_name"))
        if column.table:
            yield "unknown", "nowhere-at-all"
    elif column.form == "word":
        yield from (("unknown word", "xyzzy"), ("two words", f"{column.words[0]};{column.words[-1]}"))
    elif column.form == "words":
        yield "unknown word", "xyzzy"
    elif column.form == "date":
        yield from (
            ("no date", "soon"),
            ("no day", "2010-13-45"),
            ("other order", "01.02.2010"),
            ("compact", "20100102"),
        )
    elif column.form == "day":
        yield from (("no day", "soon"), ("a date", "2010-05-20"), ("no month", "13-01"), ("leap day", "02-29"))
        yield from (("one digit", "5-20"), ("compact", "0520"))
    elif column.form == "years":
        yield from (("no year", "soon"), ("short", "10"))


def files() -> Iterator[Break]:
    """Every file, wrong as a whole."""
    for table, spec in TABLES.items():
        header = WHOLE[table][0]
        line = len(WHOLE[table])
        where = rf"  {table}\.csv"
        missing = MISSED.get(table, rf"{where} must be a file in .*")
        yield Break(f"{table}: missing", lambda f, t=table: (f / f"{t}.csv").unlink(), missing)
        yield Break(
            f"{table}: empty", content(table, lambda _: b""), rf"{where} must have a header .*, got an empty file"
        )
        yield Break(f"{table}: a comment only", content(table, lambda _: b"# x\n"), rf"{where} must have a header .*")
        if not spec.may_be_empty:
            only = content(table, lambda text: text.splitlines(keepends=True)[0].encode())
            yield Break(f"{table}: no rows", only, rf"{where} must have at least one row, got none")
        twice = rewrite(table, lambda rows: rows.append(rows[1]))
        yield Break(f"{table}: a row twice", twice, rf"{where} line {line + 1}, column .* must .*, got .*")
        for index, column in enumerate(header):
            if column == "note":
                continue
            less = rewrite(table, lambda rows, i=index: [row.pop(i) for row in rows] and None)
            yield Break(f"{table}: no {column}", less, rf"{where} line 1 must have a column '{column}', got .*")
        more = rewrite(table, lambda rows: [row.append("1") for row in rows] and None)
        yield Break(f"{table}: a column 1", more, rf"{where} line 1 must have no other columns than .*, got '1'.*")
        again = rewrite(table, lambda rows: [row.append(row[0]) for row in rows] and None)
        yield Break(
            f"{table}: a column twice", again, rf"{where} line 1 must have each column once, got '{header[0]}' 2 times"
        )
        near = rewrite(table, lambda rows: rows[0].__setitem__(0, rows[0][0] + "s"))
        hint = rf"{where} line 1 must have no other columns .*; did you mean '{header[0]}'\?"
        yield Break(f"{table}: a column misspelt", near, hint)
        yield from _contents(table, where=where, line=line)


def _contents(table: str, *, where: str, line: int) -> Iterator[Break]:
    count = len(WHOLE[table][0])
    short = content(table, lambda text: text.rstrip("\n").rpartition(",")[0].rpartition(",")[0].encode())
    cut = rf"{where} line {line} must have {count} cells, got {count - 2} \(the file ends in mid-line\)"
    yield Break(f"{table}: cut in mid-line", short, cut)
    source = content(table, lambda text: text.rstrip("\n")[:-1].encode())
    end = rf"{where} line {line} must (end with a line end, .*, got .*|have {count} cells, got .* \(the file ends .*\))"
    yield Break(f"{table}: cut in the last cell", source, end)
    comment = content(table, lambda text: f"{text}# a comm".encode())
    yield Break(f"{table}: cut in a comment", comment, rf"{where} line {line + 1} must end with a line end, .*, got .*")
    quoted = content(table, lambda text: text.replace("\n", '\n"', 1).encode())
    yield Break(f"{table}: a quotation mark", quoted, rf"{where} line 2 must close each quotation mark .*, got .*")
    comma = rewrite(table, lambda rows: rows[1].insert(1, "5"))
    long = rf"{where} line 2 must have {count} cells, got {count + 1}; .* takes a decimal point"
    yield Break(f"{table}: a comma too many", comma, long)
    latin = content(table, lambda text: text.replace("\n", "\n", 1).encode() + b"\xe9t\xe9\n")
    yield Break(
        f"{table}: Latin-1", latin, rf"{where} line {line + 1} must be UTF-8, got byte 0xe9 .* \(byte \d+ of .*"
    )
    wide = content(table, lambda text: text.encode("utf-16-le"))
    yield Break(f"{table}: UTF-16 without a mark", wide, rf"{where} line 1 must hold no control characters, got .*")
    mixed = content(table, lambda text: text.replace(",", ";", 1).encode())
    yield Break(f"{table}: commas and semicolons", mixed, rf"{where} line 1 must .*, got .*")
    control = content(table, lambda text: text.replace("\n", "\n\x07", 1).encode())
    yield Break(f"{table}: a control character", control, rf"{where} line 2 must hold no control characters, got .*")
    null = content(table, lambda text: text.replace("\n", "\n\x00", 1).encode())
    yield Break(f"{table}: a NUL", null, rf"{where} line 2 must hold no control characters, got .*")


def parameters() -> Iterator[Break]:
    """Every parameter: missing, misspelt, out of its range, outside its interval, in another unit."""
    last = len(WHOLE["parameters"]) + 1
    for line, row in enumerate(WHOLE["parameters"][1:], start=2):
        name, expected = row[0], PARAMETERS[row[0]]
        missing = rewrite("parameters", lambda rows, i=line: rows.pop(i - 1) and None)
        says = rf"  parameters\.csv must have a row for '{name}' \[.*\], got none"
        yield Break(f"parameter {name}: missing", missing, says)
        cell = at("parameters", "parameter", f"{name}x", line=line)
        yield Break(f"parameter {name}: misspelt", put("parameters", {"parameter": f"{name}x"}, line=line), cell)
        unit = at(
            "parameters", "unit", "furlong", line=line, rule=f"be '{re.escape(expected.unit)}', the unit of {name}"
        )
        yield Break(f"parameter {name}: in furlong", put("parameters", {"unit": "furlong"}, line=line), unit)
        high = {"low": "9e9", "high": "9e9"} if expected.rule.holds(9e9) else {"low": row[1], "high": "-1"}
        interval = rf"  parameters\.csv line {line}, column '(value|high|low)' must .*, got .*"
        yield Break(f"parameter {name}: outside its interval", put("parameters", high, line=line), interval)
        for value in [value for value in TOO_FAR if not expected.rule.holds(float(value))][:2]:
            wrong = {"value": value, "low": value, "high": value}
            range_ = at("parameters", "value", value, line=line)
            yield Break(f"parameter {name}: {value}", put("parameters", wrong, line=line), range_)
    unknown = rewrite("parameters", lambda rows: rows.append(["speed_plane", "9", "", "", "km/h", "assumed", "x", ""]))
    yield Break("a parameter too many", unknown, at("parameters", "parameter", "speed_plane", line=last))


def collide(by: Callable[[str], int], pattern: str) -> tuple[str, str]:
    """Two names of the same hash."""
    pair = hashes.collision((pattern.format(number) for number in range(1_000_000)), by=by)
    assert pair is not None
    return pair


def add(table: str, *rows: str) -> Callable[[Path], None]:
    """Change that adds rows to a table."""
    return rewrite(table, lambda own: own.extend(row.split(",") for row in rows))


MADE = "assumed,judgement: made up"
POST = f"post-1,gate,Post,internal,,road,KNB,inside,1,,,,,{MADE}"
POST_LANES = f"post-1,both,car;truck,1,6,exponential,,0.1,50,,,{MADE}"
NORTH = f"north,North,Example,Example,51.0,70.0,1,{MADE}"
NO_LENGTH = {"distance": "", "distance_low": "", "distance_high": ""}
ONE_ROW = (
    ("a stream without routes", "streams", {"origin": "moon"}, "origin", "moon"),
    ("weights that sum to less than one", "routes", {"weight": "0.7"}, "weight", "0.7"),
    ("shares of streams", "streams", {"share": "0.5", "share_low": "0.5"}, "share", "0.5"),
    ("shares of classes", "classes", {"share": "0.6"}, "share", "1.1"),
    ("dates reversed", "checkpoints", {"from": "2011-01-01", "to": "2010-01-01"}, "to", "2010-01-01"),
    ("a date twice", "checkpoints", {"from": "2009-01-01", "to": "2009-01-01"}, "to", "2009-01-01"),
    ("a leg to its own start", "legs", {"end": "gate"}, "end", "gate"),
    (
        "a leg that takes no time",
        "legs",
        {"distance": "1e-300", "distance_low": "1e-300", "speed": "1e300"},
        "distance",
        "1",
    ),
    ("a leg outside its interval", "legs", {"distance_low": "130", "distance_high": "140"}, "distance", "120"),
    ("a flow outside its interval", "flows", {"low": "130", "high": "140"}, "per_day", "120"),
    ("an interval upside down", "flows", {"low": "130", "high": "110"}, "per_day", "120"),
    ("a share outside its interval", "streams", {"share_high": "0.9"}, "share", "1"),
    ("a count outside its interval", "counts", {"low": "130"}, "value", "120"),
    ("a spread of an exponential", "lanes", {"service_cv": "0.5"}, "service_cv", "0.5"),
    ("a spread of a constant", "devices", {"service_law": "constant", "service_cv": "1"}, "service_cv", "1"),
    ("a lognormal without spread", "lanes", {"service_law": "lognormal"}, "service_cv", ""),
    ("a device twice", "checkpoints", {"devices": "manual;manual"}, "devices", "manual"),
    ("a mean that is not 1", "profiles", {"weight": "3"}, "weight", "1.08"),
    ("a profile of another cycle", "flows", {"daily": "flat-week"}, "daily", "flat-week"),
    ("evidence that is used and excluded", "routes_excluded", {"evidence": "told"}, "evidence", "told"),
    ("no checkpoint in force", "checkpoints", {"from": "2020-01-01"}, "from", "none"),
    ("a drug without streams", "drugs", {"drug": "cannabis"}, "drug", "none for 'cannabis'"),
    ("a stream of a drug without numbers", "streams", {"drug": "cannabis"}, "drug", "cannabis"),
    ("heroin among further drugs", "drugs", {"drug": "heroin"}, "drug", "heroin"),
    ("an inflow outside its interval", "drugs", {"inflow_low": "3"}, "inflow", "2"),
    ("a tail of a drug above its largest consignment", "drugs", {"load_maximum": "50"}, "load_maximum", "50"),
    ("a tail of a drug as steep as selection", "drugs", {"load_size_selection": "1.1"}, "load_size_selection", "1.1"),
    ("more of a drug in the tail than in all", "drugs", {"load_tail_rate": "80"}, "load_tail_rate", "80"),
    ("a population of a drug that is not sent", "populations", {"drug": "cannabis"}, "drug", "none for 'cannabis'"),
    ("mass shares of populations", "populations", {"mass_share": "0.3"}, "mass_share", "0.9"),
    ("a mass share outside its interval", "populations", {"mass_share_low": "0.45"}, "mass_share", "0.4"),
    ("a median outside its interval", "populations", {"load_median_high": "2"}, "load_median", "3"),
    ("a tail of a population above its largest", "populations", {"load_maximum": "50"}, "load_maximum", "50"),
    (
        "a tail of a population as steep as selection",
        "populations",
        {"load_size_selection": "1.1"},
        "load_size_selection",
        "1.1",
    ),
    ("a season of another cycle", "drugs", {"season": "flat-week"}, "season", "flat-week"),
    ("a hub where no consignment goes on", "hubs", {"place": "town"}, "place", "town"),
    ("classes of no hub", "hub_classes", {"place": "town"}, "place", "town"),
    ("a share of a hub outside its interval", "hubs", {"share_low": "0.6"}, "share", "0.5"),
    ("a store outside its interval", "hubs", {"store_high": "40"}, "store", "48"),
    ("more parts than have numbers", "hubs", {"part": "7"}, "part", "7"),
    ("shares of classes of a hub", "hub_classes", {"share": "0.5"}, "share", "1.25"),
    ("a part in a train", "hub_classes", {"class": "train"}, "class", "train"),
    ("a part without lanes", "hub_classes", {"class": "tir"}, "class", "gate' without lanes for tir in direction in"),
    ("a stop of cars", "lanes", {"stop": "40"}, "stop", "40"),
    ("wagons of cars", "lanes", {"wagons": "0.5"}, "wagons", "0.5"),
    ("a border that no crossing has", "bypass", {"border": "UZB"}, "border", "UZB"),
    ("more go round than come", "bypass", {"share": "0.9", "share_high": "1"}, "share", "1.1"),
    ("a way outside its interval", "bypass", {"share_low": "0.15"}, "share", "0.1"),
    ("a campaign that ends before it starts", "campaigns", {"end": "05-19"}, "end", "05-19"),
    ("a campaign of no day", "campaigns", {"end": "05-20"}, "end", "05-20"),
    ("a campaign over the end of the year", "campaigns", {"start": "11-01", "end": "02-01"}, "end", "02-01"),
    ("a campaign outside its interval", "campaigns", {"factor_high": "1.2"}, "factor", "1.5"),
    ("dates of a campaign reversed", "campaigns", {"to": "2007-01-01"}, "to", "2007-01-01"),
    ("a day that begins late", "shifts", {"start": "1"}, "start", "1"),
    ("a shift that ends before it starts", "shifts", {"start": "3", "end": "2"}, "end", "2"),
    ("more lanes on duty than there are", "shifts", {"lanes": "2"}, "lanes", "2"),
    ("shifts of no lanes", "shifts", {"direction": "out"}, "classes", "gate/out/car;truck"),
    ("shifts of classes in another order", "shifts", {"classes": "truck;car"}, "classes", "gate/in/truck;car"),
)
"""Breaks of cells of one row: name, table, cells, column that is named, value that is named."""


def line_of(parameter: str) -> int:
    """Line of a parameter."""
    return [row[0] for row in WHOLE["parameters"]].index(parameter) + 1


def worlds() -> Iterator[Break]:
    """What no cell shows alone."""
    for name, table, cells, column, value in ONE_ROW:
        yield Break(name, put(table, cells), at(table, column, value))
    yield from _ways()
    yield from _rows()
    yield from _posts()
    yield from _hashes()
    for name, parameter, value, high in (
        ("a tail above the largest consignment", "load_maximum", "50", "50"),
        ("a tail as steep as selection", "load_size_selection", "1.1", "2"),
        ("more in the tail than in all", "load_tail_rate", "80", "90"),
    ):
        line = line_of(parameter)
        change = put("parameters", {"value": value, "low": "0.1", "high": high}, line=line)
        yield Break(name, change, at("parameters", "value", value, line=line))
    yield Break(
        "no detour for a leg without a length",
        together(put("legs", NO_LENGTH), rewrite("parameters", lambda rows: rows.pop(3) and None)),
        r"  parameters\.csv must have a row for 'detour_road' \[1\], got none",
    )
    yield Break(
        "a reported figure that is not",
        put("parameters", {"value": "reported:no-such-key"}),
        r"  parameters\.csv line 2, column 'value'.* must be one of .*, got 'no-such-key'.*",
    )


def _ways() -> Iterator[Break]:
    """Paths without legs or lanes, and checkpoints without paths."""
    path = r"column 'path' must"
    none = "follow legs of mode road in legs\\.csv, got none from 'gate' to"
    yield Break(
        "a route over a missing leg", put("legs", {"mode": "rail"}), rf"  routes\.csv line 2, {path} {none} 'town'.*"
    )
    away = together(add("places", NORTH), put("flows", {"path": "gate;north"}))
    yield Break("a flow over a missing leg", away, rf"  flows\.csv line 2, {path} {none} 'north'")
    idle = add("checkpoints", POST.replace("gate", "north")), add("lanes", POST_LANES)
    yield Break(
        "a checkpoint nobody passes", together(add("places", NORTH), *idle), at("checkpoints", "place", "north", line=3)
    )
    bare = at("checkpoints", "checkpoint", "none for 'post-1'", line=3)
    yield Break("a checkpoint without lanes", add("checkpoints", POST), bare)
    lacks = rf"{path} meet checkpoints that have lanes .*, got 'gate' without lanes for"
    yield Break(
        "a class without lanes",
        put("lanes", {"classes": "car"}),
        rf"  routes\.csv line 2, {lacks} truck in direction in",
    )
    yield Break(
        "no lanes out", put("flows", {"direction": "out"}), rf"  flows\.csv line 2, {lacks} car in direction out"
    )
    rail = rewrite("classes", lambda rows: [row.__setitem__(0, "rail") for row in rows[1:]] and None)
    yield Break("a stream without classes", rail, at("streams", "mode", "road"))
    unused = put("routes", {"evidence": ""})
    yield Break("evidence that is neither used nor excluded", unused, at("route_evidence", "evidence", "told"))


def _rows() -> Iterator[Break]:
    """Rows that do not go together."""
    twice = add("lanes", f"gate,both,truck,1,6,exponential,,0.1,50,,,{MADE}")
    yield Break("lanes twice", twice, at("lanes", "classes", "another in line 2", line=4))
    stray = add("routes", f"r,R,moon,road,,gate;town,town,1,,{MADE}")
    yield Break("a route without a stream", stray, at("routes", "origin", "moon", line=3))
    again = add("places", NORTH.replace("north", "gate"))
    yield Break("a place twice under another label", again, at("places", "place", "gate", line=5))
    back = add("legs", f"town,gate,road,120,,,,{MADE}")
    yield Break("a leg listed both ways", back, at("legs", "start", "town/gate/road", line=3))
    same = together(put("places", {"latitude": "50.4"}, line=3), put("legs", NO_LENGTH))
    yield Break("places at one point", same, at("legs", "distance", "nothing"))
    yield Break(
        "a slot left out", rewrite("profiles", lambda rows: rows.pop(3) and None), at("profiles", "slot", "none for 2")
    )
    for name, column, value, line in (
        ("hour 24", "slot", "24", 25),
        ("month 0", "slot", "0", 33),
        ("two cycles in one profile", "cycle", "weekly", 3),
    ):
        yield Break(name, put("profiles", {column: value}, line=line), at("profiles", column, value, line=line))


def _posts() -> Iterator[Break]:
    """Mechanisms at the post and behind a consignment whose rows do not go together."""
    for name, column, value, line in (
        ("a gap between shifts", "start", "7", 3),
        ("shifts that overlap", "start", "5.5", 3),
        ("a day that ends early", "end", "23", 4),
    ):
        yield Break(name, put("shifts", {column: value}, line=line), at("shifts", column, value, line=line))
    closed = put("shifts", {"lanes": "0"}, line=3)
    yield Break("a border that never opens", closed, at("shifts", "lanes", "0", rule="be above 0 in some shift.*"))
    bare = rewrite("hub_classes", lambda rows: rows.__delitem__(slice(1, None)))
    yield Break("a hub without classes", bare, at("hubs", "place", "none for 'gate'"))
    again = add("hub_classes", f"gate,car,0.1,{MADE}")
    yield Break("a class of a hub given twice", again, at("hub_classes", "place", "gate/car", line=4))
    again = add("hubs", ",".join(["gate", *WHOLE["hubs"][1][1:]]))
    yield Break("a hub given twice", again, at("hubs", "place", "gate", line=3))
    freight = put("lanes", {"classes": "train;tir"}, line=3)
    yield Break("a stop of trains and trucks", freight, at("lanes", "stop", "60", line=3, rule=".* serve tir"))
    again = add("bypass", f"UZ,foot,0.05,0,0.1,20,20,0.05,{MADE}")
    yield Break("a way given twice", again, at("bypass", "border", "UZ/foot", line=4))
    again = add("campaigns", f"poppy,01-20,02-20,KNB,1.5,1,2,,,{MADE}")
    yield Break("a campaign given twice", again, at("campaigns", "campaign", "poppy", line=3))


def _hashes() -> Iterator[Break]:
    """Names that would be given the same random numbers."""
    first, second = collide(hashes.long_hash, "post-{}")
    posts = add("checkpoints", POST.replace("post-1", first), POST.replace("post-1", second))
    lanes = add("lanes", POST_LANES.replace("post-1", first), POST_LANES.replace("post-1", second))
    yield Break("checkpoints of one hash", together(posts, lanes), at("checkpoints", "checkpoint", second, line=4))
    first, second = collide(hashes.short_hash, "device-{}")
    like = ",".join(WHOLE["devices"][1][1:])
    both = add("devices", f"{first},{like}", f"{second},{like}"), put("checkpoints", {"devices": f"{first};{second}"})
    yield Break("devices of one hash", together(*both), at("checkpoints", "devices", second))


ACCEPTED: dict[str, str] = {
    **{
        f"parameter {name}: missing": "no leg without a length or a speed of its own goes by this mode"
        for name, *_ in WHOLE["parameters"]
        if name.startswith(("detour_", "speed_")) and name not in ("speed_road", "speed_factor_car")
    },
    **{
        f"parameter {name}: missing": "a world without the parameter takes its default"
        for name, expected in PARAMETERS.items()
        if expected.default is not None
    },
    **{
        f"{table}: missing": "a world without the table leaves the mechanism neutral"
        for table, spec in TABLES.items()
        if spec.may_be_absent and table not in MISSED
    },
    **{
        f"{table}: no {column.name}": "a table without the column has empty cells there"
        for table, spec in TABLES.items()
        for column in spec.columns
        if column.may_be_absent
    },
}
"""Breaks that are no mistake, with the reason."""


DIALECTS: dict[str, Callable[[list[list[str]]], bytes]] = {
    "a German spreadsheet": lambda rows: spreadsheet(rows, separator=";", decimal=",").encode("utf-8-sig"),
    "Unicode text": lambda rows: spreadsheet(rows, separator="\t").encode("utf-16"),
    "quotation marks": lambda rows: spreadsheet(rows, quoting=csv.QUOTE_ALL).encode(),
    "empty columns": lambda rows: spreadsheet([[*row, "", "", ""] for row in [*rows, [""] * len(rows[0])]]).encode(),
    "capitals": lambda rows: spreadsheet([[name.upper() for name in rows[0]], *rows[1:]]).encode(),
    "a told separator": lambda rows: ("sep=;\r\n" + spreadsheet(rows, separator=";")).encode(),
}
"""What a spreadsheet makes of the cells of a table."""


def spreadsheet(
    rows: list[list[str]], *, separator: str = ",", decimal: str = ".", quoting: int = csv.QUOTE_MINIMAL
) -> str:
    """Text of a table as a spreadsheet saves it."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator="\r\n")
    for row in rows:
        writer.writerow([re.sub(r"^(-?\d+)\.(\d+)$", rf"\1{decimal}\2", cell) for cell in row])
    return file.getvalue()


def resaved(dialect: Callable[[list[list[str]]], bytes]) -> Callable[[Path], None]:
    """Write all tables in a dialect."""

    def change(folder: Path) -> None:
        for file in folder.glob("*.csv"):
            file.write_bytes(dialect(list(csv.reader(file.read_text(encoding="utf-8").splitlines()))))

    return change


def harmless() -> Sequence[tuple[str, Callable[[Path], None]]]:
    """Changes of the text of the files that change nothing that they say."""
    return (
        ("a byte order mark", content("places", lambda text: b"\xef\xbb\xbf" + text.encode())),
        ("line ends of Windows", content("places", lambda text: text.replace("\n", "\r\n").encode())),
        ("empty lines", content("places", lambda text: text.replace("\n", "\n\n").encode())),
        ("comments", content("places", lambda text: ("# one\n" + text.replace("\n", "\n# two\n")).encode())),
        ("spaces around cells", content("legs", lambda text: text.replace(",", " , ").encode())),
        ("quotation marks", content("cities", lambda text: text.replace("town", '"town"').encode())),
        ("a note", rewrite("cities", lambda rows: [row.append("note") for row in rows] and None)),
        *((f"every table: {name}", resaved(dialect)) for name, dialect in DIALECTS.items()),
        ("columns in another order", rewrite("cities", lambda rows: [row.reverse() for row in rows] and None)),
    )
