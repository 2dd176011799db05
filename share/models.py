"""Tables of shares: what a patient showed to whom and for how long, who came, and which exams are sensitive."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


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
    parts: fields.JSONField[list[str] | None] = fields.JSONField(
        null=True, description="which of report, film and images, null = all of them"
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
    address = fields.CharField(max_length=64, description="network address, empty after its term")
    device = fields.CharField(max_length=32, description="coarse kind of device, empty after its term")
    traced_at = fields.DatetimeField(null=True, description="when, as long as address and device are kept")

    class Meta:
        table = "share_visit"
        indexes = (Index(fields=("share_id", "id")), Index(fields=("traced_at",)))


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


class ThirdParty(Model):
    """A system outside the hospitals that a hospital lets in for some purposes. Of its secret only the hash is kept."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7, its client id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="third_parties", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    name = fields.CharField(max_length=128, description="as patients read it")
    purposes: fields.JSONField[list[str]] = fields.JSONField(description="treatment, insurance, research, ai")
    secret_sha256 = fields.CharField(max_length=64, description="of its secret, which has 256 random bits")
    created_at = fields.DatetimeField(description="when it was let in")
    revoked_at = fields.DatetimeField(null=True, description="since when it gets nothing any more")

    class Meta:
        table = "third_party"
        indexes = (Index(fields=("hospital_id", "id")),)


class Authorisation(Model):
    """A third party may fetch exams for one purpose until a moment: the listed ones, or all of one patient."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    third_party: fields.ForeignKeyRelation[ThirdParty] = fields.ForeignKeyField(
        "share.ThirdParty", related_name="authorisations", on_delete=fields.RESTRICT, description="who may fetch"
    )
    third_party_id: str
    purpose = fields.CharField(max_length=16, description="what for")
    person: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "identity.Person", related_name="authorisations", on_delete=fields.RESTRICT, null=True, description="null = hospital"
    )
    person_id: str | None
    record: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="authorisations", on_delete=fields.RESTRICT, null=True, description="all of whom"
    )
    record_id: str | None
    given_by = fields.CharField(max_length=64, description="who gave it, pseudonymous")
    given_at = fields.DatetimeField(description="when")
    expires_at = fields.DatetimeField(description="end of its term")
    revoked_at = fields.DatetimeField(null=True, description="taken back before that")

    exams: fields.ReverseRelation[AuthorisedExam]

    class Meta:
        table = "authorisation"
        indexes = (Index(fields=("third_party_id", "purpose", "expires_at")), Index(fields=("record_id",)))


class AuthorisedExam(Model):
    """One exam of an authorisation, as long as it is of the patient that it was of."""

    id = fields.BigIntField(primary_key=True, description="row id")
    authorisation: fields.ForeignKeyRelation[Authorisation] = fields.ForeignKeyField(
        "share.Authorisation", related_name="exams", on_delete=fields.RESTRICT, description="of which authorisation"
    )
    authorisation_id: str
    exam: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="authorisations", on_delete=fields.RESTRICT, description="which exam"
    )
    exam_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="authorised_exams", on_delete=fields.RESTRICT, description="whose it was"
    )
    record_id: str
    sensitive = fields.BooleanField(description="the patient was asked again about this one, and agreed")

    class Meta:
        table = "authorised_exam"
        unique_together = (("authorisation", "exam"),)
        indexes = (Index(fields=("exam_id",)), Index(fields=("record_id",)))


class HealthLink(Model):
    """A share as a SMART Health Link. Address and key of its files come from a secret that is kept nowhere."""

    hash = fields.CharField(max_length=64, primary_key=True, description="keyed hash of the secret")
    share: fields.ForeignKeyRelation[Share] = fields.ForeignKeyField(
        "share.Share", related_name="health_links", on_delete=fields.RESTRICT, description="what it opens"
    )
    share_id: str
    created_at = fields.DatetimeField(description="when")
    revoked_at = fields.DatetimeField(null=True, description="a newer one took its place")

    class Meta:
        table = "health_link"
        indexes = (Index(fields=("share_id",)),)
