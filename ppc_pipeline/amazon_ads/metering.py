"""Counting calls: what a meter must offer, and one that counts nothing.

Here: the interface. Not here: where counts are kept (the ledger keeps them).
"""

from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What came of one request."""

    OK = "ok"
    """Answered as hoped."""
    THROTTLED = "throttled"
    """Answered 429."""
    REFUSED = "refused"
    """Answered with another 4xx: Amazon is well, and does not do what was asked."""
    FAILED = "failed"
    """Answered with a 5xx or its like, or not at all."""


class Meter(Protocol):
    """Counts the requests of one account."""

    def called(self, ad_product: str, outcome: Outcome, *, again: bool) -> None:
        """Count a request; ``again`` says that it repeats one that failed."""

    def flush(self) -> None:
        """Keep what was counted: no more will come for now."""


class NoMeter:
    """A ``Meter`` that counts nothing."""

    def called(self, ad_product: str, outcome: Outcome, *, again: bool) -> None:
        """Count nothing."""

    def flush(self) -> None:
        """Keep nothing."""
