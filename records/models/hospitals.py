"""Tables of hospitals: groups, campuses, departments, words of their own, and where their devices write into pictures."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import Index

from infra.tables import Model


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
