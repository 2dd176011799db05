"""What the holder of a link sees of exams: the one door for all that answers beside DICOMweb, masked where the share is."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from api.dicomweb.reading import veil_of
from api.services import Services
from archive.locate import Located
from archive.read import TRUST
from core.clock import now
from core.errors import Forbidden, NotFound, Unauthenticated
from core.grants import Grant, Role
from core.maskedtext import Whose
from films.a4 import Picture
from identity.links import LinkKind, good_link
from identity.links_opened import opened_exam
from records import films, lineage, masked, reports
from records.filmcopies import Shelf
from records.filmheader import masked_header
from records.models import Exam, Film, FilmPage, FilmSource, PatientRecord, Report
from records.policies import from_json
from records.report_picture import NOT_SHARED, Only, of_cell
from records.search import Found
from records.whose import whose
from share.parts import Part
from share.viewing import ShareView, view_of
from wado.masking.filmpages import MaskedFilm, MaskedPage
from wado.places import Asker, Place, instances

_TAKING_BYTES = 300  # about what one remembered answer takes in memory
OF_ONE_EXAM = frozenset({LinkKind.NOTICE, LinkKind.DOWNLOAD})


@dataclass(frozen=True, slots=True)
class Received:
    """An exam as the holder of a link sees it. `view` None: by a link to this exam alone, as its patient sees it.

    `found` is as the hospital says it; what of it may be told is `told`.
    """

    found: Found
    view: ShareView | None
    whose: Whose | None = None  # what must not be told; None: no mask
    doctors_named: bool = True
    with_files: frozenset[str] = frozenset()  # ids of the versions that came with a PDF or a picture

    @property
    def told(self) -> Found:
        """The exam in words that may leave; an address where all its images are is for who gets all of them."""
        if self.whose is not None:
            return replace(self.found, exam=masked.exam(self.found.exam, self.whose))
        if self.view is None or (self.has(Part.IMAGES) and self.found.exam.id not in self.view.series):
            return self.found
        told = copy.copy(self.found.exam)
        told.elsewhere_url = ""
        return replace(self.found, exam=told)

    def report(self, sent: Report) -> Report:
        """One version in words that may leave, without the hospital's files where they stay here."""
        if self.whose is not None:
            return masked.report(sent, self.whose, doctors_named=self.doctors_named)
        if self.only is None or self.only.as_sent:
            return sent
        shown = copy.copy(sent)
        shown.pdf_size = shown.picture_size = 0
        return shown

    def withheld(self, shown: Report) -> str:
        """Why a file of the hospital that belongs to this version stays here, in a sentence; empty when none does."""
        if shown.id not in self.with_files:
            return ""
        return NOT_SHARED if self.whose is None else masked.WITHHELD

    @property
    def only(self) -> Only | None:
        """Which of the exam's pictures may stand on its report; None: all."""
        exam = self.found.exam.id
        if self.view is None:
            return None
        shows_some = self.has(Part.FILM) or self.has(Part.IMAGES)
        if shows_some and exam not in self.view.series:
            return None
        _, single = self.view.images(exam) if shows_some else (None, frozenset())
        return Only(frozenset((study, series) for _, study, series in single), as_sent=exam not in self.view.series)

    def has(self, part: Part) -> bool:
        """True when that part of the exam is for its reader: a share may leave some of it out."""
        return self.view is None or self.view.shows(self.found.exam.id, part)

    @property
    def mask(self) -> str:
        """Key of the mask and which words it hides, for names in caches and tags; empty without one."""
        return f"{self.view.mask}/{masked.digest(self.whose)}" if self.view and self.whose else ""


async def received(services: Services, grant: Grant, exam_id: str) -> Received:
    """One exam for the holder of a link; raises NotFound for what was not shared, Unauthenticated once it is over."""
    view = await _view(grant)
    if view is not None:
        return await _shared(services, view, view.exam(exam_id))
    link = await good_link(grant.subject, now())
    theirs = link.kind in OF_ONE_EXAM and link.subject == exam_id and not grant.masked
    found = await opened_exam(link, now()) if theirs else None
    if found is None:
        raise NotFound("no such exam")
    return Received(found, None)


