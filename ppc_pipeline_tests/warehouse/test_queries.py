"""What is derived from the report tables: performance records, the summary of profiles, totals."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse import queries
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.metrics import PERFORMANCE_COLUMNS
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, report_file, report_row, targeting_row

STRANGER = 42
NEXT = DAY + timedelta(days=1)


def add_profile(connection, profile_id, kind, country, currency):
    connection.execute(
        """
        INSERT INTO profiles_history (account, profile_id, currency_code, name, account_type, country_code, valid_from)
        VALUES ('acme', ?, ?, ?, ?, ?, ?)
        """,
        [profile_id, currency, f"Acme {country}", kind, country, NOON],
    )


def load(connection, folder, rows, end=DAY, **changes):
    load_files(connection, REPORT_TABLES["spTargeting"], [report_file(folder, rows, DAY, end, **changes)], NOON)


@pytest.fixture
def filled(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    add_profile(connection, VENDOR, "vendor", "JP", "JPY")
    load(connection, tmp_path, [targeting_row(cost=10.5)])
    load(connection, tmp_path, [targeting_row(cost=1000)], profile_id=VENDOR, currency_code="JPY")
    load(connection, tmp_path, [targeting_row(cost=7)], profile_id=STRANGER, currency_code="EUR")
    return connection


def test_a_performance_record_counts_conversions_in_the_profiles_standard_window_and_none_where_it_is_unknown(filled):
    found = filled.execute("SELECT profile_id, purchases, sales, units FROM performance_records").fetchall()
    assert {row[0]: row[1:] for row in found} == {
        SELLER: (6, Decimal("4659.97"), 7),
        VENDOR: (8, Decimal("5000.03"), 9),
        STRANGER: (None, None, None),
    }


def test_a_performance_record_has_both_windows_and_says_whose_it_is_and_in_which_currency(filled):
    columns = (
        "date, account, country_code, currency_code, ad_product, campaign_id, campaign_name, ad_group_id, "
        "ad_group_name, target_id, target_kind, target_text, match_type, impressions, clicks, cost, "
        "purchases_7d, purchases_14d, sales_7d, sales_14d, units_7d, units_14d"
    )
    query = f"SELECT {columns} FROM performance_records WHERE profile_id = ?"
    assert filled.execute(query, [SELLER]).fetchall() == [
        (
            *(DAY, "acme", "US", "USD", "SPONSORED_PRODUCTS", 2834576461140, "Summer", 388876823359664, "Towels"),
            *(61197552078613, "keyword", "beach towel", "EXACT", 14109, 176, Decimal("10.5"), 6, 8),
            *(Decimal("4659.97"), Decimal("5000.03"), 7, 9),
        )
    ]


KINDS = (
    ("BROAD", "beach towel", "keyword", "BROAD"),
    ("PHRASE", "beach towel", "keyword", "PHRASE"),
    ("EXACT", "category killers", "keyword", "EXACT"),
    ("TARGETING_EXPRESSION_PREDEFINED", "close-match", "auto", None),
    ("TARGETING_EXPRESSION", 'asin="B000000001"', "product", None),
    ("TARGETING_EXPRESSION", 'asin-expanded="B000000001"', "product", None),
    ("TARGETING_EXPRESSION", 'category="4860253031"', "category", None),
    ("TARGETING_EXPRESSION", 'keyword-group="category"', "keyword_group", None),
    ("SOMETHING_NEW", "x", "other", None),
    (None, None, "other", None),
)


def test_what_was_bid_on_is_told_from_type_and_text(connection, tmp_path):
    rows = [
        targeting_row(keyword_id=n, keywordType=kind, matchType=kind, keyword=keyword)
        for n, (kind, keyword, _, _) in enumerate(KINDS)
    ]
    load(connection, tmp_path, rows)
    found = connection.execute("SELECT target_kind, match_type FROM performance_records ORDER BY target_id").fetchall()
    assert found == [(kind, match_type) for _, _, kind, match_type in KINDS]


BRANDS = (
    (
        {"keywordId": 1, "keywordType": "EXACT", "matchType": "EXACT", "keywordText": "towel"},
        "keyword",
        "towel",
        "EXACT",
    ),
    ({"keywordId": 2, "keywordType": "THEME", "matchType": "THEME", "keywordText": "brand"}, "theme", "brand", None),
    (
        {
            "targetingId": 3,
            "keywordType": "TARGETING_EXPRESSION",
            "targetingExpression": 'asin="B000000001"',
            "targetingText": "Towel",
        },
        *("product", "Towel", None),
    ),
    (
        {
            "targetingId": 4,
            "keywordType": "TARGETING_EXPRESSION",
            "targetingExpression": 'category="7"',
            "targetingText": "Bath",
        },
        *("category", "Bath", None),
    ),
    ({"targetingId": 5, "targetingText": "?"}, "other", "?", None),
)
DISPLAY = (
    ('asin="B000000001"', "product"),
    ('category="7"', "category"),
    ("similar-product", "similar_product"),
    ('views=(category="7" lookback=30)', "audience"),
    ("purchases=(exact-product lookback=30)", "audience"),
    ('audience="8"', "audience"),
    ("something new", "other"),
)
SOLD = {"impressions": 90, "clicks": 9, "cost": 3.25, "purchases": 2, "sales": 31.5, "unitsSold": 3}
IDS = {"campaignId": 11, "campaignName": "Summer", "adGroupId": 12, "adGroupName": "Towels"}


def load_rows(connection, folder, report_type, rows):
    load_files(connection, REPORT_TABLES[report_type], [report_file(folder, rows)], NOON)


def test_a_performance_record_of_brands_is_a_keyword_or_a_target_with_14_days_and_no_7(filled, tmp_path):
    rows = [report_row("sbTargeting", **IDS, **SOLD, **columns) for columns, *_ in BRANDS]
    load_rows(filled, tmp_path, "sbTargeting", rows)
    columns = "target_id, target_kind, target_text, match_type"
    query = f"SELECT {columns} FROM performance_records WHERE ad_product = ? ORDER BY target_id"
    assert filled.execute(query, ["SPONSORED_BRANDS"]).fetchall() == [
        (number, kind, text, match_type) for number, (_, kind, text, match_type) in enumerate(BRANDS, 1)
    ]
    assert_sold(filled, "SPONSORED_BRANDS")


def test_a_performance_record_of_display_is_a_target_or_an_audience_with_14_days_and_no_7(filled, tmp_path):
    rows = [
        report_row("sdTargeting", **IDS, **SOLD, targetingId=n, targetingExpression=expression, targetingText="it")
        for n, (expression, _) in enumerate(DISPLAY)
    ]
    load_rows(filled, tmp_path, "sdTargeting", rows)
    query = "SELECT target_id, target_kind, target_text FROM performance_records WHERE ad_product = ? ORDER BY 1"
    assert filled.execute(query, ["SPONSORED_DISPLAY"]).fetchall() == [
        (number, kind, "it") for number, (_, kind) in enumerate(DISPLAY)
    ]
    assert_sold(filled, "SPONSORED_DISPLAY")


def assert_sold(connection, ad_product):
    query = """
        SELECT DISTINCT
            date, account, profile_id, country_code, currency_code, campaign_name, ad_group_id,
            impressions, clicks, cost, purchases_7d, sales_7d, units_7d,
            purchases_14d, sales_14d, units_14d, purchases, sales, units
        FROM performance_records WHERE ad_product = ?
    """
    sales = Decimal("31.5")
    assert connection.execute(query, [ad_product]).fetchall() == [
        (
            *(DAY, "acme", SELLER, "US", "USD", "Summer", 12, 90, 9, Decimal("3.25")),
            *(None, None, None, 2, sales, 3, 2, sales, 3),
        )
    ]


@pytest.mark.parametrize(
    ("report_type", "given", "sales"),
    [
        ("spTargeting", {"sales7d": 5, "sales14d": 7, "keywordId": 1}, Decimal(5)),
        ("sbTargeting", {"sales": 9, "keywordId": 1}, Decimal(9)),
        ("sbPurchasedProduct", {"sales14d": 8, "purchasedAsin": "B000000001"}, Decimal(8)),
        ("sdPurchasedProduct", {"salesBrandHalo": 3, "asinBrandHalo": "B000000001"}, None),
    ],
)
def test_the_sales_of_a_report_are_of_the_standard_window_its_type_has(filled, tmp_path, report_type, given, sales):
    filled.execute("DELETE FROM report_sp_targeting")
    load_rows(filled, tmp_path, report_type, [report_row(report_type, **IDS, **given)])
    (total,) = queries.report_totals(filled, REPORT_TABLES[report_type], DAY, DAY)
    assert total.sales == sales


def test_performance_records_have_the_columns_they_are_described_with(undone):
    described = [
        (row[0], row[1].replace(",", ", ")) for row in undone.execute("DESCRIBE performance_records").fetchall()
    ]
    assert described == [(column.name, column.type) for column in PERFORMANCE_COLUMNS]
    assert all(column.doc for column in PERFORMANCE_COLUMNS)


def test_no_two_performance_records_have_the_same_grain(filled, tmp_path):
    load(filled, tmp_path, [targeting_row(NEXT, n) for n in range(5)] + [targeting_row(NEXT, 3)], NEXT, profile_id=7)
    grain = ("date", "profile_id", "ad_product", "campaign_id", "ad_group_id", "target_id")
    assert queries.duplicates(filled, "performance_records", grain, DAY, NEXT).rows == []
    coarser = queries.duplicates(filled, "performance_records", ("date", "profile_id"), DAY, NEXT)
    assert (coarser.columns, coarser.rows) == (("date", "profile_id", "times"), [(NEXT, 7, 5)])


def test_amounts_of_different_currencies_are_never_added(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    load(connection, tmp_path, [targeting_row(cost=1, sales7d=10), targeting_row(NEXT, cost=5)], NEXT)
    file = report_file(tmp_path, [targeting_row(NEXT, cost=2, sales7d=20)], NEXT, currency_code="CAD")
    load_files(connection, REPORT_TABLES["spTargeting"], [file], NOON)  # the profile's currency was another then
    summary = queries.profile_summary(connection, DAY, NEXT)
    assert (column(summary, "currency"), column(summary, "cost")) == (["CAD", "USD"], [Decimal(2), Decimal(1)])
    totals = queries.report_totals(connection, REPORT_TABLES["spTargeting"], DAY, NEXT)
    assert {(t.currency_code, t.cost, t.sales) for t in totals} == {
        ("CAD", Decimal(2), Decimal(20)),
        ("USD", Decimal(1), Decimal(10)),
    }
    assert queries.daily_cost(connection, DAY, NEXT) == [(DAY, "USD", Decimal(1)), (NEXT, "CAD", Decimal(2))]


@pytest.mark.parametrize(
    ("cost", "sales", "acos", "roas"),
    [(25, 100, 25.0, 4.0), (10, 0, None, 0.0), (0, 50, 0.0, None), (0, 0, None, None), (10, None, None, None)],
)
def test_rates_are_sum_over_sum_and_null_where_there_is_nothing_to_divide_by(
    connection, tmp_path, cost, sales, acos, roas
):
    add_profile(connection, SELLER, "seller", "US", "USD")
    load(connection, tmp_path, [targeting_row(keyword_id=n, cost=cost, sales7d=sales) for n in (1, 2)])
    summary = queries.profile_summary(connection, DAY, DAY)
    assert (column(summary, "acos_percent"), column(summary, "roas")) == ([acos], [roas])


def column(answer, name):
    return [row[answer.columns.index(name)] for row in answer.rows]


def test_rates_weigh_rows_by_their_size(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    load(
        connection,
        tmp_path,
        [targeting_row(keyword_id=1, cost=10, sales7d=100), targeting_row(keyword_id=2, cost=90, sales7d=100)],
    )
    assert column(queries.profile_summary(connection, DAY, DAY), "acos_percent") == [50.0]


def test_top_keywords_are_those_with_the_highest_cost_of_each_profile(connection, tmp_path):
    for profile_id in (SELLER, VENDOR):
        add_profile(connection, profile_id, "seller", "US", "USD")
        rows = [targeting_row(keyword_id=n, cost=n, targeting=f"k{n}") for n in range(6)]
        load(connection, tmp_path, rows, profile_id=profile_id)
    top = queries.top_keywords(connection, DAY, DAY, 2)
    assert column(top, "keyword_or_target") == ["k5", "k4"] * 2


def test_totals_count_rows_and_days_and_are_none_where_a_report_type_has_no_such_column(filled):
    (seller,) = [
        t for t in queries.report_totals(filled, REPORT_TABLES["spTargeting"], DAY, NEXT) if t.currency_code == "USD"
    ]
    assert (seller.days, seller.rows, seller.cost, seller.sales) == (1, 1, Decimal("10.5"), Decimal("4659.97"))
    assert (seller.profile_id, seller.profile_name) == (SELLER, "Acme US")
    assert queries.report_totals(filled, REPORT_TABLES["spTargeting"], NEXT, NEXT) == []


def test_a_day_is_emptied_when_a_later_report_has_no_row_of_it_and_until_one_has(connection, tmp_path):
    table = REPORT_TABLES["spTargeting"]
    later = NOON + timedelta(hours=12)

    def load_later(rows, report_id, hours):
        file = report_file(tmp_path, rows, DAY, NEXT, report_id=report_id, requested_at=NOON + timedelta(hours=hours))
        load_files(connection, table, [file], later)

    load(connection, tmp_path, [targeting_row(cost=10), targeting_row(NEXT)], NEXT)
    assert queries.emptied_days(connection, table) == []
    load_later([targeting_row(NEXT)], "r2", 1)
    (emptied,) = queries.emptied_days(connection, table)
    assert emptied[:7] == ("acme", SELLER, DAY, 14109, Decimal(10), "USD", "r2")
    load_later([targeting_row(), targeting_row(NEXT)], "r3", 2)
    assert queries.emptied_days(connection, table) == []


def test_quarantine_is_counted_by_reason(connection, tmp_path):
    load(connection, tmp_path, [targeting_row(clicks=0.5), targeting_row(clicks=1.5), targeting_row(keywordId=None)])
    found = [(row[0], row[1], row[2], row[3]) for row in queries.rejected(connection, "spTargeting")]
    assert found == [
        ("acme", SELLER, "clicks is not a whole number", 2),
        ("acme", SELLER, "keyword_id is missing", 1),
    ]
