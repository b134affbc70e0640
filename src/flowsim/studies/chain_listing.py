"""A chain of countries as lines for the terminal: what goes in, and what was learnt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.calibration.sampler import LEAST_ESS, MOST_RHAT
from flowsim.chain.marginal import FATES
from flowsim.chain.stage_detail import TOLERANCE
from flowsim.chain.stage_numbers import numbers_of_chain
from flowsim.chain.stages import RouteChain, named
from flowsim.results.intervals import with_ends
from flowsim.studies.layout import paragraph
from flowsim.units import KG_PER_TONNE


@dataclass(frozen=True, kw_only=True)
class ChainFit:
    """Posterior of a chain with its tables and the detailed world of its stage."""

    chain: RouteChain
    """The chain."""

    dataset: xr.Dataset
    """Posterior."""

    rates: pd.DataFrame
    """Reports, rates and masses by stage and year."""

    marginal: pd.DataFrame
    """Fate of a kilogram stopped, in the base year."""

    parameters: pd.DataFrame
    """Parameters with prior, posterior and contraction."""

    facts: pd.DataFrame
    """Regional facts as printed and as the chain has them."""

    detail: pd.DataFrame
    """Masses of a stage and of its detailed world, side by side."""

    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables with six digits of each number, by the names of their files."""
        names = {"chain": self.rates, "marginal": self.marginal, "parameters": self.parameters}
        every = {**names, "facts": self.facts, "detail": self.detail}
        return {name: table.apply(_six_digits) for name, table in every.items()}


def _six_digits(column: pd.Series) -> pd.Series:
    return column.map(lambda value: float(f"{value:.6g}")) if column.dtype.kind == "f" else column


def fitted(found: ChainFit) -> Iterator[str]:
    """Lines of the tables of a fitted chain.

    Parameters
    ----------
    found
        The chain with its posterior.
    """
    chain, notes = found.chain, found.dataset.attrs
    count = found.dataset.sizes["chain"] * found.dataset.sizes["draw"]
    yield f"{chain.title}: {chain.years[0]} to {chain.years[-1]}, {count:,} draws"
    fine = notes["worst_rhat"] < MOST_RHAT and notes["least_ess"] > LEAST_ESS
    word = "converged" if fine else f"NOT CONVERGED: R-hat must be below {MOST_RHAT} and the size above {LEAST_ESS:g}"
    yield f"R-hat at most {notes['worst_rhat']}, effective sample size at least {notes['least_ess']:,.0f}: {word}"
    yield from _rates(found)
    yield from _marginal(found)
    yield from _learnt(found)
    yield from _facts(found)
    yield from _beside_each_other(found)


def _three(row: Mapping[Hashable, Any], name: str = "", *, scale: float = 1.0, digits: str = ".2g") -> str:
    """Median and 90 % credible interval of a row; nothing where there is none."""
    low, middle, high = (row[f"{name}_{end}" if name else end] * scale for end in ("q05", "median", "q95"))
    return "" if np.isnan(middle) else with_ends(middle, low, high, digits)


def _rates(found: ChainFit) -> Iterator[str]:
    """Rate of each stage in the base year and at both ends of the years, and masses of the base year."""
    chain = found.chain
    shown = [chain.years[0], chain.base_year, chain.years[-1]]
    yield from ("", "Share seized by year [%]: median (90 % credible interval)", "")
    yield f"{'stage':13}" + "".join(f"{year:>28}" for year in shown)
    table = {(row["stage"], row["year"]): row for row in found.rates.to_dict("records")}
    for stage in chain.stages:
        rates = (_three(table[stage, year], "rate", scale=100) for year in shown)
        yield f"{stage:13}" + "".join(f"{rate:>28}" for rate in rates)
    yield from ("", f"Heroin of {chain.base_year} [t]; reported: the annual total", "")
    yield f"{'stage':13}{'received':>24}{'seized':>24}{'consumed':>24}{'reported':>12}"
    for stage in chain.stages:
        now = table[stage, chain.base_year]
        masses = "".join(
            f"{_three(now, name, scale=1 / KG_PER_TONNE, digits='.3g'):>24}"
            for name in ("inflow", "seized", "consumed")
        )
        report = "none" if np.isnan(now["reported_kg"]) else f"{now['reported_kg'] / KG_PER_TONNE:.3g}"
        yield f"{stage:13}{masses}{report:>12}"


def _marginal(found: ChainFit) -> Iterator[str]:
    year = found.chain.base_year
    title = f"A kilogram stopped in a stage of {year} takes from the later ones [kg], if their rates stay"
    yield from ("", title, "", f"{'stopped in':13}" + "".join(f"{fate:>26}" for fate in FATES))
    table = {(row["stage"], row["fate"]): row for row in found.marginal.to_dict("records")}
    for stage in found.chain.stages:
        yield f"{stage:13}" + "".join(f"{_three(table[stage, fate]):>26}" for fate in FATES)


