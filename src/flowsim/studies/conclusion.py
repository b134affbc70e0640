"""Conclusion of a run in two sentences: what is seized, beside what was reported; what honest traffic pays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from flowsim.results.measures import ALL_VISITS, by_item
from flowsim.results.reported_totals import reported_totals
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.world import World


def sentences(
    table: pd.DataFrame, world: World, *, policy: str, expected: bool, horizon: float = HOURS_PER_YEAR
) -> Iterator[str]:
    """Conclusion of a run on heroin; nothing if none enters.

    Parameters
    ----------
    table
        Summary of its results, as of `measures.summary`.
    world
        World of the run.
    policy
        Name of the policy.
    expected
        Whether the results are those of the closed form, whose intervals are not of single years.
    horizon
        Span of a replication [h]; annual totals stand beside whole years only.
    """
    rows: Rows = by_item(table)
    if not rows["entered", ""]["mean"] > 0:
        return
    seized, rate = rows["seized", ""], rows["interdiction rate", ""]
    under = "the controls in force" if policy == "baseline" else f"policy {policy}"
    means = f"{_kg(seized['mean'])} kg, {_percent(rate['mean'])} % of what enters"
    whole = horizon == HOURS_PER_YEAR
    span = "year" if whole else f"span of {horizon:,.10g} hours"
    spread = "" if math.isnan(seized["q05"]) else f" ({_between(seized, rate, expected=expected, span=span)})"
    reported = _reported(world) if whole else ""
    beside = f"; reported: {reported}" if reported else ""
    yield f"Under {under}, {means}, are seized in a mean {span}{spread}{beside}."
    if not expected and ("honest visits", "") in rows:
        yield _honest(rows)


Rows = Mapping[tuple[str, str], Mapping[str, float]]
"""Mean and ends of the interval by quantity and item [unit of each]."""


def _between(seized: Mapping[str, float], rate: Mapping[str, float], *, expected: bool, span: str) -> str:
    """Interval of the mass seized and of the rate, and what it is an interval of."""
    what = "of the posterior" if expected else f"of single {'years' if span == 'year' else 'spans'}"
    kg = " to ".join(_kg(seized[end]) for end in ("q05", "q95"))
    percent = " to ".join(_percent(rate[end]) for end in ("q05", "q95"))
    return f"nine tenths {what}: {kg} kg, {percent} %"


def _honest(rows: Rows) -> str:
    """What honest traffic pays for it."""
    visits, delay = rows["honest visits", ""]["mean"], rows["honest delay", ALL_VISITS]["mean"]
    cost = rows["cost of fruitless searches", ""]["mean"]
    lasts = "for an unknown time" if math.isnan(delay) else f"{60 * delay:.0f} minutes on average"
    stops = f"Honest vehicles stop at checkpoints {_large(visits)} times a year, {lasts}"
    return f"{stops}; fruitless searches cost {_large(cost)} USD a year."


def _reported(world: World) -> str:
    """Annual totals reported for the country, in words; "" if there are none."""
    return ", ".join(f"{_kg(total)} kg in {year}" for year, total in reported_totals(world).items())


def _kg(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == 0 else f"{value:.2g}"


def _percent(value: float) -> str:
    return f"{100 * value:.2f}" if value == 0 or 100 * value >= 0.01 else f"{100 * value:.1g}"


def _large(value: float) -> str:
    return f"{value / 1e6:.1f} million" if value >= 1e6 else f"{value:,.0f}"
