"""The figures of campaigns, keywords and targets: sums of the days that are loaded, those before them, the change."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.creation import FIGURED
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.metrics import FIGURES as DECLARED
from ppc_pipeline.warehouse.metrics import MONEY, RATES
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, VENDOR, report_file, report_row
from ppc_pipeline_tests.warehouse import days as made
from ppc_pipeline_tests.warehouse.days import curve, known_share, loaded
from ppc_pipeline_tests.warehouse.made import add_profile, near, number, over, rows

FIGURES = {"impressions": "impressions", "clicks": "clicks", "cost": "cost"}
SOLD = {"purchases": "purchases7d", "sales": "sales7d", "units": "unitsSoldClicks7d"}
KINDS = {
    "campaigns": ("spCampaigns", "campaign_id", "campaignId"),
    "keywords": ("spTargeting", "keyword_id", "keywordId"),
    "targets": ("spTargeting", "target_id", "keywordId"),
}
BUSY, IDLE = 11, 12
PERIODS = (7, 14, 30)


def before(number):
    return DAY - timedelta(days=number)


def drawn(seed, days):
    """Figures of one entity by day: whole numbers, cents, some days without a row."""
    rng = random.Random(seed)
    return {
        day: {
            **{name: rng.randint(1, 500) for name in ("impressions", "clicks", "purchases", "units")},
            **{name: Decimal(rng.randint(1, 99999)) / 100 for name in ("cost", "sales")},
        }
        for day in days
        if rng.random() < 0.9
    }


def load(connection, folder, name, figures, days, entity=BUSY, profile_id=SELLER, report_type=None, **changes):
    """Load one report over some days that has what one entity did."""
    kind, _, key = KINDS[name]
    ids = {"campaignId": 11, "adGroupId": 21, "keywordId": 31, "keywordType": "EXACT"} | {key: entity}
    kind = report_type or kind
    columns = {column.source for column in REPORT_TABLES[kind].columns}
    made = [
        report_row(
            kind,
            day,
            **{
                source: float(value) if isinstance(value, Decimal) else value
                for source, value in (
                    *((source, one[figure]) for figure, source in (FIGURES | SOLD).items() if source in columns),
                    *((key, value) for key, value in ids.items() if key in columns),
                )
            },
        )
        for day, one in figures.items()
    ]
    file = report_file(folder, made, min(days), max(days), profile_id=profile_id, **changes)
    (outcome,) = load_files(connection, REPORT_TABLES[kind], [file], NOON)
    assert outcome.rows_rejected == 0


def add(connection, name, entity=BUSY, profile_id=SELLER, ad_product="SPONSORED_PRODUCTS", currency="USD"):
    query = f"""
        INSERT INTO {name}_history (account, profile_id, currency_code, ad_product, {KINDS[name][1]}, valid_from)
        VALUES ('acme', ?, ?, ?, ?, ?)
    """
    connection.execute(query, [profile_id, currency, ad_product, entity, NOON])


def one(connection, name, entity=BUSY, profile_id=SELLER):
    query = f"FROM {name} WHERE {KINDS[name][1]} = ? AND profile_id = ?"
    (row,) = rows(connection, query, entity, profile_id)
    return row


def summed(figures, youngest, oldest):
    days = [figures[day] for day in figures if youngest <= (DAY - day).days <= oldest]
    return {name: sum((day[name] for day in days), 0) for name in (*FIGURES, *SOLD)}


def rated(sums):
    return {
        "ctr_percent": over(sums["clicks"], sums["impressions"], 100),
        "cpc": over(sums["cost"], sums["clicks"]),
        "cvr_percent": over(sums["purchases"], sums["clicks"], 100),
        "acos_percent": over(sums["cost"], sums["sales"], 100),
        "roas": over(sums["sales"], sums["cost"]),
        "cost_per_purchase": over(sums["cost"], sums["purchases"]),
    }


@pytest.mark.parametrize("name", KINDS)
def test_last_days_previous_days_and_change_are_what_python_makes_of_the_days(connection, tmp_path, name):
    add_profile(connection, SELLER, "seller", "US", "USD")
    days = [before(n) for n in range(70)]
    figures = drawn(name, days)
    load(connection, tmp_path, name, figures, days)
    add(connection, name)
    row = one(connection, name)
    assert row["figures_until"] == DAY
    for length in PERIODS:
        sums = {"last": summed(figures, 0, length - 1), "previous": summed(figures, length, 2 * length - 1)}
        for period, expected in sums.items():
            assert row[f"days_loaded_{period}_{length}_days"] == length
            found = {figure: row[f"{figure}_{period}_{length}_days"] for figure in expected}
            assert found == expected
            rates = rated(expected)
            found = {rate: number(row[f"{rate}_{period}_{length}_days"]) for rate in rates}
            assert found == near(rates)
        changes = {
            figure: 100 * (float(sums["last"][figure]) / float(sums["previous"][figure]) - 1)
            for figure in (*FIGURES, *SOLD)
        }
        now, then = rated(sums["last"]), rated(sums["previous"])
        changes |= {rate.removesuffix("_percent"): 100 * (now[rate] / then[rate] - 1) for rate in now}
        found = {figure: row[f"{figure}_change_{length}_days_percent"] for figure in changes}
        assert found == pytest.approx(changes, abs=1e-3)


def test_an_entity_without_activity_on_loaded_days_has_0_and_no_rates(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    days = [before(n) for n in range(60)]
    load(connection, tmp_path, "campaigns", drawn(1, days), days)
    add(connection, "campaigns", IDLE)
    row = one(connection, "campaigns", IDLE)
    assert (row["cost_last_7_days"], row["sales_previous_30_days"], row["clicks_last_30_days"]) == (0, 0, 0)
    assert {row[name] for name in ("acos_percent_last_7_days", "cost_change_7_days_percent", "roas_last_30_days")} == {
        None
    }


def test_where_nothing_is_loaded_nobody_knows(connection):
    add(connection, "campaigns")
    row = one(connection, "campaigns")
    assert row["figures_until"] is None
    figures = {name: value for name, value in row.items() if name.endswith("_days") or "_change_" in name}
    assert {value for name, value in figures.items() if not name.startswith("days_loaded")} == {None}
    assert {value for name, value in figures.items() if name.startswith("days_loaded")} == {0}


def test_a_period_of_which_days_are_missing_says_how_many_there_are_and_is_compared_with_nothing(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    figures = drawn(2, [before(n) for n in range(20)])
    for few in ([before(n) for n in range(10)], [before(n) for n in range(12, 20)]):  # two days are a hole
        load(connection, tmp_path, "campaigns", {day: figures[day] for day in few if day in figures}, few)
    add(connection, "campaigns")
    row = one(connection, "campaigns")
    loaded = {
        name: row[f"days_loaded_{name}_days"] for name in ("last_7", "previous_7", "last_14", "previous_14", "last_30")
    }
    assert loaded == {"last_7": 7, "previous_7": 5, "last_14": 12, "previous_14": 6, "last_30": 18}
    there = {day: one_day for day, one_day in figures.items() if day not in (before(10), before(11))}
    assert row["cost_last_14_days"] == summed(there, 0, 13)["cost"]
    assert row["cost_change_7_days_percent"] is None
    assert row["days_loaded_previous_30_days"] == 0
    assert row["cost_previous_30_days"] is None


def test_the_last_days_end_where_each_profile_and_ad_product_is_loaded_to(connection, tmp_path):
    for profile_id in (SELLER, VENDOR):
        add_profile(connection, profile_id, "seller", "US", "USD")
        add(connection, "campaigns", profile_id=profile_id)
    add(connection, "campaigns", 99, ad_product="SPONSORED_BRANDS")
    day = {"impressions": 10, "clicks": 1, "cost": Decimal(1), "purchases": 1, "sales": Decimal(2), "units": 1}
    for profile_id, age in ((SELLER, 0), (VENDOR, 3)):
        days = [before(age + n) for n in range(14)]
        load(connection, tmp_path, "campaigns", dict.fromkeys(days, day), days, profile_id=profile_id)
    load(connection, tmp_path, "campaigns", {before(5): day}, [before(5)], entity=99, report_type="sbCampaigns")
    ends = {(row["profile_id"], row["campaign_id"]): row["figures_until"] for row in rows(connection, "FROM campaigns")}
    assert ends == {(SELLER, 11): DAY, (VENDOR, 11): before(3), (SELLER, 99): before(5)}
    assert {row["cost_last_7_days"] for row in rows(connection, "FROM campaigns")} == {Decimal(7), Decimal(1)}


def test_amounts_in_another_currency_than_the_entitys_are_not_added(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    days = [before(n) for n in range(7)]
    day = {"impressions": 10, "clicks": 1, "cost": Decimal(1), "purchases": 1, "sales": Decimal(2), "units": 1}
    load(connection, tmp_path, "campaigns", dict.fromkeys(days[3:], day), days[3:], currency_code="CAD")
    load(connection, tmp_path, "campaigns", dict.fromkeys(days[:3], day), days[:3])
    add(connection, "campaigns")
    assert one(connection, "campaigns")["cost_last_7_days"] == Decimal(3)


def test_a_view_has_each_open_version_once_and_no_other(connection, tmp_path):
    add_profile(connection, SELLER, "seller", "US", "USD")
    days = [before(n) for n in range(3)]
    load(connection, tmp_path, "campaigns", drawn(3, days), days)
    for entity in (BUSY, IDLE, 13):
        add(connection, "campaigns", entity)
    connection.execute("UPDATE campaigns_history SET removed_at = valid_from WHERE campaign_id = 12")
    connection.execute("UPDATE campaigns_history SET valid_to = valid_from WHERE campaign_id = 13")
    query = "SELECT campaign_id, removed_at IS NULL FROM campaigns ORDER BY 1"
    assert connection.execute(query).fetchall() == [(BUSY, True), (IDLE, False)]


def test_the_entities_that_have_figures_are_these():
    assert set(FIGURED) == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_beside_an_entitys_own_columns_stand_those_of_each_period_and_no_others(undone, name):
    def columns(table):
        return [tuple(row[:2]) for row in undone.execute(f"DESCRIBE {table}").fetchall()]

    own = [column for column in columns(f"{name}_history") if column[0] != "valid_to"]
    periods = [f"{period}_{days}_days" for days in PERIODS for period in ("last", "previous")]
    types = {figure.name: figure.type.replace(MONEY, "DECIMAL(38,6)") for figure in (*DECLARED, *RATES)}
    amounts = {"days_loaded": "BIGINT"} | {figure.name: types[figure.name] for figure in DECLARED}
    amounts |= {"purchases_known_percent": "DOUBLE", "sales_known_percent": "DOUBLE"}
    assert columns(name) == [
        *own,
        ("figures_until", "DATE"),
        *((f"{figure}_{period}", type_) for period in periods for figure, type_ in amounts.items()),
        *((f"{rate.name}_{period}", types[rate.name]) for period in periods for rate in RATES),
        *((f"sales_expected_{period}", "DECIMAL(38,6)") for period in periods),
        *(
            (f"{figure.name.removesuffix('_percent')}_change_{days}_days_percent", "DOUBLE")
            for days in PERIODS
            for figure in (*DECLARED, *RATES)
        ),
    ]


SHARES = {1: 0.35, 2: 0.5, 3: 0.6, 7: 0.8, 14: 1.0}
"""Age in days -> the share of purchases and sales that is known of a day."""


def lagging(connection, days=70, born=70):
    """A campaign that costs 50 and sells for 70 every day, of which young days show what their age lets them."""
    add_profile(connection, SELLER, "seller", "US", "USD")
    add(connection, "campaigns")
    loaded(connection, days=days)
    for n in range(min(born, days)):
        share = known_share(SHARES, n + 1)
        figures = {"impressions": 10_000, "clicks": 700, "cost": 50, "purchases": 140 * share, "sales": 70 * share}
        figures["units_sold_clicks_7d"] = figures["purchases"]
        made.rows(connection, "report_sp_campaigns", [made.sp(before(n), **figures)])


def curves(connection):
    for metric in ("purchases_7d", "sales_7d"):
        for age, share in SHARES.items():
            curve(connection, metric, age, share)


def test_a_campaign_that_fares_as_ever_neither_loses_nor_changes_while_sales_of_young_days_are_to_come(connection):
    lagging(connection)
    curves(connection)
    row = one(connection, "campaigns")
    assert row["sales_last_7_days"] < row["cost_last_7_days"], "as it looks today"
    for length in PERIODS:
        assert row[f"sales_expected_last_{length}_days"] == pytest.approx(Decimal(70 * length), abs=Decimal("0.001"))
        changes = {name: value for name, value in row.items() if name.endswith(f"_change_{length}_days_percent")}
        assert len(changes) == 12
        assert changes == pytest.approx(dict.fromkeys(changes, 0), abs=1e-6)
    known = 100 * sum(known_share(SHARES, age) for age in range(1, 8)) / 7
    assert row["sales_known_percent_last_7_days"] == pytest.approx(known)


def test_what_is_known_of_a_new_campaign_is_that_of_the_days_it_cost_something_on(connection):
    lagging(connection, born=2)
    curves(connection)
    row = one(connection, "campaigns")
    assert row["purchases_known_percent_last_7_days"] == pytest.approx(100 * (0.35 + 0.5) / 2)
    assert row["sales_expected_last_7_days"] == pytest.approx(Decimal(140), abs=Decimal("0.001"))


def test_a_day_on_which_an_entity_cost_nothing_need_not_be_known(connection):
    lagging(connection)  # without a curve: nobody knows the youngest days
    connection.execute("DELETE FROM report_sp_campaigns WHERE date > ?", [before(6)])
    row = one(connection, "campaigns")
    assert row["sales_known_percent_last_7_days"] == 100
    assert row["sales_expected_last_7_days"] == row["sales_last_7_days"] > 0
    connection.execute("UPDATE report_sp_campaigns SET cost = 0")
    assert one(connection, "campaigns")["sales_known_percent_last_7_days"] is None, "the plain mean of all days"


def test_where_nobody_knows_how_much_is_to_come_conversions_are_not_compared_and_traffic_is(connection):
    lagging(connection)
    row = one(connection, "campaigns")
    assert row["sales_known_percent_last_7_days"] is row["sales_expected_last_7_days"] is None
    assert row["sales_known_percent_previous_7_days"] == 100, "a week old: whole where there is no curve"
    assert row["sales_expected_previous_7_days"] == row["sales_previous_7_days"]
    for figure in ("purchases", "sales", "units", "cvr", "acos", "roas", "cost_per_purchase"):
        assert row[f"{figure}_change_7_days_percent"] is None
    assert [row[f"{figure}_change_7_days_percent"] for figure in ("cost", "clicks", "cpc", "ctr")] == [0, 0, 0, 0]


PURCHASES, SALES = {1: 0.3, 3: 0.55, 7: 0.7, 28: 0.9}, {1: 0.2, 2: 0.45, 14: 0.8, 28: 0.95}
"""Age -> the share of purchases that is known of a day, and the share of sales, which is another at every age."""

LOADS = {0: 7, 7: 63}
"""How many days before the last one a load ends -> its days. It is asked for a day later: its last days are young."""

FREE, SPARING = 12, 13
CAMPAIGNS = {BUSY: set(), FREE: {*range(70)}, SPARING: {0, 1, 7, 8}}
"""Campaign -> how many days before the last one are those on which it costs nothing."""


def from_age(curve, first):
    return {age: share for age, share in curve.items() if age >= first}


def shares_by_day(curve):
    """Return what share is known of each day, by how many days before the last one it is."""
    ages = {end + n: n + 1 for end, days in LOADS.items() for n in range(days)}
    return {n: known_share(curve, age) for n, age in ages.items()}


def known_percent(shares, costs, period):
    """Return the mean share of a period's days, weighted by what they cost: the plain one where they cost nothing."""
    weights = {n: costs[n] for n in period if costs.get(n)} or dict.fromkeys(period, 1)
    if None in (shares[n] for n in weights):
        return None
    return 100 * sum(shares[n] * float(weight) for n, weight in weights.items()) / float(sum(weights.values()))


