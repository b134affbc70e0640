"""Files of `conf/inspection/`: probabilities of detection, each with its source."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

from omegaconf import OmegaConf

from flowsim import checks
from flowsim.config import diagnose
from flowsim.config.schema import build
from flowsim.world.detection import Detection
from flowsim.world_tables import provenance


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Origin of a number, word or truth value of the configuration."""

    kind: str
    """Whether it is reported, calibrated or assumed."""

    source: str
    """Source and locator, or the reason of a judgement."""

    low: float | None = None
    """Lower end of the interval of a number, in its unit; None for a word or truth value."""

    high: float | None = None
    """Upper end of this interval, in its unit; None for a word or truth value."""

    def __post_init__(self) -> None:
        checks.sourced(self)
        if self.low is None or self.high is None:
            return
        checks.finite(self, "low")
        rule = f"be at least low ({self.low:g})"
        checks.require(self.high >= self.low, thing="Origin.high", rule=rule, value=self.high)


@dataclass(frozen=True, kw_only=True)
class Inspection(Detection):
    """A file of `conf/inspection/`: the fields of `Detection`, each with its origin."""

    title: str
    """What it is, in one line."""

    sources: Any
    """Mapping from each number, nested as they are, to the fields of `Origin`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        key = "Inspection.sources"
        checks.refuse(list(_gaps(self.detection, self.sources, key=key)), thing=key)

    @property
    def detection(self) -> Detection:
        """The fields of `Detection`, as the engines use them."""
        return Detection(**{field.name: getattr(self, field.name) for field in dataclasses.fields(Detection)})


def _gaps(owner: Any, sources: Any, *, key: str) -> Iterator[str]:
    """Messages for all errors in the sources of an object's fields."""
    if not isinstance(sources, Mapping):
        yield f"{key} must be a mapping from names to origins, got {sources!r}"
        return
    names = [field.name for field in dataclasses.fields(owner)]
    for name in sources:
        if name not in names:
            shown = ", ".join(names)
            yield f"the key of {key} must be one of {shown}, got {str(name)!r}{checks.nearest(str(name), names)}"
    for name in names:
        value = getattr(owner, name)
        if name not in sources:
            yield f"{key}.{name} must say where it comes from, got None"
        elif is_dataclass(value):
            yield from _gaps(value, sources[name], key=f"{key}.{name}")
        else:
            yield from _wrong(sources[name], key=f"{key}.{name}", number=provenance.is_number(value))


_PLAIN = (
    {"kind": str, "source": str, "low": float, "high": float},
    {"kind": str, "source": str},
)
"""Fields of origins with types in no need of conversion, whole numbers apart."""


def _as_end(value: Any) -> Any:
    """End of an interval as a number with a fraction, if it is a whole number that has one."""
    return float(value) if type(value) is int and abs(value) < 2**53 else value


def _wrong(given: Any, *, key: str, number: bool) -> Iterator[str]:
    """Messages for the errors in one origin."""
    try:
        # Hydra's conversion of types takes most of the time of building a world; most origins do not need it.
        if isinstance(given, Mapping):
            given = {name: _as_end(value) if name in ("low", "high") else value for name, value in given.items()}
        plain = isinstance(given, dict) and {name: type(value) for name, value in given.items()} in _PLAIN
        origin = Origin(**given) if plain else build(Origin, OmegaConf.create(given), key=key)
    except ValueError as error:
        text = diagnose.at_key(str(error), kind="Origin", key=key) if str(error).startswith("Origin.") else str(error)
        yield from (line.strip() for line in text.splitlines()[isinstance(error, checks.Refused) :])
        return
    rule = "be a number" if number else "be null or left out, as only numbers have an interval"
    for name in ("low", "high"):
        end = getattr(origin, name)
        if (end is not None) != number:
            yield f"{key}.{name} must {rule}, got {end!r}"
