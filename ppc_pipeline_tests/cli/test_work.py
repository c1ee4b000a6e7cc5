"""``ppc sync``, ``ppc backfill`` and what else works: exact, nothing asked twice, and a kill costs nothing."""

import asyncio
import re
import signal
import socket
import sqlite3
import subprocess
import textwrap
import time
from decimal import Decimal
from importlib.metadata import entry_points

import dagster as dg
import duckdb
import httpx
import pytest

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.cli.runs import _not_complete, tools_of
from ppc_pipeline.pipeline import sync_profiles
from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.settings import load_settings
from ppc_pipeline_tests.cli.conftest import COMMAND, ppc, ppc_json, start
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.fakes import FOUR


def created(url) -> int:
    return httpx.get(f"{url}/_sandbox/stats").json()["reportsCreated"]


def profile_ids(url) -> list[int]:
    return [profile["profileId"] for profile in httpx.get(f"{url}/_sandbox/profiles").json()]


def query(data_dir, sql):
    with duckdb.connect(data_dir / "ppc.duckdb", read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def in_ledger(data_dir, sql):
    ledger = sqlite3.connect(data_dir / "ledger.db", timeout=10)
    try:
        with ledger:
            return ledger.execute(sql).fetchall()
    finally:
        ledger.close()


def truth(url, first, last):
    """Return what the sandbox knows: (report type, profile) -> rows, cost, sales of the profile's standard window."""
    known = {}
    for profile in httpx.get(f"{url}/_sandbox/profiles").json():
        sales = "sales14d" if profile["type"] == "vendor" else "sales7d"
        for name in FOUR:
            asked = {"profileId": profile["profileId"], "reportType": name, "startDate": first, "endDate": last}
            totals = httpx.get(f"{url}/_sandbox/totals", params=asked).json()
            sums = totals["sums"]
            known[name, profile["profileId"]] = (totals["rows"], Decimal(sums["cost"]), Decimal(sums.get(sales, 0)))
    return known


@pytest.mark.long
def test_thirty_three_days_are_24_reports_exact_to_the_cent_and_again_none(start_sandbox, data_dir):
    url = start_sandbox(profiles=3)
    first, last = days_ago(35), days_ago(3)
    result = ppc_json("backfill", first, last)
    assert created(url) == 24
    keys = {"sandbox", "start", "end", "totals", "incomplete", "rows_in_quarantine", "accounts_in_trouble"}
    assert set(result) == keys
    assert result["rows_in_quarantine"] == {}
    assert (result["start"], result["end"], result["incomplete"]) == (str(first), str(last), [])
    known = truth(url, first, last)
    shown = {
        (total["report_type"], total["profile_id"]): (total["rows"], Decimal(total["cost"]), Decimal(total["sales"]))
        for total in result["totals"]
    }
    assert shown == known
    for name in FOUR:
        found = query(
            data_dir, f"SELECT profile_id, count(*), sum(cost) FROM {REPORT_TYPES[name].table} GROUP BY profile_id"
        )
        assert {row[0]: row[1:] for row in found} == {
            profile_id: (rows, cost) for (of, profile_id), (rows, cost, _) in known.items() if of == name
        }

    before = query(data_dir, "SELECT * FROM report_sp_targeting ORDER BY ALL")
    again = ppc_json("backfill", first, last)
    assert created(url) == 24
    assert again == result
    assert query(data_dir, "SELECT * FROM report_sp_targeting ORDER BY ALL") == before


def test_what_is_not_complete_for_one_reason_is_one_line_however_many_report_types():
    def stretch(report_type, reason, profile_id=1):
        days = Days(days_ago(4), days_ago(3))
        return Stretch("acme", profile_id, "Acme", report_type, days, DayStatus.FAILED, reason)

    four = [stretch(name, "refused") for name in FOUR]
    lines = _not_complete([*four, stretch("sbAds", "broken"), stretch("sbAds", "refused", profile_id=2)])
    assert [(profile, names, why) for _, profile, names, _, _, why in lines] == [
        ("1", "4 report types", "refused"),
        ("1", "sbAds", "broken"),
        ("2", "sbAds", "refused"),
    ]


def test_a_refusal_is_one_line_however_many_request_ids_report_types_and_windows():
    def stretch(number, report_type, days):
        reason = f"account 'acme': 401 (Amazon request id r-{number}) -> ask the client"
        return Stretch("acme", 1, "Acme", report_type, days, DayStatus.FAILED, reason)

    first, second = Days(days_ago(40), days_ago(10)), Days(days_ago(9), days_ago(3))
    many = [stretch(f"{name}-{days.start}", name, days) for name in REPORT_TYPES for days in (first, second)]
    (line,) = _not_complete(many)
    why = f"account 'acme': 401 (such as Amazon request id r-spCampaigns-{first.start}) -> ask the client"
    assert line == (
        *("acme", "1", f"{len(REPORT_TYPES)} report types"),
        *(f"within {days_ago(40)} to {days_ago(3)}", "failed", why),
    )


@pytest.mark.long
def test_sync_brings_entities_and_the_trailing_days_and_leaves_ordinary_runs_behind(
    data_dir, monkeypatch, start_sandbox
):
    url = start_sandbox(profiles=2)
    result = ppc("sync")
    assert result.exit_code == 0
    assert created(url) == 8
    table = result.stdout
    assert all(str(profile_id) in table for profile_id in profile_ids(url))
    for column in ("rows", "cost", "sales", "currency", "USD", "EUR"):
        assert column in table
    assert query(data_dir, "SELECT count(DISTINCT profile_id) FROM campaigns") == [(2,)]
    ((days,),) = query(data_dir, "SELECT count(DISTINCT date) FROM report_sp_campaigns")
    assert days >= 31
    assert in_ledger(data_dir, "SELECT DISTINCT state FROM reports") == [("loaded",)]

    home = data_dir / "dagster"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        runs = instance.get_runs()
        assert [run.job_name for run in reversed(runs)] == ["entities_job", "orders_job", "reports_job"]
        assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
        assert instance.get_settings("run_monitoring")["enabled"] is True
        assert instance.get_latest_materialization_event(dg.AssetKey("report_sp_targeting")) is not None
    written = (home / "dagster.yaml").read_text()
    (home / "dagster.yaml").write_text(written + "# mine\n")
    assert ppc("sync").exit_code == 0
    assert created(url) == 8
    assert (home / "dagster.yaml").read_text() == written + "# mine\n"


def test_a_backfill_of_one_new_profile_and_report_type_brings_and_prints_only_that(start_sandbox, data_dir):
    url = start_sandbox(profiles=3)
    asyncio.run(sync_profiles(tools_of(load_settings())))
    new = profile_ids(url)[1]
    in_ledger(data_dir, f"DELETE FROM profiles WHERE profile_id = {new}")  # as if it came to the account since then
    only = ("--profile", new, "--report-type", "spCampaigns:campaignPlacement")
    result = ppc_json("backfill", days_ago(4), days_ago(3), *only)
    assert created(url) == 1
    ((total,), incomplete) = result["totals"], result["incomplete"]
    assert (total["profile_id"], total["report_type"], total["days"]) == (new, "spCampaigns:campaignPlacement", 2)
    assert incomplete == []


def test_the_broken_one_of_two_accounts_is_named_and_the_other_is_brought(two_accounts, data_dir):
    url = two_accounts(profiles=1)
    result = ppc("backfill", days_ago(3), days_ago(3), "--report-type", "spCampaigns")
    assert result.exit_code == 1
    assert "broken" in result.stderr
    assert "->" in result.stderr
    assert str(profile_ids(url)[0]) in result.stdout
    status = ppc_json("status")
    errors = {account["account"]: account["error"] for account in status["accounts"]}
    assert errors["good"] is None
    assert "revoked" in errors["broken"]
    findings = {finding["subject"]: finding for finding in ppc_json("doctor")}
    assert findings["account good"]["verdict"] == "ok"
    assert findings["account broken"]["verdict"] == "wrong"
    assert findings["account broken"]["remedy"]


def test_a_run_that_fails_says_why_and_exits_with_1(two_accounts, data_dir):
    two_accounts(names=("broken",))
    result = ppc("sync")
    assert result.exit_code == 1
    assert "revoked" in result.stderr
    assert "->" in result.stderr


@pytest.mark.long
def test_a_sync_that_was_killed_while_ordering_goes_on_without_a_second_order(start_sandbox, data_dir):
    # Reports that cook for long: Amazon knows a repeated request again only while it works on the first.
    url = start_sandbox(profiles=3, ready_seconds=3600, latency_seconds=0.08)
    _start_and_kill("sync", when=lambda: created(url) >= 2)
    _claims_run_out(data_dir)
    _start_and_kill("sync", when=lambda: _requested(data_dir) == 12)
    assert created(url) == 12
    assert in_ledger(data_dir, "SELECT state, count(*) FROM reports GROUP BY 1") == [("requested", 12)]


@pytest.mark.long
def test_a_backfill_that_was_killed_while_waiting_goes_on_without_a_second_order(start_sandbox, data_dir):
    url = start_sandbox(profiles=2)
    arguments = ("backfill", days_ago(62), days_ago(3), "--report-type", "spTargeting")
    _start_and_kill(*arguments, when=lambda: _requested(data_dir) == 4)
    _claims_run_out(data_dir)
    again = ppc_json(*arguments)
    assert created(url) == 4
    assert again["incomplete"] == []
    assert {total["days"] for total in again["totals"]} == {60}


def _start_and_kill(*arguments, when) -> None:
    with start(*arguments) as process:
        _wait_until(process, when)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def _wait_until(process, happened) -> None:
    deadline = time.monotonic() + 40
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _requested(data_dir) -> int:
    try:
        return in_ledger(data_dir, "SELECT count(*) FROM reports WHERE state = 'requested'")[0][0]
    except sqlite3.OperationalError:  # not made yet
        return 0


def _claims_run_out(data_dir) -> None:
    """Let the minute go by after which a dead process's claims are free."""
    in_ledger(data_dir, "UPDATE reports SET lease_until = '2020-01-01 00:00:00.000000' WHERE lease_until IS NOT NULL")


@pytest.mark.long
def test_demo_shows_money_by_profile_and_keywords_and_says_that_it_is_made_up(data_dir, monkeypatch, whole_job):
    monkeypatch.setenv("PPC_SANDBOX_CAMPAIGNS", "2")
    monkeypatch.setenv("PPC_SANDBOX_READY_SECONDS", "0")
    result = ppc("demo")
    assert result.exit_code == 0
    for word in ("cost", "sales", "acos", "roas", "USD", "EUR", "JPY", "made-up", "make dev"):
        assert word.lower() in result.stdout.lower()
    status = ppc_json("status")
    title, *notes = [line for line in result.stdout.splitlines() if re.search(r"\d{4}-\d\d-\d\d", line)]
    last = max(profile["newest_day"] for profile in status["profiles"])
    assert f"to {last}" in title
    behind = [p for p in status["profiles"] if p["newest_day"] < last]
    assert len(notes) == len(behind)
    for profile in behind:
        assert any(str(profile["profile_id"]) in line and f"{last} is not over" in line for line in notes)


@pytest.mark.long
def test_demo_beside_a_configured_account_keeps_its_figures_apart(data_dir, monkeypatch, start_sandbox):
    url = start_sandbox()
    monkeypatch.setenv("PPC_SANDBOX_PROFILES", "1")
    monkeypatch.setenv("PPC_SANDBOX_CAMPAIGNS", "2")
    monkeypatch.setenv("PPC_SANDBOX_READY_SECONDS", "0")
    for name in ("PROFILES", "COUNTRIES", "PROFILE_TYPES"):
        monkeypatch.setenv(f"PPC_EXCLUDE_{name}", "")  # what the command sets is undone
    monkeypatch.setenv("PPC_ACCOUNTS_FILE", "")
    monkeypatch.setenv("PPC_PROFILES", "4711")
    monkeypatch.setenv("PPC_COUNTRIES", "AU")
    monkeypatch.setenv("PPC_PROFILE_TYPES", "vendor")
    result = ppc("demo")
    assert result.exit_code == 0
    assert "PPC_PROFILES= " in result.stdout.replace("\n", " ")
    assert created(url) == 0
    assert (data_dir / "demo" / "ppc.duckdb").exists()
    assert not (data_dir / "ppc.duckdb").exists()


def test_the_sandbox_command_serves_what_it_prints(data_dir, monkeypatch):
    with start("sandbox", "--port", _free_port(), "--profiles", 1, "--campaigns", 1) as process:
        settings = dict(
            re.fullmatch(r"export (\w+)='?(.*?)'?", process.stdout.readline().strip()).groups() for _ in range(6)
        )
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        _wait_until(process, lambda: _answers(settings["AMAZON_ADS_API_URL"]))
        findings = {finding["subject"]: finding for finding in ppc_json("doctor")}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert findings["account default"]["verdict"] == "ok"
    assert process.returncode == 0


def _answers(url) -> bool:
    try:
        return httpx.get(f"{url}/_sandbox/stats").status_code == 200
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_the_command_is_installed():
    (script,) = entry_points(group="console_scripts", name="ppc")
    assert script.value == "ppc_pipeline.cli:main"
    assert COMMAND[-1].startswith("from ppc_pipeline.cli import main")


def test_ctrl_c_while_the_command_is_still_imported_is_one_line():
    interrupting = """
        import sys
        class CtrlC:
            def find_spec(self, name, *_):
                if name.startswith("ppc_pipeline.cli."):
                    raise KeyboardInterrupt
        sys.meta_path.insert(0, CtrlC())
    """
    code = textwrap.dedent(interrupting) + COMMAND[-1]
    done = subprocess.run([*COMMAND[:-1], code, "sync"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted: nothing was begun\n")


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_looking_brings_nothing_and_orders_nothing(command, start_sandbox, data_dir):
    url = start_sandbox(profiles=1)
    assert ppc(command).exit_code == 0
    assert created(url) == 0
    assert in_ledger(data_dir, "SELECT count(*) FROM reports") == [(0,)]
