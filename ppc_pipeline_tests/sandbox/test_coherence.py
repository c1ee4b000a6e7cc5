"""All reports add up the same numbers: on every day, in every currency, at every age."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, is_metric, kind_of
from ppc_pipeline.sandbox import SandboxOptions
from ppc_pipeline.sandbox.accounts import profiles_of
from ppc_pipeline.sandbox.bodies import Query, daily_sums
from ppc_pipeline.sandbox.creation import world_of
from ppc_pipeline.sandbox.grains import groups_of
from ppc_pipeline.sandbox.world import ENABLED

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
METRICS = [column for column in REPORT_TYPES["spTargeting"].columns if is_metric(column)]
WINDOWS = ("1d", "7d", "14d", "30d")
WHOLE = ("spCampaigns", "spCampaigns:campaignPlacement", "spTargeting", "spAdvertisedProduct")


def world(seed=1, number=0, **more):
    options = SandboxOptions(seed=seed, profiles=number + 1, **more)
    return world_of(options, profiles_of(options, "sandbox")[number])


def sums_of(name, in_world, day, as_of=NOW):
    declared = REPORT_TYPES[name]
    query = Query(declared, declared.columns, day, day)
    ((_, sums),) = daily_sums(in_world, query, as_of, 400)
    return sums


def by_member(name, kind, metric, in_world, day, as_of=NOW):
    """Add a report's metric up by campaign, target or ad group."""
    sums = sums_of(name, in_world, day, as_of)
    finest = {"spCampaigns": "campaign", "spCampaigns:campaignPlacement": "placement", "spTargeting": "target"}
    members = groups_of(in_world, finest.get(name) or {"spSearchTerm": "term"}.get(name, "ad")).members[kind]
    added = Counter()
    for group, value in zip(sums.groups.tolist(), sums.column(metric).tolist(), strict=True):
        if value:
            added[int(members[group])] += value
    return added


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 5), number=st.integers(0, 9), age=st.sampled_from((0, 1, 2, 3, 5, 9, 17, 40, 94)))
def test_reports_of_a_day_agree_campaign_by_campaign(seed, number, age):
    in_world, day = world(seed, number), TODAY - timedelta(days=age)
    for metric in ("impressions", "clicks", "cost", "addToList", "purchases7d", "sales14d", "unitsSoldClicks30d"):
        campaigns = by_member("spCampaigns", "campaign", metric, in_world, day)
        for name in WHOLE[1:]:
            assert by_member(name, "campaign", metric, in_world, day) == campaigns, (name, metric)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 5), number=st.integers(0, 9), age=st.sampled_from((0, 1, 2, 9, 60)))
def test_search_terms_are_the_clicked_part_of_their_target(seed, number, age):
    in_world, day = world(seed, number), TODAY - timedelta(days=age)
    assert (sums_of("spSearchTerm", in_world, day).column("clicks") >= 1).all()
    for metric in METRICS:
        terms = by_member("spSearchTerm", "target", metric, in_world, day)
        targets = by_member("spTargeting", "target", metric, in_world, day)
        if metric == "impressions":
            assert all(terms[target] <= targets[target] for target in terms)
        else:
            assert terms == targets, metric


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 5), number=st.integers(0, 9), age=st.sampled_from((0, 1, 2, 9, 60)))
@pytest.mark.parametrize("name", REPORT_TYPES)
def test_windows_and_skus_nest_in_every_row(name, seed, number, age):
    sums = sums_of(name, world(seed, number), TODAY - timedelta(days=age))
    assert (sums.column("clicks") <= sums.column("impressions")).all()
    assert ((sums.column("cost") > 0) == (sums.column("clicks") > 0)).all()
    for stem in ("purchases", "unitsSoldClicks", "sales", "attributedSalesSameSku"):
        values = [sums.column(stem + window) for window in WINDOWS]
        assert all((shorter <= longer).all() for shorter, longer in pairwise(values))
    for window in WINDOWS:
        assert (sums.column(f"attributedSalesSameSku{window}") <= sums.column(f"sales{window}")).all()
    same, other = sums.column("attributedSalesSameSku7d"), sums.column("salesOtherSku7d")
    assert (same + other == sums.column("sales7d")).all()
    same, other = sums.column("unitsSoldSameSku7d"), sums.column("unitsSoldOtherSku7d")
    assert (same + other == sums.column("unitsSoldClicks7d")).all()


