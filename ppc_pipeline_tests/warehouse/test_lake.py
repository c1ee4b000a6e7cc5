"""The same SQL on DuckLake: tables, reports, entities, views."""

import importlib.util
import json
import traceback
from datetime import timedelta
from decimal import Decimal

import duckdb
import pytest

from ppc_pipeline.amazon_ads.entities import KEYWORDS
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import ENTITY_TABLES, REPORT_TABLES
from ppc_pipeline.warehouse import features, loading, queries
from ppc_pipeline.warehouse.connection import Warehouse, _installed
from ppc_pipeline.warehouse.creation import FIGURED
from ppc_pipeline.warehouse.entities import Pages, load_entities
from ppc_pipeline.warehouse.features import CAMPAIGN_FEATURES, refresh_features
from ppc_pipeline.warehouse.fx_rates import FxRate, FxRates, replace_fx_rates
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline.warehouse.metrics import METRIC_TABLES
from ppc_pipeline.warehouse.restated import FINAL_AFTER_DAYS, refresh_restatement_curve, restatement_curve
from ppc_pipeline.warehouse.suggestions import TargetAcos, refresh_suggestions, suggestions
from ppc_pipeline_tests.fakes import DAY, NOON, SELLER, full_row, report_file, targeting_row
from ppc_pipeline_tests.warehouse.advertiser import Advertiser
from ppc_pipeline_tests.warehouse.made import add_profile
from ppc_pipeline_tests.warehouse.point_in_time import Load

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("duckdb_extension_ducklake") is None,
    reason="the package duckdb-extension-ducklake is not installed",
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lake")
    made = Warehouse(f"ducklake:{folder}/catalog.ducklake", str(folder / "files"))
    prepare(made)
    return made


