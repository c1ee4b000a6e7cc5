"""Answers have the shapes that Amazon's OpenAPI documents describe.

The documents are Amazon's and not part of this repository: ``AMAZON_ADS_SPECS_DIR`` names a folder that has them.
"""

import json
import os
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from ppc_pipeline.amazon_ads.ad_products import SPONSORED_PRODUCTS
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.sandbox import SandboxOptions, budget_rules, exports
from ppc_pipeline.sandbox.arrays import ARRAYS
from ppc_pipeline.sandbox.lists import LISTINGS

SPECS = os.environ.get("AMAZON_ADS_SPECS_DIR", "")
pytestmark = pytest.mark.skipif(
    not SPECS, reason="AMAZON_ADS_SPECS_DIR names no folder with Amazon's OpenAPI documents"
)
BY_PATH = {listing.path: listing for listing in LISTINGS}
BY_ARRAY = {listing.path: listing for listing in ARRAYS}
PLENTY = SandboxOptions(campaigns=18)


@cache
def document(name):
    text = (Path(SPECS) / name).read_text()
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def nullable(node):
    """Say null as JSON Schema does: OpenAPI 3.0 has a keyword of its own.

    One of several becomes any: Sponsored Display describes some forms of targets twice, so that none would be the one.
    """
    if isinstance(node, list):
        return [nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {"anyOf" if key == "oneOf" else key: nullable(value) for key, value in node.items()}
    if node.pop("nullable", False):
        return {"anyOf": [node, {"type": "null"}]}
    return node


@cache
def components(name):
    return nullable(document(name)["components"])


def strict(schema):
    """Forbid fields that are not described, so that a slip of spelling is found."""
    return schema | ({"additionalProperties": False} if schema.get("type") == "object" else {})


def check(body, name, schema):
    jsonschema.Draft4Validator({**nullable(schema), "components": components(name)}).validate(body)


def schema_of(name, path, method, status, media_type):
    responses = {str(code): response for code, response in document(name)["paths"][path][method]["responses"].items()}
    return responses[status]["content"][media_type]["schema"]


def list_document(path):
    if path.startswith("/sd/"):
        return "sponsored-display.yaml"
    if path.startswith("/sb/"):
        return f"sponsored-brands-v{4 if path.startswith('/sb/v4') else 3}.json"
    return "portfolios-v3.json" if path.startswith("/portfolios") else "sponsored-products-v3.json"


def item_of(name, schema):
    """Return the schema of the items of a page or an array, strict about the fields that they may have."""
    schemas = document(name)["components"]["schemas"]
    while "items" not in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if "allOf" in schema:
            schema = schema["allOf"][-1]
        if "items" not in schema and "$ref" not in schema:
            schema = next(part for part in schema["properties"].values() if part.get("type") == "array")
    item = schema["items"]
    item = schemas[item["$ref"].rpartition("/")[2]] if "$ref" in item else item
    parts = [schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in item.get("allOf", [item])]
    return {
        "type": "object",
        "properties": {field: described for part in parts for field, described in part.get("properties", {}).items()},
        "required": [field for part in parts for field in part.get("required", [])],
    }


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("path", BY_PATH)
def test_lists_answer_as_described(new_api, path, number, extended):
    api, listing, name = new_api(PLENTY), BY_PATH[path], list_document(path)
    body = {"includeExtendedDataFields": extended} | ({"maxResults": 30} if listing.sized else {})
    answer = api.pages_of(listing, body, api.profile(number)).json()
    assert answer[listing.key]
    described = schema_of(name, path, "post", "200", listing.media_type)
    check(answer, name, described)
    item = strict(item_of(name, described))
    for shown in answer[listing.key]:
        check(shown, name, item)


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("path", BY_ARRAY)
def test_arrays_answer_as_described(new_api, path, number):
    api, listing, name = new_api(PLENTY), BY_ARRAY[path], list_document(path)
    for media_type in listing.accepted:
        answer = api.array(listing, api.profile(number), media_type).json()
        assert answer
        described = schema_of(name, path, "get", "200", media_type)
        check(answer, name, described)
        item = strict(item_of(name, described))
        for shown in answer:
            check(shown, name, item)


@pytest.mark.parametrize("body", [{"nextToken": "no"}, {"stateFilter": {"include": ["NO"]}}, {"stateFilter": 1}])
@pytest.mark.parametrize("path", [path for path, listing in BY_PATH.items() if not listing.plain])
def test_lists_refuse_as_described(api, path, body):
    listing, name = BY_PATH[path], list_document(path)
    answer = api.pages_of(listing, body)
    assert answer.status_code == 400
    media_type = "application/json" if listing.ad_product == SPONSORED_PRODUCTS else listing.media_type
    check(answer.json(), name, schema_of(name, path, "post", "400", media_type))


@pytest.mark.parametrize("path", [path for path in BY_PATH if path.startswith("/sb/v4")])
def test_brands_that_a_profile_does_not_have_are_refused_as_described(new_api, path):
    api, listing = new_api(SandboxOptions(profiles=1, without_brands=1)), BY_PATH[path]
    answer = api.pages_of(listing)
    assert answer.status_code == 403
    check(answer.json(), list_document(path), schema_of(list_document(path), path, "post", "403", listing.media_type))


@pytest.mark.parametrize("path", [path for path, listing in BY_PATH.items() if listing.plain])
def test_lists_of_brands_v3_refuse_with_a_code_and_details(api, path):
    error = document("sponsored-brands-v3.json")["components"]["schemas"]["Error"]
    for body in ({"nextToken": "no"}, {"maxResults": 5001}):
        answer = api.pages_of(BY_PATH[path], body)
        assert answer.status_code == 400
        check(answer.json(), "sponsored-brands-v3.json", error | {"type": "object", "additionalProperties": False})


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (path, query)
        for path, listing in BY_ARRAY.items()
        for query in ({"startIndex": "-1"}, {"count": "0"}, {"stateFilter": "live"})
        if path.startswith("/sd/") and query.keys() <= {"startIndex", "count", *listing.filters}
    ],
)
def test_arrays_refuse_as_described(api, path, query):
    answer = api.array(BY_ARRAY[path], **query)
    assert answer.status_code == 400
    name = list_document(path)
    check(answer.json(), name, schema_of(name, path, "get", "400", "application/json"))


