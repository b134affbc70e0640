"""The bugs that the verification injects into the compiled engine: their places have to be there."""

import sys

from paths import ROOT

sys.path.append(str(ROOT))

from trials import TRIALS, case
from verification.bugs import BUGS  # the verification is no package that is installed
from verification.mutants import loaded, source


def test_each_bug_replaces_a_piece_that_stands_once_in_the_engine():
    bugs = {name: bug for group in BUGS.values() for name, bug in group.items()}
    assert len(bugs) >= 30
    assert not [name for name, bug in bugs.items() if source(bug.module).count(bug.piece) != 1]


def test_the_engine_in_plain_python_agrees_and_does_not_with_a_bug():
    """As the verification runs it on hundreds of worlds: the same bits without a bug, and others with one."""
    world = case(1, lattice=True)
    plain = loaded()
    assert [name for name, trial in TRIALS.items() if trial(world, plain)] == []
    trial, bugs = next(iter(BUGS.items()))
    assert TRIALS[trial](world, loaded(bugs["service twice"]))
