"""The elements of a JSON array, one by one: for a file that DuckDB does not take, and for the first of any.

Memory is that of the longest element. Here: where an element begins and ends, and what Python makes of it. Not here:
what is wrong with one (``salvage``).
"""

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ppc_pipeline.warehouse.staging import MAX_OBJECT_BYTES

_SPACE = " \t\r\n"


class Number(str):
    """A number as its digits stand in the text: never a float."""


class Pairs(list[tuple[str, Any]]):
    """A JSON object: its keys may come twice."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element of an array.

    Attributes:
        text: Its JSON, in which a byte that is not UTF-8 stands as a lone surrogate (``surrogateescape``).
        value: What it means: ``Pairs``, ``Number``, list, string, boolean or None.
    """

    text: str
    value: Any


_DECODER = json.JSONDecoder(
    object_pairs_hook=Pairs,
    parse_float=Number,
    parse_int=Number,
    parse_constant=Number,
    strict=False,  # control characters in texts are the business of whoever looks at the element
)


def parse(text: str) -> Any:
    """Return what a JSON text means, in the types of ``Element.value``."""
    return _DECODER.decode(text)


def documents(text: str) -> Iterator[Any]:
    """Yield what JSON texts mean that stand one after another.

    Raises:
        ValueError: One of them is no JSON.
    """
    at = _past_space(text, 0)
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        yield value
        at = _past_space(text, at)


def _past_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def elements(chunks: Iterable[bytes]) -> Iterator[Element]:
    """Yield the elements of a JSON array.

    Args:
        chunks: The array's text, in UTF-8.

    Raises:
        ValueError: It is no JSON array, or does not end where it should.
    """
    text = _Text(chunks)
    if text.take() != "[":
        raise ValueError("it does not begin as an array does")
    if text.peek() == "]":
        text.take()
    else:
        yield text.element()
        while (mark := text.take()) == ",":
            yield text.element()
        if mark != "]":
            raise ValueError(f"there is {mark!r} between two of its rows" if mark else "it ends too early")
    if text.peek():
        raise ValueError("there is more after its end")


class _Text:
    """A text that is read on as it is looked at."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        if self.peek() == "\ufeff":
            self._at += 1

    def peek(self) -> str:
        """Return the next character that is no space, or nothing at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._read(1):
                return ""

    def take(self) -> str:
        """Return the next character that is no space, and go on behind it."""
        found = self.peek()
        self._at += len(found)
        return found

    def element(self) -> Element:
        """Return the next element, and go on behind it."""
        self.peek()
        while True:
            seen = len(self._text) - self._at
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if seen > MAX_OBJECT_BYTES or not self._read(seen):  # twice as much each time: it may be a long one
                    raise ValueError(f"a row of it is no JSON, or too long: {error}") from None
                continue
            if end == len(self._text) and self._read(1):  # a number may go on
                continue
            text = self._text[self._at : end]
            self._at = end
            return Element(text, value)

    def _read(self, chars: int) -> bool:
        """Read at least so many characters more, and let go of those behind; say whether there were any."""
        parts, found = [self._text[self._at :]], 0
        for chunk in self._chunks:
            parts.append(self._decoder.decode(chunk))
            found += len(parts[-1])
            if found >= chars:
                break
        else:
            parts.append(self._decoder.decode(b"", final=True))
            found += len(parts[-1])
        self._text, self._at = "".join(parts), 0
        return found > 0
