"""Loading entities: pages of JSON -> typed rows -> quarantine -> versions with validity ranges, in one transaction.

A version is closed and a new one opened only when a column changed. An entity that Amazon no longer lists is marked,
never deleted, and only for profiles whose whole listing was read. Here: entity tables and accounts. Not here:
fetching pages (``ppc_pipeline.entities``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.staging import Rule, any_broken, cast, cast_rules, drop_temporary, first_reason, literal
from ppc_pipeline.warehouse.tables import Column, ColumnType, EntityTable, quoted

MAX_PAGE_BYTES = 128 * 2**20
"""One page of a list may not be longer than this."""


@dataclass(frozen=True, slots=True)
class Pages:
    """A file with the pages of one list of one profile, one JSON object after the other.

    Attributes:
        path: The file.
        account: Whose.
        profile_id: Whose; overruled by a field of that name.
        currency_code: The profile's; overruled by a field of that name.
        ad_product: What the rows belong to, if to one.
        items_key: The key of the array in a page.
        fields: Column -> JSON path in an item.
        constants: Column -> value for all rows.
    """

    path: Path
    account: str
    profile_id: int
    currency_code: str | None
    ad_product: str | None
    items_key: str
    fields: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)


class UnreadablePagesError(Exception):
    """A file of pages that DuckDB cannot read, though Python could: a lone surrogate in a name is enough."""

    def __init__(self, pages: Pages, reason: str) -> None:
        super().__init__(reason)
        self.pages = pages


@dataclass(frozen=True, slots=True)
class EntityOutcome:
    """What loading the entities of one profile did.

    Attributes:
        rows: Entities Amazon lists now.
        rejected: Objects in quarantine.
        added: Entities seen for the first time.
        changed: Entities with a new version.
        removed: Entities Amazon no longer lists.
    """

    profile_id: int
    rows: int
    rejected: int
    added: int
    changed: int
    removed: int


def load_entities(
    connection: duckdb.DuckDBPyConnection,
    table: EntityTable,
    pages: Sequence[Pages],
    profiles: Iterable[int],
    now: datetime,
) -> list[EntityOutcome]:
    """Load what Amazon lists now of one kind of entity.

    Args:
        connection: The warehouse, with no transaction open.
        table: Where the versions go.
        pages: Every page of the profiles.
        profiles: The profiles whose whole listing is in ``pages``: only theirs can be found to be gone.
        now: The moment from which new versions are valid.

    Raises:
        UnreadablePagesError: A file cannot be read. Nothing was loaded.
    """
    scope = sorted(set(profiles))
    if not scope:
        return []
    with in_transaction(connection):
        _stage(connection, table, pages)
        rejected = _reject(connection, table, pages, scope, now)
        _compare(connection, table, scope, rejected)
        counts = _counts(connection)
        _write_versions(connection, table, now)
    return [
        EntityOutcome(profile, rejected=rejected.get(profile, 0), **counts.get(profile, _NOTHING)) for profile in scope
    ]


_NOTHING = {"rows": 0, "added": 0, "changed": 0, "removed": 0}


def replace_accounts(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Sequence[object]], configured: Sequence[str]
) -> None:
    """Write what some accounts are now: (account, region, sandbox, profiles, error, checked_at) each.

    Args:
        connection: The warehouse, with no transaction open.
        rows: The accounts that were asked.
        configured: Every account there is: the others are forgotten.
    """
    kept = sorted({*configured} - {str(row[0]) for row in rows})
    with in_transaction(connection):
        connection.execute("DELETE FROM accounts WHERE NOT list_contains(?::VARCHAR[], account)", [kept])
        if rows:
            connection.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)", rows)


def _columns(table: EntityTable) -> tuple[str, ...]:
    own = tuple(c.name for c in table.columns if c.name != "profile_id")
    lead = ("account", "profile_id", "currency_code", *(("ad_product",) if table.with_ad_product else ()))
    return (*lead, *own)


def _item_sql(table: EntityTable, pages: Pages) -> tuple[str, list[object]]:
    """Return SQL for the texts of one file's items, and its parameters."""
    values: list[object] = []

    def text(name: str, default: object) -> str:
        path = pages.fields.get(name)
        if path is None:
            values.append(default)
            return f"?::VARCHAR AS {quoted('raw_' + name)}"
        values.append(path)
        return f"item->>? AS {quoted('raw_' + name)}"

    defaults: dict[str, object] = {
        "account": pages.account,
        "profile_id": str(pages.profile_id),
        "currency_code": pages.currency_code,
        "ad_product": pages.ad_product,
        **pages.constants,
    }
    texts = ", ".join(text(name, defaults.get(name)) for name in _columns(table))
    sql = f"""
        SELECT {texts}, item FROM (
            SELECT unnest(json_extract(json, ?)) AS item
            FROM read_json_objects(?, format = 'unstructured', maximum_object_size = {MAX_PAGE_BYTES})
        )
    """
    return sql, [*values, f"$.{pages.items_key}[*]", literal(pages.path)]


def _rules(table: EntityTable) -> list[Rule]:
    raw = {column.name: f"raw_{column.name}" for column in table.columns}
    return cast_rules(table.columns, raw, required=table.key)


