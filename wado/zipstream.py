"""Many files as one ZIP, written while it is sent, its length known in advance (APPNOTE 6.3.10, stored, ZIP64 where needed)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.errors import Unavailable

# Up to here a file is gathered first, so that its checksum stands before its bytes and even readers that cannot seek take it.
GATHERED_MAX_BYTES = 64 * 2**20

_LIMIT_32 = 0xFFFFFFFF
_LIMIT_16 = 0xFFFF
_VERSION_PLAIN, _VERSION_ZIP64 = 20, 45
_CHECKSUM_AFTER = 0x0008
_NAME_IN_UTF_8 = 0x0800
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END_ZIP64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR_ZIP64 = struct.Struct("<4sIQI")
_DOS_EPOCH = 1980


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its name (/ between folders), its length in bytes, and its CRC-32 where that is known already."""

    name: str
    size: int
    crc32: int | None = None


@dataclass(frozen=True, slots=True)
class _Written:
    member: Member
    offset: int
    crc32: int


def member_names(instances: Sequence[tuple[str, int | None, int | None]]) -> list[str]:
    """A name for each (series UID, series number, instance number): `0002/00017.dcm`, unique, nothing of the person.

    Series without a number, or with one that another has, are counted on after the highest.
    """
    folders = _folders(instances)
    taken: dict[int, set[int]] = {}
    names: list[str] = []
    for series_uid, _, number in instances:
        name = f"{folders[series_uid]:04d}/{_free(taken, folders[series_uid], number):05d}.dcm"
        names.append(name)
    return names


def zip_length(members: Iterable[Member]) -> int:
    """Bytes of the whole archive, for Content-Length."""
    offset = central = count = 0
    for member in members:
        count += 1
        central += len(_central_header(_Written(member, offset, 0), 0))
        offset += _length(member)
    return offset + central + len(_end(count, central, offset))


def passed_over(members: Iterable[Member], begin: int) -> tuple[int, int]:
    """How many members, from the front, need not be read for who wants the archive from byte `begin` on, and their bytes."""
    count = offset = 0
    for member in members:
        end = offset + _length(member)
        if member.crc32 is None or end > begin:
            break
        count, offset = count + 1, end
    return count, offset


async def zip_stream(
    members: Sequence[Member],
    read: Callable[[Member], AsyncIterator[bytes]],
    made_at: datetime,
    *,
    passed: int = 0,
    on_sum: Callable[[Member, int], None] = lambda _member, _crc32: None,
) -> AsyncGenerator[bytes, None]:
    """The archive's bytes; `read` is called for one member after another. `made_at` becomes the time of every file.

    The first `passed` members (see `passed_over`) are neither read nor given. `on_sum` hears of each other's CRC-32.
    Raises Unavailable when a member gives other than its stated number of bytes, since the length is promised already.
    """
    time = _dos_time(made_at)
    written: list[_Written] = []
    offset = 0
    for member in members[:passed]:
        written.append(_Written(member, offset, member.crc32 or 0))
        offset += _length(member)
    for member in members[passed:]:
        start, crc = offset, 0
        async for piece, so_far in _member(member, read(member), time):
            offset, crc = offset + len(piece), so_far
            yield piece
        written.append(_Written(member, start, crc))
        on_sum(member, crc)
    central = b"".join(_central_header(each, time) for each in written)
    yield central + _end(len(written), len(central), offset)


async def _member(member: Member, chunks: AsyncIterator[bytes], time: int) -> AsyncIterator[tuple[bytes, int]]:
    if member.size <= GATHERED_MAX_BYTES:
        content = b"".join([chunk async for chunk in _exactly(member, chunks)])
        crc = zlib.crc32(content)
        yield _local_header(member, crc, time), crc
        if content:
            yield content, crc
        return
    crc = 0
    yield _local_header(member, 0, time), crc
    async for chunk in _exactly(member, chunks):
        crc = zlib.crc32(chunk, crc)
        yield chunk, crc
    yield _descriptor(member, crc), crc


