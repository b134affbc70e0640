"""What holds in every world without exception, on thousands of worlds that hypothesis makes up.

Nothing here is statistical. Mass is conserved at any time; a run cut into epochs has the same bits; and where nobody
queues and no clock matters, each load meets the same luck whatever stands elsewhere, so more control only ever adds
loads to those that are stopped.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from engines import ENGINES, nobody
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_worlds import HORIZON, LATTICE, MANY, everyone
from small_worlds import device, post, road_world, with_traffic, worlds

from flowsim.draws.consignments import draw_consignments
from flowsim.engine.expectation.engine import expect
from flowsim.engine.outcome import SEIZED
from flowsim.results.registry import CHANNELS
from flowsim.results.tally import close, tally_consignments
from flowsim.world.detection import Effort

SEEDS = st.integers(0, 2**31)
ENDS = st.floats(0, 200)
many = settings(max_examples=600, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def steady(world):
    """World in which it does not matter when a load is looked at, which another device or post would put off.

    Devices never fail, trains wait until they are done, lanes are always on duty and no campaign lasts. Searches are
    not cheaper than observed: else they are made within the hours of the bays, which another device takes up.
    """

    def all_day(gate):
        groups = tuple(replace(group, stop=math.inf, shifts=()) for group in gate.groups)
        return replace(gate, groups=groups, devices=tuple(replace(tool, availability=1.0) for tool in gate.devices))

    posts = tuple(all_day(gate) for gate in world.checkpoints)
    detection = replace(world.detection, cost_ratio=max(1.0, world.detection.cost_ratio))
    return replace(world, checkpoints=posts, detection=detection, campaigns=())


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


def consignments_alone(world, *, seed, factor=1.0):
    """Fleet and outcome of loads that meet nobody and are followed to their end, by the compiled engine."""
    busy = with_traffic(world, inflow=factor * MANY * world.traffic.inflow)
    fleet = draw_consignments(busy, seed=seed, replications=[0], horizon=HORIZON)
    return fleet, ENGINES["compiled"].run(world, fleet, queues=nobody(world)).outcome


def stopped(world, *, seed):
    return consignments_alone(world, seed=seed)[1].fate == SEIZED


@many
@given(world=worlds(), seed=SEEDS, until=ENDS, lattice=st.booleans())
def test_the_ledger_closes_at_any_time(engine, world, seed, until, lattice):
    fleet = everyone(world, seed=seed, lattice=lattice)
    outcome = engine.run(world, fleet, until=until).outcome
    consignments = tally_consignments(world, fleet, outcome, replications=1, horizon=until)
    out = (
        consignments.seized.sum()
        + consignments.leaked.sum()
        + consignments.retained.sum()
        + consignments.stored.sum()
        + consignments.underway.sum()
    )
    assert out == pytest.approx(fleet.mass[fleet.loaded & (fleet.entry < until)].sum(), rel=1e-9, abs=1e-9)
    one_by_one = consignments.seized.sum() - consignments.channels[..., CHANNELS.index("market"), :].sum()
    assert consignments.seizures["mass"].sum() == pytest.approx(one_by_one, rel=1e-9, abs=1e-9)
    assert len(consignments.seizures["mass"]) == consignments.count.sum()


@many
@given(world=worlds(), seed=SEEDS, cuts=st.lists(ENDS, max_size=5), lattice=st.booleans())
def test_a_run_cut_into_epochs_has_the_same_bits(engine, world, seed, cuts, lattice):
    fleet = everyone(world, seed=seed, lattice=lattice)
    edges = sorted(np.round(np.array(cuts) / LATTICE) * LATTICE if lattice else cuts)
    state = None
    for time in [*edges, 200.0]:
        state = engine.run(world, fleet, state=state, until=time)
    assert state.outcome.equals(engine.run(world, fleet, until=200.0).outcome)


@many
@given(world=worlds(rings=False), seed=SEEDS, where=st.integers(0, 3), intercept=st.floats(-3, 3))
def test_another_device_lets_no_consignment_through_that_was_stopped(world, seed, where, intercept):
    world = steady(world)
    index = where % len(world.checkpoints)
    more = (*world.checkpoints[index].devices, device("another", intercept=intercept, slope=0.5, concealment=1.0))
    posts = (
        *world.checkpoints[:index],
        replace(world.checkpoints[index], devices=more),
        *world.checkpoints[index + 1 :],
    )
    before, after = stopped(world, seed=seed), stopped(replace(world, checkpoints=posts), seed=seed)
    assert not (before & ~after).any()


@many
@given(world=worlds(rings=False), seed=SEEDS, where=st.integers(0, 3))
def test_a_checkpoint_closed_stops_no_consignment_that_passed(world, seed, where):
    world = steady(world)
    index = where % len(world.checkpoints)
    posts = (*world.checkpoints[:index], *world.checkpoints[index + 1 :])
    before, after = stopped(world, seed=seed), stopped(replace(world, checkpoints=posts), seed=seed)
    assert not (after & ~before).any()


@many
@given(world=worlds(rings=False), seed=SEEDS, efforts=st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_more_effort_lets_no_consignment_through_that_was_stopped(world, seed, efforts):
    world = steady(world)
    low, high = (Effort(crossing=e, inside=e, south=e, almaty=e) for e in sorted(efforts))
    fates = [
        stopped(replace(world, detection=replace(world.detection, effort=effort)), seed=seed) for effort in (low, high)
    ]
    assert not (fates[0] & ~fates[1]).any()


@many
@given(world=worlds(rings=False), seed=SEEDS)
def test_a_larger_inflow_changes_nothing_for_the_consignments_already_there(world, seed):
    world = with_traffic(world, retained_share=0.0)
    few, their_end = consignments_alone(world, seed=seed)
    more, all_ends = consignments_alone(world, seed=seed, factor=1.5)
    known = {entry: k for k, entry in enumerate(more.entry.tolist())}
    place = [known[entry] for entry in few.entry.tolist()]
    assert np.array_equal(more.mass[place], few.mass)
    assert np.array_equal(all_ends.fate[place], their_end.fate)
    assert np.array_equal(all_ends.end[place], their_end.end)


@many
@given(world=worlds(), log_sd=st.floats(0, 0.8), effort=st.floats(0, 1), horizon=st.floats(1e-3, 8760))
def test_the_ledger_of_the_expectation_engine_closes(world, log_sd, effort, horizon):
    everywhere = Effort(crossing=effort, inside=effort, south=effort, almaty=effort)
    world = replace(world, detection=replace(world.detection, year_log_sd=log_sd, effort=everywhere))
    mean = expect(world, horizon=horizon)
    out = mean.seized.sum(axis=1) + mean.leaked.sum(axis=1) + mean.retained
    assert out == pytest.approx(mean.entered, rel=1e-9, abs=1e-9)
    assert (mean.seized_variance >= 0).all()


def test_a_ledger_that_lacks_a_milligram_in_ten_kilograms_is_refused():
    world = road_world(post("a", place="p1", devices=(device(),), referral=0.5))
    fleet, outcome = consignments_alone(world, seed=1)
    consignments = tally_consignments(world, fleet, outcome, replications=1, horizon=HORIZON)
    close(consignments)
    with pytest.raises(ArithmeticError, match="ledger of heroin in replication 0 must close"):
        close(replace(consignments, entered=consignments.entered * (1 + 1e-7)))
