"""Listing entities: versions, what is gone and what only could not be had."""

import json
import socket
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline_tests.entities.company import SB, SD, SP, keyword, loaded, only, sb_keyword
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, facts, refusal

KEYWORDS = ENTITY_TYPES["keywords"]


def test_a_listing_is_loaded_with_exact_amounts_ids_and_the_profiles_currency(company):
    company.serve([keyword(144346139432941903, bid=0.1), keyword(2, bid=None), keyword(3, bid=4)])
    assert company.changes() == (3, 3, 0, 0)
    found = company.query(
        "SELECT keyword_id, bid, account, profile_id, currency_code, ad_product FROM keywords ORDER BY 1"
    )
    whose = ("acme", SELLER, "USD", "SPONSORED_PRODUCTS")
    assert found == [(2, None, *whose), (3, Decimal(4), *whose), (144346139432941903, Decimal("0.1"), *whose)]


def test_what_did_not_change_is_not_written_again(company):
    company.serve([keyword()])
    company.sync()
    before = company.query("FROM keywords_history")
    company.clock.forward(days=1)
    assert company.changes() == (1, 0, 0, 0)
    assert company.query("FROM keywords_history") == before


def test_what_no_column_holds_is_fresh_in_raw_without_a_version(company):
    company.serve([keyword(1, globalKeywordId="a"), keyword(2)])
    company.sync()
    company.clock.forward(days=1)
    company.serve([keyword(1, globalKeywordId="b"), dict(reversed(keyword(2).items()))])
    assert company.changes() == (2, 0, 0, 0)
    ((_, first), (_, second)) = company.query("SELECT keyword_id, raw FROM keywords_history ORDER BY 1")
    assert json.loads(first) == keyword(1, globalKeywordId="b")
    assert list(json.loads(second)) == list(keyword(2)), "another order of keys says nothing new"
    assert company.query("SELECT DISTINCT valid_from FROM keywords_history") == [(NOON,)]


def test_a_changed_bid_is_a_new_version_and_the_old_one_is_closed(company):
    company.serve([keyword(bid=0.75), keyword(2)])
    company.sync()
    company.clock.forward(days=1)
    company.serve([keyword(bid=0.80), keyword(2)])
    assert company.changes() == (2, 0, 1, 0)
    history = "SELECT bid, valid_from, valid_to FROM keywords_history WHERE keyword_id = 1 ORDER BY valid_from"
    later = NOON + timedelta(days=1)
    assert company.query(history) == [(Decimal("0.75"), NOON, later), (Decimal("0.80"), later, None)]
    assert company.query("SELECT bid FROM keywords WHERE keyword_id = 1") == [(Decimal("0.80"),)]


def test_what_is_no_longer_listed_is_marked_and_a_new_version_when_it_comes_back(company):
    company.serve([keyword(1), keyword(2)])
    company.sync()
    company.clock.forward(days=1)
    company.serve([keyword(1)])
    assert company.changes() == (1, 0, 0, 1)
    assert company.changes() == (1, 0, 0, 0), "it is marked once"
    assert company.query("SELECT removed_at FROM keywords WHERE keyword_id = 2") == [(NOON + timedelta(days=1),)]
    company.clock.forward(days=1)
    company.serve([keyword(1), keyword(2)])
    assert company.changes() == (2, 0, 1, 0)
    assert company.query("SELECT removed_at, valid_from FROM keywords WHERE keyword_id = 2") == [
        (None, NOON + timedelta(days=2))
    ]


