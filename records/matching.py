"""Exam and study find each other by accession number and patient, whichever came first; what is doubtful waits for a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from archive import retention
from archive.models import Study
from core import clock
from core.errors import NotFound
from core.uids import uuid7
from records import filmplacing, filmwork, lineage, names, waiting
from records.models import Exam, ExamStudy, Hospital, How, Images, PatientRecord, RecordChange
from records.waiting import OTHER_PATIENT, SEVERAL_EXAMS, STUDY
from records.writing import Outcome, Said, writing

CHOOSE = "choose"


async def study_arrived(hospital: str, study_uid: str) -> bool:
    """Find the exam of a study; true when other people may see it now. Asked again, it changes nothing."""
    async with writing(hospital):
        study = await Study.get_or_none(hospital_id=hospital, study_instance_uid=study_uid)
        if study is None:
            return False
        settled = await _settle(study)
        return await filmplacing.look_again(hospital, "", [study_uid], clock.now()) or settled


async def exam_changed(exam: Exam) -> bool:
    """Find the studies of an exam inside the caller's transaction; true when other people may see them now."""
    told = [link.study_uid for link in await ExamStudy.filter(exam_id=exam.id)]
    here = Study.filter(hospital_id=exam.hospital_id)
    studies = await here.filter(study_instance_uid__in=told)
    studies += await here.filter(accession_number=exam.accession)
    moved = [await _settle(study) for study in {study.id: study for study in studies}.values()]
    await _tell_retention(exam, studies)
    uids = [study.study_instance_uid for study in studies]
    return await filmplacing.look_again(exam.hospital_id, exam.accession, uids, clock.now()) or any(moved)


async def patient_came(record: PatientRecord) -> bool:
    """Inside the caller's transaction: now that this patient is known, studies under that number may be settled anew."""
    studies = await Study.filter(hospital_id=record.hospital_id, patient_id=record.patient_id)
    return any([await _settle(study) for study in studies])


async def choose(exam: Exam, study_uid: str, *, subject: str, now: datetime) -> Said:
    """A person decides that a study is that exam's and no other's. Raises NotFound."""
    async with writing(exam.hospital_id):
        study = await Study.get_or_none(hospital_id=exam.hospital_id, study_instance_uid=study_uid)
        if study is None:
            raise NotFound("no such study")
        links = await _links(study)
        if [(link.exam_id, link.how) for link in links] == [(exam.id, How.CHOSEN)]:
            return Said(Outcome.SAME, exam.id)
        await ExamStudy.filter(id__in=[link.id for link in links]).delete()
        await ExamStudy.create(exam_id=exam.id, study_uid=study_uid, how=How.CHOSEN, confirmed=True)
        await waiting.remove(exam.hospital_id, STUDY, (study_uid,))
        await filmplacing.look_again(exam.hospital_id, "", [study_uid], now)
        await _now_here(study)
        detail = {"before": [link.exam_id for link in links]}
        await RecordChange.create(
            id=uuid7(),
            hospital_id=exam.hospital_id,
            kind=CHOOSE,
            source=exam.id,
            target=study_uid,
            detail=detail,
            subject=subject,
            at=now,
        )
        await filmwork.exams_changed([exam.id, *detail["before"]], now)
        return Said(Outcome.CHANGED, exam.id, moved=True)


async def _settle(study: Study) -> bool:
    links = await _links(study)
    if any(link.how == How.CHOSEN for link in links):
        return False
    told = [link for link in links if link.how == How.TOLD]
    moved = await _confirm(study, told) if told else await _match(study, links)
    await _now_here(study)
    if moved:
        await filmwork.study_found(study, clock.now())
    return moved


async def _now_here(study: Study) -> None:
    """A former vendor's exam whose pictures have come is one of ours from now on."""
    links = await ExamStudy.filter(
        study_uid=study.study_instance_uid,
        confirmed=True,
        exam__hospital_id=study.hospital_id,
        exam__images=Images.ELSEWHERE,
    )
    if links:
        await Exam.filter(id__in=[link.exam_id for link in links]).update(images=Images.HERE)


