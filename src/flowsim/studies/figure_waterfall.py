"""Data of figure 12: why consignments get through, for a world's numbers and for draws from their intervals."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.config.relevant_keys import RUN
from flowsim.config.request import Request
from flowsim.policy.policy import BASELINE, Policy, compose
from flowsim.results.intervals import ends
from flowsim.results.measures import CASES, MARKET, SHARES, YEARS, at_checkpoints
from flowsim.simulation.assumed import SetNumbers, draw, varied
from flowsim.simulation.simulate import Progress, simulate_with_spans
from flowsim.studies.estimates import Amounts, visits
from flowsim.studies.figure import Made, PaperFigure
from flowsim.studies.layout import paragraph
from flowsim.studies.run import amounts
from flowsim.world.traffic import HEROIN

MOST_DRAWS = 1000
"""Largest number of draws from the intervals [1]."""

IDENTIFIED = (
    "Only the seized total is informed by reports; how the rest divides over the reasons is assumption. Whiskers are "
    "90 % of draws from the intervals of the assumptions, each number by itself: no posterior. What has no interval "
    "is not drawn."
)
"""Caption of the figure: its meaning and limits."""


def parts(results: xr.Dataset) -> pd.DataFrame:
    """Shares of the mass of heroin at checkpoints by fate, and of seizures elsewhere, relative to this mass.

    Parameters
    ----------
    results
        Results of some policies.

    Returns
    -------
    DataFrame
        A row per policy; columns the reasons of a miss, seizures at checkpoints, by cases and by retail arrests [1].
    """
    masses = at_checkpoints(results).sel(drug=HEROIN).sum("replication")
    taken = results["seized_mass"].sel(drug=HEROIN).sum(["replication", "agency"])
    columns = {str(fate): masses.sel(fate=fate) for fate in masses["fate"].values}
    columns |= {CASES: taken.sel(channel="case"), MARKET: taken.sel(channel="market")}
    whole = masses.sum("fate")
    shares = {name: (mass / whole).values for name, mass in columns.items()}
    return pd.DataFrame(shares, index=pd.Index(results["policy"].values, name="policy"))


def summarised(shares: pd.DataFrame) -> pd.DataFrame:
    """Point and interval of each part.

    Parameters
    ----------
    shares
        As from `parts`, first the numbers of the world, then the draws.

    Returns
    -------
    DataFrame
        Columns `SHARES`: what, the share at the numbers of the world, and its 5 and 95 % quantiles over draws [1].
    """
    low, high = (shares.iloc[1:].quantile(quantile) for quantile in YEARS)
    rows = [(name, shares.iloc[0][name], low[name], high[name]) for name in shares.columns]
    return pd.DataFrame(rows, columns=list(SHARES))


def make(request: Request, progress: Progress | None) -> Made:
    """Figure 12 with its table and its draws."""
    from flowsim.figures.fig12_waterfall import waterfall

    count = request.draws or 1
    checks.require(count <= MOST_DRAWS, thing="draws", rule=f"be at most {MOST_DRAWS} for this figure", value=count)
    drawn = draw(varied(request.numbers()), draws=count, seed=request.plan.seed)
    names = [str(name) for name in drawn.columns]
    changes = [SetNumbers(values=tuple(zip(names, map(float, row), strict=True))) for row in drawn.to_numpy()]
    policies = [Policy(name=f"draw {k}", title=f"draw {k}", changes=(change,)) for k, change in enumerate(changes)]
    policy = compose(request.policies)
    world = policy.apply(request.world)
    every = [BASELINE, *policies]
    plan, engine = request.plan, request.engine
    results, _ = simulate_with_spans(world, policies=every, engine=engine, plan=plan, progress=progress)
    shares = parts(results)
    table = summarised(shares)
    of_draws = shares.iloc[1:].set_index(drawn.index)
    draws = pd.concat([drawn, of_draws], axis=1).reset_index()
    title = f"{world.title}: policy {policy.name}"
    figure = waterfall(table, title=f"Where heroin gets through: {world.title}", sentence=IDENTIFIED)
    said = "\n".join(_lines(table, title=title, amounts=amounts(request.plan), drawn=drawn))
    return Made(said=said, drawn=figure, tables={"fig12_waterfall": table, "draws": draws})


def _lines(table: pd.DataFrame, *, title: str, amounts: str, drawn: pd.DataFrame) -> Iterator[str]:
    yield from (f"{title}, where heroin gets through", "", amounts)
    yield f"{len(drawn)} draws of {len(drawn.columns)} numbers, with common random numbers"
    yield ""
    head = f"{'[% of mass at checkpoints]':30}{'as assumed':>12}{'90 % of draws':>24}"
    yield from (head, "-" * len(head))
    for row in table.to_dict("records"):
        point, low, high = (100 * float(row[name]) for name in SHARES[1:])
        yield f"{row['what']:30}{point:>12.3g}{ends(low, high):>24}"
    yield ""
    yield from paragraph(IDENTIFIED)


def work(request: Request) -> Amounts:
    """A simulation of the numbers of the world, and one of each draw."""
    several = 1 + (request.draws or 1)
    return Amounts(visits=several * visits(request), worlds=several)


FIGURE = PaperFigure(
    name="fig12_waterfall",
    make=make,
    keys=tuple(key for key in RUN if key not in ("engine", "calibration", "out")),
    work=work,
)
"""Declaration of the figure."""