def test_an_entity_that_stands_on_two_pages_is_counted_once_as_it_was_last_seen(company):
    company.serve([keyword(1, bid=1), keyword(2)], [keyword(1, bid=2), keyword(3)])
    assert company.changes() == (3, 3, 0, 0)
    assert company.query("SELECT bid FROM keywords_history WHERE keyword_id = 1") == [(Decimal(2),)]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"bid": "a lot"}, "bid is not an amount: a lot"),
        ({"keywordId": None}, "keyword_id is missing"),
        ({"campaignId": "12.5"}, "campaign_id is not a whole number: 12.5"),
    ],
)
def test_an_item_that_cannot_be_read_is_in_quarantine_and_nothing_of_its_profile_is_taken_for_gone(
    company, item, reason
):
    company.serve([keyword(1), keyword(2)])
    company.sync()
    company.serve([keyword(1, **item)])
    synced = company.sync()
    assert [(o.ad_product, o.rejected, o.removed) for o in synced.outcomes["keywords"]] == [(SB, 0, 0), (SP, 1, 0)]
    ((source, profile, said, raw),) = company.query("SELECT source, profile_id, reason, raw FROM rejected_rows")
    assert (source, profile, said) == ("keywords", SELLER, reason)
    assert json.loads(raw) == keyword(1, **item)
    assert company.query("SELECT count(*) FROM keywords WHERE removed_at IS NULL") == [(2,)]
    company.serve([keyword(1)])
    assert company.changes()[3] == 1
    assert company.query("SELECT count(*) FROM rejected_rows") == [(0,)], "quarantine holds the last listing's"


def test_pages_are_kept_where_reports_are_staged_so_that_what_a_killed_process_left_is_removed(company):
    staging = company.aside.parent / "staging"
    left = staging / f"{socket.gethostname()}~{2**22 + 1}~killed"  # no process has that id
    left.mkdir(parents=True)
    company.serve([keyword(1)])
    assert company.changes() == (1, 1, 0, 0)
    assert list(staging.iterdir()) == []


def test_a_malformed_page_is_kept_aside_and_named_and_nothing_is_taken_for_gone(company):
    company.serve([keyword(1), keyword(2)])
    company.sync()
    company.amazon.pages[SELLER, "/sp/keywords/list"] = [[keyword(1)], b"<html>sorry</html>"]
    synced = company.sync()
    (trouble,) = synced.troubles
    kept = company.aside / f"sp-keywords-list-{SELLER}.malformed"
    assert (trouble.account, trouble.profile_id, trouble.what) == ("acme", SELLER, "keywords")
    assert str(kept) in trouble.reason
    assert kept.read_bytes() == b"<html>sorry</html>"
    assert loaded(synced) == []
    assert company.query("SELECT count(*) FROM keywords WHERE removed_at IS NULL") == [(2,)]


@pytest.mark.parametrize("path", ["/sp/keywords/list", "/sb/keywords"])
def test_an_item_that_only_duckdb_cannot_read_is_in_quarantine_alone(company, path):
    kind, product = (keyword, SP) if path.startswith("/sp/") else (sb_keyword, SB)
    company.serve([kind(1), kind(2)], path=path)
    company.sync()
    # Amounts to the last digit, keys in their order: the others are loaded as if nothing had been.
    items = [kind(1, bid=0.1234567), kind(3, keywordText="\ud83d"), kind(4, keywordText="\U0001f600 \u00e9")]
    company.serve(json.dumps(items if product == SB else {"keywords": items}).encode(), path=path)
    synced = company.sync()
    assert synced.troubles == []
    query = "SELECT keyword_id, bid::VARCHAR, keyword_text FROM keywords WHERE removed_at IS NULL ORDER BY 1"
    bid = f"{kind(2)['bid']:.6f}"
    assert company.query(query) == [(1, "0.123457", "towel"), (2, bid, "towel"), (4, bid, "\U0001f600 \u00e9")]
    ((source, ad_product, reason, raw),) = company.query("SELECT source, ad_product, reason, raw FROM rejected_rows")
    assert (source, ad_product, reason) == ("keywords", product, "a text in it is not Unicode: \\ud83d")
    assert json.loads(raw) == kind(3, keywordText="\\ud83d")
    ((raw,),) = company.query("SELECT raw FROM keywords WHERE keyword_id = 1")
    assert (json.loads(raw), list(json.loads(raw))) == (items[0], list(items[0]))


