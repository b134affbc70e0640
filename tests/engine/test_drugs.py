"""Drugs beside heroin: consignments, seasons, routes that begin inside, tables, closed form against simulation.

Comparisons with simulation are two-sided z tests with fixed seeds as in `test_expectation`; each fails by
chance with probability below 1e-5. Other tests that can fail by chance state their error probability.
"""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small_worlds import FLAT, MADE_UP, SIZES, lanes, post, road_world, with_traffic
from test_expectation import (
    WORLDS,
    always,
    assert_agreement,
    assert_ledger_closes,
    busy_road,
    effort_of,
    moment,
    simulated,
    with_detection,
)

from flowsim.draws.consignments import consignments_per_year, draw_consignments
from flowsim.draws.fleet import PER_VEHICLE, PER_VISIT
from flowsim.engine.expectation.engine import expect
from flowsim.figures.fig1_network import flows_of, network_map
from flowsim.results import measures
from flowsim.results.tally import tally_consignments
from flowsim.simulation.simulate import Plan, simulate, with_inflow
from flowsim.units import DAYS_OF_MONTHS, KG_PER_TONNE
from flowsim.world.campaigns import Campaign
from flowsim.world.network import Leg
from flowsim.world.populations import ConsignmentSizes
from flowsim.world.traffic import DRUGS, Drug, Profile, Stream
from flowsim.world_tables import provenance, reader

YEAR = 8760.0
HEROIN, OPIUM, CANNABIS = range(3)
HARVEST = Profile(name="harvest", cycle="seasonal", weights=(0, 0, 0, 0, 0, 0.5, 1.5, 4, 4, 2, 0, 0))
SMALL = ConsignmentSizes(
    median=1.5, log_sd=0.8, tail_start=20.0, tail_share=0.05, tail_exponent=1.5, maximum=60.0, selection=0.1
)


def drug(name="opium", **given):
    numbers = {"inflow": 300.0, "inflow_low": 0.0, "inflow_high": 1e6, "sizes": SMALL, "season": None}
    return Drug(name=name, **numbers | MADE_UP | given)


def stream(name="opium", origin="o", **given):
    return Stream(drug=name, origin=origin, **{"mode": "road", "share": 1.0, "low": 0.0, "high": 1.0} | MADE_UP | given)


def with_drug(world, *, origin="o", **given):
    """World with a further drug, all of it from one origin by road."""
    traffic = world.traffic
    more = drug(**given)
    streams = (*traffic.streams, stream(more.name, origin))
    return with_traffic(world, further=(*traffic.further, more), streams=streams)


def valley_road(**given):
    """A road from a crossing to another with a post halfway, and cannabis that begins at this post."""
    groups = {way: (lanes(direction=way, referral=1.0),) for way in ("in", "out")}
    entry, leaving = (always(name, place, 0.3) for name, place in (("entry", "p0"), ("leaving", "p5")))
    world = road_world(
        replace(entry, border="KG", type="crossing", groups=groups["in"]),
        always("inner", "p2", 0.4),
        replace(leaving, border="RU", type="crossing", groups=groups["out"]),
    )
    route = world.network.routes[0]
    inner = replace(route, name="inner", origin="valley", path=route.path[2:])
    world = replace(world, network=replace(world.network, routes=(route, inner)))
    return with_drug(world, name="cannabis", origin="valley", **given)


def share_between(first, last):
    """Share of the harvest in the months from the first to the last, January being 1."""
    days = np.array(DAYS_OF_MONTHS) * HARVEST.weights
    return days[first - 1 : last].sum() / days.sum()


def of_drug(fleet, index):
    """Numbers of the vehicles that carry a drug."""
    chosen = fleet.drug == index
    visits = chosen[fleet.vehicle_of_visit]
    numbers = {name: getattr(fleet, name)[chosen] for name in PER_VEHICLE}
    return numbers | {name: getattr(fleet, name)[visits] for name in PER_VISIT}


def test_further_drugs_change_no_number_of_heroin():
    world = busy_road()
    more = with_drug(with_drug(world), name="cannabis", season=HARVEST)
    drawn = {"seed": 3, "replications": range(4), "horizon": YEAR}
    alone, among = (draw_consignments(w, **drawn) for w in (world, more))
    assert not (alone.drug != HEROIN).any()
    ours, theirs = of_drug(alone, HEROIN), of_drug(among, HEROIN)
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert all(len(of_drug(among, index)["mass"]) > 100 for index in (OPIUM, CANNABIS))
    before, after = (simulated(w, replications=4) for w in (world, more))
    for name in ("entered", "seized", "missed", "count", "leaked", "retained", "underway"):
        assert np.array_equal(getattr(before, name)[:, HEROIN], getattr(after, name)[:, HEROIN])


