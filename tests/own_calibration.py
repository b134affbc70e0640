"""A calibration of one's own: the teaching world of one checkpoint and the reports of one year."""

from __future__ import annotations

from pathlib import Path

MINE = """\
name: mine
title: one checkpoint, from its reports of 2010
numbers: prior
reported: mine
posterior: ""
areas: {}
parameters:
"""
PRIORS = {
    "crossing": ("lognormal", 5, 500, "kg/year"),
    "load_median": ("lognormal", 2, 4, "kg"),
    "load_log_sd": ("lognormal", 1.2, 1.5, "1"),
    "load_tail": ("lognormal", 0.002, 0.006, "1"),
    "load_tail_exponent": ("lognormal", 0.75, 1.6, "1"),
    "load_selection": ("half_normal", 0, 0.588, "1"),
    "year_log_sd": ("half_normal", 0, 0.784, "1"),
}
TABLE = """\
key,use,unit,drug,place,agency,channel,start,end,value,rounding,at_least,at_most,minus,of,world,evidence,source,note
flow,flow,t,heroin,,,,2010-01-01,2010-12-31,1,,0.5,2,,,,,report 2,
total,fit,kg,heroin,,,,2010-01-01,2010-12-31,60,1,,,,,,,report 1,
ceiling,hold-out,kg,heroin,,,,2010-01-01,2010-12-31,,,,40,,,,,report 1,
"""


def write(folder: Path) -> Path:
    """Write the files of the calibration `mine` into a folder for `--config-dir`."""
    own = folder / "calibration"
    own.mkdir(parents=True)
    lines = [
        f'  {name}: {{title: {name}, family: {family}, low: {low}, high: {high}, unit: "{unit}", source: report}}'
        for name, (family, low, high, unit) in PRIORS.items()
    ]
    (own / "mine.yaml").write_text(MINE + "\n".join(lines) + "\n", encoding="utf-8")
    (own / "mine.csv").write_text(TABLE, encoding="utf-8")
    return folder