@pytest.mark.parametrize("name", REPORT_TYPES)
@pytest.mark.parametrize("number", [0, 2])
def test_totals_are_what_a_report_created_now_adds_up_to(api, report_request, name, number):
    profile = api.profile(number)
    truth = api.totals(name, "2026-10-23", "2026-11-22", profile)
    rows = api.rows(report_request(name, "2026-10-23", "2026-11-22"), profile)
    assert truth["rows"] == len(rows) > 0
    for metric, total in truth["sums"].items():
        if kind_of(metric) is Kind.MONEY:
            assert Decimal(total) == sum((Decimal(str(row[metric])) for row in rows), Decimal(0)), metric
        else:
            assert total == sum(row[metric] for row in rows), metric
    assert set(truth["sums"]) == {column for column in REPORT_TYPES[name].columns if is_metric(column)}


def test_totals_need_a_known_profile_and_report_type(api):
    assert api.call("GET", "/_sandbox/totals").status_code == 400
    assert api.totals("spTargeting", "2026-11-01", "2026-11-02", 7)["code"] == "NOT_FOUND"
    assert api.totals("spNothing", "2026-11-01", "2026-11-02")["code"] == "BAD_REQUEST"
    assert api.totals("spTargeting", "yesterday", "2026-11-02")["code"] == "BAD_REQUEST"


def test_totals_find_profiles_of_other_accounts_once_they_have_logged_in(new_api, tmp_path):
    base = new_api(state=tmp_path / "state.db")
    other = new_api(state=tmp_path / "state.db", refresh_token="Atzr|sandbox-2")
    profile = other.profile()
    assert base.totals("spCampaigns", "2026-11-01", "2026-11-02", profile)["rows"] > 0
    known = base.call("GET", "/_sandbox/profiles").json()
    assert {p["account"] for p in known} == {"sandbox", "sandbox-2"}


def test_the_grain_tells_rows_apart(api, report_request):
    for name, declared in REPORT_TYPES.items():
        keys = [tuple(row[column] for column in ("date", *declared.grain)) for row in api.rows(report_request(name))]
        assert len(keys) == len(set(keys)), name


def test_ids_in_reports_are_those_of_the_lists(api, report_request):
    listed = {}
    for path, media, key in (
        ("keywords", "spKeyword", "keywords"),
        ("targets", "spTargetingClause", "targetingClauses"),
    ):
        for item in api.page(f"/sp/{path}/list", media).json()[key]:
            listed[int(item.get("keywordId") or item["targetId"])] = item
    rows = api.rows(report_request())
    assert {row["keywordId"] for row in rows} <= set(listed)
    assert {row["keywordType"] for row in rows} == {
        "BROAD",
        "PHRASE",
        "EXACT",
        "TARGETING_EXPRESSION",
        "TARGETING_EXPRESSION_PREDEFINED",
    }
    for row in rows:
        item = listed[row["keywordId"]]
        assert (row["campaignId"], row["adGroupId"]) == (int(item["campaignId"]), int(item["adGroupId"]))
        assert row["adKeywordStatus"] == item["state"]
        assert row["keyword"] == item.get("keywordText", row["keyword"])


def test_figures_look_like_an_advertisers():
    in_world = world(campaigns=40)
    cost, sales, shown, days = np.zeros(40), np.zeros(40), 0, 60
    for age in range(60, 60 + days):
        sums = sums_of("spCampaigns", in_world, TODAY - timedelta(days=age))
        cost[sums.groups] += sums.column("cost")
        sales[sums.groups] += sums.column("sales30d")
        shown += len(sums_of("spTargeting", in_world, TODAY - timedelta(days=age)).groups)
    acos = cost[sales > 0] / sales[sales > 0]
    assert 0.15 < cost.sum() / sales.sum() < 0.6
    assert acos.min() < 0.15
    assert acos.max() > 0.5
    assert 0.3 < shown / days / len(in_world.targets) < 0.8
    assert any(cost[i] for i, campaign in enumerate(in_world.campaigns) if campaign.state != ENABLED)
