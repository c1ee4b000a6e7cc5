"""Bad input: one line that says what, where and what to do, exit code 2, and nothing written."""

import socket
import sqlite3
from contextlib import closing

import httpx
import pytest

from ppc_pipeline_tests.cli.conftest import ppc, run
from ppc_pipeline_tests.conftest import days_ago

ACCOUNT = {
    "AMAZON_ADS_CLIENT_ID": "amzn1.client",
    "AMAZON_ADS_CLIENT_SECRET": "secret",
    "AMAZON_ADS_REFRESH_TOKEN": "Atzr|token",
    "AMAZON_ADS_REGION": "NA",
    "AMAZON_ADS_API_URL": "http://127.0.0.1:9",
    "AMAZON_ADS_TOKEN_URL": "http://127.0.0.1:9/auth/o2/token",
}

ENTRY = "{name: a, region: NA, client_id_env: A_ID, client_secret_env: A_SECRET, refresh_token_env: A_TOKEN}"


@pytest.fixture(autouse=True)
def _account(data_dir, monkeypatch):
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)


def refused(result, *words: str) -> None:
    """Assert that a command refused its input as it must."""
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    for word in words:
        assert word in line


COMMANDS = [
    *(("sync",), ("status",), ("activity",), ("rejected",), ("rebuild", "--all"), ("clean-up",), ("doctor",)),
    *(("backfill", days_ago(4), days_ago(3)), ("demo",), ("dev",)),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"AMAZON_ADS_REFRESH_TOKEN": ""}, ("half set", "AMAZON_ADS_REFRESH_TOKEN")),
        ({"AMAZON_ADS_REGION": "MARS"}, ("AMAZON_ADS_REGION", "'MARS'", "NA, EU or FE")),
        ({"PPC_ACCOUNTS_FILE": "no/such.yaml"}, ("PPC_ACCOUNTS_FILE", "no/such.yaml")),
        ({"PPC_REPORT_TYPES": "spTargeting,spNothing"}, ("PPC_REPORT_TYPES", "'spNothing'", "spCampaigns")),
        ({"PPC_START_DATE": "yesterday"}, ("PPC_START_DATE", "yesterday")),
        ({"PPC_START_DATE": "2999-01-01"}, ("PPC_START_DATE", "future")),
        ({"PPC_REFETCH_DAYS": "0"}, ("PPC_REFETCH_DAYS",)),
        ({"PPC_LEDGER_URL": "nonsense"}, ("PPC_LEDGER_URL", "SQLAlchemy URL")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_refused_by_every_command(command, settings, words, monkeypatch, data_dir):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    refused(ppc(*command), *words)
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("accounts: [", ("is not YAML",)),
        ("accounts: []", ("accounts",)),
        (f"accounts: [{ENTRY}, {ENTRY}]", ("two accounts have the same name",)),
        (f"accounts: [{ENTRY.replace('NA', 'MOON')}]", ("'a'", "'MOON'")),
        (f"accounts: [{ENTRY.replace('A_TOKEN', 'B_TOKEN')}]", ("'a'", "B_TOKEN", "not set")),
        (f"accounts: [{ENTRY.replace('}', ', secret: x}')}]", ("secret",)),
    ],
)
def test_a_bad_accounts_file_is_refused(content, words, monkeypatch, tmp_path, data_dir):
    file = tmp_path / "accounts.yaml"
    file.write_text(content)
    monkeypatch.setenv("PPC_ACCOUNTS_FILE", str(file))
    for name in ("A_ID", "A_SECRET", "A_TOKEN"):
        monkeypatch.setenv(name, "set")
    refused(ppc("sync"), "PPC_ACCOUNTS_FILE", str(file), *words)
    assert not data_dir.exists()


