"""The expectation engine: mean and variance of a year's seizures in closed form, without any vehicle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal
from scipy.special import expit, ndtr, ndtri

from flowsim import checks
from flowsim.inspection.devices import Device
from flowsim.network import Route
from flowsim.traffic import DRUGS, LoadSizes
from flowsim.units import HOURS_PER_DAY, HOURS_PER_YEAR
from flowsim.world import World

Floats = npt.NDArray[np.float64]
Chances = Mapping[tuple[int, int], float]
Check = tuple[int, int, int]
End = tuple[int, float, int]

REACH = 6.0
"""Standard deviations that a normal variable is integrated over on either side; 2e-9 lies beyond [1]."""

PANEL = 10
"""Gauss-Legendre points in one panel of the masses [1]."""

YEARS = 8
"""Gauss points of a year's effort between two values at which a class of checkpoint reaches effort 1 [1]."""

KEPT = -1
"""End of the loads that stay in a city; ends from 0 on are exits."""

FREE, INTACT, OPENED = range(3)
"""Whether a seal decides at a checkpoint, and if so whether it was opened and closed again."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What a span of consignments comes to on average, with the variances between years.

    A load that enters within the span counts with all that happens to it, so nothing is under way at the end.
    """

    entered: Floats
    """Mean mass entered, dims (drug,) [kg]."""

    seized: Floats
    """Mean mass seized, dims (drug, checkpoint) [kg]."""

    patrolled: Floats
    """Part of `seized` that patrols stop on the way round, dims (drug, checkpoint) [kg]."""

    seized_variance: Floats
    """Variance of the mass seized, year effects included, dims (drug, checkpoint) [kg2]."""

    count: Floats
    """Mean number of seizures, dims (drug, checkpoint) [1]."""

    leaked: Floats
    """Mean mass that leaves the country, dims (drug, exit), exits in the order of the routes [kg]."""

    retained: Floats
    """Mean mass that ends in the cities, dims (drug,) [kg]."""

    total_variance: Floats
    """Variance of the mass seized at all checkpoints together, dims (drug,) [kg2]."""


@dataclass(frozen=True)
class _Grid:
    """Points that stand for all masses, concealments, years and seasons, with their probabilities."""

    mass: Floats
    shares: dict[float, Floats]
    concealment: Floats
    concealment_weight: Floats
    year: Floats
    year_weight: Floats
    campaign: Floats
    season_weight: Floats


@dataclass
class _Branch:
    """Loads that have met the same checkpoints so far; arrays have dims (drug, mass)."""

    coming: Floats
    ends: dict[int, Floats] = field(default_factory=dict)
    onward: dict[Check, _Branch] = field(default_factory=dict)


def expect(
    world: World, *, horizon: float = HOURS_PER_YEAR, crowded: Chances | None = None, unreached: Chances | None = None
) -> Expectation:
    """Compute the mean and variance of what is seized, leaks and stays.

    The loads of a stream are a Poisson process whose rate the year's flow multiplies; a checkpoint thins it.
    Given the year, the mass seized at a checkpoint is therefore compound Poisson, and its variance follows by
    the law of total variance over the years' flow and effort, independent lognormal factors with mean 1.

    Left out are that loads are still under way at the horizon (they count with what becomes of them later);
    queues, except through `crowded` and `unreached`; and that all visits to a checkpoint on one day find the
    same devices working, which ties loads together a little and changes no mean unless a load comes twice.

    A load meets all its checkpoints in the campaigns of its entry, which is exact as far as the journey is short
    beside them. It finds a closed post in the share of the day in which nobody is on duty, whatever it found
    before: exact for one such post on a way; with several, the error is of second order in their detection.

    Parameters
    ----------
    world
        World in which the consignments move.
    horizon
        Span in which they enter [h].
    crowded
        Probability that a load finds more waiting than the wave-through threshold, by indices of checkpoint
        and lane group; 0 where none is given [1].
    unreached
        Probability that a train leaves before its first look, or the examination of a load that is referred and
        would be found, can end; by the same indices, 0 where none is given [1].

    Raises
    ------
    ValueError
        If the horizon is not above 0, a probability lies outside [0, 1], a lane group does not exist, a class of
        vehicle can hold no load, or the cost ratio differs from 1 where targeting is not above 0.
    """
    checks.require(0 < horizon < math.inf, thing="horizon", rule="be a finite number above 0", value=horizon)
    grid = _grid(world, horizon=horizon)
    root = _branches(world, grid, years=horizon / HOURS_PER_YEAR)
    through, stopped = _ways_round(world, grid)
    found = _found(world, grid, through, crowded=crowded or {}, unreached=unreached or {})
    moments, patrolled, ended = _follow(world, grid, root, found=found, stopped=stopped)
    mean = moments @ grid.year_weight
    flow_square = math.exp(world.traffic.year_log_sd**2)
    return Expectation(
        entered=root.coming @ grid.mass,
        seized=mean[1],
        patrolled=patrolled,
        seized_variance=_variance(moments, grid.year_weight, flow_square=flow_square),
        count=mean[0],
        leaked=ended[:, :KEPT],
        retained=ended[:, KEPT],
        total_variance=_variance(moments.sum(axis=2), grid.year_weight, flow_square=flow_square),
    )