def test_a_page_that_only_duckdb_cannot_read_is_kept_aside_and_named_and_the_other_profiles_and_entities_are_loaded(
    company,
):
    others = [VENDOR, 5, 6]
    company.roster.save("acme", [facts(), *map(facts, others)])
    for profile in (SELLER, *others):
        company.serve([keyword(1)], profile=profile)
        company.serve([{"campaignId": "5", "name": "x"}], profile=profile, path="/sp/campaigns/list")
    company.sync()
    half = json.dumps({"keywords": [keyword(2)]}).encode("utf-16")
    for profile in (SELLER, 5):
        company.serve(half, profile=profile)
    synced = company.sync(KEYWORDS, ENTITY_TYPES["campaigns"])
    assert sorted((t.account, t.profile_id, t.what) for t in synced.troubles) == [
        ("acme", 5, "keywords"),
        ("acme", SELLER, "keywords"),
    ]
    for trouble in synced.troubles:
        kept = company.aside / f"sp-keywords-list-{trouble.profile_id}.malformed"
        assert str(kept) in trouble.reason
        assert kept.read_bytes().strip() == half
    assert loaded(synced) == sorted([VENDOR, 6])
    assert loaded(synced, "campaigns") == sorted([SELLER, *others])
    assert company.query("SELECT count(*) FROM keywords WHERE removed_at IS NULL") == [(4,)]


def test_a_refused_profile_is_blocked_and_named_and_does_not_stop_the_others(company):
    company.roster.save("acme", [facts(), facts(VENDOR)])
    company.serve([keyword(1)])
    for path in (SP_LIST, SB_LIST):
        company.serve(SCOPE, profile=VENDOR, path=path)
    synced = company.sync()
    assert {(t.profile_id, t.what) for t in synced.troubles} == {(VENDOR, "keywords")}
    assert [(o.profile_id, o.rows) for o in synced.outcomes["keywords"] if o.ad_product == SP] == [(SELLER, 1)]
    blocked = {p.facts.profile_id: p.blocked for p in company.roster.profiles(["acme"])}
    assert blocked == {SELLER: False, VENDOR: True}


def test_a_profile_whose_lists_work_again_is_blocked_no_longer(company):
    company.roster.block(SELLER, "401")
    company.sync(*ENTITY_TYPES.values())
    assert not company.roster.profiles(["acme"])[0].blocked


CAMPAIGNS, PORTFOLIOS = ENTITY_TYPES["campaigns"], ENTITY_TYPES["portfolios"]
SP_KEYWORDS, SB_KEYWORDS, SP_CAMPAIGNS = only(KEYWORDS, SP), only(KEYWORDS, SB), only(CAMPAIGNS, SP)
SCOPE = refusal(401, "Not authorized to access scope 1")
NOT_FOUND, FORBIDDEN, BROKEN = refusal(404, "no such list"), refusal(403, "Forbidden"), httpx.Response(500)
GONE = refusal(410, "no longer served")
IN_WORDS = refusal(400, "The advertiser does not have access to Sponsored Brands")
SP_LIST, SB_LIST, CAMPAIGN_LIST = "/sp/keywords/list", "/sb/keywords", "/sp/campaigns/list"


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    ("entities", "answers", "blocked"),
    [
        ([SP_KEYWORDS], {SP_LIST: FORBIDDEN}, True),
        ([SP_KEYWORDS, SP_CAMPAIGNS], {SP_LIST: FORBIDDEN, CAMPAIGN_LIST: SCOPE}, True),
        ([KEYWORDS], {SP_LIST: SCOPE, SB_LIST: SCOPE}, True),
        ([KEYWORDS], {SP_LIST: SCOPE, SB_LIST: NOT_FOUND}, True),
        ([PORTFOLIOS], {"/portfolios/list": FORBIDDEN}, True),
        ([SP_KEYWORDS, SP_CAMPAIGNS], {CAMPAIGN_LIST: FORBIDDEN}, False),
        ([SP_KEYWORDS, SP_CAMPAIGNS], {CAMPAIGN_LIST: SCOPE}, False),
        ([KEYWORDS], {SP_LIST: FORBIDDEN}, False),
        # Where nothing was served and not everything refused, nobody knows: it stays as it was.
        ([SP_KEYWORDS], {SP_LIST: NOT_FOUND}, None),
        ([SP_KEYWORDS, SP_CAMPAIGNS], {SP_LIST: FORBIDDEN, CAMPAIGN_LIST: BROKEN}, None),
        ([KEYWORDS], {SP_LIST: BROKEN, SB_LIST: FORBIDDEN}, None),
        ([SB_KEYWORDS], {SB_LIST: SCOPE}, None),
        ([SB_KEYWORDS], {SB_LIST: NOT_FOUND}, None),
    ],
)
def test_a_refused_list_is_named_and_blocks_its_profile_only_where_every_list_asked_for_was_refused(
    company, entities, answers, blocked, before
):
    if before:
        company.roster.block(SELLER, "as it was")
    for path, answer in answers.items():
        company.serve(answer, path=path)
    synced = company.sync(*entities)
    assert sorted(t.reason.split(":")[0] for t in synced.troubles) == sorted(f"the list {path}" for path in answers)
    assert company.roster.profiles(["acme"])[0].blocked == (before if blocked is None else blocked)
    assert synced.not_offered == []


