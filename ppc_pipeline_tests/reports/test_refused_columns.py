"""Columns that Amazon refuses: what is asked for without them, what is remembered, and when they are tried again."""

from datetime import timedelta

import pytest

from ppc_pipeline.amazon_ads.errors import InvalidColumnsError
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports.activity import activities
from ppc_pipeline.reports.orders import Desk
from ppc_pipeline.reports.refused_columns import TRIED_AGAIN_AFTER, Columns, RefusedColumn, refused_to
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, facts, order, refusal, window

ACME = ("acme", SELLER)
KIND = REPORT_TYPES["spTargeting"]
REFUSED = ("acosClicks7d", "roasClicks7d")


def asked(report):
    return set(report.body["configuration"]["columns"])


def refuse(world, *columns, allowed=True, accounts=("acme",)):
    """Refuse columns as Amazon does; the list of those it allows comes with most refusals."""

    def answer(report, request):
        wrong = [column for column in report.body["configuration"]["columns"] if column in columns]
        detail = f"configuration columns includes invalid values: ({', '.join(wrong)})"
        return refusal(400, f"{detail}. Allowed values: (date, clicks)" if allowed else detail) if wrong else None

    world.amazon.on_create = answer


@pytest.mark.parametrize("allowed", [True, False])
def test_a_refused_column_is_left_out_and_the_report_asked_for_again_at_once_in_the_same_order(play, allowed):
    async def scenario(world):
        refuse(world, *REFUSED, allowed=allowed)
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.order_no, done.requests, done.troubles) == (State.LOADED, 1, 1, 0)
        assert done.requested_at == NOON
        assert done.left_out == set(REFUSED)
        assert world.amazon.count("create") == 2
        (report,) = world.amazon.reports.values()
        assert asked(report) == set(KIND.columns) - set(REFUSED)
        told = [(a.action, a.account, a.report_type, a.detail) for a in reversed(activities(world.ledger))]
        assert told[:3] == [
            ("ordered", "acme", "spTargeting", None),
            ("columns refused", "acme", "spTargeting", "acosClicks7d, roasClicks7d"),
            ("asked for", "acme", "spTargeting", "without acosClicks7d, roasClicks7d"),
        ]
        (first, second) = refused_to(world.ledger, ["acme"])
        assert (first.report_type, first.column, first.since, first.seen) == (KIND.name, REFUSED[0], NOON, NOON)
        assert "includes invalid values" in first.reason
        assert second.column == REFUSED[1]

    play(scenario)


def test_what_is_refused_one_after_the_other_is_left_out_together(play):
    async def scenario(world):
        def one_by_one(report, request):
            wrong = next((column for column in REFUSED if column in asked(report)), None)
            return refusal(400, f"configuration columns includes invalid values: ({wrong})") if wrong else None

        world.amazon.on_create = one_by_one
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.left_out) == (State.LOADED, set(REFUSED))

    play(scenario)


def test_a_refused_column_is_not_asked_for_again_by_anybody_of_that_profile_and_type_until_it_is_tried(play):
    async def scenario(world):
        refuse(world, *REFUSED)
        await world.see_through([order(world.ledger)])
        world.amazon.log.clear()
        rows = [order(world.ledger, window(DAY - timedelta(days=n))) for n in range(1, 30)]
        done = await world.see_through(rows)
        assert world.amazon.count("create") == len(rows)
        assert {row.left_out for row in done} == {frozenset(REFUSED)}
        other = Columns(world.ledger)
        assert other.to_ask_for(("other", SELLER), KIND) == KIND.columns
        assert other.to_ask_for(ACME, REPORT_TYPES["spSearchTerm"]) == REPORT_TYPES["spSearchTerm"].columns

    play(scenario)


def test_what_is_refused_to_one_profile_is_asked_for_all_the_same_for_others_of_the_account(play):
    async def scenario(world):
        def only_to_the_seller(report, request):
            wrong = REFUSED[0] in asked(report) and report.profile_id == SELLER
            return refusal(400, f"configuration columns includes invalid values: ({REFUSED[0]})") if wrong else None

        world.amazon.on_create = only_to_the_seller
        rows = [order(world.ledger, window(profile_id=profile_id)) for profile_id in (SELLER, VENDOR)]
        (refused,) = await world.see_through(rows[:1])
        (served,) = await world.see_through(rows[1:])
        assert (refused.left_out, served.left_out) == ({REFUSED[0]}, frozenset())
        assert [one.profile_id for one in refused_to(world.ledger, ["acme"])] == [SELLER]

    play(scenario)


