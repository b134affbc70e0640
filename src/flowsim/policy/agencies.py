"""Changes of agencies and inflow: corruption, intelligence, campaigns, effort, and the heroin entering."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flowsim import checks
from flowsim.policy.checkpoint_selection import scaled_share
from flowsim.world.campaigns import Campaign
from flowsim.world.checkpoint import AGENCIES, EFFORT_CLASSES, agency_key
from flowsim.world.intelligence import CASE_AGENCIES
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class ScaleCorruption:
    """Multiply the probability of bribes on alarms, and the share of rings protected by an agency."""

    bribes: float = 1.0
    """Factor on the probability of a bribe, also at checkpoints with one of their own [1]."""

    protection: float = 1.0
    """Factor on the share of protected rings [1]."""

    agencies: tuple[str, ...] = AGENCIES
    """Agencies affected."""

    def __post_init__(self) -> None:
        _known(self.agencies, AGENCIES, thing="ScaleCorruption.agencies")
        checks.non_negative(self, "bribes")
        checks.non_negative(self, "protection")

    def apply(self, world: World) -> World:
        """World with the scaled corruption.

        Raises
        ------
        ValueError
            If the world has neither bribes nor protected rings.
        """
        corruption, names = world.detection.corruption, [agency_key(agency) for agency in self.agencies]
        keys = [*((f"bribe_{name}", self.bribes) for name in names)]
        keys += [*((f"protected_{name}", self.protection) for name in names)]
        own = [post.bribe for post in world.checkpoints if post.bribe and post.agency in self.agencies]
        rule = "change a world in which these agencies are corrupt"
        some = any(getattr(corruption, key) > 0 for key, _ in keys) or bool(own)
        checks.require(some, thing="ScaleCorruption", rule=rule, value=f"world {world.name}")
        scaled: dict[str, Any] = {key: scaled_share(getattr(corruption, key), factor) for key, factor in keys}
        posts = (
            replace(post, bribe=scaled_share(post.bribe, self.bribes))
            if post.bribe is not None and post.agency in self.agencies
            else post
            for post in world.checkpoints
        )
        detection = replace(world.detection, corruption=replace(corruption, **scaled))
        return replace(world, detection=detection, checkpoints=tuple(posts))


@dataclass(frozen=True, kw_only=True)
class SetRelease:
    """Set the share of seizures leaked from the evidence store; leaks stay counted as seized."""

    share: float
    """Share leaked [1]."""

    def __post_init__(self) -> None:
        checks.probability(self, "share")

    def apply(self, world: World) -> World:
        """World with the new leak."""
        corruption = replace(world.detection.corruption, released=self.share)
        return replace(world, detection=replace(world.detection, corruption=corruption))


@dataclass(frozen=True, kw_only=True)
class ScaleIntelligence:
    """Multiply the rate of cases against rings and the probability of a tip on a consignment."""

    cases: float = 1.0
    """Factor on the cases that mature [1]."""

    tips: float = 1.0
    """Factor on the probability of a tip [1]."""

    agencies: tuple[str, ...] = CASE_AGENCIES
    """Agencies affected; only the KNB and the Committee have cases."""

    def __post_init__(self) -> None:
        _known(self.agencies, AGENCIES, thing="ScaleIntelligence.agencies")
        checks.non_negative(self, "cases")
        checks.non_negative(self, "tips")

    def apply(self, world: World) -> World:
        """World with the scaled intelligence.

        Raises
        ------
        ValueError
            If these agencies have neither cases nor tips there.
        """
        intelligence, scaled = world.detection.intelligence, {}
        for agency in self.agencies:
            key = agency_key(agency)
            if agency in CASE_AGENCIES:
                scaled[f"cases_{key}"] = intelligence.cases(agency) * self.cases
            scaled[f"tip_{key}"] = scaled_share(intelligence.tip(agency), self.tips)
        rule = "change a world in which these agencies have cases or tips"
        some = any(getattr(intelligence, name) > 0 for name in scaled)
        checks.require(some, thing="ScaleIntelligence", rule=rule, value=f"world {world.name}")
        changed = replace(intelligence, **scaled)  # type: ignore[arg-type]
        return replace(world, detection=replace(world.detection, intelligence=changed))


@dataclass(frozen=True, kw_only=True)
class SetDismantled:
    """Set the probability that a ring sends nothing more in the year of a case against it."""

    share: float
    """That probability [1]."""

    def __post_init__(self) -> None:
        checks.probability(self, "share")

    def apply(self, world: World) -> World:
        """World with the new probability.

        Raises
        ------
        ValueError
            If there are no cases.
        """
        intelligence = world.detection.intelligence
        rule = "change a world with cases against rings"
        checks.require(intelligence.has_cases, thing="SetDismantled", rule=rule, value=f"world {world.name}")
        changed = replace(intelligence, dismantled=self.share)
        return replace(world, detection=replace(world.detection, intelligence=changed))


@dataclass(frozen=True, kw_only=True)
class ScaleTargeting:
    """Multiply the power of risk scores to separate vehicles with consignments from others."""

    factor: float
    """Factor on `Detection.targeting` [1]."""

    def __post_init__(self) -> None:
        checks.non_negative(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled targeting.

        Raises
        ------
        ValueError
            If scores carry no information in the world.
        """
        detection = world.detection
        rule = "change a world with targeting above 0"
        checks.require(detection.targeting > 0, thing="ScaleTargeting", rule=rule, value=detection.targeting)
        return replace(world, detection=replace(detection, targeting=detection.targeting * self.factor))


