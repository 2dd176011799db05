"""The exam's own QR, for paper report, film bag and guide slip: reveals nothing, opens after proof, can be issued anew."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs, public
from api.bodies import Field
from api.dicomweb.reading import reads
from api.hospital.saying import SYSTEMS, done, exam_key, home
from api.services import Services
from core.clock import now
from films import qr
from identity import links_keys
from identity.links import Link, LinkKind, url
from identity.links_keys import PublicKey
from infra.audit import by
from records import exams
from records.models import Exam
from records.writing import Outcome, Said

routes = Blueprint("exam-access")
PREFIX = "/api/v1/hospital/exams/<accession>"
KEYS_PATH = "/.well-known/cloudfilm-qr-keys.json"
PRINT_MM = 22  # with its quiet zone
FORM = b"1"  # of the pictures; part of their tags
KEYS_KEPT_SECONDS = 3600
TAG_CHARACTERS = 24
_REISSUE = {"replaces": Field(bodies.number(1, 1_000_000))}


@dataclass(frozen=True, slots=True)
class Access:
    """The link of an exam, and the text of its QR."""

    link: Link
    url: str
    text: str


@reads(routes, PREFIX + "/access.png")
@needs(*SYSTEMS)
async def png(request: Request, accession: str) -> HTTPResponse:
    """The exam's QR as PNG, the same each time."""
    return await _picture(request, accession, "image/png")


@reads(routes, PREFIX + "/access.svg")
@needs(*SYSTEMS)
async def svg(request: Request, accession: str) -> HTTPResponse:
    """The exam's QR as SVG, for print at any size."""
    return await _picture(request, accession, "image/svg+xml")


@reads(routes, PREFIX + "/access.json")
@needs(*SYSTEMS)
async def document(request: Request, accession: str) -> HTTPResponse:
    """Address, text of the QR and number of the exam's link."""
    exam = await exams.get(exam_key(request, accession))
    body = orjson.dumps(_described(await _access(request, exam, now())))
    return _tagged(request, body, _tag(body), "application/json")


@routes.post(PREFIX + "/access", name="reissue")
@needs(*SYSTEMS)
async def reissue(request: Request, accession: str) -> HTTPResponse:
    """Issue it anew: the one printed before is over. With `replaces`, its number, a repeated request changes nothing."""
    services: Services = request.app.ctx.services
    exam, at = await exams.get(exam_key(request, accession)), now()
    replaces = bodies.values(bodies.parse(request.body or b"{}"), _REISSUE)["replaces"]

    async def issue() -> Said:
        before = await services.people.links.find(await _token(services, exam, at), at)
        if replaces is not None and replaces != before.generation:
            return Said(Outcome.SAME, exam.id)
        await services.people.links.issue(LinkKind.EXAM, exam.hospital_id, exam.id, now=at)
        return Said(Outcome.NEW, exam.id, moved=True)

    said = await done(request, "reissue-access", issue())
    body = orjson.dumps(_described(await _access(request, exam, at)))
    status = 201 if said.outcome is Outcome.NEW else 200
    return HTTPResponse(body, status, {"Cache-Control": "no-store"}, "application/json")


@reads(routes, KEYS_PATH)
@public("public keys are for everybody")
async def keys(request: Request) -> HTTPResponse:
    """The public keys by which printed QR codes are checked without a network (RFC 8037)."""
    body = orjson.dumps({"keys": [_jwk(key) for key in await links_keys.published()]})
    response = _tagged(request, body, _tag(body), "application/json")
    response.headers["Cache-Control"] = f"public, max-age={KEYS_KEPT_SECONDS}"
    return response


async def _picture(request: Request, accession: str, media_type: str) -> HTTPResponse:
    exam = await exams.get(exam_key(request, accession))
    access = await _access(request, exam, now())
    draw = qr.png if media_type == "image/png" else qr.svg
    tag = _tag(FORM + media_type.encode() + access.text.encode())
    body = b"" if _is_known(request, tag) else await asyncio.to_thread(draw, access.text)
    return _tagged(request, body, tag, media_type)


async def _access(request: Request, exam: Exam, at: datetime) -> Access:
    """The exam's link as it is now, on record before it is handed out."""
    services: Services = request.app.ctx.services
    token = await _token(services, exam, at)
    link, address = await services.people.links.find(token, at), url(services.settings.base_url, token)
    text = await services.people.qr_keys.signed(exam.hospital_id, address, at)
    entry = by(
        request.ctx.grant,
        chain=home(request),
        at=at,
        action="print-access",
        address=address_of(request),
        study_uid=exam.id,
        what="access",
    )
    await services.tally.read(entry)
    return Access(link, address, text)


async def _token(services: Services, exam: Exam, at: datetime) -> str:
    return await services.people.links.token_of(LinkKind.EXAM, exam.hospital_id, exam.id, at)


def _described(access: Access) -> dict[str, Any]:
    modules = len(qr.modules(access.text)) + 2 * qr.QUIET_MODULES
    return {
        "url": access.url,
        "text": access.text,
        "generation": access.link.generation,
        "issued_at": access.link.issued_at.isoformat(timespec="seconds"),
        "modules": modules,
        "print_mm": PRINT_MM,
        "module_mm": round(PRINT_MM / modules, 3),
    }


def _jwk(key: PublicKey) -> dict[str, str | None]:
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": key.id,
        "x": key.public,
        "hospital": key.hospital,
        "hospital_name": key.hospital_name,
        "created_at": key.created_at.isoformat(timespec="seconds"),
        "retired_at": key.retired_at.isoformat(timespec="seconds") if key.retired_at else None,
    }


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:TAG_CHARACTERS]}"'


def _is_known(request: Request, tag: str) -> bool:
    return tag in request.headers.get("if-none-match", "")


def _tagged(request: Request, body: bytes, tag: str, media_type: str) -> HTTPResponse:
    headers = {"Cache-Control": "private, no-cache", "ETag": tag, "Vary": "Authorization, Cookie, Origin"}
    if _is_known(request, tag):
        return HTTPResponse(status=304, headers=headers)
    return HTTPResponse(body, 200, headers, media_type)
