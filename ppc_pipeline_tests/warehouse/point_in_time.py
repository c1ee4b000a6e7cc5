"""The rule of the feature tables once more, in plain Python with exact numbers: what a refresh has to come to."""

import math
import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, report_file, report_row

FIGURES = ("impressions", "clicks", "cost", "purchases", "sales", "units")
WINDOWS = (3, 7, 14, 30, 60, 90)
RATES = {  # over, under, factor
    "ctr_percent": ("clicks", "impressions", 100),
    "cpc": ("cost", "clicks", 1),
    "cvr_percent": ("purchases", "clicks", 100),
    "acos_percent": ("cost", "sales", 100),
    "roas": ("sales", "cost", 1),
    "cost_per_purchase": ("cost", "purchases", 1),
}
PRODUCTS = {"sp": "SPONSORED_PRODUCTS", "sb": "SPONSORED_BRANDS"}
CURRENCIES = {SELLER: "USD", VENDOR: "JPY"}
_SPELLED = {
    ("sp", SELLER): {"purchases": "purchases7d", "sales": "sales7d", "units": "unitsSoldClicks7d"},
    ("sp", VENDOR): {"purchases": "purchases14d", "sales": "sales14d", "units": "unitsSoldClicks14d"},
    ("sb", SELLER): {"units": "unitsSold"},
    ("sb", VENDOR): {"units": "unitsSold"},
}


def day(number: int) -> date:
    return DAY + timedelta(days=number)


@dataclass(frozen=True)
class Load:
    """A report of some days, with figures drawn from a seed."""

    first: int
    last: int
    seed: int = 1
    profile: int = SELLER
    kind: str = "spCampaigns"
    asked: int | None = None  # hours; None: later than all before it

    def rows(self) -> dict[date, dict[tuple[Any, ...], dict[str, Any]]]:
        """Return day -> id -> figures; some campaigns have no row, one is never told its units."""
        found: dict[date, dict[tuple[Any, ...], dict[str, Any]]] = {}
        for number in range(self.first, self.last + 1):
            rng = random.Random(f"{self.seed} {number} {self.profile} {self.kind}")
            found[day(number)] = {
                id_: {name: _drawn(name, id_, rng) for name in FIGURES} for id_ in _ids(self.kind) if rng.random() < 0.6
            }
        return found

    def file(self, folder: Path, asked: datetime) -> Any:
        content = [
            report_row(self.kind, when, **self._columns(id_), **self._spelled(figures))
            for when, rows in self.rows().items()
            for id_, figures in rows.items()
        ]
        return report_file(
            *(folder, content, day(self.first), day(self.last)),
            profile_id=self.profile,
            currency_code=CURRENCIES[self.profile],
            requested_at=asked,
        )

    def put(self, connection: duckdb.DuckDBPyConnection, asked: datetime, days: Collection[date], changed: int) -> None:
        """Write some days where the loader would, and that it is loaded; a fraction of the loader's work."""
        table = REPORT_TABLES[self.kind].name
        found = [
            {"date": when, **self._columns(id_), **self._spelled(figures)}
            for when, rows in self.rows().items()
            for id_, figures in rows.items()
            if when in days
        ]
        connection.execute(
            f"DELETE FROM {table} WHERE profile_id = ? AND list_contains(?::DATE[], date)", [self.profile, [*days]]
        )
        names = {key: snake_case(key) for row in found for key in row}
        usual = {"account": "acme", "profile_id": self.profile, "currency_code": CURRENCIES[self.profile]}
        usual |= {"campaign_name": "Mugs", "report_id": "r", "loaded_at": asked}
        columns = [*usual, *names.values()]
        values = [[*usual.values(), *(row.get(key) for key in names)] for row in found]
        if values:
            marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in values)
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {marks}", [one for row in values for one in row]
            )
        connection.execute(
            """
            INSERT INTO load_log (
                report_id, account, profile_id, report_type, start_date, end_date, requested_at, loaded_at,
                rows_in_file, rows_loaded, rows_rejected, days_changed, days_unchanged, days_stale, columns_missing
            ) VALUES ('r', 'acme', ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, [])
            """,
            [
                *(self.profile, self.kind, day(self.first), day(self.last), asked, asked),
                *(len(found), len(found), changed),
            ],
        )

    def _columns(self, id_: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(("campaignId", "adGroupId", "keywordId"), id_, strict=False))

    def _spelled(self, figures: dict[str, Any]) -> dict[str, Any]:
        spelled = _SPELLED[self.kind[:2], self.profile]
        found = {spelled.get(name, name): value for name, value in figures.items()}
        assert set(found) <= {*REPORT_TYPES[self.kind].columns}
        return {name: float(value) if isinstance(value, Decimal) else value for name, value in found.items()}


