"""What a kilogram stopped in one stage takes from the later ones."""

from dataclasses import replace

import numpy as np
import pytest
from small_chains import middles, small_chain

from flowsim.chain.marginal import FATES, fates
from flowsim.chain.stages import off_route, onward, with_rates

RATES = np.array([[0.02, 0.3], [0.1, 0.0], [0.05, 0.6], [0.2, 0.1]])
FLOW = np.array([9e4, 5e4])


def test_the_fates_of_a_kilogram_sum_to_one():
    after, later = fates(RATES, onward(small_chain(), middles()))
    assert after.sum(axis=-1) == pytest.approx(1.0, abs=1e-12)
    assert later.sum(axis=-1) == pytest.approx(after[..., FATES.index("seized later")], abs=1e-12)


def test_it_is_the_finite_difference_of_the_closed_form():
    """A kilogram more seized in a stage, by a higher rate there, and every total before and after."""
    shares = onward(small_chain(), middles())
    before = with_rates(FLOW, shares, RATES)
    after, later = fates(RATES, shares)
    for at in range(4):
        step = np.zeros((4, 2))
        step[at] = 1.0 / before.inflow[at]
        changed = with_rates(FLOW, shares, RATES + step)
        lost = {
            "seized later": (before.seized - changed.seized)[at + 1 :].sum(axis=0),
            "consumed on the way": (before.consumed - changed.consumed).sum(axis=0),
            "off route": (off_route(before, shares) - off_route(changed, shares)).sum(axis=0),
            "arrives": (before.passed - changed.passed)[-1],
        }
        for fate, mass in lost.items():
            assert after[at, :, FATES.index(fate)] == pytest.approx(mass, abs=1e-7), (at, fate)
        fewer = before.seized - changed.seized
        assert fewer[at + 1 :] == pytest.approx(later[at, :, at + 1 :].T, abs=1e-7), at


def test_without_anything_on_the_way_all_of_it_arrives():
    shares = onward(small_chain(), middles())
    bare = replace(shares, consumed=np.zeros(4), split=np.eye(4, 5, 1) * [[1], [1], [1], [0]])
    after, _ = fates(np.zeros((4, 2)), bare)
    assert (after[..., FATES.index("arrives")] == 1.0).all()
