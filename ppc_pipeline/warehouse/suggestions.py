"""Suggestions: bids, search terms and budgets to change, worked out from the figures of each profile alone.

Here: the numbers that the SQL in ``sql/suggestions`` works with, making the table ``suggestions`` anew, and reading it.
Nothing is ever sent to Amazon. Not here: when the table is made, or writing it for an upload (``bulksheets``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.sql_files import inputs, sql_file, wanted

KINDS: Mapping[str, str] = {
    "bid_change": "a keyword's or target's bid, towards the target ACoS",
    "harvest_search_term": "a search term that sells, to be made an exact keyword or a product target",
    "negate_search_term": "a search term that costs and does not sell, to be negated",
    "raise_budget": "a campaign that sells and runs out of its daily budget",
}
"""Kind -> what is to be changed. The SQL of each is in the file of that name."""

SOURCES = (
    *("spTargeting", "sbTargeting", "sdTargeting"),
    *("spSearchTerm", "sbSearchTerm"),
    *("spCampaigns", "sbCampaigns", "sdCampaigns"),
)
"""The report types that are evidence. Where one is not loaded, what would follow from it is not suggested."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that suggestions are worked out with.

    Attributes:
        value: The number.
        doc: What it is, in a sentence.
    """

    value: float
    doc: str


NUMBERS: Mapping[str, Number] = {
    "days": Number(60, "Days of figures that count."),
    "settling_days": Number(
        3, "Age in days from which a day counts (today is 0): Amazon still counts sales of younger ones."
    ),
    "prior_clicks": Number(100, "Clicks that the average around a keyword or term weighs as much as."),
    "minimum_clicks": Number(10, "Clicks without which a bid is left alone."),
    "bid_step_percent": Number(25, "A bid changes by this much at most."),
    "least_change_percent": Number(5, "A bid that would change by less is left alone."),
    "click_elasticity": Number(0.5, "A bid that doubles brings 2 to the power of this as many clicks."),
    "harvest_purchases": Number(3, "Purchases that a search term needs to be made a keyword."),
    "chance_percent": Number(5, "A term is negated where no purchase by chance alone is less likely."),
    "negate_cost_share": Number(1, "A term is negated if it cost the profile's cost per purchase, times this."),
    "budget_days": Number(14, "Days of which half must be at the budget."),
    "budget_spent_percent": Number(95, "A day that cost this much of the budget is at it."),
    "budget_step_percent": Number(20, "A budget is raised by this much."),
}


@dataclass(frozen=True, slots=True)
class TargetAcos:
    """The ACoS that is aimed at, in percent.

    Attributes:
        percent: Of accounts that have none of their own.
        by_account: Account -> its own.
    """

    percent: float
    by_account: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One proposed change: a row of the table ``suggestions``, whose columns say what is what."""

    account: str
    profile_id: int
    country_code: str | None
    currency_code: str
    ad_product: str
    kind: str
    campaign_id: int
    campaign_name: str | None
    ad_group_id: int | None
    ad_group_name: str | None
    target_id: int | None
    target_kind: str | None
    target_text: str | None
    match_type: str | None
    search_term: str | None
    current_value: Decimal | None
    suggested_value: Decimal | None
    destination_campaign_id: int | None
    destination_campaign_name: str | None
    destination_ad_group_id: int | None
    destination_ad_group_name: str | None
    days_from: date
    days_until: date
    days_loaded: int
    clicks: int
    cost: Decimal
    purchases: int
    sales: Decimal
    acos_percent: float | None
    target_acos_percent: float
    confidence: float
    expected_cost_change: Decimal
    expected_sales_change: Decimal
    reason: str
    made_at: datetime

    @property
    def subject(self) -> str:
        """What it is about, as people know it."""
        return self.search_term or self.target_text or self.campaign_name or str(self.campaign_id)


ODD_FIGURES = (duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException)
"""What DuckDB raises where it cannot work with a value: it is too large, or is not there."""

COLUMNS = tuple(column.name for column in fields(Suggestion))


