"""What all parts of the verification share: the small worlds of the tests, and a record of what was measured."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "tests"))

MEASURED = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MEASURED] = []


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """Note a measured number, which the end of the run prints under the name of the test."""
    lines: list[str] = []
    yield lines.append
    if lines:
        request.config.stash[MEASURED] += [f"{request.node.nodeid}", *(f"    {line}" for line in lines)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[MEASURED]:
        terminalreporter.section("measured")
        for line in config.stash[MEASURED]:
            terminalreporter.write_line(line)
