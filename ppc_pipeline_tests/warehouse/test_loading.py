"""Loading report files: exact, complete, repeatable, whole days at a time."""

import json
import tempfile
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse import loading, pieces, stages
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.loading import (
    ReportFile,
    RowsLostError,
    UnreadableFileError,
    load_files,
    without_overlaps,
)
from ppc_pipeline.warehouse.queries import emptied_days
from ppc_pipeline_tests.fakes import (
    DAY,
    NOON,
    SELLER,
    VENDOR,
    gzipped,
    report_file,
    report_row,
    targeting_row,
)

TABLE = REPORT_TABLES["spTargeting"]
NEXT = DAY + timedelta(days=1)


def load(connection, *files, hours=0):
    return load_files(connection, TABLE, files, NOON + timedelta(hours=hours))


def rows(connection, query, *values):
    return connection.execute(query, values).fetchall()


def one(connection, query, *values):
    ((value,),) = rows(connection, query, *values)
    return value


def reasons(connection):
    return [reason for (reason,) in rows(connection, "SELECT reason FROM rejected_rows ORDER BY report_id, row_no")]


def report(connection):
    return rows(connection, "SELECT * FROM report_sp_targeting ORDER BY ALL")


# Values


def load_texts(connection, folder, column, texts):
    """Load a row for each JSON text of a column; say which of them are there as what, and why the others are not."""
    rows_given = [targeting_row(**{"keywordId": n, column: f"TEXT {n} HERE"}) for n in range(len(texts))]
    content = json.dumps(rows_given)
    for number, text in enumerate(texts):
        content = content.replace(f'"TEXT {number} HERE"', text)
    (outcome,) = load(connection, report_file(folder, content))
    name = snake_case(column)
    loaded = dict(rows(connection, f"SELECT keyword_id, {name} FROM report_sp_targeting"))
    rejected = dict(rows(connection, "SELECT row_no - 1, reason FROM rejected_rows"))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (len(loaded), len(rejected))
    assert sorted([*loaded, *rejected]) == list(range(len(texts)))
    return {texts[n]: v for n, v in loaded.items()}, {texts[n]: reason for n, reason in rejected.items()}


def test_an_amount_is_exactly_what_the_json_text_says(connection, tmp_path):
    exact = {
        "1534.58": "1534.58",
        "0": "0",
        "0.0": "0",
        "400.0": "400",
        "4": "4",
        "-12.34": "-12.34",
        "-0.0": "0",
        "0.000001": "0.000001",
        "1e-05": "0.00001",
        "999999999.99": "999999999.99",
        "123456789012.34": "123456789012.34",
        "123456789012.340001": "123456789012.340001",  # no double holds these two
        "-999999999999.999999": "-999999999999.999999",
        "8589934592.000001": "8589934592.000001",
        "8589934591.999999": "8589934591.999999",
        "12.340000000000002": "12.34",  # what floats leave behind in a sum is rounded off, at the sixth decimal
        "0.5233333333": "0.523333",
        "1.5e3": "1500",
        '"1534.58"': "1534.58",  # Amazon has been seen to put numbers in quotes
        "null": None,
    }
    loaded, rejected = load_texts(connection, tmp_path, "cost", list(exact))
    assert rejected == {}
    assert loaded == {text: None if value is None else Decimal(value) for text, value in exact.items()}


def test_sums_of_amounts_are_exact_where_floats_are_not(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(keyword_id=n, cost=c) for n, c in enumerate((0.1, 0.2))]))
    assert one(connection, "SELECT sum(cost) FROM report_sp_targeting") == Decimal("0.3")
    many = [targeting_row(NEXT, keyword_id=n, cost=0.01) for n in range(10_000)]
    load(connection, report_file(tmp_path, many, NEXT))
    assert one(connection, "SELECT sum(cost) FROM report_sp_targeting WHERE date = ?", NEXT) == Decimal("100.00")


@pytest.mark.parametrize("key", [2**53 + 1, 9_223_372_036_854_775_807, 144346139432941903])
def test_ids_that_no_double_holds_arrive_whole(connection, tmp_path, key):
    load(connection, report_file(tmp_path, [targeting_row(keyword_id=key, campaignId=str(key))]))
    assert rows(connection, "SELECT keyword_id, campaign_id FROM report_sp_targeting") == [(key, key)]


def test_a_whole_number_is_one_however_it_is_spelled_and_nothing_else_is_or_is_rounded(connection, tmp_path):
    whole = ["176", "176.0", '"176"', '"176.00"']
    others = [
        "12.5",
        "12.0000001",
        '"12.5"',
        "0.1",
        '"1e-1"',
        '"0x1F"',
        '"1_000"',
        '"many"',
        "true",
        '""',
        "[1]",
        "1e30",
    ]
    loaded, rejected = load_texts(connection, tmp_path, "clicks", [*whole, *others])
    assert loaded == dict.fromkeys(whole, 176)
    assert set(rejected) == set(others)
    assert all(reason.startswith("clicks is not a whole number: ") for reason in rejected.values())


@pytest.mark.parametrize("text", ["90071992547409930.0", "1.2345678901234567e16"])
def test_an_id_that_went_through_a_double_and_may_be_another_is_rejected(connection, tmp_path, text):
    content = json.dumps([targeting_row(keyword_id="HERE")]).replace('"HERE"', text)
    (outcome,) = load(connection, report_file(tmp_path, content))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (0, 1)


def test_a_quotient_or_a_rate_is_a_number_and_nothing_else_is(connection, tmp_path):
    numbers = {"0": 0.0, "0.0": 0.0, "12.5": 12.5, "1e-7": 1e-7, "-3": -3.0, '"0.25"': 0.25}
    others = ["NaN", "Infinity", '"inf"', '"1_000"', '" 1"', '"+1"', "1e999", "true", '""', '"1,5"']
    loaded, rejected = load_texts(connection, tmp_path, "clickThroughRate", [*numbers, *others])
    assert loaded == numbers
    assert set(rejected) == set(others)
    assert all(reason.startswith("click_through_rate is not a number: ") for reason in rejected.values())


def test_an_amount_is_a_number_as_json_spells_it_and_nothing_else_is(connection, tmp_path):
    others = ['"1_000"', '" 1"', '"1 "', '"+1"', '".5"', '"5."', '"1,000"', '"$1"', "NaN", "1e13", '"0x1F"', "false"]
    loaded, rejected = load_texts(connection, tmp_path, "cost", others)
    assert loaded == {}
    assert all(reason.startswith("cost is not an amount: ") for reason in rejected.values())


