"""Searches on both databases: the same rows in the same order, whatever is asked, and never anybody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydicom.dataset import Dataset
from tortoise.connection import get_connection

from infra.settings import Settings
from tests.wado.searched import EVERYBODY, ROOT, found, indexed, studies
from wado import search
from wado.query import Level


def study(number: int, **attributes: object) -> dict[str, object]:
    uid = f"1.2.3.{number}"
    known: dict[str, object] = {"study": uid, "series": f"{uid}.1", "sop": f"{uid}.1.1", "Modality": "CT", "InstanceNumber": 1}
    return known | {"StudyDate": f"2020010{number % 9 + 1}"} | attributes


def scheduled(identifier: str) -> list[Dataset]:
    item = Dataset()
    item.ScheduledProcedureStepID = identifier
    item.RequestedProcedureID = "RP1"
    return [item]


@pytest.fixture
async def archive(database: Settings, tmp_path: Path) -> Settings:
    """Nine studies that differ in what is asked for below."""
    await indexed(
        tmp_path,
        study(
            1, PatientName="Wang^XiaoDong=王^小东", PatientID="A_1%", StudyTime="101530", AccessionNumber="a1", SeriesNumber=2
        ),
        study(2, PatientName="WANG^Fang", PatientID="AX1Y", StudyTime="10", AccessionNumber="A1", StudyDescription="Head [CT]"),
        study(3, PatientName="Li^Wang=李^王=ﾘ^ﾜﾝ", PatientID="a_1%", StudyTime="235959.999999", StudyDescription="Head *CT?"),
        study(4, PatientName="山田^太郎", PatientID="A\\_1".replace("\\", ""), Modality="MR", StudyTime="000000"),
        study(5, PatientName="", PatientID="", Modality="SC", StudyDescription="head"),
        study(6, PatientName='O\'Brien^"x"', PatientID="100%", Modality="ct", InstitutionName="第一医院"),
        study(
            7, PatientID="ß", StudyDescription="50% of _", BodyPartExamined="CHEST", RequestAttributesSequence=scheduled("S7")
        ),
        study(8, StudyDate="", Modality="", InstanceNumber=None, RequestAttributesSequence=scheduled("S8")),
        study(9, StudyDate="20200229", ReferringPhysicianName="Zhao^Yi=赵^一", PatientBirthDate="19700101", PatientSex="F"),
    )
    await indexed(tmp_path, study(1, sop="1.2.3.1.2.1", series="1.2.3.1.2", Modality="MR", SeriesNumber=1))
    return database


FOUND = {
    "": "9 8 7 6 5 4 3 2 1",
    # single values: case counts, % and _ are nothing special
    "PatientID=A_1%": "1",
    "PatientID=a_1%": "3",
    "PatientID=100%": "6",
    "PatientID=%": "",
    "PatientID=_": "",
    "PatientID=ß": "7",
    "PatientID=ss": "",
    "AccessionNumber=a1": "1",
    "00080050=A1": "2",
    "AccessionNumber=a1\\A1": "2 1",
    # wildcards
    "PatientID=A*": "4 2 1",
    "PatientID=A_1*": "4 1",
    "PatientID=A?1*": "4 2 1",
    "PatientID=*%": "6 3 1",
    "PatientID=*_1*": "4 3 1",
    "PatientID=A??%": "1",
    "PatientID=?": "7",
    "PatientID=*": "9 8 7 6 5 4 3 2 1",
    "StudyDescription=Head [CT]": "2",
    "StudyDescription=Head [[]CT]": "",
    "StudyDescription=*[CT]*": "2",
    "StudyDescription=Head*": "3 2",
    "StudyDescription=head*": "5",
    "StudyDescription=50%*_": "7",
    "StudyDescription=*%*": "7",
    # persons: no case, any component group
    "PatientName=wang*": "2 1",
    "PatientName=WANG^FANG": "2",
    "PatientName=Wang^XiaoDong": "1",
    "PatientName=王*": "1",
    "PatientName=王^小东": "1",
    "PatientName=王小东": "1",
    "PatientName=*王*": "3 1",
    "PatientName=李*": "3",
    "PatientName=山田*": "4",
    "PatientName=ﾘ*": "3",
    "PatientName=リ*": "3",
    "PatientName=wang": "",
    "PatientName=o'brien*": "6",
    'PatientName=*"*': "6",
    "PatientName=zhang*": "",
    "ReferringPhysicianName=赵*": "9",
    "PatientName=wang&fuzzymatching=true": "3 2 1",
    "PatientName=xiao&fuzzymatching=true": "1",
    "PatientName=小&fuzzymatching=true": "1",
    "PatientName=ang&fuzzymatching=true": "",
    "PatientName=fang wang&fuzzymatching=true": "2",
    # dates and times
    "StudyDate=20200105": "4",
    "StudyDate=20200103-20200105": "4 3 2",
    "StudyDate=20200107-": "9 7 6",
    "StudyDate=-20200103": "2 1",
    "StudyTime=10": "2 1",
    "StudyTime=1015": "1",
    "StudyTime=100000-101530": "1",
    "StudyTime=235959-": "3",
    "StudyTime=-0000": "4",
    "PatientBirthDate=19700101": "9",
    "StudyDate=20200101-20200131&StudyTime=09-11": "2 1",
    # sets, codes, lists of UIDs
    "ModalitiesInStudy=MR": "4 1",
    "ModalitiesInStudy=CT": "9 7 3 2 1",
    "ModalitiesInStudy=ct": "6",
    "ModalitiesInStudy=MR\\SC": "5 4 1",
    "ModalitiesInStudy=MR,SC": "5 4 1",
    "ModalitiesInStudy=C*": "9 7 3 2 1",
    "ModalitiesInStudy=?C": "5",
    "ModalitiesInStudy=M": "",
    "PatientSex=F": "9",
    "StudyInstanceUID=1.2.3.4,1.2.3.2,9.9": "4 2",
    # missing values
    'PatientID=""&emptyvaluematching=true': "9 8 5",
    'StudyDate=""&emptyvaluematching=true': "8",
    'ModalitiesInStudy=""&emptyvaluematching=true': "8",
    "PatientID=": "9 8 7 6 5 4 3 2 1",
    # attributes that only the metadata knows, and counts
    "InstitutionName=第一医院": "6",
    "InstitutionName=第*": "6",
    "NumberOfStudyRelatedSeries=2": "1",
    "NumberOfStudyRelatedInstances=1&PatientID=A*": "4 2",
}


async def test_each_condition_finds_the_same_on_both_databases(archive: Settings) -> None:
    answers = {query: " ".join(sorted(await studies(query), reverse=True)) for query in FOUND}
    assert answers == FOUND


async def test_below_studies_conditions_of_all_levels_hold_together(archive: Settings) -> None:
    asked = {
        "Modality=MR": {"1.2.3.1.2.1", "1.2.3.4.1.1"},
        "Modality=MR&PatientID=A_1%": {"1.2.3.1.2.1"},
        "SeriesNumber=2": {"1.2.3.1.1.1"},
        "SeriesNumber=02": {"1.2.3.1.1.1"},
        "InstanceNumber=1&StudyDate=20200101-20200103": {"1.2.3.1.1.1", "1.2.3.1.2.1", "1.2.3.2.1.1"},
        "InstanceNumber=1.5": set(),
        "InstanceNumber=99999999999": set(),
        "InstanceNumber=1e300": set(),
        'InstanceNumber=""&emptyvaluematching=true': {"1.2.3.8.1.1"},
        "BodyPartExamined=CHEST": {"1.2.3.7.1.1"},
        "RequestAttributesSequence.ScheduledProcedureStepID=S7": {"1.2.3.7.1.1"},
        "RequestAttributesSequence.ScheduledProcedureStepID=S*": {"1.2.3.7.1.1", "1.2.3.8.1.1"},
        "SOPInstanceUID=1.2.3.4.1.1": {"1.2.3.4.1.1"},
        "SOPClassUID=1.2.840.10008.5.1.4.1.1.7&ModalitiesInStudy=MR&Modality=CT": {"1.2.3.1.1.1"},
    }
    for query, expected in asked.items():
        rows = map(orjson.loads, (await found(Level.INSTANCE, query)).rows)
        assert {row["00080018"]["Value"][0] for row in rows} == expected, query


async def test_order_is_the_same_on_both_databases_and_missing_numbers_come_last(archive: Settings, tmp_path: Path) -> None:
    for number, instance in enumerate((3, None, 1, 2), 1):
        await indexed(tmp_path, study(20, sop=f"1.2.3.20.1.{number}", InstanceNumber=instance))
    await indexed(tmp_path, study(20, sop="1.2.3.20.2.1", series="1.2.3.20.2", SeriesNumber=5))
    rows = [orjson.loads(row) for row in (await found(Level.INSTANCE, study="1.2.3.20")).rows]
    assert [row["00080018"]["Value"][0] for row in rows] == [f"1.2.3.20.{end}" for end in ("2.1", "1.3", "1.4", "1.1", "1.2")]
    assert await studies("StudyDate=20200101-20200104") == ["3", "2", "20", "1"]


async def test_pages_follow_each_other_without_gap_or_repetition(archive: Settings) -> None:
    for query in ("", "PatientName=*&", "StudyDescription=*e*", "PatientName=*a*", "InstitutionName=*医*"):
        whole = await studies(query)
        paged = [uid for offset in range(0, 10, 2) for uid in await studies(f"{query}&limit=2&offset={offset}")]
        assert paged == whole, query


async def test_an_answer_says_when_there_is_more(archive: Settings) -> None:
    for query, limits in (("", {0: True, 8: True, 9: False}), ("PatientName=*wang*", {0: True, 2: True, 3: False})):
        for limit, more in limits.items():
            answer = await found(Level.STUDY, f"{query}&limit={limit}")
            assert (len(answer.rows), answer.more) == (limit, more), (query, limit)
    assert (await found(Level.STUDY, "offset=100")).rows == ()


async def test_a_question_without_limit_is_cut_at_ours(archive: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_ROWS", 4)
    monkeypatch.setattr(search, "MOST_WHOLE_ROWS", 3)
    assert len((await found(Level.STUDY)).rows) == 4
    assert (await found(Level.STUDY)).more
    assert len((await found(Level.STUDY, "includefield=all&limit=100")).rows) == 3


async def test_looking_at_rows_one_by_one_has_an_end(archive: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PAGE_ROWS", 2)
    assert len(await studies("PatientName=*wang*")) == 3
    monkeypatch.setattr(search, "MOST_SIFTED", 2)
    assert (await found(Level.STUDY, "InstitutionName=第*")).more


async def test_only_what_is_granted_is_found(archive: Settings, tmp_path: Path) -> None:
    await indexed(tmp_path, study(1), study(30), hospital="other")
    nobody = replace(EVERYBODY, hospitals=frozenset())
    assert await studies(grant=nobody) == []
    assert await studies(grant=replace(nobody, studies=frozenset({("other", "1.2.3.1"), ("demo", "1.2.3.30")}))) == ["1"]
    assert await studies(grant=replace(nobody, studies=frozenset({("demo", "1.2.3.2"), ("demo", "1.2.3.4")}))) == ["4", "2"]
    assert sorted(await studies("PatientID=A*", grant=replace(nobody, studies=frozenset({("demo", "1.2.3.2")})))) == ["2"]
    assert "30" not in await studies()
    assert await studies("StudyInstanceUID=1.2.3.30") == []


async def test_a_grant_of_one_series_finds_only_that_series(archive: Settings) -> None:
    one = replace(EVERYBODY, hospitals=frozenset(), series=frozenset({("demo", "1.2.3.1", "1.2.3.1.2")}))
    assert await studies(grant=one) == ["1"]
    rows = [orjson.loads(row) for row in (await found(Level.SERIES, grant=one)).rows]
    assert [row["0020000E"]["Value"][0] for row in rows] == ["1.2.3.1.2"]
    assert len((await found(Level.INSTANCE, grant=one)).rows) == 1
    assert (await found(Level.INSTANCE, grant=one, study="1.2.3.1", series="1.2.3.1.1")).rows == ()


async def test_of_a_series_that_is_not_granted_nothing_is_counted_told_or_found(archive: Settings) -> None:
    one = replace(EVERYBODY, hospitals=frozenset(), series=frozenset({("demo", "1.2.3.1", "1.2.3.1.1")}))
    asked = "includefield=Modality,SeriesInstanceUID,SOPInstanceUID,SeriesNumber"  # of the instance that speaks for the study
    (row,) = [orjson.loads(row) for row in (await found(Level.STUDY, asked, grant=one)).rows]
    assert row["00080061"]["Value"] == row["00080060"]["Value"] == ["CT"]
    assert (row["00201206"]["Value"], row["00201208"]["Value"], row["00200011"]["Value"]) == ([1], [1], [2])
    assert (row["0020000E"]["Value"], row["00080018"]["Value"][0].startswith("1.2.3.1.1.")) == (["1.2.3.1.1"], True)
    for level in (Level.SERIES, Level.INSTANCE):
        (below,) = [orjson.loads(row) for row in (await found(level, "includefield=all", grant=one)).rows]
        assert (below["00080061"]["Value"], below["00201206"]["Value"]) == (["CT"], [1])
    for modality, seen in {"CT": ["1"], "MR": [], "M*": [], "C?": ["1"], "MR\\CT": ["1"]}.items():
        assert await studies(f"ModalitiesInStudy={modality}", grant=one) == seen, modality
    both = replace(one, studies=frozenset({("demo", "1.2.3.1"), ("demo", "1.2.3.4")}))
    assert await studies("ModalitiesInStudy=MR", grant=both) == ["4", "1"], "of a whole study all of it"


async def test_a_study_without_name_date_and_modality_is_a_row_like_others(archive: Settings) -> None:
    (row,) = await rows_of(Level.STUDY, "StudyInstanceUID=1.2.3.8")
    assert row["00080020"] == {"vr": "DA"}
    assert "00080061" not in row


async def test_required_attributes_and_counts(archive: Settings) -> None:
    (row,) = await rows_of(Level.STUDY, "StudyInstanceUID=1.2.3.1")
    assert row["00080061"] == {"vr": "CS", "Value": ["CT", "MR"]}
    assert row["00201206"] == {"vr": "IS", "Value": [2]}
    assert row["00201208"] == {"vr": "IS", "Value": [2]}
    assert row["00081190"] == {"vr": "UR", "Value": [f"{ROOT}/studies/1.2.3.1"]}
    assert row["00100010"]["Value"] == [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}]
    assert row["00080056"]["Value"] == ["ONLINE"]
    first, second = await rows_of(Level.SERIES, study="1.2.3.1")
    assert (first["00200011"]["Value"], second["00200011"]["Value"]) == ([1], [2])
    assert first["00201209"] == {"vr": "IS", "Value": [1]}
    assert "00100010" not in first
    (instance,) = await rows_of(Level.INSTANCE, study="1.2.3.1", series="1.2.3.1.2")
    assert instance["00081190"]["Value"] == [f"{ROOT}/studies/1.2.3.1/series/1.2.3.1.2/instances/1.2.3.1.2.1"]
    assert "00080060" not in instance


async def test_rows_say_of_the_levels_above_what_the_url_does_not(archive: Settings) -> None:
    for level, scope, told in (
        (Level.SERIES, {}, {"00100010", "00201206"}),
        (Level.INSTANCE, {}, {"00100010", "00080060", "00201209"}),
        (Level.INSTANCE, {"study": "1.2.3.1"}, {"00080060", "00201209"}),
    ):
        for row in await rows_of(level, **scope):
            assert told <= row.keys()


async def test_every_row_is_json_with_each_name_once_and_in_order(archive: Settings) -> None:
    for level in Level:
        for query in ("", "includefield=all", "includefield=InstitutionName,StudyDescription,PatientName&PatientName=*"):
            for row in (await found(level, query)).rows:
                pairs = _pairs(row)
                assert pairs == sorted(set(pairs)), (level, query)


async def test_includefield_brings_what_was_asked_for(archive: Settings) -> None:
    for asked in ("InstitutionName", "00080080", "all"):
        (row,) = await rows_of(Level.STUDY, f"StudyInstanceUID=1.2.3.6&includefield={asked}")
        if asked != "all":  # an institution belongs to the equipment of a series
            assert row["00080080"]["Value"] == ["第一医院"]
    (series,) = await rows_of(Level.SERIES, "includefield=all", study="1.2.3.6")
    assert series["00080080"]["Value"] == ["第一医院"]
    (instance,) = await rows_of(
        Level.INSTANCE, "includefield=PatientName,ModalitiesInStudy", study="1.2.3.4", series="1.2.3.4.1"
    )
    assert instance["00100010"]["Value"] == [{"Alphabetic": "山田^太郎"}]
    assert instance["00080061"]["Value"] == ["MR"]


async def test_includefield_of_many_rows_takes_few_statements(archive: Settings, statements: list[str]) -> None:
    await found(Level.STUDY, "includefield=InstitutionName")
    assert len(statements) == 2
    statements.clear()
    await found(Level.INSTANCE, "includefield=all&PatientName=*")
    assert len(statements) == 2


async def test_a_plain_search_is_one_statement(archive: Settings, statements: list[str]) -> None:
    for level in Level:
        await found(level, "PatientID=A*&StudyDate=20200101-")
    assert len(statements) == 3


async def test_what_is_asked_never_becomes_part_of_the_statement(archive: Settings, statements: list[str]) -> None:
    for hostile in ("' OR '1'='1", '" OR 1=1 --', "'; DROP TABLE study; --", "$1", "%s", "{wanted}"):
        for name in ("PatientID", "PatientName", "StudyDescription", "AccessionNumber"):
            assert await studies(f"{name}={hostile}") == []
            assert await studies(f"{name}=*{hostile}*") == []
    assert not any("OR 1" in statement or "DROP" in statement for statement in statements)
    assert len(await studies()) == 9


async def rows_of(level: Level, query: str = "", **scope: str) -> list[dict[str, Any]]:
    return [orjson.loads(row) for row in (await found(level, query, **scope)).rows]  # type: ignore[arg-type]


def _pairs(row: bytes) -> list[str]:
    """The names of the outermost object as they stand there."""
    names: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names[:] = [name for name, _ in pairs]
        return dict(pairs)

    json.loads(row, object_pairs_hook=note)
    return names


@pytest.fixture
def statements(archive: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that reach the database from now on."""
    seen: list[str] = []
    connection = get_connection("default")
    execute = connection.execute_query

    async def noted(query: str, values: list[Any] | None = None) -> Any:
        seen.append(query)
        return await execute(query, values)

    monkeypatch.setattr(connection, "execute_query", noted)
    return seen
