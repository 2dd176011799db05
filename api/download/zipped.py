"""The files of a download as one ZIP, which can go on where it was broken off."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import datetime
from zoneinfo import ZoneInfo

from api.download.files import Entry
from api.download.parts import Download
from archive.tiers import Tiers
from wado.inorder import in_order
from wado.ready import About, Streamed, etag
from wado.zipstream import Member, passed_over, zip_length, zip_stream

WHAT = "download"  # in the audit trail
ZIP = "application/zip"
SUM_BYTES = 200  # what it takes to remember one number


def zipped(download: Download, listed: Sequence[Entry], tiers: Tiers) -> Streamed:
    """These files as one ZIP, always the same bytes, so that a broken download goes on where it stopped.

    What was sent before is then not read again, as long as this process remembers its checksums.
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
    sums = [tiers.peek(_sum_of(each)) if tiers else None for each in listed]
    return [
        Member(each.name, each.size, known if isinstance(known, int) else None)
        for each, known in zip(listed, sums, strict=True)
    ]


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
    named = {each.name: each for each in listed}

    def remember(member: Member, crc32: int) -> None:
        name = _sum_of(named[member.name])
        tiers.keep(name, crc32, cost=len(name) + SUM_BYTES)

    async with aclosing(in_order(listed[passed:], lambda each: each.read(), lambda each: each.size + each.holds)) as contents:

        async def read(_member: Member) -> AsyncIterator[bytes]:
            yield await anext(contents)  # the members come in the order of the entries

        async with aclosing(zip_stream(members, read, made_at, passed=passed, on_sum=remember)) as pieces:
            async for piece in pieces:
                yield piece
