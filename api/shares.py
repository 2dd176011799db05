"""Shares of their owner: the list, one with its QR or a code to read out, who came, made longer, ended."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body, number
from api.dicomweb.reading import reads
from api.forms import answer, asked, limit_of
from api.services import Services
from core.clock import now
from core.errors import NotFound
from core.grants import Role
from films import qr
from identity.links import url
from infra.audit import by
from records.models import Exam
from share import terms
from share.parts import EVERYTHING
from share.shares import Choice, Kept, may_go_on, state_of
from share.visits import Visit, visits_of

routes = Blueprint("shares", url_prefix="/api/v1/shares")
EXTENDED = {"expires_in": Field(number(int(terms.SHORTEST.total_seconds()), int(terms.LONGEST.total_seconds())), required=True)}


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def mine(request: Request) -> HTTPResponse:
    """What I share, or have shared, newest first."""
    services: Services = request.app.ctx.services
    said, at = asked(request, "limit", "cursor"), now()
    found, cursor = await services.sharing.shares.page(
        request.ctx.grant.subject, cursor=said.get("cursor", ""), limit=limit_of(said)
    )
    return answer({"items": [described(kept, at) for kept in found], "next": cursor})


@routes.get("/<share>", name="one")
@needs(Role.PATIENT)
async def one(request: Request, share: str) -> HTTPResponse:
    """One share of mine; `url` while it is good."""
    services: Services = request.app.ctx.services
    kept, at = await _mine(request, share), now()
    return answer(await _with_address(services, kept, at))


@routes.post("/<share>/extend", name="extend")
@needs(Role.PATIENT)
async def extend(request: Request, share: str) -> HTTPResponse:
    """Let it end so many seconds from now, later or sooner; code and passcode stay. 409 once it is over."""
    services: Services = request.app.ctx.services
    said, at = await body(request, EXTENDED), now()
    life = timedelta(seconds=said["expires_in"])
    kept = await services.sharing.shares.extend(request.ctx.grant.subject, share, life, at)
    await on_record(request, "extend-share", kept)
    return answer(await _with_address(services, kept, at))


@routes.delete("/<share>", name="stop")
@needs(Role.PATIENT)
async def stop(request: Request, share: str) -> HTTPResponse:
    """Stop it: from the next request on nobody sees anything by it."""
    services: Services = request.app.ctx.services
    kept = await services.sharing.shares.revoke(request.ctx.grant.subject, share, now())
    await on_record(request, "stop-share", kept)
    return HTTPResponse(status=204)


@routes.get("/<share>/visits", name="visits")
@needs(Role.PATIENT)
async def visits(request: Request, share: str) -> HTTPResponse:
    """Who came, newest first: opened or a wrong passcode, from where, and which exams they saw or took along."""
    services: Services = request.app.ctx.services
    said = asked(request, "limit", "cursor")
    kept = await _mine(request, share)
    await services.tally.settle(now())  # what was read a moment ago counts as well
    found, cursor = await visits_of(kept.share, services.people.sealer, cursor=said.get("cursor", ""), limit=limit_of(said))
    return answer({"items": [_visit(visit) for visit in found], "next": cursor})


@reads(routes, "/<share>/qr.png")
@needs(Role.PATIENT)
async def png(request: Request, share: str) -> HTTPResponse:
    """The QR as PNG: the address, signed by the hospital."""
    return HTTPResponse(await asyncio.to_thread(qr.png, await _qr_text(request, share)), 200, _SECRET, "image/png")


@reads(routes, "/<share>/qr.svg")
@needs(Role.PATIENT)
async def svg(request: Request, share: str) -> HTTPResponse:
    """The QR as SVG."""
    return HTTPResponse(await asyncio.to_thread(qr.svg, await _qr_text(request, share)), 200, _SECRET, "image/svg+xml")


@routes.post("/<share>/pickup", name="show-code")
@needs(Role.PATIENT)
async def show_code(request: Request, share: str) -> HTTPResponse:
    """A pick-up code to read out: eight digits, good once, for ten minutes."""
    services: Services = request.app.ctx.services
    kept, at = await _mine(request, share), now()
    await services.sharing.shares.token(kept.share, at)  # only for what is good
    code = await services.sharing.pickup.show(kept.share, at)
    return answer({"code": code.digits, "expires_at": _time(code.expires_at)}, 201)


async def _mine(request: Request, share: str) -> Kept:
    services: Services = request.app.ctx.services
    return await services.sharing.shares.get(request.ctx.grant.subject, share)


async def _qr_text(request: Request, share: str) -> str:
    """The address, and the hospital's signature behind it; raises NotFound once the share is over."""
    services: Services = request.app.ctx.services
    kept, at = await _mine(request, share), now()
    address = url(services.settings.base_url, await services.sharing.shares.token(kept.share, at))
    return await services.people.qr_keys.signed(kept.share.hospital_id, address, at)


