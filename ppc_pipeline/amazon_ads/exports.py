"""Amazon's exports as data: which kinds there are, and how each is asked for.

An export is one file with everything of one kind in a profile, of all ad products, made while the client waits: for
accounts that are too large for paged lists. Here: the endpoints. Not here: calling them (``client``), or which row of
an export belongs in which table (``entities.exported``). Source: Amazon's OpenAPI document of exports v1 and its guide.
"""

from dataclasses import dataclass

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS

JOBS_AT_ONCE = 5
"""Exports of one kind that a developer may have in progress, over all accounts (Amazon's exports guide)."""


@dataclass(frozen=True, slots=True)
class ExportKind:
    """A kind of export.

    Attributes:
        name: In the words of messages.
        path: ``POST`` path, below the region's host.
        media_type: Sent as ``Content-Type`` and ``Accept`` alike, also when looking at the export: 406 otherwise.
        ad_products: Whose entities are asked for; the guide requires the filter.
        states: States asked for. Without the filter Amazon leaves out what is archived.
    """

    name: str
    path: str
    media_type: str
    ad_products: tuple[str, ...] = (SPONSORED_PRODUCTS, SPONSORED_BRANDS, SPONSORED_DISPLAY)
    states: tuple[str, ...] = ("ENABLED", "PAUSED", "ARCHIVED")

    def body(self) -> dict[str, object]:
        """Return what to POST."""
        return {"adProductFilter": list(self.ad_products), "stateFilter": list(self.states)}


CAMPAIGNS = ExportKind("campaigns", "/campaigns/export", "application/vnd.campaignsexport.v1+json")
AD_GROUPS = ExportKind("ad groups", "/adGroups/export", "application/vnd.adgroupsexport.v1+json")
ADS = ExportKind("ads", "/ads/export", "application/vnd.adsexport.v1+json")
TARGETS = ExportKind("targets", "/targets/export", "application/vnd.targetsexport.v1+json")

EXPORT_KINDS = (CAMPAIGNS, AD_GROUPS, ADS, TARGETS)
