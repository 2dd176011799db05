"""What a hospital's administrator sets: its rules, how it is called, its campuses and departments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.bodies import Field
from api.hospital.saying import DECIDES, done, home, json
from records import hospitals
from records.hospitals import Place

routes = Blueprint("hospital-admin", url_prefix="/api/v1/admin/hospital")


def _any(_name: str, value: Any) -> Any:
    """Read by records/policies.py, which names what is wrong."""
    return value


_PLACE = {"code": Field(bodies.filled(32), required=True), "name": Field(bodies.filled(128), required=True)}
_HOSPITAL = {
    "name": Field(bodies.filled(128)),
    "help_phone": Field(bodies.text(32)),
    "alias": Field(bodies.text(64)),
    "policies": Field(_any),
    "campuses": Field(bodies.many(bodies.inner(_PLACE), 100)),
    "departments": Field(bodies.many(bodies.inner(_PLACE), 1000)),
}


@routes.get("/")
@needs(*DECIDES)
async def get(request: Request) -> HTTPResponse:
    """What is set."""
    return json(await hospitals.described(home(request)))


@routes.put("/")
@needs(*DECIDES)
async def put(request: Request) -> HTTPResponse:
    """Set what is named; what is not named stays. New rules hold from the next request on."""
    said = await bodies.body(request, _HOSPITAL)
    told = {name: value for name, value in said.items() if value is not None}
    for name in ("campuses", "departments"):
        if name in told:
            told[name] = tuple(Place(**each) for each in told[name])
    await done(request, "put-hospital", hospitals.put(home(request), _typed(told)))
    return json(await hospitals.described(home(request)))


def _typed(told: Mapping[str, Any]) -> hospitals.Told:
    return hospitals.Told(**told)
