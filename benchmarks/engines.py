"""The engines of the benchmark: each turns the reference work into the same few totals."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import ciw
import numpy as np
import simpy
from work import (
    EXAMINATION,
    FALSE_ALARM,
    HANDLING,
    LOADED,
    SEARCH,
    SENSITIVITY,
    SERVICE_CV,
    TRAVEL_CERTAIN,
    TRAVEL_CV,
    WAVE_THROUGH,
    Work,
    as_world,
)

from flowsim.draws.consignments import draw_consignments
from flowsim.draws.fleet import Fleet, join
from flowsim.draws.honest import draw_honest
from flowsim.engine import reference
from flowsim.engine.outcome import REFERRED, SEIZED
from flowsim.world import World

LONG = 1000.0
"""Time by which every vehicle has left after the last has entered [h]."""


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What an engine says about the reference work, to see that all do the same."""

    vehicles: int
    """Vehicles simulated from entry to end [1]."""

    visits: int
    """Visits to stations [1]."""

    wait: float
    """Mean wait for a lane [h]."""

    referred: float
    """Share of visits that end in a bay [1]."""

    seizures: int
    """Loads seized [1]."""


def draw(world: World, *, horizon: float, seed: int) -> Fleet:
    """Draw all vehicles that enter the world of the reference work within a horizon [h]."""
    honest = draw_honest(world, seed=seed, year=0, start=0.0, end=horizon)
    return join(honest, draw_consignments(world, seed=seed, replications=[0], horizon=horizon))


def flowsim_reference(work: Work, *, vehicles: int, seed: int) -> Totals:
    """Reference engine of flowsim, the drawing of its random numbers included."""
    world = as_world(work)
    return run_fleet(world, draw(world, horizon=vehicles / work.per_hour, seed=seed))


def run_fleet(world: World, fleet: Fleet) -> Totals:
    """Reference engine of flowsim on vehicles already drawn."""
    outcome = reference.run(world, fleet).outcome
    reached = ~np.isnan(outcome.arrival)
    return Totals(
        vehicles=fleet.size,
        visits=int(reached.sum()),
        wait=float((outcome.start - outcome.arrival)[reached].mean()),
        referred=float((outcome.decision == REFERRED).sum() / reached.sum()),
        seizures=int((outcome.fate == SEIZED).sum()),
    )


class SimPyModel:
    """The reference work as one would write it in SimPy: a process per vehicle, a Resource per queue."""

    def __init__(self, work: Work, *, seed: int) -> None:
        """Open all stations."""
        self.env, self.rng, self.work = simpy.Environment(), random.Random(seed), work
        self.lanes = [simpy.Resource(self.env, capacity=post.lanes) for post in work.posts]
        self.bays = [simpy.Resource(self.env, capacity=post.bays) for post in work.posts]
        self.waits: list[list[float]] = [[] for _ in work.posts]
        self.ends: list[float] = []
        self.seizures: list[float] = []
        self.referred = 0

    def lognormal(self, mean: float, cv: float) -> float:
        variance = math.log1p(cv**2)
        return self.rng.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))

    def travel(self, mean: float) -> float:
        return mean * TRAVEL_CERTAIN + self.lognormal(mean * (1 - TRAVEL_CERTAIN), TRAVEL_CV)

    def arrivals(self, way, until: float):
        while True:
            yield self.env.timeout(self.rng.expovariate(way.per_hour))
            if self.env.now >= until:
                return
            self.env.process(self.vehicle(way, loaded=self.rng.random() < LOADED))

    def vehicle(self, way, loaded: bool):
        env = self.env
        for number, hours in zip(way.posts, way.hours, strict=True):
            yield env.timeout(self.travel(hours))
            post, lanes = self.work.posts[number], self.lanes[number]
            arrived, crowded = env.now, len(lanes.queue) > WAVE_THROUGH
            with lanes.request() as lane:
                yield lane
                self.waits[number].append(env.now - arrived)
                yield env.timeout(self.lognormal(post.service_time, SERVICE_CV))
            if self.rng.random() < post.referral and not crowded:
                self.referred += 1
                with self.bays[number].request() as bay:
                    yield bay
                    yield env.timeout(HANDLING + self.lognormal(EXAMINATION, SERVICE_CV))
                    alarm = self.rng.random() < (SENSITIVITY if loaded else FALSE_ALARM)
                    if alarm:
                        yield env.timeout(self.lognormal(SEARCH, SERVICE_CV))
                if alarm and loaded:
                    self.seizures.append(env.now)
                    break
        self.ends.append(env.now)


