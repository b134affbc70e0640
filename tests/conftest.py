"""What all tests share: both engines, the command in an empty folder, the count of broken inputs printed at the end."""

import pytest
from engines import ENGINES

from flowsim import cli

KINDS = "tests/test_broken_input.py::test_a_broken_"


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    """Engine that simulates, each in turn."""
    return ENGINES[request.param]


@pytest.fixture
def command(monkeypatch, tmp_path, capsys):
    """Run the command in an empty folder; exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = cli.answer(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def pytest_terminal_summary(terminalreporter):
    refused = [report for report in terminalreporter.stats.get("passed", []) if report.nodeid.startswith(KINDS)]
    if refused:
        terminalreporter.write_line(f"{len(refused)} kinds of broken input are refused")
