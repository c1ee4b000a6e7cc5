"""Metric tables: every figure is what Python makes of the report tables, and every rate is sum over sum."""

import re
from collections import defaultdict
from decimal import Decimal

import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.metrics import METRIC_TABLES, RATES
from ppc_pipeline.warehouse.sql_files import sql_file
from ppc_pipeline_tests.fakes import NOON, SELLER
from ppc_pipeline_tests.warehouse.made import PROFILES, STRANGER, fill, near, number, over, plus, rows

NAMES = list(METRIC_TABLES)
FIGURES = ("purchases", "sales", "units")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics")
    warehouse = Warehouse(str(folder / "ppc.duckdb"))
    prepare(warehouse)
    with warehouse.connect() as connection:
        fill(connection, folder)
        connection.execute(
            """
            INSERT INTO campaigns_history (account, profile_id, ad_product, campaign_id, portfolio_id, valid_from)
            VALUES ('acme', ?, 'SPONSORED_PRODUCTS', 11, 5, ?)
            """,
            [SELLER, NOON],
        )
        connection.execute(
            """
            INSERT INTO portfolios_history (account, profile_id, portfolio_id, name, valid_from)
            VALUES ('acme', ?, 5, 'Towels', ?)
            """,
            [SELLER, NOON],
        )
        yield connection


AD_PRODUCTS = {"sp": "SPONSORED_PRODUCTS", "sb": "SPONSORED_BRANDS", "sd": "SPONSORED_DISPLAY"}
NAMED = {"advertised_asin": ("advertised_asin", "promoted_asin"), "advertised_sku": ("advertised_sku", "promoted_sku")}
NAMED |= {"target_id": ("keyword_id", "targeting_id"), "placement": ("placement_classification",)}
NAMED |= {"target_text": ("targeting", "keyword_text", "targeting_text")}


def by_hand(connection, name):
    """Sum the report rows of a metric table in Python, by its grain: (profile, ad product, ...) -> figures."""
    table = METRIC_TABLES[name]
    found = defaultdict(lambda: defaultdict(lambda: None))
    for report_type in table.sources.values():
        kind = report_type[:2]
        for row in rows(connection, f"SELECT * FROM {REPORT_TABLES[report_type].name}"):
            row |= {"ad_product": AD_PRODUCTS.get(kind, "SPONSORED_TELEVISION")}
            row["portfolio_id"] = portfolio(row, kind)
            key = tuple(value_of(row, column) for column in table.grain)
            for figure, value in figures_of(row, kind).items():
                found[key][figure] = plus(found[key][figure], value)
    return found


def portfolio(row, kind):
    if kind == "st":
        return 71
    return 5 if (row["profile_id"], row["campaign_id"], kind) == (SELLER, 11, "sp") else None


def value_of(row, column):
    names = [name for name in NAMED.get(column, (column,)) if name in row]
    return next((row[name] for name in names if row[name] is not None), None)


def figures_of(row, kind):
    found = {name: row[name] for name in ("impressions", "clicks", "cost")}
    if kind == "sp":
        spelled = {"purchases": "purchases", "sales": "sales", "units": "units_sold_clicks"}
        standard = {"seller": "7d", "vendor": "14d"}.get(PROFILES[row["profile_id"]][0])
        for figure, name in spelled.items():
            found |= {f"{figure}_{window}": row[f"{name}_{window}"] for window in ("7d", "14d", "30d")}
            found[figure] = row[f"{name}_{standard}"] if standard else None
        return found
    for figure, name in {"purchases": "purchases", "sales": "sales", "units": "units_sold"}.items():
        found[figure] = row[name]
        if kind != "st":
            found[f"{figure}_14d"] = row[name]
        found[f"new_to_brand_{figure}"] = row.get(f"new_to_brand_{name}")
    return found


def rates_of(f):
    found = {"ctr_percent": over(f["clicks"], f["impressions"], 100), "cpc": over(f["cost"], f["clicks"])}
    for end in ("", "_7d", "_14d", "_30d"):
        purchases, sales = f[f"purchases{end}"], f[f"sales{end}"]
        found[f"cvr_percent{end}"] = over(purchases, f["clicks"], 100)
        found[f"acos_percent{end}"] = over(f["cost"], sales, 100)
        found[f"roas{end}"] = over(sales, f["cost"])
        found[f"cost_per_purchase{end}"] = over(f["cost"], purchases)
    for figure in ("purchases", "sales"):
        found[f"new_to_brand_{figure}_percent"] = over(f[f"new_to_brand_{figure}"], f[figure], 100)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_and_rate_is_what_python_makes_of_the_report_tables(made, name):
    table = METRIC_TABLES[name]
    expected = by_hand(made, name)
    found = {tuple(row[column] for column in table.grain): row for row in rows(made, f"FROM {name}")}
    assert found.keys() == expected.keys()
    assert len(found) == made.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
    for key, figures in expected.items():
        row = found[key]
        rates = rates_of(figures)
        assert {figure: row[figure] for figure in figures} == dict(figures)
        assert {rate: number(row[rate]) for rate in rates} == near(rates), key
        others = {column for column in row if column not in (*figures, *rates, *table.keys)}
        assert {row[column] for column in others} == {None}, "what Amazon does not give is NULL"


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_table_has_the_columns_it_is_declared_with(made, name):
    described = [(row[0], row[1].split("(")[0]) for row in made.execute(f"DESCRIBE {name}").fetchall()]
    assert described == [(column.name, column.type) for column in METRIC_TABLES[name].columns]


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_table_is_made_of_the_reports_it_is_declared_with(name):
    read = set(re.findall(r"(?:FROM|JOIN) (\w+)", sql_file(f"metrics/{name}")))
    for below in [*read]:  # one that is made of another
        if below in METRIC_TABLES:
            read |= set(re.findall(r"(?:FROM|JOIN) (\w+)", sql_file(f"metrics/{below}")))
    if "performance_records" in read:
        read |= set(re.findall(r"(?:FROM|JOIN) (\w+)", sql_file("performance_records")))
    reports = {table for table in read if table.startswith("report_")}
    assert reports == {REPORT_TABLES[name].name for name in METRIC_TABLES[name].sources.values()}


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_a_rate_is_declared_as_it_is_worked_out(made, rate):
    declared = rate.sql(rate.over, rate.under)
    found = f"SELECT count({rate.name}), count(*) FILTER ({rate.name} IS DISTINCT FROM {declared})"
    known, different = made.execute(f"{found} FROM metrics_by_target").fetchone()
    assert known > 0 == different


