"""The study `sweep_status`: done, failed and missing jobs of a sweep, and the command to finish it."""

from __future__ import annotations

from flowsim.config.request import Request
from flowsim.config.study import Study
from flowsim.simulation.simulate import Progress
from flowsim.sweeps.status import report

STUDY = Study(writes=False, keys=("out",))
"""Declaration of the study."""


def run(request: Request, *, progress: Progress | None) -> str:
    """Report the state of the sweep in a folder.

    Parameters
    ----------
    request
        Request of the study; only its folder is used.
    progress
        Not called, as it takes no time.

    Returns
    -------
    str
        Text to be printed.
    """
    return report(request.out)
