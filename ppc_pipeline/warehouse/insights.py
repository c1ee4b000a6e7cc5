"""The insights: views that say where somebody should look, each row with its reason in words.

Here: what they are called, which columns they have and what each means, and reading their worst rows. Thresholds and
formulas stand in their files in ``sql/insights``. Not here: the figures they judge (``metrics``), or checks of whether
figures can be trusted at all (``quality``).
"""

from dataclasses import dataclass

import duckdb

from ppc_pipeline.warehouse.metrics import INTEGER, KEYS, MONEY, RATE, TEXT, MetricColumn
from ppc_pipeline.warehouse.tables import quoted

SMALL = "INTEGER"
DATE = "DATE"

WORST = 20
"""How many rows are shown as the worst."""


@dataclass(frozen=True, slots=True)
class Insight:
    """A view that says where to look.

    Attributes:
        name: The view; its SQL is the file of ``sql/insights`` of that name.
        row: What one row is, in words.
        grain: The columns that tell rows apart.
        columns: Every column, in order.
        alarming: SQL that is true of rows that people are warned of.
        weight: SQL of how bad a row is, in no currency: the largest are shown first.
        reads: The metric tables that its figures are of.
    """

    name: str
    row: str
    grain: tuple[str, ...]
    columns: tuple[MetricColumn, ...]
    alarming: str
    weight: str
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that people are warned of: whose it is, and the reason in words with figures and currency."""

    account: str
    profile_id: int
    currency_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What an insight has to say.

    Attributes:
        rows: Rows in the view.
        alarming: Those that people are warned of.
        profiles: Profiles that these are of.
        worst: The worst of them, ``WORST`` at most.
    """

    rows: int
    alarming: int
    profiles: int
    worst: tuple[Finding, ...]


def findings(connection: duckdb.DuckDBPyConnection, insight: Insight) -> Findings:
    """Read what an insight has to say. The view is worked out once."""
    query = f"""
        SELECT
            count(*), count(*) FILTER (alarming), count(DISTINCT profile_id) FILTER (alarming),
            max_by(finding, (weight, finding.reason), {WORST}) FILTER (alarming)
        FROM (
            SELECT
                profile_id, {insight.alarming} AS alarming, coalesce({insight.weight}, 0)::DOUBLE AS weight,
                {{account: account, profile_id: profile_id, currency_code: currency_code, reason: reason}} AS finding
            FROM {quoted(insight.name)}
        )
    """
    rows, alarming, profiles, worst = connection.execute(query).fetchone() or (0, 0, 0, None)
    return Findings(rows, alarming, profiles, tuple(Finding(**found) for found in worst or ()))


def _keys(*names: str) -> tuple[MetricColumn, ...]:
    return tuple(KEYS[name] for name in names)


_REASON = MetricColumn("reason", TEXT, "Why the row is here, in words: client, figures and currency.")
_CLIENT = _keys("account", "profile_id", "profile_name", "country_code", "currency_code")

LOADED_DAYS = (
    *_keys("date", "account", "profile_id", "ad_product"),
    MetricColumn("report_type", TEXT, "The report type that the day is loaded of."),
    MetricColumn(
        "age_days", SMALL, "Days from the day to the date (the profile's) on which its newest report was asked for."
    ),
    MetricColumn("place", SMALL, "1 for the newest loaded day of the profile and report type, 2 for the one before."),
    *(
        MetricColumn(
            f"{metric}_share",
            RATE,
            f"Share of the day's final {metric} that is known at its age (`known_shares`); NULL: nobody knows.",
        )
        for metric in ("impressions", "clicks", "cost", "purchases", "sales")
    ),
)
"""The columns of the view ``loaded_days``, which the insights read."""

