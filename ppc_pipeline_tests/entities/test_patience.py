"""Lists and 429s: who waits, for how long, and who goes on meanwhile. In virtual time, with the ledger's cool-downs."""

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace

import httpx
import pytest

from ppc_pipeline.amazon_ads.entities import KEYWORDS, PORTFOLIOS
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.entities.listings import Lister
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.throttling import LedgerThrottle
from ppc_pipeline_tests.fakes import SELLER, VENDOR, client_of, facts, refusal, run_virtually

SISTER = 5
SP_KEYWORDS = replace(KEYWORDS, listings=KEYWORDS.listings[:1])
KEYS = {"/sp/keywords/list": ("keywords", "keywordId"), "/portfolios/list": ("portfolios", "portfolioId")}


@dataclass
class Amazon:
    """Lists of two pages of an object each.

    Attributes:
        clock: What time it is.
        refusals: The ``Retry-After`` of 429s to come, by profile, path and page.
        calls: The seconds at which something was asked for, and which page.
    """

    clock: object
    refusals: dict
    calls: dict = field(default_factory=lambda: defaultdict(list))

    @property
    def transport(self):
        return httpx.MockTransport(self._answer)

    async def _answer(self, request):
        if request.url.path == "/auth/o2/token":
            return httpx.Response(200, json={"access_token": "Atza|x", "expires_in": 3600})
        key = (int(request.headers["Amazon-Advertising-API-Scope"]), request.url.path)
        number = int(json.loads(request.content).get("nextToken", 1))
        self.calls[key].append((self.clock(), number))
        if waits := self.refusals.get((*key, number)):
            return refusal(429, "Too Many Requests", Retry_After=str(waits.pop(0)))
        name, object_id = KEYS[request.url.path]
        more = {"nextToken": "2"} if number == 1 else {}
        return httpx.Response(200, json={name: [{object_id: str(number)}], "totalResults": 2, **more})


@dataclass
class Done:
    calls: dict
    troubles: list
    listed: set


@pytest.fixture
def sync(tmp_path, warehouse):
    """List keywords and portfolios of two profiles of one account and one of another."""

    async def go(loop, refusals):
        amazon = Amazon(loop.time, {key: list(waits) for key, waits in refusals.items()})
        ledger = Ledger.open(f"sqlite:///{tmp_path}/virtual.db", loop.clock)
        roster = Roster(ledger)
        roster.save("acme", [facts(), facts(SISTER)])
        roster.save("other", [facts(VENDOR, account="other")])
        throttles = {name: LedgerThrottle(ledger, name, Region.NA) for name in ("acme", "other")}
        async with (
            client_of(amazon, "acme", throttle=throttles["acme"], concurrency=1) as acme,
            client_of(amazon, "other", throttle=throttles["other"]) as other,
        ):
            lister = Lister({"acme": acme, "other": other}, roster, tmp_path / "aside", tmp_path / "staging")
            profiles = roster.active(["acme", "other"])
            synced = await lister.sync([SP_KEYWORDS, PORTFOLIOS], profiles, warehouse, loop.clock())
        ledger.close()
        listed = {(name, o.profile_id) for name, outcomes in synced.outcomes.items() for o in outcomes if o.rows == 2}
        return Done(dict(amazon.calls), synced.troubles, listed)

    return lambda refusals: run_virtually(lambda loop: go(loop, refusals))


KEYWORDS_OF, PORTFOLIOS_OF = "/sp/keywords/list", "/portfolios/list"
EVERYTHING = {(name, profile) for name in ("keywords", "portfolios") for profile in (SELLER, VENDOR, SISTER)}
AT_ONCE = [(0, 1), (0, 2)]


@pytest.mark.parametrize(
    ("page", "waits", "calls"),
    [
        (1, [45], [(0, 1), (45, 1), (45, 2)]),
        (2, [45], [(0, 1), (0, 2), (45, 2)]),
        (2, [45, 600], [(0, 1), (0, 2), (45, 2), (645, 2)]),
    ],
)
def test_a_list_that_is_told_to_wait_comes_whole_and_others_are_held_back_only_by_the_same_cool_down(
    sync, page, waits, calls
):
    done = sync({(SELLER, KEYWORDS_OF, page): waits})
    assert (done.troubles, done.listed) == ([], EVERYTHING)
    assert done.calls.pop((SELLER, KEYWORDS_OF)) == [(pytest.approx(second), number) for second, number in calls]
    sister = [second for second, _ in done.calls.pop((SISTER, KEYWORDS_OF))]
    assert len(sister) == 2
    assert all(second == 0 or second >= waits[0] for second in sister), "never while the account cools down"
    assert done.calls == {
        (VENDOR, KEYWORDS_OF): AT_ONCE,
        **{(profile, PORTFOLIOS_OF): AT_ONCE for profile in (SELLER, SISTER, VENDOR)},
    }


@pytest.mark.parametrize("seconds", [86_400, 3600])
def test_when_a_list_is_told_to_wait_for_longer_than_a_sync_can_nothing_of_its_kind_is_asked_for_in_vain(sync, seconds):
    done = sync({(SELLER, KEYWORDS_OF, 1): [seconds]})
    assert {(trouble.profile_id, trouble.what) for trouble in done.troubles} <= {
        (p, "keywords") for p in (SELLER, SISTER)
    }
    assert all(f"{seconds} s are to be waited" in trouble.reason for trouble in done.troubles)
    assert len(done.calls[SELLER, KEYWORDS_OF]) == 1
    assert done.listed >= EVERYTHING - {("keywords", SELLER), ("keywords", SISTER)}
    assert all(second == 0 for calls in done.calls.values() for second, _ in calls), "nobody is held up by it"


@pytest.mark.parametrize("waits", [[899, 899]])
def test_a_list_that_is_told_to_wait_for_too_long_is_named_with_the_reason_and_the_others_come_whole(sync, waits):
    done = sync({(SELLER, KEYWORDS_OF, 2): waits})
    (trouble,) = done.troubles
    assert (trouble.account, trouble.profile_id, trouble.what) == ("acme", SELLER, "keywords")
    assert f"{waits[0]} s are to be waited, and there was time for" in trouble.reason
    assert done.listed == EVERYTHING - {("keywords", SELLER)}
    assert len(done.calls[SELLER, KEYWORDS_OF]) == 1 + len(waits)
    assert done.calls[VENDOR, KEYWORDS_OF] == AT_ONCE
