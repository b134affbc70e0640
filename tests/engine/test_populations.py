"""Populations of consignments: both engines to the bit, the closed form against them, and what leaves all as it was.

Comparisons with simulation are two-sided z tests with fixed seeds as in `test_expectation`; each fails by chance with
probability below 1e-5. Other tests that can fail by chance state their error probability.
"""

from dataclasses import fields, replace

import numpy as np
import pytest
from engines import ENGINES
from random_worlds import everyone, random_world
from scipy import stats
from small_worlds import LARGE, SIZES, hub, trades, with_rings, with_traffic
from test_expectation import (
    assert_agreement,
    assert_ledger_closes,
    assert_means,
    busy_road,
    simulated,
    with_detection,
)
from test_expectation_rings import assert_agreement as agree_by_cell
from test_expectation_rings import country

import flowsim as fs
from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import PER_VEHICLE, PER_VISIT
from flowsim.engine.expectation.engine import expect
from flowsim.results.tally import tally_consignments
from flowsim.world.populations import whole

YEAR = 8760.0
SMALL, WHOLESALE = range(2)
RINGS = {"rings": 6, "cases": 40.0, "dismantled": 0.3, "tip": 0.2, "bribe": 0.2, "protected": 0.3}


def with_trades(world, **given):
    """World with small trade and wholesale of heroin."""
    return with_traffic(world, populations=trades(**given))


def of_population(fleet, index):
    """Numbers of the vehicles of a population."""
    chosen = fleet.population == index
    visits = chosen[fleet.vehicle_of_visit]
    numbers = {name: getattr(fleet, name)[chosen] for name in PER_VEHICLE if name != "parent"}
    return numbers | {name: getattr(fleet, name)[visits] for name in PER_VISIT}


def same(one, other):
    """Whether numbers are the same to the last bit."""
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("lattice", [False, True], ids=["continuous", "quarter-hours"])
@pytest.mark.parametrize("number", range(6))
def test_the_engines_have_the_same_bits(number, lattice):
    """In random worlds, each of them with both populations on its roads."""
    world = with_trades(random_world(np.random.default_rng([7, number])), wholesale=0.5)
    fleet = everyone(world, seed=number, lattice=lattice)
    assert set(fleet.population[fleet.loaded]) == {SMALL, WHOLESALE}
    one, other = (engine.run(world, fleet, until=200.0).outcome for engine in ENGINES.values())
    assert one.equals(other)
    tally = tally_consignments(world, fleet, one, replications=1, horizon=200.0)
    out = (tally.seized.sum(-1), tally.leaked.sum(-1), tally.retained, tally.stored, tally.underway)
    assert sum(out) == pytest.approx(tally.entered, rel=1e-9)


def test_means_are_those_of_simulation():
    world = with_trades(busy_road())
    assert_agreement(world, replications=1500, precision=0.2)
    came = simulated(world, replications=1500).sums["loaded_vehicles"][..., : len(world.checkpoints)]
    assert_means(came, expect(world).loaded)
    assert_ledger_closes(expect(world))


@pytest.mark.parametrize("hubs", [(), (hub("p2", part=10.0),)], ids=["straight", "hub"])
def test_means_are_those_of_simulation_where_one_population_belongs_to_rings(hubs):
    """Seizures in store are counted by case in simulation, and by consignment in closed form."""
    given = {"rings": 20, "cases": 800.0, "tip": 0.2, "bribe": 0.2, "protected": 0.3}
    world = with_rings(replace(country(inflow=4000.0), hubs=hubs), **given)
    world = with_trades(world, concealment=-0.5, rings=0.8)
    assert agree_by_cell(world, replications=300, stores=(3,) if hubs else ()) >= 20
    came = simulated(world, replications=300).sums["loaded_vehicles"][..., : len(world.checkpoints)]
    assert_means(came, expect(world).loaded)


def test_variances_are_those_of_simulation():
    """Rings of six tenths of the consignments, which are protected, struck and dismantled together."""
    world = with_rings(busy_road(inflow=2000.0), rings=3, cases=2.0, dismantled=0.8, protected=0.4)
    world = with_trades(world, rings=0.8, wholesale=0.6)
    mean, tally = expect(world), simulated(world, replications=3000)
    total = tally.seized.sum(axis=2) - mean.seized.sum(axis=1)
    assert_means(total**2, mean.total_variance, precision=0.1)


def test_mass_enters_as_the_shares_say():
    """Within 3.9 standard errors of 200 years (error probability 1e-4 each)."""
    world = with_trades(busy_road(year_log_sd=0.0), wholesale=0.7)
    fleet = draw_consignments(world, seed=2, replications=range(200), horizon=YEAR)
    for index, share in ((SMALL, 0.3), (WHOLESALE, 0.7)):
        own = fleet.population == index
        years = np.bincount(fleet.replication[own], weights=fleet.mass[own], minlength=200)
        assert abs(years.mean() - share * world.traffic.inflow) < 3.9 * stats.sem(years)


