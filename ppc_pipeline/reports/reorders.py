"""When a window is ordered again, and when an order that is there stands for it.

Here: the decision, as a pure function. Not here: writing an order down (``ledger``), or what is wanted (``orders``).
"""

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from ppc_pipeline.reports.states import State

if TYPE_CHECKING:  # the ledger asks
    from ppc_pipeline.reports.ledger import ReportRow


KEPT_AT_AMAZON = timedelta(days=1)
"""How long a report that failed on our side is looked for at Amazon; if it is gone there, it is asked for anew."""


class Decision(Enum):
    """What asking for a window means, given what was ordered before."""

    ORDER = auto()
    REUSE = auto()
    RETRY = auto()


def decide(latest: "ReportRow | None", now: datetime, fresh: timedelta, *, archived: bool) -> Decision:
    """Say what asking for a window means.

    A report still on its way is gone on with. One that was ordered less than ``fresh`` ago is not ordered again, so
    that retries cost nothing; if it failed in a way that may pass, the same row is tried again. So is, at any age, one
    that was downloaded and could not be loaded: nothing that was downloaded is downloaded again. And for a day after it
    failed so is one that Amazon has made or is making: nothing that was requested is requested again.

    Args:
        latest: The newest order of the window, if there is one.
        now: This moment.
        fresh: An order younger than this is not repeated.
        archived: Whether the newest order's raw file is in the archive.
    """
    if latest is None:
        return Decision.ORDER
    if latest.outstanding:
        return Decision.REUSE
    failed = latest.state is State.FAILED and bool(latest.retryable)
    if now - latest.ordered_at >= fresh:
        at_amazon = latest.report_id is not None and now - latest.updated_at < KEPT_AT_AMAZON
        return Decision.RETRY if failed and (archived or at_amazon) else Decision.ORDER
    return Decision.RETRY if failed else Decision.REUSE
