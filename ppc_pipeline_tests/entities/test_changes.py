"""What changed: a row for each attribute, what came and went, and the jumps that somebody should look at."""

import httpx
import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.warehouse.changes import large_changes
from ppc_pipeline_tests.entities.company import SB, SP, keyword, sb_keyword
from ppc_pipeline_tests.fakes import NOON, SELLER, facts

KEYWORDS, CAMPAIGNS = ENTITY_TYPES["keywords"], ENTITY_TYPES["campaigns"]
CAMPAIGN_LIST = "/sp/campaigns/list"


def campaign(number=1, budget=10.0, **changes):
    base = {"campaignId": str(number), "name": "Summer", "state": "ENABLED", "startDate": "2026-01-01"}
    return base | {"budget": {"budget": budget, "budgetType": "DAILY"}} | changes


AD_GROUPS, AD_GROUP_LIST = ENTITY_TYPES["ad_groups"], "/sp/adGroups/list"


def ad_group(default_bid):
    """The ad group of every keyword."""
    whose = {"adGroupId": keyword()["adGroupId"], "campaignId": keyword()["campaignId"]}
    return {**whose, "name": "Towels", "state": "ENABLED", "defaultBid": default_bid}


def changes(company, columns="change, attribute, before, after, change_percent", where="true"):
    return company.query(f"SELECT {columns} FROM entity_changes WHERE {where} ORDER BY seen_at, entity_id, attribute")


def next_day(company, *items, path="/sp/keywords/list", entity=KEYWORDS):
    company.clock.forward(days=1)
    company.serve(list(items), path=path)
    return company.sync(entity)


def test_each_changed_attribute_is_a_row_with_what_it_was_and_by_how_much_an_amount_changed(company):
    company.serve([campaign()], path=CAMPAIGN_LIST)
    company.sync(CAMPAIGNS)
    strategy = {"strategy": "AUTO_FOR_SALES"}
    new = campaign(budget=12.5, name="Winter", state="PAUSED", dynamicBidding=strategy, endDate="2026-12-31")
    next_day(company, new, path=CAMPAIGN_LIST, entity=CAMPAIGNS)
    assert changes(company) == [
        ("changed", "bidding_strategy", None, "AUTO_FOR_SALES", None),
        ("changed", "budget", "10", "12.5", 25.0),
        ("changed", "end_date", None, "2026-12-31", None),
        ("changed", "name", "Summer", "Winter", None),
        ("changed", "state", "ENABLED", "PAUSED", None),
    ]
    who = "account, profile_id, currency_code, ad_product, entity, entity_id, campaign_id, name"
    assert set(changes(company, who)) == {("acme", SELLER, "USD", SP, "campaigns", 1, 1, "Winter")}
    assert set(changes(company, "seen_at")) == {(company.clock(),)}


def test_a_first_listing_is_no_change_and_neither_is_one_of_another_ad_product(company):
    company.serve([keyword(1)])
    company.serve(httpx.Response(500), path="/sb/keywords")
    company.sync()
    company.serve([sb_keyword(1)], path="/sb/keywords")
    next_day(company, keyword(1))
    assert changes(company) == []


def test_what_comes_into_an_empty_list_was_added(company):
    company.serve([keyword(1)])
    company.sync()
    company.serve([sb_keyword(2)], path="/sb/keywords")
    next_day(company, keyword(1))
    assert changes(company, "change, ad_product, entity_id") == [("added", SB, 2)]


def test_what_a_list_brings_that_failed_before_was_not_added_whatever_another_list_of_its_table_had(company):
    negatives, sp, below = ENTITY_TYPES["negative_keywords"], "/sp/{}egativeKeywords/list", {"adGroupId": None}
    company.serve([keyword(1)], path=sp.format("n"))
    company.serve(httpx.Response(500), path=sp.format("campaignN"))
    company.sync(negatives)
    company.serve([keyword(2, **below)], path=sp.format("campaignN"))
    next_day(company, keyword(1), path=sp.format("n"), entity=negatives)
    assert changes(company) == []
    company.serve([keyword(2, **below), keyword(3, **below)], path=sp.format("campaignN"))
    next_day(company, keyword(1), path=sp.format("n"), entity=negatives)
    assert changes(company, "change, entity_id") == [("added", 3)]


def test_in_a_warehouse_from_before_first_listings_were_noted_the_first_entities_tell_when_that_was(company):
    company.serve([keyword(1)])
    company.sync()
    company.query("DELETE FROM first_listings")
    next_day(company, keyword(1), keyword(2))
    assert changes(company, "change, entity_id") == [("added", 2)]


def test_what_comes_later_goes_and_comes_back_is_told(company):
    company.serve([keyword(1)])
    company.sync()
    next_day(company, keyword(1), keyword(2))
    next_day(company, keyword(1))
    next_day(company, keyword(1), keyword(2, bid=1.5))
    days = company.query(
        "SELECT date_diff('day', ?::TIMESTAMPTZ, seen_at), entity_id, change, before, after FROM entity_changes "
        "ORDER BY 1, 3",
        NOON,
    )
    assert days == [
        (1, 2, "added", None, None),
        (2, 2, "removed", None, None),
        (3, 2, "added", None, None),
        (3, 2, "changed", "0.75", "1.5"),
    ]


