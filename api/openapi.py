"""The OpenAPI 3.1 description of everything this server answers, read off its own routes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sanic import Sanic
from sanic_routing.route import Route

from api.access import MARK
from api.errors import PROBLEM
from api.openapi_tables import ANSWERS, BODIES, GROUPS, ONE_GROUP, QUERIES, QUERY, STATUSES, WITHOUT_CONTENT, Group
from core.grants import Role

Json = dict[str, Any]

VERSION = "3.1.0"
API_VERSION = "0.1.0"
_ENDINGS = re.compile(r"<(\w+):ext=([\w|]+)>")  # a parameter that is followed by .jpg or the like
_PARAMETER = re.compile(r"<(\w+)(?::[^>]*)?>")
_NUMBER = re.compile(r"_\d+$")  # of a handler that stands on several paths
_UNLISTED_METHODS = frozenset({"OPTIONS"})

_ERRORS: Json = {
    "default": {
        "description": "Any failure, as RFC 9457 says",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "Chinese, or English when Accept-Language prefers it"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
}
_COMPONENTS: Json = {
    "schemas": {"Problem": _PROBLEM_SCHEMA},
    "securitySchemes": {
        "bearer": {"type": "http", "scheme": "bearer", "description": "python -m api token --role ROLE --hospital CODE"},
        "session": {"type": "apiKey", "in": "cookie", "name": "cloudfilm_session"},
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one route."""

    path: str
    method: str
    name: str
    summary: str
    access: str | tuple[Role, ...]
    parameters: tuple[str, ...]


def document(app: Sanic[Any, Any], base_url: str) -> Json:
    """The whole description of an application whose public address is `base_url`."""
    paths: dict[str, Json] = {}
    for operation in operations(app):
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": VERSION,
        "info": {"title": "cloudfilm", "version": API_VERSION, "description": "DICOMweb (PS3.18) and the JSON of the phone."},
        "servers": [{"url": base_url}],
        "paths": dict(sorted(paths.items())),
        "components": _COMPONENTS,
    }


def operations(app: Sanic[Any, Any]) -> Iterator[Operation]:
    """Every method of every route, in no particular order."""
    for route in app.router.routes:
        for method in sorted(route.methods - _UNLISTED_METHODS):
            yield from (_operation(route, method, ending) for ending in _endings(route))


def _endings(route: Route) -> list[str]:
    """jpg and dcm of a route that answers both; the empty one of most routes."""
    found = _ENDINGS.search(route.path)
    return found[2].split("|") if found else [""]


def _operation(route: Route, method: str, ending: str) -> Operation:
    path = "/" + _PARAMETER.sub(r"{\1}", _ENDINGS.sub(rf"<\1>.{ending}", route.path)).lstrip("/")
    group, _, rest = str(route.name).partition(".")[2].partition(".")
    name = f"{ONE_GROUP.get(group, group)}.{rest}"
    return Operation(
        path,
        method,
        f"{_NUMBER.sub('', name)}.{ending}" if ending else name,
        _first_paragraph(route.handler),
        getattr(route.handler, MARK),
        tuple(_PARAMETER.findall(route.path)),
    )


def _first_paragraph(handler: object) -> str:
    return " ".join((inspect.getdoc(handler) or "").partition("\n\n")[0].split())


def _described(operation: Operation) -> Json:
    group = GROUPS.get(operation.name.partition(".")[0], Group())
    described: Json = {
        "operationId": f"{operation.method.lower()}.{operation.name}",
        "tags": [operation.name.partition(".")[0]],
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation.parameters), *_query_parameters(_query(operation, group))],
        "responses": {**_answers(operation, group), **_ERRORS},
    }
    bodies = BODIES.get(operation.name, group.bodies)
    if operation.method in ("POST", "PUT", "PATCH") and bodies:
        described["requestBody"] = {"required": True, "content": _content(bodies)}
    return {**described, **_access(operation.access)}


def _query(operation: Operation, group: Group) -> tuple[str, ...]:
    return QUERIES.get(_NUMBER.sub("", operation.name), group.query)


def _path_parameters(names: Iterable[str]) -> list[Json]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(names: Iterable[str]) -> list[Json]:
    return [
        {"name": name, "in": "query", "schema": {"type": "string"}} | ({"description": QUERY[name]} if name in QUERY else {})
        for name in names
    ]


def _answers(operation: Operation, group: Group) -> Json:
    kinds = ANSWERS.get(_NUMBER.sub("", operation.name), group.answers)
    empty = operation.method == "HEAD" or not set(group.statuses) - WITHOUT_CONTENT
    content = {} if empty else {"content": _content(kinds)}
    return {str(status): {"description": STATUSES[status], **content} for status in group.statuses}


def _content(media_types: Iterable[str]) -> Json:
    return {media_type: {} for media_type in media_types}


def _access(mark: str | tuple[Role, ...]) -> Json:
    if isinstance(mark, str):
        return {"security": [], "x-public": mark}
    return {"security": [{"bearer": []}, {"session": []}], "x-roles": [role.value for role in mark]}
