"""Objects that live accounts served, from the lists to the warehouse; they are not part of this repository."""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline_tests.fakes import SELLER

STREAMS = {
    "sponsored_product_campaigns": "/sp/campaigns/list",
    "sponsored_product_ad_groups": "/sp/adGroups/list",
    "sponsored_product_keywords": "/sp/keywords/list",
    "sponsored_product_negative_keywords": "/sp/negativeKeywords/list",
    "sponsored_product_campaign_negative_keywords": "/sp/campaignNegativeKeywords/list",
    "sponsored_product_ads": "/sp/productAds/list",
    "sponsored_product_targetings": "/sp/targets/list",
    "sponsored_display_campaigns": "/sd/campaigns/extended",
    "sponsored_display_ad_groups": "/sd/adGroups/extended",
    "sponsored_display_product_ads": "/sd/productAds/extended",
    "sponsored_display_targetings": "/sd/targets",
}


@pytest.fixture(scope="module")
def recorded():
    """Return path -> what lists of that path served."""
    folder = os.environ.get("AMAZON_ADS_SPECS_DIR")
    if not folder:
        pytest.skip("AMAZON_ADS_SPECS_DIR is not set: what was recorded stands beside that folder")
    beside = Path(folder).parent / "recorded"
    if not beside.is_dir():
        pytest.skip("nothing recorded is beside the folder of Amazon's OpenAPI documents")
    keys = {listing.path: listing.items_key for entity in ENTITY_TYPES.values() for listing in entity.listings}
    found = defaultdict(list)
    for line in (beside / "entity-records.jsonl").read_text().splitlines():
        record = json.loads(line)
        if path := STREAMS.get(record["stream"]):
            found[path].append(record["data"])
    for exchange in json.loads((beside / "responses.json").read_text())["responses"]:
        path = exchange["url"].removeprefix("{{api_url}}").split("?")[0]
        asked_so = exchange["method"] == ("POST" if keys.get(path) else "GET")
        if path in keys and asked_so and exchange["status"] == 200:
            body = json.loads(exchange["responseBody"])
            found[path] += body[keys[path]] if keys[path] else body
    return dict(found)


def test_every_recorded_object_is_a_row_and_none_is_in_quarantine(company, recorded):
    assert set(STREAMS.values()) | {"/sb/v4/campaigns/list", "/sb/themes/list"} <= set(recorded)
    for path, items in recorded.items():
        company.serve(items, path=path)
    synced = company.sync(*ENTITY_TYPES.values())
    assert synced.troubles == []
    assert company.query("SELECT source, reason, raw FROM rejected_rows") == []
    for name, entity in ENTITY_TYPES.items():
        for listing in entity.listings:
            ids = [listing.fields[column].removeprefix("$.") for column in entity.key if column in listing.fields]
            expected = {tuple(str(item[key]) for key in ids) for item in recorded.get(listing.path, [])}
            columns = ", ".join(f"{column}::VARCHAR" for column in entity.key if column in listing.fields)
            assert expected <= set(company.query(f"SELECT {columns} FROM {name} WHERE profile_id = ?", SELLER))
