"""Changes of devices: placed, moved, or improved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.policy.checkpoint_selection import EXISTING, AtCheckpoints, with_posts
from flowsim.world.checkpoint import Checkpoint
from flowsim.world.devices import Device
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class PlaceDevices(AtCheckpoints):
    """Place a number of devices, possibly fewer than the checkpoints that share them."""

    device: str
    """Name of the device."""

    count: float
    """Number of devices [1]; if fewer than the checkpoints, each has one on a part of the days, drawn anew each day."""

    works: float
    """Probability that a device present on a day works [1]."""

    existing: str = "refuse"
    """Treatment of a checkpoint that has the device: refused, or left unchanged."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(self, "count")
        checks.probability(self, "works")
        checks.one_of(self, "existing", EXISTING)

    def apply(self, world: World) -> World:
        """World with the devices.

        Raises
        ------
        ValueError
            If there is no such device or checkpoint, or a checkpoint already has it.
        """
        posts = self.posts(world)
        having = [post.name for post in posts if self.device in _names(post)]
        rule = "go to checkpoints without one, or say existing: keep"
        checks.require(
            not having or self.existing == "keep", thing=f"device '{self.device}'", rule=rule, value=", ".join(having)
        )
        free = [post for post in posts if post.name not in having]
        checks.require(bool(free), thing=f"device '{self.device}'", rule=rule, value=", ".join(having))
        share = min(1.0, self.count / len(free)) * self.works
        tool = replace(world.device(self.device), availability=share)
        return with_posts(world, free, lambda post: replace(post, devices=(tool, *post.devices)))


@dataclass(frozen=True, kw_only=True)
class MoveDevices:
    """Move devices of one kind from checkpoints to as many others."""

    device: str
    """Name of the device."""

    origins: tuple[str, ...]
    """Checkpoints that lose one."""

    targets: tuple[str, ...]
    """Checkpoints that gain one, the same number."""

    def __post_init__(self) -> None:
        rule = f"be as many as the origins ({len(self.origins)})"
        checks.require(
            0 < len(self.origins) == len(self.targets), thing="MoveDevices.targets", rule=rule, value=self.targets
        )

    def apply(self, world: World) -> World:
        """World with the devices moved.

        Raises
        ------
        ValueError
            If a checkpoint is missing, an origin lacks the device, or a target has it.
        """
        posts = {post.name: post for post in world.checkpoints}
        for name in (*self.origins, *self.targets):
            checks.known(name, tuple(posts), thing="checkpoint")
        for name, wanted in [*((n, True) for n in self.origins), *((n, False) for n in self.targets)]:
            rule = f"have {'a' if wanted else 'no'} device '{self.device}'"
            own = _names(posts[name])
            checks.require((self.device in own) == wanted, thing=f"checkpoint '{name}'", rule=rule, value=own)
        moved = [tool for name in self.origins for tool in posts[name].devices if tool.name == self.device]
        coming = dict(zip(self.targets, moved, strict=True))

        def changed(post: Checkpoint) -> Checkpoint:
            if post.name in self.origins:
                return replace(post, devices=tuple(tool for tool in post.devices if tool.name != self.device))
            return replace(post, devices=(coming[post.name], *post.devices))

        return with_posts(world, [posts[name] for name in (*self.origins, *self.targets)], changed)


@dataclass(frozen=True, kw_only=True)
class ImproveDevice(AtCheckpoints):
    """Improve a device towards the detection of a better one; time, false alarms and availability stay."""

    device: str
    """Name of the device."""

    towards: str
    """Name of the better device."""

    quality: float = 1.0
    """Part of the difference closed: 0 leaves the device unchanged, 1 gives it the detection of the better one [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.probability(self, "quality")

    def apply(self, world: World) -> World:
        """World with the improved device at every selected checkpoint.

        Raises
        ------
        ValueError
            If no selected checkpoint has the device, or a named one lacks it.
        """
        better = world.device(self.towards)
        posts = _having(self, world, self.device)

        def improved(tool: Device) -> Device:
            gains = {
                name: getattr(tool, name) + self.quality * (getattr(better, name) - getattr(tool, name))
                for name in ("intercept", "slope", "concealment")
            }
            return replace(tool, **gains)

        return with_posts(world, posts, lambda post: _with(post, self.device, improved))


@dataclass(frozen=True, kw_only=True)
class ScaleSearch(AtCheckpoints):
    """Multiply the odds of an alarm by a device on a consignment, and the time of its inspection."""

    device: str
    """Name of the device, such as `manual` for the crew's hands."""

    odds: float = 1.0
    """Factor on the odds of an alarm on a consignment [1]."""

    time: float = 1.0
    """Factor on the time of an inspection [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(self, "odds")
        checks.positive(self, "time")

    def apply(self, world: World) -> World:
        """World with the scaled search.

        Raises
        ------
        ValueError
            If no selected checkpoint has the device, or a named one lacks it.
        """
        gain = math.log(self.odds)

        def changed(tool: Device) -> Device:
            time = tool.service_time * self.time
            return replace(tool, intercept=tool.intercept + gain, service_time=time)

        posts = _having(self, world, self.device)
        return with_posts(world, posts, lambda post: _with(post, self.device, changed))


def _names(post: Checkpoint) -> list[str]:
    return [tool.name for tool in post.devices]


def _having(change: AtCheckpoints, world: World, device: str) -> list[Checkpoint]:
    """Selected checkpoints with a device; a named one without it is refused."""
    world.device(device)
    posts = change.posts(world)
    for post in posts if change.checkpoints else ():
        rule = f"have a device '{device}'"
        checks.require(device in _names(post), thing=f"checkpoint '{post.name}'", rule=rule, value=_names(post))
    found = [post for post in posts if device in _names(post)]
    rule = f"be about a checkpoint with a device '{device}'"
    checks.require(bool(found), thing=type(change).__name__, rule=rule, value=f"none of world {world.name}")
    return found


def _with(post: Checkpoint, device: str, change: Callable[[Device], Device]) -> Checkpoint:
    return replace(post, devices=tuple(change(tool) if tool.name == device else tool for tool in post.devices))
