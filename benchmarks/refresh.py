"""The daily refresh of the feature tables: a new day of 50 profiles with 2,000 keywords each, after 400 days.

A warehouse is written by SQL as 400 daily loads would have left it, with the rows of every day but the newest made.
Then the newest day's are made, against one bare DuckDB query that computes the same figures from the report table;
after that once more, as after a restatement of the newest day, and with nothing to be done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.measure import Outcome, command, spending, tell
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.features import (
    CAMPAIGN_FEATURES,
    FEATURE_TABLES,
    KEYWORD_FEATURES,
    FeatureTable,
    refresh_features,
)

LAST = date(2026, 10, 31)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEYWORDS_A_CAMPAIGN = 50


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    profiles: int = 50
    days: int = 400
    keywords: int = 2_000
    repeat: int = 3


def work(quick: bool) -> Outcome:
    """Measure."""
    size = Size(profiles=3, days=100, keywords=100, repeat=1) if quick else Size()
    outcome = Outcome()
    with TemporaryDirectory(prefix="ppc-bench-") as directory:
        warehouse = Warehouse(str(Path(directory) / "ppc.duckdb"))
        _write(warehouse, size)
        _measure(outcome, warehouse, size)
    return outcome


def _write(warehouse: Warehouse, size: Size) -> None:
    tell(f"writing {size.profiles * size.days * size.keywords:,} rows of keywords")
    prepare(warehouse)
    with warehouse.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        given = {"profiles": size.profiles, "last": LAST, "days": size.days}
        connection.execute(_PROFILES, {"profiles": size.profiles, "now": NOW})
        for first in range(0, size.days, 20):  # a day's rows stand together, as daily loads leave them
            some = {"first": first, "end": min(first + 20, size.days), "now": NOW}
            own = {**given, "keywords": size.keywords, "a_campaign": KEYWORDS_A_CAMPAIGN} | some
            connection.execute(_KEYWORDS, own)
        connection.execute(_CAMPAIGNS)
        connection.execute(_LOADS, {**given, "keywords": size.keywords, "now": NOW})


def _measure(outcome: Outcome, warehouse: Warehouse, size: Size) -> None:
    bare, new, again, idle, campaigns = [list[float]() for _ in range(5)]
    rows = 0
    for _ in range(size.repeat):
        _make_all_but_the_newest(warehouse)
        bare.append(_bare(warehouse))
        rows = _timed(warehouse, KEYWORD_FEATURES, new)
        _timed(warehouse, CAMPAIGN_FEATURES, campaigns)
        with warehouse.connect() as connection:
            connection.execute("UPDATE feature_days SET loads = loads - 1 WHERE loads IS NOT NULL")
        _timed(warehouse, KEYWORD_FEATURES, again)
        _timed(warehouse, KEYWORD_FEATURES, idle)
    outcome.add("bare: one query over the report table into a new table", bare)
    ratios = [one / other for one, other in zip(new, bare, strict=True)]
    outcome.add("keyword_features, a new day", new, ratios=ratios, most_ratio=2, note=f"{rows:,} rows")
    outcome.add("keyword_features, the newest day once more", again)
    outcome.add("keyword_features, nothing due", idle)
    outcome.add("campaign_features, a new day", campaigns)
    with warehouse.connect(read_only=True) as connection, spending() as spent:
        connection.execute("SELECT count(*), sum(index) FROM seasonality").fetchall()
    outcome.add("seasonality, the whole view read", spent.wall)
    outcome.notes.append(
        f"{size.profiles} profiles x {size.days} days x {size.keywords:,} keywords, all with a row every day. The bare "
        "query knows no DECIMAL sums of squares, no quarantine and no limit of memory."
    )


def _timed(warehouse: Warehouse, table: FeatureTable, seconds: list[float]) -> int:
    with spending() as spent:
        made = refresh_features(warehouse, table, lambda: NOW)
    seconds.append(spent.wall)
    return made.rows


def _bare(warehouse: Warehouse) -> float:
    with spending() as spent, duckdb.connect(warehouse.database) as connection:
        connection.execute(f"CREATE OR REPLACE TABLE bare AS {_bare_query()}", {"last": LAST})
    return spent.wall


def _bare_query(windows: Sequence[int] = (3, 7, 14, 30, 60, 90)) -> str:
    """Return SQL for what a row of keywords has, from the report table alone, in DOUBLE where that is less work."""
    figures = ("impressions", "clicks", "cost", "purchases_7d", "sales_7d", "units_sold_clicks_7d")
    sums = [f"sum({name}) FILTER (age < {days}) AS {name}_{days}" for days in windows for name in figures]
    lines = [
        f"sum({what}) FILTER (age < 30) AS {name}_{number}"
        for name in ("cost", "clicks", "sales_7d")
        for number, what in enumerate((f"{name}::DOUBLE * age", f"{name}::DOUBLE * {name}"))
    ]
    month = "date_trunc('month', $last::DATE)"
    of_year = f"date >= ({month} - INTERVAL 12 MONTH)::DATE AND date < {month}::DATE"
    of_month = f"date >= ({month} - INTERVAL 12 MONTH)::DATE AND date < ({month} - INTERVAL 11 MONTH)::DATE"
    year = [
        f"sum({name}) FILTER ({where}) AS {name}_{end}"
        for name in ("cost", "sales_7d")
        for end, where in (("year", of_year), ("then", of_month))
    ]
    # All days are loaded: the 31 of October 2025, and the 365 of the twelve months.
    months = [f"({name}_then::DOUBLE / 31) / ({name}_year::DOUBLE / 365)" for name in ("cost", "sales_7d")]
    keys = "profile_id, currency_code, campaign_id, ad_group_id, keyword_id"
    return f"""
        SELECT s.*, $last::DATE - first_seen AS seen, cost_30::DOUBLE / sum(cost_30) OVER (PARTITION BY campaign_id),
            {", ".join(months)}
        FROM (
            SELECT {keys}, {", ".join((*sums, *lines))}
            FROM (SELECT *, $last::DATE - date AS age FROM report_sp_targeting WHERE date > $last::DATE - 90)
            GROUP BY {keys}
        ) AS s
        JOIN (
            SELECT {keys}, min(date) AS first_seen, {", ".join(year)}
            FROM report_sp_targeting GROUP BY {keys}
        ) USING ({keys})
    """


def _make_all_but_the_newest(warehouse: Warehouse) -> None:
    """Say that all days but the newest are made: only what is due counts, and not what there is already."""
    with warehouse.connect() as connection:
        connection.execute("DELETE FROM feature_days")
        for table in FEATURE_TABLES.values():
            connection.execute(f"DELETE FROM {table.stored}")
            connection.execute(_MADE, [table.name, NOW, [*table.metrics.sources.values()], LAST])


_PROFILES = """
INSERT INTO profiles_history BY NAME
SELECT 'acme' AS account, p AS profile_id, 'USD' AS currency_code, 'Acme ' || p AS name, 'seller' AS account_type,
    'US' AS country_code, $now::TIMESTAMPTZ AS valid_from
