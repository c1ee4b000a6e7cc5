"""What the documentation lists is what is declared."""

from pathlib import Path

import pytest

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES, REPORT_TYPES

PAGE = Path(__file__).parent.parent / "docs" / "report-types.md"


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=REPORT_TYPES)
def test_every_report_type_is_documented_as_it_is_declared(report_type):
    name = f"`{report_type.name}`"
    if report_type.name in DEFAULT_REPORT_TYPES:
        name = f"**{name}**"
    key = ", ".join(
        f"*{snake_case(column)}*" if column in report_type.nullable else snake_case(column)
        for column in report_type.grain
    )
    key += " †" if report_type.anonymous else ""
    limits = f"{report_type.retention_days} | {report_type.max_range_days}"
    row = f"| {name} | `{report_type.table}` | {report_type.row} | {key} | {limits} |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


def test_no_report_type_is_documented_that_is_not_declared():
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(("| `", "| **`"))]
    assert len(rows) == len(REPORT_TYPES)
