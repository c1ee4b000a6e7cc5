"""Rows that DuckDB's reader does not take: they go to quarantine one by one, and the others are loaded."""

import gzip
import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse import pieces, stages
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.elements import elements
from ppc_pipeline.warehouse.loading import UnreadableFileError, load_files
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, report_file, targeting_row

TABLE = REPORT_TABLES["spTargeting"]


def load(connection, *files):
    return load_files(connection, TABLE, files, NOON)


def rows(connection, query, *values):
    return connection.execute(query, values).fetchall()


def row(keyword_id, **changes):
    """The JSON of a row."""
    return json.dumps(targeting_row(keyword_id=keyword_id, **changes)).encode()


def named(keyword_id, name):
    """The JSON of a row with a campaign name that is given as it stands in the file."""
    return row(keyword_id, campaignName="NAME").replace(b"NAME", name)


def array(*given):
    return b"[" + b",\n".join(given) + b"]"


NOT_UNICODE = "a text in it is not Unicode: "
NO_OBJECT = "the row is not a JSON object: "

# The bytes of a row, why it is rejected, and what is kept of it.
BAD = {
    "half an emoji": (named(1001, rb"a\ud83d"), NOT_UNICODE + r"\ud83d", {"campaignName": r"a\ud83d"}),
    "the other half": (named(1002, rb"\uDE00b"), NOT_UNICODE + r"\uDE00", {"campaignName": r"\uDE00b"}),
    "two first halves": (named(1003, rb"\ud83d\ud83d"), NOT_UNICODE + r"\ud83d", {"campaignName": r"\ud83d\ud83d"}),
    "a byte that is not UTF-8": (named(1004, b"a\xff"), NOT_UNICODE + r"\xff", {"campaignName": r"a\xff"}),
    "the start of a character": (named(1005, b"\xc3"), NOT_UNICODE + r"\xc3", {"campaignName": r"\xc3"}),
    "a surrogate in UTF-8": (
        named(1006, b"\xed\xa0\x80"),
        NOT_UNICODE + r"\xed",
        {"campaignName": r"\xed\xa0\x80"},
    ),
    "a control character": (named(1007, b"a\tb"), NOT_UNICODE + r"\u0009", {"campaignName": "a\tb"}),
    "half an emoji in a key": (
        row(1008).replace(b'"campaignName"', rb'"\ud83d"'),
        NOT_UNICODE + r"\ud83d",
        {r"\ud83d": "Summer"},
    ),
    "half an emoji where no column of ours is": (
        row(1009, new="NAME").replace(b"NAME", rb"\ud83d"),
        NOT_UNICODE + r"\ud83d",
        {"new": r"\ud83d"},
    ),
    "a key twice": (row(1010)[:-1] + b', "cost": 5.00}', "a key comes twice: cost", {"keywordId": 1010}),
    "a number": (b"12.50", NO_OBJECT + "12.50", 12.5),
    "a text": (b'"no row {"', NO_OBJECT + '"no row {"', "no row {"),
    "half a text": (rb'"\ud83d"', NO_OBJECT + r'"\\ud83d"', r"\ud83d"),
    "an array": (b'[{"date": "2026-11-10"}]', NO_OBJECT + '[{"date": "2026-11-10"}]', [{"date": "2026-11-10"}]),
    "a truth": (b"true", NO_OBJECT + "true", True),
    "nothing": (b"null", "date is missing", None),
}


def kept(raw, expected):
    found = json.loads(raw)
    return {key: found[key] for key in expected} if isinstance(expected, dict) else found


@pytest.mark.parametrize("name", BAD)
def test_a_row_that_duckdb_does_not_take_is_rejected_with_its_place_and_the_others_are_loaded(
    connection, tmp_path, name
):
    bad, reason, raw = BAD[name]
    (outcome,) = load(connection, report_file(tmp_path, array(row(1, cost=0.1), bad, row(2, cost=0.2))))
    assert (outcome.rows_loaded, outcome.rows_rejected, outcome.columns_missing) == (2, 1, ())
    ((place, said, found),) = rows(connection, "SELECT row_no, reason, raw FROM rejected_rows")
    assert (place, said, kept(found, raw)) == (2, reason, raw)
    assert rows(connection, "SELECT sum(cost) FROM report_sp_targeting") == [(Decimal("0.3"),)]


