"""What a download of an exam holds for somebody who must not know whose it is: masked files, report, film, and nothing else."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from api.dicomweb.reading import veil_of
from api.download.files import Entry, told
from api.download.parts import Download
from api.download.readme import README, REPORT, size_words
from api.download.zipped import length_of
from api.films import opened_by as film_opened_by
from api.maskeddirectory import Listed, directory, listed
from api.pages.landing_page import day_and_time
from api.recipients import Received
from api.reportdoor import opened_by as report_opened_by
from api.reportpdf import masked_content
from api.services import Services
from archive.locate import Located
from archive.models import Series
from archive.read import Reader
from core.clock import now
from core.errors import NotFound
from core.grants import Grant
from share.parts import Part as SharedPart
from wado import dicomdir
from wado.masking.filmpages import MaskedPage
from wado.masking.profile import CODES_OF
from wado.places import Asker, Place, instances
from wado.ready import etag

_MODALITY = 0x00080060
MADE_AT_ONCE = 4  # files whose length must be known before the first byte is sent


@dataclass(frozen=True, slots=True)
class Part:
    """One series as it leaves; `number` counts them through, from 1."""

    number: int
    study: str
    uid: str
    modality: str
    files: tuple[Entry, ...]
    listed: Listed


@dataclass(frozen=True, slots=True)
class Masked:
    """All of an exam that may be taken along under a mask."""

    download: Download  # what names the ZIP
    parts: tuple[Part, ...]
    report: Entry | None
    films: tuple[Entry, ...]
    readme: Entry

    def entries(self, series: Collection[str] = ()) -> list[Entry]:
        """The files in their order; with `series`, masked UIDs, only those. Raises NotFound for others."""
        wanted = [part for part in self.parts if not series or part.uid in series]
        if series and {part.uid for part in wanted} != set(series):
            raise NotFound("no such series")
        papers = [] if series else [*([self.report] if self.report else []), *self.films]
        index = [told(dicomdir.NAME, directory([part.listed for part in wanted]))] if wanted else []
        return [self.readme, *index, *papers, *(file for part in wanted for file in part.files)]

    def listed(self) -> dict[str, Any]:
        """What it holds and how many bytes that is, as of a patient's own download."""
        return {
            "bytes": length_of(self.entries()),
            "report": {"bytes": self.report.size} if self.report else None,
            "films": [{"n": n, "bytes": each.size} for n, each in enumerate(self.films, 1)],
            "series": [_listed(part) for part in self.parts],
        }


async def gathered(services: Services, grant: Grant, seen: Received) -> Masked:
    """What there is for who asks."""
    at = now()
    asker = Asker(grant, at, await veil_of(services, grant, at))
    parts: list[Part] = []
    taken_at = seen.told.exam.performed_at.astimezone(ZoneInfo(seen.found.hospital.zone))
    for study_uid in seen.found.studies:
        parts += await _parts(asker, study_uid, len(parts), taken_at)
    report, films = await _report(services, grant, seen), await _films(services, grant, seen)
    readme = told(README, _readme(seen, parts, report, films).encode("utf-8-sig"))
    return Masked(Download(seen.told, (), None, ()), tuple(parts), report, films, readme)


async def _parts(asker: Asker, study_uid: str, before: int, taken_at: datetime) -> list[Part]:
    veil = asker.veil
    assert veil is not None, "under a mask"
    try:
        found = await instances(asker, Place(veil.masked_uid(study_uid)))
    except NotFound:
        return []
    by_series: dict[str, list[Located]] = {}
    for at in found:
        by_series.setdefault(at.series_uid, []).append(at)
    return [await _part(veil.reader, number, many, taken_at) for number, many in enumerate(by_series.values(), before + 1)]


async def _part(reader: Reader, number: int, many: Sequence[Located], taken_at: datetime) -> Part:
    gate = asyncio.Semaphore(MADE_AT_ONCE)

    async def entry(at: Located, place: int) -> Entry:
        async with gate:
            size = await _size(reader, at)
        name = f"DICOM/SE{number:06}/IM{place:06}"
        return Entry(name, size, f"{at.sha256}/explicit", partial(reader.explicit_le, at), at.size + size)

    files = await asyncio.gather(*(entry(at, place) for place, at in enumerate(many, 1)))
    first = many[0]
    series = await Series.get(id=first.series_id)
    modality = series.modality if series.modality in CODES_OF[_MODALITY] else "OT"
    header = orjson.loads(zlib.decompress(await reader.metadata(first)))
    named = [(at, file.name) for at, file in zip(many, files, strict=True)]
    index = listed(number, modality, header, named, taken_at)
    return Part(number, first.study_uid, first.series_uid, modality, tuple(files), index)


async def _size(reader: Reader, at: Located) -> int:
    """Bytes of a masked file, which is made once to know it."""
    name = f"{at.key}#explicit-length"
    known = reader.tiers.peek(name)
    if isinstance(known, int):
        return known
    size = len(await reader.explicit_le(at))
    reader.tiers.keep(name, size, cost=len(name))
    return size


async def _report(services: Services, grant: Grant, seen: Received) -> Entry | None:
    try:
        name, content = await masked_content(services, grant, await report_opened_by(seen))
    except NotFound:
        return None

    async def read() -> bytes:
        return content

    return Entry(REPORT, len(content), etag(name), read)


async def _films(services: Services, grant: Grant, seen: Received) -> tuple[Entry, ...]:
    film = (await film_opened_by(services, grant, seen, now(), services.sessions_epoch.value)).masked
    if film is None:
        return ()

    async def entry(page: MaskedPage) -> Entry:
        read = partial(film.film.jpeg, page, None)
        return Entry(f"胶片/第{page.n}页.jpg", len(await read()), page.tag, read)

    return tuple([await entry(page) for page in film.pages])


def _listed(part: Part) -> dict[str, Any]:
    return {
        "uid": part.uid,
        "study": part.study,
        "number": part.number,
        "description": "",
        "modality": part.modality,
        "count": len(part.files),
        "bytes": sum(file.size for file in part.files),
    }


def _readme(seen: Received, parts: Sequence[Part], report: Entry | None, films: Sequence[Entry]) -> str:
    """Lines end as Windows wants them: its editor of old shows one line otherwise."""
    exam, hospital = seen.told.exam, seen.found.hospital
    files = [file for part in parts for file in part.files]
    lines = [
        "检查影像下载说明（已隐去身份信息）",
        "",
        f"检查项目：{exam.item}",
        f"检查医院：{hospital.name}",
        f"检查时间：{day_and_time(exam.performed_at, hospital.zone)}",
        "",
        "这里面有：",
    ]
    if report is not None:
        lines.append(f"· {REPORT}：依医院报告的文字重新排版，隐去了姓名等信息，不能代替报告原件。")
    if films:
        lines.append(f"· “胶片”文件夹：胶片图片，共 {len(films)} 页，双击即可打开。")
    if files:
        size = size_words(sum(file.size for file in files))
        lines.append(f"· “DICOM”文件夹：影像文件，共 {len(files)} 个（{size}），姓名、编号等已去除，请用 DICOM 看片软件打开。")
        lines.append("· DICOMDIR：影像文件的目录，供看片软件使用，请不要改名或单独移动。")
    elif seen.has(SharedPart.IMAGES):
        lines.append("· 没有可以隐去身份后提供的影像文件。")
    left_out = seen.view.left_out(exam.id) if seen.view else ""
    lines += ["", left_out] if left_out else []
    lines += ["", "可能写有身份信息的图像没有随分享提供。", "仅供浏览参考，不作诊断依据。"]
    return "\r\n".join([*lines, ""])
