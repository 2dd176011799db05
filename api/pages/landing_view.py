"""One exam on a page without script: what was examined, the report, and small pictures that lead to the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sanic import HTTPResponse, Request

from api.access import address_of
from api.pages import landing_feedback
from api.pages.landing_forms import form
from api.pages.landing_page import card, day_and_time, heading, page
from api.pages.landing_report import report_card
from api.services import Services
from archive.models import Series
from core.clock import now
from core.grants import Grant
from core.masking import hinted_name
from infra.audit import by
from records import films
from records.models import Exam, Hospital, Images, PatientRecord, ReportStatus
from records.search import Found
from records.visibility import State

MOST_THUMBNAILS = 12
WIDE, SMALL = 1080, 360  # pixels, on a phone whose points are three of them
NO_PICTURES = frozenset({"SR", "PR", "KO", "DOC", "ECG", "HD", "AU", "RTPLAN", "RTSTRUCT", "SEG", "REG"})
# What a patient reads where there is no report; the last one is the usual time.
STATES = {
    State.REGISTERED: ("已预约", "检查还没有做。请按预约时间到医院。"),
    State.EXAMINED: ("已检查", "检查已完成，医生正在写报告{usual}。"),
    State.IN_REVIEW: ("审核中", "检查已完成，医生正在审核{usual}。"),
    State.WITHDRAWN: ("报告已撤回", "医院撤回了这份报告，请向医院询问。"),
}
REPORTED = {
    ReportStatus.PRELIMINARY: ("临时报告", "open"),
    ReportStatus.CORRECTED: ("更正报告", ""),
    ReportStatus.FINAL: ("报告已出", ""),
}


async def exam_page(request: Request, grant: Grant, found: Found) -> HTTPResponse:
    """The page of an exam that its holder may see; on record before its first byte."""
    await _read(request, grant, found, "exam")
    if found.report is not None:
        await _read(request, grant, found, "report")
    item = found.exam.item or found.exam.body_part or "检查"
    return page(
        item,
        _head(found, item),
        await landing_feedback.answers(request, grant, found.hospital),
        _patient(await PatientRecord.get(id=found.exam.record_id), found),
        await report_card(found) if found.report else "",
        await _film(found.exam.id),
        _pictures(await _series(found)),
        _elsewhere(found.exam),
        landing_feedback.ask(request),
        form(request, "leave", button="看完了，退出", kind="quiet"),
        hospital=found.hospital,
    )


async def not_here(request: Request, grant: Grant, hospital: Hospital) -> HTTPResponse:
    """For whose exam it is, while it may not be shown: one page for every reason."""
    title = "暂时不能在线查看"
    return page(
        title,
        heading(title, "您的身份已核对。这份检查目前没有开放在线查看，影像和报告由医院妥善保存，请向医院询问。"),
        await landing_feedback.answers(request, grant, hospital),
        landing_feedback.ask(request),
        form(request, "leave", button="退出", kind="quiet"),
        hospital=hospital,
    )


def _head(found: Found, item: str) -> str:
    words, kind = _state(found)
    when = day_and_time(found.exam.performed_at, found.hospital.zone)
    return (
        f'<h1>{escape(item)}</h1><p class="second">{escape(found.hospital.name)} · {when}</p>'
        f'<p><span class="state {kind}">{words}</span></p>{_wait(found)}'
    )


def _state(found: Found) -> tuple[str, str]:
    if found.report is not None:
        return REPORTED[found.report.status]
    return STATES.get(found.state, STATES[State.IN_REVIEW])[0], "open"


def _wait(found: Found) -> str:
    if found.report is not None:
        return ""
    usual = found.usually_reported_at
    words = f"，通常在{day_and_time(usual, found.hospital.zone)}前出报告" if usual and usual > now() else ""
    text = STATES.get(found.state, STATES[State.IN_REVIEW])[1].format(usual=words)
    return f'<p class="second">{escape(text)}</p>'


def _patient(record: PatientRecord, found: Found) -> str:
    lines = {"患者": hinted_name(record.name), "检查号": found.exam.accession}
    return card("<dl>", *(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in lines.items()), "</dl>")


async def _film(exam_id: str) -> str:
    """The first page as wide as the phone, the others small; each opens at its full size."""
    film = await films.shown(exam_id)
    pages = await films.pages_of(film) if film else []
    if not pages:
        return ""
    first, *others = [f"/api/v1/exams/{exam_id}/films/{each.n}.jpg" for each in pages]
    thumbs = "".join(
        f'<a href="{path}"><img src="{path}?width={SMALL}" alt="胶片第 {n} 页" loading="lazy"></a>'
        for n, path in enumerate(others[:MOST_THUMBNAILS], 2)
    )
    size = f'width="{pages[0].width}" height="{pages[0].height}"'
    return card(
        f'<h2>胶片</h2><p class="small">{len(pages)} 张，点开看大图</p>',
        f'<a class="sheet" href="{first}"><img src="{first}?width={WIDE}" alt="胶片第 1 页" {size}></a>',
        f'<div class="thumbs">{thumbs}</div>' if thumbs else "",
        '<p class="small">仅供浏览参考，不作诊断依据</p>',
        kind="film",
    )


async def _series(found: Found) -> list[Series]:
    """The series that have pictures, as the exam's studies name them."""
    rows = Series.filter(study__hospital_id=found.exam.hospital_id, study__study_instance_uid__in=list(found.studies))
    return (
        await rows.exclude(modality__in=list(NO_PICTURES)).order_by("study_id", "series_number", "id").prefetch_related("study")
    )


def _elsewhere(exam: Exam) -> str:
    """Where the pictures of a former vendor are, if an address of them is known."""
    if exam.images is not Images.ELSEWHERE or not exam.elsewhere_url.startswith(("https://", "http://")):
        return ""
    return card(
        "<h2>影像</h2>",
        '<p class="second">这份检查的影像在医院原来的系统里，可能需要再次核对身份。</p>',
        f'<a class="button quiet" rel="noreferrer" href="{escape(exam.elsewhere_url)}">到原系统查看</a>',
    )


def _pictures(series: Sequence[Series]) -> str:
    if not series:
        return ""
    total = sum(each.instance_count for each in series)
    thumbs = "".join(_thumb(each, number) for number, each in enumerate(series[:MOST_THUMBNAILS], 1))
    first = series[0].study.study_instance_uid
    return card(
        f'<h2>影像</h2><p class="small">{len(series)} 个序列，共 {total} 幅</p>',
        f'<div class="thumbs">{thumbs}</div>',
        f'<a class="button" href="/viewer/#study={first}">打开影像</a>',
        '<p class="small">仅供浏览参考，不作诊断依据</p>',
        kind="film",
    )


def _thumb(series: Series, number: int) -> str:
    study, uid = series.study.study_instance_uid, series.series_instance_uid
    picture = f"/dicom-web/studies/{study}/series/{uid}/thumbnail?viewport=240,240"
    words = f"序列 {number}，{series.instance_count} 幅"
    return f'<a href="/viewer/#study={study}&amp;series={uid}"><img src="{picture}" alt="{words}" loading="lazy"></a>'


async def _read(request: Request, grant: Grant, found: Found, what: str) -> None:
    services: Services = request.app.ctx.services
    entry = by(
        grant,
        chain=found.hospital.code,
        at=now(),
        action="read",
        address=address_of(request),
        study_uid=found.exam.id,
        what=what,
    )
    await services.tally.read(entry)
