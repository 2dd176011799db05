"""Retrieve (PS3.18 section 10.4): whole DICOM files of a study, series or instance, one after another with bounded memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from archive.locate import Located
from archive.models import Study
from archive.read import Reader
from archive.syntaxes import EXPLICIT_LE
from core.errors import NotAcceptable
from wado import multipart, syntaxes
from wado.inorder import in_order
from wado.mediatypes import DICOM, ZIP
from wado.negotiation import Choice, pick
from wado.places import Place, about, about_all
from wado.ready import About, Answer, Streamed, etag, weak_etag
from wado.zipstream import Member, member_names, zip_length, zip_stream

_EARLIEST = datetime(1980, 1, 1)  # of a ZIP: files of a study without a date carry it


@dataclass(frozen=True, slots=True)
class File:
    """One instance in the transfer syntax in which it will be sent."""

    at: Located
    choice: Choice

    @property
    def size(self) -> int | None:
        """Bytes, where they are known without making the file."""
        if not self.at.sizes_known:
            return None
        if self.choice.transfer_syntax == self.at.transfer_syntax_uid:
            return self.at.part10_size
        return self.at.original_size if self.at.original_transfer_syntax_uid == EXPLICIT_LE else None


def files(found: Sequence[Located], choices: Sequence[Choice]) -> list[File]:
    """Each instance in the form that the client likes best, all of one media type; raises NotAcceptable."""
    for kind in dict.fromkeys((choice.media_type, choice.multipart) for choice in choices):
        fitting = [choice for choice in choices if (choice.media_type, choice.multipart) == kind]
        with suppress(NotAcceptable):
            return [File(at, pick(fitting, syntaxes.of_instance(at))) for at in found]
    raise NotAcceptable("not all of these instances can be given in any of the acceptable transfer syntaxes")


async def content(reader: Reader, file: File) -> bytes:
    """The DICOM file."""
    if file.choice.transfer_syntax == file.at.transfer_syntax_uid:
        return await reader.part10(file.at)
    return await reader.explicit_le(file.at)


async def of_instance(reader: Reader, at: Located, choices: Sequence[Choice], what: str = "instance") -> Answer:
    """One instance: as it is, as one part of a multipart message, or in a ZIP."""
    file = files([at], choices)[0]
    if file.choice.media_type == DICOM and not file.choice.multipart:
        return await _alone(reader, file, about(at, what))
    return await _several(reader, [file], about(at, what))


async def of_all(reader: Reader, found: Sequence[Located], where: Place, choices: Sequence[Choice]) -> Answer:
    """All instances of a study or series as a multipart message, or in a ZIP."""
    return await _several(reader, files(found, choices), about_all(list(found), where, "instance"))


async def _alone(reader: Reader, file: File, shown: About) -> Streamed:
    async def piece() -> AsyncGenerator[bytes, None]:
        yield await content(reader, file)

    tag, length = etag(file.at.sha256, file.choice), await _exact_size(reader, file)
    return Streamed(shown, file.choice.content_type, piece, tag, file.at.received_at, length, ranges=True)


async def _several(reader: Reader, many: Sequence[File], shown: About) -> Streamed:
    if many[0].choice.media_type == ZIP:
        return await _zip(reader, many, shown)
    boundary = multipart.new_boundary()
    sizes = [file.size for file in many]
    known = [(file.choice.content_type, size) for file, size in zip(many, sizes, strict=True) if size is not None]
    return Streamed(
        shown,
        multipart.content_type(boundary, DICOM),
        partial(_parts, reader, many, boundary),
        weak_etag(*((file.at.sha256, file.choice) for file in many)),
        max(file.at.received_at for file in many),
        multipart.body_length(boundary, known) if len(known) == len(many) else None,
    )


async def _parts(reader: Reader, many: Sequence[File], boundary: str) -> AsyncGenerator[bytes, None]:
    async with aclosing(in_order(many, partial(content, reader), _expected_bytes)) as contents:
        place = 0
        async for part in contents:
            yield multipart.part_head(boundary, many[place].choice.content_type, first=place == 0)
            yield part
            place += 1
    yield multipart.tail(boundary)


def _expected_bytes(file: File) -> int:
    """About what it takes to hold the stored object and the file made of it."""
    return file.at.size + max(file.at.original_size, file.at.part10_size)


async def _zip(reader: Reader, many: Sequence[File], shown: About) -> Streamed:
    names = member_names([(file.at.series_uid, file.at.series_number, file.at.instance_number) for file in many])
    sizes = [await _exact_size(reader, file) for file in many]
    members = [Member(name, size) for name, size in zip(names, sizes, strict=True)]
    made_at = await _study_date(many[0].at)
    return Streamed(
        About(shown.hospital, shown.study_uid, shown.series_uid, "zip"),
        ZIP,
        partial(_zipped, reader, many, members, made_at),
        etag("zip", made_at, *((file.at.sha256, file.choice, name) for file, name in zip(many, names, strict=True))),
        max(file.at.received_at for file in many),
        zip_length(members),
        ranges=True,
        notes=(("Content-Disposition", 'attachment; filename="images.zip"'),),
    )


async def _zipped(
    reader: Reader, many: Sequence[File], members: Sequence[Member], made_at: datetime
) -> AsyncGenerator[bytes, None]:
    async with aclosing(in_order(many, partial(content, reader), _expected_bytes)) as contents:

        async def read(_member: Member) -> AsyncIterator[bytes]:
            yield await anext(contents)  # the members come in the order of the files

        async with aclosing(zip_stream(members, read, made_at)) as pieces:
            async for piece in pieces:
                yield piece


async def _exact_size(reader: Reader, file: File) -> int:
    """Bytes of a file; one that must be converted is made once to know it, and its length is remembered."""
    if file.size is not None:
        return file.size
    name = f"{file.at.key}#explicit-length"
    known = reader.tiers.peek(name)
    if isinstance(known, int):
        return known
    size = len(await content(reader, file))
    reader.tiers.keep(name, size, cost=len(name))
    return size


async def _study_date(at: Located) -> datetime:
    """The day of the study, since a ZIP must say a time and the same ZIP must come out again."""
    dates = await Study.filter(hospital_id=at.hospital, study_instance_uid=at.study_uid).values_list("study_date", flat=True)
    try:
        return max(_EARLIEST, datetime.strptime(str(dates[0]), "%Y%m%d"))
    except (IndexError, ValueError):
        return _EARLIEST
