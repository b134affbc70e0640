"""Both engines: event order, resumption, dependence between layers and conservation of mass."""

import numpy as np
import pytest
import slabs
from amounts import amount
from engines import ENGINES, SLOWER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_worlds import everyone, on_lattice
from scipy.stats import binom
from small_worlds import device, post, road_world, worlds

from flowsim.draws.consignments import draw_consignments
from flowsim.draws.honest import draw_honest
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.outcome import REFERRED, SEIZED, WAVED
from flowsim.results.tally import tally_consignments

some = settings(max_examples=amount(60, quick=12), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module", params=SLOWER)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


@pytest.mark.slow
@pytest.mark.parametrize("lattice", [False, True], ids=["continuous", "whole-minutes"])
@some
@given(world=worlds(), seed=st.integers(0, 2**31))
def test_engine_and_slab_recursion_agree_to_the_last_bit(engine, lattice, world, seed):
    fleet = everyone(world, seed=seed, lattice=lattice)
    assert engine.run(world, fleet).outcome.equals(slabs.run(world, fleet, slab=0.1))


@pytest.mark.slow
def test_random_worlds_exercise_the_rules():
    """A hundredth or more of the visits are referred, waved through, queued and coincide; the counts are printed."""
    counts = {"visits": 0, "queued": 0, "referred": 0, "waved": 0, "seized": 0, "simultaneous": 0}

    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    @given(world=worlds(), seed=st.integers(0, 2**31))
    def count(world, seed):
        fleet = everyone(world, seed=seed, lattice=True)
        outcome = compiled.run(world, fleet).outcome
        reached = ~np.isnan(outcome.arrival)
        counts["visits"] += reached.sum()
        counts["queued"] += (outcome.start > outcome.arrival).sum()
        counts["referred"] += (outcome.decision == REFERRED).sum()
        counts["waved"] += (outcome.decision == WAVED).sum()
        counts["seized"] += (outcome.fate == SEIZED).sum()
        counts["simultaneous"] += reached.sum() - len(np.unique(outcome.arrival[reached]))

    count()
    print(counts)
    assert counts["visits"] > 10_000
    for name in ("queued", "referred", "waved", "simultaneous"):
        assert counts[name] > 0.01 * counts["visits"], counts
    assert counts["seized"] > 100


@some
@given(
    world=worlds(),
    seed=st.integers(0, 2**31),
    cuts=st.lists(st.floats(0, 150), max_size=4),
    lattice=st.booleans(),
)
def test_a_run_cut_into_epochs_has_the_same_bits(engine, world, seed, cuts, lattice):
    fleet = on_lattice(everyone(world, seed=seed, lattice=False), lattice=lattice, step=1 / 64)
    cuts = [round(cut * 64) / 64 for cut in cuts] if lattice else cuts
    whole = engine.run(world, fleet, until=200.0)
    state = None
    for time in [*sorted(cuts), 200.0]:
        state = engine.run(world, fleet, state=state, until=time)
    assert state.outcome.equals(whole.outcome)


@some
@given(world=worlds(), seed=st.integers(0, 2**31), until=st.floats(0, 200))
def test_ledger_closes_at_any_time(engine, world, seed, until):
    fleet = everyone(world, seed=seed, lattice=False)
    outcome = engine.run(world, fleet, until=until).outcome
    consignments = tally_consignments(world, fleet, outcome, replications=1, horizon=until)
    out = (
        consignments.seized.sum()
        + consignments.leaked.sum()
        + consignments.retained.sum()
        + consignments.stored.sum()
        + consignments.underway.sum()
    )
    assert out == pytest.approx(consignments.entered.sum(), rel=1e-9, abs=1e-9)


@pytest.fixture(scope="module")
def consignments_only(engine):
    """Fleet and outcome of years of consignments that queue with none but themselves."""

    def run(world, *, replications, seed=1):
        fleet = draw_consignments(world, seed=seed, replications=range(replications), horizon=8760.0)
        return fleet, engine.run(world, fleet).outcome

    return run


def test_seizures_of_a_thinned_poisson_stream_are_poisson(consignments_only):
    """Counts of 400 years have the mean and the variance of a Poisson law; each check fails by chance below 1e-4."""
    gate = post("gate", place="p1", devices=(device("x", intercept=0.0),), referral=1.0, lanes=50, bays=50)
    world = road_world(gate, inflow=300.0)
    fleet, outcome = consignments_only(world, replications=400)
    counts = np.bincount(fleet.replication[outcome.fate == SEIZED], minlength=400)
    mean = fleet.size / 400 * 0.5
    assert abs(counts.mean() - mean) < 3.9 * np.sqrt(mean / 400)
    dispersion = counts.var(ddof=1) / counts.mean()
    assert abs(dispersion - 1) < 3.9 * np.sqrt(2 / 399)


def test_independent_checkpoints_in_series_find_one_minus_the_product(consignments_only):
    """Exact binomial interval with an error probability of 1e-4."""
    posts = [
        post(f"a{i}", place=f"p{i}", devices=(device("x", intercept=-1.0),), referral=0.999999, lanes=9, bays=9)
        for i in range(3)
    ]
    world = road_world(*posts)
    fleet, outcome = consignments_only(world, replications=40)
    p = 1 / (1 + np.exp(1.0))
    low, high = binom.interval(1 - 1e-4, fleet.size, 1 - (1 - p) ** 3)
    assert low <= (outcome.fate == SEIZED).sum() <= high


def test_shared_concealment_makes_layers_dependent(consignments_only):
    """Two layers that see the same concealment find less than two independent ones of the same strength (z > 4)."""
    hidden = device("x", intercept=0.0, concealment=3.0)
    posts = [post(f"a{i}", place=f"p{i}", devices=(hidden,), referral=0.999999, lanes=9, bays=9) for i in range(2)]
    world = road_world(*posts)
    fleet, outcome = consignments_only(world, replications=40)
    first = outcome.alarm[fleet.first[:-1]].mean()
    independent = 1 - (1 - first) ** 2
    both = (outcome.fate == SEIZED).mean()
    assert independent - both > 4 * np.sqrt(both * (1 - both) / fleet.size)


def test_wave_through_lets_selected_vehicles_pass_only_when_more_than_the_threshold_wait(engine):
    world = road_world(post("a", place="p0", referral=0.5, wave_through=2), places=1)
    fleet = draw_honest(world, seed=1, year=0, start=0.0, end=1000.0)
    outcome = engine.run(world, fleet).outcome
    starts = np.sort(outcome.start)
    for k in range(len(outcome.arrival)):
        ahead = (outcome.arrival < outcome.arrival[k]).sum() - np.searchsorted(starts, outcome.arrival[k], side="right")
        assert outcome.crowded[k] == (ahead > 2)
    assert set(outcome.decision[outcome.crowded == 1]) == {0, WAVED}


def test_half_the_lanes_at_least_double_the_delay(engine):
    whole = road_world(post("a", place="p0", lanes=2), per_day=440.0, places=1)
    half = road_world(post("a", place="p0", lanes=1), per_day=440.0, places=1)
    delay = []
    for world in (whole, half):
        fleet = draw_honest(world, seed=1, year=0, start=0.0, end=168.0)
        outcome = engine.run(world, fleet, until=168.0).outcome
        delay.append(np.nanmean(np.where(np.isnan(outcome.departure), 168.0, outcome.departure) - outcome.arrival))
    assert delay[1] > 2 * delay[0]
