"""Budget pacing: what was spent of which budget, in figures worked out by hand, and in words."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ppc_pipeline_tests.fakes import DAY, NOON, SELLER
from ppc_pipeline_tests.warehouse.days import campaign, loaded, rows, sp
from ppc_pipeline_tests.warehouse.made import add_profile
from ppc_pipeline_tests.warehouse.made import rows as asked


@pytest.fixture
def here(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    loaded(undone)
    return undone


def spend(connection, costs, **others):
    """Insert the costs of the days up to ``DAY``, the last one last."""
    days = [DAY - timedelta(days=n) for n in reversed(range(len(costs)))]
    rows(
        connection, "report_sp_campaigns", [sp(day, cost=cost, **others) for day, cost in zip(days, costs, strict=True)]
    )


def pacing(connection, level="campaign"):
    (row,) = asked(connection, "FROM budget_pacing WHERE level = ?", level)
    return row


def add_portfolio(connection, **columns):
    """Insert a portfolio that has 300 USD to spend."""
    row = {"account": "acme", "profile_id": SELLER, "currency_code": "USD", "portfolio_id": 5, "name": "Kitchen"}
    row |= {"state": "ENABLED", "budget_amount": 300, "in_budget": True, "valid_from": NOON} | columns
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO portfolios_history ({', '.join(row)}) VALUES ({marks})", [*row.values()])


def brands(connection, until, days, cost, **columns):
    """Add a campaign of Sponsored Brands that is loaded until a day, with a budget of 40 a day."""
    loaded(connection, "sbCampaigns", days, end=until)
    campaign(connection, 12, budget=40, budget_type="DAILY", ad_product="SPONSORED_BRANDS", **columns)
    spent = [{"date": until - timedelta(days=n), "campaign_id": 12, "cost": cost} for n in range(days)]
    rows(connection, "report_sb_campaigns", spent)


def test_a_daily_budget_is_measured_against_the_last_day_the_last_week_and_the_month(here):
    campaign(here, budget=10, budget_type="DAILY")
    spend(here, [4, 5, 6, 7, 8, 9, 9.5, 9.6, 3, 4, 5, 6, 7])  # until the tenth of November, a Tuesday
    row = pacing(here)
    last_week = 9.5 + 9.6 + 3 + 4 + 5 + 6 + 7
    month = 7 + 8 + 9 + last_week
    assert row["figures_until"] == DAY == date(2026, 11, 10)
    assert (row["cost_last_day"], row["last_day_percent"]) == (7, 70)
    assert row["cost_last_7_days"] == Decimal(str(last_week))
    assert row["last_7_days_percent"] == pytest.approx(100 * last_week / 70)
    assert (row["period_start"], row["period_end"]) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (row["period_days_loaded"], row["period_budget"]) == (10, 300)
    assert row["cost_in_period"] == Decimal(str(month))
    assert row["period_percent"] == pytest.approx(100 * month / 300)
    assert row["pace_percent"] == pytest.approx(100 * month / 100)
    assert float(row["projected_cost"]) == pytest.approx(month + last_week / 7 * 20, abs=1e-5)
    assert row["projected_percent"] == pytest.approx(100 * (month + last_week / 7 * 20) / 300, abs=1e-4)
    assert (row["days_out_of_budget_last_30_days"], row["days_loaded_last_30_days"]) == (2, 30)
    assert row["status"] == "behind"
    assert row["reason"] == (
        'Acme US: campaign "Mugs" is behind its budget on 2026-11-10. Last day 7.00 of 10.00 USD a day. '
        "68.10 of 300.00 USD spent from 2026-11-01 on; 194.10 projected by 2026-11-30."
    )


@pytest.mark.parametrize(
    ("costs", "entity", "status"),
    [
        ([9] * 10, {}, "on pace"),
        ([8] * 10, {}, "on pace"),
        ([7.9] * 10, {}, "behind"),
        ([9] * 9 + [9.5], {}, "out of budget"),
        ([9.5] * 3 + [9] * 7, {}, "limited by budget"),
        ([9.5] * 2 + [9] * 8, {}, "on pace"),
        ([9] * 3, {"state": "PAUSED"}, "not running"),
        ([9] * 3, {"start_date": DAY + timedelta(days=1)}, "not running"),
        ([9] * 3, {"end_date": DAY - timedelta(days=1)}, "not running"),
        ([9] * 3 + [0] * 7, {}, "no spend"),
        ([], {}, "no spend"),
        ([9] * 10, {"effective_budget": 9}, "out of budget"),
        ([30] * 5, {"budget": 200, "budget_type": "LIFETIME", "start_date": date(2026, 11, 6)}, "on pace"),
        ([38] * 5, {"budget": 200, "budget_type": "LIFETIME", "start_date": date(2026, 11, 6)}, "out of budget"),
        (
            [20] * 5,
            {"budget": 200, "budget_type": "LIFETIME", "start_date": date(2026, 11, 6), "end_date": date(2026, 11, 20)},
            "over budget",
        ),
    ],
)
def test_how_a_budget_stands_is_said_in_words(here, costs, entity, status):
    campaign(here, **{"budget": 10, "budget_type": "DAILY"} | entity)
    spend(here, costs)
    assert pacing(here)["status"] == status


def test_a_day_is_measured_against_the_budget_that_was_in_force(here):
    changed = datetime(2026, 11, 6, 15, tzinfo=UTC)
    campaign(here, budget=10, budget_type="DAILY", valid_to=changed)
    campaign(here, budget=20, budget_type="DAILY", valid_from=changed)
    spend(here, [10, 10, 15, 10, 10, 19, 10])  # the fourth and fifth of November at 10 a day, the rest at 20
    row = pacing(here)
    assert (row["daily_budget"], row["days_out_of_budget_last_30_days"]) == (20, 3)


def test_a_campaign_that_begins_and_ends_within_the_month_has_that_part_of_it(here):
    campaign(here, budget=10, budget_type="DAILY", start_date=date(2026, 11, 6), end_date=date(2026, 11, 15))
    spend(here, [8] * 5)
    row = pacing(here)
    assert (row["period_start"], row["period_end"], row["period_days_loaded"]) == (
        *(date(2026, 11, 6), date(2026, 11, 15), 5),
    )
    assert (row["period_budget"], row["pace_percent"]) == (100, 80)
    assert float(row["projected_cost"]) == pytest.approx(40 + 40 / 7 * 5, abs=1e-5)


def test_days_that_are_not_loaded_are_not_held_against_a_campaign(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    loaded(undone, days=4)
    campaign(undone, budget=10, budget_type="DAILY")
    spend(undone, [9] * 4)
    row = pacing(undone)
    assert (row["period_days_loaded"], row["pace_percent"], row["last_7_days_percent"]) == (4, 90, 90)


def test_before_a_day_is_loaded_nothing_is_judged(undone):
    campaign(undone, budget=10, budget_type="DAILY")
    row = pacing(undone)
    assert (row["status"], row["pace_percent"], row["figures_until"]) == ("no figures", None, None)
    assert row["reason"] == f'{SELLER}: campaign "Mugs" has no loaded day.'


@pytest.mark.parametrize(
    ("portfolio", "status", "period"),
    [
        ({"budget_policy": "MONTHLY_RECURRING"}, "on pace", (date(2026, 11, 1), date(2026, 11, 30))),
        ({"budget_policy": "MONTHLY_RECURRING", "in_budget": False}, "out of budget", None),
        ({"budget_policy": "MONTHLY_RECURRING", "budget_amount": 200}, "over budget", None),
        (
            {
                "budget_policy": "DATE_RANGE",
                "budget_start_date": date(2026, 10, 1),
                "budget_end_date": date(2027, 1, 8),
            },
            *("over budget", (date(2026, 10, 1), date(2027, 1, 8))),
        ),
    ],
)
def test_a_portfolios_budget_is_for_its_campaigns_together(here, portfolio, status, period):
    add_portfolio(here, **portfolio)
    for number in (11, 12):
        campaign(here, number, portfolio_id=5)
        spend(here, [5] * 10, campaign_id=number)
    found = pacing(here, "portfolio")
    assert (found["name"], found["status"], found["cost_in_period"]) == ("Kitchen", status, 100)
    assert found["daily_budget"] is found["last_day_percent"] is found["days_out_of_budget_last_30_days"] is None
    if period:
        assert (found["period_start"], found["period_end"]) == period


def test_a_profile_has_the_daily_budgets_of_its_running_campaigns_and_the_cost_of_all(here):
    loaded(here, "sbCampaigns")
    campaign(here, 11, budget=10, budget_type="DAILY")
    campaign(here, 12, budget=20, budget_type="DAILY", ad_product="SPONSORED_BRANDS")
    campaign(here, 13, budget=40, budget_type="DAILY", state="PAUSED")
    campaign(here, 14, budget=50, budget_type="DAILY", currency_code="CAD")
    spend(here, [9] * 10)
    spend(here, [3] * 10, campaign_id=13)
    found = {row["currency_code"]: row for row in asked(here, "FROM budget_pacing WHERE level = 'profile'")}
    assert {currency: row["daily_budget"] for currency, row in found.items()} == {"USD": 30, "CAD": 50}
    assert (found["USD"]["cost_in_period"], found["USD"]["pace_percent"]) == (120, 40)
    assert found["CAD"]["cost_in_period"] == 0, "no amount of another currency is added"


def test_an_archived_or_vanished_campaign_has_no_budget_and_a_new_name_no_second_row(here):
    campaign(here, 11, budget=10, budget_type="DAILY", removed_at=NOON)
    campaign(here, 12, budget=10, budget_type="DAILY", name="Old", valid_to=NOON)
    campaign(here, 12, budget=10, budget_type="DAILY", name="New", valid_from=NOON)
    assert [
        (row["campaign_id"], row["name"]) for row in asked(here, "FROM budget_pacing WHERE level = 'campaign'")
    ] == [(12, "New")]


def test_what_sponsored_tv_costs_is_held_against_no_budget(here):
    campaign(here, budget=10, budget_type="DAILY")
    spend(here, [10] * 10)
    loaded(here, "stCampaigns")
    television = {"date": DAY, "campaign_id": 99, "campaign_name": "TV", "cost": 500}
    rows(here, "report_st_campaigns", [television])
    row = pacing(here, "profile")
    assert (row["cost_in_period"], row["cost_last_day"]) == (100, 10)


def test_of_a_lifetime_budget_that_began_before_the_first_loaded_day_the_loaded_days_are_paced(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    loaded(undone, days=60)
    start = DAY - timedelta(days=199)
    campaign(undone, budget=2000, budget_type="LIFETIME", start_date=start, end_date=DAY)
    spend(undone, [10] * 60)
    row = pacing(undone)
    assert (row["period_days_loaded"], row["cost_in_period"], row["pace_percent"]) == (60, 600, 100)
    assert row["period_percent"] is row["projected_cost"] is row["projected_percent"] is None
    assert row["status"] == "on pace"
    assert row["reason"] == (
        'Acme US: campaign "Mugs" is on pace on 2026-11-10. '
        f"600.00 of 600.00 USD spent on the days loaded, 60 of 200 since {start}."
    )


def test_a_month_with_missing_days_is_projected_by_the_days_there_are_and_the_reason_says_how_many_are_not(undone):
    add_profile(undone, SELLER, "seller", "US", "USD")
    loaded(undone, days=3)
    loaded(
        undone, days=4, end=DAY - timedelta(days=6)
    )  # until the fourth of November: the fifth to seventh are missing
    campaign(undone, budget=10, budget_type="DAILY")
    spend(undone, [4, 4, 4, 4, 0, 0, 0, 8, 8, 8])
    row = pacing(undone)
    assert (row["period_days_loaded"], row["cost_in_period"], row["period_percent"]) == (7, 40, None)
    month = 40 + 3 * 40 / 7 + 20 * (4 + 3 * 8) / 4
    assert float(row["projected_cost"]) == pytest.approx(month, abs=1e-5)
    assert row["projected_percent"] == pytest.approx(100 * month / 300, abs=1e-5)
    assert row["reason"].endswith(
        "40.00 of 300.00 USD spent from 2026-11-01 on (3 of 10 days missing, taken as the average of the "
        f"others); {month:,.2f} projected by 2026-11-30."
    )


def test_the_reason_has_an_amount_with_its_currencys_decimals(undone):
    add_profile(undone, SELLER, "seller", "JP", "JPY")
    loaded(undone, days=10)
    campaign(undone, budget=1000, budget_type="DAILY", currency_code="JPY")
    spend(undone, [800] * 10, currency_code="JPY")
    assert pacing(undone)["reason"].endswith(
        "Last day 800 of 1,000 JPY a day. 8,000 of 30,000 JPY spent from 2026-11-01 on; 24,000 projected by 2026-11-30."
    )


@pytest.mark.parametrize(("days", "is_projected"), [(5, True), (4, False)])
def test_a_month_is_projected_only_where_half_of_its_days_so_far_are_loaded(undone, days, is_projected):
    add_profile(undone, SELLER, "seller", "US", "USD")
    loaded(undone, days=days)
    campaign(undone, budget=10, budget_type="DAILY")
    spend(undone, [10] * days)
    row = pacing(undone)
    assert row["projected_cost"] == (300 if is_projected else None)
    assert row["status"] == "out of budget"


def test_a_lifetime_budget_without_an_end_has_no_projection(here):
    campaign(here, budget=2000, budget_type="LIFETIME", start_date=DAY - timedelta(days=20))
    spend(here, [10] * 21)
    row = pacing(here)
    assert (row["period_percent"], row["projected_cost"]) == (10.5, None)
    assert row["reason"] == 'Acme US: campaign "Mugs" is on pace on 2026-11-10. 210.00 of 2,000.00 USD spent.'


def test_a_lifetime_budget_older_than_its_figures_and_without_an_end_is_not_judged(here):
    campaign(here, budget=2000, budget_type="LIFETIME", start_date=DAY - timedelta(days=70))
    spend(here, [10] * 70)
    row = pacing(here)
    assert (row["status"], row["pace_percent"]) == ("not known", None)
    assert row["reason"].endswith("700.00 USD spent on the days loaded, 70 of 71 since 2026-09-01.")


def test_an_ad_product_whose_report_is_late_is_not_held_against_its_profile_or_portfolio(here):
    add_portfolio(here, budget_amount=1500)
    campaign(here, 11, budget=10, budget_type="DAILY", portfolio_id=5)
    spend(here, [10] * 10)
    brands(here, DAY - timedelta(days=7), 3, 40, portfolio_id=5)
    for level in ("profile", "portfolio"):
        row = pacing(here, level)
        assert (row["figures_until"], row["period_days_loaded"]) == (date(2026, 11, 3), 3)
        assert (row["cost_last_day"], row["cost_in_period"], row["pace_percent"]) == (50, 150, 100)
    assert pacing(here, "profile")["last_7_days_percent"] == 100


@pytest.mark.parametrize(("days_late", "is_left_out"), [(14, False), (15, True), (None, True)])
def test_an_ad_product_that_is_late_by_weeks_or_not_loaded_is_left_out(here, days_late, is_left_out):
    campaign(here, 11, budget=10, budget_type="DAILY")
    spend(here, [10] * 60)
    if days_late is None:
        campaign(here, 12, budget=40, budget_type="DAILY", ad_product="SPONSORED_BRANDS")
    else:
        brands(here, DAY - timedelta(days=days_late), 30, 40)
    row = pacing(here, "profile")
    assert (row["daily_budget"], row["cost_last_day"]) == ((10, 10) if is_left_out else (50, 50))
    assert (row["figures_until"] == DAY) == is_left_out
    assert row["pace_percent"] == 100
    why = {15: "whose days are 15 days late", None: "of which no day is loaded"}.get(days_late)
    assert (f"running campaigns (without Sponsored Brands, {why}) " in row["reason"]) == is_left_out
    assert ("without" in row["reason"]) == is_left_out


def test_a_portfolio_says_which_ad_product_it_is_without(here):
    add_portfolio(here, budget_amount=1500)
    campaign(here, 11, budget=10, budget_type="DAILY", portfolio_id=5)
    spend(here, [10] * 60)
    brands(here, DAY - timedelta(days=19), 30, 40, portfolio_id=5)
    reason = pacing(here, "portfolio")["reason"]
    assert '"Kitchen" (without Sponsored Brands, whose days are 19 days late) is' in reason


@pytest.mark.parametrize(
    ("budget", "said"),
    [(11, "will be over budget on 2026-11-30"), (3, "is already over its budget of 2026-11-01 to 2026-11-30")],
)
def test_a_budget_that_is_used_up_is_not_said_to_be_so_one_day(here, budget, said):
    add_portfolio(here, budget_amount=30 * budget, budget_policy="MONTHLY_RECURRING")
    campaign(here, budget=100, budget_type="DAILY", portfolio_id=5)
    spend(here, [12] * 60)
    row = pacing(here, "portfolio")
    assert (row["status"], said in row["reason"]) == ("over budget", True)
