"""Calls that are refused, cut off, slow, or answered by somebody else: what becomes of reports and lists."""

import pytest
from sqlalchemy import text

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.amazon_ads.exchange import Limits
from ppc_pipeline.pipeline import poll_outstanding, sync_entities, sync_profiles
from ppc_pipeline_tests.fakes import order, window
from ppc_pipeline_tests.faults.conftest import PATIENT, SPEED, WEEK, OneEach, run_fast, starting

PASSING = (
    *("429", "429-silent", "429-absurd", "425", "500", "502", "503", "504", "html"),
    *("reset-before", "reset-during", "reset-after", "slow", "token-expired", "401-poll"),
)
LISTED = [ENTITY_TYPES["campaigns"]]


def in_ledger(company, sql):
    with company.tools.ledger.transaction() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


SP_CAMPAIGNS = "SELECT count(*) FROM campaigns WHERE ad_product = 'SPONSORED_PRODUCTS'"


@pytest.fixture(scope="module")
def passing(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch, starting(patch, tmp_path_factory.mktemp("passing") / "data") as start:
        yield OneEach.of(start(profiles=len(PASSING), slow_seconds=0.02, ready_seconds=100.0), PASSING)


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_by_itself_costs_no_report_no_row_and_no_list(passing, fault):
    company, profile = passing.company, passing.profiles[fault]
    assert company.faults()[fault] >= 1
    assert passing.troubles == []
    assert company.query(f"{SP_CAMPAIGNS} AND profile_id = ?", profile) == [(2,)]
    assert len(passing.reports_of(fault)) == 1
    company.assert_exact([passing.rows[profile]])


def test_logging_in_and_finding_profiles_are_tried_again_as_well(start):
    company = start("500@^token,503@^profiles")
    run_fast(sync_profiles(company.tools))
    assert company.faults() == {"500": 2, "503": 2}
    assert company.query("SELECT count(*) FROM profiles") == [(1,)]
    assert company.tools.roster.standings()["default"].error is None


def test_a_refusal_that_created_the_report_all_the_same_leads_to_no_second_report(start):
    faults = ("429-created", "500-created", "reset-created")
    done = OneEach.of(start(ready_seconds=100.0, profiles=3), faults)
    company = done.company
    assert company.faults() == dict.fromkeys(faults, 1)
    assert company.calls("create 425") == 3
    assert company.created() == len(company.reports()) == 3
    company.assert_exact([*done.rows.values()])


def test_a_429_that_says_how_long_holds_back_every_report_of_the_product_that_long(start):
    company = start("429@create", retry_after_seconds=15, profiles=2)
    before = company.clock()
    brought = company.bring()
    assert (company.clock() - before).total_seconds() > 15
    query = "SELECT sum(throttled), sum(seconds_cooled) FROM usage WHERE ad_product = 'SPONSORED_PRODUCTS'"
    ((hits, seconds),) = in_ledger(company, query)
    assert hits == company.faults()["429"] == 4
    assert 15 <= seconds <= 4 * 15
    company.assert_exact(brought.rows)


def test_a_429_that_asks_for_longer_than_is_worth_waiting_puts_the_report_off_and_nothing_is_sent_meanwhile(start):
    company = start("429@create", retry_after_seconds=30)
    before = company.clock()
    brought = company.bring()
    assert (company.clock() - before).total_seconds() > 30
    assert company.calls("create 4xx") == 2
    company.assert_exact(brought.rows)


def test_an_absurd_wait_counts_as_none_given(start):
    company = start("429-absurd@create")
    company.bring()
    ((seconds,),) = in_ledger(company, "SELECT sum(seconds_cooled) FROM usage WHERE throttled > 0")
    assert seconds < 60


def test_a_web_page_in_place_of_an_answer_is_known_by_its_title_alone(start, caplog):
    start("html@create").bring()
    said = [record.getMessage() for record in caplog.records if "titled" in record.getMessage()]
    assert len(said) == 2
    assert all("503 Service Temporarily Unavailable" in line and "<" not in line for line in said)


def test_an_answer_slower_than_its_deadline_is_broken_off_and_asked_for_again(start, caplog):
    limits = Limits(PATIENT.connect_seconds, PATIENT.read_seconds, PATIENT.pool_seconds, 0.4 * SPEED)
    company = start("slow@poll", limits=limits, slow_seconds=5.0)
    brought = company.bring()
    assert company.faults()["slow"] >= 2
    assert sum("no complete answer within 40 s" in record.getMessage() for record in caplog.records) >= 2
    company.assert_exact(brought.rows)


def test_a_download_slower_than_its_deadline_is_broken_off_and_begun_anew(start, caplog):
    limits = Limits(
        PATIENT.connect_seconds, PATIENT.read_seconds, PATIENT.pool_seconds, PATIENT.call_seconds, download_seconds=0.5
    )
    company = start("slow@download", limits=limits, slow_seconds=2.0)
    brought = company.bring()
    assert company.faults()["slow"] >= 2
    assert company.calls("download") >= 3
    assert company.created() == 1
    company.assert_exact(brought.rows)


@pytest.mark.parametrize("fault", ["reset-during@download", "500@download"])
def test_a_download_that_breaks_off_is_begun_anew_and_the_report_is_not_asked_for_again(start, fault):
    company = start(fault)
    brought = company.bring()
    assert company.created() == 1
    assert sum(company.faults().values()) == 2
    assert not [*company.tools.settings.raw_dir.rglob("*.part")]
    company.assert_exact(brought.rows)


def test_a_link_that_has_expired_is_asked_for_afresh(start):
    company = start("expired-url")
    brought = company.bring()
    assert company.calls("download") == 3
    assert company.calls("poll") >= 3  # until it is ready, and once for each link that had expired
    company.assert_exact(brought.rows)


def test_a_token_that_expires_mid_run_is_renewed_once_for_all_calls(start):
    company = start("token-expired@poll", profiles=3)
    brought = company.bring()
    assert company.calls("token") == 2
    company.assert_exact(brought.rows)


def test_a_token_revoked_mid_run_breaks_the_account_with_the_remedy_and_what_is_under_way_goes_on_later(start):
    company = start()
    run_fast(sync_profiles(company.tools))
    company.go_wrong("revoked-token")
    (failed,) = company.bring().rows
    assert (failed.state, failed.retryable) == ("failed", True)
    assert "must authorise the application again" in failed.reason
    assert "must authorise" in (company.tools.roster.standings()["default"].error or "")
    company.go_wrong("none")
    again = company.bring()
    assert (company.created(), again.rows[0].id) == (1, failed.id)
    company.assert_exact(again.rows)
    assert company.tools.roster.standings()["default"].error is None


def test_a_profile_that_is_refused_mid_run_fails_alone_and_is_named(start):
    company = start(profiles=3)
    run_fast(sync_profiles(company.tools))
    refused = company.profile_ids()[1]
    company.go_wrong(f"refused-profile@{refused}")
    rows = {row.profile_id: row for row in company.bring().rows}
    failed = rows.pop(refused)
    assert (failed.state, failed.retryable) == ("failed", True)
    assert f"Not authorized to access scope {refused}" in failed.reason
    assert [p.facts.profile_id for p in company.tools.profiles() if p.blocked] == [refused]
    company.assert_exact([*rows.values()])


def test_an_order_that_is_broken_off_with_the_sensors_tick_leads_to_no_second_report(start):
    company = start("slow@create", slow_seconds=5.0, ready_seconds=600.0)
    run_fast(sync_profiles(company.tools))
    row = order(
        company.tools.ledger, window(WEEK.start, WEEK.end, account="default", profile_id=company.profile_ids()[0])
    )
    for _ in range(2):
        run_fast(poll_outstanding(company.tools, seconds=40))
    assert company.tools.ledger.rows([row.id])[0].state == "planned"
    run_fast(poll_outstanding(company.tools, seconds=600))
    (row,) = company.tools.ledger.rows([row.id])
    assert (row.state, company.created()) == ("requested", 1)
    assert company.calls("create 425") >= 1


def test_a_list_waits_for_as_long_as_a_429_asks_and_comes_whole(start):
    company = start("429@list /sp/campaigns", retry_after_seconds=42)
    run_fast(sync_profiles(company.tools))
    before = company.clock()
    assert run_fast(sync_entities(company.tools, LISTED)).troubles == []
    assert (company.clock() - before).total_seconds() > 42
    assert company.query(SP_CAMPAIGNS) == [(2,)]


@pytest.mark.parametrize(("patience", "found"), [(900, 1), (0, 0)])
def test_profiles_are_found_in_a_sync_however_long_a_429_asks_to_wait_but_nobody_else_waits_for_them(
    start, patience, found
):
    company = start("429@^profiles", retry_after_seconds=42)
    synced = run_fast(sync_profiles(company.tools, patience=patience))
    assert (len(synced.outcomes), len(synced.troubles)) == (found, 1 - found)


def test_a_list_whose_429_asks_for_longer_than_a_sync_can_wait_is_named_and_the_next_run_brings_it(start):
    company = start("429@list /sp/campaigns", retry_after_seconds=86_400)
    run_fast(sync_profiles(company.tools))
    (named,) = (t for t in run_fast(sync_entities(company.tools, LISTED)).troubles if "/sp/" in t.reason)
    assert "Too Many Requests" in named.reason
    assert "86400 s are to be waited" in named.reason
    company.go_wrong("none")
    company.clock.forward(seconds=86_401)
    assert run_fast(sync_entities(company.tools, LISTED)).troubles == []
    assert company.query(SP_CAMPAIGNS) == [(2,)]
