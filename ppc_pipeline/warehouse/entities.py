"""Loading entities: pages of JSON -> typed rows -> quarantine -> versions with validity ranges, in one transaction.

A version is closed and a new one opened only when a column changed; what has no column is kept fresh in ``raw``. An
entity that Amazon no longer lists is marked, never deleted, and only where the whole list was read: a profile's
Sponsored Brands list that failed keeps what it had, and its Sponsored Products load. Here: entity tables and accounts.
Not here: fetching pages (``ppc_pipeline.entities``).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.report_files import UnreadableFileError
from ppc_pipeline.warehouse.salvaged_items import salvage_items
from ppc_pipeline.warehouse.staging import Rule, any_broken, cast, cast_rules, drop_temporary, first_reason, literal
from ppc_pipeline.warehouse.tables import Column, ColumnType, EntityTable, literal_text, quoted
from ppc_pipeline.warehouse.values import Condition, Sql, Value, canonical

MAX_PAGE_BYTES = 128 * 2**20
"""One page of a list may not be longer than this."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What one list covers.

    Attributes:
        profile_id: Whose entities.
        ad_product: Of which ad product; empty where entities belong to none.
        part: Which of the lists of this ad product that feed the table; see ``EntityTable.parts``.
    """

    profile_id: int
    ad_product: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """A table of entities above, whose column of the same name is looked up by their key.

    Attributes:
        table: Of profile and ad product as well.
        key: The column that both tables have.
    """

    table: str
    key: str


@dataclass(frozen=True, slots=True)
class Pages:
    """A file with the entities of one list of one profile: pages, or an export that has them among others.

    Attributes:
        path: The file.
        account: Whose.
        profile_id: Whose; overruled by a field of that name.
        currency_code: The profile's; overruled by a field of that name.
        ad_product: What the rows belong to, if to one.
        items_key: The key of the array in a page; None where the page is the array itself.
        fields: Column -> JSON path in an item, or how its value is made of one.
        constants: Column -> value for all rows.
        raw: Where an item has what is kept of it in ``raw``: it is all of it, unless it has more than Amazon served.
        part: Which of several lists it is; see ``Scope``.
        export: Whether the file is an export: one array, gzipped, that says nothing of columns it has no field for.
        where: What an item must fulfil to be of this list; the others are left to other lists.
        expected: What an item must fulfil besides; one that does not is in quarantine.
        salvaged: Whether the file was written anew (``salvaged_items``), because DuckDB did not take it.
        parents: Column -> the table that knows its value, where an item does not say it.
    """

    path: Path
    account: str
    profile_id: int
    currency_code: str | None
    ad_product: str | None
    items_key: str | None
    fields: Mapping[str, str | Value]
    constants: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    export: bool = False
    where: Sequence[Condition] = ()
    expected: Sequence[Condition] = ()
    salvaged: bool = False
    raw: str = "$"
    parents: Mapping[str, "Parent"] = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        """What the list covers."""
        return Scope(self.profile_id, self.ad_product or "", self.part)


class UnreadablePagesError(Exception):
    """A file of pages that DuckDB cannot read, though Python could, and not for one of its items alone."""

    def __init__(self, pages: Pages, reason: str) -> None:
        super().__init__(reason)
        self.pages = pages


@dataclass(frozen=True, slots=True)
class EntityOutcome:
    """What loading the entities of one profile and ad product did.

    Attributes:
        ad_product: Empty where entities belong to none.
        rows: Entities Amazon lists now.
        rejected: Objects in quarantine.
        added: Entities seen for the first time.
        changed: Entities with a new version.
        removed: Entities Amazon no longer lists.
    """

    profile_id: int
    ad_product: str
    rows: int
    rejected: int
    added: int
    changed: int
    removed: int


def load_entities(
    connection: duckdb.DuckDBPyConnection,
    table: EntityTable,
    pages: Sequence[Pages],
    scopes: Iterable[Scope],
    now: datetime,
) -> list[EntityOutcome]:
    """Load what Amazon lists now of one kind of entity.

    Args:
        connection: The warehouse, with no transaction open.
        table: Where the versions go.
        pages: Every page of the scopes.
        scopes: The lists that are in ``pages`` from beginning to end: only their entities can be found to be gone.
        now: The moment from which new versions are valid.

    Raises:
        UnreadablePagesError: A file cannot be read. Nothing was loaded.
    """
    covered = sorted(set(scopes))
    if not covered:
        return []
    # Not within the transaction: there DuckDB 1.5.5 loses a file of many rows that follows an empty one into one table,
    # and says that they were inserted.
    _stage(connection, table, pages)
    with in_transaction(connection):
        _learn(connection, table)
        if table.sparing or any(file.export for file in pages):
            _fill_in(connection, table, pages)
        _stage_scopes(connection, covered)
        _note_first_listings(connection, table, now)
        rejected = _reject(connection, table, now)
        _compare(connection, table)
        counts = _counts(connection, rejected)
        _write_versions(connection, table, now)
        _refresh_raw(connection, table)
        _note_lasting(connection, table)
    return [
        EntityOutcome(profile_id, ad_product, **counts.get((profile_id, ad_product), _NOTHING))
        for profile_id, ad_product in dict.fromkeys((scope.profile_id, scope.ad_product) for scope in covered)
    ]


_NOTHING = {"rows": 0, "rejected": 0, "added": 0, "changed": 0, "removed": 0}


def products_listed(connection: duckdb.DuckDBPyConnection, tables: Iterable[EntityTable]) -> frozenset[tuple[int, str]]:
    """Return (profile, ad product) of what some tables have of Amazon's lists, as of the last one that was whole."""
    found: set[tuple[int, str]] = set()
    for table in tables:
        if table.with_ad_product:
            query = f"SELECT DISTINCT profile_id, ad_product FROM {table.now} WHERE removed_at IS NULL"
            found |= set(connection.execute(query).fetchall())
    return frozenset(found)


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


