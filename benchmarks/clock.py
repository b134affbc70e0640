"""Clocks: CPU time of a call, of processes of their own, and what the machine is."""

from __future__ import annotations

import gc
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

PROBES = Path(__file__).with_name("probes.py")
"""What runs in a process of its own."""

Result = TypeVar("Result")


def timed(run: Callable[[], Result]) -> tuple[float, Result]:
    """CPU time of a call [s], and what it returns."""
    gc.collect()
    start = time.process_time()
    result = run()
    return time.process_time() - start, result


def probe(*arguments: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a probe in a process of its own says, and its last line on stderr."""
    command = [sys.executable, str(PROBES), *arguments]
    environment = os.environ | dict(environment or {})
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def repeating(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """Process that does the same once for each line it is sent; it is warm when it is handed over."""
    command = [sys.executable, str(PROBES), "repeat", *arguments]
    environment = os.environ | dict(environment or {})
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        answers([process])
        yield process


def once_more(processes: Sequence[subprocess.Popen[str]]) -> list[float]:
    """CPU times of processes that do the same once more, at once [s]."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return answers(processes)


def answers(processes: Sequence[subprocess.Popen[str]]) -> list[float]:
    """Next line of each process, as a number."""
    return [float(process.stdout.readline()) for process in processes if process.stdout is not None]


def machine() -> dict[str, Any]:
    """Processor, memory and system, without the name of the host."""
    memory = memory_of("MemTotal")
    return {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": None if memory is None else round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def memory_of(name: str) -> int | None:
    """An entry of the kernel's account of the memory [bytes]; None where there is none."""
    listing = Path("/proc/meminfo")
    if not listing.exists():
        return None
    lines = (line.split() for line in listing.read_text(encoding="utf-8").splitlines())
    return next((1024 * int(words[1]) for words in lines if words[0] == f"{name}:"), None)


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def versions() -> dict[str, str]:
    """Versions of what is measured."""
    names = ("flowsim", "simpy", "ciw", "salabim", "numba", "numpy", "scipy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}