def test_a_date_is_spelled_as_amazon_documents_it_or_rejected(connection, tmp_path):
    others = [
        "2026/11/10",
        "2026-11-1",
        "26-11-10",
        "20261110",
        " 2026-11-10",
        "2026-11-10 ",
        "2026-11-10T00:00:00Z",
        "2026-11-10 (BC)",
        "2026-02-30",
        "infinity",
        "epoch",
        "",
    ]
    loaded, rejected = load_texts(connection, tmp_path, "date", ['"2026-11-10"', *(f'"{text}"' for text in others)])
    assert loaded == {'"2026-11-10"': DAY}
    assert rejected == {f'"{text}"': f"date is not a date: {text}" for text in others}


REASONS = (
    ({"keywordId": None}, "keyword_id is missing"),
    ({"campaignId": None}, "campaign_id is missing"),
    ({"date": None}, "date is missing"),
    ({"date": "yesterday"}, "date is not a date: yesterday"),
    ({"date": "2026-11-09"}, "date 2026-11-09 is outside the report (2026-11-10 to 2026-11-10)"),
    ({"date": "2026-11-11"}, "date 2026-11-11 is outside the report (2026-11-10 to 2026-11-10)"),
    ({"cost": "a lot"}, "cost is not an amount: a lot"),
    ({"cost": 10**13}, "cost is not an amount: 10000000000000"),
    ({"clickThroughRate": "high"}, "click_through_rate is not a number: high"),
    ({"clicks": "x" * 500}, "clicks is not a whole number: " + "x" * 100),
)


def test_a_row_that_breaks_a_rule_is_in_quarantine_with_its_reason_its_json_and_its_place(connection, tmp_path):
    bad = [targeting_row(**changes) for changes, _ in REASONS]
    mixed = [row for n, each in enumerate(bad) for row in (targeting_row(keyword_id=n), each)]
    file = report_file(tmp_path, mixed)
    (outcome,) = load(connection, file)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (len(bad), len(bad))
    found = rows(connection, "SELECT * EXCLUDE (ad_product, part) FROM rejected_rows ORDER BY row_no")
    for (account, profile_id, source, report_id, place, said, raw, at), (_, reason), row in zip(
        found, REASONS, bad, strict=True
    ):
        assert (account, profile_id, source, report_id, at) == ("acme", SELLER, "spTargeting", file.report_id, NOON)
        assert (said, json.loads(raw), mixed[place - 1]) == (reason, row, row)


def test_of_rows_with_the_same_keys_the_first_is_kept_and_the_rest_rejected(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(clicks=n) for n in (1, 2, 3)]))
    assert one(connection, "SELECT clicks FROM report_sp_targeting") == 1
    assert reasons(connection) == ["another row of the file has the same keys"] * 2
    assert rows(connection, "SELECT row_no, raw->>'clicks' FROM rejected_rows ORDER BY row_no") == [(2, "2"), (3, "3")]


def test_a_row_that_is_rejected_anyway_does_not_make_another_a_duplicate(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(clicks=1.5), targeting_row(clicks=2)]))
    assert one(connection, "SELECT clicks FROM report_sp_targeting") == 2


def test_a_column_that_is_missing_is_noticed_and_null_and_an_unknown_one_is_ignored(connection, tmp_path):
    row = targeting_row(brandNewMetric=5)
    del row["campaignName"], row["keywordBid"]
    (outcome,) = load(connection, report_file(tmp_path, [row]))
    assert sorted(outcome.columns_missing) == ["campaignName", "keywordBid"]
    assert rows(connection, "SELECT campaign_name, keyword_bid, clicks FROM report_sp_targeting") == [(None, None, 176)]
    assert sorted(one(connection, "SELECT columns_missing FROM load_log")) == ["campaignName", "keywordBid"]


def test_a_missing_column_is_noticed_in_a_row_that_is_longer_than_rows_usually_are_and_after_a_null(
    connection, tmp_path
):
    row = targeting_row(keyword="x" * 100_000)
    del row["keywordBid"]
    (outcome,) = load(connection, report_file(tmp_path, [None, row]))
    assert (outcome.rows_loaded, outcome.columns_missing) == (1, ("keywordBid",))


def without(*names, **changes):
    return {name: value for name, value in targeting_row(**changes).items() if name not in names}


def test_a_column_that_was_not_asked_for_is_null_and_rejects_neither_the_file_nor_a_row(connection, tmp_path):
    content = [without("cost", "keywordBid", keyword_id=n) for n in range(5)]
    content[1]["clicks"], content[3]["date"] = "x", None
    del content[2]["sales7d"]
    file = report_file(tmp_path, content, left_out=frozenset({"cost", "keywordBid"}))
    (outcome,) = load(connection, file)
    assert (outcome.rows_loaded, outcome.columns_missing) == (2, ())
    assert outcome.columns_left_out == ("keyword_bid", "cost")
    assert one(connection, "SELECT columns_left_out FROM load_log") == ["keyword_bid", "cost"]
    assert rows(connection, "SELECT DISTINCT cost, keyword_bid FROM report_sp_targeting") == [(None, None)]
    assert reasons(connection) == ["clicks is not a whole number: x", "sales_7d is missing", "date is missing"]


def test_what_was_left_out_and_is_in_the_file_all_the_same_is_loaded(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(cost=5)], left_out=frozenset({"cost"})))
    assert one(connection, "SELECT cost::VARCHAR FROM report_sp_targeting") == "5.000000"


def test_that_a_column_is_no_longer_asked_for_or_again_is_no_restatement(connection, tmp_path):
    restated = "SELECT metric, before::INTEGER, after::INTEGER FROM restatements ORDER BY ALL"
    load(connection, report_file(tmp_path, [targeting_row(cost=1, clicks=1)]))
    load(connection, later_file(tmp_path, [targeting_row(cost=2, clicks=2)]))
    known = [("clicks", 1, 2), ("cost", 1, 2)]
    assert rows(connection, restated) == known
    left_out = {"left_out": frozenset({"cost"})}
    load(connection, later_file(tmp_path, [without("cost", clicks=3)], hours=48, **left_out))
    assert rows(connection, "SELECT cost, clicks FROM report_sp_targeting") == [(2, 3)]
    known = sorted([*known, ("clicks", 2, 3)])
    assert rows(connection, restated) == known, "what was known before stays as it was"
    load(connection, later_file(tmp_path, [targeting_row(cost=9, clicks=3)], hours=72))
    assert rows(connection, restated) == known
    load(connection, later_file(tmp_path, [targeting_row(cost=10, clicks=3)], hours=96))
    assert rows(connection, restated) == sorted([*known, ("cost", 9, 10)])


