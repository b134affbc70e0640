"""What all parts of the verification share: the small worlds of the tests, and a record of what was measured."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "tests"))

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
