"""Corruption: bribes, protected rings and the evidence store, each at its limits."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from small_worlds import device, post, road_world, ways_round, with_rings

from flowsim.draws.consignments import draw_consignments
from flowsim.draws.rings import draw_rings
from flowsim.engine.outcome import BYPASSED, SEIZED
from flowsim.results.dataset import consignments_dataset
from flowsim.results.tally import tally_consignments
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.detection import Effort

YEAR = 8760.0
SURE = device("sure", intercept=50.0, specificity=1.0)


def wide(name, place, **fields):
    """A checkpoint with lanes enough, where every consignment is examined and found."""
    return post(name, place=place, lanes=60, bays=60, **({"devices": (SURE,), "referral": 1.0} | fields))


def country(**fields):
    """A road with two checkpoints of the Customs and one of the KNB."""
    return road_world(wide("a", "p1", **fields), wide("b", "p2"), wide("k", "p3", agency="KNB"), inflow=3000.0)


def with_corruption(world, **fields):
    corruption = replace(world.detection.corruption, **fields)
    return replace(world, detection=replace(world.detection, corruption=corruption))


@pytest.fixture(scope="module")
def followed(engine):
    """Fleet, outcome and Dataset of some years of consignments."""

    def run(world, *, replications=1):
        fleet = draw_consignments(world, seed=1, replications=range(replications), horizon=YEAR)
        outcome = engine.run(world, fleet).outcome
        tally = tally_consignments(world, fleet, outcome, replications=replications, horizon=YEAR)
        return fleet, outcome, consignments_dataset(world, tally, policy="b")

    return run


def test_without_chances_nothing_is_drawn(followed):
    fleet, outcome, data = followed(country())
    _, other, leaky = followed(with_corruption(country(), released=0.3))
    assert outcome.equals(other)
    assert not fleet.bribe.any()
    assert (leaky.released_mass == 0.3 * data.seized_mass.sum(["channel", "agency"])).all()
    assert (leaky.seized_mass == data.seized_mass).all()


def test_where_every_alarm_is_bought_off_only_patrols_and_cases_seize(followed):
    way = replace(ways_round(share=0.5, patrol=0.5)[0], maximum=1e6)
    world = replace(country(border="KG"), bypasses=(way,))
    _, outcome, data = followed(with_rings(world, cases=20.0, bribe=1.0))
    by_channel = data.seized_mass.sum(["policy", "replication", "drug", "agency"])
    assert float(by_channel.sel(channel="routine")) == 0
    assert float(by_channel.sel(channel="patrol")) > 0
    assert float(by_channel.sel(channel="case")) > 0
    assert float(data.missed_mass.sel(reason="bought off").sum()) > 0
    assert float(data.missed_mass.sel(reason=["not followed up", "protected"]).sum()) == 0
    assert (outcome.decision == BYPASSED).any()


def test_a_checkpoint_may_have_a_chance_of_its_own(followed):
    _, outcome, _ = followed(with_corruption(country(bribe=0.0), bribe_customs=1.0))
    assert (outcome.fate == SEIZED).all()
    _, outcome, _ = followed(country(bribe=1.0))
    visits = outcome.departure.reshape(-1, 3)
    assert not np.isnan(visits[:, :2]).any()
    assert np.isnan(visits[:, 2]).all()


def test_each_alarm_is_bought_off_anew(followed):
    """Exact binomial intervals, error probability 1e-4 each."""
    fleet, outcome, _ = followed(with_corruption(country(), bribe_customs=0.4), replications=3)
    met = ~np.isnan(outcome.arrival.reshape(-1, 3))
    for k, chance in ((1, 0.4), (2, 0.16)):
        low, high = binom.interval(1 - 1e-4, fleet.size, chance)
        assert low <= met[:, k].sum() <= high


def test_bribes_of_one_agency_move_no_draw_at_another(followed):
    one, other = (followed(with_corruption(country(), bribe_customs=chance))[0] for chance in (0.2, 0.7))
    assert np.array_equal(one.bribe, other.bribe)
    assert not one.bribe.reshape(-1, 3)[:, 2].any()
    assert np.array_equal(one.effort, followed(country())[0].effort)


def test_where_every_ring_is_protected_everywhere_nothing_is_found(followed):
    fleet, outcome, data = followed(with_rings(country(), rings=20, protected=1.0))
    assert not (outcome.fate == SEIZED).any()
    assert float(data.missed_mass.sel(reason="protected").sum()) == pytest.approx(3 * fleet.mass.sum())


def test_a_protected_ring_is_protected_at_every_checkpoint_of_the_agency_and_of_no_other(followed):
    world = with_rings(country(), rings=400)
    world = with_corruption(world, protected_customs=0.5)
    fleet, outcome, data = followed(world)
    safe = fleet.protected == 1 << AGENCIES.index("Customs")
    assert 0.2 < safe.mean() < 0.8
    by_ring = [np.unique(safe[fleet.ring == ring]) for ring in np.unique(fleet.ring)]
    assert all(len(values) == 1 for values in by_ring)
    arrived = ~np.isnan(outcome.arrival.reshape(-1, 3))
    assert arrived[safe].all()
    assert not arrived[~safe, 1:].any()
    assert (outcome.fate == SEIZED).all()
    assert float(data.missed_mass.sel(reason="protected").sum()) == pytest.approx(2 * fleet.mass[safe].sum())


def test_rings_are_protected_with_their_share_by_each_agency_apart():
    """Exact binomial intervals, error probability 1e-4 each."""
    rings = 2000
    drawn = draw_rings(with_rings(country(), rings=rings, protected=0.3), seed=1, replications=[0])
    bits = [(drawn.protected[0] >> k & 1).astype(bool) for k in range(len(AGENCIES))]
    low, high = binom.interval(1 - 1e-4, rings, 0.3)
    assert all(low <= bit.sum() <= high for bit in bits)
    low, high = binom.interval(1 - 1e-4, rings, 0.09)
    assert low <= (bits[0] & bits[3]).sum() <= high


def test_reasons_come_in_the_order_effort_protection_bribe(followed):
    world = with_rings(country(), rings=5, protected=1.0, bribe=1.0)
    half = replace(world.detection, effort=Effort(crossing=0.5, inside=0.5, south=0.5, almaty=0.5))
    fleet, _, data = followed(replace(world, detection=half))
    missed = {str(name): float(data.missed_mass.sel(reason=name).sum()) for name in data.reason.values}
    idle = fleet.effort >= 0.5
    mass = fleet.mass[fleet.vehicle_of_visit]
    assert missed["not followed up"] == pytest.approx(mass[idle].sum())
    assert missed["protected"] == pytest.approx(mass[~idle].sum())
    assert missed["bought off"] == 0
    unprotected = with_rings(country(), bribe=1.0, tip=1.0)
    fleet, _, data = followed(replace(unprotected, detection=replace(unprotected.detection, effort=half.effort)))
    on_tip = fleet.tipped | (fleet.effort < 0.5)
    bought = float(data.missed_mass.sel(reason="bought off").sum())
    assert bought == pytest.approx(fleet.mass[fleet.vehicle_of_visit][on_tip].sum())


@pytest.mark.parametrize("field", ["bribe_knb", "protected_border_guards", "released"])
def test_chances_outside_their_range_are_refused(field):
    with pytest.raises(ValueError, match=rf"Corruption.{field} must lie in \[0, 1\], got 1.5"):
        with_corruption(country(), **{field: 1.5})


def test_a_chance_of_a_checkpoint_outside_its_range_is_refused():
    with pytest.raises(ValueError, match=r"Checkpoint 'a': bribe must lie in \[0, 1\], got -0.1"):
        country(bribe=-0.1)
