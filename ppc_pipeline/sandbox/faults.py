"""What goes wrong on purpose: the catalogue of faults, the profiles made of them, and who is hit.

Here: names, rates, and the draw. Not here: what a fault does to a call (``misbehaving``), to a report (``reports``) or
to a report's file (``spoiling``).

Who is hit follows from the seed and from what is asked, never from a clock or from the order of threads. A call is hit
``IN_A_ROW`` times in a row at most: the attempt after them always passes, so that a client that tries again gets there.
Only faults that stand as long as their rule does let nobody through.
Profiles hold only what Amazon was seen doing; faults that never pass, and rows and files that are wrong, have names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ppc_pipeline.amazon_ads.ad_products import (
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_PRODUCTS,
    SPONSORED_TELEVISION,
)
from ppc_pipeline.sandbox.determinism import stable_int

IN_A_ROW = 2
_NEVER = "none"
# As report types and the paths of lists begin.
_AD_PRODUCTS = {
    "sp": SPONSORED_PRODUCTS,
    "sb": SPONSORED_BRANDS,
    "sd": SPONSORED_DISPLAY,
    "st": SPONSORED_TELEVISION,
}
_AD_PRODUCT = re.compile(r" (?:/(?=s[pbd]/))?(s[pbdt])(?=[/A-Z])")


class Fault(StrEnum):
    """A way to go wrong."""

    # Any call of the API. 429 and 5xx are Amazon's; the reset ones need a server, and pass behind an ASGI transport.
    THROTTLED = "429"
    THROTTLED_SILENT = "429-silent"
    THROTTLED_ABSURD = "429-absurd"
    ERROR_500 = "500"
    ERROR_502 = "502"
    ERROR_503 = "503"
    ERROR_504 = "504"
    HTML = "html"
    RESET_BEFORE = "reset-before"
    RESET_DURING = "reset-during"
    RESET_AFTER = "reset-after"
    SLOW = "slow"
    TOKEN_EXPIRED = "token-expired"  # noqa: S105 - the name of a fault
    # Creating a report: the first one names no report, the others make one and hide it.
    TOO_EARLY = "425"
    THROTTLED_CREATED = "429-created"
    ERROR_CREATED = "500-created"
    RESET_CREATED = "reset-created"
    # Looking at a report, and downloading it.
    UNAUTHORIZED_POLL = "401-poll"
    EXPIRED_URL = "expired-url"
    TRUNCATED_GZIP = "truncated-gzip"
    BROKEN_JSON = "broken-json"
    # A page of a list begins with the object that ended the page before.
    LISTED_TWICE = "listed-twice"
    # What becomes of a report.
    FAILED_ONCE = "failed-once"
    FAILED_ALWAYS = "failed-always"
    PENDING = "pending"
    EMPTY_REPORT = "empty-report"
    COLUMN_MISSING = "column-missing"
    METRIC_MISSING = "metric-missing"
    NEW_COLUMN = "new-column"
    # Rows that are added to a day of a report, and that nobody can load.
    NULL_ID = "null-id"
    TEXT_IN_NUMBER = "text-in-number"
    MISSING_DATE = "missing-date"
    DATE_OUTSIDE = "date-outside"
    DUPLICATE_ROW = "duplicate-row"
    # For as long as the rule stands.
    THROTTLED_FOR_LONG = "429-for-long"
    REFUSED_COLUMN = "refused-column"
    REFUSED_PROFILE = "refused-profile"
    REVOKED_TOKEN = "revoked-token"  # noqa: S105 - the name of a fault


_EVERY = frozenset({"token", "profiles", "list", "create", "poll", "download"})
_API = _EVERY - {"token", "download"}
CALLS: dict[Fault, frozenset[str]] = {
    **dict.fromkeys((Fault.THROTTLED, Fault.THROTTLED_SILENT, Fault.THROTTLED_ABSURD, Fault.TOKEN_EXPIRED), _API),
    Fault.THROTTLED_FOR_LONG: _API,
    **dict.fromkeys((Fault.ERROR_500, Fault.ERROR_502, Fault.ERROR_503, Fault.ERROR_504, Fault.HTML), _EVERY),
    **dict.fromkeys((Fault.RESET_BEFORE, Fault.RESET_DURING, Fault.RESET_AFTER, Fault.SLOW), _EVERY),
    Fault.TOO_EARLY: frozenset({"create"}),
    Fault.THROTTLED_CREATED: frozenset({"create"}),
    Fault.ERROR_CREATED: frozenset({"create"}),
    Fault.RESET_CREATED: frozenset({"create"}),
    Fault.UNAUTHORIZED_POLL: frozenset({"poll"}),
    Fault.EXPIRED_URL: frozenset({"download"}),
    Fault.TRUNCATED_GZIP: frozenset({"download"}),
    Fault.BROKEN_JSON: frozenset({"download"}),
}
"""The calls that a fault of a call may hit."""

CREATING = (Fault.THROTTLED_CREATED, Fault.ERROR_CREATED, Fault.RESET_CREATED)
ONCE = frozenset({Fault.FAILED_ONCE, Fault.PENDING, Fault.EMPTY_REPORT, Fault.METRIC_MISSING})
"""Faults of a report that one asked for again does not have."""
SHAPES = frozenset({Fault.EMPTY_REPORT, Fault.COLUMN_MISSING, Fault.METRIC_MISSING, Fault.NEW_COLUMN})
REPORTS = ONCE | SHAPES | {Fault.FAILED_ALWAYS}
ROWS = (Fault.NULL_ID, Fault.TEXT_IN_NUMBER, Fault.MISSING_DATE, Fault.DATE_OUTSIDE, Fault.DUPLICATE_ROW)
_STEADY = "429 429-silent 500 502 503 504 html reset-before reset-during reset-after slow"
_RARER = "429-absurd token-expired 425 429-created 500-created reset-created 401-poll expired-url truncated-gzip"
PROFILES: dict[str, dict[str, float]] = {
    _NEVER: {},
    "mild": dict.fromkeys(_STEADY.split(), 0.003) | {"failed-once": 0.01, "listed-twice": 0.05},
    "hostile": dict.fromkeys(_STEADY.split(), 0.022)
    | dict.fromkeys(_RARER.split(), 0.02)
    | {"broken-json": 0.02, "failed-once": 0.08, "listed-twice": 0.3},
    "rows": {str(fault): 0.1 for fault in ROWS},
}
"""Name -> fault -> rate. ``rows`` spoils rows alone; ``hostile,rows`` is as bad as it gets and still can be loaded."""


class UnknownFaultError(ValueError):
    """A text names no fault and no profile, or a rate that is none."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A fault and whom it hits.

    Attributes:
        fault: Which.
        rate: The share of what it may hit.
        match: A regular expression that what is hit must hold; for a call something like
            ``create 123456789 spTargeting targeting 2026-10-22 2026-11-21``, for a column
            ``123456789 sbTargeting:newToBrandSales``; the ad product (``SPONSORED_BRANDS``) may be looked for after it.
    """

    fault: Fault
    rate: float = 1.0
    match: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is hit by what.

    Attributes:
        seed: Another seed hits others.
        rules: What may happen.
    """

    seed: int
    rules: tuple[Rule, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules)

    def has(self, faults: Iterable[Fault]) -> bool:
        """Say whether any of some faults may happen."""
        wanted = frozenset(faults)
        return any(rule.fault in wanted for rule in self.rules)

    def on_call(self, kind: str, identity: str, attempt: int) -> Fault | None:
        """Say what goes wrong with a call.

        Args:
            kind: token, profiles, list, create, poll or download.
            identity: What tells it from other calls; the same when it is repeated.
            attempt: How often it was made before.
        """
        rules = [rule for rule in self.rules if kind in CALLS.get(rule.fault, ())]
        if standing := self._drawn([rule for rule in rules if rule.fault is Fault.THROTTLED_FOR_LONG], identity, 0):
            return standing
        if attempt % (IN_A_ROW + 1) == IN_A_ROW:
            return None
        return self._drawn([rule for rule in rules if rule.fault is not Fault.THROTTLED_FOR_LONG], identity, attempt)

    def on_report(self, identity: str, before: int) -> Fault | None:
        """Say what goes wrong with a report.

        Args:
            identity: The same for reports asked for alike.
            before: How many of those there are.
        """
        rules = [rule for rule in self.rules if rule.fault in REPORTS]
        drawn = self._drawn(rules, f"report {identity}", 0)
        return None if drawn in ONCE and before else drawn

    def hits(self, fault: Fault, identity: str) -> bool:
        """Say whether a fault that is drawn by itself hits, whatever else does."""
        return any(self._drawn([rule], identity, 0) for rule in self.rules if rule.fault is fault)

    def _drawn(self, rules: list[Rule], identity: str, attempt: int) -> Fault | None:
        texts = (identity, _with_ad_product(identity))
        matching = [rule for rule in rules if any(re.search(rule.match, text) for text in texts)]
        if not matching:
            return None
        scope = "" if len(matching) > 1 else matching[0].fault
        drawn = stable_int("fault", self.seed, scope, identity, attempt) / 2**64
        drawn *= max(1.0, sum(rule.rate for rule in matching))
        for rule in matching:
            if drawn < rule.rate:
                return rule.fault
            drawn -= rule.rate
        return None


