"""Suggestions: what is proposed, and what is left alone, by cases worked out by hand."""

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import duckdb
import pytest

from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline.warehouse.suggestions import (
    KINDS,
    NUMBERS,
    TargetAcos,
    refresh_suggestions,
    suggestion_counts,
    suggestions,
    uploads,
)
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR
from ppc_pipeline_tests.warehouse.advertiser import SB, SD, SETTLED, SP, TODAY, Advertiser
from ppc_pipeline_tests.warehouse.days import curve

D = Decimal


def made(connection, kind=None, target=30.0, **options):
    assert refresh_suggestions(connection, TargetAcos(target, **options), NOON) == {}
    return suggestions(connection, kinds=[kind] if kind else [])


def one(connection, kind, **options):
    found = made(connection, kind, **options)
    assert len(found) <= 1, found
    return found[0] if found else None


def of_each(connection, kind, cases, make):
    """Make a profile for each case, and return what is suggested to each in one run."""
    connection.begin()
    for number, case in enumerate(cases):
        make(connection, case, profile_id=number + 1)
    connection.commit()
    found = {suggestion.profile_id: suggestion for suggestion in made(connection, kind)}
    return [found.get(number + 1) for number in range(len(cases))]


def values(found):
    return [suggestion and str(suggestion.suggested_value.normalize()) for suggestion in found]


# Bids. Beside the keyword there is one whose 900 clicks bring 2.00 each: at 30 % a click may cost 0.60, which is what
# both bid. What is known of others weighs as much as 100 clicks of the keyword itself.

CENTS = D("0.60")


class Bids:
    """An ad group with a keyword to look at, and another whose clicks are worth what the bid takes them to be.

    Of Sponsored Display they are targets.
    """

    def __init__(self, connection, scale=1, bid=CENTS, **options):
        self.it = Advertiser(connection, **options)
        self.campaign = self.it.campaign()
        self.ad_group = self.it.ad_group(self.campaign, default_bid=None)
        add = self.it.target if self.it.ad_product == SD else self.it.keyword
        self.keyword = add(self.campaign, self.ad_group, bid=bid)
        other = add(self.campaign, self.ad_group, "other", state="PAUSED")
        worth = D(str(bid)) * 100 / 30
        self.it.clicks(self.campaign, self.ad_group, other, clicks=900, cost=500 * scale, sales=900 * worth)

    def clicks(self, **figures):
        self.it.clicks(self.campaign, self.ad_group, self.keyword, **figures)
        return self


@pytest.mark.parametrize("ad_product", [SP, SD])
def test_a_bid_moves_towards_the_target_as_far_as_its_clicks_weigh(connection, ad_product):
    cases = {
        (5, 3, 0): None,  # too few to say anything of the keyword
        (5, 3, 100): None,
        (10, 6, 0): "0.55",  # 200 / 110 = 1.82 a click
        (500, 300, 0): "0.45",  # 200 / 600 = 0.33: as far down as one step goes
        (500, 300, 1000): None,  # as good as the others
        (500, 300, 1010): None,  # a change of less than 5 %
        (500, 300, 1100): "0.65",  # 1300 / 600 = 2.17
        (500, 300, 2000): "0.75",  # 2200 / 600 = 3.67: as far up as one step goes
        (500, 100, 500): None,  # the bid is too high, but clicks cost less than they may
        (500, 500, 1400): "0.48",  # they cost 1.67 times the bid, and may cost 0.81
        (500, 500, 2600): "0.75",
    }

    def make(connection, case, **options):
        bids = Bids(connection, ad_product=ad_product, **options)
        bids.clicks(**dict(zip(("clicks", "cost", "sales"), case, strict=True)))

    assert values(of_each(connection, "bid_change", [*cases], make)) == [*cases.values()]


@pytest.mark.parametrize("bid", [D("0.50"), D("0.10")])
def test_where_placements_double_a_bid_repeated_changes_end_at_the_target(connection, bid):
    bids = Bids(connection, bid=bid)

    def costs(bid):
        connection.execute("DELETE FROM report_sp_targeting WHERE keyword_id = ?", [bids.keyword])
        bids.clicks(clicks=3000, cost=3000 * 2 * bid, purchases=300, sales=4500)  # 1.50 a click

    costs(bid)
    while found := one(connection, "bid_change"):
        assert (found.suggested_value < bid) == (bid > D("0.225"))
        bid = found.suggested_value
        bids.it.change("keywords", bid=bid)
        costs(bid)
    assert 100 * 2 * bid / D("1.50") == pytest.approx(30, rel=0.05)


def test_a_bid_that_was_lowered_is_not_taken_for_one_that_placements_raise(connection):
    bids = Bids(connection).clicks(clicks=500, cost=500, sales=1000)  # at a bid of 1.00, and worth 0.60
    changed = NOON - timedelta(days=5)
    versions = "SELECT * REPLACE (1 AS bid, ? AS valid_to) FROM keywords_history WHERE keyword_id = ?"
    connection.execute(f"INSERT INTO keywords_history BY NAME {versions}", [changed, bids.keyword])
    now = "UPDATE keywords_history SET valid_from = ? WHERE keyword_id = ? AND valid_to IS NULL"
    connection.execute(now, [changed, bids.keyword])
    assert one(connection, "bid_change") is None


def test_a_bid_change_says_on_which_evidence_and_what_it_may_bring(connection):
    bids = Bids(connection).clicks(clicks=500, cost=300, sales=0)
    found = one(connection, "bid_change")
    assert (found.profile_id, found.ad_product, found.currency_code, found.country_code) == (SELLER, SP, "USD", "US")
    assert (found.campaign_id, found.ad_group_id, found.target_id) == (bids.campaign, bids.ad_group, bids.keyword)
    assert (found.campaign_name, found.ad_group_name, found.match_type) == ("Summer", "Towels", "BROAD")
    assert (found.current_value, found.days_loaded, found.clicks, found.cost) == (D("0.60"), 60, 500, 300)
    assert (found.days_from, found.days_until) == (TODAY - timedelta(days=62), TODAY - timedelta(days=3))
    assert (found.acos_percent, found.target_acos_percent, found.made_at) == (None, 30, NOON)
    assert found.confidence == pytest.approx(500 / 600)
    assert float(found.expected_cost_change) == pytest.approx(250 * 0.6 * (0.75**1.5 - 1), abs=1e-5)
    assert float(found.expected_sales_change) == pytest.approx(250 / 3 * (0.75**0.5 - 1), abs=1e-5)
    assert found.reason == (
        "500 clicks at 0.60 USD brought 0 purchases and 0.00 USD. Drawn to the rest of its ad group, campaign and "
        "profile, a click is worth 0.33 USD; at 30 % ACoS it may cost 0.10 USD."
    )


