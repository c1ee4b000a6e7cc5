"""Having exports made: asked for, waited for and brought into a file, one of a kind for a profile, whoever wants it.

Here: the places among those in progress, polling, the deadline, the download and its check. Not here: which lists'
rows an export has (``exported``), or what is done where there is none (``listings``).
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import MalformedResponseError, Origin, PermanentError, RetryableError
from ppc_pipeline.amazon_ads.exports import JOBS_AT_ONCE, ExportKind
from ppc_pipeline.amazon_ads.models import Export, ReportStatus
from ppc_pipeline.reports.archive import GzipJsonCheck
from ppc_pipeline.reports.roster import Profile

DEADLINE = 900.0
"""Seconds. Recorded exports took less than one; Amazon names no longest time."""

_LONGEST_PAUSE = 30.0
_DOWNLOADS = 3
_KEPT_BYTES = 64 * 1024
_REMEDY = "the next sync asks for a new one; with PPC_ENTITY_SOURCE=lists it is read page by page"


@dataclass(slots=True)
class Exports:
    """The exports of one sync.

    Attributes:
        clients: A client for each account.
        directory: Where the files are written.
        patience: Seconds that one call may spend in cool-downs.
        deadline: Seconds that an export may take, from the moment it has a place among those in progress.
        sleep: How to wait between two looks.
    """

    clients: Mapping[str, AmazonAdsClient]
    directory: Path
    patience: float
    deadline: float = DEADLINE
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _jobs: dict[tuple[str, int, str], asyncio.Task[Path]] = field(default_factory=dict)
    _places: dict[tuple[str, str], asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(JOBS_AT_ONCE))
    )

    async def file(self, profile: Profile, kind: ExportKind) -> Path:
        """Return the file of a profile's export: one array, gzipped, whole. Asked for once, however many want it.

        Raises:
            AdsError: It could not be had: Amazon refuses or fails to make it, or it is not made in time.
        """
        facts = profile.facts
        key = (facts.account, facts.profile_id, kind.name)
        if key not in self._jobs:
            job = _Job(self, client_of(self.clients, profile), profile, kind)
            self._jobs[key] = asyncio.create_task(job.file())
        return await self._jobs[key]

    def place(self, client: AmazonAdsClient, kind: ExportKind) -> asyncio.Semaphore:
        """Return what bounds the exports of a kind that are in progress: Amazon counts them by application."""
        return self._places[client.application, kind.name]


@dataclass(slots=True)
class _Job:
    """One export on its way."""

    exports: Exports
    client: AmazonAdsClient
    profile: Profile
    kind: ExportKind
    title: str = "export"

    @property
    def origin(self) -> Origin:
        return Origin(account=self.profile.facts.account, profile_id=self.profile.facts.profile_id)

    async def file(self) -> Path:
        """Wait for a place, have it made and download it; the place is free again when it is made, or given up."""
        path = self.exports.directory / f"{self.origin['profile_id']}-{self.kind.path.strip('/').replace('/', '-')}.gz"
        try:
            async with self.exports.place(self.client, self.kind):
                until = asyncio.get_running_loop().time() + self.exports.deadline
                async with asyncio.timeout_at(until):
                    made = await self._made()
            async with asyncio.timeout_at(until):
                await self._bring(made, path)
        except TimeoutError:
            minutes = self.exports.deadline / 60
            late = f"the {self.title} of {self.kind.name} was not there {minutes:g} min after it was asked for"
            raise RetryableError(late, remedy=_REMEDY, **self.origin) from None
        return path

    async def _made(self) -> Export:
        """Have it made, and wait until it is."""
        whose, patience = self.profile.facts.profile_id, self.exports.patience
        export = await self.client.create_export(whose, self.kind, patience=patience)
        self.title = export.title
        for pause in _pauses():
            export = await self._look(export)
            if export.status is ReportStatus.COMPLETED:
                return export
            if export.status is ReportStatus.FAILED:
                why = f"{export.error.error_code} {export.error.message}" if export.error else "it does not say why"
                message = f"Amazon failed to make the {self.title} of {self.kind.name}: {why.strip()}"
                raise RetryableError(message, remedy=_REMEDY, **self.origin)
            await self.exports.sleep(pause)
        raise AssertionError("pauses do not end")

    async def _look(self, export: Export) -> Export:
        whose, patience = self.profile.facts.profile_id, self.exports.patience
        return await self.client.get_export(whose, self.kind, export.export_id, patience=patience)

    async def _bring(self, export: Export, path: Path) -> None:
        """Download it; what broke off is begun anew, with a new link."""
        for left in reversed(range(_DOWNLOADS)):
            try:
                await self._download(export, path)
            except RetryableError:
                if not left:
                    raise
                export = await self._look(export)
            else:
                return

    async def _download(self, export: Export, path: Path) -> None:
        check = GzipJsonCheck()
        with path.open("wb") as file:
            async with self.client.download(self.profile.facts.profile_id, export) as chunks:
                async for chunk in chunks:
                    file.write(chunk)
                    check.feed(chunk)
        if problem := check.problem():
            message = f"the file of the {self.title} of {self.kind.name} is not whole: {problem}"
            with path.open("rb") as broken:
                body = broken.read(_KEPT_BYTES)
            raise MalformedResponseError(message, body=body, **self.origin)


def client_of(clients: Mapping[str, AmazonAdsClient], profile: Profile) -> AmazonAdsClient:
    """Return the client of a profile's account.

    Raises:
        PermanentError: The account is no longer configured.
    """
    facts = profile.facts
    if (client := clients.get(facts.account)) is None:
        gone = "the account is no longer configured"
        raise PermanentError(gone, account=facts.account, profile_id=facts.profile_id)
    return client


def _pauses() -> Iterator[float]:
    """Yield the seconds between two looks: half a second, and ever longer."""
    pause = 0.5
    while True:
        yield pause
        pause = min(pause * 1.5, _LONGEST_PAUSE)