@dataclass(frozen=True, kw_only=True)
class SetCampaign:
    """Hold a yearly campaign, in place of one of the same name if there is any."""

    name: str
    """Name of the campaign."""

    start: str
    """First day, month and day as MM-DD."""

    end: str
    """First day after it, as MM-DD."""

    agencies: tuple[str, ...]
    """Participating agencies."""

    factor: float | None = None
    """Factor on their effort during the campaign; None for that of the campaign in place [1]."""

    def apply(self, world: World) -> World:
        """World with the campaign.

        Raises
        ------
        ValueError
            If the days or the factor are invalid, or there is no factor and no campaign of that name.
        """
        _known(self.agencies, AGENCIES, thing="SetCampaign.agencies")
        factor = self.factor
        if factor is None:
            there = {one.name: one.factor for one in world.campaigns}
            checks.known(self.name, tuple(there), thing="campaign to be joined, without a factor")
            factor = there[self.name]
        fields: dict[str, Any] = {name: getattr(self, name) for name in ("name", "start", "end", "agencies")}
        campaign = Campaign(**fields, factor=factor, kind="assumed", source="judgement: a policy")
        others = tuple(one for one in world.campaigns if one.name != self.name)
        return replace(world, campaigns=(*others, campaign))


@dataclass(frozen=True, kw_only=True)
class EndCampaign:
    """End a campaign."""

    name: str
    """Name of the campaign."""

    def apply(self, world: World) -> World:
        """World without the campaign.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        checks.known(self.name, [one.name for one in world.campaigns], thing="campaign")
        return replace(world, campaigns=tuple(one for one in world.campaigns if one.name != self.name))


@dataclass(frozen=True, kw_only=True)
class ScaleEffort:
    """Multiply the effort of classes of checkpoint: a bare multiplier, for effects without a known mechanism."""

    factor: float
    """Factor on the share of alarms followed up, limited to all [1]."""

    classes: tuple[str, ...] = EFFORT_CLASSES
    """Classes of checkpoint, of `EFFORT_CLASSES`."""

    def __post_init__(self) -> None:
        _known(self.classes, EFFORT_CLASSES, thing="ScaleEffort.classes")
        checks.non_negative(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled effort."""
        effort = world.detection.effort
        scaled = {name: scaled_share(effort.of(name), self.factor) for name in self.classes}
        return replace(world, detection=replace(world.detection, effort=replace(effort, **scaled)))


@dataclass(frozen=True, kw_only=True)
class ScaleInflow:
    """Multiply the heroin that enters; a change of the world rather than its controls."""

    factor: float
    """Factor on the inflow [1]."""

    def __post_init__(self) -> None:
        checks.non_negative(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled inflow."""
        return replace(world, traffic=replace(world.traffic, inflow=world.traffic.inflow * self.factor))


def _known(names: Sequence[str], allowed: Sequence[str], *, thing: str) -> None:
    checks.require(bool(names), thing=thing, rule="name one or more", value=tuple(names))
    for name in names:
        checks.known(name, allowed, thing=thing)
