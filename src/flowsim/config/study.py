"""A study as it declares itself, and the way to find it by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from flowsim import checks
from flowsim.config.options import conf_dir


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a module of `flowsim.studies` says of itself, in its constant `STUDY`.

    Beside it the module has `run(request, *, progress)`, which does the work and returns the text to be printed, and,
    if it may take long, `work(request)`, which returns its amounts as of `studies.estimates`.
    """

    writes: bool
    """Whether it writes results into `out`, or only prints."""

    keys: Sequence[str]
    """Top-level keys of the configuration that have an effect; any other that is typed is refused."""

    variant: str = ""
    """What chooses a variant with other keys: `engine`, or an option of the study; empty if nothing does."""

    keys_of: Callable[[str], Sequence[str]] | None = None
    """Gives the keys of a variant by its name."""

    instead: Mapping[str, str] = field(default_factory=dict)
    """What is meant, by a key that has no effect."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    """Key that took the place of an option, by the option, which is accepted until the next release."""

    calibrates: bool = False
    """Whether it may be about what was reported."""

    posterior: bool = False
    """Whether it may use a posterior."""

    draws: int | None = None
    """Draws that it takes by default, where that is no number of replications [1]."""

    swept: bool = False
    """Whether its results, as `config.request.simulated` gives them, go into one store when it is swept."""

    def effective(self, chosen: str) -> Sequence[str]:
        """Keys that have an effect in a variant.

        Parameters
        ----------
        chosen
            Name of the variant, empty if none is chosen.
        """
        return self.keys_of(chosen) if self.keys_of and chosen else self.keys


@cache
def names() -> tuple[str, ...]:
    """Names of all studies, which are those of the files in `conf/study/`."""
    return tuple(sorted(file.stem for file in (conf_dir() / "study").glob("*.yaml")))


def find(name: str) -> Study:
    """What a study says of itself.

    Its module is imported by its name, because the configuration lies above the studies; those import what draws and
    fits only when they begin, as a command that is refused would wait for it.

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
