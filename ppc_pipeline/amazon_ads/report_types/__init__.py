"""Amazon's report types as data: one declaration a grouping, and nothing else to write when one is added.

Here: ids, groupings, columns, grain, range and retention limits, as Amazon documents them (Amazon Ads API docs,
guides/reporting/v3/report-types), in a module for each ad product; the kinds of columns are in ``columns``, what they
mean in ``descriptions``.
Not here: how a report is requested (``client``), its life (``reports``) or its table (``warehouse``).

Left out are groupings that repeat another type's rows (``campaign`` of sbAdGroup and sbCampaignPlacement), and
``conversionPath``, which Amazon serves for whole ranges only.
"""

from ppc_pipeline.amazon_ads.report_types import (
    sponsored_brands,
    sponsored_display,
    sponsored_products,
    sponsored_tv,
)
from ppc_pipeline.amazon_ads.report_types.columns import is_metric, kind_of
from ppc_pipeline.amazon_ads.report_types.declaration import ReportType
from ppc_pipeline.amazon_ads.report_types.descriptions import describe

__all__ = ["DEFAULT_REPORT_TYPES", "REPORT_TYPES", "ReportType", "describe", "is_metric", "kind_of"]

REPORT_TYPES: dict[str, ReportType] = {
    report_type.name: report_type
    for module in (sponsored_products, sponsored_brands, sponsored_display, sponsored_tv)
    for report_type in module.REPORT_TYPES
}

# Together they answer what most people ask of the three ad products; ad groups, purchased products and the like repeat
# their figures, seen otherwise.
DEFAULT_REPORT_TYPES = (
    "spCampaigns",
    "spCampaigns:campaignPlacement",
    "spTargeting",
    "spSearchTerm",
    "spAdvertisedProduct",
    "sbCampaigns",
    "sbTargeting",
    "sbSearchTerm",
    "sdCampaigns",
    "sdTargeting",
    "sdAdvertisedProduct",
)
