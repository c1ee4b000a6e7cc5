"""Who the clients are: profiles as last seen, which of them Amazon refuses, what they lack, which accounts fail.

Kept in the ledger's database, so that ordering, polling and ``ppc status`` need neither Amazon nor the warehouse.
Not here: fetching profiles (``entities``) or what is wrong with a single report (``ledger``).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, select, update

from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.reports import activity
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.schema import accounts, insert_into, is_new, lacks, profiles
from ppc_pipeline.reports.windows import ProfileClock

BLOCK_RETRY = timedelta(hours=20)
"""How long a refused profile is left alone before Amazon is asked again.

Less than a day: it is refused some minutes into a daily run, and a whole day later the next run is already past it.
"""

LACK_RETRY = timedelta(days=7)
"""How long what a profile does not have is not asked for."""

GONE = "Amazon no longer lists it for this account"
"""Why a profile is not worked for that its account has lost."""


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """What the pipeline needs to know of a profile.

    Attributes:
        account: The account it is reached through.
        account_type: ``seller``, ``vendor`` or ``agency``.
        active: Whether it is worked for.
        skip_reason: Why not, if not.
    """

    profile_id: int
    account: str
    name: str
    account_type: str
    country_code: str
    currency_code: str
    timezone: str
    active: bool = True
    skip_reason: str | None = None

    @property
    def clock(self) -> ProfileClock:
        """Whose day it is."""
        return ProfileClock(self.account, self.profile_id, self.timezone)


@dataclass(frozen=True, slots=True)
class Lack:
    """That a profile does not have an ad product.

    Attributes:
        since: When Amazon first said so.
        seen: When it said so last.
        reason: In which words.
    """

    since: datetime
    seen: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as the roster knows it: facts and standing.

    Attributes:
        lacking: What it does not have: ad products, and report types (Amazon's ids) that Amazon refuses by themselves.
    """

    facts: ProfileFacts
    seen_at: datetime
    blocked_since: datetime | None
    blocked_reason: str | None
    retry_at: datetime | None
    lacking: Mapping[str, Lack] = field(default_factory=dict)

    @property
    def blocked(self) -> bool:
        """Whether Amazon refuses it."""
        return self.blocked_since is not None

    def left_alone(self, now: datetime) -> bool:
        """Say whether it is not to be asked for at this moment."""
        return self.retry_at is not None and now < self.retry_at

    def without(self, ad_product: str, now: datetime) -> bool:
        """Say whether an ad product (or report type) is not to be asked for by schedules: it is not there."""
        lack = self.lacking.get(ad_product)
        return lack is not None and now < lack.seen + LACK_RETRY

    def lack_of(self, report_type: ReportType) -> Lack | None:
        """Return that it does not have a report type, or its ad product, if so."""
        return self.lacking.get(report_type.ad_product) or self.lacking.get(report_type.report_type_id)

    def left_without(self, report_type: ReportType, now: datetime) -> bool:
        """Say whether schedules are not to ask for a report type at this moment: it, or its product, is not there."""
        return self.without(report_type.ad_product, now) or self.without(report_type.report_type_id, now)


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """How an account fared when it was last used.

    Attributes:
        token_mark: Tells its refresh token from another one, and nothing else.
        token_since: When it first logged in with that token, as far as this ledger knows.
    """

    account: str
    ok_at: datetime | None
    error: str | None
    error_since: datetime | None
    token_mark: str | None = None
    token_since: datetime | None = None


_NOT_BLOCKED = {"blocked_since": None, "blocked_reason": None, "retry_at": None}

_FACTS = [profiles.c[name] for name in ProfileFacts.__dataclass_fields__]
_STANDING = [profiles.c[name] for name in ("seen_at", "blocked_since", "blocked_reason", "retry_at")]


