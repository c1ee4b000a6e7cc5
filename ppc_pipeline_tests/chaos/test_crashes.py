"""Killed at every boundary of a report's life: every row once, exact, and no report asked for twice.

The long version is ``make chaos``.
"""

import signal

from ppc_pipeline.reports.ledger import LEASE
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.chaos.points import LATE, POINTS
from ppc_pipeline_tests.chaos.promises import broken_after_a_kill, broken_at_the_end, leftovers
from ppc_pipeline_tests.chaos.rounds import draw, play
from ppc_pipeline_tests.chaos.world import opened
from ppc_pipeline_tests.conftest import days_ago

WEEK = Days(days_ago(9), days_ago(3))


def test_a_run_killed_at_every_boundary_one_after_the_other_brings_everything_once(tmp_path):
    with opened(tmp_path / "world", WEEK, patient=True, profiles=3) as world:
        world.lease = 0.3
        died = []
        for point in POINTS:
            worker = world.start("bring", point=point, late=0.001 if point in LATE else 0.0)
            code = worker.wait(60)
            assert code in (-signal.SIGKILL, 0), worker.output
            died += [point] if code else []
            assert [*broken_after_a_kill(world)] == [], point
        assert set(POINTS) - set(died) <= LATE  # a span may be over before its end comes
        world.run("bring")
        assert [*broken_at_the_end(world, wanted=12)] == []
        assert world.created() == 12


def test_a_short_round_of_chaos_holds(tmp_path):
    result = play(draw(2, 0, commands=False), tmp_path / "round")
    assert result.broken == []
    assert result.died


def test_the_claims_of_a_dead_run_hold_for_a_lease_and_no_longer(tmp_path):
    with opened(tmp_path / "world", WEEK, patient=True, profiles=1) as world:
        world.lease = None
        assert world.start("bring", point="id written", nth=2).wait(60) == -signal.SIGKILL
        held = world.in_ledger("SELECT count(*) FROM reports WHERE lease_owner IS NOT NULL")
        assert held == [(4,)]
        assert [*broken_after_a_kill(world)] == []
        # The next run comes when the lease has just run out: nothing else is waited for.
        world.run("bring", ahead=LEASE.total_seconds() + 1)
        assert [*broken_at_the_end(world, wanted=4)] == []


def test_a_kill_during_a_download_leaves_the_whole_file_or_none(tmp_path):
    with opened(tmp_path / "world", WEEK, profiles=1, ready_seconds=0.0) as world:
        assert world.start("bring", point="first piece of the file").wait(60) == -signal.SIGKILL
        assert leftovers(world) != []
        archived = [*(world.data_dir / "raw").rglob("*.json.gz")]
        assert len(archived) == world.states().get("downloaded", 0)
        world.run("bring")
        assert [*broken_at_the_end(world, wanted=4)] == []
