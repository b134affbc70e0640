"""Policies: typed changes that turn a world into another, composed in the order in which they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from flowsim import checks
from flowsim.inspection.checkpoint import Checkpoint
from flowsim.world import World


class Change(Protocol):
    """One change of a world."""

    def apply(self, world: World) -> World:
        """World after the change."""


@dataclass(frozen=True, kw_only=True)
class AddCheckpoint:
    """Open a checkpoint."""

    checkpoint: Checkpoint
    """Checkpoint to open."""

    def apply(self, world: World) -> World:
        """World with the checkpoint besides those it had.

        Raises
        ------
        ValueError
            If the world has a checkpoint of that name or lacks its place.
        """
        return replace(world, checkpoints=(*world.checkpoints, self.checkpoint))


@dataclass(frozen=True, kw_only=True)
class CloseCheckpoint:
    """Close a checkpoint."""

    name: str
    """Name of the checkpoint."""

    def apply(self, world: World) -> World:
        """World without the checkpoint.

        Raises
        ------
        ValueError
            If the world has no checkpoint of that name.
        """
        checks.known(self.name, [post.name for post in world.checkpoints], thing="checkpoint")
        return replace(world, checkpoints=tuple(post for post in world.checkpoints if post.name != self.name))


@dataclass(frozen=True, kw_only=True)
class ScaleLanes:
    """Multiply the number of lanes at some checkpoints, rounding to at least one."""

    factor: float
    """Factor on the number of lanes [1]."""

    checkpoints: tuple[str, ...]
    """Names of the checkpoints."""

    def apply(self, world: World) -> World:
        """World with the other number of lanes.

        Raises
        ------
        ValueError
            If the factor is not positive or the world lacks one of the checkpoints.
        """
        checks.positive(self, "factor")
        for name in self.checkpoints:
            checks.known(name, [post.name for post in world.checkpoints], thing="checkpoint")
        return replace(world, checkpoints=tuple(self._scaled(post) for post in world.checkpoints))

    def _scaled(self, post: Checkpoint) -> Checkpoint:
        if post.name not in self.checkpoints:
            return post
        groups = (replace(group, lanes=max(1, round(group.lanes * self.factor))) for group in post.groups)
        return replace(post, groups=tuple(groups))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A named list of changes."""

    name: str
    """Name that results are labelled with."""

    title: str
    """What it is, in one line."""

    changes: tuple[Change, ...] = ()
    """Changes in the order in which they apply."""

    def apply(self, world: World) -> World:
        """World under the policy."""
        for change in self.changes:
            world = change.apply(world)
        return world


BASELINE = Policy(name="baseline", title="The controls in force, unchanged")
"""The policy that changes nothing."""


def compose(policies: Sequence[Policy]) -> Policy:
    """Policy that applies several in order, named with a plus between their names.

    Parameters
    ----------
    policies
        Policies to apply; none gives the baseline.
    """
    if not policies:
        return BASELINE
    changes = tuple(change for policy in policies for change in policy.changes)
    name, title = "+".join(p.name for p in policies), "; ".join(p.title for p in policies)
    return Policy(name=name, title=title, changes=changes)
