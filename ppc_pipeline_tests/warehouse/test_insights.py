"""What holds of every insight: its columns, its key, what it reads, and that it is worked out of any figures."""

import re

import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.insights import INSIGHTS, LOADED_DAYS, WORST, findings
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline_tests.warehouse.days import campaign, loaded
from ppc_pipeline_tests.warehouse.made import DAYS, PROFILES, fill, rows

NAMES = [*INSIGHTS]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("insights")
    warehouse = Warehouse(str(folder / "ppc.duckdb"))
    prepare(warehouse)
    with warehouse.connect() as connection:
        fill(connection, folder)
        for profile_id in PROFILES:
            loaded(connection, days=70, end=DAYS[0], profile_id=profile_id)
        for number in (11, 12, 13):  # the last has no figures
            campaign(connection, number, budget=0.1, budget_type="DAILY")
        yield connection


@pytest.mark.parametrize("name", [*NAMES, "loaded_days"])
def test_an_insight_has_the_columns_it_is_declared_with(made, name):
    described = [(row[0], row[1].split("(")[0]) for row in made.execute(f"DESCRIBE {name}").fetchall()]
    columns = INSIGHTS[name].columns if name in INSIGHTS else LOADED_DAYS
    assert described == [(column.name, column.type) for column in columns]


@pytest.mark.parametrize("name", [*NAMES, "loaded_days"])
def test_its_file_runs_as_it_stands_and_says_first_what_one_row_is(made, name):
    text = sql_file(f"insights/{name}")
    assert text.startswith("-- One row is ")
    made.execute(text).fetchall()
    if name in INSIGHTS:
        head = " ".join(line.removeprefix("-- ") for line in text.splitlines() if line.startswith("--"))
        assert INSIGHTS[name].row.split(",")[0] in head
        assert f"Grain: {', '.join(INSIGHTS[name].grain)}" in head


@pytest.mark.parametrize("name", NAMES)
def test_its_key_tells_rows_apart(made, name):
    key = ", ".join(INSIGHTS[name].grain)
    assert made.execute(f"SELECT {key} FROM {name} GROUP BY ALL HAVING count(*) > 1").fetchall() == []


@pytest.mark.parametrize("name", NAMES)
def test_it_reads_the_metric_tables_it_is_declared_to_read(name):
    assert {*re.findall(r"(?:FROM|JOIN) (metrics_\w+)", sql_file(f"insights/{name}"))} == {*INSIGHTS[name].reads}


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_its_reason_with_the_client_and_the_currency_where_it_tells_of_money(made, name):
    for row in rows(made, f"FROM {name}"):
        assert str(row["profile_name"] or row["profile_id"]) in row["reason"]
        if re.search(r"\d\.\d\d\b", row["reason"]):
            assert row["currency_code"] in row["reason"]


def test_findings_count_all_rows_and_show_the_worst_of_those_that_alarm(made):
    pacing = rows(made, "FROM budget_pacing")
    alarming = [row for row in pacing if row["status"] in ("out of budget", "limited by budget", "over budget")]
    percents = ("last_7_days_percent", "projected_percent", "period_percent")
    alarming.sort(key=lambda row: max(row[name] or 0 for name in percents), reverse=True)
    found = findings(made, INSIGHTS["budget_pacing"])
    assert (found.rows, found.alarming, found.profiles) == (len(pacing), len(alarming), 1)
    assert found.rows > found.alarming > 1, "otherwise nothing was tested"
    assert [one.reason for one in found.worst] == [row["reason"] for row in alarming][:WORST]


def test_an_amount_near_the_largest_that_a_report_can_hold_breaks_no_insight(made):
    made.begin()
    made.execute("UPDATE report_sp_campaigns SET cost = 999999999999.999999, sales_7d = 999999999999.999999")
    for name in NAMES:
        made.execute(f"FROM {name}").fetchall()
    made.rollback()
