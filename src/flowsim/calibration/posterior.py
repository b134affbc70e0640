"""Posterior as a Dataset: draws of the parameters, of derived quantities, and of the numbers of worlds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from flowsim import checks
from flowsim.calibration.identity import IDENTIFYING
from flowsim.calibration.priors import values
from flowsim.results import files
from flowsim.results.coordinates import describe
from flowsim.results.folders import POSTERIOR as POSTERIOR
from flowsim.simulation.assumed import SetNumbers
from flowsim.units import KG_PER_TONNE

if TYPE_CHECKING:  # a run reads posteriors without the compiled likelihood or the sampler
    from flowsim.calibration.inversion import Solved
    from flowsim.calibration.model import Model
    from flowsim.calibration.population_model import PopulationModel
    from flowsim.calibration.sampler import Sample

Floats = npt.NDArray[np.float64]

DIMS = ("chain", "draw")
"""Dims of all variables."""

WORLD = "world_"
"""Prefix of the numbers that make the world of a draw."""

DERIVED: Mapping[str, tuple[str, str]] = {
    "seized": ("kg/year", "Mass seized in a mean year under the controls of the world."),
    "interdiction_rate": ("1", "Mass seized in a mean year over the flow of a mean year."),
    "log_likelihood": ("1", "Logarithm of the probability of all that was fitted."),
    "residual": ("1", "Largest relative difference of the world's masses from the drawn ones."),
}
"""Units and meaning of derived quantities."""

YES, PARTLY = 0.5, 0.2
"""Least contraction of a parameter identified by the reports, and of one partly identified [1]."""

KINDS = ("calibrated", "assumed")
"""Kinds of variables: informed by the reports, or nuisance parameters at their priors."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Draws of a posterior with their worlds."""

    model: Model | PopulationModel
    """Model."""

    sample: Sample
    """Draws of the parameters."""

    chosen: npt.NDArray[np.int64]
    """Positions in each chain of the draws with solved worlds, dims (draw,)."""

    solved: Sequence[Sequence[Solved]]
    """Worlds of these draws, by chain."""

    point: Solved
    """World of the posterior median."""

    calibrated: tuple[str, ...]
    """Names of the calibrated numbers of worlds; the others are nuisance parameters."""


def contraction(sample: Sample) -> Floats:
    """Posterior contraction: share of the prior variance of each score removed by the reports, dims (parameter,) [1].

    Scores are standard normal under the prior, so it is 1 minus their variance.
    """
    flat = sample.scores.reshape(-1, sample.scores.shape[2])
    return np.asarray(1.0 - flat.var(axis=0), dtype=np.float64)


def directions(sample: Sample) -> Floats:
    """Contraction along the principal directions of the posterior, in descending order, dims (parameter,) [1]."""
    flat = sample.scores.reshape(-1, sample.scores.shape[2])
    return np.asarray(1.0 - np.linalg.eigvalsh(np.cov(flat.T)), dtype=np.float64)


def identified(share: float) -> str:
    """Whether reports identify a parameter: yes, partly or no.

    Parameters
    ----------
    share
        Its contraction [1].
    """
    return "yes" if share > YES else "partly" if share > PARTLY else "no"


def to_dataset(draws: Draws, *, attributes: Mapping[str, str]) -> xr.Dataset:
    """Posterior as a Dataset, without the draws of refused worlds.

    Parameters
    ----------
    draws
        Draws with their worlds.
    attributes
        Title, version, seed and so on.

    Raises
    ------
    ValueError
        If all draws of a chain are refused.
    """
    model, sample = draws.model, draws.sample
    kept = [[k for k, solved in enumerate(chain) if not solved.refused] for chain in draws.solved]
    count = min(len(chain) for chain in kept)
    refused = [solved.refused for chain in draws.solved for solved in chain if solved.refused]
    rule = "leave at least one draw in each chain whose world can produce it"
    checks.require(count > 0, thing="the efforts", rule=rule, value=refused[0] if refused else count)
    index = np.array([chain[:count] for chain in kept])
    chain = np.arange(len(index))[:, None]
    drawn = draws.chosen[index]
    found = values(model.priors, sample.scores[chain, drawn])
    share = contraction(sample)
    variables: dict[str, tuple[tuple[str, ...], Floats, dict[str, str | float]]] = {}
    for k, (name, prior) in enumerate(model.priors.items()):
        low, middle, high = prior.interval()
        variables[name] = (
            DIMS,
            found[name],
            {
                **{"units": prior.unit, "long_name": prior.title, "kind": "calibrated", "source": prior.source},
                **{"prior_low": low, "prior_median": middle, "prior_high": high, "family": prior.family},
                **{"contraction": float(share[k]), "identified": identified(float(share[k]))},
                **{"rhat": float(sample.rhat[k]), "ess": float(sample.ess[k])},
            },
        )
    seized = np.sum(list(model.setting.kilograms(found).values()), axis=0)
    worlds = [[draws.solved[c][k] for k in row] for c, row in enumerate(index)]
    derived = {
        "seized": seized,
        "interdiction_rate": seized / (KG_PER_TONNE * found["inflow"]),
        "log_likelihood": sample.log_likelihood[chain, drawn],
        "residual": np.array([[solved.residual for solved in row] for row in worlds]),
    }
    for name, numbers in derived.items():
        units, meaning = DERIVED[name]
        variables[name] = (DIMS, numbers, {"units": units, "long_name": meaning, "kind": "calibrated"})
    for name in worlds[0][0].numbers:
        kind = "calibrated" if name in draws.calibrated else "assumed"
        numbers = np.array([[solved.numbers.get(name, np.nan) for solved in row] for row in worlds])
        attrs: dict[str, str | float] = {"units": "as in the world", "kind": kind, "sets": name}
        variables[variable_of(name)] = (DIMS, numbers, {**attrs, "long_name": f"{name} of the world of a draw"})
    dataset = xr.Dataset(
        {name: (dims, numbers.astype(np.float32), attrs) for name, (dims, numbers, attrs) in variables.items()},
        coords={"chain": np.arange(len(index)), "draw": np.arange(count)},
    )
    total = sum(len(chain) for chain in draws.solved)
    dataset.attrs.update(
        attributes,
        point=json.dumps(dict(draws.point.numbers)),
        drawn=str(total),
        refused=str(len(refused)),
        why_refused="; ".join(sorted(set(refused))),
        directions=" ".join(f"{one:.3f}" for one in directions(sample)),
        worst_rhat=f"{sample.rhat.max():.4f}",
        least_ess=f"{sample.ess.min():.0f}",
    )
    check(dataset)
    return describe(dataset)


