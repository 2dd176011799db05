"""DICOM JSON is pydicom's, element by element, for every file; and it exists where pydicom gives up."""

from __future__ import annotations

import base64
import math
import struct
from pathlib import Path
from typing import Any

import orjson
import pydicom
import pytest
from pydicom.dataset import Dataset

from archive.dicomjson import INLINE_MAX_BYTES, items, to_json, values
from tests.archive import samples

pytestmark = pytest.mark.filterwarnings("ignore")  # pydicom's, on files that are wrong on purpose

FIRST_DATA_SET_TAG = 0x00080000
EXPLICIT_LE = "1.2.840.10008.1.2.1"


def _files() -> list[Path]:
    return [*samples.package_files(), *sorted(samples.PACKAGE.parent.glob("charset_files/*.dcm")), *samples.sample_files()]


def _by_pydicom(path: Path) -> dict[str, Any]:
    """What pydicom makes of each element; without those on which it fails."""
    ds = pydicom.dcmread(path, force=True)
    document = {}
    for tag in ds.keys():  # noqa: SIM118 iterating a data set would convert it
        if tag >= FIRST_DATA_SET_TAG:
            try:
                document[f"{tag:08X}"] = ds[tag].to_json_dict(None, INLINE_MAX_BYTES)
            except (ValueError, TypeError, IndexError):
                continue
    return document


def _comparable(theirs: dict[str, Any], path: str) -> dict[str, Any]:
    """Their document with our bulk data and character set."""
    document: dict[str, Any] = {}
    for tag, attribute in theirs.items():
        if tag == "00080005":
            attribute = {"vr": "CS", "Value": ["ISO_IR 192"]}
        elif attribute["vr"] == "SQ":
            below = [_comparable(item, f"{path}{tag}/{number}/") for number, item in enumerate(attribute["Value"])]
            attribute = {"vr": "SQ", "Value": below}
        elif "InlineBinary" in attribute and _is_bulk(tag, attribute["InlineBinary"], path):
            attribute = {"vr": attribute["vr"], "BulkDataURI": f"{path}{tag}"}
        document[tag] = attribute
    return document


def _is_bulk(tag: str, inline: str, path: str) -> bool:
    return len(base64.b64decode(inline)) > INLINE_MAX_BYTES or (path == "bulkdata/" and tag == "7FE00010")


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.name)
def test_every_element_is_as_pydicom_gives_it(path: Path) -> None:
    ours = to_json(pydicom.dcmread(path, force=True))
    theirs = _comparable(_by_pydicom(path), "bulkdata/")
    assert {tag: ours[tag] for tag in theirs} == theirs
    assert list(ours) == sorted(ours)
    orjson.dumps(ours)


def test_values_that_pydicom_refuses_are_still_answered() -> None:
    document = to_json(samples.read(samples.package("badVR.dcm")))
    assert document["00280008"] == {"vr": "IS", "Value": ["1A"]}


def _with(element: bytes) -> dict[str, Any]:
    whole = samples.instance()
    return to_json(samples.read(whole + element))


