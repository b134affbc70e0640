"""Policy files: from a node of the configuration to a policy, with its parameters and their uses in its changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf

from flowsim import checks
from flowsim.config.options import conf_dir
from flowsim.config.schema import build
from flowsim.policy.catalogue import CHANGES
from flowsim.policy.cost import Cost
from flowsim.policy.policy import Change, Parameter, Policy, Use

PARAMETER = "parameter"
"""Key of a mapping in place of a number of the file."""

REASON = "source"
"""Key of a change with the source of its words."""

UNITS = {"capital": "USD", "running": "USD", "life": "years"}
"""Units of the numbers in these fields of a cost."""


@dataclass(frozen=True, kw_only=True)
class PolicyFile:
    """A file of `conf/policy/`."""

    title: str
    """What it is, in one line."""

    sources: tuple[str, ...]
    """Documents describing it."""

    in_force: bool
    """Whether it is in force in the world's year."""

    changes: tuple[Any, ...]
    """Changes, each a mapping with its `kind`, the fields of that kind, and a `source` of its words."""

    changes_flow: bool = False
    """Whether it may change the inflow into the country."""

    parameters: dict[str, Any] = field(default_factory=dict)
    """Numbers of the changes and costs by name, each a mapping with the fields of `ParameterFile`."""

    costs: tuple[Any, ...] | None = None
    """Costs, each a mapping with the fields of `Cost`; None if the file says nothing of them."""

    costs_unknown: str = ""
    """Why no cost can be named, if none can."""

    def __post_init__(self) -> None:
        checks.require(bool(self.sources), thing="PolicyFile.sources", rule="name a source", value=self.sources)
        reason = self.costs_unknown.strip()
        rule = "be left out where costs are given"
        checks.require(not (self.costs and reason), thing="PolicyFile.costs_unknown", rule=rule, value=reason)
        rule = "say why no cost can be named where costs is an empty list and something is changed"
        holds = self.costs != () or bool(reason) or not self.changes
        checks.require(holds, thing="PolicyFile.costs_unknown", rule=rule, value=self.costs_unknown)


@dataclass(frozen=True, kw_only=True)
class ParameterFile:
    """A number of a policy file; the fields are those of `Parameter`."""

    value: float
    """Value used if none is drawn."""

    kind: str
    """Whether it is reported or assumed."""

    source: str
    """Where it comes from."""

    low: float | None = None
    """Lower end of its interval."""

    high: float | None = None
    """Upper end of its interval."""

    law: str = "uniform"
    """Its distribution over its interval."""

    unit: str = "1"
    """Its unit."""


def policy_of(name: str, node: object, *, typed: Collection[str] = ()) -> Policy:
    """Policy of a file.

    Parameters
    ----------
    name
        Name of the policy.
    node
        Contents of the file.
    typed
        Keys set by arguments; a number set so need not be the middle of its law.

    Raises
    ------
    ValueError
        If the file lacks its package line, has an unknown key, or lists a number, a change or a cost that is refused.
    """
    rule = f"begin with the line '# @package policy.<name>', as in {conf_dir() / 'policy' / 'baseline.yaml'}"
    checks.require(isinstance(node, DictConfig), thing="a policy file", rule=rule, value=f"{name}: {node}")
    key = f"policy.{name}"
    read = build(PolicyFile, node, key=key)
    parameters = {
        str(short): _parameter(f"{name}.{short}", fields, key=f"{key}.parameters.{short}")
        for short, fields in read.parameters.items()
    }
    for short, parameter in parameters.items():
        place = f"{key}.parameters.{short}"
        if not any(word.startswith(f"{place}.") for word in typed):
            _check_central(parameter, thing=f"{place}.value")
    changes, uses, reasons = [], [], []
    for index, fields in enumerate(read.changes):
        change, own, reason = _change(fields, key=f"{key}.changes.{index}", parameters=parameters)
        changes.append(change)
        reasons.append(reason)
        uses += [Use(change=index, field=part, parameter=parameter) for part, parameter in own.items()]
    costs, cost_uses = [], []
    for index, fields in enumerate(read.costs or ()):
        cost, own = _cost(fields, key=f"{key}.costs.{index}", parameters=parameters)
        costs.append(cost)
        cost_uses += [Use(change=index, field=part, parameter=parameter) for part, parameter in own.items()]
    used = {use.parameter for use in (*uses, *cost_uses)}
    for short, parameter in parameters.items():
        rule = "stand in a change or a cost, as {parameter: " + short + "}"
        checks.require(parameter.name in used, thing=f"{key}.parameters.{short}", rule=rule, value="no use of it")
    return Policy(
        name=name,
        title=read.title,
        changes=tuple(changes),
        parameters=tuple(parameters.values()),
        uses=tuple(uses),
        sources=read.sources,
        in_force=read.in_force,
        changes_flow=read.changes_flow,
        reasons=tuple(reasons),
        costs=tuple(costs),
        costs_unknown=read.costs_unknown.strip(),
        cost_uses=tuple(cost_uses),
    )