def lacking(company):
    return sorted(company.roster.profiles(["acme"])[0].lacking)


@pytest.mark.parametrize("answer", [SCOPE, FORBIDDEN, NOT_FOUND, IN_WORDS])
def test_a_profile_that_is_refused_one_ad_product_and_served_the_others_lacks_it_and_nothing_failed(company, answer):
    company.serve([keyword(1)])
    company.serve(answer, path=SB_LIST)
    synced = company.sync()
    assert (synced.troubles, loaded(synced)) == ([], [SELLER])
    ((account, profile_id, ad_product),) = [(n.account, n.profile_id, n.ad_product) for n in synced.not_offered]
    assert (account, profile_id, ad_product) == ("acme", SELLER, SB)
    assert lacking(company) == [SB]
    assert not company.roster.profiles(["acme"])[0].blocked


@pytest.mark.parametrize("answer", [GONE, BROKEN])
def test_another_failure_of_such_a_list_stays_a_failure(company, answer):
    company.serve(answer, path=SB_LIST)
    synced = company.sync()
    assert [t.reason.split(":")[0] for t in synced.troubles] == [f"the list {SB_LIST}"]
    assert (lacking(company), synced.not_offered) == ([], [])


@pytest.mark.parametrize("status", [404, 410])
def test_a_list_of_sponsored_products_that_is_no_longer_served_is_a_failure(company, status):
    company.serve(refusal(status, "no such list"), path=SP_LIST)
    synced = company.sync()
    assert [t.reason.split(":")[0] for t in synced.troubles] == [f"the list {SP_LIST}"]
    assert lacking(company) == []


def test_one_refused_list_of_several_of_an_ad_product_is_a_failure(company):
    company.serve(FORBIDDEN, path=SB_LIST)
    synced = company.sync(KEYWORDS, CAMPAIGNS)
    assert [t.reason.split(":")[0] for t in synced.troubles] == [f"the list {SB_LIST}"]
    assert lacking(company) == []


def test_what_a_client_has_had_and_is_refused_now_is_a_failure_unless_amazon_says_in_words_that_it_is_not_there(
    company,
):
    company.serve([sb_keyword(1)], path=SB_LIST)
    company.sync()
    company.serve(FORBIDDEN, path=SB_LIST)
    assert [t.reason.split(":")[0] for t in company.sync().troubles] == [f"the list {SB_LIST}"]
    assert lacking(company) == []
    company.serve(IN_WORDS, path=SB_LIST)
    assert company.sync().troubles == []
    assert lacking(company) == [SB]
    assert company.query("SELECT count(*) FROM keywords WHERE removed_at IS NULL") == [(1,)], "it is kept"