def _stage(connection: duckdb.DuckDBPyConnection, table: EntityTable, pages: Sequence[Pages]) -> None:
    """Stage every item, typed, the last one where Amazon listed an entity twice."""
    drop_temporary(connection, "texts", "staged")
    names = _columns(table)
    columns = ", ".join(f"{quoted('raw_' + name)} VARCHAR" for name in names)
    connection.execute(f"CREATE TEMP TABLE texts (row_no BIGINT, {columns}, item JSON)")
    done = 0
    for file in pages:
        sql, values = _item_sql(table, file)
        insert = f"INSERT INTO temp.texts SELECT row_number() OVER () + ?, * FROM ({sql})"
        try:
            found = connection.execute(insert, [done, *values]).fetchone()
        except duckdb.InvalidInputException as error:  # others are about the disk or the memory, not about this file
            raise UnreadablePagesError(file, str(error).strip().splitlines()[0]) from None
        done += found[0] if found else 0
    types = {"profile_id": Column("profile_id", ColumnType.INTEGER), **{c.name: c for c in table.columns}}
    typed = ", ".join(
        f"{cast(types[name], quoted('raw_' + name)) if name in types else quoted('raw_' + name)} AS {quoted(name)}"
        for name in names
    )
    connection.execute(
        f"""
        CREATE TEMP TABLE staged AS
        SELECT *, coalesce({any_broken(_rules(table))}, false) AS broken FROM (SELECT *, {typed} FROM temp.texts)
        """
    )
    key = ", ".join(quoted(name) for name in table.full_key)
    connection.execute(
        f"""
        DELETE FROM temp.staged WHERE row_no IN (
            SELECT row_no FROM temp.staged WHERE NOT broken
            QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY row_no DESC) > 1
        )
        """
    )


def _reject(
    connection: duckdb.DuckDBPyConnection,
    table: EntityTable,
    pages: Sequence[Pages],
    scope: Sequence[int],
    now: datetime,
) -> dict[int, int]:
    """Put broken items in quarantine, replacing what the last listing had there."""
    listed = sorted({*scope, *(file.profile_id for file in pages)})
    connection.execute(
        "DELETE FROM rejected_rows WHERE source = ? AND list_contains(?, profile_id)", [table.name, listed]
    )
    connection.execute(
        f"""
        INSERT INTO rejected_rows
        SELECT raw_account, raw_profile_id::BIGINT, ?, NULL, row_no, {first_reason(_rules(table))}, item, ?
        FROM temp.staged WHERE broken
        """,
        [table.name, now],
    )
    query = "SELECT raw_profile_id::BIGINT, count(*) FROM temp.staged WHERE broken GROUP BY 1"
    rejected = dict(connection.execute(query).fetchall())
    connection.execute("DELETE FROM temp.staged WHERE broken")
    return rejected


def _compare(
    connection: duckdb.DuckDBPyConnection, table: EntityTable, scope: Sequence[int], rejected: Mapping[int, int]
) -> None:
    """Stage each entity's fate: added, changed, same or removed.

    Where an item of a profile is in quarantine we cannot tell which entity it was, so that none of that profile's
    entities is taken for gone.
    """
    drop_temporary(connection, "fates")
    key = ", ".join(quoted(name) for name in table.full_key)
    content = ", ".join(["account", "currency_code", *(quoted(name) for name in table.content)])
    complete = [profile for profile in scope if not rejected.get(profile)]
    connection.execute(
        f"""
        CREATE TEMP TABLE fates AS
        WITH now AS (SELECT {key}, hash({content}) AS content FROM temp.staged),
        before AS (
            SELECT {key}, hash({content}) AS content, removed_at
            FROM {quoted(table.history)} WHERE valid_to IS NULL AND list_contains(?, profile_id)
        )
        SELECT
            {key},
            CASE
                WHEN before.content IS NULL THEN 'added'
                WHEN now.content IS NULL AND before.removed_at IS NULL AND list_contains(?, profile_id) THEN 'removed'
                WHEN now.content IS NULL THEN 'gone'
                WHEN now.content <> before.content OR before.removed_at IS NOT NULL THEN 'changed'
                ELSE 'same'
            END AS fate
        FROM now FULL JOIN before USING ({key})
        """,
        [list(scope), complete],
    )


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[int, dict[str, int]]:
    query = """
        SELECT
            profile_id,
            count(*) FILTER (fate IN ('added', 'changed', 'same')),
            count(*) FILTER (fate = 'added'),
            count(*) FILTER (fate = 'changed'),
            count(*) FILTER (fate = 'removed')
        FROM temp.fates GROUP BY profile_id
    """
    return {
        profile: {"rows": rows, "added": added, "changed": changed, "removed": removed}
        for profile, rows, added, changed, removed in connection.execute(query).fetchall()
    }


def _write_versions(connection: duckdb.DuckDBPyConnection, table: EntityTable, now: datetime) -> None:
    history = quoted(table.history)
    same_key = " AND ".join(f"{history}.{quoted(k)} IS NOT DISTINCT FROM f.{quoted(k)}" for k in table.full_key)
    for column, fate in (("valid_to", "changed"), ("removed_at", "removed")):
        connection.execute(
            f"""
            UPDATE {history} SET {column} = ? FROM temp.fates AS f
            WHERE {history}.valid_to IS NULL AND f.fate = '{fate}' AND {same_key}
            """,
            [now],
        )
    names = ", ".join(quoted(name) for name in _columns(table))
    key = ", ".join(quoted(name) for name in table.full_key)
    connection.execute(
        f"""
        INSERT INTO {history} ({names}, raw, valid_from)
        SELECT {names}, item, ? FROM temp.staged
        SEMI JOIN (SELECT * FROM temp.fates WHERE fate IN ('added', 'changed')) USING ({key})
        """,
        [now],
    )
