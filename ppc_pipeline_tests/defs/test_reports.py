"""The report assets: one run for a range of dates, what it says of itself, and the checks beside it."""

import gzip
import json
from datetime import timedelta
from decimal import Decimal

import dagster as dg
import httpx
import pytest

from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.reports.refused_columns import RefusedColumn
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import check_of, failure_of, metadata_of
from ppc_pipeline_tests.fakes import DAY, NOON

TYPES = {
    "report_sp_campaigns": "spCampaigns",
    "report_sp_targeting": "spTargeting",
    "report_sp_search_term": "spSearchTerm",
    "report_sp_advertised_product": "spAdvertisedProduct",
}


def test_one_date_is_one_report_for_each_profile_and_type(project):
    here = project(profiles=2)
    result = here.run("reports_job", start=days_ago(3))
    assert result.success
    assert here.created() == 8
    for asset in TYPES:
        assert here.query(f"SELECT DISTINCT date FROM {asset}") == [(days_ago(3),)]
        check = check_of(result, asset)
        assert check.passed
        assert check.metadata["profile_days_loaded"].value == 2
        assert metadata_of(result, asset)["reports"] == 2
    materialized = here.instance.get_materialized_partitions(dg.AssetKey("report_sp_targeting"))
    assert materialized == {str(days_ago(3))}


def test_thirty_one_days_are_one_run_and_one_report_for_each_profile_and_type(project):
    here = project(profiles=2)
    result = here.run("reports_job", start=days_ago(33), end=days_ago(3), assets=[*TYPES])
    assert result.success
    assert here.created() == 8
    assert check_of(result, "report_sp_campaigns").metadata["profile_days_loaded"].value == 62
    assert len(here.instance.get_materialized_partitions(dg.AssetKey("report_sp_campaigns"))) == 31


@pytest.mark.long
def test_sixty_days_are_one_run_with_rows_and_money_as_the_sandbox_has_them(project):
    here = project(profiles=2)
    result = here.run("reports_job", start=days_ago(62), end=days_ago(3))
    assert result.success
    assert here.created() == 16  # 60 days are two reports
    for asset, report_type in TYPES.items():
        truth = _truth(here, report_type, days_ago(62), days_ago(3))
        found = here.query(f"SELECT profile_id, count(*), sum(cost), sum(sales_14d) FROM {asset} GROUP BY ALL")
        assert {row[0]: row[1:] for row in found} == truth
        assert metadata_of(result, asset)["dagster/row_count"] == sum(rows for rows, _, _ in truth.values())
    assert len(here.instance.get_materialized_partitions(dg.AssetKey("performance_records"))) == 60


def _truth(here, report_type, start, end):
    truth = {}
    for profile_id in here.profile_ids():
        asked = {"profileId": profile_id, "reportType": report_type, "startDate": str(start), "endDate": str(end)}
        totals = httpx.get(f"{here.url}/_sandbox/totals", params=asked).json()
        sums = totals["sums"]
        truth[profile_id] = (totals["rows"], Decimal(sums["cost"]), Decimal(sums["sales14d"]))
    return truth


def test_a_subset_of_assets_orders_only_its_own_reports(project):
    here = project(profiles=2)
    result = here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    assert result.success
    assert here.created() == 2
    assert [e.asset_key.to_user_string() for e in result.get_asset_materialization_events()] == ["report_sp_campaigns"]
    assert check_of(result, "report_sp_campaigns").passed
    assert here.query("SELECT count(*) FROM report_sp_targeting") == [(0,)]


def test_running_again_soon_orders_nothing_and_changes_nothing(project):
    here = project(profiles=2)
    here.run("reports_job", start=days_ago(5), end=days_ago(3), assets=["report_sp_targeting"])
    before = here.query("SELECT * FROM report_sp_targeting ORDER BY ALL")
    again = here.run("reports_job", start=days_ago(5), end=days_ago(3), assets=["report_sp_targeting"])
    assert again.success
    assert here.created() == 2
    assert metadata_of(again, "report_sp_targeting")["reports_loaded_now"] == 0
    assert metadata_of(again, "report_sp_targeting")["dagster/row_count"] == len(before) > 0
    assert here.query("SELECT * FROM report_sp_targeting ORDER BY ALL") == before


def test_materialize_means_fetch_again_once_the_order_is_old(project, monkeypatch):
    monkeypatch.setenv("PPC_FRESH_HOURS", "0")
    here = project(profiles=1)
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    result = here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    assert here.created() == 2
    metadata = metadata_of(result, "report_sp_campaigns")
    assert (metadata["reports_loaded_now"], metadata["days_unchanged"], metadata["days_changed"]) == (1, 1, 0)
    assert (metadata["rows_in_files"], metadata["rows_stale"], metadata["rows_displaced"]) == (
        metadata["rows_loaded"],
        0,
        0,
    )


