"""``ppc status``: accounts, API usage, profiles, what is outstanding and what failed, from the ledger alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Annotated

import typer

from ppc_pipeline.amazon_ads.errors import distinct, without_request_id
from ppc_pipeline.cli.console import log_to_terminal, one_line_errors, out, print_json, print_table
from ppc_pipeline.cli.runs import named_types, say_what_is_older, settings_here, tools_of
from ppc_pipeline.pipeline import Tools, completeness
from ppc_pipeline.reports.completeness import DayStatus, Stretch, by_report_type, by_status
from ppc_pipeline.reports.refused_columns import RefusedAlike, refused_alike, refused_to
from ppc_pipeline.reports.usage import usage_since
from ppc_pipeline.reports.windows import Days, served_before

SHOWN_DAYS = 95
USAGE_DAYS = 7
MOST_LINES = 40
"""Of many profiles and report types thousands of reports are outstanding in the morning: people see some of them."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to show, as ``--json`` prints it."""

    sandbox: bool
    warehouse: str
    start: date
    end: date
    accounts: list[Row]
    usage: list[Row]
    profiles: list[Row]
    report_types: list[Row]
    not_offered: list[Row]
    refused_columns: list[RefusedAlike]
    outstanding: list[Row]
    failed: list[Row]


def status(as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False) -> None:
    """Show accounts, API usage, profiles, coverage, and outstanding and failed reports with reasons and ages.

    Asks neither Amazon nor the warehouse: it works while a load is going on.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        tools = tools_of(settings)
    now = tools.ledger.clock()
    today = now.date()
    days = Days(min(max(settings.start_date, today - timedelta(days=SHOWN_DAYS)), today), today)
    found = completeness(tools, settings.selected_report_types(), days)
    report = Report(
        sandbox=tools.sandbox,
        warehouse=tools.warehouse.name,
        start=days.start,
        end=days.end,
        accounts=_accounts(tools),
        usage=_usage(tools, today),
        profiles=_profiles(tools, found),
        report_types=_report_types(found, served_before(settings.start_date, settings.selected_report_types(), now)),
        not_offered=_not_offered(tools),
        refused_columns=refused_alike(refused_to(tools.ledger, tools.account_names)),
        outstanding=_reports(found, DayStatus.OUTSTANDING),
        failed=_reports(found, DayStatus.FAILED),
    )
    if as_json:
        print_json(asdict(report))
    else:
        _show(report)
        if report.profiles:
            say_what_is_older(settings, now)


def _accounts(tools: Tools) -> list[Row]:
    standings = tools.roster.standings()
    profiles = tools.roster.profiles(tools.account_names)
    rows: list[Row] = []
    for account in tools.accounts:
        standing = standings.get(account.name)
        own = [profile for profile in profiles if profile.facts.account == account.name]
        rows.append(
            {
                "account": account.name,
                "region": account.credentials.region.value,
                "sandbox": account.sandbox,
                "profiles": len(own),
                "active_profiles": sum(profile.facts.active for profile in own),
                "ok_at": standing.ok_at if standing else None,
                "error": standing.error if standing else None,
                "error_since": standing.error_since if standing else None,
            }
        )
    return rows


def _usage(tools: Tools, today: date) -> list[Row]:
    """Return how much of the API each account used in the last days, today among them."""
    names = tools.account_names
    used = usage_since(tools.ledger, today - timedelta(days=USAGE_DAYS - 1))
    return [{**asdict(one), "success_rate": one.success_rate} for one in used if one.account in names]


def _profiles(tools: Tools, found: Sequence[Stretch]) -> list[Row]:
    """Return each profile with its coverage: profile-days over all report types that should be there."""
    counts: dict[int, dict[DayStatus, int]] = defaultdict(lambda: defaultdict(int))
    newest: dict[int, date] = {}
    for stretch in found:
        counts[stretch.profile_id][stretch.status] += len(stretch.days)
        if stretch.status is DayStatus.LOADED:
            last = newest.get(stretch.profile_id, stretch.days.end)
            newest[stretch.profile_id] = max(last, stretch.days.end)
    rows: list[Row] = []
    for profile in tools.roster.profiles(tools.account_names):
        facts, own = profile.facts, counts[profile.facts.profile_id]
        rows.append(
            {
                "profile_id": facts.profile_id,
                "name": facts.name,
                "account": facts.account,
                "country_code": facts.country_code,
                "currency_code": facts.currency_code,
                "timezone": facts.timezone,
                "active": facts.active,
                "left_out_because": facts.skip_reason,
                "blocked_since": profile.blocked_since,
                "blocked_because": profile.blocked_reason,
                **_days(own),
                "newest_day": newest.get(facts.profile_id),
            }
        )
    return rows


def _days(counts: Mapping[DayStatus, int]) -> Row:
    """Count report-days: what should be there, what is, and what is on its way or failed."""
    expected = (DayStatus.LOADED, DayStatus.OUTSTANDING, DayStatus.FAILED, DayStatus.MISSING)
    return {
        "report_days_expected": sum(counts.get(status, 0) for status in expected),
        "report_days_loaded": counts.get(DayStatus.LOADED, 0),
        "report_days_outstanding": counts.get(DayStatus.OUTSTANDING, 0),
        "report_days_failed": counts.get(DayStatus.FAILED, 0),
    }


def _report_types(found: Sequence[Stretch], older: Mapping[str, int]) -> list[Row]:
    """Return each report type with its coverage over all profiles, and how many of them it is not offered to.

    Args:
        found: How its days stand.
        older: How many days before ``PPC_START_DATE`` Amazon serves of it.
    """
    return [
        {
            "report_type": name,
            **_days(by_status(some)),
            "profiles_without": len({s.profile_id for s in some if s.status is DayStatus.NOT_OFFERED}),
            "days_served_before_start": older.get(name, 0),
        }
        for name, some in by_report_type(found).items()
    ]


def _not_offered(tools: Tools) -> list[Row]:
    """Return what profiles that are worked for do not have."""
    return [
        {
            "account": profile.facts.account,
            "profile_id": profile.facts.profile_id,
            "name": profile.facts.name,
            "what": what,
            **asdict(lack),
        }
        for profile in tools.profiles()
        for what, lack in sorted(profile.lacking.items())
    ]


def _reports(found: Sequence[Stretch], wanted: DayStatus) -> list[Row]:
    return [
        {
            "account": s.account,
            "profile_id": s.profile_id,
            "report_type": s.report_type,
            "start": s.days.start,
            "end": s.days.end,
            "since": s.since,
            "reason": s.reason,
        }
        for s in found
        if s.status is wanted
    ]


def _show(report: Report) -> None:
    print_table(
        "Accounts",
        ("account", "region", "profiles", "worked for", "last ok", "trouble"),
        [
            (a["account"], a["region"], a["profiles"], a["active_profiles"], _moment(a["ok_at"]), a["error"])
            for a in report.accounts
        ],
    )
    if report.usage:
        print_table(
            f"API usage of the last {USAGE_DAYS} days",
            (
                "account",
                "ad product",
                "calls",
                "429s",
                *("refused", "failed", "retries"),
                "seconds cooled",
                "success %",
                "in flight",
            ),
            [
                (
                    *(u["account"], u["ad_product"] or "-", u["calls"], u["throttled"]),
                    *(u["refused"], u["failed"], u["retries"]),
                    *(u["seconds_cooled"], _percent(u["success_rate"]), u["reports_in_flight"]),
                )
                for u in report.usage
            ],
        )
    if not report.profiles:
        out.print("No profile is known yet: run `ppc sync`, or materialize the asset `profiles`.")
        return
    print_table(
        f"Profiles, {report.start} to {report.end}",
        ("profile", "name", "country", "currency", "report-days loaded", "outstanding", "failed", "newest day", ""),
        [
            (
                str(p["profile_id"]),
                p["name"],
                p["country_code"],
                p["currency_code"],
                f"{p['report_days_loaded']} of {p['report_days_expected']}",
                p["report_days_outstanding"],
                p["report_days_failed"],
                p["newest_day"],
                p["blocked_because"] or p["left_out_because"] or "",
            )
            for p in report.profiles
        ],
    )
    print_table(
        f"Report types, {report.start} to {report.end}",
        ("report type", "report-days loaded", "outstanding", "failed", "profiles without"),
        [
            (
                t["report_type"],
                f"{t['report_days_loaded']} of {t['report_days_expected']}",
                *(t["report_days_outstanding"], t["report_days_failed"], t["profiles_without"]),
            )
            for t in report.report_types
        ],
    )
    if report.not_offered:
        print_table("Not offered, and no failure", ("account", "what", "profiles", "why"), _joined(report.not_offered))
    if report.refused_columns:
        print_table(
            "Columns that Amazon refuses, NULL in new rows",
            ("account", "report type", "columns", "profiles", "tried again on"),
            [
                (
                    *(some.account, some.report_type, ", ".join(some.columns)),
                    *(_named([str(id_) for id_ in some.profile_ids]), _moment(some.tried_again_at)),
                )
                for some in report.refused_columns
            ],
        )
    for title, some in (("Outstanding reports", report.outstanding), ("Failed reports", report.failed)):
        if some:
            _show_reports(title, some)


def _show_reports(title: str, reports: Sequence[Row]) -> None:
    """Print reports, the oldest of them where they are many; those that one thing ails are one line."""
    ailing: dict[tuple[object, str, str], list[Row]] = defaultdict(list)
    for report in sorted(reports, key=lambda r: str(r["since"] or "")):
        ailing[report["account"], str(report["profile_id"]), without_request_id(str(report["reason"]))].append(report)
    lines = [
        (
            *(account, profile, named_types(str(r["report_type"]) for r in some), len(some)),
            *(min(str(r["start"]) for r in some), max(str(r["end"]) for r in some), _moment(some[0]["since"]), why),
        )
        for (account, profile, _), some in ailing.items()
        for why in distinct(str(r["reason"]) for r in some)
    ]
    header = ("account", "profile", "report type", "reports", "from", "to", "since", "why")
    print_table(title, header, lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        out.print(f"... and {len(lines) - MOST_LINES} more, which `ppc status --json` lists")


def _joined(absent: Sequence[Row]) -> list[tuple[object, object, str, object]]:
    """Say what is not offered in one line for each account and product, however many profiles lack it."""
    groups: dict[tuple[object, object], list[Row]] = defaultdict(list)
    for row in absent:
        groups[row["account"], row["what"]].append(row)
    return [
        (account, what, _named([f"{row['name']} {row['profile_id']}" for row in rows]), rows[0]["reason"])
        for (account, what), rows in groups.items()
    ]


def _named(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _percent(share: object) -> float | None:
    return 100 * share if isinstance(share, float) else None


def _moment(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC" if value else "-"
