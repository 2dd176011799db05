"""The OpenAPI 3.1 description of everything this server answers, read off its own routes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sanic import Sanic
from sanic_routing.route import Route

from api.access import MARK
from api.errors import PROBLEM
from core.grants import Role

Json = dict[str, Any]

VERSION = "3.1.0"
API_VERSION = "0.1.0"
_ENDINGS = re.compile(r"<(\w+):ext=([\w|]+)>")  # a parameter that is followed by .jpg or the like
_PARAMETER = re.compile(r"<(\w+)(?::[^>]*)?>")
_NUMBER = re.compile(r"_\d+$")  # of a handler that stands on several paths
_UNLISTED_METHODS = frozenset({"OPTIONS"})

DICOM_JSON, DICOM_XML = "application/dicom+json", 'multipart/related; type="application/dicom+xml"'
DICOM, ZIP, HTML = "application/dicom", "application/zip", "text/html"
MULTIPART_DICOM = 'multipart/related; type="application/dicom"'
MULTIPART_BYTES = 'multipart/related; type="application/octet-stream"'
JSON = "application/json"
PICTURES = ("image/jpeg", "image/png", "image/gif")


@dataclass(frozen=True, slots=True)
class Group:
    """What the routes of one file have in common: media types of answers and bodies, and query parameters by name."""

    answers: tuple[str, ...] = ("application/json",)
    bodies: tuple[str, ...] = ("application/json",)  # of POST, PUT and PATCH
    query: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)


# blueprint → the group that it is one of several files of
ONE_GROUP: Mapping[str, str] = {"share-making": "shares", "share-opening": "shares"}
# group → what its docstrings cannot say
GROUPS: Mapping[str, Group] = {
    "search": Group(
        (DICOM_JSON, DICOM_XML), query=("limit", "offset", "includefield", "fuzzymatching", "{attribute}", "accept")
    ),
    "store": Group((DICOM_JSON, "application/dicom+xml"), (MULTIPART_DICOM, DICOM), statuses=(200, 202, 409)),
    "deletion": Group((), statuses=(204,)),
    "metadata": Group((DICOM_JSON, DICOM_XML), query=("accept",)),
    "instances": Group((MULTIPART_DICOM, DICOM, ZIP), query=("accept", "version")),
    "frames": Group((MULTIPART_BYTES, "application/octet-stream"), query=("accept",)),
    "rendered": Group((*PICTURES, "application/pdf"), query=("window", "viewport", "quality", "accept")),
    "wadouri": Group(
        (DICOM, *PICTURES),
        query=(
            "requestType",
            "studyUID",
            "seriesUID",
            "objectUID",
            "contentType",
            "transferSyntax",
            "frameNumber",
            "rows",
            "columns",
            "windowCenter",
            "windowWidth",
            "imageQuality",
        ),
    ),
    "login": Group((JSON,), (JSON,), statuses=(200, 202)),
    "session": Group((JSON,), (JSON,)),
    "webtickets": Group((JSON,), (), statuses=(201,)),
    "signins": Group((JSON,)),
    "me": Group((JSON,), (JSON,), statuses=(200, 201)),
    "family": Group((JSON,), (JSON,), statuses=(200, 201, 202)),
    "account": Group((JSON,)),
    "consents": Group((JSON,), (JSON,), statuses=(200, 201)),
    "subscriptions": Group((JSON,), (JSON,), statuses=(200, 201)),
    "wishes": Group((JSON,), (JSON,)),
    "callbacks": Group((JSON, "text/plain"), (JSON, "text/xml", "application/x-www-form-urlencoded")),
    "activations": Group((JSON,), (JSON,), query=("cursor", "limit"), statuses=(200, 201)),
    "kiosk": Group((JSON,), (JSON,), statuses=(200, 201, 202)),
    "desk": Group((JSON,), (JSON,), statuses=(200, 201, 202, 204)),
    "feedback": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "feedback-inbox": Group((JSON,), (JSON,)),
    "share-preview": Group((JSON,), (), query=("exams", "mask", "series", "parts"), statuses=(200, 201)),
    "blackouts": Group((JSON,), (JSON,), statuses=(200, 201)),
    "hospitals": Group((JSON,), query=("cursor", "limit")),
    "service": Group((JSON,), query=("from", "to", "cursor", "limit")),
    "reports": Group((JSON,), query=("version",)),
    "films": Group((JSON,)),
    "films-said": Group(
        (JSON,), ("image/jpeg", "image/png", "application/pdf", DICOM, "multipart/form-data"), statuses=(200, 201, 202)
    ),
    "exams": Group((JSON,), query=("hospital", "category", "from", "to", "body_part", "q", "sort", "cursor", "limit")),
    "downloads": Group((JSON,), ()),
    "pc": Group((HTML,), ("application/x-www-form-urlencoded",)),
    "sensitive": Group((JSON,), (JSON,)),
    "shares": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "get": Group((HTML,), ("application/x-www-form-urlencoded",)),
    "accesslog": Group((JSON,), query=("limit", "cursor")),
    "places": Group((JSON,), (JSON,), query=("limit", "cursor"), statuses=(200, 201)),
    "audit": Group(
        (JSON,), query=("hospital", "from", "to", "action", "role", "outcome", "study", "cursor", "limit", "format")
    ),
    "exam-access": Group((JSON,), (JSON,), statuses=(200, 201)),
    "landing": Group((HTML,), ("application/x-www-form-urlencoded",), query=("who", "by", "take")),
    "messages": Group((HTML, JSON)),
    "notices": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "reminders": Group((JSON,), (JSON,), statuses=(200, 201)),
    "shl": Group((JSON,), (JSON,), statuses=(200, 201)),
    "oauth": Group((JSON,), ("application/x-www-form-urlencoded",)),
    "third-party": Group((JSON,), query=("cursor",)),
    "third-parties": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "authorisations": Group((JSON,), (JSON,), statuses=(200, 201, 204)),
    "maintenance": Group((JSON,), query=("hospital",)),
    "phone": Group((HTML,)),
    "platform-login": Group((), statuses=(303,)),
    "browser": Group((HTML,)),
    "demo": Group((HTML,), statuses=(303,)),
    "docs": Group((HTML,)),
}
# route → media types, where one file holds different ones
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "instances.large_value": (MULTIPART_BYTES, "application/octet-stream"),
    "rendered.small_picture": PICTURES,
    "exam-access.png": ("image/png",),
    "exam-access.svg": ("image/svg+xml",),
    "shares.png": ("image/png",),
    "shares.svg": ("image/svg+xml",),
    "share-preview.film": ("image/jpeg",),
    "share-preview.image": PICTURES,
    "films.file.jpg": ("image/jpeg",),
    "films.pdf": ("application/pdf",),
    "films.file.dcm": (DICOM,),
    "films-said.preview": ("image/jpeg",),
    "blackouts.trial": ("image/png", "image/jpeg"),
    "films-said.original": ("image/jpeg", "image/png", "application/pdf", DICOM),
    "phone.file": ("text/css", "text/javascript", "image/svg+xml", "image/png"),
    "browser.file": ("text/css", "text/javascript", "image/svg+xml"),
    "service.events_csv": ("text/csv",),
    "audit.export": ("application/jsonl", "text/csv"),
    "reports.pdf": ("application/pdf",),
    "reports.picture": ("image/jpeg", "image/png"),
    "shl.file": ("application/jose",),
    "docs.style": ("text/css",),
    "webtickets.enter": (HTML,),
    "downloads.file": (ZIP,),
    "docs.openapi": ("application/json",),
    "operations.metrics_page": ("text/plain",),
}
# route → media types of its body, where one file takes different ones
BODIES: Mapping[str, tuple[str, ...]] = {
    "shares.show-code": (),
    "films-said.choose": (JSON,),
    "films-said.rematch": (),
    "films-said.undo": (),
    "feedback-inbox.take": (),
    "feedback-inbox.close": (),
    "feedback-inbox.reopen": (),
}
# route → query parameters, where one file holds different ones
QUERIES: Mapping[str, tuple[str, ...]] = {
    "third-party.report": (),
    "third-parties.authorisations": ("limit", "cursor"),
    "notices.list": ("state", "kind", "channel", "exam", "limit", "cursor"),
    "notices.counts": ("from", "to"),
    "reminders.list": ("open", "limit", "cursor"),
    "feedback.list": ("cursor", "limit"),
    "feedback-inbox.list": ("state", "kind", "sort", "cursor", "limit"),
    "shares.list": ("cursor", "limit"),
    "shares.visits": ("cursor", "limit"),
    "films.file.jpg": ("width",),
    "webtickets.enter": ("to",),
    "downloads.file": ("series",),
    "films-said.post": ("accession", "campus", "system", "patient_id", "study_uid", "page", "source"),
    "films-said.list": ("state", "limit", "cursor"),
}
QUERY: Mapping[str, str] = {
    "limit": "at most so many results",
    "offset": "leave out so many results",
    "includefield": "further attributes by keyword or tag, or all",
    "fuzzymatching": "true: words of a name, in any order and case",
    "{attribute}": "any attribute by keyword or tag, such as PatientID, StudyDate=20260101-20260131, PatientName=王*",
    "accept": "a media type, where the Accept header cannot be set",
    "version": "an older version, for the auditor alone",
    "window": "center,width[,linear|linear-exact|sigmoid] in modality units",
    "viewport": "width,height[,x,y,width,height]: the box to fit into, and the region of the image",
    "quality": "1 to 100, of JPEG",
    "requestType": "WADO",
    "from": "first day, YYYY-MM-DD in the hospital's zone",
    "to": "last day",
    "q": "words that stand in item, body part or report",
    "sort": "performed_at, hospital, category or body_part; - before it = descending",
    "cursor": "`next` of the page before",
    "width": "at most so many pixels wide; never enlarged",
    "exams": "ids of exams, with commas between them",
    "mask": "true, or false for a doctor",
    "parts": "report, film, images, with commas between them: only those",
    "take": "id of an exam: what a download of it holds",
    "series": "Series Instance UID, also several times: only those series",
    "state": "waiting, placed or all",
    "page": "which page of the film it is, from 1",
    "source": "which system or device printed it",
}
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
    empty = operation.method == "HEAD" or not set(group.statuses) - _WITHOUT_CONTENT
    content = {} if empty else {"content": _content(kinds)}
    return {str(status): {"description": _WORDS[status], **content} for status in group.statuses}


_WITHOUT_CONTENT = frozenset({204, 303})
_WORDS = {
    200: "Done",
    201: "Made",
    202: "Taken; of a store: some instances were stored, some refused",
    204: "Done; nothing to say",
    303: "Go on there",
    409: "All instances were refused",
}


def _content(media_types: Iterable[str]) -> Json:
    return {media_type: {} for media_type in media_types}


def _access(mark: str | tuple[Role, ...]) -> Json:
    if isinstance(mark, str):
        return {"security": [], "x-public": mark}
    return {"security": [{"bearer": []}, {"session": []}], "x-roles": [role.value for role in mark]}