def test_what_nobody_watches_is_a_version_and_no_change(company):
    company.serve([campaign()], path=CAMPAIGN_LIST)
    company.sync(CAMPAIGNS)
    next_day(company, campaign(tags={"team": "a"}), path=CAMPAIGN_LIST, entity=CAMPAIGNS)
    assert company.query("SELECT count(*) FROM campaigns_history") == [(2,)]
    assert changes(company) == []


@pytest.mark.parametrize("entity", ENTITY_TYPES.values(), ids=lambda entity: entity.name)
def test_every_kind_of_entity_has_its_changes(company, entity):
    listing = entity.listings[0]
    ids = {listing.fields[name].removeprefix("$."): "7" for name in entity.key if name in listing.fields}
    column = "state" if "state" in entity.watched else "moderation_status"
    key = listing.fields[column].removeprefix("$.")
    company.serve([ids | {key: "ENABLED"}], path=listing.path)
    company.sync(entity)
    next_day(company, ids | {key: "PAUSED"}, path=listing.path, entity=entity)
    found = changes(company, "entity, coalesce(entity_id::VARCHAR, name), ad_product, attribute, before, after")
    assert found == [(entity.name, "7", listing.ad_product, column, "ENABLED", "PAUSED")]


def jumped(company, synced, percent=50):
    with company.warehouse.connect() as connection:
        return large_changes(connection, synced.at, percent)


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        (1.0, 1.5, None),
        (1.0, 1.51, 51.0),
        (1.0, 0.4, -60.0),
        (0.3, 3.0, 900.0),
        # Where it has none of its own, the ad group's default of 0.50 applies.
        (None, 50.0, 9900.0),
        (None, 0.6, None),
        (3.0, None, -83.33),
        (0.6, None, None),
    ],
)
def test_a_bid_that_jumps_by_more_than_the_threshold_is_told_once(company, before, after, percent):
    company.serve([ad_group(0.5)], path=AD_GROUP_LIST)
    company.serve([keyword(1, bid=before), keyword(2)])
    company.sync(AD_GROUPS, KEYWORDS)
    company.serve([ad_group(0.9)], path=AD_GROUP_LIST)
    synced = next_day(company, keyword(1, bid=after), keyword(2))
    assert [change.percent for change in jumped(company, synced)] == ([] if percent is None else [percent])
    assert jumped(company, next_day(company, keyword(1, bid=after), keyword(2))) == []


def test_a_bid_is_compared_with_the_default_bid_that_applied_before_both_changed(company):
    company.serve([ad_group(0.5)], path=AD_GROUP_LIST)
    company.serve([keyword(1, bid=None)])
    company.sync(AD_GROUPS, KEYWORDS)
    company.clock.forward(days=1)
    company.serve([ad_group(0.75)], path=AD_GROUP_LIST)
    company.serve([keyword(1, bid=1)])
    synced = company.sync(AD_GROUPS, KEYWORDS)
    assert [(c.entity, c.before, c.after, c.percent) for c in jumped(company, synced, 40)] == [
        ("keywords", None, "1", 100.0),
        ("ad_groups", "0.5", "0.75", 50.0),
    ]


@pytest.mark.parametrize(("before", "after", "told"), [(0, 0.01, True), (None, 0.01, True), (0, None, False)])
def test_a_bid_that_comes_up_from_nothing_is_told_whatever_the_threshold(company, before, after, told):
    company.serve([keyword(1, bid=before), keyword(2, bid=1)])
    company.sync()
    synced = next_day(company, keyword(1, bid=after), keyword(2, bid=9))
    found = [(change.entity_id, change.percent) for change in jumped(company, synced)]
    assert found == ([(1, None)] if told else []) + [(2, 800.0)]


def test_a_budget_that_is_set_for_the_first_time_is_no_jump_and_one_that_was_zero_is(company):
    company.serve([campaign(1, None), campaign(2, 0)], path=CAMPAIGN_LIST)
    company.sync(CAMPAIGNS)
    synced = next_day(company, campaign(1, 5), campaign(2, 5), path=CAMPAIGN_LIST, entity=CAMPAIGNS)
    assert [(change.entity_id, change.percent) for change in jumped(company, synced)] == [(2, None)]


def test_the_largest_jumps_of_all_clients_and_ad_products_come_first_with_all_that_people_ask(company):
    company.roster.save("acme", [facts(), facts(5)])
    company.serve([keyword(1, bid=1)])
    company.serve([keyword(2, bid=1)], profile=5)
    company.serve([sb_keyword(3, bid=1)], path="/sb/keywords")
    company.sync()
    company.serve([keyword(2, bid=3)], profile=5)
    company.serve([sb_keyword(3, bid=4)], path="/sb/keywords")
    synced = next_day(company, keyword(1, bid=2))
    found = jumped(company, synced)
    assert [(c.profile_id, c.ad_product, c.entity_id, c.percent) for c in found] == [
        (SELLER, SB, 3, 300.0),
        (5, SP, 2, 200.0),
        (SELLER, SP, 1, 100.0),
    ]
    first = found[0]
    assert (first.entity, first.name, first.campaign_id, first.attribute) == ("keywords", "towel", 2, "bid")
    assert (first.before, first.after, first.currency_code) == ("1", "4", "USD")
