"""My exams: of all hospitals in one list, each with how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sanic import Blueprint, HTTPResponse, Request

from api import keeping
from api.access import address_of, needs
from api.bodies import day
from api.errors import prefers_english
from api.examwords import words_of
from api.forms import answer, asked, limit_of
from api.recipients import Received, all_received, counted_of, patient_of, received
from api.services import Services
from archive.locate import original_bytes
from archive.models import Study
from core.clock import now
from core.errors import NotFound
from core.grants import Grant, Role
from identity.mine import records_of
from infra.audit import by
from records import films, places, search
from records.masked import birth_year
from records.places import Names
from records.search import Found, Query
from share import sensitive
from share.parts import FILM_STAYS, Part

routes = Blueprint("exams", url_prefix="/api/v1/exams")
keeping.allow(routes)
PARAMETERS = ("hospital", "category", "from", "to", "body_part", "q", "sort", "cursor", "limit")


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the exams of one page are shown with: images of (hospital, study), film pages of an exam, names of places."""

    images: Mapping[tuple[str, str], int]
    pages: Mapping[str, int]
    names: Names
    english: bool


@routes.get("/", name="list")
@needs(Role.PATIENT, Role.LINK)
async def exams(request: Request) -> HTTPResponse:
    """My exams, newest first; filtered by hospital, category, days, body part and words of item or report.

    The holder of a link gets those that it shows and no others, in the order of who shared them.
    """
    if request.ctx.grant.role is Role.LINK:
        return await _of_link(request)
    query = _query(asked(request, *PARAMETERS))
    page = await search.search(await records_of(request.ctx.grant.subject, now()), query, now())
    for hospital in sorted({found.hospital.code for found in page.items}):
        await on_record(request, hospital, "", "exams")
    shown, hidden = await _shown(request, page.items), await sensitive.sensitive_among(page.items)
    items = [_item(found, shown) | {"sensitive": found.exam.id in hidden} for found in page.items]
    return answer({"items": items, "next": page.next})


@routes.get("/<exam>", name="one")
@needs(Role.PATIENT, Role.LINK)
async def exam(request: Request, exam: str) -> HTTPResponse:
    """One exam of mine, how far it has come, and how many bytes its images have as they were sent."""
    if request.ctx.grant.role is Role.LINK:
        return await _one_of_link(request, exam)
    found = await my_exam(request, exam)
    await on_record(request, found.hospital.code, found.exam.id, "exam")
    hidden = await sensitive.sensitive_among([found])
    size = await original_bytes(found.hospital.code, found.studies) if found.studies else 0
    more = {"sensitive": bool(hidden), "image_bytes": size}
    return answer(_item(found, await _shown(request, [found])) | more | _detail(found))


async def _of_link(request: Request) -> HTTPResponse:
    asked(request)
    seen = await all_received(request.app.ctx.services, request.ctx.grant)
    for hospital in sorted({each.found.hospital.code for each in seen}):
        await on_record(request, hospital, "", "exams")
    return answer({"items": [await item_of_link(request, each) for each in seen], "next": None})


async def _one_of_link(request: Request, exam_id: str) -> HTTPResponse:
    seen = await received(request.app.ctx.services, request.ctx.grant, exam_id)
    await on_record(request, seen.found.hospital.code, seen.found.exam.id, "exam")
    return answer(await item_of_link(request, seen) | _detail(seen.told) | {"patient": await patient_block(seen)})


async def item_of_link(request: Request, seen: Received, grant: Grant | None = None) -> dict[str, Any]:
    """As of a patient's own exam; what is counted is only what the link shows. `grant`: when another's than of who asks."""
    services: Services = request.app.ctx.services
    item = _item(seen.told, await _shown(request, [seen.told]))
    counted = await counted_of(services, grant or request.ctx.grant, seen)
    left_out = seen.view.left_out(seen.found.exam.id) if seen.view else ""
    if counted is not None:
        stays = seen.whose is None and seen.has(Part.FILM) and item["films"] and not counted.films
        left_out += FILM_STAYS if stays else ""
        item |= {"films": counted.films, "images": counted.images, "studies": list(counted.studies)}
    return item | {"left_out": left_out} if left_out else item