def spend(connection, campaign, free):
    """Make a campaign, and return its figures by how many days before the last one they are of."""
    add(connection, "campaigns", campaign)
    figures = {(DAY - day).days: of_day for day, of_day in drawn(campaign, [before(n) for n in range(70)]).items()}
    for n in figures.keys() & free:
        figures[n]["cost"] = Decimal(0)
    for n, of_day in figures.items():
        named = {"units_sold_clicks_7d" if name == "units" else name: value for name, value in of_day.items()}
        made.rows(connection, "report_sp_campaigns", [made.sp(before(n), campaign_id=campaign, **named)])
    return figures


def in_the_end(days, purchases_percent, sales_percent, period):
    """Return the figures of a period and its rates as they will be; None where nobody knows."""
    names = ("clicks", "cost", "purchases", "sales", "units")
    sums = {name: float(sum(days[n][name] for n in period if n in days)) for name in names}
    percents = {"purchases": purchases_percent, "sales": sales_percent, "units": purchases_percent}
    ends = {name: over(sums[name], percent, 100) for name, percent in percents.items()}
    return ends | {
        "cvr": over(ends["purchases"], sums["clicks"], 100),
        "acos": over(sums["cost"], ends["sales"], 100),
        "roas": over(ends["sales"], sums["cost"]),
        "cost_per_purchase": over(sums["cost"], ends["purchases"]),
    }


