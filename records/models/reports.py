"""Tables of reports in their versions, with their pictures and prints."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model
from records.models.exams import Exam


class ReportStatus(StrEnum):
    """Where a report stands."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Report(Model):
    """One version of an exam's report. Versions are kept for ever."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    exam: fields.ForeignKeyRelation[Exam] = fields.ForeignKeyField(
        "records.Exam", related_name="reports", on_delete=fields.RESTRICT, description="of which exam"
    )
    exam_id: str
    version = fields.IntField(description="from 1")
    status = fields.CharEnumField(ReportStatus, max_length=16, description="where it stands")
    findings = fields.TextField(default="", description="what was seen")
    impression = fields.TextField(default="", description="what it means")
    reporting_doctor = fields.CharField(max_length=64, default="", description="who wrote it")
    verifying_doctor = fields.CharField(max_length=64, default="", description="who verified it")
    reported_at = fields.DatetimeField(null=True, description="when it was written")
    verified_at = fields.DatetimeField(null=True, description="when it was verified")
    critical = fields.BooleanField(default=False, description="a value that needs action at once")
    pdf_size = fields.IntField(default=0, description="bytes of its PDF, 0 = none")
    picture_size = fields.IntField(default=0, description="bytes of its picture, 0 = none")
    content_sha256 = fields.CharField(max_length=64, description="of all that was said, to know a repetition")
    said_at = fields.DatetimeField(null=True, description="time of the HL7 message that it comes from")
    received_at = fields.DatetimeField(description="when it came")

    class Meta:
        table = "report"
        unique_together = (("exam", "version"),)


class ReportPdf(Model):
    """The PDF that came with a report, apart from it so that lists stay light."""

    report: fields.OneToOneRelation[Report] = fields.OneToOneField(
        "records.Report", related_name="pdf", primary_key=True, on_delete=fields.RESTRICT, description="of which report"
    )
    report_id: str
    content = fields.BinaryField(description="the PDF as sent")

    class Meta:
        table = "report_pdf"


class ReportPicture(Model):
    """The picture that came with a report: a tracing, a slide, a view of an endoscope."""

    report: fields.OneToOneRelation[Report] = fields.OneToOneField(
        "records.Report", related_name="picture", primary_key=True, on_delete=fields.RESTRICT, description="of which report"
    )
    report_id: str
    content = fields.BinaryField(description="JPEG or PNG as sent")

    class Meta:
        table = "report_picture"


class ReportPrint(Model):
    """A report as PDF, ready to go out: the hospital's own, or one that we set. Never changed after it is made."""

    id = fields.BigIntField(primary_key=True, description="row id")
    report: fields.ForeignKeyRelation[Report] = fields.ForeignKeyField(
        "records.Report", related_name="prints", on_delete=fields.RESTRICT, description="of which version"
    )
    report_id: str
    record_id = fields.CharField(max_length=36, description="whose name stands on it")
    made_of = fields.CharField(max_length=64, description="hash of all words on it: other words, another print")
    document: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "archive.Document", related_name="report_prints", on_delete=fields.RESTRICT, description="the PDF"
    )
    document_id: str
    made_at = fields.DatetimeField(description="when")

    class Meta:
        table = "report_print"
        unique_together = (("report", "made_of"),)
        indexes = (Index(fields=("document_id",)),)
