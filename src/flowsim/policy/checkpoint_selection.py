"""Selection of the checkpoints of a change, and the message for an empty selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.world.checkpoint import AGENCIES, TYPES, Checkpoint, LaneGroup
from flowsim.world.network import MODES
from flowsim.world.world import World

EXISTING = ("refuse", "keep")
"""Treatment of an addition already present."""


@dataclass(frozen=True, kw_only=True)
class AtCheckpoints:
    """Selection of the checkpoints of a change; an empty field selects all."""

    checkpoints: tuple[str, ...] = ()
    """Names of the checkpoints; each must exist."""

    borders: tuple[str, ...] = ()
    """Neighbours beyond them, as in `Checkpoint.border`."""

    types: tuple[str, ...] = ()
    """Types, of `checkpoint.TYPES`."""

    modes: tuple[str, ...] = ()
    """Modes of the vehicles under control."""

    agencies: tuple[str, ...] = ()
    """Agencies in charge."""

    def __post_init__(self) -> None:
        for name, words in (("types", TYPES), ("modes", MODES), ("agencies", AGENCIES)):
            for word in getattr(self, name):
                checks.known(word, words, thing=f"{type(self).__name__}.{name}")

    def posts(self, world: World) -> tuple[Checkpoint, ...]:
        """Selected checkpoints of a world.

        Raises
        ------
        ValueError
            If a name is unknown, or the selection is empty.
        """
        for name in self.checkpoints:
            checks.known(name, [post.name for post in world.checkpoints], thing="checkpoint")
        for border in self.borders:
            checks.known(border, sorted({p.border for p in world.checkpoints if p.border}), thing="border")
        found = tuple(post for post in world.checkpoints if self._is_about(post))
        rule = "be about a checkpoint of the world"
        checks.require(bool(found), thing=type(self).__name__, rule=rule, value=f"none of world {world.name}")
        return found

    def _is_about(self, post: Checkpoint) -> bool:
        pairs = (
            (self.checkpoints, post.name),
            (self.borders, post.border),
            (self.types, post.type),
            (self.modes, post.mode),
            (self.agencies, post.agency),
        )
        return all(not wanted or own in wanted for wanted, own in pairs)


def with_posts(world: World, posts: Sequence[Checkpoint], change: Callable[[Checkpoint], Checkpoint]) -> World:
    """World with some checkpoints changed in place.

    Parameters
    ----------
    world
        World to change.
    posts
        Checkpoints to change.
    change
        Function from a checkpoint to the changed one.
    """
    names = {post.name for post in posts}
    changed = (change(post) if post.name in names else post for post in world.checkpoints)
    return replace(world, checkpoints=tuple(changed))


def with_groups(post: Checkpoint, change: Callable[[LaneGroup], LaneGroup]) -> Checkpoint:
    """Checkpoint with changed groups of lanes.

    Parameters
    ----------
    post
        Checkpoint to change.
    change
        Function from a group to the changed one.
    """
    return replace(post, groups=tuple(change(group) for group in post.groups))


def scaled_share(share: float, factor: float) -> float:
    """Share times a factor, at most 1 [1]."""
    return min(1.0, share * factor)