def test_a_population_of_all_with_the_numbers_of_the_world_changes_no_expectation():
    world = with_rings(replace(busy_road(), hubs=(hub(),)), **RINGS)
    named = with_traffic(world, populations=(replace(whole("heroin", sizes=world.traffic.sizes), name="all"),))
    before, after = expect(world), expect(named)
    for own in fields(before):
        assert getattr(before, own.name).tobytes() == getattr(after, own.name).tobytes(), own.name


def test_two_populations_with_the_numbers_of_the_world_are_one():
    world = with_rings(busy_road(), **RINGS)
    before = expect(world)
    after = expect(with_trades(world, sizes=SIZES, concealment=0.0, tips=1.0))
    halves = trades(sizes=SIZES, concealment=0.0, tips=1.0)
    both = expect(with_traffic(world, populations=(replace(halves[0], rings=1.0), halves[1])))
    for own in fields(before):
        assert getattr(both, own.name) == pytest.approx(getattr(before, own.name), rel=1e-9), own.name
    assert after.seized.sum() != pytest.approx(before.seized.sum(), rel=1e-3)


def test_deeper_concealment_lowers_the_detection_of_one_and_moves_nothing_of_the_other():
    plain, hidden = (with_trades(busy_road(inflow=4000.0), concealment=q) for q in (0.0, 1.5))
    assert expect(hidden).seized.sum() < expect(plain).seized.sum()
    fleets = [draw_consignments(w, seed=3, replications=range(20), horizon=YEAR) for w in (plain, hidden)]
    assert same(*(of_population(fleet, SMALL) for fleet in fleets))
    ours, theirs = (of_population(fleet, WHOLESALE) for fleet in fleets)
    assert theirs.pop("concealment") == pytest.approx(ours.pop("concealment") + 1.5)
    assert same(ours, theirs)
    seized = []
    for world in (plain, hidden):
        quiet = with_traffic(world, flows=tuple(replace(flow, per_day=10.0) for flow in world.traffic.flows))
        table = fs.simulate(quiet, replications=20, traffic_years=0.002, seed=3)
        by = table.seizure_mass.groupby("seizure_population").sum()
        seized.append([float(by.sel(seizure_population=name)) for name in ("small", "wholesale")])
    assert seized[0][SMALL] == seized[1][SMALL]
    assert seized[1][WHOLESALE] < seized[0][WHOLESALE]


def test_cases_and_protection_reach_the_share_that_belongs_to_rings():
    """A binomial share with an error probability of 1e-4."""
    world = with_rings(with_trades(busy_road(inflow=20_000.0)), rings=5, cases=50.0, protected=0.5)
    fleet = draw_consignments(world, seed=3, replications=range(5), horizon=YEAR)
    small, outside = fleet.population == SMALL, fleet.ring < 0
    low, high = stats.binom.interval(1 - 1e-4, small.sum(), 0.7)
    assert low <= (small & outside).sum() <= high
    assert not outside[~small].any()
    assert not fleet.protected[outside].any()
    assert np.isinf(fleet.case_time[outside]).all()
    assert fleet.protected[~outside].any()


def test_more_rings_keep_the_consignments_that_there_were_apart():
    few, more = (with_rings(with_trades(busy_road(), rings=share), rings=5, cases=50.0) for share in (0.4, 0.6))
    drawn = [draw_consignments(w, seed=3, replications=range(20), horizon=YEAR) for w in (few, more)]
    one, other = (of_population(fleet, WHOLESALE) for fleet in drawn)
    outside = [set(own["mass"][own["ring"] < 0]) for own in (one, other)]
    assert outside[1] < outside[0]
    assert len(outside[1]) > 10


def test_tips_are_as_frequent_as_the_factor_says():
    """Binomial shares with an error probability of 1e-4 each; a chance above 1 is certain."""
    world = with_rings(with_trades(busy_road(inflow=20_000.0), tips=2.0), tip=0.3)
    fleet = draw_consignments(world, seed=3, replications=range(10), horizon=YEAR)
    first = fleet.first[:-1][np.diff(fleet.first) > 0]
    tipped, population = fleet.tipped[first], fleet.population[np.diff(fleet.first) > 0]
    for index, chance in ((SMALL, 0.3), (WHOLESALE, 0.6)):
        own = tipped[population == index]
        low, high = stats.binom.interval(1 - 1e-4, len(own), chance)
        assert low <= own.sum() <= high
    certain = with_trades(with_rings(busy_road(), tip=0.9), tips=2.0)
    fleet = draw_consignments(certain, seed=3, replications=range(5), horizon=YEAR)
    own = fleet.population[fleet.vehicle_of_visit[fleet.first[:-1]]] == WHOLESALE
    assert fleet.tipped[fleet.first[:-1]][own].all()
    assert_ledger_closes(expect(with_detection(certain, targeting=0.4)))


def test_sizes_are_those_of_the_population():
    fleet = draw_consignments(with_trades(busy_road()), seed=3, replications=range(20), horizon=YEAR)
    mass = {index: fleet.mass[fleet.population == index] for index in (SMALL, WHOLESALE)}
    assert np.median(mass[SMALL]) < 8 < 0.5 * LARGE.median < np.median(mass[WHOLESALE])
