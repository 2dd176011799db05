"""My feedback to a hospital: written on any page, with its state and the hospital's answers."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import address_of, needs
from api.bodies import Field, body, choice
from api.exams import my_exam
from api.forms import answer, asked, limit_of, required
from api.services import Services
from core.clock import now
from core.errors import Forbidden, InvalidField, NotFound, Unauthenticated
from core.grants import Grant, Role
from identity.feedback import KINDS, Author, Feedbacks, Letter, Words
from identity.links import Link, LinkEnded, LinkKind, good_link
from identity.models import Feedback
from infra.audit import by
from infra.database import transaction
from infra.redaction import redact
from records.models import Hospital
from records.visibility import rules_of

routes = Blueprint("feedback", url_prefix="/api/v1/feedback")
LONGEST_TEXT, LONGEST_KEY = 1000, 200
_LINES = bodies.text(LONGEST_TEXT, lines=True)
# Characters that turn the direction of what follows could make a text read as another one (Unicode TR 36 section 2.11).
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_PAGE = re.compile(r"[a-z][a-z0-9/-]{0,39}")  # the name of a page of ours, never its address: that could hold a token
_PHONE = re.compile(r"\+?[0-9][0-9 ()-]{3,22}[0-9]")  # a mobile, a desk's extension, a number abroad


def words_of(name: str, value: Any) -> str:
    """What a person writes: text of at most a thousand characters in lines, kept as text whatever stands in it."""
    written = _TURNING.sub("", _LINES(name, value)).replace("\r\n", "\n").strip()
    if not written:
        raise InvalidField(name, "empty")
    return written


def page_name(name: str, value: Any) -> str:
    """The name of a page, such as exam or report/pdf."""
    if not isinstance(value, str) or not _PAGE.fullmatch(value):
        raise InvalidField(name, "not-a-page")
    return value


def contact_of(name: str, value: Any) -> str:
    """A phone number as people type it."""
    if not isinstance(value, str) or not _PHONE.fullmatch(value.strip()):
        raise InvalidField(name, "not-a-contact")
    return value.strip()


NEW = {
    "hospital": required(32),
    "exam": Field(bodies.filled(36)),
    "page": Field(page_name, default=""),
    "kind": Field(choice(*KINDS), required=True),
    "text": Field(words_of, required=True),
    "contact": Field(contact_of, default=""),
}
MORE = {"text": Field(words_of, required=True)}


@routes.post("/", name="write")
@needs(Role.PATIENT, Role.LINK)
async def write(request: Request) -> HTTPResponse:
    """Write to a hospital, about an exam of mine or about nothing in particular. Takes an Idempotency-Key."""
    said, key = await body(request, NEW), idempotency_key(request)
    await _author(request)
    if not await Hospital.exists(code=said["hospital"]):
        raise InvalidField("hospital", "not-a-choice")
    words = Words(**{**said, "exam": await _exam(request, said["hospital"], said["exam"])})
    row, new = await kept(request, request.ctx.grant, words, key)
    return answer({"id": row.id, "state": row.state}, 201 if new else 200)


@routes.get("/", name="list")
@needs(Role.PATIENT, Role.LINK)
async def mine(request: Request) -> HTTPResponse:
    """What I wrote, newest first, each with its answers."""
    given = asked(request, "cursor", "limit")
    limit = limit_of(given)
    letters = await _letters(request).owns(await _author(request), given.get("cursor", ""), limit + 1)
    items = [_item(each) for each in letters[:limit]]
    return answer({"items": items, "next": items[-1]["id"] if len(letters) > limit else None})


@routes.get("/<feedback>", name="one")
@needs(Role.PATIENT, Role.LINK)
async def one(request: Request, feedback: str) -> HTTPResponse:
    """One of them."""
    return answer(_item(await _letters(request).own(await _author(request), feedback)))


@routes.post("/<feedback>/entries", name="add")
@needs(Role.PATIENT, Role.LINK)
async def add(request: Request, feedback: str) -> HTTPResponse:
    """Write more to one that is not closed; one that was answered is received anew."""
    text, author = (await body(request, MORE))["text"], await _author(request)
    async with transaction():
        letter = await _letters(request).add(author, feedback, text, now())
        await on_record(request, letter.row, "feedback-more")
    await _check(request, letter.row, text)
    return answer(_item(letter), 201)


@routes.delete("/<feedback>", name="withdraw")
@needs(Role.PATIENT, Role.LINK)
async def withdraw(request: Request, feedback: str) -> HTTPResponse:
    """Take one back while it is open: its words are erased, and the hospital sees them no more."""
    author = await _author(request)
    async with transaction():
        row = await _letters(request).withdraw(author, feedback, now())
        await on_record(request, row, "feedback-withdrawn")
    return HTTPResponse(status=204)


async def kept(request: Request, grant: Grant, words: Words, key: str | None) -> tuple[Feedback, bool]:
    """Keep what was written, on record in the same commit; false for a repetition."""
    request.ctx.grant = grant
    async with transaction():
        row, new = await _letters(request).write(author_of(grant), words, key, now())
        if new:
            await on_record(request, row, "feedback")
    if new:
        await _check(request, row, words.text)
    return row, new


async def _check(request: Request, row: Feedback, text: str) -> None:
    """What a mini-program's users write is to be checked by WeChat's rules; numbers stay here, and nothing is refused by it."""
    services: Services = request.app.ctx.services
    wechat, letters = services.people.wechat, _letters(request)
    if not rules_of(await Hospital.get(code=row.hospital_id)).policies.feedback_wechat_check or not wechat.mini.app_id:
        return
    open_id = await letters.open_id(author_of(request.ctx.grant), wechat.mini.app_id)
    suggestion = await wechat.suggests(open_id, redact(text)) if open_id else ""
    if suggestion:
        await letters.note_check(row.id, suggestion)


async def _author(request: Request) -> Author:
    """Who asks; raises Forbidden for links that several strangers hold, who would read each other's words."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.LINK and (await link_of(grant, now())).kind is not LinkKind.NOTICE:
        raise Forbidden("feedback is for patients, and for who proved a message's link")
    return author_of(grant)