@pytest.mark.parametrize("gone", [["cost"], ["purchases30d", "sales7d"], ["campaignId"], ["date"]])
def test_a_file_without_a_metric_or_a_key_is_not_loaded_names_it_and_the_old_day_stays(connection, tmp_path, gone):
    load(connection, report_file(tmp_path, [targeting_row()]))
    before = report(connection)
    poor = [{name: value for name, value in targeting_row().items() if name not in gone}] * 2
    with pytest.raises(UnreadableFileError) as raised:
        load(connection, later_file(tmp_path, poor))
    assert all(name in str(raised.value) for name in gone)
    assert report(connection) == before


@pytest.mark.parametrize("cut", [False, True])
def test_a_row_without_a_metric_that_other_rows_have_is_rejected_and_one_with_null_is_not(
    connection, tmp_path, request, cut
):
    if cut:
        request.getfixturevalue("in_pieces")
    content = [targeting_row(keyword_id=n, cost=n) for n in range(1, 101)]
    content[4]["cost"] = None
    for place, key in ((1, "cost"), (50, "sales14d"), (99, "cost")):
        del content[place - 1][key]
    content += [
        targeting_row(keyword_id=50, cost=7),
        targeting_row(keyword_id=98),
        targeting_row(keyword_id=1, clicks="x"),
    ]
    del content[-1]["cost"]
    other = report_file(tmp_path, [targeting_row(cost=3)], profile_id=VENDOR)
    outcomes = load(connection, report_file(tmp_path, content), other)
    assert sorted((o.rows_loaded, o.rows_rejected, o.columns_missing) for o in outcomes) == [(1, 0, ()), (98, 5, ())]
    assert rows(connection, "SELECT row_no, reason FROM rejected_rows ORDER BY row_no") == [
        (1, "cost is missing"),
        (50, "sales_14d is missing"),
        (99, "cost is missing"),
        (102, "another row of the file has the same keys"),
        (103, "clicks is not a whole number: x"),
    ]
    costs = dict(rows(connection, "SELECT keyword_id, cost FROM report_sp_targeting WHERE profile_id = ?", SELLER))
    assert (costs[5], costs[50], costs.keys() & {1, 99}) == (None, 7, set())


def test_a_column_without_figures_that_some_row_has_is_not_missing(connection, tmp_path):
    short = targeting_row(keyword_id=1)
    del short["keywordBid"]
    (outcome,) = load(connection, report_file(tmp_path, [short, targeting_row(keyword_id=2)]))
    assert (outcome.rows_loaded, outcome.columns_missing) == (2, ())


def test_files_in_which_no_metric_is_partly_null_are_not_read_again(connection, tmp_path, monkeypatch):
    monkeypatch.setattr(stages._Reading, "_raw_rows", lambda self, number: "no_such_table")
    (outcome,) = load(connection, report_file(tmp_path, [targeting_row(keyword_id=n) for n in range(5)]))
    assert outcome.rows_loaded == 5
    with pytest.raises(duckdb.CatalogException):
        load(connection, report_file(tmp_path, [targeting_row(cost=None), targeting_row(keyword_id=2)]))


def test_text_arrives_as_it_is_whatever_is_in_it(connection, tmp_path):
    text = "naïve “towel” \\ 'n\" \n ☂ '; DROP TABLE report_sp_targeting; --"
    load(connection, report_file(tmp_path, [targeting_row(keyword=text)]))
    assert one(connection, "SELECT keyword FROM report_sp_targeting") == text


@pytest.mark.parametrize(
    "content",
    [
        b"[oops]",
        b'{"a": 1}',
        b"[1, 2]",
        b"[[]]",
        b'[{"date": "2026-11-10"}, 5]',
        b'[{"a": 1} {"a": 2}]',
        b'[{"a": "\xff"}]',
        b'[{"a": "\\ud83d"}]',
        b'[{"date": "2026-11-10",}]',  # DuckDB reads these two, and JSON does not allow them
        b'[{"date": "2026-11-10", "cost": inf}]',
    ],
)
def test_a_file_that_is_no_array_of_objects_is_unreadable_and_changes_nothing(connection, tmp_path, content):
    load(connection, report_file(tmp_path, [targeting_row()]))
    before = report(connection)
    with pytest.raises(UnreadableFileError):
        load(connection, report_file(tmp_path, content))
    assert report(connection) == before
    assert one(connection, "SELECT count(*) FROM load_log") == 1


def test_a_null_among_the_rows_is_rejected_and_every_place_is_still_right(connection, tmp_path):
    load(connection, report_file(tmp_path, [None, targeting_row(), None, targeting_row(keyword_id=2, clicks=0.5)]))
    found = rows(connection, "SELECT row_no, reason, raw IS NOT NULL FROM rejected_rows ORDER BY row_no")
    assert found == [
        (1, "date is missing", True),
        (3, "date is missing", True),
        (4, "clicks is not a whole number: 0.5", True),
    ]


# Again and again


def test_the_same_file_twice_changes_nothing_and_rewrites_no_day(connection, tmp_path):
    file = report_file(tmp_path, [targeting_row(), targeting_row(keyword_id=2, clicks=1.5)])
    first, second = load(connection, file) + load(connection, file, hours=1)
    assert (first.days_changed, second.days_changed, second.days_unchanged) == (1, 0, 1)
    assert (second.rows_loaded, second.rows_rejected) == (1, 1)
    assert one(connection, "SELECT loaded_at FROM report_sp_targeting") == NOON
    assert one(connection, "SELECT count(*) FROM rejected_rows") == 1
    assert rows(connection, "SELECT * FROM restatements") == []


