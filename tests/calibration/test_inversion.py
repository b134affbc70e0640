"""Efforts that give the masses of a draw: refused only where none in [0, 1] does, and sought in a bracket before."""

from __future__ import annotations

import itertools
from dataclasses import replace
from types import SimpleNamespace

import pytest

import flowsim as fs
from flowsim.calibration import inversion
from flowsim.calibration.brackets import Bracket, is_exhausted
from flowsim.calibration.components import simple, without
from flowsim.calibration.inversion import TOLERANCE, Wanted
from flowsim.engine.expectation.engine import expect

EFFORTS = (0.02, 0.3, 0.9, 1.0)


@pytest.fixture(scope="module")
def world():
    """A crossing and two posts behind it, which lose what it finds."""
    found = fs.load_world("two_routes")
    posts = (post if post.name == "entry" else replace(post, effort_class="inside") for post in found.checkpoints)
    return replace(found, checkpoints=tuple(posts))


@pytest.fixture
def solved(world, monkeypatch):
    """Efforts for masses found [kg/year]."""
    monkeypatch.setattr(inversion, "numbers_of", lambda model, drawn, world: {})

    def solve(crossing, inside):
        aim = Wanted(found={"crossing": crossing, "inside": inside}, patrol=0.0, market=0.0, cases={}, case_kg=0.0)
        monkeypatch.setattr(inversion, "wanted", lambda setting, drawn, world: aim)
        return inversion.solve(SimpleNamespace(setting=None), {}, world=world, nuisance={})

    return solve


def masses(world, crossing, inside):
    """Masses found with two efforts [kg/year]."""
    changed = inversion._quick(
        simple(world), {"inspection:effort.crossing": crossing, "inspection:effort.inside": inside}
    )
    nothing = Wanted(found={"crossing": 1.0, "inside": 1.0}, patrol=0.0, market=0.0, cases={}, case_kg=0.0)
    found, *_ = inversion._compared(expect(changed), expect(without(changed, effort=True)), aim=nothing, world=changed)
    return found["crossing"], found["inside"]


def test_the_first_step_of_the_secant_may_leave_the_efforts_that_there_are(world):
    """From full efforts; with a hundredth of the crossing, the posts inside would need more than all."""
    wanted, start = masses(world, 0.02, 0.9), masses(world, 1.0, 1.0)
    assert wanted[1] / start[1] > 1.0


def test_every_pair_of_efforts_is_found_again(world, solved):
    for pair in itertools.product(EFFORTS, repeat=2):
        found = solved(*masses(world, *pair))
        assert found.refused == "", pair
        assert found.residual < TOLERANCE
        got = [found.numbers[f"inspection:effort.{name}"] for name in ("crossing", "inside")]
        assert got == pytest.approx(pair, rel=5 * TOLERANCE)


def test_a_mass_beyond_full_effort_is_refused_by_the_name_of_the_class(world, solved):
    most = masses(world, 1.0, 1.0)
    assert solved(1.1 * most[0], most[1] / 2).refused == "effort of crossing above 1"
    assert solved(most[0] * 0.999, 1.01 * most[1]).refused == "effort of inside above 1"


def test_a_mass_below_what_tips_find_is_refused(world, monkeypatch, solved):
    """A fake closed form: what the crossing finds without any effort is more than what is drawn."""
    ways = []

    def compared(got, passive, *, aim, world):
        effort = world.detection.effort
        ways.append(effort.crossing)
        return {"crossing": 5.0 + effort.crossing, "inside": effort.inside}, {"crossing": 5.0, "inside": 0.0}, {}

    monkeypatch.setattr(inversion, "_compared", compared)
    assert solved(4.0, 0.5).refused == "effort of crossing below 0"
    assert 0.0 in ways
    assert solved(5.5, 0.5).refused == ""


def test_a_curve_that_no_secant_solves_is_solved_between_its_ends(monkeypatch, solved):
    """Nothing below an effort of a half, and all of it from there on in a narrow step."""

    def compared(got, passive, *, aim, world):
        effort = world.detection.effort
        step = min(1.0, max(0.0, (effort.crossing - 0.5) * 50.0))
        return {"crossing": 0.01 + step, "inside": effort.inside}, {"crossing": 0.0, "inside": 0.0}, {}

    monkeypatch.setattr(inversion, "_compared", compared)
    found = solved(0.3, 0.5)
    assert found.refused == ""
    assert found.numbers["inspection:effort.crossing"] == pytest.approx(0.5058, abs=1e-3)


def test_a_bracket_that_others_have_moved_is_opened_again():
    bracket = Bracket(low=0.5, high=0.5 + 1e-9)
    assert bracket.following(0.5, short=True, proposed=0.7) == 0.7
    assert (bracket.low, bracket.high) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("effort", "short", "right"), [(1.0, True, True), (1.0, False, False), (0.0, False, True), (0.3, True, False)]
)
def test_an_end_is_where_more_is_asked_for_beyond_it(effort, short, right):
    assert is_exhausted(effort, short=short) is right
