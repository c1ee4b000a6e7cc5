"""What the warehouse has for weekly reports: each question asked once, for all profiles together.

The warehouse is held for as long as the questions take, and not while pages are drawn. Here: rows as they come, by
profile. Not here: what is made of them (``contents``).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline.warehouse.sql_files import ask_file, inputs
from ppc_pipeline.weekly.figures import Known, Sums, change_percent
from ppc_pipeline.weekly.weeks import Week

WEEKS = 8
"""How many weeks the charts show."""

MOST = 10
"""How many campaigns, keywords and search terms a list has."""

SOURCES = METRIC_TABLES["metrics_by_profile"].sources
"""Ad product -> the report type that its figures by day are of."""

_OF_TERMS = (*METRIC_TABLES["metrics_by_search_term"].sources.values(),)

_FIGURES = ("impressions", "clicks", "cost", "purchases", "sales", "units")


@dataclass(frozen=True, slots=True)
class ProductDay:
    """A day of one ad product."""

    currency_code: str
    ad_product: str
    date: date
    sums: Sums


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's week; ``campaigns`` is how many cost anything."""

    currency_code: str
    ad_product: str
    name: str | None
    now: Sums
    campaigns: int


@dataclass(frozen=True, slots=True)
class LosingCampaign:
    """A campaign that cost more than it will have sold in the end.

    Attributes:
        week: The week it is judged by: the page's, or the one before while nobody knows how that will end.
        now: Its figures of that week, purchases and sales as they will be in the end; units are not looked at.
        before: Those of the week before it; None where it had no row.
        losing: How many such campaigns there are.
    """

    currency_code: str
    ad_product: str
    name: str | None
    week: Week
    now: Sums
    before: Sums | None
    losing: int


@dataclass(frozen=True, slots=True)
class Target:
    """A keyword's or target's week; ``match`` is its match type, or its kind."""

    currency_code: str
    ad_product: str
    text: str | None
    match: str | None
    campaign_name: str | None
    sums: Sums


@dataclass(frozen=True, slots=True)
class WastedTerm:
    """A search term that ought to have led to purchases in four weeks and did not; clicks and cost are of these."""

    currency_code: str
    ad_product: str
    search_term: str
    campaign_name: str | None
    clicks: int
    cost: Decimal
    cost_of_week: Decimal


@dataclass(frozen=True, slots=True)
class Restated:
    """A metric that Amazon changed in the week: before and after it, summed over the days that it changed."""

    currency_code: str
    report_type: str
    metric: str
    days: int
    first_day: date
    last_day: date
    before: Decimal
    after: Decimal

    @property
    def change_percent(self) -> Decimal | None:
        """By how many percent it changed."""
        return change_percent(self.after, self.before)


@dataclass(slots=True)
class Found:
    """What the warehouse has of one profile.

    Attributes:
        asked_on: (Report type, day) that is loaded -> the date on which its newest report was asked for.
        known: (Ad product, day) -> how much of its final figures is known. A loaded day that is not in it is whole.
        term_days: The days of the week of which a search term report is loaded.
        shares: (Report type, metric) -> (age in days, share of the final figure that is known), youngest first; of each
            currency of the profile.
        not_judged: Ad products of which nobody knows whether campaigns lost money: their sales are still to come.
    """

    days: list[ProductDay] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    losing: list[LosingCampaign] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    wasted_terms: list[WastedTerm] = field(default_factory=list)
    restated: list[Restated] = field(default_factory=list)
    asked_on: dict[tuple[str, date], date] = field(default_factory=dict)
    known: dict[tuple[str, date], Known] = field(default_factory=dict)
    term_days: set[date] = field(default_factory=set)
    shares: dict[tuple[str, str, str], list[tuple[int, Decimal]]] = field(default_factory=lambda: defaultdict(list))


def week_values(week: Week, profiles: Sequence[int]) -> dict[str, Any]:
    """Return what the files in ``sql/weekly`` are told."""
    return {
        "profiles": list(profiles),
        "report_types": list(SOURCES.values()),
        "first": week.before(WEEKS - 1).start,
        "start": week.start,
        "last": week.end,
        "most": MOST,
    }


def read(connection: DuckDBPyConnection, week: Week, profiles: Sequence[int]) -> dict[int, Found]:
    """Return what the warehouse has for the report of a week, by profile."""
    values = week_values(week, profiles)
    found = {profile_id: Found() for profile_id in profiles}
    for row in _rows(connection, "days", values):
        day = ProductDay(row["currency_code"], row["ad_product"], row["date"], _sums(row))
        found[row["profile_id"]].days.append(day)
    for row in _rows(connection, "campaigns", values):
        found[row["profile_id"]].campaigns.append(_campaign(row))
    _read_losing(connection, values, found)
    for row in _rows(connection, "targets", values):
        found[row["profile_id"]].targets.append(_target(row))
    for row in _rows(connection, "wasted_terms", values):
        found[row.pop("profile_id")].wasted_terms.append(WastedTerm(**_without(row, "campaign_id")))
    for row in _rows(connection, "restated", values):
        found[row.pop("profile_id")].restated.append(Restated(**row))
    for row in _rows(connection, "loads", values):
        found[row["profile_id"]].asked_on[row["report_type"], row["date"]] = row["asked_on"]
    for row in _rows(connection, "loads", values | {"first": week.start, "report_types": list(_OF_TERMS)}):
        found[row["profile_id"]].term_days.add(row["date"])
    for row in _rows(connection, "known", values):
        found[row["profile_id"]].known[row["ad_product"], row["date"]] = _known(row)
    for row in _rows(connection, "shares", values):
        key = (row["currency_code"], row["report_type"], row["metric"])
        found[row["profile_id"]].shares[key].append((row["age_days"], Decimal(str(row["share"]))))
    return found


def _read_losing(connection: DuckDBPyConnection, values: dict[str, Any], found: dict[int, Found]) -> None:
    for row in _rows(connection, "judged_weeks", values):
        if row["start"] is None:
            found[row["profile_id"]].not_judged.append(row["ad_product"])
    with inputs(connection, ["weekly/lost"], values):
        for row in _rows(connection, "lost", values):
            found[row["profile_id"]].losing.append(_losing(row))


def _rows(connection: DuckDBPyConnection, name: str, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cursor = ask_file(connection, f"weekly/{name}", values)
    columns = [column[0] for column in cursor.description]
    return (dict(zip(columns, row, strict=True)) for row in cursor.fetchall())


def _sums(row: dict[str, Any], end: str = "") -> Sums:
    return Sums(*(row.get(f"{name}{end}") for name in _FIGURES))


def _known(row: dict[str, Any]) -> Known:
    shares = (row[f"{name}_share"] for name in ("cost", "purchases", "sales"))
    return Known(*(None if share is None else Decimal(str(share)) for share in shares))


def _campaign(row: dict[str, Any]) -> Campaign:
    return Campaign(row["currency_code"], row["ad_product"], row["campaign_name"], _sums(row), row["campaigns"])


def _losing(row: dict[str, Any]) -> LosingCampaign:
    before = _sums(row, "_before")
    return LosingCampaign(
        currency_code=row["currency_code"],
        ad_product=row["ad_product"],
        name=row["campaign_name"],
        week=Week(row["start"]),
        now=_sums(row),
        before=None if before.impressions is None else before,
        losing=row["losing"],
    )


def _target(row: dict[str, Any]) -> Target:
    return Target(
        currency_code=row["currency_code"],
        ad_product=row["ad_product"],
        text=row["target_text"],
        match=row["match"],
        campaign_name=row["campaign_name"],
        sums=_sums(row),
    )


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
