"""Studies: what the command line can be asked to do, one module with a function `run` each."""

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
    "sweep_status": False,
}
"""Whether each study writes results into `out`, or only prints."""

CALIBRATES: Final = ("calibrate", "figure")
"""Studies that may be about what was reported."""

POSTERIOR: Final = ("run", "figure")
"""Studies that may use a posterior."""

SWEEPS: Final = ("run",)
"""Studies whose results, as `request.simulated` gives them, go into one store when they are swept."""