def author_of(grant: Grant) -> Author:
    """Who writes: a person, or who proved a link."""
    return Author(person=grant.subject) if grant.role is Role.PATIENT else Author(link=grant.subject)


async def link_of(grant: Grant, at: datetime) -> Link:
    """The link by which a session began; raises Unauthenticated once it is over."""
    try:
        return await good_link(grant.subject, at)
    except (NotFound, LinkEnded) as error:
        raise Unauthenticated("the link is over") from error


def idempotency_key(request: Request) -> str | None:
    """The key by which a repeated request is known; raises InvalidField."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidField("Idempotency-Key", "too-long" if key else "empty")
    return key


async def on_record(request: Request, row: Feedback, action: str) -> None:
    """In the caller's transaction; never a word of what was written."""
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=row.hospital_id,
        at=now(),
        action=action,
        address=address_of(request),
        study_uid=row.exam_id or "",
        detail={"feedback": row.id, "kind": row.kind},
    )
    await services.trail.append([entry])


def entries(letter: Letter) -> list[dict[str, Any]]:
    """All that was written, oldest first."""
    return [
        {"by": "hospital" if each.by_hospital else "patient", "text": each.text, "at": time_of(each.at)}
        for each in letter.entries
    ]


def time_of(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def known_choice(name: str, value: str, allowed: Collection[str]) -> str:
    """A query parameter that is one of these words, or empty; raises InvalidField."""
    if value and value not in allowed:
        raise InvalidField(name, "not-a-choice")
    return value


async def _exam(request: Request, hospital: str, exam: str | None) -> str | None:
    """The exam that it is about; raises NotFound for one that who writes may not see, or of another hospital."""
    grant: Grant = request.ctx.grant
    if grant.role is Role.LINK:
        return await _exam_of_link(grant, hospital, exam)
    if exam is None:
        return None
    found = await my_exam(request, exam)
    if found.hospital.code != hospital:
        raise NotFound("no such exam")
    return found.exam.id


async def _exam_of_link(grant: Grant, hospital: str, exam: str | None) -> str:
    """A message's link is about one exam."""
    link = await link_of(grant, now())
    if hospital != link.hospital:
        raise InvalidField("hospital", "not-a-choice")
    if exam not in (None, link.subject):
        raise NotFound("no such exam")
    return link.subject


def _letters(request: Request) -> Feedbacks:
    services: Services = request.app.ctx.services
    return Feedbacks(services.people.sealer)


def _item(letter: Letter) -> dict[str, Any]:
    row, hospital = letter.row, letter.row.hospital
    return {
        "id": row.id,
        "hospital": {"code": hospital.code, "name": hospital.name, "help_phone": hospital.help_phone or None},
        "exam": row.exam_id,
        "page": row.page or None,
        "kind": row.kind,
        "state": row.state,
        "contact": letter.contact or None,
        "created_at": time_of(row.created_at),
        "changed_at": time_of(row.changed_at),
        "entries": entries(letter),
    }
