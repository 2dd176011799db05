"""What a recipient would get, shown to who shares: by the same code, under a mask of the same kind, before anything is sent."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.exams import item_of_link, on_record, patient_block
from api.forms import answer, asked
from api.recipients import Received, counted_of, grant_of_view, of_view
from api.reports import document, opened_by
from api.services import Services
from archive.models import Study
from core.clock import now
from core.errors import InvalidField, NotFound
from core.grants import Grant, Role
from identity.mine import records_to_choose_for
from identity.sessions import issue
from infra.audit import by
from records import films, search
from share.shares import Kept
from share.terms import MOST_EXAMS
from share.viewing import ShareView, view_of_share

routes = Blueprint("share-preview", url_prefix="/api/v1/shares")
LIFE = timedelta(minutes=10)
FLAGS = {"true": True, "false": False}


@routes.get("/preview", name="before")
@needs(Role.PATIENT)
async def before(request: Request) -> HTTPResponse:
    """Exams of mine (`exams`, ids with commas) as a recipient would see them, and how much of each stays here under `mask`."""
    services: Services = request.app.ctx.services
    grant: Grant = request.ctx.grant
    view = await _view(services, grant, asked(request, "exams", "mask"))
    theirs = grant_of_view(view, grant)
    items = [await _shown(request, theirs, await of_view(services, view, exam)) for exam in view.found]
    return answer({"masked": view.masked, "items": items})


@routes.post("/<share>/preview", name="session")
@needs(Role.PATIENT)
async def session(request: Request, share: str) -> HTTPResponse:
    """A session of ten minutes that sees my share just as whoever opens it: every call, picture and file. It is no opening."""
    services: Services = request.app.ctx.services
    at = now()
    kept: Kept = await services.sharing.shares.get(request.ctx.grant.subject, share)
    link = await services.people.links.find(await services.sharing.shares.token(kept.share, at), at)
    life = min(LIFE, kept.share.expires_at - at)
    token = await issue(services.settings.keys, role=Role.LINK, hospital=None, subject=link.id, life=life, now=at)
    await _on_record(request, kept)
    view = await view_of_share(kept.share, at)
    said = {"access_token": token, "token_type": "Bearer", "expires_in": int(life.total_seconds())}
    return answer({**said, "masked": view.masked, "exams": list(view.found)}, 201)


async def _view(services: Services, grant: Grant, said: dict[str, str]) -> ShareView:
    """A share that nobody made. Raises InvalidField, and NotFound for an exam that is not theirs to share."""
    ids = list(dict.fromkeys(each for each in said.get("exams", "").split(",") if each))
    if not 0 < len(ids) <= MOST_EXAMS:
        raise InvalidField("exams", "not-a-list")
    mask = said.get("mask", "true")
    if mask not in FLAGS:
        raise InvalidField("mask", "not-a-flag")
    may = await search.get_all(await records_to_choose_for(grant.subject, now()), ids, now())
    if len(may) < len(ids):
        raise NotFound("no such exam")
    return ShareView(
        share_id="",
        person_id=grant.subject,
        exams=frozenset(ids),
        masked=FLAGS[mask],
        mask_key=_key(services, grant.subject),
        allow_download=True,
        pinned=MappingProxyType({}),
        series=MappingProxyType({}),
        found={exam: may[exam] for exam in ids},
        created_at=now(),
        expires_at=grant.until,
    )


def _key(services: Services, person: str) -> str:
    """One mask for all previews of a person, so that their pictures are remembered; no share has it."""
    return hmac.digest(services.settings.keys.derive("share-preview"), person.encode(), hashlib.sha256).hex()


async def _shown(request: Request, theirs: Grant, seen: Received) -> dict[str, Any]:
    services: Services = request.app.ctx.services
    opened = await opened_by(seen)
    report = await document(request, opened, opened.report) if opened.report else None
    await on_record(request, seen.found.hospital.code, seen.found.exam.id, "exam")
    return {
        **await item_of_link(request, seen, theirs),
        "patient": await patient_block(seen),
        "report_shown": report,
        "stays_here": await _stays_here(services, theirs, seen),
    }


async def _stays_here(services: Services, theirs: Grant, seen: Received) -> dict[str, int]:
    """Images and pages of film that do not leave: text may be written in them, or they are no pictures."""
    counted = await counted_of(services, theirs, seen)
    if counted is None:
        return {"images": 0, "films": 0}
    rows = await Study.filter(hospital_id=seen.found.hospital.code, study_instance_uid__in=list(seen.found.studies))
    pages = (await films.page_counts([seen.found.exam.id])).get(seen.found.exam.id, 0)
    return {"images": sum(row.instance_count for row in rows) - counted.images, "films": pages - counted.films}


async def _on_record(request: Request, kept: Kept) -> None:
    services: Services = request.app.ctx.services
    detail = {"share": kept.share.id}
    hospital, address = kept.share.hospital_id, address_of(request)
    await services.trail.record(
        by(request.ctx.grant, chain=hospital, at=now(), action="preview-share", address=address, detail=detail)
    )
