"""Under a mask nothing that anybody could have typed leaves, and what a picture needs does."""

from __future__ import annotations

import base64
import io
import json
from functools import partial
from typing import Any

import pydicom
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from archive.dicomjson import to_json
from tests.archive.samples import package
from wado.masking.attributes import Mask, masked
from wado.masking.profile import CODES_OF, RULES, Rule
from wado.masking.uids import mapped
from wado.masking.words import known_words

Json = dict[str, Any]
MARKER = "MARKERXQ"
MASK = Mask("M-1", partial(mapped, b"k" * 32))
TEXT_VRS = ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT")
# Lookup tables hold numbers; that they have as many as their descriptor says is looked at where bytes leave.
TABLES = {tag for tag, rule in RULES.items() if rule is Rule.TABLE}
NEEDED = (
    *("Rows", "Columns", "BitsStored", "PhotometricInterpretation", "PixelSpacing", "ImagePositionPatient", "WindowCenter"),
    *("ImageOrientationPatient", "RescaleSlope", "Modality", "SOPClassUID", "StudyDate", "SequenceOfUltrasoundRegions"),
)
IMAGES = [
    "CT_small.dcm",
    "MR_small.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "examples_rgb_color.dcm",
    "SC_rgb_small_odd.dcm",
]


def _attribute(vr: str) -> Json:
    if vr == "SQ":
        return {"vr": vr}
    if vr == "PN":
        return {"vr": vr, "Value": [dict.fromkeys(("Alphabetic", "Ideographic", "Phonetic"), f"X{MARKER}^{MARKER}")]}
    if vr in ("OB", "OW", "OD", "OF", "OL", "OV", "UN"):
        return {"vr": vr, "InlineBinary": base64.b64encode(MARKER.encode()).decode()}
    return {"vr": vr, "Value": [MARKER, f" {MARKER} "]}


def _everywhere(vr: str | None = None) -> Json:
    """Every element of PS3.6 with the marker in it, by its own VR or by the one given; private elements too."""
    document = {f"{tag:08X}": _attribute(vr or entry[0].split(" or ")[-1]) for tag, entry in DicomDictionary.items()}
    return document | {"00090010": _attribute("LO"), "00091001": _attribute("UN"), "60003000": _attribute("OB")}


def _text(document: Json) -> str:
    """The JSON, and what its binary values say."""
    said = json.dumps(document)
    return said + "".join(base64.b64decode(each).decode("latin-1") for each in _inline(document))


def _inline(document: Json) -> list[str]:
    found = []
    for attribute in document.values():
        found += [attribute["InlineBinary"]] if "InlineBinary" in attribute else []
        for item in attribute.get("Value", ()) if attribute["vr"] == "SQ" else ():
            found += _inline(item)
    return found


@pytest.mark.parametrize("vr", [None, *TEXT_VRS])
def test_a_marker_in_every_element_comes_out_of_none(vr: str | None) -> None:
    document = {tag: each for tag, each in _everywhere(vr).items() if int(tag, 16) not in TABLES}
    sequences = [tag for tag, rule in RULES.items() if rule in (Rule.ITEMS, Rule.CONCEPT)]
    document |= {f"{tag:08X}": {"vr": "SQ", "Value": [dict(document)]} for tag in sequences}
    assert MARKER in _text(document)
    assert MARKER not in _text(masked(document, MASK))


def test_who_it_is_is_replaced_and_when_they_were_born_is_a_year() -> None:
    data_set = Dataset()
    data_set.PatientName, data_set.PatientID, data_set.PatientBirthDate = (
        "Wang^XiaoDong=王^小东",
        "110105194912310046",
        "19491231",
    )
    data_set.PatientAge, data_set.PatientSex, data_set.PatientWeight = "097Y", "M", 71.5
    found = masked(_json(data_set), MASK)
    values = {pydicom.datadict.keyword_for_tag(tag): each["Value"][0] for tag, each in found.items()}
    assert values == {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": {"Alphabetic": "W**", "Ideographic": "王**"},
        "PatientID": "M-1",
        "PatientBirthDate": "19490101",
        "PatientAge": "090Y",
        "PatientSex": "M",
        "PatientWeight": 71.5,
        "PatientIdentityRemoved": "YES",
    }


def _json(data_set: Dataset) -> Json:
    document: Json = data_set.to_json_dict()
    return document


@pytest.mark.parametrize("name", IMAGES)
def test_a_picture_keeps_all_that_drawing_and_measuring_need(name: str) -> None:
    whole = to_json(pydicom.dcmread(io.BytesIO(package(name))))
    found = masked(whole, MASK)
    for keyword in NEEDED:
        tag = f"{int(Tag(keyword)):08X}"
        assert found.get(tag) == (whole[tag] if whole.get(tag, {}).get("Value") else None), keyword


def test_the_same_uid_is_replaced_by_the_same_other_one_wherever_it_stands() -> None:
    referring, referred = Dataset(), Dataset()
    referred.SOPInstanceUID = referring.StudyInstanceUID = "1.2.3"
    referring.ReferencedSOPInstanceUID = "1.2.3"
    found = masked(_json(referring), MASK) | masked(_json(referred), MASK)
    uids = {each["Value"][0] for each in found.values() if each["vr"] == "UI"}
    assert uids == {mapped(b"k" * 32, "1.2.3")}
    assert uids != {mapped(b"l" * 32, "1.2.3")}
    assert all(pydicom.uid.UID(uid).is_valid for uid in uids)


def test_coded_concepts_keep_the_meaning_of_the_dictionary_and_not_the_one_that_was_typed() -> None:
    left = {"00080100": {"vr": "SH", "Value": ["399162004"]}, "00080102": {"vr": "SH", "Value": ["SCT"]}}
    typed = left | {"00080104": {"vr": "LO", "Value": [MARKER]}}
    other = typed | {"00080100": {"vr": "SH", "Value": [MARKER]}}
    found = masked({"00540220": {"vr": "SQ", "Value": [typed, other]}}, MASK)
    assert found["00540220"]["Value"] == [
        left | {"00080104": {"vr": "LO", "Value": ["Cranio-caudal projection (qualifier value)"]}}
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("AX T2 FSE 5mm WANG XIAODONG", "AX T2 FSE 5mm"),
        ("胸部王小东平扫", "胸部平扫"),
        ("Chest 13800138000 1.25mm 20250101", "Chest 1.25mm"),
        ("110105194912310046", ""),
        ("王小东", ""),
        ("t1_mprage_sag_p2_iso", "t1 mprage sag"),
        ("", ""),
    ],
)
def test_a_description_keeps_its_known_words(text: str, kept: str) -> None:
    assert known_words(text) == kept


def test_every_listed_value_is_one_that_its_attribute_may_have() -> None:
    assert all(len(value) <= 16 for values in CODES_OF.values() for value in values)
    assert all(value == value.upper().strip() for values in CODES_OF.values() for value in values)