def test_a_lake_is_made_once_and_found_again(lake):
    assert lake.exists
    prepare(lake)
    with lake.connect(read_only=True) as connection:
        found = {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    assert {"load_log", "performance_records", "profiles", "report_sp_targeting", "keywords"} <= found


addresses = pytest.mark.parametrize(
    "catalog",
    [
        "dbname=lake host=127.0.0.1 port=1 user=ppc password=pa55word",
        "dbname=lake host=127.0.0.1 port=1 user=ppc password='pa55word'",
        "postgresql://ppc:pa55word@127.0.0.1:1/lake",
    ],
)


@addresses
def test_a_catalog_that_cannot_be_reached_is_named_without_its_password(tmp_path, catalog):
    lake = Warehouse(f"ducklake:postgres:{catalog}", str(tmp_path))
    with pytest.raises(duckdb.IOException) as raised, lake.connect():
        pass
    assert "127.0.0.1" in str(raised.value)
    assert "pa55word" not in str(raised.value)


@addresses
def test_a_catalog_that_is_lost_while_the_lake_is_open_is_named_without_its_password(lake, catalog):
    def look():
        with lake.connect() as connection:
            connection.load_extension(_installed("postgres_scanner"))
            connection.execute(f"""ATTACH '{catalog.replace("'", "''")}' AS lost (TYPE postgres)""")

    with pytest.raises(duckdb.IOException) as raised:
        look()
    assert "127.0.0.1" in str(raised.value)
    assert "pa55word" not in "".join(traceback.format_exception(raised.value))


def test_reports_are_loaded_restated_and_rolled_back_in_a_lake_as_in_a_file(lake, tmp_path, monkeypatch):
    table = REPORT_TABLES["spTargeting"]
    rows = [targeting_row(cost=0.1), targeting_row(keyword_id=2, cost=0.2), targeting_row(keyword_id=3, clicks=12.5)]
    file = report_file(tmp_path, rows)
    later = report_file(tmp_path, [targeting_row(cost=0.7), rows[2]], requested_at=NOON + timedelta(hours=1))
    last = report_file(tmp_path, [targeting_row(cost=0.7)], requested_at=NOON + timedelta(hours=2))
    with lake.connect() as connection:
        (first,) = load_files(connection, table, [file], NOON)
        (again,) = load_files(connection, table, [file], NOON)
        assert (first.rows_loaded, first.rows_rejected, first.days_changed, again.days_changed) == (2, 1, 1, 0)
        assert queries.daily_cost(connection, DAY, DAY) == [(DAY, "USD", Decimal("0.3"))]
        assert len(queries.rejected(connection, "spTargeting")) == 1

        def fail(*_):
            raise duckdb.IOException("No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(loading, "_log_load", fail)
            with pytest.raises(duckdb.IOException):
                load_files(connection, table, [later], NOON)
        assert queries.daily_cost(connection, DAY, DAY) == [(DAY, "USD", Decimal("0.3"))]
        load_files(connection, table, [later], NOON)
        restated = "SELECT before, after FROM restatements WHERE metric = 'cost'"
        assert connection.execute(restated).fetchall() == [(Decimal("0.3"), Decimal("0.7"))]
        assert len(queries.rejected(connection, "spTargeting")) == 1
        load_files(connection, table, [last], NOON)
        refresh_restatement_curve(connection, [table], NOON + timedelta(days=FINAL_AFTER_DAYS))
    with lake.connect(read_only=True) as connection:
        assert {point.share for point in restatement_curve(connection) if point.metric == "cost"} == {1.0}
        assert queries.daily_cost(connection, DAY, DAY) == [(DAY, "USD", Decimal("0.7"))]
        assert queries.rejected(connection, "spTargeting") == []
        (summed,) = queries.profile_summary(connection, DAY, DAY).rows
        assert Decimal("0.7") in summed


def test_keys_that_are_null_tell_rows_apart_in_a_lake_as_in_a_file(lake, tmp_path):
    table = REPORT_TABLES["sbTargeting"]
    keyword, target = {"keywordId": 1, "targetingId": None}, {"keywordId": None, "targetingId": 1}
    rows = [full_row("sbTargeting", **keys) for keys in (keyword, target, target)]
    with lake.connect() as connection:
        (first,) = load_files(connection, table, [report_file(tmp_path, rows)], NOON)
        rows[1]["clicks"] = 8.5
        later = report_file(tmp_path, rows[:2], requested_at=NOON + timedelta(hours=1))
        (second,) = load_files(connection, table, [later], NOON)
    assert (first.rows_loaded, first.rows_rejected) == (2, 1)
    assert (second.rows_loaded, second.rows_rejected, second.rows_displaced) == (1, 1, 1)


def test_entities_have_versions_in_a_lake_as_in_a_file(lake, tmp_path):
    listing = KEYWORDS.listings[0]

    def sync(hours, *bids):
        path = tmp_path / "keywords.json"
        items = [{"keywordId": n, "campaignId": 1, "adGroupId": 2, "bid": bid} for n, bid in enumerate(bids)]
        path.write_text(json.dumps({"keywords": items}))
        pages = Pages(path, "acme", SELLER, "USD", listing.ad_product, listing.items_key, listing.fields)
        with lake.connect() as connection:
            now = NOON + timedelta(hours=hours)
            (done,) = load_entities(connection, ENTITY_TABLES["keywords"], [pages], [pages.scope], now)
        return done.added, done.changed, done.removed

    assert [sync(0, 1.5, 2), sync(1, 1.5, 2), sync(2, 1.75, 2), sync(3, 1.75)] == [
        (2, 0, 0),
        (0, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
    ]
    with lake.connect(read_only=True) as connection:
        now = "SELECT keyword_id, bid, removed_at IS NOT NULL FROM keywords ORDER BY keyword_id"
        assert connection.execute(now).fetchall() == [(0, Decimal("1.75"), False), (1, Decimal(2), True)]
        assert connection.execute("SELECT count(*) FROM keywords_history").fetchone() == (3,)
        changed = "SELECT entity_id, change, attribute, before, after FROM entity_changes ORDER BY seen_at"
        assert connection.execute(changed).fetchall() == [
            (0, "changed", "bid", "1.5", "1.75"),
            (1, "removed", None, None, None),
        ]


def test_metric_tables_figures_and_rates_are_the_same_in_a_lake(tmp_path):
    lake = Warehouse(f"ducklake:{tmp_path}/catalog.ducklake", str(tmp_path / "files"))
    prepare(lake)
    with lake.connect() as connection:
        add_profile(connection, SELLER, "seller", "US", "USD")
        made = [full_row("spCampaigns", campaignId=11, cost=2, sales7d=8)]
        load_files(connection, REPORT_TABLES["spCampaigns"], [report_file(tmp_path, made)], NOON)
        connection.execute(
            """
            INSERT INTO campaigns_history (account, profile_id, currency_code, ad_product, campaign_id, valid_from)
            VALUES ('acme', ?, 'USD', 'SPONSORED_PRODUCTS', 11, ?)
            """,
            [SELLER, NOON],
        )
        rate = FxRate(DAY, "USD", "EUR", Decimal("0.5"))
        assert replace_fx_rates(connection, FxRates("EUR", [rate], 0))
        snapshots = connection.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchone()
        assert not replace_fx_rates(connection, FxRates("EUR", [rate], 0))
    prepare(lake)
    with lake.connect(read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM ducklake_snapshots('lake')").fetchone() == snapshots
        for name in ("profile", "portfolio", "campaign"):
            found = connection.execute(f"SELECT acos_percent, cost_converted FROM metrics_by_{name}").fetchall()
            assert found == [(25.0, Decimal(1))], name
        for name in (*METRIC_TABLES, *FIGURED):
            connection.execute(f"FROM {name}").fetchall()
        query = "SELECT figures_until, cost_last_7_days, acos_percent_last_30_days FROM campaigns"
        assert connection.execute(query).fetchall() == [(DAY, Decimal(2), 25.0)]


@pytest.mark.long
def test_features_are_made_and_made_anew_in_a_lake_as_in_a_file_and_by_one_at_a_time(lake, warehouse, tmp_path):
    found = []
    for made in (lake, warehouse):
        for load in (Load(0, 2), Load(4, 6), Load(3, 6, seed=2)):
            with made.connect() as connection:
                asked = NOON + timedelta(hours=load.seed)
                load_files(connection, REPORT_TABLES["spCampaigns"], [load.file(tmp_path, asked)], NOON)
            refresh_features(made, CAMPAIGN_FEATURES, lambda: NOON)
        with made.connect(read_only=True) as connection:
            found.append(connection.execute("FROM campaign_features ORDER BY ALL").fetchall())
    assert found[0] == found[1] != []
    with lake.connect() as connection:
        load_files(connection, REPORT_TABLES["spCampaigns"], [Load(7, 7).file(tmp_path, NOON)], NOON)
        other = connection.cursor()
        other.execute("USE lake")
        other.begin()
        other.execute("UPDATE feature_turns SET turns = turns + 1")
        assert features._refresh_slice(connection, CAMPAIGN_FEATURES, NOON, 1).days == 1
        with pytest.raises(duckdb.TransactionException):
            other.commit()


@pytest.mark.long
def test_suggestions_are_made_anew_in_a_lake(lake):
    with lake.connect() as connection:
        it = Advertiser(connection, profile_id=77)
        campaign = it.campaign()
        ad_group = it.ad_group(campaign)
        it.clicks(campaign, ad_group, it.keyword(campaign, ad_group), clicks=500, cost=300)
        for _ in range(2):
            refresh_suggestions(connection, TargetAcos(30.0), NOON)
            assert [found.suggested_value for found in suggestions(connection, [77])] == [Decimal("0.45")]
