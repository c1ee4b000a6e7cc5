"""A warehouse with figures: three profiles, every source of the metric tables, drawn from a seed."""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, is_metric, kind_of
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, report_file

STRANGER = 42
PROFILES = {SELLER: ("seller", "US", "USD"), VENDOR: ("vendor", "JP", "JPY"), STRANGER: (None, None, "EUR")}
"""Profile -> its type, country and currency; the last is not in ``profiles``."""

SOURCES = (
    *("spCampaigns", "sbCampaigns", "sdCampaigns", "stCampaigns"),
    *("spTargeting", "sbTargeting", "sdTargeting", "stTargeting"),
    *("spSearchTerm", "sbSearchTerm", "spAdvertisedProduct", "sdAdvertisedProduct"),
    *("spCampaigns:campaignPlacement", "sbCampaignPlacement"),
)
CAMPAIGNS, AD_GROUPS, IDS = (11, 12), (21, 22), (31, 32)
LEAVES = {"keywordId": int, "targetingId": int, "adId": int, "searchTerm": str, "placementClassification": str}
DAYS = [DAY - timedelta(days=n) for n in range(3)]


def add_profile(connection: duckdb.DuckDBPyConnection, profile_id: int, kind: str, country: str, currency: str) -> None:
    connection.execute(
        """
        INSERT INTO profiles_history (account, profile_id, currency_code, name, account_type, country_code, valid_from)
        VALUES ('acme', ?, ?, ?, ?, ?, ?)
        """,
        [profile_id, currency, f"Acme {country}", kind, country, NOON],
    )


def rows_of(report_type: str, days: list[date], seed: int) -> Iterator[dict[str, Any]]:
    """Yield rows of every campaign, ad group and keyword (or what the type has in its place) for some days."""
    rng = random.Random(f"{report_type} {seed}")
    columns = REPORT_TYPES[report_type].columns
    leaves = {name: type_ for name, type_ in LEAVES.items() if name in columns}
    for day in days:
        for campaign in CAMPAIGNS:
            for ad_group in AD_GROUPS if "adGroupId" in columns else (0,):
                for number in IDS if leaves else (0,):
                    row = {name: _value(name, rng) for name in columns}
                    row |= {"date": day.isoformat(), "campaignId": campaign, "campaignName": f"C{campaign}"}
                    row |= {"adGroupId": ad_group, "adGroupName": f"G{ad_group}"}
                    row |= {name: type_(number * 100 + ad_group * 10 + campaign) for name, type_ in leaves.items()}
                    yield {name: value for name, value in row.items() if name in columns}


def _value(name: str, rng: random.Random) -> Any:
    if is_metric(name):
        idle = rng.random() < 0.3  # zeros under the rates
        number = 0 if idle else rng.randint(1, 900)
        return number / 100 if kind_of(name) is Kind.MONEY else number
    return {"keywordType": "EXACT", "matchType": "EXACT", "portfolioId": 71}.get(name)


def fill(connection: duckdb.DuckDBPyConnection, folder: Path, sources: Sequence[str] = SOURCES) -> None:
    """Load sources of the metric tables for three days and three profiles."""
    for profile_id, (kind, country, currency) in PROFILES.items():
        if kind and country:
            add_profile(connection, profile_id, kind, country, currency)
    for report_type in sources:
        files = [
            report_file(
                *(folder, list(rows_of(report_type, DAYS, profile_id)), DAYS[-1], DAYS[0]),
                profile_id=profile_id,
                currency_code=currency,
            )
            for profile_id, (_, _, currency) in PROFILES.items()
        ]
        outcomes = load_files(connection, REPORT_TABLES[report_type], files, NOON)
        assert not sum(outcome.rows_rejected for outcome in outcomes), report_type


def rows(connection: duckdb.DuckDBPyConnection, query: str, *values: Any) -> list[dict[str, Any]]:
    """Return the rows of a query by column."""
    found = connection.execute(query, list(values))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def plus(one: Any, other: Any) -> Any:
    """Add as SQL sums: NULL is nothing."""
    return other if one is None else one if other is None else one + other


def over(one: Any, other: Any, factor: int = 1) -> float | None:
    """Divide two sums; None where there is nothing to divide, or to divide by."""
    if one is None or not other:
        return None
    return float(factor * Decimal(one) / Decimal(other))


def near(rates: dict[str, float | None]) -> dict[str, Any]:
    """Return rates to compare with: amounts are rounded to the sixth decimal, all else off by a float's last digit."""
    return {name: rate if rate is None else pytest.approx(rate, abs=5.1e-7, rel=1e-12) for name, rate in rates.items()}


def number(value: Any) -> float | None:
    """Return a rate, which may be an amount, as a float."""
    return None if value is None else float(value)
