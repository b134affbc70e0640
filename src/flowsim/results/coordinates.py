"""Registry of coordinates: meaning of the labels of results, by the CF conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

CONVENTIONS = "CF-1.9"
"""Version of the Climate and Forecast conventions of the files, the first with text and integers of all sizes."""


@dataclass(frozen=True)
class Coordinate:
    """One coordinate of the results."""

    name: str
    """Name in the Dataset."""

    along: str
    """Dim of the coordinate, or its possible dims."""

    meaning: str
    """Meaning in one sentence, which becomes `long_name`."""

    description: str = ""
    """Meaning of its labels, empty where they are self-explanatory."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    """Further attributes of the conventions, such as units."""


CHANNEL_WORDS = (
    "routine: at a checkpoint; patrol: by the Border Guards on a bypass; tip: at a checkpoint on a tip; "
    "case: by a case against a ring; market: by arrests in the retail trade of a city."
)
"""Meaning of the channels of `registry.CHANNELS`."""

COORDINATES: tuple[Coordinate, ...] = (
    Coordinate("policy", "policy", "Policy.", "baseline: the controls in force; a + b: both, applied in this order."),
    Coordinate("adds", "policy", "Posts and devices added by the policy in the world, in words."),
    Coordinate("posts", "policy", "Posts added by the policy in the world.", "", {"units": "1"}),
    Coordinate("chain", "replication or draw", "Chain of the posterior behind the world."),
    Coordinate(
        "draw",
        "draw or replication",
        "Draw of the posterior.",
        "-1: a draw of the prior, in the store of a comparison.",
    ),
    Coordinate("draw_in_chain", "draw", "Draw within its chain of the posterior."),
    Coordinate("level_log_sd", "draw", "Log-sd of the level of the flow in a draw.", "", {"units": "1"}),
    Coordinate("level_rho", "draw", "Autocorrelation of that level in two years in a row.", "", {"units": "1"}),
    Coordinate("set", "set", "Set of values of the assumed levers."),
    Coordinate("set_of_draw", "draw", "Set of values of the assumed levers of a draw."),
    Coordinate("row", "row", "Row of the table or design of a sweep."),
    Coordinate("parameter", "parameter", "Assumed lever, named by its policy, a dot and its own name."),
    Coordinate(
        "replication",
        "replication",
        "Simulated year of consignments.",
        "The same label has the same random numbers under every policy.",
    ),
    Coordinate("drug", "drug", "Drug carried."),
    Coordinate("channel", "channel", "Channel of the seizure.", CHANNEL_WORDS),
    Coordinate(
        "agency",
        "agency",
        "Agency making the seizure.",
        "Committee: of the Interior Ministry; KNB: the national security service.",
    ),
    Coordinate(
        "reason",
        "reason",
        "Reason for which a consignment passed a checkpoint.",
        "not selected: for secondary inspection; waved through: in a crowd; under seal: not opened; not reached: in a "
        "train that left or a wagon not inspected; bypassed: avoided; closed: outside opening hours; missed "
        "by the device: no alarm; not followed up: alarm without a search; protected: ring with a protector; "
        "bought off: alarm and a bribe.",
    ),
    Coordinate("exit", "exit", "Exit from the country."),
    Coordinate("route_class", "route_class", "Origin and mode of a route."),
    Coordinate(
        "checkpoint",
        "checkpoint",
        "Checkpoint, or place of seizures without one.",
        "at- and the name of a place: no checkpoint, but a hub, a city or the end of a route, where cases and retail "
        "arrests seize; is_checkpoint tells the two apart.",
    ),
    Coordinate("checkpoint_label", "checkpoint", "Name of the checkpoint or place in print."),
    Coordinate(
        "is_checkpoint",
        "checkpoint",
        "Whether vehicles are controlled there.",
        "False: a place without a checkpoint; it has seizures and no honest traffic.",
    ),
    Coordinate("oblast", "checkpoint", "First-level division of the country."),
    Coordinate("mode", "checkpoint", "Mode of the vehicles controlled there, or road for a place."),
    Coordinate(
        "kind",
        "checkpoint",
        "Type of the checkpoint.",
        "crossing: at the border; internal: a post inside; station: of a railway; port: of the sea; place: no "
        "checkpoint, see is_checkpoint.",
    ),
    Coordinate(
        "checkpoint_agency",
        "checkpoint",
        "Agency in charge, under the first policy with the checkpoint.",
        "Empty for a place without a checkpoint.",
    ),
    Coordinate(
        "latitude",
        "checkpoint",
        "Latitude of the checkpoint or place.",
        attributes={"units": "degrees_north", "standard_name": "latitude"},
    ),
    Coordinate(
        "longitude",
        "checkpoint",
        "Longitude of the checkpoint or place.",
        attributes={"units": "degrees_east", "standard_name": "longitude"},
    ),
    Coordinate("hour", "hour", "Hour of the day of the arrival.", "0: from midnight to one o'clock.", {"units": "h"}),
    Coordinate("vehicle_class", "vehicle_class", "Class of the vehicle."),
    Coordinate(
        "direction",
        "direction",
        "Direction of the vehicle at the checkpoint.",
        "in, out: across the border; both: at a checkpoint inside the country.",
    ),
    Coordinate(
        "seizure_time",
        "seizure",
        "Time of the seizure in the calendar of the world.",
        "Rounded to microseconds; `seizure_hours` has every bit. All replications have the same calendar year.",
        {"standard_name": "time"},
    ),
    Coordinate("seizure_policy", "seizure", "Policy in force at the seizure."),
    Coordinate("seizure_replication", "seizure", "Simulated year of consignments of the seizure."),
    Coordinate("seizure_drug", "seizure", "Drug seized."),
    Coordinate(
        "seizure_population",
        "seizure",
        "Population of the consignment.",
        "Empty for a drug without populations; that of the first consignment if a case takes several from one store.",
    ),
    Coordinate("seizure_checkpoint", "seizure", "Checkpoint of the seizure, or place without one."),
    Coordinate("seizure_oblast", "seizure", "First-level division of the country of the seizure."),
    Coordinate("seizure_agency", "seizure", "Agency behind the seizure."),
    Coordinate("seizure_channel", "seizure", "Channel of the seizure.", CHANNEL_WORDS),
    Coordinate("seizure_mode", "seizure", "Mode of its route."),
)
"""All coordinates of results, except the swept keys."""


def attributes_of(name: str) -> dict[str, Any]:
    """Attributes of a coordinate: `long_name`, `description` if any, and those of the CF conventions.

    Parameters
    ----------
    name
        Name of the coordinate; one that is not registered has none.
    """
    for one in COORDINATES:
        if one.name == name:
            told = {"description": one.description} if one.description else {}
            return {"long_name": one.meaning, **told, **one.attributes}
    return {}


def describe(dataset: xr.Dataset) -> xr.Dataset:
    """Attach the registered meaning of every coordinate and the version of the CF conventions.

    Parameters
    ----------
    dataset
        Results of any kind; it is changed.
    """
    for name in dataset.coords:
        dataset[name].attrs.update(attributes_of(str(name)))
    dataset.attrs.setdefault("Conventions", CONVENTIONS)
    return dataset


def dates(hours: np.ndarray[Any, np.dtype[np.float64]], *, year: int) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Dates of a calendar, to the microsecond.

    Parameters
    ----------
    hours
        Times from the first of January [h].
    year
        Calendar year.
    """
    passed = np.rint(hours * 3.6e9).astype("timedelta64[us]")
    return (np.datetime64(f"{year:04d}-01-01", "us") + passed).astype("datetime64[ns]")


def calendar_of(times: np.ndarray[Any, np.dtype[np.datetime64]]) -> dict[str, str]:
    """Encoding of times in a file: whole microseconds from the first of January of their first year.

    Parameters
    ----------
    times
        Times, possibly none.
    """
    first = times.min() if len(times) else np.datetime64("1970-01-01")
    year = first.astype("datetime64[Y]")
    return {"units": f"microseconds since {year}-01-01", "calendar": "proleptic_gregorian", "dtype": "int64"}


def markdown() -> str:
    """Table of the registry as Markdown, for the documentation."""
    head = ["| coordinate | along | meaning |", "| --- | --- | --- |"]
    rows = [f"| `{one.name}` | {one.along} | {' '.join(filter(None, _words(one)))} |" for one in COORDINATES]
    return "\n".join(head + rows) + "\n"


def _words(one: Coordinate) -> tuple[str, str, str]:
    units = one.attributes.get("units", "")
    return one.meaning, one.description, f"[{units}]" if units else ""
