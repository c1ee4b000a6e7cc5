"""Loading entities from files: every row that was read is there, in whatever order lists come."""

import itertools
import json

import pytest

from ppc_pipeline.amazon_ads.entities import KEYWORDS
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import ENTITY_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.entities import Pages, load_entities
from ppc_pipeline_tests.fakes import NOON

MANY = 130_000
"""More than a row group of DuckDB's has."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The keywords of three profiles: none, one, many."""
    directory = tmp_path_factory.mktemp("pages")
    (listing, *_) = KEYWORDS.listings

    def of(profile_id, count):
        path = directory / f"{profile_id}.json"
        with path.open("w") as file:
            for numbers in [range(i, min(i + 500, count)) for i in range(0, count, 500)] or [()]:
                items = [{"keywordId": str(n), "keywordText": "towel", "state": "ENABLED"} for n in numbers]
                file.write(json.dumps({"keywords": items}) + "\n")
        return Pages(path, "acme", profile_id, "USD", listing.ad_product, listing.items_key, listing.fields)

    return {"none": of(1, 0), "one": of(2, 1), "many": of(3, MANY)}


ORDERS = {
    order: pytest.param(order, marks=[] if order[0] == "none" else pytest.mark.long, id=",".join(order))
    for order in itertools.permutations(("none", "one", "many"))
}
"""Who begins with nothing is what went wrong once."""


@pytest.mark.parametrize("order", ORDERS.values())
def test_no_row_is_lost_whichever_list_comes_first(tmp_path, pages, order):
    warehouse = Warehouse(str(tmp_path / "ppc.duckdb"))
    prepare(warehouse)
    files = [pages[name] for name in order]
    with warehouse.connect() as connection:
        connection.execute("SET threads = 2")
        outcomes = load_entities(connection, ENTITY_TABLES["keywords"], files, [file.scope for file in files], NOON)
        found = connection.execute("SELECT profile_id, count(*) FROM keywords GROUP BY ALL ORDER BY 1").fetchall()
    assert [(outcome.profile_id, outcome.added) for outcome in outcomes] == [(1, 0), (2, 1), (3, MANY)]
    assert found == [(2, 1), (3, MANY)]
