"""Changes that somebody should look at: bids and budgets that jumped.

Here: reading the view ``entity_changes`` for one sync. Not here: the view (``sql/entity_changes.sql``), or the versions
it is made of (``entities``).
"""

from dataclasses import dataclass
from datetime import datetime

import duckdb


@dataclass(frozen=True, slots=True)
class LargeChange:
    """An amount that changed by more than a threshold.

    Attributes:
        client: The profile's name.
        ad_product: None for portfolios.
        name: What people call the entity.
        before: The amount before, in ``currency_code``.
        after: The amount after.
        percent: By how much, of the amount before; negative where it went down.
    """

    account: str
    profile_id: int
    client: str | None
    ad_product: str | None
    entity: str
    entity_id: int
    campaign_id: int | None
    name: str | None
    attribute: str
    before: str
    after: str
    currency_code: str | None
    percent: float


def large_changes(connection: duckdb.DuckDBPyConnection, at: datetime, percent: float) -> list[LargeChange]:
    """Return the amounts that one sync found changed by more than some percent, the largest changes first.

    Args:
        connection: The warehouse.
        at: The moment of the sync.
        percent: The threshold, up or down; a change from nothing, or to nothing of one's own, has no percentage.
    """
    query = """
        SELECT
            c.account, c.profile_id, p.name, c.ad_product, entity, entity_id, campaign_id, c.name, attribute,
            before, after, c.currency_code, change_percent
        FROM entity_changes AS c LEFT JOIN profiles AS p USING (profile_id)
        WHERE seen_at = ? AND abs(change_percent) > ?
        ORDER BY abs(change_percent) DESC, c.profile_id, entity, entity_id, attribute
    """
    return [LargeChange(*row) for row in connection.execute(query, [at, percent]).fetchall()]
