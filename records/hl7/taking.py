"""Taking HL7 messages in: each whole or not at all; what cannot be taken is kept for a person, and can be replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.errors import CloudfilmError, Conflict, Malformed, NotFound, RetryLater
from core.uids import uuid7
from infra.database import fitting
from infra.sealing import Sealer
from records import exams, merging, patients, reports
from records.hl7.dialect import Dialect, default
from records.hl7.message import Message, acknowledgement, parse
from records.hl7.reading import Reading
from records.models import Hl7Message, Hospital
from records.writing import writing

SUBJECT = "hl7"
PATIENT_EVENTS = frozenset({"A01", "A02", "A03", "A04", "A05", "A08", "A28", "A31"})
MERGE_EVENTS = frozenset({"A18", "A34", "A40"})


class Code(StrEnum):
    """MSA-1."""

    ACCEPTED = "AA"
    ERROR = "AE"  # kept for a person
    REJECTED = "AR"  # not kept: no message of ours, or of a kind that we do not take


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back, and whether other people may see something now."""

    code: Code
    reply: bytes
    hospital: str = ""
    moved: bool = False


class Rejected(CloudfilmError):
    """Not a message for us."""


class Taking:
    """Takes messages for all hospitals of this installation. `fallback` is whose a message is that names none, or empty."""

    def __init__(self, sealer: Sealer, dialects: Mapping[str, Dialect], fallback: str = "") -> None:
        self._sealer = sealer
        self._dialects = dialects
        self._default = default()
        self._fallback = fallback

    async def take(self, data: bytes, now: datetime) -> Answer:
        """Take one message and say how that went. Raises RetryLater when the database is away: then nothing was kept."""
        try:
            message = parse(data)
            hospital = await self._hospital_of(message)
        except (Malformed, Rejected) as error:
            return Answer(Code.REJECTED, acknowledgement(None, Code.REJECTED, str(error), now, ZoneInfo("UTC")))
        zone = ZoneInfo(hospital.zone)
        try:
            moved = await self._apply(message, hospital.code, zone, now)
        except RetryLater:
            raise
        except Rejected as error:
            return Answer(Code.REJECTED, acknowledgement(message, Code.REJECTED, str(error), now, zone), hospital.code)
        except CloudfilmError as error:
            await self._keep(message, data, hospital.code, str(error), now)
            return Answer(Code.ERROR, acknowledgement(message, Code.ERROR, str(error), now, zone), hospital.code)
        await Hl7Message.filter(hospital_id=hospital.code, digest=_digest(data), replayed_at=None).update(replayed_at=now)
        return Answer(Code.ACCEPTED, acknowledgement(message, Code.ACCEPTED, "", now, zone), hospital.code, moved)

    async def replay(self, dead: Hl7Message, now: datetime) -> Answer:
        """Take a kept message again."""
        return await self.take(self._sealer.open_bytes(dead.sealed), now)

    def text_of(self, dead: Hl7Message) -> str:
        """A kept message as a person reads it."""
        data = self._sealer.open_bytes(dead.sealed)
        return data.decode(parse(data).charset).replace("\r", "\n")

    async def _hospital_of(self, message: Message) -> Hospital:
        senders = {message.first("MSH-3"), message.first("MSH-4")} - {""}
        code = next((code for code, dialect in self._dialects.items() if senders & dialect.senders), None)
        hospitals = {hospital.code: hospital for hospital in await Hospital.all()}
        only = next(iter(hospitals)) if len(hospitals) == 1 else ""
        wanted = (code, message.first("MSH-4"), message.first("MSH-6"), self._fallback, only)
        found = next((hospitals[each] for each in wanted if each in hospitals), None)
        if found is None:
            raise Rejected("no hospital is known by the sender in MSH-3, MSH-4 or the receiver in MSH-6")
        return found

    async def _apply(self, message: Message, hospital: str, zone: ZoneInfo, now: datetime) -> bool:
        """In one transaction: nothing of a message is half written."""
        kind, _, event = message.kind.partition("^")
        dialect = self._dialects.get(hospital, self._default)
        async with writing(hospital):
            if kind == "ADT" and event in MERGE_EVENTS:
                return await self._merge(Reading(message, dialect, zone), hospital, now)
            if kind == "ADT" and event in PATIENT_EVENTS:
                return await self._tell_patient(Reading(message, dialect, zone), hospital)
            if kind in ("ORM", "OMG", "OMI", "ORU"):
                readings = [Reading(order, dialect, zone) for order in message.orders()]
                take = self._report if kind == "ORU" else self._order
                return any([await take(reading, dialect, hospital, now) for reading in readings])
        raise Rejected(f"{fitting(message.kind, 16)} is not taken here")

    async def _tell_patient(self, reading: Reading, hospital: str) -> bool:
        return (await patients.put(self._sealer, hospital, reading.patient_id, reading.patient())).moved

    async def _merge(self, reading: Reading, hospital: str, now: datetime) -> bool:
        """PID is the number that stays, MRG-1 the one that is given up; either may be new to us."""
        for number in (reading.patient_id, reading.merged_id):
            await patients.fill(self._sealer, hospital, number, reading.patient())
        said = await merging.merge(
            hospital, reading.merged_id, reading.patient_id, subject=SUBJECT, now=now, said_at=reading.said_at
        )
        return said.moved

    async def _order(self, reading: Reading, _dialect: Dialect, hospital: str, now: datetime) -> bool:
        moved = await self._know_patient(reading, hospital)
        return await self._tell_exam(reading, hospital, now) or moved

    async def _report(self, reading: Reading, dialect: Dialect, hospital: str, now: datetime) -> bool:
        key, said = reading.exam_key(hospital), reading.report()
        moved = await self._know_patient(reading, hospital)
        exam = await exams.find(key)
        if exam is None and dialect.setting("report_makes_exam"):
            moved |= await self._tell_exam(reading, hospital, now)
        elif exam is not None and not await exams.is_of(exam, reading.patient_id):
            raise Conflict("the report names another patient than its exam")
        return (await reports.put(self._sealer, key, said, now)).moved or moved

    async def _know_patient(self, reading: Reading, hospital: str) -> bool:
        """An order knows its patient in passing: ADT and the interface know more."""
        return (await patients.fill(self._sealer, hospital, reading.patient_id, reading.patient())).moved

    async def _tell_exam(self, reading: Reading, hospital: str, now: datetime) -> bool:
        key = reading.exam_key(hospital)
        said = await exams.put(key, reading.exam(now), study_uids=reading.study_uids(), subject=SUBJECT, now=now)
        return await reports.exam_came(self._sealer, key, now) or said.moved

    async def _keep(self, message: Message, data: bytes, hospital: str, error: str, now: datetime) -> None:
        """Once for the same bytes, with its newest reason."""
        row = Hl7Message(
            id=uuid7(),
            hospital_id=hospital,
            control_id=fitting(message.control_id, 64),
            message_type=fitting(message.kind, 16),
            digest=_digest(data),
            sealed=self._sealer.seal_bytes(data),
            error=fitting(error, 300),
            received_at=now,
        )
        await Hl7Message.bulk_create([row], ignore_conflicts=True)
        same = Hl7Message.filter(hospital_id=hospital, digest=row.digest)
        await same.update(error=row.error, received_at=now, replayed_at=None)


async def dead(hospital: str | None, limit: int) -> list[Hl7Message]:
    """Messages that a person must look at, newest first."""
    rows = Hl7Message.filter(replayed_at=None, **({"hospital_id": hospital} if hospital else {}))
    return await rows.order_by("-id").limit(limit)


async def kept(message_id: str) -> Hl7Message:
    """One of them; raises NotFound."""
    row = await Hl7Message.get_or_none(id=message_id)
    if row is None:
        raise NotFound(f"no message is kept under {message_id}")
    return row


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
