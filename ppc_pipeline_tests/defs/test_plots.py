"""The pictures: what they leave out when there is too much to draw."""

from datetime import date, timedelta

from ppc_pipeline.defs.plots import MOST_PROFILES, coverage_plot
from ppc_pipeline.reports.completeness import DayStatus, Stretch
from ppc_pipeline.reports.windows import Days

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
