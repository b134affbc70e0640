"""Mechanisms of the model, and the neutral setting of each, with all else unchanged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from flowsim import checks
from flowsim.policy.policy import Policy
from flowsim.world.checkpoint import AGENCIES, Checkpoint, LaneGroup, agency_key
from flowsim.world.intelligence import CASE_AGENCIES
from flowsim.world.world import World


def without_seals(world: World) -> World:
    """World with TIR trucks selected like all others."""
    seals = replace(world.detection.seals, green_lane=False)
    return replace(world, detection=replace(world.detection, seals=seals))


def without_departures(world: World) -> World:
    """World with trains that wait for their team, and every wagon inspected."""
    return _with_groups(world, lambda group: replace(group, stop=math.inf, wagons=1.0))


def without_bypass(world: World) -> World:
    """World without bypasses."""
    return replace(world, bypasses=())


def without_liability(world: World) -> World:
    """World with the cost of a fruitless search at the level of the observed referral."""
    return replace(world, detection=replace(world.detection, cost_ratio=1.0))


def without_shifts(world: World) -> World:
    """World with all lanes always on duty."""
    return _with_groups(world, lambda group: replace(group, shifts=()))


def without_campaigns(world: World) -> World:
    """World without campaigns."""
    return replace(world, campaigns=())


def without_cases(world: World) -> World:
    """World without cases against rings."""
    return _with_intelligence(world, **{f"cases_{agency_key(agency)}": 0.0 for agency in CASE_AGENCIES})


def without_tips(world: World) -> World:
    """World without tips."""
    return _with_intelligence(world, **{f"tip_{agency_key(agency)}": 0.0 for agency in AGENCIES})


def without_hubs(world: World) -> World:
    """World without storage; every consignment goes on to its end as it entered."""
    return replace(world, hubs=tuple(hub for hub in world.hubs if hub.share == 0.0))


def without_bribes(world: World) -> World:
    """World without bribes, also at checkpoints with a probability of their own."""
    posts = tuple(replace(post, bribe=0.0) if post.bribe else post for post in world.checkpoints)
    honest = _with_corruption(world, **{f"bribe_{agency_key(agency)}": 0.0 for agency in AGENCIES})
    return replace(honest, checkpoints=posts)


def without_protection(world: World) -> World:
    """World without protected rings."""
    return _with_corruption(world, **{f"protected_{agency_key(agency)}": 0.0 for agency in AGENCIES})


def without_market(world: World) -> World:
    """World without arrests in the retail trade."""
    return replace(world, traffic=replace(world.traffic, market=0.0))


def _with_intelligence(world: World, **fields: float) -> World:
    intelligence = replace(world.detection.intelligence, **fields)  # type: ignore[arg-type]
    return replace(world, detection=replace(world.detection, intelligence=intelligence))


def _with_corruption(world: World, **fields: float) -> World:
    corruption = replace(world.detection.corruption, **fields)
    return replace(world, detection=replace(world.detection, corruption=corruption))


def _with_groups(world: World, change: Callable[[LaneGroup], LaneGroup]) -> World:
    def changed(post: Checkpoint) -> Checkpoint:
        return replace(post, groups=tuple(change(group) for group in post.groups))

    return replace(world, checkpoints=tuple(changed(post) for post in world.checkpoints))


NEUTRAL: Mapping[str, Callable[[World], World]] = MappingProxyType(
    {
        "seals": without_seals,
        "departures": without_departures,
        "bypass": without_bypass,
        "liability": without_liability,
        "shifts": without_shifts,
        "campaigns": without_campaigns,
        "cases": without_cases,
        "tips": without_tips,
        "hubs": without_hubs,
        "bribes": without_bribes,
        "protection": without_protection,
        "market": without_market,
    }
)
"""The mechanisms and their neutral settings.

The leak of the evidence store and drugs beside heroin are not among them, as neither changes the seizures of heroin.
"""


def active(world: World) -> tuple[str, ...]:
    """Mechanisms of a world away from their neutral setting."""
    return tuple(name for name, neutral in NEUTRAL.items() if neutral(world) != world)


@dataclass(frozen=True, kw_only=True)
class SwitchOff:
    """Change of one mechanism of a world to its neutral setting."""

    mechanism: str
    """One of the keys of `NEUTRAL`."""

    def __post_init__(self) -> None:
        checks.one_of(self, "mechanism", tuple(NEUTRAL))

    def apply(self, world: World) -> World:
        """World with the mechanism switched off."""
        return NEUTRAL[self.mechanism](world)


def switched_off(mechanism: str) -> Policy:
    """Policy that switches one mechanism off, named after it."""
    return Policy(name=f"no {mechanism}", title=f"{mechanism} switched off", changes=(SwitchOff(mechanism=mechanism),))
