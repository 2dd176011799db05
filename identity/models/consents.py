"""Tables of what a person agreed to, and where the digital service was opened."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from identity.models.persons import Person
from infra.tables import Model


class ServiceEvent(Model):
    """The digital service of an exam was opened or declined, after its notice was answered. Rows are only ever added."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="service_events", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    exam: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="service_events", on_delete=fields.RESTRICT, description="of which exam"
    )
    exam_id: str
    number = fields.IntField(description="of the exam, from 1: of two answers at once, one has it")
    kind = fields.CharField(max_length=8, description="opened or declined")
    way = fields.CharField(max_length=16, description="phone, sms_link, qr, kiosk, desk or his")
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="service_events", on_delete=fields.RESTRICT, null=True, description="if one is known"
    )
    person_id: str | None
    role = fields.CharField(max_length=16, description="of who wrote it down: patient, kiosk, guide, hospital")
    subject = fields.CharField(max_length=64, description="who wrote it down, pseudonymous")
    at = fields.DatetimeField(description="when")
    notice_version = fields.CharField(max_length=32, description="version of the notice that was answered")
    notice_sha256 = fields.CharField(max_length=64, default="", description="of its text, empty where it was not ours")
    fee_class = fields.CharField(max_length=16, description="which price it belongs to")
    fee_state = fields.CharField(max_length=16, description="open, charged, free, waived, included or none")

    class Meta:
        table = "service_event"
        unique_together = (("exam", "number"),)
        indexes = (Index(fields=("hospital_id", "at", "id")), Index(fields=("person_id", "at")))


class Consent(Model):
    """A person agreed to a text, or refused it. A new text asks anew, and what was agreed to can be taken back."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="consents", on_delete=fields.RESTRICT, description="who"
    )
    person_id: str
    kind = fields.CharField(max_length=40, description="to what: group and the code of one, privacy, …")
    agreed = fields.BooleanField(default=True, description="false: the text was read and refused")
    version = fields.CharField(max_length=16, description="beginning of the hash of the text")
    text_sha256 = fields.CharField(max_length=64, description="of the text that was shown")
    given_at = fields.DatetimeField(description="when")
    withdrawn_at = fields.DatetimeField(null=True, description="when it was taken back, or replaced by a newer text")
    live = fields.CharField(max_length=80, null=True, unique=True, description="person and kind, null once withdrawn")

    class Meta:
        table = "consent"
        indexes = (Index(fields=("person_id", "given_at")),)
