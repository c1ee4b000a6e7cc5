"""Why a campaign lost money, in words."""

from decimal import Decimal

import pytest

from ppc_pipeline.weekly.figures import Sums, change_percent, total
from ppc_pipeline.weekly.formats import amount, change, figure
from ppc_pipeline.weekly.reasons import why_it_lost


def sums(clicks, cost, purchases, sales):
    return Sums(1000, clicks, Decimal(cost), purchases, Decimal(sales), purchases)


CASES = [
    (
        *(sums(100, 100, 5, 50), sums(100, 50, 5, 50)),
        "ACoS rose from 100.0 %: cost per click +100.0 %, conversion rate 0.0 %, sales per order 0.0 %. "
        "Mostly the cost per click.",
    ),
    (
        *(sums(100, 100, 2, 40), sums(100, 90, 10, 200)),
        "ACoS rose from 45.0 %: cost per click +11.1 %, conversion rate \N{MINUS SIGN}80.0 %, sales per order 0.0 %. "
        "Mostly the conversion rate.",
    ),
    (
        *(sums(100, 100, 10, 50), sums(100, 100, 10, 200)),
        "ACoS rose from 50.0 %: cost per click 0.0 %, conversion rate 0.0 %, sales per order \N{MINUS SIGN}75.0 %. "
        "Mostly the sales per order.",
    ),
    (sums(100, 100, 5, 90), sums(100, 100, 5, 50), "ACoS fell from 200.0 %, and is still above 100 %."),
    (sums(34, 20, 0, 0), sums(9, 5, 1, 30), "34 clicks and no sale. The week before they brought sales."),
    (sums(34, 20, 0, 0), sums(9, 5, 0, 0), "34 clicks and no sale."),
    (sums(34, 20, 1, 10), None, "There is no ACoS of the week before to compare with."),
    (sums(34, 20, 1, 10), Sums(), "There is no ACoS of the week before to compare with."),
    (sums(34, 20, 0, 10), sums(9, 5, 1, 30), "ACoS rose from 16.7 %."),  # sales whose order Amazon took back
]


@pytest.mark.parametrize(("now", "before", "said"), CASES)
def test_the_reason_names_the_three_changes_and_the_largest(now, before, said):
    assert why_it_lost(now, before) == said


@pytest.mark.parametrize(
    ("name", "value", "currency", "shown"),
    [
        ("cost", Decimal("1234.565"), "USD", "1,234.57"),
        ("cost", Decimal("1234.5"), "JPY", "1,235"),
        ("cost", Decimal("-0.001"), "USD", "0.00"),
        ("clicks", Decimal(1234567), "EUR", "1,234,567"),
        ("acos_percent", Decimal("12.25"), "EUR", "12.3 %"),
        ("ctr_percent", Decimal("0.456"), "EUR", "0.46 %"),
        ("roas", Decimal("2.5"), "EUR", "2.50"),
        ("roas", None, "EUR", "\N{EN DASH}"),
    ],
)
def test_numbers_are_spelled_as_their_names_and_currencies_demand(name, value, currency, shown):
    assert figure(name, value, currency) == shown


def test_a_sum_is_unknown_where_what_cost_anything_lacks_it_and_a_change_where_there_was_nothing():
    known, unknown = sums(1, 2, 3, 4), Sums(1, 1, Decimal(1), None, None, None)
    assert total([known, unknown]) == Sums(1001, 2, Decimal(3), None, None, None)
    assert total([known, unknown]).value("acos_percent") is None, "not the cost of both over the sales of one"
    idle = Sums(1, 0, Decimal(0), None, None, None)
    assert total([known, idle]) == Sums(1001, 1, Decimal(2), 3, Decimal(4), 3)
    assert total([unknown]).sales is None
    assert total([]) == Sums()
    assert unknown.loss == 0
    assert change_percent(Decimal(1), Decimal(0)) is change_percent(None, Decimal(1)) is None
    assert change(change_percent(Decimal(3), Decimal(4))) == "\N{MINUS SIGN}25.0 %"
    assert amount(None, "USD") == "\N{EN DASH}"
