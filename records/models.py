"""Tables of what the hospital says: hospitals, patients, exams, reports, films, and what waits for a person to decide."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


class ReportStatus(StrEnum):
    """Where a report stands."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class Images(StrEnum):
    """Where the pictures of an exam are."""

    HERE = "here"
    ELSEWHERE = "elsewhere"  # a former vendor's, of which we know the address at most


class How(StrEnum):
    """Why an exam and a study belong together."""

    TOLD = "told"  # the hospital named the study
    MATCHED = "matched"  # same accession number and patient
    CHOSEN = "chosen"  # a person decided


class FilmSource(StrEnum):
    """Whose film it is. Of an exam's films the first of these that there is, is shown."""

    HOSPITAL = "hospital"  # pages that the hospital printed
    CHOSEN = "chosen"  # a member of staff chose images and layout
    MADE = "made"  # made by rule


class HospitalGroup(Model):
    """Hospitals that trust each other's proof of who a patient is, after a consent that lists them."""

    code = fields.CharField(max_length=32, primary_key=True, description="short name")
    name = fields.CharField(max_length=128, description="full name")

    class Meta:
        table = "hospital_group"


class Hospital(Model):
    """A tenant. Every other table names its hospital, and a hospital sees only its own rows."""

    code = fields.CharField(max_length=32, primary_key=True, description="short name in URLs and tokens")
    name = fields.CharField(max_length=128, description="full name, as printed on reports")
    zone = fields.CharField(max_length=64, default="Asia/Shanghai", description="IANA time zone of its dates")
    group: fields.ForeignKeyNullableRelation[HospitalGroup] = fields.ForeignKeyField(
        "records.HospitalGroup", related_name="hospitals", on_delete=fields.RESTRICT, null=True, description="if one"
    )
    group_id: str | None
    help_phone = fields.CharField(max_length=32, default="", description="whom a patient may call")
    alias = fields.CharField(max_length=64, default="", description="name for messages that reveals nothing, empty = none")
    policies: fields.JSONField[dict[str, Any]] = fields.JSONField(
        default=dict, description="its rules, see records/policies.py"
    )
    created_at = fields.DatetimeField(auto_now_add=True, description="when it was set up here")

    class Meta:
        table = "hospital"


class Campus(Model):
    """One place of a hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="campuses", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    code = fields.CharField(max_length=32, description="as exams name it")
    name = fields.CharField(max_length=128, description="as patients know it")

    class Meta:
        table = "campus"
        unique_together = (("hospital", "code"),)


class Department(Model):
    """One department of a hospital."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="departments", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    code = fields.CharField(max_length=64, description="as exams name it")
    name = fields.CharField(max_length=128, description="as patients know it")

    class Meta:
        table = "department"
        unique_together = (("hospital", "code"),)


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


class HospitalTerm(Model):
    """A word of reports as this hospital explains it, instead of ours, an empty meaning = it is not explained."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="terms", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    term = fields.CharField(max_length=32, description="as it stands in reports")
    meaning = fields.CharField(max_length=300, description="in plain words, empty = not explained")
    changed_at = fields.DatetimeField(description="when it was written last")

    class Meta:
        table = "hospital_term"
        unique_together = (("hospital", "term"),)


class RecordChange(Model):
    """A decision about whose something is, with enough to undo it."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="changes", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    kind = fields.CharField(max_length=16, description="merge, unmerge, rematch or choose")
    source = fields.CharField(max_length=36, description="id of the record or exam")
    target = fields.CharField(max_length=64, description="id of the record, or UID of the study")
    detail: fields.JSONField[dict[str, Any]] = fields.JSONField(description="our ids that moved, so that it can be undone")
    subject = fields.CharField(max_length=64, description="who decided, pseudonymous")
    at = fields.DatetimeField(description="when")
    undone_at = fields.DatetimeField(null=True, description="when it was taken back")

    class Meta:
        table = "record_change"
        indexes = (Index(fields=("hospital_id", "kind", "source")),)


class Waiting(Model):
    """What came before the thing that it belongs to, or what a person must decide."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="waiting", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    kind = fields.CharField(max_length=8, description="exam, report or study")
    key = fields.CharField(max_length=200, description="what it waits for, in one text")
    digest = fields.CharField(max_length=64, default="", description="of the payload: the same is kept once")
    payload = fields.BinaryField(null=True, description="what came, encrypted")
    reason = fields.CharField(max_length=32, description="why it waits, one of a few words")
    created_at = fields.DatetimeField(auto_now_add=True, description="since when")

    class Meta:
        table = "waiting"
        unique_together = (("hospital", "kind", "key", "digest"),)
        indexes = (Index(fields=("hospital_id", "created_at")),)


class Hl7Message(Model):
    """An HL7 message that could not be taken: a person reads it, mends the cause and replays it."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="hl7_messages", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    control_id = fields.CharField(max_length=64, default="", description="MSH-10")
    message_type = fields.CharField(max_length=16, default="", description="MSH-9, such as ORU^R01")
    digest = fields.CharField(max_length=64, description="of the bytes: the same message is kept once")
    sealed = fields.BinaryField(description="the bytes as they came, encrypted")
    error = fields.CharField(max_length=300, description="why it could not be taken")
    received_at = fields.DatetimeField(description="when it came last")
    replayed_at = fields.DatetimeField(null=True, description="when it was taken after all")

    class Meta:
        table = "hl7_message"
        unique_together = (("hospital", "digest"),)


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


class IdempotencyKey(Model):
    """What an Idempotency-Key of a hospital's system was answered with."""

    id = fields.BigIntField(primary_key=True, description="row id")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="idempotency_keys", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    key_sha256 = fields.CharField(max_length=64, description="of the key, hex")
    asked_sha256 = fields.CharField(max_length=64, description="of what was asked with it, hex")
    subject = fields.CharField(max_length=36, description="id of what came of it")
    at = fields.DatetimeField(description="when")

    class Meta:
        table = "idempotency_key"
        unique_together = (("hospital", "key_sha256"),)


class Blackout(Model):
    """Where one kind of device writes text into its pictures, as a hospital drew it, blackened under a mask."""

    id = fields.CharField(max_length=36, primary_key=True, description="uuid7")
    hospital: fields.ForeignKeyRelation[Hospital] = fields.ForeignKeyField(
        "records.Hospital", related_name="blackouts", on_delete=fields.RESTRICT, description="tenant"
    )
    hospital_id: str
    kind = fields.CharField(max_length=8, description="image: of a study, film: a page that the hospital printed")
    maker = fields.CharField(max_length=64, default="", description="(0008,0070), empty for a film")
    model = fields.CharField(max_length=64, default="", description="(0008,1090), of a film its source")
    rows = fields.IntField(description="height of such a picture, pixels")
    columns = fields.IntField(description="width of such a picture, pixels")
    rectangles: fields.JSONField[list[list[int]]] = fields.JSONField(
        description="left, top, right, bottom of each, right and bottom excluded"
    )
    live = fields.CharField(max_length=64, null=True, unique=True, description="hash of what it is about, null = it is over")
    subject = fields.CharField(max_length=64, description="who drew it, pseudonymous")
    made_at = fields.DatetimeField(description="when")
    removed_at = fields.DatetimeField(null=True, description="when it was taken back, or another took its place")

    class Meta:
        table = "blackout"
        indexes = (Index(fields=("hospital_id", "removed_at")),)
