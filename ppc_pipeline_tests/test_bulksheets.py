"""Bulksheets: what openpyxl reads back is what was suggested, in Amazon's sheets, columns and words."""

from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from ppc_pipeline.bulksheets import SHEETS, write_bulksheet
from ppc_pipeline.warehouse.suggestions import Suggestion, Upload
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER

SP, SB, SD = "SPONSORED_PRODUCTS", "SPONSORED_BRANDS", "SPONSORED_DISPLAY"
CAMPAIGN, AD_GROUP, TARGET = 283457646114012345, 388876823359664001, 611975520785130007  # Excel would round these


def upload(kind, portfolio_id=None, end_date=None, **changes):
    values = {name: None for name in Suggestion.__dataclass_fields__}
    values |= {"account": "acme", "profile_id": SELLER, "currency_code": "USD", "ad_product": SP, "kind": kind}
    values |= {"campaign_id": CAMPAIGN, "ad_group_id": AD_GROUP, "days_from": DAY, "days_until": DAY, "days_loaded": 60}
    values |= {"clicks": 9, "cost": Decimal(9), "purchases": 0, "sales": Decimal(0), "target_acos_percent": 30.0}
    values |= {"confidence": 0.5, "expected_cost_change": Decimal(0), "expected_sales_change": Decimal(0)}
    values |= {"reason": "so it is", "made_at": NOON}
    return Upload(Suggestion(**(values | changes)), portfolio_id, end_date)


def read(path):
    """Read every sheet back: name -> rows, without their blank cells."""
    found = {}
    for sheet in load_workbook(path).worksheets:
        header, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [
            {name: value for name, value in zip(header, row, strict=True) if value is not None} for row in rows
        ]
        assert header == next(s for s in SHEETS.values() if s.name == sheet.title).columns
    return found


BID = {"target_id": TARGET, "target_kind": "keyword", "current_value": Decimal(1), "suggested_value": Decimal("0.75")}
TERM = {"search_term": "red towel", "target_kind": "keyword", "suggested_value": Decimal("0.60")}
THERE = {"destination_campaign_id": 7, "destination_ad_group_id": 8}
PARENTS = {"Campaign ID": str(CAMPAIGN), "Ad Group ID": str(AD_GROUP), "State": "enabled"}
ELSEWHERE = {"Campaign ID": "7", "Ad Group ID": "8", "State": "enabled"}
ASIN = {"search_term": "b0compete1", "target_kind": "product"}


@pytest.mark.parametrize("ad_product", [SP, SB])
@pytest.mark.parametrize(
    ("made", "row"),
    [
        (
            upload("bid_change", **BID),
            PARENTS | {"Entity": "Keyword", "Operation": "Update", "Keyword ID": str(TARGET), "Bid": 0.75},
        ),
        (
            upload("bid_change", **(BID | {"target_kind": "auto"})),
            PARENTS
            | {"Entity": "Product Targeting", "Operation": "Update", "Product Targeting ID": str(TARGET), "Bid": 0.75},
        ),
        (
            upload("harvest_search_term", **TERM, **THERE),
            ELSEWHERE
            | {
                "Entity": "Keyword",
                "Operation": "Create",
                "Keyword Text": "red towel",
                "Match Type": "exact",
                "Bid": 0.6,
            },
        ),
        (
            upload("harvest_search_term", **(TERM | ASIN), **THERE),
            ELSEWHERE
            | {
                "Entity": "Product Targeting",
                "Operation": "Create",
                "Product Targeting Expression": 'asin="B0COMPETE1"',
                "Bid": 0.6,
            },
        ),
        (
            upload("negate_search_term", search_term="car towel", target_kind="keyword"),
            PARENTS
            | {
                "Entity": "Negative Keyword",
                "Operation": "Create",
                "Keyword Text": "car towel",
                "Match Type": "negativeExact",
            },
        ),
        (
            upload("negate_search_term", **ASIN),
            PARENTS
            | {
                "Entity": "Negative Product Targeting",
                "Operation": "Create",
                "Product Targeting Expression": 'asin="B0COMPETE1"',
            },
        ),
    ],
    ids=["keyword", "target", "harvest", "harvest asin", "negate", "negate asin"],
)
def test_each_kind_is_a_row_as_amazon_takes_it(tmp_path, made, row, ad_product):
    object.__setattr__(made.suggestion, "ad_product", ad_product)
    write_bulksheet(tmp_path / "b.xlsx", [made])
    product = {SP: "Sponsored Products", SB: "Sponsored Brands"}[ad_product]
    assert read(tmp_path / "b.xlsx") == {SHEETS[ad_product].name: [{"Product": product} | row]}


