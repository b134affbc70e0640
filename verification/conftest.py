"""Shared by the verification: the small worlds of the tests, a record of measured numbers, and the log of full runs.

A full run notes each test that passed in a log, with the digest of the code, the amounts and the time it took. Started
again after an interruption, it runs the tests that this code has not passed yet.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from verification.amounts import FULL

sys.path.append(str(Path(__file__).parents[1] / "tests"))

ROOT = Path(__file__).parents[1]
LOG = ROOT / "verification" / "full.jsonl"
"""Log of full runs: a line for each test that passed."""

MEASURED = "measured"
"""Name under which a test hands its numbers on, from another process too."""


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a measured number, which the end of the run prints under the name of the test."""
    return lambda line: request.node.user_properties.append((MEASURED, line))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    said = {
        report.nodeid: [text for name, text in report.user_properties if name == MEASURED]
        for report in reports
        if report.when == "call"
    }
    if any(said.values()):
        terminalreporter.section("measured")
    for test in sorted(said):
        if said[test]:
            terminalreporter.write_line(test)
        for text in said[test]:
            terminalreporter.write_line(f"    {text}")


@cache
def digest() -> str:
    """Digest of the code under verification and of the verification itself."""
    found = hashlib.sha256()
    for pattern in ("src/**/*.py", "src/**/*.csv", "conf/**/*.yaml", "verification/*.py", "tests/*.py"):
        for path in sorted(ROOT.glob(pattern)):
            found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def passed_before(log: Path, *, code: str) -> set[str]:
    """Tests that this code has passed in full, by the log."""
    if not log.exists():
        return set()
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return {row["test"] for row in rows if row["code"] == code}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what a full run has done before."""
    if FULL:
        done = passed_before(LOG, code=digest())
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in done])
        items[:] = [item for item in items if item.nodeid not in done]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test of a full run that passed; with several processes only their parent writes."""
    if FULL and report.when == "call" and report.passed and "PYTEST_XDIST_WORKER" not in os.environ:
        said = [text for name, text in report.user_properties if name == MEASURED]
        row = {
            "test": report.nodeid,
            "code": digest(),
            "date": time.strftime("%Y-%m-%d %H:%M"),
            "hours": round(report.duration / 3600, 4),
            "measured": said,
        }
        with LOG.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
