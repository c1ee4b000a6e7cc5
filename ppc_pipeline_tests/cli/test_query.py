"""``ppc query`` and ``ppc top``: answers that keep every digit, in every format, and nothing that can be written."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from importlib import resources

import duckdb
import pytest
from typer.testing import CliRunner

from ppc_pipeline.cli.commands import app
from ppc_pipeline.cli.usual_values import usual_values
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.asking import ask
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.sql_files import ask_file, inputs, question_names, question_of
from ppc_pipeline.warehouse.top import KINDS
from ppc_pipeline_tests.cli.conftest import ppc, start
from ppc_pipeline_tests.fakes import DAY, SELLER, VENDOR
from ppc_pipeline_tests.warehouse.made import DAYS, STRANGER, fill

DIGITS = """
    SELECT 12.340000::DECIMAL(18, 6) AS cost, 123456789012345678 AS campaign_id, NULL AS gone, DATE '2026-11-10' AS day
"""


SOURCES = (
    *("spCampaigns", "spTargeting", "sdTargeting", "spSearchTerm", "spAdvertisedProduct"),
    "spCampaigns:campaignPlacement",
)


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    warehouse = Warehouse(str(folder / "ppc.duckdb"))
    prepare(warehouse)
    with warehouse.connect() as connection:
        fill(connection, folder, SOURCES)
    return folder / "ppc.duckdb"


@pytest.fixture(scope="session")
def answering(filled):
    with Warehouse(str(filled)).connect(read_only=True) as connection:
        yield connection


@pytest.fixture
def here(data_dir, filled):
    data_dir.mkdir()
    return shutil.copy(filled, data_dir / "ppc.duckdb")


def found(*arguments):
    result = ppc(*arguments, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout, parse_float=Decimal)


def test_every_digit_stands_in_csv_and_json(here):
    assert ppc("query", DIGITS, "--format", "csv").stdout.splitlines() == [
        "cost,campaign_id,gone,day",
        "12.340000,123456789012345678,,2026-11-10",
    ]
    shown = ppc("query", DIGITS, "--format", "json").stdout
    assert '"cost": 12.340000, "campaign_id": 123456789012345678, "gone": null, "day": "2026-11-10"' in shown


def test_a_table_is_for_people_and_says_how_many_rows_are_left_out(here):
    result = ppc("query", DIGITS)
    assert "12.34 " in result.stdout
    assert "123456789012345678" in result.stdout
    many = ppc("query", "SELECT range AS n FROM range(25000)", "--limit", 3)
    assert "24,997 more rows are left out" in many.stderr
    assert many.stdout.count("│ ") >= 3
    assert "left out" not in ppc("query", "SELECT 1").stderr


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_an_output_is_written_whole_in_the_format_of_its_name(here, tmp_path, ending):
    file = tmp_path / f"costs.{ending}"
    query = "SELECT profile_id, sum(cost) AS cost FROM metrics_by_campaign GROUP BY 1 ORDER BY 1"
    result = ppc("query", query, "--output", file)
    assert (result.exit_code, result.stdout) == (0, "")
    with duckdb.connect(here) as connection:
        expected = connection.execute(query).fetchall()
    assert expected == {"csv": from_csv, "json": from_json, "parquet": from_parquet}[ending](file)
    assert [path.name for path in tmp_path.iterdir() if "costs" in path.name] == [file.name]


def from_csv(file):
    return [(int(row["profile_id"]), Decimal(row["cost"])) for row in csv.DictReader(io.StringIO(file.read_text()))]


def from_json(file):
    return [(row["profile_id"], row["cost"]) for row in json.loads(file.read_text(), parse_float=Decimal)]


def from_parquet(file):
    return duckdb.sql(f"FROM '{file}'").fetchall()


def test_nested_values_infinities_and_empty_answers_are_valid_json(here):
    (row,) = found(
        "query", "SELECT [1.50, NULL] AS list, {'a': DATE '2026-01-02'} AS struct, 'inf'::DOUBLE AS infinite, true"
    )
    assert [*row.values()] == [[Decimal("1.50"), None], {"a": "2026-01-02"}, None, True]
    assert found("query", "SELECT 1 WHERE false") == []


def test_sql_is_read_from_standard_input_with_a_dash(here, monkeypatch):
    result = CliRunner().invoke(app, ["query", "-", "--format", "csv"], input="SELECT 41 + 1 AS answer")
    assert result.stdout == "answer\n42\n"


WRITING = (
    "DELETE FROM report_sp_campaigns",
    "CREATE TABLE x (a INTEGER)",
    "COPY report_sp_campaigns TO 'stolen.csv'",
    "SELECT 1; DROP TABLE report_sp_campaigns",
    "ATTACH 'other.duckdb'",
    "SET threads = 1",
    "EXPLAIN ANALYZE DELETE FROM report_sp_campaigns",
    "",
)


@pytest.mark.parametrize("sql", WRITING)
def test_what_is_no_question_is_refused_and_changes_nothing(here, sql, tmp_path):
    before = {path.name for path in tmp_path.rglob("*")}
    result = ppc("query", sql)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert {path.name for path in tmp_path.rglob("*")} == before
    assert found("query", "SELECT count(*) > 0 AS there FROM report_sp_campaigns") == [{"there": True}]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT * FROM metrics_by_capmaign", "Table with name metrics_by_capmaign does not exist"),
        ("SELECT nothing FROM campaigns", 'Referenced column "nothing" not found'),
        ("SELECT error('only when it is read')", "only when it is read"),
    ],
)
def test_wrong_sql_is_one_line_and_exit_code_2(here, sql, said):
    result = ppc("query", sql)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert said in line


def test_options_that_do_not_go_together_are_refused(here, tmp_path):
    assert "goes with --output" in ppc("query", "SELECT 1", "--format", "parquet").stderr
    assert "csv, json or parquet" in ppc("query", "SELECT 1", "--output", tmp_path / "answer.txt").stderr
    missing = ppc("query", "SELECT 1", "--output", tmp_path / "no" / "answer.csv")
    assert (missing.exit_code, "No such file or directory" in missing.stderr) == (2, True)


def test_a_row_of_too_many_columns_is_shown_on_its_side(here):
    shown = ppc("query", "SELECT * FROM performance_records LIMIT 2").stdout
    assert "row 2" in shown
    assert "│ currency_code " in shown


def test_amounts_of_a_row_on_its_side_have_the_decimals_of_its_currency(here):
    nothing = ", ".join(f"NULL AS column_{number}" for number in range(30))
    amount = "1234::DECIMAL(18, 6) AS cost, '{}' AS currency_code"
    for currency, spelled in (("JPY", "1,234"), ("USD", "1,234.00")):
        shown = ppc("query", f"SELECT {amount.format(currency)}, {nothing}").stdout
        (line,) = (line for line in shown.splitlines() if " cost " in line)
        assert line.split()[-2] == spelled


SENTENCE = "'a reason of many words that can wrap'"


@pytest.mark.parametrize(
    ("columns", "beside"),
    [
        ([f"{SENTENCE} AS reason", *(f"{SENTENCE} AS name{n}" for n in range(8))], True),  # 9 x 15 characters
        ([f"{SENTENCE} AS reason", *(f"{SENTENCE} AS name{n}" for n in range(9))], False),
        ([f"{SENTENCE} AS reason", *(f"1234567890.12 AS amount_with_a_name_{n}" for n in range(5))], True),
        ([f"{SENTENCE} AS reason", *(f"1234567890.12 AS amount_with_a_name_{n}" for n in range(6))], False),
    ],
)
def test_a_table_is_on_its_side_before_a_column_of_it_cannot_be_read(here, columns, beside):
    shown = ppc("query", f"SELECT {', '.join(columns)}").stdout
    assert ("row 1" not in shown) == beside
    assert "many words" in shown, "not a letter a line"
    assert "reason" in shown


def test_a_wide_answer_without_rows_says_that_there_are_none(here):
    assert ppc("query", "FROM performance_records WHERE false").stdout == "no rows\n"


def test_a_reader_that_has_had_enough_ends_the_answer_without_a_word(here):
    with start("query", "SELECT range FROM range(1000000)", "--format", "csv") as process:
        assert process.stdout.readline() == "range\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_who_holds_the_warehouse_is_named(here, monkeypatch):
    monkeypatch.setenv("PPC_WAREHOUSE_WAIT_SECONDS", "0.1")
    holding = f"import duckdb, sys; held = duckdb.connect({str(here)!r}); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", holding]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        holder.stdout.readline()
        results = [
            ppc("query", "SELECT 1"),
            ppc("top", "campaigns"),
            ppc("suggestions"),
            ppc("report"),
            ppc("rejected"),
        ]
        holder.stdin.close()
    for result in results:
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"(process {holder.pid})" in result.stderr.splitlines()[-1]


def test_without_a_warehouse_there_is_nothing_to_ask_and_none_is_made(data_dir):
    result = ppc("query", "SELECT 1")
    assert result.exit_code == 1
    assert "there is no warehouse" in result.stderr
    assert not data_dir.exists()


@pytest.mark.parametrize(
    ("sql", "warned"),
    [
        ("SELECT sum(cost) FROM metrics_by_campaign", True),
        ("SELECT any_value(currency_code) AS currency_code, sum(cost) FROM metrics_by_campaign", True),
        ("SELECT currency_code, sum(cost) FROM metrics_by_campaign GROUP BY 1", False),
        ("FROM metrics_by_campaign", False),
    ],
)
def test_who_adds_amounts_of_several_currencies_is_told(here, sql, warned):
    result = ppc("query", sql, "--format", "csv")
    assert result.exit_code == 0
    assert ("there are amounts in JPY, USD, and the question takes them together" in result.stderr) == warned


def test_where_there_is_one_currency_nobody_is_told(here):
    with duckdb.connect(here) as connection:
        connection.execute("UPDATE profiles_history SET currency_code = 'USD'")
    assert ppc("query", "SELECT sum(cost) FROM metrics_by_campaign").stderr == ""


# top


@pytest.mark.parametrize("kind", KINDS)
def test_the_top_of_every_kind_is_by_currency_and_the_sum_of_all_is_the_metric_tables(here, kind):
    rows = found("top", kind, "--limit", 1000)
    with duckdb.connect(here) as connection:
        query = f"SELECT currency_code, sum(cost) FROM {KINDS[kind].table} WHERE {KINDS[kind].where} GROUP BY 1"
        expected = dict(connection.execute(query).fetchall())
    sums = {}
    for row in rows:
        sums[row["currency_code"]] = sums.get(row["currency_code"], 0) + row["cost"]
    assert sums == expected
    costs = {currency: [row["cost"] for row in rows if row["currency_code"] == currency] for currency in sums}
    assert all(some == sorted(some, reverse=True) for some in costs.values())


def test_the_highest_of_each_currency_are_shown_and_the_lowest_on_demand(here):
    every = found("top", "campaigns", "--by", "acos_percent", "--limit", 1000)
    highest = found("top", "campaigns", "--by", "acos_percent", "--limit", 2)
    lowest = found("top", "campaigns", "--by", "acos_percent", "--limit", 2, "--lowest")
    for currency in ("USD", "JPY"):
        known = [row["acos_percent"] for row in every if row["currency_code"] == currency]
        rates = sorted(rate for rate in known if rate is not None)
        assert [row["acos_percent"] for row in highest if row["currency_code"] == currency] == rates[-2:][::-1]
        assert [row["acos_percent"] for row in lowest if row["currency_code"] == currency] == rates[:2]


def test_a_window_of_days_and_one_of_attribution_and_a_profile_can_be_chosen(here):
    (row,) = found("top", "profiles", "--days", 1, "--window", "30d", "--profile", SELLER, "--limit", 1)
    with duckdb.connect(here) as connection:
        query = """
            SELECT sum(sales_30d), sum(cost) FROM metrics_by_profile WHERE date = ? AND profile_id = ?
            GROUP BY ad_product
        """
        expected = connection.execute(query, [DAYS[0], SELLER]).fetchall()
    assert (row["sales"], row["cost"]) == max(expected, key=lambda one: one[1])
    assert {row["profile_id"] for row in found("top", "keywords")} == {SELLER, VENDOR, STRANGER}


def test_a_table_of_the_top_says_of_which_days_it_is(here):
    result = ppc("top", "search-terms", "--by", "sales", "--days", 3)
    assert (
        f"search-terms, highest sales, the newest 3 days of each profile, {DAYS[-1]} to {DAY}, standard window"
        in result.stdout
    )
    assert "acos_percent" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("top", "nothing"), "WHAT: 'nothing' is none of profiles, portfolios"),
        (("top", "campaigns", "--by", "cost; DROP"), "--by: 'cost; DROP' is none of impressions, clicks"),
        (("top", "campaigns", "--window", "5d"), "--window: '5d' is none of standard, 7d, 14d, 30d"),
    ],
)
def test_a_word_that_is_not_known_is_refused_with_those_that_are(here, arguments, said):
    result = ppc(*arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_profile_that_nobody_knows_is_refused(here):
    result = ppc("top", "campaigns", "--profile", 777)
    assert result.exit_code == 2
    assert "profile 777 is not known; `ppc status` lists" in " ".join(result.stderr.split())


def test_the_weekly_questions_are_told_the_week_and_the_profiles_of_the_weekly_report(monkeypatch):
    class Sunday(datetime):
        @classmethod
        def now(cls, tz):
            return datetime(2026, 11, 30, 3, tzinfo=tz)  # in Los Angeles it is still Sunday

    monkeypatch.setattr("ppc_pipeline.cli.usual_values.datetime", Sunday)
    profiles = [("acme", 1, "Europe/Berlin", None, True), ("acme", 2, None, None, None), ("acme", 3, "UTC", DAY, True)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE profiles (account TEXT, profile_id BIGINT, timezone TEXT)")
        connection.execute("ALTER TABLE profiles ADD removed_at DATE; ALTER TABLE profiles ADD active BOOLEAN")
        connection.executemany("INSERT INTO profiles VALUES (?, ?, ?, ?, ?)", profiles)
        told = usual_values(connection, "weekly/days", load_settings())
        assert (told["profiles"], told["last"]) == ([1, 2], date(2026, 11, 29))
        connection.execute("INSERT INTO profiles VALUES ('acme', 4, 'America/Los_Angeles', NULL, true)")
        connection.execute("INSERT INTO profiles VALUES ('acme', 5, 'UTC', NULL, false)")
        told = usual_values(connection, "weekly/days", load_settings())
        assert (told["profiles"], told["last"]) == ([1, 2, 4], date(2026, 11, 22))


@pytest.mark.parametrize("name", question_names())
def test_every_question_of_the_package_is_answered_as_it_stands(answering, name):
    settings = load_settings()
    values = usual_values(answering, name, settings)
    with inputs(answering, [name], values):
        assert ask_file(answering, name, values).description


def test_a_question_of_the_package_is_asked_with_what_the_pipeline_would_tell_it_and_says_so(here):
    result = ppc("query", "--file", "quality/currency", "--set", "start=2026-01-01", "--format", "json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("with end=")
    assert "start=2026-01-01" in result.stderr
    assert {row["profile_id"] for row in json.loads(result.stdout)} >= {SELLER, VENDOR}
    told = ppc("query", "--file", "suggestions/bid_change", "--set", "prior_clicks=50", "--set", "profiles=[1]").stderr
    assert {"prior_clicks=50,", "days=60,", "profiles=[1],"} <= {*told.replace("\n", " ").split(" ")}


def test_a_question_is_known_by_its_name_and_by_its_path_unless_a_file_of_ones_own_has_the_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "quality/currency"
    path = str(resources.files("ppc_pipeline.warehouse").joinpath(f"sql/{name}.sql"))
    assert question_of(name) == question_of(f"{name}.sql") == question_of(path) == name
    assert question_of("quality/other") is question_of("/nowhere") is None
    (tmp_path / "quality").mkdir()
    (tmp_path / name).write_text("SELECT 1")
    assert question_of(name) is None


def test_a_file_of_ones_own_is_told_numbers_lists_dates_and_texts(here, tmp_path):
    file = tmp_path / "mine.sql"
    file.write_text("SELECT $day + 1 AS next, $n * 2 AS twice, $names[1] AS first, $text || '!' AS said;")
    options = ("day=2026-11-30", "n=1.5", 'names=["a", "b"]', "text=10 % off")
    assert found("query", "--file", file, *(one for option in options for one in ("--set", option))) == [
        {"next": "2026-12-01", "twice": 3, "first": "a", "said": "10 % off!"}
    ]


def test_decimals_are_told_exactly_and_numbers_with_an_exponent_as_sql_reads_them(here):
    sql = "SELECT $a + $b = 0.3 AS exact, typeof($c) AS type, $c AS c"
    assert found("query", sql, "--set", "a=0.1", "--set", "b=0.2", "--set", "c=1e3") == [
        {"exact": True, "type": "DOUBLE", "c": 1000}
    ]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_an_answer_that_was_told_values_is_written_like_any_other(here, tmp_path, ending):
    told, plain = tmp_path / f"it's told.{ending}", tmp_path / f"plain.{ending}"
    sql = "SELECT '; --' AS text, range AS n, 1.50 AS cost FROM range(11000) WHERE range >= {} ORDER BY n"
    assert ppc("query", sql.format("$least") + "; -- done", "--set", "least=3", "--output", told).exit_code == 0
    assert ppc("query", sql.format(3), "--output", plain).exit_code == 0
    assert (
        duckdb.sql(f"FROM '{plain}'").fetchall() == duckdb.sql("FROM '" + str(told).replace("'", "''") + "'").fetchall()
    )
    many = ppc("query", sql.format("$least"), "--set", "least=3", "--limit", 2)
    assert "10,995 more rows are left out" in many.stderr


def test_a_told_answer_is_read_a_few_rows_at_a_time(answering):
    def rows():
        asked = ask(answering, "SELECT range // $n AS n FROM range(1000000000000)", {"n": 1})
        return asked.columns, asked.fetchmany(2)

    assert rows() == (["n"], [(0,), (1,)])


def test_sql_is_read_from_a_pipe_and_from_standard_input_like_from_a_file(here, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", 'echo "SELECT 41 + 1 AS answer" > "$0"', pipe]):
        assert found("query", "--file", pipe) == [{"answer": 42}]
    result = CliRunner().invoke(app, ["query", "-f", "-", "--format", "csv"], input="SELECT 43 AS answer")
    assert result.stdout == "answer\n43\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either one SELECT or --file"),
        (("SELECT 1", "--file", "quality/fresh"), "give either one SELECT or --file"),
        (("--file", "quality/wrong"), "there is no such file, nor such a question; there are "),
        (("SELECT $a, $b", "--set", "a=1"), "the question asks for $b: say it with --set NAME=VALUE"),
        (("SELECT 1", "--set", "a=1"), "the question has no $a"),
        (("SELECT $b", "--set", "a=1"), "the question has no $a; it has $b"),
        (("SELECT $b", "--set", "b"), "--set b: it is written NAME=VALUE"),
        (("SELECT $b", "--set", "b=1", "--set", "b=2"), "--set: each name is set once"),
        (("SELECT $b +", "--set", "b=1"), "Parser Error"),
        (("SELECT $b::DATE", "--set", "b=x"), "Conversion Error"),
        (("--file", "/"), "there is no such file"),
        (("--file", "SELECT 1 AS a_name_too_long_for_a_file" * 20), "SQL itself goes without --file"),
        (("--file", ""), "there is no such file"),
        (("--file", "/dev/zero"), "--file /dev/zero: it is longer than 1,000,000 bytes"),
        (("--file", "suggestions/bid_change", "--set", "days=abc"), "Could not convert string 'abc' to"),
    ],
)
def test_a_question_that_lacks_something_is_refused_in_one_line_that_says_what(here, arguments, said):
    result = ppc("query", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_file_that_writes_is_refused(here, tmp_path):
    file = tmp_path / "drop.sql"
    file.write_text("DROP TABLE load_log")
    result = ppc("query", "--file", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "one SELECT" in result.stderr


@pytest.mark.parametrize("name", ["ppc.duckdb", "ledger.db", "raw.json.gz", "folder.csv"])
def test_an_output_takes_the_place_of_no_file_that_is_no_answer(here, data_dir, name):
    file = data_dir / name
    if name == "folder.csv":
        file.mkdir()
    elif not file.exists():
        file.write_bytes(b"of value")
    before = file.stat()
    for command in (("query", "SELECT 1"), ("top", "campaigns")):
        result = ppc(*command, "--format", "csv", "--output", file)
        assert result.exit_code == 2
        assert "is there already" in result.stderr
    assert (file.stat().st_ino, file.stat().st_size) == (before.st_ino, before.st_size)


def test_columns_of_one_name_are_no_json(here):
    result = ppc("query", "SELECT 1 AS a, 2 AS a", "--format", "json")
    assert result.exit_code == 2
    assert "several columns have one name" in result.stderr


def test_a_text_is_shown_as_it_is(here):
    assert "Brand:star:US :x: [red]" in ppc("query", "SELECT 'Brand:star:US :x: [red]' AS campaign_name").stdout
    assert ":x:" in ppc("query", "--file", ":x:").stderr


def test_ctrl_c_ends_a_running_question(here):
    endless = "SELECT count(*) FROM range(10000000) AS a, range(1000000) AS b WHERE (a.range * b.range) % 7 = $n"
    with start("query", endless, "--set", "n=-1") as process:
        try:
            assert process.stderr.readline() == "with n=-1\n"  # from here on it is worked out
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            said = process.stderr.read()
        finally:
            process.kill()
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted")
    assert {*said.splitlines()[:-1]} <= {"with n=-1"}  # which may be said twice where it is interrupted itself


def test_a_directory_is_no_warehouse(data_dir, monkeypatch):
    data_dir.mkdir()
    monkeypatch.setenv("PPC_WAREHOUSE", str(data_dir))
    result = ppc("query", "SELECT 1")
    assert (result.exit_code, "is a directory" in result.stderr) == (2, True)
