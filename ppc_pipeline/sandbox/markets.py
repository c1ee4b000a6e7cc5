"""The marketplaces the sandbox sells in: country, currency, time zone and language.

Here: Amazon's facts about countries, and what a dollar is worth there. Not here: the profiles (``accounts``).
"""

from dataclasses import dataclass

from ppc_pipeline.sandbox.words import ARABIC, ENGLISH, GERMAN, JAPANESE, PORTUGUESE, SPANISH, Language


@dataclass(frozen=True, slots=True)
class Market:
    """A marketplace and the kind of advertiser the sandbox puts there.

    Attributes:
        country: Amazon's country code ("UK", not "GB").
        currency: ISO code.
        timezone: IANA zone: where a profile's days begin and end.
        marketplace_id: Amazon's ``marketplaceStringId``.
        dollar: What a dollar buys, in the currency's major unit: amounts are of a plausible size everywhere.
        account_type: seller or vendor.
        language: The language of keywords and names.
        exponent: Decimals of the currency; amounts are counted in its minor unit.
    """

    country: str
    currency: str
    timezone: str
    marketplace_id: str
    dollar: float
    account_type: str = "seller"
    language: Language = ENGLISH
    exponent: int = 2

    @property
    def minor(self) -> int:
        """Minor units in one major unit: 100 cents, but 1 yen."""
        return int(10**self.exponent)

    def cents(self, dollars: float) -> int:
        """Convert dollars to this market's minor unit, never less than 1."""
        return max(1, round(dollars * self.dollar * self.minor))

    def major(self, amount: int) -> float:
        """Convert minor units to the amount that JSON shows."""
        return amount / self.minor

    def plain(self, amount: int) -> float:
        """Convert minor units as ``major`` does, but spell whole amounts without decimals."""
        major = self.major(amount)
        return int(major) if major == int(major) else major


MARKETS = (
    Market("US", "USD", "America/Los_Angeles", "ATVPDKIKX0DER", 1),
    Market("DE", "EUR", "Europe/Paris", "A1PA6795UKMFR9", 0.9, language=GERMAN),
    Market("JP", "JPY", "Asia/Tokyo", "A1VC38T7YXB528", 140, "vendor", JAPANESE, exponent=0),
    Market("UK", "GBP", "Europe/London", "A1F83G8C2ARO7P", 0.8),
    Market("US", "USD", "America/Los_Angeles", "ATVPDKIKX0DER", 1, "vendor"),
    Market("AU", "AUD", "Australia/Sydney", "A39IBJ37TRP1C6", 1.5),
    Market("IN", "INR", "Asia/Kolkata", "A21TJRUUN4KGV", 80),
    Market("BR", "BRL", "America/Sao_Paulo", "A2Q3Y263D00KWC", 5, language=PORTUGUESE),
    Market("MX", "MXN", "America/Los_Angeles", "A1AM78C64UM0Y8", 18, language=SPANISH),
    Market("SA", "SAR", "Asia/Riyadh", "A17E79C6D8DWNP", 3.75, language=ARABIC),
    Market("CA", "CAD", "America/Los_Angeles", "A2EUQ1WTGCTBG2", 1.35),
    Market("ES", "EUR", "Europe/Paris", "A1RKKUPIHCS9HS", 0.9, "vendor", SPANISH),
)
