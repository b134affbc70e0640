"""Effects of policies with intervals, as one long table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.comparison import paired
from flowsim.comparison.paired import BASELINE, HONEST, Floats

COLUMNS = ("policy", "quantity", "item", "unit", "level", "median", "mean", "q05", "q95", "mcse", "note")
"""Columns of the table of effects."""

GOLDEN = 0.6180339887498949
"""Fractional part of the golden ratio: its multiples spread evenly over [0, 1] in any number of draws [1]."""

SPLIT_BY = {
    "by_channel": "channel",
    "by_agency": "agency",
    "by_oblast": "oblast",
    "by_exit": "exit",
    "by_class": "route_class",
}
"""Quantities with a further dim."""

LEAVING = {"by_exit": "leaked by exit", "by_class": "leaked by route class"}
"""Names of the quantities leaving the country; the others are seized by their dim."""

PER_MILLION, PER_HOUR = "kg per million USD", "kg per honest hour"
"""Ratios."""

ACROSS_ZERO, UNKNOWN, TOO_FEW = "n/a: denominator may be 0", "n/a: cost unknown", "n/a: too few sets"
"""Notes on missing ratios."""

INFEASIBLE = "n/a: a post is above its capacity in every set"
"""Note on a policy that no set can staff."""

SAVED = "per unit saved, as the denominator falls"
"""Note on a ratio with a negative denominator."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Replacement cost of a consignment over its sale price, as an interval."""

    low: float
    """Lower end of the ratio [1]."""

    high: float
    """Upper end of the ratio [1]."""

    source: str
    """Source of both prices, in one line."""

    kind: str = "assumed"
    """Whether the ratio is reported or assumed."""

    def __post_init__(self) -> None:
        checks.sourced(self)
        checks.positive(self, "low")
        holds = self.low <= self.high < float("inf")
        checks.require(holds, thing="Prices.high", rule=f"be finite and at least low ({self.low:g})", value=self.high)

    def drawn(self, draws: int) -> Floats:
        """Ratios, one per draw, spread evenly on a logarithmic scale, in an order unrelated to anything else [1]."""
        uniform = np.mod((np.arange(draws) + 1) * GOLDEN, 1.0)
        found: Floats = self.low * (self.high / self.low) ** uniform
        return found


PRICES = Prices(
    low=1 / 7,
    high=1 / 2,
    source=(
        "lower end: up to 600 % put on between Central Asia and Russia, UNODC 2012, p. 85, as quoted by "
        "drugpolicyfacts.org and not seen by us; upper end: judgement"
    ),
)
"""Ratio for heroin crossing Kazakhstan."""


def risk_tax(rate: xr.DataArray, prices: Prices) -> xr.DataArray:
    """Risk tax: cost of losses to smugglers, in percent of the sale price.

    The loss rate times the replacement cost of a consignment over its price (Reuter and Kleiman, Risks and Prices,
    1986: a seizure costs the owner the replacement). Punishment and the time of couriers are left out.

    Parameters
    ----------
    rate
        Mass seized over mass entered, dims (policy, draw) [1].
    prices
        Replacement cost over price.

    Returns
    -------
    DataArray
        Dims (policy, draw) [%].
    """
    ratio = xr.DataArray(prices.drawn(rate.sizes["draw"]), dims="draw")
    return (100.0 * rate * ratio).assign_attrs(units="%")


def effects(results: xr.Dataset, *, prices: Prices | None = None) -> pd.DataFrame:
    """All effects of all policies but the baseline, paired with it by draw, year and traffic.

    Parameters
    ----------
    results
        Results of the comparison.
    prices
        Price ratio for the risk tax; without it, there is no risk tax.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`: median level under the policy, median and mean change, its 90 % credible interval over draws
        (over sets for honest traffic, cost and ratios; NaN if there are too few), and its Monte Carlo standard error
        from the finite number of simulated years, which is no part of the interval (NaN if unknown) [unit]. Sets in
        which a post is above its capacity are left out; if these are all, numbers are NaN and the note says so.

    Raises
    ------
    ValueError
        As for `paired.check`.
    """
    paired.check(results)
    rows: list[tuple[object, ...]] = []
    for name in map(str, results["policy"].values):
        if name != BASELINE:
            own = paired.pair_of(results, name)
            can = own.sizes["set"] > 0
            pair = own if can else results.sel(policy=[BASELINE, name])
            found = _of_pair(pair, name, str(paired.worst(pair)[name]), prices)
            rows += [(name, *(row if can else (*row[:3], *(np.nan,) * 6, INFEASIBLE))) for row in found]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _of_pair(results: xr.Dataset, name: str, worst: str, prices: Prices | None) -> list[Row]:
    """Rows of a policy, from the results of the baseline and its own."""
    levels = paired.levels(results)
    if prices is not None:
        levels["risk_tax"] = risk_tax(levels["rate"], prices)
    one, other = levels.sel(policy=name), paired.changes(levels).sel(policy=name)
    return [*_consignments(results, one, other, name), *_honest(one, other, worst=worst), *ratios(other)]


Row = tuple[str, str, str, float, float, float, float, float, float, str]


