"""Whether a question takes amounts of several currencies together: judged by what DuckDB reads in its SQL.

Each SELECT is judged by itself. It does so where an aggregate is over a column that is named like an amount, unless
the SELECT groups by what has one currency (``currency_code``, ``profile_id``, ``campaign_id``) or keeps one currency,
profile or thing alone. Not seen: what a view has added before, ``PIVOT``, and amounts that are only compared or sorted.

Not here: which currencies there are, or who is told (``asking``).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

_Tree = dict[str, Any]

_AMOUNT = re.compile(r"cost|sales|spend|budget|bid|cpc|amount|price|revenue|royalties|ecp_")
_NO_AMOUNT = re.compile(r"converted|percent|share|index|type|date|known|out_of")
"""Rates have no currency, and converted amounts have one."""

_OF_ONE_CURRENCY = frozenset(("profile_id", "campaign_id"))
_IDS_OF_SEVERAL = frozenset(("account_id",))

_TOGETHER = re.compile(
    r"(f|kahan_)?sum(_no_overflow|kahan)?|f?avg|mean|median|mad|mode|\w*quantile\w*|min|max|product|list|array_agg"
    r"|stddev\w*|var\w*"
)
"""Aggregates whose result is an amount, or several in one."""

_COUNTS = frozenset(("count", "count_if", "countif", "approx_count_distinct"))

_SELECT = "SELECT_NODE"


def takes_currencies_together(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Say whether one statement does; of what cannot be read more closely, its words say it.

    Raises:
        duckdb.Error: It is no SQL.
    """
    if connection.extract_statements(sql)[0].type == duckdb.StatementType.EXPLAIN:
        return False
    found = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    try:
        tree = json.loads(found[0]) if found else {}
    except RecursionError:
        tree = {}
    if "statements" not in tree:
        words = sql.lower()
        return bool(_AMOUNT.search(words)) and "currency" not in words and "profile_id" not in words
    question = _Question.of(tree)
    return any(question.is_mixed(select) for select in _everything(tree) if select.get("type") == _SELECT)


@dataclass(frozen=True, slots=True)
class _Question:
    """What the whole of a question calls things.

    Attributes:
        amounts: Names that it gives to amounts.
        tellers: Names that it gives to columns that tell currencies apart.
        ctes: Its common table expressions.
    """

    amounts: set[str]
    tellers: set[str]
    ctes: dict[str, _Tree]

    @classmethod
    def of(cls, tree: _Tree) -> "_Question":
        question = cls(set(), set(), {})
        named = [one for one in _everything(tree) if "class" in one and one.get("alias")]
        size = -1
        while size != (size := len(question.amounts) + len(question.tellers)):  # a name may be of a name
            for one in named:
                if question._has_amount(one):
                    question.amounts.add(one["alias"].lower())
                if question._tells(one):
                    question.tellers.add(one["alias"].lower())
        for one in _everything(tree):
            if isinstance(query := one.get("value"), dict) and "query" in query:
                question.ctes[one["key"].lower()] = query["query"]["node"]
        return question

    def is_mixed(self, select: _Tree) -> bool:
        """Say whether a SELECT takes amounts together that it does not tell apart."""
        tables = frozenset(_tables(select["from_table"]))
        together = [one for one in _within([*select.values()], _is_apart) if self._takes_amounts(one, tables)]
        if not together or self._keeps_one(select, self.ctes):
            return False
        grouped = self._groups_tell(select)
        return any(not self._tells_any(one["partitions"]) if "partitions" in one else not grouped for one in together)

    def _takes_amounts(self, call: _Tree, tables: frozenset[str]) -> bool:
        if call.get("type") not in ("FUNCTION", "WINDOW_AGGREGATE") or not _TOGETHER.fullmatch(call["function_name"]):
            return False
        condition = call.get("filter") or call.get("filter_expr")
        if condition and self._is_of_one(condition, tables):
            return False
        inside = {name for one in _within(call["children"], _is_apart) for name in _named(one)}
        if "rate" in inside or any(map(self._is_teller, inside)):  # converted there, or of one currency by a CASE
            return False
        return any(map(self._has_amount, call["children"])) or self._is_amount(call.get("schema") or "")

    def _has_amount(self, expression: _Tree) -> bool:
        """Say whether an expression may be an amount: not where it counts or compares them."""
        return any(
            self._is_amount(name)
            for one in _within(expression, _is_no_amount)
            for name in (*_named(one), *_starred(one))
        )

    def _is_amount(self, name: str) -> bool:
        return name in self.amounts or bool(_AMOUNT.search(name) and not _NO_AMOUNT.search(name))

    def _is_teller(self, name: str) -> bool:
        return name in _OF_ONE_CURRENCY | self.tellers or ("currency" in name and "converted" not in name)

    def _tells(self, expression: _Tree) -> bool:
        if expression["type"] == "OPERATOR_CAST":
            return self._tells(expression["child"])
        if expression["type"] == "OPERATOR_COALESCE":
            return self._tells_any(expression["children"])
        return any(map(self._is_teller, _named(expression)))

    def _tells_any(self, expressions: list[_Tree]) -> bool:
        return any(map(self._tells, expressions))

    def _groups_tell(self, select: _Tree) -> bool:
        selected = select["select_list"]
        if select["aggregate_handling"] == "FORCE_AGGREGATES":  # GROUP BY ALL
            return self._tells_any(selected)
        groups = [_in_place(group, selected) for group in select["group_expressions"]]
        sets = select["group_sets"]
        return bool(sets) and all(self._tells_any([groups[number] for number in one]) for one in sets)

    def _keeps_one(self, select: _Tree, ctes: Mapping[str, _Tree]) -> bool:
        """Say whether the rows of a SELECT are all of one currency: it says so, or reads from one that does."""
        source = select["from_table"]
        tables = frozenset(_tables(source))
        conditions = [select["where_clause"], *_inner_conditions(source)]
        if any(self._is_of_one(condition, tables) for condition in conditions if condition):
            return True
        while source["type"] == "JOIN":
            source = source["left"]
        name = source.get("table_name", "").lower()
        inner = source["subquery"]["node"] if source["type"] == "SUBQUERY" else ctes.get(name)
        if inner is None or inner["type"] != _SELECT:
            return False
        return self._keeps_one(inner, {key: value for key, value in ctes.items() if key != name})

    def _is_of_one(self, condition: _Tree, tables: frozenset[str]) -> bool:
        match condition["type"]:
            case "CONJUNCTION_AND":
                return any(self._is_of_one(one, tables) for one in condition["children"])
            case "COMPARE_EQUAL":
                sides = [condition["left"], condition["right"]]
            case "COMPARE_IN":
                sides = condition["children"]
            case _:
                return False
        return len(sides) == 2 and any(
            self._names_one(one) and _is_value(other, tables) for one, other in (sides, sides[::-1])
        )

    def _names_one(self, expression: _Tree) -> bool:
        """Say whether a value of a column means one currency."""
        if expression["type"] == "OPERATOR_CAST":
            return self._names_one(expression["child"])
        name = next(iter(_named(expression)), "")
        is_id = name.endswith("_id") and name not in _IDS_OF_SEVERAL
        return is_id or name == "country_code" or self._is_teller(name)


