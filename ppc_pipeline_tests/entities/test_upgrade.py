"""A warehouse of an earlier release: it gains columns, lists and views, and no entity a version of its own."""

import json
from dataclasses import replace

import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import ENTITY_TABLES, REPORT_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.creation import create_tables
from ppc_pipeline.warehouse.entities import Pages, load_entities
from ppc_pipeline_tests.entities.company import SB, SP, Company, FakeLists, only
from ppc_pipeline_tests.fakes import NOON, SELLER, facts

GAINED = {
    "campaigns": {
        *("bid_optimization", "cost_type", "goal", "brand_entity_id", "product_location", "is_multi_ad_groups_enabled"),
        *("tactic", "serving_status", "created_at"),
    },
    "targets": {"theme_type", "serving_status", "created_at"},
}
CAMPAIGN = {
    "campaignId": "7",
    "name": "Summer",
    "state": "ENABLED",
    "targetingType": "AUTO",
    "budget": {"budget": 10, "budgetType": "DAILY"},
    "dynamicBidding": {"strategy": "LEGACY_FOR_SALES", "placementBidding": []},
    "startDate": "2026-01-01",
    "tags": {"a": "b"},
}
TARGET = {"targetId": "9", "campaignId": "7", "adGroupId": "8", "expressionType": "AUTO", "expression": [], "bid": 1}
BROKEN = {"targetId": "10", "campaignId": "x"}


@pytest.fixture
def company(roster, tmp_path, clock):
    """A company whose warehouse was made, and filled, before other ad products than Sponsored Products were listed."""
    roster.save("acme", [facts()])
    company = Company(FakeLists(), roster, Warehouse(str(tmp_path / "old.duckdb")), tmp_path / "aside", clock)
    company.serve([CAMPAIGN], path="/sp/campaigns/list")
    company.serve([TARGET], path="/sp/targets/list")
    tables = dict(ENTITY_TABLES)
    for name, gained in GAINED.items():
        columns = tuple(column for column in ENTITY_TABLES[name].columns if column.name not in gained)
        tables[name] = replace(ENTITY_TABLES[name], columns=columns, watched=(), on_request=())
    with company.warehouse.connect() as connection:
        create_tables(connection, REPORT_TABLES.values(), tables.values())
        for name, items in (("campaigns", [CAMPAIGN]), ("targets", [TARGET, BROKEN])):
            listing = ENTITY_TYPES[name].listings[0]
            pages = _pages(tmp_path / f"{name}.json", listing, items)
            load_entities(connection, tables[name], [pages], [pages.scope], NOON)
        for column in ("ad_product", "part"):
            connection.execute(f"ALTER TABLE rejected_rows DROP COLUMN {column}")
    prepare(company.warehouse)
    return company


def _pages(path, listing, items):
    path.write_text(json.dumps({listing.items_key: items}))
    return Pages(path, "acme", SELLER, "USD", listing.ad_product, listing.items_key, listing.fields)


@pytest.mark.parametrize("name", GAINED)
def test_an_upgrade_makes_no_new_version_and_removes_nothing(company, name):
    company.clock.forward(days=1)
    assert company.changes(ENTITY_TYPES[name]) == (1, 0, 0, 0)
    assert company.query(f"SELECT count(*) FROM {name}_history") == [(1,)]
    assert company.query("SELECT count(*) FROM entity_changes") == [(0,)]


def test_the_views_of_what_is_now_have_the_columns_that_were_gained(company):
    company.serve([{"campaignId": "1", "state": "ENABLED", "goal": "PAGE_VISIT"}], path="/sb/v4/campaigns/list")
    company.sync(ENTITY_TYPES["campaigns"])
    assert company.query("SELECT ad_product, goal FROM campaigns ORDER BY 1") == [(SB, "PAGE_VISIT"), (SP, None)]


def test_quarantine_that_does_not_know_its_list_goes_with_the_next_listing(company):
    assert company.query("SELECT count(*) FROM rejected_rows") == [(1,)]
    company.sync(only(ENTITY_TYPES["targets"], SP))
    assert company.query("SELECT count(*) FROM rejected_rows") == [(0,)]