def variable_of(name: str) -> str:
    """Variable name of a number of the world.

    Parameters
    ----------
    name
        Name of the number, as in `SetNumbers`.
    """
    return WORLD + "".join(sign if sign.isalnum() else "_" for sign in name.partition(":")[2])


def check(dataset: xr.Dataset) -> None:
    """Refuse a Dataset that is no posterior.

    Raises
    ------
    ValueError
        If a variable lacks its dims, units, meaning or kind, or a required variable is missing.
    """
    for name, array in dataset.data_vars.items():
        checks.require(
            array.dims == DIMS, thing=f"posterior variable '{name}'", rule=f"have dims {DIMS}", value=array.dims
        )
        for attribute in ("units", "long_name", "kind"):
            value = array.attrs.get(attribute, "")
            checks.require(bool(value), thing=f"posterior variable '{name}': {attribute}", rule="be given", value=value)
        checks.known(str(array.attrs["kind"]), KINDS, thing=f"posterior variable '{name}': kind")
    for name in (*DERIVED, "inflow"):
        checks.known(name, [str(known) for known in dataset.data_vars], thing="a variable of every posterior")
    for name in (*IDENTIFYING, "point"):
        rule = "be given, as in what study=calibrate of this version writes"
        checks.require(name in dataset.attrs, thing=f"posterior attribute '{name}'", rule=rule, value=None)


def save(dataset: xr.Dataset, path: Path) -> Path:
    """Write a posterior to netCDF4, whole or not at all.

    Parameters
    ----------
    dataset
        Posterior.
    path
        File to write.
    """
    check(dataset)
    return files.write(dataset, path)


def open_posterior(path: str | Path) -> xr.Dataset:
    """Open a posterior.

    Parameters
    ----------
    path
        The file, or the folder with `posterior.nc`.

    Returns
    -------
    Dataset
        Dims (chain, draw); see `docs/calibration.md`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is no posterior.
    """
    file = Path(path)
    file = file / POSTERIOR if file.is_dir() else file
    dataset = files.read(file, name=POSTERIOR)
    check(dataset)
    return describe(dataset)


def world_change(dataset: xr.Dataset, *, chain: int, draw: int) -> SetNumbers:
    """Change of a world into that of a draw.

    Parameters
    ----------
    dataset
        Posterior.
    chain, draw
        Chain and draw, by position.
    """
    # Variables and not arrays, whose coordinates xarray would put together anew for each number of each draw.
    numbers = {
        str(own.attrs["sets"]): float(own.values[chain, draw])
        for own in dataset.variables.values()
        if "sets" in own.attrs
    }
    return SetNumbers(values=tuple(numbers.items()))


def point_change(dataset: xr.Dataset) -> SetNumbers:
    """Change of a world into that of the posterior median."""
    numbers = json.loads(dataset.attrs["point"])
    return SetNumbers(values=tuple((str(name), float(value)) for name, value in numbers.items()))


def spread(dataset: xr.Dataset, count: int) -> list[tuple[int, int]]:
    """Positions (chain, draw) of a number of draws, chains in turn; beyond the last draw they start over.

    Parameters
    ----------
    dataset
        Posterior.
    count
        Number of draws.
    """
    chains, draws = dataset.sizes["chain"], dataset.sizes["draw"]
    return [(k % chains, k // chains % draws) for k in range(count)]