async def all_received(services: Services, grant: Grant) -> list[Received]:
    """Every exam that a link shows, in the order of who shared them."""
    view = await _view(grant)
    if view is not None:
        return [await _shared(services, view, found) for found in view.found.values()]
    link = await good_link(grant.subject, now())
    found = await opened_exam(link, now()) if link.kind in OF_ONE_EXAM and not grant.masked else None
    return [Received(found, None)] if found else []


async def _view(grant: Grant) -> ShareView | None:
    """What the share shows, under the very mask of the grant: pixels and words must not differ in it."""
    view = await view_of(grant, now())
    if view is not None and view.mask != grant.mask:
        raise Unauthenticated("the session is of another mask")
    return view


async def of_view(services: Services, view: ShareView, exam_id: str) -> Received:
    """One exam of a share as its recipient would see it; raises NotFound."""
    return await _shared(services, view, view.exam(exam_id))


@dataclass(frozen=True, slots=True)
class _Taking:
    """Whether a session may have whole files, believed until then unless anything changed here."""

    allowed: bool
    epoch: int
    until: datetime


async def require_taking(services: Services, grant: Grant) -> None:
    """Pass whoever may have whole files; raises Forbidden, whatever the file, where a share is for looking at only."""
    if grant.role is not Role.LINK:
        return
    name, at, epoch = f"taking/{grant.session}", now(), services.sessions_epoch.value
    known = services.tiers.peek(name)
    if not (isinstance(known, _Taking) and known.epoch == epoch and at < known.until):
        view = await view_of(grant, at)
        known = _Taking(view is None or view.allow_download, epoch, at + TRUST)
        services.tiers.keep(name, known, cost=_TAKING_BYTES)
    if not known.allowed:
        raise Forbidden("this share is for looking at: no files leave")


async def _shared(services: Services, view: ShareView, found: Found) -> Received:
    """A pinned version stays what it was, as long as the hospital stands by some version."""
    pinned = view.pinned.get(found.exam.id)
    if pinned is not None and found.report is not None and found.report.version != pinned:
        found = replace(found, report=await Report.get_or_none(exam_id=found.exam.id, version=pinned))
    if not view.shows(found.exam.id, Part.REPORT):
        found = replace(found, report=None)
    if not view.masked and found.exam.id not in view.series:
        return Received(found, view)
    versions = await reports.versions_of(found.exam.id)
    with_files = frozenset(each.id for each in versions if each.pdf_size or each.picture_size)
    if not view.masked:
        return Received(found, view, with_files=with_files)
    doctors_named = from_json(found.hospital.policies).doctors_under_mask
    hidden = await whose(services.people.sealer, found.exam, versions, doctors_named=doctors_named)
    return Received(found, view, hidden, doctors_named, with_files)


def grant_of_view(view: ShareView, grant: Grant) -> Grant:
    """What the recipient of a share may see, in the name of who asks: for its owner's preview."""
    studies, series = view.all_images()
    return replace(grant, hospitals=frozenset(), studies=studies, series=series, mask=view.mask, _by_study={})


def _grant_of_film(grant: Grant, seen: Received) -> Grant:
    """What of the images may stand on the exam's film: its shared series, also where the images themselves are left out."""
    if seen.view is None:
        return grant
    studies, series = seen.view.images(seen.found.exam.id)
    return replace(grant, hospitals=frozenset(), studies=studies, series=series, _by_study={})


@dataclass(frozen=True, slots=True)
class FilmReceived:
    """A film under a mask, with those pages of it that may leave."""

    of: Film
    film: MaskedFilm
    pages: tuple[MaskedPage, ...]


