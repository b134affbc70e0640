"""The bugs that the verification injects into the compiled engine: their places have to be there."""

import sys

from paths import ROOT

sys.path.append(str(ROOT))

from verification.bugs import BUGS  # the verification is no package that is installed
from verification.mutants import source


def test_each_bug_replaces_a_piece_that_stands_once_in_the_engine():
    bugs = {name: bug for group in BUGS.values() for name, bug in group.items()}
    assert len(bugs) >= 30
    assert not [name for name, bug in bugs.items() if source(bug.module).count(bug.piece) != 1]
