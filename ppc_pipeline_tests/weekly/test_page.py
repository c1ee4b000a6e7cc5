"""The page: every number is what Python makes of the report tables, and nothing on it is anybody's code."""

import re
from collections import defaultdict
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest

from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.weekly.figures import Basis, Change
from ppc_pipeline.weekly.page import TITLES, page_of
from ppc_pipeline_tests.fakes import SELLER, VENDOR, facts
from ppc_pipeline_tests.warehouse.made import rows
from ppc_pipeline_tests.weekly.made_weeks import CLIENTS, HOSTILE, SOLD_ONCE, WASTED, WEEK, Page, contents

FIGURES = ("impressions", "clicks", "cost", "purchases", "sales", "units")
TABLES = {"report_sp_campaigns": "Sponsored Products", "report_sb_campaigns": "Sponsored Brands"}


def spelled(value, decimals, end=""):
    if value is None:
        return "\N{EN DASH}"
    rounded = Decimal(value).quantize(Decimal(10) ** -decimals, ROUND_HALF_UP) + 0
    return f"{rounded:,.{decimals}f}{end}".replace("-", "\N{MINUS SIGN}")


def over(one, other, factor=1):
    return None if one is None or not other else factor * Decimal(one) / Decimal(other)


def changed(now, before):
    change = None if now is None or not before else 100 * (now - before) / before
    return ("+" if change and change > 0 else "") + spelled(change, 1, " %")


def by_hand(connection, profile_id, week, key):
    """Sum the campaign reports of a week in Python."""
    window = "14d" if profile_id == VENDOR else "7d"
    found = defaultdict(lambda: dict.fromkeys(FIGURES, Decimal(0)))
    for table, product in TABLES.items():
        columns = {name: name for name in FIGURES} | {"units": "units_sold"}
        if table == "report_sp_campaigns":
            columns |= {name: f"{name}_{window}" for name in ("purchases", "sales")}
            columns["units"] = f"units_sold_clicks_{window}"
        for row in rows(connection, f"FROM {table}"):
            if row["profile_id"] == profile_id and row["date"] in week.days:
                for name, column in columns.items():
                    found[key(row, product)][name] += row[column]
    return found


def all_of(connection, profile_id, week):
    return by_hand(connection, profile_id, week, lambda row, product: None)[None]


def value(f, name):
    rates = {
        "acos_percent": ("cost", "sales", 100),
        "roas": ("sales", "cost", 1),
        "cost_per_purchase": ("cost", "purchases", 1),
        "ctr_percent": ("clicks", "impressions", 100),
        "cpc": ("cost", "clicks", 1),
        "cvr_percent": ("purchases", "clicks", 100),
    }
    if name not in rates:
        return f[name]
    one, other, factor = rates[name]
    return over(f[one], f[other], factor)


def shown(name, number, currency):
    money = 0 if currency == "JPY" else 2
    if name in ("cost", "sales", "cpc", "cost_per_purchase"):
        return spelled(number, money)
    if name == "ctr_percent":
        return spelled(number, 2, " %")
    if name.endswith("_percent"):
        return spelled(number, 1, " %")
    return spelled(number, 2 if name == "roas" else 0)


@pytest.mark.parametrize("profile_id", [SELLER, VENDOR])
def test_key_figures_are_what_python_makes_of_the_reports_in_each_profiles_currency(weeks, profile_id):
    currency = CLIENTS[profile_id].currency_code
    now, before = (all_of(weeks, profile_id, week) for week in (WEEK, WEEK.before()))
    four = [all_of(weeks, profile_id, WEEK.before(n)) for n in range(1, 5)]
    together = {name: sum(one[name] for one in four) for name in FIGURES}
    table = Page(page_of(contents(weeks, profile_id))).tables["key"]
    assert table[0][4] == "Mean of 4 weeks before"
    found = {row[0]: row[1:] for row in table[1:]}
    assert found.keys() == {*TITLES.values()}
    for name, title in TITLES.items():
        mean = value(together, name) if name not in FIGURES else together[name] / 4
        one, other = value(now, name), value(before, name)
        expected = [shown(name, one, currency), shown(name, other, currency), changed(one, other)]
        assert found[title] == [*expected, shown(name, mean, currency), changed(one, mean)], title