@pytest.mark.parametrize("name", BAD)
def test_such_a_row_may_be_the_first_one(connection, tmp_path, name):
    (outcome,) = load(connection, report_file(tmp_path, array(BAD[name][0], row(1))))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (1, 1)


def test_a_row_that_is_only_unusual_is_loaded_beside_one_that_is_wrong(connection, tmp_path):
    pair, slashes = named(1, rb"\ud83d\ude00"), named(2, rb"\\ud83d \u0000 \"")
    load(connection, report_file(tmp_path, array(pair, slashes, b"5")))
    names = rows(connection, "SELECT campaign_name FROM report_sp_targeting ORDER BY keyword_id")
    assert names == [("😀",), ('\\ud83d \0 "',)]


def test_values_are_the_same_whether_a_file_was_read_by_duckdb_or_row_by_row(connection, tmp_path):
    texts = ["12.5", "1.50", '"7.25"', "0", "1e2", "1E-2", "-3", "null", "123456.789"]
    given_rows = [row(n, cost="HERE").replace(b'"HERE"', text.encode()) for n, text in enumerate(texts)]
    given_rows.append(row(99, keywordBid=1.1, clickThroughRate=1e-7, brandNew={"a": [1, {"b": None}]}, clicks=3.0))
    load(connection, report_file(tmp_path, array(*given_rows)))
    load(connection, report_file(tmp_path, array(*given_rows, b"5"), profile_id=VENDOR))
    figures = "SELECT * EXCLUDE (profile_id, report_id) FROM report_sp_targeting WHERE profile_id = ? ORDER BY ALL"
    assert rows(connection, figures, SELLER) == rows(connection, figures, VENDOR)


def test_rows_of_such_a_file_are_rejected_for_all_the_other_reasons_too(connection, tmp_path):
    lacking = targeting_row(keyword_id=4, cost=1)
    del lacking["cost"]
    content = array(
        BAD["half an emoji"][0],
        row(1, cost=1.5),
        row(1, cost=2),
        row(2, clicks=0.5),
        json.dumps(lacking).encode(),
        row(5, cost=None),
        b"5",
    )
    (outcome,) = load(connection, report_file(tmp_path, content))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (2, 5)
    assert rows(connection, "SELECT row_no, reason FROM rejected_rows ORDER BY row_no") == [
        (1, NOT_UNICODE + r"\ud83d"),
        (3, "another row of the file has the same keys"),
        (4, "clicks is not a whole number: 0.5"),
        (5, "cost is missing"),
        (7, NO_OBJECT + "5"),
    ]
    raw = rows(connection, "SELECT raw FROM rejected_rows WHERE row_no = 4")[0][0]
    assert raw == row(2, clicks=0.5).decode(), "the row is kept as Amazon sent it"


def test_a_row_that_duckdb_does_not_take_takes_the_earlier_figures_of_its_keys_with_it_and_says_so(
    connection, tmp_path
):
    load(connection, report_file(tmp_path, array(row(1001), row(2))))
    later = report_file(tmp_path, array(BAD["half an emoji"][0], row(2)), requested_at=NOON + timedelta(hours=1))
    (outcome,) = load(connection, later)
    assert outcome.rows_displaced == 1
    reasons = rows(connection, "SELECT reason FROM rejected_rows")
    assert reasons == [(NOT_UNICODE + r"\ud83d; the figures loaded before are gone",)]


def test_of_several_files_only_the_one_at_fault_is_read_row_by_row(connection, tmp_path, caplog):
    good = [report_file(tmp_path, array(row(n)), profile_id=n) for n in range(1, 6)]
    bad = report_file(tmp_path, array(row(1), b"5"), profile_id=6)
    outcomes = load(connection, *good, bad)
    assert sorted((o.rows_loaded, o.rows_rejected) for o in outcomes) == [(1, 0)] * 5 + [(1, 1)]
    assert [bad.raw_path in record.getMessage() for record in caplog.records] == [True]


