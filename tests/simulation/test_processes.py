"""Processes that share work: killed, without memory, or left by their parent, they end and leave nothing."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flowsim.simulation.processes import WorkerDied, mapping


def squared(number):
    return number * number


def killed(number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hungry(number):
    """More memory than a limit of this process allows."""
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
    return len(bytes(2**32))


def noted(folder, number):
    """Write down the process, and stay."""
    (folder / str(os.getpid())).touch()
    time.sleep(60)


def test_work_comes_back_in_order_from_one_process_or_two():
    for workers, chunk in ((1, 1), (2, 3)):
        with mapping(workers, chunk=chunk) as jobs:
            assert list(jobs(squared, range(5))) == [0, 1, 4, 9, 16]


def test_a_process_that_is_killed_ends_the_work_in_a_sentence():
    with pytest.raises(WorkerDied, match="a worker process was killed, perhaps"), mapping(2) as jobs:
        list(jobs(killed, range(4)))


def test_a_process_without_memory_says_so():
    with pytest.raises(MemoryError), mapping(2) as jobs:
        list(jobs(hungry, range(2)))


@pytest.mark.slow
def test_processes_end_with_their_parent(tmp_path):
    here = Path(__file__)
    script = (
        f"import sys; sys.path.insert(0, {str(here.parent)!r})\n"
        "from functools import partial\nfrom pathlib import Path\n"
        f"from {here.stem} import mapping, noted\n"
        "if __name__ == '__main__':\n"
        "    with mapping(2) as jobs:\n"
        f"        list(jobs(partial(noted, Path({str(tmp_path)!r})), range(2)))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script])
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2:
        assert parent.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    parent.kill()
    parent.wait(timeout=20)
    while any(Path(f"/proc/{file.name}").exists() for file in tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
