"""Making a share: which exams or parts of them, for how long, under a mask or not, with which passcode."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api import bodies
from api.access import needs
from api.bodies import Field, body, filled, flag, many, moment, number, text, uid
from api.forms import answer, required
from api.services import Services
from api.shares import described, on_record
from core.clock import now
from core.errors import InvalidField
from core.grants import Role
from identity.links import url
from share import parts, passcodes, terms
from share.making import LONGEST_KEY, Asked
from share.parts import Part
from share.terms import Wanted

routes = Blueprint("share-making", url_prefix="/api/v1/shares")
LONGEST_ID = 36
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


@routes.post("/", name="create")
@needs(Role.PATIENT)
async def create(request: Request) -> HTTPResponse:
    """Share exams. The digits of the passcode are in this answer and never again."""
    services: Services = request.app.ctx.services
    wanted, at = _asked(await body(request, WANTED), bodies.parse(request.body)), now()
    made = await services.sharing.making.create(request.ctx.grant.subject, wanted, at, _key(request))
    await on_record(request, "create-share", made.kept)
    told = described(made.kept, at) | {"url": url(services.settings.base_url, made.token), "passcode_digits": made.passcode}
    return answer(told, 201)


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
