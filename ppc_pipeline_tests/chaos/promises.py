"""What must hold after every kill, and at the end: each promise that does not is one line.

Here: the comparison of ledger, warehouse, archive and sandbox. Not here: how they came to be.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports.ledger import LEASE
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.reports.windows import Days, utc_now
from ppc_pipeline_tests.chaos.world import World


@dataclass(frozen=True)
class Order:
    """A row of the ledger."""

    profile_id: int
    report_type: str
    days: Days
    order_no: int
    state: str
    report_id: str
    requests: int
    owner: str | None
    requested_at: datetime


def orders(world: World) -> list[Order]:
    """Return what the ledger holds."""
    found = world.in_ledger(
        "SELECT profile_id, report_type, start_date, end_date, order_no, state, report_id, requests, lease_owner, "
        "requested_at FROM reports ORDER BY profile_id, report_type, start_date"
    )
    return [
        Order(
            profile, kind, Days(date.fromisoformat(start), date.fromisoformat(end)), *more, datetime.fromisoformat(at)
        )
        for profile, kind, start, end, *more, at in found
    ]


def broken_after_a_kill(world: World) -> Iterator[str]:
    """Say what a process that was killed must not have left behind."""
    lease = timedelta(seconds=world.lease) if world.lease else LEASE
    for row, until in world.in_ledger("SELECT id, lease_until FROM reports WHERE lease_until IS NOT NULL"):
        left = datetime.fromisoformat(until) - utc_now().replace(tzinfo=None)
        if left > lease:
            yield f"the dead one's claim of row {row} holds for {left}, longer than a lease"
    if not world.warehouse_file.exists():
        return
    try:
        with world.warehouse() as connection:
            yield from _half_loaded(connection)
    except duckdb.Error as error:
        yield f"the warehouse cannot be opened after a kill: {error}"


def _half_loaded(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Say which reports have rows and no line in ``load_log``: both come with one commit."""
    tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    for table in (report_type.table for report_type in REPORT_TYPES.values()):
        if {table, "load_log"} <= tables:
            query = f"SELECT DISTINCT report_id FROM {table} ANTI JOIN load_log USING (report_id)"
            for (report_id,) in connection.execute(query).fetchall():
                yield f"{table} has rows of report {report_id}, and load_log does not know it"


def broken_at_the_end(
    world: World, wanted: int, orphans: Collection[str] = (), *, loads: int | None = None
) -> Iterator[str]:
    """Say what does not hold after a run to the end.

    Args:
        world: After it.
        wanted: How many reports are the fewest.
        orphans: Reports that were at Amazon when a process died, their ids not written down.
        loads: How many loads are the fewest, where no process died between a commit and the ledger.
    """
    found = orders(world)
    if len(found) != wanted:
        yield f"{len(found)} orders instead of {wanted}"
    for order in found:
        if (order.state, order.order_no, order.requests, order.owner) != ("loaded", 1, 1, None):
            yield f"{order} is not loaded, ordered once, asked for once and free"
    yield from _too_many_reports(world, found, orphans)
    with world.warehouse() as connection:
        yield from _log_lacks(connection, found)
        ((made,),) = connection.execute("SELECT count(*) FROM load_log").fetchall()
        if loads is not None and made != loads:
            yield f"{made} loads were made instead of {loads}"
        for name, some in _by_type(found).items():
            yield from _inexact(world, connection, name, some)
            yield from _twice(connection, name)
        for table in ("rejected_rows", "restatements"):
            ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
            if rows:
                yield f"{table} has {rows} rows"


def _too_many_reports(world: World, found: list[Order], orphans: Collection[str]) -> Iterator[str]:
    """Count reports to the last one.

    A report whose id was not written down may be asked for again only if it was finished by then: while it is made,
    Amazon answers with its id.
    """
    made = world.at_amazon()
    known = {order.report_id for order in found}
    extra = [report for report in made if report.report_id not in known]
    if world.created() != len(found) + len(extra):
        yield f"{world.created()} reports were created for {len(found)} orders, and {len(extra)} of them are not known"
    for report in extra:
        later = [other for other in made if other.fingerprint == report.fingerprint and other is not report]
        if report.report_id not in orphans:
            yield f"report {report.report_id} is not in the ledger, and no process died with it"
        elif not any(other.created_at >= report.ready_at for other in later):
            yield f"report {report.report_id} was asked for again while Amazon was still making it"


def _log_lacks(connection: duckdb.DuckDBPyConnection, found: list[Order]) -> Iterator[str]:
    logged = {report_id for (report_id,) in connection.execute("SELECT report_id FROM load_log").fetchall()}
    for order in found:
        if order.report_id not in logged:
            yield f"load_log lacks {order}"


def _by_type(found: list[Order]) -> dict[str, list[Order]]:
    by_type: dict[str, list[Order]] = defaultdict(list)
    for order in found:
        by_type[order.report_type].append(order)
    return by_type


def _inexact(world: World, connection: duckdb.DuckDBPyConnection, name: str, found: list[Order]) -> Iterator[str]:
    """Compare rows and every sum of every window with what the sandbox knows."""
    for order in found:
        truth = world.truth(order.profile_id, name, order.days, order.requested_at)
        sums = ", ".join(f'coalesce(sum("{snake_case(metric)}"), 0)::DECIMAL(38, 6)' for metric in truth["sums"])
        where = "WHERE profile_id = ? AND date BETWEEN ? AND ?"
        query = f"SELECT count(*), {sums} FROM {REPORT_TYPES[name].table} {where}"
        (row,) = connection.execute(query, [order.profile_id, order.days.start, order.days.end]).fetchall()
        right = (truth["rows"], *(Decimal(total) for total in truth["sums"].values()))
        if row != right:
            yield f"{order}: the warehouse has {row}, the sandbox {right}"


def _twice(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[str]:
    table = REPORT_TABLES[name]
    grain = ", ".join(f'"{column}"' for column in ("date", "profile_id", *table.grain))
    query = f"SELECT {grain}, count(*) FROM {REPORT_TYPES[name].table} GROUP BY ALL HAVING count(*) > 1 LIMIT 3"
    for row in connection.execute(query).fetchall():
        yield f"{REPORT_TYPES[name].table} has a row more than once: {row}"


def leftovers(world: World) -> list[Path]:
    """Return the parts of files that killed downloads left in the archive."""
    return [*(world.data_dir / "raw").rglob("*.part")]
