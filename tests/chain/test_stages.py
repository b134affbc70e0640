"""The flow through the stages of a chain in closed form."""

import math

import numpy as np
import pytest
from small_chains import BRANCHES, STAGES, middles, small_chain

from flowsim.chain.stages import ChainFact, consecutive, named, off_route, onward, with_rates

RATES = np.array([[0.02], [0.1], [0.05], [0.2]])


def test_kilograms_followed_one_by_one_end_as_the_closed_form_says():
    """Each kilogram is seized, consumed or passed on by itself; the numbers are binomial."""
    chain, count, rng = small_chain(), 200_000, np.random.default_rng(1)
    shares = onward(chain, middles())
    expected = with_rates(np.array([float(count)]), shares, RATES)
    at = np.zeros(count, dtype=int)
    seized, consumed = np.zeros(4), np.zeros(4)
    for stage in range(4):
        here = np.flatnonzero(at == stage)
        taken = rng.random(len(here)) < RATES[stage, 0]
        used = ~taken & (rng.random(len(here)) < shares.consumed[stage])
        seized[stage], consumed[stage] = taken.sum(), used.sum()
        passed = here[~taken & ~used]
        at[here] = 9
        if stage < 3:
            at[passed] = rng.choice(5, size=len(passed), p=shares.split[stage])
        else:
            left = len(passed)
    for found, wanted in ((seized, expected.seized[:, 0]), (consumed, expected.consumed[:, 0])):
        # Nine numbers within four standard errors: missed by chance at most once in 1,700 seeds.
        assert (np.abs(found - wanted) <= 4 * np.sqrt(wanted)).all()
    assert abs(left - expected.passed[3, 0]) <= 4 * math.sqrt(expected.passed[3, 0])


def test_nothing_is_lost():
    chain, rng = small_chain(), np.random.default_rng(2)
    shares = onward(chain, middles())
    flow = 1e5 * rng.random((6, 8))
    found = with_rates(flow, shares, rng.random((6, 4, 8)))
    out = found.seized.sum(axis=-2) + found.consumed.sum(axis=-2) + off_route(found, shares).sum(axis=-2)
    assert out + found.passed[:, -1] == pytest.approx(flow, rel=1e-9)


def test_without_controls_and_consumption_everything_passes():
    values = {name: 0.0 if name.startswith("consumed") else value for name, value in middles().items()}
    shares = onward(small_chain(), values)
    found = with_rates(np.full(8, 1e5), shares, np.zeros((4, 8)))
    assert not found.seized.any()
    assert not found.rate.any()
    assert found.passed[-1] + off_route(found, shares).sum(axis=0) == pytest.approx(1e5, rel=1e-12)


def test_splits_are_shares_of_what_is_left():
    values = middles()
    split = onward(small_chain(), values).split
    south, off = values[named("split", "North", "South")], values[named("split", "North", "off route")]
    assert split[1] == pytest.approx([0, 0, south, (1 - south) * (1 - off), (1 - south) * off])
    assert split.sum(axis=-1) == pytest.approx([1, 1, 1, 0])


REFUSED = {
    "RouteChain.years": {"years": (2005, 2007)},
    "RouteChain.base_year": {"base_year": 1999},
    "RouteChain.detail_stage": {"detail_stage": "East"},
    "a branch of South": {"branches": {**BRANCHES, "South": ("North",)}},
    "North must pass on": {"branches": {**BRANCHES, "North": ()}},
    "Market must pass on": {"branches": {**BRANCHES, "Market": ("off route",)}},
    "RouteChain.stages": {"stages": (*STAGES, "Market")},
}


@pytest.mark.parametrize("thing", REFUSED)
def test_a_broken_chain_is_refused_by_name(thing):
    with pytest.raises(ValueError, match=thing):
        small_chain(**REFUSED[thing])


FACT = {
    "key": "part",
    "quantity": "part_of_inflow",
    "stage": "South",
    "of": "North",
    "year": 2010,
    "value": 0.5,
    "low": 0.4,
    "high": 0.6,
    "use": "fitted",
    "kind": "reported",
    "source": "a table",
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"value": 0.7}, "ChainFact.value must lie within"),
        ({"low": 0.0, "value": 0.4}, "ChainFact.low must be a finite number above 0"),
        ({"quantity": "mean_rate"}, "ChainFact.quantity must be one of"),
        ({"use": "both"}, "ChainFact.use"),
        ({"source": "judgement: mine"}, "ChainFact.source must name a document"),
    ],
)
def test_a_broken_fact_is_refused_by_name(changed, message):
    with pytest.raises(ValueError, match=message):
        ChainFact(**{**FACT, **changed})


def test_a_fact_of_an_unknown_stage_or_year_is_refused():
    with pytest.raises(ValueError, match="stage of the fact part"):
        small_chain(facts=(ChainFact(**{**FACT, "stage": "East"}),))
    with pytest.raises(ValueError, match="year of the fact part"):
        small_chain(facts=(ChainFact(**{**FACT, "year": 1990}),))


@pytest.mark.parametrize("years", [[1998], [2014, 1998], [1998.5, 2014], [1998, 1998]])
def test_years_are_a_pair_in_order(years):
    with pytest.raises(ValueError, match=r"world\.years must be the first and the last year"):
        consecutive(years)


def test_a_rate_above_one_is_refused():
    with pytest.raises(ValueError, match=r"a rate must lie in \[0, 1\], got 1\.5"):
        with_rates(np.ones(1), onward(small_chain(), middles()), np.full((4, 1), 1.5))
