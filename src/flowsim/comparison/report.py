"""The printed report of a comparison, 100 characters wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from flowsim.comparison import paired
from flowsim.comparison.conclusions import REPORTS, sentences
from flowsim.comparison.confidence import DRAWS, SETS, chance
from flowsim.comparison.effects import SAVED, UNKNOWN
from flowsim.comparison.numbers import Row, ends, short, span, years_text
from flowsim.comparison.paired import BASELINE
from flowsim.comparison.table2 import LEAST_STATED
from flowsim.comparison.variance import SOURCES
from flowsim.comparison.verdicts import pair_verdicts
from flowsim.evidence import reported

WIDTH = 100
"""Longest printed line [characters]."""

REPORTED = "fd16-heroin-2010"
"""Key of the reported seizures in the world's year."""

NAME = 29
"""Width of the column of names; a longer name has a line of its own [characters]."""

SELDOM = 0.0005
"""Least share of single years to list [1]."""


def report(
    results: xr.Dataset,
    table: pd.DataFrame,
    differences: pd.DataFrame,
    rests: pd.DataFrame,
    *,
    least: float,
) -> Iterator[str]:
    """Lines of the report: three tables with policies by name, then sentences.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2, from `table2.summary`.
    differences
        Pairs, from `ranking.differences`.
    rests
        Sensitivities, from `assumptions.sensitivities`.
    least
        Smallest detectable change, from `conclusions.visible` [kg/year].
    """
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    yield from _computed(rows)
    yield ""
    yield from _seized(rows)
    yield ""
    yield from _sure(rows)
    groups = (
        _notes(table, results),
        _added(table),
        overloaded(results),
        against_the_mean(table, years=results.sizes["draw"] * results.sizes["replication"]),
        pair_verdicts(differences),
        sentences(results, table, rests, least=least),
        beside(results, table, least=least),
    )
    for group in filter(None, map(tuple, groups)):
        yield ""
        for sentence in group:
            yield from _wrapped(sentence)


