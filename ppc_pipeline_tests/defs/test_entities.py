"""The assets of what is now: everyone's lists, versions, and a check that names who could not be listed."""

import dagster as dg
import pytest

from ppc_pipeline.sandbox import SANDBOX_REFRESH_TOKEN
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import check_of, failure_of, metadata_of

LISTED = (
    "portfolios",
    "campaigns",
    "ad_groups",
    "keywords",
    "targets",
    "product_ads",
    "negative_keywords",
    "negative_targets",
    "creatives",
    "budget_rules",
)


def test_every_profile_and_entity_is_listed_and_counted(project):
    here = project(profiles=3, agency_profiles=1, campaigns=4)
    result = here.run("entities_job")
    assert result.success
    assert metadata_of(result, "profiles")["dagster/row_count"] == 4
    assert here.query("SELECT count(*), count(*) FILTER (active) FROM profiles") == [(4, 3)]
    for name in LISTED:
        ((rows, profiles),) = here.query(f'SELECT count(*), count(DISTINCT profile_id) FROM "{name}"')
        metadata = metadata_of(result, name)
        assert rows > 0
        assert (metadata["dagster/row_count"], metadata["added"], metadata["removed"]) == (rows, rows, 0)
        assert metadata["profiles_listed"] == profiles == 3
        assert check_of(result, name).passed
    by_product = here.query("SELECT ad_product, count(*) FROM campaigns GROUP BY ALL ORDER BY ALL")
    assert [product for product, _ in by_product] == ["SPONSORED_BRANDS", "SPONSORED_DISPLAY", "SPONSORED_PRODUCTS"]
    for product, rows in by_product:
        assert metadata_of(result, "campaigns")[f"rows_{product.lower()}"] == rows
    assert check_of(result, "profiles").passed


def test_listing_again_makes_no_new_version(project):
    here = project(profiles=1)
    here.run("entities_job")
    result = here.run("entities_job")
    assert metadata_of(result, "campaigns") | {"added": 0, "changed": 0} == metadata_of(result, "campaigns")
    for name in ("profiles", *LISTED):
        assert here.query(f"SELECT count(*) FROM {name}") == here.query(f"SELECT count(*) FROM {name}_history")


def test_a_changed_entity_is_a_new_version_and_the_old_one_is_kept(project):
    here = project(profiles=1)
    here.run("entities_job")
    # As if another name had been listed before.
    here.query("UPDATE campaigns_history SET name = 'as it was', valid_from = valid_from - INTERVAL 1 DAY")
    result = here.run("entities_job", assets=["campaigns"])
    changed = metadata_of(result, "campaigns")["changed"]
    assert changed == metadata_of(result, "campaigns")["dagster/row_count"] > 0
    versions = here.query("SELECT name = 'as it was', valid_to IS NULL, count(*) FROM campaigns_history GROUP BY ALL")
    assert set(versions) == {(True, False, changed), (False, True, changed)}


def test_a_country_in_a_filter_that_no_profile_has_is_a_warning_that_names_it(project, monkeypatch):
    monkeypatch.setenv("PPC_COUNTRIES", "US,AU")
    result = project(profiles=1).run("entities_job", assets=["profiles"])
    check = check_of(result, "profiles")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "`countries: AU` matches no profile" in check.description


def test_one_kind_of_entity_can_be_listed_alone_before_any_profile_is_known(project):
    here = project(profiles=2)
    result = here.run("entities_job", assets=["keywords"])
    assert result.success
    assert metadata_of(result, "keywords")["profiles_listed"] == 2
    assert here.query("SELECT count(*) FROM campaigns") == [(0,)]


def test_a_revoked_account_is_named_with_its_remedy_and_the_other_loads_fully(project, two_accounts):
    here = project(two_accounts(profiles=2))
    result = here.run("entities_job")
    assert result.success
    for name in ("profiles", *LISTED):
        check = check_of(result, name)
        assert not check.passed
        assert "'broken'" in check.description
        assert "->" in check.description
        assert "broken" in check.metadata["missing"].value
        assert "'good'" not in check.description
    assert here.query("SELECT DISTINCT account FROM campaigns") == [("good",)]
    assert metadata_of(result, "campaigns")["profiles_listed"] == 2


def test_the_warehouse_says_of_every_account_how_it_fares(project, two_accounts):
    here = project(two_accounts(profiles=1))
    here.run("entities_job", assets=["profiles", "campaigns"])
    accounts = dict(here.query("SELECT account, error FROM accounts"))
    assert set(accounts) == {"good", "broken"}
    assert accounts["good"] is None
    assert "revoked" in accounts["broken"]


