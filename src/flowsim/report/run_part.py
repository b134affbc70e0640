"""What a page says of a run: sentences, the table of results, and its checkpoints."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from flowsim.report.cells import Tile
from flowsim.report.formats import ends, kg, large, minutes, percent, span
from flowsim.report.wording import Text, listed, named, plain, text
from flowsim.results import sites
from flowsim.results.measures import ALL_VISITS, STOPPED, THROUGH, by_item
from flowsim.units import HOURS_PER_YEAR
from flowsim.world.traffic import HEROIN
from flowsim.world.world import World

REASONS = 3
"""Number of reasons in the sentence on them [1]."""

SHORT = (
    *("entered", "seized", "seized by agency", "seized by oblast", "leaked", "retained", "interdiction rate"),
    *("honest visits", "cost of fruitless searches"),
)
"""Quantities of the table of results on the page, beside what is seized of other drugs."""

Rows = Mapping[tuple[str, str], Mapping[str, float]]
"""Mean and ends of the interval by quantity and item [unit of each]."""


def sentences(
    table: pd.DataFrame, *, policy: str, expected: bool, totals: Mapping[int, float], horizon: float
) -> Iterator[Text]:
    """Answer of a run in sentences; nothing if no heroin enters.

    Parameters
    ----------
    table
        Its summary, as of `measures.summary`.
    policy
        Name of the policy.
    expected
        Whether the results are those of the closed form, whose intervals are not of single years.
    totals
        Annual totals reported for its country [kg].
    horizon
        Span of a replication [h]; annual totals stand beside whole years only.
    """
    rows = by_item(table)
    if not rows["entered", ""]["mean"] > 0:
        return
    if horizon != HOURS_PER_YEAR:
        yield text("answer.part_of_year", hours=f"{horizon:,.10g}")
    yield _seized(rows, policy=policy, expected=expected)
    if totals and horizon == HOURS_PER_YEAR:
        yield _beside(totals, rows["seized", ""], of_years=not expected)
    yield from _where(table)
    if (THROUGH, "not selected") in rows:
        yield _through(table)
    if ("honest visits", "") in rows:
        yield _honest(rows)


def tiles(table: pd.DataFrame) -> Iterator[Tile]:
    """Main numbers of a run.

    Parameters
    ----------
    table
        Its summary, as of `measures.summary`.
    """
    rows = by_item(table)
    if not rows["entered", ""]["mean"] > 0:
        return
    for name, says, unit, shown in (
        ("seized", "tile.seized", "tile.kg", kg),
        ("interdiction rate", "tile.rate", "tile.percent", percent),
    ):
        row = rows[name, ""]
        between = plain("") if math.isnan(row["q05"]) else ends(shown(row["q05"]), shown(row["q95"]))
        yield Tile(number=text(unit, number=shown(row["mean"])), span=between, says=text(says))
    delay = rows.get(("honest delay", ALL_VISITS), {}).get("mean", math.nan)
    if not math.isnan(delay):
        yield Tile(
            number=text("tile.minutes", number=minutes(delay)), span=text("tile.assumed"), says=text("tile.delay")
        )


def is_expected(results: xr.Dataset) -> bool:
    """Whether results are those of the closed form."""
    return "vehicles" not in results


def _seized(rows: Rows, *, policy: str, expected: bool) -> Text:
    seized, rate = rows["seized", ""], rows["interdiction rate", ""]
    under = text("answer.in_force") if policy == "baseline" else text("answer.policy", policy=policy)
    between: dict[str, str | Text] = {"low": kg(seized["q05"]), "high": kg(seized["q95"])}
    between |= {"rate_low": percent(rate["q05"]), "rate_high": percent(rate["q95"])}
    key = "seized_posterior" if expected else "seized_years"
    words: dict[str, str | Text] = {"under": under, "kg": kg(seized["mean"]), "rate": percent(rate["mean"])}
    if math.isnan(seized["q05"]):
        return text("answer.seized", **words)
    return text(f"answer.{key}", **words, **between)


def said_totals(totals: Mapping[int, float]) -> Text:
    """Annual totals by year in words; empty if there are none [kg]."""
    return listed([text("answer.reported_year", kg=kg(total), year=f"{year}") for year, total in totals.items()])


def _beside(totals: Mapping[int, float], seized: Mapping[str, float], *, of_years: bool) -> Text:
    if not of_years or math.isnan(seized["q05"]):
        return text("answer.reported_only", listed=said_totals(totals))
    inside = sum(seized["q05"] <= total <= seized["q95"] for total in totals.values())
    return text("answer.reported", listed=said_totals(totals), inside=f"{inside}", count=f"{len(totals)}")


def _where(table: pd.DataFrame) -> Iterator[Text]:
    """The agency and the region with most seizures; the closed form has no regions."""
    agency, oblast = (_largest(table, f"seized by {part}") for part in ("agency", "oblast"))
    if agency is None:
        return
    words: dict[str, str | Text] = {
        "agency": named(str(agency["item"])),
        "agency_kg": kg(agency["mean"]),
        "agency_span": span(agency["q05"], agency["q95"]),
    }
    if oblast is None:
        yield text("answer.where_agency", **words)
        return
    yield text(
        "answer.where",
        **words,
        oblast=named(str(oblast["item"])),
        oblast_kg=kg(oblast["mean"]),
        oblast_span=span(oblast["q05"], oblast["q95"]),
    )


def _largest(table: pd.DataFrame, quantity: str) -> Mapping[Any, Any] | None:
    """Row of a quantity with the largest mean; None if it has no rows."""
    rows = table[table["quantity"] == quantity].to_dict("records")
    return max(rows, key=lambda row: float(row["mean"]), default=None)


def _through(table: pd.DataFrame) -> Text:
    """The reasons for which most of the mass passes checkpoints."""
    rows = table[(table["quantity"] == THROUGH) & (table["item"] != STOPPED)]
    most = rows.sort_values("mean", ascending=False, kind="stable").head(REASONS).to_dict("records")
    parts = [
        text(
            "answer.through_part",
            reason=named(str(row["item"])),
            share=percent(row["mean"]),
            span=span(row["q05"], row["q95"], percent),
        )
        for row in most
    ]
    return text("answer.through", listed=listed(parts))


def _honest(rows: Rows) -> Text:
    visits, cost = (rows[name, ""]["mean"] for name in ("honest visits", "cost of fruitless searches"))
    delay = rows["honest delay", ALL_VISITS]["mean"]
    return text("answer.honest", visits=large(visits), minutes=minutes(delay) or text("compared.na"), cost=large(cost))


def shown(table: pd.DataFrame) -> list[dict[str, Text]]:
    """Rows of the table of results: quantity, item, mean, standard error, interval.

    Parameters
    ----------
    table
        Summary of the run, as of `measures.summary`.
    """
    chosen = table[table["quantity"].isin(SHORT) | table["quantity"].str.endswith(" seized")]
    return [_row(row) for row in chosen.to_dict("records")]


def _row(row: Mapping[Any, Any]) -> dict[str, Text]:
    unit, item = str(row["unit"]), str(row["item"])
    number = percent if unit == "1" else kg
    low, high = row["q05"], row["q95"]
    return {
        "quantity": named(str(row["quantity"])),
        "item": named(item) if item else Text("", ""),
        "unit": plain("%" if unit == "1" else unit),
        "mean": plain(number(row["mean"])),
        "mcse": plain("" if math.isnan(row["mcse"]) else number(row["mcse"])),
        "interval": plain("") if math.isnan(low) else ends(number(low), number(high)),
    }


def posts(results: xr.Dataset, world: World | None) -> pd.DataFrame:
    """Checkpoints and other places of seizures with their means under the first policy.

    Parameters
    ----------
    results
        Results of the run.
    world
        Its world under the policy; None if it is not known, which leaves the places empty.

    Returns
    -------
    DataFrame
        Columns checkpoint, place, label, oblast, kind, agency, seized, q05, q95 [kg/year], vehicles, alarms [1/year],
        delay, p95 [h]; NaN where a quantity does not exist.
    """
    first = results.isel(policy=0).sel(drug=HEROIN)
    expected = is_expected(results)
    mass = first["expected_seized_mass" if expected else "seized_mass_by_checkpoint"]
    years = [dim for dim in mass.dims if dim != "checkpoint"]
    places = {} if world is None else {post.name: post.place for post in world.checkpoints}
    places |= {} if world is None else {sites.site_name(place): place.name for place in sites.places(world)}
    gap = np.full(mass.sizes["checkpoint"], np.nan)
    names = () if expected else ("vehicles", "false_alarms", "delay", "delay_p95")
    of_draws = [dim for dim in ("draw",) if dim in first.dims]  # each draw has honest traffic, too
    honest = {name: first[name].where(first["is_checkpoint"]).mean(of_draws).values for name in names}
    whole = not expected and mass.sizes.get("replication", 1) > 1
    low, high = (mass.quantile(at, years).values if whole else gap for at in (0.05, 0.95))
    return pd.DataFrame(
        {
            "checkpoint": mass["checkpoint"].values,
            "place": [places.get(str(name), "") for name in mass["checkpoint"].values],
            "label": mass["checkpoint_label"].values,
            "oblast": mass["oblast"].values,
            "kind": mass["kind"].values,
            "agency": mass["checkpoint_agency"].values,
            "seized": mass.mean(years).values,
            "q05": low,
            "q95": high,
            "vehicles": honest.get("vehicles", gap),
            "alarms": honest.get("false_alarms", gap),
            "delay": honest.get("delay", gap),
            "p95": honest.get("delay_p95", gap),
        }
    )


def years(results: xr.Dataset) -> int:
    """Simulated years of consignments [1]."""
    return int(np.prod([results.sizes.get(dim, 1) for dim in ("replication", "draw")]))


def leaked(table: pd.DataFrame) -> pd.DataFrame:
    """Mass of heroin that leaves by each exit in a mean year.

    Parameters
    ----------
    table
        Summary of the run, as of `measures.summary`.

    Returns
    -------
    DataFrame
        Columns exit, mean, q05, q95 [kg/year].
    """
    own = table[table["quantity"] == "leaked by exit"]
    return own.rename(columns={"item": "exit"})[["exit", "mean", "q05", "q95"]]