async def _exactly(member: Member, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        if total > member.size:
            break
        yield chunk
    if total != member.size:
        raise Unavailable(f"{member.name} in the archive gave other than {member.size} bytes")


def _folders(instances: Sequence[tuple[str, int | None, int | None]]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    later: list[str] = []
    for series_uid, number, _ in instances:
        if series_uid in numbers or series_uid in later:
            continue
        if number is None or not 0 <= number <= 9999 or number in numbers.values():
            later.append(series_uid)
        else:
            numbers[series_uid] = number
    highest = max(numbers.values(), default=0)
    return numbers | {series_uid: highest + place for place, series_uid in enumerate(later, 1)}


def _free(taken: dict[int, set[int]], folder: int, number: int | None) -> int:
    used = taken.setdefault(folder, set())
    if number is None or number < 0 or number in used:
        number = max(used, default=0) + 1
    used.add(number)
    return number


def _length(member: Member) -> int:
    """Bytes of a file with what stands before and behind it."""
    return len(_local_header(member, 0, 0)) + member.size + len(_descriptor(member, 0))


def _checksum_after(member: Member) -> bool:
    return member.size > GATHERED_MAX_BYTES


def _flags(member: Member) -> int:
    return (_CHECKSUM_AFTER if _checksum_after(member) else 0) | (0 if member.name.isascii() else _NAME_IN_UTF_8)


def _large(member: Member) -> bool:
    return member.size >= _LIMIT_32


def _local_header(member: Member, crc: int, time: int) -> bytes:
    name = member.name.encode()
    after = _checksum_after(member)
    extra = struct.pack("<HHQQ", 1, 16, 0 if after else member.size, 0 if after else member.size) if _large(member) else b""
    size = _LIMIT_32 if _large(member) else 0 if after else member.size
    version, flags = (
        (_VERSION_ZIP64 if _large(member) else _VERSION_PLAIN),
        _flags(member),
    )
    fixed = _LOCAL.pack(
        b"PK\3\4",
        version,
        flags,
        0,
        time & _LIMIT_16,
        time >> 16,
        0 if after else crc,
        size,
        size,
        len(name),
        len(extra),
    )
    return fixed + name + extra


def _descriptor(member: Member, crc: int) -> bytes:
    if not _checksum_after(member):
        return b""
    sizes = struct.pack("<QQ" if _large(member) else "<II", member.size, member.size)
    return b"PK\7\x08" + struct.pack("<I", crc) + sizes


def _central_header(written: _Written, time: int) -> bytes:
    member = written.member
    name = member.name.encode()
    wide = ([member.size, member.size] if _large(member) else []) + ([written.offset] if written.offset >= _LIMIT_32 else [])
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    version = _VERSION_ZIP64 if wide else _VERSION_PLAIN
    size = min(member.size, _LIMIT_32)
    flags = _flags(member)
    fixed = _CENTRAL.pack(
        *(
            b"PK\1\2",
            version,
            version,
            flags,
            0,
            time & _LIMIT_16,
            time >> 16,
            written.crc32,
            size,
            size,
        ),
        *(len(name), len(extra), 0, 0, 0, 0, min(written.offset, _LIMIT_32)),
    )
    return fixed + name + extra


def _end(count: int, central: int, offset: int) -> bytes:
    plain = _END.pack(
        *(
            b"PK\5\6",
            0,
            0,
            min(count, _LIMIT_16),
            min(count, _LIMIT_16),
            min(central, _LIMIT_32),
            min(offset, _LIMIT_32),
            0,
        )
    )
    if count < _LIMIT_16 and central < _LIMIT_32 and offset < _LIMIT_32:
        return plain
    record = _END_ZIP64.pack(
        b"PK\6\6",
        44,
        _VERSION_ZIP64,
        _VERSION_ZIP64,
        0,
        0,
        count,
        count,
        central,
        offset,
    )
    return record + _LOCATOR_ZIP64.pack(b"PK\6\7", 0, offset + central, 1) + plain


def _dos_time(at: datetime) -> int:
    date = max(0, at.year - _DOS_EPOCH) << 9 | at.month << 5 | at.day
    return date << 16 | at.hour << 11 | at.minute << 5 | at.second // 2
