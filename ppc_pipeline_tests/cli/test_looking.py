"""``ppc status`` and ``ppc doctor``: what they show, for people and for programs, and what never shows."""

import re

import duckdb
import pytest

from ppc_pipeline.amazon_ads.errors import InvalidColumnsError
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.cli.status import MOST_LINES, _show_reports
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.refused_columns import Columns
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REFRESH_TOKEN
from ppc_pipeline_tests.cli.conftest import ppc, ppc_json
from ppc_pipeline_tests.conftest import REVOKED_TOKEN, days_ago
from ppc_pipeline_tests.fakes import facts, order, window

CAMPAIGNS = ("--report-type", "spCampaigns")


def findings() -> dict[str, dict[str, str]]:
    return {finding["subject"]: finding for finding in ppc_json("doctor")}


def wrong(subject: str, *words: str) -> None:
    """Assert that ``ppc doctor`` calls something wrong, names it, and says what to do."""
    result = ppc("doctor")
    assert result.exit_code == 1
    finding = findings()[subject]
    assert finding["verdict"] == "wrong"
    assert finding["remedy"]
    for word in words:
        assert word in finding["detail"] + finding["remedy"]
    lines = result.stdout.splitlines()
    (number,) = [n for n, line in enumerate(lines) if line.startswith(f"wrong    {subject}: ")]
    assert lines[number + 1] == f"         -> {finding['remedy']}"


# doctor


def test_a_healthy_account_is_ok_in_every_line(start_sandbox, data_dir):
    url = start_sandbox(profiles=2)
    result = ppc("doctor")
    assert result.exit_code == 0
    found = findings()
    assert set(found) == {"versions", "data directory", "ledger", "warehouse", "dagster", "account default"}
    assert all(set(finding) == {"subject", "verdict", "detail", "remedy"} for finding in found.values())
    assert url in found["account default"]["detail"]
    assert "2 profiles" in found["account default"]["detail"]
    # Without a daemon commands work all the same.
    assert found.pop("dagster")["verdict"] == "warning"
    assert {finding["verdict"] for finding in found.values()} <= {"ok", "warning"}
    assert found["warehouse"]["verdict"] == "ok"


def test_the_sandbox_in_place_of_an_account_is_said_but_not_wrong(data_dir):
    result = ppc("doctor")
    assert result.exit_code == 0
    assert findings()["accounts"]["verdict"] == "warning"
    assert "made-up" in findings()["accounts"]["detail"]


def test_a_revoked_token_is_wrong(start_sandbox, data_dir):
    start_sandbox(refresh_token=REVOKED_TOKEN)
    wrong("account default", "revoked")


def test_a_refused_profile_is_wrong_and_named(start_sandbox, data_dir):
    start_sandbox(profiles=2, refused_profiles=1)
    (subject,) = [subject for subject in findings() if subject.startswith("profile ")]
    wrong(subject)
    assert findings()["account default"]["verdict"] == "ok"


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"PPC_COUNTRIES": "AU"}, ("`countries: AU` matches no profile: there are DE (1), US (1)", "PPC_PROFILES")),
        ({"PPC_PROFILES": "42"}, ("`profiles` names 42", "correct the id")),
    ],
)
def test_a_filter_that_matches_nothing_is_wrong(start_sandbox, data_dir, monkeypatch, filters, words):
    start_sandbox(profiles=2)
    for name, value in filters.items():
        monkeypatch.setenv(name, value)
    result = ppc("doctor")
    assert result.exit_code == 1
    found = [f for f in ppc_json("doctor") if f["subject"] == "account default" and words[0] in f["detail"]]
    assert [f["verdict"] for f in found] == ["wrong"]
    assert words[1] in found[0]["remedy"]


def test_a_single_country_of_a_filter_that_no_profile_has_is_a_warning(start_sandbox, data_dir, monkeypatch):
    start_sandbox(profiles=1)
    monkeypatch.setenv("PPC_COUNTRIES", "US,AU")
    assert ppc("doctor").exit_code == 0
    (found,) = [f for f in ppc_json("doctor") if "`countries: AU` matches no profile" in f["detail"]]
    assert (found["subject"], found["verdict"]) == ("account default", "warning")