def _item_sql(table: EntityTable, pages: Pages) -> Sql:
    """Return SQL for one file's items: the texts of their columns, and the columns of which they say nothing."""
    defaults: dict[str, object] = {
        "account": pages.account,
        "profile_id": str(pages.profile_id),
        "currency_code": pages.currency_code,
        "ad_product": pages.ad_product,
        **pages.constants,
    }
    texts: list[Sql] = []
    unsaid: list[Sql] = []
    # All plain paths at once: an item is parsed anew for every call, and a long one is what takes the time.
    paths: list[str] = []
    for name in _columns(table):
        declared = pages.fields.get(name)
        if declared is None:
            silent = name in table.sparing or (pages.export and name not in defaults)
            text, nothing = Sql("?::VARCHAR", (defaults.get(name),)), Sql("true" if silent else "false")
        elif isinstance(declared, str):
            paths.append(declared)
            text = Sql(f"said[{len(paths)}]")
            nothing = Sql(f"({text.text} IS NULL)" if name in table.sparing else "false")
        else:
            text, nothing = declared.text(), declared.unsaid()
        texts.append(text)
        if nothing.text != "false":
            unsaid.append(Sql(f"CASE WHEN {nothing.text} THEN '{name}' END", nothing.parameters))
    wrong, where = _wrong(pages), [condition.sql() for condition in pages.where]
    found = _items_sql(pages)
    items = Sql(
        f"SELECT *, json_extract_string(item, ?::VARCHAR[]) AS said FROM ({found.text})", (paths, *found.parameters)
    )
    raw = Sql("item") if pages.raw == "$" else Sql("json_extract(item, ?)", (pages.raw,))
    pieces = [*texts, *unsaid, Sql("?, ?", (pages.part, not pages.export)), wrong, raw, items, *where]
    return Sql(
        f"""
        SELECT {", ".join(text.text for text in texts)},
            list_filter([{", ".join(one.text for one in unsaid)}]::VARCHAR[], lambda name: name IS NOT NULL),
            ?, ?, {wrong.text}, {raw.text}
        FROM ({items.text}) WHERE {" AND ".join(["true", *(condition.text for condition in where)])}
        """,
        tuple(parameter for piece in pieces for parameter in piece.parameters),
    )