def test_the_same_rows_in_another_order_from_another_report_change_nothing(connection, tmp_path):
    given_rows = [targeting_row(keyword_id=n) for n in range(5)]
    load(connection, report_file(tmp_path, given_rows))
    later = report_file(tmp_path, given_rows[::-1], requested_at=NOON + timedelta(hours=1))
    (outcome,) = load(connection, later, hours=1)
    assert (outcome.days_changed, outcome.days_unchanged) == (0, 1)


def later_file(tmp_path, content, start=DAY, end=None, hours=24, **changes):
    return report_file(tmp_path, content, start, end, requested_at=NOON + timedelta(hours=hours), **changes)


def test_only_days_that_changed_are_rewritten_and_what_changed_is_recorded(connection, tmp_path):
    two_days = [targeting_row(DAY), targeting_row(NEXT)]
    load(connection, report_file(tmp_path, two_days, DAY, NEXT))
    changed = later_file(tmp_path, [targeting_row(DAY), targeting_row(NEXT, sales7d=4660.0, purchases7d=7)], DAY, NEXT)
    (outcome,) = load(connection, changed, hours=24)
    assert (outcome.days_changed, outcome.days_unchanged, outcome.days_stale) == (1, 1, 0)
    loaded_at = dict(rows(connection, "SELECT date, loaded_at FROM report_sp_targeting"))
    assert loaded_at == {DAY: NOON, NEXT: NOON + timedelta(hours=24)}
    columns = "date, account, profile_id, currency_code, report_type, metric, before, after, report_id, restated_at"
    where = (NEXT, "acme", SELLER, "USD", "spTargeting")
    when = (changed.report_id, NOON + timedelta(hours=24))
    assert rows(connection, f"SELECT {columns} FROM restatements ORDER BY metric") == [
        (*where, "purchases_7d", Decimal(6), Decimal(7), *when),
        (*where, "sales_7d", Decimal("4659.97"), Decimal("4660.00"), *when),
    ]


def test_a_first_load_is_no_restatement_and_a_change_of_a_name_or_rate_is_none_either(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row()]))
    renamed = targeting_row(campaignName="Winter", keywordBid=5, clickThroughRate=1.3)
    (outcome,) = load(connection, later_file(tmp_path, [renamed]))
    assert outcome.days_changed == 1
    assert one(connection, "SELECT campaign_name FROM report_sp_targeting") == "Winter"
    assert rows(connection, "SELECT * FROM restatements") == []


def test_rows_that_vanished_from_a_day_are_gone_after_the_load(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(keyword_id=n, cost=1) for n in range(3)]))
    load(connection, later_file(tmp_path, [targeting_row(keyword_id=0, cost=1)]))
    assert one(connection, "SELECT count(*) FROM report_sp_targeting") == 1
    load(connection, later_file(tmp_path, [], hours=48))
    assert one(connection, "SELECT count(*) FROM report_sp_targeting") == 0
    cost = rows(connection, "SELECT before, after FROM restatements WHERE metric = 'cost' ORDER BY before DESC")
    assert cost == [(Decimal(3), Decimal(1)), (Decimal(1), None)]


def test_an_empty_report_is_loaded_and_covers_its_days(connection, tmp_path):
    (outcome,) = load(connection, report_file(tmp_path, [], DAY, NEXT))
    assert (outcome.rows_loaded, outcome.days_changed, outcome.days_unchanged) == (0, 0, 2)
    assert outcome.columns_missing == ()
    (later,) = load(connection, later_file(tmp_path, [targeting_row(cost=2)], DAY, NEXT))
    assert later.days_changed == 1
    restated = rows(connection, "SELECT before, after FROM restatements WHERE metric = 'cost'")
    assert restated == [(None, Decimal(2))]


def test_a_report_asked_for_earlier_never_overwrites_one_asked_for_later(connection, tmp_path):
    load(connection, later_file(tmp_path, [targeting_row(NEXT, cost=2)], NEXT, NEXT))
    older = report_file(tmp_path, [targeting_row(DAY, cost=1), targeting_row(NEXT, cost=1)], DAY, NEXT)
    (outcome,) = load(connection, older, hours=25)
    assert (outcome.days_changed, outcome.days_stale, outcome.days_unchanged) == (1, 1, 0)
    costs = rows(connection, "SELECT date, cost FROM report_sp_targeting ORDER BY date")
    assert costs == [(DAY, Decimal(1)), (NEXT, Decimal(2))]
    assert rows(connection, "SELECT * FROM restatements") == []


def test_reports_of_other_profiles_and_types_are_left_alone(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row()]))
    load(connection, report_file(tmp_path, [targeting_row(cost=1)], profile_id=VENDOR, currency_code="JPY"))
    load(connection, later_file(tmp_path, []))
    assert rows(connection, "SELECT profile_id, currency_code FROM report_sp_targeting") == [(VENDOR, "JPY")]


def test_rows_of_stale_days_are_counted_apart_and_the_log_adds_up(connection, tmp_path):
    load(connection, later_file(tmp_path, [targeting_row(NEXT)], NEXT))
    two = [targeting_row(NEXT, keyword_id=n) for n in (1, 2)]
    older = report_file(tmp_path, [targeting_row(DAY), *two, targeting_row(DAY, clicks=0.5)], DAY, NEXT)
    (outcome,) = load(connection, older)
    assert (outcome.rows_loaded, outcome.rows_rejected, outcome.rows_stale) == (1, 1, 2)
    logged = "SELECT rows_in_file, rows_loaded, rows_rejected, rows_stale FROM load_log WHERE report_id = ?"
    assert rows(connection, logged, older.report_id) == [(4, 1, 1, 2)]


def test_rejected_rows_of_stale_days_are_left_out_of_quarantine_like_the_good_ones(connection, tmp_path):
    load(connection, later_file(tmp_path, [targeting_row(NEXT)], NEXT))
    bad = [targeting_row(NEXT, clicks="x"), targeting_row(DAY, clicks="y"), targeting_row(date=None)]
    half_stale = report_file(tmp_path, [*bad, targeting_row(NEXT, keyword_id=2)], DAY, NEXT)
    (outcome,) = load(connection, half_stale)
    assert (outcome.rows_loaded, outcome.rows_rejected, outcome.rows_stale) == (0, 2, 2)
    assert reasons(connection) == ["clicks is not a whole number: y", "date is missing"]
    all_stale = report_file(tmp_path, [bad[0], bad[2]], NEXT, NEXT)
    (outcome,) = load(connection, all_stale)
    assert (outcome.rows_loaded, outcome.rows_rejected, outcome.rows_stale) == (0, 0, 2)
    logged = "SELECT rows_in_file, rows_loaded, rows_rejected, rows_stale FROM load_log WHERE report_id = ?"
    assert rows(connection, logged, all_stale.report_id) == [(2, 0, 0, 2)]
    assert len(reasons(connection)) == 2


