"""Import: brings folders in, goes on where it was, names what it refuses."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from api.importing import BATCH_FILES, Import, Totals, batches, find, is_dicom
from api.journal import Found, Journal
from api.operator import operator_entry
from api.progress import Progress, text
from api.services import Services, open_services
from archive.models import Instance, StoredObject
from core.errors import NotFound
from infra.models import AuditEntry
from infra.settings import Settings
from records.models import Hospital

NAMES = ("CT_small.dcm", "MR_small.dcm", "examples_palette.dcm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three images, one cut short, one text."""
    folder = tmp_path / "disc" / "a"
    folder.mkdir(parents=True)
    for name in NAMES:
        shutil.copy(str(get_testdata_file(name)), folder / name)
    (folder / "cut").write_bytes((folder / "CT_small.dcm").read_bytes()[:-100])
    (folder / "readme.txt").write_text("not an image")
    return folder.parent


@pytest.fixture
async def services(database: Settings) -> AsyncIterator[Services]:
    """Everything open, with a hospital."""
    async with open_services(database, None) as services:
        await Hospital.create(code="demo", name="示范医院")
        yield services


async def bring_in(services: Services, folder: Path, hospital: str = "demo") -> Totals:
    with Journal(services.settings.home) as journal:
        entry = operator_entry(hospital, action="store", what="import")
        return await Import(services.ingest, journal, hospital, entry).run([folder])


async def test_good_files_come_in_others_are_counted_and_a_cut_one_is_named(
    services: Services, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    totals = await bring_in(services, folder)
    assert (totals.stored, totals.same, totals.passed_over, totals.other) == (3, 0, 0, 1)
    assert [(Path(name).name, "claimed" in reason) for name, reason in totals.refused] == [("cut", True)]
    assert f"refused: {folder}/a/cut: " in capsys.readouterr().out
    assert await Instance.filter(hospital_id="demo").count() == 3
    assert await AuditEntry.filter(chain="demo", action="store", role="operator", outcome="done").count() == 3


async def test_a_second_import_passes_over_what_is_safe_and_tries_the_refused_again(services: Services, folder: Path) -> None:
    await bring_in(services, folder)
    totals = await bring_in(services, folder)
    assert (totals.stored, totals.passed_over, len(totals.refused)) == (0, 3, 1)


async def test_a_file_that_changed_since_is_looked_at_again(services: Services, folder: Path) -> None:
    await bring_in(services, folder)
    os.utime(folder / "a" / "MR_small.dcm", ns=(1, 1))
    totals = await bring_in(services, folder)
    assert (totals.passed_over, totals.same) == (2, 1)


async def test_the_journal_is_not_believed_when_the_archive_does_not_have_the_bytes(services: Services, folder: Path) -> None:
    await bring_in(services, folder)
    await StoredObject.all().update(original_sha256="0" * 64)
    totals = await bring_in(services, folder)
    assert totals.passed_over == 0


async def test_another_hospital_gets_its_own_copy(services: Services, folder: Path) -> None:
    await Hospital.create(code="other", name="另一医院")
    await bring_in(services, folder)
    assert (await bring_in(services, folder, "other")).stored == 3


async def test_an_unknown_hospital_or_path_is_named(services: Services, folder: Path) -> None:
    with pytest.raises(NotFound, match="no hospital has the code nowhere"):
        await bring_in(services, folder, "nowhere")
    with pytest.raises(NotFound, match="no such file or folder"):
        await bring_in(services, folder / "missing")


def test_what_claims_to_be_dicom_is_told_from_the_rest(folder: Path, tmp_path: Path) -> None:
    assert is_dicom(folder / "a" / "cut")
    assert not is_dicom(folder / "a" / "readme.txt")
    bare = tmp_path / "bare"
    bare.write_bytes(b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100")
    assert is_dicom(bare)
    (tmp_path / "named.dcm").write_bytes(b"anything")
    assert is_dicom(tmp_path / "named.dcm")
    directory = tmp_path / "DICOMDIR"
    directory.write_bytes(bytes(128) + b"DICM\x02\x00\x02\x00UI\x14\x001.2.840.10008.1.3.10\x00")
    assert not is_dicom(directory)


def test_files_of_a_folder_stay_together_and_links_are_not_followed(tmp_path: Path) -> None:
    for name in ("b/2", "a/1", "b/1"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "1")
    assert [str(found.path.relative_to(tmp_path)) for found in find([tmp_path])] == ["a/1", "b/1", "b/2"]


def test_batches_are_limited_by_files_and_by_bytes() -> None:
    small = [Found(Path(str(number)), 10, 0) for number in range(BATCH_FILES + 1)]
    assert [len(batch) for batch in batches(small)] == [BATCH_FILES, 1]
    large = [Found(Path(str(number)), 1 << 30, 0) for number in range(2)]
    assert [len(batch) for batch in batches(large)] == [1, 1]


def test_progress_tells_rate_and_time_left() -> None:
    progress = Progress(total_files=10, total_bytes=100 << 20)
    progress.files, progress.bytes = 4, 25 << 20
    line = text(progress, 5.0)
    assert line == "[######                  ]  25%  4/10 files  0.8 files/s  5.0 MiB/s  0:15 left"
