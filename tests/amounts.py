"""How much of a long list a quick run takes: a part; runs with the slow tests, as `.ci/run`, take all of it."""

from __future__ import annotations

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