def test_what_the_same_report_says_when_it_is_read_anew_is_no_restatement_and_what_another_says_is(
    connection, tmp_path
):
    first = report_file(tmp_path, [targeting_row(cost=1)])
    load(connection, first)
    connection.execute("UPDATE report_sp_targeting SET cost = 2")  # as a mistake in the code had read it
    (again,) = load(connection, first, hours=1)
    assert (again.days_changed, rows(connection, "SELECT * FROM restatements")) == (1, [])
    assert one(connection, "SELECT cost FROM report_sp_targeting") == 1
    same = later_file(tmp_path, [targeting_row(cost=1)])
    load(connection, same)
    connection.execute("UPDATE report_sp_targeting SET cost = 2")
    load(connection, same, hours=25)  # the table's row bears the id of the first report, which it came with
    assert rows(connection, "SELECT * FROM restatements") == []
    load(connection, later_file(tmp_path, [targeting_row(cost=3)], hours=48))
    assert rows(connection, "SELECT metric, before, after FROM restatements") == [("cost", 1, 3)]


def test_a_rejected_row_takes_the_earlier_figures_of_its_keys_with_it_and_says_so(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(keyword_id=n) for n in (1, 2, 3)]))
    bad = {"clicks": 0.5}
    content = [
        targeting_row(keyword_id=1, **bad),
        targeting_row(keyword_id=2, **bad),  # a good row of the same keys is there
        targeting_row(keyword_id=2),
        targeting_row(keyword_id=2),
        targeting_row(keyword_id=9, **bad),  # was never there
        targeting_row(keyword_id=3),
    ]
    (outcome,) = load(connection, later_file(tmp_path, content))
    assert rows(connection, "SELECT keyword_id FROM report_sp_targeting ORDER BY 1") == [(2,), (3,)]
    assert outcome.rows_displaced == 1
    plain = "clicks is not a whole number: 0.5"
    gone = f"{plain}; the figures loaded before are gone"
    assert reasons(connection) == [gone, plain, "another row of the file has the same keys", plain]


BAD = {"clicks": "1,5"}
WITHOUT_KEY = {"date": None}

# What is wrong with keywords in the first report and in the next one, which always says that keyword 1 cost 8 and not 5
# -> by how much the day's cost was restated
QUARANTINE = {
    "nothing is rejected": ({}, {}, 3),
    "a row is rejected": ({}, {2: BAD}, None),
    "a rejected row comes back": ({2: BAD}, {}, None),
    "one is rejected and another comes back": ({2: BAD}, {3: BAD}, None),
    "a row stays rejected": ({2: BAD}, {2: BAD}, 3),
    "a row is rejected for another reason": ({2: BAD}, {2: {"cost": "a lot"}}, 3),
    "a row has lost its date": ({}, {2: WITHOUT_KEY}, None),
    "a row is of a day that is not the report's": ({}, {2: {"date": "2020-01-01"}}, None),
    "a row has found its date": ({2: WITHOUT_KEY}, {}, None),
    "a row stays without its date": ({2: WITHOUT_KEY}, {2: WITHOUT_KEY}, 3),
    "a row is of the other day, and rejected": ({}, {2: BAD | {"date": NEXT.isoformat()}}, 2),
}


@pytest.mark.parametrize("name", QUARANTINE)
def test_what_goes_to_quarantine_or_comes_out_of_it_is_no_restatement_and_what_stays_there_hides_none(
    connection, tmp_path, name
):
    def content(defects, cost):
        sound = {1: {"cost": cost}, 2: {"cost": 1}, 3: {"cost": 1}}
        return [targeting_row(keyword_id=key, **(sound[key] | defects.get(key, {}))) for key in sound]

    before, after, restated = QUARANTINE[name]
    costs = f"SELECT after - before FROM restatements WHERE metric = 'cost' AND date = '{DAY}' ORDER BY restated_at"
    load(connection, report_file(tmp_path, content(before, 5), DAY, NEXT))
    (outcome,) = load(connection, later_file(tmp_path, content(after, 8), DAY, NEXT), hours=24)
    found = [(restated,)] if restated else []
    unclear = [] if restated else [DAY]
    assert (rows(connection, costs), list(outcome.days_unclear)) == (found, unclear)
    assert rows(connection, "SELECT days_unclear FROM load_log ORDER BY requested_at") == [([],), (unclear,)]
    load(connection, later_file(tmp_path, content(after, 12), DAY, NEXT, hours=48), hours=48)
    assert rows(connection, costs) == [*found, (4,)]


def test_what_a_report_says_once_a_rule_is_mended_leaves_no_restatement_behind(connection, tmp_path):
    load(connection, report_file(tmp_path, [targeting_row(cost=50)]))
    second = later_file(tmp_path, [targeting_row(cost=50, **BAD)])
    (outcome,) = load(connection, second, hours=24)
    assert outcome.days_unclear == (DAY,)
    second.path.write_bytes(gzipped([targeting_row(cost=50, clicks=15)]))  # what the mended rule makes of it
    load(connection, second, hours=25)
    assert rows(connection, "SELECT cost, clicks FROM report_sp_targeting") == [(50, 15)]
    assert rows(connection, "SELECT * FROM restatements") == []
    assert emptied_days(connection, TABLE) == []


@pytest.mark.parametrize("still_rejected", [False, True])
def test_that_a_day_is_emptied_is_on_record_though_one_of_its_rows_was_rejected(connection, tmp_path, still_rejected):
    bad = targeting_row(keyword_id=2, **BAD)
    load(connection, report_file(tmp_path, [targeting_row(cost=5), bad]))
    (outcome,) = load(connection, later_file(tmp_path, [bad] * still_rejected), hours=24)
    assert (outcome.days_unclear, len(emptied_days(connection, TABLE))) == ((), 1)
    (outcome,) = load(connection, later_file(tmp_path, [targeting_row(**BAD)], hours=48), hours=48)
    assert outcome.days_unclear == ()


# Out of quarantine


