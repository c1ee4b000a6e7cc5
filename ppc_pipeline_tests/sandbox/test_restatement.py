"""A day changes as it ages, as Amazon's days do, and then it rests."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from ppc_pipeline.sandbox import SandboxOptions
from ppc_pipeline.sandbox.accounts import profiles_of
from ppc_pipeline.sandbox.creation import world_of
from ppc_pipeline.sandbox.figures import day_traffic

DAY = date(2026, 9, 1)
OPTIONS = SandboxOptions(campaigns=60)
WORLD = world_of(OPTIONS, profiles_of(OPTIONS, "sandbox")[0])


def seen(age: float):
    """Return the day as seen so many days after it began in Los Angeles."""
    began = datetime(2026, 9, 1, 7, tzinfo=UTC)
    return day_traffic(WORLD, DAY, began + timedelta(days=age), 400)


def total(age, metric, before=30):
    traffic = seen(age)
    if metric == "orders":
        return int((traffic.order_delay < before).sum())
    return int(getattr(traffic, metric).sum())


@pytest.mark.parametrize("window", [1, 7, 14, 30])
def test_orders_grow_for_a_window_and_four_weeks_and_then_rest(window):
    counts = [total(age, "orders", window) for age in range(70)]
    assert counts == sorted(counts)
    assert counts[1] < counts[window + 20]
    assert len(set(counts[window + 28 :])) == 1


@pytest.mark.parametrize("metric", ["clicks", "cost"])
def test_clicks_and_cost_shrink_a_little_for_three_days(metric):
    amounts = [total(age, metric) for age in range(1, 10)]
    assert amounts[0] > amounts[1] > amounts[2]
    assert len(set(amounts[2:])) == 1
    assert amounts[0] < 1.1 * amounts[-1]


def test_a_day_that_is_not_over_shows_its_part():
    parts = [total(age / 8, "impressions") for age in range(1, 9)]
    assert parts == sorted(parts)
    assert 0.4 < parts[3] / parts[7] < 0.6
    assert total(0.9, "orders") <= total(1, "orders")


def test_days_to_come_and_days_before_the_history_are_empty():
    assert len(seen(-0.1).slot) == 0
    assert len(seen(401).slot) == 0
    assert len(seen(400).slot) > 0


def test_no_order_comes_without_a_click():
    for age in (0.2, 0.5, 1, 2, 40):
        traffic = seen(age)
        assert np.isin(traffic.order_slot, traffic.slot[traffic.clicks > 0]).all()


def test_a_report_shows_its_day_as_of_its_creation(api, report_request):
    request = report_request("spCampaigns", "2026-11-20", "2026-11-20")
    young = api.create(request).json()["reportId"]
    before = api.totals("spCampaigns", "2026-11-20", "2026-11-20")["sums"]
    api.clock.forward(days=40)
    done = api.status(young).json()
    assert done["status"] == "COMPLETED"
    after = api.totals("spCampaigns", "2026-11-20", "2026-11-20")["sums"]
    assert before != after
    assert before["purchases30d"] < after["purchases30d"]
