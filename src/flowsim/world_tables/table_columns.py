"""Tables of a world, joined from their families: columns with units, allowed words and ranges."""

from __future__ import annotations

from collections.abc import Mapping

from flowsim.checks import FINITE
from flowsim.world_tables import consignments, controls, forms, network, populations, traffic
from flowsim.world_tables.columns import Column, Table

_WHOLE_WORLD: Mapping[str, Table] = {
    "parameters": Table(
        meaning="a number of the whole world",
        key=("parameter",),
        columns=(
            Column(name="parameter", form="text", meaning="its name"),
            forms.number("value", "its unit", FINITE, "value"),
            forms.number("low", "its unit", FINITE, "lower end of its interval; empty: the value", optional=True),
            forms.number("high", "its unit", FINITE, "upper end of its interval; empty: the value", optional=True),
            forms.text("unit", "unit, which must be the one that the parameter has"),
        ),
    ),
}

TABLES: Mapping[str, Table] = {
    **network.TABLES,
    **controls.TABLES,
    **consignments.TABLES,
    **populations.TABLES,
    **traffic.TABLES,
    **_WHOLE_WORLD,
    **network.EVIDENCE,
}
"""Tables of a world, in the order of their listing in error messages."""
