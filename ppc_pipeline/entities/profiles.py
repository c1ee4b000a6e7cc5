"""Finding the profiles of every account, and keeping roster and warehouse up to date with them.

Here: which profiles are worked for, and why not. Not here: the entities of a profile (``listings``).
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.errors import AdsError, Category
from ppc_pipeline.amazon_ads.models import Profile
from ppc_pipeline.reports.roster import GONE, ProfileFacts, Roster
from ppc_pipeline.reports.roster import Profile as Known
from ppc_pipeline.settings import Account
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import EntityOutcome, Pages, Scope, load_entities, replace_accounts
from ppc_pipeline.warehouse.tables import PROFILES

PATIENCE = 900.0
"""Seconds that one list may spend in cool-downs: a sync comes once a day, and what it lacks is lacking for a day."""

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


async def find_profiles(
    clients: Mapping[str, AmazonAdsClient],
    accounts: Sequence[Account],
    roster: Roster,
    *,
    configured: Collection[str],
    patience: float = 0.0,
) -> Found:
    """List the profiles of some accounts, and write them into the roster.

    An account that cannot be asked keeps the profiles it had, and so does one of whose profiles some cannot be read. A
    profile that several accounts reach stays with the one that has it, for as long as that one is configured and does
    not answer without it; nobody's, it goes to the first that lists it.

    Args:
        clients: A client for each account that is asked.
        accounts: The accounts to ask.
        roster: Who has which profile.
        configured: The names of every account there is, asked or not.
        patience: Seconds that an account may spend in cool-downs, the others waiting for it.
    """
    asked = await asyncio.gather(*(_ask(clients[account.name], account, roster, patience) for account in accounts))
    answers = {account.name: answer for account, answer in zip(accounts, asked, strict=True)}
    listed = {name: profiles for name, (profiles, _) in answers.items() if profiles is not None}
    whole = frozenset(name for name in listed if not answers[name][1])
    owners = _owners(roster.profiles(configured), listed, whole)
    found: dict[str, Sequence[Profile]] = {}
    facts: dict[str, Sequence[ProfileFacts]] = {}
    troubles: list[Trouble] = []
    for account in accounts:
        name = account.name
        troubles += answers[name][1]
        if name not in listed:
            continue
        found[name] = [profile for profile in listed[name] if owners[profile.profile_id] == name]
        facts[name] = [facts_of(account, profile) for profile in found[name]]
        if name in whole:
            troubles += _unreached(account, listed[name])
        roster.save(name, facts[name], whole=name in whole)
    return Found(found, facts, troubles, whole)


def _owners(known: Sequence[Known], listed: Mapping[str, Sequence[Profile]], whole: Collection[str]) -> dict[int, str]:
    """Say which account has which profile: the one that had it and has not lost it, else the first that lists it."""
    listing = {name: {profile.profile_id for profile in profiles} for name, profiles in listed.items()}
    owners = {
        facts.profile_id: facts.account
        for facts in (profile.facts for profile in known)
        if facts.skip_reason != GONE and not (facts.account in whole and facts.profile_id not in listing[facts.account])
    }
    for name, ids in listing.items():
        for profile_id in ids:
            owners.setdefault(profile_id, name)
    return owners


async def _ask(
    client: AmazonAdsClient, account: Account, roster: Roster, patience: float
) -> tuple[list[Profile] | None, Sequence[Trouble]]:
    """Return the profiles that could be read, if Amazon answered, and what could not be had."""
    troubles: list[Trouble] = []

    def note(error: AdsError) -> None:
        troubles.append(Trouble(account.name, None, "profiles", str(error)))

    try:
        profiles = await client.list_profiles(on_malformed=note, patience=patience)
    except AdsError as error:
        # What may pass by itself says little of an account that has worked: its reports and lists will tell.
        if error.category is not Category.RETRYABLE or not roster.profiles([account.name]):
            roster.account_failed(account.name, str(error))
        note(error)
        return None, troubles
    roster.account_ok(account.name)
    return profiles, troubles


def facts_of(account: Account, profile: Profile) -> ProfileFacts:
    """Return what the roster is to know of a profile that an account reaches, and why it is not worked for, if so."""
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
        outcomes = load_entities(connection, PROFILES, pages, map(Scope, everyone | set(known)), now)
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
    # Half an emoji (a lone surrogate) is a text for Python and none for DuckDB: it becomes a question mark.
    text = json.dumps({"profiles": rows}, ensure_ascii=False).encode("utf-8", errors="replace")
    path.write_bytes(text)
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
