"""The pipeline from end to end, on the sandbox behind a web server: what is created, loaded, resumed, rebuilt."""

import asyncio
import multiprocessing
import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.pipeline import (
    Tools,
    bring_reports,
    broken_accounts,
    completeness,
    finish_reports,
    is_weekly,
    order_day,
    poll_outstanding,
    sync_entities,
    sync_profiles,
)
from ppc_pipeline.reports import states
from ppc_pipeline.reports.completeness import DayStatus
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.loader import Loader
from ppc_pipeline.reports.pace import Pace
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.sandbox import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_REFRESH_TOKEN,
    SandboxOptions,
    running,
)
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.conftest import account_environment
from ppc_pipeline_tests.fakes import FOUR, NOON, Clock, facts, order, window

KINDS = [REPORT_TYPES[name] for name in FOUR]
TARGETING = REPORT_TYPES["spTargeting"]
DAYS_90 = Days(date(2026, 8, 23), date(2026, 11, 20))
MONTH = Days(date(2026, 10, 21), date(2026, 11, 20))
EVERY_DAY = Days(date(2026, 8, 1), date(2026, 11, 30))
WEEK = Days(date(2026, 11, 14), date(2026, 11, 20))
SPAWN = multiprocessing.get_context("spawn")


@dataclass
class Company:
    """A sandbox, and the project's tools set to it."""

    url: str
    tools: Tools
    clock: Clock

    def bring(self, days=WEEK, kinds=KINDS, **more):
        return asyncio.run(bring_reports(self.tools, kinds, days, **more))

    def calls(self):
        return httpx.get(f"{self.url}/_sandbox/stats").json()["calls"]

    def created(self):
        return httpx.get(f"{self.url}/_sandbox/stats").json()["reportsCreated"]

    def query(self, sql, *values):
        with self.tools.warehouse.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def assert_exact(self, days, kinds=KINDS):
        """Every count and amount in the warehouse is the sandbox's own, and no report type is empty throughout."""
        with_rows = set()
        profiles = self.tools.profiles()
        assert profiles
        for profile_id in (p.facts.profile_id for p in profiles):
            for kind in kinds:
                asked = {"profileId": profile_id, "reportType": kind.name, "startDate": days.start, "endDate": days.end}
                truth = httpx.get(f"{self.url}/_sandbox/totals", params=asked).raise_for_status().json()
                sums = ", ".join(f'sum("{snake_case(metric)}")::DECIMAL(38, 6)' for metric in truth["sums"])
                where = "WHERE profile_id = ? AND date BETWEEN ? AND ?"
                query = f"SELECT count(*), {sums} FROM {kind.table} {where}"
                ((rows, *found),) = self.query(query, profile_id, days.start, days.end)
                assert rows == truth["rows"]
                with_rows |= {kind.name} if rows else set()
                assert [total or 0 for total in found] == [Decimal(total) for total in truth["sums"].values()]
        assert with_rows == {kind.name for kind in kinds}


