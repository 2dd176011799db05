"""Tables of what happens at the hospital: pairing a phone with a kiosk or the desk, and what was done there for a patient."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from identity.models.persons import Person
from infra.tables import Model


class PairingCode(Model):
    """A code on a person's phone that tells a kiosk or the desk which account is theirs. One a person, good once."""

    person: fields.OneToOneRelation[Person] = fields.OneToOneField(
        "identity.Person", related_name="pairing_code", primary_key=True, on_delete=fields.RESTRICT, description="whose"
    )
    person_id: str
    index = fields.CharField(max_length=64, unique=True, description="keyed hash of the code")
    expires_at = fields.DatetimeField(description="end of its life")

    class Meta:
        table = "pairing_code"


class Attestation(Model):
    """What a kiosk or the desk did for a patient, and by which evidence. Rows are only ever added."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="attestations", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="attestations", on_delete=fields.RESTRICT, description="about whom"
    )
    record_id: str
    action = fields.CharField(max_length=16, description="bind, unbind, let-in, let-out or child-agreed")
    target = fields.CharField(max_length=36, description="id of the binding or proxy")
    role = fields.CharField(max_length=16, description="kiosk or guide")
    subject = fields.CharField(max_length=64, description="which kiosk or guide, pseudonymous")
    session = fields.CharField(max_length=36, description="of that kiosk or guide")
    evidence: fields.JSONField[list[dict[str, str]]] = fields.JSONField(
        description="kinds of cards or papers that were seen, of each number its keyed hash at most"
    )
    reason = fields.CharField(max_length=24, default="", description="of what was taken back, one of a few words")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "attestation"
        indexes = (Index(fields=("hospital_id", "at")), Index(fields=("target",)))