def _variance(moments: Floats, weight: Floats, *, flow_square: float) -> Floats:
    """Variance over the years of a compound Poisson sum with moments of dims (power, ..., year)."""
    within = moments[2] @ weight
    between = flow_square * (moments[1] ** 2 @ weight) - (moments[1] @ weight) ** 2
    variance: Floats = within + np.maximum(between, 0.0)
    return variance


def _grid(world: World, *, horizon: float) -> _Grid:
    devices = {device for checkpoint in world.checkpoints for device in checkpoint.devices}
    slope = max((abs(device.slope) for device in devices), default=0.0)
    blur = max((abs(device.concealment) for device in devices), default=0.0)
    capacities = [share.capacity for share in world.traffic.class_shares]
    maxima = [way.maximum for way in world.bypasses if way.share > 0]
    masses = _masses(world.traffic.sizes, capacities, maxima=maxima, slope=slope)
    campaign, season = _campaigns(world, horizon=horizon)
    efforts = [world.detection.effort.of(checkpoint.effort_class) for checkpoint in world.checkpoints]
    years = _years(world.detection.year_log_sd, (campaign.T * efforts).ravel().tolist())
    return _Grid(*masses, *_concealments(blur), *years, campaign, season)


def _masses(
    sizes: LoadSizes, capacities: Sequence[float], *, maxima: Sequence[float], slope: float
) -> tuple[Floats, dict[float, Floats]]:
    """Masses of entering loads, and the probability of each in a vehicle of each capacity.

    Panels end at the start of the tail, at each capacity and at what is carried at most on each way round. A
    sensitivity with slope b has poles pi / b off the real axis of ln(mass), so panels of 6 / b lose nothing.
    """
    sd, start = sizes.log_sd, math.log(sizes.tail_start)
    centre = math.log(sizes.median) + sizes.selection * sd**2
    tops = {math.log(min(capacity, sizes.maximum)) for capacity in capacities}
    low = min(centre, *tops) - REACH * sd
    edges = tops | {math.log(maximum) for maximum in maxima}
    # The square of the mass, which the variance needs, is centred 2 sd ** 2 above the mass itself.
    high = min(centre + (REACH + 2 * sd) * sd, start)
    smooth = 6.0 / slope if slope > 0 else math.inf
    nodes, weights = _panels(_between(edges, low, high), width=min(2.5 * sd, smooth))
    score, edge = (nodes - math.log(sizes.median)) / sd, (start - math.log(sizes.median)) / sd
    body = (1 - sizes.tail_share) / (ndtr(edge) * sd * math.sqrt(2 * math.pi))
    density = body * np.exp(sizes.selection * nodes - score**2 / 2)
    alpha, end = sizes.tail_exponent, math.log(sizes.maximum)
    above, above_weights = _panels(_between(edges, start, end), width=min(2.0, smooth))
    tail = sizes.tail_share * alpha / (1 - math.exp(-alpha * (end - start)))
    tail_density = tail * np.exp(sizes.selection * above - alpha * (above - start))
    logs = np.concatenate([nodes, above])
    chances = np.concatenate([density * weights, tail_density * above_weights])
    held = {capacity: np.where(logs < math.log(capacity), chances, 0.0) for capacity in capacities}
    for capacity, part in held.items():
        rule = f"be above tail_start ({sizes.tail_start} kg) where all loads lie in the tail"
        checks.require(part.sum() > 0, thing="ClassShare.capacity", rule=rule, value=capacity)
    used = np.sum(list(held.values()), axis=0) > 0
    return np.exp(logs[used]), {capacity: part[used] / part.sum() for capacity, part in held.items()}