def gather(clock, wait_seconds=30.0):
    settings = load_settings()
    warehouse = Warehouse(settings.warehouse, wait_seconds=wait_seconds)
    return Tools.gather(settings, Ledger.open(settings.ledger_url, clock), warehouse, Pace(0.02, 0.1, watch=0.02))


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Start a sandbox and gather the tools for it; both live by a clock that stands still."""
    with ExitStack() as stack:

        def go(*, settings=None, wait_seconds=30.0, **options):
            clock = Clock(NOON)
            wanted = {"ready_seconds": 0.0, "campaigns": 2, "keywords_per_campaign": 3} | options
            url = stack.enter_context(running(SandboxOptions(**wanted), clock=clock))
            for name, value in (account_environment(url) | (settings or {})).items():
                monkeypatch.setenv(name, value)
            tools = gather(clock, wait_seconds)
            stack.callback(tools.ledger.close)
            return Company(url, tools, clock)

        yield go


# Bringing reports


def test_ninety_days_of_four_types_and_three_profiles_are_36_reports_exact_to_the_cent_and_asked_for_once(start):
    company = start(campaigns=1)
    brought = company.bring(DAYS_90)
    assert (company.created(), brought.ordered, len(brought.rows)) == (36, 36, 36)
    assert {row.state for row in brought.rows} == {State.LOADED}
    company.assert_exact(DAYS_90)
    before = (
        company.query("SELECT count(*) FROM load_log"),
        company.query("SELECT max(loaded_at) FROM report_sp_targeting"),
    )

    company.clock.forward(hours=5)
    again = company.bring(DAYS_90)
    assert (company.created(), again.ordered, again.outcomes) == (36, 0, {})
    assert [row.id for row in again.rows] == [row.id for row in brought.rows]
    after = (
        company.query("SELECT count(*) FROM load_log"),
        company.query("SELECT max(loaded_at) FROM report_sp_targeting"),
    )
    assert after == before


def test_every_report_type_of_every_ad_product_has_the_rows_and_sums_that_amazon_has(start):
    company = start(profiles=3, campaigns=4, keywords_per_campaign=6)
    every = [*REPORT_TYPES.values()]
    brought = company.bring(MONTH, every)
    assert {row.state for row in brought.rows} == {State.LOADED}
    assert len(brought.rows) == company.created() == 3 * len(every)
    company.assert_exact(MONTH, every)
    assert company.query("SELECT DISTINCT source, reason FROM rejected_rows") == []
    records = "SELECT DISTINCT ad_product FROM performance_records ORDER BY ALL"
    assert company.query(records) == [("SPONSORED_BRANDS",), ("SPONSORED_DISPLAY",), ("SPONSORED_PRODUCTS",)]


def test_after_the_fresh_hours_the_days_are_fetched_again_and_what_amazon_restated_is_recorded_to_the_cent(start):
    company = start(profiles=1, campaigns=6, keywords_per_campaign=6)
    sums = "SELECT sum(sales_14d), sum(purchases_14d), sum(clicks), sum(cost) FROM report_sp_targeting"
    company.bring(kinds=[TARGETING])
    (before,) = company.query(sums)
    company.clock.forward(days=3)
    again = company.bring(kinds=[TARGETING])
    assert (again.ordered, company.created()) == (1, 2)
    company.assert_exact(WEEK, [TARGETING])
    (after,) = company.query(sums)
    restated = dict(
        company.query("SELECT metric, sum(coalesce(after, 0) - coalesce(before, 0)) FROM restatements GROUP BY metric")
    )
    metrics = ("sales_14d", "purchases_14d", "clicks", "cost")
    changes = {metric: new - old for metric, old, new in zip(metrics, before, after, strict=True)}
    assert changes["sales_14d"] != 0
    assert {metric: restated.get(metric, 0) for metric in metrics} == changes


def test_when_the_warehouse_is_deleted_it_is_filled_from_the_archive_and_amazon_is_not_asked(start):
    company = start(profiles=2)
    company.bring()
    calls = company.calls()
    Path(company.tools.warehouse.database).unlink()
    brought = company.bring()
    assert {row.state for row in brought.rows} == {State.LOADED}
    assert len(brought.outcomes) == len(brought.rows) == 8
    assert company.calls() == calls | {
        "profiles": calls["profiles"] + 1
    }  # a new warehouse gets its profiles again, and no report
    company.assert_exact(WEEK)


def test_a_new_warehouse_gets_every_report_back_from_the_archive_not_only_what_is_asked_for(start):
    company = start(profiles=1)
    company.bring()
    created = company.created()
    Path(company.tools.warehouse.database).unlink()
    company.bring(Days(WEEK.end, WEEK.end), kinds=[TARGETING])
    assert company.created() == created + 1
    asyncio.run(finish_reports(company.tools, KINDS, WEEK, wait=False))
    assert company.created() == created + 1
    company.assert_exact(WEEK)


def test_when_warehouse_and_archived_file_are_gone_the_report_is_asked_for_again(start):
    company = start(profiles=1)
    (row,) = company.bring(kinds=[TARGETING]).rows
    Path(company.tools.warehouse.database).unlink()
    (company.tools.archive.root / row.raw_path).unlink()
    (again,) = company.bring(kinds=[TARGETING]).rows
    assert (again.id, again.state) == (row.id, State.LOADED)
    company.assert_exact(WEEK, [TARGETING])


def test_only_the_profiles_that_are_wanted_are_asked_for(start):
    company = start(profiles=3)
    asyncio.run(sync_profiles(company.tools))
    wanted = company.tools.profiles()[1].facts.profile_id
    brought = company.bring(kinds=[TARGETING], profiles=[wanted])
    assert [row.profile_id for row in brought.rows] == [wanted]


def test_a_refused_profile_fails_alone_and_is_left_out_of_the_daily_order_for_a_day(start):
    names = {"PPC_START_DATE": "2026-11-14", "PPC_REPORT_TYPES": "spTargeting"}
    company = start(settings=names, profiles=3, refused_profiles=1)
    first = company.bring(kinds=[TARGETING])
    assert sorted(row.state for row in first.rows) == [State.FAILED, State.LOADED, State.LOADED]
    (refused,) = [p for p in company.tools.profiles() if p.blocked]
    statuses = {s.profile_id: s.status for s in completeness(company.tools, [TARGETING], WEEK)}
    assert statuses.pop(refused.facts.profile_id) is DayStatus.FAILED
    assert set(statuses.values()) == {DayStatus.LOADED}

    def ordered_for():
        ordered = asyncio.run(order_day(company.tools, weekly=False, holes=False))
        return {row.profile_id for row in ordered.rows}

    assert len(ordered_for()) == 2
    assert refused.facts.profile_id not in ordered_for()
    assert len(company.bring(kinds=[TARGETING]).rows) == 3, "somebody who asks may have had it mended"
    company.clock.forward(hours=25)
    assert len(ordered_for()) == 3


def test_when_every_profile_is_refused_every_report_has_failed_with_the_reason(start):
    company = start(profiles=2, refused_profiles=2)
    rows = company.bring(kinds=[TARGETING]).rows
    assert [row.state for row in rows] == [State.FAILED] * 2
    assert all("scope" in row.reason for row in rows)


# In steps


def test_a_day_is_ordered_then_polled_then_fetched(start):
    company = start(settings={"PPC_START_DATE": "2026-11-01"}, profiles=2)
    ordered = asyncio.run(order_day(company.tools, weekly=False, holes=True))
    assert (ordered.new, {row.state for row in ordered.rows}) == (8, {State.REQUESTED})
    assert {str(row.days) for row in ordered.rows} == {"2026-11-01 to 2026-11-21"}
    ready = asyncio.run(poll_outstanding(company.tools, seconds=30))
    assert sorted(row.id for row in ready) == sorted(row.id for row in ordered.rows)
    assert company.calls().get("download", 0) == 0
    days = Days(date(2026, 11, 21), date(2026, 11, 21))
    done = asyncio.run(finish_reports(company.tools, KINDS, days, wait=False))
    assert (len(done.rows), {row.state for row in done.rows}) == (8, {State.LOADED})
    company.assert_exact(Days(date(2026, 11, 1), date(2026, 11, 21)))
    assert company.created() == 8
    assert asyncio.run(poll_outstanding(company.tools, seconds=30)) == []
    again = asyncio.run(order_day(company.tools, weekly=False, holes=True))
    assert (again.new, company.created()) == (0, 8)


def test_a_days_holes_are_bounded_and_newest_first_and_the_rest_comes_on_other_days(start):
    names = {"PPC_START_DATE": "2026-08-25", "PPC_HOLE_REPORTS_PER_DAY": "1", "PPC_REPORT_TYPES": "spTargeting"}
    company = start(settings=names, profiles=1)

    def day(**more):
        ordered = asyncio.run(order_day(company.tools, **({"weekly": False, "holes": True} | more)))
        asyncio.run(poll_outstanding(company.tools, seconds=30))
        company.clock.forward(days=1)
        return [str(row.days) for row in ordered.rows]

    assert day(holes=False) == ["2026-10-22 to 2026-11-21"]
    assert day() == ["2026-10-23 to 2026-11-22", "2026-09-21 to 2026-10-21"]
    assert day() == ["2026-10-24 to 2026-11-23", "2026-08-25 to 2026-09-20"]
    assert day() == ["2026-10-25 to 2026-11-24"]
    assert day(weekly=True) == ["2026-10-26 to 2026-11-25", "2026-09-25 to 2026-10-25"]


def test_ordering_and_polling_need_no_warehouse_once_the_profiles_are_known(start):
    company = start(settings={"PPC_START_DATE": "2026-11-15"}, profiles=1, wait_seconds=0.05)
    asyncio.run(sync_profiles(company.tools))
    with company.tools.warehouse.connect(read_only=True):  # a notebook has it
        ordered = asyncio.run(order_day(company.tools, weekly=False, holes=False))
        assert {row.state for row in ordered.rows} == {State.REQUESTED}
        assert len(asyncio.run(poll_outstanding(company.tools, seconds=30))) == 4


def test_reports_of_accounts_that_are_no_longer_configured_are_neither_polled_nor_called_ready(start):
    company = start(profiles=1)
    ledger = company.tools.ledger
    row = ledger.claim(order(ledger, window(account="sold", profile_id=5)).id, "x")
    for event in (states.Accepted("r"), states.Cooked()):
        row = ledger.record(row, event)
    ledger.release("x")
    company.tools.roster.save("sold", [facts(5, account="sold")])
    assert asyncio.run(poll_outstanding(company.tools, seconds=30)) == []
    done = asyncio.run(finish_reports(company.tools, [TARGETING], window().days, wait=False))
    assert done.rows == []
    assert ledger.outstanding()[0].state is State.READY


# Entities and accounts


def test_entities_of_every_profile_are_listed_and_the_second_time_nothing_changed(start):
    company = start(profiles=2, agency_profiles=1)
    synced = asyncio.run(sync_entities(company.tools, list(ENTITY_TYPES.values())))
    assert synced.troubles == []
    listed = {name: {(o.profile_id, o.ad_product) for o in outcomes} for name, outcomes in synced.outcomes.items()}
    profiles = [profile.facts.profile_id for profile in company.tools.profiles()]
    assert len(profiles) == 2
    for name, entity in ENTITY_TYPES.items():
        assert listed[name] == {(whose, each.ad_product or "") for whose in profiles for each in entity.listings}
    assert all(o.rows == o.added for outcomes in synced.outcomes.values() for o in outcomes)
    by_product = company.query("SELECT ad_product, count(*) FROM campaigns GROUP BY ALL ORDER BY ALL")
    assert by_product == [("SPONSORED_BRANDS", 2), ("SPONSORED_DISPLAY", 2), ("SPONSORED_PRODUCTS", 4)]
    company.clock.forward(hours=1)
    again = asyncio.run(sync_entities(company.tools, list(ENTITY_TYPES.values())))
    changes = [(o.added, o.changed, o.removed) for outcomes in again.outcomes.values() for o in outcomes]
    assert set(changes) == {(0, 0, 0)}


def test_an_account_that_cannot_log_in_is_broken_until_it_can(start, monkeypatch):
    company = start(settings={"AMAZON_ADS_REFRESH_TOKEN": "Atzr|revoked"})
    synced = asyncio.run(sync_profiles(company.tools))
    assert [(t.account, t.profile_id) for t in synced.troubles] == [("default", None)]
    assert "must authorise the application again" in broken_accounts(company.tools)["default"]
    assert company.bring().rows == []


@pytest.mark.parametrize(("day", "weekly"), [(22, False), (23, True), (24, False)])
def test_the_longer_look_back_is_due_on_mondays(day, weekly):
    assert is_weekly(datetime(2026, 11, day, 5, tzinfo=UTC)) is weekly


# Accounts come and go


def accounts(tmp_path, monkeypatch, company, **tokens):
    """Set the accounts file to some accounts of the sandbox, and gather the tools anew, as every run does."""
    monkeypatch.setenv("SB_ID", SANDBOX_CLIENT_ID)
    monkeypatch.setenv("SB_SECRET", SANDBOX_CLIENT_SECRET)
    entries = []
    for name, token in tokens.items():
        monkeypatch.setenv(f"{name.upper()}_TOKEN", SANDBOX_REFRESH_TOKEN + token)
        secrets = f"client_id_env: SB_ID, client_secret_env: SB_SECRET, refresh_token_env: {name.upper()}_TOKEN"
        entries.append(f"  - {{name: {name}, region: NA, {secrets}}}")
    file = tmp_path / "accounts.yaml"
    file.write_text("\n".join(["accounts:", *entries]))
    monkeypatch.setenv("PPC_ACCOUNTS_FILE", str(file))
    company.tools = Tools.gather(load_settings(), company.tools.ledger, company.tools.warehouse, company.tools.pace)


def one_day(company, *, fetch=True):
    """Let a day pass, do what the schedules and the sensor do in it, and return what was ordered."""
    company.clock.forward(days=1)
    asyncio.run(sync_profiles(company.tools))
    asyncio.run(sync_entities(company.tools, [ENTITY_TYPES["campaigns"]]))
    ordered = asyncio.run(order_day(company.tools, weekly=False, holes=True))
    if fetch:
        asyncio.run(poll_outstanding(company.tools, seconds=30))
        asyncio.run(finish_reports(company.tools, [TARGETING], EVERY_DAY, wait=False))
    return ordered.rows


def missing_days(company, account):
    found = completeness(company.tools, [TARGETING], EVERY_DAY)
    return sum(len(s.days) for s in found if s.account == account and s.status is DayStatus.MISSING)


@pytest.mark.long
def test_a_new_account_is_found_and_its_history_arrives_over_the_days_newest_first_and_shared_with_older_holes(
    start, tmp_path, monkeypatch
):
    names = {"PPC_START_DATE": "2026-08-01", "PPC_REPORT_TYPES": "spTargeting", "PPC_HOLE_REPORTS_PER_DAY": "2"}
    company = start(settings=names, profiles=2, campaigns=1)
    accounts(tmp_path, monkeypatch, company, old="")
    first = one_day(company)
    assert {row.account for row in first} == {"old"}

    accounts(tmp_path, monkeypatch, company, old="", new="-another")
    holes, left = [], []
    for _ in range(6):
        rows = one_day(company)
        yesterday = (company.clock() - timedelta(days=1)).date()
        trailing = [row for row in rows if row.end_date == yesterday]
        older = [row for row in rows if row.end_date != yesterday]
        assert [row.account for row in trailing] == ["new", "new", "old", "old"]
        assert len(older) <= 2
        holes += [(row.account, row.profile_id, row.end_date) for row in older]
        left.append(missing_days(company, "new"))
    assert {row[0] for row in holes} == {"old", "new"}
    for profile_id in {row[1] for row in holes}:
        ends = [end for _, profile, end in holes if profile == profile_id]
        assert ends == sorted(ends, reverse=True)
    assert left == sorted(left, reverse=True)
    assert (left[0] > 0, left[-1], missing_days(company, "old")) == (True, 0, 0)
    assert company.query("SELECT count(DISTINCT profile_id) FROM campaigns") == [(4,)]
    company.assert_exact(Days(date(2026, 10, 29), date(2026, 11, 28)), [TARGETING])
    served = Days(date(2026, 8, 29), date(2026, 11, 28))  # to the end
    query = "SELECT count(DISTINCT (profile_id, date)) FROM report_sp_targeting WHERE date BETWEEN ? AND ?"
    assert company.query(query, served.start, served.end) == [(4 * len(served),)]
    assert {row.state for row in company.tools.ledger.rows_covering(EVERY_DAY, ["spTargeting"])} == {State.LOADED}


def test_holes_of_an_account_that_cannot_log_in_leave_their_places_to_the_others(start, tmp_path, monkeypatch):
    names = {"PPC_START_DATE": "2026-09-01", "PPC_REPORT_TYPES": "spTargeting", "PPC_HOLE_REPORTS_PER_DAY": "1"}
    company = start(settings=names, profiles=1, campaigns=1)
    accounts(tmp_path, monkeypatch, company, broken="", healthy="-another")
    asyncio.run(sync_profiles(company.tools))
    company.tools.roster.account_failed("broken", "invalid_grant")
    rows = asyncio.run(order_day(company.tools, weekly=False, holes=True)).rows
    assert sorted(row.account for row in rows) == ["broken", "healthy", "healthy"]


def test_the_next_account_takes_a_profile_over_with_its_history_and_nothing_is_loaded_twice_or_lost(
    start, tmp_path, monkeypatch
):
    names = {"PPC_START_DATE": "2026-09-01", "PPC_REPORT_TYPES": "spTargeting"}
    company = start(settings=names, profiles=1, campaigns=1)
    accounts(tmp_path, monkeypatch, company, first="", second="")  # both reach the same profile
    company.bring(Days(date(2026, 9, 1), date(2026, 10, 10)), [TARGETING])
    rows = one_day(company, fetch=False)  # the first still has reports at Amazon when it leaves
    assert {row.account for row in rows} == {"first"}
    assert len(rows) == 2

    accounts(tmp_path, monkeypatch, company, second="")
    rows = one_day(company)
    assert {row.account for row in rows} == {"second"}
    assert sorted(str(row.days) for row in rows) == ["2026-10-11 to 2026-10-23", "2026-10-24 to 2026-11-23"]
    company.assert_exact(Days(date(2026, 10, 11), date(2026, 11, 23)), [TARGETING])
    assert len(company.query("SELECT DISTINCT date FROM report_sp_targeting")) == len(EVERY_DAY) - 31 - 7
    query = "SELECT account, min(date), max(date) FROM report_sp_targeting GROUP BY ALL ORDER BY 2"
    assert company.query(query) == [
        ("first", date(2026, 9, 1), date(2026, 10, 10)),
        ("second", date(2026, 10, 11), date(2026, 11, 23)),
    ]
    assert company.query("SELECT count(DISTINCT profile_id), count(*) FROM profiles") == [(1, 1)]
    assert company.query("SELECT DISTINCT account FROM campaigns") == [("second",)]
    assert {s.status for s in completeness(company.tools, [TARGETING], WEEK)} == {DayStatus.LOADED}

    Path(company.tools.warehouse.database).unlink()  # what the first fetched is loaded without it
    company.bring(WEEK, [TARGETING])
    created = company.created()
    asyncio.run(finish_reports(company.tools, [TARGETING], EVERY_DAY, wait=False))
    assert company.created() == created
    assert len(company.query("SELECT DISTINCT date FROM report_sp_targeting")) == len(EVERY_DAY) - 31 - 7


# Killed


def bring_and_die(environment, point):
    """Bring a week, and be killed by the system at one instant of it."""

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    record = Ledger.record_all

    def record_or_die(ledger, happened):
        happened = list(happened)
        if any(
            isinstance(event, {"requested": states.Accepted, "loaded": states.Loaded}.get(point, ()))
            for _, event in happened
        ):
            die()
        return record(ledger, happened)

    os.environ.update(environment)
    Ledger.record_all = record_or_die
    if point == "downloaded":
        Loader.__call__ = die
    asyncio.run(bring_reports(gather(Clock()), KINDS, WEEK))


@pytest.mark.long  # the chaos tests kill a run at each of its boundaries
@pytest.mark.parametrize("point", ["requested", "downloaded", "loaded"])
def test_a_process_killed_after_a_step_and_before_it_is_written_down_costs_no_second_report_and_no_row(
    start, tmp_path, point
):
    ready_seconds = 600.0 if point == "requested" else 0.0  # requests collide while the first one's report is made
    company = start(profiles=1, ready_seconds=ready_seconds)
    environment = account_environment(company.url) | {"PPC_DATA_DIR": str(tmp_path / "data")}
    process = SPAWN.Process(target=bring_and_die, args=(environment, point))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert company.created() >= 1
    company.clock.forward(seconds=50)
    company.tools.ledger.clock = lambda: company.clock() + timedelta(seconds=30)  # the dead one's claims have run out
    asyncio.run(poll_outstanding(company.tools, seconds=30))
    company.clock.forward(seconds=900)
    brought = company.bring()
    assert {row.state for row in brought.rows} == {State.LOADED}
    assert (len(brought.rows), company.created()) == (4, 4)
    company.assert_exact(WEEK)
    if point == "requested":
        assert company.calls()["create 425"] >= 1
    if point == "loaded":
        assert company.calls()["download"] == 4
        assert company.query("SELECT count(*) > 4 FROM load_log") == [(True,)], "something was loaded again"
        assert company.query("SELECT count(*) FROM restatements") == [(0,)]