def test_a_row_leaves_quarantine_when_a_report_that_was_asked_for_later_covers_its_day(connection, tmp_path):
    bad = [targeting_row(DAY, clicks=0.5), targeting_row(NEXT, clicks=0.5), targeting_row(date=None)]
    load(connection, report_file(tmp_path, bad, DAY, NEXT))
    load(connection, report_file(tmp_path, bad, DAY, NEXT, profile_id=VENDOR))
    left = f"SELECT row_no FROM rejected_rows WHERE profile_id = {SELLER} ORDER BY row_no"
    load(connection, report_file(tmp_path, [], DAY, NEXT, requested_at=NOON - timedelta(hours=1)))
    load_files(connection, REPORT_TABLES["spCampaigns"], [later_file(tmp_path, [], DAY, NEXT)], NOON)
    assert rows(connection, left) == [(1,), (2,), (3,)], "an earlier report and one of another type say nothing of them"
    load(connection, later_file(tmp_path, [targeting_row(NEXT)], NEXT, NEXT + timedelta(days=1)))
    assert rows(connection, left) == [(1,), (3,)], "windows slide: the row of the covered day goes"
    load(connection, later_file(tmp_path, [targeting_row(DAY)], DAY, NEXT, hours=25))
    assert rows(connection, left) == [], "all its report's days are covered: so is the row without a date"
    assert one(connection, f"SELECT count(*) FROM rejected_rows WHERE profile_id = {VENDOR}") == 3


def test_a_report_takes_its_own_rows_out_of_quarantine_and_none_where_it_brings_nothing(connection, tmp_path):
    bad = [targeting_row(clicks=0.5), targeting_row(date=None)]
    newer = later_file(tmp_path, [targeting_row(), *bad], account="beta")
    load(connection, newer)
    # Amazon's answer to a request that was made already is the report of that: two orders, one report
    (older,) = load(connection, report_file(tmp_path, [targeting_row(), *bad], report_id=newer.report_id), hours=1)
    assert (older.rows_loaded, older.rows_rejected, older.rows_stale) == (0, 0, 3)
    assert len(reasons(connection)) == 2
    other_client = {"report_id": newer.report_id, "profile_id": VENDOR}
    load(connection, report_file(tmp_path, [targeting_row()], **other_client))
    other_type = report_file(tmp_path, [report_row("spCampaigns", campaignId=1, cost=1)], report_id=newer.report_id)
    load_files(connection, REPORT_TABLES["spCampaigns"], [other_type], NOON)
    assert len(reasons(connection)) == 2
    same_report = {"report_id": newer.report_id}
    load(connection, later_file(tmp_path, [targeting_row(), *bad], account="beta", **same_report), hours=2)
    assert len(reasons(connection)) == 2
    load(connection, later_file(tmp_path, [targeting_row()], **same_report), hours=3)
    assert reasons(connection) == []


def test_rows_without_a_date_do_not_pile_up_when_windows_slide_and_as_many_stay_as_there_were_at_most(
    connection, tmp_path
):
    def slide(days, *undated, **changes):
        start = DAY + timedelta(days=days)
        changes = {"hours": 24 * days} | changes
        load(connection, later_file(tmp_path, undated, start, start + timedelta(days=2), **changes), hours=days)
        return len(reasons(connection))

    lost, twin = targeting_row(date=None), targeting_row(date="2020-01-01", keyword_id=2)
    assert [slide(n, lost, twin, twin) for n in range(4)] == [3, 3, 3, 3]
    assert one(connection, "SELECT count(DISTINCT report_id) FROM rejected_rows") == 1
    assert slide(4, lost, twin) == 3, "one of the two may have been of a day that no report covers any more"
    assert slide(5, targeting_row(date=None, clicks=9)) == 4, "that is another row"
    assert slide(6, lost, profile_id=VENDOR) == 5, "and that is another client's"
    assert slide(7, lost, hours=1, profile_id=SELLER) == 6, "what was asked for earlier replaces nothing"


# Several files


def test_several_files_are_loaded_together_each_with_its_own_counts_and_places(connection, tmp_path):
    files = []
    for number in range(12):
        content = [targeting_row(keyword_id=n) for n in range(number + 50)]
        content.insert(number, targeting_row(keyword_id=1000 + number, clicks="bad"))
        files.append(report_file(tmp_path, content, profile_id=number + 1))
    outcomes = load(connection, *files)
    counted = {o.report_id: (o.rows_loaded, o.rows_rejected) for o in outcomes}
    assert counted == {file.report_id: (number + 50, 1) for number, file in enumerate(files)}
    quarantined = "SELECT profile_id, report_id, row_no, raw->>'keywordId' FROM rejected_rows ORDER BY profile_id"
    assert rows(connection, quarantined) == [
        (number + 1, file.report_id, number + 1, str(1000 + number)) for number, file in enumerate(files)
    ]
    logged = rows(
        connection, "SELECT report_id, rows_in_file, rows_loaded, rows_rejected, days_changed, raw_path FROM load_log"
    )
    assert sorted(logged) == sorted((f.report_id, n + 51, n + 50, 1, 1, f.raw_path) for n, f in enumerate(files))


def test_files_that_cover_the_same_day_are_loaded_in_the_order_they_were_asked_for(connection, tmp_path):
    newer = later_file(tmp_path, [targeting_row(cost=2)])
    older = report_file(tmp_path, [targeting_row(cost=1)])
    load(connection, newer, older)
    assert one(connection, "SELECT cost FROM report_sp_targeting") == Decimal(2)
    assert one(connection, "SELECT count(*) FROM restatements WHERE metric = 'cost'") == 1


FILES = st.builds(
    lambda profile, first, length, asked, number: ReportFile(
        path=None,
        raw_path="",
        report_id=str(number),
        account="acme",
        profile_id=profile,
        currency_code="USD",
        start_date=date(2026, 1, 1) + timedelta(days=first),
        end_date=date(2026, 1, 1) + timedelta(days=first + length),
        requested_at=NOON + timedelta(minutes=asked),
    ),
    st.integers(1, 3),
    st.integers(0, 12),
    st.integers(0, 6),
    st.integers(0, 5),
    st.integers(0, 10**6),
)


