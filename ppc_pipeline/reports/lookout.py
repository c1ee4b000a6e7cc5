"""When a report that is being made is worth a look before its turn: as soon as others like it turn out to be made.

Reports that were asked for together mostly become ready together. Here: telling one another. Not here: how often to
look without such news (``pace``), or the look itself (``steps``).
"""

import asyncio
import math
from collections import defaultdict

Kind = tuple[str, str]
"""Reports that may be expected to take Amazon as long as each other: of one account and ad product."""


class Lookout:
    """What the reports of one event loop know of one another."""

    def __init__(self) -> None:
        self._made_at: dict[Kind, float] = {}
        self._news: defaultdict[Kind, asyncio.Event] = defaultdict(asyncio.Event)

    def made(self, kind: Kind, age: float) -> None:
        """Say that a report turned out to be made, so many seconds after it was asked for."""
        if age < self._made_at.get(kind, math.inf):
            self._made_at[kind] = age
            self._news.pop(kind, asyncio.Event()).set()

    async def wait(self, kind: Kind, age: float, seconds: float) -> None:
        """Wait until a report is to be looked at again.

        Args:
            kind: Of the report.
            age: Its seconds since it was asked for, now: it has just been looked at.
            seconds: The wait without news. It is shorter where another of the kind was made at an age that this one has
                not been looked at yet.
        """
        time = asyncio.get_running_loop().time
        began = time()
        while True:
            made_at = self._made_at.get(kind, math.inf)
            due = min(seconds, made_at - age) if made_at > age else seconds
            left = began + due - time()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    await self._news[kind].wait()
            except TimeoutError:
                return
