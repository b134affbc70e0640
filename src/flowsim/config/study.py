"""Declaration of a study, and its look-up by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from flowsim import checks
from flowsim.config.options import conf_dir


@dataclass(frozen=True, kw_only=True)
class Study:
    """Declaration of a study, in the constant `STUDY` of its module in `flowsim.studies`.

    The module also has `run(request, *, progress)`, to do the work and return the text to be printed, and, for long
    studies, `work(request)`, to return its amounts of work (`studies.estimates`).
    """

    writes: bool
    """Whether it writes results into `out`, or only prints."""

    keys: Sequence[str]
    """Top-level keys of the configuration with an effect; any other typed key is refused."""

    variant: str = ""
    """Selector of a variant with other keys: `engine`, or an option of the study; empty if there is none."""

    keys_of: Callable[[str], Sequence[str]] | None = None
    """Function from the name of a variant to its keys."""

    instead: Mapping[str, str] = field(default_factory=dict)
    """Suggested replacement, by key without effect."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    """Replacement of a former option, by its old name; this is accepted until the next release."""

    calibrates: bool = False
    """Whether it may use the reported seizures."""

    posterior: bool = False
    """Whether it may use a posterior."""

    draws: int | None = None
    """Default number of posterior draws, if it is not the number of replications [1]."""

    swept: bool = False
    """Whether a sweep of it stores its results, from `config.request.simulated`, in one store."""

    def effective(self, chosen: str) -> Sequence[str]:
        """Keys with an effect in a variant.

        Parameters
        ----------
        chosen
            Name of the variant, empty if none is chosen.
        """
        return self.keys_of(chosen) if self.keys_of and chosen else self.keys


@cache
def names() -> tuple[str, ...]:
    """Names of all studies, from the files in `conf/study/`."""
    return tuple(sorted(file.stem for file in (conf_dir() / "study").glob("*.yaml")))


def find(name: str) -> Study:
    """Declaration of a study.

    Its module is imported by name, because studies lie in a layer below; studies import plotting and fitting only when
    they begin, so a refused command need not wait for it.

    Parameters
    ----------
    name
        Name of the study.

    Raises
    ------
    ValueError
        If there is no such study.
    """
    checks.known(name, names(), thing="study.name")
    found: Study = import_module(f"flowsim.studies.{name}").STUDY
    return found
