"""Entities by export: the same rows as by list, no version for how they were read, and trouble that stays one's own."""

import asyncio
import gzip
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr

from ppc_pipeline.amazon_ads.auth import TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.amazon_ads.exports import JOBS_AT_ONCE
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.amazon_ads.throttle import MemoryThrottle
from ppc_pipeline.entities.exported import EXPORTED
from ppc_pipeline.entities.listings import Lister
from ppc_pipeline.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REFRESH_TOKEN, create_app
from ppc_pipeline.sandbox import SandboxOptions as Options
from ppc_pipeline.sandbox.state import Export
from ppc_pipeline_tests.amazon_ads.fakes import Pieces, credentials
from ppc_pipeline_tests.fakes import client_of, facts

ONLY_LISTED = {"portfolios", "creatives", "budget_rules"}
EVERYTHING = tuple(entity for entity in ENTITY_TYPES.values() if entity.name not in ONLY_LISTED)
KEYWORDS, ADS = ENTITY_TYPES["keywords"], ENTITY_TYPES["product_ads"]
NOTHING_NEW = (0, 0, 0)
SOME = ("campaigns", "keywords", "negative_targets")
"""The kinds that are read by themselves in the short run."""
SP, SB, SD = "SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"


class Impatient(random.Random):
    """Makes the cool-downs after a 429 without ``Retry-After`` short."""

    def uniform(self, a, b):
        return 0.02


@dataclass
class Company:
    """A sandbox in this process with as many profiles as it has, and what reads it."""

    app: object
    roster: object
    warehouse: object
    aside: object
    clock: object

    def sync(self, source, *entities, **more):
        self.clock.forward(days=1)

        async def go():
            client = AmazonAdsClient(
                credentials(
                    client_id=SANDBOX_CLIENT_ID,
                    client_secret=SecretStr(SANDBOX_CLIENT_SECRET),
                    refresh_token=SecretStr(SANDBOX_REFRESH_TOKEN),
                    api_url="http://sandbox.test",
                    token_url="http://sandbox.test/auth/o2/token",
                ),
                transport=httpx.ASGITransport(self.app),
                retries=Retries(sleep=lambda _: asyncio.sleep(0)),
                tokens=TokenCache(),
                throttle=MemoryThrottle(rng=Impatient()),
            )
            async with client:
                if not self.roster.profiles(["acme"]):
                    found = await client.list_profiles()
                    self.roster.save("acme", [facts(p.profile_id) for p in found])
                lister = Lister(
                    {"acme": client}, self.roster, self.aside, self.aside.parent / "staging", source=source, **more
                )
                profiles = self.roster.active(["acme"])
                return await lister.sync(entities or EVERYTHING, profiles, self.warehouse, self.clock())

        return asyncio.run(go())

    def calls(self):
        return self.app.state.sandbox.state.counts()

    def query(self, sql, *values):
        with self.warehouse.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def history(self, *entities):
        names = [entity.name for entity in entities or EVERYTHING]
        # An export may say when something was created where a list did not.
        columns = "COLUMNS(lambda name: name NOT IN ('created_at', 'unsaid'))"
        return {name: sorted(self.query(f"SELECT {columns} FROM {name}_history"), key=repr) for name in names}


def changes(synced):
    """Entity -> (added, changed, removed), over all profiles and ad products."""
    return {
        name: tuple(sum(getattr(outcome, what) for outcome in outcomes) for what in ("added", "changed", "removed"))
        for name, outcomes in synced.outcomes.items()
    }


@pytest.fixture
def start(roster, warehouse, tmp_path, clock):
    def go(**options):
        small = {"campaigns": 6, "keywords_per_campaign": 6, "ready_seconds": 0.0} | options
        app = create_app(Options(**small))
        return Company(app, roster, warehouse, tmp_path / "aside", clock)

    return go


def test_every_list_has_its_rows_in_an_export_but_those_that_are_listed_only_and_themes():
    lists = {listing.path for entity in ENTITY_TYPES.values() for listing in entity.listings}
    listed_only = {listing.path for name in ONLY_LISTED for listing in ENTITY_TYPES[name].listings}
    assert lists - set(EXPORTED) == {*listed_only, "/sb/themes/list"}
    assert set(EXPORTED) <= lists
    for entity in EVERYTHING:
        named = {
            name for listing in entity.listings if listing.path in EXPORTED for name in EXPORTED[listing.path].fields
        }
        assert named <= set(entity.columns)