def test_a_run_that_may_not_order_and_not_wait_orders_nothing(project):
    here = project(profiles=1)
    here.run("entities_job", assets=["profiles"])
    result = here.run(
        "reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"order": False, "wait": False}
    )
    assert result.success
    assert here.created() == 0
    check = check_of(result, "report_sp_campaigns")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["profile_days_missing"].value == 1


def test_a_run_can_be_limited_to_some_profiles(project):
    here = project(profiles=3)
    wanted = here.profile_ids()[1]
    result = here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"profiles": [wanted]})
    assert result.success
    assert here.created() == 1
    assert here.query("SELECT DISTINCT profile_id FROM report_sp_campaigns") == [(wanted,)]


def test_a_day_that_is_not_over_is_neither_ordered_nor_missing(project):
    here = project(profiles=1)  # in Los Angeles, where today (UTC) is over tomorrow
    result = here.run("reports_job", start=days_ago(3), end=days_ago(0), assets=["report_sp_targeting"])
    check = check_of(result, "report_sp_targeting")
    assert check.passed
    assert check.metadata["profile_days_not_over"].value >= 1
    assert here.query("SELECT max(date) < ? FROM report_sp_targeting", days_ago(0)) == [(True,)]


def test_money_is_shown_for_each_currency_and_performance_by_profile_and_day(project):
    here = project(profiles=3)
    result = here.run(
        "reports_job", start=days_ago(4), end=days_ago(3), assets=["report_sp_targeting", "performance_records"]
    )
    found = dict(here.query("SELECT currency_code, sum(cost) FROM report_sp_targeting GROUP BY ALL"))
    assert set(found) == {"USD", "EUR", "JPY"}
    for asset in ("report_sp_targeting", "performance_records"):
        shown = {name: value for name, value in metadata_of(result, asset).items() if name.startswith("cost ")}
        amounts = {name.removeprefix("cost "): value for name, value in shown.items() if name != "cost by day"}
        assert amounts == {currency: float(cost) for currency, cost in found.items()}
    metadata = metadata_of(result, "performance_records")
    assert here.query("SELECT count(*) FROM performance_records") == [(metadata["dagster/row_count"],)]
    assert metadata["days"] == 2
    assert all(str(profile_id) in metadata["profiles"] for profile_id in here.profile_ids())
    assert metadata["cost by day"].startswith("![cost by day](data:image/png;base64,iVBOR")
    assert check_of(result, "performance_records", "grain_unique").passed


def test_coverage_draws_the_grid_and_counts_profile_days(project):
    here = project(profiles=2)
    result = here.run("reports_job", start=days_ago(4), end=days_ago(3), assets=["report_sp_campaigns", "coverage"])
    metadata = metadata_of(result, "coverage")
    assert metadata["coverage"].startswith("![coverage](data:image/png;base64,iVBOR")
    assert metadata["report_days_loaded"] == 2 * 2
    assert metadata["report_days_missing"] > 0
    assert "never ordered" in metadata["not complete"]
    types = {line.split(" | ")[0]: line for line in metadata["report types"].splitlines()}
    assert "| spCampaigns | 4 |" in types["| spCampaigns"]


def test_only_a_sandbox_in_place_of_an_account_is_said_to_be_one(project, data_dir, monkeypatch):
    monkeypatch.setenv("PPC_SANDBOX_READY_SECONDS", "0")
    built_in = project(url="built in")
    result = built_in.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    assert metadata_of(result, "report_sp_campaigns")["sandbox"] is True
    assert built_in.query("SELECT DISTINCT account FROM report_sp_campaigns") == [("sandbox",)]


# Trouble


def test_a_revoked_account_is_named_in_every_check_and_the_other_loads_fully(project, two_accounts):
    here = project(two_accounts(profiles=2))
    result = here.run("reports_job", start=days_ago(3))
    assert result.success
    for asset in TYPES:
        check = check_of(result, asset)
        assert not check.passed
        assert check.severity is dg.AssetCheckSeverity.ERROR
        assert "'broken'" in check.description
        assert "->" in check.description
        assert "broken" in check.metadata["accounts"].value
        assert check.metadata["profile_days_loaded"].value == 2
    assert metadata_of(result, "report_sp_campaigns")["sandbox"] is False


@pytest.mark.parametrize("config", [{}, {"order": False}, {"order": False, "wait": False}])
def test_the_run_fails_with_the_reason_when_no_account_works(project, two_accounts, config):
    here = project(two_accounts(names=("broken",)))
    here.run("entities_job", assets=["profiles"])
    result = here.run("reports_job", start=days_ago(3), reports=config)
    assert not result.success
    assert "'broken'" in failure_of(result)
    assert "->" in failure_of(result)


