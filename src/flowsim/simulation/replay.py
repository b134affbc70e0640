"""The same years of consignments in many worlds: under draws of a posterior, and under every policy.

What does not differ between the worlds is drawn, laid out and followed once. The results are those of each world by
itself, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from flowsim import jit
from flowsim.draws.consignments import consignment_roster, moved, ways_in
from flowsim.draws.fleet import Ints
from flowsim.draws.itineraries import Itineraries, ways_of
from flowsim.draws.roster import Roster
from flowsim.engine.compiled import background, replay
from flowsim.engine.compiled.replay_cache import NOT_KEPT
from flowsim.results.mass_totals import masses
from flowsim.results.tally import Masses
from flowsim.simulation.engines import SIMULATING, Compiled, Engine, Years
from flowsim.simulation.simulate import Recorded
from flowsim.world.dependence import Key, Reader, key
from flowsim.world.world import World


class Repeated(Protocol):
    """Years of consignments that are simulated in several worlds."""

    def masses(self, number: int, world: World, traffic: Recorded) -> Masses:
        """Where the consignments of a world came to that met recorded traffic.

        Parameters
        ----------
        number
            Which of the worlds before any policy it is a change of.
        world
            World in which they move.
        traffic
            Recorded traffic.
        """


def repeated(engine: str, worlds: Sequence[World], *, seed: int, horizon: float, years: Sequence[int]) -> Repeated:
    """Years of consignments to be simulated in several worlds.

    Parameters
    ----------
    engine
        Name of the engine.
    worlds
        Worlds before any policy.
    seed, horizon
        As in `Years`.
    years
        Replications.
    """
    own = SIMULATING[engine]
    numbers: dict[str, Any] = {"seed": seed, "horizon": horizon, "years": list(years)}
    return _Remembering(worlds=worlds, **numbers) if isinstance(own, Compiled) else _OneByOne(engine=own, **numbers)


def make_ready(engine: str, world: World) -> None:
    """Let an engine do a little of all that it may have to do, for which its machine code is made and kept."""
    years = Years(world=world, seed=0, horizon=1.0)
    traffic = [SIMULATING[engine].traffic(years, (0, 0.0, 1.0))]
    repeated(engine, [world], seed=0, horizon=1.0, years=[0]).masses(0, world, traffic)


def is_ready(engine: str) -> bool:
    """Whether an engine can start at once, because its machine code is on disk or it needs none."""
    own = SIMULATING[engine]
    return own.is_ready() and (not isinstance(own, Compiled) or jit.is_kept("replay.pass_again", "mass_totals.add_up"))


@dataclass(kw_only=True)
class _OneByOne:
    """Years that an engine simulates in each world anew."""

    engine: Engine
    seed: int
    horizon: float
    years: list[int]

    def masses(self, number: int, world: World, traffic: Recorded) -> Masses:
        """Where the consignments of a world came to."""
        years = Years(world=world, seed=self.seed, horizon=self.horizon)
        return self.engine.alone(years, self.years, self.engine.queues([span for _, span in traffic]))


@dataclass(frozen=True, kw_only=True)
class _Base:
    """A world before any policy."""

    world: World
    """The world."""

    ways: Itineraries
    """Its ways."""

    listed: replay.Listed
    """Its consignments."""

    same: Ints
    """Those of the world that has most consignments which are the same, dims (vehicle,)."""


@dataclass(frozen=True, kw_only=True)
class _Among:
    """What vehicles have met among the queues of recorded traffic."""

    traffic: Recorded
    """Recorded traffic, by whose identity it is known."""

    lanes: Key
    """Key of the worlds in which they wait alike when they come to the same queues at the same time."""

    memory: replay.Memory
    """What they have met."""


@dataclass(frozen=True, kw_only=True)
class _First:
    """The first world that was simulated of those which differ from one before any policy."""

    world: World
    """The world."""

    traffic: Recorded
    """Recorded traffic."""

    ended: replay.Ended
    """How its consignments ended."""


def _shares_legs(one: World, other: World) -> bool:
    """Whether vehicles travel alike in two worlds."""
    return key(one.network, Reader.QUEUES) == key(other.network, Reader.QUEUES)


@dataclass(kw_only=True)
class _Remembering:
    """Years of the compiled engine, which remembers what vehicles have met among the first traffic and the latest."""

    worlds: Sequence[World]
    seed: int
    horizon: float
    years: list[int]
    known: list[_Among] = field(default_factory=list)
    first: dict[int, _First] = field(default_factory=dict)

    def masses(self, number: int, world: World, traffic: Recorded) -> Masses:
        """Where the consignments of a world came to."""
        base, most = self.bases[number], self._most
        found = self._moved(base, world)
        own = replay.listed(self._drawn(world)) if found is None else found
        same = replay.counterparts(own, most.listed) if found is None else base.same
        if not _shares_legs(world, most.world):
            same = np.full(own.roster.size, NOT_KEPT)
        before = None if found is None else self._before(number, world, traffic)
        ended = replay.endings(world, own, self._memory(world, traffic), same, until=self.horizon, before=before)
        if found is not None and not own.absent.any():
            self.first.setdefault(number, _First(world=world, traffic=traffic, ended=ended))
        return masses(world, own.roster, ended.endings, horizon=self.horizon)

    def _before(self, number: int, world: World, traffic: Recorded) -> replay.Ended | None:
        """How the same consignments ended in the first world, if this one differs only in what follows alarms."""
        first = self.first.get(number)
        if first is None or first.traffic is not traffic or not replay.differs_after_alarms(first.world, world):
            return None
        return first.ended

    @cached_property
    def bases(self) -> list[_Base]:
        """Worlds before any policy with their consignments."""
        lists = [(replay.listed(self._drawn(world)), ways_of(world)) for world in self.worlds]
        most = max((listed for listed, _ in lists), key=lambda listed: listed.roster.size)
        return [
            _Base(world=world, ways=ways, listed=listed, same=replay.counterparts(listed, most))
            for world, (listed, ways) in zip(self.worlds, lists, strict=True)
        ]

    @cached_property
    def _most(self) -> _Base:
        """World with most consignments."""
        return max(self.bases, key=lambda base: base.listed.roster.size)

    def _drawn(self, world: World) -> Roster:
        return consignment_roster(world, seed=self.seed, replications=self.years, horizon=self.horizon)

    def _moved(self, base: _Base, world: World) -> replay.Listed | None:
        """Consignments of a world as they are in one that is controlled otherwise; nothing if others are sent."""
        span: dict[str, Any] = {"replications": self.years, "horizon": self.horizon}
        found = moved(base.listed.roster, base.world, base.ways, world, **span)
        return None if found is None else base.listed.in_roster(*found)

    def _memory(self, world: World, traffic: Recorded) -> replay.Memory:
        """What vehicles have met among recorded traffic in worlds with these lanes."""
        lanes = key(world, Reader.QUEUES)
        for among in self.known:
            if among.traffic is traffic and among.lanes == lanes:
                return among.memory
        queues = background.pooled([span for _, span in traffic])
        most = self._most
        shares = _shares_legs(world, most.world)
        ways = ways_in(world, most.listed.roster, ways=most.ways) if shares else most.listed.roster.ways
        memory = replay.Memory(queues, most.listed, ways)
        self.known = [*self.known[:1], _Among(traffic=traffic, lanes=lanes, memory=memory)]
        return memory
