"""Campuses and departments: the code that exams carry, and the name that patients read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from records.hospitals import Place
from records.models import Campus, Department, Exam
from records.writing import Outcome, Said, writing

KINDS: Mapping[str, type[Campus] | type[Department]] = {"campuses": Campus, "departments": Department}


@dataclass(frozen=True, slots=True)
class Names:
    """(kind, hospital, code) → name, of the places that were asked for."""

    known: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def of(self, kind: str, hospital: str, code: str) -> str | None:
        """The name; what a hospital says in place of a code is a name already; None for nothing."""
        return self.known.get((kind, hospital, code), code) or None


async def put(hospital: str, kind: str, place: Place) -> Said:
    """Tell a place; what it was called before counts no more."""
    model = KINDS[kind]
    async with writing(hospital):
        row = await model.get_or_none(hospital_id=hospital, code=place.code)
        if row is None:
            await model.create(hospital_id=hospital, code=place.code, name=place.name)
            return Said(Outcome.NEW, place.code)
        await model.filter(id=row.id).update(name=place.name)
        return Said(Outcome.SAME if row.name == place.name else Outcome.CHANGED, place.code)


async def listed(hospital: str, kind: str, *, after: str, limit: int) -> list[Place]:
    """The places of a hospital by their codes, from the one after `after` (empty = from the first)."""
    rows = await KINDS[kind].filter(hospital_id=hospital, code__gt=after).order_by("code").limit(limit)
    return [Place(row.code, row.name) for row in rows]


async def names_of(exams: Iterable[Exam]) -> Names:
    """The names of the campuses and departments that these exams carry."""
    exams = list(exams)
    campuses = {(exam.hospital_id, exam.campus) for exam in exams if exam.campus}
    departments = {(exam.hospital_id, exam.department) for exam in exams if exam.department}
    return Names(await _named("campuses", campuses) | await _named("departments", departments))


async def department_names(hospital: str, codes: Iterable[str]) -> Names:
    """The names of these departments of one hospital."""
    return Names(await _named("departments", {(hospital, code) for code in codes if code}))


async def _named(kind: str, wanted: set[tuple[str, str]]) -> dict[tuple[str, str, str], str]:
    if not wanted:
        return {}
    hospitals, codes = {hospital for hospital, _ in wanted}, {code for _, code in wanted}
    rows = await KINDS[kind].filter(hospital_id__in=sorted(hospitals), code__in=sorted(codes))
    return {(kind, row.hospital_id, row.code): row.name for row in rows}
