"""The bars of speed and memory, and whether a run of the benchmark reaches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from engines import COMPILED, IDIOMATIC, TUNED
from growth import MOST

Results = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar and what was measured."""

    what: str
    """What is held against the bar, and at which size."""

    at_least: float | None = None
    """Smallest value that reaches it."""

    at_most: float | None = None
    """Largest value that reaches it."""

    unit: str
    """Unit of the value."""

    measured: float | None
    """Value; None where this run does not measure it."""

    @property
    def verdict(self) -> str:
        """Whether it is reached."""
        if self.measured is None:
            return "not measured"
        enough = self.at_least is None or self.measured >= self.at_least
        not_too_much = self.at_most is None or self.measured <= self.at_most
        return "reached" if enough and not_too_much else "MISSED"


def bars(results: Results) -> list[dict[str, Any]]:
    """All bars, printed as a table."""
    rows = []
    print(f"\n{'bar':<78}{'limit':>16}{'measured':>12}")
    for bar in (*_of_speed(results), *_of_growth(results), *_of_memory(results), *_of_starts(results)):
        limit = f"at least {bar.at_least:g}" if bar.at_least is not None else f"at most {bar.at_most:g}"
        measured = "" if bar.measured is None else f"{bar.measured:.4g}"
        print(f"{f'{bar.what} [{bar.unit}]':<78}{limit:>16}{measured:>12}  {bar.verdict}")
        rows.append(asdict(bar) | {"verdict": bar.verdict})
    return rows


def _of_speed(results: Results) -> list[Bar]:
    speed = results["speed"]
    size = max(row["size"] for row in speed["rows"])
    rows = {row["engine"]: row for row in speed["rows"] if row["size"] == size}

    def faster(other: str) -> float:
        return median(_ratios(rows[other]["cpu_seconds"], rows[COMPILED]["cpu_seconds"]))

    where = f"{size} vehicles"
    peer_rate = rows[IDIOMATIC]["vehicles_per_second"]
    limits = {IDIOMATIC: 200.0} | dict.fromkeys(TUNED, 100.0)
    return [
        *(
            Bar(what=f"compiled engine against {peer}, {where}", at_least=least, unit="times", measured=faster(peer))
            for peer, least in limits.items()
        ),
        Bar(what=f"{IDIOMATIC}, {where}", at_least=7000, unit="vehicles/s", measured=peer_rate),
        Bar(
            what=f"compiled and reference engine differ, of {speed['rounds']} rounds",
            at_most=0,
            unit="rounds",
            measured=speed["unequal_rounds"],
        ),
    ]


def _of_growth(results: Results) -> list[Bar]:
    rows = {row["size"]: row for row in results["growth"]}
    found = []
    for size, before, most in ((1_000_000, 100_000, 13.0), (MOST, 1_000_000, 16.0)):
        ratio = rows[size]["total"] / rows[before]["total"] if size in rows and before in rows else None
        found.append(Bar(what=f"time of {size} against {before} vehicles", at_most=most, unit="times", measured=ratio))
    size = max(size for size in rows if size < MOST)
    row = rows[size]
    shown = {
        f"run against the floor of its sampler, {size} vehicles": (2.5, row.get("run/floor")),
        f"shifts on against off, {size} vehicles": (1.3, max(row["shifts/run"], row["even/run"])),
        "CPU time of a run, two processes against one": (1.2, results["processes"]["ratio"]),
    }
    return found + [Bar(what=what, at_most=most, unit="times", measured=ratio) for what, (most, ratio) in shown.items()]


def _of_memory(results: Results) -> list[Bar]:
    rows = [row for row in results["memory"] if row["engine"] == COMPILED]
    row = max(rows, key=lambda row: row["size"])
    what = f"peak memory against that of the outputs, {row['size']} vehicles"
    return [Bar(what=what, at_most=1.5, unit="times", measured=row["times_outputs"])]


def _of_starts(results: Results) -> list[Bar]:
    first = results["first_run"]
    shown = {row["what"]: median(row["seconds"]) for row in results["commands"]}
    waits = {
        "first run in a process, nothing compiled": (60.0, median(first["cold"])),
        "first run in a process, cached": (1.0, median(first["cached"])),
        "flowsim --help": (1.0, shown.get("flowsim --help")),
    }
    return [Bar(what=what, at_most=most, unit="s", measured=wait) for what, (most, wait) in waits.items()]


def _ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Ratios of the times of each round, in which both ran next to each other."""
    return [a / b for a, b in zip(one, other, strict=True)]
