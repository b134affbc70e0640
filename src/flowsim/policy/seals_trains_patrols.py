"""Changes of seals, stops of trains, patrols and the cost of a fruitless search."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.policy.checkpoint_selection import scaled_share, with_groups, with_posts
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.network import MODES
from flowsim.world.seals import SEAL_TYPES
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class ChangeSeals:
    """Change the treatment of TIR trucks at crossings; None leaves a field unchanged."""

    type: str | None = None
    """Type of all seals, one of `SEAL_TYPES`."""

    inspection: bool | None = None
    """Whether a sealed truck may also be selected and opened."""

    green_lane: bool | None = None
    """Whether a seal check replaces selection."""

    notice: float | None = None
    """Probability that a check notices a seal of that type opened and closed again [1]."""

    def __post_init__(self) -> None:
        if self.type is not None:
            checks.one_of(self, "type", SEAL_TYPES)
        if self.notice is not None:
            checks.probability(self, "notice")
            rule = "be given where notice is"
            checks.require(self.type is not None, thing="ChangeSeals.type", rule=rule, value=None)
        rule = "be given where type and inspection are not"
        checks.require(bool(self._given()), thing="ChangeSeals.green_lane", rule=rule, value=None)
        for name in ("type", "inspection"):
            holds = self.green_lane is not False or getattr(self, name) is None
            rule = "be left out where green_lane is false, as no seal is checked then"
            checks.require(holds, thing=f"ChangeSeals.{name}", rule=rule, value=getattr(self, name))

    def _given(self) -> dict[str, str | bool]:
        values = {name: getattr(self, name) for name in ("type", "inspection", "green_lane")}
        return {name: value for name, value in values.items() if value is not None}

    def apply(self, world: World) -> World:
        """World with the new seals.

        Raises
        ------
        ValueError
            If TIR trucks have no green lane and get none.
        """
        seals = world.detection.seals
        holds = seals.green_lane or self.green_lane is True
        rule = "change a world with a green lane, or set green_lane to true"
        checks.require(holds, thing="ChangeSeals", rule=rule, value=self._given())
        changed = replace(seals, **self._given())  # type: ignore[arg-type]
        if self.notice is not None:
            changed = replace(changed, **{f"notice_{self.type}": self.notice})  # type: ignore[arg-type]
        return replace(world, detection=replace(world.detection, seals=changed))


@dataclass(frozen=True, kw_only=True)
class ScaleStops:
    """Multiply the duration of trains' stops."""

    factor: float
    """Factor on the time between arrival and departure [1]."""

    checkpoints: tuple[str, ...] = ()
    """Names of the checkpoints; empty for all with trains of limited stop."""

    def __post_init__(self) -> None:
        checks.positive(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled stops.

        Raises
        ------
        ValueError
            If the world lacks one of the checkpoints, or vehicles wait there for their inspection.
        """
        stops = {post.name: min(group.stop for group in post.groups) for post in world.checkpoints}
        rule = "have trains that leave on time, after a stop that is finite"
        chosen = _chosen(world, self.checkpoints, thing="ScaleStops", rule=rule, values=stops, wrong=(math.inf,))
        return _with_groups(world, chosen, lambda group: replace(group, stop=group.stop * self.factor))


@dataclass(frozen=True, kw_only=True)
class SetWagons:
    """Set the share of a train's wagons inspected by a team."""

    share: float
    """Share of the wagons [1]."""

    checkpoints: tuple[str, ...] = ()
    """Names of the checkpoints; empty for all on railways."""

    def __post_init__(self) -> None:
        checks.probability(self, "share")

    def apply(self, world: World) -> World:
        """World with the new share.

        Raises
        ------
        ValueError
            If the world lacks one of the checkpoints, or it controls no trains.
        """
        chosen = _on_rail(world, self.checkpoints, thing="SetWagons")
        return _with_groups(world, chosen, lambda group: replace(group, wagons=self.share))


@dataclass(frozen=True, kw_only=True)
class ScaleWagons:
    """Multiply the share of a train's wagons inspected by a team, limited to all."""

    factor: float
    """Factor on the share [1]."""

    checkpoints: tuple[str, ...] = ()
    """As in `SetWagons`."""

    def __post_init__(self) -> None:
        checks.non_negative(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled share.

        Raises
        ------
        ValueError
            As for `SetWagons`.
        """
        chosen = _on_rail(world, self.checkpoints, thing="ScaleWagons")
        return _with_groups(world, chosen, lambda group: replace(group, wagons=scaled_share(group.wagons, self.factor)))


@dataclass(frozen=True, kw_only=True)
class ScalePatrols:
    """Multiply the probability that a patrol stops a consignment on a bypass, to at most 1."""

    factor: float
    """Factor on the probability [1]."""

    borders: tuple[str, ...] = ()
    """Sections of the border, as in `Bypass.border`; empty for all."""

    def __post_init__(self) -> None:
        checks.non_negative(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled patrols.

        Raises
        ------
        ValueError
            If one of the sections has no bypass, or the world has none.
        """
        known = list(dict.fromkeys(way.border for way in world.bypasses))
        rule = "change a world with bypasses of its crossings"
        checks.require(bool(known), thing="ScalePatrols", rule=rule, value=f"world {world.name} with none")
        for border in self.borders:
            checks.known(border, known, thing="a border with bypasses")
        chosen = self.borders or known
        ways = (
            replace(way, patrol=scaled_share(way.patrol, self.factor)) if way.border in chosen else way
            for way in world.bypasses
        )
        return replace(world, bypasses=tuple(ways))


@dataclass(frozen=True, kw_only=True)
class ScaleSearchCost:
    """Multiply the cost of a fruitless search to the agency, for instance after the end of its liability."""

    factor: float
    """Factor on `Detection.cost_ratio` [1]."""

    def __post_init__(self) -> None:
        checks.positive(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled cost.

        Raises
        ------
        ValueError
            If scores do not discriminate, so that no cost moves a threshold.
        """
        targeting = world.detection.targeting
        rule = "change a world with targeting above 0"
        checks.require(targeting > 0, thing="ScaleSearchCost", rule=rule, value=f"targeting {targeting:g}")
        ratio = world.detection.cost_ratio * self.factor
        return replace(world, detection=replace(world.detection, cost_ratio=ratio))


def _on_rail(world: World, names: Sequence[str], *, thing: str) -> list[Checkpoint]:
    """Checkpoints on railways affected by a lever, by default all."""
    modes = {post.name: post.mode for post in world.checkpoints}
    others = tuple(mode for mode in MODES if mode != "rail")
    return _chosen(world, names, thing=thing, rule="control rail", values=modes, wrong=others)


def _chosen(
    world: World, names: Sequence[str], *, thing: str, rule: str, values: Mapping[str, object], wrong: Container[object]
) -> list[Checkpoint]:
    """Checkpoints affected by a lever, by default all eligible; an ineligible one is refused."""
    for name in names:
        checks.known(name, list(values), thing="checkpoint")
        holds = values[name] not in wrong
        checks.require(holds, thing=f"{thing}: checkpoint '{name}'", rule=rule, value=values[name])
    chosen = tuple(names) or tuple(name for name, value in values.items() if value not in wrong)
    every = f"change a world in which some checkpoints {rule}"
    checks.require(bool(chosen), thing=thing, rule=every, value=f"world {world.name} with none")
    return [post for post in world.checkpoints if post.name in chosen]


def _with_groups(world: World, posts: Sequence[Checkpoint], change: Callable[[LaneGroup], LaneGroup]) -> World:
    return with_posts(world, posts, lambda post: with_groups(post, change))
