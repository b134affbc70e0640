"""Registry of result variables: names, dims, units and meaning; every Dataset is checked against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from flowsim import checks
from flowsim.results.coordinates import describe


@dataclass(frozen=True)
class Variable:
    """One variable of the results."""

    name: str
    """Name in the Dataset."""

    dims: tuple[str, ...]
    """Dims in order; `policy`, `chain`, `draw` and `replication` may be absent or reduced away."""

    units: str
    """CF units; "1" for a pure number."""

    meaning: str
    """Meaning in one sentence, which becomes `long_name`."""

    kind: str = "simulated"
    """Origin: simulated, reported, calibrated or assumed."""


BY_DRUG = ("policy", "replication", "drug")
"""Dims of variables counted by drug."""

POSTS = ("policy", "checkpoint")
"""Dims of variables pooled over the simulated traffic."""

HOURLY = (*POSTS, "hour")
"""Dims of variables by hour of the day."""

CLASSES = (*POSTS, "vehicle_class", "direction")
"""Dims of variables by class of vehicle and direction: in, out, or both at a checkpoint inside the country."""

VARIABLES: tuple[Variable, ...] = (
    Variable(
        "entered_mass", BY_DRUG, "kg", "Mass entering over the border or from harvest inside, within the horizon."
    ),
    Variable("seized_mass", (*BY_DRUG, "channel", "agency"), "kg", "Mass seized, by channel and agency."),
    Variable("seized_mass_by_checkpoint", (*BY_DRUG, "checkpoint"), "kg", "Mass seized, by checkpoint."),
    Variable("seizure_count", (*BY_DRUG, "checkpoint"), "1", "Number of seizures, by checkpoint."),
    Variable("loaded_vehicles", (*BY_DRUG, "checkpoint"), "1", "Loaded vehicles that came to the checkpoint."),
    Variable(
        "prevalence", ("policy", "replication", "checkpoint"), "1", "Loaded share of all vehicles at the checkpoint."
    ),
    Variable("missed_mass", (*BY_DRUG, "reason"), "kg", "Mass that passed a checkpoint, summed over checkpoints."),
    Variable("leaked_mass", (*BY_DRUG, "exit"), "kg", "Mass that left the country, by exit."),
    Variable(
        "leaked_mass_by_class",
        (*BY_DRUG, "route_class"),
        "kg",
        "Mass that left the country, by origin and mode of its route.",
    ),
    Variable("retained_mass", BY_DRUG, "kg", "Mass that ended in the cities of the country."),
    Variable("stored_mass", BY_DRUG, "kg", "Mass in store at the end of the horizon."),
    Variable("underway_mass", BY_DRUG, "kg", "Mass under way at the end of the horizon."),
    Variable("released_mass", BY_DRUG, "kg", "Mass that leaked from the evidence store; it stays counted as seized."),
    Variable("interdiction_rate", BY_DRUG, "1", "Mass seized over mass entered."),
    Variable("vehicles", POSTS, "year-1", "Honest vehicles that passed, scaled to a year."),
    Variable("referrals", POSTS, "year-1", "Honest vehicles referred to secondary inspection, scaled to a year."),
    Variable("false_alarms", POSTS, "year-1", "Alarms on honest vehicles, scaled to a year."),
    Variable("delay", POSTS, "h", "Mean time of an honest vehicle at the checkpoint, from arrival to departure."),
    Variable("delay_mcse", POSTS, "h", "Monte Carlo standard error of the mean time, over spans of traffic."),
    Variable("delay_p95", POSTS, "h", "95 % quantile of the time of an honest vehicle at the checkpoint."),
    Variable(
        "unfinished",
        POSTS,
        "1",
        "Share of honest visits not over after a hundred spans; if positive, the delay is missing.",
    ),
    Variable("vehicles_by_hour", HOURLY, "year-1", "Honest vehicles, by hour of the day of arrival, scaled to a year."),
    Variable("delay_by_hour", HOURLY, "h", "Mean time at the checkpoint, by hour of the day of arrival."),
    Variable("delay_by_hour_mcse", HOURLY, "h", "Monte Carlo standard error of the same mean, over spans of traffic."),
    Variable("vehicles_by_class", CLASSES, "year-1", "Honest vehicles, by class and direction, scaled to a year."),
    Variable("delay_by_class", CLASSES, "h", "Mean time at the checkpoint, by class of vehicle and direction."),
    Variable(
        "delay_by_class_mcse", CLASSES, "h", "Monte Carlo standard error of the same mean, over spans of traffic."
    ),
    Variable("queue_length", POSTS, "1", "Mean number of honest vehicles waiting for a lane or a bay."),
    Variable(
        "utilisation", POSTS, "1", "Utilisation of the busiest lanes or bays; at 1 or above the queue is unstable."
    ),
    Variable("cost", POSTS, "USD year-1", "Annual cost of fruitless searches and their compensation."),
    Variable(
        "policy_cost",
        ("policy",),
        "USD year-1",
        "Annual cost of a policy, with its capital spread over its life.",
        "assumed",
    ),
    Variable("expected_seized_mass", ("policy", "drug", "checkpoint"), "kg", "Expected mass seized in a year."),
    Variable(
        "expected_seized_mass_by_channel",
        ("policy", "drug", "channel", "agency"),
        "kg",
        "Expected mass seized in a year, by channel and agency.",
    ),
    Variable(
        "expected_seized_variance",
        ("policy", "drug", "checkpoint"),
        "kg2",
        "Variance of a year's mass seized.",
    ),
    Variable(
        "expected_loaded_vehicles",
        ("policy", "drug", "checkpoint"),
        "1",
        "Expected number of loaded vehicles that come to the checkpoint in a year.",
    ),
    Variable("expected_entered_mass", ("policy", "drug"), "kg", "Expected mass entered in a year."),
    Variable(
        "expected_missed_mass",
        ("policy", "drug", "reason"),
        "kg",
        "Expected mass that passes a checkpoint in a year, summed over checkpoints.",
    ),
    Variable("expected_leaked_mass", ("policy", "drug", "exit"), "kg", "Expected mass leaked in a year."),
    Variable("expected_retained_mass", ("policy", "drug"), "kg", "Expected mass retained in a year."),
    Variable(
        "expected_released_mass",
        ("policy", "drug"),
        "kg",
        "Expected mass that leaks from the evidence store in a year; it stays counted as seized.",
    ),
    Variable("expected_rate", ("policy", "drug"), "1", "Expected mass seized over expected mass entered."),
    Variable(
        "expected_rate_cv",
        ("policy", "drug"),
        "1",
        "Coefficient of variation of the total mass seized in a year.",
    ),
    Variable("seizure_mass", ("seizure",), "kg", "Mass of each seizure."),
    Variable("seizure_hours", ("seizure",), "h", "Time of each seizure from the first of January, to the last bit."),
)
"""All variables of results."""

COMPARED = ("leaked_mass_by_class", "utilisation", "policy_cost")
"""Variables of a comparison of policies only."""

CHANNELS = ("routine", "patrol", "tip", "case", "market")
"""Channel of a seizure: at a checkpoint, by a patrol of the Border Guards on a bypass, at a checkpoint on a tip, by a
case against the ring, or by arrests in the retail trade of a city."""

REASONS = (
    "not selected",
    "waved through",
    "under seal",
    "not reached",
    "bypassed",
    "closed",
    "missed by the device",
    "not followed up",
    "protected",
    "bought off",
)
"""Reason for which a consignment passed a checkpoint."""

OPTIONAL = ("policy", "chain", "draw", "replication")
"""Dims that a selection or a mean may have removed."""


def variable(name: str) -> Variable:
    """Variable of a name.

    Raises
    ------
    ValueError
        If there is no such variable.
    """
    known = {own.name: own for own in VARIABLES}
    checks.known(name, list(known), thing="result variable")
    return known[name]


def check(dataset: xr.Dataset, *, swept: Sequence[str] = ()) -> None:
    """Refuse a Dataset with unregistered variables, dims or units.

    Parameters
    ----------
    dataset
        Results.
    swept
        Dims of the runs of a sweep, allowed on any variable.

    Raises
    ------
    ValueError
        If a variable is unknown, or its dims or units differ from the registry.
    """
    for name, array in dataset.data_vars.items():
        own = variable(str(name))
        core = tuple(dim for dim in own.dims if dim not in OPTIONAL)
        got = tuple(str(dim) for dim in array.dims if dim not in (*OPTIONAL, *swept))
        checks.require(got == core, thing=f"result variable '{name}'", rule=f"have dims {core}", value=got)
        units = array.attrs.get("units")
        rule = f"have units '{own.units}'"
        checks.require(units == own.units, thing=f"result variable '{name}'", rule=rule, value=units)


def attach(dataset: xr.Dataset) -> xr.Dataset:
    """Attach the registered units and meaning to the variables and coordinates of a Dataset."""
    for name in dataset.data_vars:
        own = variable(str(name))
        dataset[name].attrs.update(units=own.units, long_name=own.meaning, kind=own.kind)
    check(dataset)
    return describe(dataset)


def markdown() -> str:
    """Table of the registry as Markdown, for the documentation."""
    head = ["| variable | dims | units | meaning |", "| --- | --- | --- | --- |"]
    rows = [f"| `{v.name}` | {', '.join(v.dims)} | {v.units} | {v.meaning} |" for v in VARIABLES]
    return "\n".join(head + rows) + "\n"
