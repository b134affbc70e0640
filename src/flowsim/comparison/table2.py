"""Table 2: one row for each policy, first the computed quantities, then the ones resting on assumptions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from flowsim.comparison import paired, power
from flowsim.comparison.assumptions import sensitivities
from flowsim.comparison.effects import PER_HOUR, PER_MILLION, PRICES, Prices, effects
from flowsim.comparison.paired import BASELINE, HONEST
from flowsim.comparison.ranking import superiority
from flowsim.comparison.variance import SOURCES, split

QUANTITIES = {
    **{name: meaning for name, (meaning, _) in HONEST.items()},
    "seized": "seized",
    "points": "points of flow seized",
    "per_million": PER_MILLION,
    "per_hour": PER_HOUR,
    "risk_tax": "risk tax",
    "moved": "leaked through other exits than before",
}
"""Columns of table 2 with an interval, and their names in the table of effects."""

LEAST_STATED = 10
"""Fewest draws with which an effect at the stated values is given [1]."""

UNMADE = {"median": np.nan, "mean": np.nan, "q05": np.nan, "q95": np.nan, "note": ""}
"""Placeholder for a quantity missing from a table of effects."""


def summary(
    results: xr.Dataset,
    *,
    prior: xr.Dataset | None = None,
    stated: xr.Dataset | None = None,
    prices: Prices = PRICES,
    table: pd.DataFrame | None = None,
    rests: pd.DataFrame | None = None,
    seen: power.Detectable | None = None,
) -> pd.DataFrame:
    """Table 2: policies by name.

    Parameters
    ----------
    results
        Results of the comparison.
    prior
        Results for draws from the prior.
    stated
        Results with the stated values of the levers.
    prices
        Price ratio for the risk tax.
    table, rests
        Tables of `effects` and `sensitivities`, if made already.
    seen
        What reports would show, for the years to detect; without it, they are NaN.

    Returns
    -------
    DataFrame
        A row per policy but the baseline: `adds`, its additions to the world, in words, and `posts`, added posts [1].
        `feasible`: share of the sets in which every post can do its work; all numbers are of these sets alone [1].
        For each of `QUANTITIES` the median change, as NAME_mean the mean, and as NAME_q05 and NAME_q95 its
        90 % credible interval, NaN if draws or sets are too few; NAME_note gives the reason of a missing ratio, or
        marks a ratio per unit saved.
        `stated`: median change of the mass seized with the stated values of the levers, NaN if a post is above its
        capacity with them or draws are below `LEAST_STATED`, and `stated_draws`, the number of draws [kg/year, 1].
        `seized_mcse`, Monte Carlo standard error from the finite number of years [kg/year]. `p` and `p_prior`, share
        of draws with more seized than under the baseline [1], and `draws`, `draws_prior`, their number. `years`,
        years_q05, years_q95: median over draws of the years to detect the effect, and their 5 and 95 % quantiles.
        `share_calibrated`, share_assumed, share_yearly: parts of the variance of a single year's effect [1], NaN if
        they cannot be separated, and `negative`, components with a negative estimate. `rests_on`, slope, swing,
        break_even: the most influential parameter. `against`, share of single years with an effect of the opposite
        sign to the mean [1]. `kind`: "assumed" if the policy has assumed parameters, else "calibrated".
    """
    long = effects(results, prices=prices) if table is None else table
    rests = sensitivities(results) if rests is None else rests
    rows = []
    for name in sorted(str(name) for name in results["policy"].values if name != BASELINE):
        row: dict[str, object] = {"policy": name, "kind": _kind(results, name), **_added(results, name)}
        row["feasible"] = float(paired.feasible_pair(results, name).mean())
        mine = long[long["policy"] == name].drop_duplicates("quantity").set_index("quantity")
        for short, quantity in QUANTITIES.items():
            found = mine.loc[quantity] if quantity in mine.index else pd.Series(UNMADE)
            row |= {short: found["median"], f"{short}_mean": found["mean"]}
            row |= {f"{short}_q05": found["q05"], f"{short}_q95": found["q95"]}
            if found["note"]:
                row[f"{short}_note"] = found["note"]
        row |= {"worst_post": mine.loc[QUANTITIES["worst_p95"], "item"], "seized_mcse": mine.loc["seized", "mcse"]}
        row["stated"], row["stated_draws"] = _as_stated(results if stated is None else stated, name)
        row["p"], row["draws"] = _superior(results, name)
        row["p_prior"], row["draws_prior"] = (np.nan, 0) if prior is None else _superior(prior, name)
        row |= _of_years(paired.pair_of(results, name), name, seen) | _rest(rests, name)
        rows.append(row)
    return pd.DataFrame(rows).pipe(_complete)


def _complete(table: pd.DataFrame) -> pd.DataFrame:
    """Table with columns for the notes of ratios, even if there are none."""
    for name in ("per_million_note", "per_hour_note", "policy_cost_note"):
        table[name] = table[name].fillna("") if name in table else ""
    return table


def _as_stated(stated: xr.Dataset, policy: str) -> tuple[float, int]:
    """Median change of the mass seized with the stated values of the levers, and the number of draws."""
    own = paired.pair_of(stated, policy)
    if own.sizes["draw"] < LEAST_STATED:
        return np.nan, own.sizes["draw"]
    change = paired.changes(paired.levels(own))["seized"].sel(policy=policy)
    return float(change.median()), own.sizes["draw"]


def _superior(results: xr.Dataset, policy: str) -> tuple[float, int]:
    """Share of the draws of feasible sets with more seized than under the baseline, and their number."""
    if policy not in results["policy"].values:
        return np.nan, 0
    own = paired.pair_of(results, policy)
    if not own.sizes["draw"]:
        return np.nan, 0
    seized = paired.levels(own)["seized"]
    return superiority(seized.sel(policy=policy), seized.sel(policy=BASELINE)), own.sizes["draw"]


def _of_years(own: xr.Dataset, policy: str, seen: power.Detectable | None) -> dict[str, object]:
    """Years to detect, parts of the variance, and years against the mean, from the pair with the baseline."""
    if not own.sizes["draw"]:
        missing = ("against", "years", "years_q05", "years_q95", *(f"share_{name}" for name in SOURCES), "sd")
        return {**dict.fromkeys(missing, np.nan), "negative": ""}
    levels = paired.levels(own)
    changes = paired.changes(levels)
    against = _against(changes["yearly"].sel(policy=policy).values)
    return {"against": against, **_years(levels, policy, seen), **_shares(own, changes, policy)}


def _against(yearly: npt.NDArray[np.float64]) -> float:
    """Share of single years with an effect of the opposite sign to the mean [1]."""
    mean = yearly.mean()
    return float((yearly * np.sign(mean) < 0).mean())


def _added(results: xr.Dataset, policy: str) -> dict[str, object]:
    """Additions of a policy to the world, if recorded in the results."""
    if "adds" not in results.coords:
        return {"adds": "", "posts": 0}
    own = results[["adds", "posts"]].sel(policy=policy)
    return {"adds": str(own["adds"].item()), "posts": int(own["posts"])}


def _kind(results: xr.Dataset, policy: str) -> str:
    names = [str(name) for name in results["parameter"].values]
    return "assumed" if paired.parameters_of(policy, names) else "calibrated"


def _years(levels: xr.Dataset, policy: str, seen: power.Detectable | None) -> dict[str, object]:
    """Years to detect the effect of each draw: their median and quantiles."""
    if seen is None:
        return {"years": np.nan, "years_q05": np.nan, "years_q95": np.nan}
    seized = levels["seized"]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = seized.sel(policy=policy).values / seized.sel(policy=BASELINE).values
    each = seen.needed(ratio, draws=levels["draw"].values)
    low, high = paired.QUANTILES
    names = {"years": 0.5, **({"years_q05": low, "years_q95": high} if paired.enough(seized) else {})}
    found = {name: float(np.quantile(each, at, method="inverted_cdf")) for name, at in names.items()}
    return {"years_q05": np.nan, "years_q95": np.nan, **found}


def _shares(results: xr.Dataset, changes: xr.Dataset, policy: str) -> dict[str, object]:
    """Parts of the variance, NaN if years, sets or draws per set are too few to separate them."""
    levers = _kind(results, policy) == "assumed"
    sets = results["set_of_draw"].values
    yearly = changes["yearly"].sel(policy=policy).transpose("draw", "replication").values
    each = len(sets) // results.sizes["set"] if levers else len(sets)
    if yearly.shape[1] < 2 or each < 2 or (levers and results.sizes["set"] < 2):
        return {**{f"share_{name}": np.nan for name in SOURCES}, "sd": np.nan, "negative": ""}
    found = split(yearly, sets, levers=levers)
    shares = {f"share_{name}": share for name, share in found.shares.items()}
    return {**shares, "sd": np.sqrt(found.total), "negative": " and ".join(found.negative)}


def _rest(rests: pd.DataFrame, policy: str) -> dict[str, object]:
    most = rests[(rests["policy"] == policy) & rests["most"].astype(bool)]
    if not len(most):
        return {"rests_on": "", "slope": np.nan, "swing": np.nan, "break_even": np.nan}
    row = most.iloc[0]
    names = {"rests_on": row["parameter"], "rests_low": row["low"], "rests_high": row["high"]}
    return {**names, **{name: row[name] for name in ("slope", "swing", "break_even")}}
