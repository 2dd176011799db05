"""What all calls of a hospital's systems share: whose they are, on record in the same commit, and the form of the answer."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import unquote

import orjson
from sanic import HTTPResponse, Request

from api import bodies
from api.access import address_of
from api.services import Services
from core.clock import now
from core.errors import Forbidden, InvalidField
from core.grants import Grant, Role
from infra.audit import by
from records.exams import ExamKey
from records.writing import Outcome, Said, writing

SYSTEMS = (Role.HOSPITAL, Role.ADMIN)
DECIDES = (Role.ADMIN,)
CODE_CHARACTERS, NUMBER_CHARACTERS = 32, 64

_code, _number = bodies.text(CODE_CHARACTERS), bodies.filled(NUMBER_CHARACTERS)


def home(request: Request) -> str:
    """The hospital of who asks; raises Forbidden for a token of none."""
    grant: Grant = request.ctx.grant
    if grant.home is None:
        raise Forbidden("this token belongs to no hospital")
    return grant.home


def number(name: str, in_path: str) -> str:
    """A patient or accession number that stands in the path."""
    return str(_number(name, unquote(in_path)))


def exam_key(request: Request, accession: str) -> ExamKey:
    """The exam that a path and its query name; raises InvalidField for an unknown parameter."""
    known_parameters(request, "campus", "system", "rematch")
    campus, system = (str(_code(name, request.args.get(name, ""))) for name in ("campus", "system"))
    return ExamKey(home(request), number("accession", accession), campus, system)


def known_parameters(request: Request, *names: str) -> None:
    """Raises InvalidField for a query parameter that the call does not know."""
    for name in request.args:
        if name not in names:
            raise InvalidField("query", "unknown")


async def done(request: Request, action: str, work: Awaitable[Said]) -> Said:
    """Do it and put it on record, in one commit; who may see what follows at once."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    async with writing(home(request)):
        said = await work
        detail = {"id": said.id, "outcome": said.outcome, "waiting": said.waiting}
        entry = by(grant, chain=home(request), at=now(), action=action, address=address_of(request), detail=detail)
        await services.trail.append([entry])
    if said.moved:
        services.sessions_epoch.advance()
    return said


def answer(said: Said) -> HTTPResponse:
    """201 new, 200 changed or the same, 202 waiting for what it belongs to."""
    status = 202 if said.waiting else 201 if said.outcome is Outcome.NEW else 200
    return json({"id": said.id, "outcome": said.outcome, "waiting": said.waiting}, status)


def json(document: Any, status: int = 200) -> HTTPResponse:
    """An answer about patients: nobody on the way keeps it."""
    return HTTPResponse(orjson.dumps(document), status, {"Cache-Control": "no-store"}, "application/json")
