"""Amazon's lists as tests make them up, a company whose profiles are synced from them, and what is asked of it."""

import asyncio
import json
from dataclasses import dataclass, field, replace

import httpx

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.entities.listings import Lister
from ppc_pipeline_tests.fakes import SELLER, client_of

KEYWORDS = ENTITY_TYPES["keywords"]
LISTINGS = {listing.path: listing for entity in ENTITY_TYPES.values() for listing in entity.listings}
SP, SB, SD = "SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"


def only(entity, *ad_products):
    """Return an entity with the lists of some ad products alone."""
    return replace(entity, listings=tuple(each for each in entity.listings if each.ad_product in ad_products))


@dataclass
class FakeLists:
    """Amazon's lists: pages by (profile, path), or an answer instead."""

    pages: dict = field(default_factory=dict)

    @property
    def transport(self):
        return httpx.MockTransport(self._answer)

    def _answer(self, request):
        if request.url.path == "/auth/o2/token":
            return httpx.Response(200, json={"access_token": "Atza|x", "expires_in": 3600})
        profile = int(request.headers["Amazon-Advertising-API-Scope"])
        pages = self.pages.get((profile, request.url.path), [[]])
        if isinstance(pages, httpx.Response):
            return httpx.Response(pages.status_code, content=pages.content)
        listing = LISTINGS[request.url.path]
        if listing.by_index:
            return self._array(pages, request.url.params)
        asked = request.url.params if listing.in_query else json.loads(request.content)
        number = int(asked.get("nextToken", 0))
        page = pages[number]
        if isinstance(page, bytes):
            return httpx.Response(200, content=page)
        key = listing.items_key
        token = {"nextToken": str(number + 1)} if number + 1 < len(pages) else {}
        return httpx.Response(200, json={key: page, "totalResults": sum(map(len, pages)), **token})

    @staticmethod
    def _array(pages, params):
        start = int(params["startIndex"])
        if isinstance(pages[0], bytes):
            return httpx.Response(200, content=b"[]" if start else pages[0])
        items = [item for page in pages for item in page]
        return httpx.Response(200, json=items[start : start + int(params["count"])])


@dataclass
class Company:
    amazon: FakeLists
    roster: object
    warehouse: object
    aside: object
    clock: object

    def serve(self, *pages, profile=SELLER, path="/sp/keywords/list"):
        self.amazon.pages[profile, path] = list(pages) if isinstance(pages[0], list | bytes) else pages[0]

    def sync(self, *entities, **options):
        async def go():
            retries = Retries(sleep=lambda _: asyncio.sleep(0))
            async with client_of(self.amazon, retries=retries) as client:
                lister = Lister({"acme": client}, self.roster, self.aside, self.aside.parent / "staging", **options)
                profiles = self.roster.active(["acme", "gone"])
                return await lister.sync(entities or [KEYWORDS], profiles, self.warehouse, self.clock())

        return asyncio.run(go())

    def query(self, sql, *values):
        with self.warehouse.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def changes(self, *entities, profile=SELLER, ad_product=SP, **options):
        synced = self.sync(*entities, **options)
        (name,) = synced.outcomes
        (found,) = [o for o in synced.outcomes[name] if (o.profile_id, o.ad_product) == (profile, ad_product)]
        return found.rows, found.added, found.changed, found.removed


def loaded(synced, name="keywords", ad_product=SP):
    """Return the profiles whose entities of an ad product were loaded."""
    return sorted(o.profile_id for o in synced.outcomes[name] if o.ad_product == ad_product)


def keyword(number=1, **changes):
    base = {
        "keywordId": str(number),
        "campaignId": "2834576461140",
        "adGroupId": "388876823359664",
        "keywordText": "towel",
        "matchType": "EXACT",
        "state": "ENABLED",
        "bid": 0.75,
    }
    return base | changes


def sb_keyword(number=1, **changes):
    """A keyword as Sponsored Brands spells one: ids are numbers, words are small."""
    base = {"keywordId": number, "campaignId": 2, "adGroupId": 3, "keywordText": "towel"}
    return base | {"matchType": "broad", "state": "enabled", "bid": 1.5} | changes
