"""A hospital as its administrator sets it: names, rules, campuses, departments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidField
from records.models import Campus, Department, Hospital
from records.policies import from_json
from records.writing import Outcome, Said, writing


@dataclass(frozen=True, slots=True)
class Place:
    """A campus or department: the code that exams carry, the name that patients read."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be set; None leaves it as it is."""

    name: str | None = None
    help_phone: str | None = None
    alias: str | None = None
    policies: Mapping[str, Any] | None = None
    campuses: tuple[Place, ...] | None = None
    departments: tuple[Place, ...] | None = None


async def put(code: str, told: Told) -> Said:
    """Set it; raises InvalidField for a rule that is unknown or impossible. Rules not named keep what they were."""
    async with writing(code):
        hospital = await Hospital.get(code=code)
        hospital.name = told.name or hospital.name
        hospital.help_phone = hospital.help_phone if told.help_phone is None else told.help_phone
        hospital.alias = hospital.alias if told.alias is None else told.alias
        hospital.policies = {**hospital.policies, **_possible(told.policies)}
        await hospital.save()
        await _set_places(Campus, code, told.campuses)
        await _set_places(Department, code, told.departments)
        return Said(Outcome.CHANGED, code, moved=True)


async def described(code: str) -> dict[str, Any]:
    """All of it, as JSON."""
    hospital = await Hospital.get(code=code)
    return {
        "code": hospital.code,
        "name": hospital.name,
        "zone": hospital.zone,
        "group": hospital.group_id,
        "help_phone": hospital.help_phone,
        "alias": hospital.alias,
        "policies": hospital.policies,
        "campuses": await _places(Campus, code),
        "departments": await _places(Department, code),
    }


def _possible(policies: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if policies is None:
        return {}
    if not isinstance(policies, Mapping):
        raise InvalidField("policies", "not-an-object")
    from_json(policies)
    return policies


async def _set_places(model: type[Campus] | type[Department], code: str, places: Iterable[Place] | None) -> None:
    if places is None:
        return
    await model.filter(hospital_id=code).delete()
    for place in {place.code: place for place in places}.values():
        await model.create(hospital_id=code, code=place.code, name=place.name)


async def _places(model: type[Campus] | type[Department], code: str) -> list[dict[str, str]]:
    rows = await model.filter(hospital_id=code).order_by("code")
    return [{"code": row.code, "name": row.name} for row in rows]
