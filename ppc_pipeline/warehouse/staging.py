"""From JSON text to typed rows: the SQL that casts, and the rules that send a row to quarantine.

A value is cast from its text, never through a float, and a row is rejected when a value does not fit its column, when
a required value is missing, or by the rules a caller adds. Here: expressions. Not here: which files (``loading``,
``entities``).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from ppc_pipeline.warehouse.tables import Column, ColumnType, Words, literal_text, quoted

MAX_OBJECT_BYTES = 16 * 2**20
"""A single row's JSON may not be longer than this."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that rejects a row.

    Attributes:
        broken: SQL over the staged columns that is true for a row to reject.
        reason: SQL text that says why, to a person.
    """

    broken: str
    reason: str


def cast(column: Column, text: str) -> str:
    """Return SQL that casts a text to the column's type, NULL where it does not fit.

    DuckDB's casts take more than they should: ' 1_000 ' for 1000, '12.5' for 13, '0x1F' for 31, '2026/1/5 noon' for a
    date, 'yes' for true, 'nan' for a number. What costs least is looked at first, patterns last: most figures of a
    report are zero.
    """
    match column.type:
        case ColumnType.INTEGER:
            return _whole_number(text)
        case ColumnType.MONEY:
            return f"CASE {_when_zero(text)} WHEN {_is_number(text)} THEN TRY_CAST({text} AS {column.type}) END"
        case ColumnType.RATE:
            finite = f"isfinite(TRY_CAST({text} AS DOUBLE))"
            return f"CASE {_when_zero(text)} WHEN {_is_number(text)} AND {finite} THEN TRY_CAST({text} AS DOUBLE) END"
        case ColumnType.DATE:
            # DuckDB writes a date as Amazon does, and anything else it calls a date ('infinity') is not as long.
            alike = f"TRY_CAST({text} AS DATE)::VARCHAR = {text} AND length({text}) = 10"
            return f"CASE WHEN {alike} THEN TRY_CAST({text} AS DATE) END"
        case ColumnType.MOMENT:
            return _moment(text)
        case ColumnType.BOOLEAN:
            return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"
        case ColumnType.TEXT:
            return text
        case ColumnType.ENUM:
            return _word(text)
        case ColumnType.JSON:
            return f"TRY_CAST({_words_within(column.words, text) if column.words else text} AS JSON)"


def _word(text: str) -> str:
    """Return SQL for a word in UPPER_SNAKE."""
    words = f"regexp_replace({text}, '([a-z0-9])([A-Z])', '\\1_\\2', 'g')"
    return f"CASE WHEN {text} = upper({text}) THEN {text} ELSE upper({words}) END"


def _words_within(words: Words, text: str) -> str:
    """Return SQL for a JSON text, as DuckDB writes it (without spaces), in which one key's words are spelled anew."""
    word = _word("word")
    if words.others:
        cases = " ".join(f"WHEN {literal_text(theirs)} THEN {literal_text(ours)}" for theirs, ours in words.others)
        word = f"CASE word {cases} ELSE {word} END"
    before = f'"{words.key}":"'
    found = f"""list_distinct(regexp_extract_all({text}, '{before}([^"]*)"', 1))"""
    anew = f"""replace(made, '{before}' || word || '"', '{before}' || ({word}) || '"')"""
    # Most texts are spelled as they should be, and looking costs less than writing.
    strange = "[a-z]" if not words.others else ""
    return f"""
        CASE WHEN regexp_matches({text}, '{before}[^"]*{strange}')
        THEN list_reduce({found}, lambda made, word: {anew}, {text}) ELSE {text} END
    """


