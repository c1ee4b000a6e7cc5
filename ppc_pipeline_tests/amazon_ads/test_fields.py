"""The snake-case rule."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES

COLUMNS = sorted({column for report_type in REPORT_TYPES.values() for column in report_type.columns})


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("campaignId", "campaign_id"),
        ("sales14d", "sales_14d"),
        ("attributedSalesSameSku7d", "attributed_sales_same_sku_7d"),
        ("kindleEditionNormalizedPagesRead14d", "kindle_edition_normalized_pages_read_14d"),
        ("eCPAddToCart", "ecp_add_to_cart"),
        ("newToBrandECPDetailPageView", "new_to_brand_ecp_detail_page_view"),
        ("video5SecondViews", "video_5_second_views"),
        ("longTermROAS", "long_term_roas"),
        ("date", "date"),
    ],
)
def test_names_are_spelled_as_people_expect(name: str, column: str):
    assert snake_case(name) == column


def test_no_two_declared_columns_become_one():
    assert len({snake_case(column) for column in COLUMNS}) == len(COLUMNS)


def test_no_two_report_types_become_one_table():
    assert len({report_type.table for report_type in REPORT_TYPES.values()}) == len(REPORT_TYPES)


@given(st.sampled_from(COLUMNS) | st.from_regex(r"[a-z]{1,6}([A-Z][a-z]{1,6}|[0-9]{1,2}d?){0,4}", fullmatch=True))
def test_the_result_is_a_plain_identifier_that_loses_no_letter(name: str):
    column = snake_case(name)
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", column)
    assert column.replace("_", "") == name.lower()
    assert snake_case(column) == column
