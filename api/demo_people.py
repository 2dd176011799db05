"""The demo's patient: known to two hospitals, already bound at both, with exams and reports. Nobody here exists."""

from __future__ import annotations

import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from api.operator import operator_entry
from api.people import People
from identity import consents
from identity.bindings import Claim
from identity.models import Binding, PersonPhone
from infra.audit import Trail
from notify import rules
from records import exams, hospitals, identifiers, patients, reports
from records.exams import ExamFields, ExamKey
from records.hospitals import Told
from records.patients import Patient
from records.reports import ReportSaid
from records.writing import writing

DATA = Path(__file__).parent / "data" / "demo.toml"
SUBJECT = "demo"
_EXAM_FIELDS = ("category", "modality", "body_part", "item", "department", "visit_kind", "visit_number")
_REPORT_FIELDS = ("status", "findings", "impression", "reporting_doctor", "verifying_doctor")


async def introduce(people: People, trail: Trail, at: datetime) -> int:
    """Tell all of it to hospitals that are set up; how many exams are new. What is there already stays as it is."""
    for said in story()["hospitals"]:
        await _introduce_at(people, trail, said)
    person = await people.persons.of_phone(phone(), at)
    for said in story()["hospitals"]:
        await _bind(people, trail, person, said["code"], at)
    await _agree_to_sharing(people, person, at)
    return sum([await _tell_exam(people, said, at) for said in story()["exams"]])


async def patient_of_demo(people: People) -> str | None:
    """Id of the person who is the demo's patient; None where nobody is, or where she has taken her bindings back."""
    held = await PersonPhone.get_or_none(index=people.sealer.index(identifiers.PHONE, phone()))
    bound = held is not None and await Binding.exists(person_id=held.person_id, revoked_at=None)
    return held.person_id if held is not None and bound else None


@cache
def story() -> dict[str, Any]:
    """The data file as it is."""
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


def phone() -> str:
    """The patient's phone, normalized."""
    return identifiers.phone(story()["patient"]["phone"]).number


async def _introduce_at(people: People, trail: Trail, said: dict[str, Any]) -> None:
    patient, code = story()["patient"], said["code"]
    told = Told(help_phone=said["help_phone"], alias=said["alias"], policies=said["policies"])
    record = Patient(
        name=patient["name"],
        sex=patient["sex"],
        birth_date=patient["birth_date"],
        phones=(patient["phone"],),
        identifiers=(("id_card", patient["id_card"]),),
    )
    await hospitals.put(code, told)
    await rules.put(code, {"images_expected": []})  # who tries it out without images waits for none
    await patients.put(people.sealer, code, said["patient_id"], record)
    await trail.record(operator_entry(code, action="put-patient", what=SUBJECT))


async def _bind(people: People, trail: Trail, person: str, code: str, at: datetime) -> None:
    if code in {binding.hospital_id for binding in await people.bindings.of(person)}:
        return
    patient = story()["patient"]
    await people.bindings.bind(person, Claim(code, "id_card", patient["id_card"], patient["name"]), "local", at)
    await trail.record(operator_entry(code, action="bind", what=SUBJECT))


async def _agree_to_sharing(people: People, person: str, at: datetime) -> None:
    """So that a newcomer can share at once; an answer that was given already stays."""
    terms = next(each for each in consents.for_everybody() if each.kind == consents.REMOTE_SHARING)
    if terms.kind not in await people.consents.given(person):
        await people.consents.give(person, terms.kind, terms.version, at)


async def _tell_exam(people: People, said: dict[str, Any], at: datetime) -> bool:
    """True when the exam is new. It and its reports come in one commit, so that none is ever left half told."""
    key = ExamKey(said["hospital"], said["accession"])
    async with writing(key.hospital):
        if await exams.find(key) is not None:
            return False
        performed_at = said.get("performed_at") or at.replace(microsecond=0) + timedelta(days=said["in_days"])
        fields: ExamFields = {
            "patient_id": _patient_id(key.hospital),
            "performed_at": performed_at,
            **{name: said[name] for name in _EXAM_FIELDS if name in said},  # type: ignore[typeddict-item]  # named so
        }
        await exams.put(key, fields, study_uids=said.get("studies"), subject=SUBJECT, now=at)
        for report in said.get("reports", ()):
            await reports.put(people.sealer, key, _report(report, performed_at), at)
    return True


def _report(said: dict[str, Any], performed_at: datetime) -> ReportSaid:
    written_at = performed_at + timedelta(hours=said["after_hours"])
    verified_at = written_at if "verifying_doctor" in said else None
    words = {name: said[name].strip() for name in _REPORT_FIELDS if name in said}
    return ReportSaid(**words, reported_at=written_at, verified_at=verified_at)


def _patient_id(hospital: str) -> str:
    return str(next(said["patient_id"] for said in story()["hospitals"] if said["code"] == hospital))