def test_a_click_counts_once_though_the_keyword_is_all_there_is_of_its_campaign(connection):
    it = Advertiser(connection)
    campaign = it.campaign()
    ad_group = it.ad_group(campaign)
    keyword = it.keyword(campaign, ad_group)
    it.clicks(campaign, ad_group, keyword, clicks=20, cost=12, sales=45)
    # What the bid takes a click to be worth, 2.00, weighs as 100 clicks: (45 + 200) / 120 = 2.04 is less than 5 % more.
    assert one(connection, "bid_change") is None
    it.clicks(campaign, ad_group, keyword, clicks=20, cost=12, sales=59, day=SETTLED - timedelta(days=1))
    assert one(connection, "bid_change", target=40.0).suggested_value == D("0.73")  # (104 + 150) / 140 x 40 % = 0.726


def test_bids_are_rounded_to_the_currency_and_never_fall_below_amazons_least(connection):
    yen, krona, brands = {"country": "JP", "currency": "JPY"}, {"country": "SE", "currency": "SEK"}, {"ad_product": SB}
    display, australia = {"ad_product": SD}, {"country": "AU", "currency": "AUD"}
    cases = [
        (yen | {"kind": "vendor"}, 100, 60, 30000, 110000, "65"),  # no decimals
        (yen, 10, 3, 1500, 0, "2"),  # one yen, though that is more than 25 %
        (yen, 10, 2, 1000, 0, None),  # Amazon's least bid
        ({}, 1, D("0.03"), 15, 0, "0.02"),
        ({}, 1, D("0.02"), 10, 0, None),
        (brands, 1, D("0.32"), 160, 0, "0.25"),  # the least of Sponsored Brands: 25 % less would be 0.24
        (brands, 1, D("0.10"), 50, 0, None),  # less than that already: not lowered
        (brands, 1, D("0.10"), 50, 1000, "0.12"),  # and raised no faster
        (krona, 10, 6, 3000, 0, None),  # Amazon documents no least bid
        (krona, 10, 6, 3000, 11000, "6.5"),
        (krona | display, 1, D("0.20"), 100, 0, "0.18"),  # of Sponsored Display it does
        (australia | display, 1, D("0.22"), 110, 0, "0.2"),  # more than of the others
        (australia, 1, D("0.12"), 60, 0, "0.1"),
        (yen | display, 10, 2, 1000, 0, None),
    ]

    def make(connection, case, **options):
        own, scale, bid, cost, sales, _ = case
        Bids(connection, scale, bid, **own, **options).clicks(clicks=500, cost=cost, sales=sales)

    assert values(of_each(connection, "bid_change", cases, make)) == [case[-1] for case in cases]


def test_what_does_not_run_or_has_no_bid_is_left_alone(connection):
    cases = [
        ("keywords", {"state": "ENABLED"}),  # as it is
        ("keywords", {"state": "PAUSED"}),
        ("keywords", {"removed_at": NOON}),
        ("ad_groups", {"state": "PAUSED"}),
        ("ad_groups", {"state": "ARCHIVED"}),
        ("campaigns", {"state": "PAUSED"}),
        ("campaigns", {"end_date": TODAY - timedelta(days=1)}),
        ("campaigns", {"cost_type": "VCPM"}),
        ("campaigns", {"bidding_strategy": "RULE_BASED"}),
        ("keywords", {"bid": None}),  # nor has the ad group one
        ("profiles", {"removed_at": NOON}),
        ("profiles", {"account_type": None}),  # nobody knows which sales are its standard ones
    ]

    def make(connection, case, **options):
        Bids(connection, **options).clicks(clicks=500, cost=300).it.change(case[0], **case[1])

    found = of_each(connection, "bid_change", cases, make)
    assert [case for case, suggestion in zip(cases, found, strict=True) if suggestion] == cases[:1]


def test_a_keyword_without_a_bid_has_its_ad_groups(connection):
    bids = Bids(connection).clicks(clicks=500, cost=300, sales=0)
    bids.it.change("keywords", bid=None)
    bids.it.change("ad_groups", default_bid=D("0.80"))
    found = one(connection, "bid_change")
    assert (found.current_value, found.suggested_value) == (D("0.80"), D("0.60"))


def test_targets_have_bids_too_but_not_themes(connection):
    bids = Bids(connection)
    target = bids.it.target(bids.campaign, bids.ad_group)
    bids.it.clicks(bids.campaign, bids.ad_group, target, clicks=500, cost=300, keyword_type="TARGETING_EXPRESSION")
    found = one(connection, "bid_change")
    assert (found.target_id, found.target_kind, found.match_type) == (target, "product", None)
    bids.it.change("targets", expression_type="THEME")
    assert one(connection, "bid_change") is None
    bids.it.change("targets", expression_type="MANUAL", state="PAUSED")
    assert one(connection, "bid_change") is None


def test_of_display_only_what_is_bid_on_by_the_click_and_runs_gets_a_bid(connection):
    cases = [
        ("targets", {"state": "ENABLED"}),  # as it is
        ("campaigns", {"cost_type": "CPC"}),
        ("campaigns", {"cost_type": "VCPM"}),
        ("ad_groups", {"bid_optimization": "REACH"}),  # whose bids are for 1,000 views
        ("targets", {"state": "PAUSED"}),
        ("targets", {"removed_at": NOON}),
        ("ad_groups", {"state": "PAUSED"}),
        ("campaigns", {"state": "PAUSED"}),
        ("campaigns", {"end_date": TODAY - timedelta(days=1)}),
    ]

    def make(connection, case, **options):
        bids = Bids(connection, ad_product=SD, **options).clicks(clicks=500, cost=300)
        bids.it.change(case[0], **case[1])

    found = of_each(connection, "bid_change", cases, make)
    assert [case for case, suggestion in zip(cases, found, strict=True) if suggestion] == cases[:2]


