"""What patients write to a hospital, as its staff see it: an inbox, who takes one, the answer, closing and reopening."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.bodies import Field, body
from api.feedback import entries, known_choice, on_record, time_of, words_of
from api.forms import asked, limit_of
from api.hospital.saying import home, json
from api.services import Services
from core.clock import now
from core.grants import Role
from core.masking import hinted_name
from identity.feedback import KINDS, Act, Feedbacks, Letter, State, Wanted
from infra.audit import by
from infra.database import transaction

routes = Blueprint("feedback-inbox", url_prefix="/api/v1/hospital/feedback")
HANDLES = (Role.GUIDE, Role.ADMIN)  # the help desk and whoever runs it; a complaint may be about a doctor
OPEN = "open"  # what somebody still has to do
STATES = {OPEN: (State.RECEIVED, State.HANDLING), **{state.value: (state,) for state in State}}
ALL_BUT_WITHDRAWN = tuple(state for state in State if state is not State.WITHDRAWN)
SORTS = ("created_at", "-created_at")
ANSWER = {"text": Field(words_of, required=True)}


@routes.get("/", name="list")
@needs(*HANDLES)
async def inbox(request: Request) -> HTTPResponse:
    """What came, newest first; `state` may be `open`, `sort` `created_at`. The words stand in the single ones."""
    given = asked(request, "state", "kind", "sort", "cursor", "limit")
    limit = limit_of(given)
    state, sort = known_choice("state", given.get("state", ""), STATES), known_choice("sort", given.get("sort", ""), SORTS)
    wanted = Wanted(
        STATES.get(state, ALL_BUT_WITHDRAWN),
        known_choice("kind", given.get("kind", ""), KINDS),
        given.get("cursor", ""),
        oldest_first=sort == "created_at",
        limit=limit + 1,
    )
    letters = await _letters(request).inbox(home(request), wanted)
    items = [_item(each) for each in letters[:limit]]
    return json({"items": items, "next": items[-1]["id"] if len(letters) > limit else None})


@routes.get("/<feedback>", name="one")
@needs(*HANDLES)
async def one(request: Request, feedback: str) -> HTTPResponse:
    """One with all that was written, and the phone number to ring back; that it was read is on record."""
    letter = await _letters(request).at(home(request), feedback)
    await _read(request, letter)
    return json(_whole(letter))


@routes.post("/<feedback>/take", name="take")
@needs(*HANDLES)
async def take(request: Request, feedback: str) -> HTTPResponse:
    """I see to it."""
    return await _act(request, feedback, Act.TAKE)


@routes.post("/<feedback>/answer", name="answer")
@needs(*HANDLES)
async def answer(request: Request, feedback: str) -> HTTPResponse:
    """Answer it; who wrote reads it under their feedback."""
    return await _act(request, feedback, Act.ANSWER, (await body(request, ANSWER))["text"])


@routes.post("/<feedback>/close", name="close")
@needs(*HANDLES)
async def close(request: Request, feedback: str) -> HTTPResponse:
    """It is done with; nothing more can be written to it."""
    return await _act(request, feedback, Act.CLOSE)


@routes.post("/<feedback>/reopen", name="reopen")
@needs(*HANDLES)
async def reopen(request: Request, feedback: str) -> HTTPResponse:
    """It was closed too early."""
    return await _act(request, feedback, Act.REOPEN)


async def _act(request: Request, feedback: str, act: Act, text: str = "") -> HTTPResponse:
    if act is not Act.ANSWER and request.body:
        await body(request, {})
    async with transaction():
        letter = await _letters(request).act(home(request), feedback, act, request.ctx.grant.subject, text, now())
        await on_record(request, letter.row, f"feedback-{act}")
    return json(_whole(letter))


async def _read(request: Request, letter: Letter) -> None:
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=letter.row.hospital_id,
        at=now(),
        action="read",
        address=address_of(request),
        study_uid=letter.row.id,
        what="feedback",
    )
    await services.tally.read(entry)


def _letters(request: Request) -> Feedbacks:
    services: Services = request.app.ctx.services
    return Feedbacks(services.people.sealer)


def _item(letter: Letter) -> dict[str, Any]:
    """Nothing that tells whose it is but the number of the exam, which staff need to look it up."""
    row = letter.row
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "page": row.page or None,
        "exam": {"id": row.exam.id, "accession": row.exam.accession, "item": row.exam.item} if row.exam else None,
        "by": "patient" if row.person_id else "link",
        "checked": row.checked or None,
        "entries": len(letter.entries),
        "handler": row.handler or None,
        "created_at": time_of(row.created_at),
        "changed_at": time_of(row.changed_at),
    }


def _whole(letter: Letter) -> dict[str, Any]:
    exam = letter.row.exam
    patient = hinted_name(exam.record.name) if exam and exam.record else None
    return {**_item(letter), "patient": patient, "contact": letter.contact or None, "entries": entries(letter)}