async def patient_block(seen: Received) -> dict[str, Any]:
    """Whose exam it is: a doctor compares name and birth date, others learn the year alone."""
    record = await patient_of(seen)
    said: dict[str, Any] = {"name": record.name, "sex": record.sex or None}
    if seen.whose is None:
        return said | {"birth_date": record.birth_date.isoformat() if record.birth_date else None}
    return said | {"birth_year": birth_year(record.birth_date, seen.found.exam.performed_at.date())}


async def my_exam(request: Request, exam_id: str) -> Found:
    """An exam that who asks may see; raises NotFound for every other."""
    found = await search.get(await records_of(request.ctx.grant.subject, now()), exam_id, now())
    if found is None:
        raise NotFound("no such exam")
    return found


def _query(asked: dict[str, str]) -> Query:
    return Query(
        hospital=asked.get("hospital", ""),
        category=asked.get("category", ""),
        body_part=asked.get("body_part", ""),
        first_day=_day("from", asked),
        last_day=_day("to", asked),
        keywords=search.keywords_of(asked.get("q", "")),
        sort=asked.get("sort", search.DEFAULT_SORT),
        cursor=asked.get("cursor", ""),
        limit=limit_of(asked),
    )


def _day(name: str, asked: dict[str, str]) -> date | None:
    return day(name, asked[name]) if name in asked else None


async def _shown(request: Request, items: Sequence[Found]) -> _Shown:
    return _Shown(
        await _images(items),
        await films.page_counts(found.exam.id for found in items),
        await places.names_of(found.exam for found in items),
        prefers_english(request.headers.get("accept-language", "")),
    )


async def _images(items: Sequence[Found]) -> dict[tuple[str, str], int]:
    """(hospital, study) → how many images it has."""
    uids = sorted({uid for found in items for uid in found.studies})
    rows = await Study.filter(study_instance_uid__in=uids) if uids else []
    return {(row.hospital_id, row.study_instance_uid): row.instance_count for row in rows}


def _item(found: Found, shown: _Shown) -> dict[str, Any]:
    exam, usual = found.exam, found.usually_reported_at
    return {
        "id": exam.id,
        "hospital": {"code": found.hospital.code, "name": found.hospital.name},
        "category": exam.category,
        "modality": exam.modality,
        "body_part": exam.body_part,
        "item": exam.item,
        "performed_at": _local(exam.performed_at, found.hospital.zone),
        "campus_name": shown.names.of("campuses", exam.hospital_id, exam.campus),
        "department_name": shown.names.of("departments", exam.hospital_id, exam.department),
        "state": found.state.value,
        "state_text": words_of(found, now(), english=shown.english),
        "usually_reported_at": _local(usual, found.hospital.zone) if usual else None,
        "report": {"status": found.report.status.value} if found.report else None,
        "films": shown.pages.get(exam.id, 0),
        "images": sum(shown.images.get((exam.hospital_id, uid), 0) for uid in found.studies),
        "studies": list(found.studies),
    }


def _detail(found: Found) -> dict[str, Any]:
    exam = found.exam
    return {
        "campus": exam.campus,
        "department": exam.department,
        "visit": {"kind": exam.visit_kind, "number": exam.visit_number},
        "images_at": exam.images.value,
        "elsewhere_url": exam.elsewhere_url or None,
        "help_phone": found.hospital.help_phone or None,
    }


def _local(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


async def on_record(request: Request, hospital: str, exam_id: str, what: str) -> None:
    """On record before the first byte. An exam stands where a study would: its id is no UID, so they do not mix."""
    services: Services = request.app.ctx.services
    entry = by(
        request.ctx.grant,
        chain=hospital,
        at=now(),
        action="read",
        address=address_of(request),
        study_uid=exam_id,
        what=what,
    )
    await services.tally.read(entry)
