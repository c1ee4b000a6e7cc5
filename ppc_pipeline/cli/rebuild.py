"""``ppc rebuild``: load reports again from the raw archive, with Amazon switched off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.cli.console import Bars, log_to_terminal, one_line_errors, out, print_json, print_table, refuse
from ppc_pipeline.cli.options import (
    AsJson,
    FirstDate,
    LastDate,
    ProfileIds,
    ReportTypeNames,
    days_between,
    known_profiles,
    report_types_of,
)
from ppc_pipeline.cli.runs import execute_job, settings_here, tools_of
from ppc_pipeline.defs.assets.reports import STEP, ReportRun
from ppc_pipeline.defs.partitions import range_over
from ppc_pipeline.rebuild import Plan, plan_rebuild
from ppc_pipeline.reports.ledger import ReportRow
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import ONE_DAY, Days, utc_now
from ppc_pipeline.settings import Settings

_NUMBERS = {
    "reports_loaded_now": "reports loaded",
    "rows_loaded": "rows",
    "rows_freed_from_quarantine": "freed from quarantine",
    "rows_in_quarantine": "in quarantine",
    "days_changed": "days changed",
    "days_unchanged": "days unchanged",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    report_types: tuple[ReportType, ...]
    days: Days
    profiles: tuple[int, ...]


def rebuild(
    report_type: ReportTypeNames = None,
    first: FirstDate = None,
    last: LastDate = None,
    profile: ProfileIds = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every report type and date, as far as the options above do not say.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Load reports again from the raw archive, without Amazon: after a fix in the code.

    Reports whose raw file is gone, or whose profile no account has, are named and left as they are. Ctrl-C is safe: the
    same command completes it.
    """
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        report_types, days = _wanted(settings, report_type or [], days_between(first, last), everything=everything)
        tools = tools_of(settings)
        asked = Asked(report_types, days, known_profiles(tools, profile or []))
        plan = plan_rebuild(tools, asked.report_types, asked.days, asked.profiles)
        covered = range_over((row.days for row in plan.again), settings.start_date)
        succeeded, changed = True, list[dict[str, Any]]()
        if covered is not None:
            with Bars(shown=not as_json) as bars:
                succeeded, changed = _run(settings, asked, covered.intersect(days) or covered, bars)
    left = [row for row in tools.ledger.rows([row.id for row in plan.again]) if row.state is not State.LOADED]
    if as_json:
        _print(plan, changed, left)
    else:
        _show(asked, plan, changed, left)
    if not succeeded or left or plan.gone or plan.unknown:
        raise typer.Exit(1)


def _wanted(
    settings: Settings, names: Sequence[str], days: Days | None, *, everything: bool
) -> tuple[tuple[ReportType, ...], Days]:
    if not everything and not (names and days):
        refuse("say what to rebuild: --report-type with --from and --to, or --all")
    newest = utc_now().date() - ONE_DAY
    days = days or Days(min(settings.start_date, newest), newest)
    if days.end > newest:
        refuse(f"--to ({days.end}) is not over yet; the newest date there can be is {newest}")
    within = days.intersect(Days(settings.start_date, max(newest, settings.start_date)))
    if within is None:
        refuse(f"--from and --to ({days}): the project's dates are {settings.start_date} (PPC_START_DATE) to {newest}")
    return report_types_of(settings, names), within


def _run(settings: Settings, asked: Asked, days: Days, bars: Bars) -> tuple[bool, list[dict[str, Any]]]:
    chosen = settings.model_copy(update={"report_types": tuple(t.name for t in asked.report_types)})
    ops = {STEP: ReportRun(rebuild=True, profiles=list(asked.profiles))}
    ran = execute_job(chosen, "reports_job", bars, ops=ops, days=days)
    return ran.succeeded, [
        _changed(report_type, ran.metadata[report_type.table])
        for report_type in asked.report_types
        if report_type.table in ran.metadata
    ]


def _changed(report_type: ReportType, metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"report_type": report_type.name, **{name: metadata[name] for name in _NUMBERS}}


def _print(plan: Plan, changed: Sequence[Mapping[str, Any]], left: Sequence[ReportRow]) -> None:
    print_json(
        {
            "report_types": changed,
            "reports": len(plan.again),
            "superseded": plan.superseded,
            "raw_file_gone": [_report(row) for row in plan.gone],
            "profile_unknown": [_report(row) for row in plan.unknown],
            "not_loaded": [_report(row) for row in left],
        }
    )


def _report(row: ReportRow) -> dict[str, object]:
    return {
        "account": row.account,
        "profile_id": row.profile_id,
        "report_type": row.report_type,
        "start": row.start_date,
        "end": row.end_date,
        "report_id": row.report_id,
        "state": row.state,
        "reason": row.reason,
    }


def _show(asked: Asked, plan: Plan, changed: Sequence[Mapping[str, Any]], left: Sequence[ReportRow]) -> None:
    if not plan.again and not plan.gone and not plan.unknown:
        out.print(f"There is nothing to rebuild: no report that covers {asked.days} was loaded.")
    if changed:
        rows = [(row["report_type"], *(row[name] for name in _NUMBERS)) for row in changed]
        print_table(f"Loaded again from the raw archive, {asked.days}", ("report type", *_NUMBERS.values()), rows)
    titles = {
        "Left as they are: the raw file is gone": plan.gone,
        "Left as they are: no configured account has the profile (add it again, or sync its profiles)": plan.unknown,
        "Not loaded": left,
    }
    for title, some in titles.items():
        if some:
            lines = [(r.account, str(r.profile_id), r.report_type, str(r.days), r.report_id, r.reason) for r in some]
            print_table(title, ("account", "profile", "report type", "days", "report", "why"), lines)
    if plan.superseded:
        out.print(f"{plan.superseded} older reports were left out: newer ones bring all of these days.")