def test_further_drugs_change_nothing_that_is_expected_of_heroin():
    world = busy_road()
    before, after = expect(world), expect(with_drug(world, season=HARVEST))
    for field in fields(before):
        assert getattr(after, field.name)[HEROIN] == pytest.approx(getattr(before, field.name)[HEROIN], rel=1e-12)
        assert not getattr(before, field.name)[OPIUM:].any()


@pytest.mark.parametrize("season", [HARVEST, FLAT["seasonal"]], ids=lambda season: season.name)
def test_entries_fall_into_months_in_proportion_to_their_weights(season):
    """Chi-square over months and Kolmogorov-Smirnov within the largest, each with an error probability of 1e-4."""
    world = with_drug(road_world(post("a", place="p0")), inflow=20_000.0, season=season)
    fleet = draw_consignments(world, seed=1, replications=[0, 1], horizon=YEAR)
    days = of_drug(fleet, OPIUM)["entry"] / 24
    ends = np.cumsum([0, *DAYS_OF_MONTHS])
    counts = np.histogram(days, bins=ends)[0]
    shares = np.array(DAYS_OF_MONTHS) * season.weights / np.dot(DAYS_OF_MONTHS, season.weights)
    used = shares > 0
    assert counts[used].min() > 100
    assert not counts[~used].any()
    assert stats.chisquare(counts[used], counts.sum() * shares[used]).pvalue > 1e-4
    august = days[(days >= ends[7]) & (days < ends[8])]
    assert stats.kstest((august - ends[7]) / 31, "uniform").pvalue > 1e-4


def test_entry_without_a_season_is_even_over_the_year():
    """Kolmogorov-Smirnov with an error probability of 1e-4."""
    world = with_drug(road_world(post("a", place="p0")), inflow=20_000.0)
    fleet = draw_consignments(world, seed=1, replications=[0], horizon=YEAR)
    assert stats.kstest(of_drug(fleet, OPIUM)["entry"] / YEAR, "uniform").pvalue > 1e-4


def test_a_season_moves_consignments_and_changes_nothing_else():
    even, seasonal = (with_drug(road_world(post("a", place="p0")), season=season) for season in (None, HARVEST))
    numbers = [of_drug(draw_consignments(w, seed=1, replications=[0], horizon=YEAR), OPIUM) for w in (even, seasonal)]
    assert not np.array_equal(numbers[0]["entry"], numbers[1]["entry"])
    assert all(np.array_equal(numbers[0][name], numbers[1][name]) for name in numbers[0] if name != "entry")


def test_a_shorter_horizon_has_the_same_consignments_up_to_its_end():
    world = with_drug(road_world(post("a", place="p0")), season=HARVEST)
    whole, part = (draw_consignments(world, seed=1, replications=[0], horizon=h) for h in (YEAR, 24.0 * 200))
    whole, part = of_drug(whole, OPIUM), of_drug(part, OPIUM)
    early = whole["entry"] < 24.0 * 200
    assert 0 < early.sum() < len(early)
    assert np.array_equal(whole["mass"][early], part["mass"])
    assert np.array_equal(whole["entry"][early], part["entry"])


def test_each_drug_has_its_own_consignments_and_its_own_inflow():
    """Means of 200 years within 3.9 standard errors (error probability 1e-4 each)."""
    world = with_drug(road_world(post("a", place="p0")), season=HARVEST)
    fleet = draw_consignments(world, seed=1, replications=range(200), horizon=YEAR)
    for index, sizes, inflow in ((HEROIN, SIZES, 1000.0), (OPIUM, SMALL, 300.0)):
        numbers = of_drug(fleet, index)
        mass = numbers["mass"]
        top = min(sizes.maximum, 500.0)
        mean = moment(sizes, 1, top) / moment(sizes, 0, top)
        assert abs(mass.mean() - mean) < 3.9 * mass.std() / np.sqrt(len(mass))
        assert mass.max() <= top
        per_year = consignments_per_year(world, world.traffic.population_streams[index])
        assert per_year == pytest.approx(inflow / mean, rel=1e-4)
        assert abs(len(mass) / 200 - per_year) < 3.9 * np.sqrt(per_year / 200)
        yearly = np.bincount(numbers["replication"], weights=mass, minlength=200)
        assert abs(yearly.mean() - inflow) < 3.9 * yearly.std() / np.sqrt(200)


