"""Every number of a chain with its kind and source: priors, regional facts and annual totals."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from flowsim.chain.stage_tables import DRUG
from flowsim.chain.stages import RouteChain
from flowsim.evidence.annual_totals import load_annual_totals
from flowsim.world_tables.provenance import Number


def numbers_of_chain(chain: RouteChain) -> tuple[Number, ...]:
    """Numbers of a chain, table by table.

    Parameters
    ----------
    chain
        The chain.
    """
    return (*_parameters(chain), *_facts(chain), *_totals(chain))


def _parameters(chain: RouteChain) -> Iterator[Number]:
    for key, prior in chain.priors.items():
        low, middle, high = prior.interval()
        yield Number(
            table="parameters",
            key=key,
            name="value",
            value=middle,
            low=low,
            high=high,
            unit=prior.unit,
            kind="assumed",
            source=prior.source,
        )


def _facts(chain: RouteChain) -> Iterator[Number]:
    for fact in chain.facts:
        yield Number(
            table="facts",
            key=fact.key,
            name="value",
            value=fact.value,
            low=fact.low,
            high=fact.high if isfinite(fact.high) else None,
            unit="1",
            kind=fact.kind,
            source=fact.source,
        )


def _totals(chain: RouteChain) -> Iterator[Number]:
    for row in load_annual_totals():
        if row.drug == DRUG and row.year in chain.reported.get(row.country, {}):
            yield Number(
                table="annual_totals",
                key=f"{row.country}/{row.year}",
                name="kg",
                value=row.kg,
                unit="kg",
                kind="reported",
                source=f"{row.source}, {row.locator}",
            )