@pytest.mark.parametrize("assets", [None, ["campaigns"]])
def test_the_run_fails_with_the_reason_when_no_account_works(project, two_accounts, assets):
    here = project(two_accounts(names=("broken",)))
    result = here.run("entities_job", assets=assets)
    assert not result.success
    assert "'broken'" in failure_of(result)
    assert "revoked" in failure_of(result)
    assert "->" in failure_of(result)


def test_a_refused_profile_is_named_and_the_others_load(project):
    here = project(profiles=3, refused_profiles=1)
    refused = here.profile_ids()[-1]
    result = here.run("entities_job")
    assert result.success
    check = check_of(result, "campaigns")
    assert not check.passed
    assert str(refused) in check.metadata["missing"].value
    assert "->" in check.description
    assert metadata_of(result, "campaigns")["profiles_listed"] == 2
    assert here.query("SELECT count(DISTINCT profile_id) FROM campaigns") == [(2,)]


@pytest.mark.parametrize(
    ("days", "passed", "severity"),
    [(100, True, "WARN"), (340, False, "WARN"), (366, False, "ERROR")],
)
def test_authorisations_near_their_end_are_named_with_what_to_do(project, monkeypatch, days, passed, severity):
    given = days_ago(days)
    monkeypatch.setattr("ppc_pipeline.authorisations.LIMITED_SINCE", given)
    monkeypatch.setenv("AMAZON_ADS_AUTHORISED_ON", str(given))
    result = project(profiles=1).run("entities_job", assets=["profiles"])
    check = check_of(result, "profiles", "authorisations")
    assert (check.passed, check.severity.value) == (passed, severity)
    assert str(given) in check.metadata["authorisations"].value
    if not passed:
        assert "account 'default': authorised on" in check.description
        assert "steps 2 and 3" in check.description


def test_a_first_login_is_remembered_and_no_part_of_the_token(project, start_sandbox):
    here = project(profiles=1)
    for _ in range(2):
        here.run("entities_job", assets=["profiles"])
    ((mark, since, ok),) = here.in_ledger("SELECT token_mark, token_since, ok_at FROM accounts")
    assert len(mark) == 8
    assert since < ok
    assert mark not in SANDBOX_REFRESH_TOKEN


def test_an_agency_is_told_apart_from_a_failure(project):
    here = project(profiles=1, agency_profiles=1)
    result = here.run("entities_job")
    assert all(evaluation.passed for evaluation in result.get_asset_check_evaluations())
    assert metadata_of(result, "campaigns")["profiles_listed"] == 1
    assert "without campaigns" in metadata_of(result, "profiles")["profiles"]


def test_bids_and_budgets_that_jumped_since_the_last_sync_are_named_with_the_client_and_the_others_are_not(project):
    here = project(profiles=1)
    here.run("entities_job")
    # As if other amounts had been listed before: one jumped, one moved a little.
    first, second = [row[0] for row in here.query("SELECT campaign_id FROM campaigns ORDER BY 1 LIMIT 2")]
    here.query(f"UPDATE campaigns_history SET budget = budget / 4 WHERE campaign_id = {first}")
    here.query(f"UPDATE campaigns_history SET budget = budget / 1.2 WHERE campaign_id = {second}")
    result = here.run("entities_job")
    check = check_of(result, "campaigns", "large_changes")
    assert (check.passed, check.severity.value) == (False, "WARN")
    assert check.metadata["changes"].value == 1
    table = check.metadata["examples"].value
    assert str(first) in table
    assert str(second) not in table
    assert "+300.0" in table
    assert here.query("SELECT name FROM profiles")[0][0] in table
    assert check_of(result, "keywords", "large_changes").passed
    assert check_of(here.run("entities_job"), "campaigns", "large_changes").passed, "a change is told once"


def test_an_ad_product_that_a_profile_does_not_have_is_named_and_no_red_check(project):
    here = project(profiles=2, without_brands=1)
    result = here.run("entities_job")
    assert check_of(result, "campaigns").passed
    assert "SPONSORED_BRANDS" in metadata_of(result, "campaigns")["not_offered"]
    assert "not_offered" not in metadata_of(result, "portfolios")


def test_budget_rules_that_a_profile_is_not_served_are_a_warning_that_names_it(project):
    here = project(profiles=2, without_brands=1)
    result = here.run("entities_job", assets=["budget_rules"])
    check = check_of(result, "budget_rules")
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [str(number) in check.metadata["missing"].value for number in here.profile_ids()] == [False, True]
    assert "/sb/budgetRules" in check.description
    assert "403" in check.description
