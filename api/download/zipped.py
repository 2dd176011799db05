"""The files of a download as one ZIP, which can go on where it was broken off."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from api.download.files import Entry
from api.download.parts import Download
from archive import checksums
from archive.locate import Located
from archive.models import Document
from archive.tiers import Tiers
from core.errors import Unavailable
from wado.inorder import in_order
from wado.ready import About, Streamed, etag
from wado.zipstream import Member, passed_over, zip_length, zip_stream

WHAT = "download"  # in the audit trail
ZIP = "application/zip"
SUM_BYTES = 200  # what it takes to remember one number


def zipped(download: Download, listed: Sequence[Entry], tiers: Tiers) -> Streamed:
    """These files as one ZIP, always the same bytes, so that a broken download goes on where it stopped.

    What was sent before is then not read again: the CRC-32 of each file has been kept since it came. Of what is made when it
    is read, such as a masked file, this process remembers it.
    """
    exam, hospital = download.found.exam, download.found.hospital
    taken_at = exam.performed_at.astimezone(ZoneInfo(hospital.zone)).replace(tzinfo=None)
    name = f"exam-{taken_at:%Y%m%d}.zip"
    return Streamed(
        About(hospital.code, exam.id, None, WHAT),
        ZIP,
        lambda: _pieces(listed, _members(listed), taken_at, tiers),
        etag("download", taken_at, *((each.name, each.size, each.tag) for each in listed)),
        None,
        length_of(listed),
        ranges=True,
        notes=(("Content-Disposition", f'attachment; filename="{name}"'),),
        later=lambda begin: _later(listed, taken_at, tiers, begin),
    )


def length_of(listed: Sequence[Entry]) -> int:
    """Bytes of the ZIP."""
    return zip_length(_members(listed))


def _members(listed: Sequence[Entry], tiers: Tiers | None = None) -> list[Member]:
    return [Member(each.name, each.size, _known(each, tiers)) for each in listed]


def _known(entry: Entry, tiers: Tiers | None) -> int | None:
    """Its CRC-32, kept with it or remembered here."""
    if entry.crc32 is not None or tiers is None:
        return entry.crc32
    remembered = tiers.peek(_sum_of(entry))
    return remembered if isinstance(remembered, int) else None


def _sum_of(entry: Entry) -> str:
    """Under which name its CRC-32 is remembered."""
    return f"{entry.tag}#crc32"


def _later(listed: Sequence[Entry], made_at: datetime, tiers: Tiers, begin: int) -> tuple[int, AsyncGenerator[bytes, None]]:
    members = _members(listed, tiers)
    count, offset = passed_over(members, begin)
    return offset, _pieces(listed, members, made_at, tiers, count)


async def _pieces(
    listed: Sequence[Entry], members: Sequence[Member], made_at: datetime, tiers: Tiers, passed: int = 0
) -> AsyncGenerator[bytes, None]:
    named = {each.name: each for each in listed if each.crc32 is None}
    sums: dict[str, int] = {}

    def remember(member: Member, crc32: int) -> None:
        if member.name in named:
            sums[member.name] = crc32
            name = _sum_of(named[member.name])
            tiers.keep(name, crc32, cost=len(name) + SUM_BYTES)

    async with aclosing(in_order(listed[passed:], lambda each: each.read(), lambda each: each.size + each.holds)) as contents:

        async def read(_member: Member) -> AsyncIterator[bytes]:
            yield await anext(contents)  # the members come in the order of the entries

        try:
            async with aclosing(zip_stream(members, read, made_at, passed=passed, on_sum=remember)) as pieces:
                async for piece in pieces:
                    yield piece
        finally:  # also when the reader has gone: he will go on from there
            await _write_down([(named[name], crc32) for name, crc32 in sums.items()])


async def _write_down(sums: Sequence[tuple[Entry, int]]) -> None:
    """What was learned of files that came before their CRC-32 was kept. The download is as good without."""
    originals = {each.kept.object_id: crc32 for each, crc32 in sums if isinstance(each.kept, Located)}
    documents = {each.kept.id: crc32 for each, crc32 in sums if isinstance(each.kept, Document)}
    if originals or documents:
        with suppress(Unavailable):
            await checksums.learn(originals, documents)