def test_a_vehicle_carries_no_more_of_any_drug_than_it_can_hide():
    world = with_drug(road_world(post("a", place="p0")))
    share = replace(world.traffic.class_shares[0], capacity=5.0)
    fleet = draw_consignments(with_traffic(world, class_shares=(share,)), seed=1, replications=[0], horizon=YEAR)
    assert all(of_drug(fleet, index)["mass"].max() <= 5.0 for index in (HEROIN, OPIUM))


def test_all_drugs_share_the_flow_of_a_year():
    """Counts of 60 years correlate by 0.97, as only Poisson noise parts them (below 0.9: chance under 1e-5)."""
    world = with_traffic(with_drug(road_world(post("a", place="p0"))), year_log_sd=0.5)
    fleet = draw_consignments(world, seed=1, replications=range(60), horizon=YEAR)
    counts = [np.bincount(of_drug(fleet, index)["replication"], minlength=60) for index in (HEROIN, OPIUM)]
    assert np.corrcoef(counts)[0, 1] > 0.9


def test_the_ledger_closes_for_each_drug(engine):
    world = valley_road(season=HARVEST)
    world = with_traffic(with_drug(world), retained_share=0.3, city_weights=(("p3", 1.0),))
    horizon = 24.0 * 240 + 5.0
    fleet = draw_consignments(world, seed=2, replications=range(3), horizon=horizon)
    outcome = engine.run(world, fleet, until=horizon).outcome
    consignments = tally_consignments(world, fleet, outcome, replications=3, horizon=horizon)
    out = consignments.seized.sum(-1) + consignments.leaked.sum(-1) + consignments.retained + consignments.underway
    assert out == pytest.approx(consignments.entered, rel=1e-9)
    assert (consignments.seized.sum(-1) > 0).all()
    assert (consignments.retained > 0).all()
    for index in range(len(DRUGS)):
        assert consignments.entered[:, index].sum() == pytest.approx(of_drug(fleet, index)["mass"].sum(), rel=1e-12)


def test_means_and_variances_of_all_drugs_are_those_of_simulation():
    """Two further drugs, one seasonal, other consignments and a campaign in the season."""
    campaign = Campaign(name="c", start="07-15", end="10-10", agencies=("Customs",), factor=2.5, **MADE_UP)
    world = replace(busy_road(), campaigns=(campaign,))
    world = with_detection(world, effort=effort_of(0.4), year_log_sd=0.3)
    world = with_drug(with_drug(world, season=HARVEST), name="cannabis", sizes=replace(SMALL, median=4.0), inflow=600.0)
    assert_agreement(world, replications=500, precision=0.15)


def test_a_campaign_meets_the_share_of_a_drug_that_its_season_gives():
    pause = Campaign(name="c", start="07-01", end="09-01", agencies=("Customs",), factor=0.0, **MADE_UP)
    world = replace(with_drug(road_world(always("a", "p0", 0.3)), season=HARVEST), campaigns=(pause,))
    got = expect(world)
    assert got.seized[HEROIN] == pytest.approx([0.3 * 1000 * (1 - 62 / 365)])
    assert got.seized[OPIUM] == pytest.approx([0.3 * 300 * (1 - share_between(7, 8))])
    assert_ledger_closes(got)


@pytest.mark.parametrize(("day", "share"), [(31 + 28, 0.0), (181, share_between(6, 6)), (243, share_between(6, 8))])
def test_what_enters_within_a_horizon_follows_the_season(day, share):
    world = with_drug(road_world(always("a", "p0", 0.3)), season=HARVEST)
    got = expect(world, horizon=24.0 * day)
    assert got.entered[:2] == pytest.approx([1000.0 * day / 365, 300.0 * share])
    assert got.seized[:2, 0] == pytest.approx([300.0 * day / 365, 90.0 * share])


def test_a_route_that_begins_inside_meets_no_crossing_at_its_start():
    world = valley_road()
    outer, inner = (
        world.stops(route.path, vehicle_class="truck", direction="through", mode="road")
        for route in world.network.routes
    )
    names = [post.name for post in world.checkpoints]
    assert [names[stop.checkpoint] for stop in outer] == ["entry", "inner", "leaving"]
    assert [names[stop.checkpoint] for stop in inner] == ["inner", "leaving"]
    assert inner[0].place == 0
    directions = [world.checkpoints[stop.checkpoint].groups[stop.group].direction for stop in inner]
    assert directions == ["both", "out"]
    fleet = draw_consignments(world, seed=1, replications=[0], horizon=YEAR)
    visited = of_drug(fleet, CANNABIS)
    assert set(visited["checkpoint"].tolist()) == {1, 2}
    assert not visited["travel"][visited["checkpoint"] == 1].any()