def test_of_display_sales_after_a_view_say_nothing_of_a_bid_for_clicks(connection):
    bids = Bids(connection, ad_product=SD)
    bids.clicks(clicks=500, cost=300, purchases=2, sales=50, targeting_expression="views=(exact-product lookback=30)")
    found = one(connection, "bid_change")
    ((purchases, sales),) = connection.execute("SELECT max(purchases), max(sales) FROM metrics_by_target").fetchall()
    assert (purchases, sales) == (9, 2800)  # of the target 2 + 7, of the other 1,800 + 1,000
    assert (found.ad_product, found.target_kind, found.purchases, found.sales) == (SD, "audience", 2, 50)
    assert (found.acos_percent, found.suggested_value) == (600, D("0.45"))
    assert found.reason.startswith(
        "500 clicks at 0.60 USD brought 2 purchases and 50.00 USD (after a click; those after a view do not count). "
    )


@pytest.mark.parametrize(("campaign", "of_group"), [({"cost_type": "VCPM"}, {}), ({}, {"bid_optimization": "REACH"})])
def test_clicks_that_are_not_bid_on_but_views_say_nothing_of_others(connection, campaign, of_group):
    bids = Bids(connection, ad_product=SD).clicks(clicks=20, cost=12)
    alone = one(connection, "bid_change")
    seen = bids.it.campaign("Seen", **campaign)
    ad_group = bids.it.ad_group(seen, **of_group)
    bids.it.clicks(seen, ad_group, bids.it.target(seen, ad_group), clicks=100_000, cost=900, sales=900_000)
    assert one(connection, "bid_change") == alone


@pytest.mark.parametrize("key", ["currency", "campaign", "ad_group", "target", "day"])
def test_a_day_of_display_has_its_own_sales_after_a_click_and_no_other_rows(connection, key):
    bids = Bids(connection, ad_product=SD).clicks(clicks=500, cost=300, purchases=4, sales=100)
    alone = one(connection, "bid_change")
    other = {"currency": "CAD", "campaign": 8, "ad_group": 8, "target": 8, "day": SETTLED - timedelta(days=1)}
    row = {"campaign": bids.campaign, "ad_group": bids.ad_group, "target": bids.keyword} | {key: other[key]}
    bids.it.clicks(row.pop("campaign"), row.pop("ad_group"), row.pop("target"), **row)
    assert one(connection, "bid_change") == alone


def test_a_target_of_display_without_a_bid_has_its_ad_groups(connection):
    bids = Bids(connection, ad_product=SD).clicks(clicks=500, cost=300)
    bids.it.change("targets", bid=None)
    bids.it.change("ad_groups", default_bid=D("0.80"))
    found = one(connection, "bid_change")
    assert (found.current_value, found.suggested_value) == (D("0.80"), D("0.60"))


@pytest.mark.parametrize(("report_type", "kind"), [("sdTargeting", "bid_change"), ("sdCampaigns", "raise_budget")])
def test_of_display_nothing_is_suggested_of_a_report_type_that_is_not_loaded(connection, report_type, kind):
    Bids(connection, ad_product=SD).clicks(clicks=500, cost=300)
    spender(connection, ad_product=SD, profile_id=VENDOR)
    assert {found.kind for found in made(connection)} == {"bid_change", "raise_budget"}
    connection.execute("DELETE FROM load_log WHERE report_type = ?", [report_type])
    assert {found.kind for found in made(connection)} == {"bid_change", "raise_budget"} - {kind}


def test_what_is_suggested_of_display_can_be_carried_out_while_it_is_as_it_was(connection):
    bids = Bids(connection, ad_product=SD).clicks(clicks=500, cost=300)
    budgets = spender(connection, ad_product=SD, profile_id=VENDOR)
    budgets.change("campaigns", portfolio_id=55, end_date=date(2027, 1, 31))
    made(connection)
    budget, bid = uploads(connection)
    assert (bid.suggestion.target_id, bid.suggestion.suggested_value) == (bids.keyword, D("0.45"))
    assert (budget.suggestion.kind, budget.portfolio_id, budget.end_date) == ("raise_budget", 55, date(2027, 1, 31))
    bids.it.change("targets", bid=D("0.50"))
    budgets.change("campaigns", budget=11)
    assert uploads(connection) == []


def test_days_that_are_too_young_or_too_old_or_in_another_currency_do_not_count(connection):
    cases = [
        {"day": TODAY - timedelta(days=3)},
        {"day": TODAY - timedelta(days=62)},
        {"day": TODAY - timedelta(days=2)},
        {"day": TODAY - timedelta(days=63)},
        {"currency": "CAD"},
    ]

    def make(connection, case, **options):
        Bids(connection, **options).clicks(clicks=500, cost=300, **case)

    assert values(of_each(connection, "bid_change", cases, make)) == ["0.45", "0.45", None, None, None]


def test_what_is_expected_in_a_month_is_reckoned_from_the_days_that_are_loaded(connection):
    bids = Bids(connection).clicks(clicks=500, cost=300)
    connection.execute("UPDATE load_log SET start_date = ?", [SETTLED - timedelta(days=2)])
    found = one(connection, "bid_change")
    assert (found.days_loaded, found.days_from) == (10, SETTLED - timedelta(days=2))
    assert float(found.expected_cost_change) == pytest.approx(1500 * 0.6 * (0.75**1.5 - 1), abs=1e-4)
    assert bids.keyword == found.target_id


def test_another_clients_figures_count_for_nothing(connection):
    Bids(connection).clicks(clicks=500, cost=300, sales=1100)
    alone = one(connection, "bid_change")
    other = Bids(connection, 100, D(60), profile_id=VENDOR, kind="vendor", country="JP", currency="JPY")
    other.clicks(clicks=500, cost=30000, sales=0)
    both = made(connection, "bid_change")
    assert alone in both
    assert {(found.profile_id, found.currency_code) for found in both} == {(SELLER, "USD"), (VENDOR, "JPY")}


def test_an_account_can_have_a_target_of_its_own(connection):
    Bids(connection).clicks(clicks=500, cost=300, sales=1000)
    other = Bids(connection, profile_id=VENDOR, account="brands")
    other.clicks(clicks=500, cost=300, sales=1000)
    found = made(connection, "bid_change", by_account={"brands": 20.0})
    assert [(one.account, one.target_acos_percent, one.suggested_value) for one in found] == [("brands", 20, D("0.45"))]


def test_a_run_for_one_profile_leaves_the_suggestions_of_others_as_they_are(connection):
    Bids(connection).clicks(clicks=500, cost=300)
    Bids(connection, profile_id=VENDOR).clicks(clicks=500, cost=300)
    made(connection)
    refresh_suggestions(connection, TargetAcos(30.0), NOON + timedelta(days=1), [VENDOR])
    assert {s.profile_id: s.made_at for s in suggestions(connection)} == {
        SELLER: NOON,
        VENDOR: NOON + timedelta(days=1),
    }
    assert [(c.profile_id, c.kind, c.suggestions) for c in suggestion_counts(connection)] == [
        (VENDOR, "bid_change", 1),
        (SELLER, "bid_change", 1),
    ]


