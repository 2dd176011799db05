"""The hospitals, patients and exams of the route matrix: one of each case that its table names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import numpy as np

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.links import LinkKind, Links
from identity.models import Binding, Person, Proxy
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.epoch import sessions_epoch
from infra.settings import Settings, from_environ
from records.models import Exam, Film, Hospital, PatientRecord
from share import authorisations, third_parties
from share.authorisations import Terms
from share.third_parties import Purpose
from tests.parts.installation import Installation
from tests.parts.site import made

CASES = ("own", "other", "foreign", "preliminary", "held", "declined", "unknown")
FILM_SECONDS = 150
NOBODYS = "1.2.3"  # whatever stands there, be it a UID, a number or an id: it does not exist
ROOT_UID = "1.2.826.0.1.3680043.8.498.77"
HOSPITAL = {case: "demo2" if case == "foreign" else "demo" for case in CASES}
PATIENT = {"own": "P1", "other": "P2", "foreign": "P3", "preliminary": "P1", "held": "P1", "declined": "P1"}
SAID: Mapping[str, Mapping[str, object]] = {"held": {"item": "HIV 抗体"}, "declined": {"digital_service": False}}


@dataclass(frozen=True)
class World:
    """Case → parameter of a path → its value; role → token; and tokens that may be used up."""

    url: str
    parameters: Mapping[str, Mapping[str, str]]
    tokens: Mapping[Role, str]
    spare_tokens: Mapping[Role, str]

    def filled(self, template: str, case: str) -> str:
        """The template with each {parameter} as that case has it."""
        return re.sub(r"{(\w+)}", lambda found: self.parameters[case].get(found[1], NOBODYS), template)


def built(installation: Installation) -> World:
    """One of each in a running installation."""
    settings = from_environ({"CLOUDFILM_HOME": str(installation.home)})
    asyncio.run(_opened(settings, _hospitals()))
    staff = asyncio.run(_opened(settings, _staff_tokens(settings)))
    for case in PATIENT:
        _say(installation.url, staff[HOSPITAL[case], Role.HOSPITAL], case)
    asyncio.run(_opened(settings, _films_made()))
    patient, spare, parameters = asyncio.run(_opened(settings, _people(settings)))
    third, spare_third = asyncio.run(_opened(settings, _third_party_tokens(settings, parameters["own"]["exam"])))
    link, spare_link = asyncio.run(_opened(settings, _link_tokens(settings, parameters["own"]["exam"])))
    tokens = {role: token for (code, role), token in staff.items() if code == "demo"}
    spares = asyncio.run(_opened(settings, _staff_tokens(settings)))
    spare_tokens = {role: token for (code, role), token in spares.items() if code == "demo"}
    return World(
        installation.url,
        parameters,
        {**tokens, Role.PATIENT: patient, Role.LINK: link, Role.THIRD_PARTY: third},
        {**spare_tokens, Role.PATIENT: spare, Role.LINK: spare_link, Role.THIRD_PARTY: spare_third},
    )


def _say(url: str, token: str, case: str) -> None:
    """The study first, then its patient, exam and report, so that all is settled when this returns."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        sent = client.post("/dicom-web/studies", content=_file(case), headers={"Content-Type": "application/dicom"})
        assert sent.status_code == 200, sent.text
        patient = {"name": "某某"}
        exam = {
            "patient_id": PATIENT[case],
            "category": "radiology",
            "item": "胸部CT",
            "performed_at": (now() - timedelta(days=1)).isoformat(),
            "study_uids": [_uid(case, 0)],
            **SAID.get(case, {}),
        }
        report = {"status": "preliminary" if case == "preliminary" else "final", "findings": "…"}
        accession = f"/api/v1/hospital/exams/{case.upper()}"
        for path, said in (
            (f"/api/v1/hospital/patients/{PATIENT[case]}", patient),
            (accession, exam),
            (f"{accession}/report", report),
        ):
            answer = client.put(path, json=said)
            assert answer.status_code in (200, 201), answer.text


async def _films_made() -> None:
    """Until the worker has made a film of each exam: the table counts on it."""
    async with asyncio.timeout(FILM_SECONDS):
        while len(await Film.all().distinct().values_list("exam_id", flat=True)) < len(PATIENT):
            await asyncio.sleep(0.1)


