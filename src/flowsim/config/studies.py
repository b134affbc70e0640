"""Studies: their names, keys and the packages that run them."""

from typing import Final

WRITES: Final = {
    "run": True,
    "mechanisms": True,
    "evidence": False,
    "policies": False,
    "figure": True,
    "check": False,
    "new_world": False,
    "calibrate": True,
    "compare": True,
    "sweep_status": False,
}
"""Whether each study writes results into `out`, or only prints."""

CALIBRATES: Final = ("calibrate", "figure")
"""Studies that may be about what was reported."""

POSTERIOR: Final = ("run", "figure", "compare")
"""Studies that may use a posterior."""

DRAWS: Final = {"compare": 200, "figure": 40}
"""Draws that a study takes by default, where that is no number of replications [1]."""

SWEEPS: Final = ("run",)
"""Studies whose results, as `config.request.simulated` gives them, go into one store when they are swept."""