def _wrong(pages: Pages) -> Sql:
    """Return SQL for why an item is in quarantine whatever its values are; NULL where it is not."""
    whens = [
        Sql(
            f"WHEN NOT {met.text} THEN ? || coalesce(left(json_extract_string(item, ?), 100), 'nothing')",
            (*met.parameters, f"{one.path.removeprefix('$.')} is none that is known: ", one.path),
        )
        for one in pages.expected
        if (met := one.sql())
    ]
    if not whens:
        return Sql("wrong")
    cases = " ".join(when.text for when in whens)
    return Sql(f"coalesce(wrong, CASE {cases} END)", tuple(p for when in whens for p in when.parameters))


def _items_sql(pages: Pages) -> Sql:
    path, nothing = literal(pages.path), "NULL::VARCHAR AS wrong"
    if pages.salvaged:
        both = "json_extract(json, '$.item') AS item, json_extract_string(json, '$.wrong') AS wrong"
        return Sql(f"SELECT {both} FROM read_json_objects(?, format = 'array')", (path,))
    if pages.export:
        source = "read_json_objects(?, format = 'array', compression = 'gzip')"
        return Sql(f"SELECT json AS item, {nothing} FROM {source}", (path,))
    array = "$[*]" if pages.items_key is None else f"$.{pages.items_key}[*]"
    source = f"read_json_objects(?, format = 'unstructured', maximum_object_size = {MAX_PAGE_BYTES})"
    return Sql(f"SELECT unnest(json_extract(json, ?)) AS item, {nothing} FROM {source}", (array, path))


def _rules(table: EntityTable) -> list[Rule]:
    raw = {column.name: f"raw_{column.name}" for column in table.columns}
    return [Rule("wrong IS NOT NULL", "wrong"), *cast_rules(table.columns, raw, required=table.key)]


def _stage(connection: duckdb.DuckDBPyConnection, table: EntityTable, pages: Sequence[Pages]) -> None:
    """Stage every item, typed, the last one where Amazon listed an entity twice."""
    drop_temporary(connection, "texts", "staged")
    names = _columns(table)
    columns = ", ".join(f"{quoted('raw_' + name)} VARCHAR" for name in names)
    more = "unsaid VARCHAR[], part VARCHAR, listed BOOLEAN, wrong VARCHAR, item JSON"
    connection.execute(f"CREATE TEMP TABLE texts (row_no BIGINT, {columns}, {more})")
    done = 0
    for file in pages:
        try:
            done += _stage_file(connection, table, file, done)
        except duckdb.InvalidInputException:  # others are about the disk or the memory, not about this file
            done += _stage_salvaged(connection, table, file, done)
    _check_staged(connection, done)
    types = {"profile_id": Column("profile_id", ColumnType.INTEGER), **{c.name: c for c in table.columns}}
    typed = ", ".join(f"{_typed(types.get(name), quoted('raw_' + name))} AS {quoted(name)}" for name in names)
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


def _stage_file(connection: duckdb.DuckDBPyConnection, table: EntityTable, file: Pages, done: int) -> int:
    """Stage the texts of one file's items behind those that are done; return how many these are."""
    items = _item_sql(table, file)
    insert = f"INSERT INTO temp.texts SELECT row_number() OVER () + ?, * FROM ({items.text})"
    found = connection.execute(insert, [done, *items.parameters]).fetchone()
    return found[0] if found else 0


def _stage_salvaged(connection: duckdb.DuckDBPyConnection, table: EntityTable, file: Pages, done: int) -> int:
    """Stage a file that DuckDB does not take, item by item, so that one that is no good is in quarantine alone."""
    anew = file.path.with_name(f"{file.path.name}.anew")
    try:
        salvage_items(file.path, file.items_key, export=file.export, out=anew)
        return _stage_file(connection, table, replace(file, path=anew, salvaged=True), done)
    except (ValueError, UnreadableFileError, duckdb.InvalidInputException) as error:
        raise UnreadablePagesError(file, str(error).strip().splitlines()[0]) from None
    finally:
        anew.unlink(missing_ok=True)


