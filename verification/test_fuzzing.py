"""The fuzzing of the tests with a hundred thousand tables and files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

sys.path.append(str(Path(__file__).parents[1] / "tests"))

import fuzzed  # shared with the tests

from verification.amounts import amount

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:Generating overly large repr")]

MANY = settings(
    max_examples=amount(5_000, 50_000),
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@MANY
@given(text=fuzzed.CSV.map(str.encode))
def test_tables(tmp_path, text):
    fuzzed.check_table(tmp_path, text)


@MANY
@given(text=fuzzed.YAML.map(str.encode))
def test_yaml_files(tmp_path, text):
    fuzzed.check_file(tmp_path, text)
