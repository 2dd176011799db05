"""Tables of the archive: study, series, instance, its stored versions, documents, and where each copy lies."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class Form(StrEnum):
    """How an object lies in the stores."""

    HTJ2K = "htj2k"  # lossless HTJ2K, with what is needed to give the original file back byte by byte
    AS_SENT = "as-sent"  # the very bytes that arrived


class CopyState(StrEnum):
    """What is known of one copy in one store."""

    GOOD = "good"  # its own bytes had the right hash when last read or written
    PENDING = "pending"  # not yet written
    BAD = "bad"  # missing, or wrong bytes; to be repaired from a good one


class Study(Model):
    """One study of one hospital (PS3.3 section A.1.2.2), with the attributes that QIDO-RS matches."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="studies", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    study_instance_uid = fields.CharField(max_length=64, description="(0020,000D)")
    patient_id = fields.CharField(max_length=64, default="", description="(0010,0020)")
    patient_name = fields.CharField(max_length=400, default="", description="(0010,0010), groups joined by =")
    patient_name_folded = fields.CharField(
        max_length=400, default="", description="=group=group= after NFKC and case folding, for matching"
    )
    patient_birth_date = fields.CharField(max_length=8, default="", description="(0010,0030) YYYYMMDD")
    patient_sex = fields.CharField(max_length=16, default="", description="(0010,0040)")
    study_date = fields.CharField(max_length=8, default="", description="(0008,0020) YYYYMMDD")
    study_time = fields.CharField(max_length=16, default="", description="(0008,0030) HHMMSS.FFFFFF")
    accession_number = fields.CharField(max_length=64, default="", description="(0008,0050)")
    study_id = fields.CharField(max_length=64, default="", description="(0020,0010)")
    study_description = fields.CharField(max_length=256, default="", description="(0008,1030)")
    referring_physician_name = fields.CharField(max_length=400, default="", description="(0008,0090)")
    referring_physician_name_folded = fields.CharField(max_length=400, default="", description="as patient_name_folded")
    modalities = fields.CharField(max_length=256, default="", description="(0008,0061) as \\CT\\MR\\")
    attributes = fields.BinaryField(description="QIDO-RS study row without counts, DICOM JSON, UTF-8")
    series_count = fields.IntField(default=0, description="(0020,1206)")
    instance_count = fields.IntField(default=0, description="(0020,1208)")
    revision = fields.IntField(default=0, description="grows with every change below this study")
    visit_kind = fields.CharField(max_length=16, default="outpatient", description="outpatient or inpatient")
    visit_ended_on = fields.DateField(null=True, description="end of visit or discharge, else the study date rules")
    keep_until = fields.DateField(description="first day on which deletion may be asked for")
    received_at = fields.DatetimeField(auto_now_add=True, description="when its first instance was stored")

    class Meta:
        table = "study"
        unique_together = (("hospital", "study_instance_uid"),)
        indexes = (
            Index(fields=("hospital_id", "study_date", "id")),
            Index(fields=("hospital_id", "patient_id")),
            Index(fields=("hospital_id", "accession_number")),
        )


class Series(Model):
    """One series of a study."""

    id = fields.BigIntField(primary_key=True, description="row id")
    study: fields.ForeignKeyRelation[Study] = fields.ForeignKeyField(
        "archive.Study", related_name="series", on_delete=fields.RESTRICT, description="its study"
    )
    study_id: int
    series_instance_uid = fields.CharField(max_length=64, description="(0020,000E)")
    modality = fields.CharField(max_length=16, default="", description="(0008,0060)")
    series_number = fields.IntField(null=True, description="(0020,0011)")
    series_description = fields.CharField(max_length=256, default="", description="(0008,103E)")
    body_part_examined = fields.CharField(max_length=32, default="", description="(0018,0015)")
    performed_procedure_step_start_date = fields.CharField(max_length=8, default="", description="(0040,0244)")
    performed_procedure_step_start_time = fields.CharField(max_length=16, default="", description="(0040,0245)")
    attributes = fields.BinaryField(description="QIDO-RS series row without counts, DICOM JSON, UTF-8")
    instance_count = fields.IntField(default=0, description="(0020,1209)")
    revision = fields.IntField(default=0, description="grows with every change below this series")

    class Meta:
        table = "series"
        unique_together = (("study", "series_instance_uid"),)


class SeriesMetadata(Model):
    """The /metadata answer of a whole series, ready to send, stale when its revision is not the series'."""

    series: fields.OneToOneRelation[Series] = fields.OneToOneField(
        "archive.Series", primary_key=True, on_delete=fields.RESTRICT, description="of which series"
    )
    series_id: int
    revision = fields.IntField(description="the series revision it was made from")
    base_url = fields.CharField(max_length=512, description="the public URL that its BulkDataURIs carry")
    document = fields.BinaryField(description="DICOM JSON array, gzip")

    class Meta:
        table = "series_metadata"


