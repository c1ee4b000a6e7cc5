"""What kinds of value Amazon Ads serves, and how its names are spelled in the warehouse.

Here: the kinds of a column and the snake-case rule. Not here: which columns a report type has (``report_types``),
nor which SQL type a kind becomes (``warehouse.tables``).
"""

import re
from enum import StrEnum


class Kind(StrEnum):
    """The kind of a value. Money is exact, a rate is Amazon's own rounded quotient and is kept for reference only.

    Amazon's APIs spell the same thing in several ways, and the warehouse in one: an enumeration's word as
    ``NEGATIVE_EXACT`` (some serve ``negativeExact``), a date that some serve as ``20260131``, a moment that comes as
    ISO 8601 or as seconds or milliseconds since 1970. Predicates and placements are JSON with such words in it: arrays
    of ``{"type": "ASIN_SAME_AS", ...}`` and of ``{"placement": "TOP_OF_SEARCH", ...}``.
    """

    INTEGER = "integer"
    MONEY = "money"
    RATE = "rate"
    STRING = "string"
    ENUM = "enum"
    DATE = "date"
    MOMENT = "moment"
    BOOLEAN = "boolean"
    JSON = "json"
    PREDICATES = "predicates"
    PLACEMENTS = "placements"


_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """Spell one of Amazon's names as a column: ``campaignId`` -> ``campaign_id``, ``sales14d`` -> ``sales_14d``."""
    if name.startswith("eCP"):
        return "ecp_" + snake_case(name.removeprefix("eCP"))
    return _WORD_START.sub("_", name).lower()
