"""Isolation of ad products: that one of them is throttled, or not there, is no matter to the others."""

import asyncio
from datetime import timedelta

import pytest

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports.completeness import DayStatus, stretches
from ppc_pipeline.reports.orders import Desk
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, facts, order, refusal, window

SP, SB, SB_ADS = "spTargeting", "sbCampaigns", "sbAds"
KDP = "KDP authors do not have access to Sponsored Brands functionality"
UNKNOWN = "configuration reportTypeId is unknown or invalid"
HOUR = timedelta(hours=1)


def product(report):
    return report.body["configuration"]["adProduct"]


def kind(report):
    return report.body["configuration"]["reportTypeId"]


def lacking(world, profile_id=SELLER):
    return next(p for p in world.roster.profiles(["acme"]) if p.facts.profile_id == profile_id).lacking


def refuse(world, status, said, *, types=(SB, SB_ADS), profiles=(SELLER,)):
    world.amazon.on_create = lambda report, _: (
        refusal(status, said) if kind(report) in types and report.profile_id in profiles else None
    )


# What a profile does not have


@pytest.mark.parametrize(("status", "said"), [(400, KDP), (401, "Not authorized to access scope 1"), (403, "no")])
def test_a_profile_without_an_ad_product_is_not_blocked_and_its_other_reports_are_loaded(play, status, said):
    async def scenario(world):
        world.roster.save("acme", [facts(), facts(VENDOR)])
        refuse(world, status, said)
        asked = [(SB, SELLER), (SB_ADS, SELLER), (SP, SELLER), (SB, VENDOR)]
        rows = [order(world.ledger, window(kind=kind, profile_id=profile)) for kind, profile in asked]
        done = await world.see_through(rows)
        assert [row.state for row in done] == [State.FAILED, State.FAILED, State.LOADED, State.LOADED]
        assert [*lacking(world)] == [SPONSORED_BRANDS]
        assert said in lacking(world)[SPONSORED_BRANDS].reason
        assert lacking(world, VENDOR) == {}
        assert not any(profile.blocked for profile in world.roster.profiles(["acme"]))

    play(scenario)


