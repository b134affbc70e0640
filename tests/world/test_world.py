"""The world of Kazakhstan in 2010: routes, counts, sources and calendar."""

import csv
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_worlds import post, road_world
from together import together

import flowsim as fs
from flowsim.draws.choices import cities_on
from flowsim.draws.honest import daily_means
from flowsim.world.network import great_circle
from flowsim.world_tables import reader

WORLDS = Path(reader.__file__).parents[1] / "data" / "worlds"
NAMES = sorted(folder.name for folder in WORLDS.iterdir())


@pytest.fixture(scope="module")
def kazakhstan():
    """The world of Kazakhstan in 2010."""
    return fs.load_world("kazakhstan_2010")


@pytest.fixture(scope="module")
def tables():
    """Its tables."""
    return reader.read_tables(WORLDS / "kazakhstan_2010")


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_every_table_has_a_kind_and_a_source(name):
    for table, rows in reader.read_tables(WORLDS / name).items():
        for row in rows:
            assert row.text("kind") in ("reported", "calibrated", "assumed"), (table, row.line)
            assert len(row.text("source")) > 5, (table, row.line)


def test_every_row_of_the_route_evidence_is_a_route_or_excluded_with_a_reason(kazakhstan, tables):
    evidence = {row.text("evidence") for row in tables["route_evidence"]}
    used = {name for route in kazakhstan.network.routes for name in route.evidence}
    excluded = {row.text("evidence") for row in tables["routes_excluded"]}
    assert len(evidence) == len(tables["route_evidence"]) == 41
    assert used | excluded == evidence
    assert not used & excluded
    assert all(len(row.text("reason")) > 10 for row in tables["routes_excluded"])


def test_the_exits_of_the_sources_are_there(kazakhstan):
    exits = {route.exit for route in kazakhstan.network.routes}
    assert {"petropavl", "pavlodar", "oskemen", "kostanay", "oral", "aktobe", "ganyushkino"} <= exits


def test_three_routes_each_come_from_kyrgyzstan_tajikistan_and_uzbekistan(kazakhstan):
    evidence = {name for route in kazakhstan.network.routes for name in route.evidence}
    for origin in ("kg", "tj", "uz"):
        assert {f"fd16-{origin}{i}" for i in (1, 2, 3)} <= evidence


def test_every_route_meets_a_checkpoint_and_starts_and_ends_at_a_border_unless_it_begins_inside(kazakhstan):
    posts = {post.place: post for post in kazakhstan.checkpoints if post.border}
    for route in kazakhstan.network.routes:
        classes = [share.vehicle_class for share in kazakhstan.traffic.classes_of(route.mode)]
        for vehicle_class in classes:
            stops = kazakhstan.stops(route.path, vehicle_class=vehicle_class, direction="through", mode=route.mode)
            assert 2 - (not route.approach) <= len(stops) <= 8, route.name
        assert (route.path[0] in posts) == bool(route.approach), route.name
        assert route.path[-1] in posts, route.name
        assert cities_on(kazakhstan, route), route.name


def test_inflow_is_the_middle_of_the_reported_interval(kazakhstan):
    """70-75 t in 2010: UNODC 2012, line 73 of the compilation."""
    traffic = kazakhstan.traffic
    assert (traffic.inflow_low, traffic.inflow, traffic.inflow_high) == (70_000.0, 72_500.0, 75_000.0)


def daily_visits(world):
    """Honest visits a day by checkpoint, class and direction, as the annual mean."""
    visits = Counter()
    for flow in world.traffic.flows:
        for stop in world.stops_of_flow(flow):
            checkpoint = world.checkpoints[stop.checkpoint]
            direction = checkpoint.groups[stop.group].direction
            visits[checkpoint.name, flow.vehicle_class, direction] += flow.per_day
    return visits


def test_daily_counts_lie_in_the_back_cast_interval_of_the_independent_figures(kazakhstan):
    visits = daily_visits(kazakhstan)
    assert len(kazakhstan.counts) >= 7
    for count in kazakhstan.counts:
        assert count.checkpoints
        assert set(count.checkpoints) <= {name for name, _, _ in visits}
        modelled = sum(
            n
            for (name, vehicle_class, direction), n in visits.items()
            if name in count.checkpoints
            and vehicle_class in count.classes
            and (count.direction == "both" or direction == count.direction)
        )
        assert count.low <= modelled <= count.high, (count.name, modelled)


