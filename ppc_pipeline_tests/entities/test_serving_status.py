"""PPC_SERVING_STATUS: lists are asked for extended data, and what they no longer say is no change."""

import json
from datetime import UTC, datetime

import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline_tests.entities.company import SB, SP, FakeLists, keyword, only

EPOCH, TEXT = 1687510616329, "2023-06-23T08:56:56.329Z"
CREATED = datetime(2023, 6, 23, 8, 56, 56, 329000, tzinfo=UTC)
CAMPAIGNS = only(ENTITY_TYPES["campaigns"], SP)
LIST = "/sp/campaigns/list"
EXTENDING = [
    ("campaigns", SP, LIST, {"campaignId": "1"}),
    ("ad_groups", SP, "/sp/adGroups/list", {"adGroupId": "1"}),
    ("product_ads", SP, "/sp/productAds/list", {"adId": "1"}),
    ("keywords", SP, "/sp/keywords/list", {"keywordId": "1"}),
    ("targets", SP, "/sp/targets/list", {"targetId": "1"}),
    ("portfolios", None, "/portfolios/list", {"portfolioId": "1"}),
    ("campaigns", SB, "/sb/v4/campaigns/list", {"campaignId": "1"}),
    ("ad_groups", SB, "/sb/v4/adGroups/list", {"adGroupId": "1"}),
]


class Sparing(FakeLists):
    """Says extended data only if asked for it, as Amazon does."""

    def _answer(self, request):
        answer = super()._answer(request)
        if (
            request.method != "POST"
            or b"includeExtendedDataFields" in request.content
            or b"extendedData" not in answer.content
        ):
            return answer
        page = json.loads(answer.content)
        for items in page.values():
            for item in items if isinstance(items, list) else ():
                item.pop("extendedData", None)
        return type(answer)(200, json=page)


@pytest.fixture
def company(company):
    company.amazon = Sparing()
    return company


def campaign(status="CAMPAIGN_STATUS_ENABLED", **changes):
    return {
        "campaignId": "1",
        "name": "a",
        "extendedData": {"servingStatus": status, "creationDateTime": TEXT},
    } | changes


@pytest.mark.parametrize(("name", "product", "path", "item"), EXTENDING, ids=[path for _, _, path, _ in EXTENDING])
def test_serving_status_and_creation_are_said_only_if_asked_for(company, name, product, path, item):
    stamp = {"creationDate": EPOCH} if product == SB else {"creationDateTime": TEXT}
    company.serve([item | {"extendedData": {"servingStatus": "LIVE", **stamp}}], path=path)
    found = f"SELECT serving_status, created_at FROM {name}"
    company.sync(only(ENTITY_TYPES[name], product))
    assert company.query(found) == [(None, None)]
    company.sync(only(ENTITY_TYPES[name], product), extended=True)
    assert company.query(found) == [("LIVE", CREATED)]
    assert company.query(f"SELECT count(*) FROM {name}_history") == [(1,)]


def test_these_are_the_lists_that_can_be_asked():
    found = {listing.path for entity in ENTITY_TYPES.values() for listing in entity.listings if listing.extends}
    assert found == {path for _, _, path, _ in EXTENDING}


@pytest.mark.parametrize(("name", "product", "path", "item"), EXTENDING, ids=[path for _, _, path, _ in EXTENDING])
def test_turned_off_and_on_again_no_list_makes_a_version(company, name, product, path, item):
    company.serve([item | {"extendedData": {"servingStatus": "LIVE"}}], path=path)
    entity = only(ENTITY_TYPES[name], product)
    for extended in (True, False, True):
        company.sync(entity, extended=extended)
        company.clock.forward(days=1)
    assert company.query(f"SELECT serving_status FROM {name}_history") == [("LIVE",)]


def test_a_creation_date_that_comes_later_is_filled_in_once_and_makes_no_version(company):
    keywords = only(ENTITY_TYPES["keywords"], SP)
    for said in ({}, {"creationDateTime": TEXT}, {}, {"creationDateTime": "2024-01-01T00:00:00Z"}):
        company.serve([keyword(extendedData={"servingStatus": "LIVE", **said})])
        company.sync(keywords, extended=True)
        company.clock.forward(days=1)
    assert company.query("SELECT created_at FROM keywords_history") == [(CREATED,)]


def test_turned_off_again_it_changes_nothing_and_what_was_known_stays(company):
    company.serve([campaign()], path=LIST)
    company.sync(CAMPAIGNS, extended=True)
    company.clock.forward(days=1)
    assert company.changes(CAMPAIGNS) == (1, 0, 0, 0)
    company.serve([campaign(name="b")], path=LIST)
    assert company.changes(CAMPAIGNS) == (1, 0, 1, 0)
    versions = company.query("SELECT name, serving_status, created_at FROM campaigns_history ORDER BY valid_from")
    assert versions == [("a", "CAMPAIGN_STATUS_ENABLED", CREATED), ("b", "CAMPAIGN_STATUS_ENABLED", CREATED)]


def test_another_status_is_a_version_and_no_change_that_anybody_made(company):
    company.serve([campaign()], path=LIST)
    company.sync(CAMPAIGNS, extended=True)
    company.clock.forward(days=1)
    company.serve([campaign("CAMPAIGN_OUT_OF_BUDGET")], path=LIST)
    assert company.changes(CAMPAIGNS, extended=True) == (1, 0, 1, 0)
    assert company.query("FROM entity_changes") == []
    assert company.query("SELECT serving_status FROM campaigns") == [("CAMPAIGN_OUT_OF_BUDGET",)]
