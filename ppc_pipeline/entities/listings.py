"""Listing the entities of every profile at once, and loading what was listed whole.

Here: pages to files, files to the warehouse, and what could not be had. Not here: which lists there are
(``amazon_ads.entities``) or versions and quarantine (``warehouse.entities``).
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import EntityType, Listing
from ppc_pipeline.amazon_ads.errors import AdsError, Category, MalformedResponseError, PermanentError
from ppc_pipeline.entities.profiles import PATIENCE, Trouble
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.reports.roster import Profile, Roster
from ppc_pipeline.reports.tables import ENTITY_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import EntityOutcome, Pages, UnreadablePagesError, load_entities


@dataclass(slots=True)
class Synced:
    """What listing and loading did.

    Attributes:
        outcomes: Entity -> what changed, by profile.
        troubles: What could not be had; those profiles keep what they had of that entity.
    """

    outcomes: dict[str, list[EntityOutcome]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Access:
    """What a sync learns of whom Amazon lets us see.

    Attributes:
        served: Profiles of which a list was read.
        refusals: Profile -> the lists that were refused, and how.
    """

    served: set[int] = field(default_factory=set)
    refusals: dict[int, list[tuple[Listing, str]]] = field(default_factory=lambda: defaultdict(list))

    def revoked(self, profile_id: int, asked: int) -> str | None:
        """Return why a profile is out of reach: every list asked of it was refused.

        One list that is refused says nothing of the others, and lists that not every advertiser has say nothing at all.
        """
        refusals = self.refusals.get(profile_id, [])
        telling = [reason for listing, reason in refusals if listing.ad_product in _EVERYBODYS]
        return telling[0] if telling and len(refusals) == asked else None


_EVERYBODYS = frozenset({None, SPONSORED_PRODUCTS})
"""What any profile with sponsored ads has; one without Sponsored Brands may be refused their lists."""


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists entities for many profiles.

    Attributes:
        clients: A client for each account.
        roster: Where refusals are written down, and their end.
        aside: Where the bytes of a malformed page are kept.
        progress: Told how many lists are done.
        patience: Seconds that one list may spend in cool-downs; the others go on meanwhile.
    """

    clients: Mapping[str, AmazonAdsClient]
    roster: Roster
    aside: Path
    progress: Progress = silent
    patience: float = PATIENCE

    async def sync(
        self, entities: Sequence[EntityType], profiles: Sequence[Profile], warehouse: Warehouse, now: datetime
    ) -> Synced:
        """List some kinds of entities for some profiles, all concurrently, and load each kind in one transaction."""
        synced = Synced()
        with TemporaryDirectory() as directory:
            pages = await self._fetch(entities, profiles, Path(directory), synced)
            await asyncio.to_thread(self._load, entities, profiles, pages, warehouse, synced, now)
        return synced

    async def _fetch(
        self, entities: Sequence[EntityType], profiles: Sequence[Profile], directory: Path, synced: Synced
    ) -> Mapping[str, list[Pages]]:
        pages: dict[str, list[Pages]] = defaultdict(list)
        wanted = [(e, listing, p) for e in entities for listing in e.listings for p in profiles]
        access = _Access()
        done = 0
        self.progress("lists", 0, len(wanted))

        async def one(number: int, entity: EntityType, listing: Listing, profile: Profile) -> None:
            nonlocal done
            try:
                path = directory / f"{number}.json"
                pages[entity.name].append(await self._list(path, listing, profile))
                access.served.add(profile.facts.profile_id)
            except AdsError as error:
                synced.troubles.append(self._trouble(entity, listing, profile, error))
                if error.category is Category.REFUSED:
                    access.refusals[profile.facts.profile_id].append((listing, str(error)))
            done += 1
            self.progress("lists", done, len(wanted))

        async with asyncio.TaskGroup() as group:
            for number, (entity, listing, profile) in enumerate(wanted):
                group.create_task(one(number, entity, listing, profile))
        self._note_access(profiles, access, asked=sum(len(entity.listings) for entity in entities))
        return pages

    def _note_access(self, profiles: Sequence[Profile], access: _Access, *, asked: int) -> None:
        """Block the profiles that Amazon refuses altogether, and no longer those of which it served a list."""
        for profile in profiles:
            profile_id = profile.facts.profile_id
            if reason := access.revoked(profile_id, asked):
                self.roster.block(profile_id, reason, profile.facts.account)
            elif profile.blocked and profile_id in access.served:
                self.roster.unblock(profile_id, profile.facts.account)

    async def _list(self, path: Path, listing: Listing, profile: Profile) -> Pages:
        facts = profile.facts
        client = self.clients.get(facts.account)
        if client is None:
            gone = "the account is no longer configured"
            raise PermanentError(gone, account=facts.account, profile_id=facts.profile_id)
        with path.open("wb") as file:
            async for page in client.list_pages(facts.profile_id, listing, patience=self.patience):
                file.write(page.body + b"\n")
        return Pages(
            path=path,
            account=facts.account,
            profile_id=facts.profile_id,
            currency_code=facts.currency_code,
            ad_product=listing.ad_product,
            items_key=listing.items_key,
            fields=listing.fields,
            constants=listing.constants,
        )

    def _trouble(self, entity: EntityType, listing: Listing, profile: Profile, error: AdsError) -> Trouble:
        facts = profile.facts
        reason = f"the list {listing.path}: {error}"
        if isinstance(error, MalformedResponseError):
            reason += self._keep(entity, facts.profile_id, error.body)
        elif error.category is Category.MISCONFIGURED:
            self.roster.account_failed(facts.account, str(error))
        return Trouble(facts.account, facts.profile_id, entity.name, reason)

    def _keep(self, entity: EntityType, profile_id: int, body: bytes) -> str:
        """Keep bytes that cannot be read aside, and say where."""
        self.aside.mkdir(parents=True, exist_ok=True)
        kept = self.aside / f"{entity.name}-{profile_id}.malformed"
        kept.write_bytes(body)
        return f"; its bytes are kept in {kept}"

    def _load(
        self,
        entities: Sequence[EntityType],
        profiles: Sequence[Profile],
        pages: Mapping[str, list[Pages]],
        warehouse: Warehouse,
        synced: Synced,
        now: datetime,
    ) -> None:
        """Load each kind of entity for the profiles whose every list of it was read to the end."""
        with warehouse.connect() as connection:
            for entity in entities:
                outcomes = None
                while outcomes is None:
                    broken = {t.profile_id for t in synced.troubles if t.what == entity.name}
                    whole = [p.facts.profile_id for p in profiles if p.facts.profile_id not in broken]
                    files = [file for file in pages.get(entity.name, []) if file.profile_id not in broken]
                    try:
                        outcomes = load_entities(connection, ENTITY_TABLES[entity.name], files, whole, now)
                    except UnreadablePagesError as error:  # that profile keeps what it had, and the others are loaded
                        synced.troubles.append(self._unreadable(entity, error))
                synced.outcomes[entity.name] = outcomes

    def _unreadable(self, entity: EntityType, error: UnreadablePagesError) -> Trouble:
        file = error.pages
        kept = self._keep(entity, file.profile_id, file.path.read_bytes())
        reason = f"what Amazon listed cannot be read: {error}{kept}"
        return Trouble(file.account, file.profile_id, entity.name, reason)
