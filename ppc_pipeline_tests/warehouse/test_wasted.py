"""Spend without sales and tracking breaks: what chance does not explain, and nothing that is young."""

import math
from datetime import timedelta
from decimal import Decimal

import pytest

from ppc_pipeline_tests.fakes import DAY, SELLER
from ppc_pipeline_tests.warehouse.days import curve, loaded, rows, sp
from ppc_pipeline_tests.warehouse.made import add_profile
from ppc_pipeline_tests.warehouse.made import rows as asked

JUDGED = DAY - timedelta(days=6)
"""The newest day that is seven days old when it is asked for."""


@pytest.fixture
def here(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    return undone


def campaigns(connection, *found):
    """Insert days of campaigns: (campaign, day, clicks, cost, purchases) each."""
    rows(
        connection,
        "report_sp_campaigns",
        [
            sp(day, campaign_id=number, campaign_name=f"C{number}", clicks=clicks, cost=cost, purchases=purchases)
            for number, day, clicks, cost, purchases in found
        ],
    )


def wasted(connection):
    return asked(connection, "FROM spend_without_sales ORDER BY level, campaign_id")


@pytest.mark.parametrize(
    ("cost", "is_found"),
    [(Decimal("29.99"), False), (Decimal(30), False), (Decimal("42.86"), True)],
)
def test_much_is_what_brings_three_purchases_elsewhere(here, cost, is_found):
    loaded(here)
    campaigns(here, (11, JUDGED, 100, 100, 10), (12, JUDGED, 50, cost, 0))
    expected = float(cost) / ((100 + float(cost)) / 10)
    assert (expected >= 3) == is_found
    found = wasted(here)
    assert [row["campaign_id"] for row in found] == ([12] if is_found else [])
    for row in found:
        assert row["expected_purchases"] == pytest.approx(expected)
        assert row["chance_percent"] == pytest.approx(100 * math.exp(-expected))
        assert row["profile_cost_per_purchase"] == Decimal("14.286000")
        assert (row["clicks"], row["cost"], row["first_date"], row["last_date"]) == (50, cost, JUDGED, JUDGED)
        assert row["reason"] == (
            'Acme US: campaign "C12" cost 42.86 USD for 50 clicks from 2026-11-04 to 2026-11-04 and sold nothing. '
            "A purchase costs 14.29 USD here on average: 3.0 were to be expected."
        )


@pytest.mark.parametrize(
    ("day", "is_found"),
    [
        (JUDGED, True),
        (JUDGED + timedelta(days=1), False),  # six days old: its purchases may still come
        (JUDGED - timedelta(days=29), True),
        (JUDGED - timedelta(days=30), False),
    ],
)
def test_cost_counts_of_thirty_days_whose_conversions_are_in(here, day, is_found):
    loaded(here)
    campaigns(here, (11, JUDGED, 100, 100, 10), (12, day, 50, 100, 0))
    assert [row["campaign_id"] for row in wasted(here)] == ([12] if is_found else [])


def test_a_purchase_on_a_young_day_is_one(here):
    loaded(here)
    campaigns(here, (11, JUDGED, 100, 100, 10), (12, JUDGED, 50, 100, 0), (12, DAY, 5, 10, 1))
    assert wasted(here) == []


def test_where_nothing_sells_a_purchase_from_every_tenth_click_is_usual(here):
    loaded(here)
    campaigns(here, (11, JUDGED, 29, 100, 0), (12, JUDGED, 30, 1, 0), (13, JUDGED, 90, 0, 0))
    (row,) = wasted(here)
    assert (row["campaign_id"], row["expected_purchases"], row["profile_cost_per_purchase"]) == (12, 3, None)
    assert row["reason"].endswith("Nothing else of the profile sold either.")


def test_nobody_knows_what_a_profile_sold_whose_standard_window_is_unknown(undone):
    loaded(undone)
    campaigns(undone, (11, JUDGED, 100, 100, 0))
    assert wasted(undone) == []


def test_targets_and_search_terms_are_judged_by_their_own_reports(here):
    for report_type in ("spTargeting", "spSearchTerm"):
        loaded(here, report_type)
    keyword = {"ad_group_id": 21, "keyword_id": 31, "keyword_type": "BROAD", "match_type": "BROAD", "targeting": "mug"}
    target = [
        sp(JUDGED, clicks=100, cost=100, purchases=10, **keyword),
        sp(JUDGED, clicks=50, cost=60, purchases=0, **keyword | {"keyword_id": 32, "targeting": "cup"}),
    ]
    rows(here, "report_sp_targeting", target)
    terms = [{"search_term": "red mug"}, {"search_term": "free cup"}]
    rows(here, "report_sp_search_term", [row | term for row, term in zip(target, terms, strict=True)])
    found = {row["level"]: row for row in wasted(here)}
    assert {level: (row["target_id"], row["search_term"]) for level, row in found.items()} == {
        **{"target": (32, None), "search_term": (32, "free cup")},
    }
    assert 'search term "free cup" in campaign "Mugs" cost 60.00 USD' in found["search_term"]["reason"]
    assert '"cup" in campaign "Mugs"' in found["target"]["reason"]
    says = {level: row["reason"].endswith("Whether to negate it, the suggestions say.") for level, row in found.items()}
    assert says == {"target": False, "search_term": True}


# Tracking breaks


def usual(connection, days=56, clicks=50, purchases=5, until=DAY):
    """Insert the days before the last one: one purchase from ten clicks."""
    campaigns(connection, *((11, until - timedelta(days=n), clicks, 25, purchases) for n in range(1, days + 1)))


def breaks(connection):
    return asked(connection, "FROM tracking_breaks ORDER BY date")


@pytest.mark.parametrize(("clicks", "is_found"), [(46, False), (47, True), (470, True), (0, False)])
def test_clicks_without_any_purchase_are_a_break_where_chance_does_it_once_in_a_hundred_times(here, clicks, is_found):
    loaded(here, asked=DAY + timedelta(days=7))
    usual(here)
    campaigns(here, (11, DAY, clicks, 30, 0))
    chance = 100 * math.exp(-clicks / 10)
    assert (chance < 1) == is_found
    found = breaks(here)
    assert [row["date"] for row in found] == ([DAY] if is_found else [])
    for row in found:
        assert row["chance_percent"] == pytest.approx(chance)
        assert row["reason"].startswith(
            f"Acme US: {clicks} clicks for 30.00 USD on 2026-11-10 and no purchase anywhere. Usual are {clicks / 10} "
            f"purchases; the chance of none is {'0.91' if clicks == 47 else 'below 0.01'} %."
        )


@pytest.mark.parametrize(("share", "is_found"), [(None, False), (0.2, False), (0.9, True)])
def test_a_fresh_day_without_purchases_is_no_break_unless_they_are_known_to_come_at_once(here, share, is_found):
    loaded(here)
    usual(here)
    campaigns(here, (11, DAY, 60, 30, 0))
    if share:
        curve(here, "purchases_7d", 1, share)
    assert [row["date"] for row in breaks(here)] == ([DAY] if is_found else [])
    assert [row["expected_purchases"] for row in breaks(here)] == pytest.approx([6 * share] if is_found else [])


def test_a_purchase_of_another_ad_product_shows_that_purchases_are_counted(here):
    for report_type in ("spCampaigns", "sbCampaigns"):
        loaded(here, report_type, asked=DAY + timedelta(days=7))
    usual(here)
    campaigns(here, (11, DAY, 100, 30, 0))
    assert len(breaks(here)) == 1
    rows(here, "report_sb_campaigns", [{"date": DAY, "clicks": 3, "purchases": 1}])
    assert breaks(here) == []


def test_a_short_past_says_nothing_of_what_is_usual(here):
    loaded(here, days=14, asked=DAY + timedelta(days=7))
    usual(here, days=13)
    campaigns(here, (11, DAY, 100, 30, 0))
    assert breaks(here) == []


def test_of_a_small_client_the_days_without_a_purchase_are_judged_together(here):
    loaded(here, asked=DAY + timedelta(days=7))
    start = DAY - timedelta(days=4)
    usual(here, clicks=20, purchases=2, until=start)
    campaigns(here, *((11, start + timedelta(days=n), 20, 10, 0) for n in range(5) if n != 1))
    expected = [20 * 2 * 56 / (20 * 56), 20 * 2 * 54 / (20 * 55), 20 * 2 * 53 / (20 * 55)]
    assert 100 * math.exp(-sum(expected[:2])) > 1 > 100 * math.exp(-sum(expected))
    found = breaks(here)
    assert [(row["date"], row["first_date"]) for row in found] == [(DAY - timedelta(days=1), start), (DAY, start)]
    assert found[0]["expected_purchases"] == pytest.approx(sum(expected))
    assert (found[0]["clicks"], found[0]["cost"]) == (60, 30)
    assert found[0]["reason"].startswith(
        "Acme US: 60 clicks for 30.00 USD from 2026-11-06 to 2026-11-09 and no purchase"
    )
    campaigns(here, (12, DAY - timedelta(days=2), 1, 1, 1))
    assert breaks(here) == [], "a purchase ends the run"


def test_a_break_that_is_older_than_the_judged_days_counts_from_where_it_began(here):
    loaded(here, asked=DAY + timedelta(days=7))
    start = DAY - timedelta(days=19)
    usual(here, days=50, clicks=8, purchases=1, until=start)
    campaigns(here, *((11, start + timedelta(days=n), 8, 4, 0) for n in range(20)))
    found = breaks(here)
    assert len(found) == 14
    assert {row["first_date"] for row in found} == {start}
