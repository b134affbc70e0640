"""The study `policies`: list all policies, or show the world before and after the chosen ones."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import fields

from flowsim.config.relevant_keys import WORLD
from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.policy.added import entitled
from flowsim.policy.annual_cost import LEVEL, annual_cost, annual_costs, annual_interval
from flowsim.policy.catalogue import BARE, kind_of, says
from flowsim.policy.differences import Difference, differences
from flowsim.policy.policy import Parameter, Policy, compose
from flowsim.results.intervals import ends
from flowsim.simulation.simulate import Progress
from flowsim.world.world import World

WIDTH = 100
"""Longest printed line [characters]."""

MOST_NAMES = 12
"""Largest number of checkpoints named for the same difference."""

STUDY = Study(writes=False, keys=(*WORLD, "policy"), instead={"policies": "policy=[a,b] shows what these change"})
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """List all policies or, if the chosen ones change anything, show the differences in the world.

    Parameters
    ----------
    request
        Request with a world, and with policies to show their differences.
    progress
        Not used.
    """
    policy = compose(request.policies)
    if not policy.changes:
        return "\n".join(_list(request))
    after = policy.apply(request.world)
    told = [*_changes(policy), *_costs(policy, request.world, after), *_numbers(policy)]
    lines = [*_head(policy, request.world), *told, "", *_compared(request.world, after)]
    return "\n".join(lines)


def _list(request: Request) -> Iterator[str]:
    known = request.catalogue()
    yield f"{len(known)} policies; flowsim study=policies policy=NAME shows the world before and after"
    for policy in known:
        yield ""
        yield from _head(policy, request.world)
        for change in policy.changes:
            kind = kind_of(change)
            yield from _wrapped(says(kind) + _label(kind), head=f"{kind}: ", indent=4)
        for parameter in policy.parameters:
            yield from _wrapped(_range(parameter), head=f"{_short(parameter)}: ", indent=4)
        yield from _wrapped(_cost(policy, request.world), head="cost a year: ", indent=4)


def _cost(policy: Policy, world: World) -> str:
    """Annual cost with its interval, or the reason for its absence."""
    if policy.cost_is_unknown:
        return f"unknown: {policy.costs_unknown or 'the file names none'}"
    try:
        return _sum(policy, world, policy.apply(world))
    except ValueError:
        return f"none, as it does not fit world={world.name}"


def _sum(policy: Policy, before: World, after: World) -> str:
    total, ends = annual_cost(policy, before, after), annual_interval(policy, before, after, level=LEVEL)
    if total is None or ends is None:
        return f"unknown: {policy.costs_unknown or 'the file names none'}"
    if ends[0] == ends[1]:
        return f"{_dollars(total)} USD"
    return f"{_dollars(total)} USD in [{_dollars(ends[0])}, {_dollars(ends[1])}] ({100 * LEVEL:.0f} %)"


def _costs(policy: Policy, before: World, after: World) -> Iterator[str]:
    yield from ("", "Costs in a year, capital spread over its life without interest")
    parts = annual_costs(policy, before, after) or ()
    for index, (cost, part) in enumerate(zip(policy.costs, parts, strict=True), start=1):
        once = "" if cost.life is None else f"; {_dollars(cost.capital)} USD over {cost.life:.4g} years"
        yearly = f"; {_dollars(cost.running)} USD a year" if cost.running else ""
        text = f"{cost.what}, per {cost.per}{once}{yearly}: {_dollars(part)} USD"
        yield from _wrapped(text, head=f"{index}. ", indent=2)
        yield from _wrapped(cost.source, head="source: ", indent=5)
    yield from _wrapped(_sum(policy, before, after), head="together: ", indent=2)


def _dollars(amount: float) -> str:
    """Amount to three digits."""
    return f"{float(f'{amount:.3g}'):,.0f}"


def _head(policy: Policy, world: World) -> Iterator[str]:
    yield f"{policy.name} ({'in force' if policy.in_force else 'not in force'})"
    yield from _wrapped(entitled(policy, world), indent=2)
    if policy.sources:
        yield from _wrapped("; ".join(policy.sources), head="sources: ", indent=2)
    if policy.changes_flow:
        yield from _wrapped("changes what enters the country, which controls alone do not", indent=2)


def _changes(policy: Policy) -> Iterator[str]:
    yield from ("", "Changes, in order")
    reasons = policy.reasons or ("",) * len(policy.changes)
    for index, (change, reason) in enumerate(zip(policy.changes, reasons, strict=True)):
        kind, held = kind_of(change), {use.field for use in policy.uses if use.change == index}
        given = [
            f"{field.name} {_text(getattr(change, field.name))}{' (a number below)' if field.name in held else ''}"
            for field in fields(change)  # type: ignore[arg-type]
            if getattr(change, field.name) not in ((), "", None)
        ]
        yield from _wrapped("; ".join(given) + _label(kind), head=f"{index + 1}. {kind}: ", indent=2)
        if reason:
            yield from _wrapped(reason, head="source: ", indent=5)


def _numbers(policy: Policy) -> Iterator[str]:
    if policy.parameters:
        yield from ("", "Numbers")
    for parameter in policy.parameters:
        yield from _wrapped(_range(parameter), head=f"{parameter.name}: ", indent=2)
        yield from _wrapped(parameter.source, indent=5)


def _compared(before: World, after: World) -> Iterator[str]:
    found = differences(before, after)
    yield f"World {before.name} before and after: {len(found)} differences"
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in found:
        part = re.sub(r"^(lanes|device) [^:]*: ", r"\1: ", difference.part) if difference.thing else difference.part
        groups.setdefault((part or difference.thing, _step(difference)), []).append(difference)
    for (part, step), rows in groups.items():
        if len(rows) > 1 and step.startswith("x "):
            step += f" ({_span(row.before for row in rows)} -> {_span(row.after for row in rows)})"
        elif step.startswith("x "):
            step = f"{rows[0].before} -> {rows[0].after}"
        yield from _wrapped(step, head=f"{part}: ", indent=2)
        names = list(dict.fromkeys(row.thing.partition(" ")[2] for row in rows if row.thing and row.part))
        if names:
            more = f" and {len(names) - MOST_NAMES} others" if len(names) > MOST_NAMES else ""
            yield from _wrapped(", ".join(names[:MOST_NAMES]) + more, head="at ", indent=6)
    if before.checkpoints != after.checkpoints:
        counts = f"{len(before.checkpoints)} before, {len(after.checkpoints)} after"
        added, removed = len(_posts(before, after)), len(_posts(after, before))
        yield from _wrapped(f"{counts}; {added} added, {removed} removed", head="checkpoints: ", indent=2)


def _step(difference: Difference) -> str:
    """Text of a difference: a factor if both sides are numbers, else both words."""
    old, new = _number(difference.before), _number(difference.after)
    if old and new is not None and difference.thing:
        return f"x {new / old:.3g}"
    return f"{difference.before} -> {difference.after}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _span(texts: Iterable[str]) -> str:
    values = sorted(map(float, texts))
    return f"{values[0]:.4g}" if values[0] == values[-1] else ends(values[0], values[-1], ".4g")


def _posts(before: World, after: World) -> list[str]:
    names = {post.name for post in before.checkpoints}
    return [post.name for post in after.checkpoints if post.name not in names]


def _label(kind: str) -> str:
    return " (a bare multiplier)" if kind in BARE else ""


def _range(parameter: Parameter) -> str:
    unit = "" if parameter.unit == "1" else f" {parameter.unit}"
    shown = _dollars if parameter.unit == "USD" else _number_of
    if parameter.low is None or parameter.high is None:
        return f"{shown(parameter.value)}{unit}, {parameter.kind}"
    interval = f"[{shown(parameter.low)}, {shown(parameter.high)}]"
    return f"{shown(parameter.value)}{unit} in {interval}, {parameter.law}, {parameter.kind}"


def _number_of(value: float) -> str:
    return f"{value:.4g}"


def _short(parameter: Parameter) -> str:
    return parameter.name.partition(".")[2]


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _wrapped(text: str, *, head: str = "", indent: int = 0) -> Iterator[str]:
    start, hang = " " * indent + head, " " * (indent + 4)
    yield from textwrap.wrap(start + text, WIDTH, subsequent_indent=hang, break_on_hyphens=False)
