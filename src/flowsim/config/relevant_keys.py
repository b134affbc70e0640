"""Configuration keys common to studies, refusal of keys without effect, and former names of keys."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omegaconf import DictConfig

WORLD = ("world", "inflow", "reading", "inspection")
"""Keys with an effect on the numbers of a world."""

RUN = (
    *("world", "policy", "inflow", "seed", "replications", "traffic_years", "horizon", "draws", "engine"),
    *("calibration", "reading", "workers", "out", "inspection"),
)
"""Keys of a simulation study."""

EXPECTED = tuple(key for key in RUN if key not in ("seed", "replications", "traffic_years", "workers"))
"""Keys of the closed form, without random numbers and traffic."""

ALWAYS = ("study", "experiment", "hydra")
"""Keys for the choice of the study, the experiment and Hydra's settings."""

WITH_OUT = ("overwrite", "confirm")
"""Keys with an effect wherever `out` has one on a study that writes."""


def check(
    typed: Mapping[str, str],
    *,
    having: Sequence[str],
    where: str,
    instead: Mapping[str, str] = MappingProxyType({}),
    writes: bool = True,
) -> None:
    """Refuse all typed keys without effect, in one message.

    Parameters
    ----------
    typed
        Arguments of the command by their top-level key.
    having
        Keys with an effect, besides `ALWAYS`.
    where
        What they were typed for, as `study=run engine=expectation`.
    instead
        What is meant, by a key that has no effect.
    writes
        Whether the study writes results.

    Raises
    ------
    ValueError
        If a key has no effect; the message lists the keys with an effect and suggests a replacement if one is known.
    """
    beside = WITH_OUT if "out" in having and writes else ()
    idle = {key: text for key, text in typed.items() if key not in (*having, *beside, *ALWAYS)}
    if idle:
        keys = f"{', '.join(f'{key}=' for key in idle)} {'has' if len(idle) == 1 else 'have'}"
        rule = f"must be one of {', '.join(having)}"
        meant = "".join(f"; {instead[key]}" for key in idle if key in instead)
        raise ValueError(f"{keys} no effect in {where}{meant}; a key {rule} there, got {' '.join(idle.values())}")


def renamed(given: DictConfig, *, typed: Mapping[str, str], options: Mapping[str, str]) -> DictConfig:
    """Move former options of a study to their present keys, with a warning for each.

    Parameters
    ----------
    given
        Composed configuration.
    typed
        Arguments of the command by their top-level key.
    options
        Key that took the place of an option, by the option.

    Raises
    ------
    ValueError
        If a key and its old name are both typed.
    """
    used = [(old, new) for old, new in options.items() if given.study.get(old) is not None]
    if not used:
        return given
    found = given.copy()
    for old, new in used:
        value = found.study[old]
        if new in typed:
            raise ValueError(f"{new}= and its old name study.{old}= must not both be given, got {typed[new]}")
        text = f"study.{old}= is {new}= now; the old name goes with the next release"
        warnings.warn(text, FutureWarning, stacklevel=2)
        found[new], found.study[old] = value, None
    return found
