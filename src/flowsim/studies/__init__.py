"""Studies: what the command line can be asked to do, one module with a function `run` each."""

from typing import Final

WRITES: Final = {"run": True}
"""Whether each study writes results into `out`, or only prints."""
