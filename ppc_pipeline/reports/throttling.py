"""The cool-down all processes share: a 429 seen by one of them holds back the same calls of every other.

Here: the ledger's side of ``amazon_ads.throttle.Throttle``. Not here: how long to wait after how many strikes, which
is the client's rule.
"""

import logging
import random
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError

from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.throttle import cooldown_seconds
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.schema import cooldowns, insert_into
from ppc_pipeline.reports.usage import add_usage

log = logging.getLogger(__name__)

_UNTIL = select(cooldowns.c.until).where(  # made once: it is asked before every call
    cooldowns.c.strikes > 0, *(cooldowns.c[name] == bindparam(name) for name in ("account", "region", "ad_product"))
)


class LedgerThrottle:
    """The cool-down of one account in one region, by ad product. Implements ``amazon_ads.throttle.Throttle``."""

    def __init__(self, ledger: Ledger, account: str, region: Region) -> None:
        self._ledger = ledger
        self._account = account
        self._region = region
        self._rng = random.Random()  # noqa: S311 - jitter, not a secret
        self._struck: set[str] = set()

    async def wait_seconds(self, ad_product: str) -> float:
        """Return the seconds until calls of an ad product may be sent again."""
        scope = {"account": self._account, "region": self._region.value, "ad_product": ad_product}
        with self._ledger.engine.connect() as connection:
            until: datetime | None = connection.scalar(_UNTIL, scope)
        if until is None:
            return 0.0
        self._struck.add(ad_product)
        return max(0.0, (until - self._ledger.clock()).total_seconds())

    async def hit(self, ad_product: str, retry_after: float | None) -> float:
        """Write a 429 down and return the seconds to cool down."""
        now = self._ledger.clock()
        self._struck.add(ad_product)
        key = {"account": self._account, "region": self._region.value, "ad_product": ad_product}
        with self._ledger.transaction() as connection:
            before = self._standing(connection, key, now)
            cooling = before["until"] > now
            # Calls that were under way together are refused together: one strike.
            strikes = before["strikes"] + (not cooling)
            asked = not cooling or retry_after is not None
            seconds = cooldown_seconds(strikes, retry_after, self._rng) if asked else 0.0
            until: datetime = max(before["until"], now + timedelta(seconds=seconds))
            more = (until - max(now, before["until"])).total_seconds()
            connection.execute(update(cooldowns).where(self._scope(ad_product)).values(strikes=strikes, until=until))
            add_usage(connection, {"day": now.date(), **key}, {"seconds_cooled": more})
        return (until - now).total_seconds()

    def _standing(self, connection: Connection, key: dict[str, str], now: datetime) -> RowMapping:
        """Return how the cool-down stands, nobody else changing it until the transaction is over."""
        first = insert_into(connection, cooldowns).values(**key, strikes=0, until=now)
        connection.execute(first.on_conflict_do_nothing())
        query = select(cooldowns).where(self._scope(key["ad_product"])).with_for_update()
        return connection.execute(query).mappings().one()

    async def ok(self, ad_product: str) -> None:
        """Forget the strikes: a call went through."""
        if ad_product not in self._struck:
            return
        over = cooldowns.c.until < self._ledger.clock()
        try:
            with self._ledger.transaction() as connection:
                connection.execute(update(cooldowns).where(self._scope(ad_product), over).values(strikes=0))
        except SQLAlchemyError:  # what Amazon has answered must not be lost to that: the next call says the same
            log.warning("that calls of %r go through again could not be written down", self._account, exc_info=True)
        else:
            self._struck.discard(ad_product)

    def _scope(self, ad_product: str) -> ColumnElement[bool]:
        return (
            (cooldowns.c.account == self._account)
            & (cooldowns.c.region == self._region.value)
            & (cooldowns.c.ad_product == ad_product)
        )
