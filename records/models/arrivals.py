"""Tables of what hospitals' systems sent: each change, what waits for a person to decide, and what was answered."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model
from records.models.hospitals import Hospital


class RecordChange(Model):
    """A decision about whose something is, with enough to undo it."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="changes", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    kind = fields.CharField(max_length=16, description="merge, unmerge, rematch or choose")
    source = fields.CharField(max_length=36, description="id of the record or exam")
    target = fields.CharField(max_length=64, description="id of the record, or UID of the study")
    detail: fields.JSONField[dict[str, Any]] = fields.JSONField(description="our ids that moved, so that it can be undone")
    subject = fields.CharField(max_length=64, description="who decided, pseudonymous")
    at = fields.DatetimeField(description="when")
    undone_at = fields.DatetimeField(null=True, description="when it was taken back")

    class Meta:
        table = "record_change"
        indexes = (Index(fields=("hospital_id", "kind", "source")),)


class Waiting(Model):
    """What came before the thing that it belongs to, or what a person must decide."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="waiting", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    kind = fields.CharField(max_length=8, description="exam, report or study")
    key = fields.CharField(max_length=200, description="what it waits for, in one text")
    digest = fields.CharField(max_length=64, default="", description="of the payload: the same is kept once")
    payload = fields.BinaryField(null=True, description="what came, encrypted")
    reason = fields.CharField(max_length=32, description="why it waits, one of a few words")
    created_at = fields.DatetimeField(auto_now_add=True, description="since when")

    class Meta:
        table = "waiting"
        unique_together = (("hospital", "kind", "key", "digest"),)
        indexes = (Index(fields=("hospital_id", "created_at")),)


class Hl7Message(Model):
    """An HL7 message that could not be taken: a person reads it, mends the cause and replays it."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="hl7_messages", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    control_id = fields.CharField(max_length=64, default="", description="MSH-10")
    message_type = fields.CharField(max_length=16, default="", description="MSH-9, such as ORU^R01")
    digest = fields.CharField(max_length=64, description="of the bytes: the same message is kept once")
    sealed = fields.BinaryField(description="the bytes as they came, encrypted")
    error = fields.CharField(max_length=300, description="why it could not be taken")
    received_at = fields.DatetimeField(description="when it came last")
    replayed_at = fields.DatetimeField(null=True, description="when it was taken after all")

    class Meta:
        table = "hl7_message"
        unique_together = (("hospital", "digest"),)


class IdempotencyKey(Model):
    """What an Idempotency-Key of a hospital's system was answered with."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="idempotency_keys", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    key_sha256 = fields.CharField(max_length=64, description="of the key, hex")
    asked_sha256 = fields.CharField(max_length=64, description="of what was asked with it, hex")
    subject = fields.CharField(max_length=36, description="id of what came of it")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "idempotency_key"
        unique_together = (("hospital", "key_sha256"),)
