"""The entity lists of Sponsored Brands and Sponsored Display, with their oddities."""

import pytest

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.sandbox import SandboxOptions
from ppc_pipeline.sandbox.arrays import ARRAYS
from ppc_pipeline.sandbox.lists import LISTINGS

PAGES = {listing.path: listing for listing in LISTINGS if listing.ad_product == SPONSORED_BRANDS}
V4 = [path for path in PAGES if path.startswith("/sb/v4")]
V3 = [path for path in PAGES if not path.startswith("/sb/v4")]
ARRAY = {listing.path: listing for listing in ARRAYS}
PLENTY = SandboxOptions(campaigns=40, keywords_per_campaign=24)


def objects(api, path, **query):
    return api.array(ARRAY[path], **query).json()


def everything(api, path, **query):
    found, start = [], 0
    while some := objects(api, path, startIndex=start, **query):
        found += some
        start += len(some)
    return found


@pytest.mark.parametrize("path", V4)
def test_ids_of_v4_are_texts_of_18_digits_and_pages_hold_at_most_100(new_api, path):
    api, listing = new_api(SandboxOptions(campaigns=240)), PAGES[path]
    page = api.pages_of(listing).json()
    assert len(page[listing.key]) == 100
    assert page[listing.total] > 100
    ids = [value for shown in page[listing.key] for name, value in shown.items() if name in ("campaignId", "adId")]
    assert all(isinstance(value, str) and len(value) == 18 for value in ids)
    following = api.pages_of(listing, {"nextToken": page["nextToken"], "maxResults": 7}).json()
    assert len(following[listing.key]) == 7
    assert not [shown for shown in following[listing.key] if shown in page[listing.key]]


@pytest.mark.parametrize("asked", [0, 101])
@pytest.mark.parametrize("path", V4)
def test_v4_refuses_other_page_sizes_in_the_words_that_were_seen(api, path, asked):
    answer = api.pages_of(PAGES[path], {"maxResults": asked})
    (error,) = answer.json()["errors"]
    told = error["errorValue"]["rangeError"]
    assert (answer.status_code, error["errorType"]) == (400, "rangeError")
    assert told["reason"] == "LIST_REQUEST_MAX_RESULTS_OUT_OF_RANGE"
    assert (told["lowerLimit"], told["upperLimit"], told["cause"]["trigger"]) == ("1", "100", str(asked))


@pytest.mark.parametrize("path", V4)
def test_v4_wants_its_media_type_in_both_headers(api, path):
    listing = PAGES[path]
    assert api.pages_of(listing, **{"Content-Type": "application/json"}).status_code == 415
    assert api.pages_of(listing, Accept="application/json").status_code == 406


@pytest.mark.parametrize("path", V3)
def test_v3_wants_plain_json_and_its_own_answer_or_says_nothing_of_it(api, path):
    listing = PAGES[path]
    assert api.pages_of(listing, **{"Content-Type": listing.media_type}).status_code == 415
    refused = api.pages_of(listing, Accept="application/json")
    assert (refused.status_code, refused.json()["details"]) == (406, "No match for accept header")
    assert api.pages_of(listing, **{"Content-Type": "", "Accept": "*/*"}).status_code == 200


@pytest.mark.parametrize("path", ARRAY)
def test_arrays_are_refused_in_a_media_type_that_they_have_not(api, path):
    assert api.array(ARRAY[path], accept="text/csv").status_code == 406
    assert api.array(ARRAY[path], accept="*/*").status_code == 200


def test_keywords_of_brands_accept_their_own_media_type_only(api):
    assert api.array(ARRAY["/sb/keywords"], accept="application/json").status_code == 406


def test_campaigns_of_brands_have_a_number_for_a_budget_and_epochs_for_stamps(api):
    page = api.pages_of(PAGES["/sb/v4/campaigns/list"], {"includeExtendedDataFields": True}).json()
    assert page["totalCount"] == len(page["campaigns"]) == 3
    for campaign in page["campaigns"]:
        assert isinstance(campaign["budget"], int)
        assert campaign["extendedData"]["creationDate"] == 1_641_196_800_000
    assert "extendedData" not in api.pages_of(PAGES["/sb/v4/campaigns/list"]).json()["campaigns"][0]


def test_every_kind_of_creative_is_there(new_api):
    ads = new_api(PLENTY).pages_of(PAGES["/sb/v4/ads/list"]).json()["ads"]
    kinds = {(ad["creative"]["type"], ad["landingPage"]["pageType"]) for ad in ads}
    assert kinds == {
        ("PRODUCT_COLLECTION", "PRODUCT_LIST"),
        ("VIDEO", "DETAIL_PAGE"),
        ("STORE_SPOTLIGHT", "STORE"),
        ("BRAND_VIDEO", "STORE"),
    }


