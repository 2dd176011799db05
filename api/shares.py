"""Sharing: a patient picks exams, decides for whom and for how long, shows a QR or a code, sees who came, and ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs, public
from api.bodies import Field, body, filled, flag, many, moment, number, text, uid
from api.dicomweb.reading import reads
from api.forms import answer, asked, limit_of, required
from api.pages.landing_record import DONE, REFUSED, recorded
from api.services import Services
from core.clock import now
from core.errors import InvalidField, NotFound, PasscodeWrong
from core.grants import Role
from films import qr
from identity.links import LONGEST_TOKEN, LinkEnded, url
from infra.audit import by, device
from records.models import Exam, Hospital
from share import parts, passcodes, pickup, terms
from share.opening import Opened, Visitor
from share.parts import EVERYTHING, Part
from share.shares import LONGEST_KEY, Asked, Choice, Kept, may_go_on, state_of
from share.terms import Wanted
from share.viewing import ShareView
from share.visits import Visit, visits_of
from wado.masking.uids import mapped

routes = Blueprint("shares", url_prefix="/api/v1/shares")
LONGEST_ID = 36
LONGEST_HOSPITAL, LONGEST_NAME = 64, 32  # that a visitor states
MOST_SERIES = 200
LONGEST_PART = 16
_SERIES: Mapping[str, Field] = {
    "exam": required(LONGEST_ID),
    "series": Field(many(uid, MOST_SERIES), required=True),
}
_PARTS: Mapping[str, Field] = {
    "exam": required(LONGEST_ID),
    "parts": Field(many(filled(LONGEST_PART), len(Part)), required=True),
}


def _passcode(name: str, value: Any) -> bool | str:
    """True for new digits, false for none, or the digits themselves."""
    return value if isinstance(value, bool) else passcodes.chosen(name, str(text(passcodes.LONGEST)(name, value)))


WANTED = {
    "exams": Field(many(filled(LONGEST_ID), terms.MOST_EXAMS), required=True),
    "series": Field(many(bodies.inner(_SERIES), terms.MOST_EXAMS), default=()),
    "parts": Field(many(bodies.inner(_PARTS), terms.MOST_EXAMS), default=()),
    "expires_in": Field(number(int(terms.SHORTEST_FACE_TO_FACE.total_seconds()), int(terms.LONGEST.total_seconds()))),
    "not_before": Field(moment),
    "mask": Field(flag, default=True),
    "passcode": Field(_passcode, default=True),
    "allow_download": Field(flag, default=True),
    "max_opens": Field(number(1, terms.MOST_OPENS)),
    "pinned": Field(flag, default=False),
    "confirm_sensitive": Field(flag, default=False),
}
FROM = {"hospital": Field(text(LONGEST_HOSPITAL), default=""), "name": Field(text(LONGEST_NAME), default="")}
OPEN = {
    "token": required(LONGEST_TOKEN),
    "passcode": Field(text(passcodes.LONGEST), default=""),
    "from": Field(bodies.inner(FROM), default={}),
}
EXTENDED = {"expires_in": Field(number(int(terms.SHORTEST.total_seconds()), int(terms.LONGEST.total_seconds())), required=True)}
PICK_UP = {"code": required(pickup.LONGEST)}


@routes.post("/", name="create")
@needs(Role.PATIENT)
async def create(request: Request) -> HTTPResponse:
    """Share exams. The digits of the passcode are in this answer and never again."""
    services: Services = request.app.ctx.services
    wanted, at = _asked(await body(request, WANTED), bodies.parse(request.body)), now()
    made = await services.sharing.shares.create(request.ctx.grant.subject, wanted, at, _key(request))
    await _on_record(request, "create-share", made.kept)
    told = _described(made.kept, at) | {"url": url(services.settings.base_url, made.token), "passcode_digits": made.passcode}
    return answer(told, 201)


@routes.get("/", name="list")
@needs(Role.PATIENT)
async def mine(request: Request) -> HTTPResponse:
    """What I share, or have shared, newest first."""
    services: Services = request.app.ctx.services
    said, at = asked(request, "limit", "cursor"), now()
    found, cursor = await services.sharing.shares.page(
        request.ctx.grant.subject, cursor=said.get("cursor", ""), limit=limit_of(said)
    )
    return answer({"items": [_described(kept, at) for kept in found], "next": cursor})


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
    await _on_record(request, "extend-share", kept)
    return answer(await _with_address(services, kept, at))


@routes.delete("/<share>", name="stop")
@needs(Role.PATIENT)
async def stop(request: Request, share: str) -> HTTPResponse:
    """Stop it: from the next request on nobody sees anything by it."""
    services: Services = request.app.ctx.services
    kept = await services.sharing.shares.revoke(request.ctx.grant.subject, share, now())
    await _on_record(request, "stop-share", kept)
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


@routes.post("/pickup", name="pick-up")
@public("the code is the proof, and its tries are counted")
async def pick_up(request: Request) -> HTTPResponse:
    """The token that a pick-up code stands for, to go on with at /shares/open."""
    services: Services = request.app.ctx.services
    said, address = await body(request, PICK_UP), address_of(request)
    token = await services.sharing.pickup.redeem(said["code"], address, address, now())
    return answer({"token": token})


@routes.post("/open", name="open")
@public("the token in the body is the proof, and the passcode")
async def open_share(request: Request) -> HTTPResponse:
    """Open a share without an account: a short token for report, films and DICOMweb of just these exams."""
    said = await body(request, OPEN)
    opened = await opened_by(request, said["token"], said["passcode"], said["from"])
    hospital = await Hospital.get(code=opened.link.hospital)
    return answer(
        {
            "access_token": opened.token,
            "token_type": "Bearer",
            "expires_in": int(opened.expires_in.total_seconds()),
            "hospital": {"code": hospital.code, "name": hospital.name},
            "masked": opened.view.masked,
            "allow_download": opened.view.allow_download,
            "exams": [{"id": exam, "studies": studies_of(opened.view, exam)} for exam in opened.view.found],
        }
    )


async def opened_by(request: Request, token: str, passcode: str, said: Mapping[str, str]) -> Opened:
    """The share of a token, opened; what came of the try is on record. Raises as `share.opening.Openings.open`."""
    services: Services = request.app.ctx.services
    visitor = Visitor(address_of(request), device.get(), said.get("hospital", ""), said.get("name", ""))
    at = now()
    try:
        opened = await services.sharing.openings.open(token, passcode, visitor, at)
    except PasscodeWrong:
        if passcode:
            link, _ = await services.sharing.openings.found(token, at)
            await recorded(request, link, REFUSED, {"why": "passcode"})
        raise
    except LinkEnded as ended:
        await recorded(request, ended.link, REFUSED, {"why": ended.why})
        raise
    await recorded(request, opened.link, DONE, {})
    return opened


def studies_of(view: ShareView, exam_id: str) -> list[str]:
    """The studies of an exam by the UIDs that they have for the recipient."""
    if not view.shows(exam_id, Part.IMAGES):
        return []
    series = view.series.get(exam_id)
    shared = None if series is None else {study for study, _ in series}
    own = [study for study in view.found[exam_id].studies if shared is None or study in shared]
    return [mapped(bytes.fromhex(view.mask), study) for study in own] if view.masked else own


def _asked(said: Mapping[str, Any], raw: Mapping[str, Any]) -> Asked:
    """`passcode` null means none, and absent means new digits."""
    passcode = False if "passcode" in raw and raw["passcode"] is None else said["passcode"]
    seconds = said["expires_in"]
    terms_wanted = Wanted(
        mask=said["mask"],
        has_passcode=passcode is not False,
        expires_in=None if seconds is None else timedelta(seconds=seconds),
        not_before=said["not_before"],
        max_opens=said["max_opens"],
        allow_download=said["allow_download"],
        pinned=said["pinned"],
    )
    return Asked(
        exams=said["exams"],
        wanted=terms_wanted,
        series=_by_exam("series", said),
        parts={exam: parts.chosen("parts", wanted) for exam, wanted in _by_exam("parts", said).items()},
        passcode=passcode if isinstance(passcode, str) else "",
        confirm_sensitive=said["confirm_sensitive"],
    )


def _by_exam(name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Exam → what was said of it under this name; raises InvalidField for an exam that is named twice."""
    found = {each["exam"]: each[name] for each in said[name]}
    if len(found) < len(said[name]):
        raise InvalidField(name, "twice")
    return found


def _key(request: Request) -> str:
    key = str(request.headers.get("idempotency-key", ""))
    if len(key) > LONGEST_KEY:
        raise InvalidField("Idempotency-Key", "too-long")
    return key


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
    return _described(kept, at) | {"url": address}


def _described(kept: Kept, at: datetime) -> dict[str, Any]:
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


async def _on_record(request: Request, action: str, kept: Kept) -> None:
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
