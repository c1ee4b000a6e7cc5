"""A warehouse filled by hand, day by day: what insights and quality checks judge, with figures that a test names."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import duckdb

from ppc_pipeline_tests.fakes import DAY, NOON, SELLER

SP = "SPONSORED_PRODUCTS"
WEEK = timedelta(days=7)


def loaded(
    connection: duckdb.DuckDBPyConnection,
    report_type: str = "spCampaigns",
    days: int = 70,
    *,
    end: date = DAY,
    asked: date | None = None,
    profile_id: int = SELLER,
) -> None:
    """Write down that some days up to ``end`` are loaded, by one report that was asked for the day after, or later."""
    moment = datetime.combine(asked or end + timedelta(days=1), time(11), UTC)
    connection.execute(
        """
        INSERT INTO load_log (
            report_id, account, profile_id, report_type, start_date, end_date, requested_at, loaded_at, rows_in_file,
            rows_loaded, rows_rejected, days_changed, days_unchanged, days_stale, columns_missing
        ) VALUES ('r', 'acme', ?, ?, ?, ?, ?, ?, 1, 1, 0, 1, 0, 0, [])
        """,
        [profile_id, report_type, end - timedelta(days=days - 1), end, moment, moment],
    )


def rows(connection: duckdb.DuckDBPyConnection, table: str, found: Iterable[dict[str, Any]]) -> None:
    """Insert report rows; what they do not say is that of one campaign of the seller."""
    usual = {
        "account": "acme",
        "profile_id": SELLER,
        "currency_code": "USD",
        "campaign_id": 11,
        "campaign_name": "Mugs",
    }
    usual |= {"impressions": 0, "clicks": 0, "cost": 0, "report_id": "r", "loaded_at": NOON}
    for one in found:
        row = usual | one
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])


def sp(day: date, **figures: Any) -> dict[str, Any]:
    """Return the figures of a day of a Sponsored Products row, purchases and sales in every window."""
    row: dict[str, Any] = {"date": day}
    for name, value in figures.items():
        if name in ("purchases", "sales"):
            row |= {f"{name}_{window}": value for window in ("7d", "14d", "30d")}
        else:
            row[name] = value
    for name in ("purchases", "sales"):
        if name not in figures:
            row |= {f"{name}_{window}": 0 for window in ("7d", "14d", "30d")}
    return row


def campaign(connection: duckdb.DuckDBPyConnection, campaign_id: int = 11, **columns: Any) -> None:
    """Insert a version of a campaign that is valid from long before, and now."""
    row: dict[str, Any] = {"account": "acme", "profile_id": SELLER, "currency_code": "USD", "ad_product": SP}
    row |= {"campaign_id": campaign_id, "name": "Mugs", "state": "ENABLED"}
    row |= {"valid_from": datetime(2026, 1, 1, tzinfo=UTC)} | columns
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO campaigns_history ({names}) VALUES ({marks})", [*row.values()])


def curve(connection: duckdb.DuckDBPyConnection, metric: str, age: int, share: float, days: int = 30) -> None:
    """Write down what share of a metric's final figure is known at an age."""
    connection.execute(
        "INSERT INTO restatement_curve VALUES ('spCampaigns', ?, 'USD', ?, ?, ?, 100, ?, ?, ?)",
        [SELLER, metric, age, 100 * share, share, days, NOON],
    )


def known_share(points: Mapping[int, float], age: int) -> float | None:
    """Say what the curve through some points means for an age: straight lines, and the whole from 60 days on."""
    if age >= 60:
        return 1.0
    for (left, low), (right, high) in pairwise(sorted({**points, 60: 1.0}.items())):
        if left <= age < right:
            return low + (high - low) * (age - left) / (right - left)
    return None
