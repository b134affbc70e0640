"""Spans of honest traffic and years of consignments, simulated by one of the engines and added up."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np

from flowsim import jit, units
from flowsim.draws.consignments import consignment_roster
from flowsim.draws.fleet import HONEST, Bools, Fleet
from flowsim.draws.honest import honest_roster
from flowsim.draws.roster import Roster, drawn, joined
from flowsim.draws.visits import draw_availability
from flowsim.engine.compiled import background as compiled_background
from flowsim.engine.compiled import engine as compiled
from flowsim.engine.compiled.visited import Trail, Travelled
from flowsim.engine.outcome import Outcome, State
from flowsim.engine.reference import background as reference_background
from flowsim.engine.reference import engine as reference
from flowsim.results.honest_visits import Posts, tally_posts
from flowsim.results.tally import ConsignmentTally, tally_consignments
from flowsim.world.world import World

FOLLOWED = 100
"""Time for which visits are followed after a span at most, over what was simulated of it with its warm-up [1].

Lanes and bays that are given up to a hundred times the work that they can do have done it by then.
"""

STEP, GROWTH = 12.0, 4.0
"""First time after a span at which it is asked whether all visits are over [h], and how much later each next is [1]."""


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


class TrafficSpan(NamedTuple):
    """A span of honest traffic, at whose end arrivals stop and from which on those who came are followed."""

    year: int
    """Year of traffic, which is the replication of its random numbers."""

    start: float
    """Start of what is counted [h]."""

    end: float
    """End of it [h]."""

    def arrivals(self, years: Years) -> dict[str, Any]:
        """What says which honest vehicles enter, the warm-up included."""
        return {"seed": years.seed, "year": self.year, "start": self.start - years.world.warm_up, "end": self.end}

    def ends(self, years: Years) -> Iterator[float]:
        """Times until which the simulation goes on, as long as visits are not over [h]."""
        most, after = FOLLOWED * (self.end - self.start + years.world.warm_up), STEP
        while after < most:
            yield self.end + after
            after *= GROWTH
        yield self.end + most

    def is_over(self, vehicles: Travelled, outcome: Outcome) -> bool:
        """Whether all honest vehicles have left that arrived at a checkpoint within the span."""
        came = (outcome.arrival >= self.start) & (outcome.arrival < self.end)
        visits = np.flatnonzero(came & np.isnan(outcome.departure))
        who = np.searchsorted(vehicles.first, visits, side="right") - 1
        return not (vehicles.drug[who] == HONEST).any()

    def devices(self, years: Years, *, until: float) -> Bools:
        """Days on which devices work from the warm-up on, as in `Fleet`."""
        first_day = math.floor((self.start - years.world.warm_up) / units.HOURS_PER_DAY)
        days = math.ceil(until / units.HOURS_PER_DAY) + 1 - first_day
        own: dict[str, Any] = {"seed": years.seed, "replications": [self.year]}
        return draw_availability(years.world, **own, first_day=first_day, days=days)

    def follow(
        self, years: Years, vehicles: Travelled, outcome: Outcome, go_on: Callable[[float, Bools], Outcome]
    ) -> Outcome:
        """Let nobody come any more and those who came finish.

        Parameters
        ----------
        years
            World and seed.
        vehicles
            All that were simulated.
        outcome
            What happened until the end of the span.
        go_on
            Goes on to a time, with the days on which devices work up to then; what has happened.
        """
        for until in self.ends(years):
            if self.is_over(vehicles, outcome):
                break
            outcome = go_on(until, self.devices(years, until=until))
        return outcome


class Engine(Protocol):
    """What simulates years."""

    batch: int
    """Most years of consignments that are worth being drawn at once [1]."""

    def is_ready(self) -> bool:
        """Whether it can start at once, because its machine code is on disk or it needs none."""

    def traffic(self, years: Years, span: tuple[int, float, float]) -> tuple[Posts, Any]:
        """Simulate a span of honest traffic: year, start and end [h]; its tally, and its queues on record.

        Queues are those until the end of the span. Visits are followed to their end after it.
        """

    def queues(self, spans: Sequence[Any]) -> Any:
        """Queues recorded in the spans of a year of traffic, as years of consignments meet them."""

    def alone(self, years: Years, replications: Sequence[int], queues: Any) -> ConsignmentTally:
        """Simulate years of consignments that meet recorded queues."""

    def together(self, years: Years, replication: int) -> tuple[ConsignmentTally, Posts]:
        """Simulate a year of consignments among its own honest traffic."""


class Reference:
    """Years by the reference engine."""

    batch = 5

    def is_ready(self) -> bool:
        """Whether it can start at once."""
        return True

    def traffic(self, years: Years, span: tuple[int, float, float]) -> tuple[Posts, reference_background.Span]:
        """Simulate a span of honest traffic."""
        world, own = years.world, TrafficSpan(*span)
        counted = {"start": own.start, "end": own.end}
        roster = honest_roster(world, **own.arrivals(years))
        fleet = drawn(world, roster)
        state = reference.run(world, fleet, until=own.end)
        met = reference_background.record(world, fleet, state.outcome, **counted)
        outcome = own.follow(years, fleet, state.outcome, _going_on(world, fleet, state))
        return tally_posts(world, fleet, outcome, flow=roster.way, **counted), met

    def queues(self, spans: Sequence[reference_background.Span]) -> reference_background.Queues:
        """Queues recorded in the spans of a year of traffic."""
        return reference_background.Queues(tuple(spans))

    def alone(self, years: Years, replications: Sequence[int], queues: reference_background.Queues) -> ConsignmentTally:
        """Simulate years of consignments that meet recorded queues."""
        world, horizon = years.world, years.horizon
        fleet = drawn(world, consignment_roster(world, seed=years.seed, replications=replications, horizon=horizon))
        outcome = reference.run(world, fleet, until=horizon, queues=queues).outcome
        return tally_consignments(world, fleet, outcome, replications=len(replications), horizon=horizon)

    def together(self, years: Years, replication: int) -> tuple[ConsignmentTally, Posts]:
        """Simulate a year of consignments among its own honest traffic."""
        world, horizon = years.world, years.horizon
        span, roster = _everyone(years, replication)
        fleet = drawn(world, roster)
        state = reference.run(world, fleet, until=horizon)
        tally = tally_consignments(world, fleet, state.outcome, replications=1, horizon=horizon)
        outcome = span.follow(years, fleet, state.outcome, _going_on(world, fleet, state))
        return tally, tally_posts(world, fleet, outcome, flow=roster.way, start=0.0, end=horizon)


def _going_on(world: World, fleet: Fleet, state: State) -> Callable[[float, Bools], Outcome]:
    """Run of the reference engine from a state on, step by step."""

    def go_on(until: float, available: Bools) -> Outcome:
        nonlocal state
        state = reference.run(world, replace(fleet, available=available), state=state, until=until)
        return state.outcome

    return go_on


def _everyone(years: Years, replication: int) -> tuple[TrafficSpan, Roster]:
    """A year as a span, and all who enter in it, honest vehicles first."""
    world, span = years.world, TrafficSpan(year=replication, start=0.0, end=years.horizon)
    own: dict[str, Any] = {"replications": [replication], "first_day": years.first_day, "horizon": years.horizon}
    honest = honest_roster(world, **span.arrivals(years))
    return span, joined(honest, consignment_roster(world, seed=years.seed, **own))


class Compiled:
    """Years by the compiled engine."""

    batch = 20

    def is_ready(self) -> bool:
        """Whether its machine code is on disk."""
        return jit.is_kept("slab_sweep.sweep", "follow.follow", "visited.tell")

    def traffic(self, years: Years, span: tuple[int, float, float]) -> tuple[Posts, compiled_background.Span]:
        """Simulate a span of honest traffic."""
        world, own = years.world, TrafficSpan(*span)
        counted = {"start": own.start, "end": own.end}
        roster = honest_roster(world, **own.arrivals(years))
        simulation = compiled.Simulation(world, roster)
        simulation.among_one_another(until=own.end)
        trail = simulation.trail()
        met = simulation.record(trail, **counted)
        outcome = own.follow(years, trail, simulation.outcome, _further(simulation, trail))
        return tally_posts(world, trail, outcome, flow=roster.way, **counted), met

    def queues(self, spans: Sequence[compiled_background.Span]) -> compiled_background.Recorded:
        """Queues recorded in the spans of a year of traffic."""
        return compiled_background.pooled(spans)

    def alone(
        self, years: Years, replications: Sequence[int], queues: compiled_background.Recorded
    ) -> ConsignmentTally:
        """Simulate years of consignments that meet recorded queues."""
        world, horizon = years.world, years.horizon
        roster = consignment_roster(world, seed=years.seed, replications=replications, horizon=horizon)
        simulation = compiled.Simulation(world, roster)
        simulation.among_recorded(queues, until=horizon)
        outcome = simulation.outcome
        return tally_consignments(world, simulation.trail(), outcome, replications=len(replications), horizon=horizon)

    def together(self, years: Years, replication: int) -> tuple[ConsignmentTally, Posts]:
        """Simulate a year of consignments among its own honest traffic."""
        world, horizon = years.world, years.horizon
        span, roster = _everyone(years, replication)
        simulation = compiled.Simulation(world, roster)
        simulation.among_one_another(until=horizon)
        trail = simulation.trail()
        tally = tally_consignments(world, trail, simulation.outcome, replications=1, horizon=horizon)
        outcome = span.follow(years, trail, simulation.outcome, _further(simulation, trail))
        return tally, tally_posts(world, trail, outcome, flow=roster.way, start=0.0, end=horizon)


def _further(simulation: compiled.Simulation, trail: Trail) -> Callable[[float, Bools], Outcome]:
    """Run of the compiled engine from where it stands, step by step."""

    def go_on(until: float, available: Bools) -> Outcome:
        simulation.go_on(trail, until=until, available=available)
        return simulation.outcome

    return go_on


def make_ready(years: Years, engine: Engine) -> None:
    """Let an engine do a little of all that it may have to do, for which its machine code is made and kept."""
    span = engine.traffic(years, (0, 0.0, 1.0))[1]
    engine.alone(replace(years, horizon=1.0), [0], engine.queues([span]))


SIMULATING: dict[str, Engine] = {"compiled": Compiled(), "reference": Reference()}
"""Engines that simulate, by name."""