def test_what_a_profile_lacks_is_asked_for_weekly_and_named_every_time(company):
    company.serve(FORBIDDEN, path=SB_LIST)
    company.sync()
    company.serve([sb_keyword(1)], path=SB_LIST)
    company.clock.forward(days=6)
    synced = company.sync()
    assert {(o.profile_id, o.ad_product) for o in synced.outcomes["keywords"]} == {(SELLER, SP)}
    assert [(n.profile_id, n.ad_product) for n in synced.not_offered] == [(SELLER, SB)]
    company.clock.forward(days=2)
    synced = company.sync()
    assert (loaded(synced, ad_product=SB), synced.not_offered, lacking(company)) == ([SELLER], [], [])


def test_a_list_that_is_refused_says_nothing_of_other_profiles(company):
    company.roster.save("acme", [facts(), facts(VENDOR)])
    company.serve(FORBIDDEN, path=SB_LIST)
    company.serve(SCOPE, path=SP_LIST, profile=VENDOR)
    company.serve(SCOPE, path=SB_LIST, profile=VENDOR)
    company.sync()
    assert {p.facts.profile_id: p.blocked for p in company.roster.profiles(["acme"])} == {SELLER: False, VENDOR: True}
    (refused,) = [p for p in company.roster.profiles(["acme"]) if p.blocked]
    assert refused.blocked_reason.startswith("account 'acme', profile")


def test_a_list_that_ends_early_is_named_and_nothing_is_taken_for_gone(company):
    company.serve([keyword(1), keyword(2)])
    company.sync()
    company.amazon.pages[SELLER, "/sp/keywords/list"] = [b'{"keywords": [], "totalResults": 2}']
    (trouble,) = company.sync().troubles
    assert (trouble.profile_id, trouble.what) == (SELLER, "keywords")
    assert "ended after 0 of 2 objects" in trouble.reason
    assert company.query("SELECT count(*) FROM keywords WHERE removed_at IS NULL") == [(2,)]


def test_a_profile_that_answers_401_in_any_words_is_refused_and_its_account_works_on(company):
    company.roster.save("acme", [facts(), facts(VENDOR)])
    company.roster.account_ok("acme")
    company.serve([keyword(1)])
    company.amazon.pages[VENDOR, "/sp/keywords/list"] = refusal(401, "Not authorized to manage this profile")
    assert [t.profile_id for t in company.sync(SP_KEYWORDS).troubles] == [VENDOR]
    assert {p.facts.profile_id for p in company.roster.profiles(["acme"]) if p.blocked} == {VENDOR}
    assert company.roster.standings()["acme"].error is None


def test_a_profile_of_an_account_that_is_no_longer_configured_is_a_trouble_and_no_more(company):
    company.roster.save("gone", [facts(VENDOR, account="gone")])
    company.serve([keyword(1)])
    synced = company.sync(SP_KEYWORDS)
    assert [(t.account, t.profile_id) for t in synced.troubles] == [("gone", VENDOR)]
    assert [(o.profile_id, o.rows) for o in synced.outcomes["keywords"]] == [(SELLER, 1)]


def test_one_kind_of_entity_that_fails_leaves_the_others_and_the_other_profiles_alone(company):
    company.roster.save("acme", [facts(), facts(VENDOR)])
    for profile in (SELLER, VENDOR):
        company.serve([keyword(1)], profile=profile)
        company.serve([{"campaignId": "5", "name": "x"}], profile=profile, path="/sp/campaigns/list")
    company.amazon.pages[SELLER, "/sp/campaigns/list"] = httpx.Response(500)
    synced = company.sync(KEYWORDS, ENTITY_TYPES["campaigns"])
    assert [(t.profile_id, t.what) for t in synced.troubles] == [(SELLER, "campaigns")]
    assert loaded(synced) == sorted([SELLER, VENDOR])
    assert loaded(synced, "campaigns") == [VENDOR]
    assert loaded(synced, "campaigns", SD) == sorted([SELLER, VENDOR])


