"""What stands on the page: what was restated, and what the week will be when it is final."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ppc_pipeline.weekly.contents import final_of_week
from ppc_pipeline.weekly.figures import Basis
from ppc_pipeline.weekly.page import judged
from ppc_pipeline_tests.fakes import SELLER
from ppc_pipeline_tests.warehouse.days import known_share
from ppc_pipeline_tests.weekly.made_weeks import WEEK, contents

SUNDAY = WEEK.end


def add_share(connection, report_type, metric, age, share, currency="USD"):
    connection.execute(
        "INSERT INTO restatement_curve VALUES (?, ?, ?, ?, ?, 1, 1, ?, 30, now())",
        [report_type, SELLER, currency, metric, age, share],
    )


def ages(connection, age):
    """Have every report asked for so many days after the Sunday."""
    connection.execute("UPDATE load_log SET requested_at = ?::DATE + INTERVAL 12 HOUR", [SUNDAY + timedelta(days=age)])


def test_a_day_will_be_what_is_known_of_it_over_the_share_that_is_known_at_its_age(weeks):
    ages(weeks, 2)
    for report_type, sales, youngest in (("spCampaigns", "sales_7d", 0.2), ("sbCampaigns", "sales", 0.0)):
        add_share(weeks, report_type, "cost", 1, 0.25)
        add_share(weeks, report_type, "cost", 3, 0.75)
        for age, share in ((1, youngest), (3, 0.8), (8, 1.25)):
            add_share(weeks, report_type, sales, age, share)
    found = {one.day: one for one in contents(weeks).prospects}
    assert len(found) == 7
    query = "SELECT sum(cost), sum(sales) FROM metrics_by_profile WHERE profile_id = ? AND date = ? AND ad_product = ?"
    (sp_cost, sp), (sb_cost, sb) = (
        weeks.execute(query, [SELLER, SUNDAY, product]).fetchone()
        for product in ("SPONSORED_PRODUCTS", "SPONSORED_BRANDS")
    )
    final = found[SUNDAY].final
    assert (final.cost, final.sales) == (
        (sp_cost + sb_cost) / Decimal("0.5"),
        sp / Decimal("0.5") + sb / Decimal("0.4"),
    )
    assert found[SUNDAY].asked_on == SUNDAY + timedelta(days=2)
    monday = found[WEEK.start]  # 8 days old
    assert monday.final.sales == monday.now.sales / Decimal("1.25")
    assert final_of_week([*found.values()]).sales == sum(one.final.sales for one in found.values())


def test_as_of_when_a_day_is_is_said_in_the_profiles_own_dates(weeks):
    weeks.execute("UPDATE profiles_history SET timezone = 'Asia/Tokyo' WHERE profile_id = ?", [SELLER])
    weeks.execute("UPDATE load_log SET requested_at = ?::DATE + INTERVAL 17 HOUR", [SUNDAY])
    assert {one.asked_on for one in contents(weeks).prospects} == {SUNDAY + timedelta(days=1)}


@pytest.mark.parametrize("known", [(), ("spCampaigns",)])
def test_without_the_share_of_an_ad_product_nothing_is_foretold(weeks, known):
    for report_type in known:
        for metric in ("cost", "sales_7d"):
            add_share(weeks, report_type, metric, 1, 0.5)
    found = contents(weeks).prospects
    assert {one.final for one in found} == {None}
    assert final_of_week(found) is None


def test_a_share_of_another_currency_foretells_nothing(weeks):
    for report_type, sales in (("spCampaigns", "sales_7d"), ("sbCampaigns", "sales")):
        for metric in ("cost", sales):
            add_share(weeks, report_type, metric, 1, 0.5, currency="CAD")
    assert {one.final for one in contents(weeks).prospects} == {None}


def test_what_was_restated_in_the_week_is_from_the_first_before_to_the_last_after(weeks):
    changes = [  # day, metric, before, after, hours after the week's start
        (3, "sales_7d", 10, 15, 1),
        (3, "sales_7d", 15, 12, 30),
        (4, "sales_7d", 5, 6, 30),
        (5, "sales_7d", 1, 9, -1),  # before the week
        (5, "sales_7d", 1, 9, 7 * 24),  # after it
        (3, "sales_14d", 1, 2, 1),  # not the seller's window
        (3, "video_views", 1, 2, 1),
    ]
    for day, metric, before, after, hours in changes:
        weeks.execute(
            """
            INSERT INTO restatements
            VALUES (?, 'acme', ?, 'USD', 'spCampaigns', ?, ?, ?, 'r', ?::TIMESTAMPTZ + to_hours(?))
            """,
            [WEEK.start - timedelta(days=day), SELLER, metric, before, after, f"{WEEK.start} 00:00:00+00", hours],
        )
    (found,) = contents(weeks).restated
    assert (found.metric, found.days, found.before, found.after) == ("sales_7d", 2, 15, 18)
    assert (found.first_day, found.last_day) == (WEEK.start - timedelta(days=4), WEEK.start - timedelta(days=3))


def test_a_day_that_is_not_loaded_is_a_gap_and_one_without_rows_is_zero(weeks):
    weeks.execute("DELETE FROM report_sp_campaigns WHERE date = ?", [SUNDAY])
    weeks.execute("DELETE FROM report_sb_campaigns WHERE date = ?", [SUNDAY])
    days = {day.date: day.sums for day in contents(weeks).days}
    assert len(days) == 56
    assert days[SUNDAY].cost == 0
    assert days[min(days)] is None, "the eighth week is not loaded"
    weeks.execute("UPDATE load_log SET end_date = end_date - 1 WHERE report_type = 'sbCampaigns'")
    assert {day.date: day.sums for day in contents(weeks).days}[SUNDAY] is None, "one ad product of two is no whole day"


SHARES = {1: 0.35, 2: 0.5, 3: 0.6, 7: 0.8, 14: 1.0}
"""Age in days -> the share of purchases and sales that is known of a day."""


def as_ever(connection, sales, asked_after=1):
    """Every campaign costs 50 a day and sells as ever, of which young days show what their age lets them."""
    ages(connection, asked_after)
    for table, end in (("report_sp_campaigns", "_7d"), ("report_sb_campaigns", "")):
        connection.execute(f"UPDATE {table} SET cost = 50, clicks = 700 WHERE profile_id = ?", [SELLER])
        for age in range(1, max(SHARES) + 1):
            share = known_share(SHARES, age)
            connection.execute(
                f"UPDATE {table} SET purchases{end} = ?, sales{end} = ? WHERE profile_id = ? AND ?::DATE - date >= ?",
                [140 * share, sales * share, SELLER, SUNDAY + timedelta(days=asked_after), age],
            )


def curves(connection):
    for report_type, end in (("spCampaigns", "_7d"), ("sbCampaigns", "")):
        for age, share in SHARES.items():
            for metric in ("purchases", "sales"):
                add_share(connection, report_type, f"{metric}{end}", age, share)


def test_a_campaign_that_earns_as_ever_did_not_lose_though_its_sales_are_still_to_come(weeks):
    as_ever(weeks, 70)
    curves(weeks)
    found = contents(weeks)
    assert found.figures["sales"].now < found.figures["cost"].now, "as it looks today"
    assert (list(found.lost), list(found.not_judged)) == ([], [])


def test_a_campaign_that_loses_as_ever_lost_by_its_final_sales_and_nothing_got_worse(weeks):
    as_ever(weeks, 40)
    curves(weeks)
    lost = contents(weeks).lost
    assert len(lost) == 4
    assert {(one.campaign.week, round(one.campaign.now.loss, 2)) for one in lost} == {(WEEK, 70)}
    assert {one.why for one in lost} == {"ACoS was 125.0 % the week before, too."}


DECIDED_BY_SALES = ("sales", "purchases", "acos_percent", "roas", "cvr_percent", "cost_per_purchase")


def test_a_young_week_is_compared_by_what_it_and_the_one_before_will_have_sold_in_the_end(weeks):
    as_ever(weeks, 70, asked_after=2)
    curves(weeks)
    found = contents(weeks)
    assert found.figures["sales"].now < found.figures["sales"].before * Decimal("0.9"), "as it looks today"
    changes = [found.figures[name].change for name in DECIDED_BY_SALES]
    changes += [found.figures[name].change_from_mean for name in DECIDED_BY_SALES]
    changes += [one.sales_change for one in found.products]
    assert {(abs(change.percent) < 1, change.basis) for change in changes} == {(True, Basis.IN_THE_END)}
    assert found.figures["clicks"].change.basis is Basis.WHOLE


def test_while_nobody_knows_what_a_week_will_sell_its_change_is_shown_and_called_neither_good_nor_bad(weeks):
    as_ever(weeks, 70, asked_after=2)
    found = contents(weeks)
    for name in DECIDED_BY_SALES:
        change = found.figures[name].change
        assert change.percent
        assert (change.basis, judged(name, change)) == (Basis.STILL_COMING_IN, "quiet")
    assert {one.sales_change.basis for one in found.products} == {Basis.STILL_COMING_IN}
    assert {one.cost_change.basis for one in found.products} == {Basis.WHOLE}


def test_of_days_whose_sales_are_in_a_change_is_good_or_bad(weeks):
    as_ever(weeks, 70, asked_after=14)
    weeks.execute("UPDATE report_sp_campaigns SET sales_7d = 1 WHERE date BETWEEN ? AND ?", [WEEK.start, SUNDAY])
    change = contents(weeks).figures["sales"].change
    assert (change.basis, judged("sales", change)) == (Basis.WHOLE, "bad")


@pytest.mark.parametrize(("sales", "losing"), [(70, 0), (40, 4)])
def test_while_nobody_knows_what_is_to_come_of_the_week_the_one_before_is_judged(weeks, sales, losing):
    as_ever(weeks, sales)
    lost = contents(weeks).lost  # without a curve, days of 7 days and more count as whole: their last fifth is small
    assert len(lost) == losing
    assert {one.campaign.week for one in lost} <= {WEEK.before()}


def test_where_the_week_before_is_as_young_nothing_is_called_a_loss(weeks):
    as_ever(weeks, 70, asked_after=-2)
    found = contents(weeks)
    assert (list(found.lost), list(found.not_judged)) == ([], ["SPONSORED_BRANDS", "SPONSORED_PRODUCTS"])


def test_a_point_of_the_curve_that_few_days_made_is_not_believed(weeks):
    ages(weeks, 2)
    for report_type, sales in (("spCampaigns", "sales_7d"), ("sbCampaigns", "sales")):
        for metric in ("cost", sales):
            add_share(weeks, report_type, metric, 1, 0.5)
    weeks.execute("UPDATE restatement_curve SET days = 6 WHERE metric = 'sales'")
    assert {one.final for one in contents(weeks).prospects} == {None}
