"""Exchange rates: what a file may say, which rate is a day's, and amounts that are converted beside the others."""

from datetime import date
from decimal import Decimal

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.fx_rates import FxRatesError, read_fx_rates, replace_fx_rates
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, report_file, report_row
from ppc_pipeline_tests.warehouse.made import add_profile, rows

HEAD = "date,from_currency,to_currency,rate\n"
GOOD = HEAD + "2026-11-02,USD,EUR,0.9\n2026-11-04,USD,EUR,0.8\n2026-11-02,JPY,EUR,0.0061\n2026-11-02,USD,GBP,0.7\n"


def read(folder, text, currency=None):
    path = folder / "fx.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_fx_rates(path, currency)


BROKEN = (
    ("2026-11-02,USD,EUR,0.9\n", "the first row names no column date, from_currency, to_currency, rate"),
    ("date;from_currency;to_currency;rate\n", "the first row names no column date"),
    (HEAD, "has no rate to any currency; it has no row"),
    (HEAD + "2026-11-02,USD,EUR,0.9\n02.11.2026,USD,EUR,0.9\n", "row 3, column date: '02.11.2026' is not a date"),
    (HEAD + "2026-11-02,usd,EUR,0.9\n", "row 2, column from_currency: 'usd' is not a currency"),
    (HEAD + "2026-11-02,USD,,0.9\n", "row 2, column to_currency: '' is not a currency"),
    (HEAD + "2026-11-02,USD,EUR,\n", "row 2, column rate: '' is not a number"),
    (HEAD + "2026-11-02,USD,EUR\n", "row 2: it has fewer than the 4 fields that the first row names: none for rate"),
    (HEAD + "2026-11-02,USD,EUR,0.9\n2026-11-20,USD,EUR,1,0854\n", "row 3: it has more than the 4 fields"),
    (HEAD + "2026-11-20,USD,EUR,1,0854\n", "a decimal comma makes two fields of a rate: write it with a point"),
    (HEAD + '2026-11-02,USD,EUR,"0,9"\n', "row 2, column rate: '0,9' is not a number"),
    (HEAD + "2026-11-02,USD,EUR,0\n", "row 2, column rate: '0' is not above 0"),
    (HEAD + "2026-11-02,USD,EUR,-1\n", "row 2, column rate: '-1' is not above 0"),
    (HEAD + "2026-11-02,USD,EUR,NaN\n", "row 2, column rate: 'NaN' is not above 0"),
    (HEAD + "2026-11-02,USD,EUR,1e9\n", "row 2, column rate: '1e9' is not above 0 and below 100,000,000"),
    (HEAD + "2026-11-02,USD,EUR,1\n2026-11-02,USD,EUR,2\n", "row 3: USD to EUR of 2026-11-02 is in row 2 too"),
    (HEAD.encode("utf-16"), "is not a CSV file in UTF-8"),
    (GOOD, "converts to EUR, GBP: say with PPC_CURRENCY which of them is wanted"),
)


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_file_is_refused_in_one_line_that_names_row_and_column(tmp_path, text, message):
    with pytest.raises(FxRatesError) as raised:
        read(tmp_path, text)
    assert message in str(raised.value)
    assert "fx.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_or_has_no_rate_to_what_is_wanted_is_refused(tmp_path):
    with pytest.raises(FxRatesError, match=r"cannot read .*No such file"):
        read_fx_rates(tmp_path / "none.csv", None)
    with pytest.raises(FxRatesError, match="has no rate to SEK; it has EUR, GBP"):
        read(tmp_path, GOOD, "SEK")


def test_rates_to_the_wanted_currency_are_taken_and_the_others_counted(tmp_path):
    found = read(tmp_path, "\ufeff" + GOOD, "EUR")
    assert (found.currency, len(found.rates), found.left_out) == ("EUR", 3, 1)
    only = read(tmp_path, HEAD + "2026-11-02,USD,SEK,9.5\n")
    assert (only.currency, only.rates[0].rate, only.left_out) == ("SEK", Decimal("9.5"), 0)


def test_the_table_is_what_the_file_says_now_and_is_written_only_when_that_changed(connection, tmp_path):
    first = read(tmp_path, GOOD, "EUR")
    assert [replace_fx_rates(connection, first), replace_fx_rates(connection, first)] == [True, False]
    assert replace_fx_rates(connection, read(tmp_path, HEAD + "2026-11-02,USD,EUR,0.95\n"))
    assert connection.execute("FROM fx_rates").fetchall() == [(date(2026, 11, 2), "USD", "EUR", Decimal("0.95"))]
    assert replace_fx_rates(connection, read_fx_rates(None, None))
    assert connection.execute("FROM fx_rates").fetchall() == []


def test_a_day_takes_the_newest_rate_at_most_seven_days_old(connection, tmp_path):
    replace_fx_rates(connection, read(tmp_path, GOOD, "EUR"))
    query = "SELECT date, rate FROM fx_rates_by_day WHERE from_currency = 'USD' ORDER BY date"
    found = {day.day: rate for day, rate in connection.execute(query).fetchall()}
    assert found == {2: Decimal("0.9"), 3: Decimal("0.9"), **dict.fromkeys(range(4, 12), Decimal("0.8"))}


def spend(connection, folder):
    """A day on which a rate of dollars and of yen is known (10 November), and one for dollars only."""
    for profile_id, country, currency in (
        (SELLER, "US", "USD"),
        (VENDOR, "JP", "JPY"),
        (7, "DE", "EUR"),
        (8, "MX", "MXN"),
    ):
        add_profile(connection, profile_id, "seller", country, currency)
        made = [
            report_row("spCampaigns", day, campaignId=1, cost=10.123456, sales7d=20) for day in (DAY, date(2026, 11, 9))
        ]
        file = report_file(folder, made, date(2026, 11, 9), DAY, profile_id=profile_id, currency_code=currency)
        load_files(connection, REPORT_TABLES["spCampaigns"], [file], NOON)


def converted(connection):
    query = (
        "SELECT currency_code, date, cost, cost_converted, sales_converted, converted_currency FROM metrics_by_profile"
    )
    return {(row["currency_code"], row["date"].day): row for row in rows(connection, query)}


def test_converted_amounts_stand_beside_the_others_where_there_is_a_rate(connection, tmp_path):
    spend(connection, tmp_path)
    replace_fx_rates(connection, read(tmp_path, GOOD, "EUR"))
    found = converted(connection)
    assert {row["cost"] for row in found.values()} == {Decimal("10.123456")}, "never replaced"
    amounts = {
        key: (row["cost_converted"], row["sales_converted"], row["converted_currency"]) for key, row in found.items()
    }
    dollars = (Decimal("8.098765"), Decimal(16), "EUR")  # 8.0987648
    assert amounts == {
        ("USD", 9): dollars,
        ("USD", 10): dollars,
        ("JPY", 9): (Decimal("0.061753"), Decimal("0.122"), "EUR"),
        ("JPY", 10): (None, None, None),  # the rate is of the 2nd
        ("EUR", 9): (Decimal("10.123456"), Decimal(20), "EUR"),
        ("EUR", 10): (Decimal("10.123456"), Decimal(20), "EUR"),
        ("MXN", 9): (None, None, None),
        ("MXN", 10): (None, None, None),
    }


def test_without_rates_nothing_is_converted(connection, tmp_path):
    spend(connection, tmp_path)
    assert {row["cost_converted"] for row in converted(connection).values()} == {None}
    assert {row["converted_currency"] for row in converted(connection).values()} == {None}
