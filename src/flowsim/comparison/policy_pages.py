"""A documentation page for each policy, made from its file and from the results of the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from flowsim.comparison.confidence import chance
from flowsim.comparison.numbers import span, years_text
from flowsim.comparison.report import rests_text
from flowsim.comparison.variance import SOURCES
from flowsim.policy.catalogue import BARE, kind_of, says
from flowsim.policy.policy import BASELINE, Parameter, Policy
from flowsim.results.intervals import ends

COMPARED = "table2.csv"
"""File of the reference results with a row for each policy."""


def write(policies: Sequence[Policy], *, results: Path, folder: Path) -> list[Path]:
    """Write a page for each policy, and remove pages of former policies.

    Parameters
    ----------
    policies
        Policies; the baseline has no page.
    results
        Folder of `table2.csv`.
    folder
        Folder of the pages, made if there is none.

    Returns
    -------
    list of Path
        The pages written.
    """
    table = pd.read_csv(results / COMPARED, keep_default_na=False, na_values=["", "nan"])
    for name in ("rests_on", "negative", "adds"):
        table[name] = table[name].fillna("")
    rows = {str(row["policy"]): row for row in table.to_dict("records")}
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    written = []
    for policy in policies:
        if policy.name != BASELINE.name:
            written.append(folder / f"{policy.name}.md")
            written[-1].write_text("\n".join(page(policy, rows.get(policy.name))) + "\n", encoding="utf-8")
    return written


def page(policy: Policy, row: Mapping[Any, Any] | None) -> Iterator[str]:
    """Lines of a page.

    Parameters
    ----------
    policy
        The policy.
    row
        Its row of table 2; None if it was not compared.
    """
    yield from (f"# {policy.name}", "", f"{policy.title}.", "")
    yield f"*{'In force' if policy.in_force else 'Not in force'} in the world's year, so far as the documents say.* "
    yield f"Sources: {'; '.join(policy.sources)}."
    if row is not None and row["adds"]:
        yield from ("", f"In the world in which it was compared it {row['adds']}.")
    yield from ("", "## What it changes", "")
    for k, change in enumerate(policy.changes):
        kind = kind_of(change)
        bare = " This is a bare multiplier without a mechanism." if kind in BARE else ""
        reason = f" ({policy.reasons[k]})" if k < len(policy.reasons) and policy.reasons[k] else ""
        yield f"- `{kind}`: {says(kind)}{bare}{reason}"
    if policy.parameters:
        yield from ("", "| number | value | interval | law | kind | source |", "| --- | --- | --- | --- | --- | --- |")
        yield from (_number(parameter, policy) for parameter in policy.parameters)
    yield from ("", "## What it would have changed", "")
    if row is None:
        yield "It was not compared."
    else:
        yield from _effect(row)
    yield from ("", "```sh", f"flowsim policy={policy.name}", f"flowsim study=compare policies=[{policy.name}]")
    yield "```"


def _number(parameter: Parameter, policy: Policy) -> str:
    name = parameter.name.removeprefix(f"{policy.name}.")
    interval = "" if parameter.low is None or parameter.high is None else ends(parameter.low, parameter.high, "g")
    law = "" if parameter.low is None else parameter.law
    source = parameter.source.replace("|", "/")
    unit = "" if parameter.unit == "1" else f" {parameter.unit}"
    return f"| {name} | {parameter.value:g}{unit} | {interval} | {law} | {parameter.kind} | {source} |"


def _effect(row: Mapping[Any, Any]) -> Iterator[str]:
    """Lines on the results of the comparison for a policy."""
    own = {str(key): value for key, value in row.items()}
    cost = "unknown" if own.get("policy_cost_note") == "unknown" else span(own, "policy_cost", scale=1e-6)
    parts = [float(own[f"share_{name}"]) for name in SOURCES]
    yield from ("| a year, change against the baseline if nobody reacts | median (90 % interval) |", "| --- | --- |")
    yield f"| honest time at checkpoints [1000 h] | {span(own, 'hours', scale=1e-3)} |"
    yield f"| false alarms [1] | {span(own, 'false_alarms')} |"
    yield f"| cost of the policy [million USD] | {cost} |"
    yield f"| sets of assumed numbers in which every post can do its work | {100 * float(own['feasible']):.0f} % |"
    yield f"| heroin seized [kg] | {span(own, 'seized')} |"
    yield f"| heroin seized [points of flow] | {span(own, 'points')} |"
    yield f"| years to detect, of reports before and as many after | {years_text(float(own['years']))} |"
    yield f"| probability that it seizes more, posterior / prior | {_chance(own, '')} / {_chance(own, '_prior')} |"
    if all(part == part for part in parts):
        shares = " / ".join(f"{100 * part:.0f} %" for part in parts)
        yield f"| variance of a year's effect: calibrated / assumed / from year to year | {shares} |"
    yield from (
        "",
        f"It rests most on: {rests_text(own)} (change of the effect in kg over the interval of the number).",
    )


def _chance(row: Mapping[str, Any], end: str) -> str:
    return chance(float(row[f"p{end}"]), int(row[f"draws{end}"]))
