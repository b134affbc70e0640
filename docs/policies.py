"""The two tables of the page `policies.md`, policies with their numbers and with their costs, from their files.

`python docs/policies.py` writes them anew, as `make pages` does.
"""

from __future__ import annotations

from pathlib import Path

import flowsim as fs
from flowsim.config.build import every_policy
from flowsim.policy import added
from flowsim.policy.annual_cost import annual_cost, annual_interval
from flowsim.policy.policy import Parameter, Policy
from flowsim.world.world import World

PAGE = Path(__file__).parent / "policies.md"

COSTS = ("| policy | cost a year [USD] |", "| --- | --- |")
NUMBERS = ("| policy | what it is | numbers of its changes: value [interval] |", "| --- | --- | --- |")


def rounded(amount: float) -> str:
    """Amount to two significant digits."""
    return f"{float(f'{amount:.2g}'):,.0f}"


def cost_of(policy: Policy, world: World) -> str:
    """Row of a policy in the table of costs."""
    after = policy.apply(world)
    found, ends = annual_cost(policy, world, after), annual_interval(policy, world, after)
    if found is None or ends is None:
        return f"| `{policy.name}` | unknown |"
    span = f" [{rounded(ends[0])}, {rounded(ends[1])}]" if ends[0] < ends[1] else ""
    return f"| `{policy.name}` | {rounded(found)}{span} |"


def number_of(parameter: Parameter) -> str:
    """A number of a policy, with its interval."""
    own = parameter.name.partition(".")[2]
    if parameter.low is None or parameter.high is None:
        return f"{own} {parameter.value:g} ({parameter.kind})"
    return f"{own} {parameter.value:g} [{parameter.low:g}, {parameter.high:g}]"


def numbers_of(policy: Policy, world: World) -> str:
    """Row of a policy in the table of numbers."""
    numbers = "; ".join(number_of(parameter) for parameter in policy.of_changes.parameters) or "–"
    return f"| `{policy.name}` | {added.entitled(policy, world)} | {numbers} |"


def with_table(text: str, head: tuple[str, str], rows: list[str]) -> str:
    """Text with other rows below the head of a table."""
    lines = text.split("\n")
    first = lines.index(head[0]) + len(head)
    last = next(k for k in range(first, len(lines)) if not lines[k].startswith("|"))
    return "\n".join([*lines[:first], *rows, *lines[last:]])


def page() -> str:
    """The page with both tables anew."""
    world, policies = fs.load_world("kazakhstan_2010"), every_policy()
    text = with_table(PAGE.read_text(encoding="utf-8"), COSTS, [cost_of(policy, world) for policy in policies])
    return with_table(text, NUMBERS, [numbers_of(policy, world) for policy in policies])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
