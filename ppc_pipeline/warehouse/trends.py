"""How profiles go over the last twelve weeks: cost and sales by day, and how weekdays differ. For pictures."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.sql_files import sql_file


@dataclass(frozen=True, slots=True)
class TrendDay:
    """A day of one profile in one currency.

    Attributes:
        place: The profile's place by cost, from 1; each currency's first comes before anybody's second.
        found: How many profiles there are in all.
    """

    place: int
    found: int
    profile_id: int
    profile: str
    currency_code: str
    date: date
    cost: Decimal | None
    sales: Decimal | None

    @property
    def acos_percent(self) -> float | None:
        """Cost over sales, in percent; None where there are none."""
        return None if self.cost is None or not self.sales else float(100 * self.cost / self.sales)


@dataclass(frozen=True, slots=True)
class WeekdayIndex:
    """The sales of a weekday of one profile and ad product against those of an average day: 1 is a day like any other.

    Attributes:
        place: The place by cost, as in ``TrendDay``.
        found: How many profiles and ad products have an index.
        weekday: 1 is Monday, 7 is Sunday.
    """

    place: int
    found: int
    profile_id: int
    profile: str
    currency_code: str
    ad_product: str
    weekday: int
    sales_index: float | None


def trend_days(connection: DuckDBPyConnection) -> list[TrendDay]:
    """Return the days of every profile, profile by profile, those with the highest cost first."""
    return [TrendDay(*row) for row in connection.execute(sql_file("trends/daily")).fetchall()]


def weekday_indices(connection: DuckDBPyConnection) -> list[WeekdayIndex]:
    """Return the weekdays of every profile and ad product, those with the highest cost first."""
    return [WeekdayIndex(*row) for row in connection.execute(sql_file("trends/weekdays")).fetchall()]