@dataclass(frozen=True, slots=True)
class Upload:
    """A suggestion that can be carried out, with what an upload has to repeat of its campaign, lest Amazon clear it."""

    suggestion: Suggestion
    portfolio_id: int | None
    end_date: date | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many suggestions of a kind a profile has, and what they are expected to change in 30 days."""

    account: str
    profile_id: int
    profile_name: str | None
    currency_code: str
    kind: str
    suggestions: int
    expected_cost_change: Decimal
    expected_sales_change: Decimal


def suggestion_values(target_acos: TargetAcos, now: datetime, profile_ids: Sequence[int] = ()) -> dict[str, Any]:
    """Return what the files in ``sql/suggestions`` are told; arguments as of ``refresh_suggestions``."""
    return {
        **{name: number.value for name, number in NUMBERS.items()},
        "today": now.date(),
        "profiles": list(profile_ids),
        "target_acos_percent": target_acos.percent,
        "accounts": list(target_acos.by_account),
        "account_targets": list(target_acos.by_account.values()),
    }


def refresh_suggestions(
    connection: DuckDBPyConnection, target_acos: TargetAcos, now: datetime, profile_ids: Sequence[int] = ()
) -> dict[int, str]:
    """Make the suggestions of some profiles anew, of all by default; those of the others stay as they are.

    Args:
        connection: The warehouse, with no transaction open.
        target_acos: What is aimed at.
        now: The figures of days before it count.
        profile_ids: Whose.

    Returns:
        Profile -> why its suggestions stay as they were: its figures are so odd that DuckDB cannot work with them.

    Raises:
        duckdb.Error: No profile's could be made.
    """
    try:
        _remake(connection, target_acos, now, profile_ids)
    except ODD_FIGURES:
        profiles = list(profile_ids) or _all_profiles(connection)
        unmade = _remake_halves(connection, target_acos, now, profiles)
        if len(unmade) == len(profiles):
            raise
        return unmade
    return {}


def _remake_halves(
    connection: DuckDBPyConnection, target_acos: TargetAcos, now: datetime, profile_ids: Sequence[int]
) -> dict[int, str]:
    """Make the suggestions of profiles anew that cannot be made at once, and return why not, of those it is due to."""
    unmade: dict[int, str] = {}
    middle = (len(profile_ids) + 1) // 2
    for some in (profile_ids[:middle], profile_ids[middle:]):
        try:
            if some:
                _remake(connection, target_acos, now, some)
        except ODD_FIGURES as error:
            unmade |= {some[0]: str(error)} if len(some) == 1 else _remake_halves(connection, target_acos, now, some)
    return unmade


def _all_profiles(connection: DuckDBPyConnection) -> list[int]:
    """Return the profiles that have suggestions or may get some."""
    query = "SELECT profile_id FROM profiles UNION SELECT profile_id FROM suggestions ORDER BY ALL"
    return [profile_id for (profile_id,) in connection.execute(query).fetchall()]


def _remake(connection: DuckDBPyConnection, target_acos: TargetAcos, now: datetime, profile_ids: Sequence[int]) -> None:
    """Make the suggestions of some profiles anew, or of none of them; arguments as of ``refresh_suggestions``."""
    values = suggestion_values(target_acos, now, profile_ids)
    files = [f"suggestions/{kind}" for kind in KINDS]
    with inputs(connection, files, values), in_transaction(connection):
        connection.execute(
            "DELETE FROM suggestions WHERE ? = [] OR list_contains(?::BIGINT[], profile_id)",
            [list(profile_ids), list(profile_ids)],
        )
        for file in files:
            select = sql_file(file).rstrip().removesuffix(";")
            statement = f"INSERT INTO suggestions BY NAME SELECT *, $now AS made_at FROM ({select}\n)"
            connection.execute(statement, wanted(connection, statement, {**values, "now": now}))


def has_suggestions(connection: DuckDBPyConnection) -> bool:
    """Say whether the table is there: an earlier release made none."""
    query = """
        SELECT 1 FROM information_schema.tables
        WHERE table_catalog = current_database() AND table_name = 'suggestions'
    """
    return bool(connection.execute(query).fetchall())


def suggestions(
    connection: DuckDBPyConnection, profile_ids: Sequence[int] = (), kinds: Sequence[str] = ()
) -> list[Suggestion]:
    """Return suggestions by profile and kind, those that are expected to move most first.

    Args:
        connection: The warehouse.
        profile_ids: Whose; of all by default.
        kinds: Of ``KINDS``; all by default.
    """
    query = f"""
        SELECT {", ".join(COLUMNS)} FROM suggestions
        WHERE (? = [] OR list_contains(?::BIGINT[], profile_id)) AND (? = [] OR list_contains(?::VARCHAR[], kind))
        ORDER BY profile_id, kind, abs(expected_cost_change) DESC, campaign_id, ad_group_id, target_id, search_term
    """
    values = [list(profile_ids), list(profile_ids), list(kinds), list(kinds)]
    return [Suggestion(*row) for row in connection.execute(query, values).fetchall()]


def uploads(connection: DuckDBPyConnection, profile_ids: Sequence[int] = (), kinds: Sequence[str] = ()) -> list[Upload]:
    """Return those suggestions that can be carried out: what they are of still runs, and is as it was.

    Args:
        connection: The warehouse.
        profile_ids: Whose; of all by default.
        kinds: Of ``KINDS``; all by default.
    """
    found = sql_file("suggestions/uploads").rstrip().removesuffix(";")
    query = f"SELECT portfolio_id, end_date, {', '.join(COLUMNS)} FROM ({found})"
    rows = connection.execute(query, {"profiles": list(profile_ids), "kinds": list(kinds)}).fetchall()
    return [Upload(Suggestion(*row), portfolio_id, end_date) for portfolio_id, end_date, *row in rows]


def suggestion_counts(connection: DuckDBPyConnection) -> list[Count]:
    """Return how many suggestions there are, by profile and kind."""
    query = """
        SELECT
            s.account, s.profile_id, any_value(p.name), s.currency_code, s.kind, count(*),
            sum(s.expected_cost_change), sum(s.expected_sales_change)
        FROM suggestions AS s LEFT JOIN profiles AS p ON p.profile_id = s.profile_id
        GROUP BY s.account, s.profile_id, s.currency_code, s.kind ORDER BY s.account, s.profile_id, s.kind
    """
    return [Count(*row) for row in connection.execute(query).fetchall()]
