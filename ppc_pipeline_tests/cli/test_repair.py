"""``ppc rejected`` and ``ppc rebuild``: what is in quarantine, and getting it out after a fix in the code."""

import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import dagster as dg
import duckdb
import httpx
import pytest

from ppc_pipeline.reports import tables
from ppc_pipeline_tests.cli.conftest import ppc, ppc_json, start
from ppc_pipeline_tests.conftest import days_ago

pytestmark = pytest.mark.long

RANGE = (days_ago(5), days_ago(3))
TYPE = ("--report-type", "spTargeting")
DATES = ("--from", RANGE[0], "--to", RANGE[1])


@pytest.fixture
def wrong_rule(monkeypatch):
    """A mistake in the code: the grain lacks a column, so that good rows are called duplicates. Corrected on demand."""
    right = tables.REPORT_TABLES["spTargeting"]
    monkeypatch.setitem(tables.REPORT_TABLES, "spTargeting", replace(right, grain=("campaign_id", "ad_group_id")))
    return lambda: monkeypatch.setitem(tables.REPORT_TABLES, "spTargeting", right)


@pytest.fixture
def url(start_sandbox, data_dir):
    return start_sandbox(profiles=2)


def rows_at_amazon(url) -> int:
    asked = {"reportType": "spTargeting", "startDate": RANGE[0], "endDate": RANGE[1]}
    ids = [profile["profileId"] for profile in httpx.get(f"{url}/_sandbox/profiles").json()]
    return sum(httpx.get(f"{url}/_sandbox/totals", params={**asked, "profileId": id_}).json()["rows"] for id_ in ids)