class Roster:
    """The profiles and accounts of a ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def save(self, account: str, found: Iterable[ProfileFacts], *, whole: bool = True) -> None:
        """Write down the profiles an account reaches now; if that is all of them, the others become inactive."""
        now = self._ledger.clock()
        rows = {facts.profile_id: facts for facts in found}
        with self._ledger.transaction() as connection:
            known = {
                profile_id: owner
                for profile_id, owner in connection.execute(select(profiles.c.profile_id, profiles.c.account))
            }
            # By id in every process: of two that write the same rows in another order, PostgreSQL breaks one off.
            for _, facts in sorted(rows.items()):
                values = {name: getattr(facts, name) for name in ProfileFacts.__dataclass_fields__}
                values["seen_at"] = now
                if known.get(facts.profile_id, account) != account:  # the refusal was of the account it was reached by
                    values |= _NOT_BLOCKED
                    connection.execute(delete(lacks).where(lacks.c.profile_id == facts.profile_id))
                statement = insert_into(connection, profiles).values(**values)
                connection.execute(statement.on_conflict_do_update(index_elements=["profile_id"], set_=values))
            gone = [p for p, owner in known.items() if owner == account and p not in rows]
            if gone and whole:
                lost = update(profiles).where(profiles.c.profile_id.in_(gone))
                connection.execute(lost.values(active=False, skip_reason=GONE))

    def profiles(self, accounts_wanted: Iterable[str]) -> list[Profile]:
        """Return every profile of some accounts, active or not, by account and id."""
        query = (
            select(*_FACTS, *_STANDING)
            .where(profiles.c.account.in_(tuple(accounts_wanted)))
            .order_by(profiles.c.account, profiles.c.profile_id)
        )
        with self._ledger.engine.connect() as connection:
            found = connection.execute(query).all()
            lacking = _lacking(connection)
        split = len(_FACTS)
        rows = [(ProfileFacts(*row[:split]), *row[split:]) for row in found]
        return [Profile(*(*row, lacking.get(row[0].profile_id, {}))) for row in rows]

    def active(self, accounts_wanted: Iterable[str]) -> list[Profile]:
        """Return the profiles that are worked for."""
        return [profile for profile in self.profiles(accounts_wanted) if profile.facts.active]

    def block(self, profile_id: int, reason: str, account: str | None = None) -> None:
        """Write down that Amazon refuses a profile; it is asked for again after ``BLOCK_RETRY``.

        What it was seen to lack is forgotten: it may have been refused for the same reason as all the rest.

        Args:
            profile_id: Which.
            reason: How Amazon refuses it, and what to do.
            account: Who was refused it; nothing is written down where another account has it by now.
        """
        now = self._ledger.clock()
        with self._ledger.transaction() as connection:
            same = _of(profile_id, account)
            since = connection.scalar(select(profiles.c.blocked_since).where(same))
            values = {"blocked_since": since or now, "blocked_reason": reason, "retry_at": now + BLOCK_RETRY}
            statement = update(profiles).where(same).values(**values).returning(profiles.c.account)
            for owner in connection.scalars(statement).all():
                self._note(connection, activity.BLOCKED, owner, "blocked", profile_id, reason)
                connection.execute(delete(lacks).where(lacks.c.profile_id == profile_id))

    def unblock(self, profile_id: int, account: str | None = None) -> None:
        """Write down that Amazon serves a profile; nothing where another account than the one named has it by now."""
        blocked = _of(profile_id, account) & profiles.c.blocked_since.is_not(None)
        with self._ledger.transaction() as connection:
            statement = update(profiles).where(blocked).returning(profiles.c.account)
            for owner in connection.scalars(statement.values(**_NOT_BLOCKED)).all():
                self._note(connection, activity.UNBLOCKED, owner, "served", profile_id)

    def lacks(self, profile_id: int, ad_product: str, reason: str) -> None:
        """Write down that a profile does not have an ad product; schedules ask again after ``LACK_RETRY``.

        Of a profile that Amazon refuses altogether nothing is written down: it may well have the product.

        Args:
            profile_id: Whose.
            ad_product: What: an ad product, or a report type (Amazon's id) that is refused by itself.
            reason: Amazon's words.
        """
        now = self._ledger.clock()
        key = {"profile_id": profile_id, "ad_product": ad_product}
        with self._ledger.transaction() as connection:
            query = select(profiles.c.account, profiles.c.blocked_since).where(profiles.c.profile_id == profile_id)
            profile = connection.execute(query.with_for_update()).first()
            if profile is None or profile.blocked_since is not None:
                return
            first = insert_into(connection, lacks).values(**key, since=now, seen=now, reason=reason)
            if is_new(connection, first):
                detail = f"{ad_product}: {reason}"
                self._note(connection, activity.NOT_OFFERED, profile.account, "not offered", profile_id, detail)
            else:
                connection.execute(update(lacks).filter_by(**key).values(seen=now, reason=reason))

    def has(self, profile_id: int, ad_product: str) -> None:
        """Write down that a profile has an ad product (or report type) after all."""
        with self._ledger.transaction() as connection:
            same = (lacks.c.profile_id == profile_id) & (lacks.c.ad_product == ad_product)
            if connection.execute(delete(lacks).where(same)).rowcount:
                whose = select(profiles.c.account).where(profiles.c.profile_id == profile_id)
                account = connection.scalar(whose) or ""
                self._note(connection, activity.OFFERED, account, "offered", profile_id, ad_product)

    def lacking(self) -> Mapping[int, Mapping[str, Lack]]:
        """Return what each profile does not have, for those that lack anything."""
        with self._ledger.engine.connect() as connection:
            return _lacking(connection)

    def account_ok(self, account: str) -> None:
        """Write down that an account works."""
        self._save_account(account, error=None)

    def account_failed(self, account: str, error: str) -> None:
        """Write down that an account does not work, and what to do about it."""
        self._save_account(account, error=error)

    def logged_in(self, account: str, token_mark: str) -> None:
        """Write down that an account logs in with a refresh token: the moment is kept until it has another one."""
        with self._ledger.transaction() as connection:
            first = insert_into(connection, accounts).values(account=account)
            connection.execute(first.on_conflict_do_nothing())
            other = (accounts.c.account == account) & accounts.c.token_mark.is_distinct_from(token_mark)
            values = {"token_mark": token_mark, "token_since": self._ledger.clock()}
            connection.execute(update(accounts).where(other).values(**values))

    def _save_account(self, account: str, error: str | None) -> None:
        now = self._ledger.clock()
        with self._ledger.transaction() as connection:
            first = insert_into(connection, accounts).values(account=account)
            connection.execute(first.on_conflict_do_nothing())
            same = accounts.c.account == account
            before = connection.execute(select(accounts).where(same).with_for_update()).mappings().one()
            since = (before["error_since"] or now) if error else None
            values = {"ok_at": before["ok_at"] if error else now, "error": error, "error_since": since}
            connection.execute(update(accounts).where(same).values(**values))
            if error and error != before["error"]:
                self._note(connection, activity.ACCOUNT_FAILED, account, "failed", detail=error)
            elif before["error"] and not error:
                self._note(connection, activity.ACCOUNT_OK, account, "ok")

    def _note(
        self,
        connection: Connection,
        action: str,
        account: str,
        outcome: str,
        profile_id: int | None = None,
        detail: str | None = None,
    ) -> None:
        entry = {"action": action, "account": account, "profile_id": profile_id, "outcome": outcome, "detail": detail}
        activity.note(connection, {"at": self._ledger.clock(), "actor": self._ledger.actor, **entry})

    def standings(self) -> dict[str, AccountStanding]:
        """Return how each account fared when it was last used."""
        with self._ledger.engine.connect() as connection:
            found = connection.execute(select(accounts)).mappings()
            return {row["account"]: AccountStanding(**row) for row in found}


def _lacking(connection: Connection) -> Mapping[int, dict[str, Lack]]:
    found: dict[int, dict[str, Lack]] = defaultdict(dict)
    for profile_id, ad_product, *lack in connection.execute(select(lacks)):
        found[profile_id][ad_product] = Lack(*lack)
    return dict(found)


def _of(profile_id: int, account: str | None) -> ColumnElement[bool]:
    """Return the condition for a profile, or for it as far as an account has it."""
    same = profiles.c.profile_id == profile_id
    return same if account is None else same & (profiles.c.account == account)
