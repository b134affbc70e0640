"""The text of an interval, the same everywhere."""

import re

from paths import ROOT

from flowsim.results.intervals import ends, with_ends


def test_an_interval_is_written_with_the_format_of_its_number():
    assert ends(1.234, 5.678) == "1.23 to 5.68"
    assert ends(0.5, 2.0, "{:.0%}".format) == "50% to 200%"
    assert ends(float("nan"), 2.0, missing="n/a") == "n/a"
    assert with_ends(2.0, 1.0, 3.0, ".1f", unit="kg") == "2.0 kg (1.0 to 3.0)"
    assert with_ends(2.0, float("nan"), 3.0, ".1f", missing="n/a") == "2.0 (n/a)"


def test_no_other_module_writes_one():
    """Two formatted numbers with `to` between them stand in rules only, which name a range."""
    number = r"\{[^{}]*:(\.\d)?[fge]\}"
    source = ROOT / "src" / "flowsim"
    found = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(f"{number} to {number}", line) and "rule = " not in line
    }
    assert found == set()
