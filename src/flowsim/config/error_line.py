"""An error of a command as one line, in the words of what was typed."""

from __future__ import annotations

from collections.abc import Sequence

from flowsim.config import diagnose


def message(error: BaseException, arguments: Sequence[str], *, hint: str) -> str:
    """One line, or a few, that says what went wrong in the words of what was typed.

    Parameters
    ----------
    error
        What was raised.
    arguments
        What was typed.
    hint
        What shows where a mistake of the program is.
    """
    text = diagnose.as_typed(diagnose.plain(error), arguments)
    expected = isinstance(error, ValueError | OSError) or type(error).__module__.startswith(("hydra", "omegaconf"))
    return text if expected else f"a mistake in flowsim: {type(error).__name__}: {text}; {hint}"