@given(st.lists(FILES, max_size=14, unique_by=lambda file: file.report_id))
def test_groups_hold_every_file_once_no_overlap_and_an_older_file_of_a_day_never_after_a_newer(files):
    groups = without_overlaps(files)
    assert sorted(f.report_id for group in groups for f in group) == sorted(f.report_id for f in files)
    group_of = {file.report_id: number for number, group in enumerate(groups) for file in group}
    for one_file in files:
        for other in files:
            if one_file is not other and loading._overlap(one_file, other):
                assert group_of[one_file.report_id] != group_of[other.report_id]
                if one_file.requested_at < other.requested_at:
                    assert group_of[one_file.report_id] < group_of[other.report_id]


# All or nothing


def test_a_load_that_fails_half_way_leaves_everything_as_it_was(connection, tmp_path, monkeypatch):
    load(connection, report_file(tmp_path, [targeting_row()]))
    tables = ("report_sp_targeting", "rejected_rows", "restatements", "load_log")
    before = {table: rows(connection, f"SELECT * FROM {table}") for table in tables}

    def fail(*_):
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr(loading, "_log_load", fail)
    changed = later_file(tmp_path, [targeting_row(cost=1), targeting_row(keyword_id=2, clicks=0.5)])
    with pytest.raises(duckdb.IOException):
        load(connection, changed)
    assert {table: rows(connection, f"SELECT * FROM {table}") for table in tables} == before
    monkeypatch.undo()
    (outcome,) = load(connection, changed)
    assert (outcome.days_changed, outcome.rows_rejected) == (1, 1)


def test_a_reader_sees_the_old_day_or_the_new_one_in_the_report_and_in_what_derives_from_it(
    warehouse, connection, tmp_path, monkeypatch
):
    load(connection, report_file(tmp_path, [targeting_row(cost=1)]))
    seen = []

    def look(*args):
        with warehouse.connect() as reader:  # another connection in the middle of the load
            for table in ("report_sp_targeting", "performance_records"):
                seen.append(one(reader, f"SELECT sum(cost) FROM {table}"))
        return log(*args)

    log = loading._log_load
    monkeypatch.setattr(loading, "_log_load", look)
    load(connection, later_file(tmp_path, [targeting_row(cost=2)]))
    assert seen == [Decimal(1), Decimal(1)]
    for table in ("report_sp_targeting", "performance_records"):
        assert one(connection, f"SELECT sum(cost) FROM {table}") == Decimal(2)


def test_rows_that_do_not_arrive_undo_the_load_and_the_error_names_report_profile_and_both_numbers(
    connection, tmp_path, monkeypatch, caplog
):
    load(connection, report_file(tmp_path, [targeting_row(cost=1)]))
    before = report(connection)
    replace_days = loading._Load.replace_days

    def lose_one(self):
        replace_days(self)
        self.connection.execute("DELETE FROM report_sp_targeting WHERE keyword_id = 2")

    monkeypatch.setattr(loading._Load, "replace_days", lose_one)
    file = later_file(tmp_path, [targeting_row(keyword_id=n) for n in (1, 2, 3)])
    with pytest.raises(RowsLostError) as raised:
        load(connection, file)
    assert all(part in str(raised.value) for part in (file.report_id, str(SELLER), "has 3 rows", "but 2 are"))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert report(connection) == before
    assert one(connection, "SELECT count(*) FROM load_log") == 1


def test_a_rejected_row_that_is_not_in_quarantine_undoes_the_load(connection, tmp_path, monkeypatch):
    monkeypatch.setattr(loading._Load, "reject", lambda self: {})
    with pytest.raises(RowsLostError, match="has 2 rows, of which 1 break a rule, but 1 are accounted for"):
        load(connection, report_file(tmp_path, [targeting_row(), targeting_row(clicks=0.5)]))
    assert report(connection) == []


# Large files, which are read in pieces


@pytest.fixture
def in_pieces(monkeypatch):
    """Cut whatever is more than a few rows long."""
    monkeypatch.setattr(stages, "WORTH_CUTTING", 0)
    monkeypatch.setattr(stages, "READERS", 2)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 5000)
    monkeypatch.setattr(pieces, "_READ_BYTES", 64)


def test_a_file_that_is_cut_arrives_whole_with_its_places_and_its_first_duplicates(
    connection, tmp_path, in_pieces, monkeypatch
):
    number_of_pieces = []

    def counted(*args):
        for piece in pieces.pieces_of(*args):
            number_of_pieces.append(piece)
            yield piece

    monkeypatch.setattr(stages, "pieces_of", counted)
    content = [targeting_row(keyword_id=n % 900, clicks=n) for n in range(1000)]
    for n in (0, 333, 899):
        content[n] = targeting_row(keyword_id=5000 + n, clicks="bad")
    content[10]["keyword"] = 'a "},{"b": } , { "c" \\"},{"date"'
    file = report_file(tmp_path, json.dumps(content, indent=1))
    (outcome,) = load(connection, file)
    assert len(number_of_pieces) > 10
    assert (outcome.rows_loaded, outcome.rows_rejected) == (898, 102)
    kept = rows(connection, "SELECT keyword_id, clicks FROM report_sp_targeting WHERE keyword_id < 100 ORDER BY 1")
    assert kept == [(0, 900), *((n, n) for n in range(1, 100))]
    text = one(connection, "SELECT keyword FROM report_sp_targeting WHERE clicks = 10")
    assert text == content[10]["keyword"]
    places = rows(connection, "SELECT row_no, raw FROM rejected_rows ORDER BY row_no")
    assert [place for place, _ in places] == [1, 334, 900, *range(902, 1001)]
    assert all(json.loads(raw) == content[place - 1] for place, raw in places)
    assert list(tmp_path.glob("*.json")) == []


def test_rows_that_hold_arrays_of_objects_are_not_cut_apart(connection, tmp_path, in_pieces):
    content = [targeting_row(keyword_id=n, brandNew=[{"a": 1}, {"b": 2}, {"c": 3}] * 20) for n in range(200)]
    (outcome,) = load(connection, report_file(tmp_path, content))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (200, 0)