def test_ad_products_campaigns_and_losses_are_what_python_makes_of_the_reports(weeks):
    page = Page(page_of(contents(weeks)))
    products = by_hand(weeks, SELLER, WEEK, lambda row, product: product)
    assert {row[0]: (row[5], row[6]) for row in page.tables["products"][1:]} == {
        name: (spelled(f["cost"], 2), spelled(f["sales"], 2)) for name, f in products.items()
    }
    campaigns = by_hand(weeks, SELLER, WEEK, lambda row, product: (row["campaign_name"], product))
    highest = sorted(campaigns.items(), key=lambda one: -one[1]["cost"])
    assert [(row[0], *row[1:]) for row in page.tables["campaigns"][1:]] == [
        (
            f"{name} {product}",
            *(shown(n, value(f, n), "USD") for n in ("impressions", "clicks", "cpc", "cvr_percent", "cost", "sales")),
            shown("acos_percent", value(f, "acos_percent"), "USD"),
        )
        for (name, product), f in highest
    ]
    losing = sorted(
        ((f["cost"] - f["sales"], f"{name} {product}") for (name, product), f in campaigns.items()), reverse=True
    )
    expected = [(name, spelled(loss, 2)) for loss, name in losing if loss > 0]
    assert expected, "otherwise nothing was tested"
    assert [(row[0], row[3]) for row in page.tables["lost"][1:]] == expected


def test_a_search_term_that_did_not_sell_in_four_weeks_is_listed_with_their_clicks_and_cost(weeks):
    found = {row[0]: row[2:] for row in Page(page_of(contents(weeks))).tables["terms"][1:]}
    assert found[" ".join(WASTED.split())] == ["82", "331.50", "321.50"]
    assert SOLD_ONCE not in found
    assert "not this week" not in found


def test_a_search_term_of_few_or_young_clicks_is_not_called_wasted(weeks):
    few = "UPDATE report_sp_search_term SET clicks = 2, cost = 0.01, purchases_7d = 0 WHERE search_term = ?"
    weeks.execute(few, [WASTED])
    assert WASTED not in [one.search_term for one in contents(weeks).wasted_terms]


def test_clicks_of_days_whose_orders_are_still_to_come_speak_against_no_term(weeks):
    weeks.execute("UPDATE load_log SET requested_at = DATE '2026-11-09' + INTERVAL 12 HOUR")
    (found,) = [one for one in contents(weeks).wasted_terms if one.search_term == WASTED]
    assert (found.clicks, found.cost) == (12, Decimal("31.5")), "the Sunday's 70 clicks for 300 are a day old"


def test_a_change_says_beside_it_whether_it_is_of_the_end_or_still_coming_in(weeks):
    found = contents(weeks)
    marked = {"sales": Change(Decimal("-13"), Basis.IN_THE_END), "roas": Change(Decimal(-9), Basis.STILL_COMING_IN)}
    figures = {name: replace(one, change=marked.get(name, one.change)) for name, one in found.figures.items()}
    text = page_of(replace(found, figures=figures))
    page, minus = Page(text), "\N{MINUS SIGN}"
    changes = {row[0]: row[3] for row in page.tables["key"][1:]}
    assert (changes["Sales"], changes["ROAS"]) == (f"{minus}13.0 % in the end", f"{minus}9.0 % still coming in")
    assert f'<span class="bad">{minus}13.0 %</span> <span class="quiet">on the week before, in the end<' in text
    assert f'<span class="quiet">{minus}9.0 %</span> <span class="quiet">on the week before, still coming in<' in text
    assert "neither good nor bad" in page.text
    assert "neither good nor bad" not in Page(page_of(found)).text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM load_log", "Nothing can be said: no search term report of this week is loaded."),
        (
            "UPDATE load_log SET end_date = '2026-11-04'",
            "None in what is loaded: search term reports of 3 of the 7 days.",
        ),
        ("UPDATE load_log SET end_date = end_date", "None: search term reports of all 7 days are loaded."),
    ],
)
def test_no_search_term_without_a_purchase_is_told_from_no_report_of_them(weeks, change, said):
    weeks.execute("DELETE FROM report_sp_search_term")
    weeks.execute(f"{change} WHERE report_type = 'spSearchTerm'")
    assert said in Page(page_of(contents(weeks))).text