def test_the_nation_has_two_and_a_half_to_ten_million_honest_visits_a_year(kazakhstan):
    year = np.arange(365)
    total = sum(
        daily_means(kazakhstan, flow, days=year).sum() * len(kazakhstan.stops_of_flow(flow))
        for flow in kazakhstan.traffic.flows
    )
    assert 2.5e6 <= total <= 10e6


def test_only_ulken_of_the_planned_posts_stands(kazakhstan):
    names = {post.name for post in kazakhstan.checkpoints}
    assert "ulken" in names
    assert not {"kyzyltu", "beyneu", "syrdarya", "kargaly", "ayagoz", "leninskiy", "sary-arka"} & names


def test_ulken_lies_northwest_of_almaty(kazakhstan):
    ulken, almaty = kazakhstan.network.place("ulken"), kazakhstan.network.place("almaty")
    assert ulken.latitude > almaty.latitude
    assert ulken.longitude < almaty.longitude
    assert great_circle(ulken, almaty) == pytest.approx(320, abs=15)


def test_great_circle_of_a_degree_of_latitude_is_111_km():
    world = road_world(post("a", place="p0"))
    place = world.network.places[0]
    north = replace(place, name="north", latitude=place.latitude + 1)
    assert great_circle(place, north) == pytest.approx(111.195, abs=0.01)


def test_controls_end_with_their_date(kazakhstan):
    crossing = next(post for post in kazakhstan.checkpoints if post.name == "kairak-road")
    assert crossing.in_force(2010)
    assert not crossing.in_force(2012)


@together(
    "table, line, column, value, message",
    [
        ("lanes", 2, "lanes", "0", "lanes.csv line 2, column 'lanes' must lie in [1, 1000], got '0'"),
        ("lanes", 2, "referral", "1.5", "column 'referral' must lie in [0, 1], got '1.5'"),
        (
            "lanes",
            2,
            "service_time",
            "nan",
            "lanes.csv line 2, column 'service_time' must be a finite number, got 'nan'",
        ),
        (
            "legs",
            2,
            "mode",
            "raod",
            "must be one of road, rail, track, sea, air, got 'raod'; did you mean 'road'?",
        ),
        ("legs", 2, "start", "nowhere", "got 'nowhere'"),
        ("places", 2, "latitude", "95", "column 'latitude' must lie in [-90, 90], got '95'"),
        ("checkpoints", 2, "agency", "Custom", "did you mean 'Customs'?"),
        ("checkpoints", 2, "source", "", "column 'source' must not be empty"),
        (
            "routes",
            2,
            "weight",
            "0.5",
            "column 'weight' must sum to 1 over origin abroad and mode road (line 2), got 0.5",
        ),
        ("parameters", 2, "value", "many", "must be a finite number, got 'many'"),
    ],
)
def test_a_broken_table_is_refused_with_table_rule_and_value(tmp_path, table, line, column, value, message):
    folder = tmp_path / "mine"
    shutil.copytree(WORLDS / "single_checkpoint", folder)
    path = folder / f"{table}.csv"
    rows = list(csv.reader(path.read_text().splitlines()))
    rows[line - 1][rows[0].index(column)] = value
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    detection = fs.load_world("single_checkpoint").detection
    with pytest.raises(ValueError, match=re.escape(message)):
        reader.load(folder, name="mine", title="mine", year=2010, detection=detection)


def test_a_path_over_a_missing_leg_is_refused_by_name():
    world = road_world(post("a", place="p0"))
    route = replace(world.network.routes[0], path=("p0", "p2"))
    with pytest.raises(ValueError, match="Route 'r': path must follow legs of mode road, got none from p0 to p2"):
        replace(world.network, routes=(route,))


def test_a_checkpoint_without_lanes_for_a_class_is_refused_by_name():
    with pytest.raises(ValueError, match="Checkpoint 'a' must have lanes for class truck in direction both"):
        road_world(post("a", place="p0", classes=("car",)))
