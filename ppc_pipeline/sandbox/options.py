"""What a sandbox is made of: its options, its fixed credentials and its clock.

Here: the knobs. Not here: the settings of the project that uses the sandbox; the sandbox knows nothing of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_TELEVISION

SANDBOX_CLIENT_ID = "amzn1.application-oa2-client.sandbox"
SANDBOX_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - opens nothing but this sandbox
SANDBOX_REFRESH_TOKEN = "Atzr|sandbox"  # noqa: S105 - opens nothing but this sandbox


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How large a sandbox is and how it behaves. Equal options serve equal data, in every process.

    Attributes:
        seed: Another seed is another world.
        profiles: Sponsored-ads profiles of an account; they cycle through countries.
        campaigns: Sponsored Products campaigns of a profile; every fourth one targets automatically.
        keywords_per_campaign: Keywords of a campaign that targets manually.
        brands_share: Sponsored Brands campaigns and their keywords, as a share of those; 0 for none.
        display_share: The same for Sponsored Display.
        television_share: The same for Sponsored TV.
        history_days: Figures exist for this many days before today.
        ready_seconds: About how long a report takes: half of it PENDING, the rest PROCESSING.
        ready_spread: By which share of that it may take longer or shorter.
        token_seconds: Life of an access token.
        url_seconds: Life of a download URL.
        latency_seconds: Added to every call.
        page_size: Largest page of an entity list; larger ``maxResults`` are clamped to it.
        agency_profiles: Further profiles of type agency, which serve no sponsored ads.
        refused_profiles: How many of the last ``profiles`` are listed, but refuse every scoped call.
        without_brands: How many of the last ``profiles`` that are not refused do not have Sponsored Brands at all.
        without_display: The same for Sponsored Display.
        without_television: The same for Sponsored TV.
        faults: What goes wrong, in the words of ``faults.rules_of``: ``none``, ``mild``, ``hostile``, ``429,slow:0.1``.
        slow_seconds: How long the body of a slow answer takes.
        retry_after_seconds: What a 429 asks for that asks for something sensible.
        pending_seconds: How long a report takes that stays PENDING.
    """

    seed: int = 1
    profiles: int = 3
    campaigns: int = 6
    keywords_per_campaign: int = 12
    brands_share: float = 1 / 2
    display_share: float = 1 / 3
    television_share: float = 1 / 6
    history_days: int = 400
    ready_seconds: float = 3.0
    ready_spread: float = 0.3
    token_seconds: int = 3600
    url_seconds: int = 3600
    latency_seconds: float = 0.0
    page_size: int = 500
    agency_profiles: int = 0
    refused_profiles: int = 0
    without_brands: int = 0
    without_display: int = 0
    without_television: int = 0
    faults: str = "none"
    slow_seconds: float = 3.0
    retry_after_seconds: int = 1
    pending_seconds: float = 6 * 3600.0

    def share_of(self, ad_product: str) -> float:
        """Return how many campaigns an ad product has, as a share of those of Sponsored Products."""
        shares = {
            SPONSORED_BRANDS: self.brands_share,
            SPONSORED_DISPLAY: self.display_share,
            SPONSORED_TELEVISION: self.television_share,
        }
        return shares.get(ad_product, 1.0)

    def lacking(self) -> dict[str, int]:
        """Return how many profiles lack an ad product, by ad product."""
        return {
            SPONSORED_BRANDS: self.without_brands,
            SPONSORED_DISPLAY: self.without_display,
            SPONSORED_TELEVISION: self.without_television,
        }


def utc_now() -> datetime:
    """Return the current moment: the clock of a sandbox that is not under test."""
    return datetime.now(UTC)