def test_a_token_revoked_later_fails_the_order_and_the_checks_of_what_is_loaded_say_so(project, monkeypatch):
    here = project(profiles=1)
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    monkeypatch.setenv("AMAZON_ADS_REFRESH_TOKEN", "Atzr|revoked")
    _forget_tokens()
    ordered = here.run("orders_job")
    assert not ordered.success
    assert "revoked" in failure_of(ordered)
    # Nothing new to do, nothing to fail for: but the check is red until the account works again.
    result = here.run(
        "reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"order": False, "wait": False}
    )
    assert result.success
    check = check_of(result, "report_sp_campaigns")
    assert not check.passed
    assert "revoked" in check.description


def _forget_tokens():
    from ppc_pipeline.amazon_ads.auth import TOKENS

    TOKENS.clear()


def test_a_refused_profile_is_named_once_and_then_left_out_of_completeness(project):
    here = project(profiles=3, refused_profiles=1)
    refused = here.profile_ids()[-1]
    result = here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    assert result.success
    check = check_of(result, "report_sp_campaigns")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert str(refused) in check.metadata["missing"].value
    assert "->" in check.description
    assert check.metadata["profile_days_loaded"].value == 2

    _a_day_goes_by(here)
    result = here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    check = check_of(result, "report_sp_campaigns")
    assert check.passed
    assert check.metadata["profile_days_blocked"].value == 1
    assert str(refused) in check.metadata["blocked"].value


def _a_day_goes_by(here):
    """Put what was written down about the refusal a day and an hour back."""
    here.in_ledger(
        "UPDATE profiles SET blocked_since = datetime(blocked_since, '-25 hours') || '.000000', "
        "retry_at = datetime(retry_at, '-25 hours') || '.000000' WHERE blocked_since IS NOT NULL"
    )


def test_no_profile_at_all_is_never_called_complete():
    from ppc_pipeline.defs.checks import complete_result

    found = complete_result(dg.AssetKey("report_sp_campaigns"), [], {})
    assert not found.passed
    assert "ppc doctor" in found.description


def test_what_was_not_ordered_of_a_refused_profile_is_an_error_that_gives_the_refusal_once():
    from ppc_pipeline.defs.checks import complete_result

    found = [
        Stretch(
            "acme", 1, "A", "sbAds", Days(DAY, DAY), status, f"{said}401 (Amazon request id r-{n}) -> mend it", NOON
        )
        for status, said in ((DayStatus.MISSING, "never ordered; "), (DayStatus.FAILED, ""))
        for n in (1, 2)
    ]
    result = complete_result(dg.AssetKey("report_sb_ads"), found[:1], {})
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.ERROR)
    description = complete_result(dg.AssetKey("report_sb_ads"), found, {}).description
    told = "401 (such as Amazon request id r-1) -> mend it"
    assert description == f"never ordered; {told}; {told}"


def test_what_is_not_offered_is_complete_and_named_in_one_line_for_each_profile():
    from ppc_pipeline.defs.checks import complete_result

    lack = {"status": DayStatus.NOT_OFFERED, "reason": "a KDP author", "since": NOON}
    days = [Days(DAY, DAY), Days(DAY + timedelta(days=3), DAY + timedelta(days=4))]
    found = [Stretch("acme", profile_id, "Acme", "sbAds", some, **lack) for profile_id in (1, 2) for some in days]
    result = complete_result(dg.AssetKey("report_sb_ads"), found, {})
    assert result.passed
    assert result.metadata["profile_days_not_offered"].value == 6
    lines = result.metadata["not offered"].value.splitlines()[2:]
    assert lines == [f"| {n} Acme | acme | sbAds | 3 | 2026-11-22 | a KDP author |" for n in (1, 2)]


def test_refused_columns_are_a_warning_that_names_them_and_the_profiles():
    from ppc_pipeline.defs.checks import columns_result

    key = dg.AssetKey("report_sd_campaigns")
    assert columns_result(key, []).passed
    refused = [
        RefusedColumn("acme", profile_id, "sdCampaigns", column, NOON, NOON, "no such column")
        for profile_id in (1, 2)
        for column in ("a", "b")
    ]
    refused.append(RefusedColumn("acme", 3, "sdCampaigns", "c", NOON, NOON, "no such column"))
    result = columns_result(key, refused)
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert result.description.endswith("acme: a, b (2 profiles, such as 1); acme: c (profile 3)")
    assert result.metadata["columns"].value == 3
    lines = result.metadata["refused"].value.splitlines()[2:]
    assert [line.split(" | ")[1:4] for line in lines] == [["1, 2", "sdCampaigns", "a, b"], ["3", "sdCampaigns", "c"]]
    assert "no such column" in lines[0]


