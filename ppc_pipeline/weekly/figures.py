"""Sums of figures, the rates that follow from them, what they will be in the end, and how two of them differ.

What Amazon does not give is None, never 0. Rates are those of the metric tables, sum over sum.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ppc_pipeline.warehouse.metrics import RATES

_RATES = {rate.name: rate for rate in RATES}
_CONVERSIONS = frozenset({"purchases", "sales", "units"})
_DECIDED_BY_CONVERSIONS = _CONVERSIONS | {rate.name for rate in RATES if {rate.over, rate.under} & _CONVERSIONS}
"""What goes on changing for weeks: sales are counted on the day of their click."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures over some days, in one currency and of the standard attribution window."""

    impressions: int | None = 0
    clicks: int | None = 0
    cost: Decimal | None = Decimal(0)
    purchases: Decimal | int | None = 0
    sales: Decimal | None = Decimal(0)
    units: Decimal | int | None = 0

    def value(self, name: str) -> Decimal | None:
        """Return a figure, or a rate of ``metrics.RATES``; None where there is nothing to divide by."""
        if rate := _RATES.get(name):
            return over(self.value(rate.over), self.value(rate.under), 100 if rate.percent else 1)
        value = getattr(self, name)
        return None if value is None else Decimal(value)

    @property
    def loss(self) -> Decimal:
        """By how much the cost exceeds the sales; 0 where it does not, or one is not known."""
        return (
            max(Decimal(0), self.cost - self.sales) if self.cost is not None and self.sales is not None else Decimal(0)
        )


@dataclass(frozen=True, slots=True)
class Known:
    """How much of the final figures of a day is known: 1 is the whole, None is that nobody knows it."""

    cost: Decimal | None = Decimal(1)
    purchases: Decimal | None = Decimal(1)
    sales: Decimal | None = Decimal(1)

    def in_the_end(self, now: Sums) -> Sums:
        """Return what figures will be; one is None where nobody knows it. Units come in as purchases do."""
        return Sums(
            impressions=now.impressions,
            clicks=now.clicks,
            cost=over(now.cost, self.cost),
            purchases=over(now.value("purchases"), self.purchases),
            sales=over(now.sales, self.sales),
            units=over(now.value("units"), self.purchases),
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure or rate as it is, and as it will be in the end; that is None where nobody knows it."""

    now: Decimal | None
    in_the_end: Decimal | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """Figures over some days as they are, and as they will be in the end."""

    now: Sums = Sums()
    in_the_end: Sums = Sums()

    def figure(self, name: str, weeks: int = 1) -> Figure:
        """Return a figure or rate; of a sum over several weeks one's share. What no sale decides is as it is now."""
        parts = weeks if hasattr(self.now, name) else 1
        now, end = (over(sums.value(name), Decimal(parts)) for sums in (self.now, self.in_the_end))
        return Figure(now, end if name in _DECIDED_BY_CONVERSIONS else now)


class Basis(StrEnum):
    """What a change compares, as the page says it beside the change."""

    WHOLE = ""
    IN_THE_END = "in the end"
    STILL_COMING_IN = "still coming in"


@dataclass(frozen=True, slots=True)
class Change:
    """By how many percent a figure differs from an earlier one; None where the two cannot be compared."""

    percent: Decimal | None = None
    basis: Basis = Basis.WHOLE


def change_between(now: Figure, before: Figure) -> Change:
    """Compare what two figures will be in the end; where nobody knows that of one, what they are now."""
    if now.in_the_end is None or before.in_the_end is None:
        percent = change_percent(now.now, before.now)
        return Change(percent, Basis.WHOLE if percent is None else Basis.STILL_COMING_IN)
    whole = (now.now, before.now) == (now.in_the_end, before.in_the_end)
    return Change(change_percent(now.in_the_end, before.in_the_end), Basis.WHOLE if whole else Basis.IN_THE_END)


def total(parts: Sequence[Sums]) -> Sums:
    """Add figures: one is None where a part that cost anything lacks it: its cost would be set against others' sales.

    Nothing happened where there are no parts.
    """
    if not parts:
        return Sums()
    spent = [part.cost != 0 for part in parts]
    columns = zip(*(astuple(part) for part in parts), strict=True)
    return Sums(*(_added(column, spent) for column in columns))


def _added(values: Sequence[Any], spent: Sequence[bool]) -> Any:
    if any(value is None and cost for value, cost in zip(values, spent, strict=True)):
        return None
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def over(one: Decimal | None, other: Decimal | None, factor: int = 1) -> Decimal | None:
    """Divide; None where there is nothing to divide, or to divide by."""
    return factor * one / other if one is not None and other else None


def change_percent(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Return by how many percent a figure changed; None where it is not known, or was 0."""
    return over(None if now is None or before is None else now - before, before, 100)