def test_names_from_outside_are_text_and_never_code(weeks):
    profile = facts(SELLER, name=HOSTILE, currency_code="USD", timezone="UTC")
    lacking = [Stretch("acme", SELLER, HOSTILE, "spTargeting", WEEK.days, DayStatus.FAILED, HOSTILE)]
    text = page_of(contents(weeks, profile=profile, standing=lacking))
    page = Page(text)
    assert not [tag for tag, attributes in page.tags if tag in ("script", "img", "iframe", "object", "link")]
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) >= 4  # title, heading, what is lacking, and the campaign
    assert HOSTILE not in text


def test_the_page_needs_nothing_from_elsewhere(weeks):
    text = page_of(contents(weeks))
    for _, attributes in Page(text).tags:
        for name in ("src", "href", "xlink:href", "srcset", "data", "action"):
            assert (attributes.get(name) or "#").startswith("#")
    assert not re.findall(r"(?:src|href)\s*=\s*[\"']?\s*(?:https?:)?//", text)
    assert not re.findall(r"@import|url\((?!#)", text)
    assert text.count("<svg") == 2


def test_charts_in_one_page_share_no_reference(weeks):
    text = page_of(contents(weeks))
    first, second = (set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', svg)) for svg in text.split("<svg")[1:])
    assert first
    assert not first & second


def test_a_week_without_rows_says_so_and_whether_it_is_loaded(weeks):
    after = WEEK.before(-1)
    text = Page(page_of(contents(weeks, week=after))).text
    assert "No report has a row for this profile in this week; not all of its days are loaded" in text
    weeks.execute("UPDATE load_log SET end_date = DATE '2026-11-15'")
    text = Page(page_of(contents(weeks, week=after))).text
    assert "nothing was advertised" in text
    assert "Complete" in text


def test_a_loss_says_of_which_week_it_is_where_that_is_not_the_pages(weeks):
    weeks.execute("UPDATE load_log SET requested_at = DATE '2026-11-09' + INTERVAL 12 HOUR")
    page = Page(page_of(replace(contents(weeks), not_judged=["SPONSORED_DISPLAY"])))
    assert "Nobody can say it yet of Sponsored Display: sales of both weeks are still to come" in page.text
    found = page.tables["lost"][1:]
    assert found
    assert all(row[0].endswith(f", {WEEK.before()}") for row in found)


def test_what_is_not_loaded_is_named_and_weeks_that_cannot_be_compared_are_not(weeks):
    weeks.execute("UPDATE load_log SET end_date = DATE '2026-11-06' WHERE report_type = 'sbCampaigns'")
    lacking = [
        Stretch("acme", SELLER, "Acme", "sbCampaigns", WEEK.days, DayStatus.OUTSTANDING, "asked for 2 h ago"),
        Stretch("acme", SELLER, "Acme", "sdCampaigns", WEEK.days, DayStatus.NOT_OFFERED, "has no Display"),
    ]
    page = Page(page_of(contents(weeks, standing=lacking)))
    assert "sbCampaigns: 7 of 7 days outstanding: asked for 2 h ago" in page.text
    assert "sdCampaigns" not in page.text
    assert "The week is not wholly loaded, so that changes would mislead" in page.text
    assert {row[3] for row in page.tables["key"][1:]} == {"\N{EN DASH}"}


def test_rows_in_another_currency_are_left_out_and_said_to_be(weeks):
    weeks.execute("UPDATE report_sb_campaigns SET currency_code = 'CAD' WHERE profile_id = ?", [SELLER])
    page = Page(page_of(contents(weeks)))
    products = by_hand(weeks, SELLER, WEEK, lambda row, product: product)["Sponsored Products"]
    found = {row[0]: row[1] for row in page.tables["key"][1:]}
    assert found["Cost"] == spelled(products["cost"], 2)
    assert "also has rows in CAD. They are left out" in page.text
    assert len(page.tables["products"]) == 2


def test_made_up_figures_are_called_so():
    from ppc_pipeline.weekly.contents import contents_of
    from ppc_pipeline.weekly.reading import Found

    empty = contents_of(CLIENTS[SELLER], WEEK, Found(), [], sandbox=False, now=WEEK.start)
    assert "Made-up figures" not in page_of(empty)
    assert "Made-up figures" in page_of(replace(empty, sandbox=True))
