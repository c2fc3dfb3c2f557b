"""The OpenAPI document: complete, valid, and true to the routes."""

from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from musearoo.conductor.conductor import Conductor
from musearoo.protocols.rest.app import create_app
from musearoo.protocols.rest.routes.all import ROUTES
from musearoo.protocols.rest.routing import Declared
from tests.doubles.rest_door import OPTIONS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    nobody = cast("Conductor", object())  # no request is made
    return create_app(nobody, OPTIONS).openapi()


SHOWN = [route for route in ROUTES if route.extra.get("include_in_schema", True)]


def references(value: Any) -> set[str]:
    """Every `$ref` below a value."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(each) for each in value.values()))
    if isinstance(value, list):
        return set().union(*(references(each) for each in value))
    return set()


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    """Schemas of requests and answers are all there, and are valid schemas."""
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_nothing_of_the_framework_shows(document: dict[str, Any]) -> None:
    """Its own 422 is not ours."""
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize("route", SHOWN, ids=lambda route: route.name)
def test_operations(route: Declared, document: dict[str, Any]) -> None:
    """Id, tag, words, security, and each refusal as a problem."""
    operation = document["paths"][route.path][route.method.lower()]
    assert operation["operationId"] == route.name
    assert operation["tags"] == [route.tag]
    assert operation["description"].endswith(route.policy.words)
    assert ("security" in operation) is (route.policy.kind in {"login", "project"})
    for status, response in operation["responses"].items():
        if int(status) >= 400 and int(status) not in route.answers:
            assert list(response["content"]) == ["application/problem+json"]
    if route.body is not None:
        assert "application/json" in operation["requestBody"]["content"]
    keys = [each["name"] for each in operation.get("parameters", [])]
    assert ("Idempotency-Key" in keys) is route.repeatable
