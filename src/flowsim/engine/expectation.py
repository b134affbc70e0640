"""The expectation engine: mean and variance of a year's seizures in closed form, without any vehicle."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal
from scipy.special import expit, ndtr, ndtri

from flowsim import checks
from flowsim.inspection.devices import Device
from flowsim.network import Route
from flowsim.traffic import DRUGS, LoadSizes
from flowsim.units import HOURS_PER_YEAR
from flowsim.world import World

Floats = npt.NDArray[np.float64]

REACH = 6.0
"""Standard deviations that a normal variable is integrated over on either side; 2e-9 lies beyond [1]."""

PANEL = 10
"""Gauss-Legendre points in one panel of the masses [1]."""

YEARS = 8
"""Gauss points of a year's effort between two values at which a class of checkpoint reaches effort 1 [1]."""

KEPT = -1
"""End of the loads that stay in a city; ends from 0 on are exits."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What a span of consignments comes to on average, with the variances between years.

    A load that enters within the span counts with all that happens to it, so nothing is under way at the end.
    """

    entered: Floats
    """Mean mass entered, dims (drug,) [kg]."""

    seized: Floats
    """Mean mass seized, dims (drug, checkpoint) [kg]."""

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


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """Points that stand for all masses, concealments and years, with their probabilities."""

    mass: Floats
    shares: dict[float, Floats]
    concealment: Floats
    concealment_weight: Floats
    year: Floats
    year_weight: Floats


@dataclass
class _Branch:
    """Loads that have met the same checkpoints so far; arrays have dims (drug, mass)."""

    coming: Floats
    ends: dict[int, Floats] = field(default_factory=dict)
    onward: dict[tuple[int, int], _Branch] = field(default_factory=dict)


def expect(
    world: World, *, horizon: float = HOURS_PER_YEAR, crowded: Mapping[tuple[int, int], float] | None = None
) -> Expectation:
    """Compute the mean and variance of what is seized, leaks and stays.

    The loads of a stream are a Poisson process whose rate the year's flow multiplies; a checkpoint thins it.
    Given the year, the mass seized at a checkpoint is therefore compound Poisson, and its variance follows by
    the law of total variance over the years' flow and effort, independent lognormal factors with mean 1.

    Three things are left out: that loads are still under way at the horizon (they count with what becomes of
    them later); queues, except through `crowded`; and that all visits to a checkpoint on one day find the
    same devices working, which ties loads together a little and changes no mean unless a load comes twice.

    Parameters
    ----------
    world
        World in which the consignments move.
    horizon
        Span in which they enter [h].
    crowded
        Probability that a load finds more waiting than the wave-through threshold, by indices of checkpoint
        and lane group; 0 where none is given [1].

    Raises
    ------
    ValueError
        If the horizon is not above 0, a probability lies outside [0, 1], a lane group does not exist, or a
        class of vehicle can hold no load.
    """
    checks.require(0 < horizon < math.inf, thing="horizon", rule="be a finite number above 0", value=horizon)
    grid = _grid(world)
    root = _branches(world, grid, years=horizon / HOURS_PER_YEAR)
    moments, ended = _follow(world, grid, root, found=_found(world, grid, crowded=crowded or {}))
    mean = moments @ grid.year_weight
    flow_square = math.exp(world.traffic.year_log_sd**2)
    all_posts = moments.sum(axis=2)
    return Expectation(
        entered=root.coming @ grid.mass,
        seized=mean[1],
        seized_variance=_variance(moments, grid.year_weight, flow_square=flow_square),
        count=mean[0],
        leaked=ended[:, :KEPT],
        retained=ended[:, KEPT],
        total_variance=_variance(all_posts, grid.year_weight, flow_square=flow_square),
    )


def _variance(moments: Floats, weight: Floats, *, flow_square: float) -> Floats:
    """Variance over the years of a compound Poisson sum with moments of dims (power, ..., year)."""
    within = moments[2] @ weight
    between = flow_square * (moments[1] ** 2 @ weight) - (moments[1] @ weight) ** 2
    variance: Floats = within + np.maximum(between, 0.0)
    return variance


def _grid(world: World) -> _Grid:
    devices = {device for checkpoint in world.checkpoints for device in checkpoint.devices}
    slope = max((abs(device.slope) for device in devices), default=0.0)
    blur = max((abs(device.concealment) for device in devices), default=0.0)
    capacities = [share.capacity for share in world.traffic.class_shares]
    mass, shares = _masses(world.traffic.sizes, capacities, slope=slope)
    concealment, concealment_weight = _concealments(blur)
    efforts = {world.detection.effort.of(checkpoint.effort_class) for checkpoint in world.checkpoints}
    year, year_weight = _years(world.detection.year_log_sd, efforts)
    return _Grid(
        mass=mass,
        shares=shares,
        concealment=concealment,
        concealment_weight=concealment_weight,
        year=year,
        year_weight=year_weight,
    )


