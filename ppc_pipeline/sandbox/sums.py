"""Slots added up: every additive metric of a report, by its Amazon name.

Here: what ``salesOtherSku7d``, ``newToBrandSalesClicks`` or ``addToCartViews`` adds up. Not here: which rows a report
has (``grains``), or rates and names (``columns``).
"""

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ppc_pipeline.sandbox.engagement import Integers
from ppc_pipeline.sandbox.figures import Traffic

# Amazon's names of orders say which, of what and after what: of those without days, a click or view is 14 days back.
_ORDERS = re.compile(
    r"(?P<first>newToBrand)?(?P<what>(?i:purchases|orders|conversions|unitsSold|attributedSales|sales))"
    r"(?P<sku>SameSku|Promoted|OtherSku|BrandHalo)?(?P<after>Clicks|Views)?((?P<days>1|7|14|30)d)?"
)
_LONG_TERM = "longTermSales"  # what first customers are worth later, beside the sales themselves
_DAYS = 14


def _after(stem: str, event: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of an event: after clicks, after views, and both."""
    names = f"{event}_after_click", f"{event}_after_view"
    return {stem: names, f"{stem}Clicks": names[:1], f"{stem}Views": names[1:]}


_BY_SLOT: dict[str, tuple[str, ...]] = {
    "impressions": ("impressions",),
    "clicks": ("clicks",),
    "cost": ("cost",),
    "spend": ("cost",),
    "addToList": ("added_to_list", "listed_after_view"),
    "addToListFromClicks": ("added_to_list",),
    "addToListFromViews": ("listed_after_view",),
    **_after("addToCart", "carted"),
    **_after("brandedSearches", "searched"),
    **_after("detailPageViews", "looked"),
    # Sponsored Brands and Sponsored Display spell the one of clicks apart.
    **_after("newToBrandDetailPageView", "looked_first"),
    "newToBrandDetailPageViewsClicks": ("looked_first_after_click",),
    "newToBrandDetailPageViews": ("looked_first_after_click", "looked_first_after_view"),
    "viewableImpressions": ("viewed",),
    "impressionsViews": ("viewed",),
    "videoFirstQuartileViews": ("watched_quarter",),
    "videoMidpointViews": ("watched_half",),
    "videoThirdQuartileViews": ("watched_most",),
    "videoCompleteViews": ("watched_all",),
    "video5SecondViews": ("watched_5_seconds",),
    "videoUnmutes": ("unmuted",),
    "grossImpressions": ("impressions", "invalid_impressions"),
    "grossClickThroughs": ("clicks", "invalid_clicks"),
    "invalidImpressions": ("invalid_impressions",),
    "invalidClickThroughs": ("invalid_clicks",),
}
"""Column -> the arrays of slots that it adds up."""

INVALID = frozenset(column for column, arrays in _BY_SLOT.items() if any("invalid" in name for name in arrays))
"""Columns that need events even where an ad product reports no others."""


def _is_of_books(column: str) -> bool:
    """Say whether a column is one that books alone have; the sandbox sells none."""
    return column.startswith(("qualifiedBorrows", "royaltyQualifiedBorrows", "kindleEdition"))


def is_conversion(column: str) -> bool:
    """Say whether a column adds up orders."""
    return column == _LONG_TERM or _ORDERS.fullmatch(column) is not None


def is_sum(column: str) -> bool:
    """Say whether a column is a metric that the sandbox adds up."""
    return column in _BY_SLOT or _is_of_books(column) or is_conversion(column)


def purchases_of(traffic: Traffic, *, others_only: bool) -> Traffic:
    """Return the orders alone, as reports of purchased products have them.

    Each gets a slot of its own by what was bought: twice its slot, and one more for the advertised product.

    Args:
        traffic: A day's.
        others_only: Whether orders of the advertised product are left out.
    """
    orders = {
        name: getattr(traffic, name)[(traffic.order_same_sku == 0) | (not others_only)]
        for name in Traffic.__slots__
        if name.startswith("order_")
    }
    orders["order_slot"] = 2 * orders["order_slot"] + orders["order_same_sku"]
    return replace(Traffic.joined([]), **orders)


@dataclass(frozen=True, slots=True)
class Sums:
    """Traffic added up by group, for the groups that have a row.

    Attributes:
        traffic: What is added up.
        group_of_slot: The group of every slot of the world.
        groups: The groups that have a row, ascending.
    """

    traffic: Traffic
    group_of_slot: Integers
    groups: Integers

    @classmethod
    def by_group(
        cls, traffic: Traffic, group_of_slot: Integers, *, clicked: bool = False, bought: bool = False
    ) -> "Sums":
        """Add up by group; a group has a row where it was shown, or ``clicked`` or ``bought`` only."""
        slots = traffic.order_slot if bought else traffic.slot[traffic.clicks > 0] if clicked else traffic.slot
        return cls(traffic, group_of_slot, np.unique(group_of_slot[slots]))

    def only(self, keep: NDArray[np.bool_]) -> "Sums":
        """Return the same sums for some of the groups."""
        return Sums(self.traffic, self.group_of_slot, self.groups[keep[self.groups]])

    def column(self, name: str) -> Integers:
        """Return a metric, one value a row; amounts in minor units.

        Raises:
            KeyError: The sandbox knows no such metric.
        """
        if _is_of_books(name):
            return np.zeros(len(self.groups), np.int64)
        if name == _LONG_TERM:
            traffic = self.traffic
            return self._added(traffic.order_slot, traffic.order_sales * (1 + 2 * traffic.order_is_first))
        if orders := _ORDERS.fullmatch(name):
            return self._orders(orders)
        first, *others = map(self.traffic.by_slot, _BY_SLOT[name])
        return self._by_slot(sum(others, first))

    def with_orders(self) -> NDArray[np.bool_]:
        """Say of every row whether any order is in it."""
        traffic = self.traffic
        return self._added(traffic.order_slot, np.ones_like(traffic.order_units)) > 0

    def impressions_at(self, slots: NDArray[np.bool_]) -> Integers:
        """Return the impressions of some slots alone."""
        return self._by_slot(np.where(slots[self.traffic.slot], self.traffic.impressions, 0))

    def _by_slot(self, values: Integers) -> Integers:
        return self._added(self.traffic.slot, values)

    def _orders(self, asked: re.Match[str]) -> Integers:
        traffic, what = self.traffic, asked["what"].lower()
        values = traffic.order_sales if what.endswith("sales") else traffic.order_units
        if what in ("purchases", "orders", "conversions"):
            values = np.ones_like(traffic.order_units)
        counted = traffic.order_delay < int(asked["days"] or _DAYS)
        if asked["first"]:
            counted = counted & (traffic.order_is_first == 1)
        if sku := asked["sku"]:
            counted = counted & (traffic.order_same_sku == int(sku in ("SameSku", "Promoted")))
        if after := asked["after"]:
            counted = counted & (traffic.order_after_view == int(after == "Views"))
        return self._added(traffic.order_slot, np.where(counted, values, 0))

    def _added(self, slots: Integers, values: Integers) -> Integers:
        # Weights are floats, but whole and far below 2**53: the sums are exact.
        size = int(self.groups[-1]) + 1 if len(self.groups) else 0
        groups = self.group_of_slot[slots]
        added = np.bincount(groups, weights=values, minlength=size)
        result: Integers = added[self.groups].astype(np.int64)
        return result