def _parameter(name: str, fields: Any, *, key: str) -> Parameter:
    given = OmegaConf.create(fields) if isinstance(fields, dict) else fields
    read = build(ParameterFile, given, key=key)
    try:
        return Parameter(name=name, **vars(read))
    except ValueError as error:
        raise ValueError(str(error).replace(f"Parameter '{name}': ", f"{key}.", 1)) from None


def _check_central(parameter: Parameter, *, thing: str) -> None:
    middle = f"{parameter.drawn(0.5):.2g}"
    peaked = parameter.law.replace("uniform", "triangular")
    rule = f"be the median of its law, {middle} to two digits, or have it as its mode, with law: {peaked}"
    checks.require(parameter.is_central, thing=thing, rule=rule, value=parameter.value)


def _change(fields: Any, *, key: str, parameters: Mapping[str, Parameter]) -> tuple[Change, dict[str, str], str]:
    """A change, its fields set by parameters of the file, with their names, and the source of its words."""
    rule = "be a mapping with a kind"
    checks.require(isinstance(fields, dict) and "kind" in fields, thing=key, rule=rule, value=fields)
    checks.known(fields["kind"], tuple(CHANGES), thing=f"{key}.kind")
    named = dict(_named(fields, key=key, parameters=parameters))
    rest = {name: value for name, value in fields.items() if name not in ("kind", REASON)}
    rest |= {name: parameter.value for name, parameter in named.items()}
    change = build(CHANGES[fields["kind"]], OmegaConf.create(rest), key=key)
    reason = str(fields.get(REASON, "")).strip()
    return change, {name: parameter.name for name, parameter in named.items()}, reason


def _cost(fields: Any, *, key: str, parameters: Mapping[str, Parameter]) -> tuple[Cost, dict[str, str]]:
    """A cost, and its fields set by parameters of the file, with their names."""
    checks.require(isinstance(fields, dict), thing=key, rule="be a mapping with the fields of a cost", value=fields)
    named = dict(_named(fields, key=key, parameters=parameters))
    for name, unit in UNITS.items():
        if name in named:
            rule = f"be in {unit}, as '{named[name].name}' stands there"
            checks.require(named[name].unit == unit, thing=f"{key}.{name}", rule=rule, value=named[name].unit)
    given = fields | {name: parameter.value for name, parameter in named.items()}
    cost = build(Cost, OmegaConf.create(given), key=key)
    return cost, {name: parameter.name for name, parameter in named.items()}


def _named(fields: dict[Any, Any], *, key: str, parameters: Mapping[str, Parameter]) -> Iterator[tuple[str, Parameter]]:
    for name, value in fields.items():
        if isinstance(value, dict) and set(value) == {PARAMETER}:
            checks.known(str(value[PARAMETER]), tuple(parameters), thing=f"{key}.{name}.{PARAMETER}")
            yield str(name), parameters[value[PARAMETER]]
