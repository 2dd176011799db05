"""The rows of a search answer (PS3.18 section 10.6.3): ready attributes, counts and addresses, in the order of their tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from archive import attributes
from archive.seriesmetadata import absolute
from infra.statement import EVERYTHING, Statement
from wado.asking import Scope
from wado.modules import of_level
from wado.narrowed import Place, only_these
from wado.query import Level, Query

Row = Mapping[str, Any]
Json = dict[str, Any]

_READY = {
    Level.STUDY: {*attributes.STUDY_REQUIRED, *attributes.STUDY_IF_PRESENT, "00080061", "00201206", "00201208"},
    Level.SERIES: {*attributes.SERIES_REQUIRED, *attributes.SERIES_IF_PRESENT, attributes.REQUEST_ATTRIBUTES, "00201209"},
    Level.INSTANCE: {*attributes.INSTANCE_REQUIRED, *attributes.INSTANCE_IF_PRESENT},
}
# The instance that speaks for a study or series: the first in its natural order.
_FIRST_OF = {
    Level.STUDY: "SELECT (SELECT i.id FROM instance i JOIN series ON series.id = i.series_id"
    " WHERE series.study_id = study.id AND {seen}"
    " ORDER BY series.series_number NULLS LAST, series.id, i.instance_number NULLS LAST, i.id LIMIT 1)"
    " FROM study WHERE {wanted}",
    Level.SERIES: "SELECT (SELECT i.id FROM instance i WHERE i.series_id = series.id"
    " ORDER BY i.instance_number NULLS LAST, i.id LIMIT 1) FROM series WHERE {wanted}",
    Level.INSTANCE: "SELECT id FROM instance WHERE {wanted}",
}
_OWNER = {Level.STUDY: "study", Level.SERIES: "series", Level.INSTANCE: "instance"}


@dataclass(frozen=True, slots=True)
class Results:
    """How the rows of one search are told; `base_url` is the public DICOMweb root."""

    query: Query
    scope: Scope
    base_url: str
    _parsed: dict[bytes, Json] = field(default_factory=dict, compare=False, repr=False)

    @property
    def told(self) -> list[Level]:
        """Levels whose attributes stand in each row: its own, and those above that the URL does not name."""
        level = self.query.level
        study = level >= Level.SERIES and self.scope.study_uid is None
        series = level is Level.INSTANCE and self.scope.series_uid is None
        return [*([Level.STUDY] if study else []), *([Level.SERIES] if series else []), level]

    @property
    def known(self) -> list[Level]:
        """Levels whose attributes must be read for these rows."""
        asks_more = self.query.include_all or self.query.include or self.query.filters
        return [each for each in Level if each <= self.query.level] if asks_more else self.told

    @property
    def needs_documents(self) -> bool:
        """True when attributes are wanted that the ready rows never have."""
        ready = {tag for each in Level if each <= self.query.level for tag in _READY[each]}
        return self.query.include_all or not ready.issuperset(self.query.include)

    def row(self, row: Row, document: Json | None) -> bytes:
        """The DICOM JSON object of one row in UTF-8; `document` is the metadata of the instance that speaks for it."""
        told = self._attributes(row, self.told) | self._counts(row, self.told) | self._place(row)
        if self.query.include_all or self.query.include:
            told = self._more(row, document or {}) | told
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)

    def whole(self, row: Row, document: Json | None) -> Json:
        """All that is known of a row, for matching."""
        every = self.known
        return (document or {}) | self._attributes(row, every) | self._counts(row, every)

    def _more(self, row: Row, document: Json) -> Json:
        """What is asked for beyond the usual; also of a study or series that the URL names already."""
        known = self.whole(row, document)
        wanted = of_level(known, self.query.level) if self.query.include_all else {}
        return wanted | {tag: known[tag] for tag in self.query.include if tag in known}

    def _attributes(self, row: Row, levels: Collection[Level]) -> Json:
        found: Json = {}
        for each in levels:
            found |= self._read(row[f"attributes_{each.value}"], own=each is self.query.level)
        return found

    def _read(self, ready: bytes, *, own: bool) -> Json:
        """A study or series stands above many rows: it is parsed once."""
        if own:
            return orjson.loads(ready)  # type: ignore[no-any-return]
        if ready not in self._parsed:
            self._parsed[ready] = orjson.loads(ready)
        return self._parsed[ready]

    def _counts(self, row: Row, levels: Collection[Level]) -> Json:
        counts: Json = {}
        if Level.STUDY in levels:
            modalities = [each for each in row["modalities"].split("\\") if each]
            # Without a value it is left out: viewers take an empty one for a study without series.
            counts |= {"00080061": {"vr": "CS", "Value": modalities}} if modalities else {}
            counts |= {"00201206": _number(row["series_count"]), "00201208": _number(row["study_instances"])}
        if Level.SERIES in levels:
            counts["00201209"] = _number(row["series_instances"])
        return counts

    def _place(self, row: Row) -> Json:
        """UIDs of all levels, and where to retrieve it."""
        url = f"{self.base_url}/studies/{row['study_uid']}"
        place: Json = {"0020000D": _uid(row["study_uid"])}
        if self.query.level >= Level.SERIES:
            url += f"/series/{row['series_uid']}"
            place["0020000E"] = _uid(row["series_uid"])
        if self.query.level is Level.INSTANCE:
            url += f"/instances/{row['sop_uid']}"
        place["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
        place["00081190"] = {"vr": "UR", "Value": [url]}
        return place


async def documents(
    level: Level, row_ids: Collection[int], base_url: str, narrowed: Mapping[Place, Sequence[str]]
) -> dict[int, Json]:
    """Row id → metadata of the instance that speaks for it, its large values by public URL."""
    statement = Statement()
    owner = _OWNER[level]
    seen = only_these(statement, narrowed) if level is Level.STUDY else EVERYTHING
    speaking = _FIRST_OF[level].format(wanted=statement.one_of(f"{owner}.id", row_ids), seen=seen)
    rows = await statement.rows(
        f"SELECT {owner}.id AS row_id, stored_object.metadata, study.study_instance_uid AS study_uid,"
        " series.series_instance_uid AS series_uid, instance.sop_instance_uid AS sop_uid FROM instance"
        " JOIN series ON series.id = instance.series_id JOIN study ON study.id = series.study_id"
        " JOIN stored_object ON stored_object.instance_id = instance.id AND stored_object.version = instance.version"
        f" WHERE instance.id IN ({speaking})"
    )
    return {row["row_id"]: _document(row, base_url) for row in rows}


def _document(row: Row, base_url: str) -> Json:
    url = f"{base_url}/studies/{row['study_uid']}/series/{row['series_uid']}/instances/{row['sop_uid']}"
    return orjson.loads(absolute(row["metadata"], url))  # type: ignore[no-any-return]


def _uid(value: str) -> Json:
    return {"vr": "UI", "Value": [value]}


def _number(value: int) -> Json:
    return {"vr": "IS", "Value": [value]}
