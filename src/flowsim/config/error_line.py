"""An error of a command as one line, in the words of the command as typed."""

from __future__ import annotations

from collections.abc import Sequence

from flowsim.config import diagnose


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
    text = diagnose.as_typed(diagnose.plain(error), arguments)
    expected = isinstance(error, ValueError | OSError) or type(error).__module__.startswith(("hydra", "omegaconf"))
    return text if expected else f"a mistake in flowsim: {type(error).__name__}: {text}; {hint}"
