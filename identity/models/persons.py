"""Tables of persons, their phones, and the hospital identifiers that are theirs."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class Person(Model):
    """Someone who logs in. Who that is in a hospital's eyes, only a binding says."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7, the pseudonym in tokens and the audit trail")
    created_at = fields.DatetimeField(description="first login")
    deleted_at = fields.DatetimeField(null=True, description="the account was given up")

    class Meta:
        table = "person"


class PersonPhone(Model):
    """A phone that a person proved to hold, by a code or by WeChat's or Alipay's word. One person a phone."""

    index = fields.CharField(max_length=64, primary_key=True, description="keyed hash of the number")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="phones", on_delete=fields.RESTRICT, description="who holds it"
    )
    person_id: str
    sealed = fields.BinaryField(description="the number, encrypted")
    proved_at = fields.DatetimeField(description="last proof")

    class Meta:
        table = "person_phone"


class Binding(Model):
    """A person proved that a hospital's patient record is theirs."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "identity.Person", related_name="bindings", on_delete=fields.RESTRICT, description="who"
    )
    person_id: str
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="bindings", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    record: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="bindings", on_delete=fields.RESTRICT, description="whose record"
    )
    record_id: str
    kind = fields.CharField(max_length=16, description="kind of the identifier that was known")
    masked_value = fields.CharField(max_length=64, description="what may be shown of it")
    factors: fields.JSONField[list[str]] = fields.JSONField(description="what was proved: identifier, name, phone, …")
    proved_at = fields.DatetimeField(description="when")
    revoked_at = fields.DatetimeField(null=True, description="given up, or taken back")
    live = fields.CharField(max_length=80, null=True, unique=True, description="person and record, null once revoked")

    class Meta:
        table = "binding"
        indexes = (Index(fields=("person_id", "revoked_at")), Index(fields=("record_id",)))