def _check_staged(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    """See that every item is there that was read: what is not would pass for removed."""
    ((there,),) = connection.execute("SELECT count(*) FROM temp.texts").fetchall()
    if there != rows:
        raise RuntimeError(f"of {rows} entities that were read, {there} are there to be loaded; nothing was loaded")


def _learn(connection: duckdb.DuckDBPyConnection, table: EntityTable) -> None:
    """Fill in open versions what no source has said of them before, and this one says: nothing has changed."""
    history, columns = quoted(table.history), [(quoted(name), literal_text(name)) for name in table.content]
    sets = ", ".join(
        f"{c} = CASE WHEN list_contains({history}.unsaid, {name}) AND NOT list_contains(s.unsaid, {name}) "
        f"THEN s.{c} ELSE {history}.{c} END"
        for c, name in columns
    )
    same_key = " AND ".join(f"{history}.{quoted(k)} IS NOT DISTINCT FROM s.{quoted(k)}" for k in table.full_key)
    connection.execute(
        f"""
        UPDATE {history} SET {sets}, unsaid = list_intersect({history}.unsaid, s.unsaid)
        FROM temp.staged AS s
        WHERE {history}.valid_to IS NULL AND len({history}.unsaid) > 0 AND NOT s.broken AND {same_key}
            AND NOT list_has_all(s.unsaid, {history}.unsaid)
        """
    )


def _fill_in(connection: duckdb.DuckDBPyConnection, table: EntityTable, pages: Sequence[Pages]) -> None:
    """Give staged rows what their source says nothing of: what the open version has, then what a table above has.

    An entity read from another source than before must not get a version because that one says less.
    """
    exported = any(file.export for file in pages)
    silent = [quoted(name) for name in (table.content if exported else table.sparing)]
    sets = ", ".join(f"{c} = CASE WHEN list_contains(s.unsaid, '{c[1:-1]}') THEN h.{c} ELSE s.{c} END" for c in silent)
    same_key = " AND ".join(f"s.{quoted(k)} IS NOT DISTINCT FROM h.{quoted(k)}" for k in table.full_key)
    connection.execute(
        f"""
        UPDATE temp.staged AS s SET {sets}, unsaid = list_intersect(s.unsaid, coalesce(h.unsaid, []))
        FROM {quoted(table.history)} AS h
        WHERE h.valid_to IS NULL AND NOT s.broken AND len(s.unsaid) > 0 AND {same_key}
        """
    )
    lookups = {(*one, file.ad_product, file.part) for file in pages for one in file.parents.items()}
    for column, parent, ad_product, part in lookups:
        connection.execute(
            f"""
            UPDATE temp.staged AS s
            SET {quoted(column)} = p.{quoted(column)}, unsaid = list_filter(s.unsaid, lambda name: name <> ?)
            FROM {quoted(parent.table)} AS p
            WHERE s.{quoted(column)} IS NULL AND list_contains(s.unsaid, ?) AND NOT s.broken
                AND s.ad_product = ? AND s.part = ? AND p.ad_product = s.ad_product
                AND p.profile_id = s.profile_id AND p.{quoted(parent.key)} = s.{quoted(parent.key)}
            """,
            [column, column, ad_product, part],
        )


def _typed(column: Column | None, text: str) -> str:
    """Return SQL that casts a text to its column's type; Sponsored Display spells dates as ``20260131``."""
    if column is None:
        return text
    if column.type is ColumnType.DATE:
        text = f"regexp_replace({text}, '^([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})$', '\\1-\\2-\\3')"
    return cast(column, text)


def _stage_scopes(connection: duckdb.DuckDBPyConnection, scopes: Collection[Scope]) -> None:
    drop_temporary(connection, "scopes")
    connection.execute("CREATE TEMP TABLE scopes (profile_id BIGINT, ad_product VARCHAR, part VARCHAR)")
    columns = [[scope.profile_id for scope in scopes], [s.ad_product for s in scopes], [s.part for s in scopes]]
    connection.execute("INSERT INTO temp.scopes SELECT unnest(?), unnest(?), unnest(?)", columns)


def _note_first_listings(connection: duckdb.DuckDBPyConnection, table: EntityTable, now: datetime) -> None:
    """Write down when a list was first read: now, or when its first entities came, in warehouses older than that."""
    connection.execute(
        f"""
        INSERT INTO first_listings
        SELECT ?, s.profile_id, s.ad_product, s.part, coalesce(min(h.valid_from), ?)
        FROM temp.scopes AS s
        ANTI JOIN (FROM first_listings WHERE entity = ?) AS f USING (profile_id, ad_product, part)
        LEFT JOIN {quoted(table.history)} AS h
        ON h.profile_id = s.profile_id AND {_product(table, "h.")} = s.ad_product AND {table.part_sql("h")} = s.part
        GROUP BY ALL
        """,
        [table.name, now, table.name],
    )


def _product(table: EntityTable, of: str = "") -> str:
    return f"{of}ad_product" if table.with_ad_product else "''"


def _reject(connection: duckdb.DuckDBPyConnection, table: EntityTable, now: datetime) -> dict[tuple[int, str], int]:
    """Put broken items in quarantine, replacing what the last listing had there.

    Rows of warehouses older than the columns ``ad_product`` and ``part`` go with whichever list comes first.
    """
    connection.execute(
        """
        DELETE FROM rejected_rows AS r WHERE source = ? AND EXISTS (
            FROM temp.scopes AS s
            WHERE s.profile_id = r.profile_id
                AND (r.ad_product IS NULL OR (s.ad_product = r.ad_product AND s.part = r.part))
        )
        """,
        [table.name],
    )
    connection.execute(
        f"""
        INSERT INTO rejected_rows BY NAME
        SELECT
            raw_account AS account, raw_profile_id::BIGINT AS profile_id, ? AS source, row_no,
            {first_reason(_rules(table))} AS reason, item AS raw, ? AS rejected_at,
            {_product(table)} AS ad_product, part
        FROM temp.staged WHERE broken
        """,
        [table.name, now],
    )
    # Which entity a broken item was cannot be told, so that none of its list is taken for gone.
    drop_temporary(connection, "whole")
    connection.execute(
        f"""
        CREATE TEMP TABLE whole AS
        FROM temp.scopes ANTI JOIN (
            SELECT raw_profile_id::BIGINT AS profile_id, {_product(table)} AS ad_product, part
            FROM temp.staged WHERE broken
        ) USING (profile_id, ad_product, part)
        """
    )
    query = f"""
        SELECT raw_profile_id::BIGINT, {_product(table)}, count(*) FROM temp.staged WHERE broken GROUP BY ALL
    """
    found = connection.execute(query).fetchall()
    connection.execute("DELETE FROM temp.staged WHERE broken")
    return {(profile_id, ad_product): rows for profile_id, ad_product, rows in found}


def _compare(connection: duckdb.DuckDBPyConnection, table: EntityTable) -> None:
    """Stage each entity's fate: added, changed, same or removed; and whether its list's object reads otherwise."""
    drop_temporary(connection, "fates")
    key = ", ".join(quoted(name) for name in table.full_key)
    content = ", ".join(["account", "currency_code", *_compared(table)])
    connection.execute(
        f"""
        CREATE TEMP TABLE fates AS
        WITH now AS (
            SELECT {key}, hash({content}) AS content, CASE WHEN listed THEN hash(item::VARCHAR) END AS said
            FROM temp.staged
        ),
        listed AS (
            SELECT *, {_product(table)} AS product, {table.part_sql("h")} AS part
            FROM {quoted(table.history)} AS h WHERE valid_to IS NULL
        ),
        before AS (
            SELECT
                {key}, hash({content}) AS content, hash(raw::VARCHAR) AS said, removed_at, w.part IS NOT NULL AS whole
            FROM (
                FROM listed AS l SEMI JOIN temp.scopes AS s
                ON s.profile_id = l.profile_id AND s.ad_product = l.product
            ) AS l
            LEFT JOIN (SELECT profile_id AS whose, ad_product AS product, part FROM temp.whole) AS w
            ON w.whose = l.profile_id AND w.product = l.product AND w.part = l.part
        )
        SELECT
            {key},
            {_product(table)} AS product,
            CASE
                WHEN before.content IS NULL THEN 'added'
                WHEN now.content IS NULL AND before.removed_at IS NULL AND before.whole THEN 'removed'
                WHEN now.content IS NULL THEN 'gone'
                WHEN now.content <> before.content OR before.removed_at IS NOT NULL THEN 'changed'
                ELSE 'same'
            END AS fate,
            coalesce(now.said <> before.said, false) AS reads_otherwise
        FROM now FULL JOIN before USING ({key})
        """
    )


def _compared(table: EntityTable) -> list[str]:
    """Return SQL for the columns whose change makes a version, as they are compared."""
    types = {column.name: column.type for column in table.columns}
    names = [(quoted(name), types[name]) for name in table.content if name not in table.lasting]
    return [canonical(name) if type_ is ColumnType.JSON else name for name, type_ in names]


def _counts(
    connection: duckdb.DuckDBPyConnection, rejected: Mapping[tuple[int, str], int]
) -> dict[tuple[int, str], dict[str, int]]:
    query = """
        SELECT
            profile_id,
            product,
            count(*) FILTER (fate IN ('added', 'changed', 'same')),
            count(*) FILTER (fate = 'added'),
            count(*) FILTER (fate = 'changed'),
            count(*) FILTER (fate = 'removed')
        FROM temp.fates GROUP BY profile_id, product
    """
    found = {(row[0], row[1]): row[2:] for row in connection.execute(query).fetchall()}
    names = ("rows", "added", "changed", "removed")
    return {
        of: {**dict(zip(names, found.get(of, (0, 0, 0, 0)), strict=True)), "rejected": rejected.get(of, 0)}
        for of in found.keys() | rejected.keys()
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
        INSERT INTO {history} ({names}, raw, unsaid, valid_from)
        SELECT {names}, item, unsaid, ? FROM temp.staged
        SEMI JOIN (SELECT * FROM temp.fates WHERE fate IN ('added', 'changed')) USING ({key})
        """,
        [now],
    )


def _refresh_raw(connection: duckdb.DuckDBPyConnection, table: EntityTable) -> None:
    """Keep the object of an open version as Amazon's list serves it now: what no column holds makes no version.

    Exports say it in other words, and leave it as it is. So does another order of keys.
    """
    history = quoted(table.history)
    key = ", ".join(quoted(name) for name in table.full_key)
    same_key = " AND ".join(f"{history}.{quoted(k)} IS NOT DISTINCT FROM s.{quoted(k)}" for k in table.full_key)
    connection.execute(
        f"""
        UPDATE {history} SET raw = s.item FROM (
            SELECT {key}, item FROM temp.staged
            SEMI JOIN (SELECT * FROM temp.fates WHERE fate = 'same' AND reads_otherwise) USING ({key})
        ) AS s
        WHERE {history}.valid_to IS NULL AND {same_key}
            AND {canonical(f"{history}.raw")} IS DISTINCT FROM {canonical("s.item")}
        """
    )


def _note_lasting(connection: duckdb.DuckDBPyConnection, table: EntityTable) -> None:
    """Fill in what never changes where an open version does not have it yet: its source may have said nothing of it."""
    history = quoted(table.history)
    same_key = " AND ".join(f"{history}.{quoted(k)} IS NOT DISTINCT FROM s.{quoted(k)}" for k in table.full_key)
    for column in map(quoted, table.lasting):
        connection.execute(
            f"""
            UPDATE {history} SET {column} = s.{column} FROM temp.staged AS s
            WHERE {history}.valid_to IS NULL AND {history}.{column} IS NULL AND s.{column} IS NOT NULL AND {same_key}
            """
        )
