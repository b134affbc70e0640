"""From the configuration to what is calibrated, and from a posterior to the worlds that a run simulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from flowsim import checks, studies
from flowsim.config.build import build_world
from flowsim.config.calibration import Calibration, build_calibration, find
from flowsim.config.compose import compose_config, folders_of
from flowsim.config.options import conf_dir
from flowsim.intervals import SetNumbers
from flowsim.readings import DEFAULT, Reading, label
from flowsim.studies.request import CalibrationRequest, Worlds
from flowsim.world import World

if TYPE_CHECKING:
    import xarray as xr

KEPT = ("inspection", "reading", "inflow")
"""Arguments of a command that hold for the worlds of other years too."""


def request_of(config: DictConfig, *, hydra: Any, typed: Sequence[str], workers: int) -> CalibrationRequest:
    """What a configuration asks to be calibrated.

    Parameters
    ----------
    config
        Composed configuration.
    hydra
        Its `hydra` node.
    typed
        Arguments of the command.
    workers
        Processes that share the work.

    Raises
    ------
    ValueError
        If the file of the calibration is refused.
    """
    found = build_calibration(config, folders=folders_of(hydra))
    return CalibrationRequest(
        reported=found.reported,
        areas=found.areas,
        priors=found.priors,
        in_year=partial(world_in_year, hydra=hydra, typed=typed),
        workers=workers,
    )


def world_in_year(year: int, name: str, *, hydra: Any, typed: Sequence[str]) -> World:
    """World with the controls of a year.

    Parameters
    ----------
    year
        Calendar year.
    name
        Name of the world whose tables hold; empty for that of the command.
    hydra
        The `hydra` node of the configuration of the command.
    typed
        Arguments of the command.
    """
    kept = [word for word in typed if word.lstrip("+~").partition("=")[0].partition(".")[0] in KEPT]
    folders = folders_of(hydra)
    extra = [folder for folder in folders if folder != conf_dir()]
    chosen = name or str(hydra.runtime.choices.world)
    composed = compose_config([f"world={chosen}", *kept], config_dir=extra[0] if extra else None)
    composed.world.year = year
    return build_world(composed, folders=folders)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The posterior that a run uses, if it uses one."""

    calibration: Calibration
    """What the configuration says."""

    dataset: xr.Dataset | None
    """The posterior; nothing if the assumed numbers are used as they stand."""

    typed: tuple[str, ...]
    """Numbers that were typed, as in `SetNumbers`; no draw sets them."""

    note: str
    """What is to be said of the choice, empty if nothing."""

    @property
    def name(self) -> str:
        """Name of the calibration whose numbers are used."""
        return self.calibration.name if self.dataset is not None else "prior"

    def worlds(self, count: int | None) -> Worlds | None:
        """Worlds of the first draws, or of the middle of the posterior; nothing for the assumed numbers.

        Parameters
        ----------
        count
            How many draws; nothing for the middle.
        """
        if self.dataset is None:
            return None
        from flowsim.calibration import posterior

        if count is None or self.calibration.numbers == "point":
            return Worlds(changes=(self._without_typed(posterior.point_change(self.dataset)),), chain=(), draw=())
        pairs = posterior.spread(self.dataset, count)
        changes = (posterior.world_change(self.dataset, chain=chain, draw=draw) for chain, draw in pairs)
        return Worlds(
            changes=tuple(map(self._without_typed, changes)),
            chain=tuple(chain for chain, _ in pairs),
            draw=tuple(draw for _, draw in pairs),
        )

    def _without_typed(self, change: SetNumbers) -> SetNumbers:
        kept = (
            (name, value)
            for name, value in change.values
            if not any(name == word or name.startswith(f"{word}.") for word in self.typed)
        )
        return SetNumbers(values=tuple(kept))


def choose(config: DictConfig, *, hydra: Any, typed: Sequence[str], readings: Sequence[Reading]) -> Chosen:
    """Posterior that a run uses.

    One that comes with flowsim holds for one world and one reading; a reading that changes no table adds nothing.
    Where there is none for the world and reading of a run, and nothing was typed of the calibration, the assumed
    numbers are used, and a note says so.

    Parameters
    ----------
    config
        Composed configuration.
    hydra
        Its `hydra` node.
    typed
        Arguments of the command.
    readings
        Readings that are about the world.

    Raises
    ------
    ValueError
        If the posterior that was asked for does not exist or is of another world or reading.
    """
    found = build_calibration(config, folders=folders_of(hydra))
    keys = [word.lstrip("+~").partition("=")[0] for word in typed]
    set_by_hand = tuple(
        "parameters:inflow" if key == "inflow" else key.replace("inspection.", "inspection:", 1)
        for key in keys
        if key == "inflow" or key.startswith("inspection.")
    )
    made = partial(Chosen, calibration=found, typed=set_by_hand)
    if found.numbers == "prior":
        return made(dataset=None, note="")
    reading, world = label(readings), str(config.world.name)
    acting = [one for one in readings if one.overlays]
    names = [reading, label(acting) if acting else DEFAULT] if readings else [reading]
    for name in dict.fromkeys(names):
        path = _file(found, reading=name)
        if path is not None and "inspection" not in keys:
            dataset = _opened(path, path.stat().st_mtime_ns)
            if (dataset.attrs["world"], dataset.attrs["reading"]) == (world, name):
                return made(dataset=dataset, note="")
    what = f"world={world}" + (f" with reading={reading}" if readings else "")
    what += " with another inspection=" if "inspection" in keys else ""
    asked = any(key in ("calibration", "calibration.posterior") for key in keys)
    asked = asked or (config.draws not in (None, 1) and str(config.study.name) not in studies.DRAWS)
    if asked:
        rule = "be that of a world and reading with a posterior, which study=calibrate makes"
        raise ValueError(f"calibration={found.name} must {rule}, got {what}")
    note = f"There is no posterior of {what}: the assumed numbers are used as they stand."
    return made(dataset=None, note=note)


@lru_cache(maxsize=2)
def _opened(path: Path, stamp: int) -> xr.Dataset:
    """Posterior of a file, which a process reads once however many jobs it does."""
    from flowsim.calibration import posterior

    return posterior.open_posterior(path)


def _file(found: Calibration, *, reading: str) -> Path | None:
    """File of the posterior for a reading: one of one's own by its path, else by its name.

    Raises
    ------
    ValueError
        If one's own is not there.
    """
    if not found.posterior:
        return None
    own = Path(found.posterior)
    if own.suffix == ".nc" or own.is_dir():
        from flowsim.calibration.posterior import POSTERIOR

        file = own / POSTERIOR if own.is_dir() else own
        rule = f"name a file of a posterior, or a folder with a {POSTERIOR}"
        checks.require(file.is_file(), thing="calibration.posterior", rule=rule, value=found.posterior)
        return file
    suffix = "" if reading in ("", "none", DEFAULT) else f"-{reading}"
    return find(f"{found.posterior}{suffix}.nc", folders=found.folders)