@pytest.mark.parametrize(("days", "verdict"), [(334, None), (340, "warning"), (366, "wrong")])
def test_an_authorisation_is_warned_about_before_its_end(start_sandbox, data_dir, monkeypatch, days, verdict):
    start_sandbox(profiles=1)
    given = days_ago(days)
    monkeypatch.setattr("ppc_pipeline.authorisations.LIMITED_SINCE", given)
    monkeypatch.setenv("AMAZON_ADS_AUTHORISED_ON", str(given))
    result = ppc("doctor")
    assert result.exit_code == (1 if verdict == "wrong" else 0)
    finding = findings().get("authorisation default")
    assert (finding and finding["verdict"]) == verdict
    if finding:
        assert str(given) in finding["detail"]
        assert "steps 2 and 3" in finding["remedy"]


def test_an_unknown_country_is_one_line_and_leaves_nothing_behind(start_sandbox, data_dir, monkeypatch):
    start_sandbox()
    monkeypatch.setenv("PPC_COUNTRIES", "US,XX")
    for command in ("doctor", "status", "sync"):
        result = ppc(command)
        assert result.exit_code == 2
        assert "unknown country" in result.stderr
        assert result.stderr.count("\n") == 1
    assert not data_dir.exists()


@pytest.mark.long
def test_an_agency_without_campaigns_is_ok_and_named_with_the_reason(start_sandbox, data_dir):
    start_sandbox(profiles=1, agency_profiles=1)
    result = ppc("doctor")
    assert result.exit_code == 0
    (agency,) = [finding for subject, finding in findings().items() if "Agency" in subject]
    assert agency["verdict"] == "ok"
    assert "without campaigns" in agency["detail"]
    ppc("sync")
    shown = {p["name"]: (p["active"], p["left_out_because"]) for p in ppc_json("status")["profiles"]}
    (left_out,) = [standing for name, standing in shown.items() if "Agency" in name]
    assert left_out[0] is False
    assert "without campaigns" in left_out[1]


def test_a_data_directory_that_cannot_be_written_is_wrong(start_sandbox, monkeypatch, tmp_path):
    start_sandbox()
    (tmp_path / "a file").touch()
    monkeypatch.setenv("PPC_DATA_DIR", str(tmp_path / "a file" / "data"))
    wrong("data directory", "a file", "PPC_DATA_DIR")


@pytest.mark.parametrize(
    "url", ["nodialect://here", "postgresql+nodriver://here/ledger", "sqlite:////dev/null/ledger.db"]
)
def test_a_broken_ledger_url_is_wrong(start_sandbox, data_dir, monkeypatch, url):
    start_sandbox()
    monkeypatch.setenv("PPC_LEDGER_URL", url)
    wrong("ledger", "PPC_LEDGER_URL")


@pytest.mark.parametrize(
    ("content", "currency", "words"),
    [
        (None, "", ("cannot read", "PPC_FX_RATES_FILE")),
        ("day,rate\n", "", ("names no column date, from_currency, to_currency",)),
        ("date,from_currency,to_currency,rate\n2026-11-01,USD,EUR,dear\n", "", ("row 2, column rate: 'dear'",)),
        ("date,from_currency,to_currency,rate\n2026-11-01,USD,EUR,0.9\n", "GBP", ("no rate to GBP", "PPC_CURRENCY")),
    ],
)
def test_a_broken_file_of_exchange_rates_is_wrong(
    start_sandbox, data_dir, monkeypatch, tmp_path, content, currency, words
):
    start_sandbox(profiles=1)
    file = tmp_path / "rates.csv"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("PPC_FX_RATES_FILE", str(file))
    monkeypatch.setenv("PPC_CURRENCY", currency)
    wrong("exchange rates", str(file), *words)


def test_exchange_rates_that_can_be_used_are_ok_and_a_currency_without_rates_is_a_warning(
    start_sandbox, data_dir, monkeypatch, tmp_path
):
    start_sandbox(profiles=1)
    monkeypatch.setenv("PPC_CURRENCY", "EUR")
    assert findings()["exchange rates"]["verdict"] == "warning"
    file = tmp_path / "rates.csv"
    file.write_text("date,from_currency,to_currency,rate\n2026-11-01,USD,EUR,0.9\n")
    monkeypatch.setenv("PPC_FX_RATES_FILE", str(file))
    assert findings()["exchange rates"]["verdict"] == "ok"


def test_a_misspelt_setting_is_a_warning_that_names_the_right_one(start_sandbox, data_dir, monkeypatch):
    start_sandbox(profiles=1)
    monkeypatch.setenv("PPC_REFETCH_DAY", "3")
    finding = findings()["settings"]
    assert (finding["verdict"], "did you mean PPC_REFETCH_DAYS?" in finding["detail"]) == ("warning", True)


