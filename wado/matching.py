"""Does this dataset match? In memory over DICOM JSON, or by a column of the archive's tables (PS3.4 section C.2.2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wado.conditions import Condition, Empty, Universal
from wado.query import Filter, Level, Query


class Kind(StrEnum):
    """How a column holds its value."""

    TEXT = "text"
    NUMBER = "number"
    NAME = "name"  # as core.names.fold_name writes it
    SET = "set"  # \CT\MR\


@dataclass(frozen=True, slots=True)
class Column:
    """A column of archive/models.py (Study, Series or Instance) that answers for one attribute."""

    level: Level
    name: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """A filter that the database can check alone."""

    column: Column
    condition: Condition


# The allow-list: no other attribute ever reaches SQL, and these only by the column names written here.
COLUMNS: Mapping[str, Column] = {
    "0020000D": Column(Level.STUDY, "study_instance_uid"),
    "00100010": Column(Level.STUDY, "patient_name_folded", Kind.NAME),
    "00100020": Column(Level.STUDY, "patient_id"),
    "00100030": Column(Level.STUDY, "patient_birth_date"),
    "00100040": Column(Level.STUDY, "patient_sex"),
    "00080020": Column(Level.STUDY, "study_date"),
    "00080030": Column(Level.STUDY, "study_time"),
    "00080050": Column(Level.STUDY, "accession_number"),
    "00200010": Column(Level.STUDY, "study_id"),
    "00081030": Column(Level.STUDY, "study_description"),
    "00080090": Column(Level.STUDY, "referring_physician_name_folded", Kind.NAME),
    "00080061": Column(Level.STUDY, "modalities", Kind.SET),
    "0020000E": Column(Level.SERIES, "series_instance_uid"),
    "00080060": Column(Level.SERIES, "modality"),
    "00200011": Column(Level.SERIES, "series_number", Kind.NUMBER),
    "0008103E": Column(Level.SERIES, "series_description"),
    "00180015": Column(Level.SERIES, "body_part_examined"),
    "00400244": Column(Level.SERIES, "performed_procedure_step_start_date"),
    "00400245": Column(Level.SERIES, "performed_procedure_step_start_time"),
    "00080018": Column(Level.INSTANCE, "sop_instance_uid"),
    "00080016": Column(Level.INSTANCE, "sop_class_uid"),
    "00200013": Column(Level.INSTANCE, "instance_number", Kind.NUMBER),
}


def split(query: Query) -> tuple[tuple[ColumnFilter, ...], tuple[Filter, ...]]:
    """What the database can check, and the rest for `match`; universal filters are in neither."""
    asked = [each for each in query.filters if not isinstance(each.condition, Universal)]
    inside = tuple(ColumnFilter(COLUMNS[each.path[0]], each.condition) for each in asked if _has_column(each))
    return inside, tuple(each for each in asked if not _has_column(each))


def match(dataset: Mapping[str, Any], asked: Filter) -> bool:
    """True when the DICOM JSON object has a value, in any item on the path, that meets the condition."""
    if isinstance(asked.condition, Universal):
        return True
    values = list(_values(dataset, asked.path))
    if isinstance(asked.condition, Empty):
        return all(asked.condition.matches(value) for value in values)
    return any(asked.condition.matches(value) for value in values)


def _has_column(asked: Filter) -> bool:
    return len(asked.path) == 1 and asked.path[0] in COLUMNS


def _values(dataset: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    values = [value for value in dataset.get(path[0], {}).get("Value") or () if value is not None]
    if len(path) == 1:
        yield from map(_text, values)
        return
    for item in values:
        if isinstance(item, Mapping):
            yield from _values(item, path[1:])


def _text(value: object) -> str:
    """A JSON value as text; a name as its groups joined by =."""
    if isinstance(value, Mapping):
        return "=".join(str(value.get(group, "")) for group in ("Alphabetic", "Ideographic", "Phonetic"))
    return str(value)
