"""The question that a search puts to the archive's tables (PS3.4 section C.2.2.2): which rows, whose, in what order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archive.attributes import INTEGERS
from core.grants import Grant
from infra.statement import Statement, all_of, any_of
from wado.conditions import Between, Condition, Either, Empty, Name, Number, OneOf, Pattern, Universal
from wado.matching import COLUMNS, Column, Kind
from wado.query import Filter, Level

_TABLES = {
    Level.STUDY: "study",
    Level.SERIES: "series JOIN study ON study.id = series.study_id",
    Level.INSTANCE: "instance JOIN series ON series.id = instance.series_id JOIN study ON study.id = series.study_id",
}
_TABLE = {Level.STUDY: "study", Level.SERIES: "series", Level.INSTANCE: "instance"}
_COLUMNS = {
    Level.STUDY: "study.hospital_id AS hospital, study.study_instance_uid AS study_uid, study.modalities, study.series_count,"
    " study.instance_count AS study_instances",
    Level.SERIES: "series.series_instance_uid AS series_uid, series.instance_count AS series_instances",
    Level.INSTANCE: "instance.sop_instance_uid AS sop_uid",
}
# Newest studies first; inside a study the order in which they were taken. What has no number comes last on both databases.
_STUDIES = "study.study_date DESC, study.study_time DESC, study.id DESC"
_SERIES = "series.series_number NULLS LAST, series.id"
_INSTANCES = "instance.instance_number NULLS LAST, instance.id"
_NO_VALUES = ("", "\\", "\\\\")  # of a set: none at all


@dataclass(frozen=True, slots=True)
class Scope:
    """Below which study or series a URL searches; None means everywhere."""

    study_uid: str | None = None
    series_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """Whose rows of a level, and which. `attributes_of` are the levels whose ready attributes come along.

    `unasked` are attributes that the columns answer wrongly for this grant: no condition is made of them.
    """

    grant: Grant
    scope: Scope
    level: Level
    filters: Sequence[Filter]
    attributes_of: Sequence[Level]
    unasked: Collection[str] = ()

    async def rows(self, limit: int, offset: int) -> Sequence[Mapping[str, Any]]:
        """The rows, or a superset where SQL cannot say all of it: see `is_exact`."""
        statement = Statement()
        chosen = ", ".join((f"{_TABLE[self.level]}.id AS row_id", *self._columns()))
        wanted = all_of(self._conditions(statement))
        page = f"LIMIT {statement.value(limit)} OFFSET {statement.value(offset)}"
        return await statement.rows(
            f"SELECT {chosen} FROM {_TABLES[self.level]} WHERE {wanted} ORDER BY {self._order()} {page}"
        )

    def _columns(self) -> Iterator[str]:
        yield from (_COLUMNS[each] for each in Level if each <= self.level)
        yield from (f"{_TABLE[each]}.attributes AS attributes_{each.value}" for each in self.attributes_of)

    def _conditions(self, statement: Statement) -> Iterator[str]:
        yield _visible(statement, self.grant, self.level)
        if self.scope.study_uid is not None:
            yield statement.one_of("study.study_instance_uid", [self.scope.study_uid])
        if self.scope.series_uid is not None:
            yield statement.one_of("series.series_instance_uid", [self.scope.series_uid])
        for asked in self.filters:
            if (column := column_of(asked)) and asked.path[0] not in self.unasked:
                yield _condition(statement, column, asked.condition)

    def _order(self) -> str:
        order = [_STUDIES] if self.scope.study_uid is None else ["study.id"]
        if self.level >= Level.SERIES:
            order.append(_SERIES)
        if self.level is Level.INSTANCE:
            order.append(_INSTANCES)
        return ", ".join(order)


def column_of(asked: Filter) -> Column | None:
    """The column that answers for an attribute; None when only the instance's own metadata can."""
    return COLUMNS.get(asked.path[0]) if len(asked.path) == 1 else None


def is_exact(asked: Filter) -> bool:
    """True when SQL finds just what the filter means, no more."""
    column = column_of(asked)
    if column is None:
        return isinstance(asked.condition, Universal)
    if isinstance(asked.condition, Name):
        return not asked.condition.words and not any("*" in group or "?" in group for group in asked.condition.groups)
    return column.kind is not Kind.SET or not isinstance(asked.condition, (Pattern, Either))


def _visible(statement: Statement, grant: Grant, level: Level) -> str:
    studies: dict[str, list[str]] = {}
    for hospital, study_uid in sorted(grant.studies):
        studies.setdefault(hospital, []).append(study_uid)
    whole = [statement.one_of("study.hospital_id", sorted(grant.hospitals))] if grant.hospitals else []
    single = [_below(statement, hospital, uids) for hospital, uids in studies.items()]
    parts = [_part(statement, level, *place) for place in sorted(grant.series)]
    return any_of((*whole, *single, *parts))


def _below(statement: Statement, hospital: str, study_uids: Iterable[str]) -> str:
    mine = statement.one_of("study.hospital_id", [hospital])
    return all_of((mine, statement.one_of("study.study_instance_uid", study_uids)))


def _part(statement: Statement, level: Level, hospital: str, study_uid: str, series_uid: str) -> str:
    study = _below(statement, hospital, [study_uid])
    if level is Level.STUDY:
        return study
    return all_of((study, statement.one_of("series.series_instance_uid", [series_uid])))


def _condition(statement: Statement, column: Column, condition: Condition) -> str:
    """Only columns of the allow-list come here, by the names that are written there."""
    name = f"{_TABLE[column.level]}.{column.name}"
    match condition:
        case Universal():
            return all_of(())
        case Empty():
            return f"{name} IS NULL" if column.kind is Kind.NUMBER else statement.one_of(name, _NO_VALUES)
        case OneOf(values) if column.kind is Kind.SET:
            return any_of(statement.contains(name, f"\\{value}\\") for value in values)
        case OneOf(values):
            return statement.one_of(name, values)
        case Number(value):
            possible = value.is_integer() and int(value) in INTEGERS
            return statement.one_of(name, [int(value)] if possible else [])
        case Between(low, high):
            bounds = [f"{name} >= {statement.value(low or '0')}"]  # what has no value is in no range
            return all_of((*bounds, f"{name} <= {statement.value(high)}") if high else bounds)
        case Pattern(text):
            return statement.like(name, f"*\\{text}\\*" if column.kind is Kind.SET else text)
        case Name(groups, words):
            pieces = words or [piece for group in groups for piece in _pieces(f"={group}=")]
            return all_of(statement.contains(name, piece) for piece in pieces)
        case Either(conditions):
            return any_of(_condition(statement, column, each) for each in conditions)


def _pieces(pattern: str) -> list[str]:
    """The runs of plain characters of a pattern."""
    return [piece for piece in pattern.replace("?", "*").split("*") if piece]