def _learnt(found: ChainFit) -> Iterator[str]:
    """Which parameters the totals teach, and which stay assumed."""
    yield from ("", "What the totals teach: contraction of the prior variance (parameters.csv has all)", "")
    for word in ("yes", "partly", "no"):
        rows = found.parameters[found.parameters["identified"] == word]
        names = "; ".join(f"{row.parameter} {row.contraction:.2f}" for row in rows.itertuples())
        head = {"yes": "identified: ", "partly": "in part: ", "no": "stays assumed: "}[word]
        yield from paragraph(names or "none", head=head)
    own = found.dataset.sel(year=found.chain.base_year)
    flow = np.log(own["inflow"].isel(stage=0).values.ravel())
    parts = (
        f"{stage} {np.corrcoef(flow, np.log(own['rate'].sel(stage=stage).values.ravel()))[0, 1] ** 2:.2f}"
        for stage in found.chain.stages
    )
    year = found.chain.base_year
    head = f"only flow times rate is seen; part of the variance of log rate in {year} that is the flow's: "
    yield from paragraph(", ".join(parts), head=head)


def _facts(found: ChainFit) -> Iterator[str]:
    yield from ("", "Facts about several stages, printed and in the chain (fitted, or only checked)", "")
    yield f"{'fact':26}{'use':>8}{'printed':>10}{'the chain':>28}{'within its bounds':>20}"
    for row in found.facts.to_dict("records"):
        inside = f"{row['probability_within']:.2f}"
        yield f"{row['fact']:26}{row['use']:>8}{row['value']:>10.3g}{_three(row):>28}{inside:>20}"


def _beside_each_other(found: ChainFit) -> Iterator[str]:
    chain = found.chain
    title = f"{chain.detail_stage} in {chain.base_year} as a stage, and world={chain.detail} with its inflow and rate"
    yield from ("", title, "", f"{'':25}{'stage':>34}{'detailed':>14}")
    for row in found.detail.to_dict("records"):
        unit = "%" if "rate" in row["quantity"] else "1" if "factor" in row["quantity"] else "kg"
        scale, digits = (1.0, ",.0f") if unit == "kg" else (100.0 if unit == "%" else 1.0, ".2g")
        stage, own = _three(row, scale=scale, digits=digits), f"{row['detailed'] * scale:{digits}}"
        yield f"{row['quantity']:20} {f'[{unit}]':4}{stage:>34}{own:>14}"
    yield from paragraph(
        f"the seized masses agree within {TOLERANCE:.1%}, since one factor on all detection is solved for that; "
        "the rate in a mean year is fitted apart, by other reports"
    )


def listed(chain: RouteChain) -> Iterator[str]:
    """Lines about a chain that is not fitted yet: stages, reports, branches, facts and kinds of numbers.

    Parameters
    ----------
    chain
        The chain.
    """
    yield f"{chain.title}: world {chain.name}, {chain.years[0]} to {chain.years[-1]}"
    yield f"valid; stages: {len(chain.stages)}, parameters: {len(chain.priors)}, facts: {len(chain.facts)}"
    yield from ("", "Stages: annual totals of heroin, and where the rest goes (prior median of the share)", "")
    for stage in chain.stages:
        known = chain.reported.get(stage, {})
        lacking = [str(year) for year in chain.years if year not in known]
        gaps = f", none for {', '.join(lacking)}" if lacking else ""
        yield from paragraph(f"{len(known)} reports{gaps}; {_ways(chain, stage)}", head=f"{stage:13}")
    yield from ("", "Provenance: numbers by kind (flowsim study=evidence lists them)", "")
    kinds = Counter(number.kind for number in numbers_of_chain(chain))
    yield "".join(f"{kind:>12}" for kind in checks.KINDS)
    yield "".join(f"{kinds[kind]:12,}" for kind in checks.KINDS)
    yield ""
    yield from paragraph(
        f"flowsim world={chain.name} fits the totals and prints rates and marginal effects; "
        f"world={chain.detail} is {chain.detail_stage} post by post"
    )


def _ways(chain: RouteChain, stage: str) -> str:
    ends = chain.branches.get(stage, ())
    if not ends:
        return "the market at the end"
    words = [f"{to} {chain.priors[named('split', stage, to)].interval()[1]:.2f} of it" for to in ends[:-1]]
    return "to " + ", then ".join([*words, f"{ends[-1]} the rest" if words else f"{ends[-1]} all"])