def test_what_is_harvested_inside_counts_as_entered_and_is_found_from_its_start_on():
    got = expect(valley_road())
    assert got.entered[CANNABIS] == pytest.approx(300.0)
    assert got.seized[CANNABIS] == pytest.approx([0.0, 0.4 * 300, 0.3 * 0.6 * 300])
    assert got.seized[HEROIN] == pytest.approx([300.0, 0.4 * 700, 0.3 * 0.6 * 700])
    assert_agreement(valley_road(season=HARVEST), replications=60, precision=0.2)


@pytest.mark.parametrize(
    ("given", "wording"),
    [
        ({"name": "heroin"}, "Drug 'heroin': name must be one of opium, cannabis, got 'heroin'"),
        ({"inflow": -1.0}, "inflow must be a finite number of at least 0"),
        ({"inflow": float("nan")}, "inflow must be a finite number of at least 0"),
        ({"inflow_high": 200.0}, r"Drug 'opium': inflow must lie in its interval \[0, 200\] kg, got 300.0"),
        ({"season": FLAT["weekly"]}, "Drug 'opium': season must be a seasonal profile, got 'weekly'"),
        ({"source": ""}, "must name a source"),
    ],
)
def test_a_drug_validates(given, wording):
    with pytest.raises(ValueError, match=wording):
        drug(**given)


@pytest.mark.parametrize(
    ("given", "wording"),
    [
        ({"streams": ("heroin", "opium")}, "'opium:o:road': drug must be heroin or one of the further drugs"),
        ({"streams": ("heroin",), "further": ("opium",)}, "shares of the streams of opium must be .* sum to 1, got 0"),
        ({"streams": ("opium",), "further": ("opium",)}, "shares of the streams of heroin must be .* sum to 1, got 0"),
        ({"streams": ("heroin",), "further": ("opium", "opium")}, "further drugs must"),
    ],
)
def test_drugs_and_streams_go_together(given, wording):
    more = {"streams": tuple(stream(name) for name in given["streams"])}
    with pytest.raises(ValueError, match=wording):
        with_traffic(
            road_world(post("a", place="p0")), further=tuple(drug(d) for d in given.get("further", ())), **more
        )


def test_numbers_are_asked_for_by_drug():
    traffic = with_drug(road_world(post("a", place="p0")), season=HARVEST).traffic
    assert traffic.drugs == ("heroin", "opium")
    assert [traffic.inflow_of(name) for name in traffic.drugs] == [1000.0, 300.0]
    assert [traffic.sizes_of(name) for name in traffic.drugs] == [SIZES, SMALL]
    assert [traffic.season_of(name) for name in traffic.drugs] == [None, HARVEST]
    with pytest.raises(ValueError, match="drug must be one of heroin, opium, got 'cannabis'"):
        traffic.inflow_of("cannabis")


def test_another_inflow_is_one_of_heroin_alone():
    world = with_inflow(with_drug(road_world(post("a", place="p0"))), 2.0)
    assert [world.traffic.inflow_of(name) for name in world.traffic.drugs] == [2000.0, 300.0]


@pytest.fixture(scope="module", params=["reference", "compiled", "expectation"])
def results(request):
    """Results of a world with heroin alone, and with two further drugs."""
    world = road_world(always("a", "p1", 0.3), per_day=10.0)
    more = with_drug(with_drug(world, season=HARVEST), name="cannabis", inflow=90.0)
    plan = Plan(replications=3)
    return [simulate(w, engine=request.param, plan=plan) for w in (world, more)]


def test_results_have_the_drugs_that_the_world_has(results):
    alone, among = results
    assert [list(part["drug"].values) for part in results] == [["heroin"], list(DRUGS)]
    for name in alone.data_vars:
        if "drug" in alone[name].dims:
            np.testing.assert_allclose(among[name].sel(drug="heroin"), alone[name].sel(drug="heroin"), rtol=1e-12)


def test_the_summary_has_a_short_block_for_each_further_drug(results):
    alone, among = (measures.summary(part) for part in results)
    blocks = [f"{name} {what}" for name in DRUGS[1:] for what in ("entered", "seized", "interdiction rate")]
    assert [row for row in among.quantity if row not in set(alone.quantity)] == blocks
    pd.testing.assert_frame_equal(among[~among.quantity.isin(blocks)].reset_index(drop=True), alone)
    rows = among.set_index("quantity")["mean"]
    own = measures.summary(results[1], drug="opium")
    numbers = [row for row in own.itertuples() if row.quantity in ("entered", "seized", "interdiction rate")]
    assert [rows[f"opium {row.quantity}"] for row in numbers] == [row.mean for row in numbers]
    assert rows["opium interdiction rate"] == pytest.approx(rows["opium seized"] / rows["opium entered"])


