"""Tables of patients, as their hospitals know them."""

from __future__ import annotations

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model
from records.models.hospitals import Hospital


class PatientRecord(Model):
    """One patient number of one hospital. A person may have several, in several hospitals."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="patients", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    patient_id = fields.CharField(max_length=64, description="the hospital's number of this patient")
    name = fields.CharField(max_length=128, description="as the hospital writes it")
    name_folded = fields.CharField(max_length=256, description="the form in which names are compared")
    sex = fields.CharField(max_length=1, default="", description="M, F, O or empty")
    birth_date = fields.DateField(null=True, description="if known")
    flags: fields.JSONField[list[str]] = fields.JSONField(default=list, description="what is wrong with its data, in words")
    merged_into: fields.ForeignKeyNullableRelation[PatientRecord] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="merged", on_delete=fields.RESTRICT, null=True, description="which one counts"
    )
    merged_into_id: str | None
    deceased_on = fields.DateField(null=True, description="day of death, if told")
    said_at = fields.DatetimeField(null=True, description="time of the HL7 message that it comes from")
    created_at = fields.DatetimeField(auto_now_add=True, description="when we first heard of it")
    updated_at = fields.DatetimeField(auto_now=True, description="last change")

    class Meta:
        table = "patient_record"
        unique_together = (("hospital", "patient_id"),)
        indexes = (Index(fields=("merged_into_id",)),)


class PatientPhone(Model):
    """A phone number that the hospital holds for a patient."""

    id = fields.BigIntField(primary_key=True, description="row id")
    record: fields.ForeignKeyRelation[PatientRecord] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="phones", on_delete=fields.RESTRICT, description="whose"
    )
    record_id: str
    sealed = fields.BinaryField(description="the number, encrypted")
    index = fields.CharField(max_length=64, description="keyed hash of the number as +86…, to find it")
    usable = fields.BooleanField(description="a mobile number that can receive a code")

    class Meta:
        table = "patient_phone"
        unique_together = (("record", "index"),)
        indexes = (Index(fields=("index",)),)


class PatientIdentifier(Model):
    """A card or paper by which a patient may be known."""

    id = fields.BigIntField(primary_key=True, description="row id")
    record: fields.ForeignKeyRelation[PatientRecord] = fields.ForeignKeyField(
        "records.PatientRecord", related_name="identifiers", on_delete=fields.RESTRICT, description="whose"
    )
    record_id: str
    kind = fields.CharField(max_length=16, description="id_card, visit_card, …")
    sealed = fields.BinaryField(description="the value, encrypted")
    index = fields.CharField(max_length=64, description="keyed hash of kind and value, to find it")
    usable = fields.BooleanField(description="false for one that cannot be right: kept, never a proof")

    class Meta:
        table = "patient_identifier"
        unique_together = (("record", "kind", "index"),)
        indexes = (Index(fields=("index",)),)
