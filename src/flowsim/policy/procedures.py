"""Changes of procedures at a post: referral, capacity, and the opening of sealed trucks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from flowsim import checks
from flowsim.policy.checkpoint_selection import AtCheckpoints, scaled_share, with_groups, with_posts
from flowsim.world.checkpoint import Checkpoint, LaneGroup
from flowsim.world.world import World


@dataclass(frozen=True, kw_only=True)
class ScaleReferral(AtCheckpoints):
    """Multiply the share of honest vehicles referred to secondary inspection, with unchanged bays."""

    factor: float
    """Factor on the share [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.non_negative(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled shares.

        Raises
        ------
        ValueError
            If there are no such checkpoints.
        """

        def changed(group: LaneGroup) -> LaneGroup:
            return replace(group, referral=scaled_share(group.referral, self.factor))

        return with_posts(world, self.posts(world), lambda post: with_groups(post, changed))


@dataclass(frozen=True, kw_only=True)
class ScaleCapacity(AtCheckpoints):
    """Multiply lanes and bays, rounded to at least one."""

    factor: float
    """Factor on their numbers [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(self, "factor")

    def apply(self, world: World) -> World:
        """World with the scaled numbers of lanes and bays; lanes under shifts are unchanged.

        Raises
        ------
        ValueError
            If there are no such checkpoints.
        """

        def lanes(group: LaneGroup) -> LaneGroup:
            return group if group.shifts else replace(group, lanes=max(1, round(group.lanes * self.factor)))

        def changed(post: Checkpoint) -> Checkpoint:
            return with_groups(replace(post, bays=max(1, round(post.bays * self.factor))), lanes)

        return with_posts(world, self.posts(world), changed)


@dataclass(frozen=True, kw_only=True)
class OpenSealed(AtCheckpoints):
    """Refer TIR trucks as often as trucks without a seal, wholly or in part, at checkpoints with lanes for both."""

    share: float = 1.0
    """Part of the difference between the two shares closed [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.probability(self, "share")

    def apply(self, world: World) -> World:
        """World with the raised shares of TIR trucks; `ChangeSeals` controls the selection of sealed trucks itself.

        Raises
        ------
        ValueError
            If there are no such checkpoints, or none refers TIR trucks less than others.
        """
        posts = [post for post in self.posts(world) if self._changed(post) != post or self.share == 0.0]
        rule = "be about a checkpoint that refers TIR trucks less than others"
        checks.require(bool(posts), thing="OpenSealed", rule=rule, value=f"none of world {world.name}")
        return with_posts(world, posts, self._changed)

    def _changed(self, post: Checkpoint) -> Checkpoint:
        def opened(group: LaneGroup) -> LaneGroup:
            index = post.group_of("truck", direction=group.direction)
            if group.classes != ("tir",) or index is None:
                return group
            gap = post.groups[index].referral - group.referral
            return replace(group, referral=group.referral + self.share * gap)

        return with_groups(post, opened)


@dataclass(frozen=True, kw_only=True)
class EvenReferral(AtCheckpoints):
    """Spread the same number of honest referrals evenly over checkpoints, so that no route is softer.

    For each class of vehicle every checkpoint moves, wholly or in part, to the common share of all. This is the
    long-run average of searches at places drawn anew each day and unknown to smugglers; their response is not part of
    the change.
    """

    share: float = 1.0
    """Part of the way from their own shares to the common one [1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.probability(self, "share")

    def apply(self, world: World) -> World:
        """World with the common share at these checkpoints.

        Raises
        ------
        ValueError
            If there are no such checkpoints.
        """
        posts = self.posts(world)
        names = {post.name for post in posts}
        vehicles: Counter[tuple[str, ...]] = Counter()
        referred: Counter[tuple[str, ...]] = Counter()
        for flow in world.traffic.flows:
            for stop in world.stops_of_flow(flow):
                post = world.checkpoints[stop.checkpoint]
                if post.name in names:
                    group = post.groups[stop.group]
                    vehicles[group.classes] += flow.per_day  # type: ignore[assignment]
                    referred[group.classes] += flow.per_day * group.referral  # type: ignore[assignment]

        def changed(group: LaneGroup) -> LaneGroup:
            if not vehicles[group.classes]:
                return group
            common = min(1.0, referred[group.classes] / vehicles[group.classes])
            return replace(group, referral=group.referral + self.share * (common - group.referral))

        return with_posts(world, posts, lambda post: with_groups(post, changed))