def _wrapped(text: str) -> list[str]:
    whole = text.replace(" %", "\u00a0%")  # no line begins with a per cent sign
    lines = textwrap.wrap(whole, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    return [line.replace("\u00a0", " ") for line in lines]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Lines of a table, the first column to the left, the others to the right."""
    for k, cells in enumerate((heads, *rows)):
        first, *others = cells
        line = " ".join(cell.rjust(width) for cell, width in zip(others, widths, strict=True))
        if len(first) > NAME:
            yield first
            first = ""
        yield f"{first:{NAME}} {line}".rstrip()
        if k == 0:
            yield "-" * WIDTH


def _computed(rows: Sequence[Row]) -> Iterator[str]:
    yield from ("Computed: honest traffic and cost, change against the baseline per year", "")
    heads = ("", "hours [1000 h]", "mean", "95 %, at", "queue", "false", "compens.", "cost")
    units = ("policy", "median (90 %)", "[min]", "worst [h]", "[1]", "alarms", "[1000 $]", "[mio. $]")
    cells = [
        (
            str(row["policy"]),
            span(row, "hours", scale=1e-3),
            short(60 * float(row["delay"])),
            short(float(row["worst_p95"])),
            short(float(row["queue"])),
            short(float(row["false_alarms"])),
            short(float(row["compensation"]) / 1e3),
            short(float(row["policy_cost"]) / 1e6),
        )
        for row in rows
    ]
    yield from _two_heads(heads, units, cells, widths=(14, 5, 9, 5, 6, 8, 8))


def _seized(rows: Sequence[Row]) -> Iterator[str]:
    yield from ("Seizures: change against the baseline per year if nobody reacts, and years to see it", "")
    heads = ("", "seized [kg]", "as", "sets", "points", "kg per", "kg per", "years")
    units = ("policy", "median (90 %)", "stated", "feas.", "of flow", "mio. $", "1000 h", "to see")
    cells = [
        (
            str(row["policy"]),
            span(row, "seized"),
            short(float(row["stated"])),
            f"{100 * float(row['feasible']):.0f} %",
            short(float(row["points"])),
            _ratio(row, "per_million"),
            _ratio(row, "per_hour", scale=1e3),
            years_text(float(row["years"])),
        )
        for row in rows
    ]
    yield from _two_heads(heads, units, cells, widths=(20, 6, 5, 7, 6, 6, 5))


def _two_heads(
    heads: Sequence[str], units: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int]
) -> Iterator[str]:
    """Lines of a table with a head of two lines."""
    wide = [max(width, *(len(row[k + 1]) for row in (heads, units, *rows))) for k, width in enumerate(widths)]
    yield next(_table(heads, (), wide))
    yield from _table(units, rows, wide)


def _ratio(row: Row, name: str, *, scale: float = 1.0) -> str:
    value, note = scale * float(row[name]), row[f"{name}_note"]
    if not math.isfinite(value):
        return "unknown" if note == UNKNOWN else "n/a"
    return short(value) + (" s" if note == SAVED else "")


def _sure(rows: Sequence[Row]) -> Iterator[str]:
    yield from ("Uncertainty: probability of more seizures than the baseline, variance shares, main assumption", "")
    yield f"{'':{NAME}} {'P':>5} {'P':>7} {'calibrated/assumed/':>20}  rests most on: change [kg]"
    yield f"{'policy':{NAME}} {'post.':>5} {'prior':>7} {'from year to year':>20}  over its interval; no effect"
    yield "-" * WIDTH
    for row in rows:
        shares = [float(row[f"share_{name}"]) for name in SOURCES]
        parts = "/".join(f"{100 * share:.0f}" for share in shares) if all(map(math.isfinite, shares)) else "n/a"
        texts = [chance(float(row[f"p{end}"]), int(row[f"draws{end}"])) for end in ("", "_prior")]
        name = str(row["policy"])
        if len(name) > NAME:
            yield name
            name = ""
        line = f"{name:{NAME}} {texts[0]:>5} {texts[1]:>7} {parts + ' %' if parts != 'n/a' else parts:>20}  "
        yield from textwrap.wrap(rests_text(row), WIDTH, initial_indent=line, subsequent_indent=" " * len(line))


def rests_text(row: Row) -> str:
    """The most influential parameter of an effect, the swing over its interval, and the break-even.

    Parameters
    ----------
    row
        Row of table 2.
    """
    if not row["rests_on"]:
        return "calibrated numbers only" if row["kind"] == "calibrated" else "none shows"
    name = str(row["rests_on"])
    own = name.partition(".")[2] if "+" not in str(row["policy"]) else name
    crossing = float(row["break_even"])
    gone = "never 0 in it" if math.isnan(crossing) else f"0 at {short(crossing, sign=False)}"
    return f"{own}: {short(float(row['swing']))}, {gone}"


def _notes(table: pd.DataFrame, results: xr.Dataset) -> Iterator[str]:
    sizes = results.sizes
    if sizes["draw"] < DRAWS or sizes["set"] < SETS:
        yield (
            f"Too few draws: intervals, and P as a number, need {DRAWS} of them, those of honest traffic and ratios "
            f"{SETS} sets, and a verdict on a pair both. With fewer, intervals are n/a and P is a fraction of draws."
        )
    draws = int(table["stated_draws"].max())
    stated = (
        f"median of {draws} draws with the stated values of all levers"
        if draws >= LEAST_STATED
        else f"n/a below {LEAST_STATED} draws in a set"
    )
    yield (
        f"{sizes['draw']} draws of the posterior in {sizes['set']} sets of the policies' assumed parameters, "
        f"{sizes['replication']} years each, which the draws of a set share; common random numbers across policies. "
        "Medians, and 90 % credible intervals over draws, for honest traffic and ratios over sets; P and intervals "
        f"hold as far as the assumed intervals do. As stated: {stated}. Sets feas.: share in which every post can do "
        "its work; all numbers are of these. s: per unit saved. n/a: the denominator may be 0. Years "
        "to see: of reports before the policy and as many after, for 80 % power at 5 % to show the effect of a draw, "
        "as years follow one another; median of draws; k: thousands."
    )
    negative = table[table["negative"] != ""]
    if len(negative):
        found = (f"{row['policy']} ({row['negative']})" for row in negative.to_dict("records"))
        yield f"Variance components with negative estimates, set to 0: {', '.join(found)}."


def _added(table: pd.DataFrame) -> Iterator[str]:
    """Sentence on the additions of each policy, as the world may have some of its measures already."""
    listed = "; ".join(
        f"{row['policy']} {row['adds'].replace(';', ',')}" for row in table.to_dict("records") if row["adds"]
    )
    if listed:
        yield f"What policies add in this world: {listed}."


def overloaded(results: xr.Dataset) -> Iterator[str]:
    """Sentences on policies with an unstable queue: a post's utilisation is 1 or more.

    Parameters
    ----------
    results
        Results of the comparison.
    """
    utilisation = results["utilisation"].transpose("policy", "set", "checkpoint").fillna(0.0)
    for name in map(str, utilisation["policy"].values):
        own = utilisation.sel(policy=name)
        sets = int((own >= 1).any("checkpoint").sum())
        if sets:
            where = own.max("set").to_series()
            many = f", {(where >= 1).sum()} posts in all" if (where >= 1).sum() > 1 else ""
            yield (
                f"{name}: in {sets} of {utilisation.sizes['set']} sets a post has a utilisation of 1 or more "
                f"({where.idxmax()} up to {100 * where.max():.0f} %{many}), wave-through left out. "
                "Its work cannot be done there; these sets are left out of every number of the policy."
            )


def against_the_mean(table: pd.DataFrame, *, years: int) -> Iterator[str]:
    """Sentences on single years with an effect opposite to the mean: their share, and the reason.

    Parameters
    ----------
    table
        Table 2.
    years
        Number of simulated years per policy, over all draws.
    """
    often = table[table["against"] >= SELDOM].sort_values("against", ascending=False)
    seldom = f"less than {100 * SELDOM:g} %" if years * SELDOM >= 1 else f"none of {years}"
    if len(often):
        shares = ", ".join(f"{row['policy']} {100 * row['against']:.1f} %" for row in often.to_dict("records"))
        yield (
            f"Single years with an effect of the opposite sign to the mean: {shares}; {seldom} under any other "
            "policy. Without queues, more control lets no consignment through that it stopped before; here "
            "inspections delay vehicles, so queues differ, other vehicles are waved through, and consignments reach "
            "later posts at other times, on other days of a device, and before or after a case matures. A policy "
            "that moves resources between posts does both in any case."
        )


def assumptions(rests: pd.DataFrame) -> Iterator[str]:
    """Lines on the sensitivity of each policy's effect to its assumed parameters, one at a time.

    Parameters
    ----------
    rests
        As from `assumptions.sensitivities`.
    """
    yield f"{'parameter':42} {'interval':>16} {'rank':>6} {'change [kg]':>12} {'no effect at':>13}"
    yield "-" * WIDTH
    for row in rests.to_dict("records"):
        interval = ends(row["low"], row["high"], sign=False)
        crossing = "-" if math.isnan(row["break_even"]) else short(row["break_even"], sign=False)
        mark = "  most" if row["most"] else "" if row["shown"] else "  none"
        own = str(row["parameter"])
        name = own if own.startswith(f"{row['policy']}.") else f"{row['policy']}: {own}"
        if len(name) > 42:
            yield name
            name = ""
        yield f"{name:42} {interval:>16} {row['rank']:>+6.2f} {short(row['swing']):>12} {crossing:>13}{mark}"
    yield ""
    yield from _wrapped(
        "Change: slope of the regression on all parameters of the policy times the width of the interval drawn. Most: "
        "most influential parameter. None: no significant influence (5 %, all parameters of the policy together)."
    )


def beside(results: xr.Dataset, table: pd.DataFrame, *, least: float) -> Iterator[str]:
    """Sentences comparing effects with reported seizures and with the smallest detectable effect.

    Parameters
    ----------
    results
        Results of the comparison.
    table
        Table 2.
    least
        Smallest detectable change, as from `conclusions.visible` [kg/year].
    """
    known = reported(REPORTED)
    levels = paired.levels(results)
    middle, low, high = paired.interval(levels["seized"].sel(policy=BASELINE))
    yield (
        f"Reported for 2010: {known:g} kg. The baseline seizes {short(middle, sign=False)} kg a year "
        f"({ends(low, high, sign=False)} over draws)."
    )
    rows: list[dict[str, Any]] = [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]
    known_rows = [row for row in rows if math.isfinite(float(row["seized"]))]
    for row in sorted(known_rows, key=lambda row: -abs(float(row["seized"])))[:3]:
        part = 100 * float(row["seized"]) / known
        yield f"{row['policy']}: {span(row, 'seized')} kg beside the {known:g} kg reported, {short(part)} %."
    if math.isfinite(least):
        seen = int((np.abs(table["seized"]) >= least).sum())
        yield (
            f"Power analysis: given the variation of totals and how years follow one another, {REPORTS} years of "
            f"reports on each side detect a rise of at least {short(least, sign=False)} kg a year (80 % power at 5 %, "
            f"median of draws); {seen} of {len(table)} median effects are as large."
        )
    yield (
        "Nobody in the model reacts: smugglers do not change their ways, nor crews their habits. Almost every size of "
        "a lever is an assumption: an effect is a statement about the model under it. No policy is called best."
    )
