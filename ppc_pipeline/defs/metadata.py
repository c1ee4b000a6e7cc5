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

MOST_ROWS = 50

NO_PROFILE = "no account has answered yet, or none of its profiles is worked for: `ppc doctor` says why"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """Return a table, cut to its first rows with the number of those left out."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows[:MOST_ROWS]]
    if len(rows) > MOST_ROWS:
        lines.append(f"\n... and {len(rows) - MOST_ROWS} more")
    return dg.MetadataValue.md("\n".join(lines))


def column_schema(columns: Iterable[MetricColumn]) -> dg.TableSchema:
    """Return the columns of a table with what each means."""
    return dg.TableSchema(columns=[dg.TableColumn(one.name, one.type, description=one.doc) for one in columns])


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


def money(amounts: Mapping[str, object]) -> dict[str, dg.MetadataValue]:
    """Return an amount for each currency, as a number that Dagster plots over time. Currencies are never added."""
    return {name: dg.MetadataValue.float(float(str(value))) for name, value in sorted(amounts.items())}


def _cell(value: object) -> str:
    if isinstance(value, float | Decimal):
        return "" if value != value else f"{value:,.2f}"  # NaN is how a frame says NULL
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
