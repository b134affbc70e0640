"""Mechanisms at the post and behind a consignment from tables: absent is neutral, and each number has a source."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import broken
import pytest
from small_worlds import lanes, post, road_world, with_traffic

import flowsim as fs
from flowsim import checks
from flowsim.config.build import build_world, world_numbers
from flowsim.config.compose import compose_config, folders_of
from flowsim.world import utilisation
from flowsim.world.bypass import Bypass
from flowsim.world.campaigns import Campaign
from flowsim.world.corruption import NO_CORRUPTION
from flowsim.world.hubs import Hub
from flowsim.world.intelligence import NO_INTELLIGENCE
from flowsim.world.shifts import Shift
from flowsim.world.traffic import Profile
from flowsim.world_tables import provenance, reader
from flowsim.world_tables.overlays import lay
from flowsim.world_tables.table_columns import TABLES

MECHANISMS = ("shifts", "bypass", "campaigns", "hubs", "hub_classes")
COLUMNS = {"checkpoints": ("bribe",), "lanes": ("stop", "wagons"), "flows": ("timetable",)}
TEACHING = {"kind": "assumed", "source": "judgement: teaching example"}


@pytest.fixture(scope="module")
def detection():
    """What is common to the checkpoints of the teaching world."""
    return fs.load_world("single_checkpoint").detection


@pytest.fixture
def folder(tmp_path):
    """Tables of the teaching world with a row in each."""
    broken.write(tmp_path / "mine", broken.WHOLE)
    return tmp_path / "mine"


@pytest.fixture
def load(folder, detection):
    """The world of these tables, after changes."""

    def load(*changes, year=2010, overlays=()):
        for change in changes:
            change(folder)
        given = {"name": "mine", "title": "Mine", "detection": detection}
        return reader.load(folder, year=year, overlays=overlays, **given)

    return load


def without(table, *columns):
    """Change that takes columns out of a file."""

    def change(rows):
        for column in columns:
            at = rows[0].index(column)
            for row in rows:
                row.pop(at)

    return broken.rewrite(table, change)


def emptied(table, *columns):
    """Change that empties the cells of some columns."""

    def change(rows):
        for row in rows[1:]:
            for column in columns:
                row[rows[0].index(column)] = ""

    return broken.rewrite(table, change)


def no_rows(table):
    """Change that leaves only the header of a file."""
    return broken.rewrite(table, lambda rows: rows.__delitem__(slice(1, None)))


def overlay(folder, **tables):
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_world_without_the_tables_and_columns_is_the_world_with_nothing_in_them(load, folder):
    empty = load(*map(no_rows, MECHANISMS), *(emptied(table, *names) for table, names in COLUMNS.items()))
    for table in MECHANISMS:
        (folder / f"{table}.csv").unlink()
    absent = load(*(without(table, *names) for table, names in COLUMNS.items()))
    assert absent == empty
    assert (absent.bypasses, absent.campaigns, absent.hubs) == ((), (), ())
    assert [post.bribe for post in absent.checkpoints] == [None]
    groups = absent.checkpoints[0].groups
    assert [(group.shifts, group.stop, group.wagons) for group in groups] == [((), float("inf"), 1.0)] * 2
    assert not any(flow.timetable for flow in absent.traffic.flows)


def test_the_teaching_worlds_have_no_such_table_and_no_such_column():
    folder = Path(reader.__file__).parents[1] / "data" / "worlds" / "single_checkpoint"
    assert not any((folder / f"{table}.csv").exists() for table in MECHANISMS)
    world = fs.load_world("single_checkpoint")
    assert (world.bypasses, world.campaigns, world.hubs, world.traffic.market) == ((), (), (), 0.0)
    assert (world.detection.intelligence, world.detection.corruption) == (NO_INTELLIGENCE, NO_CORRUPTION)


def test_only_these_tables_and_columns_may_be_absent():
    assert {name for name, table in TABLES.items() if table.may_be_absent} == {*MECHANISMS, "drugs", "populations"}
    assert {name: columns for name, columns in reader.ABSENT.items() if columns} == COLUMNS


def test_a_folder_in_place_of_a_table_that_may_be_absent_is_refused(load, folder):
    (folder / "bypass.csv").unlink()
    (folder / "bypass.csv").mkdir()
    with pytest.raises(checks.Refused, match=r"bypass\.csv must be a file in"):
        load()


def test_rows_give_the_fields_of_the_world(load):
    world = load(broken.put("flows", {"timetable": "yes"}))
    assert world.bypasses == (
        Bypass(border="UZ", way="foot", share=0.1, maximum=20, detour=20, patrol=0.05, **TEACHING),
        Bypass(border="UZ", way="vehicle", share=0.2, maximum=500, detour=6, patrol=0.1, **TEACHING),
    )
    given = {"name": "poppy", "start": "05-20", "end": "10-20", "agencies": ("Customs", "KNB"), "factor": 1.5}
    assert world.campaigns == (Campaign(**given, **TEACHING),)
    cars, trains = world.checkpoints[0].groups
    day = (
        Shift(start=0, end=6, lanes=0),
        Shift(start=6, end=22.5, lanes=1),
        Shift(start=22.5, end=24, lanes=0),
    )
    assert (cars.shifts, cars.stop, cars.wagons) == (day, float("inf"), 1.0)
    assert (trains.shifts, trains.stop, trains.wagons) == ((), 1.0, 0.5)
    assert [flow.timetable for flow in world.traffic.flows] == [True, False]


def test_rows_give_the_hubs_the_bribe_and_the_market(load):
    world = load(broken.put("checkpoints", {"bribe": "0.25"}))
    given = {"place": "gate", "share": 0.5, "store": 48.0, "store_minimum": 0.5, "part": 50.0, "concealment": 0.1}
    assert world.hubs == (Hub(classes=(("car", 0.25), ("truck", 0.75)), **given, **TEACHING),)
    assert [post.bribe for post in world.checkpoints] == [0.25]
    assert world.bribe_at(world.checkpoints[0]) == 0.25
    assert load(broken.put("checkpoints", {"bribe": "0"})).checkpoints[0].bribe == 0.0
    assert world.traffic.market == 0.1
    without_row = broken.rewrite("parameters", lambda rows: rows.pop() and None)
    assert load(without_row).traffic.market == 0.0


def test_a_hub_takes_a_part_of_the_largest_consignment_of_any_drug_that_comes_by_road(load):
    """1,000 kg of heroin in 63 parts are 15.88 kg each; opium, up to 500 kg, is split in half as many."""
    assert load(broken.put("hubs", {"part": "15.88"})).hubs[0].part == 15.88
    line = broken.line_of("load_maximum")
    small = broken.put("parameters", {"value": "100", "low": "100", "high": "100"}, line=line)
    with pytest.raises(
        checks.Refused, match=r"split the largest consignment \(500 kg\) into at most 63 parts, got '7'"
    ):
        load(broken.put("hubs", {"part": "7"}), small)


def test_the_rows_of_the_shifts_may_stand_in_any_order(load):
    assert load(broken.rewrite("shifts", lambda rows: rows.append(rows.pop(1)))) == load()


def test_a_world_takes_the_campaigns_in_force_on_the_first_of_july(load):
    assert [len(load(year=year).campaigns) for year in (2007, 2008, 2010)] == [0, 1, 1]
    assert load(broken.put("campaigns", {"to": "2010-07-01"}), year=2010).campaigns == ()
    assert len(load(year=2009).campaigns) == 1


def test_passenger_trains_are_a_class_of_their_own(command):
    assert command("study=new_world", "out=mine")[0] == 0
    world = fs.load_world("mine/world/mine.yaml")
    assert {share.vehicle_class for share in world.traffic.classes_of("rail")} == {"train", "passenger"}
    assert [(g.classes, g.stop, g.wagons) for g in world.checkpoints[-1].groups] == [
        (("train",), 1.0, 0.25),
        (("passenger",), pytest.approx(2 / 3), 1.0),
    ]
    assert {flow.vehicle_class for flow in world.traffic.flows if flow.timetable} == {"train", "passenger"}


def test_an_unknown_column_is_refused_with_all_that_are_known_and_the_nearest(load):
    with pytest.raises(checks.Refused) as refusal:
        load(broken.rewrite("lanes", lambda rows: rows[0].__setitem__(rows[0].index("stop"), "stops")))
    assert "wave_through, stop, wagons, kind, source, note, got 'stops'; did you mean 'stop'?" in str(refusal.value)


REFUSALS = {
    "a gap between shifts": "column 'start' must be 6, where the shift of line 2 ends, got '7', which leaves a gap",
    "shifts that overlap": "column 'start' must be 6, where the shift of line 2 ends, got '5.5', which overlaps",
    "a day that ends early": "line 4, column 'end' must be 24 in the last shift of the day, got '23'",
    "a day that begins late": "line 2, column 'start' must be 0 in the first shift of the day, got '1'",
    "more lanes on duty than there are": "column 'lanes' must be at most 1, the lanes of line 2 of lanes.csv, got '2'",
    "shifts of classes in another order": "got 'gate/in/truck;car'; did you mean 'gate/in/car;truck'?",
    "a border that no crossing has": "must be the border of a row of checkpoints.csv, got 'UZB'; did you mean 'UZ'?",
    "more go round than come": "must sum to at most 1 over border UZ (line 2, 3), got 1.1",
    "a stop of cars": "column 'stop' must be empty but for trains, as these lanes serve car, truck, got '40'",
    "a campaign over the end of the year": "column 'end' must be later in the year than start (11-01), got '02-01'",
    "a hub where no consignment goes on": "before its last place, got 'town', where no consignment goes on",
    "a hub without classes": "hubs.csv line 2, column 'place' must have rows in hub_classes.csv, got none for 'gate'",
    "more parts than have numbers": "must split the largest consignment (1000 kg) into at most 63 parts, got '7'",
    "shares of classes of a hub": "column 'share' must sum to 1 over hub gate (line 2, 3), got 1.25",
    "a part in a train": "column 'class' must be one of car, truck, tir, got 'train'",
    "a part without lanes": "meet checkpoints that have lanes for it, got 'gate' without lanes for tir in direction in",
    "a store outside its interval": "column 'store' must lie in its interval [24, 40], got '48'",
    "campaigns.start: leap day (02-29)": "must be a day of a year of 365 days (MM-DD), got '02-29'",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_says_what_to_do(load, name):
    with pytest.raises(checks.Refused) as refusal:
        load(next(case.change for case in broken.every() if case.name == name))
    assert REFUSALS[name] in str(refusal.value)


def test_mistakes_of_all_mechanisms_are_said_at_once(load):
    with pytest.raises(checks.Refused) as refusal:
        load(
            broken.put("bypass", {"border": "moon"}),
            broken.put("shifts", {"start": "5"}, line=3),
            broken.put("campaigns", {"end": "01-01"}),
            broken.put("lanes", {"wagons": "0.5"}),
            broken.put("hubs", {"share": "0.9"}),
            broken.put("hub_classes", {"class": "tir"}, line=3),
        )
    found = re.findall(r"^  (\w+)\.csv line (\d), column '(\w+)'", str(refusal.value), re.MULTILINE)
    wrong = ("lanes 2 wagons", "shifts 3 start", "bypass 2 border", "campaigns 2 end")
    wrong += ("hubs 2 share", "hub_classes 3 class")
    assert found == [tuple(place.split()) for place in wrong]


def test_an_overlay_changes_and_adds_rows_and_may_lack_the_columns(load, tmp_path):
    folder = overlay(
        tmp_path / "o",
        shifts="checkpoint,direction,classes,start,lanes,kind,source\ngate,in,car;truck,0,1,assumed,a test\n",
        bypass="border,way,share,share_low,kind,source\nUZ,foot,0.05,0,assumed,a test\n",
        campaigns="campaign,start,end,agencies,factor,factor_low,factor_high,from,to,kind,source\n"
        "leave,12-20,12-31,KNB,0.5,0.4,0.6,,,assumed,a test\n",
        flows="flow,class,path,direction,per_day,low,high,daily,weekly,seasonal,kind,source\n"
        "more,car,gate,in,9,9,9,flat-day,flat-week,flat-year,assumed,a test\n",
        lanes="checkpoint,direction,classes,stop,kind,source\ngate,in,train;passenger,30,assumed,a test\n",
        hubs="place,share,kind,source\ngate,0.4,assumed,a test\n",
        hub_classes="place,class,share,kind,source\ngate,car,0.5,assumed,a test\ngate,truck,0.5,assumed,a test\n",
        checkpoints="checkpoint,bribe,kind,source\ngate,0.75,assumed,a test\n",
        parameters="parameter,value,kind,source\nmarket,0.2,assumed,a test\n",
    )
    before, after = load(), load(overlays=[folder])
    assert [shift.lanes for shift in after.checkpoints[0].groups[0].shifts] == [1, 1, 0]
    assert after.bypasses == (
        replace(before.bypasses[0], share=0.05, kind="assumed", source="a test"),
        before.bypasses[1],
    )
    assert [campaign.name for campaign in after.campaigns] == ["poppy", "leave"]
    assert not after.traffic.flows[-1].timetable
    trains = after.checkpoints[0].groups[1]
    assert (trains.stop, trains.wagons, trains.service_time) == (0.5, 0.5, 0.5)
    assert [(hub.share, hub.part, hub.classes) for hub in after.hubs] == [(0.4, 50.0, (("car", 0.5), ("truck", 0.5)))]
    assert (after.checkpoints[0].bribe, after.traffic.market) == (0.75, 0.2)


def test_an_overlay_may_drop_and_scale_the_rows(load, tmp_path):
    rows = ("shifts,gate/in", "campaigns,poppy", "hubs,gate", "hub_classes,gate", "parameters,market")
    folder = overlay(
        tmp_path / "o",
        dropped="table,key,kind,source\n" + "".join(f"{row},assumed,a test\n" for row in rows),
        scaled="table,key,column,factor,kind,source\nbypass,UZ,patrol,2,assumed,twice the patrols\n",
    )
    before, after = load(), load(overlays=[folder])
    assert (after.checkpoints[0].groups[0].shifts, after.campaigns) == ((), ())
    assert (after.hubs, after.traffic.market) == ((), 0.0)
    assert [way.patrol for way in after.bypasses] == [2 * way.patrol for way in before.bypasses]


def test_an_overlay_with_a_row_of_lanes_that_is_new_needs_no_column_of_trains(folder, tmp_path):
    rows = reader.read_tables(folder)
    text = "checkpoint,direction,classes,lanes,service_time,service_law,service_cv,referral,wave_through,kind,source\n"
    over = overlay(tmp_path / "o", lanes=f"{text}gate,out,car,1,6,exponential,,0.1,50,assumed,a test\n")
    given = {"folders": [over], "columns": reader.COLUMNS}
    added = lay(rows, absent=reader.ABSENT, **given)["lanes"][-1]
    assert (added.cells["stop"], added.cells["wagons"]) == ("", "")
    with pytest.raises(ValueError, match="have all its columns, got 'none of stop, wagons'"):
        lay(rows, **given)


def test_an_overlay_with_an_unknown_column_is_refused_with_the_nearest(load, tmp_path):
    over = overlay(tmp_path / "o", lanes="checkpoint,direction,classes,wagon,kind,source\ngate,in,car,1,assumed,a\n")
    with pytest.raises(checks.Refused, match=r"stop, wagons, kind, source, note, got 'wagon'; did you mean 'wagons'"):
        load(overlays=[over])


@pytest.fixture
def template(command):
    """The template as a composed configuration, and its world."""
    assert command("study=new_world", "out=mine")[0] == 0
    composed = compose_config(["world=mine"], config_dir=Path("mine").resolve())
    return composed, build_world(composed, folders=folders_of(composed.hydra))


@pytest.mark.slow
def test_every_number_of_the_mechanisms_has_its_interval_kind_source_and_unit(template):
    composed, world = template
    numbers = world_numbers(composed, world, folders=folders_of(composed.hydra))
    found = {(n.table, n.key, n.name): n for n in numbers}
    share = found["bypass", "Eastland/horse", "share"]
    assert (share.value, share.low, share.high, share.unit) == (0.05, 0.01, 0.1, "1")
    factor = found["campaigns", "summer-watch", "factor"]
    assert (factor.value, factor.low, factor.high) == (1.5, 1.0, 2.0)
    for name, ends, unit in (("share", (0.3, 0.1, 0.5), "1"), ("store", (72.0, 24.0, 168.0), "h")):
        number = found["hubs", "junction", name]
        assert ((number.value, number.low, number.high), number.unit) == (ends, unit)
    market = found["parameters", "market", "value"]
    assert (market.value, market.low, market.high, market.unit) == (0.05, 0.01, 0.1, "1")
    assert ("checkpoints", "south-gate", "bribe") not in found
    expected = {
        ("bypass", "Eastland/horse", "maximum"): (60.0, "kg"),
        ("bypass", "Eastland/horse", "detour"): (15.0, "h"),
        ("bypass", "Eastland/horse", "patrol"): (0.02, "1"),
        ("campaigns", "summer-watch", "start"): ("05-20", "day of the year"),
        ("campaigns", "summer-watch", "from"): ("2008-01-01", "date"),
        ("shifts", "east-gate/both/car;truck/5", "end"): (24.0, "h"),
        ("shifts", "east-gate/both/car;truck/0", "lanes"): (0.0, "1"),
        ("lanes", "south-station/in/train", "stop"): (60.0, "min"),
        ("lanes", "south-station/in/train", "wagons"): (0.25, "1"),
        ("hubs", "junction", "part"): (20.0, "kg"),
        ("hubs", "junction", "store_minimum"): (0.2, "1"),
        ("hubs", "junction", "concealment"): (0.2, "1"),
        ("hub_classes", "junction/car", "share"): (0.9, "1"),
        ("checkpoints", "east-gate", "bribe"): (0.2, "1"),
        ("inspection", "intelligence.cases_knb", "cases_knb"): (0.0, "1/year"),
        ("inspection", "corruption.released", "released"): (0.0, "1"),
    }
    for key, (value, unit) in expected.items():
        assert (found[key].value, found[key].unit, found[key].kind) == (value, unit, "assumed")
    assert all(n.source.startswith("judgement: invented") for n in numbers if n.table in MECHANISMS)
    assert ("lanes", "south-station/in/passenger", "wagons") not in found


def test_only_what_is_in_force_has_numbers(folder, load):
    rows = reader.read_tables(folder)
    tables = {n.table for n in provenance.of_tables(rows, world=load())}
    assert set(MECHANISMS) <= tables
    none = replace(load(), checkpoints=(), campaigns=())
    later = {n.table for n in provenance.of_tables(rows, world=none)}
    assert tables - later == {"checkpoints", "lanes", "shifts", "campaigns"}


@pytest.mark.slow
def test_evidence_lists_them(command, template):
    said = command("study=evidence", "study.words=summer-watch", "world=mine", "--config-dir", "mine")[1]
    assert "factor 1.5 [1, 2]" in said
    said = command("study=evidence", "study.words=Eastland", "world=mine", "--config-dir", "mine")[1]
    assert "share 0.05 [0.01, 0.1]; maximum 60 kg; detour 15 h; patrol 0.02" in re.sub(r"\s+", " ", said)


@pytest.mark.slow
def test_check_says_what_is_in_force_and_nothing_where_all_is_neutral(command, template):
    said = re.sub(r"\s+", " ", command("study=check", "world=mine", "--config-dir", "mine")[1])
    for text in (
        "bypass Eastland: vehicle 5 % of consignments up to 500 kg, 6 h, patrol 5 %; horse 5 % of consignments",
        "lanes on duty 0-5 h 0; 5-24 h 1: east-gate",
        "trains stop 60 min, 25 % of the wagons: south-station in train",
        "campaign summer-watch, 05-20 to 10-20: effort of Customs, Committee x 1.5",
        "timetable flows at even intervals: 1 of train, 1 of passenger",
        "hub junction: 30 % of consignments stored for 72 h, in parts of at most 20 kg by car 90 %, truck 10 %",
        "bribes for an alarm: east-gate 20 % market arrests in retail trade take 5 % of what cities retain",
    ):
        assert text in said
    assert "cases" not in said
    neutral = command("study=check", "world=two_routes")[1]
    assert "At the post" not in neutral
    assert "Behind a consignment" not in neutral


def test_check_says_what_a_file_of_inspection_puts_behind_a_consignment(command):
    given = ("rings=12", "cases_knb=3", "dismantled=0.5", "tip_knb=0.01")
    typed = [f"inspection.intelligence.{text}" for text in given]
    given = ("bribe_border_guards=0.1", "protected_committee=0.05", "released=0.25")
    typed += [f"inspection.corruption.{text}" for text in given]
    said = re.sub(r"\s+", " ", command("study=check", "world=two_routes", *typed)[1])
    for text in (
        "cases KNB 3 a year against 12 rings, 50 % of them dismantled tips on consignments: KNB 1 %",
        "bribes for an alarm: Border Guards 10 % protection of rings: Committee 5 %",
        "evidence 25 % of what is seized leaks from the store",
    ):
        assert text in said


@pytest.mark.slow
def test_the_template_without_the_mechanisms_is_a_world_too(command, template):
    for table in MECHANISMS:
        Path(f"mine/world/mine/{table}.csv").unlink()
    assert command("study=check", "world=mine", "--config-dir", "mine")[0] == 0


def test_a_lane_off_duty_takes_its_part_of_the_work():
    """240 a day of 0.08 h at one lane are 0.8; with the lane on duty 16 of 24 hours they are 1.2."""
    day = (Shift(start=0.0, end=8.0, lanes=0), Shift(start=8.0, end=24.0, lanes=1))
    crossing = post("a", place="p0", groups=(lanes(shifts=day),), border="KG")
    load, _ = utilisation.utilisations(road_world(crossing))
    assert (load.per_day, load.mean, load.peak) == pytest.approx((240.0, 1.2, 0.8))
    load, bays = utilisation.utilisations(
        road_world(replace(crossing, border="", groups=(lanes(shifts=day, referral=0.1),)))
    )
    assert (load.per_day, load.mean, bays.per_day) == pytest.approx((160.0, 0.8, 16.0))
    half = (Shift(start=0.0, end=7.5, lanes=0), Shift(start=7.5, end=24.0, lanes=1))
    load, _ = utilisation.utilisations(road_world(replace(crossing, border="", groups=(lanes(shifts=half),))))
    assert load.per_day == pytest.approx(165.0)


def test_a_post_that_never_opens_has_no_utilisation():
    never = (Shift(start=0.0, end=24.0, lanes=0),)
    load, bays = utilisation.utilisations(road_world(post("a", place="p0", shifts=never)))
    assert (load.per_day, load.mean, load.peak, bays.per_day) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.slow
def test_trains_that_leave_make_no_queue_that_grows(command):
    assert command("study=new_world", "out=mine")[0] == 0
    path = Path("mine/world/mine/lanes.csv")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("in,train,1,30,", "in,train,1,300,"), encoding="utf-8")
    said = re.sub(r"\s+", " ", command("study=check", "world=mine", "--config-dir", "mine")[1])
    assert "Warnings: none" in said
    assert "'south-station': its lanes in train have a mean utilisation of 125 %; some trains" in said


def test_a_timetable_has_no_busiest_hour():
    world = road_world(post("a", place="p0"))
    peak = Profile(name="nine", cycle="daily", weights=tuple(12.5 if hour == 9 else 0.5 for hour in range(24)))
    even = replace(world.traffic.flows[0], daily=peak, timetable=True)
    load, _ = utilisation.utilisations(with_traffic(world, flows=(even,)))
    assert load.peak == pytest.approx(load.mean)
