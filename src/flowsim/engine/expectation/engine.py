"""The expectation engine: mean and variance of a year's seizures in closed form, without any vehicle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from flowsim import checks
from flowsim.engine.expectation import quadrature, rings, route_tree, seasons
from flowsim.engine.expectation.checkpoint import BOUGHT, Chances, Points, Post
from flowsim.engine.expectation.membership import Members, members
from flowsim.engine.expectation.thinning import MARKET, States, Sums, Thinning, protection
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.checkpoint import AGENCIES
from flowsim.world.hubs import STORE
from flowsim.world.populations import Population
from flowsim.world.traffic import DRUGS, Profile
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

ADDED = ("channels", "missed", "patrolled", "loaded", "leaked", "retained")
"""Sums that are added up over the parts of a drug's consignments."""

SPLITS = 6
"""Numbers of parts between which the masses of consignments are integrated apart; beyond, parts are nearly full [1]."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Mean outcome of a span of consignments, with variances between years.

    A consignment that enters within the span counts with its whole outcome, so nothing is under way at the end. Drugs
    are those of `DRUGS`; one without streams comes to nothing. Sites are the checkpoints and then, in a world with
    cases, hubs or a market, the hubs, cities and last places of routes in the order of the network.
    """

    entered: Floats
    """Mean mass entered, or harvested inside and sent, dims (drug,) [kg]."""

    seized: Floats
    """Mean mass seized, dims (drug, site) [kg]."""

    patrolled: Floats
    """Part of `seized` by patrols on bypasses, dims (drug, checkpoint) [kg]."""

    by_case: Floats
    """Part of `seized` by cases, dims (drug, site) [kg]."""

    by_channel: Floats
    """Mean mass seized, dims (drug, channel, agency), channels in the order of the results [kg]."""

    missed: Floats
    """Mean mass that passes checkpoints, dims (drug, reason), reasons in the order of the results [kg]."""

    loaded: Floats
    """Mean number of loaded vehicles that come to checkpoints, dims (drug, checkpoint) [1]."""

    seized_variance: Floats
    """Variance of the mass seized, year effects included, dims (drug, site) [kg2]."""

    count: Floats
    """Mean number of seizures, each consignment that a case finds in store being one, dims (drug, site) [1]."""

    leaked: Floats
    """Mean mass that leaves the country, dims (drug, exit), exits in the order of the routes [kg]."""

    retained: Floats
    """Mean mass that ends in the cities and stays, dims (drug,) [kg]."""

    total_variance: Floats
    """Variance of the mass seized at all sites together, dims (drug,) [kg2]."""


def expect(
    world: World, *, horizon: float = HOURS_PER_YEAR, crowded: Chances | None = None, unreached: Chances | None = None
) -> Expectation:
    """Compute the mean and variance of mass seized, leaked and retained.

    Consignments of a stream are a Poisson process with a rate multiplied by the year's flow; a checkpoint thins it.
    Given the year, the mass seized at a checkpoint is therefore compound Poisson, and its variance follows by
    the law of total variance over the years' flow and effort, independent lognormal factors with mean 1 that all
    drugs share. Each drug has its own masses and its own season, which says how much of it meets each campaign.
    Rings add to the variance by the common fate of their consignments, see `rings.Spread`. Each population is followed
    by itself, and those of its consignments that belong to no ring apart; sums are given the year and the kind of ring.

    Left out are consignments still under way at the horizon (they count with their later outcome); queues, except
    through `crowded` and `unreached`; and the state of devices common to all visits to a checkpoint on one day, which
    ties consignments together a little and changes no mean unless one comes twice.

    A consignment meets all its checkpoints in the campaigns of its entry, which is exact as far as the journey is
    short beside them. It finds a closed checkpoint in the share of the day without a lane on duty, whatever it found
    before: exact for one such checkpoint on a way; with several, the error is of second order in their detection.

    No case takes a consignment within a random time T with the probability E exp(-h T), h being the rate of cases
    against one ring; times are independent, so their factors multiply. Queues and the spread of detours are left out,
    and the devices in working order are taken as independent of the alarm. Parts of one consignment are independent
    given the year.

    Parameters
    ----------
    world
        World of the consignments.
    horizon
        Span of their entries [h].
    crowded
        Probability that a consignment finds more waiting than the wave-through threshold, by indices of checkpoint
        and lane group; 0 where none is given [1].
    unreached
        Probability that a train leaves before its primary inspection, or the secondary one of a consignment that is
        referred and would be found, can end; by the same indices, 0 where none is given [1].

    Raises
    ------
    ValueError
        If the horizon is not above 0, a probability lies outside [0, 1], a lane group does not exist, a class of
        vehicle can hold no consignment, or the cost ratio differs from 1 where targeting is not above 0.
    """
    checks.require(0 < horizon < math.inf, thing="horizon", rule="be a finite number above 0", value=horizon)
    chances = {"crowded": crowded or {}, "unreached": unreached or {}}
    _check(world, chances)
    ways = route_tree.ConsignmentRoutes(world)
    each = {drug: _of_drug(ways, drug, horizon=horizon, chances=chances) for drug in world.traffic.drugs}
    nothing = {name: np.zeros_like(value) for name, value in next(iter(each.values())).items()}
    columns = {name: np.array([each.get(drug, nothing)[name] for drug in DRUGS]) for name in nothing}
    return Expectation(**columns)


