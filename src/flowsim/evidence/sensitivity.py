"""Sensitivity of the reasoning of a contradiction to changes of one percent in its printed numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flowsim.evidence.contradictions import OUTSIDE, Contradiction
from flowsim.evidence.figures import Figure
from flowsim.evidence.recomputation import Facts

CHANGE = 0.01
"""Relative change of a number, up and down."""


@dataclass(frozen=True)
class Noticed:
    """A printed number of a contradiction, and its detection by the checks."""

    key: str
    """Key of the figure."""

    number: float
    """The number, whether value or end of the figure [its unit]."""

    reasoning: bool
    """Whether a check of a reading changes its result, both for an increase and a decrease."""

    record: bool
    """Whether any check changes its result, including those of a number against its record."""


def noticed(row: Contradiction, facts: Facts) -> tuple[Noticed, ...]:
    """Sensitivity of a contradiction to each of its printed numbers, changed by one percent.

    Years of publication and numbers from outside the sources are left out, and so are contradictions of labels and
    dates, as they do not use the numbers of their figures.

    Parameters
    ----------
    row
        Contradiction.
    facts
        Figures of the computation.
    """
    if not row.by_value:
        return ()
    before = _holds(row, facts)
    found = []
    for key in row.inputs:
        if facts[key].form in (*OUTSIDE, "publication"):
            continue
        ends = (facts[key].low, facts[key].value, facts[key].high)
        for number in sorted({end for end in ends if end is not None}):
            after = [_holds(row, changed) for changed in _changes(facts, key, number)]
            turned = [all(one[part] != before[part] for one in after) for part in (0, 1)]
            found.append(Noticed(key, number, *turned))
    return tuple(found)


def _holds(row: Contradiction, facts: Facts) -> tuple[list[bool], list[bool]]:
    return [check.holds for check in row.reasoning(facts)], [check.holds for check in row.checks(facts)]


def _changes(facts: Facts, key: str, number: float) -> Iterator[Facts]:
    for factor in (1 - CHANGE, 1 + CHANGE):
        yield {**facts, key: scaled(facts[key], number=number, factor=factor)}


def scaled(figure: Figure, *, number: float, factor: float) -> Figure:
    """A figure with one of its numbers scaled wherever it occurs, and its ends kept in order.

    Parameters
    ----------
    figure
        Figure.
    number
        The number [its unit].
    factor
        Factor [1].
    """
    low, value, high = (
        None if end is None else end * factor if end == number else end
        for end in (figure.low, figure.value, figure.high)
    )
    if value is not None:
        low = low if low is None else min(low, value)
        high = high if high is None else max(high, value)
    return replace(figure, low=low, value=value, high=high)