def test_nothing_gets_a_version_because_it_was_read_by_export_after_it_was_read_by_list(start):
    company = start()
    first = company.sync("lists")
    before = company.history()
    again = company.sync("exports")
    assert first.troubles == again.troubles == []
    assert {name for name, (added, _, _) in changes(first).items() if added} == {e.name for e in EVERYTHING}
    assert changes(again) == dict.fromkeys(changes(first), NOTHING_NEW)
    assert company.history() == before
    assert changes(company.sync("lists")) == dict.fromkeys(changes(first), NOTHING_NEW)


def test_what_a_list_says_besides_of_what_was_read_by_export_first_is_filled_in_and_no_change(start):
    company = start()
    first = company.sync("exports")
    assert first.troubles == []
    unsaid = "SELECT DISTINCT goal, bid_optimization FROM campaigns WHERE ad_product = 'SPONSORED_BRANDS'"
    assert company.query(unsaid) == [(None, None)]
    again = changes(company.sync("lists"))
    assert again == dict.fromkeys(again, NOTHING_NEW)
    assert company.query("FROM entity_changes") == []
    assert (None, None) not in company.query(unsaid)
    company.query("UPDATE campaigns_history SET goal = 'ANOTHER', valid_from = valid_from - INTERVAL 1 DAY")
    ((changed,),) = company.query("SELECT count(*) FROM campaigns WHERE goal IS NOT NULL")
    assert changes(company.sync("lists"))["campaigns"] == (0, changed, 0)
    assert changes(company.sync("exports")) == dict.fromkeys(again, NOTHING_NEW)


def test_lists_have_what_belongs_to_brand_videos_as_exports_have(start):
    company = start(profiles=1, campaigns=24)
    company.sync("lists")
    for name in ("keywords", "targets", "negative_keywords", "negative_targets"):
        query = f"""
            SELECT count(*) FROM {name}
            SEMI JOIN (FROM product_ads WHERE creative_type = 'BRAND_VIDEO') USING (profile_id, ad_product, ad_group_id)
        """
        assert company.query(query)[0][0] > 0, name


@pytest.mark.parametrize(
    "entity",
    [pytest.param(one, marks=[] if one.name in SOME else pytest.mark.long, id=one.name) for one in EVERYTHING],
)
def test_a_kind_by_itself_is_read_alike(start, entity):
    company = start(profiles=1)
    company.sync("lists")
    assert changes(company.sync("exports", entity)) == {entity.name: NOTHING_NEW}


def test_a_change_seen_in_an_export_is_a_version_that_keeps_what_exports_do_not_say(start):
    company = start(profiles=1)
    company.sync("lists")
    company.query("UPDATE keywords_history SET bid = 99, native_language_keyword = 'x' WHERE bid IS NOT NULL")
    company.query("UPDATE product_ads_history SET state = 'OTHER', custom_text = 'y'")
    synced = changes(company.sync("exports"))
    assert synced["keywords"][1] == company.query("SELECT count(*) FROM keywords WHERE bid IS NOT NULL")[0][0] > 0
    assert company.query("SELECT DISTINCT native_language_keyword FROM keywords WHERE bid IS NOT NULL") == [("x",)]
    assert company.query("SELECT count(*) FROM keywords WHERE bid = 99 OR campaign_id IS NULL") == [(0,)]
    query = (
        "SELECT count(*), count_if(custom_text = 'y'), count_if(asin IS NOT NULL OR asins IS NOT NULL) FROM product_ads"
    )
    ((ads, texts, asins),) = company.query(query)
    assert synced["product_ads"] == (0, ads, 0)
    assert ads == texts == asins > 0


def test_what_is_gone_from_a_whole_export_is_marked(start):
    company = start(profiles=1)
    company.sync("exports")
    company.query("UPDATE keywords_history SET keyword_id = keyword_id + 1")
    ((keywords,),) = company.query("SELECT count(*) FROM keywords")
    assert changes(company.sync("exports", KEYWORDS)) == {"keywords": (keywords, 0, keywords)}


