"""Rows that nobody can load: each is in quarantine with its reason, as it came, and every other one is loaded."""

import json

import pytest

from ppc_pipeline.sandbox.faults import ROWS
from ppc_pipeline_tests.faults.conftest import KINDS, OneEach, starting

REASONS = {
    "null-id": "campaign_id is missing",
    "text-in-number": "impressions is not a whole number: n/a",
    "missing-date": "date is missing",
    "date-outside": "date 2026-11-13 is outside the report (2026-11-14 to 2026-11-20)",
    "duplicate-row": "another row of the file has the same keys",
}


def test_every_fault_of_a_row_has_its_reason():
    assert set(REASONS) == set(ROWS)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, starting(patch, tmp_path_factory.mktemp("spoiled") / "data") as start:
        yield OneEach.of(start(profiles=len(ROWS)), ROWS)


@pytest.mark.parametrize("fault", ROWS)
def test_a_spoiled_row_is_in_quarantine_with_the_reason_and_all_others_are_loaded(spoiled, fault):
    company, row = spoiled.company, spoiled.rows[spoiled.profiles[fault]]
    company.assert_exact([row])
    assert row.rows_rejected == company.faults()[fault] >= 7
    found = company.query("SELECT reason, raw FROM rejected_rows WHERE report_id = ?", row.report_id)
    assert {reason for reason, _ in found} == {REASONS[fault]}
    assert all(set(json.loads(raw)) >= {"campaignName", "impressions", "sales14d"} for _, raw in found)


def test_all_spoiled_rows_at_once_in_every_report_type_add_up(start):
    company = start(",".join(ROWS))
    brought = company.bring(kinds=KINDS)
    assert {row.rows_rejected > 0 for row in brought.rows} == {True}
    company.assert_exact(brought.rows)
    reasons = {reason for (reason,) in company.query("SELECT DISTINCT reason FROM rejected_rows")}
    assert reasons == set(REASONS.values())


def test_rows_that_come_back_sound_leave_quarantine(start):
    company = start("null-id", settings={"PPC_FRESH_HOURS": "0"})
    company.bring()
    assert company.query("SELECT count(*) > 0 FROM rejected_rows") == [(True,)]
    company.go_wrong("none")
    company.clock.forward(hours=1)
    company.assert_exact(company.bring().rows)
    assert company.query("SELECT count(*) FROM rejected_rows") == [(0,)]