class Instance(Model):
    """One SOP instance, unique in its hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="instances", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    series: fields.ForeignKeyRelation[Series] = fields.ForeignKeyField(
        "archive.Series", related_name="instances", on_delete=fields.RESTRICT, description="its series"
    )
    series_id: int
    sop_instance_uid = fields.CharField(max_length=64, description="(0008,0018)")
    sop_class_uid = fields.CharField(max_length=64, description="(0008,0016)")
    instance_number = fields.IntField(null=True, description="(0020,0013)")
    number_of_frames = fields.IntField(default=0, description="pictures inside, 0 when it is not an image")
    attributes = fields.BinaryField(description="QIDO-RS instance row, DICOM JSON, UTF-8")
    version = fields.IntField(default=1, description="the current version in stored_object")

    class Meta:
        table = "instance"
        unique_together = (("hospital", "sop_instance_uid"),)
        indexes = (Index(fields=("series_id", "instance_number", "id")),)


class StoredObject(Model):
    """One version of an instance as it lies in the stores. Never changed after it is written."""

    id = fields.BigIntField(primary_key=True, description="row id")
    instance: fields.ForeignKeyRelation[Instance] = fields.ForeignKeyField(
        "archive.Instance", related_name="versions", on_delete=fields.RESTRICT, description="of which instance"
    )
    instance_id: int
    version = fields.IntField(description="1 for the first, then counting")
    key = fields.CharField(max_length=255, unique=True, description="name in every store")
    form = fields.CharEnumField(Form, max_length=16, description="how it lies in the stores")
    verdict = fields.CharField(max_length=200, default="", description="why it was kept as sent, if it was")
    size = fields.BigIntField(description="bytes in a store")
    sha256 = fields.CharField(max_length=64, description="of the bytes in a store, hex")
    part10_size = fields.BigIntField(description="leading bytes that are the DICOM file to hand out")
    original_size = fields.BigIntField(description="bytes of the file as sent")
    original_sha256 = fields.CharField(max_length=64, description="of the file as sent, hex")
    original_crc32 = fields.BigIntField(null=True, description="of the file as sent, for a ZIP, null = not known yet")
    original_transfer_syntax_uid = fields.CharField(max_length=64, description="(0002,0010) as sent")
    transfer_syntax_uid = fields.CharField(max_length=64, description="(0002,0010) as it lies in the stores")
    decodable = fields.BooleanField(description="every frame was decoded once when it arrived")
    extents = fields.BinaryField(description="where each frame and level lies, archive/extents.py")
    description = fields.BinaryField(description="what rendering must know of the image, archive/describe.py")
    metadata = fields.BinaryField(description="DICOM JSON object with relative BulkDataURIs, zlib")
    received_at = fields.DatetimeField(auto_now_add=True, description="when it was acknowledged")

    class Meta:
        table = "stored_object"
        unique_together = (("instance", "version"),)


class Thumbnail(Model):
    """A small JPEG of an object's middle frame, made at ingest."""

    object: fields.OneToOneRelation[StoredObject] = fields.OneToOneField(
        "archive.StoredObject", primary_key=True, on_delete=fields.RESTRICT, description="of which object"
    )
    object_id: int
    jpeg = fields.BinaryField(description="JPEG, longest side 256 px")

    class Meta:
        table = "thumbnail"


class Copy(Model):
    """One copy of a stored object in one store."""

    id = fields.BigIntField(primary_key=True, description="row id")
    object: fields.ForeignKeyRelation[StoredObject] = fields.ForeignKeyField(
        "archive.StoredObject", related_name="copies", on_delete=fields.RESTRICT, description="of which object"
    )
    object_id: int
    store = fields.SmallIntField(description="1, 2 or 3: position in CLOUDFILM_STORES")
    state = fields.CharEnumField(CopyState, max_length=8, description="what is known of it")
    checked_at = fields.DatetimeField(null=True, description="when its own bytes were last read and hashed")

    class Meta:
        table = "copy"
        unique_together = (("object", "store"),)
        indexes = (Index(fields=("state", "store")),)


class Document(Model):
    """Bytes that are no DICOM instance, such as a film page or the PDF of a report. Never changed after they are written."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField(
        "records.Hospital", related_name="documents", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    key = fields.CharField(max_length=255, unique=True, description="name in every store")
    media_type = fields.CharField(max_length=64, description="what kind of bytes they are")
    size = fields.BigIntField(description="bytes in a store")
    sha256 = fields.CharField(max_length=64, description="of the bytes, hex")
    crc32 = fields.BigIntField(null=True, description="of the bytes, for a ZIP, null = not known yet")
    keep_until = fields.DateField(description="first day on which deletion may be asked for")
    received_at = fields.DatetimeField(description="when it was acknowledged")

    class Meta:
        table = "document"
        unique_together = (("hospital", "sha256"),)


class DocumentCopy(Model):
    """One copy of a document in one store."""

    id = fields.BigIntField(primary_key=True, description="row id")
    object: fields.ForeignKeyRelation[Document] = fields.ForeignKeyField(
        "archive.Document", related_name="copies", on_delete=fields.RESTRICT, description="of which document"
    )
    object_id: str
    store = fields.SmallIntField(description="1, 2 or 3: position in CLOUDFILM_STORES")
    state = fields.CharEnumField(CopyState, max_length=8, description="what is known of it")
    checked_at = fields.DatetimeField(null=True, description="when its own bytes were last read and hashed")

    class Meta:
        table = "document_copy"
        unique_together = (("object", "store"),)
        indexes = (Index(fields=("state", "store")),)


class ScrubRun(Model):
    """One walk over all copies, which can be stopped and taken up again."""

    id = fields.BigIntField(primary_key=True, description="row id")
    started_at = fields.DatetimeField(auto_now_add=True, description="when it began")
    finished_at = fields.DatetimeField(null=True, description="when it reached the end")
    after_object_id = fields.BigIntField(default=0, description="objects up to this one are done")
    after_document_id = fields.CharField(max_length=36, default="", description="documents up to this one are done")
    checked = fields.BigIntField(default=0, description="copies read and hashed")
    bad = fields.BigIntField(default=0, description="copies missing or wrong")
    repaired = fields.BigIntField(default=0, description="bad copies written anew and read back")
    lost = fields.BigIntField(default=0, description="objects without any good copy")

    class Meta:
        table = "scrub_run"