def _named(expression: _Tree) -> list[str]:
    """Return the name of a column."""
    return [expression["column_names"][-1].lower()] if expression.get("type") == "COLUMN_REF" else []


def _starred(expression: _Tree) -> list[str]:
    """Return what ``COLUMNS`` says of names; of all columns, some are amounts."""
    if expression.get("type") != "STAR":
        return []
    values = (one["value"]["value"] for one in _everything(expression["expr"]) if one.get("type") == "VALUE_CONSTANT")
    return [str(value).lower() for value in values] if expression["expr"] else ["amount"]


def _is_value(expression: _Tree, tables: frozenset[str]) -> bool:
    """Say whether an expression is the same for all rows of some tables: it names no column of theirs."""
    own = [one["column_names"] for one in _within(expression, _is_apart) if one.get("type") == "COLUMN_REF"]
    every = [one["column_names"] for one in _everything(expression) if one.get("type") == "COLUMN_REF"]
    return all(len(names) > 1 for names in own) and not any(names[0].lower() in tables for names in every if names[1:])


def _in_place(group: _Tree, selected: list[_Tree]) -> _Tree:
    """Return what is grouped by: ``GROUP BY 1`` is by the first column."""
    place = group["value"].get("value") if group["type"] == "VALUE_CONSTANT" else None
    return selected[place - 1] if isinstance(place, int) and 0 < place <= len(selected) else group


def _tables(source: _Tree) -> Iterator[str]:
    if source["type"] == "JOIN":
        yield from _tables(source["left"])
        yield from _tables(source["right"])
    else:
        yield (source.get("alias") or source.get("table_name") or "").lower()


def _inner_conditions(source: _Tree) -> Iterator[_Tree]:
    """Yield what every row of a join is asked for."""
    while source["type"] == "JOIN":
        if source["join_type"] == "INNER" and source["condition"]:
            yield source["condition"]
        source = source["left"]


def _is_apart(tree: _Tree) -> bool:
    """Say whether something is judged by itself, or not at all."""
    return tree.get("type") in (_SELECT, "PIVOT")


def _is_no_amount(tree: _Tree) -> bool:
    """Say whether amounts in an expression make none of it: they are compared or counted."""
    return str(tree.get("type")).startswith(("COMPARE_", "OPERATOR_IS_")) or tree.get("function_name") in _COUNTS


def _everything(tree: Any) -> Iterator[_Tree]:
    return _within(tree, lambda _: False)


def _within(tree: Any, is_left_out: Callable[[_Tree], bool]) -> Iterator[_Tree]:
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict) and not is_left_out(one):
            yield one
            waiting.extend(one.values())
