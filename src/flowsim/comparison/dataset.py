"""Comparison as a labelled Dataset: each quantity under each policy, and its change against the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import xarray as xr

from flowsim.comparison.paired import HONEST, changes, feasible, levels
from flowsim.comparison.power import LEVELS
from flowsim.results.coordinates import describe

EFFECTS = "effects.nc"
"""File name in the folder of a comparison."""

NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "seized": ("seized_mass", "heroin seized, mean of years"),
        "entered": ("entered_mass", "heroin entered, mean of years"),
        "released": ("released_mass", "heroin seized that leaks back to the market, mean of years"),
        "rate": ("interdiction_rate", "mass seized over mass entered"),
        "yearly": ("seized_mass_of_year", "heroin seized in a year"),
        "by_channel": ("seized_mass_by_channel", "heroin seized by channel"),
        "by_agency": ("seized_mass_by_agency", "heroin seized by agency"),
        "by_oblast": ("seized_mass_by_oblast", "heroin seized by oblast"),
        "by_exit": ("leaked_mass_by_exit", "heroin that leaves, by exit"),
        "by_class": ("leaked_mass_by_class", "heroin that leaves, by class of route"),
        "hours": ("honest_hours", HONEST["hours"][0]),
        "delay": ("delay", HONEST["delay"][0]),
        "worst_p95": ("worst_delay_p95", HONEST["worst_p95"][0]),
        "queue": ("queue_length", HONEST["queue"][0]),
        "referrals": ("referrals", HONEST["referrals"][0]),
        "false_alarms": ("false_alarms", HONEST["false_alarms"][0]),
        "compensation": ("fruitless_cost", HONEST["compensation"][0]),
        "policy_cost": ("policy_cost", HONEST["policy_cost"][0]),
    }
)
"""Name and meaning of each variable by its name in `paired.levels`; the suffix `_change` marks its change."""


def labelled(results: xr.Dataset) -> xr.Dataset:
    """Levels and changes of all quantities as one Dataset.

    Parameters
    ----------
    results
        Results of a comparison, as from `compare.gathered`.

    Returns
    -------
    Dataset
        Consignments by (policy, draw), honest traffic and cost by (policy, set), each with its change against the
        baseline in the same draw, year and traffic under its name with the suffix `_change`; `parameter_value`, the
        value of each assumed lever, by (set, parameter); `is_feasible` by (policy, set).
        Every variable has `units` and `long_name`.
    """
    level = levels(results)
    change = changes(level)
    found = {}
    for own, (name, meaning) in NAMES.items():
        units = _cf(str(level[own].attrs["units"]))
        found[name] = level[own].assign_attrs(units=units, long_name=meaning)
        text = f"{meaning}, minus that of the baseline"
        found[f"{name}_change"] = change[own].assign_attrs(units=units, long_name=text)
    dataset = xr.Dataset(found)
    values = results["parameter_value"].reset_coords(drop=True)
    dataset["parameter_value"] = values.assign_attrs(units="1", long_name="value of an assumed lever, in its own unit")
    words = "whether every post can do its work, with a utilisation below 1 without wave-through"
    dataset["is_feasible"] = feasible(results).reset_coords(drop=True).assign_attrs(units="1", long_name=words)
    dataset = dataset.assign_coords(oblast=dataset["oblast"].astype(str))
    for name in ("chain", "draw_in_chain", *LEVELS):
        if name in results.coords:
            dataset = dataset.assign_coords({name: results[name]})
    return describe(dataset)


def _cf(unit: str) -> str:
    """Unit in CF notation."""
    return unit.replace("/year", " year-1").removeprefix("1 ") if "/year" in unit else unit
