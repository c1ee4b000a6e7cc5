"""Amazon's entities as data: which lists exist, where each is found, and which fields become columns.

Here: a module for each table, with the lists of every ad product that fill it side by side. Not here: fetching pages
(``client``, ``pages``), or keeping the history of an entity (``ppc_pipeline.entities``, ``warehouse``). Sources:
Amazon's OpenAPI documents of Sponsored Products v3, Sponsored Brands v3 and v4, Sponsored Display and portfolios v3.
"""

from ppc_pipeline.amazon_ads.entities.ad_groups import AD_GROUPS
from ppc_pipeline.amazon_ads.entities.budget_rules import BUDGET_RULES
from ppc_pipeline.amazon_ads.entities.campaigns import CAMPAIGNS
from ppc_pipeline.amazon_ads.entities.creatives import CREATIVES
from ppc_pipeline.amazon_ads.entities.keywords import KEYWORDS
from ppc_pipeline.amazon_ads.entities.listing import EntityType, Listing
from ppc_pipeline.amazon_ads.entities.negative_keywords import NEGATIVE_KEYWORDS
from ppc_pipeline.amazon_ads.entities.negative_targets import NEGATIVE_TARGETS
from ppc_pipeline.amazon_ads.entities.portfolios import PORTFOLIOS
from ppc_pipeline.amazon_ads.entities.product_ads import PRODUCT_ADS
from ppc_pipeline.amazon_ads.entities.targets import TARGETS

ENTITY_TYPES: dict[str, EntityType] = {
    entity.name: entity
    for entity in (
        PORTFOLIOS,
        CAMPAIGNS,
        AD_GROUPS,
        KEYWORDS,
        TARGETS,
        PRODUCT_ADS,
        NEGATIVE_KEYWORDS,
        NEGATIVE_TARGETS,
        CREATIVES,
        BUDGET_RULES,
    )
}

__all__ = [
    "AD_GROUPS",
    "BUDGET_RULES",
    "CAMPAIGNS",
    "CREATIVES",
    "ENTITY_TYPES",
    "KEYWORDS",
    "NEGATIVE_KEYWORDS",
    "NEGATIVE_TARGETS",
    "PORTFOLIOS",
    "PRODUCT_ADS",
    "TARGETS",
    "EntityType",
    "Listing",
]
