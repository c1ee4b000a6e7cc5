"""Finding the profiles of every account, and keeping roster and warehouse up to date with them.

Here: which profiles are worked for, and why not. Not here: the entities of a profile (``listings``).
"""

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.entities import CAMPAIGNS
from ppc_pipeline.amazon_ads.errors import AdsError, Category
from ppc_pipeline.amazon_ads.models import Profile
from ppc_pipeline.profile_filter import Miss
from ppc_pipeline.reports.roster import GONE, ProfileFacts, Roster
from ppc_pipeline.settings import Account
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import EntityOutcome, Pages, Scope, load_entities, replace_accounts
from ppc_pipeline.warehouse.scratch import scratch_directory
from ppc_pipeline.warehouse.tables import PROFILES

PATIENCE = 900.0
"""Seconds that one list may spend in cool-downs: a sync comes once a day, and what it lacks is lacking for a day."""

AGENCY_TYPE = "agency"
"""What DSP and data providers are: as a rule they have no sponsored ads, and Amazon refuses such calls."""

IDLE_AGENCY = "an agency profile without campaigns in sponsored ads: there is nothing to fetch"
UNKNOWN_AGENCY = "an agency profile, and Amazon has not said yet whether it has campaigns in sponsored ads"

NO_PROFILES = (
    "Amazon lists no profile at all for this account -> check that its region is right, and that the user who "
    "authorised the application has access to an advertiser (Amazon Ads console, Access and settings); rights to view "
    "are enough"
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that could not be had, from whom, and why.

    Attributes:
        what: ``profiles``, or the entity.
        minor: Whether nothing depends on it, so that it is a warning.
    """

    account: str
    profile_id: int | None
    what: str
    reason: str
    minor: bool = False


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


@dataclass(frozen=True, slots=True)
class _Answer:
    """What became of asking an account for its profiles.

    Attributes:
        profiles: Those that could be read; None where the account could not be asked.
        troubles: What could not be had.
        locked_out: Whether Amazon does not let the account in, so that somebody has to mend it.
    """

    profiles: Sequence[Profile] | None
    troubles: Sequence[Trouble] = ()
    locked_out: bool = False


async def find_profiles(
    clients: Mapping[str, AmazonAdsClient],
    accounts: Sequence[Account],
    roster: Roster,
    *,
    configured: Sequence[Account],
    patience: float = 0.0,
) -> Found:
    """List the profiles of some accounts, and write them into the roster.

    An account that cannot be asked keeps the profiles it had, and so does one of whose profiles some cannot be read. A
    profile that several accounts reach stays with the one that has it, for as long as that one is configured, wants it,
    can log in and does not answer without it; otherwise it goes to the first that lists it and wants it.

    Args:
        clients: A client for each account that is asked.
        accounts: The accounts to ask.
        roster: Who has which profile.
        configured: Every account there is, asked or not.
        patience: Seconds that an account may spend in cool-downs, the others waiting for it.
    """
    asked = await asyncio.gather(*(_ask(clients[account.name], account, roster, patience) for account in accounts))
    answers = {account.name: answer for account, answer in zip(accounts, asked, strict=True)}
    listed = {
        account.name: [facts_of(account, profile) for profile in profiles]
        for account in accounts
        if (profiles := answers[account.name].profiles) is not None
    }
    whole = frozenset(name for name in listed if not answers[name].troubles)
    known = [profile.facts for profile in roster.profiles([account.name for account in configured])]
    locked_out = {name for name, answer in answers.items() if answer.locked_out}
    owners = _owners(known, listed, whole, {account.name: account for account in configured}, locked_out)
    found = {
        name: [profile for profile in answers[name].profiles or () if owners[profile.profile_id] == name]
        for name in listed
    }
    own = {name: [facts for facts in seen if owners[facts.profile_id] == name] for name, seen in listed.items()}
    looked = await asyncio.gather(*(look_at_agencies(clients[name], own[name], known, patience) for name in own))
    facts = dict(zip(own, looked, strict=True))
    troubles = [trouble for answer in answers.values() for trouble in answer.troubles]
    for account in accounts:
        name = account.name
        if name not in listed:
            continue
        misses = lacking(account, listed[name]) if name in whole else []
        lacks = [Trouble(name, miss.profile_id, "profiles", f"account {name!r}: {miss.reason}") for miss in misses]
        _note_standing(roster, name, lacks)
        troubles += lacks
        roster.save(name, facts[name], whole=name in whole)
    return Found(found, facts, troubles, whole)


def _note_standing(roster: Roster, account: str, lacks: Iterable[Trouble]) -> None:
    """Write down that an account works, or that there is nothing to work for, which is to be seen everywhere."""
    hopeless = [trouble.reason for trouble in lacks if trouble.profile_id is None]
    if hopeless:
        roster.account_failed(account, hopeless[0])
    else:
        roster.account_ok(account)


def _owners(
    known: Iterable[ProfileFacts],
    listed: Mapping[str, Sequence[ProfileFacts]],
    whole: Collection[str],
    configured: Mapping[str, Account],
    locked_out: Collection[str],
) -> dict[int, str]:
    """Say which account has which profile.

    That is the one that had it and has not lost it. But one that does not want it, or cannot log in, gives way to the
    first that lists it and wants it.
    """
    listing = {name: {facts.profile_id for facts in profiles} for name, profiles in listed.items()}
    had = {
        facts.profile_id: facts
        for facts in known
        if facts.skip_reason != GONE and not (facts.account in whole and facts.profile_id not in listing[facts.account])
    }
    owners = {profile_id: facts.account for profile_id, facts in had.items()}
    yielding = {
        profile_id
        for profile_id, facts in had.items()
        if facts.account in locked_out or configured[facts.account].wanted.leaves_out(facts)
    }
    reached = [(name, facts) for name, profiles in listed.items() for facts in profiles]
    for name, facts in reached:
        if facts.profile_id in owners and facts.profile_id not in yielding:
            continue
        if configured[name].wanted.leaves_out(facts) is None:
            owners[facts.profile_id] = name
            yielding.discard(facts.profile_id)
    for name, facts in reached:
        owners.setdefault(facts.profile_id, name)
    return owners


async def _ask(client: AmazonAdsClient, account: Account, roster: Roster, patience: float) -> _Answer:
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
        return _Answer(None, troubles, locked_out=error.category is Category.MISCONFIGURED)
    roster.logged_in(account.name, account.credentials.token_mark)
    return _Answer(profiles, troubles)


def facts_of(account: Account, profile: Profile) -> ProfileFacts:
    """Return what the roster is to know of a profile that an account reaches, and which filter leaves it out."""
    info = profile.account_info
    facts = ProfileFacts(
        profile_id=profile.profile_id,
        account=account.name,
        name=info.name,
        account_type=info.type,
        country_code=profile.country_code,
        currency_code=profile.currency_code,
        timezone=profile.timezone,
    )
    return _skipped(facts, account.wanted.leaves_out(facts))


def is_outdated(account: Account, known: ProfileFacts) -> bool:
    """Say whether what the roster knows of a profile was judged by other filters than its account has now."""
    return known.skip_reason != GONE and account.wanted.judged_otherwise(known, known.skip_reason)


def _skipped(facts: ProfileFacts, reason: str | None) -> ProfileFacts:
    return replace(facts, active=reason is None, skip_reason=reason)


async def look_at_agencies(
    client: AmazonAdsClient, found: Iterable[ProfileFacts], known: Iterable[ProfileFacts] = (), patience: float = 0.0
) -> list[ProfileFacts]:
    """Leave out the agencies that have no campaigns in sponsored ads; what cannot be seen now stays as it was."""
    before = {f.profile_id: f.skip_reason for f in known if f.skip_reason in (None, IDLE_AGENCY)}

    async def look(facts: ProfileFacts) -> ProfileFacts:
        if facts.account_type != AGENCY_TYPE or not facts.active:
            return facts
        advertises = await has_campaigns(client, facts.profile_id, patience)
        if advertises is None:
            return _skipped(facts, before.get(facts.profile_id, UNKNOWN_AGENCY))
        return _skipped(facts, None if advertises else IDLE_AGENCY)

    return list(await asyncio.gather(*map(look, found)))


async def has_campaigns(client: AmazonAdsClient, profile_id: int, patience: float = 0.0) -> bool | None:
    """Say whether a profile has campaigns of any ad product: one page of each list of theirs, until one is there.

    Returns:
        None where that cannot be told now. That Amazon refuses the profile, or does not offer it the ad product, is an
        answer: it has none. Any other error is not, such as a list that is no longer served as it was.
    """
    answered = True
    for listing in CAMPAIGNS.listings:
        try:
            async for page in client.list_pages(profile_id, listing, patience=patience):
                if page.count:
                    return True
                break
        except AdsError as error:
            if error.category in (Category.RETRYABLE, Category.MISCONFIGURED):
                return None
            answered = answered and error.category in (Category.REFUSED, Category.NOT_OFFERED)
    return False if answered else None


def lacking(account: Account, listed: Sequence[ProfileFacts]) -> list[Miss]:
    """Name what an account lacks that was listed whole: what its filters ask for, or any profile at all."""
    misses = account.wanted.misses(listed)
    return misses if listed else [*misses, Miss(None, NO_PROFILES)]


def store_profiles(
    warehouse: Warehouse,
    accounts: Sequence[Account],
    found: Found,
    *,
    configured: Sequence[str],
    known: Sequence[int],
    now: datetime,
    staging: Path,
) -> list[EntityOutcome]:
    """Write the profiles that were found, and how each account fared, into the warehouse.

    Args:
        warehouse: Where to.
        accounts: The accounts that were asked.
        found: What they answered.
        configured: The names of every account there is.
        known: Profiles seen before, of accounts that were read whole: those no longer listed are marked.
        now: The moment from which new versions are valid.
        staging: Where what is to be loaded is kept meanwhile.
    """
    with scratch_directory(staging) as directory, warehouse.connect() as connection:
        pages = [_page(directory / f"{number}.json", account, found) for number, account in enumerate(found.profiles)]
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
        raw="$.served",
    )


def _row(profile: Profile, facts: ProfileFacts) -> dict[str, object]:
    info = profile.account_info
    return {
        "profile_id": profile.profile_id,
        "currency_code": profile.currency_code,
        "name": info.name,
        "account_type": info.type,
        "account_sub_type": info.sub_type,
        "account_id": info.id,
        "country_code": profile.country_code,
        "timezone": profile.timezone,
        "marketplace_id": info.marketplace_string_id,
        "daily_budget": None if profile.daily_budget is None else str(profile.daily_budget),
        "valid_payment_method": info.valid_payment_method,
        "active": facts.active,
        "skip_reason": facts.skip_reason,
        "served": json.loads(profile.served),
    }