def test_an_accounts_file_that_passes_over_the_single_account_is_a_warning(
    start_sandbox, data_dir, monkeypatch, tmp_path
):
    start_sandbox(profiles=1)
    file = tmp_path / "accounts.yaml"
    names = "client_id_env: X_ID, client_secret_env: AMAZON_ADS_CLIENT_SECRET, refresh_token_env: X_TOKEN"
    file.write_text(f"accounts: [{{name: acme, region: NA, {names}}}]")
    monkeypatch.setenv("X_ID", SANDBOX_CLIENT_ID)
    monkeypatch.setenv("X_TOKEN", SANDBOX_REFRESH_TOKEN)
    monkeypatch.setenv("PPC_ACCOUNTS_FILE", str(file))
    finding = findings()["accounts"]
    assert finding["verdict"] == "warning"
    assert "AMAZON_ADS_CLIENT_ID, AMAZON_ADS_REFRESH_TOKEN, AMAZON_ADS_REGION are not read" in finding["detail"]
    assert "unset PPC_ACCOUNTS_FILE" in finding["remedy"]


def test_a_warehouse_that_is_no_duckdb_file_is_wrong(start_sandbox, data_dir):
    start_sandbox()
    data_dir.mkdir()
    (data_dir / "ppc.duckdb").write_bytes(b"this is no database" * 1000)
    wrong("warehouse", "ppc.duckdb", "PPC_WAREHOUSE")


@pytest.mark.parametrize("config", ["a: [", "no_such_key: 1"])
def test_a_broken_dagster_yaml_is_wrong(start_sandbox, data_dir, config):
    start_sandbox()
    (data_dir / "dagster").mkdir(parents=True)
    (data_dir / "dagster" / "dagster.yaml").write_text(config)
    wrong("dagster", "dagster.yaml")


def test_sandbox_figures_beside_real_ones_are_pointed_out(start_sandbox, data_dir, monkeypatch):
    start_sandbox(profiles=1)
    data_dir.mkdir()
    with duckdb.connect(data_dir / "ppc.duckdb") as warehouse:
        warehouse.execute("CREATE TABLE profiles AS SELECT 'sandbox' AS account")
    result = ppc("doctor")
    assert result.exit_code == 0
    assert "made up" in result.stdout


# status


def test_status_says_what_is_there_by_account_and_profile(start_sandbox, data_dir):
    start_sandbox(profiles=2, refused_profiles=1)
    ppc("backfill", days_ago(4), days_ago(3), *CAMPAIGNS)
    status = ppc_json("status")
    assert set(status) == {
        *("sandbox", "warehouse", "start", "end"),
        *("accounts", "usage", "profiles", "report_types", "not_offered", "refused_columns", "outstanding", "failed"),
    }
    (account,) = status["accounts"]
    assert (account["profiles"], account["active_profiles"], account["error"]) == (2, 2, None)
    served, refused = sorted(status["profiles"], key=lambda profile: profile["blocked_since"] or "")
    assert (served["report_days_loaded"], served["newest_day"]) == (2, str(days_ago(3)))
    assert served["report_days_expected"] > 2
    assert refused["blocked_because"]
    assert refused["report_days_loaded"] == 0
    assert {(row["profile_id"], row["report_type"]) for row in status["failed"]} >= {
        (refused["profile_id"], "spCampaigns")
    }
    assert all(row["reason"] for row in status["failed"])
    people = ppc("status")
    assert people.exit_code == 0
    assert str(served["profile_id"]) in people.stdout
    assert "Failed reports" in people.stdout


def test_status_names_outstanding_reports_with_their_age(start_sandbox, data_dir, monkeypatch):
    start_sandbox(profiles=1, ready_seconds=3600)
    monkeypatch.setenv("PPC_REPORT_DEADLINE_HOURS", "0.0001")
    result = ppc("backfill", days_ago(4), days_ago(3), *CAMPAIGNS)
    assert result.exit_code == 0
    assert "Not complete" in result.stdout
    (row,) = ppc_json("status")["outstanding"]
    assert (row["start"], row["end"]) == (str(days_ago(4)), str(days_ago(3)))
    assert "0.0 h old" in row["reason"]
    assert "Outstanding reports" in ppc("status").stdout


def test_status_works_while_another_process_has_the_warehouse(start_sandbox, data_dir):
    start_sandbox(profiles=1)
    data_dir.mkdir()
    with duckdb.connect(data_dir / "ppc.duckdb"):
        assert ppc("status").exit_code == 0


def test_status_of_nothing_says_what_to_do(data_dir):
    result = ppc("status")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith("No profile is known yet: run `ppc sync`")
    assert "made-up" in result.stderr