@pytest.mark.parametrize("large", [False, True])
def test_a_file_in_which_a_bit_has_flipped_is_unreadable_wherever_it_is(connection, tmp_path, request, large):
    if large:
        request.getfixturevalue("in_pieces")
    file = report_file(tmp_path, [targeting_row(keyword_id=n, cost=n + 0.25) for n in range(60)])
    whole = file.path.read_bytes()
    for place in range(20, len(whole), max(1, len(whole) // 25)):
        broken = bytearray(whole)
        broken[place] ^= 8
        file.path.write_bytes(broken)
        with pytest.raises(UnreadableFileError):
            load(connection, file)
    file.path.write_bytes(whole)
    (outcome,) = load(connection, file)
    assert outcome.rows_loaded == 60


@pytest.mark.parametrize("text", ["Towels", "{Towels}"])
def test_a_row_that_is_cut_out_but_never_read_is_missed(connection, tmp_path, in_pieces, monkeypatch, text):
    def all_but_the_last(*args):
        return [*pieces.pieces_of(*args)][:-1]

    monkeypatch.setattr(stages, "pieces_of", all_but_the_last)
    file = report_file(tmp_path, [targeting_row(keyword_id=n, keyword=text) for n in range(100)])
    with pytest.raises(RowsLostError, match="of 100 rows in"):
        load(connection, file)


def test_rows_that_belong_to_no_file_are_missed(connection, tmp_path, monkeypatch):
    read = stages._Reading._read_piece

    def read_as_another(self, piece):
        self.connection.execute("UPDATE files SET path = path || 'x'")
        return read(self, piece)

    monkeypatch.setattr(stages._Reading, "_read_piece", read_as_another)
    with pytest.raises(RowsLostError, match="2 rows were read that belong to no file"):
        load(connection, report_file(tmp_path, [targeting_row(), targeting_row(keyword_id=2)]))


@pytest.mark.parametrize("ending", ["", "} ]", ", 5", "]]", ",]x"])
def test_a_large_file_that_does_not_end_as_it_should_is_unreadable(connection, tmp_path, in_pieces, ending):
    content = json.dumps([targeting_row(keyword_id=n) for n in range(100)])
    with pytest.raises(UnreadableFileError):
        load(connection, report_file(tmp_path, content[:-1] + ending if ending else content[:-9]))
    assert report(connection) == []


# Wherever the files are


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("name", ["a*b?[c]", "**", "[!a]", "{a,b}", 'it\'s "so"'])
def test_a_path_that_looks_like_a_pattern_means_itself(connection, tmp_path, request, monkeypatch, name, cut):
    if cut:
        request.getfixturevalue("in_pieces")
    for folder in (name, "axbycd", "b", "x"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    good = [targeting_row(keyword_id=n) for n in range(100)]
    other = report_file(tmp_path / "axbycd", good)
    file = report_file(tmp_path / name, [*good, targeting_row(clicks=0.5)], report_id=other.report_id)
    broken = report_file(tmp_path / name, [*good, 5], profile_id=VENDOR)
    outcomes = load(connection, file, broken)
    assert [(o.rows_loaded, o.rows_rejected) for o in outcomes] == [(100, 1)] * 2


# For all inputs

DEFECTS = {
    "clicks is not a whole number": {"clicks": 12.5},
    "keyword_id is missing": {"keywordId": None},
    "date is missing": {"date": None},
    "date 2020-01-01 is outside the report (2026-11-10 to 2026-11-10)": {"date": "2020-01-01"},
    "sales_7d is not an amount": {"sales7d": "n/a"},
    "another row of the file has the same keys": {"keywordId": 0},
}
AMOUNTS = st.decimals(-(10**8), 10**8, places=2) | st.decimals(-100, 100, places=6)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    warehouse = Warehouse(str(folder / "ppc.duckdb"))
    prepare(warehouse)
    with warehouse.connect() as connection:
        yield connection, folder


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    valid=st.lists(AMOUNTS, max_size=30),
    defects=st.lists(st.sampled_from(sorted(DEFECTS)), max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_of_any_mix_of_rows_each_is_loaded_or_rejected_with_its_reason_and_the_sum_is_exact(
    shared, valid, defects, order
):
    connection, folder = shared
    profile = one(connection, "SELECT count(*) + 1 FROM load_log")
    first = targeting_row(keyword_id=0, cost=0)
    rest = [targeting_row(keyword_id=n, cost=float(amount)) for n, amount in enumerate(valid, start=1)]
    rest += [targeting_row(**({"keywordId": 10**6 + n} | DEFECTS[name])) for n, name in enumerate(defects)]
    order.shuffle(rest)
    (outcome,) = load(connection, report_file(folder, [first, *rest], profile_id=profile))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (1 + len(valid), len(defects))
    found = rows(connection, "SELECT count(*), sum(cost) FROM report_sp_targeting WHERE profile_id = ?", profile)
    assert found == [(1 + len(valid), sum(valid, Decimal(0)))]
    said = rows(connection, "SELECT split_part(reason, ': ', 1) FROM rejected_rows WHERE profile_id = ?", profile)
    assert Counter(reason for (reason,) in said) == Counter(defects)
    places = rows(connection, "SELECT row_no, raw FROM rejected_rows WHERE profile_id = ?", profile)
    assert all(json.loads(raw) == [first, *rest][place - 1] for place, raw in places)


def test_rows_that_differ_only_in_a_key_amazon_left_empty_are_two_and_rows_with_the_same_empty_key_are_one(
    connection, tmp_path
):
    brands = REPORT_TABLES["sbTargeting"]
    keys = [(1, None), (None, 1), (None, 2), (None, 2)]
    rows = [
        report_row("sbTargeting", campaignId=1, adGroupId=2, keywordId=keyword, targetingId=target, cost=1)
        for keyword, target in keys
    ]
    (outcome,) = load_files(connection, brands, [report_file(tmp_path, rows)], NOON)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (3, 1)
    assert connection.execute("SELECT reason FROM rejected_rows").fetchall() == [
        ("another row of the file has the same keys",)
    ]
    found = connection.execute("SELECT keyword_id, targeting_id FROM report_sb_targeting ORDER BY ALL").fetchall()
    assert found == [(1, None), (None, 1), (None, 2)]


def test_a_key_that_may_not_be_empty_still_has_to_be_there(connection, tmp_path):
    rows = [report_row("sbTargeting", campaignId=1, adGroupId=None, keywordId=1)]
    (outcome,) = load_files(connection, REPORT_TABLES["sbTargeting"], [report_file(tmp_path, rows)], NOON)
    assert (outcome.rows_loaded, outcome.rows_rejected) == (0, 1)
    assert connection.execute("SELECT reason FROM rejected_rows").fetchall() == [("ad_group_id is missing",)]
