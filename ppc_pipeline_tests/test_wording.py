"""Numbers in words: an amount has its currency's digits wherever it is shown, a noun its number."""

from decimal import Decimal

import pytest
from rich.console import Console

from ppc_pipeline.cli import console
from ppc_pipeline.cli.console import print_table
from ppc_pipeline.defs.metadata import amount_change, markdown_table, money
from ppc_pipeline.wording import amount, counted

LARGE = Decimal("1234.500000")


@pytest.mark.parametrize(
    ("value", "currency", "spelled"),
    [
        (LARGE, "USD", "1,234.50"),
        (LARGE, "JPY", "1,235"),
        (LARGE, None, "1,234.50"),
        (Decimal(0), "USD", "0.00"),
        (Decimal("-0.000"), "JPY", "0"),
        (Decimal("-7.5"), "JPY", "-8"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(value, currency, spelled):
    assert amount(value, currency) == spelled


@pytest.mark.parametrize(
    ("value", "currency", "spelled"),
    [(Decimal("-0.001"), "USD", "-0.001"), (Decimal("0.000012"), "USD", "0.00001"), (Decimal("0.4"), "JPY", "0.4")],
)
def test_an_amount_that_is_something_does_not_read_as_nothing(value, currency, spelled):
    assert amount(value, currency) == spelled
    assert money("cost", {currency: value})[f"cost {currency}"].value == float(spelled)


@pytest.mark.parametrize(("number", "spelled"), [(0, "0 profiles"), (1, "1 profile"), (1200, "1,200 profiles")])
def test_a_noun_is_in_the_plural_unless_there_is_one(number, spelled):
    assert counted(number, "profile") == spelled
    assert counted(2, "entity", "entities") == "2 entities"


def test_amounts_in_metadata_are_numbers_with_the_decimals_of_their_currency():
    found = money("cost", {"USD": Decimal("1.234567"), "JPY": Decimal("1234.500000")})
    assert {name: value.value for name, value in found.items()} == {"cost JPY": 1235, "cost USD": 1.23}
    assert isinstance(found["cost JPY"].value, int)


def test_amounts_of_a_table_in_metadata_have_the_decimals_of_their_rows_currency():
    header = ("profile", "cost", "currency", "roas", "clicks")
    text = markdown_table(header, [(1, LARGE, "JPY", 2.5, 7), (2, LARGE, "USD", None, 0)]).value
    assert text.splitlines()[2:] == ["| 1 | 1,235 | JPY | 2.50 | 7 |", "| 2 | 1,234.50 | USD |  | 0 |"]


@pytest.mark.parametrize(
    ("before", "after", "currency", "spelled"),
    [
        (Decimal("0.5"), Decimal("0.6"), "USD", "0.50 to 0.60 USD"),
        (Decimal("0.5"), Decimal("0.5"), "USD", "0.50 to 0.50 USD"),
        (Decimal("0.005"), Decimal("0.0125"), "USD", "0.005 to 0.013 USD"),
        (Decimal("60.2"), Decimal("60.4"), "JPY", "60.2 to 60.4 JPY"),
        (Decimal("0.5"), Decimal("0.004"), "USD", "0.500 to 0.004 USD"),
        (None, Decimal(60), "JPY", "none to 60 JPY"),
        (None, None, "USD", ""),
    ],
)
def test_a_change_of_an_amount_says_both_with_the_currency(before, after, currency, spelled):
    assert amount_change(before, after, currency).replace("\N{NO-BREAK SPACE}", " ") == spelled


@pytest.mark.parametrize("header", [("cost", "currency"), ("cost", "currency_code")])
def test_amounts_of_a_table_in_the_terminal_have_at_least_the_decimals_of_their_rows_currency(monkeypatch, header):
    out = Console(width=80, record=True)
    monkeypatch.setattr(console, "out", out)
    print_table("", header, [(Decimal("1200.000000"), "JPY"), (Decimal("0.25"), "JPY"), (Decimal("1200"), "USD")])
    words = out.export_text().split()
    assert [word for word in words if word[0].isdigit()] == ["1,200", "0.25", "1,200.00"]
