"""Searching from outside: which attributes come, Chinese names in any group, pages, and what cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from tests.archive import samples
from tests.parts.site import Site

STUDY, SERIES = "1.2.826.0.1.5.1", "1.2.826.0.1.5.2"
BARE_STUDY = "1.2.826.0.1.5.3"
NAMES = {"utf8": "Wang^XiaoDong=王^小东", "gbk": "Li^Si=李^四"}


@pytest.fixture(scope="module")
def client(examined: Site) -> Iterator[httpx.Client]:
    picture = np.zeros((8, 8), np.uint8)
    known = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "Modality": "CT", "StudyDescription": "胸部"}
    known |= {"BodyPartExamined": "CHEST", "SpecificCharacterSet": "ISO_IR 192", "PatientName": NAMES["utf8"]}
    files = [
        samples.instance(picture, **{**known, "SOPInstanceUID": f"{SERIES}.{number}", "InstanceNumber": number})  # type: ignore[arg-type]
        for number in (1, 2, 3)
    ]
    files += [samples.instance(picture, StudyInstanceUID=BARE_STUDY, SOPInstanceUID=f"{BARE_STUDY}.1"), _mislabelled(picture)]
    assert examined.store(*files).status_code == 200
    with examined.client() as opened:
        opened.base_url = httpx.URL(examined.root)
        yield opened


def _mislabelled(picture: Any) -> bytes:
    """GBK bytes under ISO_IR 100, as many devices write them."""
    name = NAMES["gbk"].encode("gbk")
    placed = samples.instance(
        picture,
        StudyInstanceUID=f"{STUDY}.9",
        SOPInstanceUID=f"{STUDY}.9.1",
        SpecificCharacterSet="ISO_IR 100",
        PatientName="@" * len(name),
    )
    return samples.patched(placed, b"@" * len(name), name)


def rows(client: httpx.Client, path: str, **parameters: str) -> list[dict[str, Any]]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def studies(client: httpx.Client, **parameters: str) -> set[str]:
    return {row["0020000D"]["Value"][0] for row in rows(client, "/studies", **parameters)}


@pytest.mark.parametrize("asked", ["王*", "王^小东", "*小东", "WANG*", "wang^xiaodong", "Wang^XiaoDong=王^小东", "?ang^*"])
def test_a_name_is_found_in_any_of_its_groups(client: httpx.Client, asked: str) -> None:
    assert STUDY in studies(client, PatientName=asked)
    assert f"{STUDY}.9" not in studies(client, PatientName=asked)


def test_a_name_in_the_wrong_character_set_is_found_and_shown_right(client: httpx.Client) -> None:
    (row,) = rows(client, "/studies", PatientName="李*")
    assert row["00100010"]["Value"] == [{"Alphabetic": "Li^Si", "Ideographic": "李^四"}]
    assert studies(client, PatientName="小东", fuzzymatching="true") == {STUDY}


@pytest.mark.parametrize("path", [f"/studies/{STUDY}/series", f"/studies/{STUDY}/instances", "/series", "/instances"])
def test_attributes_of_the_levels_above_come_when_asked_for(client: httpx.Client, path: str) -> None:
    (row, *_) = rows(client, path, includefield="PatientName,00081030", StudyInstanceUID=STUDY)
    assert row["00100010"]["Value"][0]["Ideographic"] == "王^小东"
    assert row["00081030"]["Value"] == ["胸部"]


def test_all_attributes_of_a_study_are_not_those_of_its_first_instance(client: httpx.Client) -> None:
    (study,) = rows(client, "/studies", includefield="all", StudyInstanceUID=STUDY)
    assert "00081030" in study
    assert not {"00080018", "00280010", "7FE00010", "00180015"} & study.keys()
    (series,) = rows(client, f"/studies/{STUDY}/series", includefield="all")
    assert series["00180015"]["Value"] == ["CHEST"]
    assert not {"00080018", "00280010", "7FE00010"} & series.keys()


def test_all_attributes_of_an_instance_lead_to_its_large_values(client: httpx.Client) -> None:
    (row, *_) = rows(client, f"/studies/{STUDY}/instances", includefield="all")
    url = row["7FE00010"]["BulkDataURI"]
    assert url.startswith(row["00081190"]["Value"][0])
    assert client.get(url).status_code == 200


def test_a_study_without_modality_has_no_empty_list_of_them(client: httpx.Client) -> None:
    (row,) = rows(client, "/studies", StudyInstanceUID=BARE_STUDY)
    assert "00080061" not in row


def test_pages_hold_each_row_once(client: httpx.Client) -> None:
    path = f"/studies/{STUDY}/instances"
    numbers = [rows(client, path, limit="1", offset=str(place))[0]["00200013"]["Value"][0] for place in range(3)]
    assert numbers == [1, 2, 3]
    assert rows(client, path, offset="3") == rows(client, path, limit="0") == []
    assert "warning" in client.get(path, params={"limit": "2"}).headers
    assert "warning" not in client.get(path, params={"limit": "3"}).headers


def test_no_result_is_an_empty_list_or_no_content(client: httpx.Client) -> None:
    assert rows(client, "/studies", PatientName="Nobody") == rows(client, "/studies/1.2.826.0.1.5.9/series") == []
    answer = client.get("/studies", params={"PatientName": "Nobody"}, headers={"Accept": "application/dicom+xml"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_parameter_of_somebody_elses_is_ignored_and_said(client: httpx.Client) -> None:
    answer = client.get("/studies", params={"StudyInstanceUID": STUDY, "_": "1700000000"})
    assert len(answer.json()) == 1
    assert "ignored" in answer.headers["warning"]


@pytest.mark.parametrize(
    "question",
    ["limit=-1", "offset=a", "limit=1&limit=2", "StudyDate=2004", "StudyInstanceUID=abc", "NoSuchKeyword=1", "Modality=CT"],
)
def test_what_cannot_be_asked(client: httpx.Client, question: str) -> None:
    assert client.get(f"/studies?{question}").status_code == 400


@pytest.mark.parametrize("value", ["%", "_", "\\", "'", '"', "*a" * 500 + "b", "?" * 900, "\0", "�"])
def test_signs_that_mean_something_to_a_database_mean_nothing_here(client: httpx.Client, value: str) -> None:
    assert rows(client, "/studies", PatientName=value) == []


def test_another_hospital_finds_nothing(examined: Site) -> None:
    with examined.client("hospital", "demo2") as foreign:
        for path in ("/studies", "/series", "/instances", f"/studies/{STUDY}/series", f"/studies/{STUDY}/instances"):
            assert foreign.get(examined.root + path).json() == []
