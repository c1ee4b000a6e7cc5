"""The rebuild as the UI launches it: a run of the report assets with ``rebuild: true`` in its config."""

from dataclasses import replace

import pytest

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.reports import tables
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import check_of, failure_of, metadata_of
from ppc_pipeline_tests.fakes import gzipped

RANGE = {"start": days_ago(5), "end": days_ago(3)}
ASSET = "report_sp_targeting"


@pytest.fixture
def wrong_rule(monkeypatch):
    """A mistake in the code: the grain lacks a column, so that good rows are called duplicates. Corrected on demand."""
    right = tables.REPORT_TABLES["spTargeting"]
    monkeypatch.setitem(tables.REPORT_TABLES, "spTargeting", replace(right, grain=("campaign_id", "ad_group_id")))
    return lambda: monkeypatch.setitem(tables.REPORT_TABLES, "spTargeting", right)


@pytest.fixture
def amazon_off(monkeypatch):
    def fail(*_):
        raise AssertionError("no client may be opened")

    return lambda: monkeypatch.setattr(AmazonAdsClient, "__aenter__", fail)


def test_a_run_with_rebuild_in_its_config_materializes_with_what_changed(project, wrong_rule, amazon_off):
    here = project(profiles=2, report_types="spTargeting")
    first = here.run("reports_job", **RANGE)
    rejected = metadata_of(first, ASSET)["rows_rejected"]
    in_files = metadata_of(first, ASSET)["rows_in_files"]
    assert not check_of(first, ASSET, "rejected").passed
    wrong_rule()
    amazon_off()
    result = here.run("reports_job", **RANGE, reports={"rebuild": True})
    assert result.success
    found = metadata_of(result, ASSET)
    assert (found["reports_loaded_now"], found["rows_in_files"], found["rows_rejected"]) == (2, in_files, 0)
    assert (found["rows_freed_from_quarantine"], found["rows_in_quarantine"]) == (rejected, 0)
    assert (found["days_changed"], found["days_stale"], found["raw_files_gone"]) == (6, 0, 0)
    assert found["dagster/row_count"] == in_files
    assert check_of(result, ASSET, "rejected").passed
    assert check_of(result, ASSET).passed


@pytest.mark.long  # that they are told is a test of the plan
def test_a_rebuild_names_reports_whose_raw_file_is_gone(project, amazon_off):
    here = project(profiles=1, report_types="spTargeting")
    here.run("reports_job", **RANGE)
    ((report_id,),) = here.in_ledger("SELECT report_id FROM reports")
    next(here.settings.raw_dir.rglob("*.json.gz")).unlink()
    amazon_off()
    found = metadata_of(here.run("reports_job", **RANGE, reports={"rebuild": True}), ASSET)
    assert found["raw_files_gone"] == 1
    assert report_id in found["not rebuilt"]
    assert here.in_ledger("SELECT state FROM reports") == [("loaded",)]


def test_a_rebuild_in_which_no_file_can_be_read_fails_and_says_why(project, amazon_off):
    here = project(profiles=1, report_types="spTargeting")
    here.run("reports_job", **RANGE)
    rows = here.query(f"SELECT count(*) FROM {ASSET}")
    next(here.settings.raw_dir.rglob("*.json.gz")).write_bytes(gzipped("[{"))
    amazon_off()
    result = here.run("reports_job", **RANGE, reports={"rebuild": True})
    assert not result.success
    assert "its bytes are kept in" in failure_of(result)
    assert here.query(f"SELECT count(*) FROM {ASSET}") == rows