def _element(tag: int, vr: bytes, value: bytes) -> bytes:
    long = vr in (b"OB", b"OW", b"UN", b"UT", b"UC", b"SV", b"UV")
    length = struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))
    return struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr + length + value


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        (b"DS", b"1.5\\\\2 ", {"vr": "DS", "Value": [1.5, None, 2.0]}),
        (b"DS", b"1e999 ", {"vr": "DS", "Value": ["1e999"]}),
        (b"DS", b"12 mm ", {"vr": "DS", "Value": ["12 mm"]}),
        (b"IS", b"12.5", {"vr": "IS", "Value": [12.5]}),
        (b"IS", b"7.0 ", {"vr": "IS", "Value": [7]}),
        (b"IS", b"9" * 30, {"vr": "IS", "Value": ["9" * 30]}),
        (b"FD", struct.pack("<2d", math.nan, -math.inf), {"vr": "FD", "Value": ["NaN", "-inf"]}),
        (b"US", b"\1\2\3", {"vr": "UN", "InlineBinary": "AQID"}),
        (b"AT", b"\1\2", {"vr": "UN", "InlineBinary": "AQI="}),
        (b"AT", b"\x10\0\x20\0", {"vr": "AT", "Value": ["00100020"]}),
        (b"UV", b"\xff" * 8, {"vr": "UV", "Value": [2**64 - 1]}),
        (b"PN", b"A^B\\\\=C ", {"vr": "PN", "Value": [{"Alphabetic": "A^B"}, None, {"Alphabetic": "", "Ideographic": "C"}]}),
        (b"CS", "头颅".encode("gb18030"), {"vr": "CS", "Value": ["头颅"]}),
        (b"LO", b"  ", {"vr": "LO"}),
        (b"OB", b"", {"vr": "OB"}),
    ],
)
def test_odd_values_never_raise(vr: bytes, value: bytes, expected: dict[str, Any]) -> None:
    document = _with(_element(0x00990001 if vr != b"XX" else 0, vr, value))
    assert document["00990001"] == expected
    orjson.dumps(document)


def test_binary_is_inline_up_to_a_kilobyte_and_a_relative_uri_above() -> None:
    assert "InlineBinary" in _with(_element(0x00990001, b"OB", bytes(INLINE_MAX_BYTES)))["00990001"]
    longer = _with(_element(0x00990001, b"OB", bytes(INLINE_MAX_BYTES + 2)))["00990001"]
    assert longer == {"vr": "OB", "BulkDataURI": "bulkdata/00990001"}


def test_pixels_are_a_resource_even_when_they_are_few() -> None:
    document = to_json(samples.read(samples.package("SC_rgb_small_odd.dcm")))
    assert document["7FE00010"]["BulkDataURI"] == "bulkdata/7FE00010"


def test_bulk_data_inside_sequences_is_named_by_its_path() -> None:
    document = to_json(samples.read(samples.package("waveform_ecg.dcm")))
    second = document["54000100"]["Value"][1]
    assert second["54001010"] == {"vr": "OW", "BulkDataURI": "bulkdata/54000100/1/54001010"}


@pytest.mark.parametrize("declared", [None, "", "ISO_IR 100", "ISO_IR 192", "GBK"])
@pytest.mark.parametrize("written", ["gb18030", "utf_8"])
def test_chinese_is_right_at_every_level(declared: str | None, written: str) -> None:
    item = Dataset()
    item.PatientComments = "@" * 8
    attributes: dict[str, Any] = {"PatientName": "@" * 12, "InstitutionName": "#" * 8, "ReferencedStudySequence": [item]}
    if declared is not None:
        attributes["SpecificCharacterSet"] = declared
    data = samples.instance(**attributes)
    for place, chinese in ((b"@" * 12, "ZS=张三"), (b"#" * 8, "医院"), (b"@" * 8, "胸痛")):
        data = data.replace(place, chinese.encode(written).ljust(len(place)))
    document = to_json(samples.read(data))
    assert document["00100010"]["Value"] == [{"Alphabetic": "ZS", "Ideographic": "张三"}]
    assert document["00080080"]["Value"] == ["医院"]
    assert document["00081110"]["Value"][0]["00104000"]["Value"] == ["胸痛"]
    assert ("00080005" in document) == (declared is not None)
    assert document.get("00080005", {"Value": ["ISO_IR 192"]})["Value"] == ["ISO_IR 192"]


def test_single_elements_are_read_without_the_rest() -> None:
    ds = samples.read(samples.package("rtplan.dcm"))
    assert values(ds, 0x00080060) == ["RTPLAN"]
    assert values(ds, 0x00990001) == []
    assert [values(item, 0x300A0071) for item in items(ds, 0x300A0070)] == [[1]]
    assert items(ds, 0x00080060) == ()