def test_the_kinds_of_a_profile_are_exported_once_each_whatever_tables_they_fill(start):
    company = start()
    company.sync("exports")
    calls = company.calls()
    assert {name: count for name, count in calls.items() if name.endswith("export 2xx")} == {
        "export /campaigns/export 2xx": 3,
        "export /adGroups/export 2xx": 3,
        "export /ads/export 2xx": 3,
        "export /targets/export 2xx": 3,
    }
    assert not [name for name in calls if name.startswith("list /sp/")]
    assert calls["download"] == 12


def test_no_more_are_in_progress_than_amazon_allows_and_nothing_fails(start):
    company = start(profiles=12, campaigns=1, keywords_per_campaign=1, ready_seconds=0.2)
    synced = company.sync("exports", KEYWORDS)
    assert synced.troubles == []
    assert len(synced.outcomes["keywords"]) == 12 * 2
    assert not [name for name in company.calls() if name.endswith("4xx")]


@pytest.mark.parametrize("source", ["auto", "lists"])
def test_a_list_that_is_not_too_long_is_read_page_by_page(start, source):
    company = start(profiles=1)
    company.sync(source, export_above=20_000)
    assert not [name for name in company.calls() if name.startswith("export")]


def test_of_a_list_that_is_too_long_one_page_is_read_and_its_rest_by_export(start):
    company = start(profiles=1, page_size=10, keywords_per_campaign=10)
    outcomes = company.sync("lists", KEYWORDS).outcomes["keywords"]
    (keywords,) = [outcome.rows for outcome in outcomes if outcome.ad_product == SP]
    listed = company.calls()["list /sp/keywords/list"]
    assert listed == keywords / 10 > 3
    synced = company.sync("auto", KEYWORDS, ADS, export_above=keywords - 1)
    assert changes(synced)["keywords"] == NOTHING_NEW
    calls = company.calls()
    assert calls["list /sp/keywords/list"] == listed + 1
    assert (calls["export /targets/export 2xx"], calls.get("export /ads/export 2xx")) == (1, None)
    company.sync("auto", KEYWORDS, export_above=keywords)
    assert company.calls()["list /sp/keywords/list"] == 2 * listed + 1


def test_places_that_others_have_taken_are_waited_for(start):
    company = start(profiles=1, campaigns=1, keywords_per_campaign=1)
    now = datetime.now(UTC)
    for number in range(JOBS_AT_ONCE):
        others = Export(str(number), "another", 1, "targets", "{}", now, now + timedelta(seconds=0.3))
        assert company.app.state.sandbox.state.create_export(others, JOBS_AT_ONCE)
    assert company.sync("exports", KEYWORDS).troubles == []
    assert company.calls()["export /targets/export 4xx"] > 0


FAILING = {
    "Amazon fails to make it": ({"faults": "export-failed"}, "Amazon failed to make the export .*INTERNAL_ERROR"),
    "it is not made in time": ({"ready_seconds": 60.0}, "was not there 0.005 min after"),
    "its links have expired": ({"url_seconds": 0}, "the file was not served: 403, AccessDenied"),
}


@pytest.mark.parametrize("case", FAILING)
def test_without_a_whole_export_a_profile_keeps_what_it_had_and_the_trouble_names_it(start, case):
    options, reason = FAILING[case]
    company = start(profiles=2)
    company.sync("lists")
    before = company.history()
    standing = [(p.lacking, p.blocked) for p in company.roster.active(["acme"])]
    synced = start(profiles=2, **options).sync("exports", KEYWORDS, ADS, export_deadline=0.3)
    assert company.history() == before
    assert {(t.what, t.profile_id) for t in synced.troubles} == {
        (entity.name, profile.facts.profile_id)
        for entity in (KEYWORDS, ADS)
        for profile in company.roster.active(["acme"])
    }
    for trouble in synced.troubles:
        assert re.search(reason, trouble.reason)
        assert f"profile {trouble.profile_id}" in trouble.reason
    assert [(p.lacking, p.blocked) for p in company.roster.active(["acme"])] == standing


