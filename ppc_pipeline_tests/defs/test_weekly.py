"""The asset of the weekly reports: its partitions, its schedule, and what one profile's trouble costs the others."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.assets.weekly import weekly_partitions
from ppc_pipeline.defs.schedules import weekly_reports
from ppc_pipeline.settings import Settings
from ppc_pipeline.weekly import writing
from ppc_pipeline.weekly.weeks import Week
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import check_of, failure_of, metadata_of

pytestmark = pytest.mark.usefixtures("whole_job")

LAST = Week.of(days_ago(3)).before()  # over everywhere


def write(here, first=LAST, last=LAST):
    return here.run("weekly_job", start=first.start, end=last.start)


def files(here):
    return sorted(str(path.relative_to(here.settings.weekly_dir)) for path in here.settings.weekly_dir.rglob("*"))


def test_a_run_writes_a_file_for_each_profile_and_says_which_are_not_complete(project):
    here = project(profiles=2, report_types="spCampaigns")
    here.run("reports_job", start=LAST.start, end=LAST.end, assets=["report_sp_campaigns"])
    result = write(here, LAST.before())
    assert result.success, failure_of(result)
    ids = here.profile_ids()
    weeks = [LAST.before().start, LAST.start]
    assert files(here) == sorted([*map(str, weeks), *(f"{week}/{one}.html" for week in weeks for one in ids)])
    found = metadata_of(result, "weekly_report")
    assert (found["reports"], found["not_written"], found["not_complete"], found["without_figures"]) == (4, 0, 2, 2)
    assert check_of(result, "weekly_report", "written").passed


def test_one_profiles_trouble_is_named_and_stops_no_other(project, monkeypatch):
    here = project(profiles=2, report_types="spCampaigns")
    here.run("reports_job", start=LAST.end, assets=["report_sp_campaigns"])
    broken, whole = here.profile_ids()
    page_of = writing.page_of

    def failing(contents):
        if contents.profile.profile_id == broken:
            raise OSError("no room")
        return page_of(contents)

    monkeypatch.setattr(writing, "page_of", failing)
    result = write(here)
    assert result.success
    assert files(here) == [str(LAST.start), f"{LAST.start}/{whole}.html"]
    assert metadata_of(result, "weekly_report")["not_written"] == 1
    check = check_of(result, "weekly_report", "written")
    assert not check.passed
    assert f"{broken}" in check.description
    assert "no room" in check.description
    monkeypatch.setattr(writing, "page_of", lambda contents: 1 / 0)
    result = write(here)
    assert not result.success, "nobody's was written"
    assert "ZeroDivisionError" in failure_of(result)
    assert files(here) == [str(LAST.start), f"{LAST.start}/{whole}.html"], "what was there stays, whole"


@pytest.mark.parametrize(
    ("start", "first"), [("2026-01-01", "2026-01-05"), ("2026-01-05", "2026-01-05"), ("2026-01-06", "2026-01-12")]
)
def test_partitions_are_the_mondays_of_weeks_that_lie_wholly_after_the_start_date(start, first):
    keys = weekly_partitions(date.fromisoformat(start)).get_partition_keys(
        current_time=datetime(2026, 2, 2, 0, 1, tzinfo=UTC)
    )
    assert (keys[0], keys[-1]) == (first, "2026-01-26")
    assert {date.fromisoformat(key).weekday() for key in keys} == {0}


@pytest.mark.parametrize("day", ["2026-03-09", "2026-11-02", "2026-11-30", "2027-01-04"])
def test_on_mondays_the_week_that_ended_on_sunday_is_written_once(day):
    repository = build_defs(Settings(_env_file=None, data_dir=Path("/nowhere"))).get_repository_def()
    moment = datetime.fromisoformat(f"{day}T14:00:00+00:00")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=moment, repository_def=repository
        )
        (request,) = weekly_reports.evaluate_tick(context).run_requests
    assert request.partition_key == request.run_key == str(moment.date() - timedelta(days=7))
    assert Week.of(moment.date()).before().start == date.fromisoformat(request.partition_key)
