import os
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest

from core.errors import Unavailable
from wado import zipstream
from wado.zipstream import Member, member_names, passed_over, zip_length, zip_stream

AT = datetime(2026, 11, 20, 11, 30, 58)


async def made(files: dict[str, bytes], sizes: dict[str, int] | None = None) -> bytes:
    async def read(member: Member) -> AsyncIterator[bytes]:
        content = files[member.name]
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    members = [Member(name, (sizes or {}).get(name, len(content))) for name, content in files.items()]
    archive = b"".join([piece async for piece in zip_stream(members, read, AT)])
    assert len(archive) == zip_length(members)
    return archive


FILES = {"0001/00001.dcm": os.urandom(5000), "0001/00002.dcm": b"", "0002/00001.dcm": bytes(10_001)}


def opened(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(archive)) as found:
        assert found.testzip() is None
        assert {each.date_time for each in found.infolist()} <= {(2026, 11, 20, 11, 30, 58)}
        return {each.filename: found.read(each) for each in found.infolist()}


async def test_files_come_out_as_they_went_in() -> None:
    assert opened(await made(FILES)) == FILES


async def test_names_in_chinese_are_said_to_be_utf_8() -> None:
    files = {"说明.txt": b"read me", "胶片/第1页.jpg": os.urandom(3000), "DICOMDIR": b"x"}
    archive = await made(files)
    assert opened(archive) == files
    with zipfile.ZipFile(BytesIO(archive)) as found:
        assert [bool(each.flag_bits & 0x0800) for each in found.infolist()] == [True, True, False]


async def test_nothing_is_an_archive_too() -> None:
    assert opened(await made({})) == {}


@pytest.mark.parametrize("gathered", [4000, 64 * 2**20])
async def test_the_rest_of_an_archive_is_made_without_reading_what_was_sent(
    monkeypatch: pytest.MonkeyPatch, gathered: int
) -> None:
    monkeypatch.setattr(zipstream, "GATHERED_MAX_BYTES", gathered)
    files, sums, asked = {**FILES, "说明.txt": b"read me"}, dict[str, int](), list[str]()

    async def read(member: Member) -> AsyncIterator[bytes]:
        asked.append(member.name)
        yield files[member.name]

    def note(member: Member, crc32: int) -> None:
        sums[member.name] = crc32

    unknown = [Member(name, len(content)) for name, content in files.items()]
    whole = b"".join([piece async for piece in zip_stream(unknown, read, AT, on_sum=note)])
    assert passed_over(unknown, len(whole)) == (0, 0)
    known = [Member(each.name, each.size, sums[each.name]) for each in unknown]
    for begin in (0, 1, 5000, 5100, 9000, len(whole) - 200, len(whole) - 1):
        asked.clear()
        count, offset = passed_over(known, begin)
        rest = b"".join([piece async for piece in zip_stream(known, read, AT, passed=count)])
        assert offset <= begin and whole[offset:] == rest
        assert asked == [each.name for each in known[count:]]
    assert count == len(known)


async def test_a_file_whose_checksum_is_unknown_is_read_again_and_all_behind_it() -> None:
    members = [Member("a", 10, 7), Member("b", 10), Member("c", 10, 7)]
    assert passed_over(members, 10_000) == (1, 41)


async def test_large_files_stream_with_their_checksum_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipstream, "GATHERED_MAX_BYTES", 4000)
    assert opened(await made(FILES)) == FILES


async def test_files_beyond_4_gigabytes_use_zip64(tmp_path: Path) -> None:
    megabytes = bytes(64 * 2**20)
    members = [Member("0001/00001.dcm", 65 * len(megabytes)), Member("0001/00002.dcm", 3)]

    async def read(member: Member) -> AsyncIterator[bytes]:
        for _ in range(member.size // len(megabytes)):
            yield megabytes
        yield b"end"[: member.size % len(megabytes)]

    with (tmp_path / "large.zip").open("wb") as file:
        async for piece in zip_stream(members, read, AT):
            if piece is megabytes:
                file.seek(len(piece), os.SEEK_CUR)  # a hole, so that the disk need not take 4 GiB of zeros
            else:
                file.write(piece)
    assert (tmp_path / "large.zip").stat().st_size == zip_length(members)
    with zipfile.ZipFile(tmp_path / "large.zip") as found:
        assert [each.file_size for each in found.infolist()] == [65 * 2**26, 3]
        assert found.read("0001/00002.dcm") == b"end"
        with found.open("0001/00001.dcm") as first:
            assert first.read(100) == bytes(100)


async def test_more_than_65535_files_are_counted() -> None:
    files = {f"0001/{number:05d}.dcm": b"" for number in range(65_600)}
    with zipfile.ZipFile(BytesIO(await made(files))) as found:
        assert len(found.namelist()) == 65_600


async def test_small_files_have_their_checksum_before_their_bytes() -> None:
    assert b"PK\x07\x08" not in await made(FILES)  # Java's ZipInputStream refuses stored files with the checksum behind


@pytest.mark.parametrize("promised", [4999, 5001])
async def test_a_file_of_another_length_than_promised_stops_the_archive(promised: int) -> None:
    with pytest.raises(Unavailable):
        await made({"0001/00001.dcm": bytes(5000)}, {"0001/00001.dcm": promised})


def test_names_are_numbers_and_never_the_same() -> None:
    instances = [
        ("1.1", 2, 17),
        ("1.1", 2, 17),
        ("1.1", 2, None),
        ("1.2", 2, 1),
        ("1.3", None, 1),
        ("1.1", 2, -5),
        ("1.4", 123456, 1),
    ]
    names = member_names(instances)
    assert names == [
        "0002/00017.dcm",
        "0002/00018.dcm",
        "0002/00019.dcm",
        "0003/00001.dcm",
        "0004/00001.dcm",
        "0002/00020.dcm",
        "0005/00001.dcm",
    ]