@pytest.mark.parametrize("ad_product", [SP, SD])
def test_every_bid_is_positive_in_its_bounds_and_what_python_makes_of_the_figures(connection, ad_product):
    rng = random.Random(7)
    it = Advertiser(connection, ad_product=ad_product)
    add = it.target if ad_product == SD else it.keyword
    figures, bids = {}, {}
    connection.begin()
    for _ in range(6):
        campaign = it.campaign()
        for _ in range(3):
            ad_group = it.ad_group(campaign)
            for _ in range(8):
                bid = D(rng.randint(2, 200)) / 100
                keyword = add(campaign, ad_group, bid=bid)
                clicks = int(rng.lognormvariate(4, 2))
                cost = (clicks * bid * rng.randint(30, 100) / 100).quantize(D("0.01"))
                sales = D(rng.choice([0, clicks * rng.randint(0, 800)])) / 100
                it.clicks(campaign, ad_group, keyword, clicks=clicks, cost=cost, sales=sales)
                figures[campaign, ad_group, keyword], bids[keyword] = (clicks, cost, sales), bid
    connection.commit()
    found = {suggestion.target_id: suggestion for suggestion in made(connection, "bid_change")}
    assert len(found) > 40
    for (campaign, ad_group, keyword), (clicks, cost, _) in figures.items():
        bid, wanted = bids[keyword], affordable(figures, (campaign, ad_group, keyword), bids[keyword])
        lowest = max(min((bid * D("0.75")).quantize(D("0.01"), ROUND_CEILING), bid - D("0.01")), D("0.02"))
        highest = max((bid * D("1.25")).quantize(D("0.01"), ROUND_FLOOR), bid + D("0.01"))
        if keyword in found:
            suggested = found[keyword].suggested_value
            assert 0 < lowest <= suggested <= highest
            assert abs(suggested - min(max(wanted, lowest), highest)) <= D("0.005001")
            assert (suggested > bid) == (cost / clicks < wanted)
        elif clicks >= 10 and abs(wanted - bid) > bid / 10 and lowest < bid:
            assert (wanted > bid) != (cost / clicks < wanted), "it was to be changed"


def affordable(figures, key, bid):
    """Say what a click may cost: each level's others, as 100 clicks, weigh with what lies below."""
    worth, prior = bid * 100 / 30, 100
    for level in range(4):  # the profile's other campaigns, the campaign's, the ad group's, the keyword itself
        rest = [f for k, f in figures.items() if k[:level] == key[:level] and (level == 3 or k[level] != key[level])]
        clicks, sales = sum(f[0] for f in rest), sum((f[2] for f in rest), D(0))
        worth = (sales + prior * worth) / (clicks + prior)
    return worth * 30 / 100


# Search terms


class Terms:
    """An automatic campaign, and a manual one with exact keywords that advertises the same product."""

    def __init__(self, connection, **options):
        self.it = it = Advertiser(connection, **options)
        self.auto = it.campaign("Auto", targeting_type="AUTO")
        self.source = it.ad_group(self.auto, "Everything")
        self.manual = it.campaign("Manual")
        self.keywords = it.ad_group(self.manual, "Keywords")
        it.keyword(self.manual, self.keywords, "pool towel", match_type="EXACT")
        for campaign, ad_group in ((self.auto, self.source), (self.manual, self.keywords)):
            it.product(campaign, ad_group, "B0TOWEL001")
        it.term(self.auto, self.source, "all the rest", clicks=1000, cost=500, purchases=100, sales=2000)

    def sells(self, term="red beach towel", **figures):
        sold = {"clicks": 100, "cost": 60, "purchases": 6, "sales": 300}
        self.it.term(self.auto, self.source, term, **(sold | figures))
        return self

    def wastes(self, term="car towel", **figures):
        self.it.term(self.auto, self.source, term, **({"clicks": 60, "cost": 30} | figures))
        return self


HARVEST, NEGATE = "harvest_search_term", "negate_search_term"


def harvested(connection, cases=(), make=None):
    """Return what is to be harvested: of a profile for each case, where there are cases."""
    connection.begin()
    for number, case in enumerate(cases):
        make(connection, case, profile_id=number + 1)
    connection.commit()
    return [found for found in made(connection, HARVEST) if found.search_term != "all the rest"]


def test_a_term_that_sells_is_to_be_an_exact_keyword_beside_those_of_the_same_product(connection):
    terms = Terms(connection).sells("Red Beach Towel")
    (found,) = harvested(connection)
    assert (found.search_term, found.target_kind, found.match_type) == ("red beach towel", "keyword", "EXACT")
    assert (found.campaign_id, found.ad_group_id) == (terms.auto, terms.source)
    assert (found.destination_campaign_id, found.destination_ad_group_id) == (terms.manual, terms.keywords)
    assert found.destination_ad_group_name == "Keywords"
    # A click is worth (300 + 100 x (2000 + 100 x 2) / (1000 + 100)) / 200 = 2.50: 0.75 at 30 %, 25 % more than 0.60.
    assert (found.current_value, found.suggested_value) == (None, D("0.75"))
    assert (found.acos_percent, found.confidence, found.purchases) == (20, 0.5, 6)
    assert found.reason.startswith("100 clicks at 0.60 USD brought 6 purchases and 300.00 USD: 20.0 % ACoS")


def test_a_term_that_sells_too_little_or_by_itself_already_is_no_keyword(connection):
    cases = [{}, {"purchases": 2}, {"sales": 190}, {"match_type": "EXACT"}, {"day": TODAY - timedelta(days=1)}]

    def make(connection, case, **options):
        Terms(connection, **options).sells(**case)

    assert [found.profile_id for found in harvested(connection, cases, make)] == [1]


def test_a_terms_figures_are_added_over_ad_groups_and_it_is_suggested_once(connection):
    terms = Terms(connection).sells(clicks=50, cost=30, purchases=2, sales=150)
    other = terms.it.ad_group(terms.auto, "More")
    terms.it.term(terms.auto, other, "red beach towel", clicks=50, cost=30, purchases=4, sales=150)
    (found,) = harvested(connection)
    assert (found.ad_group_id, found.clicks, found.purchases) == (other, 100, 6)