def _file(case: str) -> bytes:
    levels = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    uids: dict[str, object] = {level: _uid(case, number) for number, level in enumerate(levels)}
    return made(np.zeros((16, 16), np.uint8), {**uids, "PatientID": PATIENT[case], "StudyDate": "20260101"})


def _uid(case: str, level: int) -> str:
    return f"{ROOT_UID}.{CASES.index(case)}" + ".1" * level


async def _opened(settings: Settings, work: Any) -> Any:
    await open_database(settings)
    try:
        return await work
    finally:
        await close_database()


async def _hospitals() -> None:
    for code in sorted(set(HOSPITAL.values())):
        await Hospital.create(code=code, name=code)


async def _staff_tokens(settings: Settings) -> dict[tuple[str, Role], str]:
    staff = [role for role in Role if role not in (Role.PATIENT, Role.LINK, Role.THIRD_PARTY)]
    return {(code, role): await _token(settings, role, code, "matrix") for code in ("demo", "demo2") for role in staff}


async def _token(settings: Settings, role: Role, hospital: str | None, subject: str) -> str:
    return await issue(settings.keys, role=role, hospital=hospital, subject=subject, life=timedelta(hours=1), now=now())


async def _link_tokens(settings: Settings, exam: str) -> list[str]:
    """Of who proved a link to that exam, twice."""
    epoch = sessions_epoch(settings.home)
    links = Links(settings.keys, epoch)
    token = await links.issue(LinkKind.NOTICE, "demo", exam, now=now())
    epoch.close()
    link = await links.find(token, now())
    return [await _token(settings, Role.LINK, None, link.id) for _ in range(2)]


async def _third_party_tokens(settings: Settings, exam: str) -> list[str]:
    """Of who was authorised to that exam for treatment, twice."""
    who, _ = await third_parties.register("demo", "某医院", [Purpose.TREATMENT], now())
    terms = Terms(who, Purpose.TREATMENT, now() + timedelta(days=1))
    await authorisations.by_hospital("matrix", terms, [await Exam.get(id=exam)], None, now())
    subject = third_parties.subject(who.id, Purpose.TREATMENT)
    return [await _token(settings, Role.THIRD_PARTY, "demo", subject) for _ in range(2)]


async def _people(settings: Settings) -> tuple[str, str, dict[str, dict[str, str]]]:
    """Who is bound to P1, somebody who may be given up, and the parameters of every case."""
    person, stranger, spare = [await Person.create(id=uuid7(), created_at=now()) for _ in range(3)]
    records = {row.patient_id: row for row in await PatientRecord.all()}
    await _bind(person, records["P1"])
    empty = await PatientRecord.create(id=uuid7(), hospital_id="demo2", patient_id="EMPTY", name="某某", name_folded="某某")
    bindings = {"own": await _bind(person, empty), "other": await _bind(stranger, records["P2"])}
    proxies = {"own": await _proxy(stranger, records["P1"]), "other": await _proxy(spare, records["P2"])}
    exams = {exam.accession: exam for exam in await Exam.all()}
    parameters = {case: _parameters(case, exams.get(case.upper()), bindings, proxies) for case in CASES}
    tokens = [await _token(settings, Role.PATIENT, None, each.id) for each in (person, spare)]
    return tokens[0], tokens[1], parameters


def _parameters(case: str, exam: Exam | None, bindings: Mapping[str, str], proxies: Mapping[str, str]) -> dict[str, str]:
    known = {"number": "1", "numbers": "1", "n": "1"}
    known |= {name: found[case] for name, found in (("binding", bindings), ("proxy_id", proxies)) if case in found}
    if exam is None:
        return known
    uids = {name: _uid(case, level) for level, name in enumerate(("study", "series", "instance"))}
    return known | uids | {"exam": exam.id, "accession": exam.accession, "patient_id": exam.patient_id}


async def _bind(person: Person, record: PatientRecord) -> str:
    row = await Binding.create(
        id=uuid7(),
        person_id=person.id,
        hospital_id=record.hospital_id,
        record_id=record.id,
        kind="id_card",
        masked_value="*",
        factors=[],
        proved_at=now(),
        live=f"{person.id}:{record.id}",
    )
    return row.id


async def _proxy(person: Person, record: PatientRecord) -> str:
    row = await Proxy.create(
        id=uuid7(),
        person_id=person.id,
        record_id=record.id,
        relation="parent",
        evidence="code",
        granted_at=now(),
        expires_at=now() + timedelta(days=1),
        live=f"{person.id}:{record.id}",
    )
    return row.id
