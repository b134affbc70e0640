"""Simulation: the plan, the approximation by recorded queues, and independence of workers."""

import numpy as np
import pytest
import xarray as xr
from small_worlds import device, post, road_world
from together import together

from flowsim.draws.honest import draw_honest
from flowsim.engine.reference import engine as reference
from flowsim.engine.reference.background import Queues, Span, record
from flowsim.simulation.simulate import Plan, simulate, with_inflow


def gate(**fields):
    """A world with one busy checkpoint whose crowding matters."""
    given = {"referral": 0.5, "wave_through": 1, "service_time": 0.08} | fields
    return road_world(post("gate", place="p1", devices=(device("x"),), bays=4, **given), per_day=240.0, inflow=2000.0)


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers():
    plan = {"replications": 4, "seed": 5}
    one, two = (simulate(gate(), plan=Plan(**plan, workers=workers)) for workers in (1, 2))
    xr.testing.assert_identical(one, two)


def test_more_replications_keep_the_first_ones():
    few, many = (simulate(gate(), plan=Plan(replications=n, seed=5)) for n in (2, 4))
    assert np.array_equal(few.seized_mass, many.seized_mass.isel(replication=slice(2)))


def test_recorded_queues_stand_in_for_traffic_simulated_together():
    """Wave-through lets more pass in a queue; both plans see the same share (z < 3.9, error probability 1e-4)."""
    together = simulate(gate(), plan=Plan(replications=3, traffic_years=3, seed=2))
    recorded = simulate(gate(), plan=Plan(replications=3, traffic_years=1, seed=2))
    empty = simulate(gate(wave_through=10**6), plan=Plan(replications=3, traffic_years=1, seed=2))
    counts = [float(ds.seizure_count.sum()) for ds in (together, recorded, empty)]
    assert abs(counts[0] - counts[1]) < 3.9 * np.sqrt(counts[0] + counts[1])
    assert counts[2] > 1.5 * counts[1]


def test_recorded_queue_gives_the_wait_of_the_vehicle_that_was_there():
    """A vehicle looked up at the arrival of a simulated one, before it, waits as that one did."""
    world = gate(lanes=2, service_time=0.16)
    fleet = draw_honest(world, seed=1, year=0, start=0.0, end=168.0)
    outcome = reference.run(world, fleet, until=168.0).outcome
    queue = record(world, fleet, outcome, start=0.0, end=168.0).groups[0, 0]
    served = np.flatnonzero(~np.isnan(outcome.start))
    for k in served[:2000]:
        assert queue.wait(outcome.arrival[k]) == pytest.approx(outcome.start[k] - outcome.arrival[k], abs=1e-12)
        assert (queue.waiting(outcome.arrival[k]) > 1) == bool(outcome.crowded[k])


def test_a_time_outside_the_recorded_weeks_meets_the_same_hour_of_the_same_weekday():
    queues = Queues((Span(1680.0, 1848.0, {}, {}), Span(5040.0, 5208.0, {}, {})))
    for time in (0.0, 99.5, 1700.25, 4000.0, 8759.0):
        span, local = queues.at(time)
        assert span.start <= local <= span.end
        assert (local - time) % 168.0 == pytest.approx(0.0)
    assert queues.at(0.0)[0].start == 1680.0
    assert queues.at(8759.0)[0].start == 5040.0


def test_weeks_of_traffic_are_spread_over_the_year():
    spans = Plan(replications=20, traffic_years=4 / 52).spans()
    assert [start / 168 for _, start, _ in spans] == [6, 19, 32, 45]
    assert all(end - start == 168 for _, start, end in spans)


@together(
    "fields, message",
    [
        ({"replications": 0}, "replications must be a whole number from 1"),
        ({"replications": 2.5}, "replications must be a whole number"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"traffic_years": 0.0}, "traffic_years must lie above 0"),
        ({"traffic_years": 300.0}, r"not exceed replications \(100\), got 300.0"),
        ({"traffic_years": 1.5}, "be whole from 1 on"),
        ({"traffic_years": float("nan")}, "traffic_years must lie above 0"),
        ({"horizon": 1e9}, r"horizon must lie in \(0, 8760\] hours"),
        ({"workers": 0}, "workers must be a whole number from 1"),
    ],
)
def test_a_bad_plan_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Plan(**fields)


@pytest.mark.parametrize("inflow", [-1.0, float("nan"), 1e99, float("inf")])
def test_a_bad_inflow_is_refused(inflow):
    with pytest.raises(ValueError, match=r"inflow must lie in \[0, 20\] t/year"):
        with_inflow(gate(), inflow)


def test_unknown_engine_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'reference'"):
        simulate(gate(), engine="refernce")
