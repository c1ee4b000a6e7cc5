"""Lives of reports with Amazon in memory and virtual time: hours of waiting pass in no time."""

from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.reports import states
from ppc_pipeline.reports.archive import Archive
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.lifecycle import Lifecycle
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.reports.throttling import LedgerThrottle
from ppc_pipeline_tests.fakes import FakeReporting, client_of

HOURS_4 = timedelta(hours=4)


class World:
    """A ledger, an archive and an Amazon that live by the loop's virtual time."""

    def __init__(self, folder, loop):
        self.folder = folder
        self.clock = loop.clock
        self.forward = lambda **delta: loop.jump(timedelta(**delta).total_seconds())
        self.ledger = Ledger.open(f"sqlite:///{folder}/ledger.db", self.clock)
        self.roster = Roster(self.ledger)
        self.archive = Archive(folder / "raw")
        self.amazon = FakeReporting(self.clock)
        self.told = []
        self.loaded = []

    def load(self, rows):
        self.loaded += [row.id for row in rows]
        return {row.id: states.Loaded(1, 0) for row in rows}

    @asynccontextmanager
    async def life(self, *accounts, pace=None):
        clients = {}
        async with AsyncExitStack() as stack:
            for account in accounts or ("acme",):
                throttle = LedgerThrottle(self.ledger, account, Region.NA)
                clients[account] = await stack.enter_async_context(client_of(self.amazon, account, throttle=throttle))
            told = self.told
            yield Lifecycle(
                self.ledger, self.roster, clients, self.archive, pace=pace, progress=lambda *now: told.append(now)
            )

    async def see_through(self, rows, load=None, *, deadline=HOURS_4, accounts=(), pace=None):
        async with self.life(*accounts, pace=pace) as life:
            return await life.see_through(rows, load or self.load, deadline=deadline)

    async def ask_and_poll(self, rows=None, *, seconds=60.0, pace=None):
        async with self.life(pace=pace) as life:
            await life.ask_and_poll(self.ledger.outstanding() if rows is None else rows, seconds=seconds)

    async def fetch(self, rows=None, load=None):
        async with self.life() as life:
            return await life.fetch(self.ledger.outstanding() if rows is None else rows, load or self.load)

    def now(self, row):
        return self.ledger.rows([row.id])[0]
