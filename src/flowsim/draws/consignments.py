"""Consignments: Poisson draws of each stream, with mass, concealment, route, vehicle and destination."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from flowsim import units
from flowsim.draws import philox, poisson, quantiles
from flowsim.draws.consignment_arrays import Columns, RingTable, Sent, Storing, Tables, no_consignments
from flowsim.draws.fleet import NO_POPULATION, Bools, Fleet, Ints
from flowsim.draws.itineraries import Itineraries, Options, ways_of
from flowsim.draws.philox import Floats, RandomStream
from flowsim.draws.rings import Rings, draw_rings
from flowsim.draws.roster import Roster, Way, blank, drawn
from flowsim.draws.visits import draw_availability, draw_years
from flowsim.world import hubs
from flowsim.world.dependence import Reader, key
from flowsim.world.traffic import DRUGS, PopulationStream, Profile
from flowsim.world.world import World


def draw_consignments(
    world: World, *, seed: int, replications: Sequence[int], horizon: float, first_day: int = 0
) -> Fleet:
    """Draw entering consignments, and the parts in which they leave hubs, with all their visits.

    Parameters
    ----------
    world, seed, replications, horizon, first_day
        As in `consignment_roster`.
    """
    span: dict[str, Any] = {"replications": replications, "horizon": horizon, "first_day": first_day}
    return drawn(world, consignment_roster(world, seed=seed, **span))


def consignment_roster(
    world: World,
    *,
    seed: int,
    replications: Sequence[int],
    horizon: float,
    first_day: int = 0,
) -> Roster:
    """Draw entering consignments, or those sent from inside the country, and the parts in which they leave hubs.

    Each consignment keeps its time, mass, route and all else when the inflow changes: a larger inflow adds
    consignments after those already there.

    Parameters
    ----------
    world
        World of the consignments.
    seed
        Seed of the run.
    replications
        Replications to draw; `Roster.replication` holds positions in this sequence.
    horizon
        Span of entry times from the first of January, at most a year [h].
    first_day
        First day for the availability of devices.
    """
    years = np.array(replications, dtype=np.int64)
    flow, effort = draw_years(world, seed=seed, replications=replications)  # flow of all drugs alike
    rings = _ring_table(draw_rings(world, seed=seed, replications=replications), replications=len(years))
    draft = _Draft(world=world, ways=ways_of(world), seed=seed, years=years, rings=rings)
    sent = world.traffic.population_streams
    sendings = [_send(draft, consignments, horizon=horizon, flow=flow) for consignments in sent]
    columns = _write(draft, sendings)
    available = _available(world, seed=seed, replications=replications, horizon=horizon, first_day=first_day)
    shared: dict[str, Any] = {"available": available, "first_day": first_day, "year_effort": effort}
    return Roster(**columns._asdict(), **shared, seed=seed, ways=_each_once(draft.taken, columns))


def moved(
    roster: Roster, before: World, ways: Itineraries, world: World, *, replications: Sequence[int], horizon: float
) -> tuple[Roster, Bools] | None:
    """Roster of a world, from that of another world with the same consignments.

    Parameters
    ----------
    roster
        Consignments of the other world.
    before, ways
        The other world, and its ways at that time.
    world
        World of the consignments.
    replications, horizon
        As in `consignment_roster`, as given for that roster.

    Returns
    -------
    tuple
        The roster, and whether each of its vehicles is absent from that world, dims (vehicle,), because its ring no
        longer sends. None if other consignments are sent, or rings send for longer than in the other world.
    """
    if key(before, Reader.SENT) != key(world, Reader.SENT):
        return None
    changed, absent = _under_cases(roster, before, world, replications=replications)
    if changed is None:
        return None
    available = roster.available
    if key(world, Reader.AVAILABLE) != key(before, Reader.AVAILABLE):
        span: dict[str, Any] = {"horizon": horizon, "first_day": roster.first_day}
        available = _available(world, seed=roster.seed, replications=replications, **span)
    return replace(changed, ways=ways_in(world, roster, ways=ways), available=available), absent


def ways_in(world: World, roster: Roster, *, ways: Itineraries) -> tuple[Way, ...]:
    """Ways of a roster as they are in another world with the same places and routes.

    Parameters
    ----------
    world
        The other world.
    roster
        Consignments.
    ways
        Ways of the world of the draw.
    """
    own = ways_of(world)
    return roster.ways if own is ways else tuple(own.like(way, ways) for way in roster.ways)


def _under_cases(
    roster: Roster, before: World, world: World, *, replications: Sequence[int]
) -> tuple[Roster | None, Bools]:
    """Roster with the cases of another world, and its absent vehicles; None if a vehicle may be missing."""
    from flowsim.draws import consignments_kernel

    absent = np.zeros(roster.size, dtype=np.bool_)
    if key(before, Reader.CASES) == key(world, Reader.CASES):
        return roster, absent
    old, new = (draw_rings(one, seed=roster.seed, replications=replications) for one in (before, world))
    if old is None or new is None or (new.dismantled > old.dismantled).any():
        return None, absent
    names = ("protected", "case_time", "case_agency")
    own = {name: getattr(roster, name).copy() for name in names}
    rings = _ring_table(new, replications=len(replications))
    stored = roster.entry, roster.parent, roster.replication, roster.ring
    consignments_kernel.assign(rings, *stored, own["protected"], own["case_time"], own["case_agency"], absent)
    return replace(roster, **own), absent


def _available(world: World, *, seed: int, replications: Sequence[int], horizon: float, first_day: int) -> Bools:
    """Days with devices in working order, from the first day to the one after the last entry."""
    days = math.ceil(horizon / units.HOURS_PER_DAY) + 1 - first_day
    return draw_availability(world, seed=seed, replications=replications, first_day=first_day, days=days)


def consignments_per_year(world: World, consignments: PopulationStream) -> float:
    """Mean number of consignments of a population in a stream in a year [1/year]."""
    return consignments.share * world.traffic.inflow_of(consignments.stream.drug) / _mean_mass(world, consignments)


def _mean_mass(world: World, consignments: PopulationStream) -> float:
    classes = world.traffic.classes_of(consignments.stream.mode)
    sizes = consignments.population.sizes
    masses = [quantiles.mass(sizes, share.capacity).mean for share in classes]
    return math.fsum(share.share * mass for share, mass in zip(classes, masses, strict=True))


@dataclass(frozen=True, kw_only=True)
class _Draft:
    """Sources of a roster of consignments, and the ways found for its vehicles so far."""

    world: World
    ways: Itineraries
    seed: int
    years: Ints
    rings: RingTable
    taken: list[Way] = field(default_factory=list)

    def take(self, options: Options, counts: Ints) -> None:
        """Add the ways in use."""
        self.taken.extend(self.ways.way(options, number) for number in np.flatnonzero(counts).tolist())


@dataclass(frozen=True, kw_only=True)
class _Sending:
    """Consignments of one population in a stream before they are written into the roster."""

    consignments: PopulationStream
    options: Options
    tables: Tables
    stream: RandomStream
    sent: Sent
    size: int


def _send(draft: _Draft, consignments: PopulationStream, *, horizon: float, flow: Floats) -> _Sending:
    """Consignments of a population in a stream, with entry only within the horizon and from active rings."""
    from flowsim.draws import consignments_kernel

    world = draft.world
    options = draft.ways.of_stream(consignments)
    stream = RandomStream(draft.seed, options.stream)
    uniform = stream.uniforms(0, replication=draft.years, purpose=philox.PERIOD)[:, 0]
    counts = poisson.quantile(uniform, mean=consignments_per_year(world, consignments) * flow)
    population, classes = consignments.population, world.traffic.classes_of(consignments.stream.mode)
    tables = Tables(
        season=_season(world.traffic.season_of(consignments.stream.drug)),
        masses=np.stack([quantiles.mass(population.sizes, share.capacity).table for share in classes]),
        normal=quantiles.normal().table,
        logarithms=quantiles.logarithms(),
        concealment=float(population.concealment),
        rings=float(population.rings),
    )
    sent = no_consignments(int(counts.sum()))
    size = consignments_kernel.send(
        options.arrays, tables, draft.rings, draft.years, counts, float(horizon), sent, stream.key
    )
    return _Sending(consignments=consignments, options=options, tables=tables, stream=stream, sent=sent, size=size)


def _write(draft: _Draft, sendings: Sequence[_Sending]) -> Columns:
    """Write the consignments of all streams, then the parts in which they leave hubs, in the order of their ways."""
    from flowsim.draws import consignments_kernel

    columns = Columns(**blank(sum(sending.size for sending in sendings)))
    known = [population.label for population in draft.world.traffic.populations]
    stored = []
    start = 0
    for sending in sendings:
        arrays, population = sending.options.arrays, sending.consignments.population
        drug = DRUGS.index(population.drug)
        of = known.index(population.label) if population.name else NO_POPULATION
        kind = (float(draft.world.detection.seals.opened), drug, of, start, len(draft.taken))
        key = sending.stream.key
        counts = consignments_kernel.enter(
            arrays, sending.tables, draft.rings, draft.years, sending.sent, *kind, columns, key
        )
        draft.take(sending.options, counts)
        ends = start + np.cumsum(counts)
        for way in np.flatnonzero(arrays.in_store & (counts > 0)).tolist():
            stored.append((sending, arrays.way_branch[way], int(ends[way] - counts[way]), int(ends[way])))
        start = int(ends[-1])
    for sending, branch, first, last in stored:
        start += _leave(draft, sending, columns, branch=branch, stored=(first, last), start=start)
    return columns


def _each_once(taken: Sequence[Way], columns: Columns) -> tuple[Way, ...]:
    """Ways without repetition, as parts that come from several routes may leave on the same one."""
    numbers = {way: number for number, way in enumerate(dict.fromkeys(taken))}
    columns.way[:] = np.array([numbers[way] for way in taken], dtype=np.int64)[columns.way]
    return tuple(numbers)


def _leave(
    draft: _Draft, sending: _Sending, columns: Columns, *, branch: int, stored: tuple[int, int], start: int
) -> int:
    """Write the parts in which consignments of one way leave the hub of its branch; their number."""
    from flowsim.draws import consignments_kernel

    hub = sending.options.branches[branch].hub
    assert hub is not None
    options = draft.ways.of_parts(sending.consignments, hub=hub[0])
    storing = Storing(
        part=float(hub[0].part),
        store=float(hub[0].store),
        certain=float(hub[0].store_minimum),
        concealment=float(hub[0].concealment) + sending.tables.concealment,
        law=quantiles.duration(hubs.STORE).table,
    )
    key = RandomStream(draft.seed, options.stream).key
    where = (*stored, start, len(draft.taken))
    counts = consignments_kernel.leave(options.arrays, sending.tables, storing, *where, columns, key)
    draft.take(options, counts)
    return int(counts.sum())


def _ring_table(rings: Rings | None, *, replications: int) -> RingTable:
    """Rings as arrays for the loops over consignments."""
    if rings is None:
        return RingTable(
            sizes=np.zeros((replications, 0)),
            protected=np.zeros((replications, 1), dtype=np.int64),
            first=np.zeros(replications + 1, dtype=np.int64),
            time=np.array([np.inf]),
            agency=np.array([-1], dtype=np.int64),
            dismantled=np.zeros(0),
        )
    return RingTable(
        sizes=np.cumsum(rings.sizes, axis=1),
        protected=rings.protected,
        first=np.searchsorted(rings.group, np.arange(rings.sizes.size + 1)).astype(np.int64),
        time=np.append(rings.time, np.inf),
        agency=np.append(rings.agency, -1),
        dismantled=rings.dismantled,
    )


def _season(season: Profile | None) -> Floats:
    """Part of the consignments entered, and part of the year passed by then: even within a month, dims (2, knot)."""
    if season is None:
        return np.array([[0.0, 1.0], [0.0, 1.0]])
    days = np.array([0, *units.DAYS_OF_MONTHS])
    cumulated = np.cumsum(days * np.array([0.0, *season.weights]))
    return np.stack([cumulated / cumulated[-1], np.cumsum(days) / units.DAYS_PER_YEAR])
