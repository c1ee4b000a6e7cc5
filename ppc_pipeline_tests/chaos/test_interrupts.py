"""Ctrl-C and SIGTERM in a real process: exit code 130, one line, claims given back, and the next run goes on at once.

Every boundary is tried by ``make chaos``.
"""

import signal
import time

import pytest

from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.chaos import interrupts
from ppc_pipeline_tests.chaos.test_busy_warehouse import wait_until
from ppc_pipeline_tests.chaos.world import COOKING_SECONDS, opened
from ppc_pipeline_tests.conftest import days_ago

WEEK = Days(days_ago(9), days_ago(3))


@pytest.mark.parametrize(
    ("point", "number"),
    [
        pytest.param("POST answered, id not written", signal.SIGINT, marks=pytest.mark.long, id="ordering"),
        pytest.param("before the commit", signal.SIGTERM, id="loading"),
    ],
)
def test_an_interrupted_command_ends_with_one_line_and_the_next_one_goes_on(tmp_path, point, number):
    assert interrupts.play(tmp_path / "world", point, number) == []


def test_ctrl_c_while_the_warehouse_is_waited_for_ends_at_once(tmp_path, open_notebook):
    with opened(tmp_path / "world", WEEK, profiles=1, ready_seconds=COOKING_SECONDS) as world:
        world.lease = None
        worker = world.start("backfill")
        wait_until(lambda: world.states() == {"requested": 4})
        open_notebook(world.warehouse_file, read_only=True)
        world.clock.forward(2 * COOKING_SECONDS)
        wait_until(lambda: "waiting for the warehouse" in worker.output)
        began = time.monotonic()
        worker.send(signal.SIGINT)
        code = worker.wait(15)
        assert [*interrupts.judge(world, code, worker.output)] == []
        assert time.monotonic() - began < 10
