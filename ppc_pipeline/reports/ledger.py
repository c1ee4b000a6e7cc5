"""The ledger: one row a report, in a small database of its own that many processes share.

Here: opening it, writing orders down, claims with a lease, recording what the state machine says (with an entry in the
audit trail, in the same transaction), and the questions others ask of it. Not here: the rules of a report's life
(``states``), what the audit trail calls things (``activity``) or talking to Amazon (``lifecycle``).
"""

import os
import socket
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from ppc_pipeline.reports import activity, schema
from ppc_pipeline.reports.database import for_writing, open_engine
from ppc_pipeline.reports.reorders import Decision, decide
from ppc_pipeline.reports.schema import accounts, reports
from ppc_pipeline.reports.states import (
    OUTSTANDING,
    STUCK_AFTER,
    AskedAgain,
    Event,
    Lost,
    Standing,
    State,
    Unloaded,
    advance,
)
from ppc_pipeline.reports.windows import ONE_DAY, Days, Window, utc_now

LEASE = timedelta(seconds=60)
"""How long a claim holds without being renewed: the longest a dead process's report waits for the next one."""

REFUSAL_STANDS = timedelta(days=7)
"""How long a hole that Amazon refused for good is not ordered again, and one that failed otherwise comes after others.

It would take the place of what can be had.
"""

_IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row of the ledger: what was ordered and where it stands."""

    id: int
    account: str
    profile_id: int
    report_type: str
    start_date: date
    end_date: date
    columns_hash: str
    order_no: int
    state: State
    report_id: str | None
    columns_left_out: str | None
    requests: int
    troubles: int
    reason: str | None
    retryable: bool | None
    not_before: datetime | None
    served_from: date | None
    raw_path: str | None
    rows_loaded: int | None
    rows_rejected: int | None
    ordered_by: str
    ordered_at: datetime
    requested_at: datetime | None
    ready_at: datetime | None
    loaded_at: datetime | None
    updated_at: datetime
    lease_owner: str | None
    lease_until: datetime | None

    @property
    def days(self) -> Days:
        """The days the report is of."""
        return Days(self.start_date, self.end_date)

    @property
    def left_out(self) -> frozenset[str]:
        """Declared columns that Amazon was asked for it without, because it refuses them."""
        return frozenset(self.columns_left_out.split(",")) if self.columns_left_out else frozenset()

    @property
    def outstanding(self) -> bool:
        """Whether something is still to be done."""
        return self.state in OUTSTANDING

    @property
    def rest(self) -> Window | None:
        """The part that Amazon does serve of a window that it refused for its first days."""
        if (
            self.state is not State.EXPIRED
            or not self.served_from
            or not self.start_date < self.served_from <= self.end_date
        ):
            return None
        return Window(self.account, self.profile_id, self.report_type, Days(self.served_from, self.end_date))

    def is_due(self, now: datetime) -> bool:
        """Say whether the next step may be made."""
        return self.not_before is None or self.not_before <= now

    @property
    def asked_at(self) -> datetime:
        """When it was asked for, or ordered where it was not."""
        return self.requested_at or self.ordered_at

    def age_seconds(self, now: datetime) -> float:
        """Return the seconds since it was asked for, or since it was ordered where it was not."""
        return (now - self.asked_at).total_seconds()

    def __str__(self) -> str:
        """Name the report for people."""
        known = f", Amazon's report {self.report_id}" if self.report_id else ""
        return f"{self.report_type} of profile {self.profile_id} ({self.account}) for {self.days}{known}"


class LoadedOrder(NamedTuple):
    """Of an order that is loaded, what says which days it brought: there are a hundred thousand of them in a year."""

    id: int
    profile_id: int
    report_type: str
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True)
class Covering:
    """The orders that cover some days; the higher its id, the newer an order is.

    Attributes:
        loaded: Those whose rows are in the warehouse or in quarantine.
        others: All others, oldest first.
    """

    loaded: Sequence[LoadedOrder]
    others: Sequence[ReportRow]


_COLUMNS = [reports.c[f.name] for f in fields(ReportRow)]

_RECORD = (  # made once: it is executed several times for each report
    update(reports)
    .where(reports.c.id == bindparam("recorded_id"), reports.c.lease_owner == bindparam("recorded_owner"))
    .returning(*_COLUMNS)
)


class ClaimLostError(Exception):
    """The claim on a report ran out and another process has it: stop working on it."""


class Ledger:
    """The ledger. Every method is one short transaction.

    Args:
        engine: Where it is kept.
        clock: What time it is.
        actor: Who or what acts, for the audit trail; this process by default.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now, actor: str = "") -> None:
        self.engine = engine
        self.clock = clock
        self.actor = actor or f"process {os.getpid()} on {socket.gethostname()}"

    def acting_as(self, actor: str) -> Self:
        """Return the same ledger for somebody else."""
        return type(self)(self.engine, self.clock, actor)

    @classmethod
    def open(cls, url: str, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open the ledger at an SQLAlchemy URL, making its tables where there are none."""
        ledger = cls(open_engine(url), clock)
        with ledger.transaction() as connection:
            schema.make_tables(connection)
        return ledger

    def close(self) -> None:
        """Give its connections back."""
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection in a write transaction."""
        with for_writing(self.engine).begin() as connection:
            yield connection

    def order(
        self,
        window: Window,
        columns_hash: str,
        *,
        fresh: timedelta,
        archived: Callable[[ReportRow], bool],
    ) -> tuple[ReportRow, bool]:
        """Write an order down, or find the one that stands for it already.

        Args:
            window: What is wanted.
            columns_hash: Digest of the columns asked for.
            fresh: An order younger than this is not repeated.
            archived: Says whether a report's raw file is in the archive.

        Returns:
            The row, and whether it is a new order (or a failed one taken up again).
        """
        for _ in range(3):
            try:
                with self.transaction() as connection:
                    return self._order(connection, window, columns_hash, fresh, archived)
            except IntegrityError:  # another process wrote the same order first: find it
                continue
        raise RuntimeError(f"could not write down the order of {window}")

    def _order(
        self,
        connection: Connection,
        window: Window,
        columns_hash: str,
        fresh: timedelta,
        archived: Callable[[ReportRow], bool],
    ) -> tuple[ReportRow, bool]:
        key = {
            "account": window.account,
            "profile_id": window.profile_id,
            "report_type": window.report_type,
            "start_date": window.days.start,
            "end_date": window.days.end,
            "columns_hash": columns_hash,
        }
        same = [reports.c[name] == value for name, value in key.items()]
        query = select(*_COLUMNS).where(*same).order_by(reports.c.order_no.desc()).limit(1)
        latest = _row(connection.execute(query.with_for_update()).mappings().first())
        now = self.clock()
        decision = decide(latest, now, fresh, archived=latest is not None and archived(latest))
        if latest is not None and decision is Decision.REUSE:
            return latest, False
        if latest is not None and decision is Decision.RETRY:
            again = AskedAgain(requested=latest.report_id is not None, archived=archived(latest))
            change = advance(_standing(latest), again, now)
            row = _written(connection, reports.c.id == latest.id, {**change, "updated_at": now}) or latest
            self._note(connection, row, again, now)
            return row, True
        values = {
            **key,
            "order_no": latest.order_no + 1 if latest else 1,
            "state": State.PLANNED,
            "ordered_by": self.actor,
            "ordered_at": now,
            "updated_at": now,
        }
        made = connection.execute(insert(reports).values(**values).returning(*_COLUMNS))
        row = _existing(made.mappings().one())
        activity.note(connection, self._entry(row, activity.ORDERED, None, now))
        return row, True

    def claim(self, report_id: int, owner: str) -> ReportRow | None:
        """Claim an outstanding report, so that nobody else works on it.

        Returns:
            The row as it stands now, or None where another has it or nothing is left to do.
        """
        with self.transaction() as connection:
            claimed = connection.execute(self._claiming(reports.c.id == report_id, owner))
            return _row(claimed.mappings().first())

    def reserve(self, row: ReportRow, report_types: Collection[str], most: int) -> bool:
        """Take a place among the reports in flight, before Amazon is asked for one.

        The place is kept until Amazon has answered, or for as long as a claim holds; from then on the state counts.

        Args:
            row: A claimed report that is to be asked for.
            report_types: The types that share the places with it: those of its ad product.
            most: How many places its account has for them.

        Returns:
            Whether there was one.

        Raises:
            ClaimLostError: The claim ran out meanwhile: Amazon must not be asked in its name.
        """
        now = self.clock()
        with self.transaction() as connection:
            # PostgreSQL would let two processes count at once: the account's row is the queue they stand in.
            first = schema.insert_into(connection, accounts).values(account=row.account)
            connection.execute(first.on_conflict_do_nothing())
            connection.execute(select(accounts.c.account).where(accounts.c.account == row.account).with_for_update())
            same = (reports.c.account == row.account) & reports.c.report_type.in_(tuple(report_types))
            taken = connection.scalar(select(func.count()).where(same, is_in_flight(now), reports.c.id != row.id))
            if (taken or 0) >= most:
                return False
            mine = (
                (reports.c.id == row.id) & (reports.c.lease_owner == row.lease_owner) & (reports.c.lease_until >= now)
            )
            if not connection.execute(update(reports).where(mine).values(asking_until=now + LEASE)).rowcount:
                raise ClaimLostError(str(row))
        return True

    def claim_all(self, ids: Sequence[int], owner: str) -> list[ReportRow]:
        """Claim those of some outstanding reports that nobody else has, in one transaction."""
        found: list[ReportRow] = []
        wanted = sorted(ids)
        with self.transaction() as connection:
            for first in range(0, len(wanted), _IDS_A_QUERY):
                which = reports.c.id.in_(wanted[first : first + _IDS_A_QUERY])
                _lock(connection, which)
                claimed = connection.execute(self._claiming(which, owner))
                found += [_existing(row) for row in claimed.mappings()]
        return found

    def _claiming(self, which: ColumnElement[bool], owner: str) -> ReturningUpdate[Any]:
        now = self.clock()
        free = or_(reports.c.lease_owner.is_(None), reports.c.lease_owner == owner, reports.c.lease_until < now)
        return (
            update(reports)
            .where(which, reports.c.state.in_(OUTSTANDING), free)
            .values(lease_owner=owner, lease_until=now + LEASE)
            .returning(*_COLUMNS)
        )

    def renew(self, owner: str) -> None:
        """Hold every claim of an owner, and every place it took, for another lease."""
        until = self.clock() + LEASE
        place = case((reports.c.asking_until.is_not(None), until))
        self._update_all_of(owner, {"lease_until": until, "asking_until": place})

    def release(self, owner: str) -> None:
        """Give back every claim of an owner."""
        self._update_all_of(owner, {"lease_owner": None, "lease_until": None})

    def _update_all_of(self, owner: str, values: dict[str, Any]) -> None:
        mine = reports.c.lease_owner == owner
        with self.transaction() as connection:
            _lock(connection, mine)
            connection.execute(update(reports).where(mine).values(**values))

    def record(self, row: ReportRow, happened: Event) -> ReportRow:
        """Write down what happened to a claimed report.

        Returns:
            The row as it stands now; the claim is given back when nothing is left to do.

        Raises:
            ClaimLostError: The claim ran out meanwhile and another process has the report.
        """
        (written,) = self.record_all([(row, happened)])
        if written is None:
            raise ClaimLostError(str(row))
        return written

    def record_all(self, happened: Iterable[tuple[ReportRow, Event]]) -> list[ReportRow | None]:
        """Write down what happened to claimed reports, in one transaction.

        Returns:
            For each the row as it stands now, or None where another process has the report by now.
        """
        now = self.clock()
        changes = [(row, event, advance(_standing(row), event, now)) for row, event in happened]
        with self.transaction() as connection:
            _lock(connection, reports.c.id.in_([row.id for row, _, _ in changes]))
            return [self._record(connection, row, event, change, now) for row, event, change in changes]

    def _record(
        self, connection: Connection, row: ReportRow, happened: Event, change: dict[str, Any], now: datetime
    ) -> ReportRow | None:
        done = change["state"] not in OUTSTANDING
        lease = {"lease_owner": None, "lease_until": None} if done else {"lease_until": now + LEASE}
        values = {**change, **lease, "asking_until": None, "updated_at": now}
        mine = {"recorded_id": row.id, "recorded_owner": row.lease_owner}
        written = _row(connection.execute(_RECORD, {**values, **mine}).mappings().first())
        if written is not None:
            self._note(connection, written, happened, now)
            if written.rest is not None:  # here and now, or a crash in between would leave it unordered
                self._order_rest(connection, written, written.rest)
        return written

    def rest_of(self, row: ReportRow) -> ReportRow | None:
        """Return the order of the part of an expired window that Amazon does serve, if there is such a part."""
        if row.rest is None:
            return None
        with self.transaction() as connection:
            return self._order_rest(connection, row, row.rest)

    def _order_rest(self, connection: Connection, row: ReportRow, rest: Window) -> ReportRow:
        # A file that is no longer in the archive is found out when it is loaded.
        there, _ = self._order(connection, rest, row.columns_hash, ONE_DAY, lambda latest: latest.raw_path is not None)
        return there

    def reopen(self, row: ReportRow, happened: Event) -> ReportRow:
        """Write down what happened to a report that nobody works on because it was done."""
        now = self.clock()
        change = advance(_standing(row), happened, now)
        same = (reports.c.id == row.id) & (reports.c.state == row.state)
        with self.transaction() as connection:
            written = _written(connection, same, {**change, "updated_at": now})
            if written is not None:
                self._note(connection, written, happened, now)
        return written or self.rows([row.id])[0]

    def rows(self, ids: Sequence[int]) -> list[ReportRow]:
        """Return rows by their ids."""
        found: list[ReportRow] = []
        with self.engine.connect() as connection:
            for first in range(0, len(ids), _IDS_A_QUERY):
                part = ids[first : first + _IDS_A_QUERY]
                query = select(*_COLUMNS).where(reports.c.id.in_(part))
                found += [_existing(row) for row in connection.execute(query).mappings()]
        return found

    def outstanding(self, report_types: Iterable[str] | None = None) -> list[ReportRow]:
        """Return what is still to be done, oldest order first."""
        return self._rows_in(OUTSTANDING, report_types)

    def failed(self, report_types: Iterable[str] | None = None) -> list[ReportRow]:
        """Return what was given up, oldest order first."""
        return self._rows_in([State.FAILED], report_types)

    def _rows_in(self, some: Collection[State], report_types: Iterable[str] | None) -> list[ReportRow]:
        query = select(*_COLUMNS).where(reports.c.state.in_(some)).order_by(reports.c.id)
        if report_types is not None:
            query = query.where(reports.c.report_type.in_(tuple(report_types)))
        with self.engine.connect() as connection:
            return [_existing(row) for row in connection.execute(query).mappings()]

    def covering(self, days: Days, report_types: Iterable[str]) -> "Covering":
        """Return every order that covers one of the days."""
        orders = (
            reports.c.report_type.in_(tuple(report_types)),
            reports.c.end_date >= days.start,
            reports.c.start_date <= days.end,
        )
        is_loaded = reports.c.state == State.LOADED
        loaded = select(*(reports.c[name] for name in LoadedOrder._fields)).where(*orders, is_loaded)
        others = select(*_COLUMNS).where(*orders, ~is_loaded).order_by(reports.c.id)
        with self.engine.connect() as connection:
            return Covering(
                [LoadedOrder(*row) for row in connection.execute(loaded)],
                [_existing(row) for row in connection.execute(others).mappings()],
            )

    def rows_covering(self, days: Days, report_types: Iterable[str]) -> list[ReportRow]:
        """Return every order that covers one of the days in full, oldest order first."""
        found = self.covering(days, report_types)
        rows = [*self.rows([order.id for order in found.loaded]), *found.others]
        return sorted(rows, key=lambda row: row.id)

    def any_loaded(self) -> bool:
        """Say whether any report is called loaded."""
        with self.engine.connect() as connection:
            query = select(reports.c.id).where(reports.c.state == State.LOADED).limit(1)
            return connection.scalar(query) is not None

    def newest_load(self) -> datetime | None:
        """Return when a report was last loaded."""
        with self.engine.connect() as connection:
            newest: datetime | None = connection.scalar(select(func.max(reports.c.loaded_at)))
        return newest

    def has_rows(self, profile_id: int, report_types: Collection[str]) -> bool:
        """Say whether Amazon ever served a row of some report types of a profile, as far as the ledger remembers."""
        some = or_(reports.c.rows_loaded > 0, reports.c.rows_rejected > 0)
        same = (reports.c.profile_id == profile_id, reports.c.report_type.in_(tuple(report_types)))
        with self.engine.connect() as connection:
            return connection.scalar(select(reports.c.id).where(*same, some).limit(1)) is not None

    def known_days(
        self, since: date, report_types: Iterable[str], coming_for: Collection[str] | None = None
    ) -> dict[tuple[str, int], list[Days]]:
        """Return the days that are loaded, on their way, no longer served or refused, by report type and profile.

        Refused is what failed for good less than ``REFUSAL_STANDS`` ago.

        Args:
            since: Days before it are not looked at.
            report_types: Which.
            coming_for: The accounts there are: nothing that others have at Amazon is on its way. All by default.

        Returns:
            (report type, profile) -> ranges of days that neither touch nor overlap, oldest first.
        """
        columns = (reports.c.report_type, reports.c.profile_id, reports.c.start_date, reports.c.end_date)
        refused = and_(
            reports.c.state == State.FAILED,
            reports.c.retryable.is_(False),
            reports.c.updated_at > self.clock() - REFUSAL_STANDS,
        )
        coming: ColumnElement[bool] = reports.c.state.in_(OUTSTANDING)
        if coming_for is not None:
            coming = and_(coming, or_(reports.c.account.in_(tuple(coming_for)), reports.c.state == State.DOWNLOADED))
        there = or_(reports.c.state.in_((State.LOADED, State.EXPIRED)), coming, refused)
        query = (
            select(*columns, reports.c.state, reports.c.served_from)
            .where(reports.c.report_type.in_(tuple(report_types)), reports.c.end_date >= since, there)
            .order_by(*columns)
        )
        known: dict[tuple[str, int], list[Days]] = defaultdict(list)
        with self.engine.connect() as connection:
            for report_type, profile_id, start, end, state, served_from in connection.execute(query):
                last = min(end, served_from - ONE_DAY) if state == State.EXPIRED and served_from else end
                if last >= start:
                    _join(known[report_type, profile_id], Days(start, last))
        return known

    def failures(self, report_types: Iterable[str]) -> dict[tuple[str, int], list[Days]]:
        """Return the days of every order that failed in the last ``REFUSAL_STANDS``, by report type and profile."""
        columns = (reports.c.report_type, reports.c.profile_id, reports.c.start_date, reports.c.end_date)
        query = select(*columns).where(
            reports.c.state == State.FAILED,
            reports.c.report_type.in_(tuple(report_types)),
            reports.c.updated_at > self.clock() - REFUSAL_STANDS,
        )
        found: dict[tuple[str, int], list[Days]] = defaultdict(list)
        with self.engine.connect() as connection:
            for report_type, profile_id, start, end in connection.execute(query):
                found[report_type, profile_id].append(Days(start, end))
        return found

    def reopen_loaded(self, archived: Callable[[str | None], bool]) -> None:
        """Take up again everything that is called loaded, because the warehouse is a new one.

        What is in the archive is loaded from there; the rest has failed, and its days are ordered again as holes.

        Args:
            archived: Says whether a raw path is in the archive.
        """
        now = self.clock()
        query = select(reports.c.id, reports.c.raw_path).where(reports.c.state == State.LOADED)
        with self.engine.connect() as connection:
            found = [(bool(archived(path)), id_) for id_, path in connection.execute(query)]
        loaded = Standing(State.LOADED)
        for there, happened in ((True, Unloaded(archived=True, reason="the warehouse is a new one")), (False, Lost())):
            values = {**advance(loaded, happened, now), "updated_at": now}
            ids = [id_ for is_there, id_ in found if is_there is there]
            for first in range(0, len(ids), _IDS_A_QUERY):
                part = ids[first : first + _IDS_A_QUERY]
                same = reports.c.id.in_(part) & (reports.c.state == State.LOADED)
                with self.transaction() as connection:
                    _lock(connection, same)
                    reopened = connection.execute(update(reports).where(same).values(**values).returning(*_COLUMNS))
                    for row in reopened.mappings().all():
                        self._note(connection, _existing(row), happened, now)

    def _note(self, connection: Connection, row: ReportRow, happened: Event, now: datetime) -> None:
        """Write down in the audit trail what happened to a report."""
        action = activity.ACTIONS.get(type(happened))
        if action is not None:
            activity.note(connection, self._entry(row, action, activity.detail_of(happened), now))

    def _entry(self, row: ReportRow, action: str, detail: str | None, now: datetime) -> dict[str, Any]:
        return {
            "at": now,
            "actor": self.actor,
            "action": action,
            "account": row.account,
            "profile_id": row.profile_id,
            "report_type": row.report_type,
            "start_date": row.start_date,
            "end_date": row.end_date,
            "order_id": row.id,
            "report_id": row.report_id,
            "outcome": row.state,
            "detail": detail,
        }


def is_in_flight(now: datetime) -> ColumnElement[bool]:
    """Return the condition that Amazon works on a report, or is being asked for it.

    What it has not made after ``STUCK_AFTER`` holds no place: nobody may be asking about it any more.
    """
    asking = and_(reports.c.state == State.PLANNED, reports.c.asking_until > now)
    cooking = and_(reports.c.state == State.REQUESTED, reports.c.requested_at > now - STUCK_AFTER)
    # The states are named once more, or the database would not see that its index by account and state will do.
    return and_(reports.c.state.in_((State.PLANNED, State.REQUESTED)), or_(cooking, asking))


def _join(ranges: list[Days], days: Days) -> None:
    """Add days to ranges that are in order, given in the order of their first day."""
    if ranges and days.start <= ranges[-1].end + ONE_DAY:
        ranges[-1] = Days(ranges[-1].start, max(ranges[-1].end, days.end))
    else:
        ranges.append(days)


def _lock(connection: Connection, which: ColumnElement[bool]) -> None:
    """Lock rows for a transaction, in the order of their ids.

    Of two transactions that lock the same rows in another order, PostgreSQL would break one off. (In SQLite there is
    one that writes.)
    """
    connection.execute(select(reports.c.id).where(which).order_by(reports.c.id).with_for_update())


def _written(connection: Connection, where: ColumnElement[bool], values: dict[str, Any]) -> ReportRow | None:
    statement = update(reports).where(where).values(**values).returning(*_COLUMNS)
    return _row(connection.execute(statement).mappings().first())


def _standing(row: ReportRow) -> Standing:
    return Standing(row.state, row.requests, row.troubles)


def _row(found: RowMapping | None) -> ReportRow | None:
    return None if found is None else _existing(found)


def _existing(found: RowMapping) -> ReportRow:
    return ReportRow(**{**found, "state": State(found["state"])})