def _consignments(results: xr.Dataset, one: xr.Dataset, other: xr.Dataset, name: str) -> Iterator[Row]:
    """Rows on seizures, leakage and displacement."""
    masses = results["seized_mass"]
    pair = masses.sel(policy=name) - masses.sel(policy=BASELINE)
    error = paired.error_of_years(other["yearly"])
    yield _row("seized", "", one["seized"], other["seized"], error=error)
    yield _row("points of flow seized", "", 100.0 * one["rate"], other["points"], unit="points")
    errors = {"by_channel": pair.sum("agency"), "by_agency": pair.sum("channel")}
    for quantity, variable in (("by_exit", "leaked_mass"), ("by_class", "leaked_mass_by_class")):
        left = results[variable].fillna(0.0)
        errors[quantity] = left.sel(policy=name) - left.sel(policy=BASELINE)
    for quantity, dim in SPLIT_BY.items():
        for item in map(str, one[dim].values):
            years = errors[quantity].sel({dim: item}) if quantity in errors else None
            error = np.nan if years is None else paired.error_of_years(years)
            head = LEAVING.get(quantity, f"seized by {dim}")
            yield _row(head, item, one[quantity].sel({dim: item}), other[quantity].sel({dim: item}), error=error)
    yield from _displaced(one, other)
    yield _row("leaked from the evidence store", "", one["released"], other["released"])
    yield _row("entered", "", one["entered"], other["entered"])
    if "risk_tax" in one:
        yield _row("risk tax", "share of the price", one["risk_tax"], other["risk_tax"], unit="points")


def _displaced(one: xr.Dataset, other: xr.Dataset) -> Iterator[Row]:
    """Rows on leakage by mode, and on its displacement to other exits and classes of routes."""
    modes = [str(label).rpartition(" ")[2] for label in one["route_class"].values]
    of_mode = [array["by_class"].assign_coords(mode=("route_class", modes)) for array in (one, other)]
    level, change = (array.groupby("mode").sum("route_class") for array in of_mode)
    for mode in level["mode"].values:
        yield _row("leaked by mode", str(mode), level.sel(mode=mode), change.sel(mode=mode))
    for quantity, ways in (("by_exit", "exits"), ("by_class", "classes of routes")):
        dim = SPLIT_BY[quantity]
        before = one[quantity] - other[quantity]
        shares = [mass / mass.sum(dim).where(mass.sum(dim) > 0) for mass in (one[quantity], before)]
        moved = 50.0 * abs(shares[0] - shares[1]).sum(dim)
        yield _row(f"leaked through other {ways} than before", "", moved, moved, unit="% of what leaves")


def _honest(one: xr.Dataset, other: xr.Dataset, *, worst: str) -> Iterator[Row]:
    for name, (meaning, unit) in HONEST.items():
        item = worst if name == "worst_p95" else ""
        known = bool(other[name].notnull().all())
        yield _row(meaning, item, one[name], other[name], unit=unit, note="" if known else "unknown")


def _row(
    quantity: str,
    item: str,
    level: xr.DataArray,
    change: xr.DataArray,
    *,
    unit: str = "kg/year",
    error: float = np.nan,
    note: str = "",
) -> Row:
    mean, low, high = paired.interval(change)
    middle, level_middle = paired.middle_and_ends(change)[0], paired.middle_and_ends(level)[0]
    return quantity, item, unit, level_middle, middle, mean, low, high, error, note


def ratios(change: xr.Dataset) -> Iterator[Row]:
    """Rows on additional kilograms seized per million dollars and per honest hour, by set of assumed parameters.

    The mean is the mean numerator over the mean denominator, the median that of the sets' ratios. Cost is the cost
    of the policy plus the additional cost of fruitless searches and compensation. If the interval of the denominator
    contains 0, or sets are too few for one, there is no ratio; if it lies below 0, the ratio is per unit saved.

    Parameters
    ----------
    change
        Changes of one policy, as from `paired.changes`.
    """
    mass = paired.per_set(change["seized"])
    costs = {PER_MILLION: (change["policy_cost"] + change["compensation"]) / 1e6, PER_HOUR: change["hours"]}
    for quantity, cost in costs.items():
        unit = "kg/million USD" if quantity == PER_MILLION else "kg/h"
        middle, low, high = paired.interval(cost)
        if not np.isfinite(middle):
            yield quantity, "", unit, *(np.nan,) * 6, UNKNOWN
        elif np.isnan(low):
            yield quantity, "", unit, *(np.nan,) * 6, TOO_FEW
        elif low <= 0 <= high:
            yield quantity, "", unit, *(np.nan,) * 6, ACROSS_ZERO
        else:
            inside = np.abs(cost.where(np.sign(cost) == np.sign(middle)))
            values = (mass / inside).values
            ends = np.nanquantile(values, paired.QUANTILES).tolist() if paired.enough(cost) else (np.nan, np.nan)
            mean = float(mass.mean()) / abs(middle)
            note = SAVED if middle < 0 else ""
            yield quantity, "", unit, np.nan, float(np.nanmedian(values)), mean, *ends, np.nan, note
