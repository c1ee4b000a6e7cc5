"""How numbers are spelled for people: amounts with their currency's digits, counts with their noun.

Here: what tables, checks, commands and reports all spell alike. Not here: what only one of them spells (the weekly
report's signs and dashes are in ``weekly.formats``).
"""

from decimal import ROUND_HALF_UP, Decimal

WHOLE_CURRENCIES = frozenset({"CLP", "COP", "HUF", "IDR", "JPY", "KRW", "TWD", "VND"})
"""Currencies whose prices have no decimals."""


def decimals_of(currency: str | None, *amounts: Decimal) -> int:
    """Return how many decimals amounts of a currency are shown with; 2 where it is not known.

    They are more where amounts that differ, from each other or from nothing, would read alike.
    """
    decimals = 0 if currency in WHOLE_CURRENCIES else 2
    different = {Decimal(0), *amounts}
    while len({rounded(value, decimals) for value in different}) < len(different):
        decimals += 1
    return decimals


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Round to some decimals; halves go up, and nothing becomes minus 0."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0


def amount(value: Decimal, currency: str | None, *others: Decimal) -> str:
    """Spell an amount with its currency's decimals, without the currency: ``1,234.50``, of JPY ``1,235``.

    Args:
        value: The amount.
        currency: Its currency; None where it is not known.
        others: Amounts that stand beside it, and that it must not read like where it differs.
    """
    decimals = decimals_of(currency, value, *others)
    return f"{rounded(value, decimals):,.{decimals}f}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Spell a number of things: ``1 profile``, ``2 profiles``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
