"""Numbers as a weekly report has them: amounts with their currency's decimals, percents, changes with a sign."""

from decimal import Decimal

from ppc_pipeline.wording import decimals_of, rounded

UNKNOWN = "\N{EN DASH}"
"""Stands where there is no figure."""

_MINUS = "\N{MINUS SIGN}"
_COUNTS = frozenset({"impressions", "clicks", "purchases", "units"})
_AMOUNTS = frozenset({"cost", "sales", "cpc", "cost_per_purchase"})


def amount(value: Decimal | None, currency: str) -> str:
    """Spell an amount, without its currency."""
    return number(value, decimals_of(currency))


def count(value: int | None) -> str:
    """Spell a whole number."""
    return number(None if value is None else Decimal(value), 0)


def percent(value: Decimal | None) -> str:
    """Spell a percentage."""
    return UNKNOWN if value is None else f"{number(value, 1)} %"


def change(value: Decimal | None) -> str:
    """Spell a change in percent, with its sign."""
    return UNKNOWN if value is None else f"{'+' if value > 0 else ''}{number(value, 1)} %"


def figure(name: str, value: Decimal | None, currency: str) -> str:
    """Spell a figure or a rate as its name demands."""
    if name in _COUNTS:
        return number(value, 0)
    if name in _AMOUNTS:
        return amount(value, currency)
    if name == "ctr_percent":  # mostly below 1
        return UNKNOWN if value is None else f"{number(value, 2)} %"
    return percent(value) if name.endswith("_percent") else number(value, 2)


def number(value: Decimal | None, decimals: int) -> str:
    """Spell a number with thousands apart; halves are rounded up."""
    if value is None:
        return UNKNOWN
    return f"{rounded(value, decimals):,.{decimals}f}".replace("-", _MINUS)