_SECRET = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie, Origin"}


async def _with_address(services: Services, kept: Kept, at: datetime) -> dict[str, Any]:
    """As it is described, with its address while it is good."""
    try:
        address = url(services.settings.base_url, await services.sharing.shares.token(kept.share, at))
    except NotFound:  # it is over
        address = None
    return described(kept, at) | {"url": address}


def described(kept: Kept, at: datetime) -> dict[str, Any]:
    """A share as its owner is told of it."""
    share = kept.share
    return {
        "id": share.id,
        "state": state_of(share, at),
        "extendable": may_go_on(share, at),
        "qr": f"/api/v1/shares/{share.id}/qr.png",
        "created_at": _time(share.created_at),
        "not_before": _time(share.not_before),
        "expires_at": _time(share.expires_at),
        "exams": list(kept.exams),
        "choices": [_choice(each) for each in kept.choices],
        "hospital": share.hospital_id,
        "masked": share.mask,
        "passcode": share.passcode_hash is not None,
        "face_to_face": share.face_to_face,
        "allow_download": share.allow_download,
        "pinned": share.pinned,
        "opens": share.opens,
        "max_opens": share.max_opens,
        "wrong_passcodes": share.wrong_tries,
        "first_opened_at": _time(share.first_opened_at),
        "locked_at": _time(share.locked_at),
        "revoked_at": _time(share.revoked_at),
    }


def _choice(choice: Choice) -> dict[str, Any]:
    """`parts` and `series` null: all of them."""
    series = None if choice.series is None else list(choice.series)
    return {"exam": choice.exam, "parts": None if choice.parts == EVERYTHING else sorted(choice.parts), "series": series}


def _visit(visit: Visit) -> dict[str, Any]:
    return {
        "at": _time(visit.at),
        "what": visit.kind,
        "said": {"hospital": visit.hospital, "name": visit.name} if visit.hospital or visit.name else None,
        "place": {"kind": visit.place.kind, "network": visit.place.network, "city": visit.place.city},
        "device": visit.device or None,
        "exams": [
            {
                "id": look.exam_id,
                "seen_at": _time(look.first_at),
                "last_seen_at": _time(look.last_at),
                "times": look.times,
                "downloaded_at": _time(look.downloaded_at),
            }
            for look in visit.looks
        ],
    }


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at else None


async def on_record(request: Request, action: str, kept: Kept) -> None:
    """One entry an exam, each with its own hospital."""
    services: Services = request.app.ctx.services
    exams = await Exam.filter(id__in=list(kept.exams)).order_by("id")
    entries = (
        by(
            request.ctx.grant,
            chain=exam.hospital_id,
            at=now(),
            action=action,
            address=address_of(request),
            study_uid=exam.id,
            what="masked" if kept.share.mask else "named",
            detail={"share": kept.share.id},
        )
        for exam in exams
    )
    await asyncio.gather(*(services.trail.record(entry) for entry in entries))
