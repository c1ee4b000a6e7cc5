"""A click in the UI, the sensor with its load runs and a sync, started together: one order, one load, no deadlock.

The long version is ``make chaos``.
"""

import pytest

from ppc_pipeline_tests.chaos import together

pytestmark = pytest.mark.long


def test_three_processes_in_a_new_data_directory_order_a_window_once_and_load_it_once(tmp_path):
    assert together.play(tmp_path / "world", new=True) == []