@pytest.mark.parametrize("name", NAMES)
def test_rates_are_null_where_there_is_nothing_to_divide_by(made, name):
    for rate, under in (("ctr_percent", "impressions"), ("cpc", "clicks"), ("acos_percent", "sales"), ("roas", "cost")):
        query = f"SELECT count(*), count({rate}) FROM {name} WHERE {under} = 0"
        assert made.execute(query).fetchone()[1] == 0
    zeros = "SELECT count(*) FROM metrics_by_campaign WHERE impressions = 0 OR clicks = 0"
    assert made.execute(zeros).fetchone()[0] > 0, "otherwise nothing was tested"


def test_an_amount_a_click_is_rounded_alike_everywhere_and_a_half_up(undone):
    (cpc,) = [rate for rate in RATES if rate.name == "cpc"]
    for cost, clicks, rounded in (("331.51", 160, "2.071938"), ("33151", 16000, "2.071938"), ("0.01", 3, "0.003333")):
        for scale in ("DECIMAL(18, 6)", "DECIMAL(38, 6)"):
            found = undone.execute(f"SELECT {cpc.sql(f'{cost}::{scale}', f'{clicks}::BIGINT')}").fetchone()
            assert found == (Decimal(rounded),)


@pytest.mark.parametrize("name", NAMES)
def test_no_row_adds_two_currencies_and_every_row_says_which_it_is_in(made, name):
    found = made.execute(f"SELECT DISTINCT profile_id, currency_code FROM {name}").fetchall()
    assert set(found) == {(profile_id, currency) for profile_id, (_, _, currency) in PROFILES.items()}
    assert "currency_code" in METRIC_TABLES[name].grain


def test_days_of_a_profile_in_another_currency_are_rows_of_their_own(made):
    made.begin()
    made.execute("UPDATE report_sp_campaigns SET currency_code = 'CAD' WHERE campaign_id = 11 AND profile_id = ?", [42])
    query = "SELECT currency_code, count(*) FROM metrics_by_profile WHERE profile_id = 42 AND ad_product = ? GROUP BY 1"
    assert dict(made.execute(query, ["SPONSORED_PRODUCTS"]).fetchall()) == {"CAD": 3, "EUR": 3}
    made.rollback()


def test_figures_of_an_unknown_profile_have_windows_and_no_standard_one(made):
    query = "SELECT count(purchases), count(sales), count(acos_percent), count(purchases_7d) FROM metrics_by_campaign"
    found = made.execute(f"{query} WHERE profile_id = ? AND ad_product = 'SPONSORED_PRODUCTS'", [STRANGER]).fetchone()
    assert found == (0, 0, 0, 6)


def test_a_portfolio_has_the_figures_of_the_campaigns_that_are_in_it_now(made):
    query = """
        SELECT portfolio_name, sum(cost) FROM metrics_by_portfolio
        WHERE profile_id = ? AND ad_product = 'SPONSORED_PRODUCTS' GROUP BY ALL
    """
    costs = "SELECT campaign_id, sum(cost) FROM report_sp_campaigns WHERE profile_id = ? GROUP BY ALL"
    by_campaign = dict(made.execute(costs, [SELLER]).fetchall())
    assert dict(made.execute(query, [SELLER]).fetchall()) == {"Towels": by_campaign[11], None: by_campaign[12]}


def test_a_figure_near_the_largest_that_a_report_can_hold_breaks_no_rate(made):
    made.begin()
    made.execute("UPDATE report_sp_campaigns SET cost = 999999999999.999999, sales_7d = 0.000001, clicks = 1")
    (row,) = rows(made, "SELECT max(cost) AS cost, max(cpc) AS cpc, max(acos_percent) AS acos FROM metrics_by_campaign")
    assert row == {"cost": Decimal("999999999999.999999"), "cpc": row["cost"].to_integral(), "acos": 1e20}
    made.rollback()


@pytest.mark.parametrize("name", METRIC_TABLES)
def test_the_file_of_a_table_says_what_its_grain_is(name):
    comment = " ".join(line.removeprefix("-- ") for line in sql_file(f"metrics/{name}").splitlines()[:5])
    (found,) = re.findall(r"Grain: ([a-z_, ]+[a-z_])", comment)
    assert found.split(", ") == [*METRIC_TABLES[name].grain]