def test_a_term_that_is_an_exact_keyword_is_not_suggested_again(connection):
    cases = [
        ("red beach towel", "EXACT", "ENABLED", False),
        ("Red Beach Towel", "EXACT", "PAUSED", False),
        ("red beach towel", "EXACT", "ARCHIVED", False),
        ("red beach towel", "PHRASE", "ENABLED", True),
    ]

    def make(connection, case, **options):
        terms = Terms(connection, **options).sells()
        text, match_type, state, _ = case
        terms.it.keyword(terms.manual, terms.keywords, text, match_type=match_type, state=state)

    found = {suggestion.profile_id for suggestion in harvested(connection, cases, make)}
    assert [number + 1 in found for number in range(len(cases))] == [case[-1] for case in cases]


def test_a_term_that_is_negated_is_neither_made_a_keyword_nor_negated_again(connection):
    cases = [
        ("red beach towel", "NEGATIVE_EXACT", "ENABLED", False),
        ("beach towel", "NEGATIVE_PHRASE", "ENABLED", False),
        ("each towel", "NEGATIVE_PHRASE", "ENABLED", True),  # words, not letters
        ("beach towel", "NEGATIVE_EXACT", "ENABLED", True),
        ("red beach towel", "NEGATIVE_EXACT", "ARCHIVED", True),
    ]

    def make(connection, case, **options):
        terms = Terms(connection, **options).sells()
        other = terms.it.campaign("Other", targeting_type="AUTO")
        terms.it.term(other, terms.it.ad_group(other), "red beach towel", clicks=60, cost=30)
        text, match_type, state, _ = case
        for campaign in (terms.auto, other):
            terms.it.negative(campaign, None, text, match_type=match_type, state=state)

    found = {suggestion.profile_id for suggestion in harvested(connection, cases, make)}
    assert [number + 1 in found for number in range(len(cases))] == [case[-1] for case in cases]
    assert {suggestion.profile_id for suggestion in suggestions(connection, kinds=[NEGATE])} == found


def test_another_clients_keywords_and_negatives_are_its_own(connection):
    Terms(connection).sells().wastes()
    other = Terms(connection, profile_id=VENDOR)
    other.it.keyword(other.manual, other.keywords, "red beach towel", match_type="EXACT")
    other.it.negative(other.auto, None, "car towel")
    assert [found.profile_id for found in harvested(connection)] == [SELLER]
    assert [found.profile_id for found in made(connection, NEGATE)] == [SELLER]


def test_an_asin_is_to_be_a_product_target_where_such_are(connection):
    terms = Terms(connection).sells("b0compete1")
    (found,) = harvested(connection)
    assert (found.target_kind, found.match_type, found.destination_ad_group_id) == ("product", None, None)
    assert found.reason.endswith("takes it: choose or make one.")
    products = terms.it.ad_group(terms.manual, "Products")
    terms.it.product(terms.manual, products, "B0TOWEL001")
    terms.it.target(terms.manual, products, "B0OTHER001")
    (found,) = harvested(connection)
    assert found.destination_ad_group_id == products
    terms.it.target(terms.manual, products, "B0COMPETE1")
    assert harvested(connection) == []


def test_only_what_can_be_an_asin_is_taken_for_one(connection):
    cases = {
        "b0compete1": "product",
        "9780306406": "keyword",  # digits, of an ISBN of thirteen
        "4006381333": "keyword",
        "0306406152": "product",
        "080442957x": "product",
        "0804429570": "keyword",
        "towel b0compete1": "keyword",
    }
    terms = Terms(connection)
    for number, term in enumerate(cases):
        terms.sells(term, target_id=number)
    assert {found.search_term: found.target_kind for found in harvested(connection)} == cases


def test_what_is_longer_than_amazon_takes_is_neither_made_a_keyword_nor_negated(connection):
    ten, eleven = " ".join("abcdefghij"), " ".join("abcdefghijk")
    terms = Terms(connection)
    for number, term in enumerate([ten, eleven, "x" * 80, "y" * 81]):
        terms.sells(term, target_id=number)
    assert {found.search_term for found in harvested(connection)} == {ten, "x" * 80}
    connection.execute(
        "UPDATE report_sp_search_term SET purchases_7d = 0, sales_7d = 0 WHERE search_term <> 'all the rest'"
    )
    assert {found.search_term for found in made(connection, NEGATE)} == {ten, "x" * 80}


def test_a_term_whose_clicks_may_cost_less_than_amazons_least_bid_is_no_keyword(connection):
    cases = [(3, None), (7, None), (8.8, "11")]  # 25 % more than a click costs, of which Amazon takes no less than 10

    def make(connection, case, **options):
        it = Advertiser(connection, country="JP", currency="JPY", ad_product=SB, **options)
        campaign = it.campaign(targeting_type=None)
        cost = int(300 * case[0])
        it.term(campaign, it.ad_group(campaign), "towel", clicks=300, cost=cost, purchases=9, sales=6 * cost)

    assert values(of_each(connection, HARVEST, cases, make)) == [case[-1] for case in cases]


def test_a_term_whose_bid_would_lose_sales_is_no_keyword(connection):
    def make(connection, rest, **options):
        it = Advertiser(connection, **options)
        campaign = it.campaign()
        ad_group = it.ad_group(campaign)
        it.term(campaign, ad_group, "all the rest", clicks=1000, cost=500, purchases=100, sales=rest)
        it.term(campaign, ad_group, "towel", clicks=100, cost=60, purchases=6, sales=220)

    # A click is worth (220 + 100 x 0.02) / 200 and may cost 0.33, where it costs 0.60; among better ones 0.66.
    few, many = of_each(connection, HARVEST, [0, 2500], lambda *args, **more: make(*args, **more))
    assert (few, many.search_term) == (None, "towel")


def test_where_no_ad_group_takes_a_term_a_person_has_to_choose(connection):
    cases = [
        ("ad_groups", {"state": "PAUSED"}),
        ("campaigns", {"targeting_type": "AUTO"}),
        ("product_ads", {"asin": "B0"}),
    ]

    def make(connection, case, **options):
        terms = Terms(connection, **options).sells()
        connection.execute(
            f"UPDATE {case[0]}_history SET {next(iter(case[1]))} = ? WHERE campaign_id = ? AND profile_id = ?",
            [*case[1].values(), terms.manual, options["profile_id"]],
        )

    found = harvested(connection, cases, make)
    assert [suggestion.destination_ad_group_id for suggestion in found] == [None, None, None]
    assert all(suggestion.reason.endswith("takes it: choose or make one.") for suggestion in found)


