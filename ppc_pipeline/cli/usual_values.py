"""What the package's SQL files are told where nobody says otherwise: what the pipeline tells them, of today.

Not here: reading what somebody says (``query``), or asking (``warehouse.sql_files``).
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb

from ppc_pipeline.defs.assets.suggestions import target_acos
from ppc_pipeline.reports.windows import ProfileClock
from ppc_pipeline.settings import Settings
from ppc_pipeline.warehouse.features import CAMPAIGN_FEATURES, FEATURE_TABLES, due_values
from ppc_pipeline.warehouse.quality import Asked
from ppc_pipeline.warehouse.suggestions import suggestion_values
from ppc_pipeline.weekly.reading import week_values
from ppc_pipeline.weekly.weeks import last_week

_DAYS = timedelta(days=31)


def usual_values(connection: duckdb.DuckDBPyConnection, name: str, settings: Settings) -> Mapping[str, Any]:
    """Return values for one of the package's files.

    They are of all profiles and of the last 31 days in UTC; in ``weekly`` of the profiles that are worked for, and of
    the last week that is over for all of them.

    Args:
        connection: The warehouse, which knows the profiles.
        name: The file: ``suggestions/bid_change``.
        settings: For the report types and the target ACoS.
    """
    now = datetime.now(UTC)
    folder, _, _ = name.rpartition("/")
    if folder == "suggestions":
        return {**suggestion_values(target_acos(settings), now), "kinds": []}
    if folder == "weekly":
        clocks = _clocks(connection)
        return week_values(last_week(clocks, now), [clock.profile_id for clock in clocks])
    if folder == "features":
        table = FEATURE_TABLES.get(name.removeprefix("features/"), CAMPAIGN_FEATURES)
        return {**due_values(table, now), "first": date.min, "last": now.date()}
    configured = [report_type.name for report_type in settings.selected_report_types()]
    return {**Asked(now.date() - _DAYS, now.date() - timedelta(days=1), configured, now).values, "most": 20}


def _clocks(connection: duckdb.DuckDBPyConnection) -> list[ProfileClock]:
    """Return the clock of every profile that is worked for, as the warehouse knows them."""
    query = """
        SELECT account, profile_id, coalesce(timezone, 'UTC') FROM profiles
        WHERE removed_at IS NULL AND active IS DISTINCT FROM false ORDER BY ALL
    """
    return [ProfileClock(*row) for row in connection.execute(query).fetchall()]