def _ids(kind: str) -> list[tuple[int, ...]]:
    if kind.endswith("Campaigns"):
        return [(11,), (12,), (13,)]
    return [(11, 21, 31), (11, 21, 32), (12, 22, 31), (12, 23, 31)]


def _drawn(name: str, id_: tuple[int, ...], rng: random.Random) -> Any:
    number = 0 if rng.random() < 0.3 else rng.randint(1, 900)
    if name == "units" and id_[0] == 12:
        return None
    return Decimal(number) / 100 if name in ("cost", "sales") else number


@dataclass
class Sequence:
    """Loads and refreshes, in a warehouse and in Python at once.

    With a folder, files are written there and loaded by the loader; without one, its work is done in short.
    """

    connection: duckdb.DuckDBPyConnection
    folder: Path | None
    now: datetime = NOON
    loads: list[tuple[Load, datetime, bool]] = field(default_factory=list)
    there: dict[tuple[int, str], dict[date, Any]] = field(default_factory=lambda: defaultdict(dict))
    made: dict[tuple[int, str, date], "Made"] = field(default_factory=dict)

    def load(self, load: Load) -> None:
        self.now = max(self.now, datetime.combine(day(load.last + 1), NOON.timetz())) + timedelta(hours=1)
        asked = self.now if load.asked is None else NOON + timedelta(hours=load.asked)
        changed, written, unit = 0, [], self.there[load.profile, load.kind]
        for when, rows in load.rows().items():
            newer = any(self._covers(one, load, when) and other > asked for one, other, _ in self.loads)
            if not newer:
                changed += unit.get(when, {}) != rows
                unit[when] = rows
                written.append(when)
        self.loads.append((load, asked, bool(changed)))
        if self.folder:
            load_files(self.connection, REPORT_TABLES[load.kind], [load.file(self.folder, asked)], self.now)
        else:
            load.put(self.connection, asked, written, changed)

    def _covers(self, one: Load, load: Load, when: date) -> bool:
        return (one.profile, one.kind) == (load.profile, load.kind) and day(one.first) <= when <= day(one.last)

    def refresh(self) -> int:
        """Make what is due, in Python; say how many days that is."""
        self.now += timedelta(hours=1)
        done = 0
        for (profile, kind), days in self.there.items():
            for when in days:
                window = [one for one in days if when - timedelta(days=89) <= one <= when]
                loads = self._loads(profile, kind, when) if when == max(days) else None
                if self._is_due(self.made.get((profile, kind, when)), when, len(window), loads):
                    rows = rows_of(when, window, days, PRODUCTS[kind[:2]], profile, self.now)
                    self.made[profile, kind, when] = Made(self.now, len(window), loads, rows)
                    done += 1
        return done

    def _is_due(self, made: "Made | None", when: date, known: int, loads: int | None) -> bool:
        if made is None:
            return True
        newest = loads is not None
        changed = made.days_known != known or (newest and made.loads != loads)
        stays = on_time(made.known_at, when) and not (newest and on_time(self.now, when))
        return changed and not stays

    def _loads(self, profile: int, kind: str, when: date) -> int:
        """Count the loads that changed something and have one of the 90 days."""
        return sum(
            changed
            for load, _, changed in self.loads
            if (load.profile, load.kind) == (profile, kind)
            and day(load.first) <= when
            and day(load.last) > when - timedelta(days=90)
        )

    def rows(self) -> dict[Any, dict[str, Any]]:
        return {key: row for made in self.made.values() for key, row in made.rows.items()}


@dataclass(frozen=True)
class Made:
    """The rows of a day, and what was there when they were made."""

    known_at: datetime
    days_known: int
    loads: int | None
    rows: dict[Any, Any]


def on_time(moment: datetime, when: date) -> bool:
    return moment.date() - when < timedelta(days=3)


def rows_of(
    when: date, window: list[date], days: dict[date, Any], ad_product: str, profile: int, now: datetime
) -> dict[Any, dict[str, Any]]:
    """Return the rows of a day, of the days that are loaded: key -> column -> value."""
    own: dict[Any, dict[date, dict[str, Any]]] = defaultdict(dict)
    for one in window:
        for id_, figures in days[one].items():
            own[id_][one] = figures
    costs = {id_: _sum(rows, when, 30, "cost") for id_, rows in own.items()}
    found = {}
    for id_, rows in own.items():
        first = min(one for one, some in days.items() if id_ in some)
        row = _row(when, window, first, rows)
        row |= {"known_at": now, "final_from": when + timedelta(days=60)}
        row["days_since_first_seen"] = (when - first).days
        since_first = {one: some.get(id_, {}) for one, some in days.items() if one >= first}
        row |= {
            f"{name}_month_index_last_12_months": month_index(when, since_first, name) for name in ("cost", "sales")
        }
        whole = sum(cost for other, cost in costs.items() if len(id_) == 1 or other[0] == id_[0])
        row["cost_share_percent_last_30_days"] = _over(row["cost_last_30_days"], whole, 100)
        found[(when, profile, CURRENCIES[profile], ad_product, *id_)] = row
    return found


