"""Tables of who may see whose films in a family."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from identity.models.persons import Person
from infra.tables import Model


class FamilyRequest(Model):
    """A person asked a patient to be let in, the code that answers it names them."""

    challenge = fields.CharField(max_length=32, primary_key=True, description="id of the code")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="family_requests", on_delete=fields.RESTRICT, description="who asks"
    )
    person_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="family_requests", on_delete=fields.RESTRICT, description="whose exams"
    )
    record_id: str
    relation = fields.CharField(max_length=16, description="what the patient is to who asks")
    asked_at = fields.DatetimeField(description="when")

    class Meta:
        table = "family_request"
        indexes = (Index(fields=("asked_at",)),)


class Proxy(Model):
    """A person may see another's exams, until the end of the term or until either side takes it back."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="proxies", on_delete=fields.RESTRICT, description="who may see"
    )
    person_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="proxies", on_delete=fields.RESTRICT, description="whose exams"
    )
    record_id: str
    relation = fields.CharField(max_length=16, description="what the patient is to the person")
    evidence = fields.CharField(max_length=16, description="how it was proved: code or papers")
    agreed_at = fields.DatetimeField(null=True, description="when a child of 14 or more agreed to its guardian")
    granted_at = fields.DatetimeField(description="when")
    expires_at = fields.DatetimeField(description="end of the term")
    revoked_at = fields.DatetimeField(null=True, description="taken back")
    live = fields.CharField(max_length=80, null=True, unique=True, description="person and record, null once revoked")

    class Meta:
        table = "proxy"
        indexes = (Index(fields=("person_id", "expires_at")), Index(fields=("record_id",)))


class FamilyReminder(Model):
    """Something about a family permission is due: the worker says so once, if it still holds by then."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    proxy: fields.ForeignKeyRelation[Proxy] = fields.ForeignKeyField(
        "identity.Proxy", related_name="reminders", on_delete=fields.RESTRICT, description="about which permission"
    )
    proxy_id: str
    kind = fields.CharField(max_length=16, description="fourteen-soon, fourteen, eighteen-soon or ends-soon")
    due_at = fields.DatetimeField(description="when it is said")
    done_at = fields.DatetimeField(null=True, description="when it was said, or found to be of no use any more")

    class Meta:
        table = "family_reminder"
        unique_together = (("proxy", "kind"),)
        indexes = (Index(fields=("done_at", "due_at")),)
