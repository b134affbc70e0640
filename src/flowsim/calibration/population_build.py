"""Model of two populations from the rows of a table of reported seizures and single seizures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from flowsim import checks
from flowsim.calibration import opium
from flowsim.calibration.abroad import CLOSENESS, Abroad
from flowsim.calibration.data import Reported, remainder
from flowsim.calibration.harvests import ELASTICITY, Harvests
from flowsim.calibration.opium import OpiumTotals
from flowsim.calibration.population_model import PopulationModel
from flowsim.calibration.population_setting import GroupSum, PopulationSetting, exposure, needed, sum_of, windows
from flowsim.calibration.priors import Priors
from flowsim.calibration.singles import Singles
from flowsim.world.traffic import HEROIN, OPIUM


def build(
    rows: Mapping[str, Reported],
    *,
    setting: PopulationSetting,
    priors: Priors,
    seen: Sequence[Singles] = (),
    beyond: Sequence[Abroad] = (),
    harvests: Harvests | None = None,
) -> PopulationModel:
    """Model of the fitted rows of a table of reported seizures and of single seizures.

    Parameters
    ----------
    rows
        Rows of the table by key.
    setting
        Areas, entries and years.
    priors
        Priors of the parameters; those of others are left out.
    seen
        Single seizures, by year.
    beyond
        Single seizures beyond the exits, by year.
    harvests
        Harvests behind the flow of a year; None if the flow has no covariate.

    Raises
    ------
    ValueError
        If a prior is missing, no route of the world can produce a row, or a drug is held out and not fitted.
    """
    chosen = tuple(row for row in rows.values() if row.use == "fit")
    known = {row.drug for row in chosen}
    for row in rows.values():
        checks.known(row.drug, sorted(known), thing=f"{row.where}: a drug with fitted totals")
        rule = "be the total of the whole country and year in kg, unless it is of heroin"
        checks.require(row.drug == HEROIN or row.is_annual_total, thing=row.where, rule=rule, value=row.key)
    further = (
        *([CLOSENESS] if beyond else []),
        *([ELASTICITY] if harvests else []),
        *(opium.PARAMETERS if OPIUM in known else ()),
    )
    used = (*needed(setting), *further)
    for name in used:
        checks.known(name, list(priors), thing="a parameter with a prior")
    kept = {name: priors[name] for name in used}
    return of(chosen, rows=rows, setting=setting, priors=kept, seen=seen, beyond=beyond, harvests=harvests)


def of(
    chosen: Sequence[Reported],
    *,
    rows: Mapping[str, Reported],
    setting: PopulationSetting,
    priors: Priors,
    seen: Sequence[Singles],
    beyond: Sequence[Abroad] = (),
    harvests: Harvests | None = None,
) -> PopulationModel:
    """Model of some rows.

    Parameters
    ----------
    chosen
        The rows, those of opium among them.
    rows
        All rows of the table by key.
    setting, priors, seen, beyond, harvests
        As for `build`.
    """
    sums: list[GroupSum] = []
    of_row, printed, seen_by_row = [], [], []
    heroin, beside = ([row for row in chosen if row.drug == drug] for drug in (HEROIN, OPIUM))
    totals = tuple(row.value for row in beside if row.value is not None)
    for row in heroin:
        first = exposure(row, rows=rows, setting=setting)
        both = [windows(row, rows=rows, setting=setting)]
        index = [len(sums)]
        sums.append(sum_of(row, first, setting=setting))
        if row.unit == "1":
            whole = exposure(rows[row.of], rows=rows, setting=setting)
            rule = "be about a part of its whole and not all of it"
            checks.require(first.keys() < whole.keys(), thing=f"{row.where}: of", rule=rule, value=row.of)
            rest = {cell: times for cell, times in whole.items() if cell not in first}
            index.append(len(sums))
            sums.append(sum_of(row, rest, setting=setting))
            both.append(windows(rows[row.of], rows=rows, setting=setting))
        left = remainder(row, rows)
        of_row.append((index[0], index[-1]))
        printed.append(math.nan if left is None else left)
        seen_by_row.append(tuple(both))
    return PopulationModel(
        setting=setting,
        priors=priors,
        rows=tuple(heroin),
        sums=tuple(sums),
        of_row=tuple(of_row),
        windows=tuple(seen_by_row),
        printed=tuple(printed),
        singles=tuple(seen),
        opium=OpiumTotals(rows=tuple(beside), printed=totals, maximum=setting.maximum) if beside else None,
        abroad=tuple(beyond),
        harvests=harvests,
    )
