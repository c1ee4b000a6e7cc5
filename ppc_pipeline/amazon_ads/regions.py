"""Amazon's three regions and the hosts that serve them.

Here: which host answers for which marketplaces, and Amazon's codes of their countries. Not here: an account's own
choice of hosts (``auth.Credentials``).
"""

from enum import StrEnum


class Region(StrEnum):
    """One of Amazon Ads' regions: a profile exists in exactly one, and only its host lists it.

    Source: Amazon Ads API overview (API endpoints) and the authorization guide (token endpoints).
    """

    NA = "NA"
    """United States, Canada, Mexico, Brazil."""
    EU = "EU"
    """Europe, Turkey, the Middle East, Egypt, India, South Africa."""
    FE = "FE"
    """Japan, Australia, Singapore."""

    @property
    def api_url(self) -> str:
        """Base URL of the region's API host."""
        return f"https://{_API_HOSTS[self]}"

    @property
    def token_url(self) -> str:
        """URL of the region's Login with Amazon token endpoint (any region's tokens work on every host)."""
        return f"https://{_TOKEN_HOSTS[self]}/auth/o2/token"


_API_HOSTS = {
    Region.NA: "advertising-api.amazon.com",
    Region.EU: "advertising-api-eu.amazon.com",
    Region.FE: "advertising-api-fe.amazon.com",
}
_TOKEN_HOSTS = {Region.NA: "api.amazon.com", Region.EU: "api.amazon.co.uk", Region.FE: "api.amazon.co.jp"}

COUNTRIES = frozenset(
    {
        *("US", "CA", "MX", "BR"),
        *("UK", "DE", "FR", "IT", "ES", "NL", "BE", "IE", "SE", "PL", "TR", "AE", "SA", "EG", "IN", "ZA"),
        *("JP", "AU", "SG"),
    }
)
"""The countries of Amazon's marketplaces, as ``countryCode`` of a profile spells them: the United Kingdom is ``UK``.

Source: the enumeration in Amazon's OpenAPI document of profiles, and Ireland, which its documentation adds.
"""
