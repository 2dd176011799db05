"""A film of images that a member of staff chooses, on the layout that they choose; and back to the one made by rule."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field
from api.hospital.saying import home, json, known_parameters
from api.services import Services
from core.clock import now
from core.errors import InvalidField, NotFound
from core.grants import Role
from films.image import Window
from infra.audit import by
from records import filmmaking, films
from records.filmmaking import Wanted
from records.models import Exam, Film, FilmSource
from records.writing import writing

routes = Blueprint("film-making", url_prefix="/api/v1/exams")

MOST_IMAGES = 240  # twelve sheets of 4 x 5
LAYOUT_CHARACTERS = 32
LARGEST_VALUE = 1e6  # of a window: above every modality's values
CHOOSE, UNDO = "choose-film", "undo-film"
_one_at_a_time = asyncio.Semaphore(1)  # of a process: a sheet and its frames take a hundred megabytes


def _value(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or abs(value) > LARGEST_VALUE:
        raise InvalidField(name, "not-a-window")
    return float(value)


def _width(name: str, value: Any) -> float:
    width = _value(name, value)
    if width < 1:  # PS3.3 section C.11.2.1.2
        raise InvalidField(name, "not-a-window")
    return width


_WINDOW = {"center": Field(_value, required=True), "width": Field(_width, required=True)}
_IMAGE = {
    "series": Field(bodies.uid, required=True),
    "instance": Field(bodies.uid, required=True),
    "frame": Field(bodies.number(1, 1_000_000), default=1),
    "window": Field(bodies.inner(_WINDOW)),
}
_FILM = {
    "images": Field(bodies.many(bodies.inner(_IMAGE), MOST_IMAGES), required=True),
    "layout": Field(bodies.filled(LAYOUT_CHARACTERS), required=True),
}


@routes.post("/<exam>/films", name="choose")
@needs(Role.CLINICIAN, Role.ADMIN)
async def choose(request: Request, exam: str) -> HTTPResponse:
    """Make a film of these images of the exam: `images` (series, instance, frame, window) in order, `layout` such as 4x5."""
    services: Services = request.app.ctx.services
    known_parameters(request)
    found = await _exam(request, exam)
    said = await bodies.body(request, _FILM)
    async with _one_at_a_time:
        film = await filmmaking.make_chosen(
            services.reader, services.replicas, found.id, [_wanted(each) for each in said["images"]], said["layout"], now()
        )
    detail = {"exam": found.id, "film": film.id, "version": film.version, "images": len(said["images"])}
    await services.trail.record(
        by(request.ctx.grant, chain=found.hospital_id, at=now(), action=CHOOSE, address=address_of(request), detail=detail)
    )
    return json(_described(film), 201)


@routes.delete("/<exam>/films", name="undo")
@needs(Role.CLINICIAN, Role.ADMIN)
async def undo(request: Request, exam: str) -> HTTPResponse:
    """Take the chosen film back: the one made by rule is shown again. Its versions are kept."""
    services: Services = request.app.ctx.services
    known_parameters(request)
    found = await _exam(request, exam)
    async with writing(found.hospital_id):
        if not await films.withdraw(found.id, FilmSource.CHOSEN, now()):
            raise NotFound("no chosen film")
        grant, detail = request.ctx.grant, {"exam": found.id}
        entry = by(grant, chain=found.hospital_id, at=now(), action=UNDO, address=address_of(request), detail=detail)
        await services.trail.append([entry])
    return HTTPResponse(status=204)


@routes.get("/<exam>/films/versions", name="versions")
@needs(Role.CLINICIAN, Role.ADMIN)
async def versions(request: Request, exam: str) -> HTTPResponse:
    """All versions of the exam's films, newest first: who made them, how, and since when they no longer count."""
    known_parameters(request)
    found = await _exam(request, exam)
    rows = await Film.filter(exam_id=found.id).order_by("-version")
    return json({"items": [_described(row) for row in rows], "next": None})


async def _exam(request: Request, exam_id: str) -> Exam:
    """Of the hospital of who asks; raises NotFound for every other."""
    found = await Exam.get_or_none(id=exam_id, hospital_id=home(request))
    if found is None:
        raise NotFound("no such exam")
    return found


def _wanted(said: dict[str, Any]) -> Wanted:
    window = said["window"]
    return Wanted(
        said["series"], said["instance"], said["frame"], Window(window["center"], window["width"]) if window else None
    )


def _described(film: Film) -> dict[str, Any]:
    return {
        "id": film.id,
        "version": film.version,
        "source": film.source.value,
        "layout": film.layout,
        "made_at": _moment(film.made_at),
        "replaced_at": _moment(film.replaced_at) if film.replaced_at else None,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
