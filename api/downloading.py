"""What a download of an exam holds: its original files, their directory, report, film and a word on how to open them."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from api.pages.landing_page import day_and_time
from api.printing import press
from api.recipients import Received, may_see_film
from api.services import Services
from archive import documents
from archive.locate import Located
from archive.models import Document, Series, Study
from archive.read import Reader
from archive.tiers import Tiers
from core.errors import NotFound
from records import films, report_prints
from records.models import FilmTier
from records.search import Found
from wado import dicomdir
from wado.dicomdir import File, Record, keys
from wado.inorder import in_order
from wado.places import Asker, Place
from wado.places import instances as instances_at
from wado.ready import About, Streamed, etag
from wado.zipstream import Member, passed_over, zip_length, zip_stream

WHAT = "download"  # in the audit trail
ZIP = "application/zip"
README = "说明.txt"
SUM_BYTES = 200  # what it takes to remember one number
REPORT = "检查报告.pdf"
_KIB, _MIB, _GIB = 2**10, 2**20, 2**30


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a download. `tag` names its bytes: the same tag, the same bytes; `read` gives `size` of them."""

    name: str
    size: int
    tag: str
    read: Callable[[], Awaitable[bytes]]
    holds: int = 0  # about how many bytes it takes to make it, where that is more than `size`


@dataclass(frozen=True, slots=True)
class Part:
    """One series of the exam; `number` counts them through, from 1."""

    number: int
    study: str
    uid: str
    row: Series
    instances: tuple[Located, ...]

    @property
    def size(self) -> int:
        """Bytes of its original files."""
        return sum(at.original_size for at in self.instances)


@dataclass(frozen=True, slots=True)
class Download:
    """All that belongs to an exam."""

    found: Found
    parts: tuple[Part, ...]
    report: Document | None
    films: tuple[Document, ...]
    left_out: str = ""  # what of the exam was not shared, in a sentence


async def gathered(services: Services, asker: Asker, found: Found, seen: Received | None = None) -> Download:
    """What there is of an exam for who asks; `seen` when it was shared.

    Raises NoGoodCopy when a report must be printed first and cannot.
    """
    parts: list[Part] = []
    for study_uid in found.studies:
        parts += await _parts(asker, study_uid, len(parts))
    left_out = seen.view.left_out(found.exam.id) if seen and seen.view else ""
    report, pages = await _report(services, found, asker.now), await _films(asker, found, seen)
    return Download(found, tuple(parts), report, pages, left_out)


async def entries(services: Services, download: Download, series: Collection[str] = ()) -> list[Entry]:
    """The files in their order; with `series` only those and what leads to them. Raises NotFound for others."""
    reader = services.reader
    wanted = [part for part in download.parts if not series or part.uid in series]
    if series and {part.uid for part in wanted} != set(series):
        raise NotFound("no such series")
    paths = {at.sop_uid: _path(part, place) for part in wanted for place, at in enumerate(part.instances, 1)}
    readme = _readme(download, wanted, whole=not series)
    listed = [told(README, readme.encode("utf-8-sig"))]
    if wanted:
        listed.append(told(dicomdir.NAME, await _directory(reader, download, wanted, paths)))
    if not series:
        listed += _papers(services, download)
    for part in wanted:
        listed += [
            Entry("/".join(paths[at.sop_uid]), at.original_size, at.original_sha256, partial(reader.original, at), at.size)
            for at in part.instances
        ]
    return listed


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


async def _parts(asker: Asker, study_uid: str, before: int) -> list[Part]:
    try:
        seen = await instances_at(asker, Place(study_uid))
    except NotFound:  # told by the hospital, and not here (yet)
        return []
    by_series: dict[str, list[Located]] = {}
    for at in seen:
        by_series.setdefault(at.series_uid, []).append(at)
    rows = await Series.filter(id__in=[many[0].series_id for many in by_series.values()]).prefetch_related("study")
    of = {row.id: row for row in rows}
    return [
        Part(number, study_uid, uid, of[many[0].series_id], tuple(many))
        for number, (uid, many) in enumerate(by_series.items(), before + 1)
        if many[0].series_id in of
    ]


async def _report(services: Services, found: Found, at: datetime) -> Document | None:
    if found.report is None:
        return None
    try:
        kept = await report_prints.printed(press(services), found.report.id, at)
    except NotFound:
        return None
    return await documents.get(found.hospital.code, kept.document_id)


async def _films(asker: Asker, found: Found, seen: Received | None) -> tuple[Document, ...]:
    """Each page as wide as it is."""
    film = await films.shown(found.exam.id)
    if film is None:
        return ()
    pages = await films.pages_of(film)
    if seen is not None and not may_see_film(asker.grant, seen, film, pages):
        return ()
    tiers = (
        await FilmTier.filter(master_id__in=[page.document_id for page in pages]).order_by("width").prefetch_related("document")
    )
    widest = {tier.master_id: tier.document for tier in tiers}
    return tuple(widest[page.document_id] for page in pages if page.document_id in widest)


def _papers(services: Services, download: Download) -> list[Entry]:
    named = [(REPORT, download.report)] if download.report else []
    named += [(f"胶片/第{n}页.jpg", page) for n, page in enumerate(download.films, 1)]
    return [
        Entry(name, document.size, document.sha256, partial(documents.content, services.replicas, document))
        for name, document in named
    ]


