"""How much of a long list a quick run takes: a part; runs with the slow tests, as `.ci/run slow`, take all of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

QUICK, WHOLE = "quick", "whole"
"""Names of the two amounts, which are profiles of Hypothesis."""


def choose(markers: str) -> None:
    """Choose the amount of a run by its expression of markers (`-m`)."""
    for name in (QUICK, WHOLE):
        settings.register_profile(name)
    settings.load_profile(QUICK if markers == "not slow" else WHOLE)


def is_quick() -> bool:
    """Whether this is a run without the slow tests."""
    return settings.get_current_profile_name() == QUICK


def amount(whole: int, *, quick: int) -> int:
    """Number of examples: all of them, or those of a quick run."""
    return quick if is_quick() else whole


def rest_slow(cases: Iterable[Any], *, quick: int = 1) -> list[Any]:
    """Cases of `pytest.mark.parametrize`, of which all but the first few are slow."""
    own = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*case, marks=[pytest.mark.slow] if k >= quick else []) for k, case in enumerate(own)]