def test_urls_of_a_sandbox_without_its_account_are_refused(monkeypatch, data_dir):
    for name in ("AMAZON_ADS_CLIENT_ID", "AMAZON_ADS_CLIENT_SECRET", "AMAZON_ADS_REFRESH_TOKEN", "AMAZON_ADS_REGION"):
        monkeypatch.delenv(name)
    refused(ppc("sync"), "AMAZON_ADS_API_URL", "no account")
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (days_ago(3), days_ago(4), ("START", "is after END")),
        ("yesterday", days_ago(3), ("START (yesterday)", "not a date", "YYYY-MM-DD")),
        (days_ago(3), "2026-02-30", ("END (2026-02-30)", "not a date")),
        (days_ago(3), days_ago(0), ("END", "not over yet", str(days_ago(1)))),
        (days_ago(3), days_ago(-30), ("END", "not over yet")),
        (days_ago(94), days_ago(3), ("START", "before what Amazon still serves", f"({days_ago(93)}, 93 days back)")),
        (days_ago(401), days_ago(3), ("START", "before PPC_START_DATE", str(days_ago(400)))),
    ],
)
def test_dates_that_cannot_be_had_are_refused(start, end, words, data_dir):
    refused(ppc("backfill", start, end), *words)
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rebuild",), ("--report-type", "--from", "--to", "--all")),
        (("rebuild", "--report-type", "spTargeting"), ("--from", "--all")),
        (("rebuild", "--all", "--report-type", "spNothing"), ("--report-type", "'spNothing'", "spTargeting")),
        (("rebuild", "--all", "--from", days_ago(4)), ("--from and --to go together",)),
        (("rebuild", "--all", "--from", days_ago(3), "--to", days_ago(4)), ("--from", "is after --to")),
        (("rebuild", "--all", "--from", "2020-01-01", "--to", "2020-01-31"), ("PPC_START_DATE", str(days_ago(400)))),
        (("rebuild", "--all", "--from", "soon", "--to", days_ago(4)), ("--from (soon)", "YYYY-MM-DD")),
        (("rebuild", "--all", "--from", days_ago(4), "--to", days_ago(-9)), ("--to", "not over yet")),
        (("rejected", "--report-type", "spNothing"), ("--report-type", "'spNothing'", "campaigns", "spTargeting")),
        (("activity", "--report-type", "spNothing"), ("--report-type", "'spNothing'", "spTargeting")),
        (("rejected", "--to", days_ago(4)), ("--from and --to go together",)),
    ],
)
def test_what_cannot_be_looked_at_or_rebuilt_is_refused(arguments, words, data_dir):
    refused(ppc(*arguments), *words)
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing",), ("'nothing'", "`ppc` takes demo, sync,")),
        (("statsu",), ("'statsu'", "'status'")),
        (("--nothing",), ("--nothing", "`ppc` takes demo, sync,")),
        (("status", "--jsn"), ("--jsn", "`ppc status` takes --json, --help")),
        (("status", "more"), ("more", "`ppc status` takes --json, --help")),
        (("query",), ("give either one SELECT or --file",)),
        (("top",), ("WHAT is missing: one of profiles, ",)),
        (("top", "campaigns", "--limit"), ("--limit lacks its value: how many of each currency",)),
        (("top", "campaigns", "--format"), ("--format lacks its value: one of table, csv, json, parquet; ",)),
        (("report", "--week"), ("--week lacks its value: any day of the week, YYYY-MM-DD; ",)),
        (("report", "-o"), ("--output lacks its value: the folder to write below",)),
        (("status", "--json=1"), ("--json", "does not take a value", "`ppc status` takes --json, --help")),
        (("top", "campaigns", "--format", "xml"), ("--format: 'xml'", "'table', 'csv', 'json', 'parquet'")),
        (("top", "campaigns", "--days", "0"), ("--days: ", "greater than or equal to 1 (it is '0')")),
        (("top", "campaigns", "--days", "9" * 20), ("--days: ", "less than or equal to 36500")),
        (("query", "SELECT 1", "--limit", "9" * 20), ("--limit: ", "less than or equal to 1000000")),
        (("activity", "--limit", "9" * 20), ("--limit: ", "less than or equal to 1000000")),
        (("rejected", "--limit", "-1"), ("--limit: ", "greater than or equal to 0 (it is '-1')")),
        (("suggestions", "--limit", "many"), ("--limit: ", "integer", "'many'")),
        (("activity", "--profile", "acme"), ("--profile: ", "integer", "'acme'")),
        (("backfill", "2026-11-01"), ("END is missing: last date, YYYY-MM-DD",)),
        (("dev", "--port", "0"), ("--port: ", "greater than or equal to 1 (it is '0')")),
        (("sandbox", "--faults", "nothing"), ("--faults: 'nothing' is no fault; there are none, mild,",)),
        (("sandbox", "--profiles", "many"), ("--profiles: ", "integer", "'many'")),
    ],
    ids=" ".join,
)
def test_what_the_command_line_does_not_know_is_refused_like_everything_else(arguments, words, data_dir):
    refused(ppc(*arguments), *words)
    assert not data_dir.exists()


@pytest.mark.parametrize("command", ["dev", "sandbox"])
def test_a_port_that_is_taken_is_refused_before_anything_is_printed(command, data_dir, tmp_path):
    (tmp_path / "workspace.yaml").touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(ppc(command, "--port", port), "--port", str(port), "choose another: ")


