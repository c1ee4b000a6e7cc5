"""Listing the entities of every profile at once, and loading every list that was read whole.

Here: pages to files, files to the warehouse, and what could not be had. Not here: which lists there are
(``amazon_ads.entities``), exports (``exports``, ``exported``), what refusals mean (``access``), or versions and
quarantine (``warehouse.entities``).
"""

import asyncio
import logging
from asyncio import FIRST_EXCEPTION
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import EntityType
from ppc_pipeline.amazon_ads.errors import AdsError, Category, MalformedResponseError
from ppc_pipeline.entities.access import Access, Errand, Failure
from ppc_pipeline.entities.exported import EXPORTED, Exported
from ppc_pipeline.entities.exports import DEADLINE, Exports, client_of
from ppc_pipeline.entities.profiles import PATIENCE, Trouble
from ppc_pipeline.progress import Progress, silent
from ppc_pipeline.reports.roster import Profile, Roster
from ppc_pipeline.reports.tables import ENTITY_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import (
    EntityOutcome,
    Pages,
    UnreadablePagesError,
    load_entities,
    products_listed,
)
from ppc_pipeline.warehouse.scratch import scratch_directory
from ppc_pipeline.warehouse.values import Condition

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NotOffered:
    """An ad product that a profile does not have, so that its lists are not asked for daily.

    Attributes:
        reason: Amazon's words, of this sync or of an earlier one.
    """

    account: str
    profile_id: int
    ad_product: str
    reason: str


@dataclass(slots=True)
class Synced:
    """What listing and loading did.

    Attributes:
        at: The moment from which new versions are valid.
        outcomes: Entity -> what changed, by profile and ad product.
        troubles: What could not be had; those lists keep what they had.
        detours: What an export could not be had for, so that the list was read after all: nothing is missing.
        not_offered: Ad products that profiles do not have: no trouble.
    """

    at: datetime
    outcomes: dict[str, list[EntityOutcome]] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    detours: list[Trouble] = field(default_factory=list)
    not_offered: list[NotOffered] = field(default_factory=list)


