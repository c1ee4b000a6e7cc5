"""Slots added up: every additive metric of a report, by its Amazon name.

Here: what ``purchases7d`` or ``salesOtherSku7d`` adds up. Not here: which rows a report has (``grains``), or rates and
names (``rows``).
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ppc_pipeline.sandbox.figures import Integers, Traffic

_WINDOWED = re.compile(
    r"(?P<what>purchases|unitsSoldClicks|unitsSold|sales|attributedSales)(?P<sku>SameSku|OtherSku)?(?P<days>1|7|14|30)d"
)
_TRAFFIC = {
    "impressions": "impressions",
    "clicks": "clicks",
    "cost": "cost",
    "spend": "cost",
    "addToList": "added_to_list",
}
# Books alone have these; the sandbox sells none.
_BOOKS = frozenset(
    {
        "qualifiedBorrows",
        "royaltyQualifiedBorrows",
        "kindleEditionNormalizedPagesRead14d",
        "kindleEditionNormalizedPagesRoyalties14d",
    }
)


def is_conversion(column: str) -> bool:
    """Say whether a column adds up orders."""
    return _WINDOWED.fullmatch(column) is not None


def is_sum(column: str) -> bool:
    """Say whether a column is a metric that the sandbox adds up."""
    return column in _TRAFFIC or column in _BOOKS or is_conversion(column)


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
    def by_group(cls, traffic: Traffic, group_of_slot: Integers, *, clicked: bool = False) -> "Sums":
        """Add up by group; a group has a row where it was shown, or ``clicked`` only."""
        slots = traffic.slot[traffic.clicks > 0] if clicked else traffic.slot
        return cls(traffic, group_of_slot, np.unique(group_of_slot[slots]))

    def only(self, keep: NDArray[np.bool_]) -> "Sums":
        """Return the same sums for some of the groups."""
        return Sums(self.traffic, self.group_of_slot, self.groups[keep[self.groups]])

    def column(self, name: str) -> Integers:
        """Return a metric, one value a row; amounts in minor units.

        Raises:
            KeyError: The sandbox knows no such metric.
        """
        if name in _BOOKS:
            return np.zeros(len(self.groups), np.int64)
        if windowed := _WINDOWED.fullmatch(name):
            return self._orders(windowed["what"], windowed["sku"], int(windowed["days"]))
        return self._by_slot(getattr(self.traffic, _TRAFFIC[name]))

    def with_orders(self) -> NDArray[np.bool_]:
        """Say of every row whether any order is in it."""
        return self._orders("purchases", None, 30) > 0

    def impressions_at(self, slots: NDArray[np.bool_]) -> Integers:
        """Return the impressions of some slots alone."""
        return self._by_slot(np.where(slots[self.traffic.slot], self.traffic.impressions, 0))

    def _by_slot(self, values: Integers) -> Integers:
        return self._added(self.traffic.slot, values)

    def _orders(self, what: str, sku: str | None, days: int) -> Integers:
        traffic = self.traffic
        values = traffic.order_sales if "ales" in what else traffic.order_units
        if what == "purchases":
            values = np.ones_like(traffic.order_units)
        counted = traffic.order_delay < days
        if sku:
            counted = counted & (traffic.order_same_sku == int(sku == "SameSku"))
        return self._added(traffic.order_slot, np.where(counted, values, 0))

    def _added(self, slots: Integers, values: Integers) -> Integers:
        # Weights are floats, but whole and far below 2**53: the sums are exact.
        size = int(self.groups[-1]) + 1 if len(self.groups) else 0
        groups = self.group_of_slot[slots]
        added = np.bincount(groups, weights=values, minlength=size)
        result: Integers = added[self.groups].astype(np.int64)
        return result
