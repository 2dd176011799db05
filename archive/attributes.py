"""What the index keeps of an instance: plain values, and QIDO-RS rows of study, series and instance (PS3.18 10.6.3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

Json = dict[str, Any]
Values = dict[str, str | int | None]

# Tables 10.6.3-3 to 10.6.3-5. Required attributes are answered even when the instance lacks them, empty;
# what depends on other instances or on us (counts, URLs, availability) is added when answering.
STUDY_REQUIRED = {
    "00080020": "DA",
    "00080030": "TM",
    "00080050": "SH",
    "00080090": "PN",
    "00100010": "PN",
    "00100020": "LO",
    "00100030": "DA",
    "00100040": "CS",
    "0020000D": "UI",
    "00200010": "SH",
}
STUDY_IF_PRESENT = {"00080201": "SH", "00081030": "LO", "00100021": "LO"}
SERIES_REQUIRED = {"00080060": "CS", "0020000E": "UI", "00200011": "IS"}
SERIES_IF_PRESENT = {"00080201": "SH", "0008103E": "LO", "00180015": "CS", "00400244": "DA", "00400245": "TM"}
INSTANCE_REQUIRED = {"00080016": "UI", "00080018": "UI", "00200013": "IS"}
INSTANCE_IF_PRESENT = {"00080201": "SH", "00280008": "IS", "00280010": "US", "00280011": "US", "00280100": "US"}
REQUEST_ATTRIBUTES, REQUEST_IDS = "00400275", {"00400009": "SH", "00401001": "SH"}  # of its items only these are asked for
_CHARACTER_SET: Json = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}  # JSON is UTF-8 whatever the file was

STUDY_KEYWORDS = {
    "StudyInstanceUID": "0020000D",
    "PatientID": "00100020",
    "PatientName": "00100010",
    "PatientBirthDate": "00100030",
    "PatientSex": "00100040",
    "StudyDate": "00080020",
    "StudyTime": "00080030",
    "AccessionNumber": "00080050",
    "StudyID": "00200010",
    "StudyDescription": "00081030",
    "ReferringPhysicianName": "00080090",
}
SERIES_KEYWORDS = {
    "SeriesInstanceUID": "0020000E",
    "Modality": "00080060",
    "SeriesNumber": "00200011",
    "SeriesDescription": "0008103E",
    "BodyPartExamined": "00180015",
    "PerformedProcedureStepStartDate": "00400244",
    "PerformedProcedureStepStartTime": "00400245",
}
INSTANCE_KEYWORDS = {"SOPInstanceUID": "00080018", "SOPClassUID": "00080016", "InstanceNumber": "00200013"}

INTEGERS = range(-(2**31), 2**31)  # PS3.5 table 6.2-1: IS
_VRS = STUDY_REQUIRED | STUDY_IF_PRESENT | SERIES_REQUIRED | SERIES_IF_PRESENT | INSTANCE_REQUIRED | INSTANCE_IF_PRESENT
_STRINGS = frozenset(("AE", "CS", "DA", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UT"))
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_DATE = re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d(([0-5]\d|60)(\.\d{1,6})?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Values by keyword ("" or None when absent or not what their VR says), and ready QIDO-RS rows as DICOM JSON in UTF-8."""

    study: Values
    series: Values
    instance: Values
    study_row: bytes
    series_row: bytes
    instance_row: bytes


def attributes(document: Json) -> Attributes:
    """Of an instance's DICOM JSON."""
    return Attributes(
        _values(document, STUDY_KEYWORDS),
        _values(document, SERIES_KEYWORDS),
        _values(document, INSTANCE_KEYWORDS),
        _bytes(_row(document, STUDY_REQUIRED, STUDY_IF_PRESENT)),
        _bytes(_row(document, SERIES_REQUIRED, SERIES_IF_PRESENT) | _requests(document)),
        _bytes(_row(document, INSTANCE_REQUIRED, INSTANCE_IF_PRESENT)),
    )


def _row(document: Json, required: Mapping[str, str], if_present: Mapping[str, str]) -> Json:
    row: Json = {tag: {"vr": vr} for tag, vr in required.items()}
    for tag, vr in (*required.items(), *if_present.items()):
        if found := _found(document, tag, vr):
            row[tag] = {"vr": vr, "Value": found}
    return row


def _found(document: Json, tag: str, vr: str) -> list[Any]:
    """The values of an attribute that has its own VR, or text sent under another one; not what clients cannot expect here."""
    attribute = document.get(tag, {})
    found: list[Any] = attribute.get("Value", [])
    fits = attribute.get("vr") == vr or (vr in _STRINGS and attribute.get("vr") in _STRINGS)
    return found if fits else []


def _requests(document: Json) -> Json:
    items = [_row(item, {}, REQUEST_IDS) for item in _found(document, REQUEST_ATTRIBUTES, "SQ")]
    return {REQUEST_ATTRIBUTES: {"vr": "SQ", "Value": items}} if any(items) else {}


def _bytes(row: Json) -> bytes:
    return orjson.dumps(_CHARACTER_SET | row, option=orjson.OPT_SORT_KEYS)


def _values(document: Json, keywords: Mapping[str, str]) -> Values:
    return {keyword: _value(document, tag, _VRS[tag]) for keyword, tag in keywords.items()}


def _value(document: Json, tag: str, vr: str) -> str | int | None:
    found = next(iter(_found(document, tag, vr)), None)
    if vr == "IS":
        return found if isinstance(found, int) and found in INTEGERS else None
    if vr == "PN":
        return _plain("=".join(found.get(group, "") for group in _GROUPS).rstrip("=")) if found else ""
    text = _plain(found) if isinstance(found, str) else ""
    if vr == "DA":
        return _matching(_DATE, text.replace(".", ""))  # the dots and colons of ACR-NEMA (PS3.5 section 6.2, DA and TM)
    if vr == "TM":
        return _matching(_TIME, text.replace(":", ""))
    return text


def _plain(text: str) -> str:
    """Without the NUL that PostgreSQL takes in no text."""
    return text.replace("\0", "").strip()


def _matching(form: re.Pattern[str], text: str) -> str:
    return text if form.fullmatch(text) else ""