def _check(world: World, chances: Mapping[str, Chances]) -> None:
    known = {(c, g) for c, checkpoint in enumerate(world.checkpoints) for g in range(len(checkpoint.groups))}
    for name, given in chances.items():
        for key, chance in given.items():
            checks.require(key in known, thing=name, rule="name a checkpoint and its lane group", value=key)
            checks.require(0 <= chance <= 1, thing=f"{name}[{key}]", rule="lie in [0, 1]", value=chance)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What comes of the consignments of a population that are all in rings, or all outside."""

    in_rings: bool
    """Whether they belong to rings."""

    entered: float
    """Mean mass entered [kg]."""

    moments: Floats
    """Masses taken to the powers 0, 1 and 2 in a year, dims (power, site, kind, year) [kg ** power]."""

    by_case: Floats
    """Mass taken by cases in a year, dims (site, kind, year) [kg]."""

    sums: Sums
    """Other sums of theirs."""

    year: Floats
    """Probability of each quadrature point of a year's effort, dims (year,) [1]."""


def _of_drug(
    ways: route_tree.ConsignmentRoutes, drug: str, *, horizon: float, chances: Mapping[str, Chances]
) -> dict[str, Any]:
    """Fields of an expectation of one drug."""
    world, season, kinds = ways.world, ways.world.traffic.season_of(drug), protection(ways.world)[1]
    parts = [
        _of_members(who, kinds=len(kinds), horizon=horizon, chances=chances)
        for population in world.traffic.populations_of(drug)
        for who in members(ways, population)
    ]
    ending, year = route_tree.hazard(world) * world.detection.intelligence.dismantled, parts[0].year
    years = _spread(world, season, year=year, kinds=kinds, horizon=horizon, ending=ending)
    moments, by_case = (reduce(add, (getattr(part, name) for part in parts)) for name in ("moments", "by_case"))
    of_rings = [part.moments[1] for part in parts if part.in_rings] or [np.zeros_like(by_case)]
    ringed = reduce(add, of_rings)
    count, mass = np.einsum("pckt,k,t->pc", moments[:2], kinds, year)
    sums = {name: reduce(add, (getattr(part.sums, name) for part in parts)) for name in ADDED}
    return {
        "entered": reduce(add, (part.entered for part in parts)),
        "seized": mass,
        "by_case": np.einsum("ckt,k,t->c", by_case, kinds, year),
        "by_channel": sums.pop("channels"),
        **sums,
        "seized_variance": years.variance(moments, by_case, ringed),
        "count": count,
        "total_variance": years.variance(moments.sum(axis=1), by_case.sum(axis=0), ringed.sum(axis=0)),
    }