def test_status_says_how_much_of_the_api_was_used_by_account_and_ad_product(start_sandbox, data_dir):
    start_sandbox(profiles=1)
    assert ppc_json("status")["usage"] == []
    ppc("backfill", days_ago(4), days_ago(3), *CAMPAIGNS)
    used = {row["ad_product"]: row for row in ppc_json("status")["usage"]}
    assert set(used) >= {"", "SPONSORED_PRODUCTS"}
    row = used["SPONSORED_PRODUCTS"]
    assert (row["account"], row["region"], row["calls"], row["ok"]) == ("default", "NA", 1, 1)
    assert (row["throttled"], row["retries"], row["seconds_cooled"], row["reports_in_flight"]) == (0, 0, 0, 0)
    assert row["success_rate"] == 1.0
    people = ppc("status").stdout
    assert "API usage of the last 7 days" in people
    assert "success %" in people
    assert "refused" in people
    assert "SPONSORED_PRODUCTS" in people


def test_status_and_sync_say_how_much_older_history_amazon_serves_and_how_to_have_it(
    start_sandbox, monkeypatch, data_dir
):
    start_sandbox(profiles=1)
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(100)))
    monkeypatch.setenv("PPC_REPORT_TYPES", "spCampaigns,spGrossAndInvalids,sbPurchasedProduct")
    roster_of(data_dir, 1)
    people = " ".join(ppc("status").stdout.split())
    assert "263 days of spGrossAndInvalids, 629 days of sbPurchasedProduct" in people
    assert f"set PPC_START_DATE={days_ago(729)} to have them" in people
    kinds = {kind["report_type"]: kind["days_served_before_start"] for kind in ppc_json("status")["report_types"]}
    assert kinds == {"spCampaigns": 0, "spGrossAndInvalids": 263, "sbPurchasedProduct": 629}
    monkeypatch.setenv("PPC_START_DATE", str(days_ago(729)))
    assert "PPC_START_DATE" not in ppc("status").stdout


def roster_of(data_dir, *profiles) -> Roster:
    data_dir.mkdir()
    roster = Roster(Ledger.open(f"sqlite:///{data_dir}/ledger.db"))
    roster.save("default", [facts(profile_id, account="default", name=f"Acme {profile_id}") for profile_id in profiles])
    return roster


def test_status_names_what_profiles_do_not_have_once_for_each_product(start_sandbox, data_dir, monkeypatch):
    start_sandbox()
    monkeypatch.setenv("PPC_REPORT_TYPES", "spCampaigns,sbCampaigns,sbAds")
    roster = roster_of(data_dir, 1, 2, 3, 4, 5)
    for profile_id in (1, 2, 3, 4):
        roster.lacks(profile_id, "SPONSORED_BRANDS", "a KDP author")
    status = ppc_json("status")
    assert [(row["profile_id"], row["what"], row["reason"]) for row in status["not_offered"]] == [
        (profile_id, "SPONSORED_BRANDS", "a KDP author") for profile_id in (1, 2, 3, 4)
    ]
    assert {row["report_type"]: row["profiles_without"] for row in status["report_types"]} == {
        "spCampaigns": 0,
        "sbCampaigns": 4,
        "sbAds": 4,
    }
    people = " ".join(ppc("status").stdout.split())
    assert people.count("a KDP author") == 1
    assert "and 1 more" in people


def test_status_names_refused_columns_in_one_line_for_each_account_and_report_type(start_sandbox, data_dir):
    start_sandbox()
    roster_of(data_dir, 1)
    kind = REPORT_TYPES["spTargeting"]
    error = InvalidColumnsError("no such columns", columns=("clicks", "sales7d"))
    columns = Columns(Ledger.open(f"sqlite:///{data_dir}/ledger.db"))
    for profile_id in (1, 2):
        columns.refuse(("default", profile_id), kind, kind.columns, error)
    (found,) = ppc_json("status")["refused_columns"]
    assert (found["account"], found["report_type"]) == ("default", "spTargeting")
    assert (found["columns"], found["profile_ids"]) == (["clicks", "sales7d"], [1, 2])
    assert "clicks, sales7d" in ppc("status").stdout


def test_status_stays_readable_with_hundreds_of_outstanding_reports(start_sandbox, data_dir, monkeypatch):
    start_sandbox()
    monkeypatch.setenv("PPC_REPORT_TYPES", "all")
    profiles = range(1, 8)
    roster_of(data_dir, *profiles)
    ledger = Ledger.open(f"sqlite:///{data_dir}/ledger.db")
    day = days_ago(5)
    for profile_id in profiles:
        for kind in REPORT_TYPES:
            order(ledger, window(day, kind=kind, profile_id=profile_id, account="default"))
    total = len(profiles) * len(REPORT_TYPES)
    assert len(ppc_json("status")["outstanding"]) == total
    people = ppc("status").stdout
    assert f"{len(REPORT_TYPES)} report types" in people, "what one thing ails is one line"
    assert sum("planned" in line for line in people.splitlines()) <= len(profiles)


