"""Why a campaign cost more than it sold: its ACoS taken apart into what a click costs, how many buy, and for how much.

ACoS = cost per click / (conversion rate x sales per order): a change of it is the product of the three changes.
"""

from decimal import Decimal

from ppc_pipeline.weekly.figures import Sums, change_percent, over
from ppc_pipeline.weekly.formats import change, count, percent


def why_it_lost(now: Sums, before: Sums | None) -> str:
    """Say why a campaign whose cost exceeds its sales does so.

    Args:
        now: Its figures of the week.
        before: Those of the week before; None where the two cannot be compared.
    """
    acos = now.value("acos_percent")
    if acos is None:
        sold = " The week before they brought sales." if before and before.sales else ""
        return f"{count(now.clicks)} clicks and no sale.{sold}"
    was = before.value("acos_percent") if before else None
    if before is None or was is None:
        return "There is no ACoS of the week before to compare with."
    if percent(acos) == percent(was):
        return f"ACoS was {percent(was)} the week before, too."
    if acos < was:
        return f"ACoS fell from {percent(was)}, and is still above 100 %."
    return f"ACoS rose from {percent(was)}{_drivers(now, before)}."


def _drivers(now: Sums, before: Sums) -> str:
    """Name the three changes, and the one that did most to raise the ACoS."""
    changes = {
        "cost per click": _factor(now.value("cpc"), before.value("cpc")),
        "conversion rate": _factor(now.value("cvr_percent"), before.value("cvr_percent")),
        "sales per order": _factor(_per_order(now), _per_order(before)),
    }
    known = {name: factor for name, factor in changes.items() if factor}
    if len(known) < len(changes):
        return ""
    raised = {name: factor if name == "cost per click" else 1 / factor for name, factor in known.items()}
    named = ", ".join(f"{name} {change(change_percent(factor, Decimal(1)))}" for name, factor in known.items())
    return f": {named}. Mostly the {max(raised, key=lambda name: raised[name])}"


def _per_order(sums: Sums) -> Decimal | None:
    return over(sums.value("sales"), sums.value("purchases"))


def _factor(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return over(now, before)
