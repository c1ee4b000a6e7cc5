"""What every test of the client needs: a scripted Amazon, naps instead of sleep, and an empty token cache."""

import pytest

from ppc_pipeline.amazon_ads.auth import TOKENS, TokenCache
from ppc_pipeline.amazon_ads.client import AmazonAdsClient
from ppc_pipeline_tests.amazon_ads import fakes


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _no_tokens_left_over():
    TOKENS.clear()
    yield
    TOKENS.clear()


@pytest.fixture
def amazon() -> fakes.FakeAmazon:
    return fakes.FakeAmazon()


@pytest.fixture
def naps() -> fakes.Naps:
    return fakes.Naps()


@pytest.fixture
def tokens(naps: fakes.Naps) -> TokenCache:
    return TokenCache(clock=naps.clock)


@pytest.fixture
def client(amazon: fakes.FakeAmazon, naps: fakes.Naps, tokens: TokenCache) -> AmazonAdsClient:
    return fakes.client(amazon, naps, tokens)
