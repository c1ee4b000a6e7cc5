"""Changes that somebody should look at: bids and budgets that jumped.

Here: reading the view ``entity_changes`` for one sync. Not here: the view (``sql/entity_changes.sql``), or the versions
it is made of (``entities``).
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb


@dataclass(frozen=True, slots=True)
class LargeChange:
    """An amount that changed by more than a threshold, or came up from nothing.

    Attributes:
        client: The profile's name.
        ad_product: None for portfolios.
        name: What people call the entity.
        before: The amount before, in ``currency_code``; None where the ad group's default bid applied.
        after: The amount after; None where that applies now.
        percent: By how much, of the amount before; negative where it went down; None where it came up from nothing.
    """

    account: str
    profile_id: int
    client: str | None
    ad_product: str | None
    entity: str
    entity_id: int | None
    campaign_id: int | None
    name: str | None
    attribute: str
    before: str | None
    after: str | None
    currency_code: str | None
    percent: float | None


def large_changes(connection: duckdb.DuckDBPyConnection, at: datetime, percent: float) -> list[LargeChange]:
    """Return the amounts that one sync found changed by more than some percent or from nothing, the largest first.

    Args:
        connection: The warehouse.
        at: The moment of the sync.
        percent: The threshold, up or down.
    """
    query = """
        SELECT
            c.account, c.profile_id, p.name, c.ad_product, entity, entity_id, campaign_id, c.name, attribute,
            before, after, c.currency_code, change_percent
        FROM entity_changes AS c LEFT JOIN profiles AS p USING (profile_id)
        WHERE seen_at = ? AND (abs(change_percent) > ? OR from_nothing)
        ORDER BY abs(change_percent) DESC NULLS FIRST, c.profile_id, entity, entity_id, attribute
    """
    return [LargeChange(*row) for row in connection.execute(query, [at, percent]).fetchall()]
