"""The reference work in SimPy as one would write it: a process per vehicle, a Resource per queue."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy
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

Journey = Generator[simpy.Event, Any, None]


class SimPyModel:
    """The reference work in SimPy, which shares nothing with flowsim."""

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

    def arrivals(self, way: Way, until: float) -> Journey:
        while True:
            yield self.env.timeout(self.rng.expovariate(way.per_hour))
            if self.env.now >= until:
                return
            self.env.process(self.vehicle(way, loaded=self.rng.random() < LOADED))

    def vehicle(self, way: Way, loaded: bool) -> Journey:
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


def idiomatic_simpy(task: Task) -> SimPyModel:
    """Run idiomatic SimPy until the last vehicle has left."""
    model = SimPyModel(task.work, seed=task.seed)
    for way in task.work.ways:
        model.env.process(model.arrivals(way, task.horizon))
    model.env.run()
    return model
