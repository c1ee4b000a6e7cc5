"""The sync of 150,000 keywords (300 pages of 500) against the sandbox's own time to serve them.

A first sync, one with nothing changed, and one with a keyword in a hundred changed: the sandbox's entities never
change, so that the warehouse's are changed instead.
"""

import asyncio
import json
from contextlib import closing

import httpx

from benchmarks.measure import Outcome, Spent, command, spending, tell
from benchmarks.place import Place, Server, project, serving
from benchmarks.wire import logged_in
from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.entities import KEYWORDS
from ppc_pipeline.pipeline import Tools, sync_entities, sync_profiles
from ppc_pipeline.reports.pace import Pace

CONCURRENCY = 20
KEYWORDS_A_CAMPAIGN = 250
SYNCS = ("first sync", "nothing changed", "one in a hundred changed")


def work(quick: bool) -> Outcome:
    """Measure."""
    profiles, campaigns, runs = (3, 8, 1) if quick else (50, 16, 3)
    spent: dict[str, list[Spent]] = {name: [] for name in SYNCS}
    bare: list[Spent] = []
    world = {"profiles": profiles, "campaigns": campaigns, "keywords_per_campaign": KEYWORDS_A_CAMPAIGN}
    with serving(**world, brands_share=0, display_share=0) as server:
        for number in range(runs):
            with project(server) as place, closing(place.ledger) as ledger:
                tools = Tools.gather(place.enter(), ledger, place.warehouse, Pace())
                asyncio.run(sync_profiles(tools))
                if number == 0:
                    asyncio.run(_serve(server, tools))  # the sandbox makes its world, once
                with spending() as once:
                    pages = asyncio.run(_serve(server, tools))
                bare.append(once)
                for name in SYNCS:
                    if name == SYNCS[2]:
                        _change(place)
                    spent[name].append(_sync(tools, name))
    outcome = Outcome()
    outcome.add("the sandbox's own time to serve them", [one.wall for one in bare], note=f"{pages} pages")
    for name, some in spent.items():
        ratios = [one.wall / least.wall for one, least in zip(some, bare, strict=True)]
        cpu = sorted(one.cpu for one in some)[len(some) // 2]
        outcome.add(name, [one.wall for one in some], ratios=ratios, note=f"{cpu:.1f} s of CPU")
    return outcome


def _sync(tools: Tools, what: str) -> Spent:
    with spending() as spent:
        synced = asyncio.run(sync_entities(tools, [KEYWORDS]))
    found = synced.outcomes[KEYWORDS.name]
    rows, added, changed = (sum(getattr(o, name) for o in found) for name in ("rows", "added", "changed"))
    tell(f"{what}: {spent.wall:.1f} s; {rows:,} keywords, {added:,} added, {changed:,} changed, {synced.troubles}")
    return spent


def _change(place: Place) -> None:
    """Make one keyword in a hundred differ from what Amazon lists."""
    with place.warehouse.connect() as connection:
        connection.execute("UPDATE keywords_history SET state = 'OTHER' WHERE keyword_id % 100 = 0")


async def _serve(server: Server, tools: Tools) -> int:
    """Ask for every page, and only look which one is next: what serving them takes."""
    slots = asyncio.Semaphore(CONCURRENCY)
    async with logged_in(server) as http:
        walks = (_walk(http, slots, profile.facts.profile_id) for profile in tools.profiles())
        return sum(await asyncio.gather(*walks))


async def _walk(http: httpx.AsyncClient, slots: asyncio.Semaphore, profile_id: int) -> int:
    (listing,) = (each for each in KEYWORDS.listings if each.ad_product == SPONSORED_PRODUCTS)
    media = {"Accept": listing.accept, "Content-Type": listing.accept}
    headers = {**media, "Amazon-Advertising-API-Scope": str(profile_id)}
    body: dict[str, object] = {**listing.filters, "maxResults": listing.page_size}
    pages = 0
    while True:
        async with slots:
            answer = await http.post(listing.path, headers=headers, content=json.dumps(body))
        pages += 1
        token = answer.raise_for_status().json().get("nextToken")
        if token is None:
            return pages
        body["nextToken"] = token


if __name__ == "__main__":
    command("entities", "the sync of 150,000 keywords", work)
