"""Data of figure 12: why consignments get through, for a world's numbers and for draws from their intervals."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import xarray as xr

from flowsim import checks
from flowsim.config.request import Request
from flowsim.figures.fig12_waterfall import CASES, COLUMNS, MARKET, waterfall
from flowsim.policy.policy import BASELINE, Policy, compose
from flowsim.results.measures import YEARS, at_checkpoints
from flowsim.simulation.assumed import SetNumbers, draw, varied
from flowsim.simulation.simulate import Progress, simulate_with_spans
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
        Columns `COLUMNS`: what, the share at the numbers of the world, and its 5 and 95 % quantiles over draws [1].
    """
    low, high = (shares.iloc[1:].quantile(quantile) for quantile in YEARS)
    rows = [(name, shares.iloc[0][name], low[name], high[name]) for name in shares.columns]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def draw_figure(request: Request, *, progress: Progress | None) -> str:
    """Figure 12 with its table and its draws.

    Parameters
    ----------
    request
        Request of the study.
    progress
        Called as the work goes on.

    Returns
    -------
    str
        The table, to be printed.
    """
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
    table.to_csv(request.out / "fig12_waterfall.csv", index=False)
    of_draws = shares.iloc[1:].set_index(drawn.index)
    pd.concat([drawn, of_draws], axis=1).to_csv(request.out / "draws.csv")
    title = f"{world.title}: policy {policy.name}"
    figure = waterfall(table, title=f"Where heroin gets through: {world.title}", sentence=IDENTIFIED)
    for suffix in ("png", "pdf"):
        figure.savefig(request.out / f"fig12_waterfall.{suffix}", dpi=300)
    return "\n".join(_lines(table, title=title, amounts=amounts(request.plan), drawn=drawn))


def _lines(table: pd.DataFrame, *, title: str, amounts: str, drawn: pd.DataFrame) -> Iterator[str]:
    yield from (f"{title}, where heroin gets through", "", amounts)
    yield f"{len(drawn)} draws of {len(drawn.columns)} numbers, with common random numbers"
    yield ""
    head = f"{'[% of mass at checkpoints]':30}{'as assumed':>12}{'90 % of draws':>24}"
    yield from (head, "-" * len(head))
    for row in table.to_dict("records"):
        point, low, high = (100 * float(row[name]) for name in COLUMNS[1:])
        yield f"{row['what']:30}{point:>12.3g}{f'{low:.3g} to {high:.3g}':>24}"
    yield ""
    yield from paragraph(IDENTIFIED)
