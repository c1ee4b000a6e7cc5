"""What the lists of Sponsored Brands v3 and Sponsored Display spell alike: camel case, and expressions.

Not here: the objects (``entities_brands``, ``entities_display``).
"""

from typing import Any

from ppc_pipeline.sandbox.world import Expression

CREATED_EPOCH = 1_641_196_800_000
"""When every entity was made and last changed, in milliseconds: the moment that ``entities`` spells as text."""


def camel(name: str) -> str:
    """Spell a name as these lists do: ``ASIN_SAME_AS`` -> ``asinSameAs``."""
    first, *others = name.lower().split("_")
    return first + "".join(map(str.capitalize, others))


def expression_parts(expression: Expression, *, resolved: bool) -> dict[str, Any]:
    """Return an expression as JSON, with its value as Amazon stores it or as people read it."""
    shown: dict[str, Any] = {"type": camel(expression.type)}
    value = expression.resolved if resolved else expression.value
    if expression.parts:
        shown["value"] = [expression_parts(part, resolved=resolved) for part in expression.parts]
    elif value is not None:
        shown["value"] = value
    return shown
