"""An error of a command as one line, in the words of the command as typed."""

from __future__ import annotations

from collections.abc import Sequence

from flowsim.config import diagnose
from flowsim.simulation.processes import Unfinished

NO_MEMORY = "memory ran out; allow more of it, or take fewer workers or smaller amounts"
"""Reason of an end for want of memory, whether of the machine, of a control group or of `ulimit -v`."""

_WANTING = ("can't start new thread", "failed to map segment from shared object", "Cannot allocate memory")
"""Errors of the system that mean the same."""


def lacks_memory(error: BaseException) -> bool:
    """Whether an error is one for want of memory.

    Parameters
    ----------
    error
        The exception.
    """
    behind = error.__cause__ or error.__context__
    wanting = isinstance(error, MemoryError) or any(words in str(error) for words in _WANTING)
    return wanting or (behind is not None and lacks_memory(behind))


def message(error: BaseException, arguments: Sequence[str], *, hint: str) -> str:
    """Error in one line, or a few, in the words of the command as typed.

    Parameters
    ----------
    error
        The exception.
    arguments
        Arguments as typed.
    hint
        How to get the traceback of a bug in the program.
    """
    if lacks_memory(error) and not isinstance(error, Unfinished):  # which says it, and what is kept
        return NO_MEMORY
    text = diagnose.as_typed(diagnose.plain(error), arguments)
    expected = isinstance(error, ValueError | OSError | Unfinished) or type(error).__module__.startswith(
        ("hydra", "omegaconf")
    )
    return text if expected else f"a mistake in flowsim: {type(error).__name__}: {text}; {hint}"
