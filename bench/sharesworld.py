"""A hospital, a patient who agreed to sharing, an exam of forty slices, and who opens a share of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from core.clock import now
from core.grants import Role
from core.uids import uuid7
from identity.consents import REMOTE_SHARING, Consents
from identity.models import Binding, Person
from identity.sessions import issue
from infra.database import close_database, open_database
from infra.epoch import sessions_epoch
from infra.sealing import Sealer
from infra.settings import Settings, from_environ
from records.models import Hospital, PatientRecord
from tests.archive.samples import instance
from tests.parts.installation import Installation

STUDY, CT = "1.2.826.0.1.3680043.8.498.5", "1.2.840.10008.5.1.4.1.1.2"
SIDE, SLICES = 512, 40


@dataclass(frozen=True)
class World:
    """A patient with one exam of one study, who agreed to sharing."""

    installation: Installation
    settings: Settings
    patient: httpx.Client
    person: str
    exam: str


async def filled(installation: Installation) -> World:
    """What hospital and patient would have said, and the token of the patient's phone."""
    settings = from_environ({"CLOUDFILM_HOME": str(installation.home)})
    await open_database(settings)
    try:
        at = now()
        await Hospital.create(code="demo", name="示范医院")
        system = await issue(
            settings.keys, role=Role.HOSPITAL, hospital="demo", subject="bench", life=timedelta(hours=1), now=at
        )
        exam = await asyncio.to_thread(_told, installation, system)
        person = (await Person.create(id=uuid7(), created_at=at)).id
        await _bind(person, await PatientRecord.get(hospital_id="demo", patient_id="P1"), at)
        await _agree(settings, person, at)
        life = timedelta(hours=1)
        token = await issue(settings.keys, role=Role.PATIENT, hospital=None, subject=person, life=life, now=at)
    finally:
        await close_database()
    phone = httpx.Client(base_url=installation.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    return World(installation, settings, phone, person, exam)


def _told(installation: Installation, token: str) -> str:
    """A patient, a study, its exam and its report; our id of the exam."""
    with httpx.Client(base_url=installation.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as system:
        for number in range(SLICES):
            headers = {"Content-Type": "application/dicom"}
            system.post("/dicom-web/studies", content=_slice(number), headers=headers).raise_for_status()
        hospital = "/api/v1/hospital"
        system.put(
            f"{hospital}/patients/P1", json={"name": "王小东", "sex": "M", "birth_date": "1960-02-03"}
        ).raise_for_status()
        said = {"patient_id": "P1", "category": "radiology", "item": "胸部CT", "study_uids": [STUDY]}
        exam = system.put(f"{hospital}/exams/A1", json={**said, "performed_at": "2026-11-20T08:00:00+08:00"})
        report = {"status": "final", "findings": "右肺上叶见磨玻璃结节。", "impression": "右肺结节。"}
        system.put(f"{hospital}/exams/A1/report", json=report).raise_for_status()
        return str(exam.raise_for_status().json()["id"])


def _slice(number: int) -> bytes:
    """One CT slice, in which no text can stand."""
    rows = np.arange(SIDE, dtype=np.uint16)
    pixels = (rows[:, None] * 3 + rows[None, :] * 2 + number * 7) % 2048
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": f"{STUDY}.1", "SOPInstanceUID": f"{STUDY}.1.{number + 1}"}
    said = {"SOPClassUID": CT, "Modality": "CT", "BurnedInAnnotation": "NO", "PatientName": "WANG^XIAODONG", "PatientID": "P1"}
    more: dict[str, object] = {**uids, **said, "StudyDate": "20261120", "InstanceNumber": number + 1}
    return instance(pixels.astype(np.uint16), transfer_syntax_uid=ExplicitVRLittleEndian, frames=0, planar=0, **more)


async def _bind(person: str, record: PatientRecord, at: datetime) -> None:
    await Binding.create(
        id=uuid7(),
        person_id=person,
        hospital_id="demo",
        record_id=record.id,
        kind="visit_card",
        masked_value="*",
        factors=[],
        proved_at=at,
        live=f"{person}:{record.id}",
    )


async def _agree(settings: Settings, person: str, at: datetime) -> None:
    epoch = sessions_epoch(settings.home)
    consents = Consents(Sealer(settings.keys), epoch)
    terms = next(each for each in await consents.offered(person) if each.kind == REMOTE_SHARING)
    await consents.give(person, REMOTE_SHARING, terms.version, at)
    epoch.close()


def recipient(world: World, *, mask: bool) -> tuple[str, list[str]]:
    """The token of somebody who opened a share, and the paths of its frames below the DICOMweb root."""
    share = world.patient.post("/api/v1/shares", json={"exams": [world.exam], "mask": mask}).raise_for_status().json()
    said = {"token": share["url"].rpartition("/")[2], "passcode": share["passcode_digits"]}
    token = httpx.post(f"{world.installation.url}/api/v1/shares/open", json=said, timeout=60).raise_for_status().json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    found = httpx.get(f"{world.installation.url}/dicom-web/instances", headers=headers, timeout=60).raise_for_status().json()
    names = [[row[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")] for row in found]
    paths = [f"/studies/{study}/series/{series}/instances/{sop}/frames/1" for study, series, sop in names]
    if len(paths) != SLICES:
        raise SystemExit(f"{len(paths)} of {SLICES} images may be seen")
    return str(token["access_token"]), paths
