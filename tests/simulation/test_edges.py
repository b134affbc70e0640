"""Numbers at the edges of what may be asked: the ledger closes, and what is not finite is NaN for a stated reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amounts import rest_slow
from small_worlds import device, post, road_world

import flowsim as fs
from flowsim.engine.expectation.engine import expect
from flowsim.results import measures
from flowsim.world.detection import Effort
from flowsim.world.shifts import Shift
from flowsim.world.traffic import Law

NO_VISIT = (
    "delay",
    "prevalence",
    "utilisation",
    "visits",
    "vehicles",
    "waved",
    "unfinished",
    "referred",
    "queue",
    "hours",
)
"""Words in the names of variables that are NaN where no vehicle comes, or for errors where there is one span."""

NO_MASS = ("rate",)
"""Variables that are NaN where nothing enters."""


def road(*, alarming=1.0, effort=1.0, shut=False, places=3, **fields):
    """A road with a crossing and a post inside."""
    scanner = device("scanner", intercept=50.0 if alarming else -50.0)
    shifts = (Shift(start=0.0, end=24.0, lanes=0),) if shut else ()
    given = {"devices": (scanner,), "referral": 0.2, "shifts": shifts}
    posts = [post(name, place=f"p{k}", **given) for k, name in enumerate("ab")]
    world = road_world(*posts[: max(1, places - 1)], places=places, **{"per_day": 24.0} | fields)
    shares = {name: effort for name in ("crossing", "inside", "south", "almaty")}
    return replace(world, detection=replace(world.detection, effort=Effort(**shares)))


EDGES = {
    "one place": (lambda: road(places=1), {}),
    "two places": (lambda: road(places=2), {}),
    "no traffic": (lambda: road(per_day=0.0), {}),
    "nothing flows": (lambda: road(inflow=0.0), {}),
    "nothing at all": (lambda: road(inflow=0.0, per_day=0.0), {}),
    "all posts closed": (lambda: road(shut=True), {}),
    "every alarm, all followed up": (lambda: road(), {}),
    "no alarm": (lambda: road(alarming=0.0), {}),
    "none followed up": (lambda: road(effort=0.0), {}),
    "one replication": (lambda: road(), {"replications": 1}),
    "an hour": (lambda: road(), {"horizon": 1.0, "replications": 1}),
    "an hour without flow": (lambda: road(inflow=0.0), {"horizon": 1.0}),
}


@pytest.mark.parametrize("edge", rest_slow(list(EDGES), quick=4))
def test_the_ledger_closes_and_results_are_finite_or_have_a_reason(edge):
    make, more = EDGES[edge]
    world = make()
    results = fs.simulate(world, **{"replications": 2, "traffic_years": 0.01, "seed": 1, **more})
    entered = results.entered_mass.sum("drug")
    out = measures.seized(results) + measures.leakage(results) + results.retained_mass + results.stored_mass
    gap = np.abs((out + results.underway_mass - results.entered_mass).sum("drug"))
    assert float(gap.max()) <= 1e-9 * max(1.0, float(entered.max()))
    for name, array in results.data_vars.items():
        values = array.values
        assert not np.isinf(values).any(), name
        if np.isnan(values).any():
            reasons = NO_VISIT + (NO_MASS if (entered == 0).any() else ())
            assert any(word in str(name) for word in reasons), name
    expected = expect(world, horizon=more.get("horizon", 8760.0))
    closing = expected.seized.sum() + expected.leaked.sum() + expected.retained.sum() - expected.entered.sum()
    assert abs(closing) <= 1e-9 * max(1.0, expected.entered.sum())
    assert np.isfinite(expected.seized).all()


@pytest.mark.parametrize("law", [Law(family="constant", cv=0.0), Law(family="lognormal", cv=0.2)])
def test_trains_that_always_leave_before_the_look_carry_all_past_it_in_every_engine(law):
    scanner = device("scanner", intercept=50.0)
    given = {"service_time": 2.0, "law": law, "referral": 0.9}
    world = road_world(post("a", place="p1", devices=(scanner,), stop=0.5, **given), places=3)
    world = replace(world, detection=replace(world.detection, effort=Effort(crossing=1, inside=1, south=1, almaty=1)))
    simulated = fs.simulate(world, replications=20, traffic_years=0.01, seed=1)
    assert float(measures.seized(simulated).sum()) == 0.0
    expected = fs.simulate(world, engine="expectation")
    assert float(expected.expected_seized_mass.sum()) == 0.0
    missed = expected.expected_missed_mass.sel(drug="heroin")
    assert float(missed.sel(reason="not reached").sum()) == pytest.approx(float(missed.sum()))
    looked_at = road_world(post("a", place="p1", devices=(scanner,), stop=9.0, **given), places=3)
    assert float(fs.simulate(looked_at, engine="expectation").expected_seized_mass.sum()) > 0.0
