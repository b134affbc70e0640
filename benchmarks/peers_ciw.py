"""The reference work in Ciw, as far as Ciw expresses it."""

from __future__ import annotations

import math

import ciw
import numpy as np
from totals import Totals
from work import (
    EXAMINATION,
    FALSE_ALARM,
    HANDLING,
    SEARCH,
    SERVICE_CV,
    TRAVEL_CERTAIN,
    TRAVEL_CV,
    Task,
    Work,
)

LONG = 1000.0
"""Time by which every vehicle has left after the last has entered [h]."""


class Until(ciw.dists.Exponential):
    """Poisson arrivals that end at a time, after which the network runs empty."""

    def __init__(self, rate: float, *, until: float) -> None:
        """Set the rate [1/h] and the end [h]."""
        super().__init__(rate)
        self.until = until

    def sample(self, t=None, ind=None) -> float:
        gap = super().sample(t, ind)
        return gap if t + gap < self.until else math.inf


def ciw_network(work: Work, *, until: float) -> ciw.network.Network:
    """Closest network that Ciw expresses.

    A route is a class of customer. Node 3k is the road to station k (infinitely many servers), 3k + 1 its lanes and
    3k + 2 its bays, which a fixed share enters: Ciw has no wave-through, and no consignments that a seizure takes out.
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


class CiwRun:
    """A run of Ciw that is over."""

    def __init__(self, simulation: ciw.Simulation) -> None:
        """Keep the simulation."""
        self.simulation = simulation

    def totals(self) -> Totals:
        """Sum up."""
        records = self.simulation.get_all_records(only=["service"])
        looks = [record.waiting_time for record in records if record.node % 3 == 2]
        exams = sum(record.node % 3 == 0 for record in records)
        return Totals(
            vehicles=len(self.simulation.nodes[-1].all_individuals),
            visits=len(looks),
            wait=float(np.mean(looks)),
            referred=exams / len(looks),
            seizures=0,
        )


def ciw_peer(task: Task) -> CiwRun:
    """Run Ciw on the closest network until the last customer has left."""
    ciw.seed(task.seed)
    simulation = ciw.Simulation(ciw_network(task.work, until=task.horizon))
    simulation.simulate_until_max_time(task.horizon + LONG)
    return CiwRun(simulation)
