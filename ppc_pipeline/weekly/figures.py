"""Sums of figures, the rates that follow from them, and how two of them differ.

What Amazon does not give is None, never 0. Rates are those of the metric tables, sum over sum.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any

from ppc_pipeline.warehouse.metrics import RATES

_RATES = {rate.name: rate for rate in RATES}


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures over some days, in one currency and of the standard attribution window."""

    impressions: int | None = 0
    clicks: int | None = 0
    cost: Decimal | None = Decimal(0)
    purchases: Decimal | int | None = 0
    sales: Decimal | None = Decimal(0)
    units: int | None = 0

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