FROM (SELECT unnest(range($profiles)) AS p)
"""

_KEYWORDS = """
INSERT INTO report_sp_targeting BY NAME
SELECT
    $last::DATE - ($days - 1 - d)::INTEGER AS date, 'acme' AS account, p AS profile_id, 'USD' AS currency_code,
    p * 1000000 + k // $a_campaign AS campaign_id, p * 1000000 + k // $a_campaign AS ad_group_id,
    p * 1000000 + k AS keyword_id, 'EXACT' AS keyword_type, 'EXACT' AS match_type, 'towel ' || k AS targeting,
    h % 997 AS impressions, h % 31 AS clicks, (h % 4999 / 100)::DECIMAL(18, 6) AS cost, h % 5 AS purchases_7d,
    (h % 7919 / 100)::DECIMAL(18, 6) AS sales_7d, h % 7 AS units_sold_clicks_7d,
    'report' AS report_id, $now::TIMESTAMPTZ AS loaded_at
FROM (
    SELECT d, p, k, (hash(d, p, k) % 1000003)::BIGINT AS h
    FROM (SELECT unnest(range($first, $end)) AS d) CROSS JOIN (SELECT unnest(range($profiles)) AS p)
    CROSS JOIN (SELECT unnest(range($keywords)) AS k)
)
"""

_CAMPAIGNS = """
INSERT INTO report_sp_campaigns BY NAME
SELECT
    date, account, profile_id, currency_code, campaign_id, sum(impressions) AS impressions, sum(clicks) AS clicks,
    sum(cost) AS cost, sum(purchases_7d) AS purchases_7d, sum(sales_7d) AS sales_7d,
    sum(units_sold_clicks_7d) AS units_sold_clicks_7d, 'report' AS report_id, any_value(loaded_at) AS loaded_at
FROM report_sp_targeting GROUP BY date, account, profile_id, currency_code, campaign_id
"""

# Of each day, profile and report type an order of the 31 days up to it.
_LOADS = """
INSERT INTO load_log BY NAME
SELECT
    t || '-' || p || '-' || d AS report_id, 'acme' AS account, p AS profile_id, t AS report_type,
    $last::DATE - ($days - 1 - greatest(d - 30, 0))::INTEGER AS start_date,
    $last::DATE - ($days - 1 - d)::INTEGER AS end_date,
    $now::TIMESTAMPTZ AS requested_at, $now::TIMESTAMPTZ AS loaded_at, $keywords * (1 + least(d, 30)) AS rows_in_file,
    rows_in_file AS rows_loaded, 0 AS rows_rejected, 5 AS days_changed, 26 AS days_unchanged, 0 AS days_stale,
    [] AS columns_missing
FROM (SELECT unnest(range($days)) AS d) CROSS JOIN (SELECT unnest(range($profiles)) AS p)
CROSS JOIN (SELECT unnest(['spTargeting', 'spCampaigns']) AS t)
"""

_MADE = """
INSERT INTO feature_days BY NAME
SELECT ? AS feature_table, profile_id, 'SPONSORED_PRODUCTS' AS ad_product, date, ?::TIMESTAMPTZ AS known_at,
    count(*) OVER (
        PARTITION BY profile_id ORDER BY date RANGE BETWEEN INTERVAL 89 DAYS PRECEDING AND CURRENT ROW
    ) AS days_known
FROM covered_days WHERE list_contains(?, report_type) AND date < ?
"""


if __name__ == "__main__":
    command("refresh", "a new day in the feature tables, 50 profiles x 400 days x 2,000 keywords", work)
