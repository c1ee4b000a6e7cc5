"""The roster: who the clients are, whom Amazon refuses, which accounts work."""

from datetime import timedelta

from sqlalchemy import event

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY
from ppc_pipeline.reports.activity import activities
from ppc_pipeline.reports.roster import BLOCK_RETRY, LACK_RETRY, Lack, Roster
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, facts


def ids(profiles):
    return [profile.facts.profile_id for profile in profiles]


def only(roster):
    (profile,) = roster.profiles(["acme"])
    return profile


def test_a_profile_is_known_as_it_was_last_seen(roster, clock):
    roster.save("acme", [facts()])
    clock.forward(days=1)
    roster.save("acme", [facts(name="Acme Inc", timezone="America/Denver")])
    assert only(roster).facts == facts(name="Acme Inc", timezone="America/Denver")
    assert only(roster).seen_at == NOON + timedelta(days=1)


def test_a_profile_that_is_no_longer_listed_becomes_inactive_and_comes_back_when_it_is(roster):
    roster.save("acme", [facts(), facts(VENDOR, account_type="vendor")])
    roster.save("acme", [facts()])
    assert ids(roster.active(["acme"])) == [SELLER]
    gone = next(p for p in roster.profiles(["acme"]) if p.facts.profile_id == VENDOR)
    assert gone.facts.skip_reason == "Amazon no longer lists it for this account"
    roster.save("acme", [facts(), facts(VENDOR)])
    assert ids(roster.active(["acme"])) == sorted([SELLER, VENDOR])


def test_profiles_of_other_accounts_stay_as_they_are(roster):
    roster.save("acme", [facts()])
    roster.save("other", [facts(VENDOR, account="other")])
    roster.save("acme", [])
    assert ids(roster.active(["acme", "other"])) == [VENDOR]
    assert ids(roster.profiles(["other"])) == [VENDOR]


def test_a_profile_that_another_account_lists_now_moves_there(roster):
    roster.save("acme", [facts()])
    roster.save("other", [facts(account="other")])
    roster.save("acme", [])
    assert roster.active(["acme"]) == []
    assert ids(roster.active(["other"])) == [SELLER]


def test_a_profile_that_is_left_out_is_known_with_the_reason_and_not_worked_for(roster):
    roster.save("acme", [facts(active=False, skip_reason="an agency")])
    assert roster.active(["acme"]) == []
    assert only(roster).facts.skip_reason == "an agency"


def test_a_refused_profile_is_left_alone_until_its_retry_and_the_first_refusal_is_remembered(roster, clock):
    roster.save("acme", [facts()])
    assert not only(roster).blocked
    roster.block(SELLER, "401: not authorized")
    assert only(roster).left_alone(NOON + BLOCK_RETRY - timedelta(seconds=1))
    assert not only(roster).left_alone(NOON + BLOCK_RETRY)
    clock.forward(days=2)
    roster.block(SELLER, "403: still not")
    blocked = only(roster)
    assert (blocked.blocked_since, blocked.blocked_reason) == (NOON, "403: still not")
    assert blocked.retry_at == clock.now + BLOCK_RETRY


def test_a_refused_profile_is_tried_again_in_every_daily_run(roster, clock):
    roster.save("acme", [facts()])
    clock.forward(minutes=40)  # into the run
    roster.block(SELLER, "401")
    assert only(roster).left_alone(NOON + timedelta(hours=12))
    assert not only(roster).left_alone(NOON + timedelta(days=1))


def test_being_listed_again_does_not_lift_a_refusal_but_being_served_does(roster):
    roster.save("acme", [facts()])
    roster.block(SELLER, "401")
    roster.save("acme", [facts()])
    assert only(roster).blocked
    roster.unblock(SELLER)
    profile = only(roster)
    assert (profile.blocked, profile.blocked_reason, profile.retry_at) == (False, None, None)


