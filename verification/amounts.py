"""Amounts of the verification: reduced ones, whole within the hour on two cores, and full ones."""

import os

FULL = os.environ.get("FLOWSIM_VERIFY", "reduced") == "full"
"""Whether the amounts are the full ones, as `make verify-full` asks."""


def amount(reduced: int, full: int) -> int:
    """Amount of this run [1]."""
    return full if FULL else reduced
