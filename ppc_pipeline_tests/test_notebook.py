"""Questions from a notebook: exact where pandas is, told of currencies, and never in a load's way."""

import warnings

import pandas as pd
import pytest

from ppc_pipeline.notebook import CurrencyWarning, QuestionError, ask
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("notebook") / "ppc.duckdb"
    warehouse = Warehouse(str(file))
    prepare(warehouse)
    with warehouse.connect() as connection:
        for profile_id, currency in ((1, "EUR"), (2, "JPY")):
            connection.execute(
                """
                INSERT INTO profiles_history BY NAME
                SELECT 'acme' AS account, ? AS profile_id, ? AS currency_code, now() AS valid_from
                """,
                [profile_id, currency],
            )
    return file


def test_an_answer_is_a_frame_whose_ids_keep_every_digit(file):
    frame = ask("SELECT unnest([9007199254740993, NULL]) AS campaign_id, DATE '2026-11-30' AS date", warehouse=file)
    assert frame["campaign_id"][0] == 9007199254740993
    assert pd.isna(frame["campaign_id"][1])
    assert frame["date"][0] == pd.Timestamp("2026-11-30")


def test_a_question_is_told_its_values(file):
    assert ask("SELECT $n + 1 AS n", {"n": 1, "other": 2}, warehouse=file)["n"].tolist() == [2]


def test_sums_of_counts_are_integers_as_long_as_a_float_is_the_very_integer(file):
    frame = ask(
        """
        SELECT sum(clicks) AS clicks, sum(clicks) FILTER (clicks > 2) AS none, sum(clicks) + 9007199254740990 AS much,
               sum(clicks) AS clicks
        FROM (VALUES (1), (2)) AS of_days (clicks)
        """,
        warehouse=file,
    )
    assert [str(type_) for type_ in frame.dtypes] == ["Int64", "Int64", "float64", "Int64"]
    assert frame.iat[0, 0] == 3
    assert pd.isna(frame.iat[0, 1])
    told = ask("SELECT sum(n) AS n FROM (SELECT unnest([1, $n]) AS n)", {"n": 2}, warehouse=file)
    assert (str(told["n"].dtype), told["n"][0]) == ("Int64", 3)


def test_amounts_of_several_currencies_are_warned_of_and_told_apart_ones_are_not(file):
    with pytest.warns(CurrencyWarning, match="EUR, JPY"):
        ask("SELECT sum(cost) FROM metrics_by_profile", warehouse=file)
    with warnings.catch_warnings():
        warnings.simplefilter("error", CurrencyWarning)
        ask("SELECT currency_code, sum(cost) FROM metrics_by_profile GROUP BY ALL", warehouse=file)


def test_the_warehouse_is_free_again_after_each_question(file):
    ask("SELECT 1", warehouse=file)
    with Warehouse(str(file), wait_seconds=0).connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "sql", ["DROP TABLE load_log", "SELECT 1; SELECT 2", "SELECT nothing FROM nowhere", "EXPLAIN ANALYZE SELECT 1"]
)
def test_what_is_no_question_is_refused_in_one_line(file, sql):
    with pytest.raises(QuestionError) as refused:
        ask(sql, warehouse=file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("sql", "values", "said"),
    [
        ("SELECT $x, $y", {"x": 1}, r"asks for \$y: say it with values={'y': \.\.\.}"),
        ("SELECT ?", {}, r"asks for \$1: say it with values={'1': \.\.\.}"),
        ("SELECT 'a'::INT", {}, "Could not convert string 'a' to INT32"),
        ("SELECT $x::INT", {"x": "a"}, "Could not convert string 'a' to INT32"),
        ("SELECT $x", {"x": object()}, "Unable to transform"),
        ("SELECT error('only when it is read') FROM range(3)", {}, "only when it is read"),
    ],
)
def test_a_value_that_is_missing_or_cannot_be_read_is_one_line(file, sql, values, said):
    with pytest.raises(QuestionError, match=said) as refused:
        ask(sql, values, warehouse=file)
    assert "\n" not in str(refused.value)


def test_where_nothing_is_loaded_the_remedy_is_named_and_no_file_is_made(tmp_path, monkeypatch):
    monkeypatch.setenv("PPC_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(QuestionError, match="ppc sync"):
        ask("SELECT 1")
    assert not (tmp_path / "data").exists()
