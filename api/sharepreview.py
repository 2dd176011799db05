"""What a recipient would get, shown to who shares: by the same code, under a mask of the same kind, before anything is sent."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from sanic import Blueprint, HTTPResponse, Request

from api.access import address_of, needs
from api.dicomweb.reading import Asked, answered, reads, veil_of
from api.exams import item_of_link, on_record, patient_block
from api.films import masked_jpeg, page_at
from api.films import opened_by as film_opened_by
from api.forms import answer, asked
from api.recipients import Received, counted_of, grant_of_view, of_view
from api.reportdoor import opened_by
from api.reporttold import document
from api.services import Services
from archive.locate import Located
from archive.models import Series, Study
from core.clock import now
from core.errors import InvalidField, NotFound
from core.grants import Grant, Role
from core.uids import is_uid
from identity.mine import records_to_choose_for
from identity.sessions import issue
from infra.audit import by
from records import films, search
from records.search import Found
from share.parts import EVERYTHING, Part, chosen
from share.shares import Kept
from share.terms import MOST_EXAMS
from share.viewing import ShareView, view_of_share
from wado.places import Asker, Place, instances
from wado.ready import Answer
from wado.renderparams import RenderParameters
from wado.thumbnails import thumbnail

routes = Blueprint("share-preview", url_prefix="/api/v1/shares")
LIFE = timedelta(minutes=10)
FLAGS = {"true": True, "false": False}
CHOICE = ("exams", "mask", "series", "parts")
MOST_SERIES = 100  # in an address
MOST_PICTURES = 12  # of series, beside the film
FILM_PIXELS = 720
BASE = "/api/v1/shares/preview"


@dataclass(frozen=True, slots=True)
class Draft:
    """A share that nobody made: what its recipient would see, and the grant that they would have."""

    view: ShareView
    theirs: Grant

    @property
    def exam(self) -> str:
        """Its only exam; raises InvalidField for several."""
        if len(self.view.found) != 1:
            raise InvalidField("exams", "of-one-exam")
        return next(iter(self.view.found))


@routes.get("/preview", name="before")
@needs(Role.PATIENT)
async def before(request: Request) -> HTTPResponse:
    """Exams of mine (`exams`, ids with commas) as a recipient would see them, and how much of each stays here under `mask`.

    Of a single exam `series` (UIDs with commas) and `parts` (report, film, images) say what of it; `pictures` are those
    that the recipient would see, by the same code.
    """
    draft = await _draft(request)
    view, services = draft.view, request.app.ctx.services
    items = [await _shown(request, draft, await of_view(services, view, exam)) for exam in view.found]
    return answer({"masked": view.masked, "items": items})


@reads(routes, "/preview/film.jpg")
@needs(Role.PATIENT)
async def film(request: Request) -> HTTPResponse:
    """The first page of the film as the recipient would get it, smaller."""
    draft, services = await _draft(request), request.app.ctx.services
    exam, epoch = draft.exam, services.sessions_epoch.value
    opened = await film_opened_by(services, draft.theirs, await of_view(services, draft.view, exam), now(), epoch)
    await on_record(request, opened.hospital, exam, "film")
    if opened.masked:
        return await masked_jpeg(request, opened.hospital, opened.masked, opened.masked_page("1"), FILM_PIXELS)
    page = opened.page("1")
    return await page_at(request, opened.hospital, page.document_id, min(FILM_PIXELS, page.width))


@reads(routes, "/preview/image.jpg")
@needs(Role.PATIENT)
async def image(request: Request) -> HTTPResponse | None:
    """The middle picture of the first of these series, as the recipient would get it, smaller."""
    draft = await _draft(request)
    view, exam = draft.view, draft.exam
    pairs = sorted(view.series.get(exam, ()))
    if not pairs or not view.shows(exam, Part.IMAGES):
        raise NotFound("no such series")
    study, series = pairs[0]
    request.ctx.grant = draft.theirs  # from here on as the recipient: what is remembered is named by this mask

    async def make(asked: Asked) -> Answer:
        veil = asked.asker.veil
        named = [veil.masked_uid(uid) for uid in (study, series)] if veil else [study, series]
        pictures = [at for at in await instances(asked.asker, Place(*named)) if at.description is not None]
        if not pictures:
            raise NotFound("no picture of this series leaves")
        return await thumbnail(asked.reader, pictures[len(pictures) // 2], None, RenderParameters(), asked.accept)

    return await answered(request, study, make)


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


async def _draft(request: Request) -> Draft:
    """What is asked about. Raises InvalidField, and NotFound for an exam that is not theirs to share."""
    grant: Grant = request.ctx.grant
    view = await _view(request.app.ctx.services, grant, asked(request, *CHOICE))
    return Draft(view, grant_of_view(view, grant))


async def _view(services: Services, grant: Grant, said: dict[str, str]) -> ShareView:
    ids = _list(said, "exams")
    if not 0 < len(ids) <= MOST_EXAMS:
        raise InvalidField("exams", "not-a-list")
    mask = said.get("mask", "true")
    if mask not in FLAGS:
        raise InvalidField("mask", "not-a-flag")
    may = await search.get_all(await records_to_choose_for(grant.subject, now()), ids, now())
    if len(may) < len(ids):
        raise NotFound("no such exam")
    if len(ids) > 1 and ("series" in said or "parts" in said):
        raise InvalidField("series" if "series" in said else "parts", "of-one-exam")
    parts = chosen("parts", _list(said, "parts")) if "parts" in said else EVERYTHING
    series = await _series(may[ids[0]], _list(said, "series")) if "series" in said else None
    return ShareView(
        share_id="",
        person_id=grant.subject,
        exams=frozenset(ids),
        masked=FLAGS[mask],
        mask_key=_key(services, grant.subject),
        allow_download=True,
        pinned=MappingProxyType({}),
        series=MappingProxyType({} if series is None else {ids[0]: series}),
        parts=MappingProxyType({} if parts == EVERYTHING else {ids[0]: parts}),
        found={exam: may[exam] for exam in ids},
        created_at=now(),
        expires_at=grant.until,
    )


async def _series(found: Found, uids: list[str]) -> frozenset[tuple[str, str]]:
    """Pairs of study and series UID; raises InvalidField, NotFound for a series that is not the exam's."""
    if not 0 < len(uids) <= MOST_SERIES or not all(map(is_uid, uids)):
        raise InvalidField("series", "not-a-uid")
    pairs = frozenset((row.study.study_instance_uid, row.series_instance_uid) for row in await _rows(found, uids))
    if {series for _, series in pairs} != set(uids):
        raise NotFound("no such series")
    return pairs


