"""The form of a declaration: ``Listing`` is one of Amazon's lists, ``EntityType`` a table that lists fill.

Here: the form, and what the lists of one API have in common (``sp_list`` and its like). Not here: the declarations
themselves, a module for each table, or the walking through a list (``amazon_ads.pages``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS, SPONSORED_DISPLAY, SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.fields import Kind

STATES = ("ENABLED", "PAUSED", "ARCHIVED")
"""Asked for wherever a list takes a filter of states: without it Amazon serves fewer, or does not say which."""

LOWER_STATES = tuple(state.lower() for state in STATES)


@dataclass(frozen=True, slots=True)
class Listing:
    """One of Amazon's list endpoints and how its objects fill the columns of a table.

    A list is walked through by ``nextToken`` (``POST``, ``maxResults``; some ``GET``, ``pageSize``), or by index
    (``GET``, ``startIndex`` and ``count``) where it serves plain arrays.

    Attributes:
        path: Below the region's host.
        accept: Media type of the answer.
        items_key: The key of the array in a page; None where the page is the array itself, and walked through by index.
        fields: Column -> JSON path in one of the array's objects.
        content_type: Media type of the body; None where it is the answer's.
        ad_product: What the rows say under ``ad_product``; None for portfolios, which span them.
        constants: Column -> value for every row of this listing.
        filters: What every request says beside where it is in the list: in the body, or as URL parameters.
        page_size: Objects asked for at once; None where the endpoint has no such field.
        in_query: Whether a list by ``nextToken`` is asked by URL parameters.
        apart: Whether it is served apart from the ad product's other lists. What it answers says nothing of whether the
            profile has the ad product, it is throttled by itself, and nothing waits for it.
        extends: Whether it says more of each object if asked for extended data, which Amazon's throttling weighs about
            five times.
    """

    path: str
    accept: str
    items_key: str | None
    fields: Mapping[str, str]
    content_type: str | None = None
    ad_product: str | None = SPONSORED_PRODUCTS
    constants: Mapping[str, str] = field(default_factory=dict)
    filters: Mapping[str, object] = field(default_factory=dict)
    page_size: int | None = 500
    in_query: bool = False
    apart: bool = False
    extends: bool = False

    @property
    def by_index(self) -> bool:
        """Whether the list is walked through by index."""
        return self.items_key is None

    @property
    def method(self) -> str:
        """How it is asked."""
        return "GET" if self.by_index or self.in_query else "POST"

    @property
    def throttled_as(self) -> str:
        """The cool-down that its calls obey, and what they are counted as; see ``throttle.Throttle``."""
        if self.ad_product is None:
            return ""
        lists = f"LIST {self.ad_product}"
        return f"{lists} {self.path.rpartition('/')[2]}" if self.apart else lists

    def extended(self) -> "Listing":
        """Return the list as it is asked for extended data; as it is where there is none to be asked for."""
        return replace(self, filters={**self.filters, "includeExtendedDataFields": True}) if self.extends else self


@dataclass(frozen=True, slots=True)
class EntityType:
    """One kind of entity: a table of what is now, with its history.

    Attributes:
        name: Table and asset.
        key: Columns that tell entities of one profile and ad product apart; none of them may be missing.
        columns: Column -> kind, in the order people read them. What an ad product does not give is NULL.
        listings: Every endpoint that feeds the table.
        row: What one row is, in words.
        label: Columns that call an entity by a name people know; the first that is there counts.
        watched: Columns whose changes people ask for: ``entity_changes`` tells them.
        on_request: Columns that some lists say only if asked for extended data. Where one does not say them, they stay
            as they are known.
        part_column: Where two lists of one ad product feed the table, the column that tells their rows apart: the
            ``constants`` of a list have it, or the list has all the rows that no other claims.
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, Kind]
    listings: tuple[Listing, ...]
    row: str
    label: tuple[str, ...]
    watched: tuple[str, ...]
    on_request: tuple[str, ...] = ()
    part_column: str | None = None

    @property
    def amounts(self) -> tuple[str, ...]:
        """The bids and budgets among what is watched."""
        return tuple(name for name in self.watched if self.columns[name] is Kind.MONEY)


