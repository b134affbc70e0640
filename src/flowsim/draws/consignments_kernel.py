"""Loops in machine code over the consignments of a stream: entry, way and mass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowsim.draws.choices import NOWHERE, Choices
from flowsim.draws.consignment_arrays import Columns, RingTable, Sent, Storing, Tables
from flowsim.draws.fleet import Bools, Ints
from flowsim.draws.philox import ENTRY, ROUTE, Floats, last_word
from flowsim.draws.variates import chosen, interpolated, logarithm, low, philox, quantile, uniform
from flowsim.jit import inlined, kernel
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.traffic import VEHICLE_CLASSES

_ENTRY, _ROUTE = last_word(ENTRY), last_word(ROUTE)
_HUB, _RING, _SEAL = last_word(ROUTE, "hub"), last_word(ENTRY, "ring"), last_word(ENTRY, "seal")
_TIR = VEHICLE_CLASSES.index("tir")
_STEP = 64


@inlined
def parts_of(mass: float, most: float) -> int:
    """Least number of equal parts of a consignment, none heavier than the largest mass of a part."""
    return max(1, math.ceil(mass / most))


@inlined
def taken(choices: Choices, words: Any, retained: float) -> tuple[int, int, int]:
    """Branch, class and end by the words of a consignment and its number for being retained."""
    cities, city_end = choices.cities, choices.city_end
    branch = chosen(choices.branches, 0, len(choices.branches), uniform(words[0]))
    kind = chosen(choices.classes, 0, len(choices.classes), uniform(words[1]))
    first, last = choices.first_city[branch], choices.first_city[branch + 1]
    share, end = choices.retained[branch], 0
    if first < last and retained < share:
        end = city_end[chosen(cities, first, last, uniform(words[2]))]
    return branch, kind, end


@inlined
def way_of(choices: Choices, branch: int, kind: int, end: int) -> int:
    """Way on a branch, in a class of vehicle, to an end."""
    way: int = choices.first_way[branch] + kind * choices.ends[branch] + end
    return way


@kernel
def send(
    choices: Choices, tables: Tables, rings: RingTable, years: Ints, counts: Ints, horizon: float, sent: Sent, key: Any
) -> int:
    """Decide on entry and way of the consignments of a stream; the number of vehicles, parts that leave hubs included.

    Parameters
    ----------
    choices, tables, rings
        Choices open to consignments, and tables and rings for drawing them.
    years, counts
        Replications, and the number of consignments of each, dims (replication,).
    horizon
        Span of entry times [h].
    sent
        Filled in.
    key
        Words of the key of their stream.
    """
    sizes, dismantled, several = rings.sizes, rings.dismantled, rings.sizes.shape[1]
    hub_end, hub_share, most = choices.hub_end, choices.hub_share, choices.part
    masses = tables.masses
    i = vehicles = 0
    for position in range(len(years)):
        year = low(years[position])
        for number in range(counts[position]):
            # By address, not in sequence: numbers left undrawn below shift no others.
            words = philox(number, year, 0, _ENTRY, key[0], key[1])
            entry = interpolated(tables.season[0], tables.season[1], uniform(words[0])) * HOURS_PER_YEAR
            inside, ring, way, mass = entry < horizon, -1, -1, 0.0
            # No number for a ring where rings do not matter: the bits of a world without them stay.
            if inside and several > 0:
                share = uniform(philox(number, year, 0, _RING, key[0], key[1])[0])
                if share < tables.rings:
                    ring = chosen(sizes[position], 0, several, share / tables.rings)
                    inside = entry < dismantled[position * several + ring]
            if inside:
                choosing = philox(number, year, 0, _ROUTE, key[0], key[1])
                branch, kind, end = taken(choices, choosing, uniform(words[3]))
                mass = quantile(masses[kind], uniform(words[1]))
                vehicles += 1
                hub = hub_end[branch]
                # Only consignments that would pass the hub can be stored there.
                storing = hub_share[branch] if hub != NOWHERE and (end == 0 or end > hub) else 0.0
                if storing > 0.0 and uniform(philox(number, year, 0, _HUB, key[0], key[1])[0]) < storing:
                    end = hub
                    vehicles += parts_of(mass, most[branch])
                way = way_of(choices, branch, kind, end)
            # Those that do not enter keep a row, with way -1, as their number is unknown when the arrays are made.
            sent.replication[i], sent.number[i], sent.entry[i], sent.ring[i] = position, number, entry, ring
            sent.way[i], sent.mass[i], sent.concealment[i] = way, mass, uniform(words[2])
            i += 1
    return vehicles


@inlined
def in_order(taken: Ints, ways: int) -> tuple[Ints, Ints]:
    """Consignments in the order of their ways, without those that do not enter, and their number on each way."""
    # Sorted by counting, in two passes: ways are few, and equal ones keep the order of numbers.
    counts, places = np.zeros(ways, np.int64), np.zeros(ways, np.int64)
    for i in range(len(taken)):
        if taken[i] >= 0:
            counts[taken[i]] += 1
    for way in range(1, ways):
        places[way] = places[way - 1] + counts[way - 1]
    order = np.empty(counts.sum(), np.int64)
    for i in range(len(taken)):
        if taken[i] >= 0:
            order[places[taken[i]]] = i
            places[taken[i]] += 1
    return order, counts


@kernel
def enter(
    choices: Choices,
    tables: Tables,
    rings: RingTable,
    years: Ints,
    sent: Sent,
    opened: float,
    drug: int,
    population: int,
    start: int,
    first_way: int,
    columns: Columns,
    key: Any,
) -> Ints:
    """Write the entering consignments in the order of their ways; their number on each way.

    Parameters
    ----------
    choices, tables, rings, years, key
        As in `send`.
    sent
        Decisions of `send`.
    opened
        Share of TIR trucks with a consignment whose seal was opened and closed again [1].
    drug, population
        Index of the drug, and of the population in `Traffic.populations`.
    start, first_way
        Vehicles, and ways, already in the roster.
    columns
        Fields of the roster.
    """
    order, counts = in_order(sent.way, len(choices.route))
    v = start
    for way in range(len(counts)):
        # The seal is drawn only where it can decide.
        sealed = opened > 0.0 and choices.vehicle_class[way] == _TIR
        for i in order[v - start : v - start + counts[way]]:
            position, number, mass, entry = sent.replication[i], sent.number[i], sent.mass[i], sent.entry[i]
            seal = 1.0
            if sealed:
                seal = uniform(philox(number, low(years[position]), 0, _SEAL, key[0], key[1])[0])
            on_way(choices, way, first_way, v, columns)
            from_ring(rings, position, sent.ring[i], entry, v, columns)
            columns.entry[v], columns.replication[v], columns.drug[v] = entry, position, drug
            columns.population[v] = population
            columns.mass[v], columns.log_mass[v] = mass, logarithm(tables.logarithms, mass)
            columns.concealment[v] = quantile(tables.normal, sent.concealment[i]) + tables.concealment
            columns.parent[v], columns.part[v], columns.store[v] = -1, 0, 0.0
            columns.opened[v] = seal < opened
            columns.number[v], columns.year[v] = number, years[position]
            v += 1
        # Only ways in use get a number in the roster.
        first_way += counts[way] > 0
    return counts


@inlined
def on_way(choices: Choices, way: int, taken: int, v: int, columns: Columns) -> None:
    """Write the common properties of consignments on a way, by its number among the ways in use."""
    columns.way[v] = taken
    columns.vehicle_class[v] = choices.vehicle_class[way]
    columns.route[v] = choices.route[way]
    columns.finish[v] = choices.finish[way]
    columns.retained[v] = choices.in_city[way]


@inlined
def from_ring(rings: RingTable, position: int, ring: int, entry: float, v: int, columns: Columns) -> None:
    """Write the ring of a consignment, the first case against it after the entry, and the agencies that protect it."""
    first, time = rings.first, rings.time
    # The last entry stands for no case, at infinity, so that no branch is needed without one.
    case, protected = len(time) - 1, 0
    if ring >= 0:
        group = position * rings.protected.shape[1] + ring
        protected = rings.protected[position, ring]
        for k in range(first[group], first[group + 1]):
            if time[k] > entry:
                case = k
                break
    columns.ring[v], columns.protected[v] = ring, protected
    columns.case_time[v], columns.case_agency[v] = time[case], rings.agency[case]


@inlined
def leaving(
    choices: Choices, most: float, first: int, last: int, columns: Columns, key: Any
) -> tuple[Ints, Ints, Ints]:
    """Way, consignment and number of each part in which consignments leave a hub, dims (part,)."""
    masses, numbers, years = columns.mass, columns.number, columns.year
    # Counted first, as arrays in machine code cannot grow.
    size = 0
    for consignment in range(first, last):
        size += parts_of(masses[consignment], most)
    ways, consignments, parts = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    i = 0
    for consignment in range(first, last):
        year = low(years[consignment])
        for part in range(1, parts_of(masses[consignment], most) + 1):
            number = low(_STEP * numbers[consignment] + part)
            choosing = philox(number, year, 0, _ROUTE, key[0], key[1])
            words = philox(number, year, 0, _ENTRY, key[0], key[1])
            branch, kind, end = taken(choices, choosing, uniform(words[3]))
            ways[i], consignments[i], parts[i] = way_of(choices, branch, kind, end), consignment, part
            i += 1
    return ways, consignments, parts


@kernel
def leave(
    choices: Choices,
    tables: Tables,
    storing: Storing,
    first: int,
    last: int,
    start: int,
    first_way: int,
    columns: Columns,
    key: Any,
) -> Ints:
    """Write the parts in which consignments leave a hub, in the order of their ways; their number on each way.

    Part j of consignment i has number 64 i + j in a stream of its own, so that nothing else moves. Parts are drawn
    whether or not their consignment comes to the hub.

    Parameters
    ----------
    choices, tables
        Choices open to parts, and tables for drawing them.
    storing
        Storage at the hub.
    first, last
        First stored consignment in the roster, and the vehicle after the last.
    start, first_way, columns, key
        As in `enter`.
    """
    ways, consignments, parts = leaving(choices, storing.part, first, last, columns, key)
    order, counts = in_order(ways, len(choices.route))
    v = start
    for way in range(len(counts)):
        for i in order[v - start : v - start + counts[way]]:
            consignment, part = consignments[i], parts[i]
            inherit(consignment, v, columns)
            on_way(choices, way, first_way, v, columns)
            number = _STEP * columns.number[consignment] + part
            words = philox(low(number), low(columns.year[consignment]), 0, _ENTRY, key[0], key[1])
            relative = storing.certain + (1.0 - storing.certain) * quantile(storing.law, uniform(words[0]))
            mass = columns.mass[consignment] / parts_of(columns.mass[consignment], storing.part)
            # A part sets out when its consignment has come and its time in store is over, which the engine knows.
            columns.entry[v], columns.parent[v], columns.part[v] = math.nan, consignment, part
            columns.store[v] = storing.store * relative
            columns.mass[v], columns.log_mass[v] = mass, logarithm(tables.logarithms, mass)
            columns.concealment[v] = quantile(tables.normal, uniform(words[2])) + storing.concealment
            columns.opened[v] = choices.vehicle_class[way] == _TIR
            columns.number[v] = number
            v += 1
        first_way += counts[way] > 0
    return counts


@inlined
def inherit(consignment: int, v: int, columns: Columns) -> None:
    """Write the properties that a part has from its consignment."""
    columns.replication[v], columns.year[v] = columns.replication[consignment], columns.year[consignment]
    columns.drug[v], columns.population[v] = columns.drug[consignment], columns.population[consignment]
    columns.ring[v] = columns.ring[consignment]
    columns.case_time[v], columns.case_agency[v] = columns.case_time[consignment], columns.case_agency[consignment]
    columns.protected[v] = columns.protected[consignment]


@kernel
def assign(
    rings: RingTable,
    entry: Floats,
    parent: Ints,
    replication: Ints,
    ring: Ints,
    protected: Ints,
    time: Floats,
    agency: Ints,
    absent: Bools,
) -> None:
    """Write the first case after the entry of each consignment, its protection, and its absence.

    The search for the case is that of `from_ring`; as a function embedded by both it makes `enter` three times as slow.

    Parameters
    ----------
    rings
        Rings and the cases against them.
    entry, parent, replication, ring
        As in a roster, dims (vehicle,).
    protected, time, agency
        Filled as in a roster, dims (vehicle,).
    absent
        Filled with whether the ring of a consignment, or of a part, sends nothing by then, dims (vehicle,).
    """
    first, times, agencies, protecting = rings.first, rings.time, rings.agency, rings.protected
    dismantled, several = rings.dismantled, rings.protected.shape[1]
    for v in range(len(entry)):
        # Parts come after their consignment, whose case is therefore known.
        if parent[v] >= 0:
            consignment = parent[v]
            protected[v], time[v], agency[v] = protected[consignment], time[consignment], agency[consignment]
            absent[v] = absent[consignment]
            continue
        if ring[v] < 0:
            protected[v], time[v], agency[v], absent[v] = 0, times[-1], agencies[-1], False
            continue
        group = replication[v] * several + ring[v]
        case = len(times) - 1
        for k in range(first[group], first[group + 1]):
            if times[k] > entry[v]:
                case = k
                break
        protected[v] = protecting[replication[v], ring[v]]
        time[v], agency[v] = times[case], agencies[case]
        absent[v] = entry[v] >= dismantled[group]
