"""Exam, patient and report in the words that somebody may read who must not know whose they are: copies, never kept.

What stays and what goes stands as a table in docs/masking.md.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from core.maskedtext import VERSION as TEXT_VERSION
from core.maskedtext import Whose, masked_text
from core.masking import masked_name
from films.a4 import Entry, Paper, Section
from records.models import Exam, Hospital, PatientRecord, Report
from records.report_paper import Whose as OnPaper
from records.report_paper import age_at, paper_of

# (0008,0060), PS3.3 section C.7.3.1.1.1: whatever else stands there is text
_KNOWN = "BMD CR CT DX ECG EPS ES GM IO IVUS MG MR NM OCT OP OT PT PX RF RG SC SM US XA XC"
MODALITIES = frozenset(_KNOWN.split())
OLDEST_YEARS = 90  # from here on an age is nearly a name, as in the attributes of images
OLD = f"{OLDEST_YEARS} 岁及以上"
MARK = "已隐去身份信息"
WITHHELD = "这份报告的原件或附图由医院制作，可能写有身份信息，没有随分享提供。"
NOTE = "本页隐去了患者的身份信息，由云胶片系统依医院报告的文字重新排版，不带医院的电子签章，不能代替报告原件。"


def digest(whose: Whose) -> str:
    """Which mask was laid over words: part of the name of whatever is kept of them for a while, and of its tag."""
    return hashlib.sha256(repr((TEXT_VERSION, whose)).encode()).hexdigest()


def exam(sent: Exam, whose: Whose) -> Exam:
    """The exam without a number of anybody; its item and body part are free text too."""
    shown = copy.copy(sent)
    shown.accession = shown.patient_id = shown.visit_number = shown.elsewhere_url = ""
    shown.item, shown.body_part = masked_text(sent.item, whose), masked_text(sent.body_part, whose)
    shown.modality = sent.modality if sent.modality in MODALITIES else ""
    shown.department = masked_text(sent.department, whose)
    return shown


def patient(sent: PatientRecord) -> PatientRecord:
    """The patient's masked name, sex and birth date; of the latter only year or age may be told on."""
    shown = copy.copy(sent)
    shown.name, shown.patient_id, shown.flags = masked_name(sent.name), "", []
    return shown


def age(born: date | None, on: date) -> str:
    """As reports write it, and of the oldest only that they are."""
    if born is None:
        return ""
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return OLD if years >= OLDEST_YEARS else age_at(born, on)


def birth_year(born: date | None, on: date) -> int | None:
    """The year, but not of the oldest."""
    return born.year if born and on.year - born.year < OLDEST_YEARS else None


def report(sent: Report, whose: Whose, *, doctors_named: bool) -> Report:
    """One version without names, and without what the hospital made itself: its PDF and its picture stay here."""
    shown = copy.copy(sent)
    shown.findings, shown.impression = masked_text(sent.findings, whose), masked_text(sent.impression, whose)
    if not doctors_named:
        shown.reporting_doctor, shown.verifying_doctor = masked_name(sent.reporting_doctor), masked_name(sent.verifying_doctor)
    shown.pdf_size = shown.picture_size = 0
    return shown


def paper(
    shown: Report, sent: Exam, hospital: Hospital, sent_patient: PatientRecord, whose: Whose, replaces: Report | None
) -> Paper:
    """The paper of a masked version: without numbers, code and seal. `replaces`: the version that it corrects."""
    zone = ZoneInfo(hospital.zone)
    on_paper = OnPaper(hospital, patient(sent_patient), "")
    made = paper_of(shown, exam(sent, whose), on_paper, replaces=replaces, check_url="", sealed="")
    years = age(sent_patient.birth_date, sent.performed_at.astimezone(zone).date())
    return replace(
        made,
        sections=made.sections or [Section("说明", WITHHELD)],
        identity=[Entry(each.label, years, each.wide) if each.label == "年龄" else each for each in made.identity],
        running=f"姓名：{masked_name(sent_patient.name)}",
        notes=[*made.notes, NOTE],
        mark=" · ".join(filter(None, (made.mark, MARK))),
    )