def test_a_term_stays_where_it_sells_if_that_ad_group_takes_keywords(connection):
    terms = Terms(connection)
    late = terms.it.ad_group(terms.manual, "Late")
    terms.it.product(terms.manual, late, "B0TOWEL001")
    terms.it.keyword(terms.manual, late, "towel")
    terms.it.term(terms.manual, late, "red beach towel", clicks=100, cost=60, purchases=6, sales=300)
    (found,) = harvested(connection)
    assert (found.ad_group_id, found.destination_ad_group_id) == (late, late)


def test_terms_of_sponsored_brands_stay_in_their_ad_group(connection):
    it = Advertiser(connection, ad_product=SB)
    campaign = it.campaign(targeting_type=None)
    ad_group = it.ad_group(campaign)
    it.keyword(campaign, ad_group, "towel")
    it.term(campaign, ad_group, "red beach towel", None, clicks=100, cost=60, purchases=6, sales=300)
    it.term(campaign, ad_group, "*", None, clicks=500, cost=60, purchases=6, sales=300)
    it.term(campaign, ad_group, "car towel", None, clicks=100, cost=60, day=TODAY - timedelta(days=14))
    it.term(
        campaign, ad_group, "red beach towel", None, clicks=100, cost=6, purchases=6, day=TODAY - timedelta(days=14)
    )
    (found,) = made(connection, HARVEST)
    assert (found.ad_product, found.search_term, found.destination_ad_group_id) == (SB, "red beach towel", ad_group)
    (wasted,) = made(connection, NEGATE)
    assert (wasted.ad_product, wasted.search_term, wasted.ad_group_id) == (SB, "car towel", ad_group)


def test_a_term_that_costs_and_does_not_sell_is_to_be_negated(connection):
    terms = Terms(connection).wastes()
    (found,) = made(connection, NEGATE)
    assert (found.search_term, found.target_kind, found.match_type) == ("car towel", "keyword", "NEGATIVE_EXACT")
    assert (found.campaign_id, found.ad_group_id, found.suggested_value) == (terms.auto, terms.source, None)
    conversion = 100 / 1060  # of the campaign and of the profile alike
    assert found.confidence == pytest.approx(1 - (1 - conversion) ** 60)
    assert (found.days_loaded, found.expected_sales_change) == (56, 0)  # the last 7 of 63 may sell yet
    assert float(found.expected_cost_change) == pytest.approx(-30 * 30 / 56)
    assert found.reason == (
        "60 clicks for 30.00 USD brought no purchase. "
        "At the 9.4 % of the campaign's clicks that lead to one, the chance of that is 0.3 %."
    )


def test_a_term_that_may_sell_yet_is_left_alone(connection):
    cases = [
        {},
        {"clicks": 20},  # with 9.8 % the chance of none is 13 %
        {"cost": 5},  # less than the 5.05 that the profile pays for a purchase
        {"purchases": 1, "sales": 20},
        {"purchases": 1},
        {"purchases_30d": 1},  # late, but a purchase
        {"match_type": "EXACT"},
        {"day": TODAY - timedelta(days=6)},  # Amazon counts 7 days
    ]

    def make(connection, case, **options):
        Terms(connection, **options).wastes(**case)

    found = of_each(connection, NEGATE, cases, make)
    assert [case for case, suggestion in zip(cases, found, strict=True) if suggestion] == [{}]


def test_a_term_that_sold_lately_is_never_negated(connection):
    yesterday = TODAY - timedelta(days=1)
    cases = [
        ({"purchases": 0}, True),
        ({"purchases": 1, "sales": 40}, False),
        ({"sales": 40}, False),
        ({"purchases_14d": 1}, False),
        ({"purchases": 1, "sales": 40, "match_type": "EXACT"}, False),
    ]

    def make(connection, case, **options):
        Terms(connection, **options).wastes().wastes(clicks=8, cost=5, day=yesterday, target_id=6, **case[0])

    found = of_each(connection, NEGATE, cases, make)
    assert [suggestion is not None for suggestion in found] == [case[-1] for case in cases]


def test_a_term_is_negated_for_clicks_whose_attribution_window_is_over(connection):
    cases = [("seller", SP, 7), ("seller", SP, 6), ("vendor", SP, 14), ("vendor", SP, 13), ("seller", SB, 13)]

    def make(connection, case, **options):
        kind, ad_product, age = case
        it = Advertiser(connection, kind=kind, ad_product=ad_product, **options)
        campaign = it.campaign()
        ad_group = it.ad_group(campaign)
        old, young = TODAY - timedelta(days=14), TODAY - timedelta(days=age)
        it.term(campaign, ad_group, "rest", clicks=1000, cost=500, purchases=100, sales=2000, day=old)
        it.term(campaign, ad_group, "car towel", clicks=20, cost=10, day=old)
        it.term(campaign, ad_group, "car towel", clicks=40, cost=20, day=young, target_id=6)

    found = of_each(connection, NEGATE, cases, make)
    assert [suggestion and suggestion.clicks for suggestion in found] == [60, None, 60, None, None]
    assert [suggestion.days_until for suggestion in found if suggestion] == [
        TODAY - timedelta(days=7),
        TODAY - timedelta(days=14),
    ]


def test_the_conversion_rate_is_the_campaigns(connection):
    terms = Terms(connection).wastes()
    slow = terms.it.campaign("Slow")
    ad_group = terms.it.ad_group(slow)
    terms.it.term(slow, ad_group, "all", clicks=10_000, cost=5000, purchases=100, sales=20000)
    terms.it.term(slow, ad_group, "car towel", clicks=60, cost=60)  # at 1 % none of 60 is likely
    assert [found.campaign_id for found in made(connection, NEGATE)] == [terms.auto]


@pytest.mark.parametrize("of_campaign", [True, False])
def test_a_negative_keyword_of_the_ad_group_or_its_campaign_counts_and_of_another_ad_group_does_not(
    connection, of_campaign
):
    terms = Terms(connection).wastes()
    terms.it.negative(terms.auto, terms.it.ad_group(terms.auto), "car towel")
    terms.it.negative(terms.manual, None, "car towel")
    assert len(made(connection, NEGATE)) == 1
    terms.it.negative(terms.auto, None if of_campaign else terms.source, "Car Towel")
    assert made(connection, NEGATE) == []


