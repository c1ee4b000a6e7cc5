"""The entity lists of Sponsored Products: pages, filters, media types, refusals."""

import json

import pytest

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.sandbox import SandboxOptions
from ppc_pipeline.sandbox.lists import LISTINGS

BY_KEY = {listing.key: listing for listing in LISTINGS if listing.ad_product == SPONSORED_PRODUCTS}


def page(api, key, body=None, **headers):
    media = BY_KEY[key].media_type.removeprefix("application/vnd.").removesuffix(".v3+json")
    return api.page(BY_KEY[key].path, media, body, **headers)


def everything(api, key, body):
    found, token = [], None
    while True:
        answer = page(api, key, body | ({"nextToken": token} if token else {})).json()
        found.append(answer[key])
        token = answer.get("nextToken")
        if not token:
            return found


@pytest.mark.parametrize("key", BY_KEY)
def test_every_list_has_something_and_ids_are_texts(api, key):
    body = page(api, key).json()
    assert body["totalResults"] == len(body[key]) > 0
    assert "nextToken" not in body
    assert all(isinstance(value, str) for item in body[key] for name, value in item.items() if name.endswith("Id"))


def test_pages_cover_every_entity_once(api):
    pages = everything(api, "keywords", {"maxResults": 7})
    assert {len(items) for items in pages[:-1]} == {7}
    ids = [item["keywordId"] for items in pages for item in items]
    assert len(ids) == len(set(ids)) == page(api, "keywords").json()["totalResults"] == 5 * 12


def test_pages_are_clamped_to_the_page_size(new_api):
    api = new_api(SandboxOptions(page_size=20))
    assert [len(items) for items in everything(api, "keywords", {"maxResults": 1000})] == [20, 20, 20]


def test_states_are_filtered(api):
    answers = {
        state: page(api, "keywords", {"stateFilter": {"include": [state]}}).json()
        for state in ("ENABLED", "PAUSED", "ARCHIVED")
    }
    for state, answer in answers.items():
        assert {item["state"] for item in answer["keywords"]} == {state}
    assert sum(a["totalResults"] for a in answers.values()) == page(api, "keywords").json()["totalResults"]


def test_ids_texts_and_match_types_are_filtered(api):
    keywords = page(api, "keywords").json()["keywords"]
    first = keywords[0]
    cases = [
        ({"keywordIdFilter": {"include": [first["keywordId"]]}}, lambda k: k == first),
        ({"campaignIdFilter": {"include": [first["campaignId"]]}}, lambda k: k["campaignId"] == first["campaignId"]),
        ({"matchTypeFilter": ["EXACT"]}, lambda k: k["matchType"] == "EXACT"),
        (
            {"keywordTextFilter": {"include": ["ORGANIC"], "queryTermMatchType": "BROAD_MATCH"}},
            lambda k: "organic" in k["keywordText"],
        ),
        (
            {"keywordTextFilter": {"include": ["green tea"], "queryTermMatchType": "EXACT_MATCH"}},
            lambda k: k["keywordText"] == "green tea",
        ),
    ]
    for body, passes in cases:
        assert page(api, "keywords", body).json()["keywords"] == [k for k in keywords if passes(k)] != []
    clauses = page(api, "targetingClauses", {"expressionTypeFilter": {"include": ["AUTO"]}}).json()
    assert [c["expression"][0]["type"] for c in clauses["targetingClauses"]] == [
        "QUERY_HIGH_REL_MATCHES",
        "QUERY_BROAD_REL_MATCHES",
        "ASIN_SUBSTITUTE_RELATED",
        "ASIN_ACCESSORY_RELATED",
    ]


def test_some_keywords_inherit_their_bid_and_extended_data_comes_on_request(api):
    keywords = page(api, "keywords").json()["keywords"]
    assert {"bid" in keyword for keyword in keywords} == {True, False}
    assert not any("extendedData" in keyword for keyword in keywords)
    extended = page(api, "keywords", {"includeExtendedDataFields": True}).json()["keywords"]
    assert extended[0]["extendedData"]["servingStatus"].startswith("TARGETING_CLAUSE_")


def test_vendors_advertise_asins_and_sellers_skus(api):
    seller, vendor = (api.page("/sp/productAds/list", "spProductAd", profile=api.profile(n)).json() for n in (0, 2))
    assert all("sku" in ad for ad in seller["productAds"])
    assert not any("sku" in ad for ad in vendor["productAds"])


@pytest.mark.parametrize("wrong", ["application/json", "application/vnd.spCampaign.v3+json", "*/*"])
def test_other_media_types_are_refused(api, wrong):
    sent = page(api, "keywords", **{"Content-Type": wrong})
    assert (sent.status_code, sent.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    accepted = page(api, "keywords", Accept=wrong)
    assert (accepted.status_code, accepted.json()["details"]) == (406, "No match for accept header")


@pytest.mark.parametrize(
    ("body", "kind", "reason", "location"),
    [
        ({"maxResults": 5000}, "rangeError", "TOO_HIGH", "$.maxResults"),
        ({"maxResults": 0}, "rangeError", "TOO_LOW", "$.maxResults"),
        ({"maxResults": "many"}, "malformedValueError", "PATTERN_NOT_MATCHED", "$.maxResults"),
        ({"nextToken": "made-up"}, "invalidInputError", "INVALID_TOKEN", "$.nextToken"),
        ({"stateFilter": {"include": ["LIVE"]}}, "rangeError", "INVALID_ENUM_VALUE", "$.stateFilter.include"),
        ({"campaignIdFilter": {"include": [1]}}, "malformedValueError", "PATTERN_NOT_MATCHED", None),
        ({"campaignIdFilter": {"include": ["1"] * 101}}, "rangeError", "TOO_HIGH", "$.campaignIdFilter.include"),
        ({"campaignIdFilter": ["1"]}, "malformedValueError", "PATTERN_NOT_MATCHED", "$.campaignIdFilter"),
        ([], None, None, None),
    ],
)
def test_a_wrong_body_is_refused_with_amazons_error_object(api, body, kind, reason, location):
    if body == []:
        headers = api.headers(api.profile()) | dict.fromkeys(("Accept", "Content-Type"), BY_KEY["keywords"].media_type)
        answer = api.call("POST", "/sp/keywords/list", headers=headers, content=json.dumps(body))
        kind, reason = "malformedValueError", "PATTERN_NOT_MATCHED"
    else:
        answer = page(api, "keywords", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ARGUMENT")
    (error,) = answer.json()["errors"]
    assert error["errorType"] == kind
    assert error["errorValue"][kind]["reason"] == reason
    if location:
        assert error["errorValue"][kind]["cause"]["location"] == location


def test_a_page_token_goes_with_its_own_filters_and_list_only(api):
    token = page(api, "keywords", {"maxResults": 5}).json()["nextToken"]
    assert page(api, "keywords", {"maxResults": 9, "nextToken": token}).status_code == 200
    assert page(api, "keywords", {"nextToken": token, "matchTypeFilter": ["EXACT"]}).status_code == 400
    assert page(api, "adGroups", {"nextToken": token}).status_code == 400
