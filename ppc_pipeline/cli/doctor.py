"""``ppc doctor``: is everything as it must be, and what to do where it is not."""

import asyncio
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from importlib.metadata import version
from typing import Annotated

import dagster as dg
import duckdb
import typer
import yaml
from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import PORTFOLIOS
from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.authorisations import REMEDY, Standing, authorisations
from ppc_pipeline.cli.console import log_to_terminal, one_line_errors, out, print_json
from ppc_pipeline.cli.home import HomeBusyError, prepare_home
from ppc_pipeline.cli.runs import settings_here, tools_of
from ppc_pipeline.clients import SANDBOX_WARNING, open_clients, wanted_accounts
from ppc_pipeline.entities.profiles import AGENCY_TYPE, IDLE_AGENCY, UNKNOWN_AGENCY, facts_of, has_campaigns, lacking
from ppc_pipeline.pipeline import Tools
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import ProfileFacts
from ppc_pipeline.settings import SANDBOX_ACCOUNT, Account, Settings, SettingsError, passed_over, unknown_settings
from ppc_pipeline.warehouse.connection import WarehouseBusyError
from ppc_pipeline.warehouse.fx_rates import FxRatesError, read_fx_rates

_GIB = 2**30
_LOW_DISK_GIB = 5
_WAREHOUSE_WAIT_SECONDS = 3.0