@pytest.mark.parametrize("case", FAILING)
def test_where_there_is_the_choice_a_list_without_an_export_is_read_to_its_end(start, case):
    options, reason = FAILING[case]
    company = start(profiles=1, **options)
    synced = company.sync("auto", KEYWORDS, export_above=5, export_deadline=0.3)
    assert synced.troubles == []
    ((added, _, _),) = changes(synced).values()
    assert added == sum(o.rows for o in company.sync("lists", KEYWORDS).outcomes["keywords"]) > 5
    assert {detour.what for detour in synced.detours} == {"keywords"}
    for detour in synced.detours:
        assert re.search(reason, detour.reason)


def test_a_profile_whose_export_fails_holds_up_no_other(start):
    company = start()
    company.sync("lists", KEYWORDS)
    first, *others = (profile.facts.profile_id for profile in company.roster.active(["acme"]))
    synced = start(faults=f"export-failed@{first}").sync("exports", KEYWORDS)
    assert {trouble.profile_id for trouble in synced.troubles} == {first}
    assert {outcome.profile_id for outcome in synced.outcomes["keywords"]} == set(others)


@pytest.mark.parametrize("fault", ["truncated-gzip", "broken-json", "expired-url", "html", "500", "slow"])
def test_what_breaks_on_the_way_is_asked_for_again(start, fault):
    company = start(profiles=1, faults=fault, slow_seconds=0.01, retry_after_seconds=0)
    synced = company.sync("exports", KEYWORDS)
    assert synced.troubles == []
    assert changes(synced)["keywords"][0] > 0


def test_a_profile_that_is_refused_is_blocked_and_not_taken_for_one_without_brands(start):
    company = start(profiles=2)
    company.sync("lists")
    refused = company.roster.active(["acme"])[0].facts.profile_id
    synced = start(profiles=2, faults=f"refused-profile@{refused}").sync("exports")
    assert {trouble.profile_id for trouble in synced.troubles} == {refused}
    assert [p.facts.profile_id for p in company.roster.active(["acme"]) if p.blocked] == [refused]


# Rows as Amazon's guides show them


@dataclass
class Served:
    """Exports: the rows of each kind, which every profile has, and which profiles' exports are made by now."""

    rows: dict
    made: Callable[[int], bool] = lambda _: True

    @property
    def transport(self):
        return httpx.MockTransport(self._answer)

    def _answer(self, request):
        path = request.url.path
        if path == "/auth/o2/token":
            return httpx.Response(200, json={"access_token": "Atza|x", "expires_in": 3600})
        if path.endswith("/export"):
            return httpx.Response(202, json={"exportId": path.split("/")[1], "status": "IN_PROGRESS"})
        if path.startswith("/exports/"):
            name = path.rpartition("/")[2]
            if not self.made(int(request.headers["Amazon-Advertising-API-Scope"])):
                return httpx.Response(200, json={"exportId": name, "status": "PROCESSING"})
            link = f"https://storage.test/{name}?X-Amz-Signature=x"
            return httpx.Response(200, json={"exportId": name, "status": "COMPLETED", "url": link})
        if request.url.host == "storage.test":
            file = gzip.compress(json.dumps(self.rows.get(path[1:], [])).encode())
            return httpx.Response(200, stream=Pieces(file))
        if path == "/sb/themes/list":
            return httpx.Response(200, json={"themes": []})
        return httpx.Response(404, json={"code": "NOT_FOUND", "details": "no such list"})


