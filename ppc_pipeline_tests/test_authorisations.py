"""When authorisations end: by what is written down, or by what the ledger remembers of the refresh token."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import SecretStr

from ppc_pipeline.amazon_ads.auth import Credentials
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.authorisations import Standing, authorisations
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.settings import Account
from ppc_pipeline_tests.fakes import Clock

TOKEN = "Atzr|IwEBIA5c0ffee"


def account(authorised_on=None, token=TOKEN, name="acme", **more):
    credentials = Credentials(
        account=name,
        region=Region.NA,
        client_id="amzn1.x",
        client_secret=SecretStr("s3cret"),
        refresh_token=SecretStr(token),
        api_url="https://ads.test",
        token_url="https://login.test",
    )
    return Account(name=name, credentials=credentials, authorised_on=authorised_on, **more)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return Clock(noon(date(2026, 7, 1)))


@pytest.fixture
def roster(tmp_path, clock):
    ledger = Ledger.open(f"sqlite:///{tmp_path}/ledger.db", clock)
    yield Roster(ledger)
    ledger.close()


def standing_of(roster, one, today):
    (found,) = authorisations([one], roster.standings())
    return found.standing(today), found.describe(today)


@pytest.mark.parametrize(
    ("today", "standing", "said"),
    [
        (date(2026, 7, 1), Standing.GOOD, "in 365 days"),
        (date(2027, 5, 31), Standing.GOOD, "in 31 days"),
        (date(2027, 6, 1), Standing.ENDING, "in 30 days"),
        (date(2027, 7, 1), Standing.ENDING, "today"),
        (date(2027, 7, 2), Standing.ENDED, "1 days ago"),
    ],
)
def test_an_authorisation_ends_365_days_after_its_day_and_is_warned_about_for_30(roster, today, standing, said):
    found, text = standing_of(roster, account(authorised_on=date(2026, 7, 1)), today)
    assert found is standing
    assert said in text
    assert "2027-07-01" in text


def test_an_authorisation_of_before_the_rule_does_not_end(roster):
    one = account(authorised_on=date(2026, 6, 29))
    assert standing_of(roster, one, date(2030, 1, 1)) == (
        Standing.GOOD,
        "its authorisation, of before 2026-06-30, does not end by itself",
    )


def test_without_a_day_the_first_login_with_the_token_gives_the_latest_possible_end(roster, clock):
    assert standing_of(roster, account(), date(2026, 7, 1))[0] is Standing.GOOD
    roster.logged_in("acme", account().credentials.token_mark)
    clock.forward(days=200)
    roster.logged_in("acme", account().credentials.token_mark)
    standing, text = standing_of(roster, account(), date(2027, 6, 20))
    assert standing is Standing.ENDING
    assert "in use here since 2026-07-01, ends by 2027-07-01 at the latest, in 11 days" in text
    assert standing_of(roster, account(), date(2027, 7, 2))[0] is Standing.ENDED


def test_another_token_begins_anew_and_the_ledger_says_nothing_of_one_it_has_not_seen(roster, clock):
    roster.logged_in("acme", account().credentials.token_mark)
    clock.forward(days=350)
    fresh = account(token="Atzr|another")
    assert "after the first login" in standing_of(roster, fresh, clock().date())[1]
    roster.logged_in("acme", fresh.credentials.token_mark)
    assert standing_of(roster, fresh, clock().date())[0] is Standing.GOOD
    (found,) = authorisations([fresh], roster.standings())
    assert found.ends_on == clock().date() + timedelta(days=365)


def test_what_still_logs_in_after_its_latest_possible_end_was_given_before_the_rule(roster, clock):
    roster.logged_in("acme", account().credentials.token_mark)
    clock.forward(days=400)
    roster.account_ok("acme")
    assert standing_of(roster, account(), clock().date())[0] is Standing.GOOD
    roster.account_failed("acme", "invalid_grant")
    assert standing_of(roster, account(), clock().date())[0] is Standing.ENDED


def test_a_day_that_is_written_down_and_past_is_doubted_where_the_account_still_logs_in(roster, clock):
    clock.forward(days=400)
    roster.account_ok("acme")
    standing, text = standing_of(roster, account(authorised_on=date(2026, 7, 1)), clock().date())
    assert standing is Standing.ENDED
    assert "`authorised_on` forgotten?" in text


def test_the_sandbox_has_no_authorisation(roster):
    assert authorisations([account(sandbox=True)], roster.standings()) == []


def test_the_mark_of_a_token_is_short_of_no_other_account_and_no_part_of_the_token():
    marks = {one.credentials.token_mark for one in (account(), account(token="Atzr|another"), account(name="other"))}
    assert len(marks) == 3
    assert all(len(mark) == 8 and mark not in TOKEN for mark in marks)