async def film_received(services: Services, grant: Grant, seen: Received, at: datetime) -> FilmReceived | None:
    """The film of an exam under the mask of a grant: the first of its films of which a page may leave."""
    assert seen.whose is not None, "a film without a mask is sent as it is"
    if not seen.has(Part.FILM):
        return None
    grant = _grant_of_film(grant, seen)
    veil = await veil_of(services, grant, at)
    shelf = Shelf(services.tiers, services.replicas)
    hospital, exam = seen.found.hospital, seen.told.exam
    record = masked.patient(await _patient(seen.found.exam))
    for film in await films.standing(exam.id):
        if film.source is FilmSource.HOSPITAL and seen.view is not None and exam.id in seen.view.series:
            continue  # nobody knows which series a printed page shows
        kept = await films.pages_of(film)
        headers = [masked_header(hospital, record, exam, n, len(kept)) for n in range(1, len(kept) + 1)]
        shown = MaskedFilm(veil, services.reader, grant, shelf, film)
        pages = await shown.pages(kept, headers)
        if pages:
            leading = pages if seen.has(Part.IMAGES) else [replace(each, cells=()) for each in pages]
            return FilmReceived(film, shown, tuple(leading))
    return None


async def report_picture(services: Services, grant: Grant, seen: Received) -> Picture | None:
    """The middle picture of the film that leaves under a mask, for the report; None where none does."""
    shown = await film_received(services, grant, seen, now())
    cells = [(page, cell) for page in shown.pages for cell in page.cells] if shown else []
    if shown is None or not cells:
        return None
    page, cell = cells[len(cells) // 2]
    content = await shown.film.jpeg(page, None)
    return await asyncio.to_thread(of_cell, content, cell, seen.found.exam)


@dataclass(frozen=True, slots=True)
class Counted:
    """What of an exam is there for the holder of a link: film pages, images, and studies by the UIDs that they have there."""

    films: int
    images: int
    studies: tuple[str, ...]


async def counted_of(services: Services, grant: Grant, seen: Received) -> Counted | None:
    """Series that are not shared, and what stays here under a mask, do not count; None where everything does."""
    exam = seen.found.exam.id
    if seen.view is None or (seen.whose is None and exam not in seen.view.series and exam not in seen.view.parts):
        return None
    at = now()
    veil = await veil_of(services, grant, at) if grant.masked else None
    found = [await _images(Asker(grant, at, veil), uid) for uid in seen.found.studies]
    pages = await _pages(services, grant, seen, at)
    shown = [many for many in found if many]
    return Counted(pages, sum(map(len, shown)), tuple(many[0].study_uid for many in shown))


async def _pages(services: Services, grant: Grant, seen: Received, at: datetime) -> int:
    if seen.whose is not None:
        masked_film = await film_received(services, grant, seen, at)
        return len(masked_film.pages) if masked_film else 0
    film = await films.shown(seen.found.exam.id)
    kept = await films.pages_of(film) if film else []
    return len(kept) if film is not None and may_see_film(grant, seen, film, kept) else 0


async def _images(asker: Asker, study_uid: str) -> list[Located]:
    veil = asker.veil
    try:
        masked_uid = veil.masked_uid(study_uid) if veil else study_uid
        return await instances(asker, Place(masked_uid))
    except NotFound:
        return []


def may_see_film(grant: Grant, seen: Received, film: Film, kept: Sequence[FilmPage]) -> bool:
    """Of a share of single series a film only when all its pictures are of those; under a mask each picture is asked alone."""
    if not seen.has(Part.FILM):
        return False
    if seen.whose is not None or seen.view is None or seen.found.exam.id not in seen.view.series:
        return True
    cells = [cell for each in kept for cell in each.cells]
    hospital, may = film.hospital_id, _grant_of_film(grant, seen)
    return bool(cells) and all(may.allows(hospital, str(cell["study"]), str(cell["series"])) for cell in cells)


async def patient_of(seen: Received) -> PatientRecord:
    """The patient of the exam, masked where the share is."""
    record = await _patient(seen.found.exam)
    return record if seen.whose is None else masked.patient(record)


async def _patient(exam: Exam) -> PatientRecord:
    return await lineage.survivor(await PatientRecord.get(id=exam.record_id))
