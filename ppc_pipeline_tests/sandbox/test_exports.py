"""Exports: made in time, five at once, behind links that expire, and the same entities as in the lists."""

from collections import Counter

import pytest

KINDS = ("campaigns", "adGroups", "ads", "targets")
ALL_STATES = {"stateFilter": ["ENABLED", "PAUSED", "ARCHIVED"]}
STATES = {"stateFilter": {"include": ["ENABLED", "PAUSED", "ARCHIVED"]}}
LISTS = {
    "campaigns": [("/sp/campaigns/list", "spCampaign", "campaigns", "campaignId")],
    "adGroups": [("/sp/adGroups/list", "spAdGroup", "adGroups", "adGroupId")],
    "ads": [("/sp/productAds/list", "spProductAd", "productAds", "adId")],
    "targets": [
        ("/sp/keywords/list", "spKeyword", "keywords", "keywordId"),
        ("/sp/targets/list", "spTargetingClause", "targetingClauses", "targetId"),
        ("/sp/negativeKeywords/list", "spNegativeKeyword", "negativeKeywords", "keywordId"),
        ("/sp/negativeTargets/list", "spNegativeTargetingClause", "negativeTargetingClauses", "targetId"),
        ("/sp/campaignNegativeKeywords/list", "spCampaignNegativeKeyword", "campaignNegativeKeywords", "keywordId"),
        (
            "/sp/campaignNegativeTargets/list",
            "spCampaignNegativeTargetingClause",
            "campaignNegativeTargetingClauses",
            "targetId",
        ),
    ],
}
IDS = {"campaigns": "campaignId", "adGroups": "adGroupId", "ads": "adId", "targets": "targetId"}


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_an_export_holds_what_the_lists_hold(api, kind, number):
    profile = api.profile(number)
    listed = Counter(
        (item[key], item["state"])
        for path, media, items, key in LISTS[kind]
        for item in api.page(path, media, STATES, profile).json()[items]
    )
    of_products = {**ALL_STATES, "adProductFilter": ["SPONSORED_PRODUCTS"]}
    assert listed == Counter((row[IDS[kind]], row["state"]) for row in api.exported(kind, of_products, profile))


def test_without_a_state_filter_what_is_archived_is_left_out(api):
    states = {row["state"] for row in api.exported("targets")}
    assert states == {"ENABLED", "PAUSED"}
    assert "ARCHIVED" in {row["state"] for row in api.exported("targets", ALL_STATES)}


def test_only_what_is_below_no_ad_group_names_its_campaign(api):
    rows = api.exported("targets", ALL_STATES)
    assert {("campaignId" in row, "adGroupId" in row) for row in rows} == {(True, False), (False, True)}
    assert {row["negative"] for row in rows if "campaignId" in row} == {True}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Accept": "application/vnd.campaignsexport.v1+json"}, 406),
        ({"Accept": "*/*"}, 406),
        ({"Content-Type": "application/json"}, 415),
        ({"Amazon-Advertising-API-Scope": "1"}, 401),
    ],
)
def test_other_media_types_and_profiles_are_refused(api, headers, status):
    assert api.export("targets", **headers).status_code == status


def test_the_sixth_export_of_a_kind_in_progress_is_refused_whoever_asks(api):
    profiles = [api.profile(number) for number in (0, 1, 2, 0, 1)]
    assert [api.export("ads", profile=profile).status_code for profile in profiles] == [202] * 5
    assert api.export("ads", profile=api.profile(2)).status_code == 429
    assert api.export("targets").status_code == 202
    api.clock.forward(seconds=10)
    assert api.export("ads").status_code == 202


def test_another_profiles_export_is_not_found(api):
    export_id = api.export("ads").json()["exportId"]
    assert api.export_status(export_id, "ads", api.profile(1)).status_code == 404


def test_a_link_expires_and_another_look_gives_a_new_one(api):
    export_id = api.export("campaigns").json()["exportId"]
    api.clock.forward(seconds=10)
    url = api.export_status(export_id, "campaigns").json()["url"]
    assert api.call("GET", url).status_code == 200
    assert api.call("GET", url, headers=api.headers()).status_code == 400
    api.clock.forward(hours=1)
    expired = api.call("GET", url)
    assert (expired.status_code, expired.headers["content-type"]) == (403, "application/xml")
    assert api.call("GET", api.export_status(export_id, "campaigns").json()["url"]).status_code == 200
