"""The accounts of the sandbox and their profiles.

Here: which profiles a refresh token opens, and how Amazon's profiles endpoint shows them. Not here: what is in a
profile (``world``), nor who may call (``auth``). Every refresh token is an account of its own.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.sandbox.determinism import stable_int
from ppc_pipeline.sandbox.markets import MARKETS, Market
from ppc_pipeline.sandbox.options import SANDBOX_REFRESH_TOKEN, SandboxOptions

_LARGEST_ID = 9_999_999_999_999_999
_SMALLEST_ID = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Profile:
    """An advertiser in a marketplace.

    Attributes:
        profile_id: Amazon's id, up to 16 digits.
        account: Key of the account it belongs to.
        market: Where it sells.
        kind: seller, vendor or agency.
        name: The advertiser's name.
        refused: Whether scoped calls are answered with 401, as for a client who withdrew access.
        lacks: Ad products that it does not have.
    """

    profile_id: int
    account: str
    market: Market
    kind: str
    name: str
    refused: bool = False
    lacks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the profile as ``GET /v2/profiles`` shows it."""
        initial = "A" if self.kind == "seller" else "ENTITY"
        shown: dict[str, Any] = {
            "profileId": self.profile_id,
            "countryCode": self.market.country,
            "currencyCode": self.market.currency,
            "timezone": self.market.timezone,
            "accountInfo": {
                "marketplaceStringId": self.market.marketplace_id,
                "id": f"{initial}{stable_int('entity', self.profile_id):X}"[:16],
                "type": self.kind,
                "name": self.name,
                "validPaymentMethod": True,
            },
        }
        if self.kind == "seller":
            shown["dailyBudget"] = 999999999.0
        if SPONSORED_BRANDS in self.lacks:
            shown["accountInfo"]["subType"] = "KDP_AUTHOR"
        return shown


def account_of(refresh_token: str) -> str | None:
    """Return the key of the account a refresh token opens, or None if it opens none."""
    return refresh_token.removeprefix("Atzr|") if refresh_token.startswith(SANDBOX_REFRESH_TOKEN) else None


@lru_cache(maxsize=64)
def profiles_of(options: SandboxOptions, account: str) -> tuple[Profile, ...]:
    """Return an account's profiles: those with sponsored ads, then the agencies."""
    first_refused = options.profiles - options.refused_profiles
    profiles = []
    for number in range(options.profiles + options.agency_profiles):
        market = MARKETS[number % len(MARKETS)]
        agency = number >= options.profiles
        profiles.append(
            Profile(
                profile_id=_profile_id(options.seed, account, number),
                account=account,
                market=market,
                kind="agency" if agency else market.account_type,
                name=f"Sandbox {'Agency' if agency else 'Store'} {market.country} {number + 1}",
                refused=not agency and number >= first_refused,
                lacks=tuple(
                    ad_product
                    for ad_product, profiles_without in options.lacking().items()
                    if first_refused - profiles_without <= number < first_refused
                ),
            )
        )
    return tuple(profiles)


def find_profile(options: SandboxOptions, account: str, profile_id: int) -> Profile | None:
    """Return an account's profile by its id."""
    return _by_id(options, account).get(profile_id)


@lru_cache(maxsize=64)
def _by_id(options: SandboxOptions, account: str) -> dict[int, Profile]:
    return {profile.profile_id: profile for profile in profiles_of(options, account)}


def _profile_id(seed: int, account: str, number: int) -> int:
    return _SMALLEST_ID + stable_int("profile", seed, account, number) % (_LARGEST_ID - _SMALLEST_ID)
