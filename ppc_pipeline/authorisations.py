"""When the accounts' authorisations end, how that stands today, and what to do before the data stops.

Here: from what is known of an account's refresh token to its last day. Not here: who looks (``ppc doctor``, a check on
the asset ``profiles``), or what Amazon says once it is too late (``amazon_ads.responses``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ppc_pipeline.reports.roster import AccountStanding
from ppc_pipeline.settings import Account

LIFE = timedelta(days=365)
"""How long an authorisation holds from the advertiser's consent; using its token does not extend it.

Source: Amazon's release notes on refresh tokens.
"""

LIMITED_SINCE = date(2026, 6, 30)
"""Consents given before this day do not end by themselves. Sources disagree by a month: this is the earlier day."""

WARNING = timedelta(days=30)
"""How long before its end an authorisation is warned about: advertisers take their time."""

REMEDY = (
    "have the advertiser authorise the application again (README, With a real account, steps 2 and 3), put the new "
    "refresh token in the place of the old one, and the day in `authorised_on` of the accounts file (or "
    "AMAZON_ADS_AUTHORISED_ON)"
)


class Standing(StrEnum):
    """How an authorisation stands."""

    GOOD = "good"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """An account's authorisation.

    Attributes:
        account: Whose.
        since: The day of the consent, where it is written down; else the first day on which its token was used here.
        stated: Whether it is written down: otherwise the consent may be older, and the end nearer.
        ends_on: Its last day, at the latest; None where it does not end by itself, or nothing is known yet.
        works: Whether the account logged in after that day.
    """

    account: str
    since: date | None
    stated: bool
    ends_on: date | None
    works: bool = False

    def standing(self, today: date) -> Standing:
        """Say how it stands; one that still works a year after its first use was given before consents ended."""
        if self.ends_on is None or (self.works and not self.stated):
            return Standing.GOOD
        if today > self.ends_on:
            return Standing.ENDED
        return Standing.ENDING if today >= self.ends_on - WARNING else Standing.GOOD

    def describe(self, today: date) -> str:
        """Say in a sentence when it ends, and how that is known."""
        if self.since is None:
            return "when its authorisation ends is known after the first login"
        if self.ends_on is None or (self.works and not self.stated):
            return f"its authorisation, of before {LIMITED_SINCE}, does not end by itself"
        days = (self.ends_on - today).days
        when = f"in {days} days" if days > 0 else "today" if days == 0 else f"{-days} days ago"
        verb = "ends" if days >= 0 else "ended"
        if not self.stated:
            return f"its refresh token, in use here since {self.since}, {verb} by {self.ends_on} at the latest, {when}"
        doubt = "; it still logs in: was it authorised again, and `authorised_on` forgotten?" if self.works else ""
        return f"authorised on {self.since}, its refresh token {verb} on {self.ends_on}, {when}{doubt}"


def authorisations(accounts: Iterable[Account], standings: Mapping[str, AccountStanding]) -> list[Authorisation]:
    """Return the authorisations of all accounts but the sandbox's, which has none.

    Args:
        accounts: The accounts that are configured.
        standings: What the roster remembers of them.
    """
    return [_of(account, standings.get(account.name)) for account in accounts if not account.sandbox]


def _of(account: Account, standing: AccountStanding | None) -> Authorisation:
    known = standing is not None and standing.token_mark == account.credentials.token_mark
    first_used = standing.token_since.date() if standing and known and standing.token_since else None
    since = account.authorised_on or first_used
    if since is None or since < LIMITED_SINCE:
        return Authorisation(account.name, since, account.authorised_on is not None, None)
    ends_on = since + LIFE
    ok_on = standing.ok_at.date() if standing and standing.ok_at and not standing.error else date.min
    return Authorisation(account.name, since, account.authorised_on is not None, ends_on, works=ok_on > ends_on)
