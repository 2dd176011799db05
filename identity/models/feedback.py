"""Tables of feedback and of what became of it."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from identity.models.links import IssuedLink
from identity.models.persons import Person
from infra.tables import Model


class Feedback(Model):
    """What a person writes to a hospital, and where it stands. The words are in its entries."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="feedbacks", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="feedbacks", on_delete=fields.RESTRICT, null=True, description="who wrote it"
    )
    person_id: str | None
    link: fields.ForeignKeyNullableRelation[IssuedLink] = fields.ForeignKeyField(
        "identity.IssuedLink", related_name="feedbacks", on_delete=fields.RESTRICT, null=True, description="who proved it did"
    )
    link_id: str | None
    exam: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "records.Exam", related_name="feedbacks", on_delete=fields.RESTRICT, null=True, description="about which exam"
    )
    exam_id: str | None
    kind = fields.CharField(max_length=16, description="cannot-see, wrong-data, complaint, praise or other")
    page = fields.CharField(max_length=40, default="", description="name of the page where it was written")
    state = fields.CharField(max_length=16, description="received, handling, answered, closed or withdrawn")
    contact = fields.BinaryField(null=True, description="phone number for an answer, encrypted")
    handler = fields.CharField(max_length=64, default="", description="who of the hospital took it, pseudonymous")
    checked = fields.CharField(max_length=8, default="", description="WeChat's check of its words: pass, review or risky")
    key = fields.CharField(max_length=64, null=True, unique=True, description="keyed hash of author and Idempotency-Key")
    asked = fields.CharField(max_length=64, description="keyed hash of all that was said with that key")
    created_at = fields.DatetimeField(description="when it came")
    changed_at = fields.DatetimeField(description="when it was last written to, or its state changed")

    class Meta:
        table = "feedback"
        indexes = (
            Index(fields=("hospital_id", "state", "id")),
            Index(fields=("person_id", "id")),
            Index(fields=("link_id", "id")),
        )


class FeedbackEntry(Model):
    """One piece of what was written about a feedback: by who began it, or by the hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    feedback: fields.ForeignKeyRelation[Feedback] = fields.ForeignKeyField(
        "identity.Feedback", related_name="entries", on_delete=fields.RESTRICT, description="of which"
    )
    feedback_id: str
    by_hospital = fields.BooleanField(description="an answer")
    subject = fields.CharField(max_length=64, description="who wrote it, pseudonymous")
    sealed = fields.BinaryField(description="the text, encrypted")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "feedback_entry"
        indexes = (Index(fields=("feedback_id", "id")),)
