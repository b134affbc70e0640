"""What all tests share: both engines, the command in an empty folder, the count of broken inputs printed at the end."""

import gc

import amounts
import pytest
from engines import ENGINES

from flowsim import cli
from flowsim.comparison import power
from flowsim.figures import save

KINDS = "tests/config/test_broken_input.py::test_a_broken_"


# Composing makes many small objects and no circles of large ones: looking for circles took a seventh of the time.
gc.set_threshold(100_000, 20, 50)


ALL_PATHS, power.PATHS = power.PATHS, 20
"""Series of years with which years to detect are counted: all of them only where these are tested."""


def pytest_configure(config):
    amounts.choose(config.option.markexpr)


@pytest.fixture
def all_paths(monkeypatch):
    """Years to detect as they are counted for a user."""
    monkeypatch.setattr(power, "PATHS", ALL_PATHS)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    """Run the command in an empty folder; exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(save, "PRINT", 60)  # what a fine figure takes to be written is no concern of its content

    def run(*arguments):
        code = cli.answer(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def pytest_terminal_summary(terminalreporter):
    passed = [report for report in terminalreporter.stats.get("passed", []) if report.nodeid.startswith(KINDS)]
    refused = sum(dict(report.user_properties).get("cases", 1) for report in passed)
    if refused:
        terminalreporter.write_line(f"{refused} kinds of broken input are refused")
