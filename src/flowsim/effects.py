"""Which keys have an effect in which study and with which engine, and the refusal of those that have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WORLD = ("world", "inflow", "reading", "inspection")
"""Keys that make the numbers of a world."""

RUN = (
    *("world", "policy", "inflow", "seed", "replications", "traffic_years", "horizon", "draws", "engine"),
    *("calibration", "reading", "workers", "out", "inspection"),
)
"""Keys of a study that simulates."""

STUDIES: Mapping[str, Sequence[str]] = {
    "run": RUN,
    "run expectation": [key for key in RUN if key not in ("seed", "replications", "traffic_years", "workers")],
    "mechanisms": [key for key in RUN if key not in ("calibration", "draws")],
    "check": (*WORLD, "policy"),
    "evidence": WORLD,
    "policies": (*WORLD, "policy"),
    "figure": ("out",),
    "figure evidence": ("out", "reading"),
    "figure waterfall": tuple(key for key in RUN if key not in ("engine", "draws", "calibration")),
    "figure fit": (*WORLD, "calibration", "seed", "workers", "out"),
    "figure identified": (*WORLD, "calibration", "out"),
    "new_world": ("out",),
    "calibrate": (*WORLD, "calibration", "seed", "workers", "out"),
    "compare": tuple(key for key in RUN if key not in ("policy", "replications")),
    "sweep_status": ("out",),
    "load_world": WORLD,
}
"""Keys with an effect in each study, or in one of its variants, and in Python's `load_world`.

A variant of `run` is an engine: the closed form draws no random numbers and meets no traffic. That of another study is
its option of the same name.
"""

ALWAYS = ("study", "experiment", "hydra")
"""Keys that choose what is done and how."""


def check(typed: Mapping[str, str], *, study: str, variant: str = "") -> None:
    """Refuse keys that were typed and have no effect, all of them at once.

    Parameters
    ----------
    typed
        Arguments of the command by their top-level key.
    study
        Name of the study.
    variant
        What is typed to choose its variant, as `engine=expectation` or `study.figure=series`; empty if it has none.

    Raises
    ------
    ValueError
        If a key has no effect; the message says which keys have one.
    """
    having = STUDIES.get(f"{study} {variant.partition('=')[2]}", STUDIES[study])
    where = study if study == "load_world" else f"study={study} {variant}".strip()
    idle = {key: text for key, text in typed.items() if key not in (*having, *ALWAYS)}
    if idle:
        keys = f"{', '.join(f'{key}=' for key in idle)} {'has' if len(idle) == 1 else 'have'}"
        rule = f"must be one of {', '.join(having)}"
        raise ValueError(f"{keys} no effect in {where}; a key {rule} there, got {' '.join(idle.values())}")
