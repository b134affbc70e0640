"""Grid of jobs from the arguments as typed: combinations of values, rows of a table, or a design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim import checks
from flowsim.sweeps.grid import Axis, Grid, names

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from flowsim.sweeps.designs import Range

LENGTHS = {"replications": "replication", "draws": "draw"}
"""Keys with an effect on the length of a dim."""

LATER = ("out", "workers", "overwrite", "confirm", "details")
"""Keys free to differ between two calls of one sweep."""


@dataclass(frozen=True)
class Settings:
    """Options of the sweeper."""

    table: str | None = None
    """CSV file with keys as columns and jobs as rows."""

    design: str | None = None
    """Name of a design over the keys with an interval."""

    samples: int = 64
    """Size of the design."""

    seed: int = 1
    """Seed of the design."""


def grid_of(overrides: Sequence[Override], *, settings: Settings) -> Grid:
    """Jobs of a command.

    Parameters
    ----------
    overrides
        Arguments as typed.
    settings
        Options of the sweeper.

    Raises
    ------
    ValueError
        If a key cannot be swept, or an interval is given without a design.
    """
    from hydra.core.override_parser.types import IntervalSweep

    from flowsim.sweeps import designs

    fixed: dict[str, str] = {}
    swept: dict[str, tuple[tuple[str, ...], ...]] = {}
    ranges: dict[str, Range] = {}
    for override in overrides:
        key = override.get_key_element()
        for given in (fixed, swept, ranges):
            given.pop(key, None)  # the last one counts, as in Hydra
        if not override.is_sweep_override():
            fixed[key] = f"{key}={override.get_value_element_as_str()}"
        elif override.is_discrete_sweep():
            swept[key] = tuple((text,) for text in override.sweep_string_iterator())
        else:
            sweep = override.value()
            assert isinstance(sweep, IntervalSweep)
            assert sweep.start is not None
            assert sweep.end is not None
            ranges[key] = designs.Range(low=float(sweep.start), high=float(sweep.end), log="log" in sweep.tags)
    checks.require(
        not (ranges and settings.design is None),
        thing="an interval",
        rule=f"have a design, as hydra/sweeper={designs.KINDS[0]}",
        value=", ".join(ranges),
    )
    rows: list[Axis] = []
    if settings.table is not None:
        rows.append(designs.from_table(Path(settings.table)))
    if settings.design is not None:
        rows.append(designs.sampled(settings.design, ranges, samples=settings.samples, seed=settings.seed))
    keys = [*swept, *(key for axis in rows for key in axis.keys)]
    _check_swept(keys)
    short = short_names(keys, taken=[])
    axes = [Axis(name=short[key], keys=(key,), texts=texts) for key, texts in swept.items()]
    axes.sort(key=lambda axis: axis.name != "policy")
    rest = {key: text for key, text in fixed.items() if key not in keys}
    return Grid(axes=(*axes, *rows), fixed=tuple(rest.values()))


def short_names(keys: Sequence[str], *, taken: Sequence[str]) -> dict[str, str]:
    """Name of each swept key in the store."""
    found = names([key for key in keys if key != "policy"], taken=[*taken, "row", "policy"])
    return found | ({"policy": "policy"} if "policy" in keys else {})


def _check_swept(keys: Sequence[str]) -> None:
    """Refuse keys that cannot be swept into one store."""
    for key in keys:
        if key in LENGTHS:
            rule = f"have one value in one store, as it changes the length of the dim {LENGTHS[key]}"
            raise ValueError(
                f"{key} must {rule}; sweep it with hydra/sweeper=basic, in folders of their own, got several"
            )
        checks.require(key not in LATER, thing=key, rule="have one value in a sweep", value="several")
        own = key.split(".")[0].split("/")[0]
        checks.require(own != "hydra", thing=key, rule="not be swept", value="several values")