def test_keywords_of_brands_are_numbers_in_lower_case_and_without_archived_ones_unless_asked(new_api):
    api = new_api(PLENTY)
    shown = everything(api, "/sb/keywords", count=50)
    every = everything(api, "/sb/keywords", stateFilter="enabled,paused,archived")
    assert {keyword["state"] for keyword in shown} == {"enabled", "paused"}
    assert {keyword["state"] for keyword in every} == {"enabled", "paused", "archived"}
    assert {keyword["matchType"] for keyword in every} == {"broad", "phrase", "exact"}
    assert all(isinstance(keyword["keywordId"], int) for keyword in every)
    assert shown == [keyword for keyword in every if keyword["state"] != "archived"]
    first = every[0]
    assert objects(api, "/sb/keywords", keywordIdFilter=first["keywordId"]) == [first]
    of_campaign = everything(api, "/sb/keywords", campaignIdFilter=f"{first['campaignId']},7", matchTypeFilter="exact")
    assert of_campaign == [k for k in shown if k["campaignId"] == first["campaignId"] and k["matchType"] == "exact"]


def test_negative_keywords_of_brands_have_match_types_of_their_own(api):
    negatives = objects(api, "/sb/negativeKeywords")
    assert {negative["matchType"] for negative in negatives} == {"negativeExact", "negativePhrase"}


@pytest.mark.parametrize(
    "path", ["/sb/keywords", "/sb/negativeKeywords", "/sb/targets/list", "/sb/negativeTargets/list"]
)
def test_what_belongs_to_brand_videos_is_shown_in_version_3_2_alone(new_api, path):
    api = new_api(PLENTY)
    ads = api.pages_of(PAGES["/sb/v4/ads/list"]).json()["ads"]
    videos = {int(ad["adGroupId"]) for ad in ads if ad["creative"]["type"] == "BRAND_VIDEO"}

    def shown(version):
        if path in PAGES:
            accept = PAGES[path].media_type.replace(".v3+", f".{version}+")
            return api.pages_of(PAGES[path], Accept=accept).json()[PAGES[path].key]
        accept = ARRAY[path].accepted[0].replace(".v3+", f".{version}+")
        return api.array(ARRAY[path], accept=accept).json()

    every = shown("v3.2")
    assert {one["adGroupId"] for one in every} & videos
    assert shown("v3") == [one for one in every if one["adGroupId"] not in videos] != []


def test_targets_of_brands_are_filtered_by_a_list_of_filters(new_api):
    api, listing = new_api(PLENTY), PAGES["/sb/targets/list"]
    every = api.pages_of(listing).json()["targets"]
    assert {target["expressions"][0]["type"] for target in every} == {"asinSameAs", "asinCategorySameAs"}
    first = every[0]
    filters = [
        {"filterType": "CAMPAIGN_ID", "values": [str(first["campaignId"])]},
        {"filterType": "TARGETING_STATE", "values": ["enabled", "paused"]},
    ]
    some = api.pages_of(listing, {"filters": filters}).json()["targets"]
    assert some == [t for t in every if t["campaignId"] == first["campaignId"] and t["state"] != "archived"] != []


def test_targets_of_brands_come_in_pages(new_api):
    api, listing = new_api(PLENTY), PAGES["/sb/targets/list"]
    first = api.pages_of(listing, {"maxResults": 10}).json()
    second = api.pages_of(listing, {"maxResults": 10, "nextToken": first["nextToken"]}).json()
    assert set(first) == {"targets", "nextToken"}
    assert len({target["targetId"] for page in (first, second) for target in page["targets"]}) == 20


def test_themes_have_texts_for_ids(api):
    themes = api.pages_of(PAGES["/sb/themes/list"]).json()["themes"]
    kinds = {"KEYWORDS_RELATED_TO_YOUR_BRAND", "KEYWORDS_RELATED_TO_YOUR_LANDING_PAGES"}
    assert {theme["themeType"] for theme in themes} == kinds
    assert all(isinstance(theme["themeId"], str) for theme in themes)


def test_display_has_contexts_by_the_click_and_audiences_by_the_view(api):
    campaigns = objects(api, "/sd/campaigns")
    assert [(c["tactic"], c["costType"]) for c in campaigns] == [("T00020", "cpc"), ("T00030", "vcpm")]
    for campaign in campaigns:
        assert isinstance(campaign["campaignId"], int)
        assert len(campaign["startDate"]) == 8
        assert campaign["state"] == "enabled"
    targets = objects(api, "/sd/targets")
    kinds = {target["expression"][0]["type"] for target in targets}
    assert kinds == {"asinSameAs", "asinCategorySameAs", "similarProduct", "views", "purchases", "audience"}
    assert {target["expressionType"] for target in targets} == {"auto", "manual"}
    assert None in [target["bid"] for target in targets]
    assert {group["creativeType"] for group in objects(api, "/sd/adGroups")} == {"IMAGE", "VIDEO", None}


def test_extended_lists_of_display_say_more_of_the_same_objects(api):
    for resource in ("campaigns", "adGroups", "productAds", "targets", "negativeTargets"):
        plain, extended = objects(api, f"/sd/{resource}"), objects(api, f"/sd/{resource}/extended")
        assert len(plain) == len(extended) > 0
        for one, more in zip(plain, extended, strict=True):
            assert more["creationDate"] == 1_641_196_800_000
            assert more["servingStatus"]
            assert {name: one[name] for name in one if name in more} == {
                name: more[name] for name in more if name in one
            }


