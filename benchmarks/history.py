"""A past for a project that has lived one day: as many days as wanted, written by SQL in seconds.

What a daily pipeline would have left behind: for each past day, profile and report type one loaded order of the 31 days
before it, in the ledger and in the load log; rows of those days in the report tables, copies of the real ones; and
their rows of features. Not here: quarantine and restatements, which grow with Amazon's faults and corrections and not
with time.
"""

from contextlib import closing

from sqlalchemy import text

from benchmarks.place import REPORT_TYPES, Place
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.reports.windows import utc_now
from ppc_pipeline.warehouse.features import FEATURE_TABLES, refresh_features
from ppc_pipeline.warehouse.tables import quoted

_REAL_DAYS = 31


def add_past(place: Place, days: int) -> None:
    """Let a project that has lived one day have lived ``days`` days more."""
    if days < 1:
        return
    with closing(place.ledger) as ledger, ledger.transaction() as connection:
        connection.execute(text(_ORDERS), {"days": days})
    with place.warehouse.transaction() as connection:
        connection.execute(_LOADS, [days])
        for name in REPORT_TYPES:
            table = quoted(REPORT_TABLES[name].name)
            connection.execute(
                f"""
                INSERT INTO {table}
                SELECT t.* REPLACE (t.date - n.n::INTEGER * {_REAL_DAYS} AS date)
                FROM {table} AS t CROSS JOIN (SELECT unnest(range(1, ? + 1)) AS n) AS n
                """,
                [-(-days // _REAL_DAYS)],
            )
    for features in FEATURE_TABLES.values():
        refresh_features(place.warehouse, features, utc_now)


# Of the newest order of each profile and report type, one for each day before it, as if it had been ordered then.
_ORDERS = """
WITH RECURSIVE past(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM past WHERE n < :days)
INSERT INTO reports (
    account, profile_id, report_type, start_date, end_date, columns_hash, order_no, state, report_id, requests,
    troubles, raw_path, raw_bytes, rows_loaded, rows_rejected, ordered_by,
    ordered_at, requested_at, ready_at, downloaded_at, loaded_at, updated_at
)
SELECT
    r.account, r.profile_id, r.report_type,
    date(r.start_date, -past.n || ' days'), date(r.end_date, -past.n || ' days'),
    r.columns_hash, 1, 'loaded', r.report_id || '-' || past.n, 1, 0,
    r.raw_path || '-' || past.n, r.raw_bytes, r.rows_loaded, 0, r.ordered_by,
    datetime(r.ordered_at, -past.n || ' days') || '.000000', datetime(r.requested_at, -past.n || ' days') || '.000000',
    datetime(r.ready_at, -past.n || ' days') || '.000000', datetime(r.downloaded_at, -past.n || ' days') || '.000000',
    datetime(r.loaded_at, -past.n || ' days') || '.000000', datetime(r.updated_at, -past.n || ' days') || '.000000'
FROM reports AS r CROSS JOIN past
WHERE r.order_no = 1 AND r.state = 'loaded'
ORDER BY past.n DESC, r.id
"""

_LOADS = """
INSERT INTO load_log
SELECT l.* REPLACE (
    l.report_id || '-' || n.n AS report_id,
    l.start_date - n.n::INTEGER AS start_date,
    l.end_date - n.n::INTEGER AS end_date,
    l.requested_at - to_days(n.n::INTEGER) AS requested_at,
    l.loaded_at - to_days(n.n::INTEGER) AS loaded_at,
    l.raw_path || '-' || n.n AS raw_path
)
FROM load_log AS l CROSS JOIN (SELECT unnest(range(1, ? + 1)) AS n) AS n
"""
