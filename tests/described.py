"""Names in a Dataset that do not say what they are."""

from __future__ import annotations

import xarray as xr


def undescribed(dataset: xr.Dataset) -> list[str]:
    """Coordinates and variables without `long_name`, variables without units, and `Conventions` if none is named."""
    found = [str(name) for name, array in dataset.variables.items() if not array.attrs.get("long_name")]
    plain = [str(name) for name, array in dataset.data_vars.items() if not array.attrs.get("units")]
    found += [name for name in plain if "flag_meanings" not in dataset[name].attrs]
    return found + [name for name in ("Conventions",) if not str(dataset.attrs.get(name)).startswith("CF-1.")]