_IN_ORDER = (
    Insight(
        name="anomalies",
        row="a metric of one campaign on one of the last 14 loaded days that is far from what was usual",
        grain=("date", "profile_id", "currency_code", "ad_product", "campaign_id", "metric"),
        columns=(
            KEYS["date"],
            *_CLIENT,
            *_keys("ad_product", "campaign_id"),
            MetricColumn("campaign_name", TEXT, "The campaign's name, as its newest report has it."),
            MetricColumn("metric", TEXT, "impressions, clicks, cost, purchases or sales (standard window)."),
            MetricColumn("expected", MONEY, "The usual figure, times the share that is known at the day's age."),
            MetricColumn("found", MONEY, "The day's figure."),
            MetricColumn("score", RATE, "abs(found - expected) / spread."),
            MetricColumn("direction", TEXT, "above or below what is expected."),
            MetricColumn("spread", RATE, "How far days are from the expected figure by themselves."),
            MetricColumn("weekdays", SMALL, "How many same weekdays of the 8 weeks before it was compared with."),
            MetricColumn("age_days", SMALL, "The day's age when it was last asked for."),
            MetricColumn("known_share", RATE, "Share of the final figure that is known at that age; NULL: not known."),
            _REASON,
        ),
        alarming="true",
        weight="score",
        reads=("metrics_by_campaign",),
    ),
    Insight(
        name="budget_pacing",
        row="a budget as of now and what was spent of it: of a campaign, a portfolio, or a profile's running campaigns",
        grain=("profile_id", "currency_code", "level", "ad_product", "campaign_id", "portfolio_id"),
        columns=(
            *_CLIENT,
            MetricColumn("level", TEXT, "campaign, portfolio or profile (its running campaigns together)."),
            *_keys("ad_product", "campaign_id", "portfolio_id"),
            MetricColumn("name", TEXT, "Of the campaign, portfolio or profile."),
            MetricColumn("state", TEXT, "Of the campaign or portfolio, as of now."),
            MetricColumn("budget", MONEY, "The budget as of now; of a profile the sum of its running campaigns'."),
            MetricColumn("budget_type", TEXT, "DAILY or LIFETIME; of portfolios MONTHLY or DATE_RANGE."),
            MetricColumn("daily_budget", MONEY, "The budget of a day; NULL where it is not for a day."),
            MetricColumn(
                "figures_until",
                DATE,
                "The last loaded day (of a profile or portfolio: of all its ad products); NULL: none.",
            ),
            MetricColumn("cost_last_day", MONEY, "Cost of the last loaded day."),
            MetricColumn("last_day_percent", RATE, "100 * cost_last_day / daily_budget."),
            MetricColumn("cost_last_7_days", MONEY, "Cost of the 7 days up to the last loaded one."),
            MetricColumn("last_7_days_percent", RATE, "100 * cost_last_7_days / (daily_budget * days of them loaded)."),
            MetricColumn(
                "days_out_of_budget_last_30_days",
                INTEGER,
                "Days whose cost was at or over 95 % of the daily budget then in force; NULL for other budgets.",
            ),
            MetricColumn("days_loaded_last_30_days", INTEGER, "How many of the 30 days are loaded."),
            MetricColumn("period_start", DATE, "First day the budget is for: of the month, or of its own dates."),
            MetricColumn("period_end", DATE, "Last day the budget is for; NULL where it has no end."),
            MetricColumn(
                "period_days_loaded",
                INTEGER,
                "Days of the period that are loaded: of a profile or portfolio, of all its ad products.",
            ),
            MetricColumn("period_budget", MONEY, "Budget of the period: a daily budget times the days of it."),
            MetricColumn("cost_in_period", MONEY, "Cost of the loaded days of the period: month to date."),
            MetricColumn(
                "period_percent",
                RATE,
                "100 * cost_in_period / period_budget; NULL where a day of it so far is not loaded.",
            ),
            MetricColumn("pace_percent", RATE, "100 * cost_in_period / the budget of the period's loaded days."),
            MetricColumn(
                "projected_cost",
                MONEY,
                "cost_in_period + its average a day * missing days + average of the last 7 loaded days * days to come; "
                "NULL: less than half of the days are loaded, or no end.",
            ),
            MetricColumn("projected_percent", RATE, "100 * projected_cost / period_budget."),
            MetricColumn("status", TEXT, "How it stands, in words."),
            _REASON,
        ),
        alarming="status IN ('out of budget', 'limited by budget', 'over budget')",
        weight="greatest(last_7_days_percent, projected_percent, period_percent)",
        reads=("metrics_by_campaign",),
    ),
    Insight(
        name="spend_without_sales",
        row="a campaign, a keyword or target, or a search term that cost much in the last 30 days and sold nothing",
        grain=(
            *("profile_id", "currency_code", "ad_product", "level", "campaign_id", "ad_group_id", "target_id"),
            *("target_text", "match_type", "search_term"),
        ),
        columns=(
            *_CLIENT,
            *_keys("ad_product"),
            MetricColumn("level", TEXT, "campaign, target or search_term."),
            *_keys("campaign_id", "campaign_name", "ad_group_id", "ad_group_name", "target_id", "target_text"),
            *_keys("match_type", "search_term"),
            MetricColumn("first_date", DATE, "First of its days with activity, of the 30."),
            MetricColumn("last_date", DATE, "Last of them."),
            MetricColumn("clicks", INTEGER, "Clicks of the 30 days."),
            MetricColumn("cost", MONEY, "Cost of the 30 days."),
            MetricColumn(
                "profile_cost_per_purchase",
                MONEY,
                "Of the profile, ad product and level in the 30 days; NULL: no sale.",
            ),
            MetricColumn(
                "expected_purchases", RATE, "cost / profile_cost_per_purchase; clicks / 10 where that is NULL."
            ),
            MetricColumn(
                "chance_percent", RATE, "Chance of no purchase where so many are expected: 100 * e^-expected."
            ),
            _REASON,
        ),
        alarming="true",
        weight="expected_purchases",
        reads=("metrics_by_campaign", "metrics_by_target", "metrics_by_search_term"),
    ),
    Insight(
        name="tracking_breaks",
        row="one of the last 14 loaded days of a profile that has clicks and, improbably, no purchase anywhere",
        grain=("date", "profile_id", "currency_code"),
        columns=(
            KEYS["date"],
            *_CLIENT,
            MetricColumn("age_days", SMALL, "The day's age when it was last asked for."),
            MetricColumn("first_date", DATE, "First day of the unbroken run without a purchase that ends on this day."),
            MetricColumn("clicks", INTEGER, "Clicks of the run, of all ad products."),
            MetricColumn("cost", MONEY, "Their cost."),
            MetricColumn(
                "expected_purchases", RATE, "Purchases to expect of those clicks, as far as known at each day's age."
            ),
            MetricColumn(
                "chance_percent", RATE, "Chance of no purchase where so many are expected: 100 * e^-expected."
            ),
            _REASON,
        ),
        alarming="true",
        weight="expected_purchases",
        reads=("metrics_by_profile",),
    ),
)

INSIGHTS: dict[str, Insight] = {insight.name: insight for insight in _IN_ORDER}