def _of_members(who: Members, *, kinds: int, horizon: float, chances: Mapping[str, Chances]) -> _Part:
    """What comes of some consignments, in the world as they meet it; `kinds` are those of rings with all of them."""
    ways, world, drug = who.ways, who.ways.world, who.population.drug
    posts, exits = len(world.checkpoints), len({route.exit for route in world.network.routes})
    sites = posts + len(ways.sites)
    season, ending = world.traffic.season_of(drug), route_tree.hazard(world) * world.detection.intelligence.dismantled
    factors, spans = seasons.campaigns(world, season, horizon=horizon, ending=ending)
    efforts = np.array(world.efforts())
    season_efforts = efforts * factors.T
    year, year_weight = quadrature.years(world.detection.year_log_sd, season_efforts.ravel().tolist())
    effort = np.minimum(1.0, efforts[:, None, None] * year * factors[:, :, None])
    effort = effort.reshape(posts, len(spans) * len(year))
    agencies, own_kinds = protection(world)
    states = States(agencies=agencies, kinds=own_kinds, effort=effort, weight=np.outer(spans, year_weight).ravel())
    points, shares = _points(world, who.population)
    size = len(states.weights)
    sums = Sums(
        moments=np.zeros((3, sites, size)),
        by_case=np.zeros((sites, size)),
        channels=np.zeros((MARKET + 1, len(AGENCIES))),
        missed=np.zeros(BOUGHT + 1),
        patrolled=np.zeros(posts),
        loaded=np.zeros(posts),
        leaked=np.zeros(exits),
        stored=[np.zeros((len(points.mass), size)) for _ in world.hubs],
    )
    sent = who.share * seasons.sent_before(season, horizon, ending=ending)
    root = route_tree.of_streams(ways, drug, mass=points.mass, shares=shares, sent=sent)
    Thinning(world, Post(world, points, **chances), states=states, sums=sums).follow(root)
    for hub in range(len(world.hubs)):
        _leave_store(ways, drug, hub, points=points, states=states, sums=sums, chances=chances)
    shape = (len(own_kinds), len(spans), len(year))
    moments = np.einsum("pckst,s->pckt", sums.moments.reshape(3, sites, *shape), spans)
    by_case = np.einsum("ckst,s->ckt", sums.by_case.reshape(sites, *shape), spans)
    every = (sites, kinds, len(year))
    return _Part(
        in_rings=who.in_rings,
        entered=float(root.coming @ points.mass),
        moments=np.broadcast_to(moments, (3, *every)),
        by_case=np.broadcast_to(by_case, every),
        sums=sums,
        year=year_weight,
    )


def _points(world: World, population: Population) -> tuple[Points, dict[float, Floats]]:
    """Masses and concealments of a population, and the probability of each mass by capacity, dims (mass,)."""
    devices = {device for checkpoint in world.checkpoints for device in checkpoint.devices}
    slope = max((abs(device.slope) for device in devices), default=0.0)
    blur = max((abs(device.concealment) for device in devices), default=0.0)
    capacities = [share.capacity for share in world.traffic.class_shares]
    maxima = [way.maximum for way in world.bypasses if way.share > 0]
    splits: list[float] = []
    for hub in (hub for hub in world.hubs if hub.share > 0):
        splits += [count * hub.part for count in range(1, SPLITS + 1)]
        splits += [n * m for m in maxima for n in range(2, SPLITS + 1) if (n - 1) * hub.part < n * m < n * hub.part]
    mass, shares = quadrature.masses(population.sizes, capacities, maxima=maxima, slope=slope, splits=splits)
    concealment, weight = quadrature.concealments(blur)
    concealment = concealment + population.concealment
    return Points(mass=mass, parts=np.ones_like(mass), concealment=concealment, weight=weight), shares


def _leave_store(
    ways: route_tree.ConsignmentRoutes,
    drug: str,
    index: int,
    *,
    points: Points,
    states: States,
    sums: Sums,
    chances: Mapping[str, Chances],
) -> None:
    """Follow the parts in which consignments leave a hub; in store a case takes a consignment as a whole."""
    world, hub, consignments = ways.world, ways.world.hubs[index], sums.stored[index]
    if not consignments.any():
        return
    events = route_tree.hazard(world) * hub.store
    kept = rings.laplace(rings.CONSTANT, events * hub.store_minimum)
    kept *= rings.laplace(STORE, events * (1.0 - hub.store_minimum))
    parts = np.maximum(1.0, np.ceil(points.mass / hub.part))
    split = replace(points, mass=points.mass / parts, parts=parts, concealment=points.concealment + hub.concealment)
    leaving = Thinning(world, Post(world, split, **chances), states=states, sums=sums, sent=kept * consignments)
    if kept < 1.0:
        leaving.take_by_case(ways.sites[hub.place], (1.0 - kept) * (points.powers @ consignments))
    leaving.follow(route_tree.of_parts(ways, hub, drug, masses=len(parts)))


def _spread(
    world: World, season: Profile | None, *, year: Floats, kinds: Floats, horizon: float, ending: float
) -> rings.Spread:
    """Sources of the variance between a drug's years."""
    intelligence, corruption = world.detection.intelligence, world.detection.corruption
    together, bursts = 0.0, 0.0
    if intelligence.has_cases or corruption.protects:
        together = rings.sum_of_squares(intelligence.rings, intelligence.size_exponent)
    if intelligence.has_cases:
        square = seasons.sent_before(season, horizon, ending=2 * ending, power=2)
        sent = seasons.sent_before(season, horizon, ending=ending)
        bursts = square / (sent or 1.0) ** 2 / (route_tree.hazard(world) * HOURS_PER_YEAR)
    return rings.Spread(
        year=year,
        flow_square=math.exp(world.traffic.year_log_sd**2),
        kinds=kinds,
        together=together,
        bursts=bursts,
        stopping=seasons.stopping(season, horizon=horizon, ending=ending),
    )
