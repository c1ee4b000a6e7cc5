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

from ppc_pipeline.sandbox import SandboxOptions, exports
from ppc_pipeline.sandbox.lists import LISTINGS

SPECS = os.environ.get("AMAZON_ADS_SPECS_DIR", "")
pytestmark = pytest.mark.skipif(
    not SPECS, reason="AMAZON_ADS_SPECS_DIR names no folder with Amazon's OpenAPI documents"
)
BY_KEY = {listing.key: listing for listing in LISTINGS}


@cache
def document(name):
    text = (Path(SPECS) / name).read_text()
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def nullable(node):
    """Say null as JSON Schema does: OpenAPI 3.0 has a keyword of its own."""
    if isinstance(node, list):
        return [nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: nullable(value) for key, value in node.items()}
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


def list_document(listing):
    return "portfolios-v3.json" if listing.key == "portfolios" else "sponsored-products-v3.json"


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("key", BY_KEY)
def test_lists_answer_as_described(api, key, number, extended):
    listing = BY_KEY[key]
    media = listing.media_type.removeprefix("application/vnd.").removesuffix(".v3+json")
    body = {"includeExtendedDataFields": extended} | ({"maxResults": 3} if listing.sized else {})
    answer = api.page(listing.path, media, body, api.profile(number)).json()
    name = list_document(listing)
    check(answer, name, schema_of(name, listing.path, "post", "200", listing.media_type))
    described = document(name)["components"]["schemas"]
    page = schema_of(name, listing.path, "post", "200", listing.media_type)["$ref"].rpartition("/")[2]
    item = described[described[page]["properties"][key]["items"]["$ref"].rpartition("/")[2]]
    for shown in answer[key]:
        check(shown, name, strict(item))


@pytest.mark.parametrize("body", [{"nextToken": "no"}, {"stateFilter": {"include": ["NO"]}}, {"stateFilter": 1}])
@pytest.mark.parametrize("key", BY_KEY)
def test_lists_refuse_as_described(api, key, body):
    listing, name = BY_KEY[key], list_document(BY_KEY[key])
    media = listing.media_type.removeprefix("application/vnd.").removesuffix(".v3+json")
    answer = api.page(listing.path, media, body)
    assert answer.status_code == 400
    check(answer.json(), name, schema_of(name, listing.path, "post", "400", "application/json"))


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


def test_reports_answer_as_described(api, report_request):
    name, media_type = "reporting-v3.json", "application/vnd.getasyncreportresponse.v3+json"
    created = api.create(report_request()).json()
    check(created, name, strict(document(name)["components"]["schemas"]["AsyncReport"]))
    api.clock.forward(seconds=10)
    done = api.status(created["reportId"]).json()
    check(done, name, schema_of(name, "/reporting/reports/{reportId}", "get", "200", media_type))
    check(done, name, strict(document(name)["components"]["schemas"]["AsyncReport"]))


def test_refused_reports_answer_as_described(api, report_request):
    error = document("reporting-v3.json")["components"]["schemas"]["AsyncReportingError"]
    for answer in (api.create({}), api.create(report_request(timeUnit="HOURLY")), api.status("none")):
        check(answer.json(), "reporting-v3.json", strict(error) | {"required": ["code", "detail"]})