def test_an_order_without_refused_columns_is_found_again_while_it_is_fresh(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        refuse(world, *REFUSED)
        desk = Desk(world.ledger, world.archive, fresh=timedelta(hours=6))
        profiles = Roster(world.ledger).active(["acme"])
        (row,) = desk.order_days(Days(DAY, DAY), [KIND], profiles).rows
        await world.see_through([row])
        again = desk.order_days(Days(DAY, DAY), [KIND], profiles)
        assert ([found.id for found in again.rows], again.new) == ([row.id], 0)

    play(scenario)


@pytest.mark.parametrize("columns", [("date",), ("campaignId", "clicks"), tuple(KIND.columns)])
def test_a_report_whose_rows_could_not_be_told_apart_has_failed_for_good_and_says_why(play, columns):
    async def scenario(world):
        refuse(world, *columns)
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.retryable) == (State.FAILED, False)
        assert f"rows of spTargeting cannot be told apart without {', '.join(sorted(columns))[:10]}" in done.reason or (
            len(columns) > 2 and "cannot be told apart without adGroupId, campaignId, date, keywordId" in done.reason
        )
        assert str(SELLER) in done.reason
        assert world.amazon.count("create") == 1
        assert refused_to(world.ledger, ["acme"]) == []

    play(scenario)


def test_a_report_without_any_figure_or_a_refusal_of_what_nobody_asked_for_has_failed_for_good(play):
    async def scenario(world):
        from ppc_pipeline.amazon_ads.report_types import is_metric

        refuse(world, *(column for column in KIND.columns if is_metric(column)))
        (done,) = await world.see_through([order(world.ledger)])
        assert (done.state, done.retryable) == (State.FAILED, False)
        invented = "configuration columns includes invalid values: (neverHeardOf)"
        world.amazon.on_create = lambda *_: refusal(400, invented)
        (done,) = await world.see_through([order(world.ledger, window(DAY - timedelta(days=1)))])
        assert (done.state, done.retryable) == (State.FAILED, False)
        assert invented in done.reason
        assert world.amazon.count("create") == 2

    play(scenario)


def error(*columns):
    return InvalidColumnsError("no such columns", columns=columns)


def test_a_month_later_refused_columns_are_tried_again_and_those_that_are_served_are_forgotten(ledger, clock):
    columns = Columns(ledger)
    columns.refuse(ACME, KIND, KIND.columns, error(*REFUSED))
    clock.forward(seconds=TRIED_AGAIN_AFTER.total_seconds() - 1)
    assert set(Columns(ledger).to_ask_for(ACME, KIND)) == set(KIND.columns) - set(REFUSED)
    clock.forward(seconds=1)
    later = Columns(ledger)
    assert later.to_ask_for(ACME, KIND) == KIND.columns
    later.refuse(ACME, KIND, KIND.columns, error(REFUSED[0]))
    left = later.to_ask_for(ACME, KIND)
    assert REFUSED[0] not in left
    later.accept(ACME, KIND, left)
    later.accept(ACME, KIND, left)
    assert refused_to(ledger, ["acme"]) == [
        RefusedColumn(*ACME, KIND.name, REFUSED[0], NOON, clock.now, "no such columns")
    ]
    told = [(a.action, a.detail) for a in reversed(activities(ledger))]
    assert told == [("columns refused", ", ".join(REFUSED)), ("columns served again", REFUSED[1])]


def test_refused_columns_may_be_written_down_by_many_at_once(ledger, at_once):
    at_once(lambda ledger, _: Columns(ledger).refuse(ACME, KIND, KIND.columns, error(*REFUSED)))
    assert [one.column for one in refused_to(ledger, ["acme"])] == sorted(REFUSED)
    assert [a.detail for a in activities(ledger)] == [", ".join(REFUSED)]
