"""A simulated week on the map of the page: where each consignment is when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flowsim.report.web_map import Map
from flowsim.simulation.tracks import Track, tracks
from flowsim.units import HOURS_PER_DAY
from flowsim.world.world import World

MONTH, DAY = 7, 1
"""Month and day on which the week begins."""

DAYS = 7
"""Length of the week [day]."""

SEIZED = "seized"
"""Fate of a consignment that is found."""


@dataclass(frozen=True, kw_only=True)
class Week:
    """A simulated week."""

    first: str
    """Its first day."""

    hours: int
    """Its length [h]."""

    count: int
    """Consignments on their way [1]."""

    seized: int
    """Those seized within it [1]."""

    data: str
    """Tracks as JSON: hours from its start, positions on the map, mass [kg] and fate of each consignment."""


def week_of(world: World, drawn: Map, *, seed: int, horizon: float) -> Week | None:
    """The week of a world on its map; None if no consignment is on its way, or the run ends before.

    Parameters
    ----------
    world
        World under the policy of the results.
    drawn
        Its map.
    seed
        Seed of the results.
    horizon
        Span of a replication of the results [h].
    """
    begin = date(world.year, MONTH, DAY)
    start = (begin - date(world.year, 1, 1)).days * HOURS_PER_DAY
    end = start + DAYS * HOURS_PER_DAY
    found = tracks(world, seed=seed, start=start, end=end) if end <= horizon else ()
    if not found:
        return None
    return Week(
        first=begin.isoformat(),
        hours=round(end - start),
        count=len(found),
        seized=sum(track.fate == SEIZED and track.times[-1] < end for track in found),
        data=_json(found, drawn, start=start),
    )


def _json(found: Sequence[Track], drawn: Map, *, start: float) -> str:
    at = {spot.key: (spot.x, spot.y) for spot in drawn.spots}
    rows = [
        {
            "hours": [round(time - start, 2) for time in track.times],
            "at": [at[place] for place in track.places],
            "kg": round(track.mass, 2),
            "fate": track.fate,
        }
        for track in found
    ]
    # Within a page no text may close the element that it stands in.
    return json.dumps(rows, separators=(",", ":")).replace("<", "\\u003c")
