"""A hospital of a million exams, written by the database itself: one statement a table, the columns as the models have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from tortoise.connection import get_connection
from tortoise.models import Model

from records.models import Exam, PatientRecord, Report

BEGIN = datetime(2011, 1, 1, tzinfo=UTC)  # fifteen years of exams, evenly
SPAN = timedelta(days=15 * 365)
CATEGORIES = ("radiology", "ultrasound", "lab", "endoscopy", "ecg", "pathology")
PARTS = ("胸部", "头颅", "腹部", "膝关节", "腰椎", "甲状腺", "心脏")
FINDINGS = (
    "双侧胸廓对称，气管居中。两肺纹理清晰，走行自然，肺野透亮度正常。纵隔居中，心影大小形态如常，双侧膈面光滑，肋膈角锐利。",
    "肝脏形态大小正常，实质回声均匀，肝内管道结构清晰，门静脉不宽。胆囊壁光滑，腔内未见明显异常回声。脾脏不大，胰腺显示清晰。",
    "椎体序列整齐，生理曲度存在，各椎体边缘轻度骨质增生，椎间隙未见明显狭窄，椎管未见狭窄，周围软组织未见异常。",
)
RARE_WORD, COMMON_WORD = "磨玻璃", "未见"
REPORT_EVERY = 10  # exams: so many have a report; of the person's, each
RARE_EVERY = 97  # exams: about one in a hundred reports has the rare word


class Rows:
    """Writes patients, exams and reports of hospital `demo`. Row number n is the same in every table of a run."""

    def __init__(self, exams: int, persons_exams: int) -> None:
        self.exams = exams
        self.every = max(1, exams // persons_exams)  # so the person's exams lie scattered among all
        self.patients = max(2, exams // 50)
        self.is_postgres = get_connection("default").capabilities.dialect == "postgres"

    async def write(self) -> None:
        """All of it. PostgreSQL counts its rows by itself after a while, SQLite never does: so it is here too."""
        await self._insert(PatientRecord, self.patients, self._patients())
        await self._insert(Exam, self.exams, self._exams())
        await self._insert(Report, self.exams, self._reports(), f"WHERE {self._reported()}")
        if self.is_postgres:
            await get_connection("default").execute_script("ANALYZE")

    def record_id(self, patient: str) -> str:
        """The id of a patient's record, as SQL or as text."""
        return self._id("a", patient)

    @property
    def persons_record(self) -> str:
        """The id of the record of the one who asks: patient 1."""
        return f"0190a000-0000-7000-8000-{1:012x}"

    def _patients(self) -> dict[str, str]:
        return {
            "id": self.record_id("n"),
            "hospital_id": "'demo'",
            "patient_id": "'P' || n",
            "name": "'某' || n",
            "name_folded": "'某' || n",
        }

    def _exams(self) -> dict[str, str]:
        patient = f"CASE WHEN n % {self.every} = 0 THEN 1 ELSE 2 + (n * 7919) % {self.patients - 1} END"
        return {
            "id": self._id("e", "n"),
            "hospital_id": "'demo'",
            "accession": "'A' || n",
            "record_id": self.record_id(f"({patient})"),
            "patient_id": f"'P' || ({patient})",
            "category": _one_of(CATEGORIES, "n / 3"),
            "modality": "'CT'",
            "body_part": _one_of(PARTS, "n / 2"),
            "item": _one_of(PARTS, "n / 2") + " || '检查' || (n % 100)",
            "performed_at": self._at(),
            "report_version": f"CASE WHEN {self._reported()} THEN 1 ELSE 0 END",
            "search_text": _one_of(PARTS, "n / 2") + " || '检查' || (n % 100) || " + self._said(),
        }

    def _reports(self) -> dict[str, str]:
        return {
            "id": self._id("f", "n"),
            "exam_id": self._id("e", "n"),
            "version": "1",
            "status": "'final'",
            "findings": self._said(),
            "impression": "'未见明显异常。'",
            "reported_at": self._at(),
            "received_at": self._at(),
        }

    def _reported(self) -> str:
        return f"(n % {REPORT_EVERY} = 0 OR n % {self.every} = 0)"

    def _said(self) -> str:
        rare = f"CASE WHEN n % {RARE_EVERY} = 0 THEN '右肺上叶磨玻璃结节。' ELSE '' END"
        return f"{_one_of(FINDINGS, 'n')} || {rare} || '未见明显异常。'"

    def _id(self, table: str, number: str) -> str:
        """Like a uuid7, in the order of n."""
        last = f"lpad(to_hex({number}), 12, '0')" if self.is_postgres else f"printf('%012x', {number})"
        return f"'0190{table}000-0000-7000-8000-' || {last}"

    def _at(self) -> str:
        seconds = f"(n * {SPAN.total_seconds() / self.exams:.6f})"
        if self.is_postgres:
            return f"timestamptz '{BEGIN.isoformat()}' + {seconds} * interval '1 second'"
        return f"strftime('%Y-%m-%d %H:%M:%S+00:00', '{BEGIN:%Y-%m-%d}', {seconds} || ' seconds')"

    async def _insert(self, model: type[Model], count: int, said: Mapping[str, str], where: str = "") -> None:
        columns = {column: said.get(column) or self._default(model, name) for name, column in _columns(model).items()}
        numbers = (
            f"FROM generate_series(1::bigint, {count}) AS s(n)"
            if self.is_postgres
            else f"FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s)"
        )
        names, values = ", ".join(f'"{column}"' for column in columns), ", ".join(columns.values())
        into = f'INSERT INTO "{model._meta.db_table}" ({names})'
        await get_connection("default").execute_script(f"{into} SELECT {values} {numbers} {where}")

    def _default(self, model: type[Model], name: str) -> str:
        """What Tortoise would write where nothing is said."""
        field = model._meta.fields_map[name]
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
            return self._at()
        default = field.default() if callable(field.default) else field.default
        return "NULL" if default is None and field.null else _literal(default)


def _columns(model: type[Model]) -> dict[str, str]:
    return dict(model._meta.fields_db_projection)


def _literal(value: Any) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    text = json.dumps(value) if isinstance(value, list | dict) else str(value if value is not None else "")
    return "'" + text.replace("'", "''") + "'"


def _one_of(words: tuple[str, ...], number: str) -> str:
    cases = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(words))
    return f"(CASE ({number}) % {len(words)} {cases} END)"
