"""The study `sweep_status`: what of a sweep is done, failed or missing, and the command that finishes it."""

from __future__ import annotations

from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.simulation.simulate import Progress
from flowsim.sweeps.status import report

STUDY = Study(writes=False, keys=("out",))
"""What the study declares."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Say how the sweep in a folder stands.

    Parameters
    ----------
    request
        What is asked for, of which the folder counts.
    progress
        Not called, as it takes no time.

    Returns
    -------
    str
        Text to be printed.
    """
    return report(request.out)