def test_arrays_of_display_are_paged_and_filtered(new_api):
    api = new_api(PLENTY)
    every = everything(api, "/sd/targets")
    assert everything(api, "/sd/targets", count=7) == every
    assert objects(api, "/sd/targets", startIndex=len(every)) == []
    assert {t["state"] for t in everything(api, "/sd/targets", stateFilter="paused, archived")} == {
        "paused",
        "archived",
    }
    ids = [every[0]["targetId"], every[5]["targetId"]]
    assert objects(api, "/sd/targets", targetIdFilter=",".join(map(str, ids))) == [every[0], every[5]]


@pytest.mark.parametrize("path", [*PAGES, "/sb/keywords", "/sb/negativeKeywords"])
def test_a_profile_without_sponsored_brands_is_refused_by_every_list_of_them(new_api, path):
    api = new_api(SandboxOptions(without_brands=1))
    first, _, last = (profile["profileId"] for profile in api.profiles())

    def status(profile):
        return (
            api.pages_of(PAGES[path], {}, profile) if path in PAGES else api.array(ARRAY[path], profile)
        ).status_code

    assert (status(first), status(last)) == (200, 403)


def test_a_profile_without_sponsored_brands_is_an_authors(new_api):
    profiles = new_api(SandboxOptions(without_brands=1, refused_profiles=1)).profiles()
    assert [profile["accountInfo"].get("subType") for profile in profiles] == [None, "KDP_AUTHOR", None]


def test_a_profile_without_campaigns_has_empty_lists(new_api):
    api = new_api(SandboxOptions(campaigns=0))
    for listing in PAGES.values():
        assert api.pages_of(listing).json()[listing.key] == []
    for path in ARRAY:
        assert objects(api, path) == []


def test_portfolios_are_shared_by_all_ad_products(new_api):
    api = new_api(PLENTY)
    portfolios = {p["portfolioId"] for p in api.page("/portfolios/list", "spPortfolio").json()["portfolios"]}
    brands = api.pages_of(PAGES["/sb/v4/campaigns/list"]).json()["campaigns"]
    display = everything(api, "/sd/campaigns")
    used = {str(c["portfolioId"]) for c in [*brands, *display] if "portfolioId" in c}
    assert used
    assert used <= portfolios


def test_faults_apply_to_arrays_page_by_page(new_api):
    api = new_api(SandboxOptions(campaigns=40, faults="429@/sd/targets,listed-twice@/sd/campaigns"))
    seen = [api.array(ARRAY["/sd/targets"], startIndex=start).status_code for start in (0, 5, 0, 5, 0, 5)]
    assert seen == [429, 429, 429, 429, 200, 200]
    first, second = objects(api, "/sd/campaigns", count=3), objects(api, "/sd/campaigns", startIndex=3, count=3)
    assert second[0] == first[-1]
    assert objects(api, "/sd/adGroups")
    assert api.call("GET", "/_sandbox/stats").json()["calls"]["list /sd/targets"] == 6


def test_a_creative_is_of_an_ad_group_that_shows_its_kind_and_the_same_each_time(new_api):
    api = new_api()
    kinds = {group["adGroupId"]: group["creativeType"] for group in api.get("/sd/adGroups").json()}
    creatives = api.get("/sd/creatives").json()
    assert {one["adGroupId"]: one["creativeType"] for one in creatives} == {
        n: kind for n, kind in kinds.items() if kind
    }
    assert len({one["creativeId"] for one in creatives}) == len(creatives) > 1
    assert new_api().get("/sd/creatives").json() == creatives
    (first, *_) = creatives
    assert api.get("/sd/creatives", adGroupIdFilter=first["adGroupId"]).json() == [first]


def test_creatives_are_not_filtered_by_ad_group_and_by_creative_at_once(api):
    (first, *_) = api.get("/sd/creatives").json()
    by_group, by_creative = ({f"{name}Filter": first[name]} for name in ("adGroupId", "creativeId"))
    assert api.get("/sd/creatives", **by_group).json() == api.get("/sd/creatives", **by_creative).json() == [first]
    both = api.get("/sd/creatives", **by_group, **by_creative)
    assert (both.status_code, "adGroupIdFilter and creativeIdFilter" in both.text) == (400, True)


def test_budget_rules_come_page_by_page_to_their_end(new_api):
    api, key = new_api(), "budgetRulesForAdvertiserResponse"
    whole = api.get("/sb/budgetRules", pageSize=30).json()
    first = api.get("/sb/budgetRules", pageSize=2).json()
    second = api.get("/sb/budgetRules", pageSize=2, nextToken=first["nextToken"]).json()
    assert (first[key] + second[key], second.keys(), len(second[key])) == (whole[key], {key}, 1)