def _with_ad_product(identity: str) -> str:
    """Return what tells a call or report, and the ad product it is about, so that a rule may name that."""
    found = _AD_PRODUCT.search(identity)
    return f"{identity} {_AD_PRODUCTS[found[1]]}" if found else identity


def rules_of(text: str) -> tuple[Rule, ...]:
    """Read rules: ``hostile``, ``429,503``, ``null-id:0.2,failed-always@spTargeting``.

    Args:
        text: Names of faults or profiles with commas between; after a fault ``:rate`` and ``@match`` may follow.

    Raises:
        UnknownFaultError: Something is not known.
    """
    rules: list[Rule] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        if item in PROFILES:
            rules += [Rule(Fault(name), rate) for name, rate in PROFILES[item].items()]
        else:
            rules.append(_rule(item))
    return tuple(rules)


def _rule(item: str) -> Rule:
    named, _, match = item.partition("@")
    name, _, rate = named.partition(":")
    try:
        rule = Rule(Fault(name), float(rate or 1.0), match)
        re.compile(match)
    except (ValueError, re.error):
        known = ", ".join((*PROFILES, *Fault))
        raise UnknownFaultError(f"{item!r} is no fault; there are {known}") from None
    if not 0.0 < rule.rate <= 1.0:
        raise UnknownFaultError(f"{item!r}: a rate is more than 0 and at most 1")
    return rule
