r"""Report files that DuckDB does not take as they are, written anew so that it takes them, row by row.

DuckDB reads nothing of a file in which a single text is not Unicode (a lone surrogate, bytes that are not UTF-8, a
control character), a row is no object, or a key comes twice; and of a number with a point it keeps what a double holds.
Here such a file becomes an array of as many objects: the values of the table's columns as texts, to the last digit,
the row as Amazon sent it, and, where DuckDB would have stumbled, why. That goes through Python objects and is
slow; it is done for such files alone. Not here: when it is done, and where the rows go from there (``stages``).
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ppc_pipeline.warehouse.elements import Element, Number, Pairs, elements, parse
from ppc_pipeline.warehouse.pieces import Unzipped
from ppc_pipeline.warehouse.report_files import UnreadableFileError
from ppc_pipeline.warehouse.tables import ReportTable

RAW = "as sent"
"""The key of a row as Amazon sent it: no column of Amazon's has a space in its name."""

REASON = "what is wrong"
"""The key of the reason why a row is to be rejected whatever its values are."""

_SUSPECT = re.compile(r"\\u[dD][89a-fA-F]|[\udc80-\udcff\x00-\x1f]")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
# In a JSON text: a pair of surrogates, one without its other half, another escape, a byte that is not UTF-8 as
# ``surrogateescape`` reads it, a control character.
_PARTS = re.compile(
    r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.|([\udc80-\udcff])|([\x00-\x1f])", re.DOTALL
)
_MOST_EXPONENT = 30


@dataclass(frozen=True, slots=True)
class Salvaged:
    """A report file that was written anew.

    Attributes:
        path: Where: not zipped, an object for each row, in their order.
        rows: How many there are.
        longest: How many bytes the longest row takes, and a little more.
    """

    path: Path
    rows: int
    longest: int


def salvage(file: Unzipped, table: ReportTable, out: Path) -> Salvaged:
    """Write a report file anew.

    Raises:
        ValueError: It is no JSON array, or does not end where it should.
        UnreadableFileError: It is not one whole gzip stream, or has rows of which none is an object.
    """
    rows = objects = longest = 0
    sources = frozenset(column.source for column in table.columns)
    with out.open("w", encoding="ascii") as cleaned:
        for element in elements(file):
            row = json.dumps(_cleaned(element, sources))
            cleaned.write(f"{',' if rows else '['}{row}\n")
            rows += 1
            objects += isinstance(element.value, Pairs)
            longest = max(longest, len(row) + 2)
        cleaned.write("]" if rows else "[]")
    if rows and not objects:
        raise UnreadableFileError(f"none of its {rows} rows is a JSON object")
    return Salvaged(out, rows, longest)


def _cleaned(element: Element, sources: Collection[str]) -> dict[str, str | None]:
    raw, strange = escaped(element.text)
    value = parse(raw) if strange else element.value
    if value is None:  # DuckDB takes null for a row without anything
        return {RAW: raw}
    if not isinstance(value, Pairs):
        return {RAW: raw, REASON: f"the row is not a JSON object: {raw[:100]}"}
    keys = [key for key, _ in value if key in sources]
    cleaned = {key: _text(each) for key, each in reversed(value) if key in sources}
    twice = sorted({key for key in keys if keys.count(key) > 1}) if len(cleaned) < len(keys) else []
    reason = f"a text in it is not Unicode: {strange}" if strange else ""
    reason = reason or (f"a key comes twice: {', '.join(twice)}" if twice else "")
    return {**cleaned, RAW: raw, REASON: reason or None}


def escaped(text: str) -> tuple[str, str]:
    r"""Return a JSON text in which what no text can hold is spelled out, and the first of it.

    A lone surrogate becomes ``\ud83d``, a byte ``\xff``, as characters that can be read.
    """
    if not _SUSPECT.search(text):
        return text, ""
    found: list[str] = []

    def spelled(part: re.Match[str]) -> str:
        lone, byte, control = part.groups()
        if lone:
            found.append(lone)
            return f"\\{lone}"
        if byte:
            found.append(f"\\x{ord(byte) - 0xDC00:02x}")
            return f"\\{found[-1]}"
        if control:
            found.append(f"\\u{ord(control):04x}")
            return found[-1]
        return part[0]

    escaped = _TEXT.sub(lambda string: _PARTS.sub(spelled, string[0]), text)
    return escaped, found[0] if found else ""


def _text(value: Any) -> str | None:
    """Return a value as DuckDB's reader gives it to a column of text, but with every digit."""
    if value is None:
        return None
    if isinstance(value, Number):
        return _without_exponent(value)
    return value if isinstance(value, str) else as_json(value)


def _without_exponent(number: str) -> str:
    if "e" not in number.lower() or abs((exact := Decimal(number)).adjusted()) > _MOST_EXPONENT:
        return str(number)
    return format(exact, "f")


def as_json(value: Any) -> str:
    """Return the JSON of what ``elements.parse`` made of one, with every digit."""
    if isinstance(value, Pairs):
        return "{" + ",".join(f"{json.dumps(key)}:{as_json(each)}" for key, each in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    return str(value) if isinstance(value, Number) else json.dumps(value)
