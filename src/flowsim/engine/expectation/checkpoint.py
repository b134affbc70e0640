"""Shares of consignments at one checkpoint: taken by a case, bypassing it, let go, or inspected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, ndtr

from flowsim.engine.expectation import rings
from flowsim.engine.expectation.route_tree import FREE, INTACT, Crossing, hazard
from flowsim.units import HOURS_PER_DAY
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.devices import Device
from flowsim.world.selection import threshold, threshold_shifts
from flowsim.world.traffic import Law
from flowsim.world.world import World

NEVER = 1e-9
"""Largest probability of a look within the stop of a train that counts as none [1]."""

Floats = npt.NDArray[np.float64]
Chances = Mapping[tuple[int, int], float]

(
    NOT_SELECTED,
    WAVED,
    SEALED,
    UNREACHED,
    BYPASSED,
    CLOSED,
    MISSED,
    NOT_FOLLOWED,
    PROTECTED,
    BOUGHT,
) = range(10)
"""Reasons for which a consignment passes a checkpoint, in the order of the results."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """Quadrature points for the masses and concealments of consignments, or of the parts in which they leave a hub."""

    mass: Floats
    """Mass of a consignment or part, dims (mass,) [kg]."""

    parts: Floats
    """Parts of each consignment, dims (mass,) [1]."""

    concealment: Floats
    """Concealment qualities, dims (quality,) [1]."""

    weight: Floats
    """Their probabilities, dims (quality,) [1]."""

    @property
    def powers(self) -> Floats:
        """Sum over the parts of a consignment of their masses to the powers 0, 1 and 2, dims (power, mass)."""
        powers: Floats = self.parts * self.mass ** np.arange(3)[:, None]
        return powers


@dataclass(frozen=True, kw_only=True)
class Passing:
    """Shares of the arrivals at a checkpoint by outcome; dims (mass,) unless said."""

    line: Floats
    """1, and the probability of an alarm, dims (mass, 2, quality) [1]."""

    kernel: Floats
    """The same times the probability of each quality, dims (mass, quality, 2) [1]."""

    through: Floats
    """Come to the checkpoint and not by a bypass, those that a case takes on arrival included [1]."""

    patrolled: Floats
    """Stopped by a patrol on the bypass [1]."""

    case: Floats
    """Taken by a case, a search after an alarm apart [1]."""

    missed: Floats
    """Passed, by reason, without an alarm; dims (reason, mass); `MISSED` are all secondary inspections that end [1]."""

    heard: Floats
    """Part that no case takes during the search, if an alarm is raised [1]."""

    lost: Floats
    """Part that a case takes during the search, if an alarm is raised [1]."""

    tipped: float
    """Share of referrals on a tip [1]."""


class Post:
    """The checkpoints of a world for consignments at given quadrature points."""

    def __init__(self, world: World, points: Points, *, crowded: Chances, unreached: Chances) -> None:
        """Compute the numbers shared by all ways.

        Parameters
        ----------
        world, crowded, unreached
            As in `expectation.expect`.
        points
            Masses and concealments of the consignments.
        """
        self.world, self.points, self.crowded, self.unreached = world, points, crowded, unreached
        self.rate, self.shifts = hazard(world), threshold_shifts(world)
        self.alarms = {devices: self._alarm(devices) for devices in {post.devices for post in world.checkpoints}}
        self.known: dict[Crossing, Passing] = {}

    def passing(self, check: Crossing) -> Passing:
        """Shares of the arrivals at a checkpoint on a way, by outcome."""
        if check not in self.known:
            self.known[check] = self._passing(check)
        return self.known[check]

    def _passing(self, check: Crossing) -> Passing:
        post = self.world.checkpoints[check.checkpoint]
        group = post.groups[check.group]
        off_duty = 0.0 if post.border else math.fsum(s.end - s.start for s in group.shifts if s.lanes == 0)
        closed = off_duty / HOURS_PER_DAY
        late = self.unreached.get((check.checkpoint, check.group), 0.0)
        tip = self.world.detection.intelligence.tip(post.agency) if check.first else 0.0
        going, stopped, through, lost = (check.arriving * share for share in self._ways_round(post))
        look = self._surviving(group.law, group.service_time)
        exam, search = self._examination(post, group)
        looked = through * (1.0 - closed) * look
        missed = np.zeros((BOUGHT + 1, len(self.points.mass)))
        selected, decided = (0.0, {UNREACHED: 1.0}) if _never_looked(group) else self._decided(group, check)
        tip = 0.0 if _never_looked(group) else tip
        for reason, share in decided.items():
            missed[reason] = looked * (1.0 - tip) * share
        referred = tip + (1.0 - tip) * selected
        missed[UNREACHED] += looked * referred * late
        missed[BYPASSED], missed[CLOSED] = going, through * closed
        missed[MISSED] = looked * referred * (1.0 - late) * exam
        taken = (1.0 - check.arriving) + lost + through * (1.0 - closed) * (1.0 - look)
        line, kernel = self.alarms[post.devices]
        return Passing(
            line=line,
            kernel=kernel,
            through=through + (1.0 - check.arriving),
            patrolled=stopped,
            case=taken + looked * referred * (1.0 - late) * (1.0 - exam),
            missed=missed,
            heard=missed[MISSED] * search,
            lost=missed[MISSED] * (1.0 - search),
            tipped=tip / referred if referred > 0 else 0.0,
        )

    def _ways_round(self, post: Checkpoint) -> tuple[Floats, Floats, Floats, Floats]:
        """Shares that bypass a crossing, meet a patrol on the bypass, go through, or are taken by a case on the way."""
        mass = self.points.mass
        ways = self.world.ways_round(post.border, mode=post.mode)
        taken = np.array([way.share * (mass <= way.maximum) for way in ways]).reshape(len(ways), len(mass))
        ending = taken * np.array([math.exp(-self.rate * way.detour) for way in ways])[:, None]
        stopped = np.array([way.patrol for way in ways]) @ ending
        through = np.maximum(0.0, 1.0 - taken.sum(axis=0))
        return ending.sum(axis=0) - stopped, stopped, through, (taken - ending).sum(axis=0)

    def _decided(self, group: LaneGroup, check: Crossing) -> tuple[float, dict[int, float]]:
        """Share of those inspected without a tip that is referred, and the shares that pass for each reason."""
        lead = self.world.detection.targeting - self.shifts[check.checkpoint]
        score = float(ndtr(lead - threshold(group.referral)))
        crowded = self.crowded.get((check.checkpoint, check.group), 0.0)
        seals, noticed, selecting = self.world.detection.seals, 0.0, 1.0
        if check.seal != FREE:
            noticed = seals.false_notice if check.seal == INTACT else seals.notice
            selecting = 1.0 - noticed if seals.inspection else 0.0
        reached = selecting * group.wagons
        return noticed + reached * score * (1.0 - crowded), {
            SEALED: 1.0 - noticed - selecting,
            UNREACHED: selecting * (1.0 - group.wagons),
            NOT_SELECTED: reached * (1.0 - score),
            WAVED: reached * score * crowded,
        }

    def _examination(self, post: Checkpoint, group: LaneGroup) -> tuple[float, float]:
        """Shares not taken by a case during a secondary inspection and a search; a train's end before it leaves."""
        if self.rate == 0.0 or group.stop < math.inf:
            return 1.0, 1.0
        detection = self.world.detection
        exam = math.exp(-self.rate * detection.handling_time)
        for device in post.devices:
            exam *= 1.0 - device.availability * (1.0 - self._surviving(device.law, device.service_time))
        law = Law(family="lognormal", cv=detection.search_cv)
        return exam, self._surviving(law, detection.search_time)

    def _surviving(self, law: Law, time: float) -> float:
        return rings.laplace(law, self.rate * time)

    def _alarm(self, devices: Sequence[Device]) -> tuple[Floats, Floats]:
        """1 and the probability that devices work and raise an alarm, as `line` and `kernel` of `Passing`."""
        mass, concealment = self.points.mass, self.points.concealment
        silent = np.ones((len(mass), len(concealment)))
        log_mass, log_odds = np.log(mass)[:, None], math.log(self.world.detection.sensitivity)
        for device in devices:
            logit = device.intercept + device.slope * log_mass - device.concealment * concealment + log_odds
            silent *= 1.0 - device.availability * expit(logit)
        line = np.stack([np.ones_like(silent), 1.0 - silent], axis=1)
        return line, np.ascontiguousarray((line * self.points.weight).transpose(0, 2, 1))


def _never_looked(group: LaneGroup) -> bool:
    """Whether trains leave before a primary inspection of any usual length could end."""
    law, ratio = group.law, group.stop / group.service_time
    if ratio >= 1.0 or law.family == "exponential":
        return False
    if law.family == "constant" or law.cv == 0.0:
        return True
    sd = math.sqrt(math.log1p(law.cv**2))
    return ratio <= 0.0 or float(ndtr(math.log(ratio) / sd + sd / 2)) < NEVER
