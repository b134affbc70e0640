"""What a netCDF file from a stranger may hold: plain arrays of numbers and texts; anything else is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowsim import checks
from flowsim.results.permitted import OF_ARRAY, OF_STORE

KINDS = "iufb"
"""Kinds of numbers and flags; besides them there are texts."""

FILTERS = (1, 2, 3)
"""Filters of HDF5 itself, deflate, shuffle and checksum [code]; others are libraries that it would load."""

OF_VARIABLE = (
    *OF_ARRAY,
    *("_FillValue", "dtype", "source", "sets", "prior_low", "prior_median", "prior_high", "family"),
    *("contraction", "identified", "rhat", "ess"),
)
"""Attributes of a variable; none of them scales or shifts its values."""

OF_FILE = (
    *OF_STORE,
    *("world", "year", "tables", "inspection", "point", "drawn", "refused", "why_refused", "directions"),
    *("worst_rhat", "least_ess"),
)
"""Attributes of a file: those of a run and of a posterior."""

OF_NETCDF = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates")
"""Attributes by which netCDF keeps dims in HDF5."""

EXPANSION = 1100
"""Most bytes of values for each byte of a file [1]; deflate comes to 1,032."""


def check(file: Path) -> None:
    """Refuse a netCDF file that holds anything but what flowsim writes.

    Parameters
    ----------
    file
        The file.

    Raises
    ------
    ValueError
        If it holds a group, a link, a type, a filter or an attribute of another kind; the message names it.
    OSError
        If it is no HDF5 file.
    """
    import h5py

    with h5py.File(file, "r") as opened:
        _known(opened, (*OF_FILE, "_NCProperties"), thing=str(file))
        size = 0
        for name in opened:
            thing = f"{file}: {name}"
            link = opened.get(name, getlink=True)
            checks.require(isinstance(link, h5py.HardLink), thing=thing, rule="be in the file itself", value="a link")
            array = opened[name]
            checks.require(isinstance(array, h5py.Dataset), thing=thing, rule="be an array", value="a group")
            _check_array(array, thing=thing)
            size += array.size * array.dtype.itemsize
        most = EXPANSION * file.stat().st_size + 10**6
        checks.require(size <= most, thing=str(file), rule=f"hold at most {most:,} bytes of values", value=size)


def _check_array(array: Any, *, thing: str) -> None:
    import h5py

    text = h5py.check_string_dtype(array.dtype) is not None
    plain = text or (array.dtype.kind in KINDS and array.dtype.names is None)
    checks.require(plain, thing=thing, rule="hold numbers or texts", value=str(array.dtype))
    checks.require(not array.external, thing=thing, rule="be in the file itself", value="values in other files")
    checks.require(not array.is_virtual, thing=thing, rule="be in the file itself", value="a view of other files")
    plan = array.id.get_create_plist()
    for k in range(plan.get_nfilters()):
        code = plan.get_filter(k)[0]
        checks.require(code in FILTERS, thing=thing, rule=f"have filters of codes {FILTERS}", value=code)
    _known(array, (*OF_VARIABLE, *OF_NETCDF), thing=thing)


def _known(owner: Any, known: tuple[str, ...], *, thing: str) -> None:
    for name in owner.attrs:
        checks.known(str(name), known, thing=f"{thing}: attribute")