@pytest.mark.parametrize(
    ("kind", "entity"),
    [
        ("audience", "Audience Targeting"),
        ("product", "Contextual Targeting"),
        ("category", "Contextual Targeting"),
        ("similar_product", "Contextual Targeting"),
    ],
)
def test_a_target_of_display_is_an_audience_or_a_context(tmp_path, kind, entity):
    write_bulksheet(tmp_path / "b.xlsx", [upload("bid_change", **(BID | {"ad_product": SD, "target_kind": kind}))])
    row = PARENTS | {"Product": "Sponsored Display", "Entity": entity, "Operation": "Update", "Bid": 0.75}
    assert read(tmp_path / "b.xlsx") == {"Sponsored Display Campaigns": [row | {"Targeting ID": str(TARGET)}]}


@pytest.mark.parametrize(("ad_product", "budget"), [(SP, "Daily Budget"), (SB, "Budget"), (SD, "Budget")])
def test_a_campaigns_row_repeats_its_portfolio_and_end_date_which_amazon_would_clear(tmp_path, ad_product, budget):
    made = {"ad_product": ad_product, "current_value": Decimal(10), "suggested_value": Decimal(12)}
    some = [upload("raise_budget", 55, date(2026, 12, 31), **made), upload("raise_budget", **made, campaign_id=9)]
    write_bulksheet(tmp_path / "b.xlsx", some)
    ((first, second),) = read(tmp_path / "b.xlsx").values()
    assert (first["Entity"], first["Operation"], first["Campaign ID"]) == ("Campaign", "Update", str(CAMPAIGN))
    assert (first["Portfolio ID"], first["End Date"], first[budget], first["State"]) == (
        "55",
        "20261231",
        12,
        "enabled",
    )
    assert {"Portfolio ID", "End Date", "Ad Group ID"}.isdisjoint(second)


@pytest.mark.parametrize(
    "text", ["=1+1", "+towel", "-towel", "@towel", '=HYPERLINK("http://x")', "001", "12345678901234567", "bell\x07"]
)
def test_a_text_never_becomes_a_formula_or_a_number(tmp_path, text):
    write_bulksheet(tmp_path / "b.xlsx", [upload("negate_search_term", search_term=text, target_kind="keyword")])
    sheet = load_workbook(tmp_path / "b.xlsx").worksheets[0]
    names = [cell.value for cell in sheet[1]]
    cell = sheet[2][names.index("Keyword Text")]
    assert (cell.value, cell.data_type, cell.number_format) == (text.replace("\x07", ""), "s", "@")
    assert sheet[2][names.index("Campaign ID")].data_type == "s"


def test_a_file_is_of_one_profile_and_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(ValueError, match="one profile"):
        write_bulksheet(tmp_path / "b.xlsx", [upload("bid_change", **BID), upload("bid_change", **BID, profile_id=2)])
    assert not [*tmp_path.iterdir()]
    write_bulksheet(tmp_path / "b.xlsx", [upload("bid_change", **BID), upload("bid_change", **BID, ad_product=SB)])
    assert [*read(tmp_path / "b.xlsx")] == ["Sponsored Products Campaigns", "SB Multi Ad Group Campaigns"]
    assert [path.name for path in tmp_path.iterdir()] == ["b.xlsx"]
