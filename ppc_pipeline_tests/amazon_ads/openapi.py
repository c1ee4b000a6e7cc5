"""Amazon's OpenAPI documents as a judge of requests: which operations there are, and what each of them takes.

The documents are Amazon's and not part of this repository; ``AMAZON_ADS_SPECS_DIR`` says where they are.
"""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DOCUMENTS = (
    "sponsored-products-v3.json",
    "sponsored-brands-v3.json",
    "sponsored-brands-v4.json",
    "sponsored-display.yaml",
    "portfolios-v3.json",
    "reporting-v3.json",
    "profiles-v2.yaml",
    "exports-v1.json",
)

EVERYWHERE = {("header", "amazon-advertising-api-clientid"), ("header", "amazon-advertising-api-scope")}
"""What every call of a profile needs; the document of Sponsored Brands v3 does not say so of its lists of targets."""


def closed(node: Any) -> Any:
    """Return a document in which no object takes a field it does not name: a misspelt filter is not to pass.

    Amazon's services ignore unknown fields, so nothing but this would ever notice. What is put together of several
    parts (``allOf``) takes the fields of them all.
    """
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: closed(value) for key, value in node.items()}
    if isinstance(copy.get("allOf"), list):
        for part in copy["allOf"]:
            part.pop("additionalProperties", None)
        copy["unevaluatedProperties"] = False
    if isinstance(copy.get("properties"), dict) and copy.get("type") == "object":
        copy.setdefault("additionalProperties", False)
    return copy


def flattened(node: Any, document: Any) -> Any:
    """Return a document in which an object made of others (``allOf``) names all their fields itself.

    Otherwise, when all of them are closed, none of them takes the fields of the others.
    """
    if isinstance(node, list):
        return [flattened(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    parts = [_resolved(part, document) for part in node.get("allOf", [])]
    if len(parts) > 1 and all("properties" in part for part in parts):
        properties = {name: value for part in parts for name, value in part["properties"].items()}
        return {"type": "object", "properties": flattened(properties, document)}
    return {key: flattened(value, document) for key, value in node.items()}


def _resolved(part: Any, document: Any) -> Any:
    for step in part.get("$ref", "#").split("/")[1:]:
        document = document[step]
    return document if "$ref" in part else part


class Contract:
    """The documents, and the judgement of a request by them."""

    def __init__(self, folder: Path) -> None:
        self.documents: dict[str, Any] = {}
        for name in DOCUMENTS:
            text = (folder / name).read_text()
            document = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
            self.documents[name] = closed(flattened(deepcopy(document), document))
        self.registry: Registry[Any] = Registry().with_resources(
            [
                (f"urn:{name}", Resource(contents=document, specification=DRAFT202012))
                for name, document in self.documents.items()
            ]
        )

    def check(self, request: httpx.Request) -> None:
        """Assert that Amazon documents this request: path, method, parameters, headers, media types, body."""
        name, template = self._path_of(request.url.path)
        path_item = self.documents[name]["paths"][template]
        assert request.method.lower() in path_item, f"{request.method} {template}"
        operation = path_item[request.method.lower()]
        self._check_parameters(request, name, self._parameters(name, path_item, operation))
        self._check_accept(request, operation)
        if body := operation.get("requestBody"):
            self._check_body(request, name, template, body)
        else:
            assert request.content == b""
            assert "content-type" not in request.headers

    def item_fields(self, method: str, path: str, accept: str, items_key: str | None) -> set[str]:
        """Return the fields that Amazon documents of the objects in a list."""
        name, template = self._path_of(path)
        responses = self.documents[name]["paths"][template][method]["responses"]
        (served,) = (answer for status, answer in responses.items() if str(status) == "200")
        array = served["content"][accept]["schema"]
        if items_key is not None:
            array = self._properties(name, array)[items_key]
        return set(self._properties(name, self._resolved(name, array)["items"]))

    def _resolved(self, document: str, schema: dict[str, Any]) -> dict[str, Any]:
        return self.registry.resolver(f"urn:{document}").lookup(schema["$ref"]).contents if "$ref" in schema else schema

    def _properties(self, document: str, schema: dict[str, Any]) -> dict[str, Any]:
        schema = self._resolved(document, schema)
        found = dict(schema.get("properties", {}))
        for part in schema.get("allOf", ()):
            found |= self._properties(document, part)
        return found

    def _path_of(self, path: str) -> tuple[str, str]:
        for name, document in self.documents.items():
            if path in document["paths"]:  # ``extended`` is no id
                return name, path
            for template in document["paths"]:
                pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
                if re.fullmatch(pattern, path):
                    return name, template
        raise AssertionError(f"{path} is in none of Amazon's documents")

    def _parameters(self, name: str, path_item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
        resolver = self.registry.resolver(f"urn:{name}")
        listed = [*path_item.get("parameters", []), *operation.get("parameters", [])]
        return [resolver.lookup(item["$ref"]).contents if "$ref" in item else item for item in listed]

    @staticmethod
    def _check_word(value: str, words: list[str], parameter: dict[str, Any]) -> None:
        """Hold a value against the words that are listed; lists of words are listed in some spellings only."""
        if re.search(r"comma-(delimited|separated) list", parameter.get("description", "")):
            assert set(value.split(",")) <= {word.strip() for each in words for word in each.split(",")}
        else:
            assert value in words

    def _check_parameters(self, request: httpx.Request, document: str, parameters: list[dict[str, Any]]) -> None:
        known = {(parameter["in"], parameter["name"].lower()): parameter for parameter in parameters}
        for (where, name), parameter in known.items():
            given = {"header": request.headers, "query": request.url.params}.get(where, {})
            value = given.get(parameter["name"])
            if where in ("header", "query"):
                assert value is not None or not parameter.get("required"), f"{where} {name} is missing"
            if value is not None and "enum" in (schema := self._resolved(document, parameter.get("schema", {}))):
                self._check_word(value, schema["enum"], parameter)
        for name in request.url.params:
            assert ("query", name.lower()) in known, f"parameter {name} is not documented"
        for name in request.headers:
            if name.lower().startswith("amazon-"):
                assert ("header", name.lower()) in {*known, *EVERYWHERE}, f"header {name} is not documented"

    def _check_accept(self, request: httpx.Request, operation: dict[str, Any]) -> None:
        served = {
            media
            for status, answer in operation["responses"].items()
            for media in answer.get("content", {})
            if str(status).startswith("2")
        }
        assert request.headers["accept"] in {*served, "*/*"}

    def _check_body(self, request: httpx.Request, name: str, template: str, body: dict[str, Any]) -> None:
        media = request.headers["content-type"]
        assert media in body["content"], f"{media} is not one of {sorted(body['content'])}"
        steps = ("paths", template, request.method.lower(), "requestBody", "content", media, "schema")
        pointer = "/".join(quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in steps)
        schema = {"$ref": f"urn:{name}#/{pointer}"}
        Draft202012Validator(schema, registry=self.registry).validate(json.loads(request.content))
