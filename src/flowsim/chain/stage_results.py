"""Posterior of a chain as a Dataset, and the tables made from it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import logit

from flowsim.calibration.diagnostics import bulk_ess, rhat
from flowsim.calibration.priors import FIFTH
from flowsim.calibration.sampler import Sample
from flowsim.chain.marginal import FATES, fates
from flowsim.chain.regional_facts import said_of
from flowsim.chain.stage_model import ChainModel
from flowsim.chain.stages import Floats, RouteChain, named, off_route

CHAIN = "chain.nc"
"""Name of the file of a posterior."""

LEARNT = (0.5, 0.2)
"""Least contraction of a parameter that is identified, and of one that is so in part [1]."""

MEANINGS: Mapping[str, tuple[str, str]] = {
    "inflow": ("kg/year", "Heroin received by a stage."),
    "seized": ("kg/year", "Heroin seized in a stage, of what was bound for the chain."),
    "rate": ("1", "Share of the inflow that is seized."),
    "consumed": ("kg/year", "Heroin consumed in a stage."),
    "off_route": ("kg/year", "Heroin that leaves the chain beside its end."),
    "passed": ("kg/year", "Heroin passed on by a stage; what is left over at the last."),
    "fate_share": ("1", "What would have become of a kilogram that was stopped in a stage."),
    "seized_later": ("1", "Part of a kilogram stopped that would have been seized in a later stage."),
}
"""Units and meaning of the variables."""

DIMS = ("chain", "draw", "stage", "year")
"""Dims of a mass."""


def to_dataset(model: ChainModel, sample: Sample, *, seed: int, attributes: Mapping[str, str]) -> xr.Dataset:
    """Posterior with masses, rates and marginal effects.

    Parameters
    ----------
    model
        Model of the chain.
    sample
        Draws of its parameters.
    seed
        Seed of the levels of the rates.
    attributes
        Attributes of the file.

    Returns
    -------
    Dataset
        Dims (chain, draw, stage, year, fate, later, parameter).
    """
    chain, scores = model.chain, sample.scores
    drawn = model.drawn(scores)
    followed, shares = model.follow(scores, drawn)
    after, later = fates(followed.rate, shares)
    masses = {
        "inflow": followed.inflow,
        "seized": followed.seized,
        "rate": followed.rate,
        "consumed": followed.consumed,
        "off_route": off_route(followed, shares),
        "passed": followed.passed,
        "fate_share": after,
        "seized_later": later,
    }
    ends = {"fate_share": ("fate",), "seized_later": ("later",)}
    variables: dict[str, tuple[tuple[str, ...], npt.NDArray[np.floating], dict[str, str]]] = {
        name: ((*DIMS, *ends.get(name, ())), array.astype(np.float32), _attributes(*MEANINGS[name]))
        for name, array in masses.items()
    }
    levels = model.levels(scores, rng=np.random.default_rng([seed, len(model.names)]))
    found = {**drawn, **levels}
    parameters = tuple(chain.priors)
    units = [chain.priors[name].unit for name in parameters]
    values = np.stack([found[name] for name in parameters], axis=-1)
    meaning = _attributes("that of `parameter_unit`", "Parameters with a prior of their own.")
    variables["parameter_value"] = (("chain", "draw", "parameter"), values, meaning)
    facts = np.stack([said_of(fact, chain, followed, shares) for fact in chain.facts], axis=-1)
    variables["fact_value"] = (("chain", "draw", "fact"), facts, _attributes("1", "What the chain says of a fact."))
    coordinates = {
        "chain": np.arange(scores.shape[0]),
        "draw": np.arange(scores.shape[1]),
        "stage": list(chain.stages),
        "year": list(chain.years),
        "fate": list(FATES),
        "later": list(chain.stages),
        "parameter": list(parameters),
        "parameter_unit": ("parameter", units),
        "fact": [fact.key for fact in chain.facts],
    }
    diagnosed = [found[named("rate", stage)] for stage in chain.stages]
    worst = max(float(sample.rhat.max()), *(rhat(level) for level in diagnosed))
    least = min(float(sample.ess.min()), *(bulk_ess(level) for level in diagnosed))
    notes: dict[str, str | float] = {**attributes, "worst_rhat": round(worst, 4), "least_ess": round(least)}
    notes["accepted"] = round(sample.accepted, 3)
    return xr.Dataset(variables, coords=coordinates, attrs=notes)


def _attributes(units: str, meaning: str) -> dict[str, str]:
    return {"units": units, "long_name": meaning, "kind": "calibrated"}


def _ends(array: xr.DataArray) -> dict[str, xr.DataArray]:
    found = array.quantile([0.05, 0.5, 0.95], ("chain", "draw"))
    return {name: found.isel(quantile=at, drop=True) for at, name in enumerate(("q05", "median", "q95"))}


def rate_table(dataset: xr.Dataset, chain: RouteChain) -> pd.DataFrame:
    """Reports, rates and masses of each stage and year, with 90 % credible intervals.

    Parameters
    ----------
    dataset
        Posterior, as from `to_dataset`.
    chain
        Its chain.
    """
    parts = {
        f"{name}_{end}": value
        for name in ("rate", "inflow", "seized", "consumed")
        for end, value in _ends(dataset[name]).items()
    }
    table = xr.Dataset(parts).to_dataframe().reset_index()
    places = zip(table["stage"].tolist(), table["year"].tolist(), strict=True)
    totals = [chain.reported[stage].get(year, np.nan) for stage, year in places]
    table.insert(2, "reported_kg", totals)
    order = {stage: at for at, stage in enumerate(chain.stages)}
    return table.sort_values(
        ["stage", "year"], key=lambda column: column.map(order) if column.name == "stage" else column
    )


def marginal_table(dataset: xr.Dataset, *, year: int) -> pd.DataFrame:
    """Fate of a kilogram that is stopped in each stage, had it not been, with 90 % credible intervals.

    Parameters
    ----------
    dataset
        Posterior, as from `to_dataset`.
    year
        Calendar year.
    """
    array = dataset["fate_share"].sel(year=year)
    table = xr.Dataset(_ends(array.drop_vars("year"))).to_dataframe().reset_index()
    order = {name: at for at, name in enumerate(dataset["stage"].values)}
    fate = {name: at for at, name in enumerate(FATES)}
    table = table.sort_values(["stage", "fate"], key=lambda column: column.map({**order, **fate}))
    return table.assign(year=year)[["stage", "year", "fate", "q05", "median", "q95"]]


def parameter_table(dataset: xr.Dataset, chain: RouteChain) -> pd.DataFrame:
    """Parameters with prior, posterior, contraction and kind.

    A parameter is calibrated if the totals take at least a fifth of the prior variance away on the scale on which the
    prior is normal; otherwise it stays assumed.

    Parameters
    ----------
    dataset
        Posterior, as from `to_dataset`.
    chain
        Its chain.
    """
    rows = []
    for name, prior in chain.priors.items():
        draws: Floats = dataset["parameter_value"].sel(parameter=name).values
        low, middle, high = prior.interval()
        q05, median, q95 = np.quantile(draws, [0.05, 0.5, 0.95])
        to = np.log if prior.family == "lognormal" else logit
        sd = float(to(high) - to(low)) / (2 * FIFTH)
        gained = 1 - float(to(draws).var()) / sd**2
        word = "yes" if gained >= LEARNT[0] else "partly" if gained >= LEARNT[1] else "no"
        kind = "assumed" if word == "no" else "calibrated"
        rows.append((name, prior.unit, low, middle, high, q05, median, q95, gained, word, kind, prior.source))
    columns = ["parameter", "unit", "prior_q05", "prior_median", "prior_q95", "q05", "median", "q95"]
    return pd.DataFrame(rows, columns=[*columns, "contraction", "identified", "kind", "source"])


def fact_table(dataset: xr.Dataset, chain: RouteChain) -> pd.DataFrame:
    """Regional facts as printed, and what the chain says of them.

    Parameters
    ----------
    dataset
        Posterior, as from `to_dataset`.
    chain
        Its chain.
    """
    rows = []
    for fact in chain.facts:
        draws = dataset["fact_value"].sel(fact=fact.key).values
        q05, median, q95 = np.quantile(draws, [0.05, 0.5, 0.95])
        within = float(np.mean((draws >= fact.low) & (draws <= fact.high)))
        rows.append(
            (fact.key, fact.use, fact.value, fact.low, fact.high, q05, median, q95, within, fact.kind, fact.source)
        )
    columns = ["fact", "use", "value", "low", "high", "q05", "median", "q95", "probability_within"]
    return pd.DataFrame(rows, columns=[*columns, "kind", "source"])
