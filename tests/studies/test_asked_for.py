"""What takes hours or more memory than there is says so before it begins, and must be asked for by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowsim.studies import estimates

HUGE = ("replications=1000000", "out=mine")


@pytest.mark.slow
def test_a_million_years_of_kazakhstan_are_estimated_and_must_be_confirmed(command, monkeypatch):
    monkeypatch.setattr(estimates, "free_memory", lambda: 1e12)
    code, out, err = command(*HUGE)
    assert (code, out) == (1, "")
    cost = r"about \d+(\.\d)? (h|days) on \d+ at once, \d+ GB of memory"
    assert re.fullmatch(
        rf"flowsim: study=run must be asked for by confirm=true where it takes hours, got {cost}\n", err
    )
    monkeypatch.setattr(estimates, "free_memory", lambda: 1e9)
    for more in ((), ("confirm=true",)):
        code, out, err = command(*HUGE, *more)
        assert re.match(
            r"flowsim: study=run must fit into memory: ask for less .*, got about \d+ GB needed and 1.0 GB", err
        )
    assert not Path("mine").exists()


def test_confirmed_hours_begin():
    found = estimates.Estimate(seconds=7200.0, workers=2, memory=1e9)
    estimates.require(found, study="run", confirm=True, free=1e12)
    with pytest.raises(
        ValueError, match=r"by confirm=true where it takes hours, got about 2\.0 h on 2 at once, 1\.0 GB"
    ):
        estimates.require(found, study="run", confirm=False, free=1e12)
    estimates.require(estimates.Estimate(seconds=3000.0, workers=2, memory=1e9), study="run", confirm=False, free=1e12)


def test_the_speed_of_this_machine_is_measured_within_bounds():
    assert 1 / estimates.SLOWEST <= estimates.slowness() <= estimates.SLOWEST
