"""Where a hospital's devices write text into their pictures: drawn on one picture, true for all of that device and size."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field
from api.hospital.saying import DECIDES, done, home, json, known_parameters
from api.services import Services
from archive.locate import Located
from core.clock import now
from core.errors import Conflict, InvalidField, NotFound
from films import encode
from infra.audit import by
from records import blackouts
from records.blackouts import FILM, IMAGE, MOST_RECTANGLES, Device, Rectangle
from records.filmcopies import Shelf
from records.models import Blackout, FilmArrival
from records.writing import Outcome, Said
from wado.masking import burnedin
from wado.masking.burnedin import Pixels, black_of, blackened
from wado.masking.devices import devices_of
from wado.masking.filmpages import blackened_page
from wado.pictures import Look, drawn

routes = Blueprint("blackouts", url_prefix="/api/v1/admin/blackouts")

PNG, JPEG = "image/png", "image/jpeg"
MOST_FRAMES = 1 << 20
CORNERS = 4  # left, top, right, bottom


def _rectangle(name: str, value: Any) -> Rectangle:
    corners = bodies.many(bodies.number(0, 1 << 20), CORNERS)(name, value)
    if len(corners) != CORNERS:
        raise InvalidField(name, "not-a-list")
    return (corners[0], corners[1], corners[2], corners[3])


_PICTURE = {
    "study": Field(bodies.uid),
    "series": Field(bodies.uid),
    "instance": Field(bodies.uid),
    "page": Field(bodies.filled(36)),
}
_RECTANGLES = bodies.many(_rectangle, MOST_RECTANGLES)
_RULE = {**_PICTURE, "rectangles": Field(_RECTANGLES, required=True)}
_TRIAL = {**_PICTURE, "frame": Field(bodies.number(1, MOST_FRAMES), default=1), "rectangles": Field(_RECTANGLES)}


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture on which a rule is drawn: an instance of a study, or a page of film that the hospital sent."""

    device: Device
    at: Located | None = None
    document: dict[str, Any] | None = None  # DICOM JSON of the instance
    master_id: str = ""


@routes.get("/", name="list")
@needs(*DECIDES)
async def listed(request: Request) -> HTTPResponse:
    """The rules that count: device, size and what is blackened of such pictures when they leave without a name."""
    known_parameters(request)
    return json({"items": [_item(each) for each in await blackouts.of_hospital(home(request))], "next": None})


@routes.post("/", name="post")
@needs(*DECIDES)
async def post(request: Request) -> HTTPResponse:
    """Draw a rule on a picture: `study`, `series` and `instance`, or `page`, the id of a film page that was sent.

    It is about all pictures of that device (of films: of that source) and size, and takes the place of the rule before.
    """
    said = await bodies.body(request, _RULE)
    if not said["rectangles"]:
        raise InvalidField("rectangles", "empty")
    picture = await _picture(request, said)
    work = blackouts.put(home(request), picture.device, said["rectangles"], request.ctx.grant.subject, now())
    rule = await _done(request, "put-blackout", work)
    return json({**_item(await Blackout.get(id=rule.id)), "outcome": rule.outcome}, 201 if rule.outcome is Outcome.NEW else 200)


@routes.post("/trial", name="trial")
@needs(*DECIDES)
async def trial(request: Request) -> HTTPResponse:
    """The picture as it would leave: with these `rectangles`, or without them by the rules as they are now.

    409 for one that would stay here.
    """
    said = await bodies.body(request, _TRIAL)
    picture = await _picture(request, said)
    drawn_by = said["rectangles"]
    if drawn_by is not None:
        blackouts.require_inside(drawn_by, picture.device.rows, picture.device.columns)
    await _record_look(request, picture)
    if picture.at is not None:
        return _sent(await _image(request, picture, said["frame"], drawn_by), PNG)
    return _sent(await _page(request, picture, drawn_by), JPEG)


@routes.delete("/<rule>", name="delete")
@needs(*DECIDES)
async def delete(request: Request, rule: str) -> HTTPResponse:
    """Take a rule back: such pictures leave as they say of themselves, or not at all."""
    said = await _done(request, "delete-blackout", blackouts.remove(home(request), rule, now()))
    return json({"id": said.id, "outcome": said.outcome})


