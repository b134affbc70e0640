"""Choice of the posterior of a run, and the worlds of its draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flowsim import checks
from flowsim.calibration.identity import difference, is_in
from flowsim.config.calibration_files import Calibration, find
from flowsim.config.request import Worlds
from flowsim.simulation.assumed import SetNumbers
from flowsim.world.world import World
from flowsim.world_tables.readings import DEFAULT, NONE

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, kw_only=True)
class ChosenPosterior:
    """The posterior of a run, if there is one."""

    calibration: Calibration
    """Calibration: the origin of uncertain numbers."""

    dataset: xr.Dataset | None
    """The posterior; None if the assumed numbers are used as they stand."""

    typed: tuple[str, ...]
    """Numbers set by typed arguments, as in `Identity.numbers`; no draw changes them."""

    note: str
    """Remark on the choice, empty if there is none."""

    near: bool = False
    """Whether the world has posteriors but none matches the request."""

    @property
    def name(self) -> str:
        """Name of the calibration in use."""
        return self.calibration.name if self.dataset is not None else "prior"

    def worlds(self, count: int | None) -> Worlds | None:
        """Worlds of draws spread evenly over the chains, or of the posterior median; None for the assumed numbers.

        Parameters
        ----------
        count
            Number of draws; None for the median.
        """
        if self.dataset is None:
            return None
        from flowsim.calibration import posterior

        if count is None or self.calibration.numbers == "point":
            return Worlds(changes=(self._without_typed(posterior.point_change(self.dataset)),), chain=(), draw=())
        pairs = posterior.spread(self.dataset, count)
        changes = {
            (chain, draw): self._without_typed(posterior.world_change(self.dataset, chain=chain, draw=draw))
            for chain, draw in dict.fromkeys(pairs)
        }
        levels = {
            name: tuple(float(self.dataset[name].values[pair]) for pair in pairs)
            for name in ("level_log_sd", "level_rho")
            if name in self.dataset
        }
        return Worlds(
            changes=tuple(changes[pair] for pair in pairs),
            chain=tuple(chain for chain, _ in pairs),
            draw=tuple(draw for _, draw in pairs),
            **levels,
        )

    def _without_typed(self, change: SetNumbers) -> SetNumbers:
        return SetNumbers(values=tuple(pair for pair in change.values if not is_in(pair[0], self.typed)))


def choose(
    world: World,
    *,
    calibration: Calibration,
    asked: bool,
    given: xr.Dataset | None = None,
    replaced: tuple[str, ...] = (),
) -> ChosenPosterior:
    """Choose the posterior for a run of a world.

    A posterior belongs to one world, year, reading and set of assumed numbers. If none of the calibration's posteriors
    matches the world, and none was requested, the assumed numbers are used, and a note says so.

    Parameters
    ----------
    world
        World of the run; its identity gives its tables and the typed arguments.
    calibration
        Calibration: the origin of uncertain numbers.
    asked
        Whether a posterior was requested, so one must be found.
    given
        Posterior to use instead of the one named by the calibration.
    replaced
        Numbers set by the run in addition to those of the world's identity.

    Raises
    ------
    ValueError
        If the given or requested posterior belongs to another world.
    """
    typed = (*world.identity.numbers, *replaced)
    if given is not None:
        differs = difference(given, world, typed=typed)
        if differs is not None:
            raise ValueError(f"posterior must be that of the world, with {differs[0]}, got {differs[1]}")
        return ChosenPosterior(calibration=calibration, dataset=given, typed=typed, note="")
    if calibration.numbers == "prior":
        return ChosenPosterior(calibration=calibration, dataset=None, typed=typed, note="")
    near = None
    for file in _files(calibration, reading=world.identity.reading):
        dataset = _opened(file, file.stat().st_mtime_ns)
        differs = difference(dataset, world, typed=typed)
        if differs is None:
            return ChosenPosterior(calibration=calibration, dataset=dataset, typed=typed, note="")
        if dataset.attrs["world"] == world.name:
            near = near or differs
    of = _described(world)
    why = "" if near is None else f" ({near[0]}; there is one with {near[1]})"
    if asked:
        rule = "be that of a world and reading with a posterior, which study=calibrate makes"
        raise ValueError(f"calibration={calibration.name} must {rule}, got {of}{why}")
    note = f"There is no posterior of {of}{why}: the assumed numbers are used as they stand."
    return ChosenPosterior(calibration=calibration, dataset=None, typed=typed, note=note, near=near is not None)


def _described(world: World) -> str:
    """A world as requested, in words of the command."""
    read = world.identity.reading
    chosen = [word for word in world.identity.typed if word.startswith(("world.", "inspection="))]
    return " ".join((f"world={world.name}", *([f"reading={read}"] if read not in ("", NONE) else []), *chosen))


@lru_cache(maxsize=2)
def _opened(path: Path, stamp: int) -> xr.Dataset:
    """Posterior of a file, cached for the jobs of a process."""
    from flowsim.calibration import posterior

    return posterior.open_posterior(path)


def _files(found: Calibration, *, reading: str) -> Iterator[Path]:
    """Candidate posterior files: the user's own by path, else by name for the reading, each of its parts, or none.

    Raises
    ------
    ValueError
        If the user's own file does not exist.
    """
    if not found.posterior:
        return
    own = Path(found.posterior)
    if own.suffix == ".nc" or own.is_dir():
        from flowsim.calibration.posterior import POSTERIOR

        file = own / POSTERIOR if own.is_dir() else own
        rule = f"name a file of a posterior, or a folder with a {POSTERIOR}"
        checks.require(file.is_file(), thing="calibration.posterior", rule=rule, value=found.posterior)
        yield file
        return
    for name in dict.fromkeys((reading, *reading.split("+"), DEFAULT)):
        suffix = "" if name in ("", NONE, DEFAULT) else f"-{name}"
        named = find(f"{found.posterior}{suffix}.nc", folders=found.folders)
        if named is not None:
            yield named
