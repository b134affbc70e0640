"""Posteriors under other readings side by side."""

import numpy as np
import pytest
import xarray as xr

from flowsim.calibration.by_reading import by_reading, markdown


def posterior(rate, *, refused=0, **more):
    values = rate * np.linspace(0.4, 1.6, 101)[np.newaxis]
    names = {"interdiction_rate": ("1", values), **{name: ("kg/year", values * scale) for name, scale in more.items()}}
    made = {name: (("chain", "draw"), array, {"units": unit}) for name, (unit, array) in names.items()}
    return xr.Dataset(made, attrs={"refused": str(refused), "drawn": "200"})


def test_readings_stand_beside_the_first_with_intervals_and_ratios():
    table = by_reading({"one": posterior(0.01, crossing=1e4), "other": posterior(0.02, refused=50)})
    rows = table.set_index(["reading", "quantity"])
    assert set(rows.index) == {("one", "interdiction_rate"), ("one", "crossing"), ("other", "interdiction_rate")}
    other = rows.loc[("other", "interdiction_rate")]
    assert other[["low", "median", "high"]].tolist() == pytest.approx([0.0092, 0.02, 0.0308])
    assert (other["ratio"], other["refused"]) == pytest.approx((2.0, 0.25))
    head, rule, one, last = markdown(table)
    assert head.count("|") == rule.count("|") == one.count("|") == last.count("|")
    assert one.startswith("| `one` | 1 (0.46 to 1.5) |")
    assert "| 100 (46 to 154) |" in one
    assert last.endswith("| 25 % |")