def test_what_a_profile_does_not_have_is_asked_for_once_in_a_go(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        refuse(world, 400, KDP)
        await world.see_through([order(world.ledger, window(kind=SB))])
        calls = world.amazon.count("create")
        async with world.life() as life:
            await life.see_through([order(world.ledger, window(kind=SB_ADS))], world.load, deadline=HOUR)
            rows = [order(world.ledger, window(DAY - timedelta(days=n), kind=SB)) for n in range(1, 30)]
            await life.see_through(rows, world.load, deadline=HOUR)
        assert world.amazon.count("create") == calls + 1

    play(scenario)


def test_a_report_type_that_is_refused_by_itself_says_nothing_of_its_product(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        refuse(world, 400, UNKNOWN, types=(SB_ADS,))
        done = await world.see_through([order(world.ledger, window(kind=kind)) for kind in (SB_ADS, SB)])
        assert [row.state for row in done] == [State.FAILED, State.LOADED]
        assert [*lacking(world)] == ["sbAds"]

    play(scenario)


def test_what_is_refused_with_the_whole_profile_is_not_lacking(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        refuse(world, 403, "no", types=(SB, SP))
        for kind in (SB, SP, SB):
            await world.see_through([order(world.ledger, window(kind=kind))])
        (profile,) = world.roster.profiles(["acme"])
        assert (profile.blocked, profile.lacking) == (True, {})

    play(scenario)


@pytest.mark.parametrize(("status", "said", "may_pass"), [(403, "no", True), (400, UNKNOWN, False)])
def test_what_a_profile_had_figures_of_is_a_failure_when_it_is_refused_without_a_word_of_the_product(
    play, status, said, may_pass
):
    async def scenario(world):
        world.roster.save("acme", [facts(), facts(VENDOR)])
        (loaded,) = await world.see_through([order(world.ledger, window(kind=SB))])
        assert loaded.state is State.LOADED
        for what in (SPONSORED_BRANDS, SB):
            world.roster.lacks(SELLER, what, "it was thought so once")
        refuse(world, status, said, profiles=(SELLER, VENDOR))
        later = DAY + timedelta(days=1)
        rows = [order(world.ledger, window(later, kind=SB, profile_id=profile)) for profile in (SELLER, VENDOR)]
        rows += [order(world.ledger, window(later, kind=SP))]
        failed, absent, other = await world.see_through(rows)
        assert (failed.state, failed.retryable, other.state) == (State.FAILED, may_pass, State.LOADED)
        assert "refuses what it served before" in failed.reason
        assert said in failed.reason
        assert (len(lacking(world)), len(lacking(world, VENDOR)), absent.state) == (1, 1, State.FAILED)
        world.roster.has(SELLER, SPONSORED_BRANDS if status == 400 else SB)
        assert lacking(world) == {}
        found = stretches(
            [REPORT_TYPES[SB]],
            world.roster.profiles(["acme"]),
            Days(later, later),
            world.ledger.covering(Days(later, later), [SB]),
            world.clock(),
        )
        assert {stretch.profile_id: stretch.status for stretch in found} == {
            SELLER: DayStatus.FAILED,
            VENDOR: DayStatus.NOT_OFFERED,
        }

    play(scenario)


def test_what_amazon_says_in_words_a_profile_does_not_have_counts_although_it_had_figures_of_it(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        await world.see_through([order(world.ledger, window(kind=SB))])
        refuse(world, 400, KDP)
        await world.see_through([order(world.ledger, window(DAY + timedelta(days=1), kind=SB))])
        assert [*lacking(world)] == [SPONSORED_BRANDS]

    play(scenario)


def test_whoever_asks_by_hand_is_tried_at_once_and_what_is_served_is_lacking_no_longer(play):
    async def scenario(world):
        world.roster.save("acme", [facts()])
        refuse(world, 400, KDP)
        desk = Desk(world.ledger, world.archive, fresh=timedelta(hours=6))
        (profile,) = world.roster.profiles(["acme"])
        first = desk.order_days(Days(DAY, DAY), [REPORT_TYPES[SB]], [profile]).rows
        await world.see_through(first)
        (profile,) = world.roster.profiles(["acme"])
        assert profile.without(SPONSORED_BRANDS, world.clock())
        refuse(world, 400, KDP, types=())
        again = desk.order_days(Days(DAY, DAY), [REPORT_TYPES[SB]], [profile]).rows
        done = await world.see_through(again)
        assert [(row.id, row.state) for row in done] == [(first[0].id, State.LOADED)]
        assert lacking(world) == {}

    play(scenario)


def order_day(ledger, archive, profiles, kinds, *, holes=100):
    desk = Desk(ledger, archive, fresh=timedelta(hours=6))
    return desk.order_day(
        [REPORT_TYPES[kind] for kind in kinds],
        profiles,
        start_date=(NOON - timedelta(days=90)).date(),
        refetch_days=31,
        weekly=False,
        holes=holes,
    ).rows


@pytest.mark.parametrize("what", [SPONSORED_BRANDS, "sbAds"])
def test_the_daily_order_leaves_out_for_a_week_what_is_not_there_and_then_asks_with_one_window(
    ledger, roster, archive, clock, what
):
    roster.save("acme", [facts()])
    roster.lacks(SELLER, what, KDP)
    kinds = (SP, SB_ADS)
    rows = order_day(ledger, archive, roster.active(["acme"]), kinds)
    assert {row.report_type for row in rows} == {SP}
    clock.forward(days=7)
    rows = order_day(ledger, archive, roster.active(["acme"]), kinds)
    assert [row.report_type for row in rows].count(SB_ADS) == 1, "no place among the holes is taken"


def standing(ledger, roster, clock, kind=SB):
    orders = ledger.covering(Days(DAY, DAY), [kind])
    (found,) = stretches([REPORT_TYPES[kind]], roster.profiles(["acme"]), Days(DAY, DAY), orders, clock.now)
    return found


def test_what_is_not_offered_is_neither_missing_nor_failed_and_says_why_and_since_when(ledger, roster, clock):
    roster.save("acme", [facts()])
    assert standing(ledger, roster, clock).status is DayStatus.MISSING
    roster.lacks(SELLER, SPONSORED_BRANDS, KDP)
    clock.forward(days=30)
    found = standing(ledger, roster, clock)
    assert (found.status, found.reason, found.since) == (DayStatus.NOT_OFFERED, KDP, NOON)
    order(ledger, window(kind=SB))
    assert standing(ledger, roster, clock).status is DayStatus.NOT_OFFERED
    assert standing(ledger, roster, clock, SP).status is DayStatus.MISSING


# Throttling


def throttle_brands(world, until):
    world.amazon.on_create = lambda report, _: (
        refusal(429, "Throttled") if product(report) == SPONSORED_BRANDS and world.clock() < until else None
    )


def orders_of(world, *kinds, days=12):
    return [order(world.ledger, window(DAY - timedelta(days=n), kind=kind)) for kind in kinds for n in range(days)]


BRANDS = [name for name, kind in REPORT_TYPES.items() if kind.ad_product == SPONSORED_BRANDS]


@pytest.mark.long
def test_sponsored_brands_throttled_for_hours_hold_up_no_sponsored_products_in_a_run(play):
    async def scenario(world):
        world.amazon.latency = 0.2
        throttle_brands(world, NOON + 2 * HOUR)
        rows = orders_of(world, *BRANDS) + orders_of(world, SP)
        done = await world.see_through(rows, deadline=4 * HOUR)
        assert [row.state for row in done] == [State.LOADED] * len(rows)
        made = NOON + world.amazon.ready_after
        products = [row for row in done if row.report_type == SP]
        assert max(row.requested_at for row in products) < NOON + timedelta(seconds=30)
        assert max(row.loaded_at for row in products) < made + timedelta(minutes=1)
        brands = [row for row in done if row.report_type != SP]
        assert min(row.requested_at for row in brands) > NOON + 2 * HOUR
        assert max(row.troubles for row in brands) == 0

    play(scenario)


@pytest.mark.long
def test_sponsored_brands_throttled_for_hours_hold_up_no_sponsored_products_in_ticks_and_arrive_later(play):
    async def scenario(world):
        world.amazon.latency = 0.2
        end = NOON + 2 * HOUR
        throttle_brands(world, end)
        brands = orders_of(world, *BRANDS)
        products = orders_of(world, SP)

        async def ticks(until):
            while world.clock() < until:
                began = world.clock()
                await world.ask_and_poll(seconds=35.0)
                await world.fetch()
                left = 60 - (world.clock() - began).total_seconds()
                await asyncio.sleep(left)

        await ticks(NOON + world.amazon.ready_after + timedelta(minutes=3))
        assert {world.now(row).state for row in products} == {State.LOADED}
        waiting = world.ledger.outstanding(BRANDS)
        assert len(waiting) == len(brands)
        assert {(row.state, row.troubles) for row in waiting} == {(State.PLANNED, 0)}
        assert any("429" in (row.reason or "") for row in waiting)
        await ticks(end + HOUR)
        assert world.ledger.outstanding() == []

    play(scenario)
