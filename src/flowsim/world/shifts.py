"""Shifts and opening hours: lanes on duty at each hour of the day."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flowsim import checks
from flowsim.units import HOURS_PER_DAY


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Hours of every day with only the lowest-numbered lanes on duty."""

    start: float
    """First hour of the shift [h after midnight]."""

    end: float
    """End of the shift [h after midnight], above `start` and at most 24; a lane is off duty from then on."""

    lanes: int
    """Lanes on duty [1]; 0 closes the checkpoint."""

    def __post_init__(self) -> None:
        rule = "lie in [0, 24] and end after it starts"
        holds = 0 <= self.start < self.end <= HOURS_PER_DAY
        checks.require(holds, thing="Shift", rule=rule, value=(self.start, self.end))
        checks.require(self.lanes >= 0, thing="Shift.lanes", rule="be at least 0", value=self.lanes)


def check(shifts: tuple[Shift, ...], *, lanes: int, thing: str) -> None:
    """Refuse shifts that overlap, leave a gap, or exceed the lanes of the group.

    Raises
    ------
    ValueError
        If a rule is broken.
    """
    if not shifts:
        return
    edges = [0.0, *(shift.end for shift in shifts)]
    follow = all(shift.start == edge for shift, edge in zip(shifts, edges, strict=False))
    rule = "follow one another from hour 0 to hour 24"
    checks.require(follow and edges[-1] == HOURS_PER_DAY, thing=f"{thing}: shifts", rule=rule, value=edges)
    most = max(shift.lanes for shift in shifts)
    checks.require(most <= lanes, thing=f"{thing}: shifts", rule=f"have at most {lanes} lanes", value=most)


def on_duty(shifts: tuple[Shift, ...], lanes: int, *, time: float) -> int:
    """Lanes on duty at a time [1].

    Parameters
    ----------
    shifts
        Shifts of the day; without any, all lanes are always on duty.
    lanes
        Number of lanes.
    time
        Time from a midnight [h].
    """
    if not shifts:
        return lanes
    hour = time - math.floor(time / HOURS_PER_DAY) * HOURS_PER_DAY
    return next((shift.lanes for shift in shifts if shift.start <= hour < shift.end), shifts[-1].lanes)


def next_change(shifts: tuple[Shift, ...], *, time: float) -> float:
    """First start of a shift after a time [h]; infinity if there are no shifts."""
    if not shifts:
        return math.inf
    midnight = math.floor(time / HOURS_PER_DAY) * HOURS_PER_DAY
    starts = [midnight + day * HOURS_PER_DAY + shift.start for day in (0, 1) for shift in shifts]
    return next(start for start in starts if start > time)
