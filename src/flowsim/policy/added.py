"""Additions and removals of a policy in a world: posts, devices and campaigns, and those already present."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowsim.policy.agencies import SetCampaign
from flowsim.policy.devices import PlaceDevices
from flowsim.policy.policy import Policy
from flowsim.policy.posts import AddPosts, ClosePosts
from flowsim.world.checkpoint import Checkpoint, stands
from flowsim.world.world import World


def said(policy: Policy, world: World) -> str:
    """Additions and removals of a policy in a world, in words; empty without a change of posts, devices or campaigns.

    Parameters
    ----------
    policy
        Policy.
    world
        World without the policy.

    Raises
    ------
    ValueError
        If the policy does not fit the world.
    """
    after = policy.apply(world)
    return "; ".join((*_posts(policy, world, after), *_devices(policy, world, after), *_campaigns(policy, world)))


def posts(policy: Policy, world: World) -> int:
    """Net number of posts added by a policy in a world [1].

    Parameters
    ----------
    policy, world
        As in `said`.
    """
    return len(policy.apply(world).checkpoints) - len(world.checkpoints)


def entitled(policy: Policy, world: World) -> str:
    """Title of a policy with its additions in a world; the title alone if it does not fit.

    Parameters
    ----------
    policy, world
        As in `said`.
    """
    try:
        found = said(policy, world)
    except ValueError:
        return policy.title
    return f"{policy.title}: {found}" if found else policy.title


def _posts(policy: Policy, before: World, after: World) -> Iterator[str]:
    new, gone = _only_in(after, before), _only_in(before, after)
    kept = [post for post in before.checkpoints if post.name in _kept(policy, before)]
    if new:
        to = (
            f" to {len(kept)} that {'stands' if len(kept) == 1 else 'stand'} already ({_names(kept, before)})"
            if kept
            else ""
        )
        yield f"adds {_counted(len(new), 'post')}{to}"
    elif kept:
        yield f"adds no post, as all that it names stand already ({_names(kept, before)})"
    if gone:
        yield f"closes {_counted(len(gone), 'post')} ({_names(gone, before)})"
    elif any(isinstance(change, ClosePosts) for change in policy.changes):
        yield "closes no post, as none that it names stands"


def _kept(policy: Policy, world: World) -> set[str]:
    """Names of present posts at places chosen by the policy for a new one."""
    opened = [change for change in policy.changes if isinstance(change, AddPosts)]
    places = {place for change in opened if stands(change.start, "", year=world.year) for place in change.places}
    return {post.name for post in world.checkpoints if post.place in places and not post.border}


def _devices(policy: Policy, before: World, after: World) -> Iterator[str]:
    """Devices gained or lost by posts of both worlds, by their labels."""
    named = {post.name: post for post in before.checkpoints}
    pairs = [(named[post.name], post) for post in after.checkpoints if post.name in named]
    placed = [change for change in policy.changes if isinstance(change, PlaceDevices) and change.existing == "keep"]
    chosen = {(change.device, post.name) for change in placed for post in change.posts(before)}
    labels = {tool.name: tool.label for pair in pairs for post in pair for tool in post.devices}
    for name, label in labels.items():
        having = [tuple(any(tool.name == name for tool in post.devices) for post in pair) for pair in pairs]
        got, lost = having.count((False, True)), having.count((True, False))
        both = sum(has[0] and (name, old.name) in chosen for (old, _), has in zip(pairs, having, strict=True))
        if got:
            besides = f", besides {both} that {'has' if both == 1 else 'have'} one" if both else ""
            yield f"adds {_lower(label)} at {_counted(got, 'post')}{besides}"
        if lost:
            yield f"takes {_lower(label)} from {_counted(lost, 'post')}"


def _campaigns(policy: Policy, world: World) -> Iterator[str]:
    for change in policy.changes:
        if isinstance(change, SetCampaign):
            held = [agency for one in world.campaigns if one.name == change.name for agency in one.agencies]
            more = [agency for agency in change.agencies if agency not in held]
            if held and more:
                yield f"adds {' and '.join(more)} to {change.name}, which {' and '.join(held)} holds already"


def _only_in(world: World, other: World) -> list[Checkpoint]:
    names = {post.name for post in other.checkpoints}
    return [post for post in world.checkpoints if post.name not in names]


def _names(found: Sequence[Checkpoint], world: World) -> str:
    return ", ".join(world.network.place(post.place).label for post in found)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _lower(label: str) -> str:
    """A label inside a sentence; abbreviations keep their capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