RULES_DOCUMENTS = {
    "/sp/budgetRules": "sponsored-products-v3.json",
    "/sb/budgetRules": "sponsored-brands-v4.json",
    "/sd/budgetRules": "sponsored-display.yaml",
}


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("path", budget_rules.PATHS)
def test_lists_of_budget_rules_answer_as_described(new_api, path, number):
    api, name = new_api(PLENTY), RULES_DOCUMENTS[path]
    answer = api.get(path, api.profile(number), pageSize=30).json()
    assert answer[budget_rules.KEY]
    described = schema_of(name, path, "get", "200", "application/json")
    check(answer, name, described)
    for shown in answer[budget_rules.KEY]:
        check(shown, name, strict(item_of(name, described)))
        details = document(name)["components"]["schemas"][f"{path[1:3].upper()}BudgetRuleDetails"]
        check(shown["ruleDetails"], name, strict(details | {"type": "object"}))


@pytest.mark.parametrize("query", [{}, {"pageSize": "0"}, {"pageSize": "31"}, {"pageSize": "1", "nextToken": "no"}])
@pytest.mark.parametrize("path", budget_rules.PATHS)
def test_lists_of_budget_rules_refuse_as_described(api, path, query):
    answer = api.get(path, **query)
    assert answer.status_code == 400
    check(
        answer.json(), RULES_DOCUMENTS[path], schema_of(RULES_DOCUMENTS[path], path, "get", "400", "application/json")
    )


EXPORTS = "exports-v1.json"


@pytest.mark.parametrize("faults", ["none", "export-failed"])
@pytest.mark.parametrize("kind", exports.KINDS, ids=lambda kind: kind.name)
def test_exports_answer_as_described(new_api, kind, faults):
    api = new_api(SandboxOptions(faults=faults))
    described = strict(document(EXPORTS)["components"]["schemas"]["UniversalApiExportResponse"] | {"type": "object"})
    created = api.export(kind.name)
    assert created.headers["content-type"] == kind.media_type
    # Here Amazon's answers and its document disagree: IN_PROGRESS is what was recorded.
    running = created.json() | {"status": "PROCESSING"}
    check(running, EXPORTS, schema_of(EXPORTS, kind.path, "post", str(created.status_code), kind.media_type))
    assert api.export_status(created.json()["exportId"], kind.name).json() == created.json()
    api.clock.forward(seconds=10)
    done = api.export_status(created.json()["exportId"], kind.name)
    assert done.json()["status"] == ("FAILED" if faults == "export-failed" else "COMPLETED")
    check(done.json(), EXPORTS, schema_of(EXPORTS, "/exports/{exportId}", "get", "200", kind.media_type))
    check(done.json(), EXPORTS, described)


def test_refused_exports_answer_as_described(api):
    export_id = api.export("targets").json()["exportId"]
    error = document(EXPORTS)["components"]["schemas"]["UniversalApiError"]
    answers = {
        400: api.export("targets", {"stateFilter": "ENABLED"}),
        404: api.export_status("none", "targets"),
        406: api.export_status(export_id, "campaigns"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        check(answer.json(), EXPORTS, strict(error | {"type": "object"}))


def test_profiles_answer_as_described(api):
    name = "profiles-v2.yaml"
    check(api.profiles(), name, schema_of(name, "/v2/profiles", "get", "200", "application/json"))


@pytest.mark.parametrize("report_type", REPORT_TYPES)
def test_reports_answer_as_described(api, report_request, report_type):
    name, media_type = "reporting-v3.json", "application/vnd.getasyncreportresponse.v3+json"
    created = api.create(report_request(report_type)).json()
    check(created, name, strict(document(name)["components"]["schemas"]["AsyncReport"]))
    api.clock.forward(seconds=10)
    done = api.status(created["reportId"]).json()
    check(done, name, schema_of(name, "/reporting/reports/{reportId}", "get", "200", media_type))
    check(done, name, strict(document(name)["components"]["schemas"]["AsyncReport"]))


def test_refused_reports_answer_as_described(api, report_request):
    error = document("reporting-v3.json")["components"]["schemas"]["AsyncReportingError"]
    for answer in (api.create({}), api.create(report_request(timeUnit="HOURLY")), api.status("none")):
        check(answer.json(), "reporting-v3.json", strict(error) | {"required": ["code", "detail"]})
