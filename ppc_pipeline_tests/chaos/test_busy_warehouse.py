"""The warehouse is open in another process: it is waited for, its holder named, and nothing is lost or asked twice."""

import time
from collections.abc import Callable

import pytest

from ppc_pipeline.reports.loader import WAREHOUSE_PAUSE
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.chaos.promises import broken_at_the_end
from ppc_pipeline_tests.chaos.world import COOKING_SECONDS, opened
from ppc_pipeline_tests.conftest import days_ago

pytestmark = pytest.mark.long

WEEK = Days(days_ago(9), days_ago(3))


def wait_until(happened: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("read_only", [True, False], ids=["reading", "writing"])
def test_an_open_notebook_delays_a_load_and_is_named_and_never_breaks_it(tmp_path, open_notebook, read_only):
    with opened(tmp_path / "world", WEEK, patient=True, profiles=1) as world:
        assert world.start("bring", point="file written, ledger unaware").wait(60)  # died; the warehouse has its tables
        notebook = open_notebook(world.warehouse_file, read_only=read_only)
        worker = world.start("bring")
        wait_until(lambda: "waiting for the warehouse" in worker.output)
        assert f"(process {notebook.pid})" in worker.output
        notebook.close()
        assert worker.wait(60) == 0, worker.output
        assert [*broken_at_the_end(world, wanted=4)] == []
        assert world.created() == 4


def test_a_notebook_that_stays_open_leaves_reports_downloaded_and_the_next_run_loads_them_without_amazon(
    tmp_path, open_notebook
):
    brief = {"PPC_WAREHOUSE_WAIT_SECONDS": "4"}
    with opened(tmp_path / "world", WEEK, profiles=1, ready_seconds=COOKING_SECONDS, settings=brief) as world:
        worker = world.start("bring")
        wait_until(lambda: world.states() == {"requested": 4})  # the run has seen to the tables, and waits for Amazon
        notebook = open_notebook(world.warehouse_file, read_only=False)
        world.clock.forward(2 * COOKING_SECONDS)
        wait_until(lambda: world.in_ledger("SELECT count(reason) FROM reports WHERE state = 'downloaded'") == [(4,)])
        for (reason,) in world.in_ledger("SELECT reason FROM reports"):
            assert f"(process {notebook.pid})" in reason
            assert "PPC_WAREHOUSE_WAIT_SECONDS" in reason
        assert f"(process {notebook.pid})" in worker.output
        worker.kill()
        notebook.close()
        calls = world.stats()["calls"]
        world.run("bring", ahead=WAREHOUSE_PAUSE.total_seconds() + 2)
        assert world.stats()["calls"] == calls
        assert [*broken_at_the_end(world, wanted=4)] == []


def test_a_command_that_cannot_have_the_warehouse_in_time_says_who_has_it_and_orders_nothing_twice(
    tmp_path, open_notebook
):
    brief = {"PPC_WAREHOUSE_WAIT_SECONDS": "4"}
    with opened(tmp_path / "world", WEEK, profiles=1, ready_seconds=0.0, settings=brief) as world:
        world.run("bring")
        notebook = open_notebook(world.warehouse_file, read_only=False)
        worker = world.start("backfill")
        assert worker.wait(60) == 1
        assert f"(process {notebook.pid})" in worker.output
        assert "Traceback" not in worker.output
        notebook.close()
        world.run("bring")
        assert [*broken_at_the_end(world, wanted=4)] == []