def _between(edges: Iterable[float], low: float, high: float) -> list[float]:
    """Return the ends of an interval with the edges that lie inside it."""
    return [low, *sorted({edge for edge in edges if low < edge < high}), high]


def _panels(edges: Sequence[float], *, width: float) -> tuple[Floats, Floats]:
    """Gauss-Legendre points and weights on panels of at most a width between edges."""
    ends = [edges[0]]
    for left, right in pairwise(edges):
        ends += np.linspace(left, right, max(1, math.ceil((right - left) / width)) + 1)[1:].tolist()
    point, weight = np.polynomial.legendre.leggauss(PANEL)
    half = np.diff(ends)[:, None] / 2
    return (np.array(ends[:-1])[:, None] + half * (1 + point)).ravel(), (half * weight).ravel()


def _concealments(blur: float) -> tuple[Floats, Floats]:
    """Concealment qualities and their probabilities.

    Even steps converge faster than Gauss-Hermite points on a logistic function, whose poles lie pi / blur off
    the real axis [Trefethen2014]_.

    References
    ----------
    .. [Trefethen2014] L. N. Trefethen and J. A. C. Weideman, "The exponentially convergent trapezoidal rule",
       SIAM Review 56 (2014) 385-458, doi:10.1137/130932132.
    """
    if blur == 0.0:
        return np.zeros(1), np.ones(1)
    half = math.ceil(REACH / min(0.75, 0.9 / blur))
    point = np.linspace(-REACH, REACH, 2 * half + 1)
    weight = np.exp(-(point**2) / 2)
    return point, weight / weight.sum()


def _years(log_sd: float, efforts: Iterable[float]) -> tuple[Floats, Floats]:
    """Factors on a year's effort and their probabilities, in panels that end where an effort reaches 1."""
    if log_sd == 0.0:
        return np.ones(1), np.ones(1)
    # Rounding keeps panels from vanishing; a cap beyond 5.5 changes less than one year in ten million.
    caps = {round((log_sd / 2 - math.log(effort) / log_sd), 4) for effort in efforts if effort > 0}
    ends = _between([cap for cap in caps if abs(cap) < REACH - 0.5], -REACH, REACH)
    points, weights = [], []
    for left, right in pairwise(ends):
        fine, share = _panels([left, right], width=2.0)
        point, weight = _condensed(fine, share * np.exp(-(fine**2) / 2))
        points.append(point)
        weights.append(weight)
    year = np.exp(log_sd * np.concatenate(points) - log_sd**2 / 2)
    return year, np.concatenate(weights) / np.sum(weights)


