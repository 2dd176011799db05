"""Tables of what the hospital says: hospitals, patients, exams, reports, films, and what waits for a person to decide."""

from __future__ import annotations

from records.models.arrivals import Hl7Message, IdempotencyKey, RecordChange, Waiting
from records.models.exams import Exam, ExamStudy, How, Images
from records.models.films import Film, FilmArrival, FilmPage, FilmSource, FilmTier
from records.models.hospitals import Blackout, Campus, Department, Hospital, HospitalGroup, HospitalTerm
from records.models.patients import PatientIdentifier, PatientPhone, PatientRecord
from records.models.reports import Report, ReportPdf, ReportPicture, ReportPrint, ReportStatus

__all__ = [
    "Blackout",
    "Campus",
    "Department",
    "Exam",
    "ExamStudy",
    "Film",
    "FilmArrival",
    "FilmPage",
    "FilmSource",
    "FilmTier",
    "Hl7Message",
    "Hospital",
    "HospitalGroup",
    "HospitalTerm",
    "How",
    "IdempotencyKey",
    "Images",
    "PatientIdentifier",
    "PatientPhone",
    "PatientRecord",
    "RecordChange",
    "Report",
    "ReportPdf",
    "ReportPicture",
    "ReportPrint",
    "ReportStatus",
    "Waiting",
]
