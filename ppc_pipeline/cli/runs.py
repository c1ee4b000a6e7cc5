"""Running Dagster jobs in the foreground: ordinary runs that the UI shows later, without a daemon.

Here: one run, and what it left in the warehouse. Not here: Dagster's home (``home``), or what a command asks for.
"""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import typer

from ppc_pipeline.amazon_ads.errors import distinct, without_request_id
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.cli.console import err, out, print_json, print_table
from ppc_pipeline.cli.home import prepare_home
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs.partitions import RANGE_END_TAG, RANGE_START_TAG
from ppc_pipeline.defs.resources import AmazonAdsResource, LedgerResource, WarehouseResource
from ppc_pipeline.pipeline import Tools, broken_accounts, completeness
from ppc_pipeline.progress import Progress
from ppc_pipeline.reports.completeness import COMPLETE, DayStatus, Stretch
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.reports.windows import ONE_DAY, Days, served_before
from ppc_pipeline.settings import Settings, SettingsError, load_settings
from ppc_pipeline.warehouse.quarantine import rows_in_quarantine
from ppc_pipeline.warehouse.queries import Total, report_totals
from ppc_pipeline.wording import amount, counted

_CLASS_NAME = re.compile(r"^[\w.]+: ")


def settings_here() -> Settings:
    """Read the settings, where it is clear which project's they are.

    Raises:
        SettingsError: They are wrong; or this is not the project's directory and no data directory is set, so that
            the sandbox would take the place of the accounts in the project's ``.env``.
    """
    if not (Path("workspace.yaml").exists() or Path(".env").exists() or os.environ.get("PPC_DATA_DIR")):
        raise SettingsError(
            f"{Path.cwd()} is not the project's directory, and no data directory is set: "
            "run ppc in the project's directory, or set PPC_DATA_DIR (and the account) in the environment"
        )
    return load_settings()


