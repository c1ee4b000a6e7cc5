"""What a sync learns of whom Amazon serves: profiles that are out of reach, and ad products that a profile lacks.

Here: judging a sync's answers as a whole. Not here: asking (``listings``), or what is remembered (``reports.roster``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.entities import EntityType, Listing
from ppc_pipeline.amazon_ads.errors import AdsError, Category
from ppc_pipeline.reports.roster import Lack, Profile
from ppc_pipeline.reports.tables import part_of
from ppc_pipeline.warehouse.entities import Scope

EVERYBODYS = frozenset({None, SPONSORED_PRODUCTS})
"""What any profile with sponsored ads has; one without Sponsored Brands may be refused their lists."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One list of one profile."""

    entity: EntityType
    listing: Listing
    profile: Profile

    @property
    def profile_id(self) -> int:
        """Whose list."""
        return self.profile.facts.profile_id

    @property
    def batch(self) -> tuple[int, bool]:
        """What is loaded together: a profile's lists, and without keeping them waiting, those that are served apart."""
        return self.profile_id, self.listing.apart

    @property
    def scope(self) -> Scope:
        """What the list covers in its table."""
        return Scope(self.profile_id, self.listing.ad_product or "", part_of(self.entity, self.listing))

    def lack(self, now: datetime) -> Lack | None:
        """Return why it is not asked for at present: the profile does not have the ad product."""
        ad_product = self.listing.ad_product
        if ad_product is None or not self.profile.without(ad_product, now):
            return None
        return self.profile.lacking[ad_product]


@dataclass(frozen=True, slots=True)
class Failure:
    """A list that could not be had, and why.

    Attributes:
        by_export: Whether an export was asked for instead, which is of all ad products.
    """

    errand: Errand
    error: AdsError
    by_export: bool = False

    @property
    def refused(self) -> bool:
        """Whether Amazon will not serve it: of what not everybody has, a list that is not there is no other answer."""
        optional = self.errand.listing.ad_product not in EVERYBODYS
        return self.error.category in (Category.REFUSED, Category.NOT_OFFERED) or (
            optional and self.error.status == 404
        )

    @property
    def explicit(self) -> bool:
        """Whether Amazon says in words that the profile does not have the ad product."""
        return self.error.category is Category.NOT_OFFERED

    @property
    def minor(self) -> bool:
        """Whether Amazon does not serve this profile a list that some advertisers do not have."""
        return self.errand.listing.apart and (self.explicit or self.error.status in (403, 404))

    @property
    def telling(self) -> bool:
        """Whether it may be that the profile does not have the ad product."""
        return self.refused and not self.by_export


@dataclass(frozen=True, slots=True)
class Access:
    """What one profile was served, and what not, of the lists that tell whether it has an ad product.

    Attributes:
        served: The ad product of every list that was read; None stands for what spans them, such as exports.
        failures: The lists that could not be had.
    """

    served: Sequence[str | None]
    failures: Sequence[Failure]

    def revoked(self) -> str | None:
        """Return why the profile is out of reach: every list asked of it was refused.

        One list that is refused says nothing of the others, and lists that not every advertiser has say nothing at all.
        """
        telling = [failure for failure in self.failures if failure.errand.listing.ad_product in EVERYBODYS]
        if self.served or not telling or not all(failure.refused for failure in self.failures):
            return None
        return str(telling[0].error)

    def lacking(self, had: Collection[str]) -> dict[str, str]:
        """Return the ad products that the profile does not have, and how Amazon says so.

        Every list of it was refused while others were served. Of a product that it had, that is a failure, unless
        Amazon says so in words: what a client has must not go missing in silence.

        Args:
            had: Ad products of which the warehouse has entities of this profile.
        """
        served = set(self.served)
        if not served & EVERYBODYS:
            return {}
        products = {failure.errand.listing.ad_product for failure in self.failures} - served - EVERYBODYS
        found = {}
        for product in sorted(filter(None, products)):
            own = [failure for failure in self.failures if failure.errand.listing.ad_product == product]
            said = [failure for failure in own if failure.explicit]
            if all(failure.telling for failure in own) and (product not in had or len(said) == len(own)):
                found[product] = str((said or own)[0].error)
        return found
