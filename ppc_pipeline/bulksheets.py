"""Suggestions as Amazon's bulksheet (bulk operations 2.0): an Excel file that a person looks through and uploads.

Here: Amazon's sheets, columns and words, and one file for one advertiser, as an upload takes it. Not here: which
suggestions there are (``warehouse.suggestions``). Nothing is sent to Amazon.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from ppc_pipeline.warehouse.suggestions import Suggestion, Upload

Row = Mapping[str, object]
"""Column -> value. Texts are written as texts, whatever they begin with, and so are ids: Excel rounds long numbers."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a bulksheet, as Amazon names it.

    Attributes:
        name: The tab.
        product: What its column Product says.
        budget: Its column with a campaign's daily budget.
        targets: Kind of target -> its entity and the column of its id.
        other_targets: Those of every other kind.
        columns: Its columns, in Amazon's order; those that are blank in every row of ours are there too.
    """

    name: str
    product: str
    budget: str
    targets: Mapping[str, tuple[str, str]]
    other_targets: tuple[str, str]
    columns: tuple[str, ...]


_KEYWORDS = {"keyword": ("Keyword", "Keyword ID")}
_PRODUCTS = ("Product Targeting", "Product Targeting ID")
_IDS = ("Campaign ID", "Ad Group ID", "Portfolio ID", "Ad ID", "Keyword ID", "Product Targeting ID")
SHEETS: Mapping[str, Sheet] = {
    "SPONSORED_PRODUCTS": Sheet(
        "Sponsored Products Campaigns",
        "Sponsored Products",
        "Daily Budget",
        _KEYWORDS,
        _PRODUCTS,
        (
            *("Product", "Entity", "Operation", *_IDS, "Campaign Name", "Ad Group Name", "Start Date", "End Date"),
            *("Targeting Type", "State", "Daily Budget", "SKU", "ASIN", "Ad Group Default Bid", "Bid", "Keyword Text"),
            *("Native Language Keyword", "Native Language Locale", "Match Type", "Bidding Strategy", "Placement"),
            *("Percentage", "Product Targeting Expression"),
        ),
    ),
    "SPONSORED_BRANDS": Sheet(
        "SB Multi Ad Group Campaigns",
        "Sponsored Brands",
        "Budget",
        _KEYWORDS,
        _PRODUCTS,
        (
            *("Product", "Entity", "Operation", "Campaign ID", "Portfolio ID", "Ad Group ID", "Ad ID", "Keyword ID"),
            *("Product Targeting ID", "Campaign Name", "Ad Group Name", "Ad Name", "Start Date", "End Date", "State"),
            *("Brand Entity ID", "Budget Type", "Budget", "Bid Optimization", "Product Location", "Bid", "Placement"),
            *("Percentage", "Keyword Text", "Match Type", "Native Language Keyword", "Native Language Locale"),
            *("Product Targeting Expression", "Landing Page URL", "Landing Page ASINs", "Landing Page Type"),
            *("Brand Name", "Consent To Translate", "Brand Logo Asset ID", "Brand Logo Crop", "Custom Images"),
            *("Creative Headline", "Creative ASINs", "Video Asset IDs", "Sub-Pages"),
        ),
    ),
    "SPONSORED_DISPLAY": Sheet(
        "Sponsored Display Campaigns",
        "Sponsored Display",
        "Budget",
        {"audience": ("Audience Targeting", "Targeting ID")},
        ("Contextual Targeting", "Targeting ID"),
        (
            *("Product", "Entity", "Operation", "Campaign ID", "Portfolio ID", "Ad Group ID", "Ad ID", "Targeting ID"),
            *("Campaign Name", "Ad Group Name", "Start Date", "End Date", "State", "Tactic", "Budget Type", "Budget"),
            *("SKU", "ASIN", "Ad Group Default Bid", "Bid", "Bid Optimization", "Cost Type", "Targeting Expression"),
        ),
    ),
}
"""Ad product -> its sheet, from Amazon's guides to bulksheets."""


