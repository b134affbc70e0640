"""The node of reports for two populations: what it may hold, and what is refused by name."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest

from flowsim.config import population_files
from flowsim.config.compose import compose_config

TABLE = Path("reported.csv")


def node(**changes):
    """Node of the package with some keys at a path, joined by two underscores, set to others; None removes one."""
    from omegaconf import OmegaConf

    own = deepcopy(OmegaConf.to_container(compose_config([]).calibration.populations))
    for path, value in changes.items():
        *path, last = path.split("__")
        at = own
        for key in path:
            at = at[key]
        if value is None:
            del at[last]
        else:
            at[last] = value
    return own


def test_the_node_of_the_package_is_read():
    found = population_files.read(node(), table=TABLE, harvests=None)
    assert found.reported == TABLE
    assert found.entries.names == ("kyrgyzstan", "uzbekistan")
    assert found.entries.sector("oral") == "volga"
    assert found.singles.sized == (2011, 2012)
    assert found.abroad.held_out == (2014,)


def test_exits_may_be_left_out():
    found = population_files.read(node(exits=None, abroad=None), table=TABLE, harvests=None)
    assert found.abroad is None
    assert found.entries.sectors == {}


@pytest.mark.parametrize(
    ("changes", "wording"),
    [
        ({"foo": 1}, r"a key of calibration.populations must be one of reported, .*, got 'foo'"),
        ({"singles": None}, r"calibration.populations.singles must be given, got 'nothing'"),
        ({"singles": "many"}, r"calibration.populations.singles must be keys with values, got 'many'"),
        ({"singles__counted": "abc"}, r"calibration.populations.singles.counted must be a list of .*, got 'abc'"),
        ({"singles__counted": ["abc"]}, r"calibration.populations.singles.counted must be a list of .*, got 'abc'"),
        ({"singles__sized": [2011.5]}, r"calibration.populations.singles.sized must be a list of .*, got 2011.5"),
        ({"singles__country": 7}, r"calibration.populations.singles.country must be a name, got 7"),
        ({"singles__sized": [2012]}, r"a counted year of single seizures must be one of 2012, got '2011'.*"),
        ({"entries__kyrgyzstan": "x"}, r"calibration.populations.entries.kyrgyzstan must be a list .*, got 'x'"),
        ({"entries__moon": ["x"]}, r"entries must be two, got 'kyrgyzstan, uzbekistan, moon'"),
        ({"exits": None}, r"the sectors of the regions abroad must be those of the exits \(none\), got 'volga, .*"),
        ({"abroad__regions__volga": []}, r"calibration.populations.abroad.regions.volga must be a list of names, .*"),
    ],
)
def test_a_mistake_names_the_key_the_rule_and_the_value(changes, wording):
    with pytest.raises(ValueError, match=wording):
        population_files.read(node(**changes), table=TABLE, harvests=None)
