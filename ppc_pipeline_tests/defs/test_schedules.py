"""The daily schedules, and the order that one of them makes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from ppc_pipeline.defs.schedules import daily_entities, daily_orders
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import failure_of


def tick(moment: datetime) -> dg.RunRequest:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
        (request,) = daily_orders.evaluate_tick(context).run_requests
    return request


def is_weekly(request: dg.RunRequest) -> bool:
    return request.run_config["ops"]["order_reports"]["config"]["weekly"]


@pytest.mark.parametrize(
    ("day", "weekly"),
    [
        ("2026-11-22", False),  # a Sunday
        ("2026-11-23", True),  # a Monday
        ("2026-11-24", False),
        ("2026-11-30", True),  # the last day of a month
        ("2026-12-31", False),  # the last day of a year
        ("2028-02-29", False),
        ("2026-03-08", False),  # clocks go forward in the United States
        ("2026-11-01", False),  # and back
        ("2026-10-25", False),  # and back in Europe
        ("2026-10-26", True),
    ],
)
def test_the_look_further_back_is_due_on_the_mondays_of_the_schedule_and_not_of_the_clock(day, weekly):
    moment = datetime.fromisoformat(f"{day}T10:00:00+00:00")
    assert is_weekly(tick(moment)) is weekly


def test_every_tick_has_a_run_key_of_its_own_over_month_ends_and_changes_of_clocks():
    first = datetime(2026, 1, 1, 10, tzinfo=UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        keys = [_run_key(instance, first + timedelta(days=number)) for number in range(400)]
    assert len(set(keys)) == 400


def _run_key(instance: dg.DagsterInstance, moment: datetime) -> str:
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=moment)
    return daily_orders.evaluate_tick(context).run_requests[0].run_key


def test_a_tick_evaluated_twice_is_one_run():
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert tick(moment).run_key == tick(moment).run_key


@pytest.mark.parametrize("schedule", [daily_entities, daily_orders], ids=lambda schedule: schedule.name)
@pytest.mark.parametrize("day", ["2026-01-15", "2026-03-08", "2026-07-15", "2026-11-01"])
def test_at_a_tick_yesterday_is_over_where_days_end_last(schedule, day):
    midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
    ticks = cron_string_iterator(midnight, schedule.cron_schedule, schedule.execution_timezone)
    moment = next(ticks)
    over = moment.astimezone(ZoneInfo("America/Los_Angeles")).date()
    assert over == moment.date()  # the new date has begun there: the one before is over
    assert next(ticks) - moment == timedelta(days=1)


def test_an_order_asks_for_the_trailing_days_of_every_profile_and_type_and_waits_for_nothing(project, monkeypatch):
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(200)))
    here = project(profiles=2, ready_seconds=3600)
    result = here.run("orders_job", order_reports={"holes": False})
    assert result.success
    rows = here.in_ledger(
        "SELECT state, julianday(end_date) - julianday(start_date) + 1, count(*) FROM reports GROUP BY 1, 2"
    )
    assert rows == [("requested", 31, 8)]
    assert here.created() == 8
    (end, expected) = here.in_ledger("SELECT min(end_date), max(end_date) FROM reports")[0]
    assert {end, expected} <= {str(days_ago(2)), str(days_ago(1))}


def test_on_mondays_the_days_before_the_trailing_ones_are_ordered_too(project, monkeypatch):
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(200)))
    here = project(profiles=1, report_types="spCampaigns", ready_seconds=3600)
    here.run("orders_job", order_reports={"holes": False, "weekly": True})
    days = here.in_ledger("SELECT julianday(max(end_date)) - julianday(min(start_date)) + 1, count(*) FROM reports")
    assert days == [(62, 2)]


def test_holes_are_filled_newest_first_and_a_bounded_number_a_day(project, monkeypatch):
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(92)))
    monkeypatch.setenv("PPC_HOLE_REPORTS_PER_DAY", "1")
    here = project(profiles=1, report_types="spCampaigns", ready_seconds=3600)
    pieces = []
    for orders in (2, 3, 3):
        here.run("orders_job")
        found = here.in_ledger("SELECT start_date, end_date FROM reports ORDER BY end_date DESC")
        assert len(found) == orders
        pieces.append(found)
    assert pieces[1][:2] == pieces[0]
    starts, ends = zip(*pieces[-1], strict=True)
    assert starts[-1] == str(days_ago(92))  # nothing before PPC_START_DATE
    assert [_next_day(end) for end in ends[1:]] == [*starts[:-1]]  # and every day once


def _next_day(day: str) -> str:
    return str(datetime.fromisoformat(day).date() + timedelta(days=1))


def test_an_order_repeated_soon_orders_nothing(project):
    here = project(profiles=1, ready_seconds=3600)
    here.run("orders_job", order_reports={"holes": False})
    here.run("orders_job", order_reports={"holes": False})
    assert here.created() == 4


def test_an_order_that_nobody_could_make_fails_with_the_reason(project, two_accounts):
    here = project(two_accounts(names=("broken",)))
    result = here.run("orders_job")
    assert not result.success
    assert "'broken'" in failure_of(result)
    assert "->" in failure_of(result)