def write_bulksheet(path: Path, uploads: Sequence[Upload]) -> None:
    """Write a bulksheet, whole or not at all.

    Args:
        path: The file.
        uploads: What is to be changed, of one profile.

    Raises:
        ValueError: They are of several profiles: an upload is of one advertiser.
        OSError: The file cannot be written.
    """
    if len({upload.suggestion.profile_id for upload in uploads}) > 1:
        raise ValueError("a bulksheet is of one profile")
    workbook = Workbook(write_only=True)
    for ad_product, sheet in SHEETS.items():
        rows = [_row(sheet, upload) for upload in uploads if upload.suggestion.ad_product == ad_product]
        if rows:
            _add_sheet(workbook, sheet, rows)
    if not workbook.worksheets:
        workbook.create_sheet(SHEETS["SPONSORED_PRODUCTS"].name)
    whole = BytesIO()  # openpyxl leaves a half-made file, and complaints, behind where it cannot write
    workbook.save(whole)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(whole.getvalue())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _add_sheet(workbook: Workbook, sheet: Sheet, rows: Iterable[Row]) -> None:
    made = workbook.create_sheet(sheet.name)
    made.freeze_panes = "D2"
    headers = [WriteOnlyCell(made, name) for name in sheet.columns]
    for header in headers:
        header.font = Font(bold=True)
    made.append(headers)
    for row in rows:
        made.append([_cell(made, row.get(name)) for name in sheet.columns])


def _cell(sheet: object, value: object) -> Cell | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value)))  # which no Excel file can hold
    cell.data_type = "s"  # a text that begins with an equals sign would be a formula
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell


def _row(sheet: Sheet, upload: Upload) -> Row:
    made = _ENTITIES[upload.suggestion.kind](sheet, upload)
    return {"Product": sheet.product, "State": "enabled", **made}


def _bid_change(sheet: Sheet, upload: Upload) -> Row:
    one = upload.suggestion
    entity, id_column = sheet.targets.get(one.target_kind or "", sheet.other_targets)
    return {
        "Entity": entity,
        "Operation": "Update",
        "Campaign ID": one.campaign_id,
        "Ad Group ID": one.ad_group_id,
        id_column: one.target_id,
        "Bid": one.suggested_value,
    }


def _harvest(_: Sheet, upload: Upload) -> Row:
    one = upload.suggestion
    parents = {"Campaign ID": one.destination_campaign_id, "Ad Group ID": one.destination_ad_group_id}
    return {"Operation": "Create", **parents, **_searched(one, "Keyword", "Product Targeting", "exact")} | {
        "Bid": one.suggested_value
    }


def _negate(_: Sheet, upload: Upload) -> Row:
    one = upload.suggestion
    parents = {"Campaign ID": one.campaign_id, "Ad Group ID": one.ad_group_id}
    made = _searched(one, "Negative Keyword", "Negative Product Targeting", "negativeExact")
    return {"Operation": "Create", **parents, **made}


def _searched(one: Suggestion, keyword: str, product: str, match_type: str) -> Row:
    if one.target_kind == "product":
        return {"Entity": product, "Product Targeting Expression": f'asin="{(one.search_term or "").upper()}"'}
    return {"Entity": keyword, "Keyword Text": one.search_term, "Match Type": match_type}


def _raise_budget(sheet: Sheet, upload: Upload) -> Row:
    """Return the row of a campaign: a portfolio or an end date that is left blank in an update is cleared."""
    one = upload.suggestion
    return {
        "Entity": "Campaign",
        "Operation": "Update",
        "Campaign ID": one.campaign_id,
        "Portfolio ID": upload.portfolio_id,
        "End Date": f"{upload.end_date:%Y%m%d}" if upload.end_date else None,
        sheet.budget: one.suggested_value,
    }


_ENTITIES: Mapping[str, Callable[[Sheet, Upload], Row]] = {
    "bid_change": _bid_change,
    "harvest_search_term": _harvest,
    "negate_search_term": _negate,
    "raise_budget": _raise_budget,
}
"""Kind -> how its row is made."""
