"""Tracks of the consignments of some days: where each was when, among honest traffic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from flowsim.draws.consignments import consignment_roster
from flowsim.draws.philox import Floats
from flowsim.draws.roster import Roster
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.outcome import PASSED, RETAINED, SEIZED, SPLIT, UNDER_WAY, Outcome
from flowsim.simulation.engines import SIMULATING, Years
from flowsim.world.traffic import VEHICLE_CLASSES
from flowsim.world.world import World

FATES = {UNDER_WAY: "under way", PASSED: "left", RETAINED: "stayed", SEIZED: "seized", SPLIT: "stored"}
"""Words for the fates of a vehicle."""


AFTER = 240.0
"""Time for which consignments are followed after the span, longer than a way through the country [h]."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """Track of a vehicle with a consignment."""

    vehicle_class: str
    """Class of the vehicle."""

    mass: float
    """Mass of the consignment [kg]."""

    times: tuple[float, ...]
    """Times at which its place is known, in order [h]."""

    places: tuple[str, ...]
    """Place at each of these times; it moves evenly between them."""

    fate: str
    """One of the words of `FATES`."""


def tracks(world: World, *, seed: int, start: float, end: float) -> tuple[Track, ...]:
    """Tracks of the consignments of heroin on their way in a span of the first simulated year.

    They are those of a run of the world with this seed, but meet the honest traffic of the span at all times.

    Parameters
    ----------
    world
        World to simulate.
    seed
        Seed of all random numbers.
    start, end
        Span of time from the first of January [h].

    Returns
    -------
    tuple of Track
        In the order of their entry; each is followed for some days after the span, to see where it was going.
    """
    alone = replace(world, traffic=world.traffic.of_heroin())
    until = end + AFTER
    years, engine = Years(world=alone, seed=seed, horizon=until), SIMULATING["compiled"]
    queues = engine.queues([engine.traffic(years, (0, start, end))[1]])
    roster = consignment_roster(alone, seed=seed, replications=[0], horizon=until)
    simulation = compiled.Simulation(alone, roster)
    simulation.among_recorded(queues, until=until)
    told = (_track(alone, roster, simulation.outcome, vehicle=v, until=until) for v in range(roster.size))
    found = (own for own in told if own is not None and own.times[0] < end and own.times[-1] > start)
    return tuple(sorted(found, key=lambda own: own.times[0]))


def _track(world: World, roster: Roster, outcome: Outcome, *, vehicle: int, until: float) -> Track | None:
    """Track of a vehicle; None if it does not set out in time."""
    own = roster.ways[roster.way[vehicle]].itinerary
    path, fate = _path(world, roster, vehicle), int(outcome.fate[vehicle])
    along = np.concatenate([[0.0], np.cumsum([leg.distance for leg in own.legs])])
    parent = int(roster.parent[vehicle])
    begin = roster.entry[vehicle] if parent < 0 else outcome.end[parent] + roster.store[vehicle]
    if not begin < until:
        return None
    known = [(float(begin), 0)]
    first = int(roster.first[vehicle])
    for k, stop in enumerate(own.stops, start=first):
        position = stop.place - own.start
        if np.isnan(outcome.arrival[k]):
            break
        left = outcome.departure[k] if np.isfinite(outcome.departure[k]) else until
        known += [(float(outcome.arrival[k]), position), (float(left), position)]
    if fate in (PASSED, RETAINED, SPLIT):
        known.append((float(outcome.end[vehicle]), len(path) - 1))
    elif fate == SEIZED:  # where it was last seen, as a case may take it on its way
        known.append((float(outcome.end[vehicle]), known[-1][1]))
    times, positions = _between(known, along)
    return Track(
        vehicle_class=VEHICLE_CLASSES[roster.vehicle_class[vehicle]],
        mass=float(roster.mass[vehicle]),
        times=times,
        places=tuple(path[position] for position in positions),
        fate=FATES[fate],
    )


def _path(world: World, roster: Roster, vehicle: int) -> list[str]:
    """Places on the way of a vehicle, from its last one backwards along its legs."""
    path = [world.network.places[roster.finish[vehicle]].name]
    for leg in reversed(roster.ways[roster.way[vehicle]].itinerary.legs):
        path.append(leg.start if leg.end == path[-1] else leg.end)
    return path[::-1]


def _between(known: Sequence[tuple[float, int]], along: Floats) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Times and positions with the places passed between those known, at even speed."""
    times, positions = [known[0][0]], [known[0][1]]
    for time, position in known[1:]:
        before, start = times[-1], positions[-1]
        span = along[position] - along[start]
        for passed in range(start + 1, position):
            times.append(before + (time - before) * float((along[passed] - along[start]) / span))
            positions.append(passed)
        times.append(time)
        positions.append(position)
    return tuple(times), tuple(positions)