def test_a_report_still_at_amazon_is_a_warning_that_names_it(project):
    here = project(profiles=1, ready_seconds=600)
    here.run("orders_job", order_reports={"holes": False})
    result = here.run(
        "reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"order": False, "wait": False}
    )
    assert result.success
    check = check_of(result, "report_sp_campaigns")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    ((report_id,),) = here.in_ledger("SELECT report_id FROM reports WHERE report_type = 'spCampaigns'")
    assert report_id in check.metadata["missing"].value


def test_rows_in_quarantine_are_a_warning_with_examples(project):
    here = project(profiles=1)
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    _break_a_row_and_load_again(here)
    result = here.run(
        "reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"order": False, "wait": False}
    )
    assert result.success
    check = check_of(result, "report_sp_campaigns", "rejected")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["rows"].value == 1
    examples = check.metadata["examples"].value
    assert "cost is" in examples
    assert '"campaignId": 7' in examples
    assert metadata_of(result, "report_sp_campaigns")["rows_rejected"] == 1
    assert check_of(result, "report_sp_campaigns").passed


def _break_a_row_and_load_again(here):
    """Put a defective row into the archived file, and the report back to where it waits to be loaded."""
    ((raw_path,),) = here.in_ledger("SELECT raw_path FROM reports")
    file = here.settings.raw_dir / raw_path
    rows = json.loads(gzip.decompress(file.read_bytes()))
    rows.append({**rows[0], "campaignId": 7, "cost": "not a number"})
    file.write_bytes(gzip.compress(json.dumps(rows).encode()))
    here.in_ledger("UPDATE reports SET state = 'downloaded'")


def test_a_key_that_stands_twice_is_an_error_with_examples(project):
    here = project(profiles=1)
    here.run("reports_job", start=days_ago(3))
    here.query("INSERT INTO report_sp_targeting (SELECT * FROM report_sp_targeting LIMIT 1)")
    result = here.run("reports_job", start=days_ago(3), assets=["performance_records"])
    check = check_of(result, "performance_records", "grain_unique")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    ((target,),) = here.query("SELECT target_id FROM performance_records GROUP BY ALL HAVING count(*) > 1")
    assert str(target) in check.metadata["examples"].value


def test_a_malformed_report_is_kept_aside_and_named_and_the_others_load(project):
    here = project(profiles=2)
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    ((report, raw_path),) = here.in_ledger("SELECT id, raw_path FROM reports ORDER BY id LIMIT 1")
    (here.settings.raw_dir / raw_path).write_bytes(gzip.compress(b'[{"cost": '))
    here.in_ledger("UPDATE reports SET state = 'downloaded', troubles = 3 WHERE id = :id", id=report)
    result = here.run(
        "reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"order": False, "wait": False}
    )
    assert result.success
    check = check_of(result, "report_sp_campaigns")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert "cannot be read" in check.description
    aside = (here.settings.raw_dir / raw_path).with_suffix(".malformed")
    assert gzip.decompress(aside.read_bytes()) == b'[{"cost": '
    assert here.query("SELECT count(DISTINCT profile_id) FROM report_sp_campaigns") == [(2,)]


def test_partitions_of_a_range_are_labels_that_skip_and_repeat_no_date_over_a_change_of_clocks():
    from ppc_pipeline.defs.partitions import daily_partitions

    partitions = daily_partitions(days_ago(400))
    keys = partitions.get_partition_keys_in_range(dg.PartitionKeyRange(str(days_ago(399)), str(days_ago(2))))
    assert keys == [str(days_ago(399) + timedelta(days=n)) for n in range(398)]


def test_a_day_that_had_rows_and_has_none_now_is_a_warning_that_says_what_was_there(project):
    here = project(profiles=1)
    here.run("reports_job", start=days_ago(3), assets=["report_sp_campaigns"])
    ((raw_path,),) = here.in_ledger("SELECT raw_path FROM reports")
    (here.settings.raw_dir / raw_path).write_bytes(gzip.compress(b"[]"))
    here.in_ledger("UPDATE reports SET state = 'downloaded', report_id = 'another'")
    result = here.run(
        "reports_job", start=days_ago(3), assets=["report_sp_campaigns"], reports={"order": False, "wait": False}
    )
    check = check_of(result, "report_sp_campaigns", "emptied")
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["days"].value == 1
    assert str(days_ago(3)) in check.metadata["examples"].value
