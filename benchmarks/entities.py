"""The sync of 150,000 keywords (300 pages of 500) against the sandbox's own time to serve them."""

import asyncio
import json
from contextlib import closing
from datetime import timedelta

import httpx

from benchmarks.measure import Outcome, Spent, command, spending, tell
from benchmarks.place import Place, Server, project, serving
from ppc_pipeline.amazon_ads.entities import KEYWORDS
from ppc_pipeline.pipeline import Tools, sync_entities, sync_profiles
from ppc_pipeline.reports.lifecycle import Pace
from ppc_pipeline.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REFRESH_TOKEN
from ppc_pipeline.settings import Settings

CONCURRENCY = 20


def work(quick: bool) -> Outcome:
    """Measure."""
    profiles, campaigns, runs = (5, 8, 1) if quick else (30, 40, 3)
    keywords = profiles * campaigns * 3 // 4 * 166 if False else None
    outcome = Outcome()
    size = {"profiles": profiles, "campaigns": campaigns, "keywords_per_campaign": 5000 // (campaigns * 3 // 4) + 1}
    firsts, agains, somes, bares = [], [], [], []
    with serving(**size) as server:
        for number in range(runs):
            with project(server) as place:
                settings = place.enter()
                with closing(place.ledger) as ledger:
                    tools = Tools.gather(settings, ledger, place.warehouse, Pace())
                    asyncio.run(sync_profiles(tools))
                    if number == 0:
                        asyncio.run(_serve(server, tools))  # the sandbox makes its world once
                    bare, pages = _bare(server, tools)
                    bares.append(bare)
                    firsts.append(_sync(tools, "first"))
                    agains.append(_sync(tools, "nothing changed"))
                    _change(place)
                    somes.append(_sync(tools, "one in a hundred changed"))
                    tell(f"bare {bare} {pages}, first {firsts[-1]}, again {agains[-1]}, some {somes[-1]}")
    return outcome


def _sync(tools: Tools, what: str) -> Spent:
    with spending() as spent:
        synced = asyncio.run(sync_entities(tools, [KEYWORDS]))
    assert not synced.troubles
    found = synced.outcomes["keywords"]
    tell(f"{what}: {spent.wall:.1f} s; {sum(o.rows for o in found):,} keywords, {sum(o.added for o in found):,} added, "
         f"{sum(o.changed for o in found):,} changed")
    return spent


def _change(place: Place) -> None:
    with place.warehouse.connect() as connection:
        connection.execute("UPDATE keywords_history SET bid = 123.45 WHERE valid_to IS NULL AND keyword_id % 100 = 0")


def _bare(server: Server, tools: Tools):
    before = server.cpu
    with spending() as spent:
        pages = asyncio.run(_serve(server, tools))
    return spent, (pages, server.cpu - before)


async def _serve(server: Server, tools: Tools) -> int:
    """Ask for every page and read none: what serving them takes."""
    (listing,) = KEYWORDS.listings
    slots = asyncio.Semaphore(CONCURRENCY)
    pages = 0
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        answer = await http.post("/auth/o2/token", data={"grant_type": "refresh_token", "client_id": SANDBOX_CLIENT_ID,
            "client_secret": SANDBOX_CLIENT_SECRET, "refresh_token": SANDBOX_REFRESH_TOKEN})
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Amazon-Advertising-API-ClientId": SANDBOX_CLIENT_ID,
            "Accept": listing.media_type, "Content-Type": listing.media_type}

        async def walk(profile_id: int) -> None:
            nonlocal pages
            token = None
            while pages == 0 or token is not None or True:
                body = {"stateFilter": {"include": list(listing.states)}, "maxResults": listing.page_size}
                if token:
                    body["nextToken"] = token
                async with slots:
                    answer = await http.post(listing.path, headers={**headers, "Amazon-Advertising-API-Scope": str(profile_id)}, content=json.dumps(body))
                assert answer.status_code == 200
                pages += 1
                token = answer.json().get("nextToken")
                if not token:
                    return

        async with asyncio.TaskGroup() as group:
            for profile in tools.profiles():
                group.create_task(walk(profile.facts.profile_id))
    return pages


if __name__ == "__main__":
    command("entities", "the sync of 150,000 keywords", work)