async def _links(study: Study) -> list[ExamStudy]:
    of_hospital = ExamStudy.filter(exam__hospital_id=study.hospital_id, study_uid=study.study_instance_uid)
    return await of_hospital.prefetch_related("exam")


async def _confirm(study: Study, told: Iterable[ExamStudy]) -> bool:
    """The hospital named the study: believed, unless the study is known to be of another patient."""
    owner = await _owner(study)
    moved, doubtful = False, False
    for link in told:
        agrees = owner is None or link.exam.record_id in (None, owner.id)
        doubtful |= not agrees
        if link.confirmed != agrees:
            await ExamStudy.filter(id=link.id).update(confirmed=agrees)
            moved = True
    await _wait(study, OTHER_PATIENT if doubtful else None)
    return moved


async def _match(study: Study, links: list[ExamStudy]) -> bool:
    """Nobody named the study: the one exam of its accession number and patient."""
    exams = await Exam.filter(hospital_id=study.hospital_id, accession=study.accession_number) if study.accession_number else []
    owner = await _owner(study)
    agreeing = _of_its_modality(study, [exam for exam in exams if await _is_of(study, owner, exam)])
    found = agreeing[0] if len(agreeing) == 1 else None
    before = [link.exam_id for link in links]
    await _wait(study, SEVERAL_EXAMS if len(agreeing) > 1 else OTHER_PATIENT if exams and not agreeing else None)
    if before == ([found.id] if found else []):
        return False
    await ExamStudy.filter(id__in=[link.id for link in links]).delete()
    if found is not None:
        await ExamStudy.create(exam_id=found.id, study_uid=study.study_instance_uid, how=How.MATCHED, confirmed=True)
        await _tell_retention(found, [study])
    return True


async def _owner(study: Study) -> PatientRecord | None:
    """The patient of that number, if the hospital has told us of one."""
    return await lineage.known(study.hospital_id, study.patient_id) if study.patient_id else None


async def _is_of(study: Study, owner: PatientRecord | None, exam: Exam) -> bool:
    """Same patient number, before or after a merge; a number that only the PACS knows needs the same name and birth date."""
    if study.patient_id and study.patient_id == exam.patient_id:
        return True
    if owner is not None:
        return owner.id == exam.record_id
    record = await PatientRecord.get_or_none(id=exam.record_id) if exam.record_id else None
    return record is not None and _same_person(study, record)


def _same_person(study: Study, record: PatientRecord) -> bool:
    born = record.birth_date.strftime("%Y%m%d") if record.birth_date else ""
    if not study.patient_birth_date or study.patient_birth_date != born:
        return False
    return any(names.same(group, record.name) for group in study.patient_name.split("="))


def _of_its_modality(study: Study, exams: list[Exam]) -> list[Exam]:
    """Where several systems number alike, the modality may tell them apart."""
    fitting = [exam for exam in exams if exam.modality and f"\\{exam.modality}\\" in study.modalities]
    return fitting if len(fitting) == 1 else exams


async def _wait(study: Study, reason: str | None) -> None:
    place = (study.study_instance_uid,)
    if reason is None:
        await waiting.remove(study.hospital_id, STUDY, place)
        return
    await waiting.add(study.hospital_id, STUDY, place, reason)


async def _tell_retention(exam: Exam, studies: Iterable[Study]) -> None:
    if not exam.visit_kind:
        return
    confirmed = {link.study_uid for link in await ExamStudy.filter(exam_id=exam.id, confirmed=True)}
    zone = ZoneInfo((await Hospital.get(code=exam.hospital_id)).zone)
    for study in studies:
        if study.study_instance_uid in confirmed:
            await retention.tell_visit(study, exam.visit_kind, exam.visit_ended_at, zone)