def test_status_shows_what_differs_in_the_request_id_alone_in_one_line(capsys):
    refused = [
        {"account": "acme", "profile_id": 1, "report_type": name, "start": days_ago(3), "end": days_ago(3)}
        | {"since": None, "reason": f"Amazon answered 401 (Amazon request id r-{name})"}
        for name in REPORT_TYPES
    ]
    _show_reports("Failed reports", refused)
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("Amazon answered 401") == 1
    assert shown.count("request id r-") == 1
    assert f"{len(REPORT_TYPES)} report types │ {len(REPORT_TYPES)}" in shown


def test_status_names_the_oldest_of_many_reports_and_counts_the_rest(capsys):
    many = [
        {"account": "acme", "profile_id": 1, "report_type": "spTargeting", "start": days_ago(3), "end": days_ago(3)}
        | {"since": None, "reason": f"report {number} is late"}
        for number in range(MOST_LINES + 7)
    ]
    _show_reports("Outstanding reports", many)
    assert "... and 7 more" in capsys.readouterr().out


# activity


def test_activity_tells_the_life_of_a_report_newest_first_and_who_did_it(start_sandbox, data_dir):
    start_sandbox(profiles=2)
    ppc("backfill", days_ago(4), days_ago(3), *CAMPAIGNS)
    told = ppc_json("activity")
    wanted = told[0]["profile_id"]
    own = [one for one in told if one["profile_id"] == wanted]
    assert [one["action"] for one in reversed(own)] == ["ordered", "asked for", "ready", "downloaded", "loaded"]
    assert own[0]["outcome"] == "loaded"
    assert "rows" in own[0]["detail"]
    assert own[0]["actor"].startswith("run ")
    assert [one["at"] for one in told] == sorted((one["at"] for one in told), reverse=True)
    assert ppc_json("activity", "--profile", wanted) == own
    assert ppc_json("activity", "--report-type", "spTargeting") == []
    assert ppc_json("activity", "--limit", 1) == told[:1]
    people = ppc("activity", "--limit", 2)
    assert people.exit_code == 0
    assert "--limit shows more" in people.stdout
    line = people.stdout.splitlines()[0]
    assert re.match(
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d  run [0-9a-f]{{8}} +loaded +spCampaigns of profile {wanted} ", line
    )
    assert f"for {days_ago(4)} to {days_ago(3)}, Amazon's report {told[0]['report_id']}: " in line


def test_activity_of_nothing_is_said(data_dir):
    result = ppc("activity")
    assert result.exit_code == 0
    assert "Nothing happened in the last 7 days: " in result.stdout
    assert "ppc sync" in result.stdout


# clean-up


def test_a_clean_up_says_what_it_deleted_and_that_no_retention_is_set(start_sandbox, data_dir):
    start_sandbox(profiles=1)
    result = ppc("clean-up")
    assert result.exit_code == 0
    assert "No retention is set" in result.stdout
    assert set(ppc_json("clean-up").values()) == {0}


# Secrets


@pytest.mark.long
def test_no_secret_is_shown_or_written_down(start_sandbox, data_dir, monkeypatch):
    start_sandbox(profiles=1)
    results = [
        ppc("backfill", days_ago(3), days_ago(3), *CAMPAIGNS),
        ppc("status", "--json"),
        ppc("doctor", "--json"),
    ]
    monkeypatch.setenv("AMAZON_ADS_CLIENT_SECRET", "wrong-client-secret")
    monkeypatch.setenv("AMAZON_ADS_REFRESH_TOKEN", REVOKED_TOKEN)
    _forget_tokens()
    results += [ppc("doctor"), ppc("sync"), ppc("status")]
    assert results[3].exit_code == 1
    shown = "".join(result.stdout + result.stderr for result in results)
    written = b"".join(file.read_bytes() for file in data_dir.rglob("*") if file.is_file())
    assert len(written) > 100_000
    for secret in (SANDBOX_CLIENT_SECRET, SANDBOX_REFRESH_TOKEN, "wrong-client-secret", REVOKED_TOKEN, "Atza|"):
        assert secret not in shown
        assert secret.encode() not in written


def _forget_tokens() -> None:
    from ppc_pipeline.amazon_ads.auth import TOKENS

    TOKENS.clear()