@pytest.fixture
def read(roster, warehouse, tmp_path, clock):
    """Read rows by export, and return what a table has then."""
    roster.save("acme", [facts()])

    def go(entity, *rows):
        kind = {"campaigns": "campaigns", "ad_groups": "adGroups", "product_ads": "ads"}.get(entity.name, "targets")
        clock.forward(days=1)

        async def sync():
            async with client_of(Served({kind: rows})) as client:
                lister = Lister({"acme": client}, roster, tmp_path / "aside", tmp_path / "staging", source="exports")
                return await lister.sync([entity], roster.active(["acme"]), warehouse, clock())

        synced = asyncio.run(sync())
        with warehouse.connect() as connection:
            found = connection.execute(f"SELECT * EXCLUDE (raw) FROM {entity.name}")
            names = [column[0] for column in found.description]
            return synced, [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    return go


@pytest.fixture
def read_keywords(roster, warehouse, tmp_path, clock):
    """Read a keyword of several profiles by export, some of which take long."""

    def go(profiles, made, **settings):
        roster.save("acme", [facts(profile) for profile in profiles])

        async def sync():
            served = Served({"targets": [target("KEYWORD", KEYWORD)]}, made)
            async with client_of(served) as client:
                lister = Lister(
                    {"acme": client}, roster, tmp_path / "aside", tmp_path / "staging", source="exports", **settings
                )
                return await lister.sync([KEYWORDS], roster.active(["acme"]), warehouse, clock())

        return asyncio.run(sync())

    return go


@pytest.mark.parametrize("product", ["SPONSORED_BRAND", None])
def test_a_row_of_an_ad_product_that_nobody_knows_is_in_quarantine_and_nothing_is_taken_for_gone(
    read, warehouse, product
):
    keywords = [target("KEYWORD", KEYWORD), target("KEYWORD", KEYWORD, targetId="8", adProduct=SB)]
    read(KEYWORDS, *keywords)
    odd = target("KEYWORD", KEYWORD, targetId="8", adProduct=product)
    synced, rows = read(KEYWORDS, odd)
    assert changes(synced) == {"keywords": NOTHING_NEW}
    assert [row["removed_at"] for row in rows] == [None, None]
    reason = f"adProduct is none that is known: {product or 'nothing'}"
    with warehouse.connect() as connection:
        found = connection.execute("SELECT ad_product, reason FROM rejected_rows ORDER BY 1").fetchall()
    assert found == [(SB, reason), (SP, reason)], "it may be of either list"
    assert changes(read(KEYWORDS, keywords[0])[0]) == {"keywords": (0, 0, 1)}


def test_a_row_that_only_duckdb_cannot_read_is_in_quarantine_alone(read, warehouse):
    odd = target("KEYWORD", {"matchType": "EXACT", "keyword": "\ud83d"}, targetId="8")
    synced, rows = read(KEYWORDS, target("KEYWORD", KEYWORD), odd)
    assert (synced.troubles, [row["keyword_id"] for row in rows]) == ([], [7])
    with warehouse.connect() as connection:
        found = connection.execute("SELECT reason, raw->>'$.targetId' FROM rejected_rows").fetchall()
    assert found == [("a text in it is not Unicode: \\ud83d", "8")]


def test_an_export_that_is_never_made_is_given_up_and_leaves_its_place_to_others(read_keywords):
    stuck = range(1, JOBS_AT_ONCE + 1)
    synced = read_keywords([*stuck, 9], lambda profile: profile == 9, export_deadline=0.2)
    assert {trouble.profile_id for trouble in synced.troubles} == {*stuck}
    assert {(o.profile_id, o.rows) for o in synced.outcomes["keywords"] if o.ad_product == SP} == {(9, 1)}


def test_who_is_done_is_loaded_while_anothers_export_is_being_made(read_keywords, warehouse):
    def made(profile):
        with warehouse.connect() as connection:
            return profile == 2 or connection.execute("FROM keywords").fetchall() != []

    synced = read_keywords([1, 2], made, export_deadline=5, load_every=0.1)
    assert synced.troubles == []
    assert [o.profile_id for o in synced.outcomes["keywords"] if o.ad_product == SP] == [2, 1]


MONEY = {"monetaryBudget": {"currencyCode": "USD", "amount": 12.5, "ruleAmount": 15}}


def campaign(**changes):
    return {
        "campaignId": "1",
        "adProduct": SP,
        "name": "a",
        "state": "ENABLED",
        "startDate": "2026-01-31",
        "budgetCaps": {"recurrenceTimePeriod": "DAILY", "budgetType": "MONETARY", "budgetValue": MONEY},
        "optimization": {"bidStrategy": None, "placementBidAdjustments": []},
        "targetingSettings": "MANUAL",
    } | changes


def target(kind, details, **changes):
    return {
        "targetId": "7",
        "adGroupId": "3",
        "adProduct": SP,
        "state": "ENABLED",
        "negative": False,
        "targetType": kind,
        "targetDetails": details,
        "bid": {"bid": 0.1, "currencyCode": "USD"},
    } | changes


def placements(*pairs):
    return [{"percentage": percentage, "placement": placement} for placement, percentage in pairs]


CAMPAIGNS_READ = {
    "amounts and dates": (
        campaign(),
        {"budget": Decimal("12.5"), "effective_budget": 15, "start_date": date(2026, 1, 31), "budget_type": "DAILY"},
    ),
    "none is a manual strategy": (campaign(), {"bidding_strategy": "MANUAL"}),
    "down only": (campaign(optimization={"bidStrategy": "SALES_DOWN_ONLY"}), {"bidding_strategy": "LEGACY_FOR_SALES"}),
    "up and down": (campaign(optimization={"bidStrategy": "SALES"}), {"bidding_strategy": "AUTO_FOR_SALES"}),
    "an array of optimizations": (
        campaign(
            optimization=[{"bidStrategy": "RULE_BASED", "placementBidAdjustments": placements(("PRODUCT_PAGE", 3))}]
        ),
        {"bidding_strategy": "RULE_BASED", "placement_bidding": placements(("PRODUCT_PAGE", 3))},
    ),
    "no optimization says nothing": (campaign(optimization=None), {"bidding_strategy": "MANUAL"}),
    "placements": (
        campaign(
            optimization={
                "placementBidAdjustments": placements(
                    ("TOP_OF_SEARCH", 50), ("REST_OF_SEARCH", 1), ("TOP_OF_SEARCH", 2)
                )
            }
        ),
        {"placement_bidding": placements(("TOP_OF_SEARCH", 50), ("REST_OF_SEARCH", 1), ("TOP_OF_SEARCH", 2))},
    ),
    "tags": (campaign(tags=[{"key": "a.b", "value": "c"}]), {"tags": {"a.b": "c"}}),
    "a tag that comes twice": (campaign(tags=[{"key": "a", "value": "b"}] * 2), {"tags": None}),
    "of Sponsored Brands": (
        campaign(
            adProduct=SB,
            costType="CPC",
            brandEntityId="E",
            optimization={
                "bidStrategy": "NEW_TO_BRAND",
                "placementBidAdjustments": placements(("HOME_PAGE", 15), ("OTHER", 4)),
            },
        ),
        {
            "bidding_strategy": "MAXIMIZE_NEW_TO_BRAND_CUSTOMERS",
            "placement_bidding": placements(("HOME_PAGE", 15), ("OTHER", 4)),
            "cost_type": "CPC",
            "brand_entity_id": "E",
            "targeting_type": None,
        },
    ),
    "of Sponsored Display": (
        campaign(adProduct=SD, targetingSettings="T00020", costType="VCPM"),
        {"tactic": "T00020", "cost_type": "VCPM", "targeting_type": None},
    ),
}


@pytest.mark.parametrize("case", CAMPAIGNS_READ)
def test_campaigns_are_spelled_as_lists_spell_them(read, case):
    row, expected = CAMPAIGNS_READ[case]
    synced, (found,) = read(ENTITY_TYPES["campaigns"], row)
    assert synced.troubles == []
    json_columns = {"placement_bidding", "tags"}
    shown = {k: json.loads(v) if k in json_columns and v is not None else v for k, v in found.items()}
    assert {name: shown[name] for name in expected} == expected
    assert (found["ad_product"], found["campaign_id"], found["currency_code"]) == (row["adProduct"], 1, "USD")


ASIN = [{"type": "ASIN_SAME_AS", "value": "B0"}]
TARGETS_READ = {
    "automatic": ("AUTO", {"matchType": "SEARCH_CLOSE_MATCH"}, {}, [{"type": "QUERY_HIGH_REL_MATCHES"}]),
    "a product": ("PRODUCT", {"matchType": "PRODUCT_EXACT", "asin": "B0"}, {}, ASIN),
    "a similar product": (
        "PRODUCT",
        {"matchType": "PRODUCT_SIMILAR", "asin": "B0"},
        {},
        [{"type": "ASIN_EXPANDED_FROM", "value": "B0"}],
    ),
    "a category and a brand": (
        "PRODUCT_CATEGORY",
        {"productCategoryId": "5", "productBrand": "6"},
        {},
        [{"type": "ASIN_CATEGORY_SAME_AS", "value": "5"}, {"type": "ASIN_BRAND_SAME_AS", "value": "6"}],
    ),
    "a refinement the lists spell in a way unknown": (
        "PRODUCT_CATEGORY",
        {"productCategoryId": "5", "productPriceLessThan": 10},
        {},
        None,
    ),
    "a match type unknown": ("PRODUCT", {"matchType": "PRODUCT_ODD", "asin": "B0"}, {}, None),
    "a type unknown": ("CONTENT", {"content": "x"}, {}, None),
    "a product, of Sponsored Brands": (
        "PRODUCT",
        {"matchType": "PRODUCT_EXACT", "asin": "B0"},
        {"adProduct": SB},
        [{"type": "ASIN_SAME_AS", "value": "B0"}],
    ),
    "automatic, of Sponsored Display": (
        "AUTO",
        {"matchType": "PRODUCT_SIMILAR"},
        {"adProduct": SD},
        [{"type": "SIMILAR_PRODUCT"}],
    ),
    "an audience": (
        "PRODUCT_CATEGORY_AUDIENCE",
        {"productCategoryId": "5", "event": "VIEWS", "lookback": 30},
        {"adProduct": SD},
        None,
    ),
}


@pytest.mark.parametrize("case", TARGETS_READ)
def test_expressions_are_put_together_or_left_unsaid(read, case):
    kind, details, changes, expected = TARGETS_READ[case]
    synced, (found,) = read(ENTITY_TYPES["targets"], target(kind, details, **changes))
    assert synced.troubles == []
    assert (json.loads(found["expression"]) if found["expression"] else None) == expected
    assert (found["target_id"], found["ad_group_id"], found["bid"]) == (7, 3, Decimal("0.1"))


def test_an_expression_that_is_left_unsaid_is_kept_and_one_that_changed_is_a_version(read):
    targets = ENTITY_TYPES["targets"]
    product = target("PRODUCT", {"matchType": "PRODUCT_EXACT", "asin": "B0"})
    read(targets, product)
    refined = target("PRODUCT", {"matchType": "PRODUCT_EXACT", "asin": "B0", "productPriceLessThan": 3})
    synced, (found,) = read(targets, refined)
    assert (changes(synced), json.loads(found["expression"])) == ({"targets": NOTHING_NEW}, ASIN)
    synced, (found,) = read(targets, target("PRODUCT", {"matchType": "PRODUCT_EXACT", "asin": "B1"}))
    assert (changes(synced), json.loads(found["expression"])[0]["value"]) == ({"targets": (0, 1, 0)}, "B1")


KEYWORD = {"matchType": "EXACT", "keyword": "towel"}
SORTED = {
    "a keyword": ("KEYWORD", {}, "keywords", {"match_type": "EXACT", "bid": Decimal("0.1")}),
    "a target": ("PRODUCT", {}, "targets", {"expression_type": "MANUAL"}),
    "a theme": ("THEME", {}, "targets", {"expression": None}),
    "a negative keyword": (
        "KEYWORD",
        {"negative": True},
        "negative_keywords",
        {"level": "AD_GROUP", "match_type": "NEGATIVE_EXACT", "ad_group_id": 3, "campaign_id": None},
    ),
    "a campaign's negative keyword": (
        "KEYWORD",
        {"negative": True, "campaignId": "2", "adGroupId": None},
        "negative_keywords",
        {"level": "CAMPAIGN", "campaign_id": 2, "ad_group_id": None},
    ),
    "a negative target": ("PRODUCT", {"negative": True}, "negative_targets", {"level": "AD_GROUP"}),
    "a campaign's negative target": (
        "PRODUCT",
        {"negative": True, "campaignId": "2", "adGroupId": None},
        "negative_targets",
        {"level": "CAMPAIGN", "campaign_id": 2},
    ),
}


@pytest.mark.parametrize("case", SORTED)
def test_every_row_of_a_targets_export_goes_to_one_table(read, case):
    kind, more, table, expected = SORTED[case]
    row = target(kind, KEYWORD if kind == "KEYWORD" else {}, **more)
    filled = {}
    for entity in (ENTITY_TYPES[n] for n in ("keywords", "targets", "negative_keywords", "negative_targets")):
        synced, rows = read(entity, row)
        assert synced.troubles == []
        filled |= {entity.name: rows} if rows else {}
    assert list(filled) == [table]
    (found,) = filled[table]
    assert {name: found[name] for name in expected} == expected


def test_an_ad_of_sponsored_brands_has_its_products_and_one_that_has_none_said_keeps_them(read):
    products = [{"productIdType": "ASIN", "productId": asin} for asin in ("B1", "B0")]
    ad = {"adId": "1", "adGroupId": "3", "adProduct": SB, "creationDateTime": "2022-01-03T08:00:00.000Z"}
    _, (found,) = read(ADS, ad | {"creative": {"products": [*products, {"productIdType": "SKU", "productId": "x"}]}})
    assert (json.loads(found["asins"]), found["created_at"]) == (["B1", "B0"], datetime(2022, 1, 3, 8, tzinfo=UTC))
    _, (found,) = read(ADS, ad | {"creative": {}})
    assert json.loads(found["asins"]) == ["B1", "B0"]


def test_the_tactic_of_an_ad_group_of_sponsored_display_is_its_campaigns(read):
    read(ENTITY_TYPES["campaigns"], campaign(campaignId="44", adProduct=SD, targetingSettings="T00030"))
    ad_groups = [{"adGroupId": "3", "campaignId": "44", "adProduct": product, "name": "a"} for product in (SD, SP)]
    _, found = read(ENTITY_TYPES["ad_groups"], *ad_groups)
    assert {row["ad_product"]: row["tactic"] for row in found} == {SD: "T00030", SP: None}


def test_a_creation_date_that_an_export_said_is_kept_by_a_list_that_does_not_say_it(start):
    company = start(profiles=1)
    company.sync("exports")
    company.sync("lists")
    for name in ("campaigns", "ad_groups", "product_ads", "keywords", "targets"):
        themes = "expression_type = 'THEME'" if name == "targets" else "false"  # which no export has
        query = f"SELECT DISTINCT ad_product FROM {name} WHERE created_at IS NULL AND NOT ({themes})"
        assert company.query(query) == []


def test_lists_of_sponsored_display_say_how_what_they_list_is_served(start):
    company = start(profiles=1)
    company.sync("lists")
    for name in ("campaigns", "ad_groups", "product_ads"):
        query = f"SELECT count(*), count(serving_status), count(created_at) FROM {name} WHERE ad_product = ?"
        ((rows, *said),) = company.query(query, SD)
        assert said == [rows, rows] != [0, 0]


def test_the_campaign_of_what_is_below_an_ad_group_is_the_ad_groups(read):
    read(ENTITY_TYPES["ad_groups"], {"adGroupId": "3", "campaignId": "44", "adProduct": SP, "name": "a"})
    _, (found,) = read(KEYWORDS, target("KEYWORD", KEYWORD))
    assert found["campaign_id"] == 44
    _, found = read(KEYWORDS, target("KEYWORD", KEYWORD), target("KEYWORD", KEYWORD, adProduct=SB))
    assert {row["ad_product"]: row["campaign_id"] for row in found} == {SP: 44, SB: None}


def test_a_row_that_cannot_be_loaded_is_in_quarantine_and_nothing_is_taken_for_gone(read, warehouse):
    read(KEYWORDS, target("KEYWORD", KEYWORD), target("KEYWORD", KEYWORD, targetId="8"))
    synced, rows = read(KEYWORDS, target("KEYWORD", KEYWORD), target("KEYWORD", KEYWORD, targetId="x"))
    assert changes(synced) == {"keywords": NOTHING_NEW}
    assert len(rows) == 2
    with warehouse.connect() as connection:
        found = connection.execute("SELECT source, reason, raw->>'$.targetId' FROM rejected_rows").fetchall()
    assert found == [("keywords", "keyword_id is not a whole number: x", "x")]