async def _done(request: Request, action: str, work: Any) -> Said:
    """What was remembered of pictures under the rules before is asked for anew, here and soon on other machines."""
    services: Services = request.app.ctx.services
    said = await done(request, action, work)
    services.arrivals_epoch.advance()
    services.sessions_epoch.advance()
    return said


async def _picture(request: Request, said: dict[str, Any]) -> Drawn:
    """What the body names; raises InvalidField, and NotFound for what is not the hospital's."""
    page, uids = said["page"], [said[name] for name in ("study", "series", "instance")]
    if page is not None:
        if any(uids):
            raise InvalidField("page", "twice")
        return await _sent_page(home(request), page)
    missing = next((name for name in ("study", "series", "instance") if said[name] is None), None)
    if missing:
        raise InvalidField(missing, "missing")
    return await _instance(request, *uids)


async def _sent_page(hospital: str, page: str) -> Drawn:
    arrival = await FilmArrival.get_or_none(id=page, hospital_id=hospital)
    device = await blackouts.device_of_film(hospital, arrival.document_id) if arrival else None
    if arrival is None or device is None:
        raise NotFound("no such page")
    return Drawn(device, master_id=arrival.document_id)


async def _instance(request: Request, study: str, series: str, instance: str) -> Drawn:
    reader = request.app.ctx.services.reader
    at = await reader.locate(frozenset({home(request)}), study, series, instance)
    if at.description is None or not at.decodable:
        raise NotFound("no such picture")
    document = orjson.loads(zlib.decompress(await reader.metadata(at)))
    device = burnedin.device_of(document)
    size = at.description.rows, at.description.columns
    return Drawn(Device(IMAGE, device[0], device[1], *size), at, document)


async def _image(request: Request, picture: Drawn, frame: int, rectangles: Sequence[Rectangle] | None) -> bytes:
    services: Services = request.app.ctx.services
    at, document = picture.at, picture.document
    assert at is not None and at.description is not None and document is not None, "a picture of a study"
    rules = (await devices_of(services.reader, (at.hospital,), now()))[at.hospital]
    hidden = None if rectangles is None else Pixels(hidden=tuple(burnedin.Rectangle(*each) for each in rectangles))
    pixels = hidden or burnedin.pixels(document, rules)
    if pixels is None:
        raise Conflict("under a mask this picture stays here")
    description, array = at.description, await services.reader.array(at, frame)

    def made() -> bytes:
        cleaned = blackened(array, pixels, black_of(description, stored=False))
        return encode.png(drawn(cleaned, description, frame, Look()))

    return await asyncio.to_thread(made)


async def _page(request: Request, picture: Drawn, rectangles: Sequence[Rectangle] | None) -> bytes:
    services: Services = request.app.ctx.services
    known = await blackouts.of_film(home(request), picture.master_id) if rectangles is None else tuple(rectangles)
    if not known:
        raise Conflict("under a mask this page stays here")
    full = await Shelf(services.tiers, services.replicas).jpeg(picture.master_id)
    return await asyncio.to_thread(lambda: encode.jpeg(blackened_page(full.content, known)))


async def _record_look(request: Request, picture: Drawn) -> None:
    services: Services = request.app.ctx.services
    grant, address, at = request.ctx.grant, address_of(request), picture.at
    subject, what = (at.study_uid, "rendered") if at else (picture.master_id, "film")
    entry = by(grant, chain=home(request), at=now(), action="read", address=address, study_uid=subject, what=what)
    await services.tally.read(entry)


def _sent(content: bytes, media_type: str) -> HTTPResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return HTTPResponse(content, 200, headers, media_type)


def _item(rule: Blackout) -> dict[str, Any]:
    return {
        "id": rule.id,
        "kind": rule.kind,
        "manufacturer": rule.maker or None,
        "model": rule.model if rule.kind == IMAGE else None,
        "source": rule.model if rule.kind == FILM else None,
        "rows": rule.rows,
        "columns": rule.columns,
        "rectangles": rule.rectangles,
        "made_at": rule.made_at.isoformat(),
    }
