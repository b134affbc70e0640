"""Tables and YAML files of any content are read or refused in a sentence, within a second, and leave nothing."""

from __future__ import annotations

import fuzzed
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

HUNDREDS = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.slow
@HUNDREDS
@given(text=st.one_of(fuzzed.CSV.map(str.encode), st.binary(max_size=60)))
@example(text=b"\xff\xfe\x00")
@example(text=b'"' * 5000)
def test_a_table_of_any_content_is_read_or_refused(tmp_path, text):
    fuzzed.check_table(tmp_path, text)


@pytest.mark.slow
@HUNDREDS
@given(text=st.one_of(fuzzed.YAML.map(str.encode), st.binary(max_size=60)))
@example(text=b"[" * 5000)
@example(text=b"{a: " * 3000)
@example(text=b"- " * 3000)
@example(text=b"_target_: os.system\n" * 40_000)
def test_a_yaml_file_of_any_content_is_read_or_refused(tmp_path, text):
    fuzzed.check_file(tmp_path, text)