def test_a_term_that_is_an_exact_keyword_there_is_not_negated(connection):
    terms = Terms(connection).wastes()
    terms.it.keyword(terms.auto, terms.source, "car towel", match_type="EXACT")
    assert made(connection, NEGATE) == []


def test_an_asin_that_does_not_sell_is_to_be_a_negative_target(connection):
    terms = Terms(connection).wastes("b0compete1")
    (found,) = made(connection, NEGATE)
    assert (found.target_kind, found.match_type) == ("product", None)
    terms.it.negative_asin(terms.auto, terms.source, "B0COMPETE1")
    assert made(connection, NEGATE) == []


def test_nothing_is_negated_where_nothing_runs(connection):
    def make(connection, case, **options):
        Terms(connection, **options).wastes().it.change(case, state="PAUSED")

    assert of_each(connection, NEGATE, ["campaigns", "ad_groups"], make) == [None, None]


# Budgets

BUDGET = "raise_budget"


ALMOST_ALL = D("9.60")


def spender(connection, days=7, cost=ALMOST_ALL, sales=40, **values):
    """A campaign with a budget of 10.00 that cost 9.60 on some of the last days, and sold for four times as much."""
    it = Advertiser(connection, **values)
    campaign = it.campaign()
    for number in range(1, days + 1):
        it.day(campaign, TODAY - timedelta(days=number), clicks=20, cost=cost, purchases=2, sales=sales)
    return it


def test_a_campaign_that_sells_and_runs_out_of_its_budget_gets_more(connection):
    spender(connection)
    found = one(connection, BUDGET)
    assert (found.campaign_name, found.current_value, found.suggested_value) == ("Summer", 10, 12)
    assert (found.clicks, found.cost, found.sales) == (100, D(48), D(200))  # of the 5 days that are settled
    assert (found.acos_percent, found.confidence) == (24, pytest.approx(0.25))
    assert float(found.expected_cost_change) == pytest.approx(30)  # half of 30 days, 2.00 more on each
    assert float(found.expected_sales_change) == pytest.approx(125)
    assert found.reason == (
        "On 7 of the last 14 days it spent 95 % or more of its 10.00 USD a day. From 2026-09-21 to 2026-11-19 its ACoS "
        "was 24.0 %, and of the last 14 days, with the sales still to come, 24.0 %, where 30 % is aimed at."
    )


def test_a_budget_of_display_says_that_sales_after_a_click_are_meant(connection):
    spender(connection, ad_product=SD)
    found = one(connection, BUDGET)
    assert (found.ad_product, found.purchases, found.sales, found.acos_percent) == (SD, 10, D(200), 24)
    assert "its ACoS (of sales after a click) was 24.0 %, and of the last 14 days" in found.reason


@pytest.mark.parametrize(("sales", "is_raised"), [(40, True), (31, False), (0, False)])
def test_a_budget_is_not_raised_where_the_last_days_are_above_the_target(connection, sales, is_raised):
    it = spender(connection, days=14, sales=sales)
    campaign = it.connection.execute("SELECT campaign_id FROM campaigns_history").fetchone()[0]
    for number in range(15, 60):
        it.day(campaign, TODAY - timedelta(days=number), clicks=20, cost=5, purchases=2, sales=40)
    assert (one(connection, BUDGET) is not None) == is_raised


@pytest.mark.parametrize(("share", "is_raised"), [(0.5, True), (1.0, False), (None, False)])
def test_the_last_days_are_judged_by_the_sales_that_are_still_to_come(connection, share, is_raised):
    it = spender(connection, days=14, sales=31)
    campaign = it.connection.execute("SELECT campaign_id FROM campaigns_history").fetchone()[0]
    for number in range(15, 60):
        it.day(campaign, TODAY - timedelta(days=number), clicks=20, cost=5, purchases=2, sales=40)
    if share:
        for age in (1, 28):
            curve(connection, "sales_7d", age, share)
    assert (one(connection, BUDGET) is not None) == is_raised


def test_a_budget_is_raised_only_where_it_is_spent_and_spent_well(connection):
    cases = [
        ({"days": 6}, None),
        ({"cost": D("9.49")}, None),  # 94.9 %
        ({"sales": 31}, None),  # ACoS is above the target
        ({"sales": 0}, None),
        ({"country": "JP", "currency": "JPY", "cost": 10}, "12"),
        ({"ad_product": SB}, "12"),
        ({"ad_product": SD}, "12"),
        ({"ad_product": SD, "sales": 0}, None),  # but for those after a view
        ({"ad_product": SD, "days": 6}, None),
    ]

    def make(connection, case, **options):
        spender(connection, **case[0], **options)

    assert values(of_each(connection, BUDGET, cases, make)) == [case[-1] for case in cases]


def test_only_daily_budgets_of_what_runs_are_raised(connection):
    cases = [{"state": "PAUSED"}, {"budget_type": "LIFETIME"}, {"end_date": TODAY - timedelta(days=1)}]

    def make(connection, case, **options):
        spender(connection, **options).change("campaigns", **case)

    assert of_each(connection, BUDGET, cases, make) == [None, None, None]


def test_a_day_is_judged_by_the_budget_in_force(connection):
    cases = [
        ({"effective_budget": 20}, None),
        ({"effective_budget": D("10.10")}, "12"),
        ({"effective_budget": None}, "12"),
    ]

    def make(connection, case, **options):
        spender(connection, **options).change("campaigns", **case[0])

    found = of_each(connection, BUDGET, cases, make)
    assert values(found) == [case[-1] for case in cases]
    assert "10.00 USD a day (of what budget rules made of it). From" in found[1].reason


@pytest.mark.parametrize(("days_of_rule", "expected"), [(3, True), (4, False)])
def test_a_budget_rule_counts_for_the_days_that_it_was_in_force(connection, days_of_rule, expected):
    spender(connection, days=10)
    began = NOON - timedelta(days=days_of_rule)
    ended = "SELECT * REPLACE (? AS valid_to) FROM campaigns_history"
    connection.execute(f"INSERT INTO campaigns_history BY NAME {ended}", [began])
    now = "UPDATE campaigns_history SET valid_from = ?, effective_budget = 20 WHERE valid_to IS NULL"
    connection.execute(now, [began])
    assert (one(connection, BUDGET) is not None) == expected


