"""What a third party finds with its token: the exams that it is authorised to, and by which authorisation."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from api.access import needs
from api.exams import on_record
from api.forms import answer, asked
from core.clock import now
from core.errors import Malformed
from core.grants import Grant, Role
from share import authorisations
from share.authorisations import Authorised
from share.third_parties import asking
from wado.masking.uids import mapped
from wado.masking.words import known_words

routes = Blueprint("third-party", url_prefix="/api/v1/third-party")
PAGE = 100


@routes.get("/exams", name="exams")
@needs(Role.THIRD_PARTY)
async def exams(request: Request) -> HTTPResponse:
    """Exams that I may fetch now for the purpose of my token; their studies are fetched by DICOMweb."""
    grant: Grant = request.ctx.grant
    third_party, purpose = asking(grant.subject)
    after = _cursor(asked(request, "cursor"))
    found = await authorisations.authorised(third_party, purpose, now())
    later = [each for each in found if each.found.exam.id > after]
    page = later[:PAGE]
    for hospital in sorted({each.found.hospital.code for each in page}):
        await on_record(request, hospital, "", "exams")
    items = [_item(each, grant, purpose.value) for each in page]
    return answer({"items": items, "next": page[-1].found.exam.id if len(later) > PAGE else None})


def _cursor(said: dict[str, str]) -> str:
    cursor = said.get("cursor", "")
    if len(cursor) > 36 or not cursor.isascii():
        raise Malformed("the cursor is not one of ours")
    return cursor


def _item(each: Authorised, grant: Grant, purpose: str) -> dict[str, Any]:
    exam = each.found.exam
    key = bytes.fromhex(grant.mask)
    return {
        "authorisation": each.authorisation,
        "purpose": purpose,
        "masked": grant.masked,
        "expires_at": each.expires_at.astimezone(UTC).isoformat(timespec="seconds"),
        "hospital": {"code": each.found.hospital.code, "name": each.found.hospital.name},
        "category": exam.category,
        "modality": exam.modality,
        "item": known_words(exam.item) if grant.masked else exam.item,
        "performed_at": exam.performed_at.astimezone(UTC).isoformat(timespec="seconds"),
        "studies": [mapped(key, uid) if grant.masked else uid for uid in each.found.studies],
    }