def test_the_map_shows_heroin():
    world = valley_road()
    path = world.network.routes[1].path
    rail = [Leg(**{f.name: getattr(leg, f.name) for f in fields(leg)} | {"mode": "rail"}) for leg in world.network.legs]
    train = replace(world.network.routes[1], name="train", origin="hills", mode="rail")
    network = replace(world.network, legs=(*world.network.legs, *rail), routes=(*world.network.routes, train))
    shares = (*world.traffic.class_shares, replace(world.traffic.class_shares[0], mode="rail", vehicle_class="train"))
    streams = (*world.traffic.streams, stream(origin="hills", mode="rail"))
    traffic = replace(world.traffic, class_shares=shares, streams=streams, further=(*world.traffic.further, drug()))
    world = replace(world, network=network, traffic=traffic)
    flows = flows_of(world)
    assert set(flows.legs.values()) == {1000.0 / KG_PER_TONNE}
    assert ("rail", *path[:2]) not in flows.legs
    assert network_map(world).axes


OPIUM_ROW = "opium,2,1,4,3,1.3,55,0.2,1.1,500,0.2,20,flat-year,reported,somewhere L1"
OPIUM_STREAM = "opium,abroad,road,1,1,1,assumed,judgement: made up"


def table_of(name, row):
    """Text of a table with all its columns and one row."""
    return f"{','.join(reader.COLUMNS[name])}\n{row}\n"


def test_an_overlay_gives_a_world_a_further_drug(tmp_path):
    """The table is not there before; tonnes become kilograms and a rate becomes a share."""
    (tmp_path / "drugs.csv").write_text(table_of("drugs", OPIUM_ROW), encoding="utf-8")
    (tmp_path / "streams.csv").write_text(table_of("streams", OPIUM_STREAM), encoding="utf-8")
    folder = WORLDS / "single_checkpoint"
    assert not (folder / "drugs.csv").exists()
    given = {"name": "w", "title": "w", "year": 2010, "detection": road_world().detection}
    before = reader.load(folder, **given)
    after = reader.load(folder, overlays=[tmp_path], **given)
    assert before.traffic.further == ()
    (opium,) = after.traffic.further
    assert (opium.inflow, opium.inflow_low, opium.inflow_high) == (2000.0, 1000.0, 4000.0)
    sizes = {"median": 3.0, "log_sd": 1.3, "tail_start": 55.0, "tail_share": 0.2 / 20, "tail_exponent": 1.1}
    assert opium.sizes == ConsignmentSizes(**sizes, maximum=500.0, selection=0.2)
    assert (opium.season.name, opium.kind, opium.source) == ("flat-year", "reported", "somewhere L1")
    assert after.traffic.drugs == ("heroin", "opium")
    assert replace(after, traffic=replace(after.traffic, further=(), streams=before.traffic.streams)) == before
    numbers = provenance.of_tables(reader.read_tables(folder, overlays=[tmp_path]), world=after, inflow=7.0)
    found = {(number.key, number.name): number for number in numbers if number.table == "drugs"}
    inflow = found["opium", "inflow"]
    assert (inflow.value, inflow.low, inflow.high, inflow.unit, inflow.kind) == (2, 1, 4, "t/year", "reported")
    assert {name for _, name in found} >= {"inflow", "load_median", "load_tail_rate", "detected_loads_per_year"}


@pytest.mark.slow
def test_the_command_checks_and_runs_a_world_with_a_further_drug(command):
    assert command("study=new_world", "out=mine")[0] == 0
    for table, row in (("drugs", OPIUM_ROW.replace("flat-year", "")), ("streams", OPIUM_STREAM)):
        with Path(f"mine/world/mine/{table}.csv").open("a", encoding="utf-8") as file:
            file.write(row.replace("abroad", "southland") + "\n")
    mine = ("world=mine", "--config-dir", "mine")
    code, out, err = command("study=check", *mine)
    assert (code, err) == (0, "")
    assert "inflow %    opium %  checkpoints" in out
    code, out, _ = command(*mine, "engine=expectation", "inflow=3", "out=run")
    assert code == 0
    assert "Rows that name no drug are of heroin; opium in short." in out
    table = pd.read_csv("run/run.csv").set_index("quantity")["mean"]
    assert (table["entered"], table["opium entered"]) == pytest.approx((3000.0, 2000.0))
