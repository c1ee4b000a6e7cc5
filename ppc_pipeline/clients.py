"""Whom we talk to: a client for each account, and the sandbox where no account is configured.

Here: from settings to clients. Not here: what is asked of them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import lru_cache
from pathlib import Path

import httpx
from pydantic import SecretStr
from starlette.applications import Starlette

from ppc_pipeline.amazon_ads.auth import Credentials
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.throttling import LedgerThrottle
from ppc_pipeline.reports.usage import LedgerMeter
from ppc_pipeline.sandbox import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_REFRESH_TOKEN,
    SandboxOptions,
    create_app,
)
from ppc_pipeline.settings import SANDBOX_ACCOUNT, Account, Settings, load_accounts

SANDBOX_WARNING = (
    "no Amazon Ads account is configured: these are the sandbox's made-up figures "
    "(set AMAZON_ADS_CLIENT_ID and the others, or PPC_ACCOUNTS_FILE, for real ones)"
)

# A name that no resolver knows: the sandbox is called inside this process and never over a network.
_SANDBOX_URL = "http://sandbox.invalid"


def wanted_accounts(settings: Settings) -> tuple[Account, ...]:
    """Return the accounts to work for: those that are configured, or the sandbox.

    Raises:
        SettingsError: They are half configured.
    """
    return load_accounts(settings) or (_sandbox_account(settings),)


@asynccontextmanager
async def open_clients(
    settings: Settings, accounts: Sequence[Account], ledger: Ledger | None
) -> AsyncIterator[dict[str, AmazonAdsClient]]:
    """Open a client for each account, all of them sharing the ledger's cool-downs.

    Args:
        settings: The settings.
        accounts: Whose clients.
        ledger: Where cool-downs are shared; without one nothing is written down, not by the sandbox either.

    Yields:
        Account name -> client.
    """
    async with AsyncExitStack() as stack:
        clients = {}
        for account in accounts:
            shared = (ledger, account.name, account.credentials.region) if ledger else None
            client = AmazonAdsClient(
                account.credentials,
                throttle=LedgerThrottle(*shared) if shared else None,
                meter=LedgerMeter(*shared) if shared else None,
                transport=_sandbox_transport(settings, kept=ledger is not None) if account.sandbox else None,
            )
            clients[account.name] = await stack.enter_async_context(client)
        yield clients


def sandbox_options(settings: Settings) -> SandboxOptions:
    """Return the size and speed of the sandbox that the settings ask for."""
    return SandboxOptions(
        profiles=settings.sandbox_profiles,
        campaigns=settings.sandbox_campaigns,
        keywords_per_campaign=settings.sandbox_keywords,
        ready_seconds=settings.sandbox_ready_seconds,
    )


def _sandbox_account(settings: Settings) -> Account:
    credentials = Credentials(
        account=SANDBOX_ACCOUNT,
        region=Region.NA,
        client_id=SANDBOX_CLIENT_ID,
        client_secret=SecretStr(SANDBOX_CLIENT_SECRET),
        refresh_token=SecretStr(SANDBOX_REFRESH_TOKEN),
        api_url=_SANDBOX_URL,
        token_url=f"{_SANDBOX_URL}/auth/o2/token",
    )
    return Account(name=SANDBOX_ACCOUNT, credentials=credentials, wanted=settings.profile_filter, sandbox=True)


def _sandbox_transport(settings: Settings, *, kept: bool) -> httpx.ASGITransport:
    options = sandbox_options(settings)
    if not kept:
        return httpx.ASGITransport(create_app(options))
    return httpx.ASGITransport(_sandbox_app(options, settings.data_dir.absolute() / "sandbox.db"))


@lru_cache(maxsize=4)
def _sandbox_app(options: SandboxOptions, state: Path) -> Starlette:
    state.parent.mkdir(parents=True, exist_ok=True)
    return create_app(options, state=state)
