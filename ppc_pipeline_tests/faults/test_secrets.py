"""No secret gets out, whatever goes wrong: every fault is driven through Dagster at DEBUG, then everything is searched.

The sandbox is given a client secret and a refresh token that are found nowhere else, and every access token and link
signature it gives out is noted down.
"""

import gzip
import logging
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest

from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.definitions import build_defs
from ppc_pipeline.defs import resources
from ppc_pipeline.sandbox import auth, exports, reports
from ppc_pipeline.sandbox.faults import CALLS, REPORTS, ROWS, Fault
from ppc_pipeline_tests.fakes import FOUR
from ppc_pipeline_tests.faults.conftest import WEEK, Company, FastLoop

CLIENT_SECRET = "needle-client-secret-5f2b9c"
REFRESH_TOKEN = "Atzr|sandbox-needle-refresh-token-c41d77"
PROFILES = 10
TALKERS = ("httpx", "httpcore", "urllib3", "asyncio", "sqlalchemy", "dagster", "ppc_pipeline")
STANDING = (
    *(Fault.LISTED_TWICE, Fault.EXPORT_FAILED, Fault.THROTTLED_FOR_LONG, Fault.REFUSED_COLUMN),
    *(Fault.REFUSED_PROFILE, Fault.REVOKED_TOKEN),
)
ALONE = (Fault.TOKEN_EXPIRED, Fault.THROTTLED_FOR_LONG)
"""They would spoil what the other reports are to meet: the one for the whole account, the other for hours."""

Places = Iterable[tuple[str, bytes]]


@dataclass
class Secrets:
    """What must be found nowhere."""

    access_tokens: set[str] = field(default_factory=set)
    signatures: set[str] = field(default_factory=set)

    @property
    def needles(self) -> dict[str, bytes]:
        named = {"the client secret": CLIENT_SECRET, "the refresh token": REFRESH_TOKEN.removeprefix("Atzr|")}
        for token in self.access_tokens:  # its beginning is like that of others; its signature is its own
            named[f"access token ...{token[-6:]}"] = token.rpartition(".")[2]
        for signature in self.signatures:
            named[f"signature ...{signature[-6:]}"] = signature
        return {name: text.encode() for name, text in named.items()}


def leaks(places: Places, needles: dict[str, bytes]) -> list[str]:
    """Name every place where a secret is."""
    return [f"{name} in {place}" for place, text in places for name, needle in needles.items() if needle in text]


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    """Have the sandbox use secrets that can be told from everything else, and note down those it makes."""
    noted = Secrets()
    give_token = auth.access_token

    def access_token(*arguments: Any) -> str:
        noted.access_tokens.add(given := give_token(*arguments))
        return given

    def noting(sign: Callable[..., str]) -> Callable[..., str]:
        def url(*arguments: Any) -> str:
            given = sign(*arguments)
            noted.signatures.update(parse_qs(urlsplit(given).query)["X-Amz-Signature"])
            return given

        return url

    monkeypatch.setattr(auth, "SANDBOX_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setattr(auth, "access_token", access_token)
    monkeypatch.setattr(reports, "download_url", noting(reports.download_url))
    monkeypatch.setattr(exports, "signed_url", noting(exports.signed_url))
    return noted


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> list[AdsError]:
    """Every error of the client, from here on."""
    errors: list[AdsError] = []
    make = AdsError.__init__

    def remember(self: AdsError, *arguments: Any, **more: Any) -> None:
        make(self, *arguments, **more)
        errors.append(self)

    monkeypatch.setattr(AdsError, "__init__", remember)
    return errors


@pytest.fixture
def at_debug(caplog: pytest.LogCaptureFixture, start: Any) -> None:
    for name in (None, *TALKERS):
        caplog.set_level(logging.DEBUG, name)


@dataclass
class Project:
    """The project as Dagster runs it, with storage on disk."""

    company: Company
    home: Path
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def run(self, job: str, *assets: str) -> dg.ExecuteInProcessResult:
        days = {
            "dagster/asset_partition_range_start": str(WEEK.start),
            "dagster/asset_partition_range_end": str(WEEK.end),
        }
        return self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            tags=days if job == "reports_job" else {},
            run_config={"resources": {"amazon_ads": {"config": {"poll_first_seconds": 1, "poll_most_seconds": 5}}}},
            asset_selection=[dg.AssetKey(asset) for asset in assets] if assets else None,
            raise_on_error=False,
        )


@pytest.fixture
def project(start: Any, secrets: Secrets, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Project]:
    """The project on a sandbox that works so far."""
    credentials = {"AMAZON_ADS_CLIENT_SECRET": CLIENT_SECRET, "AMAZON_ADS_REFRESH_TOKEN": REFRESH_TOKEN}
    company = start(
        settings={**credentials, "PPC_START_DATE": "2026-11-01", "PPC_FRESH_HOURS": "0"},
        profiles=PROFILES,
        page_size=2,
        slow_seconds=0.05,
        pending_seconds=60.0,
        campaigns=1,
    )
    monkeypatch.setattr(resources, "_ledger", lambda _: company.tools.ledger)
    monkeypatch.setattr("asyncio.events.new_event_loop", FastLoop)
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield Project(company, home, instance, build_defs(company.tools.settings))


def one_each(profile_ids: Collection[int]) -> str:
    """Give each report a fault of its own."""
    faults = [fault for fault in (*CALLS, *sorted(REPORTS), *ROWS) if fault not in ALONE]
    pairs = [*product(profile_ids, FOUR)]
    assert len(pairs) >= len(faults)
    each = [f"{fault}@ {profile} {name}" for fault, (profile, name) in zip(faults, pairs, strict=False)]
    return ",".join([*each, "token-expired@poll", "500@^token"])