def switch_off(monkeypatch):
    for name in ("AMAZON_ADS_API_URL", "AMAZON_ADS_TOKEN_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens there


@pytest.mark.parametrize("brought", [False, True])
def test_an_empty_quarantine_is_said_to_be_empty(brought, url):
    if brought:
        ppc("backfill", *RANGE, *TYPE)
    result = ppc("rejected")
    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing is in quarantine")
    assert ("nothing was loaded yet" in result.stdout) is not brought
    assert ppc_json("rejected") == {"rows": 0, "reasons": [], "kinds": [], "examples": [], "next_steps": []}


def test_what_is_in_quarantine_is_counted_by_kind_with_examples_and_the_next_command(url, wrong_rule):
    said = ppc("backfill", *RANGE, *TYPE)
    assert "rows in quarantine" in said.output
    assert "ppc rejected" in said.output
    found = ppc_json("rejected")
    assert {(kind["source"], kind["kind"]) for kind in found["kinds"]} == {
        ("spTargeting", "another row of the file has the same keys")
    }
    assert len({kind["profile_id"] for kind in found["kinds"]}) == 2
    assert sum(kind["rows"] for kind in found["kinds"]) == found["rows"] > 10
    assert len(found["examples"]) == 10
    example = found["examples"][0]
    assert example["report_id"]
    assert example["row_no"] > 1
    assert '"keywordId"' in example["raw"]
    assert f"ppc rebuild --report-type spTargeting --from {RANGE[0]} --to {RANGE[1]}" in found["next_steps"][0]
    people = ppc("rejected", "--limit", 1)
    assert people.exit_code == 0
    for words in ("another row of the file", "ppc rebuild", "rejected_rows"):
        assert words in people.stdout


def test_the_quarantine_can_be_looked_at_by_profile_type_and_day(url, wrong_rule):
    ppc("backfill", *RANGE, *TYPE)
    every = ppc_json("rejected")
    wanted = every["kinds"][0]["profile_id"]
    assert {kind["profile_id"] for kind in ppc_json("rejected", "--profile", wanted)["kinds"]} == {wanted}
    assert ppc_json("rejected", "--report-type", "campaigns")["rows"] == 0
    by_day = [ppc_json("rejected", "--from", days_ago(n), "--to", days_ago(n))["rows"] for n in (6, 5, 4, 3, 2)]
    assert by_day[0] == by_day[-1] == 0
    assert sum(by_day) == every["rows"]
    assert "of what was asked for" in ppc("rejected", "--from", days_ago(2), "--to", days_ago(2)).stdout


def test_a_row_whose_date_cannot_be_used_counts_for_every_day_of_its_report(url, data_dir):
    ppc("backfill", *RANGE, *TYPE)
    with duckdb.connect(data_dir / "ppc.duckdb") as warehouse:
        warehouse.execute(
            """
            INSERT INTO rejected_rows (account, profile_id, source, report_id, row_no, reason, raw, rejected_at)
            SELECT account, profile_id, report_type, report_id, 1, 'date is not a date: soon', '{"date": "soon"}', now()
            FROM load_log LIMIT 1
            """
        )
    (kind,) = ppc_json("rejected")["kinds"]
    assert (kind["kind"], kind["rows"]) == ("date is not a date", 1)
    assert (kind["first_day"], kind["last_day"]) == (str(RANGE[0]), str(RANGE[1]))
    assert ppc_json("rejected", "--from", RANGE[1], "--to", RANGE[1])["rows"] == 1
    assert ppc_json("rejected", "--from", days_ago(2), "--to", days_ago(2))["rows"] == 0


def test_a_rebuild_after_a_fix_frees_the_rows_with_amazon_switched_off(url, wrong_rule, data_dir, monkeypatch):
    ppc("backfill", *RANGE, *TYPE)
    truth, rejected = rows_at_amazon(url), ppc_json("rejected")["rows"]
    wrong_rule()
    switch_off(monkeypatch)
    (done,) = ppc_json("rebuild", *TYPE, *DATES)["report_types"]
    assert (done["report_type"], done["reports_loaded_now"]) == ("spTargeting", 2)
    assert (done["rows_loaded"], done["rows_freed_from_quarantine"]) == (truth, rejected)
    assert (done["rows_in_quarantine"], done["days_changed"], done["days_unchanged"]) == (0, 6, 0)
    assert ppc_json("rejected")["rows"] == 0
    with dg.DagsterInstance.from_config(str(data_dir / "dagster")) as instance:
        run, *_ = instance.get_runs()
        assert (run.job_name, run.status) == ("reports_job", dg.DagsterRunStatus.SUCCESS)
        assert instance.get_latest_materialization_event(dg.AssetKey("report_sp_targeting")).run_id == run.run_id

    again = ppc("rebuild", *TYPE, *DATES)
    assert again.exit_code == 0
    assert "Loaded again from the raw archive" in again.stdout
    (twice,) = ppc_json("rebuild", "--all")["report_types"][1:2]
    assert (twice["rows_loaded"], twice["days_changed"]) == (truth, 0)


def test_a_raw_file_that_is_gone_is_named(url, data_dir):
    ppc("backfill", *RANGE, *TYPE)
    gone = min(data_dir.rglob("*.json.gz"))
    gone.unlink()
    result = ppc("rebuild", *TYPE, *DATES)
    assert result.exit_code == 1
    assert "the raw file is gone" in result.stdout
    (row,) = ppc_json("rebuild", *TYPE, *DATES)["raw_file_gone"]
    assert (row["report_id"], row["state"]) == (gone.name.removesuffix(".json.gz"), "loaded")


def test_a_report_of_a_profile_that_no_account_has_is_named(url, data_dir):
    ppc("backfill", *RANGE, *TYPE)
    with closing(sqlite3.connect(data_dir / "ledger.db", isolation_level=None)) as ledger:
        ledger.execute("UPDATE profiles SET account = 'of-old'")
    result = ppc("rebuild", *TYPE, *DATES)
    assert result.exit_code == 1
    assert "no configured account has the profile" in " ".join(result.stdout.split())
    assert "nothing to rebuild" not in result.stdout
    assert len(ppc_json("rebuild", *TYPE, *DATES)["profile_unknown"]) == 2


def test_nothing_to_rebuild_is_said_and_makes_no_run(url, data_dir):
    result = ppc("rebuild", "--all")
    assert result.exit_code == 0
    assert "nothing to rebuild" in result.stdout
    assert not (data_dir / "dagster").exists()


def test_a_rebuild_that_was_killed_is_completed_by_the_same_command(url, data_dir):
    ppc("backfill", days_ago(33), days_ago(3), "--report-type", "spCampaigns")
    before = figures(data_dir)
    with start("rebuild", "--all", "--report-type", "spCampaigns") as process:
        deadline = time.monotonic() + 40
        while "downloaded" not in states_in_ledger(data_dir):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert "downloaded" in states_in_ledger(data_dir)
    in_ledger(data_dir, "UPDATE reports SET lease_until = '2020-01-01 00:00:00.000000' WHERE lease_until IS NOT NULL")
    assert ppc("rebuild", "--all", "--report-type", "spCampaigns").exit_code == 0
    assert states_in_ledger(data_dir) == {"loaded"}
    assert before
    assert figures(data_dir) == before


def figures(data_dir):
    with duckdb.connect(data_dir / "ppc.duckdb", read_only=True) as warehouse:
        return warehouse.execute("SELECT * EXCLUDE (loaded_at) FROM report_sp_campaigns ORDER BY ALL").fetchall()


def states_in_ledger(data_dir):
    return {state for (state,) in in_ledger(data_dir, "SELECT DISTINCT state FROM reports")}


def in_ledger(data_dir, sql):
    with closing(sqlite3.connect(data_dir / "ledger.db", timeout=10)) as ledger, ledger:
        return ledger.execute(sql).fetchall()
