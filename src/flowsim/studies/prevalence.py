"""Prevalence: the loaded share of all vehicles at each checkpoint, in closed form, for the study `check`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flowsim import units
from flowsim.config.request import Request
from flowsim.draws.consignments import consignments_per_year
from flowsim.engine.expectation.engine import expect
from flowsim.policy.policy import compose
from flowsim.results.intervals import ends
from flowsim.simulation.assumed import SetNumbers
from flowsim.studies.layout import paragraph
from flowsim.world import utilisation
from flowsim.world.traffic import DRUGS, HEROIN
from flowsim.world.world import World

Floats = npt.NDArray[np.float64]

DRAWS = 50
"""Posterior draws behind an interval [1]."""

WAYS = 20
"""Posterior draws behind an interval where each has ways of its own [1]."""

QUANTILES = (0.05, 0.5, 0.95)
"""Quantiles of a share over the draws [1]."""


@dataclass(frozen=True, kw_only=True)
class Prevalence:
    """Prevalence at a checkpoint."""

    checkpoint: str
    """Name of the checkpoint."""

    honest: float
    """Honest vehicles [1/year]."""

    loaded: Floats
    """Loaded vehicles, dims (quantile,); one number without several draws [1/year]."""

    heroin: Floats
    """Those with heroin, likewise."""

    @property
    def share(self) -> Floats:
        """Loaded share of all vehicles, dims (quantile,) [1]; NaN where nobody comes."""
        return self._of_all(self.loaded)

    @property
    def share_with_heroin(self) -> Floats:
        """Share of vehicles with heroin, likewise."""
        return self._of_all(self.heroin)

    def _of_all(self, vehicles: Floats) -> Floats:
        every = self.loaded + self.honest
        share: Floats = np.divide(vehicles, every, out=np.full(every.shape, np.nan), where=every > 0)
        return share


def prevalence(request: Request) -> list[Prevalence]:
    """Prevalence at all checkpoints of a world under its policies.

    Loaded vehicles are those of the closed form, in the world as it stands. Over the draws of the posterior they go
    with the number of consignments of each drug. Draws with streams or routes of their own have the closed form each.

    Parameters
    ----------
    request
        Request with a world, its policies, and the worlds of its draws.
    """
    policy = compose(request.policies)
    world = policy.apply(request.world)
    loaded = _loaded(world)
    visits: dict[str, float] = {}
    for (name, _, _), per_day in utilisation.visits(world).items():
        visits[name] = visits.get(name, 0.0) + per_day * units.DAYS_PER_YEAR
    if request.worlds is None:
        drawn_loaded = loaded[None]
    else:
        worlds = [policy.apply(change.apply(request.world)) for change in chosen(request)]
        if all(_same_ways(one, world) for one in worlds):
            base, drawn = _consignments(world), [_consignments(one) for one in worlds]
            factors = np.divide(drawn, base, out=np.ones((len(drawn), len(base))), where=base > 0)
            drawn_loaded = factors[:, :, None] * loaded
        else:
            drawn_loaded = np.stack([_loaded(one) for one in worlds])
    counts, heroin = _quantiles(drawn_loaded.sum(axis=1)), _quantiles(drawn_loaded[:, DRUGS.index(HEROIN)])
    return [
        Prevalence(checkpoint=post.name, honest=visits.get(post.name, 0.0), loaded=counts[:, c], heroin=heroin[:, c])
        for c, post in enumerate(world.checkpoints)
    ]


def _quantiles(drawn: Floats) -> Floats:
    """Quantiles over draws, dims (quantile, checkpoint), from dims (draw, checkpoint); one draw as it is."""
    return drawn if len(drawn) == 1 else np.quantile(drawn, QUANTILES, axis=0)


def chosen(request: Request) -> Sequence[SetNumbers]:
    """Changes of the draws that are used: all, or `WAYS` spread over them where they have ways of their own.

    Parameters
    ----------
    request
        As in `prevalence`.
    """
    changes = request.worlds.changes if request.worlds is not None else ()
    own = any(name.startswith(("streams:", "routes:")) for change in changes for name, _ in change.values)
    if not own or len(changes) <= WAYS:
        return changes
    return [changes[k] for k in np.linspace(0, len(changes) - 1, WAYS).astype(int).tolist()]


def _loaded(world: World) -> Floats:
    """Loaded vehicles that come to checkpoints, dims (drug, checkpoint) [1/year]."""
    return expect(replace(world, traffic=replace(world.traffic, year_log_sd=0.0))).loaded


def _same_ways(one: World, other: World) -> bool:
    """Whether the streams and routes of two worlds have the same shares."""
    return one.traffic.streams == other.traffic.streams and one.network.routes == other.network.routes


def _consignments(world: World) -> Floats:
    """Consignments entering, dims (drug,) [1/year]."""
    counts = [(own.stream.drug, consignments_per_year(world, own)) for own in world.traffic.population_streams]
    return np.array([math.fsum(count for own, count in counts if own == drug) for drug in DRUGS])


def text(request: Request) -> Iterator[str]:
    """Lines of the prevalence at all checkpoints.

    Parameters
    ----------
    request
        As in `prevalence`.
    """
    draws = len(chosen(request))
    numbers = {0: "assumed numbers, without an interval", 1: "posterior median, without an interval"}.get(
        draws, f"median of {draws} posterior draws, with 90 % credible interval"
    )
    yield from ("", *paragraph(f"Prevalence: loaded among all vehicles, by the closed form; {numbers}"), "")
    several = len(request.world.traffic.drugs) > 1
    spread = ("90 % interval",) if draws > 1 else ()
    heads = [("one in", *spread), ("heroin: one in", *spread)]
    yield _line("checkpoint", "loaded/year", "vehicles/year", *heads[: 1 + several])
    for row in prevalence(request):
        middle = len(row.loaded) // 2
        every = row.loaded[middle] + row.honest
        counts = (f"{row.loaded[middle]:,.0f}", f"{every:,.0f}")
        yield _line(row.checkpoint, *counts, _cells(row.share), *[_cells(row.share_with_heroin)] * several)


def _cells(share: Floats) -> tuple[str, ...]:
    """Median share as one in so many, and its interval if it has one."""
    middle = _one_in(share[len(share) // 2])
    return (middle,) if len(share) == 1 or not share[-1] > 0 else (middle, ends(share[-1], share[0], _one_in))


def _line(checkpoint: str, loaded: str, vehicles: str, *shares: tuple[str, ...]) -> str:
    """Line of the table, with a share and its interval for all drugs, then for heroin."""
    blocks = (f" {middle:>14}  {' '.join(interval):16}" for middle, *interval in shares)
    return f"{checkpoint:24} {loaded:>12} {vehicles:>14}{''.join(blocks)}".rstrip()


def _one_in(share: float) -> str:
    return f"{1 / share:,.0f}" if share > 0 else "none"
