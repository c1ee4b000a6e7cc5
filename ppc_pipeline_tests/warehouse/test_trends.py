"""The trends: profiles with the highest cost of each currency, and weekdays against the mean day."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ppc_pipeline.warehouse.trends import trend_days, weekday_indices
from ppc_pipeline_tests.fakes import DAY

START = DAY - timedelta(days=83)


@pytest.fixture
def trends(connection):
    """Four profiles: 1 and 2 in USD, 3 in JPY with much larger numbers, and 4 in USD for a week only."""
    insert = """
        INSERT INTO report_sb_campaigns
            (date, account, report_id, loaded_at, profile_id, currency_code, campaign_id, cost, sales)
        SELECT d::DATE, 'acme', 'r', now(), ?, ?, ?, ?, CASE isodow(d) WHEN 7 THEN 28 ELSE 7 END
        FROM range(?::DATE, ?::DATE + 1, INTERVAL 1 DAY) AS t(d)
    """
    for profile, currency, cost, start in (
        (1, "USD", 1, START - timedelta(days=30)),
        (2, "USD", 2, START),
        (3, "JPY", 5000, START),
        (4, "USD", 1, DAY - timedelta(days=6)),
    ):
        for campaign in (11, 12):
            connection.execute(insert, [profile, currency, campaign, cost, start, DAY])
        connection.execute(
            """
            INSERT INTO load_log BY NAME SELECT
                'r' AS report_id, 'acme' AS account, ? AS profile_id, 'sbCampaigns' AS report_type, ? AS start_date,
                ? AS end_date, now() AS requested_at, now() AS loaded_at, 0 AS rows_in_file, 0 AS rows_loaded,
                0 AS rows_rejected, 0 AS days_changed, 0 AS days_unchanged, 0 AS days_stale, [] AS columns_missing
            """,
            [profile, start, DAY],
        )
    return connection


def test_each_currencys_first_profile_comes_before_anybodys_second(trends):
    found = trend_days(trends)
    assert list(dict.fromkeys((day.place, day.profile_id, day.currency_code) for day in found)) == [
        *((1, 3, "JPY"), (2, 2, "USD"), (3, 1, "USD"), (4, 4, "USD")),
    ]
    assert {day.found for day in found} == {4}
    assert {(day.cost, day.sales) for day in found if day.profile_id == 2} == {(4, 14), (4, 56)}
    assert {day.acos_percent for day in found if day.profile_id == 2} == {float(100 * Decimal(4) / n) for n in (14, 56)}
    assert min(day.date for day in found) == START
    assert sum(day.place <= 3 for day in found) == 3 * 84


def test_a_profile_that_is_loaded_to_an_earlier_day_has_its_own_twelve_weeks(trends):
    for table, column in (("report_sb_campaigns", "date"), ("load_log", "end_date")):
        trends.execute(f"UPDATE {table} SET {column} = {column} - 3 WHERE profile_id = 1")
    days = [day.date for day in trend_days(trends) if day.profile_id == 1]
    assert (max(days), len(days)) == (DAY - timedelta(days=3), 84)


@pytest.mark.parametrize(("late", "last"), [(2, DAY - timedelta(days=2)), (20, DAY)])
def test_a_day_that_one_ad_product_lacks_is_left_out_unless_it_is_no_longer_loaded(trends, late, last):
    trends.execute(
        """
        INSERT INTO load_log SELECT * REPLACE ('spCampaigns' AS report_type, end_date - ?::INTEGER AS end_date)
        FROM load_log WHERE profile_id = 2
        """,
        [late],
    )
    assert max(day.date for day in trend_days(trends) if day.profile_id == 2) == last


def test_a_weekday_is_that_of_seasonality_and_needs_four_weeks(trends):
    found = weekday_indices(trends)
    assert list(dict.fromkeys((one.place, one.profile_id) for one in found)) == [(1, 3), (2, 2), (3, 1)]
    assert {(one.found, one.ad_product) for one in found} == {(3, "SPONSORED_BRANDS")}
    of_one = {one.weekday: one.sales_index for one in found if one.profile_id == 1}
    assert of_one == pytest.approx({7: 2.8} | dict.fromkeys(range(1, 7), 0.7))


def test_without_rows_there_are_no_trends(connection):
    assert trend_days(connection) == weekday_indices(connection) == []


def test_a_loaded_day_without_activity_is_nothing_and_not_left_out(trends):
    for profile_id, *days in ((1, DAY, DAY - timedelta(days=9)), (3, DAY - timedelta(days=5))):
        trends.execute(
            "DELETE FROM report_sb_campaigns WHERE profile_id = ? AND list_contains(?::DATE[], date)",
            [profile_id, days],
        )
    found = {(day.profile_id, day.date): day for day in trend_days(trends)}
    for key in ((1, DAY), (1, DAY - timedelta(days=9)), (3, DAY - timedelta(days=5))):
        assert (found[key].cost, found[key].sales, found[key].acos_percent) == (0, 0, None)
        assert found[key].currency_code == ("USD" if key[0] == 1 else "JPY")
    assert sum(profile_id == 1 for profile_id, _ in found) == 84


def test_a_weekday_without_activity_has_the_index_0(trends):
    trends.execute("DELETE FROM report_sb_campaigns WHERE profile_id = 2 AND isodow(date) = 6")
    of_two = {one.weekday: one.sales_index for one in weekday_indices(trends) if one.profile_id == 2}
    assert of_two[6] == 0
    assert all(index > 0 for weekday, index in of_two.items() if weekday != 6)