NEGATIVES = ENTITY_TYPES["negative_keywords"]


def test_negatives_of_ad_groups_and_of_campaigns_stand_in_one_table_even_with_the_same_id(company):
    negative = {
        "keywordId": "7",
        "campaignId": "5",
        "keywordText": "cheap",
        "matchType": "NEGATIVE_EXACT",
        "state": "ENABLED",
    }
    company.serve([negative | {"adGroupId": "6"}], path="/sp/negativeKeywords/list")
    company.serve([negative], path="/sp/campaignNegativeKeywords/list")
    assert company.changes(NEGATIVES) == (2, 2, 0, 0)
    found = company.query("SELECT level, keyword_id, ad_group_id FROM negative_keywords ORDER BY level")
    assert found == [("AD_GROUP", 7, 6), ("CAMPAIGN", 7, None)]
    company.serve([], path="/sp/campaignNegativeKeywords/list")
    assert company.changes(NEGATIVES) == (1, 0, 0, 1)


def test_of_two_lists_in_one_table_the_one_that_fails_keeps_what_it_had_and_the_other_is_loaded(company):
    negative = {"keywordId": "7", "campaignId": "5"}
    company.serve([negative | {"adGroupId": "6"}], path="/sp/negativeKeywords/list")
    company.serve([negative], path="/sp/campaignNegativeKeywords/list")
    company.sync(NEGATIVES)
    company.serve([], path="/sp/negativeKeywords/list")
    company.amazon.pages[SELLER, "/sp/campaignNegativeKeywords/list"] = httpx.Response(500)
    assert company.changes(NEGATIVES) == (0, 0, 0, 1)
    assert company.query("SELECT level FROM negative_keywords WHERE removed_at IS NULL") == [("CAMPAIGN",)]


def test_nested_objects_arrive_as_json_and_nested_fields_in_their_columns(company):
    bidding = [{"placement": "PLACEMENT_TOP", "percentage": 100}]
    campaign = {
        "campaignId": "191249325250025",
        "name": "Summer",
        "state": "ENABLED",
        "targetingType": "AUTO",
        "budget": {"budget": 50.0, "budgetType": "DAILY"},
        "dynamicBidding": {"strategy": "LEGACY_FOR_SALES", "placementBidding": bidding},
        "startDate": "2022-07-08",
        "endDate": None,
        "tags": {"team": "a"},
        "portfolioId": "253945852845204",
    }
    company.serve([campaign], path="/sp/campaigns/list")
    company.sync(ENTITY_TYPES["campaigns"])
    columns = "campaign_id, budget, budget_type, bidding_strategy, start_date::VARCHAR, end_date, portfolio_id"
    ((*plain, placements, tags, raw),) = company.query(f"SELECT {columns}, placement_bidding, tags, raw FROM campaigns")
    assert plain == [
        *(191249325250025, Decimal(50), "DAILY", "LEGACY_FOR_SALES", "2022-07-08", None, 253945852845204),
    ]
    spelled = [{"placement": "TOP_OF_SEARCH", "percentage": 100}]
    assert (json.loads(placements), json.loads(tags), json.loads(raw)) == (spelled, {"team": "a"}, campaign)
    inside = company.query("SELECT placement_bidding->0->>'percentage' FROM campaigns")
    assert inside == [("100",)]


def test_every_entity_of_the_sandbox_sized_kind_can_be_listed_when_there_is_nothing(company):
    synced = company.sync(*ENTITY_TYPES.values())
    assert synced.troubles == []
    assert {name: {o.ad_product: o.rows for o in outcomes} for name, outcomes in synced.outcomes.items()} == {
        name: {listing.ad_product or "": 0 for listing in entity.listings} for name, entity in ENTITY_TYPES.items()
    }
