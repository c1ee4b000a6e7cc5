"""Where a column's value stands in an item's JSON and how it is spelled there: declarations, and the SQL they become.

A source may spell things otherwise than the table (``SALES_DOWN_ONLY`` for ``LEGACY_FOR_SALES``), put them together
otherwise (fields instead of an expression), or say nothing of a column at all. So each declaration becomes two
expressions: the text of the value, and whether it is unsaid, in which case the open version's value stays.
Here: expressions over ``item``. Not here: which source says what (the callers), or casting the text (``staging``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and its parameters, in order."""

    text: str
    parameters: tuple[object, ...] = ()


class Value(Protocol):
    """How a source gives a column's value."""

    def text(self) -> Sql:
        """Return SQL for the value as text; NULL where there is none."""
        ...

    def unsaid(self) -> Sql:
        """Return SQL that is true where the source says nothing of it."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on an item: a path holds one of some words.

    Attributes:
        path: The path.
        words: The words; none of them means that the path holds anything at all.
        holds: False turns the condition round.
    """

    path: str
    words: tuple[str, ...] = ()
    holds: bool = True

    def sql(self) -> Sql:
        """Return the condition."""
        sign = "" if self.holds else "NOT "
        if not self.words:
            return Sql(f"({sign}json_extract_string(item, ?) IS NOT NULL)", (self.path,))
        found = "coalesce(list_contains(?::VARCHAR[], json_extract_string(item, ?)), false)"
        return Sql(f"({sign}{found})", (list(self.words), self.path))


@dataclass(frozen=True, slots=True)
class At:
    """The text at a JSON path.

    Attributes:
        path: The path.
        beside: Another path, for where there is nothing at the first.
        words: What the source says -> what the table says. Other words stay as they are, or become ``other``.
        other: What all other words become.
        absent: What it means that there is nothing.
        within: A path that must be there for absence to mean something.
        sparing: Whether the source leaves out what the table may have.
    """

    path: str
    beside: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    other: str | None = None
    absent: str | None = None
    within: str | None = None
    sparing: bool = False

    def text(self) -> Sql:
        """Return SQL for the value as text."""
        spelled = _spelled(self._found(), self.words, self.other)
        if self.absent is None:
            return spelled
        return Sql(f"coalesce({spelled.text}, ?)", (*spelled.parameters, self.absent))

    def unsaid(self) -> Sql:
        """Return SQL that is true where the source says nothing of it."""
        if self.within is not None:
            return Sql("(NOT json_exists(item, ?))", (self.within,))
        found = self._found()
        return Sql(f"({found.text} IS NULL)", found.parameters) if self.sparing else Sql("false")

    def _found(self) -> Sql:
        if self.beside is None:
            return _text_at("item", self.path)
        return Sql("coalesce(json_extract_string(item, ?), json_extract_string(item, ?))", (self.path, self.beside))


@dataclass(frozen=True, slots=True)
class Clause:
    """One predicate of a targeting expression, ``{"type": ..., "value": ...}``, put together from fields.

    Attributes:
        given: When there is this predicate.
        kind: Its type; or the types by the words at ``kind_path``: with any other word it cannot be put together.
        kind_path: Where the word for its type stands.
        value: The path of its value; None for predicates without one.
        sure: Whether the table spells the value alike; if not it cannot be put together.
    """

    given: Condition
    kind: str | Mapping[str, str]
    kind_path: str = ""
    value: str | None = None
    sure: bool = True

    def sql(self) -> Sql:
        """Return the predicate as JSON text; NULL where there is none, or it cannot be put together."""
        if not self.sure:
            return Sql("NULL::VARCHAR")
        given, kind = self.given.sql(), self._type()
        if self.value is None:
            needed, made = f"{kind.text} IS NOT NULL", f"json_object('type', {kind.text})"
            parameters = (*kind.parameters, *kind.parameters)
        else:
            needed = f"{kind.text} IS NOT NULL AND json_extract_string(item, ?) IS NOT NULL"
            made = f"json_object('type', {kind.text}, 'value', json_extract_string(item, ?))"
            parameters = (*kind.parameters, self.value, *kind.parameters, self.value)
        return Sql(f"CASE WHEN {given.text} AND {needed} THEN {made}::VARCHAR END", (*given.parameters, *parameters))

    def _type(self) -> Sql:
        if isinstance(self.kind, str):
            return Sql("?::VARCHAR", (self.kind,))
        if not self.kind:
            return Sql("NULL::VARCHAR")
        cases = " ".join("WHEN ? THEN ?" for _ in self.kind)
        return Sql(
            f"(CASE json_extract_string(item, ?) {cases} END)",
            (self.kind_path, *(text for pair in self.kind.items() for text in pair)),
        )


@dataclass(frozen=True, slots=True)
class Clauses:
    """A targeting expression: a JSON array of the predicates there are.

    Where one of them cannot be put together the whole expression is unsaid: half of it would be another one.
    """

    clauses: tuple[Clause, ...]

    def text(self) -> Sql:
        """Return SQL for the array."""
        unsaid, made = self.unsaid(), [clause.sql() for clause in self.clauses]
        array = f"[{', '.join(one.text for one in made)}]"
        return Sql(
            f"CASE WHEN NOT {unsaid.text} THEN '[' || array_to_string({array}, ',') || ']' END",
            (*unsaid.parameters, *_parameters(made)),
        )

    def unsaid(self) -> Sql:
        """Return SQL that is true where a predicate cannot be put together, or there is none."""
        given, made = [clause.given.sql() for clause in self.clauses], [clause.sql() for clause in self.clauses]
        known = " AND ".join(
            f"{one.text} = ({clause.text} IS NOT NULL)" for one, clause in zip(given, made, strict=True)
        )
        some = " OR ".join(one.text for one in given)
        pairs = [one for pair in zip(given, made, strict=True) for one in pair]
        return Sql(f"(NOT (({known}) AND ({some})))", (*_parameters(pairs), *_parameters(given)))


