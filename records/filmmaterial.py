"""What there is to make a film of: the images of an exam's studies, and what is said about them."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from archive import locate
from archive.locate import Located
from archive.models import StoredObject
from core.errors import Conflict
from films import facts
from films.facts import KEY_OBJECTS, ImageFacts, KeyNote
from films.presentation import PRESENTATION_STATES, Presentation, presentation
from films.stack import Material
from records import lineage
from records.models import Exam, ExamStudy, Hospital, PatientRecord

DESCRIBED_AT_ONCE = 500  # instances whose metadata is read together


@dataclass(frozen=True, slots=True)
class Seen:
    """The exam, and all images of its studies: instance → where it lies."""

    exam: Exam
    hospital: Hospital
    record: PatientRecord
    material: Material
    located: Mapping[str, Located]


@dataclass(slots=True)
class _Described:
    """What the metadata of many instances says, gathered lot by lot."""

    images: list[ImageFacts] = field(default_factory=list)
    notes: list[KeyNote] = field(default_factory=list)
    states: list[Presentation] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)

    def of(self, exam: Exam) -> Material:
        return Material(self.images, self.notes, self.states, frozenset(self.rejected), (exam.item, exam.body_part))


async def seen(exam_id: str) -> Seen | None:
    """None when the exam has no patient, no confirmed study or was cancelled: then nobody may see a film of it.

    Raises Conflict for images of two patients.
    """
    exam = await Exam.get_or_none(id=exam_id).prefetch_related("hospital", "record")
    if exam is None or exam.record is None or exam.cancelled_at is not None:
        return None
    links = await ExamStudy.filter(exam_id=exam_id, confirmed=True).order_by("id")
    located: dict[str, Located] = {}
    for link in links:
        located |= {at.sop_uid: at for at in await locate.instances([exam.hospital_id], link.study_uid, None)}
    if not located:
        return None
    described = await _described(located.values())
    await _require_one_patient(exam.hospital_id, described.images)
    return Seen(exam, exam.hospital, exam.record, described.of(exam), located)


async def _described(located: Iterable[Located]) -> _Described:
    by_id = {at.object_id: at for at in located}
    ids = list(by_id)
    gathered = _Described()
    for start in range(0, len(ids), DESCRIBED_AT_ONCE):
        lot = StoredObject.filter(id__in=ids[start : start + DESCRIBED_AT_ONCE])
        rows = await lot.values_list("id", "metadata")
        await asyncio.to_thread(_take_in, gathered, [(by_id[id], bytes(packed)) for id, packed in rows])
    order = {at.sop_uid: place for place, at in enumerate(by_id.values())}
    gathered.images.sort(key=lambda image: order.get(image.instance, 0))
    return gathered


def _take_in(gathered: _Described, lot: Iterable[tuple[Located, bytes]]) -> None:
    for at, packed in lot:
        document: dict[str, Any] = orjson.loads(zlib.decompress(packed))
        if at.sop_class_uid in KEY_OBJECTS:
            gathered.rejected |= facts.rejected(document)
            note = facts.key_note(document)
            gathered.notes += [note] if note else []
        elif at.sop_class_uid in PRESENTATION_STATES:
            gathered.states.append(presentation(document))
        elif at.description is not None:
            image = facts.image(
                document, study=at.study_uid, series=at.series_uid, frames=len(at.extents.frames), drawable=at.decodable
            )
            gathered.images.append(image)


async def _require_one_patient(hospital: str, images: Iterable[ImageFacts]) -> None:
    """Numbers that were merged are one patient."""
    numbers = sorted({image.patient_id for image in images if image.patient_id})
    owners = {number: await lineage.known(hospital, number) for number in numbers} if len(numbers) > 1 else {}
    if len({owner.id if owner else number for number, owner in owners.items()}) > 1:
        raise Conflict("images of two patients do not go onto one film")