async def _rows(found: Found, uids: list[str] | None = None) -> list[Series]:
    """The series of an exam, in their usual order; all of them, or these."""
    rows = Series.filter(study__hospital_id=found.hospital.code, study__study_instance_uid__in=list(found.studies))
    named = rows if uids is None else rows.filter(series_instance_uid__in=uids)
    return await named.order_by("study_id", "series_number", "id").prefetch_related("study")


def _list(said: dict[str, str], name: str) -> list[str]:
    return list(dict.fromkeys(each for each in said.get(name, "").split(",") if each))


def _key(services: Services, person: str) -> str:
    """One mask for all previews of a person, so that their pictures are remembered; no share has it."""
    return hmac.digest(services.settings.keys.derive("share-preview"), person.encode(), hashlib.sha256).hex()


async def _shown(request: Request, draft: Draft, seen: Received) -> dict[str, Any]:
    services: Services = request.app.ctx.services
    theirs = draft.theirs
    opened = await opened_by(seen)
    report = await document(request, opened, opened.report) if opened.report else None
    await on_record(request, seen.found.hospital.code, seen.found.exam.id, "exam")
    item = await item_of_link(request, seen, theirs)
    return {
        **item,
        "patient": await patient_block(seen),
        "report_shown": report,
        "stays_here": await _stays_here(services, theirs, seen),
        "pictures": [*_film(draft, seen, item["films"]), *await _images(services, draft, seen)],
    }


def _film(draft: Draft, seen: Received, pages: int) -> list[dict[str, Any]]:
    exam, view = seen.found.exam.id, draft.view
    if not pages:
        return []
    said = {"exams": exam, "mask": str(view.masked).lower()}
    if exam in view.series:
        said["series"] = ",".join(sorted(series for _, series in view.series[exam]))
    if exam in view.parts:
        said["parts"] = ",".join(sorted(view.parts[exam]))
    return [{"kind": "film", "path": f"{BASE}/film.jpg?{urlencode(said)}", "count": pages, "description": "", "modality": ""}]


async def _images(services: Services, draft: Draft, seen: Received) -> list[dict[str, Any]]:
    """One picture for each series of which something leaves, and how much that is."""
    exam, at = seen.found.exam.id, now()
    if not draft.view.shows(exam, Part.IMAGES):
        return []
    grant = draft.theirs
    asker = Asker(grant, at, await veil_of(services, grant, at) if grant.masked else None)
    said = {"exams": exam, "mask": str(draft.view.masked).lower()}
    pictures: list[dict[str, Any]] = []
    for row in await _rows(seen.found):
        found = await _leaving(asker, row)
        if found and len(pictures) < MOST_PICTURES:
            address = f"{BASE}/image.jpg?{urlencode({**said, 'series': row.series_instance_uid})}"
            told = {"description": "" if draft.view.masked else row.series_description, "modality": row.modality}
            pictures.append({"kind": "image", "path": address, "count": len(found), **told})
    return pictures


async def _leaving(asker: Asker, row: Series) -> list[Located]:
    uids, veil = (row.study.study_instance_uid, row.series_instance_uid), asker.veil
    try:
        return await instances(asker, Place(*(map(veil.masked_uid, uids) if veil else uids)))
    except NotFound:
        return []


async def _stays_here(services: Services, theirs: Grant, seen: Received) -> dict[str, int]:
    """Of what was chosen, images and pages of film that do not leave: text may be written in them, or they are no pictures."""
    counted = await counted_of(services, theirs, seen)
    if counted is None or seen.view is None:
        return {"images": 0, "films": 0}
    exam = seen.found.exam.id
    pages = (await films.page_counts([exam])).get(exam, 0) if seen.has(Part.FILM) else 0
    images = await _chosen_images(seen) if seen.has(Part.IMAGES) else 0
    return {"images": images - counted.images, "films": pages - counted.films}


async def _chosen_images(seen: Received) -> int:
    """How many images those have that were chosen, whether they leave or not."""
    exam = seen.found.exam.id
    if seen.view is not None and exam in seen.view.series:
        return sum(row.instance_count for row in await _rows(seen.found, [series for _, series in seen.view.series[exam]]))
    rows = await Study.filter(hospital_id=seen.found.hospital.code, study_instance_uid__in=list(seen.found.studies))
    return sum(row.instance_count for row in rows)


async def _on_record(request: Request, kept: Kept) -> None:
    services: Services = request.app.ctx.services
    detail = {"share": kept.share.id}
    hospital, address = kept.share.hospital_id, address_of(request)
    await services.trail.record(
        by(request.ctx.grant, chain=hospital, at=now(), action="preview-share", address=address, detail=detail)
    )
