"""Limits of control groups and of `ulimit -v` are memory and cores that a run may have."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from flowsim.simulation import resources

VERSION_2 = {
    "memory.max": "max",
    "a/memory.max": "1000",
    "a/memory.current": "700",
    "a/memory.stat": "anon 600\ninactive_file 50",
    "a/b/memory.max": "5000",
    "a/b/memory.current": "100",
    "a/b/memory.stat": "anon 100",
    "a/cpu.max": "150000 100000",
    "a/b/cpu.max": "max 100000",
}
VERSION_1 = {
    "memory/a/memory.limit_in_bytes": "1000",
    "memory/a/memory.usage_in_bytes": "300",
    "cpu,cpuacct/a/cpu.cfs_quota_us": "-1",
    "cpu,cpuacct/a/cpu.cfs_period_us": "100000",
}


@pytest.mark.parametrize(
    ("files", "names", "memory", "cores"),
    [
        (VERSION_2, "0::/a/b", 350.0, 1.5),
        (VERSION_1, "5:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/", 700.0, math.inf),
        ({}, "0::/", None, None),
    ],
)
def test_what_a_control_group_leaves_is_the_least_of_it_and_of_those_above(tmp_path, files, names, memory, cores):
    for name, text in files.items():
        (tmp_path / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "groups" / name).write_text(text)
    (tmp_path / "own").write_text(names + "\n")
    given = {"own": tmp_path / "own", "root": tmp_path / "groups"}
    assert resources.of_group("memory", **given) == memory
    assert resources.of_group("cpu", **given) == cores


def test_a_machine_without_control_groups_has_no_limit(tmp_path):
    assert resources.of_group("memory", own=tmp_path / "none") is None


def test_ulimit_is_respected():
    script = "import resource; from flowsim.simulation import resources as r\nprint(r.free_memory())"
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30,) * 2)\n{script}"
    done = subprocess.run([sys.executable, "-c", limit], capture_output=True, text=True, check=True)
    assert 0 < float(done.stdout) < 3 * 2**30


def test_at_least_one_core_is_used(monkeypatch):
    monkeypatch.setattr(resources, "of_group", lambda kind: 0.3)
    assert resources.cores() == 1
