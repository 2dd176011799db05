"""The directory of masked files (PS3.10 section 8.6, PS3.3 section F.5): what their own headers say, and nothing besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.locate import Located
from wado import dicomdir
from wado.dicomdir import File, Record, keys

Header = Mapping[str, Any]  # DICOM JSON (PS3.18 annex F)
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")


@dataclass(frozen=True, slots=True)
class Listed:
    """One series, and the keys of the study and the patient above it."""

    patient: bytes
    study: bytes
    series: Record


def listed(number: int, modality: str, header: Header, files: Sequence[tuple[Located, str]], taken_at: datetime) -> Listed:
    """A series of these (file, name in the ZIP).

    `header` is the masked one of any of them, `taken_at` the time of the exam in the hospital's zone.
    """
    first, _ = files[0]
    patient = keys((0x00100010, "PN", _said(header, 0x00100010)), (0x00100020, "LO", _said(header, 0x00100020) or "UNKNOWN"))
    study = keys(
        (0x00080020, "DA", _said(header, 0x00080020) or f"{taken_at:%Y%m%d}"),
        (0x00080030, "TM", _said(header, 0x00080030) or f"{taken_at:%H%M%S}"),
        (0x00080050, "SH", _said(header, 0x00080050)),
        (0x00081030, "LO", _said(header, 0x00081030)),
        (0x0020000D, "UI", first.study_uid),
        (0x00200010, "SH", _said(header, 0x00200010) or "1"),
    )
    series = keys(
        (0x00080060, "CS", modality),
        (0x0008103E, "LO", _said(header, 0x0008103E)),
        (0x0020000E, "UI", first.series_uid),
        (0x00200011, "IS", _said(header, 0x00200011) or str(number)),
    )
    below = tuple(_image(at, name, place) for place, (at, name) in enumerate(files, 1))
    return Listed(patient, study, Record("SERIES", series, below))


def directory(series: Sequence[Listed]) -> bytes:
    """The file DICOMDIR."""
    patients: dict[bytes, dict[bytes, list[Record]]] = {}
    for each in series:
        patients.setdefault(each.patient, {}).setdefault(each.study, []).append(each.series)
    return dicomdir.dicomdir(
        [
            Record("PATIENT", patient, tuple(Record("STUDY", study, tuple(below)) for study, below in studies.items()))
            for patient, studies in patients.items()
        ]
    )


def _image(at: Located, name: str, place: int) -> Record:
    number = at.instance_number if at.instance_number is not None else place
    file = File(tuple(name.split("/")), at.sop_class_uid, at.sop_uid, at.original_transfer_syntax_uid)
    return Record(dicomdir.IMAGE, keys((0x00200013, "IS", str(number))), file=file)


def _said(header: Header, tag: int) -> str:
    """The first value of an attribute as text, empty where there is none."""
    value = next(iter(header.get(f"{tag:08X}", {}).get("Value") or ()), None)
    if isinstance(value, Mapping):  # a person's name
        value = "=".join(value.get(group, "") for group in _GROUPS).rstrip("=")
    return "" if value is None else str(value)
