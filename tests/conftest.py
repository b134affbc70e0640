"""What all tests share: the count of the kinds of broken input is printed at the end."""

KINDS = "tests/test_broken_input.py::test_a_broken_"


def pytest_terminal_summary(terminalreporter):
    refused = [report for report in terminalreporter.stats.get("passed", []) if report.nodeid.startswith(KINDS)]
    if refused:
        terminalreporter.write_line(f"{len(refused)} kinds of broken input are refused")