def in_logs(caplog: pytest.LogCaptureFixture) -> Places:
    yield "the log", caplog.text.encode()
    for record in caplog.records:
        yield f"a log record of {record.name}", repr(vars(record)).encode()


def in_errors(errors: Iterable[BaseException]) -> Places:
    for error in errors:
        shown = [str(error), repr(error), *traceback.format_exception(error)]
        if isinstance(error, AdsError):  # what else it carries; httpx's carry the request, and end within the client
            shown.append(repr(vars(error)))
        yield f"an exception {type(error).__name__}", "".join(shown).encode()
        yield from in_errors(inner for inner in (error.__cause__, error.__context__) if inner)


def in_files(root: Path) -> Places:
    for path in root.rglob("*"):
        yield f"the name of {path}", str(path.relative_to(root)).encode()
        if path.is_file():
            yield f"{path}", path.read_bytes()
            if path.name.endswith(".json.gz"):
                yield f"{path}, unzipped", gzip.decompress(path.read_bytes())


def in_warehouse(company: Company) -> Places:
    for (table,) in company.query("SELECT DISTINCT table_name FROM duckdb_columns() WHERE NOT internal"):
        rows = company.query(f'SELECT to_json(t)::VARCHAR FROM "{table}" AS t')
        yield f"the table {table}", "\n".join(row for (row,) in rows).encode()


def in_dagster(instance: dg.DagsterInstance) -> Places:
    for run in instance.get_runs():
        yield f"run {run.run_id}", repr(run).encode()
        for entry in instance.all_logs(run.run_id):
            yield f"an event of run {run.run_id}", (repr(entry) + str(entry)).encode()


@pytest.mark.long
def test_no_secret_gets_out_whatever_goes_wrong(
    project, secrets, raised, caplog, capfd, tmp_path, at_debug, monkeypatch
):
    company = project.company
    company.go_wrong("hostile,listed-twice")
    project.run("entities_job", "profiles", "keywords")
    *profiles, refused = company.profile_ids()
    company.go_wrong("429-for-long@list /sp/keywords")
    project.run("entities_job", "keywords")
    company.clock.forward(hours=1)
    monkeypatch.setenv("PPC_ENTITY_SOURCE", "exports")
    company.go_wrong(f"expired-url@download GET,export-failed@{profiles[0]}")
    project.run("entities_job", "keywords")
    company.go_wrong(f"{one_each(profiles)},refused-profile@{refused},refused-column@spCampaigns:addToList$")
    project.run("reports_job")
    company.go_wrong("revoked-token")
    company.clock.forward(hours=1)
    ended = project.run("reports_job", "report_sp_campaigns")

    assert set(company.faults()) == set(Fault), "every fault happened"
    assert not ended.success
    assert len(secrets.access_tokens) >= 2
    assert len(secrets.signatures) > 20
    assert company.calls("download") > 20
    assert len(raised) > 40
    assert len({type(error) for error in raised}) >= 5
    assert {record.name.split(".")[0] for record in caplog.records} >= {"httpx", "httpcore", "ppc_pipeline"}
    printed = "".join(capfd.readouterr())
    assert "STEP_SUCCESS" in printed, "what Dagster prints"
    places = [
        ("what was printed", printed.encode()),
        *in_logs(caplog),
        *in_errors(raised),
        *in_files(tmp_path),
        *in_warehouse(company),
        *in_dagster(project.instance),
    ]
    assert {path.suffix for path in project.home.rglob("*") if path.is_file()} >= {".db"}
    assert leaks(places, secrets.needles) == []


def test_every_fault_is_driven():
    assert {*CALLS, *REPORTS, *ROWS, *STANDING} == set(Fault)


def in_log(company, home, text, caplog):
    logging.getLogger("another_library").debug("calling with %s", text)
    return in_logs(caplog)


def in_cause(company, home, text, caplog):
    error = RuntimeError("harmless")
    error.__cause__ = ValueError(text)
    return in_errors([error])


def in_a_table(company, home, text, caplog):
    company.query("CREATE TABLE notes (note VARCHAR[])")
    company.query("INSERT INTO notes VALUES ([?])", text)
    return in_warehouse(company)


def in_a_file(company, home, text, caplog):
    (home / "report.json.gz").write_bytes(gzip.compress(f"[{text}]".encode()))
    return in_files(home)


def in_a_name(company, home, text, caplog):
    (home / text.replace("|", "_").removeprefix("Atzr_")).touch()
    return in_files(home)


def in_the_ledger(company, home, text, caplog):
    company.tools.roster.account_failed("default", f"failed with {text}")
    return in_files(company.tools.settings.data_dir)


@pytest.mark.parametrize("plant", [in_log, in_cause, in_a_table, in_a_file, in_a_name, in_the_ledger])
def test_a_secret_that_did_get_out_would_be_found(start, secrets, caplog, tmp_path, at_debug, plant):
    places = plant(start(), tmp_path, REFRESH_TOKEN, caplog)
    assert any("the refresh token in" in leak for leak in leaks(places, secrets.needles))


def test_a_secret_in_an_event_or_in_metadata_would_be_found(secrets, tmp_path):
    @dg.asset
    def talkative(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        context.log.info(f"calling with {CLIENT_SECRET}")
        return dg.MaterializeResult(metadata={"url": f"https://x.test/?token={REFRESH_TOKEN}"})

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        dg.materialize([talkative], instance=instance)
        found = leaks([*in_dagster(instance)], secrets.needles)
        stored = leaks([*in_files(tmp_path)], secrets.needles)
    assert {leak.partition(" in ")[0] for leak in found} == {"the client secret", "the refresh token"}
    assert {leak.partition(" in ")[0] for leak in stored} == {"the client secret", "the refresh token"}
