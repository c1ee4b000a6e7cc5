"""Finding the profiles of every account, and keeping roster and warehouse up to date with them.

Here: which profiles are worked for, and why not. Not here: the entities of a profile (``listings``).
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import AdsError
from ppc_pipeline.amazon_ads.models import Profile
from ppc_pipeline.reports.roster import ProfileFacts, Roster
from ppc_pipeline.settings import Account
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import EntityOutcome, Pages, load_entities, replace_accounts
from ppc_pipeline.warehouse.tables import PROFILES

AGENCY = "an agency profile has no sponsored ads"
NOT_WANTED = "left out by the account's list of profiles"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be had, from whom, and why.

    Attributes:
        what: ``profiles``, or the entity.
    """

    account: str
    profile_id: int | None
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The profiles of every account that answered, and the accounts that did not.

    Attributes:
        profiles: Account -> what Amazon lists.
        facts: The same, as the roster knows them.
        troubles: What could not be had.
        whole: Accounts whose every profile could be read: only theirs can be found to be gone.
    """

    profiles: Mapping[str, Sequence[Profile]]
    facts: Mapping[str, Sequence[ProfileFacts]]
    troubles: Sequence[Trouble]
    whole: frozenset[str]


async def find_profiles(clients: Mapping[str, AmazonAdsClient], accounts: Sequence[Account], roster: Roster) -> Found:
    """List the profiles of every account, and write them into the roster.

    An account that cannot be asked keeps the profiles it had, and so does one of whose profiles some cannot be read. A
    profile that two accounts reach belongs to the first.
    """
    answers = await asyncio.gather(*(_ask(clients[account.name], account, roster) for account in accounts))
    found: dict[str, Sequence[Profile]] = {}
    facts: dict[str, Sequence[ProfileFacts]] = {}
    troubles: list[Trouble] = []
    whole: set[str] = set()
    taken: set[int] = set()
    for account, (listed, failures) in zip(accounts, answers, strict=True):
        troubles += failures
        if listed is None:
            continue
        own = [profile for profile in listed if profile.profile_id not in taken]
        taken.update(profile.profile_id for profile in own)
        found[account.name] = own
        facts[account.name] = [_facts(account, profile) for profile in own]
        if not failures:
            whole.add(account.name)
            troubles += _unreached(account, listed)
        roster.save(account.name, facts[account.name], whole=not failures)
    return Found(found, facts, troubles, frozenset(whole))


async def _ask(
    client: AmazonAdsClient, account: Account, roster: Roster
) -> tuple[list[Profile] | None, Sequence[Trouble]]:
    """Return the profiles that could be read, if Amazon answered, and what could not be had."""
    troubles: list[Trouble] = []

    def note(error: AdsError) -> None:
        troubles.append(Trouble(account.name, None, "profiles", str(error)))

    try:
        profiles = await client.list_profiles(on_malformed=note)
    except AdsError as error:
        roster.account_failed(account.name, str(error))
        note(error)
        return None, troubles
    roster.account_ok(account.name)
    return profiles, troubles


def _facts(account: Account, profile: Profile) -> ProfileFacts:
    info = profile.account_info
    skip = None
    if info.type == "agency":
        skip = AGENCY
    elif account.profiles is not None and profile.profile_id not in account.profiles:
        skip = NOT_WANTED
    return ProfileFacts(
        profile_id=profile.profile_id,
        account=account.name,
        name=info.name,
        account_type=info.type,
        country_code=profile.country_code,
        currency_code=profile.currency_code,
        timezone=profile.timezone,
        active=skip is None,
        skip_reason=skip,
    )


def _unreached(account: Account, listed: Sequence[Profile]) -> list[Trouble]:
    """Name the profiles that the accounts file wants and Amazon does not list."""
    missing = (account.profiles or frozenset()) - {profile.profile_id for profile in listed}
    reason = (
        "the accounts file wants this profile, and Amazon does not list it: correct the id, or ask for access to it"
    )
    return [Trouble(account.name, profile_id, "profiles", reason) for profile_id in sorted(missing)]


def store_profiles(
    warehouse: Warehouse,
    accounts: Sequence[Account],
    found: Found,
    *,
    configured: Sequence[str],
    known: Sequence[int],
    now: datetime,
) -> list[EntityOutcome]:
    """Write the profiles that were found, and how each account fared, into the warehouse.

    Args:
        warehouse: Where to.
        accounts: The accounts that were asked.
        found: What they answered.
        configured: The names of every account there is.
        known: Profiles seen before, of accounts that were read whole: those no longer listed are marked.
        now: The moment from which new versions are valid.
    """
    with TemporaryDirectory() as directory, warehouse.connect() as connection:
        pages = [
            _page(Path(directory) / f"{number}.json", account, found) for number, account in enumerate(found.profiles)
        ]
        everyone = {facts.profile_id for some in found.facts.values() for facts in some}
        outcomes = load_entities(connection, PROFILES, pages, everyone | set(known), now)
        errors = {trouble.account: trouble.reason for trouble in found.troubles if trouble.profile_id is None}
        rows = [
            (
                account.name,
                account.credentials.region.value,
                account.sandbox,
                len(found.profiles[account.name]) if account.name in found.profiles else None,
                errors.get(account.name),
                now,
            )
            for account in accounts
        ]
        replace_accounts(connection, rows, configured)
    return outcomes


def _page(path: Path, account: str, found: Found) -> Pages:
    rows = [_row(profile, facts) for profile, facts in zip(found.profiles[account], found.facts[account], strict=True)]
    path.write_text(json.dumps({"profiles": rows}), encoding="utf-8")
    columns = [column.name for column in PROFILES.columns]
    return Pages(
        path=path,
        account=account,
        profile_id=0,
        currency_code=None,
        ad_product=None,
        items_key="profiles",
        fields={name: f"$.{name}" for name in (*columns, "currency_code")},
    )


def _row(profile: Profile, facts: ProfileFacts) -> dict[str, object]:
    info = profile.account_info
    return {
        "profile_id": profile.profile_id,
        "currency_code": profile.currency_code,
        "name": info.name,
        "account_type": info.type,
        "account_id": info.id,
        "country_code": profile.country_code,
        "timezone": profile.timezone,
        "marketplace_id": info.marketplace_string_id,
        "daily_budget": None if profile.daily_budget is None else str(profile.daily_budget),
        "valid_payment_method": info.valid_payment_method,
        "active": facts.active,
        "skip_reason": facts.skip_reason,
    }
