"""What the documentation lists is what is declared."""

import re
from pathlib import Path

import pytest

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES, REPORT_TYPES
from ppc_pipeline.warehouse.creation import FIGURED
from ppc_pipeline.warehouse.features import FEATURE_TABLES, SEASONALITY, WINDOWS
from ppc_pipeline.warehouse.insights import INSIGHTS, LOADED_DAYS
from ppc_pipeline.warehouse.metrics import FIGURES, KEYS, METRIC_TABLES, RATES
from ppc_pipeline.warehouse.quality import QUALITY_CHECKS
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline.warehouse.suggestions import KINDS, NUMBERS

PAGE = Path(__file__).parent.parent / "docs" / "report-types.md"
METRICS_PAGE = PAGE.with_name("metrics.md")
INSIGHTS_PAGE = PAGE.with_name("insights.md")
FEATURES_PAGE = PAGE.with_name("features.md")
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


def section(title):
    """Return the lines of a section of the page of insights."""
    (text,) = re.findall(
        rf"^## {title}$(.*?)(?=^## |\Z)", INSIGHTS_PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return text.splitlines()


@pytest.mark.parametrize("name", [*INSIGHTS, "loaded_days"])
def test_every_threshold_and_column_of_an_insight_is_documented_as_it_is_and_no_other(name):
    lines = section(f"`{name}`")
    (body,) = re.findall(r"WITH thresholds AS \((.*?)\n\),", sql_file(f"insights/{name}"), re.DOTALL)
    thresholds = [f"| `{threshold}` | {value} |" for value, threshold in re.findall(r"([\d.]+) AS (\w+)", body)]
    columns = INSIGHTS[name].columns if name in INSIGHTS else LOADED_DAYS
    described = [f"| `{column.name}` | {column.type} | {column.doc} |" for column in columns]
    found = [line for line in lines if line.startswith("| `")]
    assert ["|".join(line.split("|")[:3]) + "|" for line in found[: len(thresholds)]] == thresholds
    assert found[len(thresholds) :] == described
    if name in INSIGHTS:
        insight = INSIGHTS[name]
        assert f"One row is {insight.row}. Key: {', '.join(insight.grain)}." in lines


def test_every_quality_check_is_documented_as_it_is_declared_and_no_other():
    declared = [f"| `{check.name}` | `{check.table}` | {check.rule} |" for check in QUALITY_CHECKS.values()]
    assert [line for line in section("Quality checks") if line.startswith("| `")] == declared


def test_every_feature_table_and_column_is_documented_as_it_is_declared_and_no_other():
    lines = [line for line in FEATURES_PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    tables = {
        f"| `{table.name}` | {table.row} | {', '.join(table.grain)} | `{table.metrics.name}` |"
        for table in FEATURE_TABLES.values()
    }
    columns = {*SEASONALITY, *(column for table in FEATURE_TABLES.values() for column in table.columns)}
    declared = {f"| `{column.name}` | {column.type} | {column.doc} |" for column in columns}
    documented = {
        line.replace("_n_days", f"_{days}_days").replace(" n days", f" {days} days")
        for line in lines
        for days in WINDOWS
    }
    assert documented == tables | declared


def test_every_kind_and_number_of_suggestions_is_documented_as_it_is_declared_and_no_other():
    lines = SUGGESTIONS_PAGE.read_text(encoding="utf-8").splitlines()
    numbers = [f"| `{name}` | {number.value} | {number.doc} |" for name, number in NUMBERS.items()]
    assert [line for line in lines if line.startswith("| `")] == numbers
    kinds = [f"### `{kind}`: {what}" for kind, what in KINDS.items()]
    assert [line for line in lines if line.startswith("### ")] == kinds
