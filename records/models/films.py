"""Tables of films: their pages, the sizes of these, and pages that wait for their exam."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model
from records.models.exams import Exam, How
from records.models.hospitals import Hospital


class FilmSource(StrEnum):
    """Whose film it is. Of an exam's films the first of these that there is, is shown."""

    HOSPITAL = "hospital"  # pages that the hospital printed
    CHOSEN = "chosen"  # a member of staff chose images and layout
    MADE = "made"  # made by rule


class Film(Model):
    """One version of an exam's film. Never changed after it is made, but for `replaced_at`."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="films", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    exam: fields.ForeignKeyRelation[Exam] = fields.ForeignKeyField(
        "records.Exam", related_name="films", on_delete=fields.RESTRICT, description="of which exam"
    )
    exam_id: str
    source = fields.CharEnumField(FilmSource, max_length=8, description="whose film it is")
    version = fields.IntField(description="from 1, of all films of the exam")
    layout = fields.CharField(max_length=64, default="", description="how its cells lie, empty for a hospital's")
    studies: fields.JSONField[list[str]] = fields.JSONField(default=list, description="UIDs of those that its cells show")
    record_id = fields.CharField(max_length=36, default="", description="whose name its header bears, empty for a hospital's")
    content_sha256 = fields.CharField(max_length=64, description="of all pages and their cells, to know a repetition")
    made_at = fields.DatetimeField(description="when it was made or last added to")
    replaced_at = fields.DatetimeField(null=True, description="when a newer one of that source took its place")

    class Meta:
        table = "film"
        unique_together = (("exam", "version"),)


class FilmPage(Model):
    """One page of a film, with its cell map."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    film: fields.ForeignKeyRelation[Film] = fields.ForeignKeyField(
        "records.Film", related_name="pages", on_delete=fields.RESTRICT, description="of which film"
    )
    film_id: str
    n = fields.IntField(description="from 1")
    width = fields.IntField(description="of the page at its full size, pixels")
    height = fields.IntField(description="of the page at its full size, pixels")
    sha256 = fields.CharField(max_length=64, description="of the JPEG at full size, hex: its entity tag")
    document: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "archive.Document", related_name="film_pages", on_delete=fields.RESTRICT, description="its master: PNG, or as sent"
    )
    document_id: str
    cells: fields.JSONField[list[dict[str, Any]]] = fields.JSONField(
        default=list, description="x, y, width, height in pixels of the page, and study, series, instance, frame"
    )

    class Meta:
        table = "film_page"
        unique_together = (("film", "n"),)
        indexes = (Index(fields=("document_id",)),)


class FilmTier(Model):
    """A page as JPEG at one width, ready to send. Pages with the same master share it."""

    id = fields.BigIntField(primary_key=True, description="row id")
    master: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "archive.Document", related_name="film_tiers", on_delete=fields.RESTRICT, description="drawn from which document"
    )
    master_id: str
    width = fields.IntField(description="pixels")
    height = fields.IntField(description="pixels")
    document: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "archive.Document", related_name="film_jpegs", on_delete=fields.RESTRICT, description="the JPEG"
    )
    document_id: str

    class Meta:
        table = "film_tier"
        unique_together = (("master", "width"),)
        indexes = (Index(fields=("document_id",)),)


class FilmArrival(Model):
    """A page that a hospital printed, as it came, and the exam that it belongs to once that is known."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="film_arrivals", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    document: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "archive.Document", related_name="film_arrivals", on_delete=fields.RESTRICT, description="the very bytes"
    )
    document_id: str
    source = fields.CharField(max_length=64, default="", description="which system or device it says that it is")
    accession = fields.CharField(max_length=64, default="", description="as told beside the page or in its header")
    campus = fields.CharField(max_length=32, default="", description="code of the place, empty = not told")
    system = fields.CharField(max_length=32, default="", description="which system numbered it, empty = not told")
    patient_id = fields.CharField(max_length=64, default="", description="the hospital's number of the patient, if told")
    study_uid = fields.CharField(max_length=64, default="", description="Study Instance UID, if told")
    number = fields.IntField(null=True, description="which page of the film it says that it is")
    exam: fields.ForeignKeyNullableRelation[Exam] = fields.ForeignKeyField(
        "records.Exam", related_name="film_arrivals", on_delete=fields.RESTRICT, null=True, description="null = it waits"
    )
    exam_id: str | None
    how = fields.CharEnumField(How, max_length=8, null=True, description="why page and exam belong together")
    reason = fields.CharField(max_length=32, default="", description="why it waits, one of a few words")
    received_at = fields.DatetimeField(description="when it came")

    class Meta:
        table = "film_arrival"
        unique_together = (("hospital", "document"),)
        indexes = (
            Index(fields=("hospital_id", "reason", "id")),
            Index(fields=("hospital_id", "accession")),
            Index(fields=("exam_id",)),
        )