def tools_of(settings: Settings) -> Tools:
    """Return the tools that the runs use too."""
    warehouse = WarehouseResource(
        database=settings.warehouse, lake_path=settings.lake_path, wait_seconds=settings.warehouse_wait_seconds
    )
    return AmazonAdsResource().tools(LedgerResource(), warehouse)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run did.

    Attributes:
        succeeded: Why not is in the run's log, and on the terminal.
        metadata: Asset or step -> what it says of itself.
    """

    succeeded: bool
    metadata: Mapping[str, Mapping[str, Any]]


def execute_job(
    settings: Settings,
    name: str,
    progress: Progress,
    *,
    ops: Mapping[str, dg.Config] | None = None,
    days: Days | None = None,
    assets: Sequence[str] | None = None,
) -> Ran:
    """Run a job in this process, recorded in Dagster's instance.

    Args:
        settings: Which definitions.
        name: The job.
        progress: Told how far it is.
        ops: Config by step.
        days: The range of date partitions.
        assets: The assets to materialize; all of the job's by default.
    """
    prepare_home(settings)
    tags = {}
    if days is not None:
        tags[RANGE_START_TAG] = days.start.isoformat()
        tags[RANGE_END_TAG] = days.end.isoformat()
    config: dict[str, Any] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    if ops:
        config |= {"ops": {step: {"config": given.model_dump()} for step, given in ops.items()}}
    with dg.DagsterInstance.get() as instance:
        job = build_defs(settings, progress).resolve_job_def(name)
        selection = [dg.AssetKey(asset) for asset in assets] if assets else None
        result = job.execute_in_process(
            instance=instance, tags=tags, run_config=config, asset_selection=selection, raise_on_error=False
        )
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            error = event.step_failure_data.error
            if error.cls_name in ("DagsterExecutionInterruptedError", "KeyboardInterrupt"):
                raise KeyboardInterrupt
            reason = _CLASS_NAME.sub("", (error.cause or error).message.strip())
            err.print(f"{event.step_key}: {reason}", style="red", markup=False, soft_wrap=True)
    if not result.success and result.dagster_run.status is dg.DagsterRunStatus.CANCELED:
        raise KeyboardInterrupt
    return Ran(result.success, dict(_metadata(result)))


def _metadata(result: dg.ExecuteInProcessResult) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for event in result.all_events:
        if event.is_step_materialization:
            made = event.step_materialization_data.materialization
            yield made.asset_key.to_user_string(), {key: value.value for key, value in made.metadata.items()}
        elif event.is_successful_output:
            found = event.step_output_data.metadata
            yield event.step_key or "", {key: value.value for key, value in found.items()}


def say_what_is_older(settings: Settings, now: datetime) -> None:
    """Say of which report types Amazon serves days before ``PPC_START_DATE``, and how to have them."""
    more = served_before(settings.start_date, settings.selected_report_types(), now)
    if more:
        named = ", ".join(f"{days} days of {name}" for name, days in more.items())
        first = settings.start_date - ONE_DAY * max(more.values())
        out.print(
            f"Amazon serves more than is asked for, from before PPC_START_DATE ({settings.start_date}): {named} -> set "
            f"PPC_START_DATE={first} to have them too; it is the first date partition",
            highlight=False,
            soft_wrap=True,
        )


def show_outcome(
    tools: Tools, report_types: Sequence[ReportType], days: Days, *, as_json: bool, profiles: Collection[int] = ()
) -> None:
    """Print rows and money by profile and report type, and what is missing; exit code 1 where something failed.

    Args:
        tools: What the runs used.
        report_types: Which reports.
        days: Which dates.
        as_json: Whether a program reads it.
        profiles: Whose; everyone's by default.
    """
    with tools.warehouse.connect(read_only=True) as connection:
        totals = {
            report_type.name: [
                total
                for total in report_totals(connection, REPORT_TABLES[report_type.name], days.start, days.end)
                if not profiles or total.profile_id in profiles
            ]
            for report_type in report_types
        }
        in_quarantine = {
            report_type.name: number
            for report_type in report_types
            if (number := rows_in_quarantine(connection, report_type.name, tuple(profiles)))
        }
    found = completeness(tools, report_types, days, profiles)
    incomplete = [stretch for stretch in found if stretch.status not in COMPLETE]
    concerned = {stretch.account for stretch in found}
    broken = {name: why for name, why in broken_accounts(tools).items() if not profiles or name in concerned}
    if as_json:
        print_json(
            {
                "sandbox": tools.sandbox,
                "start": days.start,
                "end": days.end,
                "totals": [_total_json(name, total) for name, some in totals.items() for total in some],
                "incomplete": [
                    {
                        "account": s.account,
                        "profile_id": s.profile_id,
                        "report_type": s.report_type,
                        "start": s.days.start,
                        "end": s.days.end,
                        "status": s.status,
                        "reason": s.reason,
                    }
                    for s in incomplete
                ],
                "rows_in_quarantine": in_quarantine,
                "accounts_in_trouble": broken,
            }
        )
    else:
        rows = [_total_row(name, total) for name, some in totals.items() for total in some]
        header = ("profile", "name", "report type", "days", "rows", "cost", "sales", "currency")
        print_table(f"In the warehouse, {days}", header, sorted(rows, key=lambda row: (row[1], row[0], row[2])))
        if incomplete:
            columns = ("account", "profile", "report type", "days", "status", "why")
            print_table("Not complete", columns, _not_complete(incomplete))
        if in_quarantine:
            rows_of = ", ".join(f"{number:,} of {name}" for name, number in in_quarantine.items())
            err.print(f"rows in quarantine, which could not be loaded: {rows_of} (`ppc rejected`)", style="yellow")
        for line in [*not_over(found), *_not_offered(found)]:
            err.print(line, style="yellow", markup=False, soft_wrap=True)
        for reason in broken.values():
            err.print(reason, style="red", markup=False, soft_wrap=True)
    if broken or any(stretch.in_trouble for stretch in incomplete):
        raise typer.Exit(1)


def _not_complete(stretches: Sequence[Stretch]) -> list[tuple[str, str, str, str, str, str]]:
    """Return a row for each profile and reason: a refused profile is refused every report type and day alike."""
    ailing: dict[tuple[str, int, str, str], list[Stretch]] = defaultdict(list)
    for s in stretches:
        ailing[s.account, s.profile_id, s.status, without_request_id(s.reason)].append(s)
    return [
        (account, str(profile), named_types(s.report_type for s in some), _days_of(some), status, why)
        for (account, profile, status, _), some in ailing.items()
        for why in distinct(s.reason for s in some)
    ]


def named_types(names: Iterable[str]) -> str:
    """Name report types, or say how many they are."""
    different = list(dict.fromkeys(names))
    return ", ".join(different) if len(different) <= 3 else f"{len(different)} report types"


def _days_of(stretches: Sequence[Stretch]) -> str:
    """Say which days stretches are of; where they are not all of the same, between which dates."""
    days = {s.days for s in stretches}
    hull = Days(min(one.start for one in days), max(one.end for one in days))
    return str(hull) if len(days) == 1 else f"within {hull}"


def not_over(found: Sequence[Stretch]) -> list[str]:
    """Say for each profile which of the dates are not over in its time zone."""
    days = {(s.profile_id, s.profile_name): s.days for s in found if s.status is DayStatus.NOT_OVER}
    return [
        f"{name} ({profile_id}): {some} is not over in its time zone, and not asked for yet"
        for (profile_id, name), some in sorted(days.items())
    ]


def _not_offered(found: Sequence[Stretch]) -> list[str]:
    """Say what is not to be had at all: one line for each report type, however many profiles."""
    profiles: dict[str, set[int]] = defaultdict(set)
    for stretch in found:
        if stretch.status is DayStatus.NOT_OFFERED:
            profiles[stretch.report_type].add(stretch.profile_id)
    return [
        f"{report_type}: Amazon does not offer it to {counted(len(ids), 'profile')}, which is no failure (`ppc status`)"
        for report_type, ids in profiles.items()
    ]


def _total_row(name: str, total: Total) -> tuple[str, str, str, int, int, str, str, str]:
    cost, sales = ("-" if value is None else amount(value, total.currency_code) for value in (total.cost, total.sales))
    return (
        str(total.profile_id),
        total.profile_name or "",
        name,
        total.days,
        total.rows,
        cost,
        sales,
        total.currency_code,
    )


def _total_json(name: str, total: Total) -> dict[str, object]:
    return {
        "report_type": name,
        "account": total.account,
        "profile_id": total.profile_id,
        "currency_code": total.currency_code,
        "days": total.days,
        "rows": total.rows,
        "cost": total.cost,
        "sales": total.sales,
    }
