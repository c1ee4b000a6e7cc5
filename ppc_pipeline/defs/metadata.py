"""What people see beside a materialization: counts, money by currency, small tables.

Here: from plain results to Dagster metadata values. Not here: the results, or pictures (``plots``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import dagster as dg

from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.reports.refused_columns import RefusedColumn, refused_alike
from ppc_pipeline.warehouse.metrics import MetricColumn
from ppc_pipeline.wording import amount, decimals_of, rounded

MOST_ROWS = 50
CURRENCY = "currency"
"""The column that says which currency a row's amounts are in."""

_TO = "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}"

NO_PROFILE = "no account has answered yet, or none of its profiles is worked for: `ppc doctor` says why"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """Return a table, cut to its first rows with the number of those left out.

    Decimals are amounts: those of a row that has a ``currency`` are spelled with its digits.
    """
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for row in rows[:MOST_ROWS]:
        currency = row[header.index(CURRENCY)] if CURRENCY in header else None
        lines.append("| " + " | ".join(_cell(value, currency) for value in row) + " |")
    if len(rows) > MOST_ROWS:
        lines.append(f"\n... and {len(rows) - MOST_ROWS} more")
    return dg.MetadataValue.md("\n".join(lines))


def column_schema(columns: Iterable[MetricColumn]) -> dg.TableSchema:
    """Return the columns of a table with what each means."""
    return dg.TableSchema(columns=[dg.TableColumn(one.name, one.type, description=one.doc or None) for one in columns])


def stretches_table(found: Iterable[Stretch]) -> dg.MarkdownMetadataValue:
    """Return the table of profile-days that stand alike, with the reason: what failed first, for it is cut."""
    worst_first = sorted(found, key=lambda s: s.status is not DayStatus.FAILED)
    rows = [
        (f"{s.profile_id} {s.profile_name}", s.account, s.report_type, str(s.days), s.status, s.reason)
        for s in worst_first
    ]
    return markdown_table(("profile", "account", "report type", "days", "status", "why"), rows)


def absent_table(found: Iterable[Stretch]) -> dg.MarkdownMetadataValue:
    """Return the table of what profiles do not have: one line for each profile and report type, however many days."""
    days: Counter[tuple[object, ...]] = Counter()
    for s in found:
        days[f"{s.profile_id} {s.profile_name}", s.account, s.report_type, s.since, s.reason] += len(s.days)
    rows = [(*who, number, f"{since:%Y-%m-%d}" if since else "", why) for (*who, since, why), number in days.items()]
    return markdown_table(("profile", "account", "report type", "days", "since", "why"), rows)


def refused_table(refused: Iterable[RefusedColumn]) -> dg.MarkdownMetadataValue:
    """Return the table of columns that Amazon refuses: one line for all profiles to which it refuses the same."""
    rows = [
        (
            some.account,
            ", ".join(map(str, some.profile_ids)),
            some.report_type,
            ", ".join(some.columns),
            f"{some.since:%Y-%m-%d}",
            f"{some.tried_again_at:%Y-%m-%d}",
            some.reason,
        )
        for some in refused_alike(refused)
    ]
    return markdown_table(("account", "profiles", "report type", "columns", "since", "tried again on", "why"), rows)


def money(what: str, amounts: Mapping[str, Decimal]) -> dict[str, dg.MetadataValue]:
    """Return an amount for each currency, as a number that Dagster plots over time. Currencies are never added."""
    return {f"{what} {currency}": _number(value, currency) for currency, value in sorted(amounts.items())}


def amount_change(before: Decimal | None, after: Decimal | None, currency: str | None) -> str:
    """Spell what an amount was or is, and what it becomes: ``0.50 to 0.60 USD``; nothing where neither is known.

    Before the currency alone a line may be broken: a narrow column of a table would break it everywhere.
    """
    known = [value for value in (before, after) if value is not None]
    if not known:
        return ""
    spelled = ["none" if value is None else amount(value, currency, *known) for value in (before, after)]
    return f"{_TO.join(spelled)} {currency or ''}".rstrip()


def _number(value: Decimal, currency: str) -> dg.MetadataValue:
    decimals = decimals_of(currency, value)
    shown = rounded(value, decimals)
    return dg.MetadataValue.float(float(shown)) if decimals else dg.MetadataValue.int(int(shown))


def _cell(value: object, currency: object) -> str:
    if isinstance(value, Decimal):
        return amount(value, str(currency))
    if isinstance(value, float):
        return f"{value:,.2f}"
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
