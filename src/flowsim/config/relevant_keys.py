"""Configuration keys read by each study (any other key is an error), and former names of keys."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
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

STUDIES: Mapping[str, Sequence[str]] = {
    "run": RUN,
    "run expectation": [key for key in RUN if key not in ("seed", "replications", "traffic_years", "workers")],
    "mechanisms": [key for key in RUN if key not in ("calibration", "draws")],
    "check": (*WORLD, "policy"),
    "evidence": WORLD,
    "policies": (*WORLD, "policy"),
    "figure": ("out",),
    "figure evidence": ("out", "reading"),
    "figure waterfall": tuple(key for key in RUN if key not in ("engine", "calibration")),
    "figure fit": (*WORLD, "calibration", "seed", "workers", "out"),
    "figure identified": (*WORLD, "calibration", "out"),
    "new_world": ("out",),
    "calibrate": (*WORLD, "calibration", "seed", "workers", "out"),
    "compare": ("policies", *(key for key in RUN if key != "policy")),
    "sweep_status": ("out",),
    "load_world": WORLD,
}
"""Keys with an effect in each study, or in one of its variants, and in Python's `load_world`.

A variant of `run` is an engine: the closed form draws no random numbers and has no traffic. A variant of any other
study is its option of the same name.
"""

ALWAYS = ("study", "experiment", "hydra")
"""Keys for the choice of the study, the experiment and Hydra's settings."""

INSTEAD: Mapping[tuple[str, str], str] = {
    ("compare", "policy"): "policies=[...] names what is compared",
    ("run", "policies"): "policy=[a,b] applies both together, -m policy=a,b runs one after the other, and "
    "study=compare compares them",
    ("calibrate", "draws"): "study.draws= is the number of draws of each chain whose worlds are kept",
    ("run", "replications"): "engine=compiled simulates",
    ("run", "seed"): "engine=compiled draws random numbers",
    ("policies", "policies"): "policy=[a,b] shows what these change",
}
"""Key to use in a study instead of one without effect there."""

OLD: Mapping[tuple[str, str], str] = {
    ("compare", "policies"): "policies",
    ("compare", "replications"): "replications",
    ("figure", "draws"): "draws",
}
"""Replacement of a former option of a study; the old name is accepted until the next release."""


def check(typed: Mapping[str, str], *, study: str, variant: str = "") -> None:
    """Refuse all typed keys without effect, in one message.

    Parameters
    ----------
    typed
        Arguments of the command by their top-level key.
    study
        Name of the study.
    variant
        Argument of its variant, such as `engine=expectation` or `study.figure=series`; empty if it has none.

    Raises
    ------
    ValueError
        If a key has no effect; the message lists the keys with an effect and suggests a replacement if one is known.
    """
    having = STUDIES.get(f"{study} {variant.partition('=')[2]}", STUDIES[study])
    where = study if study == "load_world" else f"study={study} {variant}".strip()
    idle = {key: text for key, text in typed.items() if key not in (*having, *ALWAYS)}
    if idle:
        keys = f"{', '.join(f'{key}=' for key in idle)} {'has' if len(idle) == 1 else 'have'}"
        rule = f"must be one of {', '.join(having)}"
        meant = "".join(f"; {INSTEAD[study, key]}" for key in idle if (study, key) in INSTEAD)
        raise ValueError(f"{keys} no effect in {where}{meant}; a key {rule} there, got {' '.join(idle.values())}")


def renamed(given: DictConfig, *, typed: Mapping[str, str]) -> DictConfig:
    """Move former options of a study to their present keys, with a warning for each.

    Parameters
    ----------
    given
        Composed configuration.
    typed
        Arguments of the command by their top-level key.

    Raises
    ------
    ValueError
        If a key and its old name are both typed.
    """
    study = given.study.get("name")
    used = [(old, new) for (name, old), new in OLD.items() if name == study and given.study.get(old) is not None]
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