def test_without_a_command_the_commands_are_listed():
    result = ppc()
    assert (result.exit_code, result.stderr) == (0, "")
    assert "rejected" in result.stdout


def test_a_profile_that_nobody_has_seen_can_neither_be_looked_at_nor_rebuilt(data_dir):
    for command in (("rebuild", "--all"), ("rejected",), ("activity",)):  # a mistyped id must not read as good news
        refused(ppc(*command, "--profile", 123), "--profile", "123", "ppc status")


def test_an_unknown_report_type_is_refused_with_those_there_are(data_dir):
    result = ppc("backfill", days_ago(4), days_ago(3), "--report-type", "spTargetting")
    refused(result, "--report-type", "'spTargetting'", "spTargeting", "spCampaigns:campaignPlacement")
    assert not data_dir.exists()


def test_an_unknown_profile_is_refused_and_nothing_is_written(start_sandbox, data_dir):
    start_sandbox(profiles=1)
    refused(ppc("backfill", days_ago(4), days_ago(3), "--profile", 123), "--profile", "123", "ppc status")
    assert not data_dir.exists()


def test_an_unknown_profile_is_refused_by_the_built_in_sandbox_too_and_nothing_is_written(monkeypatch, data_dir):
    for name in ACCOUNT:
        monkeypatch.delenv(name)
    refused(ppc("backfill", days_ago(4), days_ago(3), "--profile", 123), "--profile", "123", "ppc status")
    assert not data_dir.exists()


def test_an_unknown_profile_is_refused_and_no_row_written_into_a_ledger_that_is_there(start_sandbox, data_dir):
    start_sandbox(profiles=1)
    ppc("status")
    refused(ppc("backfill", days_ago(4), days_ago(3), "--profile", 123), "--profile", "123", "ppc status")
    assert not (data_dir / "ppc.duckdb").exists()
    with closing(sqlite3.connect(data_dir / "ledger.db")) as ledger:
        for table in ("reports", "profiles", "accounts"):
            assert ledger.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_profile_that_is_not_worked_for_is_refused_with_the_reason(start_sandbox, data_dir):
    url = start_sandbox(profiles=1, agency_profiles=1)
    agency = next(p["profileId"] for p in httpx.get(f"{url}/_sandbox/profiles").json() if p["type"] == "agency")
    refused(ppc("backfill", days_ago(4), days_ago(3), "--profile", agency), str(agency), "agency")
    assert not data_dir.exists()


def test_filters_that_were_changed_hold_for_the_next_backfill(start_sandbox, data_dir, monkeypatch):
    url = start_sandbox(profiles=2)
    first, second = (p["profileId"] for p in httpx.get(f"{url}/_sandbox/profiles").json())
    named = ("backfill", days_ago(4), days_ago(3), "--report-type", "spCampaigns", "--profile")
    monkeypatch.setenv("PPC_EXCLUDE_PROFILES", str(first))
    refused(ppc(*named, first), str(first), "left out by the account's `exclude_profiles`")
    assert ppc(*named, second).exit_code == 0
    monkeypatch.setenv("PPC_EXCLUDE_PROFILES", str(second))
    refused(ppc(*named, second), str(second), "left out by the account's `exclude_profiles`")
    assert ppc(*named, first).exit_code == 0


def test_a_dagster_home_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "nowhere"))
    refused(ppc("sync", "--json"), "DAGSTER_HOME", "nowhere", "unset")


def test_a_process_ends_with_the_exit_code_and_no_traceback(monkeypatch, data_dir):
    monkeypatch.setenv("AMAZON_ADS_REGION", "MARS")
    done = run("backfill", days_ago(4), days_ago(3))
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "AMAZON_ADS_REGION" in line
    assert not data_dir.exists()


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "sync",
        "backfill",
        "status",
        "activity",
        "rejected",
        "rebuild",
        "clean-up",
        "doctor",
        "sandbox",
        "dev",
    ],
)
def test_every_command_has_help(command, data_dir):
    result = ppc(*([command] if command else []), "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert not data_dir.exists()


def test_elsewhere_than_in_the_project_without_a_data_directory_nothing_is_done(monkeypatch, tmp_path):
    monkeypatch.delenv("PPC_DATA_DIR", raising=False)
    for command in (["sync"], ["status"], ["doctor"], ["demo"]):
        refused(ppc(*command), "project's directory", "PPC_DATA_DIR")
    assert not any(tmp_path.iterdir())
