from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sanic import Sanic

from api.access import MARK
from api.docs import html
from api.openapi import Json, document, operations
from api.openapi_tables import GROUPS
from api.server import create_app
from infra.settings import Settings

BASE = "https://film.example.org"


@pytest.fixture
def app(settings: Settings) -> Iterator[Sanic[Any, Any]]:
    created = create_app(settings)
    yield created
    Sanic.unregister_app(created)  # Sanic keeps one of a name


@pytest.fixture
def described(app: Sanic[Any, Any]) -> Json:
    return document(app, BASE)


def test_every_route_and_method_is_described(app: Sanic[Any, Any], described: Json) -> None:
    asked = {(path, method) for route in app.router.routes for path in _paths(route.path) for method in route.methods}
    listed = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}
    assert {each for each in asked if each[1] != "OPTIONS"} == listed


def _paths(path: str) -> list[str]:
    """`<n:ext=jpg|dcm>` stands for two."""
    endings = re.search(r":ext=([\w|]+)>", path)
    written = [re.sub(r"<(\w+):ext=[^>]*>", rf"<\1>.{each}", path) for each in endings[1].split("|")] if endings else [path]
    return [re.sub(r"<(\w+)[^>]*>", r"{\1}", "/" + each) for each in written]


def test_every_operation_says_what_it_does_and_who_may(app: Sanic[Any, Any], described: Json) -> None:
    assert all(getattr(route.handler, MARK, None) for route in app.router.routes)
    for path, method, operation in _each(described):
        assert operation["summary"], f"{method} {path} has no docstring"
        assert ("x-public" in operation) != ("x-roles" in operation)
        assert bool(operation["security"]) == ("x-roles" in operation)


def test_every_path_parameter_is_declared(described: Json) -> None:
    for path, _, operation in _each(described):
        declared = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
        assert re.findall(r"{(\w+)}", path) == declared


def test_operation_ids_are_unique(described: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in _each(described)]
    assert len(ids) == len(set(ids))


def test_every_failure_is_a_problem(described: Json) -> None:
    for _, _, operation in _each(described):
        assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]


def test_a_store_names_its_body_and_a_search_its_filters(described: Json) -> None:
    store = described["paths"]["/dicom-web/studies"]["post"]
    assert 'multipart/related; type="application/dicom"' in store["requestBody"]["content"]
    search = described["paths"]["/dicom-web/studies"]["get"]
    assert {"limit", "offset", "includefield"} <= {each["name"] for each in search["parameters"]}


def test_no_group_is_described_that_is_gone(app: Sanic[Any, Any]) -> None:
    assert set(GROUPS) <= {operation.name.partition(".")[0] for operation in operations(app)}


def test_page_shows_every_path_and_needs_no_script(described: Json) -> None:
    page = html(described)
    assert all(f"<code>{path}</code>" in page for path in described["paths"])
    assert BASE in page
    assert "<script" not in page
    assert "http-equiv" not in page


def _each(described: Json) -> list[tuple[str, str, Json]]:
    return [(path, method, each) for path, methods in described["paths"].items() for method, each in methods.items()]