class Verdict(StrEnum):
    """How something stands."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


_STYLES = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.WRONG: "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it stands, and what to do."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False) -> None:
    """Look at credentials, hosts, profiles, warehouse, ledger, versions and disk; exit code 1 if anything is wrong."""
    log_to_terminal()
    with one_line_errors():
        settings = settings_here()
        wanted_accounts(settings)
        findings = list(_look(settings))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            out.print(f"[{_STYLES[finding.verdict]}]{finding.verdict:<8}[/] {finding.subject}: ", end="")
            out.print(finding.detail, markup=False, highlight=False, soft_wrap=True)
            if finding.remedy:
                out.print(f"         -> {finding.remedy}", markup=False, highlight=False, soft_wrap=True)
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        raise typer.Exit(1)


def _look(settings: Settings) -> Iterator[Finding]:
    yield _versions()
    yield from _unknown_settings(settings)
    yield from _passed_over(settings)
    yield _disk(settings)
    yield from _fx_rates(settings)
    ledger = _ledger(settings)
    yield ledger
    if ledger.verdict is Verdict.WRONG:
        return
    tools = tools_of(settings)
    yield from _warehouse(tools)
    yield _dagster(settings)
    if tools.sandbox:
        yield Finding("accounts", Verdict.WARNING, SANDBOX_WARNING)
    yield from asyncio.run(_accounts(tools))


def _versions() -> Finding:
    names = ("ppc-pipeline", "dagster", "duckdb", "httpx", "pandas")
    return Finding(
        "versions",
        Verdict.OK,
        ", ".join([f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in names)]),
    )


def _unknown_settings(settings: Settings) -> Iterator[Finding]:
    remedy = "correct the name, or take it out of the environment and of .env"
    yield from (Finding("settings", Verdict.WARNING, said, remedy) for said in unknown_settings(settings))


def _passed_over(settings: Settings) -> Iterator[Finding]:
    if names := passed_over(settings):
        detail = f"PPC_ACCOUNTS_FILE is set, and its accounts alone are worked for: {', '.join(names)} are not read"
        remedy = (
            "unset PPC_ACCOUNTS_FILE (in the shell and in .env) to work for the single account, or unset the others"
        )
        yield Finding("accounts", Verdict.WARNING, detail, remedy)


def _fx_rates(settings: Settings) -> Iterator[Finding]:
    """Read the file of exchange rates as the runs do, and load nothing."""
    path, currency = settings.fx_rates_file, settings.currency
    if path is None:
        if currency is not None:
            detail = f"PPC_CURRENCY is {currency}, and there are no rates to convert to it with"
            yield Finding("exchange rates", Verdict.WARNING, detail, "set PPC_FX_RATES_FILE too, or unset PPC_CURRENCY")
        return
    try:
        found = read_fx_rates(path, currency)
    except FxRatesError as error:
        yield Finding(
            "exchange rates", Verdict.WRONG, str(error), "correct the file, PPC_FX_RATES_FILE or PPC_CURRENCY"
        )
        return
    days = [rate.date for rate in found.rates]
    detail = f"{path} has {len(days)} rates to {found.currency}, {min(days)} to {max(days)}"
    yield Finding("exchange rates", Verdict.OK, detail)


def _disk(settings: Settings) -> Finding:
    directory = settings.data_dir.absolute()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        remedy = "make it writable for this user, or set PPC_DATA_DIR to a directory that is"
        return Finding("data directory", Verdict.WRONG, f"{directory} cannot be written: {error.strerror}", remedy)
    free = shutil.disk_usage(directory).free / _GIB
    verdict = Verdict.OK if free >= _LOW_DISK_GIB else Verdict.WARNING if free >= 1 else Verdict.WRONG
    remedy = (
        "" if verdict is Verdict.OK else "free some space, or set PPC_RAW_RETENTION_DAYS so that old raw files may go"
    )
    return Finding("data directory", verdict, f"{directory} is writable, {free:.0f} GiB free", remedy)


def _ledger(settings: Settings) -> Finding:
    try:
        ledger = Ledger.open(settings.ledger_url)
        ledger.release("doctor")
        ledger.close()
    except (SQLAlchemyError, OSError, ImportError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        return Finding(
            "ledger", Verdict.WRONG, f"cannot be used: {reason}", "correct PPC_LEDGER_URL, or mend its database"
        )
    return Finding("ledger", Verdict.OK, "can be read and written")


def _warehouse(tools: Tools) -> Iterator[Finding]:
    warehouse = replace(tools.warehouse, wait_seconds=_WAREHOUSE_WAIT_SECONDS, notify=lambda _: None)
    try:
        with warehouse.connect() as connection:
            tables = connection.execute("SELECT count(*) FROM information_schema.tables").fetchone()
            empty = tables is not None and not _has_loads(connection)
            mixed = _sandbox_profiles(connection) if not tools.sandbox else 0
    except WarehouseBusyError as error:
        yield Finding("warehouse", Verdict.WARNING, str(error))
        return
    except (duckdb.Error, OSError) as error:
        first = str(error).strip().splitlines()[0]
        remedy = "correct PPC_WAREHOUSE, or restore the file from a copy; raw reports are in the archive"
        yield Finding("warehouse", Verdict.WRONG, f"{tools.warehouse.name} cannot be used: {first}", remedy)
        return
    yield Finding("warehouse", Verdict.OK, f"{tools.warehouse.name}, {tables[0] if tables else 0} tables and views")
    if empty and tools.ledger.any_loaded():
        yield Finding(
            "warehouse",
            Verdict.WARNING,
            "the ledger calls reports loaded, and the warehouse has none of them: it is a new one",
            "run `ppc sync` or a backfill, or let the daemon run: they are loaded again from the raw archive",
        )
    if mixed:
        yield Finding(
            "warehouse",
            Verdict.WARNING,
            f"it holds {mixed} profiles of the sandbox beside your own: their figures are made up",
            f"set PPC_DATA_DIR to a new directory, or leave out account '{SANDBOX_ACCOUNT}' in queries",
        )


def _has_loads(connection: duckdb.DuckDBPyConnection) -> bool:
    there = connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'load_log'").fetchone()
    return bool(there) and connection.execute("SELECT 1 FROM load_log LIMIT 1").fetchone() is not None


def _sandbox_profiles(connection: duckdb.DuckDBPyConnection) -> int:
    there = connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'profiles'").fetchone()
    if not there:
        return 0
    found = connection.execute("SELECT count(*) FROM profiles WHERE account = ?", [SANDBOX_ACCOUNT]).fetchone()
    return int(found[0]) if found else 0


def _dagster(settings: Settings) -> Finding:
    try:
        home = prepare_home(settings)
        with dg.DagsterInstance.get() as instance:
            statuses = instance.get_daemon_statuses()
            running = any(status.healthy for status in statuses.values())
    except HomeBusyError as error:
        return Finding("dagster", Verdict.WRONG, str(error))
    except (SettingsError, OSError, dg.DagsterError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())[:300]
        return Finding("dagster", Verdict.WRONG, f"cannot be used: {reason}", "correct dagster.yaml or DAGSTER_HOME")
    if running:
        return Finding("dagster", Verdict.OK, f"home {home}, the daemon is running")
    return Finding(
        "dagster",
        Verdict.WARNING,
        f"home {home}, the daemon is not running: schedules and the sensor do nothing",
        "start it with `make dev`; `ppc sync` and `ppc backfill` work without it",
    )


async def _accounts(tools: Tools) -> list[Finding]:
    async with open_clients(tools.settings, tools.accounts, tools.ledger) as clients:
        found = await asyncio.gather(*(_account(clients[account.name], account, tools) for account in tools.accounts))
    return [finding for some in found for finding in some]


_OF_STANDING = {Standing.ENDING: Verdict.WARNING, Standing.ENDED: Verdict.WRONG}


def _authorisation(account: Account, tools: Tools) -> Iterator[Finding]:
    """Warn of an authorisation that ends soon, or has ended."""
    today = tools.ledger.clock().date()
    for authorisation in authorisations([account], tools.roster.standings()):
        verdict = _OF_STANDING.get(authorisation.standing(today))
        if verdict:
            yield Finding(f"authorisation {account.name}", verdict, authorisation.describe(today), REMEDY)


async def _account(client: AmazonAdsClient, account: Account, tools: Tools) -> list[Finding]:
    subject = f"account {account.name}"
    host = account.credentials.api_url
    try:
        profiles = await client.list_profiles()
    except AdsError as error:
        return [Finding(subject, Verdict.WRONG, error.message, error.remedy), *_authorisation(account, tools)]
    tools.roster.logged_in(account.name, account.credentials.token_mark)
    listed = [facts_of(account, profile) for profile in profiles]
    wanted = [facts for facts in listed if facts.active]
    misses = lacking(account, listed)
    counts = f"{len(listed)} profiles, {len(wanted)} wanted"
    findings = [_finding(subject, Verdict.WRONG, miss.reason) for miss in misses]
    findings += [_finding(subject, Verdict.WARNING, reason) for reason in account.wanted.unmatched(listed)]
    if all(miss.profile_id is not None for miss in misses):
        findings.insert(0, Finding(subject, Verdict.OK, f"logs in, {host} answers, {counts}"))
    refused = await asyncio.gather(*(_refused(client, facts) for facts in wanted))
    return [*findings, *_authorisation(account, tools), *(finding for finding in refused if finding)]


def _finding(subject: str, verdict: Verdict, reason: str) -> Finding:
    """Take a reason apart that says what to do after an arrow."""
    detail, _, remedy = reason.rpartition(" -> ")
    return Finding(subject, verdict, detail, remedy)


async def _refused(client: AmazonAdsClient, profile: ProfileFacts) -> Finding | None:
    """Try one call in the name of a profile; an agency without campaigns is refused by right."""
    subject = f"profile {profile.profile_id} {profile.name}"
    if profile.account_type == AGENCY_TYPE and not (advertises := await has_campaigns(client, profile.profile_id)):
        if advertises is None:
            return Finding(subject, Verdict.WARNING, UNKNOWN_AGENCY, "try again later")
        return Finding(subject, Verdict.OK, f"left out: {IDLE_AGENCY}")
    try:
        async for _ in client.list_pages(profile.profile_id, PORTFOLIOS.listings[0]):
            break
    except AdsError as error:
        return Finding(subject, Verdict.WRONG, error.message, error.remedy)
    return None
