"""The DICOMDIR of a download (PS3.10 section 8.6): which of its files is which image, for programs that read discs."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from api.download.parts import Download, Part
from archive.locate import Located
from archive.models import Study
from archive.read import Reader
from wado import dicomdir
from wado.dicomdir import File, Record, keys

Paths = Mapping[str, tuple[str, ...]]  # SOP Instance UID → file ID
Documents = Mapping[str, dict[str, object]]  # SOP Instance UID → DICOM JSON of what is no image


async def directory(reader: Reader, download: Download, parts: Sequence[Part], paths: Paths) -> bytes:
    """The file DICOMDIR, which names those files of these series that a directory may name."""
    documents_of = {
        at.sop_uid: json.loads(zlib.decompress(await reader.metadata(at)))
        for part in parts
        for at in part.instances
        if at.description is None and dicomdir.kind_of(at.sop_class_uid)
    }
    return await asyncio.to_thread(lambda: dicomdir.dicomdir(_patients(download, parts, paths, documents_of)))


def _patients(download: Download, parts: Sequence[Part], paths: Paths, documents_of: Documents) -> list[Record]:
    """One record a patient as the images name them: an exam may have studies under an older number."""
    patients: dict[tuple[str, str], list[Record]] = {}
    for study_uid in dict.fromkeys(part.study for part in parts):
        inside = [part for part in parts if part.study == study_uid]
        study = inside[0].row.study
        series = tuple(_series_record(part, paths, documents_of) for part in inside)
        record = Record("STUDY", _study_keys(study, download), series)
        patients.setdefault((study.patient_id or "UNKNOWN", study.patient_name), []).append(record)
    return [
        Record("PATIENT", keys((0x00100010, "PN", name), (0x00100020, "LO", number)), tuple(studies))
        for (number, name), studies in patients.items()
    ]


def _study_keys(study: Study, download: Download) -> bytes:
    taken_at = download.found.exam.performed_at.astimezone(ZoneInfo(download.found.hospital.zone))
    return keys(
        (0x00080020, "DA", study.study_date or f"{taken_at:%Y%m%d}"),
        (0x00080030, "TM", study.study_time or f"{taken_at:%H%M%S}"),
        (0x00080050, "SH", study.accession_number),
        (0x00081030, "LO", study.study_description),
        (0x0020000D, "UI", study.study_instance_uid),
        (0x00200010, "SH", study.study_id or "1"),
    )


def _series_record(part: Part, paths: Paths, documents_of: Documents) -> Record:
    said = keys(
        (0x00080060, "CS", part.row.modality or "OT"),
        (0x0008103E, "LO", part.row.series_description),
        (0x0020000E, "UI", part.uid),
        (0x00200011, "IS", str(part.row.series_number if part.row.series_number is not None else part.number)),
    )
    below = [_file_record(at, place, paths, documents_of) for place, at in enumerate(part.instances, 1)]
    return Record("SERIES", said, tuple(each for each in below if each is not None))


def _file_record(at: Located, place: int, paths: Paths, documents_of: Documents) -> Record | None:
    file = File(paths[at.sop_uid], at.sop_class_uid, at.sop_uid, at.original_transfer_syntax_uid)
    if at.sop_uid in documents_of:
        kind = dicomdir.kind_of(at.sop_class_uid)
        said = dicomdir.document_keys(kind, documents_of[at.sop_uid])
        return Record(kind, said, file=file) if said is not None else None
    if at.description is None:
        return None
    number = at.instance_number if at.instance_number is not None else place
    return Record(dicomdir.IMAGE, keys((0x00200013, "IS", str(number))), file=file)
