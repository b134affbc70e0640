"""Controls named by the sources, and their representation in the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowsim import checks, csv_tables
from flowsim.evidence.folder import FOLDER

REPRESENTED_BY = ("policy", "mechanism", "parameter")
"""Representation of a control: a policy file, a mechanism of the model, or a number of a world."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """A control named by a source, or a response of smugglers to it."""

    control: str
    """Identifier."""

    title: str
    """Description in one line."""

    represented_by: str
    """One of `REPRESENTED_BY`."""

    name: str
    """Name of the policy or the mechanism; for a number its table, a colon and its key."""

    how: str
    """Explanation of the representation."""

    def __post_init__(self) -> None:
        checks.one_of(self, "represented_by", REPRESENTED_BY)


def load_controls(folder: Path | None = None) -> Mapping[str, Control]:
    """Controls by identifier.

    Parameters
    ----------
    folder
        Folder of the table; the package's own by default.

    Raises
    ------
    ValueError
        If a row is broken or an identifier stands twice.
    """
    columns = ("control", "title", "represented_by", "name", "how")
    rows = csv_tables.read((folder or FOLDER) / "controls.csv", columns=columns)
    checks.unique((row.cells["control"] for row in rows), thing="controls.csv")
    return MappingProxyType(
        {row.cells["control"]: Control(**{name: row.text(name) for name in columns}) for row in rows}
    )