def test_an_account_keeps_the_moment_since_when_it_is_broken_and_the_last_time_it_worked(roster, clock):
    roster.account_ok("acme")
    clock.forward(hours=1)
    roster.account_failed("acme", "invalid_grant")
    clock.forward(hours=1)
    roster.account_failed("acme", "invalid_client")
    standing = roster.standings()["acme"]
    assert (standing.error, standing.error_since) == ("invalid_client", NOON + timedelta(hours=1))
    assert standing.ok_at == NOON
    clock.forward(hours=1)
    roster.account_ok("acme")
    standing = roster.standings()["acme"]
    assert (standing.error, standing.error_since, standing.ok_at) == (None, None, clock.now)


def test_an_account_that_never_worked_has_never_been_ok(roster):
    roster.account_failed("acme", "invalid_grant")
    assert roster.standings()["acme"].ok_at is None


def test_profiles_and_accounts_may_be_written_down_for_the_first_time_by_many_at_once(roster, at_once):
    some = [facts(number) for number in range(1, 9)]

    def work(ledger, number):
        roster = Roster(ledger)
        roster.save("acme", some[number:] + some[:number])
        roster.account_failed("acme", "invalid_grant")

    at_once(work)
    assert [profile.facts for profile in roster.profiles(["acme"])] == some
    assert roster.standings()["acme"].error == "invalid_grant"


def test_profiles_are_written_in_the_same_order_whatever_order_they_came_in(roster, ledger):
    written = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *args: written.append(args[2:4]))
    roster.save("acme", [facts(number) for number in (3, 1, 2)])
    inserted = [values[0] for statement, values in written if statement.startswith("INSERT INTO profiles")]
    assert inserted == [1, 2, 3]


def test_what_a_profile_lacks_is_left_alone_for_a_week_after_it_was_last_seen_and_keeps_its_beginning(roster, clock):
    roster.save("acme", [facts()])
    roster.lacks(SELLER, SPONSORED_BRANDS, "a KDP author")
    clock.forward(days=8)
    assert not only(roster).without(SPONSORED_BRANDS, clock.now)
    roster.lacks(SELLER, SPONSORED_BRANDS, "still one")
    profile = only(roster)
    assert profile.lacking == {SPONSORED_BRANDS: Lack(NOON, clock.now, "still one")}
    assert profile.without(SPONSORED_BRANDS, clock.now + LACK_RETRY - timedelta(seconds=1))
    assert not profile.without(SPONSORED_BRANDS, clock.now + LACK_RETRY)
    assert not profile.without(SPONSORED_DISPLAY, clock.now)


def test_what_a_profile_has_after_all_it_lacks_no_longer_and_both_are_told_once(roster, ledger):
    roster.save("acme", [facts()])
    roster.has(SELLER, SPONSORED_BRANDS)
    roster.lacks(SELLER, SPONSORED_BRANDS, "a KDP author")
    roster.lacks(SELLER, SPONSORED_BRANDS, "a KDP author")
    roster.has(SELLER, SPONSORED_BRANDS)
    roster.has(SELLER, SPONSORED_BRANDS)
    assert only(roster).lacking == {}
    told = [(a.account, a.action, a.detail) for a in reversed(activities(ledger))]
    assert told == [
        ("acme", "not offered", "SPONSORED_BRANDS: a KDP author"),
        ("acme", "offered again", "SPONSORED_BRANDS"),
    ]


def test_a_profile_that_is_refused_altogether_lacks_nothing_in_particular(roster):
    roster.save("acme", [facts()])
    roster.lacks(SELLER, SPONSORED_BRANDS, "401")
    roster.block(SELLER, "401")
    assert only(roster).lacking == {}
    roster.lacks(SELLER, SPONSORED_BRANDS, "401")
    assert only(roster).lacking == {}


def test_what_a_profile_lacks_may_be_written_down_by_many_at_once(roster, ledger, at_once):
    roster.save("acme", [facts()])
    at_once(lambda ledger, _: Roster(ledger).lacks(SELLER, SPONSORED_BRANDS, "a KDP author"))
    assert only(roster).lacking == {SPONSORED_BRANDS: Lack(NOON, NOON, "a KDP author")}
    assert [a.action for a in activities(ledger)] == ["not offered"]
    at_once(lambda ledger, _: Roster(ledger).has(SELLER, SPONSORED_BRANDS))
    assert only(roster).lacking == {}
