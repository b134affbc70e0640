"""Spans of honest traffic and years of consignments, simulated by one of the engines and added up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from flowsim import jit, units
from flowsim.draws.consignments import consignment_roster, draw_consignments
from flowsim.draws.fleet import join
from flowsim.draws.honest import draw_honest, honest_roster
from flowsim.draws.roster import joined
from flowsim.engine import compiled, queues, recorded, reference
from flowsim.results.tally import Loads, Posts, tally_loads, tally_posts
from flowsim.world import World


@dataclass(frozen=True, kw_only=True)
class Years:
    """A world and the seed and horizon with which its years are simulated."""

    world: World
    """World to simulate."""

    seed: int
    """Seed of all random numbers."""

    horizon: float
    """Span of a year from the first of January [h]."""

    @property
    def first_day(self) -> int:
        """Day on which the warm-up begins."""
        return math.floor(-self.world.warm_up / units.HOURS_PER_DAY)


class Engine(Protocol):
    """What simulates years."""

    batch: int
    """Most years of consignments that are worth being drawn at once [1]."""

    def is_ready(self) -> bool:
        """Whether it can start at once, because its machine code is on disk or it needs none."""

    def traffic(self, years: Years, span: tuple[int, float, float]) -> tuple[Posts, Any]:
        """Simulate a span of honest traffic: year, start and end [h]; its tally, and its queues on record."""

    def alone(self, years: Years, replications: Sequence[int], spans: Sequence[Any]) -> Loads:
        """Simulate years of consignments that meet the queues recorded in some spans of traffic."""

    def together(self, years: Years, replication: int) -> tuple[Loads, Posts]:
        """Simulate a year of consignments among its own honest traffic."""


class Reference:
    """Years by the reference engine."""

    batch = 5

    def is_ready(self) -> bool:
        """Whether it can start at once."""
        return True

    def traffic(self, years: Years, span: tuple[int, float, float]) -> tuple[Posts, queues.Span]:
        """Simulate a span of honest traffic."""
        world, (year, start, end) = years.world, span
        fleet = draw_honest(world, seed=years.seed, year=year, start=start - world.warm_up, end=end)
        outcome = reference.run(world, fleet, until=end).outcome
        posts = tally_posts(world, fleet, outcome, start=start, end=end)
        return posts, queues.record(world, fleet, outcome, start=start, end=end)

    def alone(self, years: Years, replications: Sequence[int], spans: Sequence[queues.Span]) -> Loads:
        """Simulate years of consignments that meet recorded queues."""
        world, horizon = years.world, years.horizon
        fleet = draw_consignments(world, seed=years.seed, replications=replications, horizon=horizon)
        outcome = reference.run(world, fleet, until=horizon, queues=queues.Queues(tuple(spans))).outcome
        return tally_loads(world, fleet, outcome, replications=len(replications), horizon=horizon)

    def together(self, years: Years, replication: int) -> tuple[Loads, Posts]:
        """Simulate a year of consignments among its own honest traffic."""
        world, horizon = years.world, years.horizon
        own: dict[str, Any] = {"replications": [replication], "first_day": years.first_day, "horizon": horizon}
        honest = draw_honest(world, seed=years.seed, year=replication, start=-world.warm_up, end=horizon)
        loads = draw_consignments(world, seed=years.seed, **own)
        fleet = join(honest, loads)
        outcome = reference.run(world, fleet, until=horizon).outcome
        tally = tally_loads(world, fleet, outcome, replications=1, horizon=horizon)
        return tally, tally_posts(world, fleet, outcome, start=0.0, end=horizon)


class Compiled:
    """Years by the compiled engine."""

    batch = 20

    def is_ready(self) -> bool:
        """Whether its machine code is on disk."""
        return jit.is_kept("slabs.sweep", "alone.follow", "trail.tell")

    def traffic(self, years: Years, span: tuple[int, float, float]) -> tuple[Posts, recorded.Span]:
        """Simulate a span of honest traffic."""
        world, (year, start, end) = years.world, span
        roster = honest_roster(world, seed=years.seed, year=year, start=start - world.warm_up, end=end)
        simulation = compiled.Simulation(world, roster)
        simulation.among_one_another(until=end)
        trail = simulation.trail()
        posts = tally_posts(world, trail, simulation.outcome, start=start, end=end)
        return posts, simulation.record(trail, start=start, end=end)

    def alone(self, years: Years, replications: Sequence[int], spans: Sequence[recorded.Span]) -> Loads:
        """Simulate years of consignments that meet recorded queues."""
        world, horizon = years.world, years.horizon
        roster = consignment_roster(world, seed=years.seed, replications=replications, horizon=horizon)
        simulation = compiled.Simulation(world, roster)
        simulation.among_recorded(recorded.pooled(spans), until=horizon)
        outcome = simulation.outcome
        return tally_loads(world, simulation.trail(), outcome, replications=len(replications), horizon=horizon)

    def together(self, years: Years, replication: int) -> tuple[Loads, Posts]:
        """Simulate a year of consignments among its own honest traffic."""
        world, horizon = years.world, years.horizon
        own: dict[str, Any] = {"replications": [replication], "first_day": years.first_day, "horizon": horizon}
        honest = honest_roster(world, seed=years.seed, year=replication, start=-world.warm_up, end=horizon)
        loads = consignment_roster(world, seed=years.seed, **own)
        simulation = compiled.Simulation(world, joined(honest, loads))
        simulation.among_one_another(until=horizon)
        trail, outcome = simulation.trail(), simulation.outcome
        tally = tally_loads(world, trail, outcome, replications=1, horizon=horizon)
        return tally, tally_posts(world, trail, outcome, start=0.0, end=horizon)


def make_ready(years: Years, engine: Engine) -> None:
    """Let an engine do a little of all that it may have to do, for which its machine code is made and kept."""
    span = engine.traffic(years, (0, 0.0, 1.0))[1]
    engine.alone(replace(years, horizon=1.0), [0], [span])


SIMULATING: dict[str, Engine] = {"compiled": Compiled(), "reference": Reference()}
"""Engines that simulate, by name."""