@pytest.mark.parametrize(
    ("purchases", "sales"),
    [
        (from_age(PURCHASES, 3), SALES),  # nobody knows the purchases of the last two days of either week
        (PURCHASES, from_age(SALES, 2)),  # nor the sales of the last one
    ],
)
def test_what_there_will_be_in_the_end_is_what_python_makes_of_the_shares_of_each_day(connection, purchases, sales):
    add_profile(connection, SELLER, "seller", "US", "USD")
    for metric, points in (("purchases_7d", purchases), ("sales_7d", sales)):
        for age, share in points.items():
            curve(connection, metric, age, share)
    for end, days in LOADS.items():
        loaded(connection, days=days, end=before(end))
    of_purchases, of_sales = shares_by_day(purchases), shares_by_day(sales)
    connection.begin()
    days_of = {campaign: spend(connection, campaign, free) for campaign, free in CAMPAIGNS.items()}
    connection.commit()
    for row in rows(connection, "FROM campaigns"):
        days = days_of[row["campaign_id"]]
        costs = {n: figures["cost"] for n, figures in days.items()}
        for length in PERIODS:
            ends = {}
            for name, period in (("last", range(length)), ("previous", range(length, 2 * length))):
                percents = [known_percent(shares, costs, period) for shares in (of_purchases, of_sales)]
                found = [row[f"{metric}_known_percent_{name}_{length}_days"] for metric in ("purchases", "sales")]
                assert found == [percent and pytest.approx(percent) for percent in percents]
                ends[name] = in_the_end(days, *percents, period)
                expected, whole = row[f"sales_expected_{name}_{length}_days"], ends[name]["sales"]
                assert number(expected) == (whole and pytest.approx(whole, abs=1e-5))
            for figure, now in ends["last"].items():
                then = ends["previous"][figure]
                change = None if now is None or not then else pytest.approx(100 * (now / then - 1), abs=1e-3)
                assert row[f"{figure}_change_{length}_days_percent"] == change, (row["campaign_id"], figure, length)
