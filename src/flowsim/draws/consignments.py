"""Consignments: Poisson loads of each stream, with their mass, concealment, route, vehicle and destination."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from flowsim import units
from flowsim.draws import counter, poisson, quantiles
from flowsim.draws.choices import LEAVES, choose, cities_on, city
from flowsim.draws.counter import Floats, Stream
from flowsim.draws.fleet import Bools, Fleet, Ints, assemble
from flowsim.draws.itinerary import draw_availability, draw_visits, draw_years, itinerary
from flowsim.draws.parts import Group, Stored, draw_parts, hub_on
from flowsim.draws.rings import Rings, draw_rings
from flowsim.network import Route
from flowsim.traffic import DRUGS, VEHICLE_CLASSES, ClassShare, Profile
from flowsim.traffic import Stream as Consignments
from flowsim.world import World


def draw_consignments(
    world: World, *, seed: int, replications: Sequence[int], horizon: float, first_day: int = 0
) -> Fleet:
    """Draw the consignments that enter, or are sent from inside the country, and the parts in which they leave hubs.

    Each consignment keeps its time, mass, route and all else when the inflow changes: a larger inflow adds
    consignments after those already there.

    Parameters
    ----------
    world
        World in which they move.
    seed
        Seed of the run.
    replications
        Replications to draw; `Fleet.replication` holds positions in this sequence.
    horizon
        Span of entry times from the first of January, at most a year [h].
    first_day
        Day from which the availability of devices is drawn.
    """
    flow, effort = draw_years(world, seed=seed, replications=replications)  # flow of all drugs alike
    rings = draw_rings(world, seed=seed, replications=replications)
    groups: list[Group] = []
    stored: list[Stored] = []
    for consignments in world.traffic.streams:
        loads = _entering(
            world, consignments, rings, seed=seed, replications=replications, horizon=horizon, year_flow=flow
        )
        before = sum(len(group["entry"]) for group in groups)
        more, put_in = _groups(world, consignments, loads, before=before)
        groups += more
        stored += put_in
    for loads_in_store in stored:
        groups += draw_parts(world, loads_in_store, seed=seed)
    days = math.ceil(horizon / units.HOURS_PER_DAY) + 1 - first_day
    available = draw_availability(world, seed=seed, replications=replications, first_day=first_day, days=days)
    return assemble(groups, available=available, first_day=first_day, year_effort=effort)


def loads_per_year(world: World, consignments: Consignments) -> float:
    """Mean number of consignments of a stream in a year [1/year]."""
    return consignments.share * world.traffic.inflow_of(consignments.drug) / _mean_load(world, consignments)


def _mean_load(world: World, consignments: Consignments) -> float:
    classes = world.traffic.classes_of(consignments.mode)
    sizes = world.traffic.sizes_of(consignments.drug)
    masses = [quantiles.mass(sizes, share.capacity).mean for share in classes]
    return math.fsum(share.share * mass for share, mass in zip(classes, masses, strict=True))


@dataclass(frozen=True, kw_only=True)
class _Loads:
    """Consignments of one stream before their ways are known; arrays have dims (vehicle,)."""

    drug: str
    """What they carry, one of `traffic.DRUGS`."""

    stream: Stream
    number: Ints
    year: Ints
    entering: Floats
    common: Group

    def uniforms(self, *, purpose: int, item: str = "") -> Floats:
        """Four uniform numbers of each."""
        return self.stream.uniforms(self.number, replication=self.year, purpose=purpose, item=item)


def _entering(
    world: World,
    consignments: Consignments,
    rings: Rings | None,
    *,
    seed: int,
    replications: Sequence[int],
    horizon: float,
    year_flow: Floats,
) -> _Loads:
    """Consignments of a stream that enter within the horizon; a ring that was dismantled sends none."""
    stream = Stream(seed, f"consignment:{consignments.name}")
    uniform = stream.uniforms(0, replication=np.array(replications), purpose=counter.PERIOD)[:, 0]
    counts = poisson.quantile(uniform, mean=loads_per_year(world, consignments) * year_flow)
    position = np.repeat(np.arange(len(replications)), counts)
    number = np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)
    year = np.array(replications, dtype=np.int64)[position]
    entering = stream.uniforms(number, replication=year, purpose=counter.ENTRY)
    season = world.traffic.season_of(consignments.drug)
    entry = _part_of_year(entering[:, 0], season=season) * units.HOURS_PER_YEAR
    common: Group = {"replication": position, "entry": entry}
    inside = entry < horizon
    if rings is not None:
        chance = stream.uniforms(number, replication=year, purpose=counter.ENTRY, item="ring")[:, 0]
        own = rings.of_loads(chance, position=position, entry=entry)
        inside &= rings.active(own["ring"].astype(np.int64), position=position, entry=entry)
        common |= own
    common["drug"] = np.full(len(entry), DRUGS.index(consignments.drug), dtype=np.int64)
    return _Loads(
        drug=consignments.drug,
        stream=stream,
        number=number[inside],
        year=year[inside],
        entering=entering[inside],
        common={name: values[inside] for name, values in common.items()},
    )


def _groups(
    world: World, consignments: Consignments, loads: _Loads, *, before: int
) -> tuple[list[Group], list[Stored]]:
    """Consignments of a stream in groups on one itinerary each, and those among them that are put in store."""
    choosing = loads.uniforms(purpose=counter.ROUTE)
    routes = world.routes_of(consignments.origin, mode=consignments.mode)
    classes = world.traffic.classes_of(consignments.mode)
    route = choose(choosing[:, 0], [r.weight for r in routes])
    vehicle_class = choose(choosing[:, 1], [share.share for share in classes])
    storing = loads.uniforms(purpose=counter.ROUTE, item="hub")[:, 0] if world.hubs else None
    groups: list[Group] = []
    stored: list[Stored] = []
    for r, c in sorted(set(zip(route.tolist(), vehicle_class.tolist(), strict=True))):
        end, split = _end(world, routes[r], loads, which=choosing[:, 2], storing=storing)
        here = (route == r) & (vehicle_class == c)
        for last, is_split in sorted(set(zip(end[here].tolist(), split[here].tolist(), strict=True))):
            chosen = here & (end == last) & (split == is_split)
            group = _group(world, routes[r], classes[c], loads, chosen=chosen, last=last, split=is_split)
            hub = hub_on(world, routes[r])
            if is_split and hub is not None:
                vehicle = before + np.arange(len(group["entry"]))
                who = {"number": loads.number[chosen], "year": loads.year[chosen], "vehicle": vehicle}
                stored.append(Stored(hub=hub[0], consignments=consignments, loads=group, **who))
            before += len(group["entry"])
            groups.append(group)
    return groups, stored


def _end(world: World, route: Route, loads: _Loads, *, which: Floats, storing: Floats | None) -> tuple[Ints, Bools]:
    """Position where each consignment ends on a route, or `LEAVES`, and whether it is put in store there."""
    share, retained = world.traffic.retained_share, loads.entering[:, 3]
    end = city(cities_on(world, route), share=share, retained=retained, which=which)
    found = hub_on(world, route)
    if found is None or storing is None:
        return end, np.zeros(len(end), dtype=np.bool_)
    hub, position = found
    split = (storing < hub.share) & ((end == LEAVES) | (end > position))
    return np.where(split, position, end), split


def _group(
    world: World, route: Route, share: ClassShare, loads: _Loads, *, chosen: Bools, last: int, split: bool
) -> Group:
    """Fields of the consignments of one route, class and end."""
    end = None if last == LEAVES else last
    kind = share.vehicle_class
    way = itinerary(world, route.path, vehicle_class=kind, direction="through", mode=route.mode, last=end)
    who = {"number": loads.number[chosen], "replication": loads.year[chosen]}
    group: Group = draw_visits(world, way, stream=loads.stream, **who, loaded=True)
    entering = loads.entering[chosen]
    size = len(entering)
    mass = quantiles.mass(world.traffic.sizes_of(loads.drug), share.capacity)(entering[:, 1])
    place = world.network.index(route.path[-1 if end is None else end])
    return group | {
        **{name: values[chosen] for name, values in loads.common.items()},
        "vehicle_class": np.full(size, VEHICLE_CLASSES.index(kind), dtype=np.int64),
        "route": np.full(size, world.network.routes.index(route), dtype=np.int64),
        "retained": np.full(size, end is not None and not split, dtype=np.bool_),
        "opened": _opened(world, loads.stream, share, **who),
        "finish": np.full(size, place, dtype=np.int64),
        "mass": mass,
        "log_mass": quantiles.logarithm(mass),
        "concealment": quantiles.normal()(entering[:, 2]),
    }


def _part_of_year(uniform: Floats, *, season: Profile | None) -> Floats:
    """Time of entry as a part of the year: in each month in proportion to its weight, even within a month."""
    if season is None:
        return uniform
    days = np.array([0, *units.DAYS_OF_MONTHS])
    cumulated = np.cumsum(days * np.array([0.0, *season.weights]))
    part: Floats = np.interp(uniform, cumulated / cumulated[-1], np.cumsum(days) / units.DAYS_PER_YEAR)
    return part


def _opened(world: World, stream: Stream, share: ClassShare, *, number: Ints, replication: Ints) -> Bools:
    """Whether the seal of each load in a TIR truck was opened and closed again."""
    if share.vehicle_class != "tir" or world.detection.seals.opened == 0.0:
        return np.zeros(len(number), dtype=np.bool_)
    uniform = stream.uniforms(number, replication=replication, purpose=counter.ENTRY, item="seal")
    opened: Bools = uniform[:, 0] < world.detection.seals.opened
    return opened
