"""The pictures: what they leave out when there is too much to draw."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from ppc_pipeline.defs.plots import MOST_PROFILES, coverage_plot, readable_on
from ppc_pipeline.defs.trend_plots import MOST_ROWS, small_trends_plot, trends_plot, weekdays_plot
from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.reports.windows import Days
from ppc_pipeline.warehouse.trends import TrendDay, WeekdayIndex

END = date(2026, 11, 22)
SPAN = Days(END - timedelta(days=94), END)


def stretches_of(profiles):
    return [Stretch("acme", n, f"Store {n}", "spTargeting", SPAN, DayStatus.LOADED, "") for n in range(profiles)]


def test_a_grid_of_few_profiles_is_whole():
    assert "not drawn" not in coverage_plot(stretches_of(MOST_PROFILES)).value


def test_a_grid_of_many_profiles_says_how_many_it_leaves_out_and_does_not_grow():
    whole = coverage_plot(stretches_of(MOST_PROFILES))
    cut = coverage_plot(stretches_of(1000))
    assert "The 60 profiles with the most to mend; 940 more are not drawn." in cut.value
    assert len(cut.value) < 1.2 * len(whole.value)


def test_profiles_that_are_not_complete_are_drawn_before_others(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "matplotlib.axes.Axes.set_yticks", lambda axes, ticks, labels=None, **_: drawn.extend(labels or [])
    )
    failed = Stretch("acme", 777, "Store 777", "spCampaigns", SPAN, DayStatus.FAILED, "refused")
    coverage_plot([*stretches_of(1000), failed])
    assert "Store 777 777" in drawn
    assert len(drawn) == MOST_PROFILES


def trend(place, profiles, name="Store"):
    return [
        TrendDay(place, profiles, place, name, "USD", day, Decimal((day.day * 37) % 91), Decimal((day.day * 53) % 97))
        for day in SPAN
    ]


def test_every_profile_has_its_trends_drawn_the_most_costly_ones_large(monkeypatch):
    named = []
    monkeypatch.setattr("matplotlib.axes.Axes.text", lambda axes, x, y, text, **_: named.append(text))
    monkeypatch.setattr("matplotlib.axes.Axes.set_title", lambda axes, text, **_: named.append(text))
    days = [day for place in range(1, 31) for day in trend(place, 30, f"Store {place}")]
    large, small = trends_plot(days), small_trends_plot(days)
    assert "The 9 with the highest cost, each currency's first ones; 21 more are drawn small below." in large.value
    assert {text.split(":")[0].removesuffix(", USD") for text in named} >= {f"Store {place}" for place in range(1, 31)}
    assert "Store 30: 4.4k USD, ACoS 99 %" in named
    assert len(large.value + small.value) < 300_000


def test_few_profiles_have_no_small_trends():
    assert small_trends_plot(trend(1, 1)) is None
    assert "drawn small" not in trends_plot(trend(1, 1)).value


def test_the_acos_of_a_small_panel_is_of_the_days_whose_sales_are_known(monkeypatch):
    named = []
    monkeypatch.setattr("matplotlib.axes.Axes.text", lambda axes, x, y, text, **_: named.append(text))
    known = [replace(day, cost=Decimal(10), sales=Decimal(50)) for day in trend(10, 10)]
    days = [day for place in range(1, 10) for day in trend(place, 10)]
    small_trends_plot([*days, *known[:10], *(replace(day, sales=None) for day in known[10:20])])
    assert "Store: 200.00 USD, ACoS 20 %" in named


def test_a_profile_without_sales_or_cost_is_drawn_small_too():
    days = [day for place in range(1, 10) for day in trend(place, 11)]
    days += [replace(day, cost=None, sales=None) for day in trend(10, 11)]
    days += [replace(day, sales=Decimal(0)) for day in trend(11, 11)][:1]
    assert small_trends_plot(days).value


@pytest.mark.parametrize("name", ["Cash$Flow$ {", "A & B <b>"])
def test_a_name_with_signs_of_a_formula_can_be_drawn(name):
    assert trends_plot(trend(1, 1, name)).value
    assert small_trends_plot([day for place in range(1, 11) for day in trend(place, 10, name)]).value
    week = [WeekdayIndex(1, 1, 1, name, "USD", "SPONSORED_TV", day, index) for day, index in ((7, 1.5), (1, None))]
    assert weekdays_plot(week).value
    assert coverage_plot([replace(one, profile_name=name) for one in stretches_of(1)]).value


@pytest.mark.parametrize(
    ("color", "text"),
    [((1, 1, 1), "black"), ((0, 0, 0), "white"), ((0.4, 0, 0.12, 1), "white"), ((0.02, 0.19, 0.38, 1), "white")],
)
def test_text_on_a_colour_is_the_one_of_black_and_white_that_can_be_read(color, text):
    assert readable_on(color) == text


def test_every_number_of_the_heat_map_can_be_read_on_its_cell(monkeypatch):
    written = {}
    monkeypatch.setattr(
        "matplotlib.axes.Axes.text", lambda axes, x, y, text, *, color, **_: written.update({text: color})
    )
    weekdays_plot([WeekdayIndex(1, 1, 1, "Store", "USD", "SPONSORED_PRODUCTS", n + 1, 0.5 + n / 6) for n in range(7)])
    assert (written["0.50"], written["1.00"], written["1.50"]) == ("white", "black", "white")


def test_a_heat_map_of_many_profiles_says_how_many_it_leaves_out():
    found = MOST_ROWS + 7
    weeks = [WeekdayIndex(n, found, n, "Store", "USD", "SPONSORED_PRODUCTS", 1, 1.0) for n in range(1, found + 1)]
    assert "7 more are not drawn." in weekdays_plot(weeks).value
    assert "not drawn" not in weekdays_plot([replace(week, found=MOST_ROWS) for week in weeks[:MOST_ROWS]]).value