def told(name: str, content: bytes) -> Entry:
    """A file of words that are at hand."""

    async def read() -> bytes:
        return content

    return Entry(name, len(content), etag(content), read)


def _path(part: Part, place: int) -> tuple[str, ...]:
    """A file ID (PS3.10 section 8.2), the same in a download of everything and of one series."""
    return ("DICOM", f"SE{part.number:06}", f"IM{place:06}")


async def _directory(reader: Reader, download: Download, parts: Sequence[Part], paths: dict[str, tuple[str, ...]]) -> bytes:
    documents_of = {
        at.sop_uid: json.loads(zlib.decompress(await reader.metadata(at)))
        for part in parts
        for at in part.instances
        if at.description is None and dicomdir.kind_of(at.sop_class_uid)
    }

    def written() -> bytes:
        patients: dict[tuple[str, str], list[Record]] = {}
        for study_uid in dict.fromkeys(part.study for part in parts):
            inside = [part for part in parts if part.study == study_uid]
            study = inside[0].row.study
            series = tuple(_series_record(part, paths, documents_of) for part in inside)
            record = Record("STUDY", _study_keys(study, download), series)
            patients.setdefault((study.patient_id or "UNKNOWN", study.patient_name), []).append(record)
        return dicomdir.dicomdir(
            [
                Record("PATIENT", keys((0x00100010, "PN", name), (0x00100020, "LO", number)), tuple(studies))
                for (number, name), studies in patients.items()
            ]
        )

    return await asyncio.to_thread(written)


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


def _series_record(part: Part, paths: dict[str, tuple[str, ...]], documents_of: dict[str, dict[str, object]]) -> Record:
    said = keys(
        (0x00080060, "CS", part.row.modality or "OT"),
        (0x0008103E, "LO", part.row.series_description),
        (0x0020000E, "UI", part.uid),
        (0x00200011, "IS", str(part.row.series_number if part.row.series_number is not None else part.number)),
    )
    below = [_file_record(at, place, paths, documents_of) for place, at in enumerate(part.instances, 1)]
    return Record("SERIES", said, tuple(each for each in below if each is not None))


def _file_record(
    at: Located, place: int, paths: dict[str, tuple[str, ...]], documents_of: dict[str, dict[str, object]]
) -> Record | None:
    file = File(paths[at.sop_uid], at.sop_class_uid, at.sop_uid, at.original_transfer_syntax_uid)
    if at.sop_uid in documents_of:
        kind = dicomdir.kind_of(at.sop_class_uid)
        said = dicomdir.document_keys(kind, documents_of[at.sop_uid])
        return Record(kind, said, file=file) if said is not None else None
    if at.description is None:
        return None
    number = at.instance_number if at.instance_number is not None else place
    return Record(dicomdir.IMAGE, keys((0x00200013, "IS", str(number))), file=file)


def size_words(size: int) -> str:
    """219 KB, 1.5 MB."""
    for unit, name in ((_GIB, "GB"), (_MIB, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{max(1, round(size / _KIB))} KB"


def _readme(download: Download, parts: Sequence[Part], *, whole: bool) -> str:
    """Lines end as Windows wants them: its editor of old shows one line otherwise."""
    exam, hospital = download.found.exam, download.found.hospital
    images, size = sum(len(part.instances) for part in parts), sum(part.size for part in parts)
    lines = [
        "检查影像下载说明",
        "",
        f"检查项目：{exam.item}",
        f"检查医院：{hospital.name}",
        f"检查时间：{day_and_time(exam.performed_at, hospital.zone)}",
        "",
        "这里面有：",
    ]
    if whole and download.report is not None:
        lines.append(f"· {REPORT}：检查报告，双击即可打开。")
    if whole and download.films:
        lines.append(f"· “胶片”文件夹：胶片图片，共 {len(download.films)} 页，双击即可打开。")
    if parts:
        lines += [
            f"· “DICOM”文件夹：医院设备生成的原始影像，共 {images} 个文件（{size_words(size)}），与医院保存的完全一致。",
            "· DICOMDIR：原始影像的目录，供看片软件使用，请不要改名或单独移动。",
            "",
            "怎样打开原始影像：",
            "1. 先把压缩包全部解压到一个文件夹。",
            "2. 原始影像要用 DICOM 看片软件打开，例如 Weasis（Windows、Mac、Linux，免费）。普通看图软件打不开。",
            "3. 在看片软件里选择“打开文件夹”，选中解压后的文件夹；也可以打开其中的 DICOMDIR。",
            "4. 带给医生时，请拷贝整个文件夹，医院的看片软件可以直接读取。",
            "",
            "影像序列：",
            *(_series_line(part) for part in parts),
        ]
    elif whole and not download.left_out:
        lines.append("· 这次检查没有可以下载的原始影像。")
    if download.left_out:
        lines += ["", download.left_out]
    lines += ["", "里面有患者的姓名和检查信息，请妥善保管，不要留在公用电脑上。"]
    if hospital.help_phone:
        lines.append(f"需要帮助，请致电医院：{hospital.help_phone}")
    return "\r\n".join([*lines, ""])


def _series_line(part: Part) -> str:
    name = " ".join(filter(None, (part.row.modality, part.row.series_description))) or "未命名序列"
    return f"{part.number}. {name}：{len(part.instances)} 个文件，{size_words(part.size)}，在 DICOM/SE{part.number:06}"