def _whole_number(text: str) -> str:
    """Return SQL for a whole number: digits, or digits and a point that zeros follow.

    These as long as a double (which is what DuckDB's JSON reader makes of a point) holds them all.
    """
    zero = f"WHEN {text} = '0' THEN 0"
    # What reads the same when it is written again is a whole number: most are, and this is faster than a pattern.
    plain = f"WHEN TRY_CAST({text} AS BIGINT)::VARCHAR = {text} THEN TRY_CAST({text} AS BIGINT)"
    whole = f"WHEN regexp_full_match({text}, '-?[0-9]+') THEN TRY_CAST({text} AS BIGINT)"
    pointed = f"WHEN regexp_full_match({text}, '-?[0-9]{{1,15}}[.]0+') THEN split_part({text}, '.', 1)::BIGINT"
    return f"CASE {zero} {plain} {whole} {pointed} END"


def _moment(text: str) -> str:
    """Return SQL for a moment: ISO 8601, or seconds or milliseconds since 1970, told apart by their size (to 5138)."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    since_1970 = f"to_timestamp({number} / CASE WHEN {number} >= 1e11 THEN 1000 ELSE 1 END)"
    in_time = f"{number} BETWEEN 1e8 AND 1e14"
    iso = "[0-9]{4}-[0-9]{2}-[0-9]{2}T.*(Z|[+-][0-9]{2}:?[0-9]{2})"
    return (
        f"CASE WHEN regexp_full_match({text}, '{iso}') THEN TRY_CAST({text} AS TIMESTAMPTZ) "
        f"WHEN {in_time} AND {_is_number(text)} THEN {since_1970} END"
    )


def _when_zero(text: str) -> str:
    return f"WHEN {text} = '0.0' THEN 0 WHEN {text} = '0' THEN 0"


def _is_number(text: str) -> str:
    return f"regexp_full_match({text}, '-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?')"


def cast_rules(columns: Sequence[Column], raw: Mapping[str, str], required: Sequence[str]) -> list[Rule]:
    """Return the rules every table has: values fit their columns, and required ones are there.

    Args:
        columns: The table's columns.
        raw: Column -> name of the staged column that holds its text.
        required: Columns that must not be NULL.
    """
    rules = []
    for column in columns:
        if column.name not in raw:
            continue
        text, typed = quoted(raw[column.name]), quoted(column.name)
        if column.name in required:
            rules.append(Rule(f"{text} IS NULL", f"'{column.name} is missing'"))
        if column.type not in _ANYTHING_GOES:
            reason = f"'{column.name} is not {_NOUNS[column.type]}: ' || left({text}, 100)"
            rules.append(Rule(f"({text} IS NOT NULL AND {typed} IS NULL)", reason))
    return rules


def any_broken(rules: Sequence[Rule]) -> str:
    """Return SQL that is true where a rule is broken."""
    return "(" + " OR ".join(rule.broken for rule in rules) + ")" if rules else "false"


def first_reason(rules: Sequence[Rule]) -> str:
    """Return SQL for the reason of the first rule that is broken."""
    whens = " ".join(f"WHEN {rule.broken} THEN {rule.reason}" for rule in rules)
    return f"CASE {whens} END" if rules else "NULL"


def literal(path: Path) -> str:
    """Return what DuckDB's readers take for this path and no other: to them ``*``, ``?`` and ``[`` mean several."""
    return re.sub(r"[*?[]", r"[\g<0>]", str(path))


def drop_temporary(connection: DuckDBPyConnection, *tables: str) -> None:
    """Drop temporary tables that an earlier load left in this connection."""
    for table in tables:
        connection.execute(f"DROP TABLE IF EXISTS temp.{quoted(table)}")


# Nothing leans on a moment: an odd one is NULL, and must not cost the row.
_ANYTHING_GOES = (ColumnType.TEXT, ColumnType.ENUM, ColumnType.MOMENT)
_NOUNS = {
    ColumnType.INTEGER: "a whole number",
    ColumnType.MONEY: "an amount",
    ColumnType.RATE: "a number",
    ColumnType.DATE: "a date",
    ColumnType.BOOLEAN: "true or false",
    ColumnType.JSON: "JSON",
}
