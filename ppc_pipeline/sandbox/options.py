"""What a sandbox is made of: its options, its fixed credentials and its clock.

Here: the knobs. Not here: the settings of the project that uses the sandbox; the sandbox knows nothing of them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

SANDBOX_CLIENT_ID = "amzn1.application-oa2-client.sandbox"
SANDBOX_CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - opens nothing but this sandbox
SANDBOX_REFRESH_TOKEN = "Atzr|sandbox"  # noqa: S105 - opens nothing but this sandbox


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """How large a sandbox is and how it behaves. Equal options serve equal data, in every process.

    Attributes:
        seed: Another seed is another world.
        profiles: Sponsored-ads profiles of an account; they cycle through countries.
        campaigns: Campaigns of a profile; every fourth one targets automatically.
        keywords_per_campaign: Keywords of a campaign that targets manually.
        history_days: Figures exist for this many days before today.
        ready_seconds: About how long a report takes: half of it PENDING, the rest PROCESSING.
        ready_spread: By which share of that it may take longer or shorter.
        token_seconds: Life of an access token.
        url_seconds: Life of a download URL.
        latency_seconds: Added to every call.
        page_size: Largest page of an entity list; larger ``maxResults`` are clamped to it.
        agency_profiles: Further profiles of type agency, which serve no sponsored ads.
        refused_profiles: How many of the last ``profiles`` are listed, but refuse every scoped call.
        faults: What goes wrong, in the words of ``faults.rules_of``: ``none``, ``mild``, ``hostile``, ``429,slow:0.1``.
        slow_seconds: How long the body of a slow answer takes.
        retry_after_seconds: What a 429 asks for that asks for something sensible.
        pending_seconds: How long a report takes that stays PENDING.
    """

    seed: int = 1
    profiles: int = 3
    campaigns: int = 6
    keywords_per_campaign: int = 12
    history_days: int = 400
    ready_seconds: float = 3.0
    ready_spread: float = 0.3
    token_seconds: int = 3600
    url_seconds: int = 3600
    latency_seconds: float = 0.0
    page_size: int = 500
    agency_profiles: int = 0
    refused_profiles: int = 0
    faults: str = "none"
    slow_seconds: float = 3.0
    retry_after_seconds: int = 1
    pending_seconds: float = 6 * 3600.0


def utc_now() -> datetime:
    """Return the current moment: the clock of a sandbox that is not under test."""
    return datetime.now(UTC)
