"""Campuses and departments, told one by one by the hospital's systems: the code in its exams, the name for patients."""

from __future__ import annotations

from urllib.parse import unquote

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.bodies import Field
from api.forms import asked, limit_of
from api.hospital.saying import SYSTEMS, answer, done, home, json
from records import places
from records.hospitals import Place

routes = Blueprint("places", url_prefix="/api/v1/hospital")
CODE_CHARACTERS = {"campuses": 32, "departments": 64}  # as the columns of an exam
_NAME = {"name": Field(bodies.filled(128), required=True)}


@routes.get("/campuses", name="campuses")
@needs(*SYSTEMS)
async def campuses(request: Request) -> HTTPResponse:
    """The campuses that were told, by their codes."""
    return await _listed(request, "campuses")


@routes.get("/departments", name="departments")
@needs(*SYSTEMS)
async def departments(request: Request) -> HTTPResponse:
    """The departments that were told, by their codes."""
    return await _listed(request, "departments")


@routes.put("/campuses/<code>", name="put_campus")
@needs(*SYSTEMS)
async def put_campus(request: Request, code: str) -> HTTPResponse:
    """Tell how a campus is called: body `name`."""
    return await _put(request, "campuses", code)


@routes.put("/departments/<code>", name="put_department")
@needs(*SYSTEMS)
async def put_department(request: Request, code: str) -> HTTPResponse:
    """Tell how a department is called: body `name`."""
    return await _put(request, "departments", code)


async def _put(request: Request, kind: str, in_path: str) -> HTTPResponse:
    code = str(bodies.filled(CODE_CHARACTERS[kind])("code", unquote(in_path)))
    name = (await bodies.body(request, _NAME))["name"]
    return answer(await done(request, f"put-{kind}", places.put(home(request), kind, Place(code, name))))


async def _listed(request: Request, kind: str) -> HTTPResponse:
    said = asked(request, "limit", "cursor")
    limit = limit_of(said)
    found = await places.listed(home(request), kind, after=said.get("cursor", ""), limit=limit + 1)
    items = [{"code": place.code, "name": place.name} for place in found[:limit]]
    return json({"items": items, "next": found[limit - 1].code if len(found) > limit else None})