def _condensed(point: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Gauss rule of `YEARS` points for the measure of a finer one, by Stieltjes' procedure [Gautschi2004]_.

    References
    ----------
    .. [Gautschi2004] W. Gautschi, "Orthogonal Polynomials: Computation and Approximation", Oxford University
       Press 2004, section 2.2.
    """
    diagonal, beside = np.zeros(YEARS), np.zeros(YEARS)
    before, now = np.zeros_like(point), np.full_like(point, 1 / math.sqrt(weight.sum()))
    for k in range(YEARS):
        diagonal[k] = weight @ (point * now**2)
        ahead = (point - diagonal[k]) * now - beside[k - 1] * before
        beside[k] = math.sqrt(weight @ ahead**2)
        before, now = now, ahead / beside[k]
    values, vectors = eigh_tridiagonal(diagonal, beside[:-1])
    return np.asarray(values, dtype=np.float64), np.asarray(weight.sum() * vectors[0] ** 2, dtype=np.float64)


def _campaigns(world: World, *, horizon: float) -> tuple[Floats, Floats]:
    """Factors on effort, dims (checkpoint, season), and the share of each season: all times with the same factors."""
    days = [[date.fromisoformat(f"2011-{day}") for day in (c.start, c.end)] for c in world.campaigns]
    hours = [[(day - date(2011, 1, 1)).days * HOURS_PER_DAY for day in pair] for pair in days]
    seasons: dict[tuple[float, ...], float] = {}
    for start, end in pairwise(_between([hour for pair in hours for hour in pair], 0.0, horizon)):
        lasting = [c for c, (first, last) in zip(world.campaigns, hours, strict=True) if first <= start < last]
        key = tuple(math.prod(c.factor for c in lasting if post.agency in c.agencies) for post in world.checkpoints)
        seasons[key] = seasons.get(key, 0.0) + (end - start) / horizon
    return np.array(list(seasons), dtype=np.float64).T, np.array(list(seasons.values()))


def _branches(world: World, grid: _Grid, *, years: float) -> _Branch:
    """Send the loads of all streams along their routes; ways that start alike share their first branches."""
    traffic = world.traffic
    exits = list(dict.fromkeys(route.exit for route in world.network.routes))
    crossing = [post.border != "" for post in world.checkpoints]
    root = _Branch(np.zeros((len(DRUGS), len(grid.mass))))
    for stream in traffic.streams:
        classes = traffic.classes_of(stream.mode)
        mean = math.fsum(share.share * float(grid.shares[share.capacity] @ grid.mass) for share in classes)
        loads = years * stream.share * traffic.inflow / mean
        routes = world.routes_of(stream.origin, mode=stream.mode)
        of_route, of_class = math.fsum(r.weight for r in routes), math.fsum(share.share for share in classes)
        for route in routes:
            for share in classes:
                coming = np.zeros_like(root.coming)
                part = loads * (route.weight / of_route) * (share.share / of_class)
                coming[DRUGS.index(stream.drug)] = part * grid.shares[share.capacity]
                stops = world.stops(route.path, vehicle_class=share.vehicle_class, direction="through", mode=route.mode)
                ends = _ends(world, route, leaves=exits.index(route.exit))
                for seal, chance in _seals(world, share.vehicle_class):
                    keys = [(s.checkpoint, s.group, seal if crossing[s.checkpoint] else FREE) for s in stops]
                    _send(root, chance * coming, keys=keys, places=[stop.place for stop in stops], ends=ends)
    return root


def _seals(world: World, vehicle_class: str) -> list[tuple[int, float]]:
    """States of the seal of loads at crossings, with their shares."""
    if vehicle_class != "tir" or not world.detection.seals.green_lane:
        return [(FREE, 1.0)]
    return [(INTACT, 1.0 - world.detection.seals.opened), (OPENED, world.detection.seals.opened)]


def _ends(world: World, route: Route, *, leaves: int) -> list[End]:
    """Position on the path, share of the loads and kind of each end of a route."""
    weights = dict(world.traffic.city_weights)
    cities = [(k, weights[place]) for k, place in enumerate(route.path) if weights.get(place, 0.0) > 0.0]
    retained = world.traffic.retained_share if cities else 0.0
    whole = math.fsum(weight for _, weight in cities)
    stays = [(k, retained * weight / whole, KEPT) for k, weight in cities]
    return [*stays, (len(route.path), 1.0 - retained, leaves)]


def _send(root: _Branch, coming: Floats, *, keys: Sequence[Check], places: Sequence[int], ends: Sequence[End]) -> None:
    """Add loads to the branches along a way, and to its ends."""
    root.coming += coming
    passed = [root]
    for key, place in zip(keys, places, strict=True):
        branch = passed[-1].onward.setdefault(key, _Branch(np.zeros_like(coming)))
        branch.coming += coming * math.fsum(share for position, share, _ in ends if position >= place)
        passed.append(branch)
    for position, share, kind in ends:
        last = passed[sum(place <= position for place in places)]
        last.ends[kind] = last.ends.get(kind, 0.0) + share * coming


def _ways_round(world: World, grid: _Grid) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """Shares that go through a crossing and that patrols stop on the way round it, each with dims (mass, 1)."""
    through, stopped = {}, {}
    for c, post in enumerate(world.checkpoints):
        ways = [way for way in world.bypasses if post.border and way.border == post.border]
        if ways and post.mode == "road":
            taken = np.array([way.share * (grid.mass <= way.maximum) for way in ways])
            through[c] = np.maximum(0.0, 1.0 - taken.sum(axis=0))[:, None]
            stopped[c] = np.array([[way.patrol for way in ways] @ taken]).T
    return through, stopped


def _found(
    world: World, grid: _Grid, through: Mapping[int, Floats], *, crowded: Chances, unreached: Chances
) -> dict[Check, Floats]:
    """Probability of examination and alarm by checkpoint, lane group and seal, dims (mass, concealment)."""
    known = {(c, g) for c, checkpoint in enumerate(world.checkpoints) for g in range(len(checkpoint.groups))}
    for name, chances in {"crowded": crowded, "unreached": unreached}.items():
        for key, chance in chances.items():
            checks.require(key in known, thing=name, rule="name a checkpoint and its lane group", value=key)
            checks.require(0 <= chance <= 1, thing=f"{name}[{key}]", rule="lie in [0, 1]", value=chance)
    alarms = {devices: _alarm(devices, world, grid) for devices in {post.devices for post in world.checkpoints}}
    seals, lead = world.detection.seals, _lead(world)
    found: dict[Check, Floats] = {}
    for c, g in known:
        post, group = world.checkpoints[c], world.checkpoints[c].groups[g]
        # Honest scores are N(0, 1) and a share `referral` of them lies above the threshold at a cost ratio of 1.
        selected = float(ndtr(lead + ndtri(group.referral))) * group.wagons * (1.0 - crowded.get((c, g), 0.0))
        under_seal = selected if seals.inspection else 0.0
        referred = {FREE: selected}
        if post.border and seals.green_lane:
            for seal, noticed in ((INTACT, seals.false_notice), (OPENED, seals.notice)):
                referred[seal] = noticed + (1.0 - noticed) * under_seal
        off_duty = 0.0 if post.border else math.fsum(s.end - s.start for s in group.shifts if s.lanes == 0)
        reached = (1.0 - off_duty / HOURS_PER_DAY) * (1.0 - unreached.get((c, g), 0.0))
        for seal, share in referred.items():
            found[c, g, seal] = reached * share * alarms[post.devices] * through.get(c, 1.0)
    return found


def _lead(world: World) -> float:
    """Mean risk score of loads less what liability adds to every threshold."""
    targeting, ratio = world.detection.targeting, world.detection.cost_ratio
    rule = "be above 0 where Detection.cost_ratio is not 1"
    checks.require(ratio == 1.0 or targeting > 0, thing="Detection.targeting", rule=rule, value=targeting)
    return targeting if ratio == 1.0 else targeting - math.log(ratio) / targeting


def _alarm(devices: Sequence[Device], world: World, grid: _Grid) -> Floats:
    """Probability that a device works and raises an alarm, dims (mass, concealment)."""
    silent = np.ones((len(grid.mass), len(grid.concealment)))
    log_mass, log_odds = np.log(grid.mass)[:, None], math.log(world.detection.sensitivity)
    for device in devices:
        logit = device.intercept + device.slope * log_mass - device.concealment * grid.concealment + log_odds
        silent *= 1.0 - device.availability * expit(logit)
    return 1.0 - silent


def _follow(
    world: World, grid: _Grid, root: _Branch, *, found: Mapping[Check, Floats], stopped: Mapping[int, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Follow the survival of loads along all branches.

    Returns
    -------
    tuple of ndarray
        Sums of mass ** 0, 1 and 2 over the loads seized, dims (power, drug, checkpoint, year), the mass that
        patrols stop, dims (drug, checkpoint), and the mass that comes to each end, dims (drug, end), cities last.
    """
    powers = grid.mass ** np.arange(3)[:, None]
    efforts = np.array([world.detection.effort.of(post.effort_class) for post in world.checkpoints])
    effort = np.minimum(1.0, efforts[:, None, None] * grid.year * grid.campaign[:, :, None])
    effort = effort.reshape(len(efforts), -1)[:, :, None, None]
    weight = np.outer(grid.season_weight, grid.year_weight).ravel()
    moments = np.zeros((3, len(DRUGS), len(efforts), len(weight)))
    patrolled = np.zeros((len(DRUGS), len(efforts)))
    ended = np.zeros((len(DRUGS), len({route.exit for route in world.network.routes}) + 1))
    todo = [(root, np.ones((len(weight), len(grid.mass), len(grid.concealment))))]
    while todo:
        branch, surviving = todo.pop()
        if branch.ends:
            share = weight @ _over_concealment(surviving, grid)
            for kind, loads in branch.ends.items():
                ended[:, kind] += loads @ (share * grid.mass)
        for (c, g, seal), onward in branch.onward.items():
            caught = surviving * found[c, g, seal]
            caught *= effort[c]
            if c in stopped:
                by_patrol = surviving * stopped[c]
                patrolled[:, c] += onward.coming @ (weight @ _over_concealment(by_patrol, grid) * grid.mass)
                caught += by_patrol
            moments[:, :, c] += (powers[:, None, :] * onward.coming) @ _over_concealment(caught, grid).T
            todo.append((onward, np.subtract(surviving, caught, out=caught)))
    return grid.season_weight @ moments.reshape(*moments.shape[:3], -1, len(grid.year)), patrolled, ended


def _over_concealment(values: Floats, grid: _Grid) -> Floats:
    """Mean over concealment of values with dims (year, mass, concealment)."""
    mean: Floats = values.reshape(-1, values.shape[2]) @ grid.concealment_weight
    return mean.reshape(values.shape[:2])
