"""What stands on the paper of a report: the hospital's words, in the order in which a reader looks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from films.a4 import Entry, Paper, Seal, Section
from records.models import Exam, Hospital, PatientRecord, Report, ReportStatus

SEXES: Mapping[str, str] = {"M": "男", "F": "女", "O": "其他"}
VISIT_NUMBERS: Mapping[str, str] = {
    "outpatient": "门诊号",
    "inpatient": "住院号",
    "emergency": "急诊号",
    "checkup": "体检号",
}
# category → what the paper is called, how findings and impression are headed, and what the doctor who verifies is called
WORDS: Mapping[str, tuple[str, str, str]] = {
    "radiology": ("影像检查报告单", "影像所见", "诊断意见"),
    "ultrasound": ("超声检查报告单", "超声所见", "超声提示"),
    "endoscopy": ("内镜检查报告单", "镜下所见", "内镜诊断"),
    "pathology": ("病理检查报告单", "病理所见", "病理诊断"),
    "ecg": ("心电图检查报告单", "心电图所见", "心电图诊断"),
    "lab": ("检验报告单", "检验结果", "结论"),
}
# modality (0008,0060) → what its paper is called
TITLES: Mapping[str, str] = {
    "CT": "CT 检查报告单",
    "MR": "磁共振检查报告单",
    "CR": "X 线摄影检查报告单",
    "DX": "X 线摄影检查报告单",
    "MG": "乳腺 X 线摄影检查报告单",
    "RF": "X 线透视检查报告单",
    "XA": "血管造影检查报告单",
    "PT": "PET/CT 检查报告单",
    "NM": "核医学检查报告单",
}
PICTURE_FIRST = frozenset({"ultrasound", "endoscopy", "pathology", "ecg"})  # there the picture is the finding
PRELIMINARY_MARK = "临时报告"
CORRECTED_MARK = "更正报告"
NOTE = "本报告供临床医师参考，请结合临床。"
PRELIMINARY_NOTE = "尚未审核，内容可能修改，以正式报告为准。"
DEMO_SEAL = "演示专用"
SEAL = "电子签章"
MONTHS_OF_BABIES = 24  # up to here an age is told in months, and in days in the first one
_NUMBER_TAIL = 8


@dataclass(frozen=True, slots=True)
class Whose:
    """Whom and where a report is about, beside what the exam itself says."""

    hospital: Hospital
    patient: PatientRecord
    department: str


def paper_of(report: Report, exam: Exam, whose: Whose, *, replaces: Report | None, check_url: str, sealed: str) -> Paper:
    """The paper of one version. `replaces`: the version that it corrects. `sealed`: "", "demo" or "hospital"."""
    hospital, zone = whose.hospital, ZoneInfo(whose.hospital.zone)
    title, findings, impression = WORDS[exam.category]
    preliminary = report.status == ReportStatus.PRELIMINARY
    sections = (Section(findings, report.findings), Section(impression, report.impression))
    return Paper(
        hospital=hospital.name,
        title=TITLES.get(exam.modality, title) if exam.category == "radiology" else title,
        number=number_of(report, zone),
        identity=_identity(exam, whose, number_of(report, zone), zone),
        sections=[section for section in sections if section.text.strip()],
        signatures=_signatures(report, zone),
        running=f"姓名：{whose.patient.name}　检查号：{exam.accession}",
        notes=[PRELIMINARY_NOTE if preliminary else NOTE],
        mark=PRELIMINARY_MARK if preliminary else CORRECTED_MARK if replaces else "",
        correction=_correction(report, replaces, zone) if replaces and not preliminary else "",
        check_url="" if preliminary else check_url,
        seal=_seal(hospital.name, demo=sealed == "demo") if sealed and not preliminary else None,
    )


def number_of(report: Report, zone: ZoneInfo) -> str:
    """What names this version on paper and on its check page; it says nothing of the patient."""
    return f"{report.received_at.astimezone(zone):%Y%m%d}-{report.id[-_NUMBER_TAIL:].upper()}"


def age_at(born: date, on: date) -> str:
    """岁, for small children 个月, in the first month 天; empty for a date before the birth."""
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    if on < born:
        return ""
    if months == 0:
        return f"{(on - born).days} 天"
    return f"{months} 个月" if months < MONTHS_OF_BABIES else f"{months // 12} 岁"


def _identity(exam: Exam, whose: Whose, number: str, zone: ZoneInfo) -> list[Entry]:
    patient = whose.patient
    age = age_at(patient.birth_date, exam.performed_at.astimezone(zone).date()) if patient.birth_date else ""
    visit = VISIT_NUMBERS.get(exam.visit_kind, "就诊号")
    entries = [
        Entry("姓名", patient.name),
        Entry("性别", SEXES.get(patient.sex, "")),
        Entry("年龄", age),
        Entry(visit, exam.visit_number) if exam.visit_number else Entry("患者编号", exam.patient_id),
        Entry("检查号", exam.accession),
        Entry("报告编号", number),
        Entry("申请科室", whose.department),
        Entry("检查部位", exam.body_part),
        Entry("检查时间", minute(exam.performed_at, zone)),
        Entry("检查项目", exam.item, wide=True),
    ]
    return [entry for entry in entries if entry.value.strip()]


def _signatures(report: Report, zone: ZoneInfo) -> list[Entry]:
    said = [
        Entry("报告医师", report.reporting_doctor),
        Entry("审核医师", report.verifying_doctor),
        Entry("报告时间", minute(report.reported_at, zone) if report.reported_at else ""),
        Entry("审核时间", minute(report.verified_at, zone) if report.verified_at else ""),
    ]
    return [entry for entry in said if entry.value.strip()]


def _correction(report: Report, replaces: Report, zone: ZoneInfo) -> str:
    return (
        f"本报告是更正后的报告（第 {report.version} 版），代替编号 {number_of(replaces, zone)} 的报告；"
        f"那一份已作废，请以本报告为准。"
    )


def _seal(hospital: str, *, demo: bool) -> Seal:
    legal = "演示证书，不具法律效力，" if demo else ""
    says = f"本文件带有医院的电子签名（{legal}内容改动后签名失效），可在 PDF 阅读软件中查验。"
    return Seal(hospital, DEMO_SEAL if demo else SEAL, says)


def minute(at: datetime, zone: ZoneInfo) -> str:
    """2026-11-01 09:00 by the hospital's clock."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
