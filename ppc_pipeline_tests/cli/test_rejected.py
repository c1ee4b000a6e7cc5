"""``ppc rejected`` with a quarantine made by hand: totals by reason, over profiles and for each."""

import json

import duckdb
import pytest

from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline_tests.cli.conftest import ppc, ppc_json
from ppc_pipeline_tests.fakes import SELLER, VENDOR

REJECTED = [
    (SELLER, "spTargeting", "date is missing"),
    (SELLER, "spTargeting", "cost is not an amount: dear"),
    (SELLER, "spTargeting", "cost is not an amount: cheap"),
    (VENDOR, "spTargeting", "cost is not an amount: free"),
    (VENDOR, "campaigns", "date is missing"),
]


@pytest.fixture
def quarantine(data_dir):
    data_dir.mkdir()
    prepare(Warehouse(str(data_dir / "ppc.duckdb")))
    with duckdb.connect(data_dir / "ppc.duckdb") as connection:
        connection.executemany(
            "INSERT INTO rejected_rows (account, profile_id, source, reason, raw, rejected_at)"
            " VALUES ('sandbox', ?, ?, ?, '{}', TIMESTAMP '2026-11-10 12:00')",
            REJECTED,
        )


def test_rows_are_added_up_by_source_and_reason_over_profiles_and_for_each(quarantine):
    found = ppc_json("rejected")
    assert found["rows"] == len(REJECTED)
    assert [(r["source"], r["kind"], r["rows"], r["profiles"]) for r in found["reasons"]] == [
        ("spTargeting", "cost is not an amount", 3, 2),
        ("campaigns", "date is missing", 1, 1),
        ("spTargeting", "date is missing", 1, 1),
    ]
    of_seller = {(k["source"], k["kind"]): k["rows"] for k in found["kinds"] if k["profile_id"] == SELLER}
    assert of_seller == {("spTargeting", "cost is not an amount"): 2, ("spTargeting", "date is missing"): 1}
    assert json.dumps(found["examples"]).count("sandbox") == len(REJECTED)


def test_people_see_the_totals_before_the_examples(quarantine):
    shown = ppc("rejected").stdout
    places = [
        shown.index(words) for words in ("In quarantine: 5 rows", "By profile", "Examples", "cheap", "ppc rebuild")
    ]
    assert places == sorted(places)
