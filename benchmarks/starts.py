"""How long one waits: for the first run of the compiled engine, and for the command line."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from clock import probe

FLOWSIM = Path(sys.executable).with_name("flowsim")
"""The command, beside the interpreter."""


def first_runs(*, cold: int, cached: int) -> dict[str, Any]:
    """Wall-clock times of the first run in a process, with an empty cache of compiled code and with a full one [s]."""
    said: dict[str, Any] = {"cold": [], "cached": []}
    for _ in range(cold):
        with tempfile.TemporaryDirectory() as folder:
            place = {"NUMBA_CACHE_DIR": folder, "XDG_CACHE_HOME": folder}
            row = probe("first", environment=place)
            said["cold"].append(row["first"])
            said["cached"] += [probe("first", environment=place)["first"] for _ in range(-(-cached // cold))]
    print(f"\nfirst run in a process, wall clock: {median(said['cold']):.1f} s with nothing compiled,")
    print(f"{median(said['cached']):.2f} s once it is cached")
    return said


def commands(*, rounds: int, quick: bool) -> list[dict[str, Any]]:
    """Wall-clock times of the command line, first with nothing cached [s]."""
    if not FLOWSIM.exists():
        print(f"no {FLOWSIM}: the command line is left out")
        return []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        small = ["world=single_checkpoint", "replications=2", "workers=1", f"out={folder}/out"]
        for arguments in [["--help"]] if quick else [["--help"], small]:
            what, cache = f"flowsim {arguments[0]}", Path(folder, "cache", arguments[0])
            rows.append({"what": f"{what}, nothing compiled", "seconds": [_wall(arguments, cache=cache)]})
            rows.append({"what": what, "seconds": [_wall(arguments, cache=cache) for _ in range(rounds)]})
    print()
    for row in rows:
        print(f"{row['what']:<52}{median(row['seconds']):>8.3f} s wall clock, median of {len(row['seconds'])}")
    return rows


def _wall(arguments: list[str], *, cache: Path) -> float:
    """Wall-clock time of the command line with its caches in a folder [s]."""
    caches = {"PYTHONPYCACHEPREFIX": str(cache), "MPLCONFIGDIR": str(cache / "mpl"), "XDG_CACHE_HOME": str(cache)}
    caches["NUMBA_CACHE_DIR"] = str(cache / "numba")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([FLOWSIM, *arguments], check=True, capture_output=True, env=kept | caches)
    return time.perf_counter() - start
