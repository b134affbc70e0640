"""Small stores of sweeps for tests, with results that cost nothing and depend on the job alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from flowsim.results import registry, seal
from flowsim.results.coordinates import dates
from flowsim.sweeps import store as stores
from flowsim.sweeps.grid import Axis, Grid, coordinates, names
from flowsim.sweeps.template import Shape, Template

VARIABLES = ("entered_mass", "seized_mass_by_checkpoint", "delay")


def axis(key: str, *texts: str, name: str | None = None) -> Axis:
    """Axis of one key."""
    return Axis(name=name or key, keys=(key,), texts=tuple((text,) for text in texts))


def grid(inflows: Sequence[str] = ("60", "90.5"), seeds: Sequence[str] = ("1", "2")) -> Grid:
    """Policies, inflows and seeds."""
    return Grid(axes=(axis("policy", "baseline", "[b,c]"), axis("inflow", *inflows), axis("seed", *seeds)))


def shape(checkpoints: Sequence[str] = ("a", "b", "c")) -> Shape:
    """Three variables, and checkpoints of which no job has all; `c` is none."""
    return Shape(
        variables=VARIABLES,
        labels={
            "policy": ("baseline", "b+c"),
            "replication": (0, 1),
            "drug": ("heroin",),
            "checkpoint": tuple(checkpoints),
        },
        along={
            "oblast": ("checkpoint", {name: f"oblast of {name}" for name in checkpoints}),
            "is_checkpoint": ("checkpoint", {name: name != "c" for name in checkpoints}),
            "latitude": ("checkpoint", {name: 40.0 + 0.1 * k for k, name in enumerate(checkpoints)}),
        },
    )


def template(jobs: Grid | None = None, *, room: Shape | None = None) -> Template:
    """Template of a store."""
    jobs = jobs or grid()
    keys = [key for axis in jobs.axes for key in axis.keys]
    short = names(keys, taken=[]) | {"policy": "policy"}
    axes = [{"name": axis.name, "keys": axis.keys, "texts": axis.texts} for axis in jobs.axes]
    return Template(
        grid=jobs,
        shape=room or shape(),
        coordinates=coordinates(jobs, short=short),
        notes={"inflow": {"units": "t year-1", "long_name": "heroin entering"}},
        attributes={"title": "A sweep of nothing"},
        plan={"axes": axes, "fixed": []},
    )


def results(number: int, *, jobs: Grid | None = None, seizures: int = 3) -> xr.Dataset:
    """Results of a job: numbers drawn from its own number, with checkpoints that depend on its policy."""
    values = (jobs or grid()).values(number)
    policy = {"baseline": "baseline", "[b,c]": "b+c"}[values.get("policy", "baseline")]
    posts = ["b", "a"] if policy == "baseline" else ["b", "c"]
    draw = np.random.default_rng(number)
    hours = np.sort(8760.0 * draw.random(seizures))
    coords = {
        "policy": [policy],
        "replication": [0, 1],
        "drug": ["heroin"],
        "checkpoint": posts,
        "seizure_policy": ("seizure", np.array([policy] * seizures, dtype=object)),
        "seizure_replication": ("seizure", np.arange(seizures) % 2),
        "seizure_time": ("seizure", dates(hours, year=2010)),
    }
    variables = {
        "entered_mass": (("policy", "replication", "drug"), draw.random((1, 2, 1))),
        "seized_mass_by_checkpoint": (("policy", "replication", "drug", "checkpoint"), draw.random((1, 2, 1, 2))),
        "delay": (("policy", "checkpoint"), draw.random((1, 2))),
        "seizure_mass": ("seizure", draw.random(seizures)),
        "seizure_hours": ("seizure", hours),
    }
    return registry.attach(xr.Dataset(variables, coords=coords))


def made(folder: Path, *, jobs: Grid | None = None) -> stores.Store:
    """A store in which no job has begun."""
    return stores.make(template(jobs), folder)


def do(store: stores.Store, number: int, *, seconds: float = 0.0) -> None:
    """Do a job."""
    store.begin(number)
    time.sleep(seconds)
    store.write(number, results(number, jobs=store.grid))


def contents(folder: Path) -> dict[str, bytes]:
    """Bytes of all files that jobs wrote, without those that only say how they went."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("zarr.json", "seal") and "error" not in path.parts
    }


def reseal(path: Path) -> None:
    """Put the store's own files under a new seal, as a stranger may who has changed them."""
    own = seal.read(path)
    found = {name: own[name] if name == seal.IDENTITY else seal.digest((path / name).read_bytes()) for name in own}
    (path / seal.SEAL).write_bytes(seal.lines_of(found))


def simulate(number: int, *, jobs: Grid, seconds: float = 0.0, trouble: Path | None = None) -> xr.Dataset:
    """Results of a job after some time; what goes wrong with it is asked for by a file of its number."""
    time.sleep(seconds)
    asked = trouble / str(number) if trouble else None
    if asked is not None and asked.is_file():
        match asked.read_text():
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "die once":
                asked.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
            case wrong:
                raise ValueError(wrong)
    return results(number, jobs=jobs)


def explain(error: Exception, number: int) -> str:
    """Message of an error."""
    return f"{type(error).__name__}: {error}"
