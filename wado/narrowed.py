"""Studies of which somebody may see single series alone: what a search counts, tells and finds of them is of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.grants import Grant
from infra.statement import Statement, all_of, any_of

COUNTED = frozenset({"00080061", "00201206", "00201208"})  # attributes of a study that are made of all its series

Row = Mapping[str, Any]
Place = tuple[str, str]  # hospital and Study Instance UID


def narrowed_by(grant: Grant) -> dict[Place, list[str]]:
    """Studies of which the grant has some series and not the whole → these series."""
    found: dict[Place, list[str]] = {}
    for hospital, study, series in sorted(grant.series):
        if not grant.allows(hospital, study):
            found.setdefault((hospital, study), []).append(series)
    return found


def only_these(statement: Statement, narrowed: Mapping[Place, Sequence[str]]) -> str:
    """A condition on rows of study and series: of a narrowed study one of its series, of any other study all."""
    places = [
        (
            all_of((statement.one_of("study.hospital_id", [hospital]), statement.one_of("study.study_instance_uid", [study]))),
            statement.one_of("series.series_instance_uid", series),
        )
        for (hospital, study), series in narrowed.items()
    ]
    return all_of(f"(NOT {study} OR {series})" for study, series in places)


async def counted(rows: Sequence[Row], narrowed: Mapping[Place, Sequence[str]]) -> Sequence[Row]:
    """The rows of a search, their modalities and counts those of the series that may be seen."""
    asked = {place: series for place, series in narrowed.items() if any(_place(row) == place for row in rows)}
    if not asked:
        return rows
    known = await _counts(asked)
    return [{**row, **known[_place(row)]} if _place(row) in known else row for row in rows]


async def _counts(narrowed: Mapping[Place, Sequence[str]]) -> dict[Place, dict[str, Any]]:
    statement = Statement()
    wanted = any_of(
        all_of(
            (
                statement.one_of("study.hospital_id", [hospital]),
                statement.one_of("study.study_instance_uid", [study]),
                statement.one_of("series.series_instance_uid", series),
            )
        )
        for (hospital, study), series in narrowed.items()
    )
    found = await statement.rows(
        "SELECT study.hospital_id AS hospital, study.study_instance_uid AS study_uid, series.modality, series.instance_count"
        f" FROM series JOIN study ON study.id = series.study_id WHERE {wanted}"
    )
    counts: dict[Place, dict[str, Any]] = {
        place: {"modalities": "", "series_count": 0, "study_instances": 0} for place in narrowed
    }
    for row in found:
        of_study = counts[_place(row)]
        of_study["series_count"] += 1
        of_study["study_instances"] += row["instance_count"]
        if row["modality"] and f"\\{row['modality']}\\" not in of_study["modalities"]:
            of_study["modalities"] = f"{of_study['modalities'] or chr(92)}{row['modality']}\\"
    return counts


def _place(row: Row) -> Place:
    return row["hospital"], row["study_uid"]