def test_in_a_large_file_that_is_cut_places_are_still_right(connection, tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "WORTH_CUTTING", 0)
    monkeypatch.setattr(stages, "READERS", 2)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 5000)
    monkeypatch.setattr(pieces, "_READ_BYTES", 64)
    given_rows = [row(n) for n in range(300)]
    given_rows[250] = BAD["half an emoji"][0]
    given_rows[7] = b"[]"
    (outcome,) = load(connection, report_file(tmp_path, array(*given_rows)))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (298, 2)
    assert rows(connection, "SELECT row_no FROM rejected_rows ORDER BY 1") == [(8,), (251,)]


def test_a_column_that_no_row_has_is_noticed_beside_rows_that_duckdb_does_not_take(connection, tmp_path):
    poor = targeting_row()
    del poor["keywordBid"]
    (outcome,) = load(connection, report_file(tmp_path, array(b"null", json.dumps(poor).encode(), b"5")))
    assert outcome.columns_missing == ("keywordBid",)


GOOD, HALF = row(1), BAD["half an emoji"][0]


@pytest.mark.parametrize(
    "content",
    [
        array(HALF, GOOD)[:-1],
        array(HALF, GOOD)[:-20],
        array(HALF, GOOD) + b"x",
        array(HALF, GOOD) + array(GOOD),
        array(HALF, b"{oops}"),
        array(HALF, GOOD[:-1] + b",}"),
        array(HALF, b"", GOOD),
        HALF,
        b"\xff\xfe" + array(GOOD),
        b"5",
        b"",
        array(b"5"),
        array(b'"a"', b"[]"),
        array(b'"{"'),
    ],
)
def test_a_file_that_is_broken_as_a_whole_stays_unreadable(connection, tmp_path, content):
    load(connection, report_file(tmp_path, array(GOOD)))
    before = rows(connection, "SELECT * FROM report_sp_targeting")
    with pytest.raises(UnreadableFileError):
        load(connection, report_file(tmp_path, content))
    assert rows(connection, "SELECT * FROM report_sp_targeting") == before
    assert rows(connection, "SELECT * FROM rejected_rows") == []


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda data: data[:-8] + bytes(8), lambda data: data + b"x"]
)
def test_a_broken_gzip_file_stays_unreadable_whatever_its_rows_are(connection, tmp_path, damage):
    file = report_file(tmp_path, array(HALF, GOOD))
    file.path.write_bytes(damage(gzip.compress(array(HALF, GOOD))))
    with pytest.raises(UnreadableFileError):
        load(connection, file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=6), st.integers(1, 9), st.booleans(), st.sampled_from([None, 1]))
def test_the_elements_of_an_array_are_found_wherever_its_text_is_cut(values, size, ascii_only, indent):
    data = json.dumps(values, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    found = [json.loads(each.text) for each in elements(data[n : n + size] for n in range(0, len(data), size))]
    assert found == values


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shared")
    warehouse = Warehouse(str(folder / "ppc.duckdb"))
    prepare(warehouse)
    with warehouse.connect() as connection:
        yield connection, folder


AMOUNTS = st.decimals(-(10**8), 10**8, places=2) | st.decimals(-(10**11), 10**11, places=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(AMOUNTS, max_size=20),
    bad=st.lists(st.sampled_from(sorted(BAD)), max_size=8, unique=True),
    order=st.randoms(use_true_random=False),
)
def test_of_any_mix_of_rows_each_is_loaded_or_rejected_at_its_place_and_the_sum_is_exact(shared, amounts, bad, order):
    connection, folder = shared
    profile = rows(connection, "SELECT count(*) + 1 FROM load_log")[0][0]
    first = row(0, cost=0)
    good = [row(n, cost="HERE").replace(b'"HERE"', f"{amount:f}".encode()) for n, amount in enumerate(amounts, 1)]
    mixed = [first, *good, *(BAD[name][0] for name in bad)]
    order.shuffle(mixed)
    (outcome,) = load(connection, report_file(folder, array(*mixed), profile_id=profile))
    assert (outcome.rows_loaded, outcome.rows_rejected) == (1 + len(amounts), len(bad))
    found = rows(connection, "SELECT count(*), sum(cost) FROM report_sp_targeting WHERE profile_id = ?", profile)
    assert found == [(1 + len(amounts), sum(amounts, Decimal(0)))]
    rejected = rows(connection, "SELECT row_no, reason FROM rejected_rows WHERE profile_id = ?", profile)
    assert Counter(rejected) == Counter((mixed.index(BAD[name][0]) + 1, BAD[name][1]) for name in bad)
