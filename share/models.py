"""Tables of shares: what a patient showed to whom and for how long, who came, and which exams are sensitive."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Share(Model):
    """Some exams that a person lets others see. Its link (kind share, subject the id here) keeps token, tries and end."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "identity.Person", related_name="shares", on_delete=fields.RESTRICT, description="who shares"
    )
    person_id: str
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="shares", on_delete=fields.RESTRICT, description="of its newest exam: signs the QR"
    )
    hospital_id: str
    mask = fields.BooleanField(description="nothing leaves that tells whose it is")
    mask_key = fields.CharField(max_length=64, description="random key of the mask, in hex: one share, one mapping of UIDs")
    allow_download = fields.BooleanField(description="files may be taken along as a whole")
    pinned = fields.BooleanField(description="reports stay at the version of the day")
    face_to_face = fields.BooleanField(description="no passcode: shown to somebody who stands there")
    passcode_hash = fields.CharField(max_length=160, null=True, description="scrypt of the passcode, null = none")
    wrong_tries = fields.IntField(default=0, description="passcodes that were looked at and wrong")
    max_opens = fields.IntField(null=True, description="so many openings, null = any")
    opens = fields.IntField(default=0, description="openings so far")
    created_at = fields.DatetimeField(description="when")
    not_before = fields.DatetimeField(null=True, description="beginning of its life, null = at once")
    expires_at = fields.DatetimeField(description="end of its life")
    first_opened_at = fields.DatetimeField(null=True, description="first opening, of which the owner was told")
    locked_at = fields.DatetimeField(null=True, description="too many wrong passcodes, of which the owner was told")
    revoked_at = fields.DatetimeField(null=True, description="stopped by its owner")

    class Meta:
        table = "share"
        indexes = (Index(fields=("person_id", "id")), Index(fields=("hospital_id",)))


class ShareExam(Model):
    """One exam of a share, whole or some of its series."""

    id = fields.BigIntField(primary_key=True, description="row id")
    share: fields.ForeignKeyRelation[Share] = fields.ForeignKeyField(
        "share.Share", related_name="exams", on_delete=fields.RESTRICT, description="of which share"
    )
    share_id: str
    exam: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="shares", on_delete=fields.RESTRICT, description="which exam"
    )
    exam_id: str
    place = fields.IntField(description="from 0, as the owner listed them")
    series: fields.JSONField[list[list[str]] | None] = fields.JSONField(
        null=True, description="pairs of study and series UID, null = the whole exam"
    )
    report_version = fields.IntField(null=True, description="of a pinned share")
    sensitive = fields.BooleanField(description="the owner was asked again about this one, and agreed")

    class Meta:
        table = "share_exam"
        unique_together = (("share", "exam"),)
        indexes = (Index(fields=("exam_id",)),)


class ShareVisit(Model):
    """Somebody opened a share, or typed a wrong passcode."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    share: fields.ForeignKeyRelation[Share] = fields.ForeignKeyField(
        "share.Share", related_name="visits", on_delete=fields.RESTRICT, description="which share"
    )
    share_id: str
    at = fields.DatetimeField(description="when")
    kind = fields.CharField(max_length=16, description="opened or wrong-passcode")
    session = fields.CharField(max_length=36, default="", description="of who opened it, as in the audit trail")
    said = fields.BinaryField(null=True, description="hospital and name as the visitor stated them, encrypted")
    address = fields.CharField(max_length=64, description="network address")
    device = fields.CharField(max_length=32, description="coarse kind of device")

    class Meta:
        table = "share_visit"
        indexes = (Index(fields=("share_id", "id")),)


class SharePickup(Model):
    """A pick-up code: typed in place of scanning, good once and for minutes."""

    index = fields.CharField(max_length=64, primary_key=True, description="keyed hash of the code")
    share: fields.ForeignKeyRelation[Share] = fields.ForeignKeyField(
        "share.Share", related_name="pickups", on_delete=fields.RESTRICT, description="what it leads to"
    )
    share_id: str
    expires_at = fields.DatetimeField(description="end of its life")

    class Meta:
        table = "share_pickup"
        indexes = (Index(fields=("share_id",)), Index(fields=("expires_at",)))


class ShareRequest(Model):
    """What an Idempotency-Key of a person's phone made."""

    key = fields.CharField(max_length=64, primary_key=True, description="keyed hash of person and Idempotency-Key")
    body_sha256 = fields.CharField(max_length=64, description="of what was asked for")
    share: fields.OneToOneRelation[Share] = fields.OneToOneField(
        "share.Share", related_name="request", on_delete=fields.RESTRICT, description="what was made"
    )
    share_id: str
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "share_request"
        indexes = (Index(fields=("at",)),)


class SensitiveExam(Model):
    """The patient's own mark: this exam is in no share unless it was asked for by itself."""

    exam: fields.OneToOneRelation[Any] = fields.OneToOneField(
        "records.Exam", related_name="sensitive_mark", primary_key=True, on_delete=fields.RESTRICT, description="which exam"
    )
    exam_id: str
    person: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "identity.Person", related_name="sensitive_marks", on_delete=fields.RESTRICT, description="who marked it"
    )
    person_id: str
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "sensitive_exam"
