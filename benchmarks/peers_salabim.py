"""The reference work in salabim: a component per vehicle as a generator, a Resource per queue, monitors off.

With greenlets, salabim's other mode, the same took a tenth longer; `honor_only_first` spares the search for a request
that could be honoured out of turn. Nothing of the work is left out.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import salabim
from totals import Totals
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
    Task,
    Way,
    Work,
)


class SalabimModel:
    """Stations and observations of one run."""

    def __init__(self, work: Work, *, seed: int, horizon: float) -> None:
        """Open all stations."""
        self.work, self.horizon, self.rng = work, horizon, random.Random(f"salabim {seed}")
        self.env = salabim.Environment(trace=False, yieldless=False)
        self.lanes = [self.servers(post.lanes) for post in work.posts]
        self.bays = [self.servers(post.bays) for post in work.posts]
        self.waits: list[list[float]] = [[] for _ in work.posts]
        self.ends: list[float] = []
        self.seizures: list[float] = []
        self.referred = 0

    def servers(self, number: int) -> salabim.Resource:
        return salabim.Resource(capacity=number, monitor=False, honor_only_first=True, env=self.env)

    def lognormal(self, mean: float, cv: float) -> float:
        variance = math.log1p(cv**2)
        return self.rng.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))

    def travel(self, mean: float) -> float:
        return mean * TRAVEL_CERTAIN + self.lognormal(mean * (1 - TRAVEL_CERTAIN), TRAVEL_CV)

    def totals(self) -> Totals:
        """Sum up."""
        waits = np.concatenate([np.array(some) for some in self.waits])
        return Totals(
            vehicles=len(self.ends),
            visits=len(waits),
            wait=float(waits.mean()),
            referred=self.referred / len(waits),
            seizures=len(self.seizures),
        )


class Arrivals(salabim.Component):
    """Vehicles that enter on one route."""

    def setup(self, model: SalabimModel, way: Way) -> None:
        self.model, self.way = model, way

    def process(self) -> Iterator[Any]:
        model, env, rng = self.model, self.env, self.model.rng
        while True:
            yield self.hold(rng.expovariate(self.way.per_hour))
            if env.now() >= model.horizon:
                return
            Vehicle(model=model, way=self.way, loaded=rng.random() < LOADED, env=env)


class Vehicle(salabim.Component):
    """One vehicle."""

    def setup(self, model: SalabimModel, way: Way, loaded: bool) -> None:
        self.model, self.way, self.loaded = model, way, loaded
        self.status.monitor(False)
        self.mode.monitor(False)

    def process(self) -> Iterator[Any]:
        model, env, rng = self.model, self.env, self.model.rng
        for number, hours in zip(self.way.posts, self.way.hours, strict=True):
            yield self.hold(model.travel(hours))
            post, lanes, bays = model.work.posts[number], model.lanes[number], model.bays[number]
            arrived, crowded = env.now(), len(lanes.requesters()) > WAVE_THROUGH
            yield self.request(lanes)
            model.waits[number].append(env.now() - arrived)
            yield self.hold(model.lognormal(post.service_time, SERVICE_CV))
            self.release(lanes)
            if rng.random() < post.referral and not crowded:
                model.referred += 1
                yield self.request(bays)
                yield self.hold(HANDLING + model.lognormal(EXAMINATION, SERVICE_CV))
                alarm = rng.random() < (SENSITIVITY if self.loaded else FALSE_ALARM)
                if alarm:
                    yield self.hold(model.lognormal(SEARCH, SERVICE_CV))
                self.release(bays)
                if alarm and self.loaded:
                    model.seizures.append(env.now())
                    break
        model.ends.append(env.now())


def salabim_peer(task: Task) -> SalabimModel:
    """Run salabim until the last vehicle has left."""
    model = SalabimModel(task.work, seed=task.seed, horizon=task.horizon)
    for way in task.work.ways:
        Arrivals(model=model, way=way, env=model.env)
    model.env.run()
    return model