@dataclass(slots=True)
class _Fetched:
    """What Amazon answered.

    Attributes:
        lists: The lists that were read to the end.
        failures: The others.
        detours: Exports that could not be had, where the lists were read after all.
        taken: Batches of lists that were handed on to be loaded.
    """

    lists: list[tuple[Errand, Pages]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    detours: list[Failure] = field(default_factory=list)
    taken: set[tuple[int, bool]] = field(default_factory=set)

    def take(self, unfinished: Collection[tuple[int, bool]]) -> list[tuple[Errand, Pages]]:
        """Hand on the lists of batches that are done and were not taken before."""
        left = {*unfinished, *self.taken}
        lists = [(errand, pages) for errand, pages in self.lists if errand.batch not in left]
        self.taken |= {errand.batch for errand, _ in lists}
        return lists

    def access(self) -> dict[int, Access]:
        """Return what each profile was served, of the lists that tell what it has."""
        served: dict[int, list[str | None]] = defaultdict(list)
        failures: dict[int, list[Failure]] = defaultdict(list)
        for errand, pages in self.lists:
            if not errand.listing.apart:
                served[errand.profile_id].append(None if pages.export else errand.listing.ad_product)
        for failure in self.failures:
            if not failure.errand.listing.apart:
                failures[failure.errand.profile_id].append(failure)
        return {whose: Access(served[whose], failures[whose]) for whose in served.keys() | failures.keys()}


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists entities for many profiles.

    Attributes:
        clients: A client for each account.
        roster: Where refusals are written down, and their end.
        aside: Where the bytes of a malformed page are kept.
        staging: Where pages and exports are kept until they are loaded.
        progress: Told how many lists are done.
        patience: Seconds that one list may spend in cool-downs; the others go on meanwhile.
        source: Where entities are read from: ``lists``, ``exports`` where there is one, or ``auto``: from its list
            unless that is too long.
        export_above: Objects of which a list may have so many before it is too long.
        export_deadline: Seconds after which an export is given up.
        load_every: Seconds after which the profiles whose lists are all done are loaded, while others wait.
        extended: Whether lists are asked for extended data, where there is any: the serving status, and when an entity
            was created.
    """

    clients: Mapping[str, AmazonAdsClient]
    roster: Roster
    aside: Path
    staging: Path
    progress: Progress = silent
    patience: float = PATIENCE
    source: str = "auto"
    export_above: int = 20_000
    export_deadline: float = DEADLINE
    load_every: float = 60.0
    extended: bool = False

    async def sync(
        self, entities: Sequence[EntityType], profiles: Sequence[Profile], warehouse: Warehouse, now: datetime
    ) -> Synced:
        """List some kinds of entities for some profiles, all concurrently, and load each kind in one transaction.

        Where some profiles' lists take long, those that are done are loaded meanwhile. An ad product that a profile
        was found not to have is left out for a week.
        """
        synced = Synced(now, {entity.name: [] for entity in entities})
        lists = [(e, listing.extended() if self.extended else listing) for e in entities for listing in e.listings]
        everything = [Errand(entity, listing, profile) for entity, listing in lists for profile in profiles]
        errands = [errand for errand in everything if errand.lack(now) is None]
        synced.not_offered += _known_lacks(everything, now)
        with scratch_directory(self.staging) as directory:
            fetched = await self._bring(errands, directory, warehouse, synced)
            await self._judge(fetched, profiles, entities, warehouse, synced)
        return synced

    async def _bring(
        self, errands: Sequence[Errand], directory: Path, warehouse: Warehouse, synced: Synced
    ) -> _Fetched:
        """Run all errands at once, and load the lists of the profiles that are done: one may need what another says.

        That is everything together at the end, unless some profiles take long.
        """
        fetched = _Fetched()
        exports = Exports(self.clients, directory, self.patience, self.export_deadline)
        done = 0
        self.progress("lists", 0, len(errands))

        async def one(number: int, errand: Errand) -> None:
            nonlocal done
            await self._fetch(fetched, errand, exports, directory / f"{number}.json")
            done += 1
            self.progress("lists", done, len(errands))

        tasks = {asyncio.create_task(one(number, errand)): errand for number, errand in enumerate(errands)}
        waiting = set(tasks)
        try:
            while waiting:
                ended, waiting = await asyncio.wait(waiting, timeout=self.load_every, return_when=FIRST_EXCEPTION)
                for task in ended:
                    task.result()
                lists = fetched.take(unfinished={tasks[task].batch for task in waiting})
                await asyncio.to_thread(self._load, lists, warehouse, synced)
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return fetched

    async def _fetch(self, fetched: _Fetched, errand: Errand, exports: Exports, path: Path) -> None:
        exported = EXPORTED.get(errand.listing.path) if self.source != "lists" else None
        if exported is None:
            await self._by_list(fetched, errand, path)
        elif self.source == "exports" or not await self._by_list(fetched, errand, path, most=self.export_above):
            await self._by_export(fetched, errand, exported, exports, path)

    async def _by_list(self, fetched: _Fetched, errand: Errand, path: Path, *, most: int | None = None) -> bool:
        """Read a list page by page, unless it has more than ``most`` objects; say whether that was tried to the end."""
        try:
            whole = await self._list(path, errand, most)
        except AdsError as error:
            fetched.failures.append(Failure(errand, error))
            return True
        if whole:
            fetched.lists.append((errand, _pages(errand, path)))
        return whole

    async def _list(self, path: Path, errand: Errand, most: int | None) -> bool:
        facts, count = errand.profile.facts, 0
        client = client_of(self.clients, errand.profile)
        with path.open("wb") as file:
            async with aclosing(client.list_pages(facts.profile_id, errand.listing, patience=self.patience)) as pages:
                async for page in pages:
                    count += page.count
                    if most is not None and max(count, page.total or 0) > most:
                        return False
                    file.write(page.body + b"\n")
        return True

    async def _by_export(
        self, fetched: _Fetched, errand: Errand, exported: Exported, exports: Exports, path: Path
    ) -> None:
        """Have a list's rows from an export; where there is the choice, from the list after all if that fails."""
        try:
            file = await exports.file(errand.profile, exported.kind)
        except AdsError as error:
            failure = Failure(errand, error, by_export=True)
            if self.source == "exports":
                fetched.failures.append(failure)
                return
            logger.warning("the list %s is read page by page: %s", errand.listing.path, error)
            fetched.detours.append(failure)
            await self._by_list(fetched, errand, path)
        else:
            fetched.lists.append((errand, _pages(errand, file, exported)))

    async def _judge(
        self,
        fetched: _Fetched,
        profiles: Sequence[Profile],
        entities: Sequence[EntityType],
        warehouse: Warehouse,
        synced: Synced,
    ) -> None:
        """Write down whom Amazon refuses and who lacks what, and turn the other failures into troubles."""
        access = fetched.access()
        doubtful = any(some.lacking(()) for some in access.values())
        had = await asyncio.to_thread(_had, entities, warehouse) if doubtful else frozenset()
        lacking: set[tuple[int, str | None]] = set()
        for profile in profiles:
            facts = profile.facts
            if (answers := access.get(facts.profile_id)) is None:
                continue
            self._note_access(profile, answers)
            own = {ad_product for profile_id, ad_product in had if profile_id == facts.profile_id}
            for ad_product, reason in answers.lacking(own).items():
                self.roster.lacks(facts.profile_id, ad_product, reason)
                synced.not_offered.append(NotOffered(facts.account, facts.profile_id, ad_product, reason))
                lacking.add((facts.profile_id, ad_product))
        synced.detours += [self._trouble(failure) for failure in fetched.detours]
        synced.troubles += [
            self._trouble(failure)
            for failure in fetched.failures
            if (failure.errand.profile_id, failure.errand.listing.ad_product) not in lacking
        ]

    def _note_access(self, profile: Profile, access: Access) -> None:
        """Block a profile that Amazon refuses altogether, and no longer one of which it served a list."""
        profile_id = profile.facts.profile_id
        if reason := access.revoked():
            self.roster.block(profile_id, reason, profile.facts.account)
        elif profile.blocked and access.served:
            self.roster.unblock(profile_id, profile.facts.account)
        for ad_product in profile.lacking:
            if ad_product in access.served:
                self.roster.has(profile_id, ad_product)

    def _trouble(self, failure: Failure) -> Trouble:
        errand, error = failure.errand, failure.error
        facts = errand.profile.facts
        reason = f"the list {errand.listing.path}: {error}"
        if isinstance(error, MalformedResponseError):
            reason += self._keep(errand, error.body)
        elif error.category is Category.MISCONFIGURED:
            self.roster.account_failed(facts.account, str(error))
        if failure.minor:
            reason += "; some advertisers do not have this list, and nothing depends on it"
        return Trouble(facts.account, facts.profile_id, errand.entity.name, reason, minor=failure.minor)

    def _keep(self, errand: Errand, body: bytes) -> str:
        """Keep bytes that cannot be read aside, and say where."""
        self.aside.mkdir(parents=True, exist_ok=True)
        name = errand.listing.path.strip("/").replace("/", "-")
        kept = self.aside / f"{name}-{errand.profile_id}.malformed"
        kept.write_bytes(body)
        return f"; its bytes are kept in {kept}"

    def _load(self, fetched: Sequence[tuple[Errand, Pages]], warehouse: Warehouse, synced: Synced) -> None:
        """Load each kind of entity from the lists of it that were read to the end."""
        if not fetched:
            return
        with warehouse.connect() as connection:
            for name, loaded in synced.outcomes.items():
                lists = [(errand, pages) for errand, pages in fetched if errand.entity.name == name]
                outcomes = None
                while outcomes is None:
                    files = [pages for _, pages in lists]
                    scopes = [pages.scope for pages in files]
                    try:
                        outcomes = load_entities(connection, ENTITY_TABLES[name], files, scopes, synced.at)
                    except UnreadablePagesError as error:  # that list keeps what it had, and the others are loaded
                        (broken,) = [errand for errand, pages in lists if pages is error.pages]
                        synced.troubles.append(self._unreadable(broken, error))
                        lists = [(errand, pages) for errand, pages in lists if errand is not broken]
                loaded += outcomes

    def _unreadable(self, errand: Errand, error: UnreadablePagesError) -> Trouble:
        kept = self._keep(errand, error.pages.path.read_bytes())
        reason = f"what Amazon listed at {errand.listing.path} cannot be read: {error}{kept}"
        return Trouble(error.pages.account, errand.profile_id, errand.entity.name, reason)


def _pages(errand: Errand, path: Path, exported: Exported | None = None) -> Pages:
    """Return what the warehouse is to know of a list's file, or of an export that has the list's rows."""
    facts, listing = errand.profile.facts, errand.listing
    pages = Pages(
        path=path,
        account=facts.account,
        profile_id=facts.profile_id,
        currency_code=facts.currency_code,
        ad_product=listing.ad_product,
        items_key=listing.items_key,
        fields=listing.fields,
        constants=listing.constants,
        part=errand.scope.part,
    )
    if exported is None:
        return pages
    product = "$.adProduct"
    own = Condition(product, (listing.ad_product or "",))
    # What is of no ad product that is known may be this one's in another word: it must not pass for removed.
    no_others = Condition(product, tuple({*exported.kind.ad_products} - {listing.ad_product or ""}), holds=False)
    return replace(
        pages,
        export=True,
        fields=exported.fields,
        where=(no_others, *exported.where),
        expected=(own,),
        parents=exported.parents,
    )


def _known_lacks(errands: Sequence[Errand], now: datetime) -> list[NotOffered]:
    """Name what is left out because profiles were found not to have it."""
    found = {}
    for errand in errands:
        if (lack := errand.lack(now)) is not None:
            scope, account = errand.scope, errand.profile.facts.account
            of = (scope.profile_id, scope.ad_product)
            found[of] = NotOffered(account, *of, reason=lack.reason)
    return list(found.values())


def _had(entities: Sequence[EntityType], warehouse: Warehouse) -> frozenset[tuple[int, str]]:
    """Return the profiles and ad products that the warehouse has entities of, by lists that tell."""
    telling = [entity for entity in entities if not all(listing.apart for listing in entity.listings)]
    with warehouse.connect() as connection:
        return products_listed(connection, [ENTITY_TABLES[entity.name] for entity in telling])
