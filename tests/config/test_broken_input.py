"""Broken input of every kind: it is refused with table, line, column, rule and value, or key, rule and value."""

from __future__ import annotations

import re
import shutil
from itertools import product
from random import Random

import broken
import broken_config
import pytest
from omegaconf.errors import OmegaConfBaseException
from together import together

import flowsim as fs
from flowsim import checks, cli
from flowsim.config import diagnose
from flowsim.config.options import conf_dir
from flowsim.world_tables import reader

BREAKS = broken.every()
REFUSED = [case for case in BREAKS if case.name not in broken.ACCEPTED]
SETTINGS = broken_config.every()
DAMAGED = list(broken_config.damaged())


@pytest.fixture(scope="module")
def detection():
    """What is common to the checkpoints of the teaching world."""
    return fs.load_world("single_checkpoint").detection


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Tables with nothing wrong."""
    folder = tmp_path_factory.mktemp("tables")
    broken.write(folder, broken.WHOLE)
    return folder


@pytest.fixture(scope="module")
def composed():
    """Configuration of the teaching world."""
    return broken_config.whole()


@pytest.fixture(scope="module")
def load(template, tmp_path_factory, detection):
    """Load the tables after changes, which are then undone."""
    folder = tmp_path_factory.mktemp("changed") / "mine"
    whole = {path.name: path.read_bytes() for path in template.iterdir()}
    shutil.copytree(template, folder)

    def load(*changes):
        try:
            for change in changes:
                change(folder)
            return reader.load(folder, name="mine", title="Mine", year=2010, detection=detection)
        finally:
            for name, data in whole.items():
                path = folder / name
                if not path.exists() or path.read_bytes() != data:
                    path.write_bytes(data)
            assert {path.name for path in folder.iterdir()} == set(whole)

    return load


def test_the_tables_that_are_broken_are_whole_before(load):
    assert load().name == "mine"


@pytest.mark.slow
@together("case", REFUSED, ids=lambda case: case.name, sample=14)
def test_a_broken_table_is_refused_with_its_place_rule_and_value(load, case):
    with pytest.raises(checks.Refused) as refusal:
        load(case.change)
    head, *lines = str(refusal.value).splitlines()
    count = len(lines)
    assert head.startswith("the tables of world 'mine' in ")
    assert head.endswith(f": {count} mistakes" if count > 1 else ": 1 mistake")
    assert [line for line in lines if re.fullmatch(case.says, line)], str(refusal.value)
    assert all(" must " in line and ", got " in line for line in lines)


@together("name, change", broken.harmless(), ids=lambda part: part if isinstance(part, str) else "")
def test_what_changes_nothing_is_accepted(load, name, change):
    assert load(change) == load()


@together("name", broken.ACCEPTED)
def test_an_accepted_break_loads_and_has_a_reason(load, name):
    assert broken.ACCEPTED[name].strip()
    assert load(next(case.change for case in BREAKS if case.name == name))


def test_the_names_of_the_breaks_are_different():
    assert len({case.name for case in BREAKS}) == len(BREAKS)


def test_all_mistakes_are_said_at_once_in_the_order_of_tables_and_rows(load):
    chosen = (
        broken.put("flows", {"per_day": "many", "path": "gate;nowhere", "class": "cart"}, line=3),
        broken.put("places", {"latitude": "95", "longitude": "nan"}, line=4),
        broken.put("lanes", {"referral": "1.5", "lanes": "0"}),
        broken.put("parameters", {"unit": "kg"}),
        broken.content("streams", lambda text: b"\xff" + text.encode()),
        lambda folder: (folder / "cities.csv").unlink(),
    )
    with pytest.raises(checks.Refused) as refusal:
        load(*chosen)
    head, *lines = str(refusal.value).splitlines()
    assert head.endswith(": 10 mistakes")
    starts = [
        "places.csv line 4, column 'latitude' must lie in [-90, 90], got '95'",
        "places.csv line 4, column 'longitude' must be a finite number, got 'nan'",
        "lanes.csv line 2, column 'lanes' must lie in [1, 1000], got '0'",
        "lanes.csv line 2, column 'referral' must lie in [0, 1], got '1.5'",
        "streams.csv line 1 must be UTF-8, got byte 0xff of another encoding (byte 1 of the file)",
        "cities.csv must be a file in ",
        "flows.csv line 3, column 'class' must be one of car, truck, tir, train, passenger, got 'cart'",
        "flows.csv line 3, column 'per_day' must be a finite number, got 'many'",
        "flows.csv line 3, column 'path' must name a row of places.csv, got 'nowhere'",
        "parameters.csv line 2, column 'unit' must be 't/year', the unit of inflow, got 'kg'",
    ]
    assert all(line.strip().startswith(start) for line, start in zip(lines, starts, strict=True)), lines


def test_comments_and_empty_lines_count_as_lines(load):
    lines = broken.content("places", lambda text: ("# one\n\n" + text.replace("49.5", "north")).encode())
    with pytest.raises(
        checks.Refused, match=r"places\.csv line 5, column 'latitude' must be a finite number, got 'north'"
    ):
        load(lines)


@pytest.mark.slow
def test_the_command_lists_the_mistakes_and_leaves_nothing(template, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "mine" / "world" / "mine"
    shutil.copytree(template, folder)
    broken.put("places", {"latitude": "95", "longitude": "nan"})(folder)
    text = "defaults: [override /inspection@_global_.inspection: certain, _self_]\n"
    folder.with_suffix(".yaml").write_text(
        text + "name: mine\ntitle: Mine\nyear: 2010\ntables: mine\n", encoding="utf-8"
    )
    for study in ("run", "check"):
        code = cli.answer(["--config-dir", "mine", "world=mine", f"study={study}"])
        said = capsys.readouterr()
        assert (code, said.out) == (1, "")
        head, *lines = said.err.splitlines()
        assert head.startswith("flowsim: the tables of world 'mine' in ")
        assert head.endswith(": 2 mistakes")
        assert len(lines) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
@together("case", SETTINGS, ids=lambda case: case.name)
def test_a_broken_setting_is_refused_with_its_key_rule_and_value(case, composed):
    with pytest.raises(ValueError, match=r" must ") as refusal:
        broken_config.build(case, composed)
    said = diagnose.as_typed(diagnose.plain(refusal.value), case.overrides)
    assert re.fullmatch(case.says, said), said


@pytest.mark.slow
@together("group", broken_config.FILES)
def test_the_files_that_are_damaged_are_whole_before(group, tmp_path):
    broken_config.put(tmp_path, group=group, data=broken_config.FILES[group].encode())
    broken_config.build_file(tmp_path, group=group)


@pytest.mark.slow
@together("group, damage", DAMAGED, ids=lambda part: part if isinstance(part, str) else part.name)
def test_a_broken_file_is_refused_with_its_name_line_rule_and_value(group, damage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = broken_config.FILES[group]
    broken_config.put(tmp_path, group=group, data=damage.change(whole))
    with pytest.raises(ValueError, match=r" must ") as refusal:
        broken_config.build_file(tmp_path, group=group)
    line = damage.line(whole)
    where = f"{group}/mine.yaml" + (f" line {line}" if line else "")
    said = diagnose.plain(refusal.value)
    assert re.fullmatch(f"{re.escape(where)} must {damage.says}", said), said


GAPS = {
    "world": ("name", "title", "year", "tables"),
    "policy": ("title", "sources", "in_force", "changes"),
    "reading": ("title", "kind", "sources", "changes"),
    "inspection": (
        *("targeting", "sensitivity", "effort", "year_log_sd", "handling_time", "search_time", "search_cv"),
        *("compensation", "search_cost", "title", "sources"),
    ),
}
"""Keys that a file of each group must have."""


@pytest.mark.slow
@together("group", GAPS)
def test_a_broken_file_with_gaps_is_refused_with_all_of_them(group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = f"# @package {group}.mine\n" if group in ("policy", "reading") else ""
    place = f"{group}.mine" if head else group
    broken_config.put(tmp_path, group=group, data=f"{head}note: 1\n".encode())
    with pytest.raises(checks.Refused) as refusal:
        broken_config.build_file(tmp_path, group=group)
    first, unknown, *lines = str(refusal.value).splitlines()
    assert first == f"{group}/mine.yaml: {place}: {1 + len(GAPS[group])} mistakes"
    assert re.fullmatch(f"  the key of {place} must be one of .*, got 'note'.*", unknown)
    assert lines == [f"  {place}.{key} must be given, got None" for key in GAPS[group]]


def test_a_broken_file_with_numbers_of_unknown_origin_is_refused_with_all_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (conf_dir() / "inspection" / "prior.yaml").read_text(encoding="utf-8").partition("sources:")[0]
    text += "sources:\n  targeting: {kind: assumed, low: 0, high: 1, source: 'judgement: a test'}\n  effort: {}\n"
    broken_config.put(tmp_path, group="inspection", data=text.encode())
    with pytest.raises(checks.Refused) as refusal:
        broken_config.build_file(tmp_path, group="inspection")
    first, *lines = str(refusal.value).splitlines()
    assert re.fullmatch(r"inspection/mine\.yaml: inspection\.sources: \d+ mistakes", first)
    known = [line.strip().partition(" ")[0] for line in lines]
    assert {"inspection.sources.sensitivity", "inspection.sources.effort.south"} <= set(known)
    assert all(line.endswith(" must say where it comes from, got None") for line in lines)


@pytest.mark.slow
def test_a_broken_file_stops_a_sweep_before_it_begins(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    broken_config.put(tmp_path / "conf", group="policy", data=b"# @package policy.mine\n\todd: 1\n")
    code = cli.answer(["-m", "--config-dir=conf", "world=single_checkpoint", "policy=baseline,mine", "out=mine"])
    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert said.err == (
        "flowsim: conf/policy/mine.yaml line 2 must be indented with spaces and not with tabs, got '\\todd: 1'\n"
    )
    assert not (tmp_path / "mine").exists()


@pytest.mark.slow
@together(
    "group, line, wording",
    [
        ("inspection", "sensitivit: 1", "inspection.sensitivit must be a key that .* shows, got 'sensitivit'"),
        ("inspection", "sensitivity: many", "inspection.sensitivity must be a number, got 'many'"),
        ("inspection", "effort: 1", "effort must be given part by part, got 1"),
        ("inspection", "sensitivity: -1", "inspection.sensitivity must be a finite number above 0, got -1.0"),
        ("inspection", "search_cv: ${reported:fd16-heroin-2010}", "inspection.search_cv must name a figure in 1 .* kg"),
        (
            "experiment",
            "inflow: ${reported:fd16-heroin-2010}",
            "inflow must name a figure in t/year, .*, which is in kg",
        ),
        ("experiment", "sede: 2", "a key of the configuration must be one of .*, got 'sede'; did you mean 'seed'.*"),
        ("policy", "note: 1", "the key of policy.mine must be one of .*, got 'note'.*"),
        ("world", "note: 1", "the key of world must be one of .*, got 'note'.*"),
        ("world", "overlays: {a: b}", "world.overlays must be a list of folders with tables, got .*"),
    ],
)
def test_a_broken_value_in_a_file_is_refused_with_the_file(group, line, wording, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = broken_config.FILES[group]
    text = whole.replace("inflow: 0.5\n", "") if line.startswith("inflow") else whole
    broken_config.put(tmp_path, group=group, data=f"{text}{line}\n".encode())
    with pytest.raises((ValueError, OmegaConfBaseException)) as refusal:
        broken_config.build_file(tmp_path, group=group)
    where = "" if group == "experiment" else f"{group}/mine.yaml: "
    assert re.fullmatch(f"{where}{wording}", diagnose.plain(refusal.value)), diagnose.plain(refusal.value)


@together("name", ["other", "my world", "5", "null"])
def test_the_name_of_a_world_is_that_of_its_file(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = broken_config.FILES["world"].replace("name: mine", f"name: {name}")
    broken_config.put(tmp_path, group="world", data=text.encode())
    wording = r"^world/mine\.yaml line 1: name must be that of the file \(mine\), got "
    with pytest.raises(ValueError, match=wording):
        broken_config.build_file(tmp_path, group="world")


@together(
    "group, first",
    product(["policy", "reading"], ["", "# @package other.mine\n", "# @package policy.other\n"]),
    ids=repr,
)
def test_a_broken_first_line_is_refused(group, first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = broken_config.FILES[group].partition("\n")[2]
    broken_config.put(tmp_path, group=group, data=f"{first}{text}".encode())
    wording = rf"^{group}/mine\.yaml must begin with the line '# @package {group}\.mine', got "
    with pytest.raises(ValueError, match=wording):
        broken_config.build_file(tmp_path, group=group)


@pytest.mark.slow
def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    whole = broken_config.FILES["policy"].encode()
    built = []
    for k, data in enumerate((whole, b"\xef\xbb\xbf" + whole)):
        broken_config.put(tmp_path / str(k), group="policy", data=data)
        built.append(broken_config.build_file(tmp_path / str(k), group="policy"))
    assert built[0] == built[1]


def test_at_least_two_hundred_kinds_of_broken_input_are_refused():
    assert len(REFUSED) + len(SETTINGS) >= 200


ODD = (
    "",
    "nan",
    "1e-320",
    ";",
    ";;",
    "a;b",
    '"',
    "#",
    "-0",
    "9" * 400,
    "é",
    "\u2028",
    "gate",
    "both",
    "reported:x",
    "\x00",
)


@together("seed", range(200), sample=8)
def test_damage_at_random_is_refused_in_order_or_does_no_harm(load, seed):
    random = Random(seed)

    def damage(folder):
        path = random.choice(sorted(folder.glob("*.csv")))
        data = bytearray(path.read_bytes())
        at = random.randrange(len(data))
        if random.random() < 0.3:
            path.write_bytes(bytes(data[:at]))
        elif random.random() < 0.5:
            data[at] = random.randrange(256)
            path.write_bytes(bytes(data))
        else:
            lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
            line = random.randrange(len(lines))
            cells = lines[line].split(",")
            cells[random.randrange(len(cells))] = random.choice(ODD)
            lines[line] = ",".join(cells)
            path.write_text("\n".join(lines), encoding="utf-8", errors="surrogateescape")

    try:
        load(damage, damage)
    except checks.Refused as refusal:
        for line in str(refusal).splitlines()[1:]:
            assert re.match(r"  [\w/]+\.csv( line \d+)?(, column '\w+')?:? .*must .*, got ", line), line