def plain_simpy(work: Work, *, vehicles: int, seed: int) -> Totals:
    """Idiomatic SimPy, which shares nothing with flowsim."""
    model = SimPyModel(work, seed=seed)
    for way in work.ways:
        model.env.process(model.arrivals(way, vehicles / work.per_hour))
    model.env.run()
    waits = np.concatenate([np.array(some) for some in model.waits])
    return Totals(
        vehicles=len(model.ends),
        visits=len(waits),
        wait=float(waits.mean()),
        referred=model.referred / len(waits),
        seizures=len(model.seizures),
    )


def ciw_network(work: Work, *, until: float) -> ciw.network.Network:
    """Closest network that Ciw expresses.

    A route is a class of customer. Node 3k is the road to station k (infinitely many servers), 3k + 1 its lanes and
    3k + 2 its bays, which a fixed share enters: Ciw has no wave-through, and no loads that a seizure takes out.
    """
    variance = math.log1p(SERVICE_CV**2)
    slow, road = math.sqrt(variance), math.sqrt(math.log1p(TRAVEL_CV**2))

    def lognormal(mean: float, sd: float) -> ciw.dists.Distribution:
        return ciw.dists.Lognormal(math.log(mean) - sd * sd / 2, sd)

    nodes = 3 * len(work.posts)
    arrivals, services, routing = {}, {}, {}
    for k, way in enumerate(work.ways):
        name = f"route{k}"
        arrivals[name] = [None] * nodes
        arrivals[name][3 * way.posts[0]] = Until(way.per_hour, until=until)
        times = dict(zip(way.posts, way.hours, strict=True))
        onward = {a: 3 * b + 1 for a, b in zip(way.posts, way.posts[1:], strict=False)}
        services[name], routers = [], []
        for number, post in enumerate(work.posts):
            mean = times.get(number, 1.0)
            certain = ciw.dists.Deterministic(mean * TRAVEL_CERTAIN)
            exam = lognormal(EXAMINATION, slow) + ciw.dists.Deterministic(HANDLING + FALSE_ALARM * SEARCH)
            travel = certain + lognormal(mean * (1 - TRAVEL_CERTAIN), road)
            services[name] += [travel, lognormal(post.service_time, slow), exam]
            after = onward.get(number, -1)
            chances = [post.referral, 1 - post.referral]
            routers += [
                ciw.routing.Direct(to=3 * number + 2),
                ciw.routing.Probabilistic(destinations=[3 * number + 3, after], probs=chances),
                ciw.routing.Direct(to=after) if after > 0 else ciw.routing.Leave(),
            ]
        routing[name] = ciw.routing.NetworkRouting(routers=routers)
    return ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=services,
        number_of_servers=[n for post in work.posts for n in (math.inf, post.lanes, post.bays)],
        routing=routing,
    )


class Until(ciw.dists.Exponential):
    """Poisson arrivals that end at a time, after which the network runs empty."""

    def __init__(self, rate: float, *, until: float) -> None:
        """Set the rate [1/h] and the end [h]."""
        super().__init__(rate)
        self.until = until

    def sample(self, t=None, ind=None) -> float:
        gap = super().sample(t, ind)
        return gap if t + gap < self.until else math.inf


def ciw_peer(work: Work, *, vehicles: int, seed: int) -> Totals:
    """Ciw on the closest network, until the last customer has left."""
    horizon = vehicles / work.per_hour
    ciw.seed(seed)
    simulation = ciw.Simulation(ciw_network(work, until=horizon))
    simulation.simulate_until_max_time(horizon + LONG)
    records = simulation.get_all_records(only=["service"])
    looks = [record.waiting_time for record in records if record.node % 3 == 2]
    exams = sum(record.node % 3 == 0 for record in records)
    return Totals(
        vehicles=len(simulation.nodes[-1].all_individuals),
        visits=len(looks),
        wait=float(np.mean(looks)),
        referred=exams / len(looks),
        seizures=0,
    )


ENGINES = {"flowsim reference": flowsim_reference, "SimPy, idiomatic": plain_simpy, "Ciw": ciw_peer}
"""Engines by name."""
