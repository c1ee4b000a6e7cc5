"""What the documentation lists is what is declared."""

from pathlib import Path

import pytest

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES, REPORT_TYPES
from ppc_pipeline.warehouse.entity_figures import FIGURED, PERIODS
from ppc_pipeline.warehouse.metrics import FIGURES, KEYS, METRIC_TABLES, RATES
from ppc_pipeline.warehouse.suggestions import KINDS, NUMBERS

PAGE = Path(__file__).parent.parent / "docs" / "report-types.md"
METRICS_PAGE = PAGE.with_name("metrics.md")
SUGGESTIONS_PAGE = PAGE.with_name("suggestions.md")


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


def test_every_metric_table_and_column_is_documented_as_it_is_declared_and_no_other():
    tables = [
        f"| `{table.name}` | {table.row} | {', '.join(table.grain)} | {', '.join(table.sources.values())} |"
        for table in METRIC_TABLES.values()
    ]
    figures = [column for column in METRIC_TABLES["metrics_by_campaign"].columns if column.name not in KEYS]
    columns = [f"| `{column.name}` | {column.type} | {column.doc} |" for column in (*KEYS.values(), *figures)]
    lines = METRICS_PAGE.read_text(encoding="utf-8").splitlines()
    periods = [line for line in lines if "n_days" in line]
    assert [line for line in lines if line.startswith("| `") and line not in periods] == [*tables, *columns]


def test_every_metric_table_has_the_same_figures():
    of_tables = {tuple(c for c in table.columns if c.name not in KEYS) for table in METRIC_TABLES.values()}
    assert len(of_tables) == 1


@pytest.mark.parametrize("name", [*FIGURED])
def test_every_column_of_the_figures_of_entities_follows_the_documented_pattern(name):
    text = METRICS_PAGE.read_text(encoding="utf-8")
    for figure in (*(figure.name for figure in FIGURES), *(rate.name for rate in RATES)):
        assert f"`{figure}`" in text
    assert f"`{name}`" in text
    assert "last 7, 14 and 30 days" in text
    assert PERIODS == (7, 14, 30)


def test_every_kind_and_number_of_suggestions_is_documented_as_it_is_declared_and_no_other():
    lines = SUGGESTIONS_PAGE.read_text(encoding="utf-8").splitlines()
    numbers = [f"| `{name}` | {number.value} | {number.doc} |" for name, number in NUMBERS.items()]
    assert [line for line in lines if line.startswith("| `")] == numbers
    kinds = [f"### `{kind}`: {what}" for kind, what in KINDS.items()]
    assert [line for line in lines if line.startswith("### ")] == kinds
