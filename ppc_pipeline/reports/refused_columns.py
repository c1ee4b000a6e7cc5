"""Columns that Amazon refuses: a report is asked for without them, and after a month with them again.

Amazon refuses a whole request for one column that it does not know, or does not give to this advertiser. Here: which
columns to ask for, and remembering the refused ones by profile and report type, in the ledger's database, for all
processes. Of other profiles of the account nothing is concluded: they may well be given the column. Not here: asking
(``steps``), or loading a file without them (``warehouse``: what was loaded before stays, and is NULL in new rows).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from ppc_pipeline.amazon_ads.errors import InvalidColumnsError, PermanentError
from ppc_pipeline.amazon_ads.report_types import ReportType, is_metric
from ppc_pipeline.reports import activity
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.schema import insert_into, is_new, refused_columns

Asker = tuple[str, int]
"""An account and the profile that it asks for."""

TRIED_AGAIN_AFTER = timedelta(days=30)
"""How long a refused column is not asked for."""


@dataclass(frozen=True, slots=True)
class RefusedColumn:
    """A column that Amazon refuses to a profile.

    Attributes:
        account: The account that asked.
        report_type: The grouping (``ReportType.name``): another one of the same report type may well have the column.
        column: In Amazon's name.
        since: When Amazon first refused it.
        seen: When it did so last.
        reason: In which words.
    """

    account: str
    profile_id: int
    report_type: str
    column: str
    since: datetime
    seen: datetime
    reason: str

    @property
    def tried_again_at(self) -> datetime:
        """When it is asked for again."""
        return self.seen + TRIED_AGAIN_AFTER


@dataclass(frozen=True, slots=True)
class RefusedAlike:
    """Columns of a report type that Amazon refuses to some profiles of an account, all of them to each.

    Attributes:
        since: When Amazon first refused one of them.
        tried_again_at: When the first of them is asked for again.
        reason: Amazon's words, to one of the profiles.
    """

    account: str
    report_type: str
    columns: tuple[str, ...]
    profile_ids: tuple[int, ...]
    since: datetime
    tried_again_at: datetime
    reason: str


def refused_alike(refused: Iterable[RefusedColumn]) -> list[RefusedAlike]:
    """Put together what is refused to profiles alike, for people: a column that Amazon retires is refused to all."""
    by_profile: dict[tuple[str, str, int], list[RefusedColumn]] = defaultdict(list)
    for one in refused:
        by_profile[one.account, one.report_type, one.profile_id].append(one)
    alike: dict[tuple[str, str, tuple[str, ...]], list[RefusedColumn]] = defaultdict(list)
    for (account, report_type, _), own in by_profile.items():
        alike[account, report_type, tuple(one.column for one in own)] += own
    return [
        RefusedAlike(
            *which,
            profile_ids=tuple(dict.fromkeys(one.profile_id for one in own)),
            since=min(one.since for one in own),
            tried_again_at=min(one.tried_again_at for one in own),
            reason=own[0].reason,
        )
        for which, own in alike.items()
    ]


def refused_to(ledger: Ledger, accounts: Collection[str]) -> list[RefusedColumn]:
    """Return the columns that Amazon refuses to profiles of some accounts, by account, profile, report type, name."""
    order = refused_columns.primary_key.columns
    query = select(refused_columns).where(refused_columns.c.account.in_(tuple(accounts))).order_by(*order)
    with ledger.engine.connect() as connection:
        return [RefusedColumn(**row) for row in connection.execute(query).mappings()]


class Columns:
    """Which columns of a report type to ask for, as one process knows it.

    Args:
        ledger: Where refused columns are written down.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known_of: dict[tuple[Asker, str], tuple[set[str], set[str]]] = {}

    def to_ask_for(self, asker: Asker, report_type: ReportType) -> tuple[str, ...]:
        """Return the declared columns but those that Amazon refused less than ``TRIED_AGAIN_AFTER`` ago.

        Args:
            asker: In whose name.
            report_type: Of which grouping.
        """
        refused, _ = self._known(asker, report_type)
        return tuple(column for column in report_type.columns if column not in refused)

    def refuse(self, asker: Asker, report_type: ReportType, asked: Collection[str], error: InvalidColumnsError) -> None:
        """Write down that Amazon refused some of the columns that were asked for.

        Raises:
            PermanentError: The report cannot be had without them: rows could not be told apart, or would say nothing;
                or Amazon names nothing that was asked for.
        """
        named = set(error.columns).intersection(asked)
        keys = named.intersection(("date", *report_type.grain))
        metrics = any(is_metric(column) for column in asked if column not in named)
        if keys or not metrics or not named:
            why = (
                f"rows of {report_type.name} cannot be told apart without {', '.join(sorted(keys))}"
                if keys
                else f"{report_type.name} cannot be had without columns that Amazon refuses"
            )
            raise PermanentError(
                f"{why}: {error.message}",
                account=error.account,
                profile_id=error.profile_id,
                status=error.status,
                request_id=error.request_id,
                remedy="compare the declaration of the report type with Amazon's documentation",
            )
        refused, on_trial = self._known(asker, report_type)
        refused |= named
        on_trial -= named
        with self._ledger.transaction() as connection:
            self._write(connection, asker, report_type.name, sorted(named), error.message)

    def accept(self, asker: Asker, report_type: ReportType, asked: Collection[str]) -> None:
        """Write down that Amazon took columns; those that it had refused before are forgotten."""
        _, on_trial = self._known(asker, report_type)
        served = on_trial.intersection(asked)
        if not served:
            return
        on_trial -= served
        same = [refused_columns.c[name] == value for name, value in _key(asker, report_type.name).items()]
        with self._ledger.transaction() as connection:
            gone = delete(refused_columns).where(*same, refused_columns.c.column.in_(sorted(served)))
            if connection.execute(gone).rowcount:
                self._note(connection, activity.COLUMNS_SERVED, asker, report_type.name, sorted(served), "served")

    def _known(self, asker: Asker, report_type: ReportType) -> tuple[set[str], set[str]]:
        """Return what is not asked for, and what is asked for again although it was refused before."""
        key = (asker, report_type.name)
        if key not in self._known_of:
            now = self._ledger.clock()
            query = select(refused_columns).filter_by(**_key(*key))
            with self._ledger.engine.connect() as connection:
                found = [RefusedColumn(**row) for row in connection.execute(query).mappings()]
            refused = {one.column for one in found if now < one.tried_again_at}
            self._known_of[key] = refused, {one.column for one in found} - refused
        return self._known_of[key]

    def _write(
        self, connection: Connection, asker: Asker, report_type: str, columns: Iterable[str], reason: str
    ) -> None:
        now = self._ledger.clock()
        new = []
        for column in columns:  # by name in every process: in another order, PostgreSQL would break one of two off
            key = {**_key(asker, report_type), "column": column}
            first = insert_into(connection, refused_columns).values(**key, since=now, seen=now, reason=reason)
            if is_new(connection, first):
                new.append(column)
            else:
                connection.execute(update(refused_columns).filter_by(**key).values(seen=now, reason=reason))
        if new:
            self._note(connection, activity.COLUMNS_REFUSED, asker, report_type, new, "left out")

    def _note(
        self,
        connection: Connection,
        action: str,
        asker: Asker,
        report_type: str,
        columns: Iterable[str],
        outcome: str,
    ) -> None:
        entry = {"action": action, **_key(asker, report_type), "outcome": outcome}
        detail = ", ".join(columns)
        activity.note(connection, {"at": self._ledger.clock(), "actor": self._ledger.actor, **entry, "detail": detail})


def _key(asker: Asker, report_type: str) -> dict[str, Any]:
    account, profile_id = asker
    return {"account": account, "profile_id": profile_id, "report_type": report_type}
