"""Tables of exams, and of the studies that belong to them."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model
from records.models.hospitals import Hospital
from records.models.patients import PatientRecord


class Images(StrEnum):
    """Where the pictures of an exam are."""

    HERE = "here"
    ELSEWHERE = "elsewhere"  # a former vendor's, of which we know the address at most


class How(StrEnum):
    """Why an exam and a study belong together."""

    TOLD = "told"  # the hospital named the study
    MATCHED = "matched"  # same accession number and patient
    CHOSEN = "chosen"  # a person decided


class Exam(Model):
    """One exam of one patient, as the hospital's systems say it."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="exams", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    campus = fields.CharField(max_length=32, default="", description="code of the place, empty = not told")
    system = fields.CharField(max_length=32, default="", description="which system numbered it, empty = not told")
    accession = fields.CharField(max_length=64, description="accession number")
    record: fields.ForeignKeyNullableRelation[PatientRecord] = fields.ForeignKeyField(
        "records.PatientRecord",
        related_name="exams",
        on_delete=fields.RESTRICT,
        null=True,
        description="null = patient unknown",
    )
    record_id: str | None
    patient_id = fields.CharField(max_length=64, description="the hospital's number of the patient")
    category = fields.CharField(max_length=16, description="radiology, ultrasound, endoscopy, pathology, ecg or lab")
    modality = fields.CharField(max_length=16, default="", description="(0008,0060), if one")
    body_part = fields.CharField(max_length=64, default="", description="in the hospital's words")
    item = fields.CharField(max_length=200, default="", description="what was examined, in the hospital's words")
    performed_at = fields.DatetimeField(description="when, or when it is planned")
    visit_kind = fields.CharField(max_length=16, default="", description="outpatient, inpatient, emergency, checkup or empty")
    visit_number = fields.CharField(max_length=64, default="", description="of the visit or stay")
    visit_ended_at = fields.DatetimeField(null=True, description="end of the visit, or discharge")
    department = fields.CharField(max_length=64, default="", description="who asked for it, code or name")
    digital_service = fields.BooleanField(null=True, description="the patient's choice, null = hospital's default")
    service_chosen = fields.BooleanField(null=True, description="what the patient answered here, after the hospital's word")
    film_printed_at = fields.DatetimeField(null=True, description="when a film was printed, if one was")
    expected: fields.JSONField[dict[str, int] | None] = fields.JSONField(null=True, description="series and instances to come")
    images = fields.CharEnumField(Images, max_length=16, default=Images.HERE, description="where its pictures are")
    elsewhere_url = fields.CharField(max_length=512, default="", description="a former vendor's address of it")
    released_at = fields.DatetimeField(null=True, description="when a doctor released an item that is held back")
    cancelled_at = fields.DatetimeField(null=True, description="when the order was cancelled")
    report_version = fields.IntField(default=0, description="number of its newest report, 0 = none")
    search_text = fields.TextField(default="", description="item, body part and newest report, folded, for keywords")
    said_at = fields.DatetimeField(null=True, description="time of the HL7 message that it comes from")
    created_at = fields.DatetimeField(auto_now_add=True, description="when we first heard of it")
    updated_at = fields.DatetimeField(auto_now=True, description="last change")

    class Meta:
        table = "exam"
        unique_together = (("hospital", "campus", "system", "accession"),)
        indexes = (
            Index(fields=("record_id", "performed_at", "id")),
            Index(fields=("hospital_id", "accession")),
            Index(fields=("hospital_id", "patient_id")),
        )


class ExamStudy(Model):
    """An exam's study. Pictures are shown once the study is here and does not contradict the patient."""

    id = fields.BigIntField(primary_key=True, description="row id")
    exam: fields.ForeignKeyRelation[Exam] = fields.ForeignKeyField(
        "records.Exam", related_name="studies", on_delete=fields.RESTRICT, description="which exam"
    )
    exam_id: str
    study_uid = fields.CharField(max_length=64, description="Study Instance UID")
    how = fields.CharEnumField(How, max_length=8, description="why they belong together")
    confirmed = fields.BooleanField(default=False, description="the study is here and of this patient")

    class Meta:
        table = "exam_study"
        unique_together = (("exam", "study_uid"),)
        indexes = (Index(fields=("study_uid",)),)
