"""A hospital gets the very files it sent, and a manifest by which it can check them without us."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest

from archive.export import PARTIAL, Exported, export
from archive.manifest import MANIFEST, Verified, verify
from archive.models import Instance, StoredObject
from archive.replicas import Replicas
from core.errors import NotFound, Unavailable
from infra.settings import Settings
from records.models import Hospital
from tests.archive import samples
from tests.archive.stored import NOW, file_of, keep_promises, picture, put

KEPT_AS_SENT = "JPEG2000.dcm"


@pytest.fixture
async def sent(replicas: Replicas, hospital: Hospital, tmp_path: Path) -> dict[str, bytes]:
    """SOP Instance UID → file as it was sent: native, compressed, and of a second study."""
    files = [picture(1), picture(2), samples.package(KEPT_AS_SENT), samples.package("MR_small_bigendian.dcm")]
    await put(replicas, tmp_path / "in", *files)
    await keep_promises(replicas)
    return {str(samples.read(file).SOPInstanceUID): file for file in files}


def _lines(target: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (target / MANIFEST).read_text().splitlines()]


async def test_the_files_come_back_byte_by_byte_with_a_manifest(
    replicas: Replicas, sent: dict[str, bytes], tmp_path: Path
) -> None:
    target = tmp_path / "out"
    exported = await export(replicas, "demo", target)
    assert (exported.written, exported.kept, exported.failed) == (4, 0, [])
    lines = _lines(target)
    assert {line["sop_uid"] for line in lines} == set(sent)
    for line in lines:
        data = (target / str(line["path"])).read_bytes()
        assert data == sent[str(line["sop_uid"])]
        assert (line["size"], line["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert await verify(target) == Verified(4, (), ())
    assert not (target / PARTIAL).exists()


async def test_a_second_export_writes_only_what_is_new_or_damaged(
    replicas: Replicas, sent: dict[str, bytes], tmp_path: Path
) -> None:
    target = tmp_path / "out"
    await export(replicas, "demo", target)
    first, second = [target / str(line["path"]) for line in _lines(target)][:2]
    first.write_bytes(b"damaged")
    second.unlink()
    assert await verify(target) == Verified(2, (str(first.relative_to(target)),), (str(second.relative_to(target)),))
    await put(replicas, tmp_path / "in2", picture(3))
    exported = await export(replicas, "demo", target)
    assert (exported.written, exported.kept) == (3, 2)
    assert len(_lines(target)) == 5
    assert await verify(target) == Verified(5, (), ())


async def test_an_export_killed_in_the_middle_of_a_line_goes_on(
    replicas: Replicas, sent: dict[str, bytes], tmp_path: Path
) -> None:
    target = tmp_path / "out"
    await export(replicas, "demo", target)
    whole = (target / MANIFEST).read_bytes()
    (target / MANIFEST).write_bytes(whole[:-20])
    (target / PARTIAL).mkdir()
    (target / PARTIAL / "7").write_bytes(b"half an object")
    exported = await export(replicas, "demo", target)
    assert (exported.written, exported.kept) == (0, 4)
    assert sorted((target / MANIFEST).read_bytes().splitlines()) == sorted(whole.splitlines())
    assert not (target / PARTIAL).exists()


async def test_a_stopped_export_goes_on(
    replicas: Replicas, sent: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.export.BATCH", 1)
    target = tmp_path / "out"

    def stop(exported: Exported) -> None:
        if exported.written == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await export(replicas, "demo", target, progress=stop)
    assert await verify(target) == Verified(2, (), ())
    exported = await export(replicas, "demo", target)
    assert (exported.written, exported.kept) == (2, 2)
    assert await verify(target) == Verified(4, (), ())


async def test_only_what_was_asked_for_is_exported(replicas: Replicas, sent: dict[str, bytes], tmp_path: Path) -> None:
    await StoredObject.all().update(received_at=NOW)
    by_study = await export(replicas, "demo", tmp_path / "study", studies=["1.2.3"])
    later = await export(replicas, "demo", tmp_path / "since", since=NOW + timedelta(seconds=1))
    elsewhere = await export(replicas, "demo2", tmp_path / "other")
    assert [each.written for each in (by_study, later, elsewhere)] == [2, 0, 0]
    with pytest.raises(NotFound):
        await export(replicas, "demo2", tmp_path / "other", studies=["1.2.3"])


async def test_the_current_version_is_exported_and_older_ones_on_demand(
    replicas: Replicas, hospital: Hospital, tmp_path: Path
) -> None:
    await put(replicas, tmp_path / "in", picture(1))
    await put(replicas, tmp_path / "in", picture(1, seed=1), replaces=await Instance.get())
    await export(replicas, "demo", tmp_path / "current")
    await export(replicas, "demo", tmp_path / "all", all_versions=True)
    assert [line["version"] for line in _lines(tmp_path / "current")] == [2]
    paths = [str(line["path"]) for line in _lines(tmp_path / "all")]
    assert [(tmp_path / "all" / path).read_bytes() for path in paths] == [picture(1), picture(1, seed=1)]


async def test_damaged_copies_do_not_show_in_an_export_and_lost_objects_are_named(
    database: Settings, replicas: Replicas, sent: dict[str, bytes], tmp_path: Path
) -> None:
    one, other = (row for row in await StoredObject.filter(instance__series__study__study_instance_uid="1.2.3").order_by("id"))
    for store in (1, 2):
        file_of(database, store, one).write_bytes(file_of(database, store, other).read_bytes())  # type: ignore[arg-type]
    for store in (1, 2, 3):
        file_of(database, store, other).unlink()  # type: ignore[arg-type]
    exported = await export(replicas, "demo", tmp_path / "out")
    assert exported.written == 3
    assert len(exported.failed) == 1
    assert await verify(tmp_path / "out") == Verified(3, (), ())
    assert exported.failed[0] not in {line["path"] for line in _lines(tmp_path / "out")}


async def test_a_folder_that_cannot_be_written_is_said_so(replicas: Replicas, sent: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="export folder"):
        await export(replicas, "demo", tmp_path / "file" / "out")
    with pytest.raises(NotFound):
        await verify(tmp_path)