NO_CONSTANTS: Mapping[str, str] = {}


def sp_list(
    resource: str,
    media: str,
    items_key: str,
    fields: Mapping[str, str],
    constants: Mapping[str, str] = NO_CONSTANTS,
    *,
    extends: bool = False,
) -> Listing:
    """Return a list of Sponsored Products v3; a live account clamps pages of more than 500 without a word."""
    return Listing(
        path=f"/sp/{resource}/list",
        accept=f"application/vnd.{media}.v3+json",
        items_key=items_key,
        fields=fields,
        constants=constants,
        filters={"stateFilter": {"include": list(STATES)}},
        extends=extends,
    )


def sb_v4_list(resource: str, media: str, fields: Mapping[str, str], *, extends: bool = False) -> Listing:
    """Return a list of Sponsored Brands v4: pages of more than 100 are refused, ids are texts as in v3 of SP."""
    return Listing(
        path=f"/sb/v4/{resource}/list",
        accept=f"application/vnd.{media}.v4+json",
        items_key=resource,
        fields=fields,
        ad_product=SPONSORED_BRANDS,
        filters={"stateFilter": {"include": list(STATES)}},
        page_size=100,
        extends=extends,
    )


def sb_post_list(
    resource: str,
    media: str,
    fields: Mapping[str, str],
    filters: Mapping[str, object],
    constants: Mapping[str, str] = NO_CONSTANTS,
) -> Listing:
    """Return a list of Sponsored Brands v3 with a body, of targets of all kinds.

    The media type's name has its version: see ``sb_get_list``.
    The document asks for ``application/json`` and serves a type of its own. So does the API: a live account refused
    vendor types for the body (415) and ``application/json`` for the answer (406). Up to 5000 objects a page.
    """
    return Listing(
        path=f"/sb/{resource}/list",
        accept=f"application/vnd.{media}+json",
        items_key=resource,
        fields=fields,
        content_type="application/json",
        ad_product=SPONSORED_BRANDS,
        constants=constants,
        filters=filters,
        page_size=1000,
    )


def sb_get_list(
    resource: str,
    media: str,
    fields: Mapping[str, str],
    filters: Mapping[str, object],
    constants: Mapping[str, str] = NO_CONSTANTS,
) -> Listing:
    """Return a list of Sponsored Brands v3 without a body, of keywords: arrays, with numbers for ids.

    Its version is 3.2: in an answer of version 3 Amazon leaves out what belongs to ad groups of brand videos.
    """
    return Listing(
        path=f"/sb/{resource}",
        accept=f"application/vnd.{media}.v3.2+json",
        items_key=None,
        fields=fields,
        ad_product=SPONSORED_BRANDS,
        constants=constants,
        filters=filters,
    )


def sd_list(resource: str, fields: Mapping[str, str], constants: Mapping[str, str] = NO_CONSTANTS) -> Listing:
    """Return a list of Sponsored Display: arrays, with numbers for ids and small letters for states.

    The extended ones weigh more with Amazon's throttling, and are read of what has few objects.
    """
    return Listing(
        path=f"/sd/{resource}",
        accept="application/json",
        items_key=None,
        fields=fields,
        ad_product=SPONSORED_DISPLAY,
        constants=constants,
        filters={"stateFilter": ",".join(LOWER_STATES)},
        page_size=100,
    )


CHILD = {"campaign_id": "$.campaignId", "ad_group_id": "$.adGroupId", "state": "$.state"}
"""What the objects below an ad group have in every API."""

SD_EXTENDED = {"serving_status": "$.servingStatus", "created_at": "$.creationDate"}
"""What the extended lists of Sponsored Display say besides."""

SP_EXTENDED = {"serving_status": "$.extendedData.servingStatus", "created_at": "$.extendedData.creationDateTime"}
"""What objects of Sponsored Products, and portfolios, say if asked for extended data."""

SB_EXTENDED = {"serving_status": "$.extendedData.servingStatus", "created_at": "$.extendedData.creationDate"}
"""What objects of Sponsored Brands v4 say: ads unasked, campaigns and ad groups if asked for extended data."""
