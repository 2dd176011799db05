"""The directory of a folder: pydicom's own reader of file-sets finds every file through it."""

from __future__ import annotations

import json
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.fileset import FileSet

from wado.dicomdir import File, Record, dicomdir, document_keys, keys, kind_of

NAMES = ("CT_small.dcm", "MR_small.dcm", "test-SR.dcm", "waveform_ecg.dcm")


def put(folder: Path, name: str, number: int) -> tuple[pydicom.Dataset, File]:
    """A file of pydicom's own, copied to where a directory may name it."""
    source = get_testdata_file(name)
    assert isinstance(source, str)
    ds = pydicom.dcmread(source)
    path = ("DICOM", "ST01", "SE00001", f"IM{number:06}")
    target = folder.joinpath(*path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(Path(source).read_bytes())
    return ds, File(path, ds.SOPClassUID, ds.SOPInstanceUID, ds.file_meta.TransferSyntaxUID)


def record(ds: pydicom.Dataset, file: File) -> Record:
    kind = kind_of(file.sop_class_uid) or "IMAGE"
    if kind == "IMAGE":
        return Record(kind, keys((0x00200013, "IS", "1")), file=file)
    said = document_keys(kind, json.loads(ds.to_json(bulk_data_threshold=256, bulk_data_element_handler=lambda _: "x")))
    assert said is not None, kind
    return Record(kind, said, file=file)


def test_a_reader_of_file_sets_finds_every_file(tmp_path: Path) -> None:
    put_there = [put(tmp_path, name, number) for number, name in enumerate(NAMES, 1)]
    patients = []
    for ds, file in put_there:
        series = Record(
            "SERIES",
            keys((0x00080060, "CS", ds.Modality), (0x0020000E, "UI", ds.SeriesInstanceUID), (0x00200011, "IS", "1")),
            (record(ds, file),),
        )
        study = Record(
            "STUDY",
            keys(
                *((0x00080020, "DA", "20260102"), (0x00080030, "TM", "080000"), (0x00080050, "SH", "")),
                *((0x00081030, "LO", "胸部"), (0x0020000D, "UI", ds.StudyInstanceUID), (0x00200010, "SH", "1")),
            ),
            (series,),
        )
        patients.append(Record("PATIENT", keys((0x00100010, "PN", "王小明"), (0x00100020, "LO", file.sop_uid[-8:])), (study,)))
    content = dicomdir(patients)
    assert content == dicomdir(patients)
    (tmp_path / "DICOMDIR").write_bytes(content)
    found = FileSet(tmp_path / "DICOMDIR")
    assert sorted(each.SOPInstanceUID for each in found) == sorted(file.sop_uid for _, file in put_there)
    for each in found:
        assert each.load().SOPInstanceUID == each.SOPInstanceUID
        assert (str(each.PatientName), each.StudyDescription) == ("王小明", "胸部")
    found._stage["t"].cleanup()  # it has no way to say that one is done with it
    kinds = [item.DirectoryRecordType for item in pydicom.dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence]
    assert sorted(set(kinds)) == ["IMAGE", "PATIENT", "SERIES", "SR DOCUMENT", "STUDY", "WAVEFORM"]


def test_many_files_of_one_series_follow_each_other(tmp_path: Path) -> None:
    images = tuple(
        Record(
            "IMAGE",
            keys((0x00200013, "IS", str(number))),
            file=File(("DICOM", f"IM{number:06}"), "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{number}", "1.2.840.10008.1.2.1"),
        )
        for number in range(1, 301)
    )
    series = [Record("SERIES", keys((0x0020000E, "UI", f"1.2.{n}")), images if n == 1 else ()) for n in (1, 2)]
    study = Record("STUDY", keys((0x0020000D, "UI", "1.2")), tuple(series))
    (tmp_path / "DICOMDIR").write_bytes(dicomdir([Record("PATIENT", keys((0x00100020, "LO", "P")), (study,))]))
    with (tmp_path / "DICOMDIR").open("rb") as file:
        read = pydicom.dcmread(file)
    starts = {item.seq_item_tell: item for item in read.DirectoryRecordSequence}
    first = next(item for item in starts.values() if item.DirectoryRecordType == "IMAGE")
    walked = [first]
    while walked[-1].OffsetOfTheNextDirectoryRecord:
        walked.append(starts[walked[-1].OffsetOfTheNextDirectoryRecord])
    assert [int(item.InstanceNumber) for item in walked] == list(range(1, 301))


@pytest.mark.parametrize("records", [[], [Record("PATIENT", b"")]])
def test_a_directory_of_nothing_can_be_read(records: list[Record], tmp_path: Path) -> None:
    (tmp_path / "DICOMDIR").write_bytes(dicomdir(records))
    assert len(pydicom.dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence) == len(records)


def test_a_document_that_lacks_what_its_record_must_have_is_listed_in_none() -> None:
    assert document_keys("SR DOCUMENT", {"00200013": {"vr": "IS", "Value": [1]}}) is None