def _masses(sizes: LoadSizes, capacities: Sequence[float], *, slope: float) -> tuple[Floats, dict[float, Floats]]:
    """Masses of entering loads, and the probability of each in a vehicle of each capacity.

    The density of `LoadSizes` has an edge at the start of the tail and at each capacity, where panels end. A
    sensitivity with slope b has poles pi / b off the real axis of ln(mass), so panels of 6 / b lose nothing.
    """
    sd, start = sizes.log_sd, math.log(sizes.tail_start)
    centre = math.log(sizes.median) + sizes.selection * sd**2
    tops = {math.log(min(capacity, sizes.maximum)) for capacity in capacities}
    low = min(centre, *tops) - REACH * sd
    # The square of the mass, which the variance needs, is centred 2 sd ** 2 above the mass itself.
    high = min(centre + (REACH + 2 * sd) * sd, start)
    smooth = 6.0 / slope if slope > 0 else math.inf
    nodes, weights = _panels(_between(tops, low, high), width=min(2.5 * sd, smooth))
    score, edge = (nodes - math.log(sizes.median)) / sd, (start - math.log(sizes.median)) / sd
    body = (1 - sizes.tail_share) / (ndtr(edge) * sd * math.sqrt(2 * math.pi))
    density = body * np.exp(sizes.selection * nodes - score**2 / 2)
    alpha, end = sizes.tail_exponent, math.log(sizes.maximum)
    above, above_weights = _panels(_between(tops, start, end), width=min(2.0, smooth))
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


def _branches(world: World, grid: _Grid, *, years: float) -> _Branch:
    """Send the loads of all streams along their routes; ways that start alike share their first branches."""
    traffic = world.traffic
    exits = list(dict.fromkeys(route.exit for route in world.network.routes))
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
                keys = [(stop.checkpoint, stop.group) for stop in stops]
                ends = _ends(world, route, leaves=exits.index(route.exit))
                _send(root, coming, keys=keys, places=[stop.place for stop in stops], ends=ends)
    return root


def _ends(world: World, route: Route, *, leaves: int) -> list[tuple[int, float, int]]:
    """Position on the path, share of the loads and kind of each end of a route."""
    weights = dict(world.traffic.city_weights)
    cities = [(k, weights[place]) for k, place in enumerate(route.path) if weights.get(place, 0.0) > 0.0]
    retained = world.traffic.retained_share if cities else 0.0
    whole = math.fsum(weight for _, weight in cities)
    stays = [(k, retained * weight / whole, KEPT) for k, weight in cities]
    return [*stays, (len(route.path), 1.0 - retained, leaves)]


def _send(
    root: _Branch,
    coming: Floats,
    *,
    keys: Sequence[tuple[int, int]],
    places: Sequence[int],
    ends: Sequence[tuple[int, float, int]],
) -> None:
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


def _found(world: World, grid: _Grid, *, crowded: Mapping[tuple[int, int], float]) -> dict[tuple[int, int], Floats]:
    """Probability of referral and alarm by checkpoint and lane group, dims (mass, concealment)."""
    known = {(c, g) for c, checkpoint in enumerate(world.checkpoints) for g in range(len(checkpoint.groups))}
    for key, chance in crowded.items():
        checks.require(key in known, thing="crowded", rule="name a checkpoint and its lane group", value=key)
        checks.require(0 <= chance <= 1, thing=f"crowded[{key}]", rule="lie in [0, 1]", value=chance)
    equipment = {post.devices for post in world.checkpoints}
    alarms = {devices: _alarm(devices, world, grid) for devices in equipment}
    found = {}
    for c, g in known:
        post = world.checkpoints[c]
        # Honest scores are N(0, 1) and a share `referral` of them lies above the threshold.
        selected = float(ndtr(world.detection.targeting + ndtri(post.groups[g].referral)))
        found[c, g] = selected * (1.0 - crowded.get((c, g), 0.0)) * alarms[post.devices]
    return found


def _alarm(devices: Sequence[Device], world: World, grid: _Grid) -> Floats:
    """Probability that a device works and raises an alarm, dims (mass, concealment)."""
    silent = np.ones((len(grid.mass), len(grid.concealment)))
    log_mass, log_odds = np.log(grid.mass)[:, None], math.log(world.detection.sensitivity)
    for device in devices:
        logit = device.intercept + device.slope * log_mass - device.concealment * grid.concealment + log_odds
        silent *= 1.0 - device.availability * expit(logit)
    return 1.0 - silent


def _follow(
    world: World, grid: _Grid, root: _Branch, *, found: Mapping[tuple[int, int], Floats]
) -> tuple[Floats, Floats]:
    """Follow the survival of loads along all branches.

    Returns
    -------
    tuple of ndarray
        Sums of mass ** 0, 1 and 2 over the loads seized, dims (power, drug, checkpoint, year), and the mass
        that comes to each end, dims (drug, end), cities last.
    """
    masses, years = len(grid.mass), len(grid.year)
    powers = grid.mass ** np.arange(3)[:, None]
    efforts = np.array([world.detection.effort.of(post.effort_class) for post in world.checkpoints])
    effort = np.minimum(1.0, efforts[:, None] * grid.year)[:, :, None, None]
    moments = np.zeros((3, len(DRUGS), len(world.checkpoints), years))
    exits = len({route.exit for route in world.network.routes})
    ended = np.zeros((len(DRUGS), exits + 1))
    todo = [(root, np.ones((years, masses, len(grid.concealment))))]
    while todo:
        branch, surviving = todo.pop()
        if branch.ends:
            share = grid.year_weight @ _over_concealment(surviving, grid)
            for kind, loads in branch.ends.items():
                ended[:, kind] += loads @ (share * grid.mass)
        for (c, g), onward in branch.onward.items():
            caught = surviving * found[c, g]
            caught *= effort[c]
            coming = powers[:, None, :] * onward.coming
            moments[:, :, c] += coming @ _over_concealment(caught, grid).T
            todo.append((onward, np.subtract(surviving, caught, out=caught)))
    return moments, ended


def _over_concealment(values: Floats, grid: _Grid) -> Floats:
    """Mean over concealment of values with dims (year, mass, concealment)."""
    mean: Floats = values.reshape(-1, values.shape[2]) @ grid.concealment_weight
    return mean.reshape(values.shape[:2])