@dataclass(frozen=True, slots=True)
class Objects:
    """A JSON array of flat objects, of which some fields are taken.

    Attributes:
        path: Of the array.
        beside: Another path, for where there is nothing at the first.
        fields: The objects' fields.
        within: A path that must be there for absence to mean that there are none.
    """

    path: str
    beside: str
    fields: tuple[str, ...]
    within: str

    def text(self) -> Sql:
        """Return SQL for the array."""
        parts = [Sql(f"'{name}', json_extract(one, ?)", (f"$.{name}",)) for name in self.fields]
        made = f"json_object({', '.join(part.text for part in parts)})"
        array = "CASE WHEN json_exists(item, ?) THEN json_extract(item, ?) ELSE json_extract(item, ?) END"
        return Sql(
            f"to_json(list_transform({array}, lambda one: {made}))::VARCHAR",
            (self.path, f"{self.path}[*]", f"{self.beside}[*]", *_parameters(parts)),
        )

    def unsaid(self) -> Sql:
        """Return SQL that is true where the source says nothing of it."""
        return Sql("(NOT json_exists(item, ?))", (self.within,))


@dataclass(frozen=True, slots=True)
class Pairs:
    """A JSON object that is given as an array of ``{"key": ..., "value": ...}``."""

    path: str

    def text(self) -> Sql:
        """Return SQL for the object; NULL where a key comes twice."""
        pair = "{'k': json_extract_string(one, '$.key'), 'v': json_extract_string(one, '$.value')}"
        pairs = f"list_transform(json_extract(item, ?), lambda one: {pair})"
        return Sql(f"TRY(to_json(map_from_entries({pairs}))::VARCHAR)", (f"{self.path}[*]",))

    def unsaid(self) -> Sql:
        """Return SQL that is true where the source says nothing of it."""
        text = self.text()
        return Sql(f"(NOT json_exists(item, ?) OR {text.text} IS NULL)", (self.path, *text.parameters))


@dataclass(frozen=True, slots=True)
class Picked:
    """A field of the first object of a JSON array in which another field holds a word; unsaid where there is none."""

    path: str
    where: str
    word: str
    field: str

    def text(self) -> Sql:
        """Return SQL for the value as text."""
        found = "list_filter(json_extract(item, ?), lambda one: json_extract_string(one, ?) = ?)[1]"
        return Sql(
            f"json_extract_string({found}, ?)",
            (f"{self.path}[*]", f"$.{self.where}", self.word, f"$.{self.field}"),
        )

    def unsaid(self) -> Sql:
        """Return SQL that is true where the source says nothing of it."""
        text = self.text()
        return Sql(f"({text.text} IS NULL)", text.parameters)


@dataclass(frozen=True, slots=True)
class PickedAll:
    """A field of every object of a JSON array in which another field holds a word; unsaid where there is none."""

    path: str
    where: str
    word: str
    field: str

    def text(self) -> Sql:
        """Return SQL for the array of the values."""
        found = "list_filter(json_extract(item, ?), lambda one: json_extract_string(one, ?) = ?)"
        return Sql(
            f"nullif(to_json(list_transform({found}, lambda one: json_extract(one, ?)))::VARCHAR, '[]')",
            (f"{self.path}[*]", f"$.{self.where}", self.word, f"$.{self.field}"),
        )

    def unsaid(self) -> Sql:
        """Return SQL that is true where the source says nothing of it."""
        text = self.text()
        return Sql(f"({text.text} IS NULL)", text.parameters)


def canonical(column: str) -> str:
    """Return SQL for a JSON column in which neither the order of keys nor that of an array makes a difference.

    Nothing, an empty array and an empty object are the same. Keys are looked at in an object and in the objects of an
    array, no deeper: that is as deep as anything goes that two sources may give in another order.
    """
    flat = "CASE json_type({0}) WHEN 'OBJECT' THEN list_sort(map_entries({0}::MAP(VARCHAR, VARCHAR)))::VARCHAR END"
    each = f"coalesce({flat.format('one')}, one::VARCHAR)"
    array = f"list_sort(list_transform(json_extract({column}, '$[*]'), lambda one: {each}))::VARCHAR"
    known = f"CASE json_type({column}) WHEN 'ARRAY' THEN {array} ELSE {flat.format(column)} END"
    return f"nullif(coalesce(TRY({known}), {column}::VARCHAR), '[]')"


def _text_at(where: str, path: str) -> Sql:
    return Sql(f"json_extract_string({where}, ?)", (path,))


def _spelled(found: Sql, words: Mapping[str, str], other: str | None) -> Sql:
    if not words:
        return found
    cases = " ".join("WHEN ? THEN ?" for _ in words)
    parameters = (*found.parameters, *(text for pair in words.items() for text in pair))
    if other is None:
        return Sql(f"(CASE {found.text} {cases} ELSE {found.text} END)", (*parameters, *found.parameters))
    known = f"CASE {found.text} {cases} ELSE ? END"
    return Sql(f"(CASE WHEN {found.text} IS NOT NULL THEN {known} END)", (*found.parameters, *parameters, other))


def _parameters(pieces: Iterable[Sql]) -> tuple[object, ...]:
    return tuple(parameter for piece in pieces for parameter in piece.parameters)
