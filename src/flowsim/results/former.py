"""Former names in result files, and their conversion to current names."""

from __future__ import annotations

import re
from types import MappingProxyType

import xarray as xr

from flowsim.results.coordinates import dates

RENAMED = MappingProxyType(
    {
        "load": "utilisation",
        "delay_error": "delay_mcse",
        "delay_by_hour_error": "delay_by_hour_mcse",
        "delay_by_class_error": "delay_by_class_mcse",
    }
)
"""Current variable of each former name."""


def converted(dataset: xr.Dataset) -> xr.Dataset:
    """Results under current names, with unchanged values.

    Times of seizures were hours in `seizure_time`; these are `seizure_hours` now, beside dates in the year of the
    configuration in the file. Without such a year they stay as they are, and the registry refuses them.

    Parameters
    ----------
    dataset
        Results as stored.
    """
    held = {old: new for old, new in RENAMED.items() if old in dataset.data_vars and new not in dataset.variables}
    if held:
        dataset = dataset.rename_vars(held)
    year = _year(dataset)
    if year is None or "seizure_time" not in dataset.data_vars or dataset["seizure_time"].dtype.kind != "f":
        return dataset
    dataset = dataset.rename_vars(seizure_time="seizure_hours")
    return dataset.assign_coords(seizure_time=("seizure", dates(dataset["seizure_hours"].values, year=year)))


def _year(dataset: xr.Dataset) -> int | None:
    """Calendar year of the world in the configuration of a file."""
    found = re.search(r"^world:\n(?:[ ]+.*\n)*?[ ]+year: (\d{1,4})$", str(dataset.attrs.get("configuration", "")), re.M)
    return int(found.group(1)) if found else None