@pytest.mark.parametrize(("before", "expected"), [(8, True), (3, False)])
def test_days_before_the_budget_last_changed_do_not_count(connection, before, expected):
    it = spender(connection)
    changed = NOON - timedelta(days=before)
    it.connection.execute(
        "INSERT INTO campaigns_history BY NAME SELECT * REPLACE (20 AS budget, ? AS valid_to) FROM campaigns_history",
        [changed],
    )
    it.connection.execute("UPDATE campaigns_history SET valid_from = ? WHERE valid_to IS NULL", [changed])
    assert (one(connection, BUDGET) is not None) == expected


# Odd figures

CLIENTS = [*((kind, SP) for kind in KINDS), ("bid_change", SB), (BUDGET, SB), ("bid_change", SD), (BUDGET, SD)]
SUBJECTS = {"bid_change": "clicks = 500", HARVEST: "search_term LIKE '%towel'", NEGATE: "search_term LIKE '%towel'"}
FIGURES = {
    SP: ("clicks", "cost", "purchases_7d", "sales_7d"),
    SB: ("clicks", "cost", "purchases", "sales"),
    SD: ("clicks", "cost", "purchases_clicks", "sales_clicks"),
}
ODD_DAY = TODAY - timedelta(days=12)


def client(connection, kind, ad_product, *, odd_day=False, **options):
    """Make a client to whom a kind suggests one thing; on the odd day, if it has one, that had other figures."""
    if kind == BUDGET:
        it = spender(connection, ad_product=ad_product, **options)
        if odd_day:
            it.day(1001, ODD_DAY, clicks=40, cost=9, purchases=2, sales=40)
    elif kind == "bid_change":
        bids = Bids(connection, ad_product=ad_product, **options).clicks(clicks=500, cost=300)
        if odd_day:
            bids.clicks(clicks=40, cost=90, day=ODD_DAY)
    else:
        terms = Terms(connection, **options)
        add = terms.sells if kind == HARVEST else terms.wastes
        add()
        if odd_day:
            add(clicks=40, cost=30, purchases=0, sales=0, day=ODD_DAY)


def refuse(connection, kind, ad_product, column, profile_id, where):
    table = {"bid_change": "targeting", BUDGET: "campaigns"}.get(kind, "search_term")
    short = {SP: "sp", SB: "sb", SD: "sd"}[ad_product]
    connection.execute(f"UPDATE report_{short}_{table} SET {column} = NULL WHERE profile_id = {profile_id} AND {where}")


def of_subjects(connection, cases, make):
    """Make a client for each case, and return what is suggested of the subject of its kind in one run."""
    connection.begin()
    for number, case in enumerate(cases):
        make(case, number + 1)
    connection.commit()
    found = {s.profile_id: s for s in made(connection) if s.search_term != "all the rest"}
    return [found.get(number + 1) for number in range(len(cases))]


def test_a_column_that_amazon_refuses_a_client_stops_what_would_follow_from_it_and_no_other_client(connection):
    cases = [
        (kind, ad_product, column, where)
        for kind, ad_product in CLIENTS
        for column in (None, *FIGURES[ad_product])
        for where in dict.fromkeys(["true", SUBJECTS.get(kind, "true")])
    ]

    def make(case, profile_id):
        kind, ad_product, column, where = case
        client(connection, kind, ad_product, profile_id=profile_id)
        if column:
            refuse(connection, kind, ad_product, column, profile_id, where)

    found = of_subjects(connection, cases, make)
    wanted = [column is None for _, _, column, _ in cases]
    assert [suggestion is not None for suggestion in found] == wanted
    assert {suggestion.kind for suggestion in found if suggestion} == {*KINDS}


def test_a_day_of_which_one_figure_is_not_known_is_no_evidence(connection):
    cases = [(*one, column) for one in CLIENTS for column in (None, *FIGURES[one[1]])]

    def make(case, profile_id):
        kind, ad_product, column = case
        client(connection, kind, ad_product, odd_day=column is not None, profile_id=profile_id)
        if column:
            refuse(connection, kind, ad_product, column, profile_id, f"date = DATE '{ODD_DAY}'")

    found = of_subjects(connection, cases, make)
    assert all(found)
    found = [replace(suggestion, profile_id=0) for suggestion in found]
    for first in range(0, len(found), 5):
        assert found[first : first + 5] == [found[first]] * 5


def test_what_has_no_clicks_or_cost_has_no_cost_per_click_and_no_acos(connection):
    Terms(connection, profile_id=1).sells(clicks=0)
    for profile_id, cost in ((2, 0), (3, 5)):
        it = spender(connection, profile_id=profile_id)
        refuse(connection, BUDGET, SP, "sales_7d", profile_id, "true")
        it.day(1001, TODAY - timedelta(days=13))
        it.day(1001, TODAY - timedelta(days=20), clicks=20, cost=cost, purchases=2, sales=40)
    (found,) = [suggestion for suggestion in made(connection) if suggestion.search_term != "all the rest"]
    assert (found.profile_id, found.cost) == (3, 5)
    assert found.reason.endswith("its ACoS was 12.5 %, where 30 % is aimed at.")


def test_figures_that_are_too_large_stop_their_own_client_alone(connection):
    for profile_id in (1, 2, 3):
        Bids(connection, profile_id=profile_id).clicks(clicks=500, cost=300)
    made(connection)
    for number in range(2):
        connection.execute(
            "INSERT INTO report_sp_targeting BY NAME SELECT * REPLACE (9e18::BIGINT AS clicks, date - ? AS date)"
            " FROM report_sp_targeting WHERE profile_id = 2 AND clicks = 500",
            [number + 1],
        )
    later = NOON + timedelta(hours=1)
    unmade = refresh_suggestions(connection, TargetAcos(30.0), later)
    assert {profile_id: "out of range" in why for profile_id, why in unmade.items()} == {2: True}
    assert [(s.profile_id, s.made_at) for s in suggestions(connection)] == [(1, later), (2, NOON), (3, later)]
    with pytest.raises(duckdb.ConversionException):
        refresh_suggestions(connection, TargetAcos(30.0), later, [2])


# The files


@pytest.mark.parametrize("name", ["advertisers", "evidence_days", "search_terms", *KINDS])
def test_every_file_says_first_what_one_row_is(name):
    assert sql_file(f"suggestions/{name}").startswith("-- One row is ")


def test_every_number_is_used():
    text = "".join(sql_file(f"suggestions/{name}") for name in ["advertisers", "evidence_days", "search_terms", *KINDS])
    assert [name for name in NUMBERS if f"${name}" not in text] == []