def _row(when: date, window: list[date], first: date, rows: dict[date, dict[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {"account": "acme", "days_known": len(window)}
    for length in WINDOWS:
        end = f"last_{length}_days"
        row |= {f"{name}_{end}": _sum(rows, when, length, name) for name in FIGURES}
        for rate, (over, under, factor) in RATES.items():
            row[f"{rate}_{end}"] = _over(row[f"{over}_{end}"], row[f"{under}_{end}"], factor)
    lately = [one for one in window if one > when - timedelta(days=30)]
    own = [one for one in lately if one >= first]
    row |= {"days_known_last_30_days": len(lately), "trend_days_last_30_days": len(own)}
    for name in ("cost", "clicks", "sales"):
        line = [(one.toordinal(), _hundredths(rows, one, name)) for one in own]
        row[f"{name}_slope_last_30_days"], row[f"{name}_slope_t_last_30_days"] = trend(line)
        if name != "clicks":
            row[f"{name}_variation_last_30_days"] = variation([y for _, y in line])
            weeks = [one for one in window if one >= first and one > when - timedelta(days=84)]
            row[f"{name}_weekday_index_last_84_days"] = weekday_index(
                {one: _hundredths(rows, one, name) for one in weeks}, when.weekday()
            )
    return row


def _hundredths(rows: dict[date, dict[str, Any]], one: date, name: str) -> int:
    return int(100 * (rows.get(one, {}).get(name) or 0))


def _sum(rows: dict[date, dict[str, Any]], when: date, length: int, name: str) -> Any:
    """Add a figure up over the last days: 0 without activity, None where it is never given."""
    some = [figures[name] for one, figures in rows.items() if one > when - timedelta(days=length)]
    if not some:
        return None if all(figures[name] is None for figures in rows.values()) else 0
    given = [value for value in some if value is not None]
    return sum(given) if given else None


def _over(one: Any, other: Any, factor: int) -> float | None:
    return None if one is None or not other else float(Fraction(factor * one) / Fraction(other))


def trend(line: list[tuple[int, int]]) -> tuple[float | None, float | None]:
    """Return the slope of the least squares line through (day, hundredths) and its t statistic."""
    n = len(line)
    if n < 3:
        return None, None
    xs, ys = _from_mean([x for x, _ in line]), _from_mean([y for _, y in line])
    across, both, up = (sum(a * b for a, b in zip(*two, strict=True)) for two in ((xs, xs), (xs, ys), (ys, ys)))
    slope, rest = Fraction(both, across), up - Fraction(both * both, across)
    if not rest:
        return float(slope) / 100, None
    return float(slope) / 100, float(slope) / math.sqrt(rest / (n - 2) / across)


def variation(values: list[int]) -> float | None:
    """Return the sample's standard deviation over its mean."""
    n, total = len(values), sum(values)
    if n < 3 or not total:
        return None
    return math.sqrt(Fraction(sum(value * value for value in _from_mean(values)), n - 1)) / total


def weekday_index(figures: dict[date, int], weekday: int) -> float | None:
    """Return the mean of the days of a weekday over that of all days."""
    own, total = [figure for one, figure in figures.items() if one.weekday() == weekday], sum(figures.values())
    if len(own) < 3 or not total:
        return None
    return float(Fraction(sum(own) * len(figures), len(own) * total))


def month_index(when: date, days: dict[date, dict[str, Any]], name: str) -> float | None:
    """Return the mean of a month's days a year before over that of the twelve months before, where each has a day."""
    months: dict[int, list[int]] = defaultdict(list)
    for one in days:
        ago = 12 * (when.year - one.year) + when.month - one.month
        if 1 <= ago <= 12:
            months[ago].append(_hundredths(days, one, name))
    total = sum(sum(figures) for figures in months.values())
    if len(months) < 12 or not total:
        return None
    return float(Fraction(sum(months[12]) * sum(map(len, months.values())), len(months[12]) * total))


def _from_mean(values: list[int]) -> list[int]:
    """Return n times how far each value is from the mean: whole numbers."""
    return [len(values) * value - sum(values) for value in values]
