"""The index gets plain values of the right kind, and rows that any DICOMweb client can read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from archive.attributes import attributes
from archive.dicomjson import to_json
from tests.archive import samples


def _of(**values: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    found = attributes(to_json(samples.read(samples.instance(**values))))
    return found.study, found.series, found.instance


def test_values_are_found_by_keyword() -> None:
    study, series, instance = _of(
        PatientName="ZHANG^SAN=张^三",
        SpecificCharacterSet="ISO_IR 192",
        PatientID="P1",
        StudyDate="20260102",
        StudyTime="235959.123",
        AccessionNumber="A1",
        Modality="CT",
        SeriesNumber=7,
        InstanceNumber=-3,
    )
    assert (study["PatientName"], study["PatientID"], study["AccessionNumber"]) == ("ZHANG^SAN=张^三", "P1", "A1")
    assert (study["StudyDate"], study["StudyTime"], study["StudyInstanceUID"]) == ("20260102", "235959.123", "1.2.3")
    assert (series["Modality"], series["SeriesNumber"], series["SeriesInstanceUID"]) == ("CT", 7, "1.2.3.5")
    assert (instance["InstanceNumber"], instance["SOPInstanceUID"]) == (-3, "1.2.3.4")


def test_absent_values_are_empty() -> None:
    study, series, instance = _of()
    assert (study["PatientID"], study["StudyDate"], series["SeriesNumber"], instance["InstanceNumber"]) == ("", "", None, None)


@pytest.mark.parametrize(
    ("keyword", "sent", "kept"),
    [
        ("StudyDate", "2026.01.02", "20260102"),
        ("StudyDate", "20261302", ""),
        ("StudyDate", "next week", ""),
        ("StudyTime", "23:59:59", "235959"),
        ("StudyTime", "2359", "2359"),
        ("StudyTime", "9 o'clock", ""),
        ("PatientID", "A\0B", "AB"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_date_time_or_text_does_not_reach_a_column(keyword: str, sent: str, kept: str) -> None:
    study, _, _ = _of(**{keyword: sent})
    assert study[keyword] == kept


def test_numbers_beyond_the_column_or_not_numbers_at_all_are_none() -> None:
    document = to_json(samples.read(samples.instance(Modality="CT")))
    for value in (2**31, -(2**31) - 1, 1.5, "1A", None):
        found = attributes(document | {"00200011": {"vr": "IS", "Value": [value]}})
        assert found.series["SeriesNumber"] is None
    found = attributes(document | {"00200011": {"vr": "LO", "Value": ["7"]}})
    assert found.series["SeriesNumber"] is None


def test_rows_have_every_required_attribute_even_empty() -> None:
    found = attributes(to_json(samples.read(samples.instance(StudyDescription="Thorax"))))
    study, series, instance = (json.loads(row) for row in (found.study_row, found.series_row, found.instance_row))
    assert study["00100020"] == {"vr": "LO"}
    assert study["00100010"]["Value"] == [{"Alphabetic": "Phantom"}]
    assert study["00081030"]["Value"] == ["Thorax"]
    assert series["0020000E"]["Value"] == ["1.2.3.5"]
    assert instance["00080018"]["Value"] == ["1.2.3.4"]
    assert list(study) == sorted(study)
    assert all(row["00080005"]["Value"] == ["ISO_IR 192"] for row in (study, series, instance))


def test_values_of_a_foreign_kind_are_left_out_of_rows_but_text_is_kept() -> None:
    document = to_json(samples.read(samples.instance()))
    document |= {"00100010": {"vr": "UN", "InlineBinary": "QQ=="}, "00100020": {"vr": "SH", "Value": ["P1"]}}
    found = attributes(document)
    row = json.loads(found.study_row)
    assert row["00100010"] == {"vr": "PN"}
    assert row["00100020"] == {"vr": "LO", "Value": ["P1"]}
    assert (found.study["PatientName"], found.study["PatientID"]) == ("", "P1")


def test_request_attributes_carry_their_two_identifiers_only() -> None:
    item = {"00400009": {"vr": "SH", "Value": ["S1"]}, "00400007": {"vr": "LO", "Value": ["long"]}}
    document = {"00400275": {"vr": "SQ", "Value": [item]}}
    row = json.loads(attributes(document).series_row)
    assert row["00400275"] == {"vr": "SQ", "Value": [{"00400009": {"vr": "SH", "Value": ["S1"]}}]}
