"""State of a run in machine code, as one flat set of arrays."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from flowsim.draws.fleet import HONEST, Fleet
from flowsim.draws.roster import Roster
from flowsim.engine.compiled.checkpoint_arrays import Floats, Ints, Records, Rules, rules_of
from flowsim.engine.compiled.event_calendar import calendar
from flowsim.engine.compiled.itinerary_arrays import VisitNumbers, ways_of_fleet, ways_of_roster
from flowsim.engine.outcome import UNDER_WAY, Outcome, State
from flowsim.jit import bare_kernel
from flowsim.world.traffic import VEHICLE_CLASSES
from flowsim.world.world import World

# Records rather than an array for each field: an event reads most fields of one vehicle, and fewer arrays are faster.
VEHICLE = np.dtype(
    [
        ("when", "f8"),
        ("end", "f8"),
        ("tail", "f8"),
        ("visit", "i8"),
        ("ident", "i8"),
        ("next", "i4"),
        ("stop", "i4"),
        ("remaining", "i4"),
        ("way", "i4"),
        ("number", "u4"),
        ("year", "u4"),
        ("consignment", "i4"),
        ("event", "i1"),
        ("fate", "i1"),
        ("sealed", "i1"),
    ],
    align=True,
)
"""A vehicle: its pending event, next visit, random numbers, consignment if any, and fate."""

CONSIGNMENT = np.dtype(
    [
        ("mass", "f8"),
        ("log_mass", "f8"),
        ("concealment", "f8"),
        ("case_time", "f8"),
        ("store", "f8"),
        ("protected", "i8"),
        ("replication", "i4"),
        ("first_part", "i4"),
        ("next_part", "i4"),
        ("opened", "i1"),
        ("retained", "i1"),
    ],
    align=True,
)
"""A consignment, with fields of `Fleet`; `first_part` and `next_part` chain the parts in which it leaves a hub."""

VISIT = np.dtype(
    [
        ("arrival", "f8"),
        ("start", "f8"),
        ("exam_start", "f8"),
        ("exam_end", "f8"),
        ("departure", "f8"),
        ("lane", "i2"),
        ("bay", "i2"),
        ("crowded", "i1"),
        ("decision", "i1"),
        ("alarm", "i1"),
    ],
    align=True,
)
"""A visit, with fields of `Outcome`; NaN or -1 until it has happened."""

PER_VISIT = ("arrival", "start", "exam_start", "exam_end", "departure", "lane", "bay", "crowded", "decision", "alarm")


class Run(NamedTuple):
    """Arrays of a run; fewer arrays make faster machine code."""

    setting: Records
    """As in `Rules`."""

    posts: Records
    """As in `Rules`."""

    stations: Records
    """As in `Rules`."""

    shifts: Records
    """As in `Rules`."""

    devices: Records
    """As in `Rules`."""

    ways_round: Records
    """As in `Rules`."""

    campaigns: Records
    """As in `Rules`."""

    laws: Floats
    """As in `Rules`."""

    effort: Floats
    """Share of alarms followed up outside campaigns, dims (replication, checkpoint) [1]."""

    available: npt.NDArray[np.bool_]
    """As in `Fleet`."""

    ways: Records
    """As in `VisitNumbers`."""

    stops: Records
    """As in `VisitNumbers`."""

    legs: Records
    """As in `VisitNumbers`."""

    drawn: Floats
    """As in `VisitNumbers`."""

    vehicles: Records
    """Dims (vehicle,)."""

    consignments: Records
    """Dims (consignment,)."""

    visits: Records
    """Dims (visit,)."""

    clocks: Floats
    """Times at which lanes and bays become free, and at which the last arrivals stop waiting, dims (clock,) [h]."""

    heads: npt.NDArray[np.int32]
    """First vehicle in the list of each interval of the calendar, dims (interval,)."""

    dates: Floats
    """Start of the calendar [h], its intervals per hour [1/h], and their number [1], dims (3,)."""


def prepare(world: World, fleet: Fleet | Roster, *, state: State | None) -> tuple[Run, float]:
    """Arrays of a run, and the shortest travel time of its vehicles [h].

    Parameters
    ----------
    world
        World of the run.
    fleet
        Vehicles, with their visits drawn or not.
    state
        State to continue from.
    """
    first = fleet.first
    ways = ways_of_roster(world, fleet) if isinstance(fleet, Roster) else ways_of_fleet(world, fleet)
    rules = rules_of(world, visits=int(first[-1]), first_day=fleet.first_day)
    visits, idle_from = np.empty(int(first[-1]), VISIT), -np.inf
    vehicles = enlisted(fleet, visits, first, ways.ways["first_stop"].copy())
    if state is not None:
        vehicles["fate"], vehicles["end"], idle_from = state.outcome.fate, state.outcome.end, state.time
        for name in PER_VISIT:
            visits[name] = getattr(state.outcome, name)
    own = {"vehicles": vehicles, "consignments": consignments_of(fleet, vehicles), "visits": visits}
    return laid_out(world, fleet, ways, rules, **own, idle_from=idle_from), ways.shortest


def laid_out(
    world: World,
    fleet: Fleet | Roster,
    ways: VisitNumbers,
    rules: Rules,
    *,
    idle_from: float = -math.inf,
    **own: Records,
) -> Run:
    """Arrays of a run.

    Parameters
    ----------
    world, fleet
        World, and the vehicles that move in it.
    ways, rules
        Ways and rules, as arrays.
    idle_from
        Time at which lanes and bays become free [h].
    own
        Records of vehicles, consignments and visits.
    """
    heads, dates = calendar(visits=len(own["visits"]))
    read: dict[str, Any] = {name: getattr(ways, name) for name in ("ways", "stops", "legs", "drawn")}
    read |= {name: getattr(rules, name) for name in Run._fields if hasattr(rules, name) and name != "clocks"}
    read |= own
    return Run(
        **read,
        effort=np.outer(fleet.year_effort, world.efforts()),
        available=np.ascontiguousarray(fleet.available),
        clocks=np.full(rules.clocks, idle_from),
        heads=heads,
        dates=dates,
    )


def enlisted(fleet: Fleet | Roster, visits: Records, first: Ints, first_stop: Ints) -> Records:
    """Records of vehicles before their entry, without consignments; their visits are filled in.

    Parameters
    ----------
    fleet
        Vehicles.
    visits
        Their visits, dims (visit,).
    first
        First visit of each vehicle and, last, the number of visits, dims (vehicle + 1,).
    first_stop
        First stop of each way of a roster, dims (way,).
    """
    vehicles = np.empty(fleet.size, VEHICLE)
    if isinstance(fleet, Roster):
        way, number, year = (np.ascontiguousarray(getattr(fleet, name)) for name in ("way", "number", "year"))
        enlist(vehicles, visits, first, way, number, year, first_stop)
    else:
        nothing = np.zeros(fleet.size, np.int64)
        enlist(vehicles, visits, first, nothing, nothing, nothing, np.zeros(1, np.int64))
        vehicles["tail"] = fleet.tail
    vehicles["sealed"] = fleet.vehicle_class == VEHICLE_CLASSES.index("tir")
    return vehicles


@bare_kernel
def enlist(
    vehicles: Records, visits: Records, first: Ints, way: Ints, number: Ints, year: Ints, first_stop: Ints
) -> None:
    """Fill in records of vehicles without consignments, before their entry."""
    for v in range(len(vehicles)):
        vehicle = vehicles[v]
        vehicle.when, vehicle.end, vehicle.tail = 0.0, math.nan, 0.0
        vehicle.visit, vehicle.remaining = first[v], first[v + 1] - first[v]
        # Steps of 64 leave numbers for the parts of a consignment, so that ties put them directly after it.
        vehicle.ident, vehicle.next = 64 * (v + 1), -1
        vehicle.way, vehicle.stop = way[v], first_stop[way[v]]
        vehicle.number, vehicle.year = number[v] & 0xFFFFFFFF, year[v]
        vehicle.consignment, vehicle.event, vehicle.fate = -1, 0, UNDER_WAY
        for k in range(first[v], first[v + 1]):
            visit = visits[k]
            visit.arrival, visit.start, visit.departure = math.nan, math.nan, math.nan
            visit.exam_start, visit.exam_end = math.nan, math.nan
            visit.lane, visit.bay, visit.crowded, visit.decision, visit.alarm = -1, -1, -1, -1, -1


def consignments_of(fleet: Fleet | Roster, vehicles: Records) -> Records:
    """Records of the consignments of a fleet, assigned to its vehicles; parts are numbered after their consignment.

    Parameters
    ----------
    fleet
        Vehicles.
    vehicles
        Their records; the index of the consignment is filled in.
    """
    loaded = np.flatnonzero(fleet.drug != HONEST)
    # A slice where every vehicle has one: views in place of copies by index.
    chosen = slice(None) if len(loaded) == fleet.size else loaded
    consignments = np.zeros(len(loaded), CONSIGNMENT)
    vehicles["consignment"][chosen] = np.arange(len(loaded))
    for name in ("mass", "log_mass", "concealment", "case_time", "store", "protected", "replication", "opened"):
        consignments[name] = getattr(fleet, name)[chosen]
    consignments["retained"] = fleet.retained[chosen]
    consignments["first_part"] = consignments["next_part"] = -1
    parts = loaded[fleet.parent[loaded] >= 0]
    if len(parts):
        vehicles["ident"] = fleet.ident
        # Stable, so that the parts of a consignment are chained in the order of their numbers.
        order = parts[np.argsort(fleet.parent[parts], kind="stable")]
        parent = fleet.parent[order]
        begins = np.append(True, parent[1:] != parent[:-1])
        consignments["first_part"][vehicles["consignment"][parent[begins]]] = order[begins]
        consignments["next_part"][vehicles["consignment"][order[:-1]]] = np.where(begins[1:], -1, order[1:])
    return consignments


def outcome_of(run: Run) -> Outcome:
    """Outcome of a run so far; its arrays are views of those of the run."""
    columns: dict[str, Any] = {name: run.visits[name] for name in PER_VISIT}
    return Outcome(**columns, fate=run.vehicles["fate"], end=run.vehicles["end"])
