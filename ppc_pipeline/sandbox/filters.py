"""The filters of the entity lists.

Here: how a filter in a request's body or query becomes a test of an object, and how Amazon refuses one that is
malformed. Not here: which list knows which filters, or paging (``lists``, ``arrays``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ppc_pipeline.sandbox.errors import ApiError, argument_error

Json = dict[str, Any]
Test = Callable[[Json], bool]

_STATES = ("ENABLED", "PAUSED", "PROPOSED", "ARCHIVED", "ENABLING", "USER_DELETED", "OTHER")
_TERM_MATCHES = ("BROAD_MATCH", "EXACT_MATCH")


def malformed(location: str, message: str) -> ApiError:
    """Return the answer to a value of the wrong form."""
    return argument_error("malformedValueError", "PATTERN_NOT_MATCHED", message, location)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of a list.

    Attributes:
        field: The field of the object it looks at.
        most: How many values it takes.
        allowed: The values it takes; none named allows all.
        text: Whether it compares texts, by substring unless told to match exactly.
        bare: Whether the values stand in the body without ``include`` around them.
    """

    field: str
    most: int
    allowed: tuple[str, ...] = ()
    text: bool = False
    bare: bool = False

    def test(self, name: str, value: Any) -> Test:
        """Return the test of an object that a filter value asks for.

        Raises:
            ApiError: The value is not one that Amazon takes.
        """
        location = f"$.{name}" if self.bare else f"$.{name}.include"
        asked = self._values(location, value if self.bare else _included(name, value))
        if self.text and _term_match(name, value) == "BROAD_MATCH":
            wanted = [text.casefold() for text in asked]
            return lambda shown: any(text in word.casefold() for text in wanted for word in self._found(shown))
        accepted = frozenset(asked)
        return lambda shown: not accepted.isdisjoint(self._found(shown))

    def _values(self, location: str, values: Any) -> list[str]:
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise malformed(location, "a list of strings is expected")
        if len(values) > self.most:
            message = f"at most {self.most} values are allowed"
            raise argument_error("rangeError", "TOO_HIGH", message, location, upperLimit=str(self.most))
        if self.allowed and (wrong := [value for value in values if value not in self.allowed]):
            message, allowed = f"{wrong[0]} is not an allowed value", list(self.allowed)
            raise argument_error(
                "rangeError", "INVALID_ENUM_VALUE", message, location, trigger=wrong[0], allowed=allowed
            )
        return values

    def _found(self, shown: Json) -> list[str]:
        """Return what an object has in the field: of expressions, the ASINs in them."""
        found = shown.get(self.field)
        if isinstance(found, list):
            return [part["value"] for part in found if part["type"].startswith("ASIN_") and "value" in part]
        return [] if found is None else [str(found)]


STATES = Filter("state", 10, allowed=_STATES)
ASINS = Filter("expression", 100, text=True)


def _included(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        raise malformed(f"$.{name}", "an object with include is expected")
    return value.get("include", [])


def _term_match(name: str, value: Any) -> str:
    match = value.get("queryTermMatchType", "EXACT_MATCH")
    if match not in _TERM_MATCHES:
        message, allowed = f"{match} is not an allowed value", list(_TERM_MATCHES)
        location = f"$.{name}.queryTermMatchType"
        raise argument_error("rangeError", "INVALID_ENUM_VALUE", message, location, trigger=match, allowed=allowed)
    return str(match)
